"""An entry as SharePoint has it: the files to be sent, the values of its row, and its receipt."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO

import msgspec

from connector.journaling.draft import Draft, shorten
from connector.journaling.plain_note import party_text
from connector.journaling.transcript import shown_parties
from connector.journaling.words import Words
from connector.mapping import Mapping
from connector.model import Receipt
from connector.ports import OpenFile

ROW = ["Id", "Created", "CtKey", "CtCase", "CtHash", "CtLink", "CtFiles"]


class Sendable(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be: the page, or a file of the entry. `sha256` goes into its column."""

    name: str
    size_bytes: int
    sha256: str
    page: bytes = b""

    def open(self, open_file: OpenFile) -> BinaryIO:
        """Its bytes."""
        return io.BytesIO(self.page) if self.page else open_file(self.sha256)

    def is_same(self, content: bytes) -> bool:
        """Whether these bytes are it. Two pages of an entry differ in when they were made."""
        if self.page:
            return self.sha256.encode() in content
        return hashlib.sha256(content).hexdigest() == self.sha256


def row_values(
    draft: Draft, link: str, files: int, mapping: Mapping, words: Words
) -> dict[str, object]:
    """The row of an entry, by internal names; what is empty is left out."""
    from office365.sharepoint.fields.url_value import FieldUrlValue

    entry = draft.entry
    parties: Sequence[str] = [
        f"{mapping.role(role)}: {party_text(party, mapping)}"
        for role, party in shown_parties(entry)
    ]
    note = words.number("limits", "note")
    values: dict[str, object] = {
        "Title": short(draft.title, words.number("limits", "title")),
        "CtKey": draft.key,
        "CtKind": short(mapping.kind(entry.kind), 255),
        "CtCase": entry.case_number,
        "CtStarted": f"{entry.started_at:%Y-%m-%dT%H:%M:%SZ}",  # UTC, as REST has it
        "CtDirection": short(mapping.direction(entry.direction), 255),
        "CtDuration": entry.duration_s,
        "CtParties": short("\n".join(parties), note),
        "CtLink": FieldUrlValue(Url=link, Description=draft.page_name),
        "CtVersion": entry.version,
        "CtVoid": entry.is_void,
        "CtReason": short(entry.void_reason, note),
        "CtPrevious": entry.previous_key,
        "CtHash": draft.sha256,
        "CtFiles": files,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


def short(text: str, room: int) -> str:
    """At most `room` characters as SharePoint counts them: one beyond the first plane is two."""
    room_left = room
    while len((cut := shorten(text, room_left)).encode("utf-16-le", "replace")) > 2 * room:
        room_left -= 1
    return cut


def receipt_of(row: dict[str, Any]) -> Receipt:
    """The receipt that a row, as it is there, stands for."""
    link = row["CtLink"]
    url = link.get("Url", "") if isinstance(link, dict) else getattr(link, "Url", "")
    return Receipt(
        key=str(row["CtKey"]),
        target=str(row["Id"]),
        at=datetime.fromisoformat(str(row["Created"])),
        url=str(url or ""),
        sha256=str(row["CtHash"] or ""),
        detail=f"{row['CtCase']}: {int(row['CtFiles'] or 0)} files",
    )
