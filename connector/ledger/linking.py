"""Decides which case items belong to, keeps the decisions with their evidence, and undoes them.

The deciding itself is pure and stands in connector/linking; here is what it needs from the ledger
(which of the numbers are cases, what the thread was about) and what follows from it (links, what is
owed, the record of who decided what).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks, known, select_items
from connector.ledger.entries import Owed, owe
from connector.ledger.events import event_row, record
from connector.ledger.register import case_numbered, cases_by_number, cases_by_phone
from connector.ledger.tables import PRUNED_TO, item, link, mention, meta, ms, phone, thread_case
from connector.linking import Carried, Subject, decide, numbers_to_verify
from connector.model import Case, Decision, Evidence, Kind, LinkState

JOURNALED = frozenset({Kind.MESSAGE, Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL})
BY_PERSON = "person"
BY_THREAD = "thread"
_encode = msgspec.json.encode


Span = tuple[int, int]
FOREVER = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision and the item it is about."""

    root_id: int
    thread_id: int
    kind: Kind
    sent_at: int
    decision: Decision
    is_again: bool = False  # it was decided before: it may leave a case that others followed


def decide_batch(batch: Batch, new: Sequence[New], actor: str = "casethread") -> Counter[LinkState]:
    """Decide about every current version, then let the threads carry their case on."""
    wanted = [
        each
        for each in new
        if each.is_current and each.item.kind in JOURNALED and not each.is_excluded
    ]
    decided = _by_evidence(batch, wanted)
    _owe_versions(batch, wanted)
    counts = apply(batch, decided, actor)
    counts.update(settle_threads(batch, _dirty(batch, wanted, decided), actor))
    return counts


def _owe_versions(batch: Batch, wanted: Sequence[New]) -> None:
    """An edit or deletion of something journaled makes the next version of its entry."""
    later = {each.root_id: each for each in wanted if each.root_id != each.id and not each.is_known}
    owed: list[Owed] = []
    for some in chunks(sorted(later)):
        rows = batch.connection.execute(
            sa.select(item.c.id, item.c.thread_id, item.c.sent_at, item.c.case_number).where(
                item.c.id.in_(some), item.c.case_number.is_not(None)
            )
        )
        owed += [
            Owed(
                kind=later[row.id].item.kind,
                thread_id=row.thread_id,
                root_id=row.id,
                case_number=row.case_number,
                sent_at=row.sent_at,
                changed_at=ms(later[row.id].item.modified_at),
            )
            for row in rows
        ]
    owe(batch, owed)


def _by_evidence(batch: Batch, wanted: Sequence[New]) -> list[Decided]:
    """Decisions by what stands in the item itself: numbers and telephone numbers."""
    subjects = [(each, subject_of(batch, each)) for each in wanted]
    subjects = [(each, subject) for each, subject in subjects if subject is not None]
    fresh = [each for each, _ in subjects]
    _keep_mentions(batch, [(each, subject) for each, subject in subjects if subject is not None])
    numbers = {name for _, subject in subjects if subject for name in numbers_to_verify(subject)}
    phones = {number for _, subject in subjects if subject for number in subject.phones}
    cases = cases_by_number(batch.connection, numbers)
    by_phone = cases_by_phone(batch.connection, phones) if batch.policy.links_by_phone else {}
    held = _held_by_person(
        batch, [each for each in fresh if each.is_known or each.root_id != each.id]
    )
    decided = []
    for each, subject in subjects:
        if subject is None or each.root_id in held:
            continue
        if each.root_id != each.id and not numbers_to_verify(subject) and not each.is_known:
            continue  # an edit or deletion that names nothing leaves the link as it was
        decision = decide(subject, cases, by_phone, None)
        decided.append(_decided(each, decision))
    return decided


def _decided(each: New, decision: Decision) -> Decided:
    return Decided(
        root_id=each.root_id,
        thread_id=each.thread_id,
        kind=each.item.kind,
        sent_at=ms(each.item.sent_at),
        decision=decision,
        is_again=each.is_known or each.root_id != each.id,
    )


def subject_of(batch: Batch, each: New) -> Subject | None:
    """What there is to decide by; None when the item names nothing and nobody from outside."""
    find = batch.policy.scanner.find
    its = each.item
    own = find(its.text) if its.text else ()
    subject = find(its.subject) if its.subject else ()
    quoted = find(its.quoted) if its.quoted else ()
    phones: tuple[str, ...] = ()
    if its.kind is not Kind.MESSAGE:
        phones = tuple(sorted({p.phone for p in its.parties if is_complete_phone(p.phone)}))
    if not (own or subject or quoted or phones or each.is_known):
        return None
    upns = batch.policy.upns
    own_staff = (its.sender, *its.mentions, *(party.person for party in its.parties))
    return Subject(
        kind=its.kind,
        own=own,
        subject=subject,
        quoted=quoted,
        phones=phones,
        caseworkers=tuple(dict.fromkeys(upns[who] for who in own_staff if who in upns)),
    )


def is_complete_phone(number: str) -> bool:
    """An E.164 number without masked digits."""
    return number.startswith("+") and number[1:].isdigit()


def _keep_mentions(batch: Batch, subjects: Sequence[tuple[New, Subject]]) -> None:
    """Remember every number, so that a case that appears later finds its items."""
    mentions = {
        (name, each.root_id) for each, subject in subjects for name in numbers_to_verify(subject)
    }
    phones = {(number, each.root_id) for each, subject in subjects for number in subject.phones}
    for table, rows in ((mention, mentions), (phone, phones)):
        if rows:
            batch.connection.execute(
                batch.ledger.insert(table).on_conflict_do_nothing(),
                [{"number": number, "item_id": root} for number, root in sorted(rows)],
            )


def _held_by_person(batch: Batch, wanted: Sequence[New]) -> set[int]:
    """Roots that a person decided about: no rule changes that."""
    held: set[int] = set()
    for some in chunks([each.root_id for each in wanted]):
        rows = batch.connection.execute(
            sa.select(link.c.item_id).where(
                link.c.item_id.in_(some),
                link.c.superseded_at.is_(None),
                link.c.rule == BY_PERSON,
            )
        )
        held.update(row[0] for row in rows)
    return held


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
    _count_thread_cases(batch, changed, current)
    _reopen_quarantine(batch, changed, current)
    owe(batch, _owed(changed, current))
    record(batch.connection, [_event(batch, each, actor) for each in changed])
    return Counter(each.decision.state for each in changed)


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
    """Keep count of the cases each chat was linked to by evidence of its own, and since when."""
    joined: dict[tuple[int, str], list[int]] = defaultdict(list)
    left: Counter[tuple[int, str]] = Counter()
    for each in changed:
        if each.kind is not Kind.MESSAGE:
            continue
        old = current.get(each.root_id)
        if old is not None and old.state == LinkState.LINKED.value and old.rule != BY_THREAD:
            left[each.thread_id, old.case_number] += 1
        if each.decision.state is LinkState.LINKED and each.decision.rule != BY_THREAD:
            joined[each.thread_id, each.decision.case_number].append(each.sent_at)
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


def _dirty(batch: Batch, wanted: Sequence[New], decided: Sequence[Decided]) -> dict[int, Span]:
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
    """Let the messages of these threads follow the message that named the case before them.

    A span is the first and the last time at which something changed in the thread.
    """
    cases = _cases_since(batch, sorted(spans))
    decided: list[Decided] = []
    for number, span in spans.items():
        decided += _walk(batch, number, span, cases.get(number, []))
    return apply(batch, decided, actor)


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


def _walk(batch: Batch, thread_id: int, span: Span, cases: Sequence[int]) -> list[Decided]:
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
        decision = _carried_on(batch, carried, row.sent_at, bisect_right(cases, row.sent_at))
        if decision.state is LinkState.LINKED:
            carried = (decision.case_number, row.sent_at)
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


NOTHING = Subject(kind=Kind.MESSAGE)


def _carried_on(
    batch: Batch, carried: tuple[str, int] | None, sent_at: int, cases: int
) -> Decision:
    if carried is None:
        return decide(NOTHING, {}, {}, None)
    number, said_at = carried
    case = case_numbered(batch.connection, number)
    ago = (sent_at - said_at) / 1000
    earlier = Carried(case_number=number, seconds_ago=ago, cases_in_thread=cases)
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


def look_again(batch: Batch, roots: Sequence[int], actor: str = "casethread") -> Counter[LinkState]:
    """Decide again about kept items: a case appeared, or a rule changed. People's links stay."""
    counts: Counter[LinkState] = Counter()
    for some in chunks(sorted(set(roots))):
        rows = batch.connection.execute(
            select_items().where(
                item.c.is_current,
                sa.or_(item.c.id.in_(some), item.c.root_id.in_(some)),
                item.c.state != LinkState.EXCLUDED.value,
            )
        ).all()
        counts.update(decide_batch(batch, [known(row) for row in rows], actor))
    return counts


def items_naming(batch: Batch, numbers: Iterable[str], phones: Iterable[str]) -> list[int]:
    """Roots that name one of these numbers or were with one of these telephones."""
    roots: set[int] = set()
    for table, values in ((mention, numbers), (phone, phones)):
        for some in chunks(sorted(set(values))):
            rows = batch.connection.execute(
                sa.select(table.c.item_id).where(table.c.number.in_(some))
            )
            roots.update(row[0] for row in rows)
    return sorted(roots)


def decide_by_person(
    batch: Batch, root_id: int, *, state: LinkState, case: Case | None, actor: str, reason: str
) -> None:
    """A person's word: it stands until a person changes it. The thread learns from it.

    Raises KeyError when there is no such item.
    """
    row = batch.connection.execute(select_items().where(item.c.id == root_id)).one_or_none()
    if row is None:
        raise KeyError(root_id)
    number = case.number if case is not None else ""
    decision = Decision(
        state=state,
        case_number=number,
        rule=BY_PERSON,
        confidence=1.0,
        reason=reason,
        evidence=(Evidence(rule=BY_PERSON, case_number=number, where="person", note=actor),),
    )
    decided = Decided(
        root_id=row.root_id,
        thread_id=row.thread_id,
        kind=Kind(row.kind),
        sent_at=row.sent_at,
        decision=decision,
    )
    apply(batch, [decided], actor)
    if decided.kind is Kind.MESSAGE:
        settle_threads(batch, {row.thread_id: (row.sent_at, FOREVER)}, actor)
