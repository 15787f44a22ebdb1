"""What goes over the wire to and from SBSYS: bodies built, answers read. Pure.

The names are those of public clients of the API (docs/systems/sbsys.md names them). Nothing is read
that is not used: no CPR number, address or spouse of a party comes in here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from connector.journaling.draft import read_mark

_TAG = re.compile(r"<[^>]*>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
# SBSYS keeps times of 100 nanoseconds; Python reads microseconds.
_FRACTION = re.compile(r"(\.\d{6})\d+")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Anything of which the name alone is read: a party, an office."""

    name: str | None = msgspec.field(name="Navn", default=None)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; `logon` is the name that he or she signs in with, often initials."""

    logon: str | None = msgspec.field(name="LogonId", default=None)
    user_name: str | None = msgspec.field(name="Brugernavn", default=None)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A case's status. `state` is one of SBSYS's two, Aktiv and Afsluttet.

    The state is a number in the database (0 and 1), a word in the answers that were seen.
    """

    state: str | int | None = msgspec.field(name="SagsTilstand", default=None)


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a case number: its subject in the plan, or its facet."""

    number: str | None = msgspec.field(name="Nummer", default=None)


class NumberParts(msgspec.Struct, frozen=True, kw_only=True):
    """A case number in its parts."""

    subject: Number | None = msgspec.field(name="EmneplanNummer", default=None)
    facet: Number | None = msgspec.field(name="Facet", default=None)


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case, of a search (fewer members) or by its id (all of them)."""

    id: int = msgspec.field(name="Id")
    number: str | None = msgspec.field(name="Nummer", default=None)
    uuid: str = msgspec.field(name="SagIdentity", default="")
    title: str | None = msgspec.field(name="SagsTitel", default=None)
    status: Status | None = msgspec.field(name="SagsStatus", default=None)
    status_changed: str | None = msgspec.field(name="SenesteStatusAendring", default=None)
    arisen: str | None = msgspec.field(name="Opstaaet", default=None)
    created: str | None = msgspec.field(name="Oprettet", default=None)
    caseworker: User | None = msgspec.field(name="Behandler", default=None)
    office: Named | None = msgspec.field(name="Ansaettelsessted", default=None)
    persons: list[Named] | None = msgspec.field(name="Personer", default=None)
    companies: list[Named] | None = msgspec.field(name="Firmaer", default=None)
    primary: Named | None = msgspec.field(name="PrimaryPart", default=None)
    is_protected: bool | None = msgspec.field(name="ErBeskyttet", default=None)
    security_set: int | None = msgspec.field(name="SecuritySetId", default=None)
    # Two spellings, in two versions of the API.
    number_parts: NumberParts | None = msgspec.field(name="SagsNummer", default=None)
    number_parts_v10: NumberParts | None = msgspec.field(name="SagNummer", default=None)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a search; `total` counts the hits of all pages."""

    results: list[CaseRow] = msgspec.field(name="Results")
    total: int | None = msgspec.field(name="TotalNumberOfResults", default=None)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A journal note of a case."""

    id: int = msgspec.field(name="Id")
    uuid: str | None = msgspec.field(name="Uuid", default=None)
    body: str | None = msgspec.field(name="Note", default=None)
    created: str | None = msgspec.field(name="Oprettet", default=None)

    @property
    def mark(self) -> tuple[str, str] | None:
        """(key, hash) that our last line holds, None for other people's notes."""
        return read_mark(plain(self.body or ""))


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a case. Which of the ids is there differs between versions."""

    document_id: int | None = msgspec.field(name="DokumentID", default=None)
    id: int | None = msgspec.field(name="Id", default=None)
    description: str | None = msgspec.field(name="Beskrivelse", default=None)
    external_id: str | None = msgspec.field(name="EksternId", default=None)

    @property
    def shown_id(self) -> int:
        """The id that people and later calls use; 0 when the answer holds none."""
        return self.document_id or self.id or 0


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """Notes as a page of results, which some versions give instead of a plain list."""

    results: list[Note] | None = msgspec.field(name="Results")
    total: int | None = msgspec.field(name="TotalNumberOfResults", default=None)


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """Documents as a page of results."""

    results: list[Document] | None = msgspec.field(name="Results")
    total: int | None = msgspec.field(name="TotalNumberOfResults", default=None)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a 400 (ASP.NET): the names of the fields are read, their texts are not.

    The texts repeat what was sent, which may be about people.
    """

    fields: dict[str, msgspec.Raw] = msgspec.field(name="ModelState", default_factory=dict)


def search_body(number: str, limit: int, skip: int) -> dict[str, object]:
    """Cases by their number. `Skip` is left out at first: no need to send what is not used."""
    body: dict[str, object] = {"Nummer": number, "Limit": limit}
    return {**body, "Skip": skip} if skip else body


def note_body(case_id: int, heading: str, body: str, contact: str) -> dict[str, object]:
    """A journal note. No `Uuid`: whether SBSYS heeds one of ours is not known."""
    return {
        "SagID": case_id,
        "Overskrift": heading,
        "Note": body,
        "KontaktTidspunkt": contact,
    }


def document_form(
    fields: dict[str, object], name: str, content_type: str, content: bytes
) -> tuple[bytes, str]:
    """The multipart body of a document and its content type: the parts `json` and `file`.

    Of the file's type nothing goes along but the type: a parameter may hold the name it had.
    """
    metadata = json.dumps(fields, ensure_ascii=False).encode()
    told = RequestField("json", metadata)
    told.make_multipart(content_type="application/json")
    sent = RequestField("file", content, filename=name)
    kind = _MEDIA_TYPE.match(content_type)
    sent.make_multipart(content_type=kind[0] if kind else "application/octet-stream")
    return encode_multipart_formdata([told, sent])


def note_html(paragraphs: Sequence[str], mark: str) -> str:
    """Texts as HTML that shows them as they are; the mark is the last line."""
    blocks = [f"<p>{_shown(text)}</p>" for text in paragraphs if text.strip()]
    return "".join([*blocks, f"<p>{_shown(mark)}</p>"])


def _shown(text: str) -> str:
    escaped = html.escape(_CONTROL.sub("\ufffd", text.strip("\n")), quote=False)
    return "<br/>".join(escaped.split("\n"))


def plain(body: str) -> str:
    """A note's HTML as text on one line, whatever SBSYS or a person made of its mark-up."""
    return html.unescape(_TAG.sub(" ", body)).replace("\u00a0", " ")


def oldest(notes: Iterable[Note], key: str) -> Note | None:
    """The first note that bears the key: a later one is a person's copy of it."""
    own = [note for note in notes if (found := note.mark) is not None and found[0] == key]
    return min(own, key=lambda note: note.id) if own else None


def iso_time(moment: datetime, zone: ZoneInfo | None) -> str:
    """ "2026-11-20T14:12:00+01:00", or with Z when `zone` is None."""
    if zone is None:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.astimezone(zone).isoformat(timespec="seconds")


def read_time(written: str | None, zone: ZoneInfo) -> datetime | None:
    """A time of SBSYS, in UTC; one without an offset is of `zone`. None when it is no time."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", written or ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    # The year 1 is .NET's "nothing"; turned to UTC it would be before all time.
    return moment.astimezone(UTC) if moment.year > 1 else None
