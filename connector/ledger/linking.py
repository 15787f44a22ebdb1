"""Decides which case items belong to, and lets people have the last word.

The deciding itself is pure and stands in connector/linking; here is what it needs from the ledger:
which of the numbers are cases, whose telephone it is, what a person said before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks, known, select_items
from connector.ledger.entries import Owed, owe
from connector.ledger.links import BY_PERSON, Decided, apply
from connector.ledger.register import cases_by_number, cases_by_phone
from connector.ledger.tables import item, link, mention, ms, phone
from connector.ledger.threads import FOREVER, dirty, settle_threads
from connector.linking import Subject, decide, numbers_to_verify
from connector.model import Case, Decision, Evidence, Kind, LinkState

JOURNALED = frozenset({Kind.MESSAGE, Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL})


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
    counts.update(settle_threads(batch, dirty(batch, wanted, decided), actor))
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
        names_something = numbers_to_verify(subject) or subject.phones
        if each.root_id != each.id and not names_something and not each.is_known:
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
