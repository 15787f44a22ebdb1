"""Bringing an entry's files onto a case: upload, import, and a look at what arrived.

Nova has two steps, and what it does with a repeated UUID is not known (2026-11). So the case's
documents are read first, and a refused or lost step is settled by reading before anything is
repeated.
"""

from __future__ import annotations

import hashlib

import msgspec

from connector.errors import Gone, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.draft import Draft
from connector.journals.nova.answers import CaseRow
from connector.journals.nova.client import Nova
from connector.journals.nova.content import Content, Piece
from connector.ports import OpenFile, Steps
from connector.typed import read_json


class Filing:
    """The documents of entries, on one Nova."""

    def __init__(self, nova: Nova, content: Content, name: str) -> None:
        self._nova = nova
        self._content = content
        self._name = name

    def file(self, draft: Draft, case: CaseRow, open_file: OpenFile, steps: Steps) -> None:
        """Every document of the entry is on the case when it returns, with the bytes it should.

        `steps` holds the ids of the files that were taken and may not be on the case yet.
        """
        pieces = list(self._content.pieces(draft))
        if not pieces:
            return
        there = self._nova.documents(case)
        for piece in pieces:
            if piece.uuid not in there:
                self._bring(draft, piece, case, open_file, steps)
            self._require_whole(draft, piece, case)

    def _bring(
        self, draft: Draft, piece: Piece, case: CaseRow, open_file: OpenFile, steps: Steps
    ) -> None:
        """Upload and import. An upload that was taken before is imported, not sent again."""
        taken = load_taken(steps)
        if piece.uuid in taken and self._import(draft, piece, case) is None:
            return
        trouble = self._upload(draft, piece, open_file)
        if trouble is None:
            save_taken(steps, {*taken, piece.uuid})
        refused = self._import(draft, piece, case)
        if refused is not None:
            # What went wrong first says more: a file too large, an answer lost.
            raise trouble or refused

    def _upload(self, draft: Draft, piece: Piece, open_file: OpenFile) -> RemoteError | None:
        """Send the bytes. What was refused or lost is given back: the import tells how it stands.

        A refusal may mean that the bytes are there already.
        """
        content = draft.page
        if piece.sha256:
            content = self._content_of(piece, open_file)
        try:
            self._nova.upload(piece.uuid, piece.name, content, piece.content_type)
        except Unclear as error:
            return error
        except (Rejected, Gone, Unavailable) as error:
            # A web server in front says 413, or 404 (IIS), to more than it allows: this file only.
            if isinstance(error, Unavailable) and error.status != 413:
                raise
            text = (
                f"{self._name}: Nova refuses the file {piece.name} of {len(content)} bytes (HTTP "
                f"{error.status}); look at its type, and at file_mb in mappings/nova.toml"
            )
            return Rejected(text, system=self._name, status=error.status, field="files")
        return None

    def _content_of(self, piece: Piece, open_file: OpenFile) -> bytes:
        try:
            with open_file(piece.sha256) as source:
                return source.read()
        except Gone as error:
            text = f"{self._name}: the file {piece.name} is not in the spool any more"
            raise Rejected(text, system=self._name, field="files") from error

    def _import(self, draft: Draft, piece: Piece, case: CaseRow) -> RemoteError | None:
        """Make it a document of the case; None when it is one, by whichever request."""
        try:
            self._nova.import_document(piece.uuid, self._content.document(draft, piece, case))
        except (Rejected, Unclear) as error:
            return None if piece.uuid in self._nova.documents(case) else error
        return None

    def _require_whole(self, draft: Draft, piece: Piece, case: CaseRow) -> None:
        """Read the document back. A transcript of an earlier try was made at another time of day,
        so it is known by the entry's key and hash."""
        try:
            content = self._nova.file(piece.uuid)
        except Gone:
            content = b""
        if piece.sha256:
            is_whole = hashlib.sha256(content).hexdigest() == piece.sha256
        else:
            is_whole = content == draft.page or (
                draft.key.encode() in content and draft.sha256.encode() in content
            )
        if not is_whole:
            text = (
                f"{self._name}: document {piece.uuid} on case {case.number} does not hold the "
                "bytes that were sent, and is not sent again; look at it in Nova"
            )
            raise Rejected(text, system=self._name, field="files")


def load_taken(steps: Steps) -> set[str]:
    """The ids of what Nova has taken of this entry, and may not show yet."""
    text = steps.load()
    return set(read_json(text, list[str])) if text else set()


def save_taken(steps: Steps, taken: set[str]) -> None:
    """Keep them."""
    steps.save(msgspec.json.encode(sorted(taken)).decode())
