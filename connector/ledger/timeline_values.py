"""What a case's line of time is made of, as values that a page shows and the API gives out.

All times are aware datetimes in UTC, all lengths whole seconds. A case number is "" where the
viewer may not know which case it is.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from connector.ledger.notes import Note
from connector.model import Direction, Evidence, Party

CONVERSATION = "conversation"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of words in an edit; all but "removed" is the new text, all but "added" the old."""

    sort: str  # same | added | removed
    text: str


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a text after it was sent."""

    sort: str  # edited | deleted | restored
    at: datetime
    changes: tuple[Change, ...] = ()  # of an edit; () when the words before it were never read


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attachment. Its bytes are at /files/{item}/{position} when the state is "kept"."""

    item: int  # the version that names it
    position: int
    name: str
    state: str  # waiting | kept | missing | linked | erased
    role: str = "file"
    content_type: str = ""
    size_bytes: int | None = None
    sha256: str = ""
    note: str = ""
    url: str = ""  # http(s) only: where a shared file is that is not ours to keep


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message with all that was done to it; of a deleted one the words that it had."""

    item: int
    at: datetime
    who: Party
    text: str
    marks: tuple[Mark, ...] = ()
    deleted_at: datetime | None = None
    is_erased: bool = False
    files: tuple[File, ...] = ()


class Stretch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One leg of a call: ringing or talking with somebody, a wait in a queue, a voicemail."""

    role: str  # user | queue | attendant | voicemail | phone | service
    started_at: datetime
    length_s: int
    who: Party = Party()
    is_answered: bool = False
    is_transfer: bool = False  # somebody talked before, and passed the call on to this person
    failure: str = ""  # as the source said


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a call's course."""

    is_answered: bool | None  # None: no source could tell
    went_to_voicemail: bool = False
    legs: tuple[Stretch, ...] = ()
    sources: tuple[str, ...] = ()  # that saw the call


class Returned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first call with the same number on the same case after somebody was not reached."""

    item: int
    at: datetime
    who: str  # of us
    direction: Direction  # OUTBOUND: somebody called back; INBOUND: the caller got through
    is_answered: bool | None


class Decided(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision about items; several messages often share one."""

    items: tuple[int, ...]
    at: datetime
    state: str
    case_number: str
    rule: str
    confidence: int  # per cent
    reason: str  # a person's own words; of a rule see connector/linking/reasons.py
    actor: str
    actor_name: str = ""
    evidence: tuple[Evidence, ...] = ()
    is_hidden: bool = False  # it is about a case that the viewer may not see
    superseded_at: datetime | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of an entry in one journal."""

    sink: str
    state: str  # waiting | sending | done | unsure | failed | held
    key: str
    version: int
    at: datetime  # when it came into this state
    target: str = ""
    url: str = ""
    reason: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an entry is in one journal: the newest version, and those before it, newest first."""

    newest: Delivered
    earlier: tuple[Delivered, ...] = ()


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the same communication on another case, as a rule taken back there."""

    case_number: str
    is_void: bool
    places: tuple[Place, ...] = ()


class Missing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is known not to be here."""

    what: str  # file | waiting_file | erased | length | masked | answer | one_source | ... | flag
    name: str = ""
    note: str = ""  # as the source or the program said


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call, missed call, voicemail, or one local day of a conversation."""

    item: int  # its root; of a conversation the first message's
    items: tuple[int, ...]
    kind: str  # conversation | call | missed_call | voicemail
    state: str
    started_at: datetime
    ended_at: datetime
    day: date  # local
    direction: Direction
    who: Party  # who called or wrote first
    others: tuple[Party, ...] = ()
    duration_s: int | None = None
    subject: str = ""
    case_number: str = ""
    call: Told | None = None
    text: str = ""  # a voicemail's transcript, as its service wrote it down
    marks: tuple[Mark, ...] = ()  # of that text
    messages: tuple[Message, ...] = ()
    files: tuple[File, ...] = ()  # of anything but a conversation
    is_erased: bool = False
    call_back: str = ""  # E.164; "" when nobody has to be called, or the number is not whole
    returned: Returned | None = None
    related: tuple[int, ...] = ()  # the voicemails of a call, the call of a voicemail
    why: tuple[Decided, ...] = ()
    earlier: tuple[Decided, ...] = ()  # decisions that no longer stand, newest first
    places: tuple[Place, ...] = ()
    owed_at: datetime | None = None  # when the next version is to be written
    elsewhere: tuple[Elsewhere, ...] = ()
    missing: tuple[Missing, ...] = ()
    note: Note | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of a case's communications. Cursors are "" where there is no more that way."""

    case_number: str
    order: str  # newest | oldest
    entries: tuple[TimelineEntry, ...]
    total: int  # entries that the filter lets through
    counts: dict[str, int]  # by kind, of the whole period
    next: str = ""
    previous: str = ""
