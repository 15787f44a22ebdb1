"""Telephone calls and what each system tells of them.

One call is one record; a PSTN or Direct Routing row, a chat event and a mail may tell of it too,
each with its own clock: the times are seconds apart and never equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.sandbox import words
from connector.sandbox.talk import identity, identity_set
from connector.sandbox.world import (
    CaseFile,
    Chat,
    Citizen,
    Draw,
    End,
    Json,
    Message,
    PhoneCall,
    Right,
    Segment,
    Staff,
    millis,
    open_cases_by_phone,
    right_by_phone,
)

CALLS_PER_USER_DAY = 0.255
INTERNAL = Right(case=None, why="a call among colleagues, no case is named")
QUEUE, ATTENDANT = "skypeForBusinessCallQueues", "skypeForBusinessAutoAttendant"
VOICEMAIL, MEDIATION, CONFERENCE = "voicemail", "mediationServer", "skypeForBusinessAudioVideoMcu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A voicemail that a call ended in: for whom (a person, or a queue's shared mailbox)."""

    call: PhoneCall
    owner: Staff
    citizen: Citizen | None
    at: datetime
    queue: str = ""


@dataclass(slots=True)
class Exchange:
    """The telephone exchange while the world is made."""

    draw: Draw
    people: tuple[Staff, ...]
    outside: tuple[Citizen, ...]
    cases: tuple[CaseFile, ...]
    chats: tuple[Chat, ...]
    calls: list[PhoneCall] = field(default_factory=list)
    events: list[Message] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    owners: dict[str, list[CaseFile]] = field(default_factory=dict)
    pairs: dict[frozenset[str], Chat] = field(default_factory=dict)
    used: set[tuple[str, int]] = field(default_factory=set)


def exchange(
    draw: Draw,
    people: tuple[Staff, ...],
    outside: tuple[Citizen, ...],
    cases: tuple[CaseFile, ...],
    chats: tuple[Chat, ...],
    total: int,
    taken: set[tuple[str, int]],
) -> Exchange:
    """About `total` calls of every kind. `taken` holds the message ids already used in chats."""
    room = Exchange(draw, people, outside, cases, chats, used=taken)
    room.owners = open_cases_by_phone(cases)
    room.pairs = {frozenset(p.key for p in c.members): c for c in chats if c.kind == "oneOnOne"}
    kinds = (_pstn_in, _pstn_out, _queue, _direct, _peer, _meeting)
    for _ in range(total):
        draw.dice.choices(kinds, (35, 12, 18, 15, 12, 8))[0](room)
    room.calls.sort(key=lambda call: (call.start, call.key))
    return room


def _outsider(room: Exchange) -> tuple[Citizen, Staff]:
    """Who calls whom: mostly a party of a case and its caseworker; sometimes anybody."""
    dice = room.draw.dice
    if dice.random() < 0.2 or not room.cases:
        number = f"+4537{dice.randint(400_000, 499_999):06d}"
        return Citizen(name="", phone=number, mail=""), dice.choice(room.people)
    case = dice.choice(room.cases)
    for _ in range(3):
        if len(room.owners.get(case.parties[0].phone, ())) == 1 or dice.random() < 0.3:
            break
        case = dice.choice(room.cases)
    owner = case.caseworker if dice.random() < 0.8 else dice.choice(room.people)
    return dice.choice(case.parties), owner


def _span(room: Exchange, is_answered: bool) -> tuple[datetime, datetime, datetime]:
    """Start, answer and end of a call that is over before now."""
    dice = room.draw.dice
    ring_s, talk_s = dice.uniform(4, 25), dice.uniform(20, 900) if is_answered else 0.0
    start = room.draw.moment(latest_s=int(ring_s + talk_s) + 120)
    start += timedelta(microseconds=dice.randrange(1000))
    answer = start + timedelta(seconds=ring_s)
    return start, answer, answer + timedelta(seconds=talk_s)


def masked(number: str) -> str:
    """A number as some tenants get it: the last three digits hidden."""
    return number[:-3] + "***"


def pstn_row(
    room: Exchange,
    start: datetime,
    end: datetime,
    who: Staff | None,
    kind: str,
    caller: str,
    callee: str,
) -> Json:
    """A row of the PSTN usage report; its clock runs 1 to 6 seconds after the call record's."""
    dice = room.draw.dice
    begun = start + timedelta(milliseconds=dice.randint(1000, 6000))
    over = max(begun, end + timedelta(milliseconds=dice.randint(-900, 2500)))
    return {
        "id": room.draw.guid(),
        "callId": f"{dice.randrange(10**10)}_{dice.randrange(10**9)}@198.51.100.7",
        "userId": who.key if who else None,
        "userPrincipalName": who.upn if who else None,
        "userDisplayName": who.name if who else None,
        "startDateTime": begun,
        "endDateTime": over,
        "duration": round((over - begun).total_seconds()),
        "charge": 0.0,
        "callType": kind,
        "currency": "DKK",
        "calleeNumber": callee,
        "usageCountryCode": "DK",
        "tenantCountryCode": "DK",
        "connectionCharge": 0.0,
        "callerNumber": caller,
        "destinationContext": "Domestic" if kind.endswith("out") else None,
        "destinationName": "Denmark",
        "conferenceId": None,
        "licenseCapability": "MCOPSTN1",
        "inventoryType": "Subscriber" if who else "Service",
        "operator": "Microsoft",
        "callDurationSource": "microsoft",
    }


def direct_row(
    room: Exchange,
    start: datetime,
    end: datetime,
    who: Staff,
    kind: str,
    caller: str,
    callee: str,
    ok: bool,
) -> Json:
    """A row of the Direct Routing report: numbers masked, sentinel dates as the API gives them."""
    dice = room.draw.dice
    invite = start + timedelta(milliseconds=dice.randint(200, 2500))
    begun = invite + timedelta(milliseconds=dice.randint(1500, 6000))
    over = max(begun, end + timedelta(milliseconds=dice.randint(-500, 2500)))
    sentinel = "0001-01-01T00:00:00Z"
    return {
        "id": room.draw.guid(),
        "correlationId": room.draw.guid(),
        "userId": who.key,
        "userPrincipalName": who.upn,
        "userDisplayName": who.name,
        "startDateTime": begun if ok else sentinel,
        "inviteDateTime": invite,
        "failureDateTime": sentinel if ok else over,
        "endDateTime": over if ok else sentinel,
        "duration": round((over - begun).total_seconds()) if ok else 0,
        "callType": kind,
        "successfulCall": ok,
        "callerNumber": caller,
        "calleeNumber": callee,
        "mediaPathLocation": "EUNO",
        "signalingLocation": "EUNO",
        "finalSipCode": 0 if ok else 487,
        "callEndSubReason": 540_000 if ok else 10_487,
        "finalSipCodePhrase": "BYE" if ok else "Request Terminated",
        "trunkFullyQualifiedDomainName": f"sbc1.{words.DOMAIN}",
        "mediaBypassEnabled": False,
    }


def _keep(room: Exchange, call: PhoneCall) -> PhoneCall:
    room.calls.append(call)
    return call


def _visible(room: Exchange, end: datetime) -> datetime:
    """A record comes 5 to 30 minutes after the end; at `now` all are there."""
    late = timedelta(seconds=room.draw.dice.randint(300, 1800))
    return min(end + late, room.draw.now)


def _incoming(room: Exchange, caller: End, owner: Staff, chance: float) -> PhoneCall:
    """An incoming call to one person: answered, missed, or missed and then voicemail."""
    dice = room.draw.dice
    is_answered = dice.random() < chance
    start, answer, end = _span(room, is_answered)
    callee = End("user", owner.key)
    takes_message = not is_answered and dice.random() < 0.8
    legs = [Segment(start=start, end=end, caller=caller, callee=callee)]
    if not is_answered:
        failure = "callSetup: the call was not answered"
        legs = [Segment(start=start, end=answer, caller=caller, callee=callee, failure=failure)]
    if takes_message:
        end = answer + timedelta(seconds=dice.randint(12, 40))
        legs.append(Segment(start=answer, end=end, caller=caller, callee=End("service", VOICEMAIL)))
    phone = caller.key if caller.kind == "phone" else ""
    return PhoneCall(
        key=room.draw.guid(),
        kind="peerToPeer",
        start=start,
        end=end,
        is_answered=is_answered,
        organizer=caller,
        participants=(caller, callee),
        sessions=(tuple(legs),),
        right=right_by_phone(phone, room.owners) if phone else INTERNAL,
        visible_at=_visible(room, end),
    )


def _message_left(
    room: Exchange, call: PhoneCall, owner: Staff, who: Citizen | None, queue: str = ""
) -> None:
    last = call.sessions[-1][-1]
    if last.callee == End("service", VOICEMAIL):
        at = call.end + timedelta(seconds=room.draw.dice.randint(5, 50))
        room.left.append(Left(call=call, owner=owner, citizen=who, at=at, queue=queue))


def _pstn_in(room: Exchange) -> None:
    citizen, owner = _outsider(room)
    call = _incoming(room, End("phone", citizen.phone), owner, 0.62)
    row = pstn_row(room, call.start, call.end, owner, "user_in", citizen.phone, owner.phone)
    call = _with(call, pstn=row)
    _keep(room, call)
    _message_left(room, call, owner, citizen)


def _with(call: PhoneCall, **changes: object) -> PhoneCall:
    from dataclasses import replace

    return replace(call, **changes)  # type: ignore[arg-type]  # the fields are PhoneCall's own


def _outgoing(room: Exchange) -> tuple[PhoneCall, Citizen, Staff]:
    citizen, owner = _outsider(room)
    is_answered = room.draw.dice.random() < 0.75
    start, _answer, end = _span(room, is_answered)
    caller, callee = End("user", owner.key), End("phone", citizen.phone)
    failure = "" if is_answered else "callSetup: no answer"
    leg = Segment(start=start, end=end, caller=caller, callee=callee, failure=failure)
    call = PhoneCall(
        key=room.draw.guid(),
        kind="peerToPeer",
        start=start,
        end=end,
        is_answered=is_answered,
        organizer=caller,
        participants=(caller, callee),
        sessions=((leg,),),
        right=right_by_phone(citizen.phone, room.owners),
        visible_at=_visible(room, end),
    )
    return call, citizen, owner


def _pstn_out(room: Exchange) -> None:
    call, citizen, owner = _outgoing(room)
    row = pstn_row(room, call.start, call.end, owner, "user_out", owner.phone, citizen.phone)
    _keep(room, _with(call, pstn=row if call.is_answered else None))


def _direct(room: Exchange) -> None:
    if room.draw.dice.random() < 0.4:
        call, citizen, owner = _outgoing(room)
        kind, caller, callee = "ByotOut", owner.phone, masked(citizen.phone)
    else:
        citizen, owner = _outsider(room)
        call = _incoming(room, End("phone", citizen.phone), owner, 0.62)
        kind, caller, callee = "ByotIn", masked(citizen.phone), owner.phone
    row = direct_row(room, call.start, call.end, owner, kind, caller, callee, call.is_answered)
    call = _keep(room, _with(call, direct=(row,)))
    if kind == "ByotIn":
        _message_left(room, call, owner, citizen)


def _queue(room: Exchange) -> None:
    """Attendant, then queue, then an agent (perhaps a transfer), or the queue's voicemail."""
    dice = room.draw.dice
    citizen, owner = _outsider(room)
    phone, agent = End("phone", citizen.phone), End("user", owner.key)
    start, _answer, _end = _span(room, is_answered=True)
    at = start
    legs: list[list[Segment]] = []

    def leg(seconds: float, caller: End, callee: End, failure: str = "") -> Segment:
        nonlocal at
        made = Segment(
            start=at,
            end=at + timedelta(seconds=seconds),
            caller=caller,
            callee=callee,
            failure=failure,
        )
        at = made.end
        return made

    legs.append([leg(dice.uniform(5, 20), phone, End("service", ATTENDANT))])
    waited = leg(dice.uniform(5, 240), phone, End("service", QUEUE))
    legs.append([waited])
    is_answered = dice.random() < 0.72
    people = [phone, agent]
    if is_answered:
        legs.append([leg(dice.uniform(20, 600), End("service", QUEUE), agent)])
        if dice.random() < 0.12 and len(room.people) > 1:
            second = End("user", dice.choice([p for p in room.people if p != owner]).key)
            legs.append([leg(dice.uniform(20, 300), agent, second)])
            people.append(second)
    else:
        legs.append(
            [leg(15.0, End("service", QUEUE), agent, "callSetup: the agent did not answer")]
        )
        if dice.random() < 0.7:
            legs.append([leg(dice.uniform(12, 40), phone, End("service", VOICEMAIL))])
    queue = dice.choice(words.QUEUES)
    call = PhoneCall(
        key=room.draw.guid(),
        kind="groupCall",
        start=start,
        end=at,
        is_answered=is_answered,
        organizer=phone,
        participants=tuple(people if is_answered else people[:1]),
        sessions=tuple(tuple(part) for part in legs),
        right=right_by_phone(citizen.phone, room.owners),
        visible_at=_visible(room, at),
        pstn=pstn_row(room, start, at, None, "ucap_in", citizen.phone, words.SWITCHBOARD),
    )
    if at < room.draw.now:
        _keep(room, call)
        _message_left(room, call, owner, citizen, queue)


def _peer(room: Exchange) -> None:
    """A call between two colleagues, told of in their chat."""
    if not room.pairs:
        return
    chat = room.draw.dice.choice(list(room.pairs.values()))
    caller, owner = chat.members
    call = _incoming(room, End("user", caller.key), owner, 0.75)
    _message_left(room, call, owner, None)
    _keep(room, _told(room, call, chat, "call"))


def _meeting(room: Exchange) -> None:
    """A meeting: one session for each participant, told of in the meeting's chat."""
    meetings = [chat for chat in room.chats if chat.kind == "meeting"]
    if not meetings:
        return
    dice, chat = room.draw.dice, room.draw.dice.choice(meetings)
    seconds = dice.uniform(600, 5400)
    start = room.draw.moment(latest_s=int(seconds) + 120)
    end = start + timedelta(seconds=seconds)
    people = [End("user", person.key) for person in chat.members if dice.random() < 0.85]
    people = people or [End("user", chat.members[0].key)]
    if chat.guest and dice.random() < 0.6:
        people.append(End("phone", chat.guest.phone))
    sessions = []
    for person in people:
        late, early = dice.uniform(0, seconds / 5), dice.uniform(0, seconds / 5)
        into, out = start + timedelta(seconds=late), end - timedelta(seconds=early)
        leg = Segment(start=into, end=out, caller=person, callee=End("service", CONFERENCE))
        sessions.append((leg,))
    call = PhoneCall(
        key=room.draw.guid(),
        kind="groupCall",
        start=min(s[0].start for s in sessions),
        end=max(s[-1].end for s in sessions),
        is_answered=True,
        organizer=End("user", chat.members[0].key),
        participants=tuple(people),
        sessions=tuple(sessions),
        right=Right(case=None, why="a meeting, no case is named"),
        join_url=chat.join_url,
        visible_at=_visible(room, end),
    )
    _keep(room, _told(room, call, chat, "meeting"))


def _told(room: Exchange, call: PhoneCall, chat: Chat, kind: str) -> PhoneCall:
    """The chat's own events: callStarted and callEnded, a moment after the record's times."""
    dice = room.draw.dice
    call_id = call.key if dice.random() < 0.5 else room.draw.guid()  # equality is a bonus
    who = [end.key for end in call.participants if end.kind == "user"]
    base: Json = {
        "callId": call_id,
        "callEventType": kind,
        "initiator": identity_set(who[0], None),
    }
    seconds = round((call.end - call.start).total_seconds())
    ended = {
        "@odata.type": "#microsoft.graph.callEndedEventMessageDetail",
        "callDuration": f"PT{seconds // 60}M{seconds % 60}S" if seconds > 59 else f"PT{seconds}S",
        "callParticipants": [
            {"participant": {"application": None, "device": None, "user": identity(key, None)}}
            for key in (who if call.is_answered else who[:1])
        ],
        **base,
    }
    started = {"@odata.type": "#microsoft.graph.callStartedEventMessageDetail", **base}
    keys = []
    for at, detail in ((call.start, started), (call.end, ended)):
        seen = at + timedelta(milliseconds=dice.randint(150, 2900))
        while (chat.key, millis(seen)) in room.used:
            seen += timedelta(milliseconds=1)
        room.used.add((chat.key, millis(seen)))
        seen = seen.replace(microsecond=seen.microsecond // 1000 * 1000)
        keys.append((chat.key, str(millis(seen))))
        room.events.append(
            Message(
                thread=chat.key,
                key=str(millis(seen)),
                at=seen,
                sender="",
                html="<systemEventMessage/>",
                is_html=True,
                right=Right(case=None, why="a system event"),
                event=detail,
            )
        )
    return _with(call, events=tuple(keys))
