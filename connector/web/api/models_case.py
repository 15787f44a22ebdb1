"""A case and its line of time, as the API tells them: the values of timeline_values.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from connector.model import Direction, LinkState
from connector.web.api.models import Model, Party, Present
from connector.web.page import is_web
from connector.web.telling import Telling
from connector.web.words import say

HREF = "/api/v1/items/{item}/files/{position}"


def _telling(info: ValidationInfo) -> Telling:
    """Words of the reader's language: they come with the values as the context."""
    if not isinstance(info.context, Telling):
        raise TypeError("the models of a case are made with a Telling as context")
    return info.context


class CaseParty(Model):
    """A party of a case."""

    name: str
    phone: str
    mail: str


class Case(Model):
    """A case as its register knows it."""

    number: str = Field(examples=["27.18.02-P25-14-26"])
    title: str
    is_open: bool
    opened: date | None
    closed: date | None
    caseworker: str = Field(examples=["bodil@nordvang.example"])
    """User principal name."""
    department: str
    parties: list[CaseParty]
    access: str = Field(examples=["", "restricted"])
    """Empty, or "restricted": only its caseworker and those whom the register names see it."""
    kle_subject: str
    kle_facet: str
    continues: list[str]
    """Numbers of earlier cases that this one goes on with."""


class CaseHead(Model):
    """A case, and whether its caseworker is free now."""

    case: Case
    caseworker: Present | None
    """The present state of the caseworker; null when the directory does not have them."""
    href: str = Field(examples=["/cases/27.18.02-P25-14-26"])
    """The case's page for people, in this portal."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])


class Change(Model):
    """A stretch of words in an edit; all but "removed" is the new text, all but "added" the old."""

    sort: str = Field(examples=["same", "added", "removed"])
    text: str


class Mark(Model):
    """Something that happened to a text after it was sent."""

    sort: str = Field(examples=["edited", "deleted", "restored"])
    at: datetime
    changes: list[Change]
    """Of an edit; empty when it was made before the first reading: its words before are unknown."""


class File(Model):
    """An attachment, or a recording."""

    item: int
    """The version of the communication that names it: a part of its address."""
    position: int
    name: str
    state: str = Field(examples=["kept"])
    """waiting, kept, missing, linked or erased: only what is kept can be fetched."""
    role: str = Field(examples=["audio", "file", "image"])
    content_type: str
    """As the source said; it is sent under a type of a short list."""
    size_bytes: int | None
    sha256: str
    note: str
    """Why it is missing."""
    url: str
    """Where a shared file is that is not ours to keep."""
    href: str | None = Field(None, examples=["/api/v1/items/17/files/0"])
    """Where its bytes are; null when they are not here."""

    @model_validator(mode="after")
    def _found(self) -> Self:
        if self.state == "kept":
            self.href = HREF.format(item=self.item, position=self.position)
        return self


class Message(Model):
    """One message with all that was done to it; of a deleted one the words that it had."""

    item: int
    at: datetime
    who: Party
    text: str
    marks: list[Mark]
    deleted_at: datetime | None
    is_erased: bool
    files: list[File]


class Leg(Model):
    """One leg of a call: ringing or talking with somebody, a wait in a queue, a voicemail."""

    role: str = Field(examples=["user", "queue", "attendant", "voicemail"])
    started_at: datetime
    length_s: int
    who: Party
    is_answered: bool
    is_transfer: bool
    failure: str


class Course(Model):
    """What is known of a call's course."""

    is_answered: bool | None
    """null: no source could tell."""
    went_to_voicemail: bool
    legs: list[Leg]
    sources: list[str]
    """Those that saw the call."""


class CallBack(Model):
    """The first call with the same number on the same case after somebody was not reached."""

    item: int
    at: datetime
    who: str
    direction: Direction
    is_answered: bool | None


class Evidence(Model):
    """One reason for a case."""

    rule: str = Field(examples=["number"])
    case_number: str
    where: str = Field(examples=["text"])
    found: str
    """As it was written; a telephone number with its last two digits only."""
    note: str
    words: str = Field("", examples=["case number (in the text): 27.18.02-P25-14-26"])
    """All of it in the language that was asked for."""

    @model_validator(mode="before")
    @classmethod
    def _tell(cls, each: object, info: ValidationInfo) -> object:
        from connector.model import Evidence as Kept

        if not isinstance(each, Kept):
            return each
        return {
            "rule": each.rule,
            "case_number": each.case_number,
            "where": each.where,
            "found": each.found,
            "note": each.note,
            "words": _telling(info).evidence(each),
        }


class Decision(Model):
    """One decision about items; several messages often share one."""

    items: list[int]
    at: datetime
    state: LinkState
    case_number: str
    """Empty for none, and for one that the viewer may not see (`is_hidden`)."""
    rule: str = Field(examples=["number", "person"])
    confidence: int
    """Per cent."""
    reason: str
    """A person's own words."""
    words: str = Field("", examples=["The number of case 27.18.02-P25-14-26 is written in it."])
    """Why, as one sentence in the language that was asked for."""
    actor: str
    actor_name: str
    evidence: list[Evidence]
    is_hidden: bool
    superseded_at: datetime | None

    @model_validator(mode="after")
    def _tell(self, info: ValidationInfo) -> Self:
        if not self.is_hidden:
            self.words = _telling(info).reason(self.rule, self.reason, self.case_number)
        return self


class Delivery(Model):
    """One version of an entry in one journal."""

    sink: str
    state: str = Field(examples=["waiting", "sending", "done", "unsure", "failed", "held"])
    key: str
    version: int
    at: datetime
    target: str
    url: str
    """The entry in the records system, for people: an http(s) address, or empty."""
    reason: str

    @field_validator("url")
    @classmethod
    def _web_only(cls, url: str) -> str:
        return url if is_web(url) else ""


class Place(Model):
    """Where an entry is in one journal: the newest version, and those before it."""

    newest: Delivery
    earlier: list[Delivery]


class Elsewhere(Model):
    """An entry of the same communication on another case, as a rule taken back there."""

    case_number: str
    is_void: bool
    places: list[Place]


class Missing(Model):
    """Something that is known not to be here."""

    what: str = Field(examples=["missing_file", "masked", "one_source"])
    name: str
    note: str
    words: str = Field("", examples=["only one source saw it: call_records"])
    """All of it in the language that was asked for."""

    @model_validator(mode="after")
    def _tell(self, info: ValidationInfo) -> Self:
        tell = _telling(info)
        if self.what == "one_source":
            self.words = say("api.one_source", tell.language, name=tell.source(self.name))
            return self
        self.words = say(
            f"case.missing.{self.what}",
            tell.language,
            name=self.name or say("case.file", tell.language),
            note=self.note or say("case.no_reason", tell.language),
        )
        return self


class NoteVersion(Model):
    """One text of a note; no text means that it was emptied then."""

    at: datetime
    who: str
    text: str


class Note(Model):
    """The case worker's own note of what was said, as it is now."""

    item: int
    about: int
    text: str
    author: str
    written_at: datetime
    version: int
    versions: list[NoteVersion]
    edited_at: datetime | None
    edited_by: str


class Entry(Model):
    """A call, missed call, voicemail, or one local day of a conversation."""

    item: int
    """The number it goes by; of a conversation the first message's."""
    items: list[int]
    kind: str = Field(examples=["conversation", "call", "missed_call", "voicemail"])
    state: LinkState
    started_at: datetime
    ended_at: datetime
    day: date
    """Local."""
    direction: Direction
    who: Party
    """Who called or wrote first."""
    others: list[Party]
    duration_s: int | None
    subject: str
    case_number: str
    """Empty when it is on no case, or on one that the viewer may not see."""
    call: Course | None
    text: str
    """A voicemail's transcript, as its service wrote it down."""
    marks: list[Mark]
    """What happened to that text."""
    messages: list[Message]
    files: list[File]
    """Of anything but a conversation, whose messages have their own."""
    is_erased: bool
    call_back: str
    """E.164; empty when nobody has to be called, or the number is not whole."""
    returned: CallBack | None
    related: list[int]
    """The voicemails of a call, the call of a voicemail."""
    why: list[Decision]
    """The decisions that stand."""
    earlier: list[Decision]
    """Decisions that no longer stand, newest first."""
    places: list[Place]
    """Where it is journaled."""
    owed_at: datetime | None
    """When the next version is to be written."""
    elsewhere: list[Elsewhere]
    missing: list[Missing]
    note: Note | None


class Timeline(Model):
    """One page of a case's communications."""

    case_number: str
    order: str = Field(examples=["newest", "oldest"])
    entries: list[Entry]
    total: int
    """Entries that the filter lets through."""
    counts: dict[str, int] = Field(examples=[{"conversation": 3, "call": 2}])
    """By kind, of the whole period."""
    next: str
    """Cursor of what comes after this page; empty at the end."""
    previous: str
    """Cursor of what comes before it."""
    time_zone: str = Field("", examples=["Europe/Copenhagen"])


class Item(Model):
    """One communication, wherever it is: on a case, waiting, or on none."""

    entry: Entry
    time_zone: str = Field(examples=["Europe/Copenhagen"])


class OwnNote(Model):
    """The note about one communication, to be read or written."""

    item: int
    """What it is about."""
    case_number: str
    text: str
    """Empty when there is none, or it was taken back."""
    etag: str = Field(examples=['"2"'])
    """What a change names in If-Match."""
    versions: list[NoteVersion]
    """Oldest first, the present one too; nothing of a note is ever lost."""
    time_zone: str = Field(examples=["Europe/Copenhagen"])
