"""Archived messages: exported files and the tables of LcsLog."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Gone, Throttled, Unavailable
from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.privacy import threads_named
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.model import Kind, Page, Person, Problem
from connector.ports import Source
from connector.sandbox.lync_messages import Talk, export, fill_log, spoken, talks
from connector.sources.lync import ArchivedMessages
from connector.sources.lync.eml import read_eml
from connector.sources.lync.rtf import rtf_text
from tests.contracts.source import SourceContract, levels
from tests.lync_world import WORLD, Server, items, log_source, people, problems, read
from tests.making import policy

FILES = "files"


def soon() -> datetime:
    """A minute after the files were written: their change time cannot be chosen."""
    return datetime.now(UTC) + timedelta(minutes=1)


class TestExportedFiles(SourceContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = tmp_path / "export"
        export(WORLD, self.folder)
        self.patch = monkeypatch
        self.walk: Callable[..., Iterator[Any]] = os.walk

    def make(self) -> Source:
        return ArchivedMessages(folder=self.folder, clock=soon)

    def people(self) -> list[Person]:
        return people()

    def fail(self, how: str) -> None:
        def broken(top: Path, onerror: Callable[[OSError], None]) -> Iterator[Any]:
            number = errno.EACCES if how in ("refused", "forbidden") else errno.EIO
            onerror(OSError(number, "not now", str(top)))
            return iter(())

        self.patch.setattr(os, "walk", self.walk if how == "well" else broken)

    def spoil(self) -> None:
        """The first file with one message and no copy of it."""
        names = sorted(path.name for path in self.folder.glob("*.eml"))
        alone = [n for n in names[::1] if f"{n[:6]}-copy.eml" not in names and int(n[:6]) % 2 == 0]
        (self.folder / alone[0]).write_bytes(b"\x00\xff")

    def forget_cursors(self) -> None:
        """A time cannot be forgotten."""

    def windows_by_time(self) -> bool:
        return True

    def asked(self) -> int:
        return 0

    def test_throttled(self) -> None:
        """A folder does not throttle."""
        its = self.make()
        self.fail("throttled")
        with pytest.raises(Unavailable) as caught:
            self.pages(its, FILES)
        assert not isinstance(caught.value, Throttled)

    # Files are read without a network of ours: there is nothing to time.
    test_timeouts = None  # type: ignore[assignment]

    def test_check(self) -> None:
        """A folder that can be listed says how much is in it; another says what to grant."""
        its = self.make()
        assert levels(its.check()) == {"ok"}
        self.fail("forbidden")
        assert [("grant" in one.fix, one.level) for one in its.check()] == [(True, "error")]


def exported(folder: Path, cursor: str | None = None, **settings: Any) -> list[Page]:
    """One reading of an exported folder."""
    return read(ArchivedMessages(folder=folder, clock=soon, **settings), FILES, cursor)


def mail(body: str, **headers: str) -> bytes:
    """A mail as a file."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


def test_every_message_once(tmp_path: Path) -> None:
    """Every exported message comes once, however many files it stands in; the broken are told."""
    count = export(WORLD, tmp_path, copies=0.5, broken=2)
    pages = exported(tmp_path)
    found = items(pages)

    assert len({(each.thread, each.key) for each in found}) == len(found) == count
    assert {each.kind for each in found} == {Kind.MESSAGE}
    assert [one.key for one in problems(pages)] == ["broken-0.eml", "broken-1.eml"]


def test_whole_conversation(tmp_path: Path) -> None:
    """The words of a conversation come back from text, HTML and RTF with all who took part."""
    export(WORLD, tmp_path, copies=0)
    talk = talks(WORLD)[1]
    found = [each for each in items(exported(tmp_path)) if each.thread == talk.chat.key]
    of_day = [each for each in found if each.sent_at.date().isoformat() == talk.day]

    assert [each.sender for each in of_day] == [message.sender for message in talk.messages]
    assert {party.person for party in of_day[0].parties} == {m.key for m in talk.chat.members}
    assert all("<" not in each.text and "\\" not in each.text for each in of_day)


def test_two_peoples_exports_name_all(tmp_path: Path) -> None:
    """The same message exported for two recipients is one, with both of them."""
    head = {"Message_ID": "<1@x>", "From": "a@x.example", "Date": "Fri, 20 Nov 2026 09:00:00 +0000"}
    (tmp_path / "one.eml").write_bytes(mail("Hej", To="b@x.example", **head))
    (tmp_path / "two.eml").write_bytes(mail("Hej", To="c@x.example", **head))
    (found,) = items(exported(tmp_path))

    assert [party.mail for party in found.parties] == ["a@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("=?utf-8?q?S=C3=B8ren_=C3=85s?= <a@x.example>", "Søren Ås"),
        ("=?iso-8859-1?B?S/hyZW4=?= <a@x.example>", "Køren"),
        ("=?nonsense?q?S=F8ren?= <a@x.example>", "Søren"),
        ("=?utf-8?q?broken <a@x.example>", "=?utf-8?q?broken"),
        ('"Ås, Søren" <a@x.example>', "Ås, Søren"),
        ("=?utf-8?q?S=C3=B8ren_=3Ca=40x=2Eexample=3E?=", "Søren"),
    ],
)
def test_names(tmp_path: Path, written: str, expected: str) -> None:
    """Names in RFC 2047 are read, those written badly as far as can be."""
    date = "Fri, 20 Nov 2026 10:00:00 +0100"
    (tmp_path / "one.eml").write_bytes(mail("Hej", From=written, Date=date))
    (found,) = items(exported(tmp_path))

    assert (found.sender_name, found.sender) == (expected, "a@x.example")
    assert found.sent_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"   \r\n", "empty"),
        (b"\x00\xff\xfe", "no mail"),
        (b"just some words", "no mail"),
        (b"From: a@x.example\r\nDate: never\r\n\r\n", "no mail"),
    ],
)
def test_broken_files(tmp_path: Path, raw: bytes, reason: str) -> None:
    """A file that is no mail is a problem with its name; its neighbour is read."""
    date = "Fri, 20 Nov 2026 10:00:00 +0100"
    (tmp_path / "bad.eml").write_bytes(raw)
    (tmp_path / "good.eml").write_bytes(mail("Hej", From="a@x.example", Date=date))
    pages = exported(tmp_path)

    assert [each.text for each in items(pages)] == ["Hej"]
    assert [(one.key, one.scope, reason in one.reason) for one in problems(pages)] == [
        ("bad.eml", "item", True)
    ]


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    """Whatever bytes a file holds, they are messages or one ValueError."""
    try:
        found = read_eml(b"From: a@x.example\r\nDate: 1\r\n" + raw)
    except ValueError:
        return
    for each in found:
        (each.text + each.subject + each.key).encode("utf-8")
        assert "\0" not in each.text


@given(st.text(max_size=200))
def test_any_rtf(text: str) -> None:
    """Whatever stands in RTF, words come out that a database can keep."""
    assert "\0" not in rtf_text("{\\rtf1 " + text).encode("utf-8").decode()


@pytest.mark.parametrize(
    ("rtf", "expected"),
    [
        (r"{\rtf1\ansi{\fonttbl{\f0 Segoe UI;}}\f0 M\'f8lle\par nr. 2}", "Mølle\nnr. 2"),
        (r"{\rtf1\uc1 sag \u248?rsted {\*\generator x;}27}", "sag ørsted 27"),
        (r"{\rtf1 a\~b\_c \{d\}}", "a\u00a0b-c {d}"),
        (r"{\rtf1\u-10179?\u-8704? ja}", "😀 ja"),
        ("ikke RTF", "ikke RTF"),
    ],
)
def test_rtf(rtf: str, expected: str) -> None:
    """The words of a chat window's RTF, with its letters in all the ways it writes them."""
    assert rtf_text(rtf) == expected


def test_attachment(tmp_path: Path) -> None:
    """A file that was sent in a conference is an attachment whose bytes can be read."""
    its = EmailMessage()
    its["From"], its["Date"] = "a@x.example", "Fri, 20 Nov 2026 10:00:00 +0100"
    its.set_content("Se filen")
    its.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="afgørelse.pdf")
    (tmp_path / "one.eml").write_bytes(its.as_bytes())
    (found,) = items(exported(tmp_path))
    source = ArchivedMessages(folder=tmp_path, clock=soon)
    (file,) = found.attachments

    assert (file.name, file.content_type) == ("afgørelse.pdf", "application/pdf")
    assert b"".join(source.content(file.ref)) == b"%PDF-1.4"
    for ref in ("99:one.eml", "1:../secret", "1:none.eml", "x"):
        with pytest.raises(Gone):
            list(source.content(ref))


def test_a_folder_of_other_files(tmp_path: Path) -> None:
    """A folder of CSV alone is told by check and by each run; beside mails other files are passed
    over."""
    (tmp_path / "conversations.csv").write_text("Date,From,To,Body\n2026-11-20,a,b,hej\n", "utf-8")
    reader = ArchivedMessages(folder=tmp_path, clock=soon)
    (finding,) = reader.check()
    assert finding.level == "warning"
    assert ".csv" in finding.what
    for _ in range(2):
        (page,) = reader.changes(FILES, None, lambda thread, pairs: set())
        (problem,) = page.items
        assert isinstance(problem, Problem)
        assert (problem.scope, page.cursor) == ("part", None)
        assert ".csv" in problem.reason
    export(WORLD, tmp_path)
    assert levels(reader.check()) == {"ok"}
    assert problems(read(reader, FILES)) == []


def test_only_new_files_are_told(tmp_path: Path) -> None:
    """What is known is not told again; a file that comes later is."""
    date = "Fri, 20 Nov 2026 10:00:00 +0100"
    (tmp_path / "one.eml").write_bytes(mail("Hej", From="a@x.example", Date=date))
    first = exported(tmp_path)
    (tmp_path / "two.eml").write_bytes(mail("Hej igen", From="a@x.example", Date=date))
    known = {(each.key, each.version) for each in items(first)}
    source = ArchivedMessages(folder=tmp_path, clock=soon)
    second = list(source.changes(FILES, first[-1].cursor, lambda _t, pairs: known & set(pairs)))

    assert [each.text for each in items(second)] == ["Hej igen"]


def test_a_file_that_is_being_written_waits(tmp_path: Path) -> None:
    """A file that changed less than half a minute ago is left for the next run."""
    date = "Fri, 20 Nov 2026 10:00:00 +0100"
    (tmp_path / "one.eml").write_bytes(mail("He", From="a@x.example", Date=date))
    source = ArchivedMessages(folder=tmp_path, clock=lambda: datetime.now(UTC))

    assert read(source, FILES) == []


def test_a_share_that_goes_away_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails in the middle ends the run, and the rest comes with the next one."""
    monkeypatch.setattr("connector.sources.lync.archive.FILES", 20)
    export(WORLD, tmp_path, copies=0)
    whole = {each.key for each in items(exported(tmp_path))}
    cut = list(cut_short(tmp_path, 70, monkeypatch))
    again = exported(tmp_path, cut[-1].cursor)

    assert {each.key for each in items(cut)} < whole
    assert {each.key for each in items([*cut, *again])} == whole


def cut_short(folder: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The pages that came before the disk failed."""
    plain_read = Path.read_bytes
    count = 0

    def failing(path: Path) -> bytes:
        nonlocal count
        count += 1
        if count > after:
            raise OSError(errno.EIO, "the share is gone")
        return plain_read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", failing)
        source = ArchivedMessages(folder=folder, clock=soon)
        source.parts(people())
        with pytest.raises(Unavailable):
            yield from source.changes(FILES, None, none_known)


def none_known(_thread: str, _pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    return set()


def test_a_private_conversation(tmp_path: Path, ledger: Ledger) -> None:
    """A member who writes the word in an archived conversation keeps all of it from the journal."""
    who = WORLD.staff[0]
    for number, words in enumerate(["Sagen 27.45.04-P19-12-24", "#privat"]):
        told = mail(
            words,
            From=who.upn,
            To=WORLD.staff[1].upn,
            Date=f"Fri, 20 Nov 2026 10:0{number}:00 +0100",
            X_Conversation_ID="c1",
        )
        (tmp_path / f"{number}.eml").write_bytes(told)
    source = ArchivedMessages(folder=tmp_path, clock=soon)
    take(ledger, [Page(source="directory", part="users", people=tuple(people()))], policy())
    collect(ledger, source, policy(private_words=frozenset({"#privat"})))
    with ledger.read() as connection:
        states = connection.execute(sa.select(item.c.state)).scalars().all()
        thread = connection.execute(sa.select(item.c.thread_id)).scalars().first()
        assert thread in threads_named(connection, "c1")

    assert list(states) == ["excluded", "excluded"]


# -- LcsLog --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [True, False])
def test_log(tmp_path: Path, seq: bool) -> None:
    """Every message of both tables comes once, a conference's with all who got it."""
    count = fill_log(WORLD, sa.create_engine(f"sqlite:///{tmp_path / 'log.db'}"), seq=seq)
    source = log_source(Server(tmp_path / "log.db"))
    found = [each for part in source.parts(people()) for each in items(read(source, part))]
    talk = next(each for each in talks(WORLD) if each.chat.kind == "group")
    some = [each for each in found if (each.text, each.sent_at.date().isoformat()) == at(talk)]

    assert len({(each.thread, each.key) for each in found}) == len(found) == count
    assert {m.key for m in talk.chat.members} in [{p.person for p in e.parties} for e in some]


def at(talk: Talk) -> tuple[str, str]:
    return spoken(talk.messages[0].html), talk.day


def test_log_that_is_not_as_known(tmp_path: Path) -> None:
    """A database with other tables is refused politely, with what is missing."""
    fill_log(WORLD, sa.create_engine(f"sqlite:///{tmp_path / 'log.db'}"))
    server = Server(tmp_path / "log.db")
    server.run('ALTER TABLE "Messages" DROP COLUMN "Body"')
    source = log_source(server)
    pages = read(source, source.parts([])[0])

    assert [(one.scope, "Messages.Body" in one.reason) for one in problems(pages)] == [
        ("part", True)
    ]
    assert [page.cursor for page in pages] == [None]
    assert ["Messages.Body" in one.what for one in source.check()] == [True]


def test_more_messages_in_one_instant_than_a_page(tmp_path: Path) -> None:
    """Rows of one and the same time never stop the reading, however many they are."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'log.db'}")
    fill_log(WORLD, engine)
    server = Server(tmp_path / "log.db")
    server.run("""UPDATE "Messages" SET "MessageIdTime" = '2026-11-18 09:00:00.000000',
        "MessageIdSeq" = rowid""")
    source = log_source(server)
    found = items(read(source, source.parts(people())[0]))
    with engine.connect() as connection:
        count = connection.execute(sa.text('SELECT count(*) FROM "Messages"')).scalar_one()

    assert len({each.key for each in found}) == len(found) == count > 300
