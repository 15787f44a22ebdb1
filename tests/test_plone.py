"""The publisher for Plone keeps every promise of one, against a real Plone with our add-on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urljoin

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter

from connector.article import STAFF, LivePage, SiteAccess
from connector.errors import Denied, PageEdited
from connector.ports import Publisher
from connector.sites.plone.publisher import PlonePublisher
from connector.sites.plone.service import Service
from tests.conftest import Clock
from tests.contracts.publisher import (
    NEXT_DAY,
    STARTED,
    PublisherContract,
    circle,
    nowhere,
    open_file,
    page,
    with_image,
)
from tests.cutting import Cutter
from tests.plone_server import (  # noqa: F401  fixtures
    EDITOR,
    FOLDER,
    NEIGHBOUR,
    PASSWORD,
    SERVICE,
    RealPlone,
    plain_plone,
    plain_plone_server,
    plone,
    plone_server,
    served,
)
from tests.plone_server import STAFF as MEMBER

_TIMEOUT = 20
_LINKS = re.compile(r'<(?:img|a)\b[^>]*\s(?:src|href)="([^"]*)"')


def next_second() -> None:
    """Wait for it: Plone keeps times in whole seconds, and tells two versions apart by them."""
    time.sleep(1.01 - time.time() % 1)


def _writes(request: Any) -> bool:
    return request.method != "GET" and "@login" not in request.url


class WriteCutter(Cutter):
    """Cuts the n-th write. A read that is cut is only read again: tests/test_plone_service.py."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if _writes(request):
            return super().send(request, *args, **kwargs)
        return self._inner.send(request, *args, **kwargs)


class LosesAnswers(Cutter):
    """Writes are carried out and their answers lost."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.count, self.at, self.when = 0, 1 if _writes(request) else 0, "after"
        return super().send(request, *args, **kwargs)


class OfPlone(PublisherContract):
    """What both forms of a page have in common. `site` is the server of the test."""

    type: ClassVar[str]
    site: RealPlone

    def access(self, **changes: object) -> SiteAccess:
        values: dict[str, object] = {
            "name": "intranet", "url": self.site.url, "place": FOLDER, "audience": STAFF,
            "user": SERVICE, "secret": PASSWORD,
        }  # fmt: skip
        return SiteAccess(**{**values, **changes})  # type: ignore[arg-type]

    def made(self, access: SiteAccess, adapter: HTTPAdapter | None = None) -> PlonePublisher:
        service = Service(access, adapter=adapter, sleep=lambda _s: None)
        return PlonePublisher(access, service, self.clock)

    def make_publisher(self) -> PlonePublisher:
        return self.made(self.access())

    def reopen(self, publisher: Publisher) -> PlonePublisher:
        return self.make_publisher()

    def broken(
        self, publisher: Publisher, at: int, when: str
    ) -> tuple[Publisher, Callable[[], int]]:
        cutter = WriteCutter(self.site.url.rpartition("/")[0], at, when)
        return self.made(self.access(), cutter), lambda: cutter.count

    def empty(self, publisher: Publisher) -> None:
        self.site.reset()

    # -- readers ----------------------------------------------------------------------------------

    def seen(self, url: str, user: str | None) -> str:
        """The main part of the page as a browser gets it."""
        session = self.site.session(user)
        session.headers["Accept"] = "text/html"
        answer = session.get(url, timeout=_TIMEOUT)
        if not answer.ok or "require_login" in answer.url or "/login" in answer.url:
            return ""
        main = re.search(r"<article[^>]*>.*</article>", answer.text, re.S)
        return main[0] if main else answer.text

    def reader_sees(self, live: LivePage) -> str:
        return self.seen(live.url, MEMBER)

    def stranger_sees(self, live: LivePage) -> str:
        """The page, its JSON, the folder's, searches and feeds."""
        visitor = self.site.session()
        urls = [
            live.url, self.site.articles, f"{self.site.articles}?fullobjects=1",
            f"{self.site.url}/@search?fullobjects=1&show_inactive=1&UID={live.ref}",
            f"{live.url}/@history",
        ]  # fmt: skip
        texts = [visitor.get(url, timeout=_TIMEOUT).text for url in urls]
        for word in ("hyldeblomst", "rabarber", "vagtplan"):
            url = f"{self.site.url}/@search?metadata_fields=_all&SearchableText={word}"
            assert visitor.get(url, timeout=_TIMEOUT).json()["items"] == []
        return "\n".join([self.seen(live.url, None), *texts])

    def files_of(self, live: LivePage) -> list[bytes]:
        found = []
        session = self.site.session(MEMBER)
        session.headers["Accept"] = "*/*"
        for link in _LINKS.findall(self.reader_sees(live)):
            url = urljoin(f"{live.url}/", link)
            if "/filer" in url or "resolveuid" in url:
                found.append(session.get(url, timeout=_TIMEOUT).content)
        return found

    def follows(self, live: LivePage, words: str) -> str:
        found = re.findall(rf'<a [^>]*href="([^"]*)"[^>]*>{words}</a>', self.reader_sees(live))
        if not found:
            return ""
        answer = self.site.session(MEMBER).get(
            urljoin(f"{live.url}/", found[0].partition("#")[0]), timeout=_TIMEOUT
        )
        key = found[0].partition("#")[2]
        assert not key or f'id="{key}"' in self.seen(answer.url, MEMBER)
        return answer.url

    # -- people's hands ----------------------------------------------------------------------------

    def as_editor(self, method: str, url: str, **values: Any) -> requests.Response:
        if method == "PATCH":
            next_second()
        answer = self.site.session(EDITOR).request(method, url, timeout=_TIMEOUT, **values)
        assert answer.ok, answer.text
        return answer

    def lock(self, live: LivePage) -> None:
        self.as_editor("POST", f"{live.url}/@lock")

    def move(self, live: LivePage) -> None:
        answer = self.site.session("admin").patch(
            live.url, json={"id": "nyt-sted"}, timeout=_TIMEOUT
        )
        assert answer.ok, answer.text

    def delete(self, live: LivePage) -> None:
        answer = self.site.session("admin").delete(live.url, timeout=_TIMEOUT)
        assert answer.ok, answer.text

    def occupy(self, publisher: Publisher, id_: str) -> None:
        value = {"@type": "Document", "id": id_, "title": "En anden side"}
        answer = self.site.session("admin").post(self.site.articles, json=value, timeout=_TIMEOUT)
        assert answer.ok, answer.text

    def snapshot(self, publisher: Publisher) -> object:
        """Every object below the folder as it is shown, with its versions."""
        admin = self.site.session("admin")
        query = {"path": f"/intranet/{FOLDER}", "show_inactive": 1, "b_size": 500}
        found = admin.get(f"{self.site.url}/@search", params=query, timeout=_TIMEOUT).json()
        all_ = {}
        for url in {item["@id"] for item in found["items"]} - {self.site.articles}:
            whole = admin.get(url, timeout=_TIMEOUT).json()
            history = admin.get(f"{url}/@history", timeout=_TIMEOUT)
            steps = len(history.json()) if history.ok else 0
            all_[url] = (whole["UID"], whole["modified"], whole["review_state"], steps)
        return all_

    @contextmanager
    def forbid_writing(self, publisher: Publisher) -> Iterator[None]:
        def roles(*names: str) -> None:
            all_ = ("Contributor", "Editor", "Reviewer", "Reader")
            entry = {
                "id": SERVICE, "type": "user",
                "roles": {name: name in names for name in all_},
            }  # fmt: skip
            answer = self.site.session("admin").post(
                f"{self.site.articles}/@sharing",
                json={"inherit": True, "entries": [entry]},
                timeout=_TIMEOUT,
            )
            assert answer.ok, answer.text

        roles("Reader")
        try:
            yield
        finally:
            roles("Contributor", "Editor", "Reviewer", "Reader")

    @contextmanager
    def disconnect(self, publisher: Publisher) -> Iterator[None]:
        """Its connections are to a port where nobody listens."""
        assert isinstance(publisher, PlonePublisher)
        remote = publisher._service._remote
        kept, adapter = remote._adapter, Cutter("http://localhost:1", 0)
        send = adapter.send

        def refused(request: Any, *args: Any, **kwargs: Any) -> requests.Response:
            request.url = request.url.replace(self.site.url, "http://localhost:1/intranet")
            return send(request, *args, **kwargs)

        adapter.send = refused  # type: ignore[method-assign]
        remote._adapter = adapter
        try:
            yield
        finally:
            remote._adapter = kept

    @contextmanager
    def lose_reply(self, publisher: Publisher) -> Iterator[None]:
        assert isinstance(publisher, PlonePublisher)
        remote = publisher._service._remote
        kept, remote._adapter = remote._adapter, LosesAnswers(self.site.url.rpartition("/")[0])
        try:
            yield
        finally:
            remote._adapter = kept

    # -- speed --------------------------------------------------------------------------------

    def counted(self) -> tuple[PlonePublisher, Cutter]:
        """A publisher that has found out what the site is, and the count of its requests."""
        cutter = Cutter(self.site.url.rpartition("/")[0])
        publisher = self.made(self.access(), cutter)
        first = msgspec.structs.replace(with_image(), id="first")
        publisher.put(first, None, open_file, nowhere)
        cutter.count = 0
        return publisher, cutter

    def test_a_new_page_is_two_requests(self) -> None:
        """It is made and it is shown; what is said of it then is what stands there."""
        publisher, cutter = self.counted()

        live = publisher.put(page(), None, open_file, nowhere)

        assert cutter.count == 2
        assert live == self.make_publisher().read(live)

    def test_a_new_page_with_files_is_one_more_and_one_for_each(self) -> None:
        """Whether its address is taken is asked before its two files are there."""
        publisher, cutter = self.counted()

        publisher.put(with_image(), None, open_file, nowhere)

        assert cutter.count == 2 + 1 + 2

    def test_a_change_is_two_requests(self) -> None:
        """It is looked at and it is written; what is said of it then is what stands there."""
        publisher, cutter = self.counted()
        live = publisher.put(page(), None, open_file, nowhere)
        cutter.count = 0

        changed = publisher.put(page(title="Nyt pas"), live, open_file, nowhere)

        assert cutter.count == 2
        assert changed == self.make_publisher().read(changed)

    def test_what_is_said_of_a_page_that_was_moved_stands_there(self) -> None:
        """Of a page withdrawn, shown again and made a draft everything that is said is what the
        next program reads and lists."""
        publisher = self.make_publisher()
        live = publisher.put(with_image(), None, open_file, nowhere)

        for do in (
            lambda before: publisher.withdraw(before),
            lambda before: publisher.put(with_image(), before, open_file, nowhere),
            lambda before: publisher.put(page(effective=NEXT_DAY), before, open_file, nowhere),
        ):
            next_second()
            live = do(live)
            (listed,) = self.make_publisher().pages()
            assert live == self.make_publisher().read(live)
            assert (live.version, live.state) == (listed.version, listed.state)
        assert live.state == "draft"

    def test_a_page_that_plone_dates_is_read_again(self) -> None:
        """Plone dates a page that has no date when it is shown, which makes it another version:
        what is said of it then is what stands there."""
        publisher = self.make_publisher()
        late = page(expires=STARTED)
        withdrawn = publisher.put(late, None, open_file, nowhere)
        content = publisher._content(withdrawn.url, withdrawn.ref)
        assert content is not None
        assert content.effective is None
        next_second()

        shown = publisher._states.move_to_readers(content, is_inner=False)

        assert shown.modified != content.modified
        assert publisher._whole(shown) == self.make_publisher().read(withdrawn)


class TestPlone(OfPlone):
    """With our add-on."""

    type = "KnowledgeArticle"

    @pytest.fixture(autouse=True)
    def _site(self, plone: RealPlone) -> None:  # noqa: F811
        self.site = plone

    def edit(self, live: LivePage, text: str) -> None:
        whole = self.as_editor("GET", live.url).json()
        parts = json.loads(whole["parts"])
        parts[-1]["html"] += f"<p>{text}</p>"
        self.as_editor("PATCH", live.url, json={"parts": json.dumps(parts)})

    def test_pages_made_together_are_one_request(self) -> None:
        """For all of them, links in a circle too; what is said of each stands there."""
        publisher, cutter = self.counted()
        list(publisher.pages())
        cutter.count = 0

        made = publisher.make([*circle(), page("vagtplan", audience=STAFF)], nowhere)
        lives = [publisher.put(each, None, open_file, made.get) for each in circle()]

        assert cutter.count == 1
        assert [each == self.make_publisher().read(each) for each in lives] == [True, True]

    def test_a_person_is_quicker_than_the_put(self) -> None:
        """What somebody writes between the making and the put stays, and is seen."""
        publisher = self.make_publisher()
        made = publisher.make(circle(), nowhere)
        (listed,) = [each for each in self.make_publisher().pages() if each.id == "pas"]
        self.edit(listed, "Nu også om aftenen.")

        live = publisher.put(circle()[0], None, open_file, made.get)

        now = self.make_publisher().read(live)
        assert "om aftenen" in now.html
        assert now.is_as_left is False
        assert (now.fingerprint, now.version) != (live.fingerprint, live.version)

    def test_refused_together_is_told_one_by_one(self) -> None:
        """Where the account may not write, each put says so."""
        publisher = self.make_publisher()
        list(publisher.pages())
        with self.forbid_writing(publisher):
            assert publisher.make(circle(), nowhere) == {}
            with pytest.raises(Denied):
                publisher.put(page(), None, open_file, nowhere)
        assert len(publisher.make(circle(), nowhere)) == 2

    def test_a_folder_of_files_that_was_shared_otherwise_stays_so(self) -> None:
        """Who is signed in reads the files of staff sections, until a person shares their folder
        with somebody else: then those alone do, and the next run leaves it."""
        inner = page(audience=STAFF, parts=with_image().parts, files=with_image().files)
        self.make_publisher().put(inner, None, open_file, nowhere)
        assert self.readers_of_inner_files() == {NEIGHBOUR, MEMBER}
        roles = {"AuthenticatedUsers": False, "borgerservice": True}
        entries = [
            {"id": id_, "type": "group", "roles": {"Reader": reads}} for id_, reads in roles.items()
        ]
        answer = self.site.session("admin").post(
            f"{self.site.articles}/filer-internt/@sharing",
            json={"inherit": True, "entries": entries},
            timeout=_TIMEOUT,
        )
        assert answer.ok, answer.text
        assert self.readers_of_inner_files() == {MEMBER}

        other = msgspec.structs.replace(inner, id="vagtplan")
        self.make_publisher().put(other, None, open_file, nowhere)

        assert self.readers_of_inner_files() == {MEMBER}

    def readers_of_inner_files(self) -> set[str]:
        """Who of two colleagues gets every image that only staff sections show."""
        folder = f"{self.site.articles}/filer-internt"
        query = {"portal_type": "Image"}
        found = self.site.session("admin").get(f"{folder}/@search", params=query, timeout=_TIMEOUT)
        urls = [f"{item['@id']}/@@images/image" for item in found.json()["items"]]
        assert urls
        readers = set()
        for user in (NEIGHBOUR, MEMBER):
            session = self.site.session(user)
            session.headers["Accept"] = "*/*"
            gets = [session.get(url, timeout=_TIMEOUT, allow_redirects=False) for url in urls]
            if all(each.status_code == 200 for each in gets):
                readers.add(user)
        return readers

    def test_an_article_for_staff_is_two_requests(self) -> None:
        """It is shown inside as others are to everybody."""
        publisher, cutter = self.counted()
        publisher.put(page("inner", audience=STAFF), None, open_file, nowhere)
        cutter.count = 0

        live = publisher.put(page("vagtplan", audience=STAFF), None, open_file, nowhere)

        assert cutter.count == 2
        assert live == self.make_publisher().read(live)


class TestPloneWithoutAddon(OfPlone):
    """With ordinary pages."""

    type = "Document"
    keeps_staff_apart = False

    @pytest.fixture(autouse=True)
    def _site(self, plain_plone: RealPlone) -> None:  # noqa: F811
        self.site = plain_plone

    def edit(self, live: LivePage, text: str) -> None:
        whole = self.as_editor("GET", live.url).json()
        html = whole["text"]["data"] + f"<p>{text}</p>"
        value = {"text": {"data": html, "content-type": "text/html"}}
        self.as_editor("PATCH", live.url, json=value)


class TestVolto:
    """Ordinary pages on a site whose pages have blocks."""

    @pytest.fixture
    def hooks(self) -> Iterator[TestPloneWithoutAddon]:
        """On a server of its own: a type that was changed is not wholly forgotten by the reset."""
        with served(has_addon=False) as site:
            made = TestPloneWithoutAddon()
            made.site, made.clock = site, Clock(STARTED)
            answer = site.session("admin").patch(
                f"{site.url}/@controlpanels/dexterity-types/Document",
                json={"volto.blocks": True},
                timeout=_TIMEOUT,
            )
            assert answer.ok, answer.text
            yield made

    def test_blocks(self, hooks: TestPloneWithoutAddon) -> None:
        """Blocks are written beside the text, put again without a write, and an edit of a block
        is a person's edit."""
        publisher = hooks.make_publisher()
        live = publisher.put(with_image(), None, open_file, nowhere)
        before = hooks.snapshot(publisher)

        assert live == hooks.reopen(publisher).put(with_image(), live, open_file, nowhere)
        assert before == hooks.snapshot(publisher)
        whole = hooks.as_editor("GET", live.url).json()
        names = whole["blocks_layout"]["items"]
        kinds = [whole["blocks"][name]["@type"] for name in names]
        assert kinds == ["title", "slate", "slate", "slate", "image", "slate"]
        assert "Torvet 5" in whole["text"]["data"]

        whole["blocks"][names[2]]["value"][0]["children"] = [{"text": "Nu også om aftenen."}]
        hooks.as_editor("PATCH", live.url, json={"blocks": whole["blocks"]})

        with pytest.raises(PageEdited):
            publisher.put(page(title="Nyt"), live, open_file, nowhere)
        assert "om aftenen" in publisher.read(live).html
