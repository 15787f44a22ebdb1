"""A call's course as people tell it: who talked, who passed it on, who called back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.identity import normalise_phone, same_phone
from connector.ledger.batch import detail_of
from connector.ledger.tables import at
from connector.ledger.timeline_values import Missing, Returned, Stretch
from connector.model import Call, Direction, Kind, Leg, Party

MISSED, VOICEMAIL = Kind.MISSED_CALL.value, Kind.VOICEMAIL.value
Naming = Callable[[Party], Party]


def whole_number(phone: str) -> str:
    """The number in E.164, for somebody to call; "" for a masked, withheld or internal one."""
    return normalise_phone(phone).e164 if phone else ""


def is_masked(phone: str) -> bool:
    """Whether the source hid digits of the number."""
    return bool(phone) and normalise_phone(phone).is_masked


def stretches(call: Call, named: Naming) -> tuple[Stretch, ...]:
    """The legs in order of time. Who answers after another of us did was passed the call."""
    caller = call.caller.person or call.caller.phone
    talked: list[str] = []
    found = []
    for leg in call.legs:
        who = leg.who.person or leg.who.phone
        is_ours = leg.role == "user" and bool(leg.who.person) and who != caller
        is_transfer = leg.is_answered and is_ours and bool(talked) and who not in talked
        found.append(_stretch(leg, named, is_transfer=is_transfer))
        if leg.is_answered and is_ours:
            talked.append(who)
    return tuple(found)


def _stretch(leg: Leg, named: Naming, *, is_transfer: bool) -> Stretch:
    return Stretch(
        role=leg.role,
        started_at=leg.started_at,
        length_s=max(0, int((leg.ended_at - leg.started_at).total_seconds())),
        who=named(leg.who),
        is_answered=leg.is_answered,
        is_transfer=is_transfer,
        failure=leg.failure,
    )


def missing_of_call(call: Call, sources: Sequence[str]) -> tuple[Missing, ...]:
    """What is known not to be known of a call."""
    found = []
    if call.is_answered is None:
        found.append(Missing(what="answer"))
    elif call.is_answered and call.duration_s == 0:
        found.append(Missing(what="length"))
    if any(is_masked(party.phone) for party in call.parties):
        found.append(Missing(what="masked"))
    if len(set(sources)) == 1:
        found.append(Missing(what="one_source", name=sources[0]))
    return tuple(found)


class Talked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of each call of a case to find who was called back."""

    root: int
    kind: str
    at: datetime
    direction: Direction
    number: str  # of the outside party, in E.164
    ours: Party
    is_answered: bool | None


def talked(rows: Iterable[Any]) -> list[Talked]:
    """The calls and voicemails with a whole outside number, oldest first."""
    found = []
    for row in rows:
        detail = detail_of(row)
        call = detail.call
        if call is None:
            continue
        outward = call.direction is Direction.OUTBOUND
        outside = call.callees if outward else (call.caller,)
        number = next(filter(None, (whole_number(each.phone) for each in outside)), "")
        if number:
            found.append(
                Talked(
                    root=row.root_id,
                    kind=row.kind,
                    at=at(row.sent_at),
                    direction=call.direction,
                    number=number,
                    ours=call.caller if outward else _taker(call),
                    is_answered=call.is_answered,
                )
            )
    return sorted(found, key=lambda each: each.at)


def _taker(call: Call) -> Party:
    """Who of us took an inbound call; else whom it was for."""
    taken = [leg.who for leg in call.legs if leg.is_answered and leg.who.person]
    return next(iter([*taken, *(each for each in call.callees if each.person)]), Party())


def returned(calls: Sequence[Talked], named: Naming) -> Mapping[int, Returned]:
    """By the root of what was not answered: the first call back, or the caller who got through.

    Only calls on the same case are known here; a masked number proves nothing.
    """
    found = {}
    for n, each in enumerate(calls):
        if not is_unreached(each.kind, each.direction):
            continue
        for later in calls[n + 1 :]:
            is_back = later.direction is Direction.OUTBOUND or (
                later.kind == Kind.CALL.value and later.is_answered is True
            )
            if is_back and same_phone(each.number, later.number) is True:
                found[each.root] = Returned(
                    item=later.root,
                    at=later.at,
                    who=shown(named(later.ours)),
                    direction=later.direction,
                    is_answered=later.is_answered,
                )
                break
    return found


def is_unreached(kind: str, direction: Direction) -> bool:
    """Whether somebody outside tried to reach us and did not."""
    return kind in (MISSED, VOICEMAIL) and direction is Direction.INBOUND


def shown(party: Party) -> str:
    """A party as people would name it."""
    return party.name or party.phone or party.mail or party.person
