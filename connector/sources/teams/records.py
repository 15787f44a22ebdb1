"""One call record, with its sessions and segments -> one sighting. Pure.

Not read: `organizer` and `participants`, which carry nothing since 2026-06-30. Facts: Microsoft
Graph, "callRecord resource type" and its parts, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import unquote

import msgspec

from connector.model import Call, Direction, Item, Kind, Leg, Party
from connector.sources.teams.messages import Moment

THREAD = "callRecords"

# The only place in Graph that tells of queues, attendants and voicemail.
_ROLES = {
    "skypeForBusinessCallQueues": "queue",
    "responseGroupService": "queue",
    "responseGroupServiceAnnouncementService": "queue",
    "skypeForBusinessAutoAttendant": "attendant",
    "conferencingAttendant": "attendant",
    "voicemail": "voicemail",
    "exchangeUnifiedMessagingService": "voicemail",
}
_JOIN_THREAD = re.compile(r"/meetup-join/([^/?#]+)", re.I)
_PHONE = re.compile(r"^\+?\d[\d*]{3,}$")


class Header(msgspec.Struct):
    """What the list must tell of a record."""

    id: str
    version: int = 0


class _Failure(msgspec.Struct):
    stage: str | None = None
    reason: str | None = None


class _Agent(msgspec.Struct):
    role: str | None = None


class _Endpoint(msgspec.Struct, rename="camel"):
    type: str = msgspec.field(name="@odata.type", default="")
    user_agent: _Agent | None = None
    associated_identity: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None


class Segment(msgspec.Struct, rename="camel"):
    """One leg of a session."""

    start_date_time: Moment
    end_date_time: Moment
    caller: _Endpoint | None = None
    callee: _Endpoint | None = None
    failure_info: _Failure | None = None


class Session(Segment, rename="camel"):
    """One session; without segments it is its own only leg."""

    segments: list[Segment] | None = None
    segments_next: str | None = msgspec.field(name="segments@odata.nextLink", default=None)


class Participant(msgspec.Struct):
    """A member of participants_v2, or organizer_v2. `identity` is an open set of kinds."""

    id: str | None = None
    identity: dict[str, Any] | None = None


class Record(msgspec.Struct, rename="camel"):
    """A whole record; nested lists may go on at links."""

    id: str
    start_date_time: Moment
    end_date_time: Moment
    version: int = 0
    type: str | None = None
    modalities: list[str] | None = None
    last_modified_date_time: Moment | None = None
    join_web_url: str | None = None
    organizer_v2: Participant | None = msgspec.field(name="organizer_v2", default=None)
    participants_v2: list[Participant] | None = msgspec.field(name="participants_v2", default=None)
    participants_next: str | None = msgspec.field(
        name="participants_v2@odata.nextLink", default=None
    )
    sessions: list[Session] | None = None
    sessions_next: str | None = msgspec.field(name="sessions@odata.nextLink", default=None)


def _in_utc(part: Segment | Record) -> None:
    """Times in UTC, also from a server that writes them with another offset."""
    part.start_date_time = part.start_date_time.astimezone(UTC)
    part.end_date_time = part.end_date_time.astimezone(UTC)


def record_item(source: str, record: Record, raw: bytes) -> Item:
    """The sighting that a record is. `raw` is everything that was received for it."""
    _in_utc(record)
    for session in record.sessions or ():
        for part in (session, *(session.segments or ())):
            _in_utc(part)
    call = record_call(record)
    modified = (record.last_modified_date_time or record.end_date_time).astimezone(UTC)
    return Item(
        source=source,
        thread=THREAD,
        key=record.id,
        version=str(record.version),
        kind=Kind.SIGHTING,
        sent_at=record.start_date_time,
        # lastModifiedDateTime does not move with later versions: the version itself orders them.
        modified_at=modified + timedelta(microseconds=min(record.version, 900_000)),
        raw=raw,
        sender=call.caller.person or call.caller.phone,
        sender_name=call.caller.name,
        direction=call.direction,
        parties=call.parties,
        call=call,
        duration_s=call.duration_s,
        flags=() if record.sessions else ("no sessions yet",),
    )


def record_call(record: Record) -> Call:
    """The call as a record tells it, its legs in the order of time."""
    legs = sorted(_legs(record.sessions or ()), key=lambda leg: (leg.started_at, leg.ended_at))
    organizer = _member(record.organizer_v2, "organizer")
    members = [_member(one, "attendee") for one in record.participants_v2 or ()]
    pairs = [pair for session in record.sessions or () for pair in _pairs(session)]
    caller = next((who for who, _ in pairs if who is not None), None)
    is_meeting = record.type == "groupCall" and not any(_outside(p) for p in (caller, *members))
    if caller is None or (is_meeting and _known(organizer)):
        caller = organizer
    callees = (
        [] if is_meeting else _unique([to for _, to in pairs if to is not None], {_id(caller)})
    )
    if record.type == "peerToPeer" and not callees:
        callees = _unique(members, {_id(caller)})[:1]
    named = {_id(caller), *(_id(party) for party in callees)}
    return Call(
        started_at=record.start_date_time,
        ended_at=max(record.start_date_time, record.end_date_time),
        direction=_direction(caller, [*callees, *members]),
        is_answered=_is_answered(record, legs),
        caller=msgspec.structs.replace(caller, role="from"),
        callees=tuple([msgspec.structs.replace(party, role="to") for party in callees]),
        others=tuple(_unique([*members, *([organizer] if _known(organizer) else [])], named)),
        legs=tuple(legs),
        # That a chat's callId is the record's id is said nowhere; where it is, it is a proof.
        same=(f"record:{record.id}", f"chatcall:{record.id}"),
        thread=_thread(record.join_web_url),
        went_to_voicemail=any(leg.role == "voicemail" for leg in legs),
    )


def _legs(sessions: Sequence[Session]) -> Iterator[Leg]:
    for session in sessions:
        for part in session.segments or [session]:
            yield _leg(session, part)


def _leg(session: Session, part: Segment) -> Leg:
    """A leg's role is what the call was with: a person, a telephone, or a service on the way."""
    caller, callee = part.caller or session.caller, part.callee or session.callee
    failure = part.failure_info or (session.failure_info if part is session else None)
    text = f"{failure.stage or ''}: {failure.reason or ''}".strip(": ") if failure else ""
    to, by = _party(callee), _party(caller)
    is_set_up = part.end_date_time > part.start_date_time and not (
        failure and (failure.stage or "").lower() == "callsetup"
    )
    service = _service(callee) or ("" if to is not None else _service(caller))
    role, who = "service", to or by
    if to is not None:
        role = "phone" if to.phone else "user"
    elif service:
        role = service
    elif by is not None:
        role = "phone" if by.phone else "user"  # a person in a conference or behind a gateway
    return Leg(
        role=role,
        started_at=part.start_date_time,
        ended_at=max(part.start_date_time, part.end_date_time),
        who=who or Party(),
        is_answered=is_set_up,
        failure=text,
    )


def _is_answered(record: Record, legs: Sequence[Leg]) -> bool | None:
    """Whether a person took the call: there is no such member, it follows from the legs.

    A record without sessions cannot tell. In a meeting, two people make an answer.
    """
    if not legs:
        return None
    taken = [leg for leg in legs if leg.is_answered and leg.role in ("user", "phone")]
    pairs = [pair for session in record.sessions or () for pair in _pairs(session)]
    reached = {_id(to) for _, to in pairs if to is not None}
    if reached:
        return any(_id(leg.who) in reached for leg in taken)
    if record.type == "peerToPeer" or any(leg.role in ("queue", "attendant") for leg in legs):
        return False
    return True if len({_id(leg.who) for leg in taken}) > 1 else None


def _pairs(session: Session) -> Iterator[tuple[Party | None, Party | None]]:
    for part in session.segments or [session]:
        yield _party(part.caller or session.caller), _party(part.callee or session.callee)


def _service(endpoint: _Endpoint | None) -> str:
    role = endpoint.user_agent.role if endpoint and endpoint.user_agent else None
    return _ROLES.get(role or "", "")


def _party(endpoint: _Endpoint | None) -> Party | None:
    """The person or telephone at an end; None for a service, or when nobody is named."""
    if endpoint is None or endpoint.type.endswith("serviceEndpoint"):
        return None
    party = Party()
    if endpoint.associated_identity:
        party = _identity("user", endpoint.associated_identity)
    if not _known(party) and endpoint.identity:
        party = _identities(endpoint.identity)
    return party if _known(party) else None


def _member(one: Participant | None, role: str) -> Party:
    if one is None:
        return Party(role=role)
    party = _identities(one.identity or {})
    if not _known(party) and one.id:
        party = _identity("user", {"id": one.id})
    return msgspec.structs.replace(party, role=role)


def _identities(members: dict[str, Any]) -> Party:
    """The first member that names somebody. The type is open: new kinds of members will come."""
    order = sorted(members, key=lambda kind: {"user": 0, "phone": 1}.get(kind, 2))
    for kind in order:
        value = members[kind]
        if isinstance(value, dict) and value.get("id"):
            return _identity(kind, value)
    return Party()


def _identity(kind: str, value: dict[str, Any]) -> Party:
    ident, name = str(value.get("id") or ""), str(value.get("displayName") or "")
    if kind == "phone" or _PHONE.match(ident):
        return Party(phone=ident, name=name)
    upn = str(value.get("userPrincipalName") or "")
    return Party(person=ident, name=name, mail=upn if "@" in upn else "")


def _unique(parties: Sequence[Party], without: set[str]) -> list[Party]:
    found: dict[str, Party] = {}
    for party in parties:
        if _known(party) and _id(party) not in without:
            found.setdefault(_id(party), party)
    return list(found.values())


def _id(party: Party) -> str:
    return party.person or party.phone


def _known(party: Party | None) -> bool:
    return party is not None and bool(party.person or party.phone)


def _outside(party: Party | None) -> bool:
    return party is not None and bool(party.phone)


def _direction(caller: Party, others: Sequence[Party]) -> Direction:
    if caller.phone:
        return Direction.INBOUND
    if any(party.phone for party in others):
        return Direction.OUTBOUND
    return Direction.INTERNAL if caller.person else Direction.UNKNOWN


def _thread(join_url: str | None) -> str:
    """The chat of a meeting, whose id stands in its join address. A series has one for all days."""
    found = _JOIN_THREAD.search(join_url or "")
    thread = unquote(found[1]) if found else ""
    return thread if thread.startswith("19:") else ""
