"""Kept items in the words of the linker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks
from connector.ledger.policy import Policy
from connector.ledger.tables import attachment
from connector.linking.communication import Communication, Participant, Shape
from connector.model import Attachment, Item, Kind, Party

_SHAPES = {
    Kind.MESSAGE: Shape.CHAT,
    Kind.CALL: Shape.CALL,
    Kind.MISSED_CALL: Shape.MISSED_CALL,
    Kind.VOICEMAIL: Shape.VOICEMAIL,
}
# A chat of two is named after both: "19:<id>_<id>@unq.gbl.spaces".
_CHAT_OF_TWO = re.compile(r"19:([0-9a-f-]{36})_([0-9a-f-]{36})@unq\.gbl\.spaces")


def communication_of(policy: Policy, its: Item) -> Communication:
    """An item as the linker is given it. Raises KeyError for a kind that is not journaled."""
    shape = _SHAPES[its.kind]
    is_call = shape in (Shape.CALL, Shape.MISSED_CALL)
    return Communication(
        id=its.key,
        kind=shape,
        started=its.sent_at,
        direction=str(its.direction),
        participants=tuple(_participants(policy, its)),
        subject=its.subject,
        text="" if is_call else its.text,  # of a joined call: the names of those who took part
        quoted=its.quoted,
        files=tuple(each.name for each in its.attachments if each.role == "file" and each.name),
        thread_id=its.thread,
    )


def _participants(policy: Policy, its: Item) -> Iterator[Participant]:
    if its.kind is Kind.MESSAGE:
        yield from _sender(policy, its)
        both = _CHAT_OF_TWO.fullmatch(its.thread)
        others = dict.fromkeys((*its.mentions, *(both.groups() if both else ())))
        for who in others:
            if who != its.sender:
                yield from _staff(policy, who, "to")
        return
    for party in its.parties:
        yield from _party(policy, party)


def _sender(policy: Policy, its: Item) -> Iterator[Participant]:
    known = list(_staff(policy, its.sender, "from"))
    if known or not its.sender:
        yield from known
    elif "@" in its.sender:
        yield Participant(role="from", mail=its.sender, name=its.sender_name)


def _party(policy: Policy, party: Party) -> Iterator[Participant]:
    known = list(_staff(policy, party.person, party.role)) if party.person else []
    if known:
        yield from known
    else:
        yield Participant(role=party.role, mail=party.mail, phone=party.phone, name=party.name)


def _staff(policy: Policy, who: str, role: str) -> Iterator[Participant]:
    """One of us under every name the person has or had: a case may know any of them."""
    upn = policy.upns.get(who)
    names = policy.aliases.get(who, frozenset())
    for name in sorted(names | {upn.casefold()} if upn else names):
        yield Participant(role=role, upn=name)


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
