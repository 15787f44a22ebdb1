"""A publisher whose site is in memory, with people who edit, move, hide and delete its pages.

It keeps every promise of a publisher (test_memory_site.py); the article line is tested on it. Each
request can be cut before or after it is carried out.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from connector.article import STAFF, ArticlePage, LivePage, Signal
from connector.errors import (
    Denied,
    Gone,
    PageEdited,
    PageLocked,
    Rejected,
    RemoteError,
    Unavailable,
    Unclear,
)
from connector.model import Finding
from connector.ports import Address, OpenFile
from connector.sites.showing import (
    DRAFT,
    WITHDRAWN,
    checked_id,
    content_of,
    refuse_staff_text,
    resolved,
    state_at,
)

ROOT = "https://site.example/"


class Dead(BaseException):
    """The process was killed: nobody catches this."""


@dataclass
class Page:
    """A page of the site. `article` is "" for one that a person made."""

    article: str
    url: str
    title: str = ""
    summary: str = ""
    html: str = ""
    state: str = DRAFT
    digest: str = ""
    left: str = ""  # the fingerprint that a run of ours left
    files: dict[str, bytes] = field(default_factory=dict)  # address -> bytes
    changed_by: str = ""
    locked_by: str = ""
    version: int = 0


@dataclass
class Place:
    """The site: what outlives every publisher object."""

    pages: dict[str, Page] = field(default_factory=dict)  # by ref
    addresses: dict[str, str] = field(default_factory=dict)  # every one there was -> article
    made: int = 0
    requests: int = 0  # of any kind
    writes: int = 0
    is_away: bool = False
    is_read_only: bool = False
    loses_replies: bool = False
    cut_at: int = 0  # the write, counted from 1, at which it breaks; 0 is never
    cut: str = "before"
    dies: type[BaseException] = Dead
    at_once: int = 1
    signals: list[Signal] = field(default_factory=list)
    # What people do to an article's page while its files are put.
    meanwhile: Callable[[str], None] = lambda _article: None

    def print_of(self, page: Page) -> str:
        """The fingerprint of what readers see, withdrawn or not; a link is to an article."""
        files = sorted(hashlib.sha256(each).hexdigest() for each in page.files.values())
        html = page.html
        for url in sorted(self.addresses, key=len, reverse=True):
            html = html.replace(f'href="{url}', f'href="article:{self.addresses[url]}')
        said = "\x00".join((page.title, page.summary, html, *files))
        return hashlib.sha256(said.encode()).hexdigest()

    def of(self, article: str) -> Page:
        """The page of an article."""
        return next(page for page in self.pages.values() if page.article == article)

    def write(self, do: Callable[[], None], name: str) -> None:
        """One writing request."""
        self.requests += 1
        if self.is_away:
            raise Unavailable(f"{name}: does not answer", system=name)
        if self.is_read_only:
            raise Denied(f"{name}: may not write; grant it", system=name)
        self.writes += 1
        if self.cut_at and self.writes >= self.cut_at and self.cut == "before":
            raise self.dies(f"{name}: cut")
        do()
        if self.cut_at and self.writes >= self.cut_at:
            raise self.dies(f"{name}: cut")
        if self.loses_replies:
            raise Unclear(f"{name}: the answer was lost", system=name)

    # -- people ---------------------------------------------------------------------------------

    def edit(self, article: str, text: str, who: str = "Karla Redaktør") -> None:
        """A person adds a paragraph."""
        page = self.of(article)
        page.html += f"\n<p>{text}</p>"
        page.changed_by = who
        page.version += 1

    def delete(self, article: str) -> None:
        """A person deletes the page."""
        del self.pages[next(ref for ref, page in self.pages.items() if page.article == article)]

    def hide(self, article: str) -> None:
        """A person takes the page from its readers."""
        page = self.of(article)
        page.state, page.version = DRAFT, page.version + 1

    def move(self, article: str, url: str) -> None:
        """A person moves the page; its version stays as it is."""
        self.of(article).url = url
        self.addresses[url] = article


class MemorySite:
    """The publisher."""

    def __init__(
        self,
        place: Place,
        clock: Callable[[], datetime],
        name: str = "intra",
        audience: str = STAFF,
    ) -> None:
        self.place, self.name, self.audience = place, name, audience
        self._clock = clock

    def check(self) -> list[Finding]:
        """Whether it answers and may be written to."""
        if self.place.is_away:
            return [Finding(level="error", system=self.name, what="no answer", fix="start it")]
        if self.place.is_read_only:
            return [Finding(level="error", system=self.name, what="no right", fix="grant it")]
        return [Finding(level="ok", system=self.name, what="fine")]

    def pages(self) -> Iterator[LivePage]:
        """All of ours."""
        self._ask()
        for ref, page in list(self.place.pages.items()):
            if page.article:
                yield self._live(ref, page)

    def read(self, live: LivePage) -> LivePage:
        """One page whole."""
        self._ask()
        page = self.place.pages.get(live.ref)
        if page is None:
            raise Gone(f"{self.name}: {live.id} is not there", system=self.name)
        return self._whole(live.ref, page)

    @property
    def at_once(self) -> int:
        """As the place says."""
        return self.place.at_once

    def make(self, pages: Sequence[ArticlePage], address: Address) -> Mapping[str, str]:
        """All in one write; none when one has a file, an address that is taken, or no right."""
        self._ask()
        refs = {page.id: self._find(page.id)[0] for page in pages}
        if any(page.files for page in pages) or self.place.is_read_only or self._taken(refs):
            return {}
        urls = {id: ROOT + id for id in refs}

        def linked(id: str) -> str | None:
            return urls.get(id) or address(id)

        self.place.write(lambda: self._make_all(pages, linked), self.name)
        return urls

    def _taken(self, ids: Iterable[str]) -> bool:
        return any(page.url == ROOT + id for page in self.place.pages.values() for id in ids)

    def _make_all(self, pages: Sequence[ArticlePage], address: Address) -> None:
        for page in pages:
            self.place.addresses[ROOT + page.id] = page.id
        for page in pages:
            self.place.made += 1
            html = "\n".join(
                resolved(part.html, _addresses(address), lambda name: name) for part in page.parts
            )
            made = Page(
                article=page.id, url=ROOT + page.id, title=page.title, summary=page.summary,
                html=html, digest=page.digest, state=state_at(page, self._clock()),
            )  # fmt: skip
            made.left = self.place.print_of(made)
            self.place.pages[f"page-{self.place.made}"] = made

    def put(
        self, page: ArticlePage, before: LivePage | None, open_file: OpenFile, address: Address
    ) -> LivePage:
        """A draft first, then the files, then all of the text in one step."""
        refuse_staff_text(page, self.audience, self.name)
        checked_id(page, self.name)
        self._ask()
        ref, present = self._find(page.id)
        self._refuse(before, present)
        wanted = Page(article=page.id, url=ROOT + page.id)
        contents = {
            f"{ROOT}{page.id}/{file.name}": content_of(file, open_file, self.name)
            for file in page.files
        }
        self.place.meanwhile(page.id)
        ref, present = self._find(page.id)  # somebody may have been at it while its files came
        self._refuse(before, present)
        wanted = copy.copy(present) if present else wanted
        wanted.title, wanted.summary, wanted.digest = page.title, page.summary, page.digest
        wanted.state, wanted.files = state_at(page, self._clock()), contents
        wanted.html = "\n".join(
            resolved(part.html, _addresses(address), lambda name: f"{ROOT}{page.id}/{name}")
            for part in page.parts
        )
        wanted.left = self.place.print_of(wanted)
        if present is None:
            ref = self._make(page.id)
            present = self.place.pages[ref]
        if self._said(present) != self._said(wanted):
            self.place.write(lambda: self._set(ref, wanted), self.name)
        return self._whole(ref, self.place.pages[ref])

    def withdraw(self, before: LivePage) -> LivePage:
        """The text stays; nobody reads it."""
        self._ask()
        ref, present = self._find(before.id)
        if present is None:
            raise PageEdited(f"{self.name}: {before.id} was deleted", system=self.name)
        if present.state != WITHDRAWN:
            self._refuse(before, present)
            hidden = copy.copy(present)
            hidden.state = WITHDRAWN
            self.place.write(lambda: self._set(ref, hidden), self.name)
        return self._whole(ref, self.place.pages[ref])

    def finish(self) -> None:
        """It lists its pages by itself."""

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:
        """What the test put there."""
        new = self.place.signals[int(since or 0) :]
        if new:
            yield new, str(len(self.place.signals))

    # -- inner ----------------------------------------------------------------------------------

    def _ask(self) -> None:
        self.place.requests += 1
        if self.place.is_away:
            raise Unavailable(f"{self.name}: does not answer", system=self.name)

    def _find(self, article: str) -> tuple[str, Page | None]:
        for ref, page in self.place.pages.items():
            if page.article == article:
                return ref, page
        return "", None

    def _refuse(self, before: LivePage | None, present: Page | None) -> None:
        if present is None:
            if before is not None:
                raise PageEdited(f"{self.name}: {before.id} was deleted", system=self.name)
            return
        if present.locked_by:
            text = f"{self.name}: {present.locked_by} has the page open"
            raise PageLocked(text, system=self.name)
        is_ours = present.left in ("", self.place.print_of(present))
        is_planned = before is not None and before.version == str(present.version)
        if not (is_ours or is_planned):
            text = f"{self.name}: {present.article} was changed"
            raise PageEdited(text, system=self.name)

    def _make(self, article: str) -> str:
        taken = {page.url for page in self.place.pages.values()}
        if ROOT + article in taken:
            text = f"{self.name}: the address of {article} is taken; give the article another id"
            raise Rejected(text, system=self.name, field="id")
        self.place.made += 1
        ref = f"uid-{self.place.made}"

        def make() -> None:
            self.place.pages[ref] = Page(article=article, url=ROOT + article)
            self.place.addresses[ROOT + article] = article

        self.place.write(make, self.name)
        return ref

    def _set(self, ref: str, wanted: Page) -> None:
        wanted.version = self.place.pages[ref].version + 1
        wanted.changed_by = "casethread"
        self.place.pages[ref] = wanted

    @staticmethod
    def _said(page: Page) -> object:
        return (page.title, page.summary, page.html, page.state, page.digest, page.files)

    def _live(self, ref: str, page: Page) -> LivePage:
        return LivePage(
            id=page.article,
            ref=ref,
            url=page.url,
            version=str(page.version),
            digest=page.digest,
            state=page.state,
            title=page.title,
            changed_by=page.changed_by,
        )

    def _whole(self, ref: str, page: Page) -> LivePage:
        from msgspec.structs import replace

        return replace(
            self._live(ref, page),
            fingerprint=self.place.print_of(page),
            html=page.html,
            locked_by=page.locked_by,
            is_as_left=page.left == self.place.print_of(page) if page.left else None,
        )


def _addresses(address: Address) -> Callable[[str, str], str | None]:
    def found(id: str, key: str) -> str | None:
        url = address(id)
        return f"{url}#{key}" if url and key else url

    return found


@contextmanager
def while_(place: Place, **states: object) -> Iterator[None]:
    """The site is in these states for as long."""
    before = {name: getattr(place, name) for name in states}
    for name, value in states.items():
        setattr(place, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(place, name, value)


def links_in(html: str) -> dict[str, str]:
    """Words -> address, of the links in a text."""
    return {words: url for url, words in re.findall(r'<a href="([^"]*)">([^<]*)</a>', html)}


__all__ = ["Dead", "MemorySite", "Page", "Place", "RemoteError", "links_in", "while_"]
