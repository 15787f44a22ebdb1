"""The things that exist in the municipality in a box, as frozen values. All times are aware UTC."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

Json = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One employee with a mailbox. `key` is the directory's object id."""

    key: str
    upn: str
    given: str
    surname: str
    title: str
    phone: str
    centre: str
    department: str
    is_enabled: bool = True

    @property
    def name(self) -> str:
        """The display name."""
        return f"{self.given} {self.surname}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """Somebody outside: a citizen or a company."""

    name: str
    phone: str
    mail: str
    is_company: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case of the register."""

    number: str
    title: str
    is_open: bool
    opened: date
    closed: date | None
    caseworker: Staff
    department: str
    parties: tuple[Citizen, ...]
    kle_subject: str
    kle_facet: str
    access: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The truth about one communication: its case or none, and why."""

    case: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat among staff, sometimes with a guest. `kind` is oneOnOne, group or meeting."""

    key: str
    kind: str
    topic: str
    members: tuple[Staff, ...]
    guest: Citizen | None
    guest_key: str
    created: datetime
    join_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat or of a channel ("team/channel"), with what happens to it later."""

    thread: str
    key: str  # milliseconds since 1970, as Teams does
    at: datetime
    sender: str  # staff key, guest key, or "" for a system event
    html: str
    is_html: bool
    right: Right
    edited_at: datetime | None = None
    first_html: str = ""  # before the edit
    deleted_at: datetime | None = None
    reacted_at: datetime | None = None
    attachments: tuple[Json, ...] = ()
    mentions: tuple[tuple[int, str, str], ...] = ()  # number, text, staff key
    images: tuple[str, ...] = ()
    event: Json | None = None
    reply_to: str = ""
    team: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a leg: kind user | phone | service, and who (staff key, number, service role)."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One leg of a call."""

    start: datetime
    end: datetime
    caller: End
    callee: End
    failure: str = ""  # "callSetup: ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCall:
    """One call, with every row and event that tells of it."""

    key: str  # the id of its call record
    kind: str  # peerToPeer | groupCall
    start: datetime
    end: datetime
    is_answered: bool
    organizer: End
    participants: tuple[End, ...]
    sessions: tuple[tuple[Segment, ...], ...]
    right: Right
    join_url: str = ""
    pstn: Json | None = None
    direct: tuple[Json, ...] = ()
    events: tuple[tuple[str, str], ...] = ()  # (chat, message)
    mails: tuple[tuple[str, str], ...] = ()  # (mailbox, internet message id)
    visible_at: datetime = EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A recording: its length, kind of file, and what makes it unlike the others."""

    seconds: int
    suffix: str  # mp3 | wav
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail in one mailbox. `kind` is voicemail, missed or ordinary."""

    mailbox: str
    key: str  # immutable id
    internet_id: str
    folder: str
    at: datetime
    subject: str
    sender_name: str
    sender_mail: str
    body: str
    kind: str
    right: Right
    message_class: str = "IPM.Note"
    reply_to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    sound: Sound | None = None
    sound_at: int = 0  # place of the recording among the attachments
    other_file: str = ""
    call: str = ""  # the call record it belongs to


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team with its channels as (id, name)."""

    key: str
    name: str
    channels: tuple[tuple[str, str], ...]
    members: tuple[Staff, ...] = ()


@dataclass(slots=True)
class Draw:
    """The dice of one part of the world: deterministic, and independent of the other parts."""

    seed: int
    part: str
    since: datetime
    now: datetime
    dice: random.Random = field(init=False)
    days: list[datetime] = field(init=False)
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed}/{self.part}")
        first = self.since.replace(hour=0, minute=0, second=0, microsecond=0)
        span = (self.now - first).days + 1
        self.days = [first + timedelta(days=n) for n in range(span)]
        self.weights = [1.0 if day.weekday() < 5 else 0.03 for day in self.days]

    def guid(self) -> str:
        """A random version 4 UUID."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def moment(self, latest_s: int = 60) -> datetime:
        """A time in office hours, at least `latest_s` before now, whole milliseconds."""
        limit = self.now - timedelta(seconds=latest_s)
        for _ in range(6):
            day = self.dice.choices(self.days, self.weights)[0]
            at = day + timedelta(milliseconds=self.dice.randint(25_200_000, 54_000_000))
            if self.since <= at < limit:
                return at
        span_ms = max(1, int((limit - self.since).total_seconds() * 1000))
        return self.since + timedelta(milliseconds=self.dice.randrange(span_ms))


def millis(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def by_key(people: tuple[Staff, ...]) -> Mapping[str, Staff]:
    """Staff by directory id."""
    return {person.key: person for person in people}


def open_cases_by_phone(cases: tuple[CaseFile, ...]) -> dict[str, list[CaseFile]]:
    """The open cases that each telephone number is a party of."""
    found: dict[str, list[CaseFile]] = {}
    for case, phone in _phones(cases):
        if case.is_open:
            found.setdefault(phone, []).append(case)
    return found


def _phones(cases: tuple[CaseFile, ...]) -> Iterator[tuple[CaseFile, str]]:
    for case in cases:
        for phone in sorted({party.phone for party in case.parties}):
            yield case, phone


def right_by_phone(phone: str, owners: Mapping[str, list[CaseFile]]) -> Right:
    """The truth of a call or voicemail by its outside number alone."""
    found = owners.get(phone, [])
    if len(found) == 1:
        return Right(case=found[0].number, why="the telephone number of exactly one open case")
    if found:
        return Right(case=None, why="the telephone number belongs to several open cases")
    return Right(case=None, why="no open case has the telephone number")
