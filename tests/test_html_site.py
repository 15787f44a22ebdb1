"""The static folder keeps every promise of a publisher, and its pages are good to read."""

from __future__ import annotations

import errno
import html
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

import pytest

from connector import durable
from connector.article import CITIZEN, STAFF, LivePage, SiteAccess
from connector.errors import Unavailable
from connector.ports import Publisher
from connector.sites.html.publisher import HtmlPublisher
from tests.contracts.publisher import PublisherContract, nowhere, open_file, with_image

_LINKS = re.compile(r'<(?:img|a)\b[^>]*\s(?:src|href)="([^"]*)"')


class Dying:
    """Counts the steps in which a file comes to be, and dies at one of them."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.count = at, when, 0
        self.is_over = False

    def __call__(self, do: Callable[[], object]) -> object:
        if self.is_over:
            raise Unavailable("dead", system="dead")
        self.count += 1
        if self.count == self.at and self.when == "before":
            self.is_over = True
            raise Unavailable("dead", system="dead")
        made = do()
        if self.count == self.at:
            self.is_over = True
            raise Unavailable("dead", system="dead")
        return made


class DyingPublisher(HtmlPublisher):
    """One whose process ends at a step: a file's bytes are there, or it has its name."""

    dying: Dying

    def put(self, *args: object) -> LivePage:
        write, replace = durable.write_durable, Path.replace
        with (
            mock.patch.object(durable, "write_durable", lambda *a: self.dying(lambda: write(*a))),
            mock.patch.object(Path, "replace", lambda *a: self.dying(lambda: replace(*a))),
        ):
            return super().put(*args)  # type: ignore[arg-type]


class TestHtmlSite(PublisherContract):
    """A folder for citizens."""

    audience = CITIZEN
    locks_pages = False
    is_remote = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "site"
        self.folder.mkdir()

    def access(self) -> SiteAccess:
        return SiteAccess(name="borger", place=str(self.folder), audience=self.audience)

    def make_publisher(self) -> Publisher:
        return HtmlPublisher(self.access(), self.clock)

    def reopen(self, publisher: Publisher) -> Publisher:
        return self.make_publisher()

    def broken(
        self, publisher: Publisher, at: int, when: str
    ) -> tuple[Publisher, Callable[[], int]]:
        made = DyingPublisher(self.access(), self.clock)
        made.dying = Dying(at, when)
        return made, lambda: made.dying.count

    def empty(self, publisher: Publisher) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def path(self, live: LivePage) -> Path:
        return self.folder / live.ref

    def reader_sees(self, live: LivePage) -> str:
        return self.path(live).read_text() if self.path(live).exists() else ""

    def stranger_sees(self, live: LivePage) -> str:
        """The whole folder: everything in it is to be had."""
        return "".join(path.read_text() for path in sorted(self.folder.rglob("*.*ml")))

    def files_of(self, live: LivePage) -> list[bytes]:
        found = (unquote(html.unescape(each)) for each in _LINKS.findall(self.reader_sees(live)))
        paths = (self.path(live).parent / each for each in found if "files/" in each)
        return [path.read_bytes() for path in paths]

    def follows(self, live: LivePage, words: str) -> str:
        seen = self.reader_sees(live)
        (link,) = re.findall(rf'<a href="([^"]*)">{words}</a>', seen) or [""]
        target, _, key = link.partition("#")
        if not link:
            return ""
        path = (self.path(live).parent / unquote(target)).resolve()
        assert not key or f'id="{key}"' in path.read_text()
        return path.as_uri()

    def edit(self, live: LivePage, text: str) -> None:
        path = self.path(live)
        path.write_text(path.read_text().replace("</section>", f"<p>{text}</p></section>", 1))

    def move(self, live: LivePage) -> None:
        (self.folder / "rejser").mkdir()
        self.path(live).rename(self.folder / "rejser" / "nyt-sted.html")

    def delete(self, live: LivePage) -> None:
        self.path(live).unlink()

    def occupy(self, publisher: Publisher, id_: str) -> None:
        (self.folder / f"{id_}.html").write_text("<h1>En anden side</h1>")

    def snapshot(self, publisher: Publisher) -> object:
        return {
            path.relative_to(self.folder): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    @contextmanager
    def forbid_writing(self, publisher: Publisher) -> Iterator[None]:
        def refused(*args: object) -> None:
            raise PermissionError(errno.EACCES, "no")

        with mock.patch.object(durable, "write_durable", refused):
            yield

    @contextmanager
    def disconnect(self, publisher: Publisher) -> Iterator[None]:
        away = self.folder.rename(self.folder.with_name("away"))
        try:
            yield
        finally:
            away.rename(self.folder)

    def test_nothing_of_a_withdrawn_page_is_left(self, publisher: Publisher):
        """Its images and documents are out of the folder: their addresses could be known."""
        live = publisher.put(with_image(), None, open_file, nowhere)
        assert list(self.folder.rglob("*.pdf"))

        publisher.withdraw(live)

        assert [each.name for each in self.folder.rglob("*") if each.is_file()] == ["pas.html"]


class TestHtmlSiteForStaff(TestHtmlSite):
    """A folder that a web server shows to staff alone: who gets there sees everything."""

    audience = STAFF

    def stranger_sees(self, live: LivePage) -> str:
        return ""  # the web server's matter: docs/how-to/articles-html.md
