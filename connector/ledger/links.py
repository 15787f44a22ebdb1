"""Keeps decisions as links with their evidence, supersedes the old ones, and owes what follows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks
from connector.ledger.entries import Owed, owe
from connector.ledger.events import event_row, record
from connector.ledger.participants import keep_suggestions
from connector.ledger.tables import PRUNED_TO, item, link, meta, thread_case
from connector.model import Decision, Kind, LinkState

BY_PERSON = "person"
BY_THREAD = "thread"
BY_PRIVATE = "private"  # the chat is private, as one of its members or a command said
BY_NOTE = "note"  # a note follows what it is about
HELD = (BY_PERSON, BY_PRIVATE)  # no rule changes these
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision and the item it is about."""

    root_id: int
    thread_id: int
    kind: Kind
    sent_at: int
    decision: Decision
    chat_id: int | None = None  # of a call: the chat that it happened in
    is_again: bool = False  # it was decided before: it may leave a case that others followed


def apply(batch: Batch, decided: Sequence[Decided], actor: str) -> Counter[LinkState]:
    """Keep the decisions that change something, and owe what follows from them."""
    newest = {each.root_id: each for each in decided}
    current = _current_links(batch, list(newest))
    changed = [each for each in newest.values() if _changes(each, current.get(each.root_id))]
    if not changed:
        return Counter()
    superseded = [current[each.root_id].id for each in changed if each.root_id in current]
    for some in chunks(superseded):
        batch.connection.execute(
            sa.update(link).where(link.c.id.in_(some)).values(superseded_at=batch.now)
        )
    batch.connection.execute(sa.insert(link), [_link_row(batch, each, actor) for each in changed])
    batch.connection.execute(
        sa.update(item)
        .where(item.c.id == sa.bindparam("root"))
        .values(state=sa.bindparam("new_state"), case_number=sa.bindparam("new_case")),
        [
            {
                "root": each.root_id,
                "new_state": each.decision.state.value,
                "new_case": _case(each.decision),
            }
            for each in changed
        ],
    )
    _keep_suggestions(batch, changed, current)
    _count_thread_cases(batch, changed, current)
    _reopen_quarantine(batch, changed, current)
    owe(batch, _owed(changed, current))
    record(batch.connection, [_event(batch, each, actor) for each in changed])
    notes = _following_notes(batch, changed, current)
    if notes:
        apply(batch, notes, actor)
    return Counter(each.decision.state for each in changed)


def _following_notes(
    batch: Batch, changed: Sequence[Decided], current: Mapping[int, Any]
) -> list[Decided]:
    """The notes about what left its case, or came back to one: they go where it goes.

    Only what was decided before can have a note, and a note whose words were erased stays away.
    """
    moved = {
        each.root_id: each.decision
        for each in changed
        if each.root_id in current
        and (current[each.root_id].state, current[each.root_id].case_number)
        != (each.decision.state.value, each.decision.case_number or None)
    }
    found: list[Decided] = []
    for some in chunks(sorted(moved)):
        rows = batch.connection.execute(
            sa.select(item.c.id, item.c.thread_id, item.c.sent_at, item.c.call_id).where(
                item.c.call_id.in_(some),
                item.c.kind == Kind.NOTE.value,
                item.c.id == item.c.root_id,
                item.c.raw.is_not(None),
            )
        )
        found += [
            Decided(
                root_id=row.id,
                thread_id=row.thread_id,
                kind=Kind.NOTE,
                sent_at=row.sent_at,
                decision=_followed(moved[row.call_id]),
                is_again=True,
            )
            for row in rows
        ]
    return found


def _followed(decision: Decision) -> Decision:
    """What is decided of a note when this is decided of what it is about.

    It never waits: a person decides about the call, and the note comes along.
    """
    is_kept = decision.state in (LinkState.LINKED, LinkState.EXCLUDED)
    return Decision(
        state=decision.state if is_kept else LinkState.UNLINKED,
        case_number=_case(decision) or "",
        rule=BY_NOTE,
        confidence=1.0,
        reason=decision.reason,
    )


def _keep_suggestions(batch: Batch, changed: Sequence[Decided], current: Mapping[int, Any]) -> None:
    waiting = LinkState.WAITING
    keep_suggestions(
        batch,
        (
            (each.root_id, each.decision)
            for each in changed
            if each.decision.state is waiting
            or (each.root_id in current and current[each.root_id].state == waiting.value)
        ),
    )


def _case(decision: Decision) -> str | None:
    return decision.case_number if decision.state is LinkState.LINKED else None


def _current_links(batch: Batch, roots: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in chunks(roots):
        rows = batch.connection.execute(
            sa.select(link).where(link.c.item_id.in_(some), link.c.superseded_at.is_(None))
        )
        found.update({row.item_id: row for row in rows})
    return found


def _changes(each: Decided, old: Any) -> bool:
    decision = each.decision
    if old is None:
        return decision.state is not LinkState.UNLINKED
    return bool(
        old.state != decision.state.value
        or old.case_number != (decision.case_number or None)
        or old.rule != decision.rule
    )


def _link_row(batch: Batch, each: Decided, actor: str) -> dict[str, Any]:
    decision = each.decision
    return {
        "item_id": each.root_id,
        "state": decision.state.value,
        "case_number": decision.case_number or None,
        "rule": decision.rule,
        "confidence": round(decision.confidence * 100),
        "reason": decision.reason,
        "evidence": _encode(decision.evidence).decode(),
        "actor": actor,
        "at": batch.now,
    }


def _event(batch: Batch, each: Decided, actor: str) -> dict[str, Any]:
    decision = each.decision
    return event_row(
        batch.now,
        actor,
        decision.state.value,
        f"item {each.root_id}",
        case=decision.case_number,
        rule=decision.rule,
    )


def _count_thread_cases(
    batch: Batch, changed: Sequence[Decided], current: Mapping[int, Any]
) -> None:
    """Keep count of the cases each chat, with the calls in it, was linked to by evidence of its
    own, and since when.
    """
    joined: dict[tuple[int, str], list[int]] = defaultdict(list)
    left: Counter[tuple[int, str]] = Counter()
    for each in changed:
        chat = each.thread_id if each.kind is Kind.MESSAGE else each.chat_id
        if chat is None:
            continue
        old = current.get(each.root_id)
        if old is not None and old.state == LinkState.LINKED.value and old.rule != BY_THREAD:
            left[chat, old.case_number] += 1
        if each.decision.state is LinkState.LINKED and each.decision.rule != BY_THREAD:
            joined[chat, each.decision.case_number].append(each.sent_at)
    if joined:
        insert = batch.ledger.insert(thread_case)
        new = insert.excluded
        is_earlier = sa.and_(thread_case.c.links > 0, thread_case.c.first_at < new.first_at)
        insert = insert.on_conflict_do_update(
            index_elements=["thread_id", "case_number"],
            set_={
                "links": thread_case.c.links + new.links,
                "first_at": sa.case((is_earlier, thread_case.c.first_at), else_=new.first_at),
            },
        )
        rows = [
            {"thread_id": number, "case_number": case, "links": len(sent), "first_at": min(sent)}
            for (number, case), sent in joined.items()
        ]
        batch.connection.execute(insert, rows)
    for (number, case), count in left.items():
        _leave_thread_case(batch, number, case, count)


def _leave_thread_case(batch: Batch, thread_id: int, case_number: str, count: int) -> None:
    """Messages of a thread left a case: rare, and the first of the rest has to be looked up."""
    first = (
        sa.select(sa.func.min(item.c.sent_at))
        .join(link, sa.and_(link.c.item_id == item.c.id, link.c.superseded_at.is_(None)))
        .where(
            item.c.thread_id == thread_id,
            item.c.case_number == case_number,
            item.c.state == LinkState.LINKED.value,
            link.c.rule != BY_THREAD,
        )
    )
    batch.connection.execute(
        sa.update(thread_case)
        .where(thread_case.c.thread_id == thread_id, thread_case.c.case_number == case_number)
        .values(
            links=thread_case.c.links - count,
            first_at=sa.func.coalesce(first.scalar_subquery(), thread_case.c.first_at),
        )
    )


def _reopen_quarantine(
    batch: Batch, changed: Sequence[Decided], current: Mapping[int, Any]
) -> None:
    """What leaves its case may have to be erased: pruning must look at it again."""
    left = [
        each
        for each in changed
        if each.root_id in current
        and current[each.root_id].state == LinkState.LINKED.value
        and each.decision.state is not LinkState.LINKED
    ]
    if left:
        batch.connection.execute(sa.delete(meta).where(meta.c.name == PRUNED_TO))


def _owed(changed: Sequence[Decided], current: Mapping[int, Any]) -> list[Owed]:
    """The entries that a change touches: the one it joins and the one it leaves."""
    owed = []
    for each in changed:
        cases = set()
        if each.decision.state is LinkState.LINKED:
            cases.add(each.decision.case_number)
        old = current.get(each.root_id)
        reason = ""
        if old is not None and old.state == LinkState.LINKED.value and old.case_number:
            cases.add(old.case_number)
            reason = each.decision.reason
        owed += [
            Owed(
                kind=each.kind,
                thread_id=each.thread_id,
                root_id=each.root_id,
                case_number=case,
                sent_at=each.sent_at,
                reason=reason,
            )
            for case in sorted(cases)
        ]
    return owed
