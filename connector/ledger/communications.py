"""Kept items in the words of the linker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from connector.identity import is_guest
from connector.ledger.batch import Batch, New, chunks
from connector.ledger.participants import both_of
from connector.ledger.policy import Policy, Staff
from connector.ledger.tables import attachment
from connector.linking.communication import Communication, Participant, Shape
from connector.model import Attachment, Item, Kind, Party

_SHAPES = {
    Kind.CALL: Shape.CALL,
    Kind.MISSED_CALL: Shape.MISSED_CALL,
    Kind.VOICEMAIL: Shape.VOICEMAIL,
}


def communication_of(policy: Policy, its: Item) -> Communication:
    """An item as the linker is given it. Raises KeyError for a kind that is not journaled."""
    staff = policy.staff()
    if its.kind is Kind.MESSAGE:
        shape, text, participants = Shape.CHAT, its.text, _of_message(staff, its)
    else:
        shape = _SHAPES[its.kind]
        # Of a joined call it is the names of those who took part.
        text = its.text if shape is Shape.VOICEMAIL else ""
        participants = [each for party in its.parties for each in _party(staff, party)]
    files = [each.name for each in its.attachments if each.role == "file" and each.name]
    return Communication(
        id=its.key,
        kind=shape,
        started=its.sent_at,
        direction=str(its.direction),  # of a call joined of several it is plain text
        participants=tuple(participants),
        subject=its.subject,
        text=text,
        quoted=its.quoted,
        files=tuple(files),
        thread_id=its.thread,
    )


def _of_message(staff: Staff, its: Item) -> list[Participant]:
    found = [*_sender(staff, its)]
    for who in dict.fromkeys((*its.mentions, *both_of(its.thread))):
        if who != its.sender:
            found += _of_us(staff, who, "to")
    return found


def _sender(staff: Staff, its: Item) -> Sequence[Participant]:
    known = _of_us(staff, its.sender, "from") if its.sender else ()
    if not known and "@" in its.sender:
        return (Participant(role="from", mail=its.sender, name=its.sender_name),)
    return known


def _party(staff: Staff, party: Party) -> Sequence[Participant]:
    known = _of_us(staff, party.person, party.role) if party.person else ()
    return known or (
        Participant(role=party.role, mail=party.mail, phone=party.phone, name=party.name),
    )


def _of_us(staff: Staff, who: str, role: str) -> tuple[Participant, ...]:
    """One of us under every name the person has or had: a case may know any of them.

    A guest is in the directory and none of us: a party from outside, with the addresses that it
    has. Nobody for an id that the directory does not have.
    """
    found = staff.participants.get((who, role))
    if found is None:
        upn = staff.upns.get(who)
        names = staff.aliases.get(who, frozenset())
        if not upn and not names:
            return ()  # not remembered: outsiders are as many as there are messages
        every = sorted(names | {upn.casefold()} if upn else names)
        unit = staff.departments.get(who, "")
        if staff.is_guest(who):
            found = _guest(every, role, staff.names.get(who, ""))
        else:
            found = tuple(Participant(role=role, upn=name, department=unit) for name in every)
        staff.participants[who, role] = found
    return found


def _guest(every: Sequence[str], role: str, name: str) -> tuple[Participant, ...]:
    """A guest by each mail address that the directory has; its own name for a guest is none."""
    upn = next(each for each in every if is_guest(each))
    mails = [each for each in every if "@" in each and not is_guest(each)]
    return tuple(Participant(role=role, upn=upn, mail=mail, name=name) for mail in mails or [""])


def with_files(batch: Batch, known: Sequence[New]) -> list[New]:
    """The same with the names of their attachments, which stand in another table."""
    names: dict[int, list[Attachment]] = {}
    for some in chunks([each.id for each in known]):
        rows = batch.connection.execute(
            sa.select(attachment.c.item_id, attachment.c.name, attachment.c.role)
            .where(attachment.c.item_id.in_(some))
            .order_by(attachment.c.item_id, attachment.c.position)
        )
        for row in rows:
            names.setdefault(row.item_id, []).append(Attachment(name=row.name, role=row.role))
    return [_with(each, names.get(each.id, ())) for each in known]


def _with(each: New, files: Iterable[Attachment]) -> New:
    if files:
        each.item = msgspec.structs.replace(each.item, attachments=tuple(files))
    return each
