"""SharePoint's pages keep every promise of a publisher, against the sandbox's Graph."""

from __future__ import annotations

import contextlib
import copy
import html
import io
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote, urljoin

import msgspec
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.article import CITIZEN, STAFF, UNIT, LivePage, PagePart, SiteAccess
from connector.errors import (
    ConfigError,
    Denied,
    PageEdited,
    PageLocked,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.ports import Publisher
from connector.sandbox.systems.base import AWAY, LOSES_ANSWERS, READ_ONLY
from connector.sandbox.systems.graph_pages import FakeGraphPages
from connector.sandbox.systems.graph_pages_store import PERSON, FakePage, Store, parts_of
from connector.sites.sharepoint_pages import PagesPublisher, make_publisher
from connector.sites.sharepoint_pages.graph import root_of
from connector.sites.sharepoint_pages.wire import SitePage
from tests.conftest import Clock
from tests.contracts.publisher import (
    FORM,
    MAP,
    NEXT_DAY,
    OTHER_MAP,
    STARTED,
    STEPS,
    PublisherContract,
    file,
    nowhere,
    open_file,
    page,
    part,
    with_image,
)
from tests.cutting import Cutter

_LINKS = re.compile(r'<(?:img|a)\b[^>]*\s(?:src|href)="([^"]*)"')


_DEEDS = st.tuples(
    st.sampled_from(("put", "put", "withdraw", "edit", "delete", "move")),
    st.integers(1, 4),
    st.integers(0, 14),  # the request that is cut; 0: none
    st.sampled_from(("before", "after")),
)


class Served:
    """One site for staff, served on loopback; and the hooks of the contract."""

    audience = STAFF
    clock: Clock

    @pytest.fixture(autouse=True)
    def _clock(self) -> None:
        self.clock = Clock(STARTED)

    @pytest.fixture(autouse=True)
    def _serving(self, _clock: None) -> Iterator[None]:
        self.system = FakeGraphPages()
        self.system.store.clock = self.clock
        with self.system.serve() as listener:
            self.origin = listener.origin
            yield

    def access(self, **more: Any) -> SiteAccess:
        url = f"{self.origin}/sites/intranet"
        return SiteAccess(**{"name": "intranet", "url": url, "audience": self.audience, **more})

    def tokens(self, renew: bool) -> str:
        if renew or not hasattr(self, "_token"):
            self._token = self.system.token()
        return self._token

    def make_publisher(self, adapter: Cutter | None = None) -> PagesPublisher:
        return make_publisher(self.access(), self.tokens, self.clock, adapter)

    def reopen(self, publisher: Publisher) -> Publisher:
        return self.make_publisher()

    def broken(
        self, publisher: Publisher, at: int, when: str
    ) -> tuple[Publisher, Callable[[], int]]:
        cutter = Cutter(self.origin, at, when)
        return self.make_publisher(cutter), lambda: cutter.count

    def empty(self, publisher: Publisher) -> None:
        """Its list stays, which a publisher looks up once."""
        store = self.system.store
        store.pages.clear()
        store.files.clear()
        for table in store.tables.values():
            table.rows.clear()

    def stored(self, live: LivePage) -> FakePage:
        return self.system.store.pages[live.ref]

    def reader_sees(self, live: LivePage) -> str:
        kept = self.system.store.pages.get(live.ref)
        if kept is None or kept.shown is None:
            return ""
        texts = [kept.shown["title"], kept.shown["description"]]
        said = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
        for each in parts_of(kept.shown):
            if "innerHtml" in each:
                said += each["innerHtml"]
            else:
                (source,) = each["data"]["serverProcessedContent"]["imageSources"]
                alt = each["data"]["properties"]["altText"]
                said += f'<img src="{html.escape(source["value"])}" alt="{html.escape(alt)}">'
        return said

    def stranger_sees(self, live: LivePage) -> str:
        """Nothing: the site asks everybody to sign in. Without a token every request is refused."""
        answer = requests.get(
            f"{self.origin}/v1.0/sites/intranet/pages/{live.ref}", timeout=5, allow_redirects=False
        )
        assert answer.status_code == 401
        return answer.text

    def files_of(self, live: LivePage) -> list[bytes]:
        links = (html.unescape(each) for each in _LINKS.findall(self.reader_sees(live)))
        paths = (unquote(each).partition("/SiteAssets/") for each in links)
        return [self.system.store.files[path] for _, assets, path in paths if assets]

    def follows(self, live: LivePage, words: str) -> str:
        (link,) = re.findall(rf'<a href="([^"]*)">{words}</a>', self.reader_sees(live)) or [""]
        return urljoin(self.origin, html.unescape(link)) if link else ""

    def edit(self, live: LivePage, text: str) -> None:
        kept = self.stored(live)
        changed = copy.deepcopy(kept.content)
        parts_of(changed)[-1]["innerHtml"] += f"<p>{text}</p>"
        self.system.store.update(kept, changed, "", PERSON)
        kept.publish()

    def lock(self, live: LivePage) -> None:
        self.stored(live).held_by = PERSON

    def move(self, live: LivePage) -> None:
        kept = self.stored(live)
        kept.name, kept.etag = "rejser/nyt sted.aspx", kept.etag + 1

    def delete(self, live: LivePage) -> None:
        del self.system.store.pages[live.ref]

    def occupy(self, publisher: Publisher, id_: str) -> None:
        kind = "#microsoft.graph.sitePage"
        values = {"@odata.type": kind, "name": f"{id_}.aspx", "title": "Andres side"}
        made = self.system.store.create({**values, "description": ""}, PERSON)
        made.publish()

    def snapshot(self, publisher: Publisher) -> object:
        store = self.system.store
        return copy.deepcopy((store.pages, store.tables, store.files))

    def forbid_writing(self, publisher: Publisher) -> AbstractContextManager[None]:
        return self.system.being(READ_ONLY)

    def disconnect(self, publisher: Publisher) -> AbstractContextManager[None]:
        return self.system.being(AWAY)

    def lose_reply(self, publisher: Publisher) -> AbstractContextManager[None]:
        return self.system.being(LOSES_ANSWERS)


class TestPages(Served, PublisherContract):
    """The contract."""


class TestCitizens(Served, PublisherContract):
    """A site for citizens takes no text for staff."""

    audience = CITIZEN


class TestOwn(Served):
    """What is SharePoint's own."""

    def test_nobody_sees_a_page_until_it_is_published(self):
        """A program that dies before publishing leaves a draft that no reader sees."""
        publisher = self.make_publisher()
        self.system.publish_faults = 1

        with pytest.raises(Unavailable):
            publisher.put(page(), None, open_file, nowhere)

        (kept,) = self.system.store.pages.values()
        assert kept.shown is None
        assert self.make_publisher().put(page(), None, open_file, nowhere).state == "published"
        assert len(self.system.store.pages) == 1

    def test_what_waits_for_approval_is_told(self):
        """A page that waits is a draft, check names it, and a second put does not ask again."""
        self.system.store.needs_approval = True
        publisher = self.make_publisher()

        live = publisher.put(with_image(), None, open_file, nowhere)

        assert live.state == "draft"
        (warning,) = [each for each in publisher.check() if each.level == "warning"]
        assert "pas" in warning.what
        assert "approve" in warning.fix
        before = self.snapshot(publisher)
        assert publisher.put(with_image(), live, open_file, nowhere) == live
        assert before == self.snapshot(publisher)

        self.system.store.approve(self.stored(live))

        assert [each.state for each in publisher.pages()] == ["published"]
        assert "Torvet 5" in self.reader_sees(live)

    def test_a_change_that_waits_leaves_the_old_page_whole(self):
        """While a change waits for approval readers have the old text with the old image."""
        publisher = self.make_publisher()
        live = publisher.put(with_image(), None, open_file, nowhere)
        self.system.store.needs_approval = True

        publisher.put(with_image(OTHER_MAP), live, open_file, nowhere)

        assert sorted(self.files_of(live)) == sorted([MAP, FORM])

    def test_a_name_taken_in_between(self, monkeypatch: pytest.MonkeyPatch):
        """SharePoint numbers a name that somebody took meanwhile; that page is unmade."""
        publisher = self.make_publisher()
        ask = publisher._graph.page_named

        def occupied(name: str) -> SitePage | None:
            found = ask(name)
            self.occupy(publisher, "pas")
            return found

        monkeypatch.setattr(publisher._graph, "page_named", occupied)
        with pytest.raises(Unavailable):
            publisher.put(page(), None, open_file, nowhere)

        assert [kept.name for kept in self.system.store.pages.values()] == ["pas.aspx"]
        with pytest.raises(Rejected) as caught:
            self.make_publisher().put(page(), None, open_file, nowhere)
        assert caught.value.field == "id"

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_the_first_page_of_a_site_cut_at_every_request(self, when: str):
        """Also where the list is still to be made, the next run makes one list and one page."""
        for at in itertools.count(1):
            self.system.store = Store(clock=self.clock)
            cutter = Cutter(self.origin, at, when)
            with contextlib.suppress(RemoteError):
                self.make_publisher(cutter).put(with_image(), None, open_file, nowhere)
            if cutter.count < at:
                break
            self.make_publisher().put(with_image(), None, open_file, nowhere)
            assert len(self.system.store.tables) == 1, at
            assert [kept.name for kept in self.system.store.pages.values()] == ["pas.aspx"], at
        assert at > 10

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_withdrawal_cut_at_every_request(self, when: str):
        """The article put after it is whole again, whatever files had been deleted."""
        for at in itertools.count(1):
            self.empty(self.make_publisher())
            live = self.make_publisher().put(with_image(), None, open_file, nowhere)
            cutter = Cutter(self.origin, at, when)
            with contextlib.suppress(RemoteError):
                self.make_publisher(cutter).withdraw(live)
            if cutter.count < at:
                break
            again = self.make_publisher().put(with_image(), live, open_file, nowhere)
            assert again.state == "published", at
            assert sorted(self.files_of(again)) == sorted([MAP, FORM]), at
        assert at > 5

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_an_article_changed_again_after_a_cut(self, when: str):
        """What a run that was cut short left is ours: another text goes over it, and no file of
        any run is left over."""
        for at in itertools.count(1):
            self.empty(self.make_publisher())
            old = self.make_publisher().put(with_image(), None, open_file, nowhere)
            cutter = Cutter(self.origin, at, when)
            with contextlib.suppress(RemoteError):
                self.make_publisher(cutter).put(with_image(OTHER_MAP), old, open_file, nowhere)
            if cutter.count < at:
                break
            newer = page(title="Igen et nyt")
            live = self.make_publisher().put(newer, old, open_file, nowhere)
            assert live.title == "Igen et nyt", at
            assert self.system.store.files == {}, at
        assert at > 5

    @pytest.mark.parametrize("first", range(2, 10))
    def test_two_runs_die_one_after_another(self, first: int):
        """With another text each time: what the first one left is still known to be ours."""
        for second in range(2, 10):
            self.empty(self.make_publisher())
            for at, title in ((first, "Den første"), (second, "Den anden")):
                cutter = Cutter(self.origin, at, "after")
                with contextlib.suppress(Unavailable, Unclear):
                    self.make_publisher(cutter).put(page(title=title), None, open_file, nowhere)

            live = self.make_publisher().put(page(title="Den tredje"), None, open_file, nowhere)

            assert live.title == "Den tredje", second
            assert len(self.system.store.pages) == 1

    def test_an_edit_of_a_page_whose_run_died(self):
        """A page that readers see is listed, also when the run that made it died just then: what
        somebody writes on it is found, and can be dismissed."""
        for at in itertools.count(1):
            cutter = Cutter(self.origin, at, "after")
            self.empty(self.make_publisher())
            with contextlib.suppress(RemoteError):
                self.make_publisher(cutter).put(page(), None, open_file, nowhere)
            if any(kept.shown for kept in self.system.store.pages.values()):
                break
        (live,) = self.make_publisher().pages()
        self.edit(live, "Nu også om aftenen.")

        with pytest.raises(PageEdited):
            self.make_publisher().put(page(), None, open_file, nowhere)
        looked_at = self.make_publisher().read(live)
        assert self.make_publisher().put(page(), looked_at, open_file, nowhere).state == "published"

    def test_an_edited_page_that_moves_after_it_was_looked_at(self):
        """Its text is as it was when the edit was dismissed, so it is written over."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        self.edit(live, "Nu også om aftenen.")
        looked_at = publisher.read(live)
        self.move(live)

        assert publisher.put(page(title="Nyt"), looked_at, open_file, nowhere).title == "Nyt"

    def test_a_change_that_is_taken_back_after_a_cut(self):
        """The files that the cut run had sent are deleted, though the page is as it was."""
        old = self.make_publisher().put(with_image(), None, open_file, nowhere)
        before = set(self.system.store.files)
        for at in itertools.count(1):
            cutter = Cutter(self.origin, at, "after")
            with contextlib.suppress(RemoteError):
                self.make_publisher(cutter).put(with_image(OTHER_MAP), old, open_file, nowhere)
            if set(self.system.store.files) != before:
                break

        self.make_publisher().put(with_image(), old, open_file, nowhere)

        assert set(self.system.store.files) == before

    def test_before_its_time_nothing_is_published(self):
        """A page that nobody has seen yet is not published as an empty one."""
        live = self.make_publisher().put(page(effective=NEXT_DAY), None, open_file, nowhere)

        assert self.stored(live).shown is None
        assert self.reader_sees(live) == ""

    def test_an_edit_while_it_is_being_written(self, monkeypatch: pytest.MonkeyPatch):
        """An editor who saves between our reading and our writing is not overwritten."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        change = publisher._graph.change_page

        def overtaken(present: SitePage, content: dict[str, Any]) -> SitePage:
            self.edit(live, "Nu også om aftenen.")
            return change(present, content)

        monkeypatch.setattr(publisher._graph, "change_page", overtaken)
        with pytest.raises(PageEdited):
            publisher.put(page(title="Nyt"), live, open_file, nowhere)

        assert "Nu også om aftenen." in self.reader_sees(live)

    def test_nothing_is_written_for_a_page_that_cannot_be(self):
        """Neither a locked page nor a missing file leaves a row or a file behind."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        self.lock(live)
        live = publisher.read(live)
        before = self.snapshot(publisher)

        with pytest.raises(PageLocked, match="Rikke Redaktør"):
            publisher.put(page(title="Nyt"), live, open_file, nowhere)
        with pytest.raises(Rejected):
            publisher.put(
                page("ny", files=(file(),)), None, lambda _sha256: io.BytesIO(b"other"), nowhere
            )

        assert before == self.snapshot(publisher)

    def test_an_image_in_a_list(self):
        """The list stays one list; its image comes after it."""
        text = (
            '<ul>\n<li>\n<p>Først</p>\n<p><img src="file:billeder/Ærø på kort.png" alt="kort"></p>'
            "\n</li>\n<li>\n<p>Så</p>\n</li>\n</ul>"
        )
        listed = page(parts=(PagePart(key="a", heading="", html=text),), files=(file(),))

        seen = self.reader_sees(self.make_publisher().put(listed, None, open_file, nowhere))

        assert seen.count("<ul>") == seen.count("</ul>") == 1
        assert seen.index(">Så<") < seen.index("</ul>") < seen.index("<img")

    def test_no_right_to_make_lists(self):
        """The refusal names the right that the list needs."""
        self.system.may_manage = False

        with pytest.raises(Denied, match=r"Sites\.Manage\.All"):
            self.make_publisher().put(page(), None, open_file, nowhere)

    def test_told_to_wait(self):
        """What SharePoint asks to send later is sent later, writes too, and nothing twice."""
        waits: list[float] = []
        self.system.throttles = ["17", "3"]
        publisher = make_publisher(self.access(), self.tokens, self.clock, sleep=waits.append)
        publisher.put(page(), None, open_file, nowhere)
        self.system.throttles = ["5"]

        publisher.put(page("flytning"), None, open_file, nowhere)

        assert waits == [17, 3, 5]
        assert len(self.system.store.pages) == 2

    @pytest.mark.parametrize("throttles", [["61"], ["9"] * 6, [""]])
    def test_told_to_wait_too_long(self, throttles: list[str]):
        """A long wait, one without end or without a time ends the run; the next goes on."""
        self.system.throttles = list(throttles)
        publisher = make_publisher(self.access(), self.tokens, self.clock, sleep=lambda _s: None)

        with pytest.raises(Throttled):
            publisher.put(page(), None, open_file, nowhere)

        assert self.make_publisher().put(page(), None, open_file, nowhere).state == "published"

    def test_many_pages_of_others(self):
        """Listings come in pages, and all of them are read."""
        self.system.most_rows = 3
        publisher = self.make_publisher()
        for number in range(7):
            self.occupy(publisher, f"a-{number}")
            publisher.put(page(f"artikel-{number}"), None, open_file, nowhere)

        assert len(list(self.make_publisher().pages())) == 7

    def test_the_list_is_for_people_too(self):
        """A row says whose the article is, what about, for whom and until when."""
        self.make_publisher().put(page(), None, open_file, nowhere)

        (table,) = self.system.store.tables.values()
        (row,) = table.rows.values()
        assert row["Title"] == "Forny dit pas på Læsø"
        assert row["CtReview"] == "2027-03-01T12:00:00Z"
        assert row["CtSubject"] == "23.05.06 Pas"
        assert (row["CtUnit"], row["CtOwner"]) == ("Borgerservice", "anna@kommune.example")
        assert row["CtAudience"] == CITIZEN

    def test_a_list_with_another_title(self):
        """Its columns have Danish headings, and people may give it a title of theirs."""
        live = self.make_publisher().put(page(), None, open_file, nowhere)
        (table,) = self.system.store.tables.values()
        assert table.columns["CtReview"]["displayName"] == "Gennemgås senest"

        table.title = "Vores artikler"

        assert list(self.make_publisher().pages()) == [
            msgspec.structs.replace(live, fingerprint="", html="", is_as_left=None)
        ]
        self.make_publisher().put(page(title="Nyt"), live, open_file, nowhere)
        assert len(self.system.store.tables) == 1

    def test_an_image_within_a_sentence(self):
        """Text web parts have no images: it comes after its text, and the page is not edited."""
        text = '<p>Se <img src="file:billeder/Ærø på kort.png" alt="kort"> her.</p>'
        inline = page(parts=(PagePart(key="a", heading="", html=text),), files=(file(),))
        publisher = self.make_publisher()

        live = publisher.put(inline, None, open_file, nowhere)
        before = self.snapshot(publisher)

        assert self.files_of(live) == [MAP]
        assert publisher.put(inline, live, open_file, nowhere) == live
        assert before == self.snapshot(publisher)

    def test_what_sharepoint_takes_away_is_no_edit(self):
        """Mark-up that its editor does not know is lost once, and then counts as ours."""
        text = "<details><summary>Mere</summary><p>Åbent hele året.</p></details>"
        strange = page(parts=(PagePart(key="a", heading="", html=text),))
        publisher = self.make_publisher()
        live = publisher.put(strange, None, open_file, nowhere)
        before = self.snapshot(publisher)

        assert publisher.put(strange, live, open_file, nowhere) == live
        assert before == self.snapshot(publisher)
        assert publisher.put(page(), None, open_file, nowhere).state == "published"

    def test_whose_and_how_old_is_told_in_words(self):
        """The page says unit, owner and date; a date that is past first; staff sections by name."""
        secret = part("internt", "Ring til vagten.", audience=UNIT, unit="Borgerservice")
        overdue = page(parts=(STEPS, secret), is_overdue=True)

        seen = self.reader_sees(self.make_publisher().put(overdue, None, open_file, nowhere))

        assert "Siden skulle være gennemgået senest 1. marts 2027" in seen
        assert "Ansvarlig: Borgerservice" in seen
        assert "Anna Prøvesen" in seen
        assert "<em>Kun for Borgerservice</em>" in seen

    @pytest.mark.parametrize("where", ["horizontalSections", "verticalSection"])
    def test_a_web_part_of_a_person_is_an_edit(self, where: str):
        """A video that somebody put on the page, or beside its text, is not written over."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        kept = self.stored(live)
        video = {"webPartType": "544dd15b-cf3c-441b-96da-004d5a8cea1d", "data": {"title": "Video"}}
        layout = copy.deepcopy(kept.content["canvasLayout"])
        if where == "verticalSection":
            layout[where] = {"webparts": [video]}
        else:
            layout[where][0]["columns"][0]["webparts"].append(video)
        kept.change({"canvasLayout": layout}, PERSON)
        kept.publish()

        with pytest.raises(PageEdited):
            publisher.put(page(title="Nyt"), live, open_file, nowhere)

        assert "[Video]" in publisher.read(live).html

    def test_a_title_area_is_the_editors(self):
        """An image that an editor gave the title stays when the text changes; the title follows."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        kept = self.stored(live)
        area = {"layout": "imageAndTitle", "imageWebUrl": "/raadhus.jpg", "title": "Forny dit pas"}
        kept.change({"titleArea": area}, PERSON)
        kept.publish()

        publisher.put(page(title="Nyt pas"), live, open_file, nowhere)

        assert kept.shown is not None
        assert kept.shown["titleArea"] == {**area, "title": "Nyt pas"}

    def test_a_translation_leads_to_its_original(self):
        """The page in English has a link to the one in Danish, as soon as that has an address."""
        publisher = self.make_publisher()
        danish = publisher.put(page(), None, open_file, nowhere)
        english = page("passport", language="en", translation_of="pas")

        live = publisher.put(english, None, open_file, {"pas": danish.url}.get)

        assert self.follows(live, "This page in its first language") == danish.url

    def test_a_row_that_somebody_wrote_into(self):
        """When the list cannot tell any more what we wrote, another text is never overwritten."""
        publisher = self.make_publisher()
        live = publisher.put(page(), None, open_file, nowhere)
        (table,) = self.system.store.tables.values()
        (row,) = table.rows.values()
        row["CtWork"] = "slettet"

        with pytest.raises(PageEdited):
            publisher.put(page(title="Nyt"), None, open_file, nowhere)
        assert publisher.put(page(title="Nyt"), live, open_file, nowhere).title == "Nyt"

    def test_graph_of_the_site_s_cloud(self):
        """Which Graph answers for a site is told by the site's host."""
        assert root_of("https://n.sharepoint.com/sites/a") == "https://graph.microsoft.com/v1.0"
        assert root_of("https://n.sharepoint.us/sites/a") == "https://graph.microsoft.us/v1.0"
        assert root_of("http://127.0.0.1:8/sites/a") == "http://127.0.0.1:8/v1.0"

    def test_a_set_up_that_cannot_work(self):
        """Everything that is missing is told at once, and a place that Graph cannot write to."""
        with pytest.raises(ConfigError) as caught:
            make_publisher(self.access(place="artikler"))

        told = " ".join(caught.value.problems)
        for word in ("tenant", "client_id", "certificate_file", "place"):
            assert word in told

    def test_signing_in(self):
        """The app signs in with its secret as msal does it; a wrong secret says what to do."""
        with self.system.serve(tls=True) as listener:
            access = self.access(
                url=f"{listener.origin}/sites/intranet",
                tenant="nordvang",
                client_id=self.system.client_id,
                secret=self.system.client_secret,
                authority=listener.origin,
                ca_bundle=listener.ca_file,
            )
            live = make_publisher(access, clock=self.clock).put(page(), None, open_file, nowhere)
            assert live.state == "published"

            wrong = msgspec.structs.replace(access, secret="another")
            with pytest.raises(Denied, match="client secret is wrong"):
                list(make_publisher(wrong).pages())

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(_DEEDS, min_size=2, max_size=7))
    def test_whatever_happens(self, deeds: list[tuple[str, int, int, str]]):
        """After any deeds of people and any deaths of ours no text of a person is lost without
        being shown, and the article comes out as one whole page, with its files alone."""
        self.system.store = Store(clock=self.clock)
        life = Life(self)
        for deed in deeds:
            life.do(*deed)
        life.put(1, 0, "before")
        life.put(1, 0, "before")  # what was edited is dismissed by name, then written over

        (live,) = self.make_publisher().pages()
        assert live.state == "published"
        assert "Det koster 890 kr." in self.reader_sees(live)
        assert sorted(self.files_of(live)) == sorted([MAP, FORM])
        assert len(self.system.store.files) == 2
        assert len(self.system.store.pages) == 1


class Life:
    """What people do with one page, and a planner that knows what the last whole run returned."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.known: LivePage | None = None
        self.texts: set[str] = set()  # of persons, that nobody has dismissed
        self.count = 0

    def do(self, deed: str, number: int, at: int, when: str) -> None:
        getattr(self, deed)(number, at, when)
        for text in self.texts:
            assert text in self.content(), text

    def content(self) -> str:
        pages = self.served.system.store.pages.values()
        return "".join(
            str(each.get("innerHtml")) for kept in pages for each in parts_of(kept.content)
        )

    def seen(self) -> LivePage | None:
        """The page, when an editor can see it."""
        for live in self.served.make_publisher().pages():
            if self.served.stored(live).shown is not None:
                return live
        return None

    def put(self, number: int, at: int, when: str) -> None:
        price = part("pris", f"Det koster {889 + number} kr.")
        whole = with_image(MAP if number % 2 else OTHER_MAP)
        wanted = page(parts=(price, *whole.parts), files=whole.files)
        self.run(lambda publisher: publisher.put(wanted, self.known, open_file, nowhere), at, when)

    def withdraw(self, _number: int, at: int, when: str) -> None:
        if (known := self.known) is not None:
            self.run(lambda publisher: publisher.withdraw(known), at, when)

    def run(self, act: Callable[[PagesPublisher], LivePage], at: int, when: str) -> None:
        """One run, cut at a request (0: not). An edit that it finds is dismissed afterwards."""
        try:
            self.known = act(self.served.make_publisher(Cutter(self.served.origin, at, when)))
        except PageEdited:
            assert self.texts or not self.served.system.store.pages
            found = list(self.served.make_publisher().pages())
            self.known = self.served.make_publisher().read(found[0]) if found else None
            self.texts = set()
        except RemoteError:
            assert at

    def edit(self, _number: int, _at: int, _when: str) -> None:
        if (live := self.seen()) is not None:
            self.count += 1
            self.texts.add(f"Skrevet i hånden {self.count}.")
            self.served.edit(live, f"Skrevet i hånden {self.count}.")

    def delete(self, _number: int, _at: int, _when: str) -> None:
        if (live := self.seen()) is not None:
            self.served.delete(live)
            self.texts = set()

    def move(self, _number: int, _at: int, _when: str) -> None:
        if (live := self.seen()) is not None:
            self.served.move(live)
