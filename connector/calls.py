"""One call, seen by several sources: which sightings belong together, and what they say. Pure.

A call record, a telephone row, a chat's event and a notice by mail share no documented key, so time
and people decide where no key does. A wrong join mixes two citizens' calls; a missed one only shows
a call twice. So whatever contradicts, and whatever fits two calls equally well, is not joined.
Source of the limits: Microsoft Graph, call records and log rows, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

import msgspec

from connector.identity import normalise_phone, same_phone
from connector.model import Call, Direction, Kind, Leg, Party

SEARCH_WINDOW_S = 600
"""Calls that began within this of a sighting are worth comparing: ten minutes cover every limit
below and the time a voicemail may come after the call."""

# A record begins with the first ring; a row may begin with the answer, and it rings for a minute at
# most before voicemail or the queue takes over.
RECORD_ROW_S = 60.0
# An event is stamped when the chat service writes it, which is after the media stopped.
EVENT_END_S = 120.0
# A notice by mail is stamped by the mail server, after ringing and delivery.
MAIL_START_S = 120.0
VOICEMAIL_S = 600.0
EQUAL_S = 5.0  # two calls whose distance differs by less than this fit equally well

RECORD, DIRECT, ROW, EVENT, MAIL, OTHER = "record", "dr", "pstn", "event", "mail", "other"
LYNC = "lync"  # a session of the organisation's own servers, which has a row for each leg
_TRUST = (RECORD, LYNC, DIRECT, ROW, OTHER, EVENT, MAIL)  # the best first
_RANK = {sort: rank for rank, sort in enumerate(_TRUST)}
_BY_KEY = {"record": RECORD, "lync": LYNC, "dr": DIRECT, "pstn": ROW, "chatcall": EVENT}
_KEY_RANK = {key: _RANK[sort] for key, sort in _BY_KEY.items()}
_OTHERS = _RANK[OTHER]

AMBIGUOUS = "fits two calls equally well; kept as a call of its own"

Sighting = tuple[str, Call]


class Judgement(NamedTuple):
    """What `judge` found: the call to join, and a flag for the item when it abstained."""

    chosen: int | None
    flag: str = ""


NOTHING_NEAR = Judgement(None)


class _Fit(NamedTuple):
    """How well two sightings fit, the smaller the better: kind of evidence, then seconds apart."""

    tier: int
    apart_s: float


def sort_of(source: str, call: Call) -> str:
    """Which view of a call this is: by its proving keys, else by the name of its source."""
    if call.same:  # a million rows of a Lync database come by here, several times each
        return _TRUST[min([_KEY_RANK.get(key.partition(":")[0], _OTHERS) for key in call.same])]
    name = source.lower()
    for part, sort in (
        ("lync", LYNC),
        ("direct", DIRECT),
        ("pstn", ROW),
        ("mail", MAIL),
        ("exchange", MAIL),
    ):
        if part in name:
            return sort
    return EVENT if "chat" in name or "channel" in name else OTHER


def is_told_once(sort: str) -> bool:
    """Whether two sightings of this sort are one call only when a key says so."""
    return sort != ROW


def match(
    sighting: Call, source: str, candidates: Sequence[tuple[int, Sequence[Sighting]]]
) -> int | None:
    """The call that a sighting is of, or None for a call not seen before (see `judge`)."""
    return judge(sighting, source, candidates).chosen


def judge(
    sighting: Call, source: str, candidates: Sequence[tuple[int, Sequence[Sighting]]]
) -> Judgement:
    """The call that a sighting is of; `candidates` are calls near in time with their sightings.

    A common key proves it. Else the sighting must fit one of the call's sightings and contradict
    none; among several the nearest in time wins, unless two are about equally near.
    """
    if not candidates:
        return NOTHING_NEAR
    for known, seen in candidates:
        if any(set(sighting.same) & set(other.same) for _, other in seen):
            return Judgement(known)
    sort = sort_of(source, sighting)
    fits = sorted(
        (fit, known)
        for known, seen in candidates
        if (fit := _fit_of_call(sort, sighting, seen)) is not None
    )
    if not fits:
        return Judgement(None)
    if len(fits) > 1:
        (best, _), (second, _) = fits[0], fits[1]
        if best.tier == second.tier and second.apart_s - best.apart_s <= EQUAL_S:
            return Judgement(None, AMBIGUOUS)
    return Judgement(fits[0][1])


def _fit_of_call(sort: str, sighting: Call, seen: Sequence[Sighting]) -> _Fit | None:
    pairs = [(sort_of(source, call), call) for source, call in seen]
    if any(_contradict(sort, sighting, *pair) for pair in pairs):
        return None
    fits = [fit for pair in pairs if (fit := _fit(sort, sighting, *pair)) is not None]
    return min(fits, default=None)


def _contradict(sort_a: str, a: Call, sort_b: str, b: Call) -> bool:
    """Nothing can make these two one call."""
    if sort_a == sort_b and not _is_one_journey(sort_a, a, b):
        return True  # a source gives one sighting of a call, or several with a key in common
    if {a.direction, b.direction} == {Direction.INBOUND, Direction.OUTBOUND}:
        return True
    return _numbers(a, b) is False


def _is_one_journey(sort: str, a: Call, b: Call) -> bool:
    """Two rows of a call through an attendant or queue: one is the service's, one a person's."""
    if sort != ROW or bool(_people(a)) == bool(_people(b)):
        return False
    # Danish rows are always masked, so that a number fits is all there is to know.
    fits = _has_number(a) and _has_number(b) and _numbers(a, b) is not False
    return fits and a.started_at <= b.ended_at and b.started_at <= a.ended_at


def _fit(sort_a: str, a: Call, sort_b: str, b: Call) -> _Fit | None:
    sorts = {sort_a, sort_b}
    start_s, end_s = _apart(a.started_at, b.started_at), _apart(a.ended_at, b.ended_at)
    shared = _people(a) & _people(b)
    number = _numbers(a, b)
    if number is False:
        return None
    tier = 0 if number else 1
    if MAIL in sorts:
        mail, call = (a, b) if sort_a == MAIL else (b, a)
        is_fit = start_s <= MAIL_START_S and call.is_answered is not True
        return _Fit(tier, start_s) if is_fit and _same_ends(mail, call) else None
    if EVENT in sorts:
        event = a if sort_a == EVENT else b
        near = start_s if event.started_at == event.ended_at else end_s
        # Two who talk to a third each are not in one call: one in common is enough only for a row,
        # which knows no more.
        needed = min(2, len(_people(a)), len(_people(b)))
        if not shared or len(shared) < needed or near > EVENT_END_S:
            return None
        return _Fit(3 - min(len(shared), 2), near)
    if start_s > RECORD_ROW_S and not (sort_a == sort_b == ROW):
        return None
    if shared or _is_service_leg(a, b, number):
        return _Fit(tier, start_s + end_s)
    return None


def _is_service_leg(a: Call, b: Call, number: bool | None) -> bool:
    """A row of a queue or attendant has no person: then the outside number must be there."""
    return not (_people(a) and _people(b)) and (
        number is True or (_has_number(a) and _has_number(b))
    )


def _apart(a: datetime, b: datetime) -> float:
    return abs((a - b).total_seconds())


def _people(call: Call) -> set[str]:
    return {party.person for party in call.parties if party.person}


def _same_ends(mail: Call, call: Call) -> bool:
    """The same callee, and a caller who is the same person or has a number that fits."""
    caller = bool(mail.caller.person) and mail.caller.person == call.caller.person
    numbers = bool(mail.caller.phone) and bool(call.caller.phone)
    return _same_callee(mail, call) and (
        caller or (numbers and same_phone(mail.caller.phone, call.caller.phone) is not False)
    )


def _outside(call: Call) -> list[str]:
    """Telephone numbers of those who are nobody in our directory."""
    return [
        party.phone
        for party in call.parties
        if party.phone and not party.person and party.role not in ("queue", "attendant")
    ]


def _has_number(call: Call) -> bool:
    return bool(_outside(call))


def _numbers(a: Call, b: Call) -> bool | None:
    """Whether outside numbers agree: True one is the same, False none can be, None cannot tell."""
    verdicts = {same_phone(x, y) for x in _outside(a) for y in _outside(b)}
    if not verdicts:
        return None
    return True if True in verdicts else None if None in verdicts else False


def _same_callee(a: Call, b: Call) -> bool:
    """Somebody that was called in both: by directory id, else mail address."""
    ours = [*a.callees, *a.others]
    return any(
        bool(x.person and x.person == y.person)
        or bool(x.mail and x.mail.casefold() == y.mail.casefold())
        for x in ours
        for y in (*b.callees, *b.others, *(leg.who for leg in b.legs))
    )


def belongs_to_voicemail(call: Call, voicemail_call: Call) -> bool:
    """Whether the call is the one that left the voicemail.

    Same caller, same callee (a queue's voicemail lands in a shared mailbox, so there the call must
    have gone to voicemail), left between the call's start and ten minutes after its end.
    """
    if call.is_answered is True and not call.went_to_voicemail:
        return False
    left = voicemail_call.started_at
    begun_s = (left - call.started_at).total_seconds()
    ended_s = (left - call.ended_at).total_seconds()
    # The mail server's clock may be a little behind that of the call service.
    if begun_s < -RECORD_ROW_S or ended_s > VOICEMAIL_S:
        return False
    caller, leaver = call.caller, voicemail_call.caller
    if caller.person and leaver.person:
        same_caller = caller.person == leaver.person
    else:
        same_caller = bool(caller.phone and leaver.phone) and (
            same_phone(caller.phone, leaver.phone) is not False
            and bool(_number(caller.phone) and _number(leaver.phone))
        )
    return same_caller and (
        _same_callee(voicemail_call, call)
        or (call.went_to_voicemail and not any(p.person for p in call.callees))
    )


def _number(phone: str) -> str:
    read = normalise_phone(phone)
    return read.e164 or read.prefix or read.extension


def kind_of(call: Call) -> Kind:
    """MISSED_CALL when it is known that nobody answered; a call that cannot tell is a CALL."""
    return Kind.MISSED_CALL if call.is_answered is False else Kind.CALL


def merge(sightings: Sequence[Sighting]) -> Call:
    """All sightings as one call, the same in whatever order they are given.

    Of each field the best source that knows it: call record, Lync session, Direct Routing row, PSTN
    row, chat event, mail. A masked number gives way to the full one. Raises ValueError without
    sightings.
    """
    if not sightings:
        raise ValueError("a call needs a sighting")
    if len(sightings) == 1 and (alone := _alone(sightings[0][1])) is not None:
        return alone
    return _merged(sightings)


def _alone(call: Call) -> Call | None:
    """What `_merged` says of one sighting in which everybody stands once and no leg but one.

    Most calls of a Lync database are such, and this takes a fifth of the time. None for others.
    """
    known = [party for party in call.parties if _is_known(party)]
    if len(call.legs) > 1 or any(_is_same(*pair) for pair in combinations(known, 2)):
        return None
    voicemail, started_at = call.went_to_voicemail, call.started_at
    return Call(
        started_at=started_at,
        ended_at=max(started_at, call.ended_at),
        direction=call.direction,
        is_answered=False if voicemail and call.is_answered is None else call.is_answered,
        caller=call.caller if _is_known(call.caller) else Party(),
        callees=tuple([party for party in call.callees if _is_known(party)]),
        others=tuple([party for party in call.others if _is_known(party)]),
        legs=call.legs,
        same=tuple(sorted(set(call.same))),
        thread=call.thread,
        subject=call.subject,
        went_to_voicemail=voicemail,
    )


def _merged(sightings: Sequence[Sighting]) -> Call:
    sorts, calls = _ranked(sightings)
    times = _timed(calls, sorts)
    started_at = min(call.started_at for call in times)
    best = [call for call, sort in zip(calls, sorts, strict=True) if sort == sorts[0]]
    caller, callees, others = _parties(calls)
    voicemail = any(call.went_to_voicemail for call in calls)
    return Call(
        started_at=started_at,
        ended_at=max(started_at, *(call.ended_at for call in best)),
        direction=_direction(calls),
        is_answered=_is_answered(calls, sorts, voicemail),
        caller=caller,
        callees=callees,
        others=others,
        legs=_legs(calls, sorts),
        same=tuple(sorted({key for call in calls for key in call.same})),
        thread=next((call.thread for call in calls if call.thread), ""),
        subject=next((call.subject for call in calls if call.subject), ""),
        went_to_voicemail=voicemail,
    )


def _ranked(sightings: Sequence[Sighting]) -> tuple[list[str], list[Call]]:
    """Sorts and calls, the best first; what is told twice stands there once.

    The order depends on what is said alone, never on when it came.
    """
    equal: dict[tuple[int, datetime], list[Call]] = {}
    for source, call in sightings:
        equal.setdefault((_RANK[sort_of(source, call)], call.started_at), []).append(call)
    ranked = [(_TRUST[rank], call) for rank, at in sorted(equal) for call in _once(equal[rank, at])]
    return [sort for sort, _ in ranked], [call for _, call in ranked]


def _once(calls: list[Call]) -> list[Call]:
    """Each of these calls once, in the order of their words."""
    if len(calls) == 1:
        return calls
    by_words = {msgspec.json.encode(call, order="sorted"): call for call in calls}
    return [call for _, call in sorted(by_words.items(), key=lambda each: each[0])]


def _timed(calls: list[Call], sorts: list[str]) -> list[Call]:
    """Those whose start is a call's start; a mail's is its sending, a late event's a guess."""
    exact = [c for c, sort in zip(calls, sorts, strict=True) if sort not in (EVENT, MAIL)]
    events = [c for c, sort in zip(calls, sorts, strict=True) if sort == EVENT]
    return exact or events or calls


def _direction(calls: list[Call]) -> Direction:
    """An outside number seen by any source outweighs "internal" of one that does not see it."""
    known = [call.direction for call in calls if call.direction is not Direction.UNKNOWN]
    outside = [each for each in known if each is not Direction.INTERNAL]
    return (outside or known or [Direction.UNKNOWN])[0]


def _is_answered(calls: list[Call], sorts: list[str], voicemail: bool) -> bool | None:
    """What the best source that can tell says; of several rows one answer is enough."""
    for sort in dict.fromkeys(sorts):
        told = {c.is_answered for c, s in zip(calls, sorts, strict=True) if s == sort} - {None}
        if told:
            return True in told
    return False if voicemail else None


def _parties(calls: list[Call]) -> tuple[Party, tuple[Party, ...], tuple[Party, ...]]:
    """Caller, callees and others of all sightings, each somebody once, in their best place."""
    caller = next((call.caller for call in calls if _is_known(call.caller)), Party())
    found: list[tuple[int, Party]] = [(0, caller)]
    places = (
        (0, [call.caller for call in calls]),
        (1, [party for call in calls for party in call.callees]),
        (2, [party for call in calls for party in call.others]),
    )
    for place, parties in places:
        for party in parties:
            if _is_known(party):
                # A second caller is another view of the journey (who passed it on), not the caller.
                _add(found, party, 2 if place == 0 else place)
    return (
        found[0][1],
        tuple([party for place, party in found[1:] if place == 1]),
        tuple([party for place, party in found[1:] if place == 2]),
    )


def _add(found: list[tuple[int, Party]], party: Party, place: int) -> None:
    for n, (at, known) in enumerate(found):
        if _is_same(known, party):
            found[n] = (at if n == 0 else min(at, place), _complete(known, party))
            return
    found.append((place, party))


def _is_known(party: Party) -> bool:
    return bool(party.person or party.phone or party.mail or party.name)


def _is_same(a: Party, b: Party) -> bool:
    """The same somebody within one call; there, a masked number that fits is the full one."""
    if a.person and b.person:
        return a.person == b.person
    if a.mail and b.mail:
        return a.mail.casefold() == b.mail.casefold()
    if a.phone and b.phone:
        if a.phone == b.phone:
            return True
        if not (_number(a.phone) and _number(b.phone)):
            return False
        return same_phone(a.phone, b.phone) is not False
    return not (a.person or b.person or a.phone or b.phone) and bool(a.name) and a.name == b.name


def _complete(known: Party, more: Party) -> Party:
    """The party with what the other view of it adds; a full number replaces a masked one."""
    phone = known.phone or more.phone
    if known.phone and more.phone and not normalise_phone(known.phone).e164:
        phone = more.phone if normalise_phone(more.phone).e164 else known.phone
    return Party(
        person=known.person or more.person,
        name=known.name or more.name,
        phone=phone,
        mail=known.mail or more.mail,
        role=known.role or more.role,
    )


def _legs(calls: list[Call], sorts: list[str]) -> tuple[Leg, ...]:
    """All stretches in order of time, without those that a better source tells already."""
    kept: list[tuple[str, Leg]] = []
    for sort, call in zip(sorts, calls, strict=True):
        for leg in call.legs:
            if not any(_is_double(sort, leg, *other) for other in kept):
                kept.append((sort, leg))
    legs = [leg for _, leg in kept]
    return tuple(sorted(legs, key=lambda leg: (leg.started_at, leg.ended_at)))


_SERVICES = ("queue", "attendant", "voicemail", "service")


def _is_double(sort: str, leg: Leg, other_sort: str, other: Leg) -> bool:
    if sort == other_sort:
        return leg == other
    if leg.started_at > other.ended_at or other.started_at > leg.ended_at:
        return False
    if leg.role in _SERVICES and other.role in _SERVICES:
        return "service" in (leg.role, other.role) or leg.role == other.role
    return leg.role == other.role and _is_same(leg.who, other.who)
