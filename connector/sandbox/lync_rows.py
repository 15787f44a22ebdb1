"""The municipality's telephone calls and chats as Lync would have written them down. Pure.

One call becomes the rows that Lync makes of it: one for each stretch that a SIP dialog lasted, in
the clock of the front end that saw it, with ids of tables beside it.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from connector.sandbox import words
from connector.sandbox.municipality import Municipality
from connector.sandbox.phone import ATTENDANT, CONFERENCE, QUEUE, VOICEMAIL
from connector.sandbox.world import EPOCH, End, Json, PhoneCall, Segment

AUDIO, IM = 16, 1
CLIENT, RESPONSE_GROUP, MAILBOX_SERVICE, MEDIATION = 1, 2, 3, 4  # rows of ClientVersions
CLIENTS: tuple[Json, ...] = (
    {"VersionId": CLIENT, "Version": "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017", "ClientType": 4},
    {
        "VersionId": RESPONSE_GROUP,
        "Version": "RTCC/5.0.0.0 Response_Group_Service",
        "ClientType": 1024,
    },
    {
        "VersionId": MAILBOX_SERVICE,
        "Version": "RTCC/3.1.0.0 MSExchangeUM/14.01.0218.012",
        "ClientType": 16393,
    },
    {"VersionId": MEDIATION, "Version": "RTCC/5.0.0.0 MediationServer", "ClientType": 1},
)
GROUP_URI = f"sip:servicedesk@{words.DOMAIN};opaque=app:rgs:workflow"
MAILBOX_URI = f"sip:um-server@{words.DOMAIN};opaque=app:exum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How this deployment behaves. Shares are of all rows, between 0 and 1."""

    zone: tzinfo = UTC  # some sites' databases keep local time
    skew_s: tuple[float, ...] = (0.0, 1.7)  # each front end has a clock of its own
    unended: float = 0.0  # the end was never seen
    nameless: float = 0.0  # ids of people and numbers that are null
    forked: float = 0.15  # calls that ring on two devices


@dataclass(slots=True, kw_only=True)
class Row:
    """One session: its columns by name, and when what of it comes to be known."""

    call: str  # the municipality's own key of the call, or a chat's with the day
    start: datetime
    answer: datetime | None
    end: datetime | None
    code: int
    caller: str  # a SIP or tel address
    callee: str
    client: int = CLIENT
    media: int = AUDIO
    target: str = ""
    referred: str = ""
    behalf: str = ""
    correlation: str = ""
    from_phone: str = ""
    to_phone: str = ""
    replaces: Row | None = None
    server: int = 1
    flag: int = 0
    messages: tuple[int, int] = (0, 0)
    key: tuple[datetime, int] = (EPOCH.replace(tzinfo=None), 0)  # in the database's own time


def step(at: datetime) -> datetime:
    """A time as SQL Server's `datetime` keeps it: to a 300th of a second, shown in milliseconds."""
    whole = at.replace(microsecond=0)
    ticks = round(at.microsecond * 300 / 1_000_000)
    return whole + timedelta(milliseconds=round(ticks * 1000 / 300))


def session_rows(world: Municipality, habits: Habits) -> list[Row]:
    """All sessions of the municipality's calls but meetings, and of its chats, with their keys."""
    dice = random.Random(f"{world.seed}/lync")
    rows = [row for call in world.calls for row in _of_call(world, call, dice, habits)]
    rows += _of_chats(world, dice)
    rows.sort(key=lambda row: (row.start, row.call))
    _give_keys(rows, habits)
    return rows


def _give_keys(rows: Iterable[Row], habits: Habits) -> None:
    """SessionIdTime in the server's clock, and a number for those that began in one instant."""
    taken: dict[datetime, int] = {}
    for row in rows:
        at = local(row.start, row.server, habits)
        taken[at] = taken.get(at, 0) + 1
        row.key = (at, taken[at])


def local(at: datetime, server: int, habits: Habits) -> datetime:
    """A moment as a front end writes it into the database."""
    seen = at + timedelta(seconds=habits.skew_s[server - 1])
    return step(seen.astimezone(habits.zone).replace(tzinfo=None))


def is_meeting(call: PhoneCall) -> bool:
    """Whether it was a conference, which has tables of its own."""
    return any(leg.callee == End("service", CONFERENCE) for part in call.sessions for leg in part)


def address(world: Municipality, end: End) -> str:
    """The SIP or tel address of one end of a call."""
    if end.kind == "phone":
        return f"sip:{end.key}@{words.DOMAIN};user=phone"
    if end.kind == "service":
        return MAILBOX_URI if end.key == VOICEMAIL else GROUP_URI
    return f"sip:{world.person[end.key].upn}"


def _of_call(
    world: Municipality, call: PhoneCall, dice: random.Random, habits: Habits
) -> Iterator[Row]:
    if is_meeting(call):
        return
    legs = [leg for part in call.sessions for leg in part]
    correlation = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    server = dice.randint(1, len(habits.skew_s))
    is_queued = any(leg.callee.key in (ATTENDANT, QUEUE) for leg in legs)
    first = legs[0].caller
    agent = ""
    if is_queued:
        yield _queue_row(world, call, legs, correlation, server)
    for leg in legs:
        if leg.callee.key in (ATTENDANT, QUEUE):
            continue
        row = _leg_row(world, call, leg, correlation, server)
        if leg.callee.kind == "user" and leg.caller.kind == "user" and is_queued:
            # The agent passed the caller on without asking: nothing in the row but by whom.
            row.caller, row.from_phone = address(world, first), _number(first)
            row.referred, row.correlation = agent, ""
        if leg.callee == End("service", VOICEMAIL):
            row.client = MAILBOX_SERVICE
            row.target = agent or (address(world, legs[0].callee) if not is_queued else GROUP_URI)
        elif leg.callee.kind == "user":
            agent = row.callee
        yield row
        if row.code == 200 and dice.random() < habits.forked and leg.callee.kind == "user":
            yield _fork(row)


def _queue_row(
    world: Municipality, call: PhoneCall, legs: list[Segment], correlation: str, server: int
) -> Row:
    """The caller's session with the response group; it lasts until an agent's call is over."""
    first = legs[0]
    waited = [leg for leg in legs if leg.callee.key in (ATTENDANT, QUEUE) or leg.failure]
    return Row(
        call=call.key,
        start=first.start,
        answer=first.start + timedelta(seconds=1),
        end=max(waited[-1].end, *(leg.end for leg in legs[:3])),
        code=200,
        caller=address(world, first.caller),
        callee=GROUP_URI,
        client=RESPONSE_GROUP,
        correlation=correlation,
        from_phone=_number(first.caller),
        server=server,
    )


def _leg_row(
    world: Municipality, call: PhoneCall, leg: Segment, correlation: str, server: int
) -> Row:
    is_answered = not leg.failure
    by_group = leg.caller.kind == "service"
    rings_s = min(8.0, (leg.end - leg.start).total_seconds() / 4)
    return Row(
        call=call.key,
        start=leg.start,
        answer=leg.start + timedelta(seconds=rings_s) if is_answered else leg.end,
        end=leg.end if is_answered else None,
        code=200 if is_answered else 487,
        caller=address(world, leg.caller),
        callee=address(world, leg.callee),
        correlation=correlation,
        behalf=GROUP_URI if by_group else "",
        from_phone=_number(leg.caller),
        to_phone=_number(leg.callee),
        server=server,
    )


def _fork(row: Row) -> Row:
    """The same ring at a second device: cancelled when the first one took it."""
    return Row(
        call=row.call,
        start=row.start + timedelta(milliseconds=40),
        answer=row.answer,
        end=None,
        code=487,
        caller=row.caller,
        callee=row.callee,
        target=row.callee,
        referred=row.referred,
        correlation=row.correlation,
        from_phone=row.from_phone,
        to_phone=row.to_phone,
        server=row.server,
    )


def _number(end: End) -> str:
    return end.key if end.kind == "phone" else ""


def _of_chats(world: Municipality, dice: random.Random) -> Iterator[Row]:
    """A written conversation of two, a session for each day on which they wrote."""
    days: dict[tuple[str, str], list[datetime]] = {}
    for message in world.messages:
        chat = world.chat.get(message.thread)
        if chat is not None and chat.kind == "oneOnOne" and message.event is None:
            day = message.at.date().isoformat()
            days.setdefault((message.thread, day), []).append(message.at)
    for (thread, day), times in days.items():
        pair = [f"sip:{person.upn}" for person in world.chat[thread].members][:2]
        if len(pair) < 2:
            continue
        count = dice.randint(0, len(times))
        yield Row(
            call=f"{thread}/{day}",
            start=min(times),
            answer=min(times) + timedelta(seconds=1),
            end=max(times) + timedelta(minutes=5),
            code=200,
            caller=pair[0],
            callee=pair[1],
            media=IM,
            messages=(count, len(times) - count),
        )
