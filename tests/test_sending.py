"""Many puts at once: one writer of a case, the order of a case, pauses, and what a crash leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

import pytest
import sqlalchemy as sa

from connector.errors import CaseLocked, Rejected, Throttled, Unavailable
from connector.jobs.deliver import Delivered, deliver, write_entries
from connector.ledger import Ledger
from connector.ledger.deliveries import exchange
from connector.ledger.runs import running
from connector.ledger.tables import delivery, event
from connector.ledger.take import take
from connector.model import Capabilities, Entry, Receipt
from connector.ports import Steps
from tests.conftest import Clock
from tests.making import add_cases, case, message, page, policy

CASES = [f"27.45.04-P19-{number}-24" for number in range(1, 9)]


class SlowSink:
    """A sink that takes its time, up to `in_flight` puts at once, and notes who was there.

    `fail(entry)` may raise; it is asked before anything is kept.
    """

    name = "journal"

    def __init__(self, in_flight: int = 8, wait_s: float = 0.02) -> None:
        self.capabilities = Capabilities(in_flight=in_flight, grace_s=60)
        self.wait_s = wait_s
        self.kept: list[Entry] = []
        self.fail: Callable[[Entry], None] = lambda _entry: None
        self.saves = ""
        self.loaded: list[str] = []
        self._lock = threading.Lock()
        self._now: list[str] = []
        self.most = 0
        self.twice: list[str] = []

    def find(self, key: str, case_number: str) -> Receipt | None:
        return None

    def put(
        self, entry: Entry, key: str, open_file: Callable[[str], BinaryIO], steps: Steps
    ) -> Receipt:
        with self._lock:
            if entry.case_number in self._now:
                self.twice.append(entry.case_number)
            self._now.append(entry.case_number)
            self.most = max(self.most, len(self._now))
        try:
            self.loaded.append(steps.load())
            if self.saves:
                steps.save(self.saves)
            time.sleep(self.wait_s)
            self.fail(entry)
            with self._lock:
                self.kept.append(entry)
            return Receipt(key=key, target=key, at=entry.started_at)
        finally:
            with self._lock:
                self._now.remove(entry.case_number)


@pytest.fixture
def owing(ledger: Ledger, clock: Clock) -> Ledger:
    """A ledger that owes three conversations on each of eight cases, written on three days."""
    add_cases(ledger, *[case(number) for number in CASES])
    for day in range(3):
        messages = [
            message(f"Om {number}", place + day * 24 * 60, thread=f"{day}-{place}")
            for place, number in enumerate(CASES)
        ]
        take(ledger, [page(*messages)], policy())
        clock.move(days=1)
        write_entries(ledger, policy(), lambda entry: f"{entry.local_day}")
    return ledger


def send(ledger: Ledger, sink: SlowSink, **options: Any) -> Delivered:
    with running(ledger, "deliver") as run:
        return deliver(ledger, sink, run, no_files, **options)  # type: ignore[arg-type]


def no_files(sha256: str) -> BinaryIO:
    raise AssertionError("no files here")


def left(ledger: Ledger) -> dict[str, int]:
    """How many deliveries are in each state."""
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state)
        )
        return {row[0]: row[1] for row in rows}


def order_on(sink: SlowSink, number: str) -> list[datetime]:
    return [entry.started_at for entry in sink.kept if entry.case_number == number]


def test_several_at_once_one_of_a_case(owing: Ledger) -> None:
    """Puts overlap, never two of one case, and each case gets its entries in order."""
    sink = SlowSink()

    result = send(owing, sink)

    assert (result.done, left(owing)) == (24, {"done": 24})
    assert sink.twice == []
    assert sink.most > 3
    for number in CASES:
        assert len(order_on(sink, number)) == 3
        assert order_on(sink, number) == sorted(order_on(sink, number))


def test_never_more_than_the_sink_takes(owing: Ledger) -> None:
    """in_flight is a bound."""
    sink = SlowSink(in_flight=2)

    send(owing, sink)

    assert sink.most == 2
    assert len(sink.kept) == 24


def test_a_locked_case_waits_alone(owing: Ledger, clock: Clock) -> None:
    """A locked case keeps its order and its entries waiting; the other cases get theirs."""
    sink = SlowSink()

    def locked(entry: Entry) -> None:
        if entry.case_number == CASES[0]:
            raise CaseLocked("locked")

    sink.fail = locked
    result = send(owing, sink)

    assert result.stopped is None
    assert left(owing) == {"done": 21, "waiting": 3}

    sink.fail = lambda _entry: None
    assert send(owing, sink).done == 0, "nothing of the case overtakes what is put off"
    clock.move(hours=5)
    send(owing, sink)
    assert order_on(sink, CASES[0]) == sorted(order_on(sink, CASES[0]))
    assert left(owing) == {"done": 24}


def test_an_outage_keeps_the_order(owing: Ledger, clock: Clock) -> None:
    """A system that goes away in the middle: what was sent is kept, the rest follows in order."""
    sink = SlowSink(in_flight=3)
    seen = []

    def away(entry: Entry) -> None:
        seen.append(entry)
        if len(seen) > 5:
            raise Unavailable("away")

    sink.fail = away
    result = send(owing, sink)

    assert isinstance(result.stopped, Unavailable)
    assert left(owing)["done"] == len(sink.kept) == 5
    for _ in range(4):  # a day of outage: each run tries a few and ends
        clock.move(hours=6)
        assert send(owing, sink).done == 0
    sink.fail = lambda _entry: None
    for _ in range(3):
        clock.move(minutes=16)
        send(owing, sink)
    assert left(owing) == {"done": 24}
    for number in CASES:
        assert order_on(sink, number) == sorted(order_on(sink, number))
    assert len(sink.kept) == 24


def test_a_refused_entry_holds_nobody_up(owing: Ledger) -> None:
    """One that is refused for good is a person's; the next of its case goes."""
    sink = SlowSink()
    refused: list[Entry] = []

    def refuse(entry: Entry) -> None:
        if entry.case_number == CASES[0] and not refused:
            refused.append(entry)
            raise Rejected("no", field="title")

    sink.fail = refuse
    result = send(owing, sink)

    assert (result.done, result.failed) == (23, 1)


def test_a_short_pause_is_kept_within_the_run(owing: Ledger) -> None:
    """A sink that asks for some seconds gets them, and the run goes on."""
    sink = SlowSink(in_flight=4)
    pauses: list[float] = []
    asked: list[str] = []

    def throttle(entry: Entry) -> None:
        if len(asked) < 3:
            asked.append(entry.id)
            raise Throttled("slow", wait_s=7)

    sink.fail = throttle
    result = send(owing, sink, sleep=pauses.append)

    assert result.done == 24
    assert pauses
    assert set(pauses) == {7}
    for number in CASES:
        assert order_on(sink, number) == sorted(order_on(sink, number))


def test_a_pause_without_end_ends_the_run(owing: Ledger) -> None:
    """The same entry throttled again and again ends the run, with the wait kept."""
    sink = SlowSink(in_flight=1)

    def throttle(entry: Entry) -> None:
        raise Throttled("slow", wait_s=7)

    sink.fail = throttle
    result = send(owing, sink, sleep=lambda _s: None)

    assert isinstance(result.stopped, Throttled)
    assert left(owing) == {"waiting": 24}


@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_bug_in_a_sink_loses_no_receipt(owing: Ledger, clock: Clock, in_flight: int) -> None:
    """An error that nobody foresaw is raised; what was written before is kept as written."""
    sink = SlowSink(in_flight=in_flight)

    def fall(entry: Entry) -> None:
        if len(sink.kept) >= 6:
            raise ZeroDivisionError

    sink.fail = fall
    with pytest.raises(ZeroDivisionError):
        send(owing, sink)

    assert left(owing)["done"] == len(sink.kept)
    sink.fail = lambda _entry: None
    send(owing, sink)
    clock.move(seconds=61)
    send(owing, sink)
    assert left(owing) == {"done": 24}


def test_stopping(owing: Ledger) -> None:
    """Asked to stop, it finishes what is under way and gives the rest back."""
    sink = SlowSink(in_flight=2, wait_s=0.1)

    result = send(owing, sink, should_stop=lambda: len(sink.kept) >= 4)

    # Those that end while the ledger commits are not known yet when it is asked.
    assert 4 <= result.done <= 8
    assert left(owing) == {"done": result.done, "waiting": 24 - result.done}


def test_steps_outlive_a_try(owing: Ledger, clock: Clock) -> None:
    """What a sink saved of a delivery is there at its next try, and only there."""
    sink = SlowSink(in_flight=1)
    sink.saves = "https://esdh.example/once/1"
    first: list[str] = []

    def fall(entry: Entry) -> None:
        if not first:
            first.append(entry.id)
            raise CaseLocked("later")

    sink.fail = fall
    send(owing, sink)
    assert set(sink.loaded) == {""}
    clock.move(hours=5)
    sink.loaded.clear()
    send(owing, sink)

    assert sink.loaded.count(sink.saves) == 1


def test_a_hundred_thousand_is_claimed_by_an_index(owing: Ledger) -> None:
    """The next fifty are found without sorting all that is owed."""
    from connector.ledger.deliveries import _NEXT

    if not owing.is_sqlite:
        return
    statement = _NEXT.params(sink="journal", now=0, limit=50)
    options = {"literal_binds": True, "render_postcompile": True}
    text = str(statement.compile(owing.engine, compile_kwargs=options))
    with owing.read() as connection:
        told = " ".join(
            str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
        )
    assert "ix_delivery_order" in told
    assert "ix_delivery_put_off" in told
    assert "USE TEMP B-TREE FOR ORDER BY" not in told


def test_a_sink_that_says_nothing_of_in_flight(owing: Ledger) -> None:
    """No number of puts at once is too small: one goes at a time."""
    sink = SlowSink(in_flight=0, wait_s=0)

    assert send(owing, sink).done == 24
    assert sink.most == 1


@pytest.mark.parametrize("in_flight", [1, 4])
def test_asked_to_stop_in_a_pause(owing: Ledger, in_flight: int) -> None:
    """Who is asked to stop does not begin to wait, and sends nothing after a wait."""
    sink = SlowSink(in_flight=in_flight)
    pauses: list[float] = []
    asked: list[Entry] = []

    def throttle(entry: Entry) -> None:
        asked.append(entry)
        raise Throttled("slow", wait_s=7)

    sink.fail = throttle
    stopped = send(owing, sink, sleep=pauses.append, should_stop=lambda: bool(pauses))
    assert (pauses, len(asked) <= in_flight) == ([7], True)
    assert (stopped.done, left(owing)) == (0, {"waiting": 24})

    pauses.clear()
    send(owing, sink, sleep=pauses.append, should_stop=lambda: True)
    assert pauses == []


def test_what_was_not_sent_was_not_tried(owing: Ledger) -> None:
    """Given back unsent, a delivery has no try and no event: its back-off stays as it was."""
    sink = SlowSink(in_flight=1)

    def away(entry: Entry) -> None:
        raise Unavailable("away")

    sink.fail = away
    send(owing, sink)

    with owing.read() as connection:
        tries = sorted(connection.execute(sa.select(delivery.c.tries)).scalars())
        told = sa.select(sa.func.count()).where(event.c.action == "delivery_waiting")
        assert tries == [0] * 23 + [1]
        assert connection.execute(told).scalar_one() == 1


def test_an_outage_is_met_by_few(owing: Ledger) -> None:
    """What stands ready for the crew is not sent into an outage that somebody has met."""
    sink = SlowSink(in_flight=2)
    tried: list[str] = []

    def away(entry: Entry) -> None:
        tried.append(entry.id)
        raise Unavailable("away")

    sink.fail = away
    send(owing, sink)

    assert len(tried) <= 2
    assert left(owing) == {"waiting": 24}


def test_a_ledger_that_fails_once_loses_no_receipt(
    owing: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts that could not be kept are kept at the end of the run, if that goes."""
    from connector.jobs import deliver as job

    sink = SlowSink(in_flight=1, wait_s=0)
    real, failed = exchange, list[bool]()

    def fails_once(*args: Any) -> Any:
        if args[3] and not failed:
            failed.append(True)
            raise Unavailable("ledger: the disk is full")
        return real(*args)

    monkeypatch.setattr(job, "exchange", fails_once)
    with pytest.raises(Unavailable):
        send(owing, sink)

    assert left(owing) == {"done": 24}


def test_what_a_dead_process_sent_is_given_time(owing: Ledger, clock: Clock) -> None:
    """A system that does not have it yet may still be at work on it: it is put a minute later."""
    sink = SlowSink(in_flight=1)
    fallen: list[str] = []

    def fall(entry: Entry) -> None:
        fallen.append(entry.case_number)
        raise ZeroDivisionError

    sink.fail = fall
    with pytest.raises(ZeroDivisionError):
        send(owing, sink)
    sink.fail = lambda _entry: None
    (lost,) = fallen

    assert send(owing, sink).done == 21, "its case waits too"
    assert order_on(sink, lost) == []
    clock.move(seconds=61)
    assert send(owing, sink).done == 3
    assert order_on(sink, lost) == sorted(order_on(sink, lost))
