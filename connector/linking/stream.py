"""The linker over a stream of communications in order of time, with what it must remember.

For judging the rules on a sample without a ledger; the ledger remembers in its tables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.identity import same_phone
from connector.linking.by_thread import LEADS_TO_S
from connector.linking.communication import Communication, Shape
from connector.linking.keys import HIDDEN_DIGITS, CaseFinder
from connector.linking.linker import Linker
from connector.linking.subject import Earlier, Recent, Subject
from connector.model import Decision, LinkState

_REMEMBERED = 8  # calls with one number; only those of the last hours matter
_LEADS_TO = timedelta(seconds=LEADS_TO_S)


@dataclass(slots=True)
class _Thread:
    case_number: str
    at: datetime
    has_drifted: bool = False
    is_direct: bool = True
    numbers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Call:
    phone: str
    at: datetime
    case_number: str
    kind: Shape
    workers: frozenset[str]


class Stream:
    """Decides about communications as they come. Memory grows with threads, not with messages."""

    def __init__(self, linker: Linker, cases: CaseFinder) -> None:
        self._linker = linker
        self._cases = cases
        self._threads: dict[str, _Thread] = {}
        self._calls: dict[str, list[_Call]] = {}

    def through(self, communications: Iterable[Communication]) -> Iterator[Decision]:
        """The last word on each, in their order, which is that of time.

        What comes after a missed call waits with it for the voicemail or call that may follow.
        """
        waiting: deque[tuple[Communication, Decision]] = deque()
        for its in communications:
            waiting.append((its, self.take(its)))
            while waiting and not _may_change(waiting[0][0], its.started):
                yield self._settled(*waiting.popleft())
        while waiting:
            yield self._settled(*waiting.popleft())

    def take(self, its: Communication) -> Decision:
        """The decision on the next communication by what came before it, in order of time."""
        subject = self._linker.read(its)
        thread = self._threads.get(its.thread_id) if its.thread_id else None
        earlier = None
        if thread is not None and thread.case_number:
            earlier = Earlier(
                case_number=thread.case_number,
                seconds_ago=(its.started - thread.at).total_seconds(),
                cases_in_thread=len(thread.numbers),
                has_drifted=thread.has_drifted,
                is_direct=thread.is_direct,
            )
        recent = list(self._recent(subject)) if subject.is_phone else []
        decision = self._linker.decide(subject, self._cases, earlier, recent)
        self._remember_thread(its, thread, decision)
        if subject.is_phone and decision.state is LinkState.LINKED:
            self._remember_call(subject, decision)
        return decision

    def _settled(self, its: Communication, decision: Decision) -> Decision:
        """The decision by what came after a missed call, too."""
        if its.kind is not Shape.MISSED_CALL or its.thread_id:
            return decision
        subject = self._linker.read(its)
        others = [each for each in self._recent(subject) if each.kind is not Shape.MISSED_CALL]
        return self._linker.decide(subject, self._cases, None, others) if others else decision

    def _remember_thread(
        self, its: Communication, thread: _Thread | None, decision: Decision
    ) -> None:
        if not its.thread_id:
            return
        if decision.state is LinkState.LINKED:
            if thread is None:
                thread = _Thread(decision.case_number, its.started)
                self._threads[its.thread_id] = thread
            thread.case_number, thread.at = decision.case_number, its.started
            thread.has_drifted, thread.is_direct = False, True
            thread.numbers.add(decision.case_number)
            return
        named = {e.case_number for e in decision.evidence if e.rule == "number" and not e.note}
        if thread is None and named:  # two cases named at the start count, too
            thread = self._threads[its.thread_id] = _Thread("", its.started)
        if thread is not None:
            thread.numbers |= named
            thread.is_direct = False
            if not any(e.rule == "thread" for e in decision.evidence):
                thread.has_drifted = True

    def _recent(self, subject: Subject) -> Iterator[Recent]:
        for phone in (*subject.phones, *(prefix + "***" for prefix in subject.masked)):
            for call in self._calls.get(phone[:-HIDDEN_DIGITS], ()):
                if same_phone(phone, call.phone) is not False:
                    yield Recent(
                        case_number=call.case_number,
                        kind=call.kind,
                        seconds_ago=(subject.started - call.at).total_seconds(),
                        workers=call.workers,
                    )

    def _remember_call(self, subject: Subject, decision: Decision) -> None:
        for phone in (*subject.phones, *(prefix + "***" for prefix in subject.masked)):
            calls = self._calls.setdefault(phone[:-HIDDEN_DIGITS], [])
            calls.append(
                _Call(phone, subject.started, decision.case_number, subject.kind, subject.workers)
            )
            del calls[:-_REMEMBERED]


def _may_change(its: Communication, now: datetime) -> bool:
    return its.kind is Shape.MISSED_CALL and now - its.started <= _LEADS_TO
