"""Files are fetched once or known to be missing; content on no case is erased in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.article import Signal
from connector.errors import Denied, Gone, RemoteError, Unavailable
from connector.jobs.fetch import TRIES, Fetched, fetch
from connector.jobs.prune import Pruned, prune
from connector.ledger import Ledger
from connector.ledger.article_signals import keep_signals
from connector.ledger.article_tables import article_signal
from connector.ledger.runs import running
from connector.ledger.search_query import read_query
from connector.ledger.searching import search
from connector.ledger.tables import attachment, event, item, link
from connector.ledger.take import take
from connector.model import Attachment, Item, LinkState, Party
from connector.spool import Spool
from tests.conftest import Clock
from tests.making import CASE, add_cases, case, edited, message, page, policy, scanner, sighting
from tests.test_deliveries import unlink
from tests.test_take import rows

SOUND = b"RIFF" + bytes(400)


class Files:
    """A source that gives bytes, or fails as it is told."""

    def __init__(self) -> None:
        self.errors: dict[str, RemoteError] = {}

    def content(self, ref: str) -> Iterator[bytes]:
        if ref in self.errors:
            raise self.errors[ref]
        yield from (SOUND[:100], SOUND[100:])


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def get(ledger: Ledger, files: Files, spool: Spool) -> Fetched:
    return fetch(ledger, ["chats"], lambda name: files, spool)  # type: ignore[arg-type, return-value]


def with_file(text: str, ref: str = "r", minute: float = 0) -> Item:
    files = (Attachment(name="lyd.wav", ref=ref, role="audio"),)
    return message(text, minute, attachments=files)


def test_fetched_once(ledger: Ledger, spool: Spool) -> None:
    """The bytes are in the spool under their hash, and are not asked for again."""
    take(ledger, [page(with_file("a"), with_file("b", "s", 1))], policy())
    first, second = get(ledger, Files(), spool), get(ledger, Files(), spool)

    assert (first.kept, second.kept) == (2, 0)
    (name,) = {row[0] for row in rows(ledger, attachment.c.sha256)}
    with spool.open(name) as file:
        assert file.read() == SOUND


@pytest.mark.parametrize("error", [Gone("404"), Denied("403"), Unavailable("no answer")])
def test_not_to_be_had(ledger: Ledger, spool: Spool, clock: Clock, error: RemoteError) -> None:
    """What is gone is missing at once; what fails is tried for a day; the neighbour arrives."""
    files = Files()
    files.errors["r"] = error
    take(ledger, [page(with_file("a"), with_file("b", "s", 1))], policy())
    results = []
    for _ in range(TRIES + 1):
        results.append(get(ledger, files, spool))
        clock.move(hours=6)

    states = rows(ledger, attachment.c.item_id, attachment.c.state, attachment.c.note)
    assert [("missing", str(error)), ("kept", "")] == [row[1:] for row in states]
    tries = 1 if isinstance(error, Gone) else TRIES
    assert tries == sum(each.missing + each.later for each in results)
    assert "attachment_missing" in [row[0] for row in rows(ledger, event.c.action)]


def test_short_outage(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """An hour without an answer loses no recording, though jobs run every minute."""
    files = Files()
    files.errors["r"] = Unavailable("no answer")
    take(ledger, [page(with_file("a"))], policy())
    for _ in range(60):
        get(ledger, files, spool)
        clock.move(minutes=1)

    assert get(ledger, Files(), spool).kept == 1


def test_spool_cannot_be_written(ledger: Ledger, tmp_path: Path, clock: Clock) -> None:
    """A spool that takes nothing ends the job with its reason; no file is given up for it."""
    take(ledger, [page(with_file("a"), with_file("b", "s", 1))], policy())
    (tmp_path / "file").write_text("")
    for _ in range(TRIES + 1):
        clock.move(days=1)
        found = get(ledger, Files(), Spool(tmp_path / "file"))
        assert "spool:" in str(found.stopped)

    assert get(ledger, Files(), Spool(tmp_path / "spool")).kept == 2


def old(ledger: Ledger, clock: Clock, spool: Spool, **options: bool) -> Pruned:
    clock.move(days=31)
    return prune(ledger, spool, quarantine_days=30, **options)


def contents(ledger: Ledger) -> list[tuple[bool, bool]]:
    """Does each item still have its bytes, and its words?"""
    return [
        (raw is not None, text is not None)
        for _, raw, text in rows(ledger, item.c.id, item.c.raw, item.c.text)
    ]


def test_erases_what_nobody_linked(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """Words, bytes, names and files go; the row, its hash and an event stay."""
    add_cases(ledger, case())
    take(ledger, [page(with_file("frokost?"), message(f"Om {CASE}", 99 * 60))], policy())
    get(ledger, Files(), spool)
    result = old(ledger, clock, spool)

    assert (result.items, result.files) == (1, 1)
    assert contents(ledger) == [(False, False), (True, True)]
    assert "erased" in [row[0] for row in rows(ledger, event.c.action)]
    assert all(row[0] for row in rows(ledger, item.c.sha256))
    with ledger.read() as connection:
        found = search(
            connection, read_query("frokost", scanner()), None, limit=9, is_sqlite=ledger.is_sqlite
        ).hits
    assert found == ()
    assert [path for path in spool.folder.rglob("*") if path.is_file()] == []


def test_young_content_stays(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """Inside the quarantine nothing is erased."""
    take(ledger, [page(message("frokost?"))], policy())
    clock.move(days=29)

    assert prune(ledger, spool, quarantine_days=30).items == 0
    assert contents(ledger) == [(True, True)]


def test_dry_run(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """A dry run tells what would go and erases nothing."""
    take(ledger, [page(message("frokost?"))], policy())

    assert old(ledger, clock, spool, is_dry=True).items == 1
    assert contents(ledger) == [(True, True)]


def test_forgets_old_runs(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """Records of old runs go with the rest; not in a dry run."""
    for _ in range(2):
        with running(ledger, "chats"):
            pass
    clock.move(days=9)

    assert prune(ledger, spool, quarantine_days=30, runs_days=10).runs == 0
    assert prune(ledger, spool, quarantine_days=30, runs_days=8, is_dry=True).runs == 0
    assert prune(ledger, spool, quarantine_days=30, runs_days=8).counts()["runs"] == 1


def test_forgets_what_readers_did_long_ago(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """After 400 days, also where no site is read any more; not in a dry run."""
    vote = Signal(key="a", kind="vote", day=clock.now.date(), count=1, value="down", reason="Nej")
    keep_signals(ledger, "intranet", [vote], "1")

    clock.move(days=400)
    assert prune(ledger, spool, quarantine_days=30).counts()["signals"] == 0
    clock.move(days=1)
    assert prune(ledger, spool, quarantine_days=30, is_dry=True).signals == 0
    assert prune(ledger, spool, quarantine_days=30).counts()["signals"] == 1
    assert rows(ledger, article_signal.c.key) == []


def test_every_version_goes(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """Edits go with the message they belong to."""
    first = message("frokost?")
    take(ledger, [page(first), page(edited(first, "kantinen?"))], policy())
    old(ledger, clock, spool)

    assert contents(ledger) == [(False, False)] * 2


def test_sightings_follow_their_call(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """The sightings of a journaled call are its proof and stay; of any other call they go."""
    add_cases(ledger, case())
    take(ledger, [page(sighting(minute=0, call={"same": ("record:a",)}))], policy())
    stranger = {"same": ("record:b",), "caller": Party(phone="+4520009999", role="from")}
    take(ledger, [page(sighting(minute=200, call=stranger))], policy())
    old(ledger, clock, spool)

    kept = rows(ledger, item.c.kind, item.c.raw)
    assert {("call", True), ("call", False), ("sighting", True), ("sighting", False)} == {
        (kind, raw is not None) for kind, raw in kept
    }


def test_quarantine_begins_when_unlinked(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """What was taken off its case is kept for the whole quarantine from then, and erased after."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}"))], policy())
    old(ledger, clock, spool)
    unlink(ledger, 1, LinkState.UNLINKED)
    prune(ledger, spool, quarantine_days=30)
    assert contents(ledger) == [(True, True)]

    old(ledger, clock, spool)
    assert contents(ledger) == [(False, False)]
    assert {"[]"} == {row[0] for row in rows(ledger, link.c.evidence)}


def test_shared_file_stays(ledger: Ledger, spool: Spool, clock: Clock) -> None:
    """A file that a journaled item has too is not erased with the other."""
    add_cases(ledger, case())
    take(ledger, [page(with_file("frokost?"), with_file(f"Om {CASE}", "s", 99 * 60))], policy())
    get(ledger, Files(), spool)
    old(ledger, clock, spool)

    with ledger.read() as connection:
        (name,) = connection.execute(
            sa.select(attachment.c.sha256).where(attachment.c.sha256.is_not(None))
        ).scalars()
    with spool.open(name) as file:
        assert file.read() == SOUND


def test_lost_file_is_swept(ledger: Ledger, spool: Spool) -> None:
    """Bytes that a killed process left in the spool without a row are erased after a day."""
    import os

    stored = spool.add(iter([SOUND]))
    (path,) = [path for path in spool.folder.rglob("*") if path.is_file()]
    os.utime(path, (0, 0))

    assert prune(ledger, spool, quarantine_days=30).files == 1
    assert not spool.verify(stored.sha256)


def test_excluded_call(ledger: Ledger) -> None:
    """A call with somebody of whom nothing is kept is neither joined nor readable."""
    taken = take(ledger, [page(sighting())], policy(excluded=frozenset({"u1"})))

    assert dict(taken.new) == {"sighting": 1}
    assert rows(ledger, item.c.raw, item.c.detail) == [(None, None)]


@pytest.mark.parametrize(
    ("content", "told", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "", "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "", "image/jpeg"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "", "audio/wav"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "", "image/webp"),
        (b"%PDF-1.7", "", "application/pdf"),
        (b"Bare tekst", "", ""),
        (b"", "", ""),
        (b"\x89PNG\r\n\x1a\n", "application/x-own", "application/x-own"),
    ],
)
def test_a_file_without_a_type(
    ledger: Ledger, spool: Spool, content: bytes, told: str, expected: str
) -> None:
    """A file that comes without a type has that of its first bytes; what the source says stands."""

    class Content(Files):
        def content(self, ref: str) -> Iterator[bytes]:
            yield content

    files = (Attachment(name="image-1", ref="r", content_type=told, role="image"),)
    take(ledger, [page(message("a", 0, attachments=files))], policy())

    assert get(ledger, Content(), spool).kept == 1
    assert rows(ledger, attachment.c.content_type) == [(expected,)]
