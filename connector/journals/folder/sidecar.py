"""The JSON file beside each transcript: the entry for programs, and the proof of its files."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from connector.model import Entry
from connector.typed import read_json

FORMAT = "casethread-entry-1"
_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in hexadecimal.")]


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it stands in the case's folder."""

    name: Annotated[str, Meta(description="The file's name in the case's folder.")]
    original_name: Annotated[str, Meta(description="The name it had where it came from.")]
    size_bytes: Annotated[int, Meta(ge=0)]
    sha256: _Sha256


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """One journaled version of a communication, as the folder journal keeps it.

    The entry exists when this file exists: it is written last.
    """

    format: Annotated[str, Meta(description=f'Always "{FORMAT}"; another value, another form.')]
    key: Annotated[str, Meta(description="The delivery's key: unique, given by the ledger.")]
    written_at: Annotated[datetime, Meta(description="When it was journaled, in UTC.")]
    title: Annotated[str, Meta(description="Subject line, without content or names.")]
    entry_sha256: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            description="SHA-256 of `entry` as JSON with sorted members and no spaces.",
        ),
    ]
    transcript: Annotated[WrittenFile, Meta(description="The HTML file for people.")]
    files: Annotated[
        tuple[WrittenFile, ...],
        Meta(description="The entry's files that are here, in the order of `entry.files`."),
    ]
    entry: Entry


_DESCRIPTIONS = {
    "Entry.id": "The same for all versions of the communication.",
    "Entry.version": "Counts from 1; a later version corrects, the earlier one stays.",
    "Entry.kind": "conversation, call, missed_call, voicemail or note.",
    "Entry.case_number": "The case's number in its register.",
    "Entry.started_at": "When the communication began, in UTC.",
    "Entry.ended_at": "When it ended, in UTC.",
    "Entry.local_day": "The day it began where it took place.",
    "Entry.time_zone": "IANA name of the zone that local times are shown in.",
    "Entry.title": "Subject line given by the ledger; empty when the journal makes it.",
    "Entry.direction": "Seen from the organisation.",
    "Entry.parties": "Everybody who took part, as far as known.",
    "Entry.lines": "The messages of a conversation, oldest first.",
    "Entry.call": "The joined call, with the legs of its journey.",
    "Entry.text": "A voicemail's transcript, made by a machine; or a case worker's note.",
    "Entry.about": "Of a note: the communication that it is about.",
    "About.entry_id": "The id of that communication's entry on the same case.",
    "About.kind": "conversation, call, missed_call or voicemail.",
    "About.started_at": "When that communication began, in UTC.",
    "About.local_day": "The day it began where it took place.",
    "Entry.duration_s": "Length in seconds.",
    "Entry.files": "All files that belong to it, also those that are known to be missing.",
    "Entry.evidence": "Why it stands on this case.",
    "Entry.linked_by": "A rule, or the person who chose the case.",
    "Entry.sources": "SHA-256 of every sighting as it was received.",
    "Entry.missing": "What is known not to be here, in words.",
    "Entry.is_void": "True: this takes the version before it back; nothing is deleted.",
    "Entry.void_reason": "Why it was taken back.",
    "Entry.previous_key": "The key of the version that this one follows.",
    "Line.key": "The message's key at its source.",
    "Line.at": "When it was sent, in UTC.",
    "Line.who": "Who sent it, as shown there.",
    "Line.text": "Its present text; what it was before a deletion when it was deleted.",
    "Line.edited_at": "When it was last changed.",
    "Line.unread_edit_at": "An edit before the first reading: the words before it are not here.",
    "Line.deleted_at": "When it was deleted at its source; the text stays here.",
    "Line.earlier": "Every earlier text that was read, oldest first.",
    "Line.attachments": "Names of what was attached to it.",
    "Line.sha256": "SHA-256 of the message as it was received.",
    "EntryFile.sha256": "SHA-256 of the bytes; empty when the file is known to be missing.",
    "EntryFile.note": "Why a file is missing.",
    "EntryFile.url": "Where a file stands that was linked to and not copied.",
    "EntryFile.role": "audio, image, file, quote or card.",
    "Party.person": "The directory's id of a member of the organisation.",
    "Party.phone": "E.164, or as the source wrote it; masked digits are asterisks.",
    "Evidence.rule": "number, thread, phone or person.",
    "Evidence.where": "subject, text, transcript, thread, phone, quoted or person.",
    "Evidence.found": "As it was written; of a telephone number the last two digits.",
    "Call.same": "Keys that prove two sightings to be one call.",
    "Leg.role": "user, queue, attendant, voicemail, phone or service.",
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a sidecar."""
    made: dict[str, Any] = msgspec.json.schema(Sidecar)
    definitions = made["$defs"]
    for name, description in _DESCRIPTIONS.items():
        struct, member = name.split(".")
        definitions[struct]["properties"][member]["description"] = description
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = " ".join(definition["description"].split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Casethread journal entry",
        **made,
    }


def schema_json() -> str:
    """The text of docs/schema/entry.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def encode(sidecar: Sidecar) -> bytes:
    """The file's bytes: members in a fixed order, indented for a person who opens it."""
    return msgspec.json.format(msgspec.json.encode(sidecar, order="sorted"), indent=1) + b"\n"


def decode(content: bytes) -> Sidecar:
    """Read a sidecar. Raises msgspec.DecodeError when it is none."""
    return read_json(content, Sidecar)
