"""The words of the program as values. No I/O, no clock, no settings.

Values are frozen msgspec structs: made about ten times faster than frozen dataclasses (a million
messages pass through `Item`), and they encode to JSON without code of ours. None can hold itself,
so the collector need not watch those that are many (`gc=False`). All times are aware datetimes in
UTC; all lengths of time are seconds.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What an item is. All but SIGHTING and EVENT are journaled."""

    MESSAGE = "message"  # a chat or channel message
    CALL = "call"  # one joined call that was answered
    MISSED_CALL = "missed_call"  # one joined call that nobody answered
    VOICEMAIL = "voicemail"  # a recording somebody left
    NOTE = "note"  # what a case worker wrote down of one of these; it has no case of its own
    SIGHTING = "sighting"  # one source's view of a call; joined into CALL or MISSED_CALL
    EVENT = "event"  # a system event of a thread (member added, chat renamed ...)


class Direction(StrEnum):
    """Which way a communication went, seen from the organisation."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody or something that takes part. Every field may be empty; `person` is a directory id.

    `phone` is as the source wrote it when it could not be read, else E.164; a number that the
    source masked keeps its asterisks ("+45364212***").
    """

    person: str = ""
    name: str = ""
    phone: str = ""
    mail: str = ""
    role: str = ""  # from | to | organizer | attendee | queue | attendant | voicemail | bot


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One stretch of a call's journey: ringing a person, waiting in a queue, a transfer."""

    role: str  # user | queue | attendant | voicemail | phone | service
    started_at: datetime
    ended_at: datetime
    who: Party = Party()
    is_answered: bool = False
    failure: str = ""  # "callSetup: ..." as the source said, raw


class Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one sighting, or all sightings joined, tell of a call.

    `same` holds keys that prove that two sightings are one call ("record:<id>", "dr:<correlation>",
    "chatcall:<callId>"); without a common key, time and parties decide (connector/calls.py).
    """

    started_at: datetime
    ended_at: datetime
    direction: Direction = Direction.UNKNOWN
    is_answered: bool | None = None  # None: this sighting cannot tell
    caller: Party = Party()
    callees: tuple[Party, ...] = ()
    others: tuple[Party, ...] = ()  # further participants, organiser, conference members
    legs: tuple[Leg, ...] = ()
    same: tuple[str, ...] = ()
    thread: str = ""  # the chat it happened in, when known
    subject: str = ""  # a meeting's subject
    went_to_voicemail: bool = False

    @property
    def duration_s(self) -> int:
        """Whole seconds from start to end; never negative."""
        return max(0, int((self.ended_at - self.started_at).total_seconds()))

    @property
    def parties(self) -> tuple[Party, ...]:
        """Everybody: caller, callees, others."""
        return (self.caller, *self.callees, *self.others)


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Bytes that belong to an item. `ref` is what the source's `content(ref)` needs to fetch them.

    An empty `ref` means that the bytes are not ours to fetch (a link to a shared file): `url` tells
    where they are. `note` says why something is known to be missing.
    """

    name: str
    ref: str = ""
    content_type: str = ""
    size_bytes: int | None = None
    url: str = ""
    role: str = "file"  # audio | image | file | quote | card
    note: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One version of one thing that was seen, as one source gave it.

    (source, thread, key, version) is unique for ever. `thread` is the remote key of what it stands
    in: a chat id, "team/channel/root message", a mailbox, or the name of a list of calls.
    `modified_at` orders the versions of a key. `raw` is the JSON exactly as received (evidence).
    `sender` is a directory id, else a phone number or mail address; `sender_name` may be empty.
    """

    source: str
    thread: str
    key: str
    version: str
    kind: Kind
    sent_at: datetime
    modified_at: datetime
    raw: bytes
    text: str = ""  # plain text, no mark-up
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    direction: Direction = Direction.UNKNOWN
    edited_at: datetime | None = None  # when the source says that its words were last changed
    is_deleted: bool = False
    reply_to: str = ""
    mentions: tuple[str, ...] = ()  # directory ids
    quoted: str = ""  # text of quoted or forwarded messages: weak evidence, not the sender's words
    parties: tuple[Party, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    call: Call | None = None  # for SIGHTING; and for VOICEMAIL the call that left it
    duration_s: int | None = None
    flags: tuple[str, ...] = ()  # oddities met while reading: "malformed date", "unknown enum"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something a source could not read, in the place where it would have stood.

    `scope` is "item" (the neighbours arrived) or "part" (a forbidden mailbox, a foreign chat: the
    part's cursor stays where it was).
    """

    source: str
    part: str
    key: str
    reason: str  # what, which, what to do; no content
    scope: str = "item"
    raw: bytes = b""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A directory entry as it is now. `id` is the directory's object id and never changes."""

    id: str
    upn: str = ""
    mail: str = ""
    name: str = ""
    sip: str = ""
    phones: tuple[str, ...] = ()  # E.164 where it could be read, else as written
    department: str = ""
    office: str = ""
    is_enabled: bool = True
    is_removed: bool = False
    account: str = ""  # the account in the organisation's own directory: its objectGUID


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The present state of a person. There is no history and no "changed at" at the source."""

    person: str
    availability: str  # the raw string; new values will come
    activity: str
    observed_at: datetime
    sequence: str = ""
    message: str = ""
    is_out_of_office: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a source gives at a time. `cursor` is safe to keep once the rest is kept."""

    source: str
    part: str
    cursor: str | None = None
    items: tuple[Item | Problem, ...] = ()
    people: tuple[Person, ...] = ()
    presences: tuple[Presence, ...] = ()


class CaseParty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A party of a case. Telephone numbers in E.164."""

    name: str = ""
    phone: str = ""
    mail: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as its register knows it. `number` is the canonical spelling."""

    number: str
    title: str = ""
    is_open: bool = True
    opened: date | None = None
    closed: date | None = None
    caseworker: str = ""  # user principal name
    department: str = ""
    parties: tuple[CaseParty, ...] = ()
    access: str = ""  # "" for everybody who may see the unit's cases, "restricted" for those named
    readers: tuple[str, ...] = ()  # user principal names and group ids that the register names
    kle_subject: str = ""
    kle_facet: str = ""
    remote_id: str = ""  # the system's own id, when it is not the number
    continues: tuple[str, ...] = ()  # numbers of earlier cases that this one goes on with

    def was_open_on(self, day: date) -> bool:
        """Whether it was open on that day, as far as its dates tell."""
        if self.opened is not None and day < self.opened:
            return False
        if self.closed is not None:
            return day <= self.closed
        return self.is_open


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One reason for a case.

    `where` is subject | text | transcript | thread | phone | quoted | person.
    """

    rule: str  # number | thread | phone | person
    case_number: str
    where: str
    found: str = ""  # as it was written; a telephone number is shown with its last two digits only
    note: str = ""


class LinkState(StrEnum):
    """What is decided about an item."""

    UNLINKED = "unlinked"  # nothing points to a case
    WAITING = "waiting"  # something does, and a person must decide
    LINKED = "linked"  # on a case, automatically or by a person
    EXCLUDED = "excluded"  # never to be journaled (a person, a setting)


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the linker says of one item, with all it looked at."""

    state: LinkState
    case_number: str = ""
    rule: str = ""
    confidence: float = 0.0
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message in a conversation's transcript, with every earlier text that was read."""

    key: str
    at: datetime
    who: str
    text: str
    edited_at: datetime | None = None
    # An edit made before the first reading: the words before it are not in `earlier`.
    unread_edit_at: datetime | None = None
    deleted_at: datetime | None = None
    earlier: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    sha256: str = ""  # of the bytes as received


class EntryFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of an entry. An empty `sha256`: known to be missing; `note` says why."""

    name: str
    content_type: str = ""
    size_bytes: int | None = None
    sha256: str = ""
    role: str = "file"
    note: str = ""
    url: str = ""


class About(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The communication that a note is about: its entry on the same case."""

    entry_id: str
    kind: str  # conversation | call | missed_call | voicemail
    started_at: datetime
    local_day: date


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is journaled: one version of a communication, or of a note about one, on a case.

    `id` is the same for all versions; the key given to a sink is made of id, version and sink.
    A void entry takes an earlier version back, with the reason; nothing is deleted.
    """

    id: str
    version: int
    kind: str  # conversation | call | missed_call | voicemail | note
    case_number: str
    started_at: datetime
    ended_at: datetime
    local_day: date
    time_zone: str
    title: str = ""
    direction: Direction = Direction.UNKNOWN
    parties: tuple[Party, ...] = ()
    lines: tuple[Line, ...] = ()
    call: Call | None = None
    text: str = ""  # a voicemail's transcript, or the note
    about: About | None = None  # of a note
    duration_s: int | None = None
    files: tuple[EntryFile, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    linked_by: str = ""  # "rule number" or the person's name
    sources: tuple[str, ...] = ()  # SHA-256 of every sighting, as received
    missing: tuple[str, ...] = ()  # what is known not to be here
    is_void: bool = False
    void_reason: str = ""
    previous_key: str = ""  # the receipt this version follows


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sink's proof that it has an entry: `target` is the remote id, `url` is for people."""

    key: str
    target: str
    at: datetime
    url: str = ""
    sha256: str = ""  # of what was written, as the sink can read it back
    detail: str = ""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink can take."""

    takes_files: bool = True
    takes_void: bool = True
    max_file_bytes: int | None = None
    can_find: bool = True
    in_flight: int = 1  # puts worth having under way at once, each on another case
    # So long a request of a process that died may still be at work there: it is not put before.
    grace_s: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `casethread check`: `level` is ok | warning | error, `fix` says what to do."""

    level: str
    system: str
    what: str
    fix: str = ""


def content_sha256(raw: bytes) -> bytes:
    """The 32-byte SHA-256 of bytes as they were received."""
    return hashlib.sha256(raw).digest()


def entry_json(entry: Entry) -> bytes:
    """The canonical JSON of an entry: sorted members, no spaces; its SHA-256 is what is proved."""
    return msgspec.json.encode(entry, order="sorted")
