"""Lets the messages of a thread follow the message that named the case before them.

The outcome depends on what was said when, never on the order or the batches in which it arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks
from connector.ledger.links import BY_PERSON, BY_THREAD, Decided, apply
from connector.ledger.register import case_numbered
from connector.ledger.tables import item, link, mention, ms, thread_case
from connector.linking import Carried, Subject, decide
from connector.model import Case, Decision, Kind, LinkState

Span = tuple[int, int]  # first and last time at which something changed
FOREVER = 1 << 62


def dirty(batch: Batch, wanted: Sequence[New], decided: Sequence[Decided]) -> dict[int, Span]:
    """Threads to walk through again, each with the span of time in which something changed.

    Where something was decided, the thread's case may have changed; what arrived in a thread that
    has a case may follow it.
    """
    spans: dict[int, Span] = {}
    for each in decided:
        if each.kind is Kind.MESSAGE:
            _widen(spans, each.thread_id, each.sent_at)
            if each.is_again:
                _widen(spans, each.thread_id, FOREVER)
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


def _widen(spans: dict[int, Span], thread_id: int, sent_at: int) -> None:
    first, last = spans.get(thread_id, (sent_at, sent_at))
    spans[thread_id] = (min(first, sent_at), max(last, sent_at))


def settle_threads(batch: Batch, spans: Mapping[int, Span], actor: str) -> Counter[LinkState]:
    """Let the messages of these threads follow the message that named the case before them."""
    cases = _cases_since(batch, sorted(spans))
    register = _Register(batch)
    decided: list[Decided] = []
    for number, span in spans.items():
        decided += _walk(batch, register, number, span, cases.get(number, []))
    return apply(batch, decided, actor)


class _Register:
    """The cases that threads carry on, each looked up once for a batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._cases: dict[str, Case | None] = {}
        self.quiet_s = batch.policy.thread_s

    def case(self, number: str) -> Case | None:
        if number not in self._cases:
            self._cases[number] = case_numbered(self._batch.connection, number)
        return self._cases[number]


def _cases_since(batch: Batch, threads: Sequence[int]) -> dict[int, list[int]]:
    """When each of these threads first dealt with each of its cases, in order of time."""
    found: dict[int, list[int]] = {}
    for some in chunks(threads):
        rows = batch.connection.execute(
            sa.select(thread_case.c.thread_id, thread_case.c.first_at)
            .where(thread_case.c.thread_id.in_(some), thread_case.c.links > 0)
            .order_by(thread_case.c.first_at)
        )
        for row in rows:
            found.setdefault(row.thread_id, []).append(row.first_at)
    return found


def _walk(
    batch: Batch, register: _Register, thread_id: int, span: Span, cases: Sequence[int]
) -> list[Decided]:
    """Decisions for the messages of one thread from the start of the span, in order of time.

    `cases` says when each case of the thread first came up. A message follows the thread while it
    has dealt with one; a second one matters for all that comes after, however late it arrives here.
    """
    start, last = span
    reach = batch.policy.thread_s * 1000
    carried: tuple[str, int] | None = None
    decided = []
    for row in _messages(batch, thread_id, start - reach):
        is_linked = row.state == LinkState.LINKED.value
        if is_linked and (row.rule != BY_THREAD or row.sent_at < start):
            carried = (row.case_number, row.sent_at)
            continue
        if carried is not None and row.sent_at - carried[1] > reach:
            carried = None
        if carried is None and row.sent_at > last + reach and len(cases) < 2:
            break
        if row.state == LinkState.EXCLUDED.value or row.has_number or row.rule == BY_PERSON:
            continue  # it speaks for itself
        if carried is None and row.rule is None:
            continue  # on no case before and after
        if row.sent_at < start:
            continue  # settled before
        decision = _carried_on(register, carried, row.sent_at, bisect_right(cases, row.sent_at))
        if decision.state is LinkState.LINKED:
            carried = (decision.case_number, row.sent_at)
        if _stands(row, decision):
            continue
        decided.append(
            Decided(
                root_id=row.id,
                thread_id=thread_id,
                kind=Kind.MESSAGE,
                sent_at=row.sent_at,
                decision=decision,
            )
        )
    return decided


def _stands(row: Any, decision: Decision) -> bool:
    """The message is decided so already."""
    if decision.state is LinkState.UNLINKED:
        return row.rule is None
    is_same = row.state == decision.state.value and row.rule == decision.rule
    return is_same and (row.case_number or "") == decision.case_number


NOTHING = Subject(kind=Kind.MESSAGE)


def _carried_on(
    register: _Register, carried: tuple[str, int] | None, sent_at: int, cases: int
) -> Decision:
    if carried is None:
        return decide(NOTHING, {}, {}, None)
    number, said_at = carried
    case = register.case(number)
    ago = (sent_at - said_at) / 1000
    quiet_s = register.quiet_s
    earlier = Carried(case_number=number, seconds_ago=ago, cases_in_thread=cases, quiet_s=quiet_s)
    return decide(NOTHING, {number: case} if case else {}, {}, earlier)


PAGE = 200  # most threads end there; a longer one is read on
# Built once: a thread is walked through for every message that names a case.
_MESSAGES = (
    sa.select(
        item.c.id,
        item.c.sent_at,
        item.c.state,
        item.c.case_number,
        link.c.rule,
        sa.exists().where(mention.c.item_id == item.c.id).label("has_number"),
    )
    .outerjoin(link, sa.and_(link.c.item_id == item.c.id, link.c.superseded_at.is_(None)))
    .where(
        item.c.thread_id == sa.bindparam("thread"),
        item.c.kind == Kind.MESSAGE.value,
        item.c.id == item.c.root_id,
        item.c.sent_at >= sa.bindparam("since"),
        sa.or_(item.c.sent_at > sa.bindparam("since"), item.c.id > sa.bindparam("after")),
    )
    .order_by(item.c.sent_at, item.c.id)
    .limit(PAGE)
)


def _messages(batch: Batch, thread_id: int, since: int) -> Iterable[Any]:
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
