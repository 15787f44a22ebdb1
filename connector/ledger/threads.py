"""Lets the messages of a thread follow the message that named the case before them.

The outcome depends on what was said when, never on the order or the batches in which it arrived.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks, item_of, select_items, versions_of
from connector.ledger.communications import communication_of
from connector.ledger.items import thread_ids
from connector.ledger.links import BY_PERSON, BY_THREAD, Decided, apply
from connector.ledger.register import LedgerCases
from connector.ledger.tables import chat_call, item, link, ms, thread_case
from connector.linking.keys import canonical, number_key
from connector.model import Decision, Kind, LinkState

if TYPE_CHECKING:
    from connector.linking.subject import Subject

Span = tuple[int, int]  # first and last time at which something changed
FOREVER = 1 << 62
CHATS = "chats"  # the source that reads the chats of calls and meetings


def dirty(batch: Batch, wanted: Sequence[New], decided: Sequence[Decided]) -> dict[int, Span]:
    """Threads to walk through again, each with the span of time in which something changed.

    Where something was decided, the thread's case may have changed; what arrived in a thread that
    has a case may follow it.
    """
    spans: dict[int, Span] = {}
    for each in decided:
        chat = each.thread_id if each.kind is Kind.MESSAGE else each.chat_id
        if chat is not None:
            _widen(spans, chat, each.sent_at)
            if each.is_again:
                _widen(spans, chat, FOREVER)
    settled = {each.root_id for each in decided}
    arrived = [
        each for each in wanted if each.item.kind is Kind.MESSAGE and each.root_id not in settled
    ]
    has_case = set(spans)
    for some in chunks(sorted({each.thread_id for each in arrived} - has_case)):
        rows = batch.connection.execute(
            sa.select(thread_case.c.thread_id)
            .where(thread_case.c.thread_id.in_(some), thread_case.c.links > 0)
            .distinct()
        )
        has_case.update(row[0] for row in rows)
    for fresh in arrived:
        if fresh.thread_id in has_case:
            _widen(spans, fresh.thread_id, ms(fresh.item.sent_at))
    return spans


def chats_of_calls(batch: Batch, new: Sequence[New]) -> dict[int, int]:
    """By root: the thread of the chat in which a call happened, also when no message came yet.

    Keeps it too, so that the chat finds its calls.
    """
    within = {
        each.root_id: each.item.call.thread
        for each in new
        if each.item.call is not None and each.item.call.thread
    }
    if not within:
        return {}
    ids = thread_ids(batch, {(CHATS, key) for key in within.values()})
    found = {root: ids[CHATS, key] for root, key in within.items()}
    batch.connection.execute(
        batch.ledger.insert(chat_call).on_conflict_do_nothing(),
        [{"thread_id": chat, "call_id": root} for root, chat in sorted(found.items())],
    )
    return found


def _widen(spans: dict[int, Span], thread_id: int, sent_at: int) -> None:
    first, last = spans.get(thread_id, (sent_at, sent_at))
    spans[thread_id] = (min(first, sent_at), max(last, sent_at))


def settle_threads(
    batch: Batch,
    spans: Mapping[int, Span],
    actor: str,
    again: AbstractSet[int] = frozenset(),
    subjects: Mapping[int, Subject] | None = None,
) -> Counter[LinkState]:
    """Let the messages of these threads follow the message that named the case before them.

    Roots in `again` are decided about even where no case came before them. `subjects` are items
    that were read already, by number of the version.
    """
    if not spans:
        return Counter()
    register = LedgerCases(batch.connection)
    cases = _cases_since(batch, sorted(spans), register)
    with_calls = _with_calls(batch, sorted(spans))
    decided: list[Decided] = []
    for number, span in spans.items():
        since_when = cases.get(number, [])
        walk = _Walk(batch, register, number, span, since_when, again, subjects or {})
        has_calls = number in with_calls
        since = span[0]
        # What follows comes after what it follows: before the thread's first case is nothing.
        if has_calls or (since_when and since_when[0] < since):
            since = _last_linked(batch, number, since, walk.reach, has_calls=has_calls)
        decided += walk.through(_in_order(batch, number, since, has_calls=has_calls))
    return apply(batch, decided, actor)


def _cases_since(
    batch: Batch, threads: Sequence[int], register: LedgerCases
) -> dict[int, list[int]]:
    """When each of these threads first dealt with each of its cases, in order of time.

    The register is asked for all these cases at once: every walk will ask for its own.
    """
    found: dict[int, list[int]] = {}
    numbers: set[str] = set()
    for some in chunks(threads):
        rows = batch.connection.execute(
            sa.select(thread_case.c.thread_id, thread_case.c.first_at, thread_case.c.case_number)
            .where(thread_case.c.thread_id.in_(some), thread_case.c.links > 0)
            .order_by(thread_case.c.first_at)
        )
        for row in rows:
            found.setdefault(row.thread_id, []).append(row.first_at)
            numbers.add(row.case_number)
    scanner = batch.policy.scanner
    register.find([number_key(canonical(number, scanner)[0]) for number in numbers])
    return found


FOLLOWING = (BY_THREAD, "uncertain thread")
OWN = ("number", BY_PERSON)  # links that no thread changes


class _Walk:
    """One pass through a thread from the start of the span, in order of time.

    `cases` says when each case of the thread first came up. A message follows the thread while it
    has dealt with one; a second one matters for all that comes after, however late it arrives here.
    """

    def __init__(
        self,
        batch: Batch,
        register: LedgerCases,
        thread_id: int,
        span: Span,
        cases: Sequence[int],
        again: AbstractSet[int],
        subjects: Mapping[int, Subject],
    ) -> None:
        self._batch = batch
        self._linker = batch.policy.linker()
        self._register = register
        self._thread_id = thread_id
        self._start, self._last = span
        self._cases = cases
        self._again = again
        self._subjects = subjects
        self.reach = int(self._linker.rules.thread_forgotten_s * 1000)
        self._carried: tuple[str, int] | None = None
        self._has_drifted = False
        self._is_direct = True
        self._unclear = 0  # messages that named several cases since the last clear one

    def through(self, rows: Iterable[Any]) -> Iterator[Decided]:
        """Decisions that differ from what stands."""
        for row in rows:
            if self._carried is not None and row.sent_at - self._carried[1] > self.reach:
                self._carried = None
            if self._carried is None and self._is_past(row):
                return
            if row.root_state == LinkState.EXCLUDED.value:
                continue
            if self._speaks_for_itself(row):
                self._follow(row.link_state or "", row.rule, row.link_case, row.sent_at)
                continue
            if self._carried is None and row.rule is None and row.root_id not in self._again:
                continue  # on no case before and after
            decision = self._decide(row)
            self._follow(decision.state.value, decision.rule, decision.case_number, row.sent_at)
            if decision.state is not LinkState.LINKED and not _is_by_thread(decision):
                self._has_drifted = self._carried is not None
            if not _stands(row, decision):
                yield _decided(row, decision, self._thread_id)

    def _is_past(self, row: Any) -> bool:
        return row.sent_at > self._last + self.reach and len(self._cases) < 2

    def _speaks_for_itself(self, row: Any) -> bool:
        if row.rule in OWN or row.sent_at < self._start:
            return True
        return row.kind != Kind.MESSAGE.value and row.rule not in (None, *FOLLOWING)

    def _follow(self, state: str, rule: str | None, number: str | None, sent_at: int) -> None:
        if state == LinkState.LINKED.value and number:
            self._carried = (number, sent_at)
            self._has_drifted, self._is_direct, self._unclear = False, True, 0
            return
        self._is_direct = False
        if rule == "several numbers":
            self._unclear = 1
        elif rule is None or rule == "nothing":
            self._has_drifted = self._carried is not None

    def _decide(self, row: Any) -> Decision:
        from connector.linking.subject import Earlier

        subject = self._subjects.get(row.id)
        if subject is None:
            subject = self._linker.read(communication_of(self._batch.policy, item_of(row)))
        if self._carried is None:
            return self._linker.decide(subject, self._register)
        number, said_at = self._carried
        earlier = Earlier(
            case_number=number,
            seconds_ago=(row.sent_at - said_at) / 1000,
            cases_in_thread=max(1, bisect_right(self._cases, row.sent_at)) + self._unclear,
            has_drifted=self._has_drifted,
            is_direct=self._is_direct,
        )
        return self._linker.decide(subject, self._register, earlier)


def _with_calls(batch: Batch, threads: Sequence[int]) -> set[int]:
    """Those of the threads in which a call was held."""
    found: set[int] = set()
    for some in chunks(threads):
        rows = batch.connection.execute(
            sa.select(chat_call.c.thread_id).where(chat_call.c.thread_id.in_(some))
        )
        found.update(row[0] for row in rows)
    return found


def _last_linked(batch: Batch, thread_id: int, start: int, reach: int, *, has_calls: bool) -> int:
    """When the thread was last on a case before `start`: what was said since then counts."""
    values = {"thread": thread_id, "since": start - reach, "before": start}
    last = [
        batch.connection.execute(query, values).scalar()
        for query in ((_LAST_LINKED, _LAST_LINKED_CALL) if has_calls else (_LAST_LINKED,))
    ]
    return max((int(sent_at) for sent_at in last if sent_at is not None), default=start)


def _is_by_thread(decision: Decision) -> bool:
    return any(each.rule == BY_THREAD for each in decision.evidence)


def _decided(row: Any, decision: Decision, chat_id: int) -> Decided:
    return Decided(
        root_id=row.root_id,
        thread_id=row.thread_id,
        kind=Kind(row.kind),
        sent_at=row.sent_at,
        decision=decision,
        chat_id=None if row.kind == Kind.MESSAGE.value else chat_id,
    )


def _stands(row: Any, decision: Decision) -> bool:
    """The message is decided so already."""
    if decision.state is LinkState.UNLINKED:
        return row.rule is None
    is_same = row.link_state == decision.state.value and row.rule == decision.rule
    return is_same and (row.link_case or "") == decision.case_number


PAGE = 200  # most threads end there; a longer one is read on
_root = item.alias("root")  # what is decided about a message, all versions of it
_LAST_LINKED = sa.select(sa.func.max(item.c.sent_at)).where(
    item.c.thread_id == sa.bindparam("thread"),
    item.c.kind == Kind.MESSAGE.value,
    item.c.id == item.c.root_id,
    item.c.state == LinkState.LINKED.value,
    item.c.sent_at >= sa.bindparam("since"),
    item.c.sent_at < sa.bindparam("before"),
)
# Built once: a thread is walked through for every message that names a case.
_MESSAGES_AND_LINKS = (
    select_items()
    .add_columns(
        _root.c.state.label("root_state"),
        link.c.rule,
        link.c.state.label("link_state"),
        link.c.case_number.label("link_case"),
    )
    .join(_root, _root.c.id == item.c.root_id)
    .outerjoin(link, sa.and_(link.c.item_id == item.c.root_id, link.c.superseded_at.is_(None)))
)
_MESSAGES = (
    _MESSAGES_AND_LINKS.where(
        item.c.thread_id == sa.bindparam("thread"),
        item.c.kind == Kind.MESSAGE.value,
        item.c.is_current,
        item.c.sent_at >= sa.bindparam("since"),
        sa.or_(item.c.sent_at > sa.bindparam("since"), item.c.id > sa.bindparam("after")),
    )
    .order_by(item.c.sent_at, item.c.id)
    .limit(PAGE)
)


_CALLS_HERE = sa.select(chat_call.c.call_id).where(chat_call.c.thread_id == sa.bindparam("thread"))
_CALLS = _MESSAGES_AND_LINKS.where(
    item.c.is_current,
    item.c.kind.in_((Kind.CALL.value, Kind.MISSED_CALL.value)),
    versions_of(sa.bindparam("calls", expanding=True)),
    item.c.sent_at >= sa.bindparam("since"),
)
_LAST_LINKED_CALL = sa.select(sa.func.max(item.c.sent_at)).where(
    item.c.id.in_(_CALLS_HERE),
    item.c.state == LinkState.LINKED.value,
    item.c.sent_at >= sa.bindparam("since"),
    item.c.sent_at < sa.bindparam("before"),
)


def _in_order(batch: Batch, thread_id: int, since: int, *, has_calls: bool) -> Iterable[Any]:
    """The messages of a chat and the calls in it, in order of time."""
    if not has_calls:
        return _messages(batch, thread_id, since)
    # Asked for by themselves: to ask for their versions at once is a look at every item there is.
    ids = batch.connection.execute(_CALLS_HERE, {"thread": thread_id}).scalars().all()
    calls = [
        row
        for some in chunks(ids)
        for row in batch.connection.execute(_CALLS, {"calls": some, "since": since})
    ]
    return heapq.merge(
        _messages(batch, thread_id, since), sorted(calls, key=_in_time), key=_in_time
    )


def _in_time(row: Any) -> tuple[int, int]:
    return row.sent_at, row.id


def _messages(batch: Batch, thread_id: int, since: int) -> Iterator[Any]:
    """The messages of a thread from `since` in order of time, a page at a time."""
    after = 0
    while True:
        rows = batch.connection.execute(
            _MESSAGES, {"thread": thread_id, "since": since, "after": after}
        ).all()
        yield from rows
        if len(rows) < PAGE:
            return
        since, after = rows[-1].sent_at, rows[-1].id
