"""One two-party session as an item: a sighting of a call, or that a chat took place. Pure.

Answered is SIP code 200; it lasts from the answer to the end of the session; from or to the
telephone network when a gateway stands in the row. Facts: Microsoft, "SessionDetails table" and
"VoipDetails table" of the CDR schema, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

import msgspec

from connector.model import Call, Direction, Item, Kind, Leg, Party
from connector.sources.lync.agents import ATTENDANT, PERSON, QUEUE, SERVICE, VOICEMAIL, role_of
from connector.sources.lync.queries import SessionRow
from connector.sources.lync.values import NOBODY, Who, guid, key_text, moment, number

UNENDED = "the end was never written; the length is unknown"
HELD = timedelta(hours=24)  # so long a row without an end is taken for a call that still runs
_SOUND = 16 | 32  # MediaTypes: audio, video
_BY_AGENT = 2  # CallFlag: made by an agent on behalf of a response group
_OK = 200
_FINAL = 300  # SIP codes from here on say that the session came to nothing
_encode = msgspec.json.Encoder(enc_hook=str).encode  # a driver may have types of its own
_NAMES = SessionRow._fields


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row, read: who, when and how it ended."""

    key: str
    began: datetime
    answered: datetime | None
    ended: datetime | None  # None while it runs, or when nobody ever wrote it
    code: int | None
    caller: Party
    callee: Party
    target: Party
    referred: Party
    role: str  # of the callee
    direction: Direction
    is_call: bool
    same: tuple[str, ...]
    correlation: str = ""
    failure: str = ""
    flags: tuple[str, ...] = ()

    @property
    def is_answered(self) -> bool:
        return self.code == _OK

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be running: no end, nothing final, and not a day old."""
        is_final = self.ended is not None or (self.code is not None and self.code >= _FINAL)
        return not is_final and now - self.began < HELD


def read_session(row: SessionRow, database: str, zone: tzinfo, who: Who) -> Session:
    """What a row tells. Raises ValueError, without content, for a row that cannot be read."""
    began = moment(row.invite, zone) or moment(row.time, zone)
    if began is None:
        raise ValueError("neither SessionIdTime nor InviteTime")
    code = number(row.code)
    caller, callee, role = _ends(row, who)
    response, end = moment(row.response, zone), moment(row.end, zone)
    answered = max(began, response or began) if code == _OK else None
    if end is not None:
        end = max(end, answered or began)
    elif code is not None and code >= _FINAL:
        end = max(began, response or began)
    key, correlation = key_text(row.time, row.seq), guid(row.correlation)
    target = who.party(row.target)
    if role == VOICEMAIL and target in (callee, NOBODY):
        role = ATTENDANT  # called by its own number, so nobody missed the call
    return Session(
        key=key,
        began=began,
        answered=answered,
        ended=end,
        code=code,
        caller=caller,
        callee=callee,
        target=target,
        referred=who.party(row.referred),
        role=role,
        direction=_direction(row),
        is_call=_is_call(row),
        same=_same(row, database, correlation, key),
        correlation=correlation,
        failure=_failure(code, number(row.diagnostic)),
        flags=_flags(row),
    )


def _ends(row: SessionRow, who: Who) -> tuple[Party, Party, str]:
    """Caller, callee, and what the callee is. User1 is one of the two, not always who began."""
    is_swapped = row.started_id is not None and row.started_id == row.user2_id != row.user1_id
    first, second = (row.user2, row.user1) if is_swapped else (row.user1, row.user2)
    kind, version = (
        (row.client1_type, row.client1) if is_swapped else (row.client2_type, row.client2)
    )
    caller = who.party(first, row.from_number, is_outside=row.from_gateway_id is not None)
    callee = who.party(second, row.to_number, is_outside=row.to_gateway_id is not None)
    role = role_of(kind, version)
    if role not in (QUEUE, VOICEMAIL, ATTENDANT, SERVICE):
        role = "phone" if row.to_gateway_id is not None else PERSON
    return caller, callee, role


def _direction(row: SessionRow) -> Direction:
    if row.from_gateway_id is not None:
        return Direction.INBOUND
    if row.to_gateway_id is not None:
        return Direction.OUTBOUND
    return Direction.INTERNAL if row.voip is not None else Direction.UNKNOWN


def _is_call(row: SessionRow) -> bool:
    media = number(row.media)
    return row.voip is not None if not media else bool(media & _SOUND)


def _same(row: SessionRow, database: str, correlation: str, key: str) -> tuple[str, ...]:
    """Keys that prove which rows are one call: what it replaced, what it belongs to, its own."""
    found = []
    if correlation:
        found.append(f"lync:{correlation}")
    if row.replaces_time is not None and row.replaces_seq is not None:
        found.append(own_key(database, key_text(row.replaces_time, row.replaces_seq)))
    return (*found, own_key(database, key))


def own_key(database: str, key: str) -> str:
    """The key that a session is known by to those that come after it."""
    return f"lync:{database}/{key}"


def _failure(code: int | None, diagnostic: int | None) -> str:
    """Why it was not answered, as the row says; nothing when it was."""
    if code == _OK:
        return ""
    told = f"SIP {code}" if code is not None else "no answer was written"
    return f"{told}, diagnostic {diagnostic}" if diagnostic else told


def _flags(row: SessionRow) -> tuple[str, ...]:
    flags = number(row.call_flag) or 0
    return ("by an agent of a response group",) if flags & _BY_AGENT else ()


def session_item(
    source: str, thread: str, row: SessionRow, its: Session, more: Sequence[str] = ()
) -> Item:
    """The item of a session that is over. `more` are further keys of the call it belongs to."""
    raw = raw_of(_NAMES, row)
    is_unended = its.ended is None
    flags = (*its.flags, UNENDED) if is_unended and its.is_answered else its.flags
    ended = its.ended or its.answered or its.began
    call = _call(its, ended, more) if its.is_call else None
    parties = (its.caller, its.callee)
    return Item(
        source=source,
        thread=thread,
        key=its.key,
        version=version_of(raw, "unended" if is_unended else ""),
        kind=Kind.SIGHTING if call else Kind.EVENT,
        sent_at=its.began,
        modified_at=ended,
        raw=raw,
        sender=its.caller.person or its.caller.phone or its.caller.mail,
        sender_name=its.caller.name,
        direction=its.direction,
        parties=call.parties if call else parties,
        call=call,
        duration_s=call.duration_s if call else None,
        flags=flags,
    )


def _call(its: Session, ended: datetime, more: Sequence[str]) -> Call:
    is_person = its.role in (PERSON, "phone")
    began = its.answered if its.answered is not None else its.began
    leg = Leg(
        role=its.role,
        started_at=began,
        ended_at=max(began, ended),
        who=its.callee,
        is_answered=its.is_answered and is_person,
        failure=its.failure,
    )
    return Call(
        started_at=its.began,
        ended_at=ended,
        direction=its.direction,
        is_answered=_is_taken(its, is_person),
        caller=its.caller,
        callees=_callees(its, is_person),
        legs=(leg,),
        same=(*more, *its.same),
        went_to_voicemail=its.role == VOICEMAIL and its.is_answered,
    )


def _is_taken(its: Session, is_person: bool) -> bool | None:
    """Whether somebody took it. A queue or voicemail is nobody; an attendant may pass it on."""
    if is_person or not its.is_answered:
        return its.is_answered
    return None if its.role in (ATTENDANT, SERVICE) else False


def _callees(its: Session, is_person: bool) -> tuple[Party, ...]:
    """Whom it was for, and who took it when that is another."""
    role = "to" if is_person else its.role
    taken_by = msgspec.structs.replace(its.callee, role=role)
    if its.target in (NOBODY, its.callee):
        return (taken_by,)
    return (msgspec.structs.replace(its.target, role="to"), taken_by)


def raw_of(names: Sequence[str], row: Sequence[object]) -> bytes:
    """The row as it was read, without what is empty: the evidence."""
    there = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    return _encode(there)


def version_of(raw: bytes, state: str) -> str:
    """A row has no version but what it says, and that nobody expects its end any more."""
    return hashlib.blake2b(raw + state.encode(), digest_size=8).hexdigest()
