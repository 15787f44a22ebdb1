"""KMD Nova's calls: a case by its number, its notes, its documents, and the three writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from connector.errors import Rejected
from connector.journaling.connection import Connection
from connector.journaling.remote import Remote
from connector.journaling.token import Token
from connector.journaling.words import Words
from connector.journals.nova import wire
from connector.journals.nova.answers import CaseList, CaseRow, DocumentList, Note, Paging

T = TypeVar("T")

_CASES = "api/Case/GetList"
_UPDATE = "api/Case/Update"
_DOCUMENTS = "api/Document/GetList"
_FILE = "api/Document/GetFile"
_UPLOAD = "api/Document/UploadFile"
_IMPORT = "api/Document/Import"
_MOST_PAGES = 200


class Nova:
    """One Nova and how to sign in there. Safe from many threads; errors are those of `Remote`."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self.rows = words.number("api", "page_rows")
        self._query = {"api-version": words.text("api", "version")}
        parts = urlsplit(connection.token_url or connection.url)
        token = Token(
            _remote(connection, f"{parts.scheme}://{parts.netloc}"),
            connection.token_url,
            {
                "grant_type": "client_credentials",
                "scope": "client",
                "client_id": connection.client_id,
                "client_secret": connection.secret,
            },
            monotonic=time.monotonic,
        )
        self._remote = _remote(connection, connection.url, token)

    # -- reading --------------------------------------------------------------------------------

    def case(self, number: str, output: Mapping[str, Any] | None = None) -> CaseRow | None:
        """The case of exactly this number. Rejected (field "case_number") when there are two."""
        if not number:
            return None
        found: dict[str, CaseRow] = {}
        start = 1
        for _ in range(_MOST_PAGES):
            asked = wire.cases_request(number, start, self.rows, output or wire.CASE_OUTPUT)
            answer = self._read(_CASES, asked, CaseList)
            cases = answer.cases or []
            found |= {case.uuid: case for case in cases if wire.same_number(case, number)}
            start += len(cases)
            if not self._has_more(answer.paging_information, len(cases)):
                break
        if len(found) > 1:
            text = (
                f"{self.name}: case number {number} exists {len(found)} times "
                f"({', '.join(sorted(found))}); ask KMD to let this client see one of them only"
            )
            raise Rejected(text, system=self.name, field="case_number")
        return next(iter(found.values()), None)

    def note(self, case: CaseRow, uuid: str, *, with_text: bool) -> Note | None:
        """The note of this id on the case. Rejected when not all of its notes can be read."""
        seen: set[str] = set()
        there = case.number_of_journal_notes or 0
        start = 1
        for _ in range(_MOST_PAGES):
            asked = wire.notes_request(case.uuid, start, self.rows, with_text=with_text)
            rows = self._read(_CASES, asked, CaseList).cases or []
            row = next((row for row in rows if row.uuid == case.uuid), CaseRow())
            notes = (row.journal_notes.journal_notes if row.journal_notes else None) or []
            for note in notes:
                if note.uuid.lower() == uuid:
                    return note
            new = {note.uuid for note in notes} - seen
            seen |= new
            start += len(notes)
            if len(seen) >= (row.number_of_journal_notes or there) or not new:
                break
        self._require_all(case, len(seen))
        return None

    def documents(self, case: CaseRow) -> set[str]:
        """The ids of the case's documents."""
        found: set[str] = set()
        start = 1
        for _ in range(_MOST_PAGES):
            asked = wire.documents_request(case.uuid, start, self.rows)
            answer = self._read(_DOCUMENTS, asked, DocumentList)
            page = {document.document_uuid.lower() for document in answer.documents or []}
            is_new = not page <= found
            found |= page
            start += len(page)
            if not is_new or not self._has_more(answer.paging_information, len(page)):
                break
        return found

    def file(self, uuid: str) -> bytes:
        """The bytes of a document. Raises Gone when it has none."""
        answer = self._remote.ask(
            "PUT",
            _FILE,
            body=msgspec.json.encode({"common": wire.common(uuid), "checkOutDocument": False}),
            query=self._query,
            headers={"Content-Type": "application/json", "Accept": "*/*"},
            is_read=True,
        )
        return answer.body

    # -- writing --------------------------------------------------------------------------------

    def add_note(self, case_uuid: str, note: Mapping[str, Any]) -> None:
        """Add a journal note to a case."""
        self._write("PATCH", _UPDATE, {"common": wire.common(case_uuid), "journalNotes": [note]})

    def try_writing(self, case_uuid: str) -> None:
        """Change nothing on a case that does not exist."""
        self._write("PATCH", _UPDATE, {"common": wire.common(case_uuid), "journalNotes": []})

    def upload(self, uuid: str, name: str, content: bytes, content_type: str) -> None:
        """Send the bytes of a document; no case knows of them yet."""
        transaction = wire.common()["transactionId"]
        body, kind = wire.form(name, content, content_type)
        self._send("POST", f"{_UPLOAD}/{transaction}/{uuid}", body, kind)

    def import_document(self, uuid: str, document: Mapping[str, Any]) -> None:
        """Make an uploaded file a document of a case."""
        self._write("POST", _IMPORT, {"common": wire.common(uuid), **document})

    # -- one call -------------------------------------------------------------------------------

    def _read(self, path: str, asked: Mapping[str, Any], type: type[T]) -> T:
        return self._remote.json("PUT", path, type, value=asked, query=self._query, is_read=True)

    def _write(self, method: str, path: str, value: Mapping[str, Any]) -> None:
        self._send(method, path, msgspec.json.encode(value), "application/json")

    def _send(self, method: str, path: str, body: bytes, kind: str) -> None:
        """A write. A page for people with status 200 is no success."""
        headers = {"Content-Type": kind, "Accept": "*/*"}
        answer = self._remote.ask(method, path, body=body, query=self._query, headers=headers)
        if answer.is_html:
            self._remote.read(answer, dict)

    def _has_more(self, paging: Paging, count: int) -> bool:
        """Whether rows follow a page of `count`; where Nova does not say, a full page has more."""
        told = paging.has_more_rows
        return count > 0 and (count >= self.rows if told is None else told)

    def _require_all(self, case: CaseRow, seen: int) -> None:
        """Only who saw all notes may say that one is not there."""
        there = case.number_of_journal_notes
        if there is None or seen < there:
            told = "an unknown number of" if there is None else there
            text = (
                f"{self.name}: case {case.number} has {told} journal notes and only {seen} of "
                "them can be read, so it is not known whether the entry is there already; ask "
                "for the right to read all notes, or journal on a new case"
            )
            raise Rejected(text, system=self.name, field="case_number")


def _remote(connection: Connection, url: str, token: Token | None = None) -> Remote:
    more: dict[str, Any] = {} if token is None else {"sign_in": token}
    return Remote(
        url,
        name=connection.name,
        ca_bundle=connection.ca_bundle,
        timeout_s=(10.0, connection.timeout_s),
        in_flight=connection.in_flight,
        adapter=connection.adapter,
        **more,
    )
