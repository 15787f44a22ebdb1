"""The municipality's meetings and group chats as conferences of Lync. Pure."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.sandbox import words
from connector.sandbox.lync_messages import talks
from connector.sandbox.lync_rows import Habits, address, is_meeting, local
from connector.sandbox.municipality import Municipality
from connector.sandbox.world import EPOCH, Json, PhoneCall

CHAT, SOUND = 1, 2  # rows of Mcus
_FOCUS = f"sip:{words.DOMAIN};gruu;opaque=app:conf:"
MCUS: tuple[Json, ...] = (
    {"McuId": CHAT, "McuUri": f"{_FOCUS}chat:id:all", "McuTypeId": 2},
    {"McuId": SOUND, "McuUri": f"{_FOCUS}audio-video:id:all", "McuTypeId": 3},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody came to a conferencing server and went."""

    uri: str
    came: datetime
    went: datetime
    mcu: int
    is_outside: bool = False


@dataclass(slots=True, kw_only=True)
class Gathering:
    """One conference."""

    call: str  # the municipality's own key of the meeting, or of the group chat with the day
    uri: str
    instance: str
    start: datetime
    end: datetime
    organizer: str
    visits: tuple[Visit, ...]
    flag: int = 0
    key: tuple[datetime, int] = (EPOCH.replace(tzinfo=None), 0)  # in the database's own time

    @property
    def is_spoken(self) -> bool:
        return any(visit.mcu == SOUND for visit in self.visits)


def gatherings(world: Municipality, habits: Habits) -> list[Gathering]:
    """All meetings and written conferences, with one test of the server's own."""
    dice = random.Random(f"{world.seed}/lync/meetings")
    found = [_meeting(world, call, dice) for call in world.calls if is_meeting(call)]
    found += _written(world, dice)
    if found:
        found.append(_synthetic(found[0], dice))
    found.sort(key=lambda each: (each.start, each.call))
    taken: dict[datetime, int] = {}
    for each in found:
        at = local(each.start, 1, habits)
        taken[at] = taken.get(at, 0) + 1
        each.key = (at, taken[at])
    return found


def _meeting(world: Municipality, call: PhoneCall, dice: random.Random) -> Gathering:
    visits = tuple(
        Visit(
            uri=address(world, leg.caller),
            came=leg.start,
            went=leg.end,
            mcu=SOUND,
            is_outside=leg.caller.kind == "phone",
        )
        for part in call.sessions
        for leg in part
    )
    start = min(visit.came for visit in visits)
    end = max(visit.went for visit in visits) + timedelta(seconds=2)
    organizer = address(world, call.organizer)
    return _gathering(call.key, start, end, organizer, visits, dice)


def _written(world: Municipality, dice: random.Random) -> Iterator[Gathering]:
    """Chats of three and more: a conference for each day on which they wrote."""
    for talk in talks(world):
        if talk.chat.kind == "oneOnOne" or len(talk.chat.members) < 3:
            continue
        start = talk.messages[0].at
        end = talk.messages[-1].at + timedelta(minutes=5)
        uris = [f"sip:{person.upn}" for person in talk.chat.members]
        visits = (Visit(uri=uri, came=start, went=end, mcu=CHAT) for uri in uris)
        yield _gathering(f"{talk.chat.key}/{talk.day}", start, end, uris[0], visits, dice)


def _synthetic(like: Gathering, dice: random.Random) -> Gathering:
    """A test that the server makes of itself, between two users who are none."""
    uris = [f"sip:watcher{number}@{words.DOMAIN}" for number in (1, 2)]
    visits = (Visit(uri=uri, came=like.start, went=like.end, mcu=SOUND) for uri in uris)
    made = _gathering("synthetic", like.start, like.end, uris[0], visits, dice)
    made.flag = 1
    return made


def _gathering(
    call: str,
    start: datetime,
    end: datetime,
    organizer: str,
    visits: Iterable[Visit],
    dice: random.Random,
) -> Gathering:
    instance = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    number = f"{dice.getrandbits(40):X}"
    uri = f"{organizer};gruu;opaque=app:conf:focus:id:{number}"
    return Gathering(
        call=call,
        uri=uri,
        instance=instance,
        start=start,
        end=end,
        organizer=organizer,
        visits=tuple(visits),
    )
