"""An entry as plain text: for notes in systems that show no HTML, and for short notes."""

from __future__ import annotations

from collections.abc import Iterator

from connector.journaling.transcript import shown_parties
from connector.mapping import Mapping, find_zone
from connector.model import Entry, Line, Party


def note_text(entry: Entry, mapping: Mapping) -> str:
    """The whole entry: facts, who spoke, what was said, what is missing. Lines end in a newline."""
    return "\n".join(_lines(entry, mapping)) + "\n"


def _lines(entry: Entry, m: Mapping) -> Iterator[str]:
    yield from _facts(entry, m)
    if entry.lines or entry.text:
        yield ""
    zone = find_zone(entry.time_zone)
    for line in entry.lines:
        yield from _said(line, m, m.clock(line.at, zone))
    if entry.kind == "note":
        yield from filter(None, [entry.text])
    elif entry.text:
        yield f"{m.text('transcript')}: {entry.text}"
    if entry.call is not None and entry.call.went_to_voicemail:
        yield m.text("to_voicemail")
    for file in entry.files:
        told = "" if file.sha256 else f" ({file.note or m.text('file_missing')})"
        yield f"{m.text('file')}: {file.name}{told}"
    for missing in entry.missing:
        yield f"{m.text('missing')}: {missing}"


def _facts(entry: Entry, m: Mapping) -> Iterator[str]:
    if entry.is_void:
        yield m.text("void_text")
        yield f"{m.text('void_reason')}: {entry.void_reason or m.text('not_given')}"
    if entry.previous_key:
        label = "void_previous" if entry.is_void else "follows"
        yield f"{m.text(label)}: {entry.previous_key}"
    yield f"{m.text('kind')}: {m.kind_of(entry)}"
    if direction := m.direction(entry.direction):
        yield f"{m.text('direction')}: {direction}"
    yield f"{m.text('case')}: {entry.case_number}"
    zone = find_zone(entry.time_zone)
    if entry.about is not None:
        yield f"{m.text('about')}: {m.about(entry.about, zone)} ({entry.about.entry_id})"
    started = "written_note" if entry.kind == "note" else "started"
    yield f"{m.text(started)}: {m.long(entry.started_at, zone)}"
    if entry.duration_s:
        yield f"{m.text('duration')}: {m.duration(entry.duration_s)}"
    for role, party in shown_parties(entry):
        yield f"{m.role(role)}: {party_text(party, m)}"
    if entry.linked_by:
        yield f"{m.text('linked')}: {m.linked_by(entry)}"


def party_text(party: Party, m: Mapping) -> str:
    """ "Carla Citat, +4532100001"; the words for nobody when nothing is known."""
    name = party.name or ("" if party.phone else party.mail)
    return ", ".join(each for each in (name, party.phone) if each) or m.text("unknown_person")


def _said(line: Line, m: Mapping, clock: str) -> Iterator[str]:
    marks = []
    if line.edited_at is not None:
        marks.append(m.text("edited").lower())
    if line.unread_edit_at is not None:
        marks.append(m.text("earlier_unread"))
    if line.deleted_at is not None:
        marks.append(m.text("deleted").lower())
    told = f" ({', '.join(marks)})" if marks else ""
    yield f"{clock} {line.who or m.text('unknown_person')}{told}: {line.text}"
    for name in line.attachments:
        yield f"    {m.text('attached')}: {name}"
