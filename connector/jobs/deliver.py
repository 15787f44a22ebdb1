"""Delivers what is owed: writes entries that are due, then gives each sink its versions, once.

One process delivers to a sink at a time (its run is the lock). A batch is claimed in one durable
commit and its receipts are kept in the next, so that a crash leaves at most one batch to ask about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.errors import (
    ConnectorError,
    Denied,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.ledger.batch import Batch
from connector.ledger.deliveries import (
    Delivery,
    Outcome,
    adopt_lost,
    back_off_s,
    claim,
    settle,
    waiting_count,
)
from connector.ledger.entries import write_due
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ledger.policy import Policy
    from connector.ledger.runs import Run
    from connector.model import Entry
    from connector.ports import OpenFile, Sink

log = logging.getLogger(__name__)
CLAIM = 50  # measured: larger claims win little, and a crash leaves more to ask about


@dataclass(slots=True)
class Delivered:
    """What one run of deliveries did."""

    done: int = 0
    recovered: int = 0  # found in the sink after a crash
    failed: int = 0
    waiting: int = 0  # to be tried again later
    unsure: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: RemoteError | None = None

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {
            "done": self.done,
            "recovered": self.recovered,
            "failed": self.failed,
            "waiting": self.waiting,
            "unsure": self.unsure,
        }


def write_entries(
    ledger: Ledger,
    policy: Policy,
    title: Callable[[Entry], str],
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Write every entry that is due. Gives how many were looked at."""
    total = 0
    while not should_stop():
        with ledger.write(durable=True) as connection:
            batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
            count = write_due(batch, title)
        total += count
        if count == 0:
            break
    return total


def deliver(
    ledger: Ledger,
    sink: Sink,
    run: Run,
    open_file: OpenFile,
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Give `sink` everything it is owed now.

    First what a dead run left on the way: the sink is asked, nothing is sent blindly. Then claim,
    put, keep the receipts, until nothing is due or the sink cannot take more.
    """
    progress = progress or Silent()
    result = Delivered()
    job = f"deliver {sink.name}"
    progress.begin(job, waiting_count(ledger, sink.name))
    try:
        _recover(ledger, sink, run, result)
        while result.stopped is None and not should_stop():
            claimed = claim(ledger, sink.name, run.id, CLAIM)
            if not claimed:
                break
            _send(ledger, sink, run, claimed, open_file, result, should_stop)
            progress.step(job, result.done + result.failed, result.counts())
    finally:
        progress.end(job)
    return result


def _recover(ledger: Ledger, sink: Sink, run: Run, result: Delivered) -> None:
    """Ask the sink what became of deliveries whose sender died or whose answer was lost."""
    for each in adopt_lost(ledger, sink.name, run.id, run.dead):
        outcome = _found(sink, each)
        settle(ledger, [outcome], run.id)
        if outcome.state == "done":
            result.recovered += 1
            result.done += 1
        elif outcome.state == "unsure":
            result.unsure += 1
            result.problems.append(f"{each.key}: {outcome.reason}")


def _found(sink: Sink, each: Delivery) -> Outcome:
    if not sink.capabilities.can_find:
        reason = f"{sink.name} cannot be asked whether it arrived; look there, then use 'retry'"
        return Outcome(key=each.key, state="unsure", reason=reason)
    try:
        receipt = sink.find(each.key, each.entry.case_number)
    except RemoteError as error:
        return Outcome(key=each.key, state="unsure", reason=str(error))
    if receipt is None:
        return Outcome(key=each.key, state="waiting", reason="not there after a crash")
    return Outcome(key=each.key, state="done", receipt=receipt)


def _send(
    ledger: Ledger,
    sink: Sink,
    run: Run,
    claimed: Sequence[Delivery],
    open_file: OpenFile,
    result: Delivered,
    should_stop: Callable[[], bool],
) -> None:
    """Put each claimed entry; what was not tried goes back to waiting."""
    outcomes: list[Outcome] = []
    try:
        for each in claimed:
            if result.stopped is not None or should_stop():
                outcomes.append(Outcome(key=each.key, state="waiting"))
                continue
            outcome, error = _put(sink, each, open_file)
            outcomes.append(outcome)
            _count(result, each, outcome)
            if isinstance(error, Unavailable | Denied):
                result.stopped = error
    finally:
        settle(ledger, outcomes, run.id)


def _put(sink: Sink, each: Delivery, open_file: OpenFile) -> tuple[Outcome, ConnectorError | None]:
    try:
        receipt = sink.put(each.entry, each.key, open_file)
    except Rejected as error:
        field_ = f" ({error.field})" if error.field else ""
        return Outcome(key=each.key, state="failed", reason=f"{error}{field_}"), error
    except Unclear as error:
        found = _found(sink, each)
        return (found if found.state != "waiting" else _later(each, error)), error
    except Throttled as error:
        wait = error.wait_s if error.wait_s is not None else back_off_s(each.tries)
        return Outcome(key=each.key, state="waiting", reason=str(error), wait_s=wait), error
    except RemoteError as error:
        return _later(each, error), error
    return Outcome(key=each.key, state="done", receipt=receipt), None


def _later(each: Delivery, error: RemoteError) -> Outcome:
    wait = back_off_s(each.tries)
    return Outcome(key=each.key, state="waiting", reason=str(error), wait_s=wait)


def _count(result: Delivered, each: Delivery, outcome: Outcome) -> None:
    setattr(result, outcome.state, getattr(result, outcome.state) + 1)
    if outcome.state != "done":
        result.problems.append(f"{each.entry.case_number} {each.key}: {outcome.reason}")
