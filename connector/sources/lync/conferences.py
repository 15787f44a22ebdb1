"""Conferences: who met, when each came and went, and whether they spoke or only wrote.

The focus is what everybody joins; a conferencing server (MCU) for sound is what makes a conference
a call. Facts: Microsoft, tables Conferences, FocusJoinsAndLeaves, McuJoinsAndLeaves and
ConferenceSessionDetails of the CDR schema, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.model import Call, Direction, Item, Kind, Leg, Party
from connector.sources.lync.queries import Key, Paged, asked_of
from connector.sources.lync.schema import Schema
from connector.sources.lync.sessions import HELD, UNENDED, own_key, version_of
from connector.sources.lync.values import Who, guid, key_text, moment, number, words

NOT_TOLD = "whether they spoke or only wrote is not known"
_SYNTHETIC = 1  # Conferences.Flag: the server's own test
_WITH_SOUND = ("audio-video", "phone-conf")  # parts of the address of a conferencing server
_BEFORE = timedelta(minutes=5)  # a participant's dialog may begin before the conference's record


class ConferenceRow(NamedTuple):
    """One conference. Names in the order of the query; any of them may be None."""

    time: object
    seq: object
    uri_id: object
    uri: object
    instance: object
    start: object
    end: object
    flag: object
    organizer: object


class JoinRow(NamedTuple):
    """Somebody came to the focus, or to a conferencing server (then `server` is set), and went."""

    time: object
    seq: object
    user: object
    join: object
    leave: object
    pstn: object
    server: object


class ReplacedRow(NamedTuple):
    """A participant's dialog that went on from an earlier session: the call became a conference."""

    uri_id: object
    instance: object
    time: object
    replaces_time: object
    replaces_seq: object


class Meeting(NamedTuple):
    """A conference with all that is known of it."""

    row: ConferenceRow
    joins: tuple[JoinRow, ...]
    replaced: tuple[ReplacedRow, ...]


def conferences_query(schema: Schema) -> Paged:
    """Makes the query of a page of conferences."""
    asked = asked_of(schema, "Conferences")

    def own(name: str) -> Any:
        return asked.of(asked.main, name)

    uris = asked.join("ConferenceUris", "u", "ConferenceUriId", own("ConferenceUriId"))
    organizer = asked.join("Users", "o", "UserId", own("OrganizerId"))
    columns = [
        *map(own, ("SessionIdTime", "SessionIdSeq", "ConferenceUriId")),
        asked.of(uris, "ConferenceUri"),
        *map(own, ("ConfInstance", "ConferenceStartTime", "ConferenceEndTime", "Flag")),
        asked.of(organizer, "UserUri"),
    ]
    return asked.paged(columns, end="ConferenceEndTime")


def joins_queries(schema: Schema) -> Callable[[Key, Key], list[sa.Select[Any]]]:
    """Makes the queries of who came to the conferences between two keys, both included."""
    made = []
    for table, server in (("FocusJoinsAndLeaves", ""), ("McuJoinsAndLeaves", "McuId")):
        if not schema.has(table, "SessionIdTime", "SessionIdSeq", "UserId"):
            continue
        asked = asked_of(schema, table)
        of = asked.of
        user = asked.join("Users", "u", "UserId", of(asked.main, "UserId"))
        mcu = asked.join("Mcus", "m", "McuId", of(asked.main, server)) if server else None
        key = of(asked.main, "SessionIdTime"), of(asked.main, "SessionIdSeq")
        columns = (
            *key,
            of(user, "UserUri"),
            *(of(asked.main, name) for name in ("UserJoinTime", "UserLeaveTime")),
            of(asked.main, "IsFromPstn"),
            of(mcu, "McuUri"),
        )
        made.append((asked.select(*columns), key))

    def between(first: Key, last: Key) -> list[sa.Select[Any]]:
        return [
            query.where(time >= first.time, time <= last.time).order_by(time, seq)
            for query, (time, seq) in made
        ]

    return between


def replaced_query(schema: Schema) -> Callable[[object, object], sa.Select[Any]] | None:
    """Makes the query of dialogs that went on from sessions; None when the database cannot tell."""
    table = "ConferenceSessionDetails"
    needed = ("SessionIdTime", "ConferenceUriId", "ReplaceDialogIdTime", "ReplaceDialogIdSeq")
    if not schema.has(table, *needed):
        return None
    asked = asked_of(schema, table)
    own = {name: asked.of(asked.main, name) for name in (*needed, "ConfInstance")}
    query = asked.select(
        own["ConferenceUriId"],
        own["ConfInstance"],
        *(own[name] for name in ("SessionIdTime", "ReplaceDialogIdTime", "ReplaceDialogIdSeq")),
    ).where(own["ReplaceDialogIdTime"].is_not(None))

    def between(first: object, before: object) -> sa.Select[Any]:
        return query.where(own["SessionIdTime"] >= first, own["SessionIdTime"] < before)

    return between


def belongs(row: ReplacedRow, its: ConferenceRow, zone: tzinfo) -> bool:
    """Whether a participant's dialog is of this conference, and of this meeting of a series."""
    if row.uri_id != its.uri_id:
        return False
    if row.instance is not None and its.instance is not None:
        return guid(row.instance) == guid(its.instance)
    at, begun, over = (moment(each, zone) for each in (row.time, its.start or its.time, its.end))
    if at is None or begun is None:
        return False
    return begun - _BEFORE <= at and (over is None or at <= over)


def is_open(its: ConferenceRow, zone: tzinfo, now: datetime) -> bool:
    """Whether it may still be going on."""
    begun = moment(its.start, zone) or moment(its.time, zone)
    return its.end is None and begun is not None and now - begun < HELD


class _Visit(NamedTuple):
    """One stretch of somebody's presence."""

    who: Party
    came: datetime
    went: datetime
    is_outside: bool
    has_sound: bool


def can_tell_sound(schema: Schema) -> bool:
    """Whether the database says which conferencing servers people came to."""
    return schema.has("McuJoinsAndLeaves", "McuId", "UserId") and schema.has("Mcus", "McuUri")


def meeting_item(
    source: str, database: str, its: Meeting, zone: tzinfo, who: Who, *, can_tell: bool
) -> Item | None:
    """A conference as an item; None for the server's own tests.

    Without `can_tell` it is taken for a call, so that none is lost. Raises ValueError as for rows.
    """
    row = its.row
    if (number(row.flag) or 0) & _SYNTHETIC:
        return None
    begun = moment(row.start, zone) or moment(row.time, zone)
    if begun is None:
        raise ValueError("neither SessionIdTime nor ConferenceStartTime")
    ended = moment(row.end, zone)
    visits = _visits(its.joins, begun, ended, zone, who)
    spoken = [visit for visit in visits if visit.has_sound] if can_tell else visits
    over = max([ended or begun, *(visit.went for visit in visits)])
    organizer = msgspec.structs.replace(who.party(row.organizer), role="organizer")
    call = _call(database, its, organizer, spoken) if spoken else None
    key = f"conference {key_text(row.time, row.seq)}"
    raw = _raw(its)
    return Item(
        source=source,
        thread=database,
        key=key,
        version=version_of(raw, "unended" if ended is None else ""),
        kind=Kind.SIGHTING if call else Kind.EVENT,
        sent_at=call.started_at if call else begun,
        modified_at=over,
        raw=raw,
        sender=organizer.person or organizer.mail or organizer.phone,
        sender_name=organizer.name,
        direction=call.direction if call else Direction.INTERNAL,
        parties=call.parties if call else (organizer, *_others(visits, organizer)),
        call=call,
        duration_s=call.duration_s if call else None,
        flags=(
            *((UNENDED,) if ended is None else ()),
            *((NOT_TOLD,) if call and not can_tell else ()),
        ),
    )


def _visits(
    joins: Sequence[JoinRow], begun: datetime, ended: datetime | None, zone: tzinfo, who: Who
) -> list[_Visit]:
    """Who was there, in the order of coming. One who never left was there to the end."""
    found = []
    for join in joins:
        is_outside = bool(number(join.pstn) or 0)
        came = moment(join.join, zone) or begun
        went = max(came, moment(join.leave, zone) or ended or came)
        party = who.party(join.user, is_outside=is_outside)
        server = words(join.server)
        has_sound = any(part in server for part in _WITH_SOUND)
        if party != Party():
            found.append(_Visit(party, came, went, is_outside, has_sound))
    return sorted(found, key=lambda visit: (visit.came, visit.went, _name(visit.who)))


def _call(database: str, its: Meeting, organizer: Party, spoken: Sequence[_Visit]) -> Call:
    is_outside = any(visit.is_outside for visit in spoken)
    started = min(visit.came for visit in spoken)
    caller = organizer if _name(organizer) else spoken[0].who
    legs = tuple(
        Leg(
            role="phone" if visit.is_outside else "user",
            started_at=visit.came,
            ended_at=visit.went,
            who=visit.who,
            is_answered=True,
        )
        for visit in spoken
    )
    replaced = tuple(
        own_key(database, key_text(each.replaces_time, each.replaces_seq))
        for each in its.replaced
        if each.replaces_time is not None and each.replaces_seq is not None
    )
    key = own_key(database, f"conference {key_text(its.row.time, its.row.seq)}")
    return Call(
        started_at=started,
        ended_at=max(visit.went for visit in spoken),
        direction=Direction.UNKNOWN if is_outside else Direction.INTERNAL,
        is_answered=True,
        caller=caller,
        others=_others(spoken, caller),
        legs=legs,
        same=(*dict.fromkeys(replaced), key),
    )


def _others(visits: Sequence[_Visit], caller: Party) -> tuple[Party, ...]:
    """Everybody who was there but the one who called, each once."""
    found = {_name(visit.who): visit.who for visit in reversed(visits)}
    found.pop(_name(caller), None)
    return tuple(msgspec.structs.replace(party, role="attendee") for party in found.values())


def _name(party: Party) -> str:
    return party.person or party.mail or party.phone


def _raw(its: Meeting) -> bytes:
    """The rows as they were read, without what is empty."""

    def told(row: Sequence[object], names: Sequence[str]) -> dict[str, object]:
        return {name: value for name, value in zip(names, row, strict=True) if value is not None}

    joins = [told(row, JoinRow._fields) for row in its.joins]
    replaced = [told(row, ReplacedRow._fields) for row in its.replaced]
    whole = {**told(its.row, ConferenceRow._fields), "joins": joins, "replaced": replaced}
    return msgspec.json.encode(whole, enc_hook=str)
