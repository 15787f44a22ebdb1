"""Parts are read in parallel and bounded, kept by one writer; a bad part never stops the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from connector.errors import CursorExpired, Denied, Throttled, Unavailable
from connector.jobs.collect import Collected, collect
from connector.ledger import Ledger
from connector.ledger.cursors import cursors_of
from connector.ledger.policy import Policy
from connector.ledger.tables import item, problem
from connector.ledger.take import Taken
from connector.model import Finding, Page, Person, Problem
from connector.ports import Known
from tests.making import message, page, policy
from tests.test_take import rows


class Feeds:
    """A source of many parts, each of some pages; a part may fail after a page."""

    name = "chats"

    def __init__(self, parts: int = 4, pages: int = 3, in_flight: int = 4) -> None:
        self.count = parts
        self.pages = pages
        self.in_flight = in_flight
        self.errors: dict[str, list[Exception]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.ahead = 0
        self.most_ahead = 0
        self.lock = threading.Lock()

    def check(self) -> list[Finding]:
        return []

    def parts(self, people: Sequence[Person]) -> list[str]:
        return [f"u{n}" for n in range(self.count)]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        with self.lock:
            self.asked.append((part, cursor))
        if self.errors.get(part):
            raise self.errors[part].pop(0)
        for number in range(int(cursor or 0), self.pages):
            with self.lock:
                self.ahead += 1
                self.most_ahead = max(self.most_ahead, self.ahead)
            yield page(
                message("hej", number, thread=f"19:{part}"), part=part, cursor=str(number + 1)
            )

    def content(self, ref: str) -> Iterator[bytes]:
        return iter(())


def run(ledger: Ledger, feeds: Feeds, should_stop: Callable[[], bool] = lambda: False) -> Collected:
    return collect(ledger, feeds, policy(), should_stop=should_stop)


def test_all_parts(ledger: Ledger) -> None:
    """Every part is read to its end and its cursor kept; a second run finds nothing new."""
    feeds = Feeds(parts=20)
    result = run(ledger, feeds)
    again = run(ledger, feeds)

    assert (result.parts, result.done, sum(result.taken.new.values())) == (20, 20, 60)
    assert {f"u{n}": "3" for n in range(20)} == cursors_of(ledger, "chats")
    assert again.taken.read == 0


def test_bounded_ahead(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more pages are fetched ahead of the ledger than the limit allows, however slow it is."""
    import connector.jobs.collect as module

    feeds = Feeds(parts=8, pages=40, in_flight=8)
    real = module.take

    def slow(own: Ledger, pages: Sequence[Page], rules: object) -> object:
        taken = real(own, pages, policy())
        with feeds.lock:
            feeds.ahead -= len(pages)
        return taken

    monkeypatch.setattr(module, "take", slow)
    result = collect(ledger, feeds, policy(), batch_items=200, ahead_items=500)

    assert sum(result.taken.new.values()) == 320
    assert feeds.most_ahead <= 10  # 500 items are ten pages of fifty


def test_quiet_parts_are_one_batch(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that bring nothing but a cursor do not fill a batch, however few may be ahead."""
    import connector.jobs.collect as module

    class Quiet(Feeds):
        def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
            yield page(part=part, cursor="read")

    batches: list[int] = []
    real = module.take

    def counted(own: Ledger, pages: Sequence[Page], rules: Policy) -> Taken:
        batches.append(len(pages))
        return real(own, pages, rules)

    monkeypatch.setattr(module, "take", counted)
    collect(ledger, Quiet(parts=100), policy(), batch_items=200, ahead_items=200)

    assert {f"u{n}": "read" for n in range(100)} == cursors_of(ledger, "chats")
    assert len(batches) <= 10  # one, but for readers that were slow; four pages may be ahead


def test_one_part_refused(ledger: Ledger) -> None:
    """A part that is throttled for too long is recorded with its reason; the others are read."""
    feeds = Feeds()
    feeds.errors["u1"] = [Throttled("graph: too many requests", wait_s=900)]
    result = run(ledger, feeds)

    assert (sum(result.taken.new.values()), result.stopped) == (9, None)
    assert "u1" not in cursors_of(ledger, "chats")
    assert rows(ledger, problem.c.part, problem.c.scope) == [("u1", "part")]
    run(ledger, feeds)
    assert rows(ledger, problem.c.part) == []


def test_many_failing_parts(ledger: Ledger) -> None:
    """However many parts fail, each gives its permit back: the run never stands still."""
    feeds = Feeds(parts=40, pages=1, in_flight=1)
    feeds.errors = {f"u{n}": [Unavailable("graph: no answer")] for n in range(40) if n % 3}
    result = collect(ledger, feeds, policy(), batch_items=100, ahead_items=100)

    assert (result.done, result.stopped) == (40, None)
    assert sum(result.taken.new.values()) == 14


def test_denied_ends_the_run(ledger: Ledger) -> None:
    """A missing permission is asked about once, not once for each of the users."""
    feeds = Feeds(parts=50, in_flight=1)
    feeds.errors = {f"u{n}": [Denied("graph: Chat.Read.All is missing")] for n in range(50)}
    result = run(ledger, feeds)

    assert isinstance(result.stopped, Denied)
    assert len(feeds.asked) <= 3


def test_outage_ends_the_run(ledger: Ledger) -> None:
    """Three parts in a row that cannot be had mean that the system is down."""
    feeds = Feeds(parts=50, in_flight=1)
    feeds.errors = {f"u{n}": [Unavailable("graph: no answer")] for n in range(50)}
    result = run(ledger, feeds)

    assert isinstance(result.stopped, Unavailable)
    assert len(feeds.asked) <= 5


def test_expired_cursor(ledger: Ledger) -> None:
    """A cursor the server has dropped means a full read of that part, which doubles nothing."""
    feeds = Feeds(parts=1)
    run(ledger, feeds)
    feeds.errors["u0"] = [CursorExpired("410")]
    result = run(ledger, feeds)

    assert feeds.asked == [("u0", None), ("u0", "3"), ("u0", None)]
    assert (result.taken.read, sum(result.taken.new.values())) == (3, 0)
    assert len(rows(ledger, item.c.id)) == 3


def test_bug_in_a_source_is_told(ledger: Ledger) -> None:
    """An error that is none of ours ends the run loudly; what came before it is kept."""
    feeds = Feeds(parts=1)

    def broken(part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        yield page(message("hej"), part=part)
        raise ZeroDivisionError

    feeds.changes = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        run(ledger, feeds)
    assert len(rows(ledger, item.c.id)) == 1


def test_stop(ledger: Ledger) -> None:
    """Asked to stop, it keeps what was fetched and leaves the rest for the next run."""
    feeds = Feeds(parts=30, in_flight=2)
    asked = iter([False] * 5)
    result = run(ledger, feeds, should_stop=lambda: next(asked, True))
    assert result.done < 30

    run(ledger, feeds)
    assert len(rows(ledger, item.c.id)) == 90


def test_unread_rows_are_problems(ledger: Ledger) -> None:
    """A row that cannot be read is counted as a problem and makes no item."""
    feeds = Feeds(parts=1)
    broken = Problem(source="chats", part="u0", key="9", reason="no date")

    def changes(part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        yield page(message("hej"), broken, part=part)

    feeds.changes = changes  # type: ignore[method-assign]
    result = run(ledger, feeds)

    assert (result.taken.problems, sum(result.taken.new.values())) == (1, 1)
