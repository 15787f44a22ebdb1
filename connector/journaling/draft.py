"""An entry made ready for a records system: title, note, transcript and files within its limits.

Everything about the entry that can be wrong is found here, before anything is written anywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from connector.errors import ConfigError, Gone, Rejected
from connector.journaling import names
from connector.journaling.plain_note import note_text
from connector.journaling.transcript import Transcript, shown_file
from connector.mapping import KINDS, Mapping, find_zone
from connector.model import Entry, EntryFile, Finding, entry_json
from connector.ports import OpenFile

_BLOCK_BYTES = 1 << 20
_MARK = re.compile(r"Casethread (\S+) sha256:([0-9a-f]{64})")
# What no title may hold: control characters, and half characters that no encoding knows.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class DraftFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be sent. `name` is ours, ASCII and safe everywhere; `original` is for people."""

    name: str
    original: str
    content_type: str
    size_bytes: int
    sha256: str
    role: str

    def open(self, open_file: OpenFile) -> BinaryIO:
        """Its bytes, from the spool."""
        return open_file(self.sha256)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that an adapter needs of an entry.

    `mark` is one line to be kept in the system, from which `read_mark` gets key and hash back.
    `stem` begins the names of all its files. `text` is the whole entry as plain text, `page` the
    transcript as HTML.
    """

    entry: Entry
    key: str
    sha256: str  # of the entry's canonical JSON
    title: str
    text: str
    page: bytes
    stem: str
    files: tuple[DraftFile, ...]
    written_at: datetime

    @property
    def mark(self) -> str:
        """ "Casethread CT-ABC sha256:1234..."."""
        return mark(self.key, self.sha256)

    @property
    def page_name(self) -> str:
        """The file name of the transcript."""
        return f"{self.stem}.html"


def mark(key: str, sha256: str) -> str:
    """The line that proves which entry something is: its key and the hash of its content."""
    return f"Casethread {key} sha256:{sha256}"


def read_mark(text: str) -> tuple[str, str] | None:
    """(key, hash) of the last mark in a text, None when there is none.

    The last: what people said stands before it, and could quote one.
    """
    found = _MARK.findall(text)
    return found[-1] if found else None


class Drafter:
    """Makes drafts in one language; `templates` is the folder of transcript.html.j2."""

    def __init__(self, mapping: Mapping, templates: Path, clock: Callable[[], datetime]) -> None:
        self.mapping = mapping
        self.clock = clock
        self._transcript = Transcript(mapping, templates)

    def check(self) -> None:
        """Raises ConfigError when the template cannot be used."""
        self._transcript.compile()

    def findings(self, system: str) -> list[Finding]:
        """The same for `casethread check` of a sink: nothing when all is well."""
        try:
            self.check()
        except ConfigError as error:
            fix = "correct the file, or take it from the program's own"
            return [Finding(level="error", system=system, what=str(error), fix=fix)]
        return []

    def content_sha256(self, entry: Entry, system: str) -> str:
        """The hash of an entry's canonical JSON. Rejected (field "text") for half a character."""
        try:
            return hashlib.sha256(entry_json(entry)).hexdigest()
        except UnicodeEncodeError as error:
            text = f"{system}: a text of the entry holds half a character (a lone surrogate)"
            raise Rejected(text, system=system, field="text") from error

    def draft(self, entry: Entry, key: str, open_file: OpenFile, system: str) -> Draft:
        """The entry made ready. Every file is read once and its hash compared.

        Raises Rejected with field "kind", "text" or "files".
        """
        if entry.kind not in KINDS:
            text = f'{system}: the kind "{entry.kind}" is not known to mappings/entry.toml'
            raise Rejected(text, system=system, field="kind")
        sha256 = self.content_sha256(entry, system)
        there = entry.started_at.astimezone(find_zone(entry.time_zone))
        language = self.mapping.language
        word = names.kind_word(self.mapping.file_name(entry.kind), entry.is_void, language)
        stem = names.stem(there, word, key)
        files = [
            self._file(stem, number, file, open_file, system)
            for number, file in enumerate(entry.files, 1)
        ]
        title = clean(entry.title) or clean(self.mapping.title(entry))
        written_at = self.clock()
        shown = [
            shown_file(file, sent.name if sent else "", sent.size_bytes if sent else None)
            for file, sent in zip(entry.files, files, strict=True)
        ]
        page = self._transcript.render(
            entry,
            shown,
            key=key,
            title=title,
            entry_sha256=sha256,
            written_at=written_at,
        )
        return Draft(
            entry=entry,
            key=key,
            sha256=sha256,
            title=title,
            text=note_text(entry, self.mapping),
            page=page,
            stem=stem,
            files=tuple(file for file in files if file is not None),
            written_at=written_at,
        )

    def _file(
        self, stem: str, number: int, file: EntryFile, open_file: OpenFile, system: str
    ) -> DraftFile | None:
        """One attachment, read to its end; None for one known to be missing."""
        if not file.sha256:
            return None
        digest, size_bytes = hashlib.sha256(), 0
        try:
            with open_file(file.sha256) as source:
                while block := source.read(_BLOCK_BYTES):
                    digest.update(block)
                    size_bytes += len(block)
        except Gone as error:
            text = f"{system}: file {number} of the entry is not in the spool any more"
            raise Rejected(text, system=system, field="files") from error
        if digest.hexdigest() != file.sha256:
            text = f"{system}: file {number} of the entry does not have the SHA-256 it should"
            raise Rejected(text, system=system, field="files")
        language = self.mapping.language
        return DraftFile(
            name=names.file_name(stem, number, file.name, file.content_type, file.role, language),
            original=file.name,
            content_type=file.content_type or "application/octet-stream",
            size_bytes=size_bytes,
            sha256=file.sha256,
            role=file.role,
        )


def clean(text: str) -> str:
    """A text on one line, without control characters."""
    return _CONTROL.sub(" ", text).strip()


def shorten(text: str, limit: int, ending: str = "…") -> str:
    """At most `limit` characters, cut at a word where one ends near, with the ending."""
    if len(text) <= limit:
        return text
    room = max(0, limit - len(ending))
    cut = text[:room]
    space = cut.rfind(" ")
    if space > room * 0.8:
        cut = cut[:space]
    return cut.rstrip() + ending[: limit - len(cut.rstrip())]
