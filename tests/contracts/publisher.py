"""What every publisher of articles must show. A target's test subclasses PublisherContract."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import struct
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from typing import BinaryIO, ClassVar

import msgspec
import pytest

from connector.article import (
    CITIZEN,
    STAFF,
    UNIT,
    ArticleFile,
    ArticlePage,
    LivePage,
    PagePart,
    digest_of,
)
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
from connector.ports import OpenFile, Publisher
from tests.conftest import Clock

STARTED = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""When the suite's clock starts: before the day of any real server that it runs against."""

NEXT_DAY = datetime(2026, 1, 6, 0, 30, tzinfo=timezone(timedelta(hours=1)))
"""A moment with an offset: 5 January, 23:30 UTC."""


def png(red: int) -> bytes:
    """A real image of four pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    row = b"\x00" + bytes((red, 80, 120)) * 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * 2))
        + chunk(b"IEND", b"")
    )


MAP, OTHER_MAP = png(10), png(200)
FORM = b"%PDF-1.4 a form that is only bytes\n%%EOF\n"
_BYTES = {hashlib.sha256(each).hexdigest(): each for each in (MAP, OTHER_MAP, FORM)}


def open_file(sha256: str) -> BinaryIO:
    """The files beside the articles."""
    if sha256 not in _BYTES:
        raise Gone(f"no {sha256}")
    return io.BytesIO(_BYTES[sha256])


def file(name: str = "billeder/Ærø på kort.png", content: bytes = MAP) -> ArticleFile:
    """A file of an article."""
    kind = "image/png" if name.endswith(".png") else "application/pdf"
    sha256 = hashlib.sha256(content).hexdigest()
    return ArticleFile(name=name, path="", media_type=kind, size=len(content), sha256=sha256)


def part(key: str, text: str, **more: str) -> PagePart:
    """A section with a heading."""
    heading = key.replace("-", " ").capitalize()
    return PagePart(key=key, heading=heading, html=f"<h2>{heading}</h2>\n<p>{text}</p>", **more)


STEPS = part("saadan-goer-du", "Bestil tid på Torvet 5. Medbring dit gamle pas.")


def page(id_: str = "pas", **changes: object) -> ArticlePage:
    """A made-up article, complete enough that every part of a page is written."""
    made = ArticlePage(
        id=id_,
        title="Forny dit pas på Læsø",
        summary="Sådan får du et nyt pas, når det gamle løber ud.",
        language="da",
        parts=(PagePart(key="", heading="", html="<p>Et pas gælder i ti år.</p>"), STEPS),
        subject="23.05.06",
        subject_title="Pas",
        keywords=("pas", "rejse til udlandet"),
        unit="Borgerservice",
        owner="anna@kommune.example",
        owner_name="Anna Prøvesen",
        review_by=date(2027, 3, 1),
    )
    made = msgspec.structs.replace(made, **changes)
    return msgspec.structs.replace(made, digest=digest_of(made))


def with_image(content: bytes = MAP) -> ArticlePage:
    """The article with an image and a form whose names have Danish letters and spaces."""
    form = file("Ansøgning om æresbolig.pdf", FORM)
    shown = PagePart(
        key="kort",
        heading="Kort",
        html='<h2>Kort</h2>\n<p><img src="file:billeder/Ærø på kort.png" alt="Kort over Ærø"></p>'
        '\n<p><a href="file:Ansøgning om æresbolig.pdf">Hent skemaet</a></p>',
    )
    return page(parts=(STEPS, shown), files=(file(content=content), form))


def circle() -> tuple[ArticlePage, ArticlePage]:
    """Two articles that link to each other."""
    first, second = (
        page(
            id_,
            parts=(part("mere", f'Se <a href="article:{other}#saadan-goer-du">her</a>.'), STEPS),
        )
        for id_, other in (("pas", "flytning"), ("flytning", "pas"))
    )
    return first, second


def nowhere(_id: str) -> str | None:
    """No other article has an address."""
    return None


def _after(does: Callable[[], None]) -> OpenFile:
    """The files beside the articles; when the first one is asked for, somebody does this."""
    deeds = [does]

    def opened(sha256: str) -> BinaryIO:
        if deeds:
            deeds.pop()()
        return open_file(sha256)

    return opened


class PublisherContract:
    """The promises of connector/ports.py, Publisher. Hooks come first; none of them is optional.

    `moves_pages`: people can move a page there. `locks_pages`: an editor holds a page while it is
    open. `is_remote`: it is asked over a line that can break. `keeps_staff_apart`: pages show staff
    what they keep from others.
    """

    locks_pages: ClassVar[bool] = True
    moves_pages: ClassVar[bool] = True
    is_remote: ClassVar[bool] = True
    keeps_staff_apart: ClassVar[bool] = True
    clock: Clock

    @pytest.fixture(autouse=True)
    def _clock(self) -> None:
        self.clock = Clock(STARTED)

    # -- hooks ----------------------------------------------------------------------------------

    def make_publisher(self) -> Publisher:
        """On an empty site; its time is `self.clock`."""
        raise NotImplementedError

    def reopen(self, publisher: Publisher) -> Publisher:
        """Another object on the same site, as after a restart of the program."""
        raise NotImplementedError

    def broken(
        self, publisher: Publisher, at: int, when: str
    ) -> tuple[Publisher, Callable[[], int]]:
        """Another object on the same site whose `at`-th request (or step, from 1) is cut `when`:
        "before" or "after" it is carried out; and how many there have been."""
        raise NotImplementedError

    def empty(self, publisher: Publisher) -> None:
        """Make the site as it was before the first page."""
        raise NotImplementedError

    def reader_sees(self, live: LivePage) -> str:
        """The HTML that one whom the site is for gets at the page's address, "" for none of it."""
        raise NotImplementedError

    def stranger_sees(self, live: LivePage) -> str:
        """The HTML that somebody who is not signed in gets there by any means."""
        raise NotImplementedError

    def files_of(self, live: LivePage) -> list[bytes]:
        """What the images and files that the page shows or links to hold, as a reader gets them."""
        raise NotImplementedError

    def edit(self, live: LivePage, text: str) -> None:
        """A person writes this into the page's text by the site's own means."""
        raise NotImplementedError

    def lock(self, live: LivePage) -> None:
        raise NotImplementedError

    def move(self, live: LivePage) -> None:
        """A person moves the page to another address."""
        raise NotImplementedError

    def delete(self, live: LivePage) -> None:
        raise NotImplementedError

    def occupy(self, publisher: Publisher, id_: str) -> None:
        """A person makes a page of their own where the article's page would be."""
        raise NotImplementedError

    def snapshot(self, publisher: Publisher) -> object:
        """What differs after any write to the site, and is equal otherwise."""
        raise NotImplementedError

    def forbid_writing(self, publisher: Publisher) -> AbstractContextManager[None]:
        raise NotImplementedError

    def disconnect(self, publisher: Publisher) -> AbstractContextManager[None]:
        raise NotImplementedError

    def lose_reply(self, publisher: Publisher) -> AbstractContextManager[None]:
        """While it lasts, a write is carried out and its answer is lost."""
        raise NotImplementedError

    @pytest.fixture
    def publisher(self) -> Publisher:
        return self.make_publisher()

    # -- making and changing --------------------------------------------------------------------

    def test_a_page_is_made_and_seen(self, publisher: Publisher):
        """A page that was put is listed under its article, and readers read all of it."""
        live = publisher.put(page(), None, open_file, nowhere)

        assert [each.id for each in publisher.pages()] == ["pas"]
        assert (live.id, live.state, live.digest) == ("pas", "published", page().digest)
        seen = self.reader_sees(live)
        for text in ("Forny dit pas på Læsø", "Sådan får du", "ti år", "Bestil tid på Torvet 5"):
            assert text in seen

    def test_a_listing_gives_what_is_needed_to_plan(self, publisher: Publisher):
        """Another process lists the same ref, address, version, digest and state as `put` gave."""
        live = publisher.put(page(), None, open_file, nowhere)

        (listed,) = self.reopen(publisher).pages()

        assert live.version
        for name in ("id", "ref", "url", "version", "digest", "state"):
            assert getattr(listed, name) == getattr(live, name), name

    def test_nothing_changed_makes_no_write(self, publisher: Publisher):
        """The same page once more, in this run or the next, writes nothing to the site."""
        live = publisher.put(with_image(), None, open_file, nowhere)
        before = self.snapshot(publisher)

        again = publisher.put(with_image(), live, open_file, nowhere)
        later = self.reopen(publisher).put(with_image(), live, open_file, nowhere)

        assert before == self.snapshot(publisher)
        assert live == again == later

    def test_one_id_is_one_page(self, publisher: Publisher):
        """A page that is put without knowing of the first is the same page."""
        first = publisher.put(page(), None, open_file, nowhere)

        second = self.reopen(publisher).put(page(), None, open_file, nowhere)

        assert (first.ref, first.url) == (second.ref, second.url)
        assert len(list(publisher.pages())) == 1

    def test_a_change_is_seen(self, publisher: Publisher):
        """Changed text, title and summary are read at the same address; the version is another."""
        first = publisher.put(page(), None, open_file, nowhere)
        changed = page(
            title="Nyt pas", summary="Kort.", parts=(part("pris", "Det koster 890 kr."),)
        )

        second = publisher.put(changed, first, open_file, nowhere)

        seen = self.reader_sees(second)
        assert "890 kr." in seen
        assert "Nyt pas" in seen
        assert "Torvet 5" not in seen
        assert (first.ref, first.url) == (second.ref, second.url)
        assert first.version != second.version
        assert second.digest == changed.digest

    def test_fingerprints_are_stable(self, publisher: Publisher):
        """Reading twice gives one fingerprint, that of `put`; another text gives another."""
        live = publisher.put(with_image(), None, open_file, nowhere)
        read = publisher.read(live)
        again = self.reopen(publisher).read(next(iter(publisher.pages())))

        assert live.fingerprint
        assert live.fingerprint == read.fingerprint == again.fingerprint
        assert "Bestil tid på Torvet 5" in read.html

        changed = publisher.put(page(), read, open_file, nowhere)

        assert changed.fingerprint != live.fingerprint

    def test_many_pages(self, publisher: Publisher):
        """Each of several articles has a page of its own, with its own text."""
        made = [
            publisher.put(
                page(f"artikel-{n}", parts=(part("a", f"Tekst nummer {n}."),)), None, open_file,
                nowhere,
            )
            for n in range(5)
        ]  # fmt: skip

        assert sorted(each.id for each in publisher.pages()) == [f"artikel-{n}" for n in range(5)]
        assert len({each.url for each in made}) == 5
        assert "Tekst nummer 3." in self.reader_sees(made[3])

    def test_letters_of_every_kind(self, publisher: Publisher):
        """Letters of other languages and what looks like mark-up are read as they were written."""
        text = "Æble &amp; æg &lt;script&gt; Ærø 中文 😀"
        strange = page("aeroe", title="Ø & <b>å</b>", parts=(part("æøå", text),))

        live = publisher.put(strange, None, open_file, nowhere)

        seen = self.reader_sees(live)
        assert "Ærø 中文 😀" in seen
        assert "<script> Ærø" not in seen
        assert "<b>å</b>" not in seen
        assert publisher.read(live).title == "Ø & <b>å</b>"

    # -- made together ------------------------------------------------------------------------

    def test_made_together_as_one_by_one(self, publisher: Publisher):
        """Pages that were made together, as far as the site can, are after their put what they are
        without: whole, each once, not edited, and linking to each other in a circle."""
        first, second = circle()
        made = publisher.make([first, second], nowhere)
        assert len(made) in (0, 2)
        lives = [publisher.put(each, None, open_file, made.get) for each in (first, second)]

        assert [each.state for each in lives] == ["published", "published"]
        assert {each.id: each.url for each in lives if each.id in made} == made
        assert sorted(each.id for each in publisher.pages()) == ["flytning", "pas"]
        for live, each, other in zip(lives, (first, second), reversed(lives), strict=True):
            assert live == self.reopen(publisher).read(live)
            assert live.digest == each.digest
            assert live.is_as_left is not False
            assert "Torvet 5" in self.reader_sees(live)
            if made:
                assert self.follows(live, "her") == other.url
        before = self.snapshot(publisher)
        urls = {each.id: each.url for each in lives}
        if made:
            again = [
                publisher.put(each, live, open_file, urls.get)
                for each, live in zip((first, second), lives, strict=True)
            ]
            assert again == lives
            assert before == self.snapshot(publisher)

    def test_what_is_not_made_together(self, publisher: Publisher):
        """Pages that are there, that are not to be read yet and whose address is taken are left to
        their put, and nothing of the others is half."""
        there = publisher.put(page(), None, open_file, nowhere)
        self.occupy(publisher, "optaget")
        early, taken = page("senere", effective=NEXT_DAY), page("optaget")

        assert publisher.make([page(), early], nowhere) == {}
        assert publisher.make([page("flytning"), taken], nowhere) == {}

        assert publisher.read(there) == there
        assert [each.id for each in publisher.pages()] == ["pas"]
        assert publisher.put(page("flytning"), None, open_file, nowhere).state == "published"

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_made_together_and_cut(self, publisher: Publisher, when: str):
        """Cut at the request or its answer, all of them are there or none; a later put of each
        makes or finds it, once."""
        cut, _ = self.broken(publisher, 1, when)
        with contextlib.suppress(RemoteError):
            cut.make(circle(), nowhere)
        assert len(list(self.reopen(publisher).pages())) in (0, 2)

        again = self.reopen(publisher)
        urls: dict[str, str] = {each.id: each.url for each in again.pages()}
        for each in circle():
            urls[each.id] = again.put(each, None, open_file, urls.get).url

        assert sorted(each.id for each in publisher.pages()) == ["flytning", "pas"]
        assert all("Torvet 5" in self.reader_sees(each) for each in publisher.pages())

    # -- files and links ------------------------------------------------------------------------

    def test_files_with_danish_names(self, publisher: Publisher):
        """An image and a document with æ, ø and spaces in their names reach the reader whole."""
        live = publisher.put(with_image(), None, open_file, nowhere)

        assert sorted(self.files_of(live)) == sorted([MAP, FORM])

    def test_an_image_is_replaced(self, publisher: Publisher):
        """An image with other bytes under the same name is shown; the old one is not."""
        first = publisher.put(with_image(), None, open_file, nowhere)

        second = publisher.put(with_image(OTHER_MAP), first, open_file, nowhere)

        assert sorted(self.files_of(second)) == sorted([OTHER_MAP, FORM])
        assert first.fingerprint != second.fingerprint

    def test_a_missing_file_is_rejected(self, publisher: Publisher):
        """A file whose bytes are gone, or are others, rejects the page by its files: none of it."""
        wrong = with_image()
        lost = msgspec.structs.replace(
            wrong,
            files=tuple(msgspec.structs.replace(each, sha256="f" * 64) for each in wrong.files),
        )

        for each, source in ((lost, open_file), (wrong, lambda _sha256: io.BytesIO(b"other"))):
            with pytest.raises(Rejected) as caught:
                publisher.put(each, None, source, nowhere)
            assert caught.value.field == "files"
            assert [one for one in publisher.pages() if one.state == "published"] == []

    def test_links_between_articles(self, publisher: Publisher):
        """A link leads to the other article's page, to the section that it names."""
        other = publisher.put(page("flytning", title="Flytning"), None, open_file, nowhere)
        text = 'Se <a href="article:flytning#saadan-goer-du">flytning</a>.'

        live = publisher.put(
            page(parts=(part("mere", text),)), None, open_file, {"flytning": other.url}.get
        )

        assert self.follows(live, "flytning") == other.url

    def test_a_link_to_what_is_not_there_yet(self, publisher: Publisher):
        """It is plain text until the other has a page; the same page put again has the link."""
        linking = page(parts=(part("mere", 'Se <a href="article:flytning">flytning</a>.'),))
        live = publisher.put(linking, None, open_file, nowhere)

        assert '"article:' not in self.reader_sees(live)
        assert "Se " in self.reader_sees(live)
        assert self.follows(live, "flytning") == ""

        other = publisher.put(page("flytning", title="Flytning"), None, open_file, nowhere)
        live = publisher.put(linking, live, open_file, {"flytning": other.url}.get)

        assert self.follows(live, "flytning") == other.url

    def test_a_link_follows_a_page_that_moves(self, publisher: Publisher):
        """After a person moved the other page, the link leads there at the latest with the next
        put, and the page that holds it counts as not edited."""
        if not self.moves_pages:
            return
        other = publisher.put(page("flytning", title="Flytning"), None, open_file, nowhere)
        linking = page(parts=(part("mere", 'Se <a href="article:flytning">flytning</a>.'),))
        live = publisher.put(linking, None, open_file, {"flytning": other.url}.get)

        self.move(other)
        (moved,) = [each for each in publisher.pages() if each.id == "flytning"]
        again = publisher.read(live)
        addresses = {"flytning": moved.url}
        live = self.reopen(publisher).put(linking, again, open_file, addresses.get)

        assert moved.url != other.url
        assert again.fingerprint == live.fingerprint
        assert self.follows(live, "flytning") == moved.url

    def follows(self, live: LivePage, words: str) -> str:
        """Where a reader gets who follows the link with these words; "" when there is none."""
        raise NotImplementedError

    # -- people's hands --------------------------------------------------------------------------

    def test_a_persons_edit_is_not_overwritten(self, publisher: Publisher):
        """A page that was changed since it was planned is PageEdited; the person's text stands."""
        live = publisher.put(page(), None, open_file, nowhere)
        self.edit(live, "Nu også om aftenen.")
        before = self.snapshot(publisher)

        for change in (
            lambda: publisher.put(page(title="Nyt"), live, open_file, nowhere),
            lambda: publisher.put(page(), live, open_file, nowhere),
            lambda: publisher.withdraw(live),
        ):
            with pytest.raises(PageEdited):
                change()

        assert before == self.snapshot(publisher)
        assert "Nu også om aftenen." in self.reader_sees(live)

    def test_an_edit_while_files_are_put(self, publisher: Publisher):
        """What a person writes on the page while its new files are on their way stands, and the
        change is PageEdited; so is that of a page that was deleted meanwhile."""
        live = publisher.put(page(), None, open_file, nowhere)

        with pytest.raises(PageEdited):
            publisher.put(
                with_image(), live, _after(lambda: self.edit(live, "Kun i dag.")), nowhere
            )

        assert "Kun i dag." in self.reader_sees(live)
        (listed,) = self.reopen(publisher).pages()
        assert self.reopen(publisher).read(listed).fingerprint != live.fingerprint

        other = publisher.put(page("flytning"), None, open_file, nowhere)
        changed = msgspec.structs.replace(with_image(OTHER_MAP), id="flytning")
        with pytest.raises(PageEdited):
            publisher.put(changed, other, _after(lambda: self.delete(other)), nowhere)

        assert [each.id for each in self.reopen(publisher).pages()] == ["pas"]

    def test_an_address_taken_while_files_are_put(self, publisher: Publisher):
        """The page that a person makes there meanwhile stands, and the article is rejected by its
        id."""
        taken = _after(lambda: self.occupy(publisher, "pas"))

        with pytest.raises(Rejected) as caught:
            publisher.put(with_image(), None, taken, nowhere)

        assert caught.value.field == "id"
        assert list(self.reopen(publisher).pages()) == []

    def test_an_edit_is_told_by_its_fingerprint(self, publisher: Publisher):
        """After a person's edit the version and the fingerprint are others, the text is theirs."""
        live = publisher.put(page(), None, open_file, nowhere)
        self.edit(live, "Nu også om aftenen.")

        (listed,) = self.reopen(publisher).pages()
        read = publisher.read(listed)

        assert read.version != live.version
        assert read.fingerprint != live.fingerprint
        assert "Nu også om aftenen." in read.html

    def test_a_dismissed_edit_is_overwritten(self, publisher: Publisher):
        """What was planned with the edited page in view replaces it."""
        live = publisher.put(page(), None, open_file, nowhere)
        self.edit(live, "Nu også om aftenen.")
        edited = publisher.read(live)

        again = publisher.put(page(), edited, open_file, nowhere)

        assert "om aftenen" not in self.reader_sees(again)
        assert again.fingerprint == live.fingerprint

    def test_a_locked_page(self, publisher: Publisher):
        """A page that an editor has open is PageLocked; other pages go on."""
        if not self.locks_pages:
            return
        live = publisher.put(page(), None, open_file, nowhere)
        self.lock(live)

        with pytest.raises(PageLocked):
            publisher.put(page(title="Nyt"), publisher.read(live), open_file, nowhere)
        with pytest.raises(PageLocked):
            publisher.withdraw(publisher.read(live))

        assert publisher.put(page("flytning"), None, open_file, nowhere).state == "published"
        assert "Forny dit pas" in self.reader_sees(live)

    def test_a_moved_page_is_found(self, publisher: Publisher):
        """A page that a person moved is listed by its id and changed where it is now."""
        if not self.moves_pages:
            return
        first = publisher.put(with_image(), None, open_file, nowhere)
        self.move(first)

        (moved,) = self.reopen(publisher).pages()
        second = self.reopen(publisher).put(page(title="Nyt pas"), moved, open_file, nowhere)

        assert (moved.id, moved.url == first.url) == ("pas", False)
        assert second.url == moved.url
        assert "Nyt pas" in self.reader_sees(second)
        assert len(list(publisher.pages())) == 1

    def test_a_deleted_page(self, publisher: Publisher):
        """A page that a person deleted is Gone, and comes back only when it is put as a new one."""
        live = publisher.put(page(), None, open_file, nowhere)
        self.delete(live)

        assert list(self.reopen(publisher).pages()) == []
        with pytest.raises(Gone):
            publisher.read(live)
        with pytest.raises(PageEdited):
            publisher.put(page(title="Nyt"), live, open_file, nowhere)
        with pytest.raises(PageEdited):
            publisher.withdraw(live)
        assert list(publisher.pages()) == []

        again = publisher.put(page(), None, open_file, nowhere)

        assert "Forny dit pas" in self.reader_sees(again)

    def test_an_address_that_is_taken(self, publisher: Publisher):
        """Where a page stands that is not ours, the article is rejected by its id; theirs stays."""
        self.occupy(publisher, "pas")
        before = self.snapshot(publisher)

        with pytest.raises(Rejected) as caught:
            publisher.put(with_image(), None, open_file, nowhere)

        assert caught.value.field == "id"
        assert before == self.snapshot(publisher)
        assert list(publisher.pages()) == []

    def test_pages_of_others_are_not_listed(self, publisher: Publisher):
        """Only pages that were put are listed, whatever else is on the site."""
        self.occupy(publisher, "andres-side")
        publisher.put(page(), None, open_file, nowhere)

        assert [each.id for each in publisher.pages()] == ["pas"]

    # -- taking away, and times -------------------------------------------------------------------

    def test_a_withdrawn_page_is_not_seen(self, publisher: Publisher):
        """Readers get nothing of it; it is listed as withdrawn, under the same address."""
        live = publisher.put(with_image(), None, open_file, nowhere)

        withdrawn = publisher.withdraw(live)

        assert (withdrawn.state, withdrawn.ref, withdrawn.url) == ("withdrawn", live.ref, live.url)
        assert "Torvet 5" not in self.reader_sees(live)
        assert "Torvet 5" not in self.stranger_sees(live)
        assert self.files_of(live) == []
        assert [each.state for each in self.reopen(publisher).pages()] == ["withdrawn"]

        before = self.snapshot(publisher)
        assert publisher.withdraw(live).state == "withdrawn"
        assert before == self.snapshot(publisher)

    def test_a_withdrawn_page_comes_back(self, publisher: Publisher):
        """Put again it is read where it was, with its files."""
        live = publisher.put(with_image(), None, open_file, nowhere)
        withdrawn = publisher.withdraw(live)

        again = publisher.put(with_image(), withdrawn, open_file, nowhere)

        assert (again.state, again.url) == ("published", live.url)
        assert again.fingerprint == live.fingerprint
        assert "Torvet 5" in self.reader_sees(again)
        assert sorted(self.files_of(again)) == sorted([MAP, FORM])

    def test_a_page_before_its_time(self, publisher: Publisher):
        """Nobody reads it before the moment, offset counted; then the same page is shown."""
        early = msgspec.structs.replace(with_image(), effective=NEXT_DAY)
        early = msgspec.structs.replace(early, digest=digest_of(early))
        self.clock.now = datetime(2026, 1, 5, 23, 29, tzinfo=UTC)

        draft = publisher.put(early, None, open_file, nowhere)

        assert (draft.state, draft.digest) == ("draft", early.digest)
        assert "Torvet 5" not in self.reader_sees(draft)
        assert "Torvet 5" not in self.stranger_sees(draft)
        before = self.snapshot(publisher)
        assert publisher.put(early, draft, open_file, nowhere).state == "draft"
        assert before == self.snapshot(publisher)

        self.clock.now = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
        shown = publisher.put(early, draft, open_file, nowhere)

        assert shown.state == "published"
        assert "Torvet 5" in self.reader_sees(shown)
        assert sorted(self.files_of(shown)) == sorted([MAP, FORM])

    def test_a_page_after_its_time(self, publisher: Publisher):
        """From its last moment on, the same page that is put again is no longer read."""
        late = page(expires=NEXT_DAY)
        self.clock.now = datetime(2026, 1, 5, 23, 29, tzinfo=UTC)
        live = publisher.put(late, None, open_file, nowhere)

        assert live.state == "published"

        self.clock.now = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
        after = publisher.put(late, live, open_file, nowhere)

        assert after.state == "withdrawn"
        assert "Torvet 5" not in self.reader_sees(after)
        assert "Torvet 5" not in self.stranger_sees(after)

    # -- whom it is for --------------------------------------------------------------------------

    def test_staff_text_is_not_for_strangers(self, publisher: Publisher):
        """Who is not signed in gets no section for staff or a unit by any means; a site for
        citizens does not even take one."""
        secret = (
            part("internt", "Kode til skabet: hyldeblomst.", audience=STAFF),
            part("kun-os", "Ring til vagten: rabarber.", audience=UNIT, unit="Borgerservice"),
        )
        mixed = page(parts=(STEPS, *secret))
        if publisher.audience == CITIZEN:
            for each in (mixed, page(audience=STAFF)):
                with pytest.raises(Rejected) as caught:
                    publisher.put(each, None, open_file, nowhere)
                assert caught.value.field == "audience"
            assert list(publisher.pages()) == []
            return
        live = publisher.put(mixed, None, open_file, nowhere)
        seen = self.stranger_sees(live)

        assert "hyldeblomst" not in seen
        assert "rabarber" not in seen
        if self.keeps_staff_apart:
            assert "hyldeblomst" in self.reader_sees(live)

    def test_an_article_for_staff(self, publisher: Publisher):
        """Of an article for staff who is not signed in gets nothing, not even its title."""
        if publisher.audience == CITIZEN:
            return
        inner = page("vagtplan", title="Vagtplan", audience=STAFF)
        if not self.keeps_staff_apart:
            with pytest.raises(Rejected) as caught:
                publisher.put(inner, None, open_file, nowhere)
            assert caught.value.field == "audience"
            return

        live = publisher.put(inner, None, open_file, nowhere)

        seen = self.stranger_sees(live)
        assert "Vagtplan" not in seen
        assert "Torvet 5" not in seen
        assert "Torvet 5" in self.reader_sees(live)

    # -- bad days ---------------------------------------------------------------------------------

    def test_no_right_and_no_site_are_told_apart(self, publisher: Publisher):
        """No right to write is Denied, no site is Unavailable; nothing is written, the site's name
        is told, and afterwards the same put works."""
        publisher.put(page(), None, open_file, nowhere)
        before = self.snapshot(publisher)
        new = page("flytning")
        for state, expected in (
            (self.forbid_writing, Denied),
            (self.disconnect, Unavailable),
        ):
            with state(publisher), pytest.raises(expected) as caught:
                publisher.put(new, None, open_file, nowhere)
            assert type(caught.value) is expected
            assert caught.value.system == publisher.name
        assert before == self.snapshot(publisher)

        assert publisher.put(new, None, open_file, nowhere).state == "published"

    def test_a_site_that_is_away_is_not_an_empty_one(self, publisher: Publisher):
        """Listing and reading a site that does not answer is Unavailable, never nothing or Gone."""
        live = publisher.put(page(), None, open_file, nowhere)

        with self.disconnect(publisher):
            with pytest.raises(Unavailable):
                list(publisher.pages())
            with pytest.raises(Unavailable):
                publisher.read(live)
            with pytest.raises(Unavailable):
                publisher.withdraw(live)

    def test_a_lost_answer_is_unclear(self, publisher: Publisher):
        """A write whose answer is lost is Unclear; the same put afterwards makes one whole page."""
        if not self.is_remote:
            return
        with self.lose_reply(publisher), pytest.raises(Unclear):
            publisher.put(page(), None, open_file, nowhere)

        live = self.reopen(publisher).put(page(), None, open_file, nowhere)

        assert [each.ref for each in publisher.pages()] == [live.ref]
        assert "Torvet 5" in self.reader_sees(live)

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_new_page_cut_at_every_request(self, publisher: Publisher, when: str):
        """Cut at each request or its answer: nobody reads half of it, and the same put afterwards
        makes one whole page with its files."""
        for at in itertools.count(1):
            self.empty(publisher)
            cut, count = self.broken(publisher, at, when)
            with contextlib.suppress(RemoteError):
                cut.put(with_image(), None, open_file, nowhere)
            if count() < at:
                break
            self._whole_or_nothing(publisher, ("Torvet 5",), f"{when} {at}")
            live = self.reopen(publisher).put(with_image(), None, open_file, nowhere)
            assert [each.id for each in publisher.pages()] == ["pas"], f"{when} {at}"
            assert live.state == "published", f"{when} {at}"
            assert sorted(self.files_of(live)) == sorted([MAP, FORM]), f"{when} {at}"
        assert at >= 3

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_change_cut_at_every_request(self, publisher: Publisher, when: str):
        """Cut at each request or its answer: readers have the old page or the new one, and the
        same put afterwards makes the new one, its file changed."""
        new = msgspec.structs.replace(with_image(OTHER_MAP), title="Nyt pas")
        new = msgspec.structs.replace(new, digest=digest_of(new))
        for at in itertools.count(1):
            self.empty(publisher)
            old = publisher.put(with_image(), None, open_file, nowhere)
            cut, count = self.broken(publisher, at, when)
            with contextlib.suppress(RemoteError):
                cut.put(new, old, open_file, nowhere)
            if count() < at:
                break
            self._whole_or_nothing(publisher, ("Torvet 5", "Kort over Ærø"), f"{when} {at}")
            live = self.reopen(publisher).put(new, old, open_file, nowhere)
            assert [each.id for each in publisher.pages()] == ["pas"], f"{when} {at}"
            assert "Nyt pas" in self.reader_sees(live), f"{when} {at}"
            assert sorted(self.files_of(live)) == sorted([OTHER_MAP, FORM]), f"{when} {at}"
        assert at >= 2

    def _whole_or_nothing(self, publisher: Publisher, texts: tuple[str, ...], told: str) -> None:
        for live in self.reopen(publisher).pages():
            seen = self.reader_sees(live)
            found = [text for text in texts if text in seen]
            assert found in ([], list(texts)), told
            if found:
                assert len(self.files_of(live)) == 2, told

    # -- what is said ------------------------------------------------------------------------------

    def test_check_is_fine_on_a_good_site(self, publisher: Publisher):
        """A site that works says ok and nothing else, and check leaves nothing behind."""
        before = self.snapshot(publisher)

        assert {finding.level for finding in publisher.check()} == {"ok"}
        assert before == self.snapshot(publisher)

    def test_check_says_what_to_do(self, publisher: Publisher):
        """Each broken state is an error of check with a fix, never an exception."""
        for state in (self.forbid_writing, self.disconnect):
            with state(publisher):
                findings = publisher.check()
            errors = [finding for finding in findings if finding.level == "error"]
            assert errors
            assert all(finding.fix for finding in errors)
            assert {finding.system for finding in findings} == {publisher.name}

    def test_finishing_twice_writes_nothing(self, publisher: Publisher):
        """Finishing brings the site up to date; once more it writes nothing."""
        publisher.put(page(), None, open_file, nowhere)
        publisher.finish()
        before = self.snapshot(publisher)

        publisher.finish()

        assert before == self.snapshot(publisher)

    def test_signals_have_keys_and_cursors(self, publisher: Publisher):
        """What readers did comes in batches with a cursor; from the last cursor on a day's counts
        may come again, under the same keys."""
        publisher.put(page(), None, open_file, nowhere)
        batches = list(publisher.signals(""))
        keys = [each.key for signals, _ in batches for each in signals]
        cursor = batches[-1][1] if batches else ""

        assert len(keys) == len(set(keys))
        again = [
            each.key for signals, _ in self.reopen(publisher).signals(cursor) for each in signals
        ]
        assert set(again) <= set(keys)
