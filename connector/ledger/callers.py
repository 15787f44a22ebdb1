"""Calls and voicemails with one telephone number within some hours: what one says of the others.

A voicemail and the call back to it arrive from different sources in any order; so whichever comes
last has the other looked at again, and the outcome does not depend on the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.identity import same_phone
from connector.ledger.batch import (
    Batch,
    New,
    chunks,
    item_of,
    known,
    select_items,
    versions_of,
)
from connector.ledger.communications import communication_of, with_files
from connector.ledger.links import HELD, Decided, apply
from connector.ledger.register import MASK, LedgerCases
from connector.ledger.tables import item, link, ms, phone
from connector.linking.communication import Shape
from connector.linking.keys import HIDDEN_DIGITS
from connector.model import Kind, LinkState

if TYPE_CHECKING:
    from connector.linking.subject import Recent, Subject

_PHONE = (Kind.CALL.value, Kind.MISSED_CALL.value, Kind.VOICEMAIL.value)


def contacts_of(subject: Subject) -> Iterable[str]:
    """What the table `phone` keeps of it: whole numbers also as they look when masked."""
    yield from subject.phones
    yield from _masked_contacts(subject)
    yield from subject.mails


def recent_calls(
    batch: Batch, subjects: Sequence[tuple[New, Subject]]
) -> dict[int, tuple[Recent, ...]]:
    """By root: what was linked of calls with the same number, hours before and after."""
    calls = [(each, subject) for each, subject in subjects if subject.is_phone]
    wanted = {contact for _, subject in calls for contact in _masked_contacts(subject)}
    if not wanted:
        return {}
    by_contact: dict[str, list[_Linked]] = {}
    for linked in _linked_calls(batch, sorted(wanted), _span(batch, calls)):
        for contact in linked.contacts:
            by_contact.setdefault(contact, []).append(linked)
    if not by_contact:
        return {}
    found = {}
    for each, subject in calls:
        near = {o.root_id: o for c in _masked_contacts(subject) for o in by_contact.get(c, ())}
        if near:
            found[each.root_id] = tuple(_recent(batch, each, subject, near.values()))
    return found


class _Linked(NamedTuple):
    root_id: int
    sent_at: int
    recent: Recent
    numbers: tuple[str, ...]
    contacts: tuple[str, ...]


def _masked_contacts(subject: Subject) -> Iterable[str]:
    """Of the contacts that the table keeps, the numbers as they look when masked."""
    yield from (number[:-HIDDEN_DIGITS] + MASK for number in subject.phones)
    yield from (prefix + MASK for prefix in subject.masked)


def _span(batch: Batch, calls: Sequence[tuple[New, Subject]]) -> tuple[int, int]:
    reach = int(batch.policy.linker().rules.call_back_s * 1000)
    times = [ms(subject.started) for _, subject in calls]
    return min(times) - reach, max(times) + reach


def _linked_calls(batch: Batch, contacts: Sequence[str], span: tuple[int, int]) -> list[_Linked]:
    rows = batch.connection.execute(
        select_items()
        .join(phone, phone.c.item_id == item.c.id)
        .where(
            batch.ledger.one_of(phone.c.number, contacts),
            item.c.kind.in_(_PHONE),
            item.c.sent_at.between(*span),
            item.c.state == LinkState.LINKED.value,
        )
    )
    return list({row.id: _linked(batch, row) for row in rows}.values())


def _linked(batch: Batch, row: Any) -> _Linked:
    from connector.linking.subject import Recent

    its = communication_of(batch.policy, item_of(row))
    subject = batch.policy.linker().read(its)
    return _Linked(
        root_id=row.id,
        sent_at=row.sent_at,
        recent=Recent(
            case_number=row.case_number,
            kind=Shape(row.kind),
            seconds_ago=0.0,
            workers=subject.workers,
        ),
        numbers=_numbers(subject),
        contacts=tuple(_masked_contacts(subject)),
    )


def _numbers(subject: Subject) -> tuple[str, ...]:
    return (*subject.phones, *(prefix + MASK for prefix in subject.masked))


def _recent(
    batch: Batch, each: New, subject: Subject, others: Iterable[_Linked]
) -> Iterable[Recent]:
    mine = _numbers(subject)
    reach_s = batch.policy.linker().rules.call_back_s
    for other in others:
        ago = (ms(subject.started) - other.sent_at) / 1000
        if other.root_id == each.root_id or abs(ago) > reach_s:
            continue
        if any(same_phone(a, b) is not False for a in mine for b in other.numbers):
            yield msgspec.structs.replace(other.recent, seconds_ago=ago)


def settle_calls(batch: Batch, decided: Sequence[Decided], actor: str) -> Counter[LinkState]:
    """Decide again about calls near those whose link may have changed. One round is enough:

    only what is linked by evidence of its own bears on others for sure.
    """
    changed = {
        each.root_id: each
        for each in decided
        # A call that came just now and is on no case says nothing about the others.
        if each.kind.value in _PHONE and (each.is_again or each.decision.state is LinkState.LINKED)
    }
    if not changed:
        return Counter()
    from connector.linking.asking import first_keys

    linker = batch.policy.linker()
    subjects = [
        (each, linker.read(communication_of(batch.policy, each.item)))
        for each in _neighbours(batch, changed)
    ]
    recent = recent_calls(batch, subjects)
    cases = LedgerCases(batch.connection)
    cases.find({key for _, subject in subjects for key in first_keys(subject)})  # all at once
    again = [
        Decided(
            root_id=each.root_id,
            thread_id=each.thread_id,
            kind=each.item.kind,
            sent_at=ms(each.item.sent_at),
            decision=linker.decide(subject, cases, None, recent.get(each.root_id, ())),
            is_again=True,
        )
        for each, subject in subjects
    ]
    return apply(batch, again, actor)


def _neighbours(batch: Batch, changed: dict[int, Decided]) -> list[New]:
    """Calls with the same number close in time; not those that a person decided about."""
    reach = int(batch.policy.linker().rules.call_back_s * 1000)
    times = [each.sent_at for each in changed.values()]
    first, last = min(times) - reach, max(times) + reach
    found: list[Any] = []
    for some in chunks(_roots_near(batch, changed, first - reach, last + reach)):
        query = select_items().outerjoin(
            link, sa.and_(link.c.item_id == item.c.root_id, link.c.superseded_at.is_(None))
        )
        query = query.where(
            item.c.is_current,
            versions_of(some),
            item.c.sent_at.between(first, last),
            item.c.state != LinkState.EXCLUDED.value,
            sa.or_(link.c.rule.is_(None), link.c.rule.not_in(HELD)),
        )
        found += batch.connection.execute(query)
    found.sort(key=lambda row: (row.sent_at, row.id))
    return with_files(batch, [known(row) for row in found])


def _roots_near(batch: Batch, changed: Collection[int], first: int, last: int) -> list[int]:
    """First versions of other calls with a number of these; a later version tells another time.

    Asked for by themselves: to ask for their versions at once is a look at every item there is.
    """
    numbers: set[str] = set()
    for some in chunks(sorted(changed)):
        query = sa.select(phone.c.number).where(
            phone.c.item_id.in_(some), phone.c.number.like("%" + MASK)
        )
        numbers.update(batch.connection.execute(query).scalars())
    roots: set[int] = set()
    for some_numbers in chunks(sorted(numbers)):
        near = (
            sa.select(item.c.id)
            .join(phone, phone.c.item_id == item.c.id)
            .where(
                phone.c.number.in_(some_numbers),
                item.c.kind.in_(_PHONE),
                item.c.sent_at.between(first, last),
            )
        )
        roots.update(batch.connection.execute(near).scalars())
    return sorted(roots - set(changed))
