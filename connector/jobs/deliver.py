"""Delivers what is owed: writes entries that are due, then gives each sink its versions, once.

One process delivers to a sink at a time (its run is the lock). Fifty are claimed in one durable
commit, which also keeps the receipts of those before, so a crash leaves about a hundred to
ask about. As many are under way at once as the sink can take, one of a case at a time, in the order
of the case.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from connector.errors import ConnectorError, RemoteError, Throttled
from connector.jobs.putting import found_out, is_about_the_system, put
from connector.jobs.sending import Crew, Lanes
from connector.ledger.batch import Batch
from connector.ledger.deliveries import (
    Delivery,
    LedgerSteps,
    Outcome,
    adopt_lost,
    exchange,
    settle,
    unsent,
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

CLAIM = 50  # measured: larger claims win little, and a crash leaves more to ask about
_AHEAD = CLAIM // 2  # ready for the crew, so that nobody idles while the ledger commits
_SHORT_PAUSE_S = 30.0  # a sink that asks for more ends the run; the next one goes on
_PAUSES = 5  # for one delivery in one run


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

    def count(self, each: Delivery, outcome: Outcome) -> None:
        """One more came to its end."""
        setattr(self, outcome.state, getattr(self, outcome.state) + 1)
        if outcome.state != "done":
            self.problems.append(f"{each.entry.case_number} {each.key}: {outcome.reason}")


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
    sleep: Callable[[float], None] = time.sleep,
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
        crew = Crew[_Sent](max(1, sink.capabilities.in_flight))
        sending = _Sending(ledger, sink, run, open_file, crew, result)
        try:
            while sending.step(should_stop, sleep):
                progress.step(job, result.done + result.failed, result.counts())
        finally:
            sending.halt()
            crew.close()
            sending.keep_all()
        progress.step(job, result.done + result.failed, result.counts())
    finally:
        progress.end(job)
    return result


def _recover(ledger: Ledger, sink: Sink, run: Run, result: Delivered) -> None:
    """Ask the sink what became of deliveries whose sender died or whose answer was lost.

    One that is not there may still be on its way within a slow system: it is put after a while.
    """
    for each in adopt_lost(ledger, sink.name, run.id):
        outcome = found_out(sink, each)
        if outcome.state == "waiting":
            outcome = replace(outcome, wait_s=sink.capabilities.grace_s)
        if not each.doubt or (outcome.state, outcome.reason) != ("unsure", each.doubt):
            settle(ledger, [outcome], run.id)  # nothing new is no event: this is asked each run
        if outcome.state == "done":
            result.recovered += 1
            result.done += 1
        elif outcome.state == "unsure":
            result.unsure += 1
            result.problems.append(f"{each.key}: {outcome.reason}")


class _Sent(NamedTuple):
    """A put that came to its end."""

    each: Delivery
    outcome: Outcome
    error: ConnectorError | None


class _Sending:
    """One run of puts. Only the thread that made it changes it; the crew's put, and may halt."""

    def __init__(
        self,
        ledger: Ledger,
        sink: Sink,
        run: Run,
        open_file: OpenFile,
        crew: Crew[_Sent],
        result: Delivered,
    ) -> None:
        self._ledger, self._sink, self._run = ledger, sink, run
        self._open_file = open_file
        self._crew = crew
        self._result = result
        self._lanes = Lanes()
        self._outcomes: list[Outcome] = []
        self._again: Counter[str] = Counter()
        self._pause_s = 0.0
        self._is_dry = False  # nothing more was to be claimed the last time
        self._is_halted = False  # what the crew has not begun comes back unsent
        in_flight = sink.capabilities.in_flight
        self._most_started = in_flight + _AHEAD if in_flight > 1 else 1

    def halt(self) -> None:
        """Let nothing more leave; what is under way comes to its end."""
        self._is_halted = True

    def step(self, should_stop: Callable[[], bool], sleep: Callable[[float], None]) -> bool:
        """Claim, send, and take in one result. False when there is nothing left to do."""
        is_ending = self._result.stopped is not None or should_stop()
        if is_ending:
            self.halt()
            self._release(self._lanes.drop())
        elif self._pause_s and not self._crew.active:
            sleep(self._pause_s)
            self._pause_s = 0.0
            self._is_halted = False
            return True  # perhaps somebody asked to stop meanwhile
        elif not self._is_halted:
            self._start()
        if self._crew.active:
            self._take_in(self._crew.wait())
            return True
        if is_ending or (self._is_dry and not self._outcomes and not self._lanes):
            return False
        # Perhaps something can be claimed, once these are settled, that could not before.
        self._is_dry = False
        return True

    def _start(self) -> None:
        """Claim when few are left, and give the crew what it can take."""
        if not self._is_dry and len(self._lanes) + self._crew.active < self._most_started:
            self._claim()
        while self._crew.active < self._most_started and (each := self._lanes.take()) is not None:
            self._crew.start(partial(self._put, each))

    def _claim(self) -> None:
        claimed = exchange(self._ledger, self._sink.name, self._run.id, self._outcomes, CLAIM)
        self._outcomes = []
        self._lanes.add(claimed)
        self._is_dry = not claimed

    def _put(self, each: Delivery) -> _Sent:
        if self._is_halted:
            return _Sent(each, unsent(each), None)
        outcome, error = put(self._sink, each, self._open_file, LedgerSteps(self._ledger, each))
        if is_about_the_system(error):
            self.halt()  # at once; when this is taken in, the run pauses or ends
        return _Sent(each, outcome, error)

    def _take_in(self, sent: _Sent) -> None:
        each, outcome, error = sent
        if not outcome.was_tried:
            self._lanes.put_back(each)
            return
        if isinstance(error, Throttled) and self._may_wait(each, error):
            self.halt()
            self._pause_s = max(self._pause_s, error.wait_s or 1.0)
            self._lanes.put_back(each)
            return
        self._lanes.done(each)
        self._outcomes.append(outcome)
        self._result.count(each, outcome)
        if outcome.state == "waiting":
            # What follows in its case waits with it: nobody reads them out of order.
            self._release(self._lanes.drop(each.entry.case_number))
        if is_about_the_system(error):
            self._result.stopped = error
        # The next claim keeps them; this is for a long tail, when nothing is left to be claimed.
        if len(self._outcomes) >= 2 * CLAIM:
            self._keep()

    def _may_wait(self, each: Delivery, error: Throttled) -> bool:
        """A sink that asks for a short pause gets it, within this run, a few times."""
        self._again[each.key] += 1
        is_short = error.wait_s is not None and error.wait_s <= _SHORT_PAUSE_S
        return is_short and self._again[each.key] <= _PAUSES

    def _release(self, deliveries: Sequence[Delivery]) -> None:
        self._outcomes += [unsent(each) for each in deliveries]

    def _keep(self) -> None:
        settle(self._ledger, self._outcomes, self._run.id)
        self._outcomes = []  # only now: a ledger that failed is asked once more by keep_all

    def keep_all(self) -> None:
        """At the end, a bad one too: keep every receipt there is, give back what was not sent."""
        for sent in self._crew.finished():
            self._outcomes.append(sent.outcome)
            if sent.outcome.was_tried:
                self._result.count(sent.each, sent.outcome)
        self._release(self._lanes.drop())
        self._keep()
