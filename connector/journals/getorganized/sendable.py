"""The documents that an entry is to be: its files, its page, and the metadata of each."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

import msgspec

from connector.errors import Rejected
from connector.journaling.draft import Draft, shorten
from connector.journaling.words import Words
from connector.journals.getorganized.rows import row_xml
from connector.journals.getorganized.words import Names
from connector.ports import OpenFile

_FILES = re.compile(r" files:(\d+)")


class Sendable(msgspec.Struct, frozen=True, kw_only=True):
    """One document to be: the page, or a file of the entry (`sha256`)."""

    name: str
    title: str
    size_bytes: int
    page: bytes = b""
    sha256: str = ""

    def open(self, open_file: OpenFile) -> BinaryIO:
        """Its bytes."""
        return open_file(self.sha256) if self.sha256 else io.BytesIO(self.page)


def wanted_of(draft: Draft, words: Words, system: str) -> list[Sendable]:
    """The files and then the page. Raises Rejected for one that is too large to be sent."""
    most = words.number("documents", "most_bytes")
    page = Sendable(
        name=draft.page_name, title=draft.title, size_bytes=len(draft.page), page=draft.page
    )
    files = [
        Sendable(
            name=each.name,
            title=f"{draft.title} – {each.name.rpartition('_')[2]}",
            size_bytes=each.size_bytes,
            sha256=each.sha256,
        )
        for each in draft.files
    ]
    for each in (*files, page):
        if each.size_bytes > most:
            text = (
                f"{system}: {each.name} has {each.size_bytes} bytes, more than [documents] "
                f"most_bytes in {words.name} ({most})"
            )
            raise Rejected(text, system=system, field="files")
    return [*files, page]


def row_of(sendable: Sendable, draft: Draft, names: Names, words: Words, date: str) -> str:
    """The metadata of one document as XML. `date` is its local day, in the form wanted here."""
    values = dict(names.fixed)
    proof = draft.mark
    if not sendable.sha256 and draft.files:
        # The page tells how many files it came with: without them it is no entry.
        proof += f" files:{len(draft.files)}"
    title_room, ending = names.title_limit, ""
    if names.mark == names.title:
        ending = f" [{proof}]"
        title_room -= len(ending)
    else:
        values[names.mark] = proof
    values[names.title] = _short(sendable.title, title_room) + ending
    if names.date:
        values[names.date] = date
    if names.direction:
        values[names.direction] = words.text("directions", draft.entry.direction.value)
    return row_xml(values)


def files_told(mark: str) -> int:
    """How many files the page with this mark came with."""
    told = _FILES.search(mark)
    return int(told[1]) if told else 0


def _short(title: str, room: int) -> str:
    """At most `room` characters as SharePoint counts them: one beyond the first plane is two."""
    room_left = room
    while len((text := shorten(title, room_left)).encode("utf-16-le")) > 2 * room:
        room_left -= 1
    return text
