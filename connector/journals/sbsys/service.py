"""The calls of the SBSYS Web API that the adapter makes, and what their refusals mean."""

from __future__ import annotations

import time
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from connector.errors import CaseLocked, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.remote import Answer, Remote
from connector.journaling.token import Token
from connector.journals.sbsys import wire
from connector.journals.sbsys.wire import CaseRow, Document, Found, Note, User

T = TypeVar("T")

PAGE_CASES = 100
_MOST_PAGES = 5


class _Page(Protocol[T]):
    @property
    def results(self) -> list[T] | None: ...
    @property
    def total(self) -> int | None: ...


class Service:
    """One SBSYS at one address, signed in to as one user. Safe from many threads.

    `connection.url` ends before "/api". PUT api/sag is not here and never will be: it replaces a
    whole case.
    """

    def __init__(self, connection: Connection) -> None:
        self.name = connection.name
        timeout_s = (10.0, connection.timeout_s)
        identity = Remote(
            connection.token_url,
            name=connection.name,
            ca_bundle=connection.ca_bundle,
            timeout_s=timeout_s,
            adapter=connection.adapter,
        )
        form = {
            "grant_type": "password",
            "client_id": connection.client_id,
            "username": connection.user,
            "password": connection.secret,
        }
        if connection.client_secret:
            form["client_secret"] = connection.client_secret
        self._remote = Remote(
            connection.url,
            name=connection.name,
            sign_in=Token(identity, connection.token_url, form, monotonic=time.monotonic),
            refuse=self._refuse,
            ca_bundle=connection.ca_bundle,
            timeout_s=timeout_s,
            in_flight=connection.in_flight,
            adapter=connection.adapter,
        )

    # -- reading --------------------------------------------------------------------------------

    def me(self) -> User:
        """The account's own user: the sign-in works, and SBSYS knows the user."""
        return self._remote.json("GET", "api/bruger/me", User)

    def search(self, body: dict[str, object]) -> Found:
        """A page of cases. A search is a POST that changes nothing."""
        return self._remote.json("POST", "api/sag/search", Found, value=body, is_read=True)

    def cases(self, number: str) -> list[CaseRow]:
        """The cases of exactly this number: none, one, or by some mishap several.

        The number is compared here: what the search takes for a hit is not documented.
        Raises Unavailable when it gives so many other cases that "none" would be a guess.
        """
        found: dict[int, CaseRow] = {}
        seen: set[int] = set()
        for _ in range(_MOST_PAGES):
            page = self.search(wire.search_body(number, PAGE_CASES, len(seen)))
            new = [row for row in page.results if row.id not in seen]
            seen.update(row.id for row in new)
            for row in new:
                if (row.number or "").strip() == number:
                    found[row.id] = row
            is_short = len(page.results) < PAGE_CASES
            if is_short if page.total is None else len(seen) >= page.total:
                return list(found.values())
            if not new:  # Skip is passed over: the rest cannot be seen
                break
        if found:
            return list(found.values())
        text = (
            f"{self.name}: the search for case {number} gives {page.total or 'too many'} other "
            "cases, so whether the case is there is not known; ask the supplier whether this SBSYS "
            "can search by Nummer, and page with Skip"
        )
        raise Unavailable(text, system=self.name)

    def the_case(self, number: str) -> CaseRow | None:
        """The one case of this number, None without. Raises Rejected when there are two."""
        found = self.cases(number)
        if len(found) > 1:
            ids = " and ".join(str(row.id) for row in found)
            text = (
                f"{self.name}: the number {number} stands on several cases (Id {ids}); ask the "
                "administrator of SBSYS to give each its own number"
            )
            raise Rejected(text, system=self.name, field="case_number")
        return found[0] if found else None

    def case(self, case_id: int) -> CaseRow:
        """A case with all its members. Raises Gone or Denied when it is hidden from the account."""
        return self._remote.json("GET", f"api/sag/{case_id}", CaseRow)

    def notes(self, case_id: int) -> list[Note]:
        """All journal notes of a case; they come in one answer. Rejected when it is a part."""
        answer = self._remote.get(f"api/sag/{case_id}/journalarknotes")
        found = self._remote.read(answer, list[Note] | wire.Notes)  # type: ignore[arg-type]
        return found if isinstance(found, list) else self._whole(found, case_id, "journal notes")

    def documents(self, case_id: int) -> list[Document]:
        """All documents of a case; they come in one answer. Rejected when it is a part."""
        answer = self._remote.get(f"api/sag/{case_id}/dokumenter")
        found = self._remote.read(answer, list[Document] | wire.Documents)  # type: ignore[arg-type]
        return found if isinstance(found, list) else self._whole(found, case_id, "documents")

    def _whole(self, page: _Page[T], case_id: int, what: str) -> list[T]:
        """The rows of a page that holds all there are: who sees a part may write a thing twice."""
        rows = page.results or []
        if page.total is None or page.total <= len(rows):
            return rows
        text = (
            f"{self.name}: SBSYS gives {len(rows)} of {page.total} {what} of the case with Id "
            f"{case_id}, so whether the entry is there already is not known; ask the supplier how "
            "all of them are read, or journal it by hand"
        )
        raise Rejected(text, system=self.name, field="case_number")

    # -- writing --------------------------------------------------------------------------------

    def create_note(self, body: dict[str, object]) -> None:
        """Write a journal note. Some versions answer with plain text or nothing: read it back.

        Raises Unclear for a page for people with status 200, which is no answer of SBSYS.
        """
        answer = self._remote.ask(
            "POST",
            "api/journalarknote/create",
            body=msgspec.json.encode(body),
            headers={"Content-Type": "application/json"},
        )
        if answer.is_html:
            text = f"{self.name}: the answer to a note is a page for people; it is looked for there"
            raise Unclear(text, system=self.name, status=answer.status)

    def journalise(
        self, fields: dict[str, object], name: str, content_type: str, content: bytes
    ) -> int:
        """Put a document on a case and give its id. The file is on the case or nowhere.

        Raises Rejected with field "files" when SBSYS does not take the file, Unclear when the
        answer names no document.
        """
        body, form_type = wire.document_form(fields, name, content_type, content)
        answer = self._remote.send(
            "POST", "api/dokument/journaliser", body=body, headers={"Content-Type": form_type}
        )
        if answer.status in (404, 413):
            # IIS, in front of SBSYS, says 404 to a request that is larger than it allows.
            text = (
                f"{self.name}: HTTP {answer.status} to a document of {len(content)} bytes: ask for "
                "a higher limit at the web server of SBSYS, or set [limits] file_mb in "
                "mappings/sbsys.toml; if small ones fail too, this API has no dokument/journaliser"
            )
            raise Rejected(text, system=self.name, status=answer.status, field="files")
        if not answer.is_good:
            raise self._refused_file(answer)
        document = self._remote.read(answer, Document)
        if not document.shown_id:
            text = f"{self.name}: the answer to a document names no document; it is looked for"
            raise Unclear(text, system=self.name, status=answer.status)
        return document.shown_id

    def _refused_file(self, answer: Answer) -> RemoteError:
        error = self._refuse(answer) or self._remote.refusal(answer)
        if isinstance(error, Rejected) and not error.field:
            text = (
                f"{self.name}: SBSYS refuses a document (HTTP {answer.status}); look whether its "
                "file type is known there and whether every member in [document] is"
            )
            return Rejected(text, system=self.name, status=answer.status, field="files")
        return error

    # -- refusals -------------------------------------------------------------------------------

    def _refuse(self, answer: Answer) -> RemoteError | None:
        """SBSYS's own use of 409 and 400; the rest goes by the general rules."""
        if answer.status == 409:
            # "Closed or in conflict": the caller looks which (sink.py).
            text = f"{self.name}: SBSYS says that the case is in conflict; tried again later"
            return CaseLocked(text, system=self.name, status=409)
        if answer.status == 400:
            names = _faulty_fields(answer)
            if names:
                text = f"{self.name}: SBSYS does not take {', '.join(names)} (HTTP 400)"
                return Rejected(text, system=self.name, status=400, field=names[0])
        return None


def _faulty_fields(answer: Answer) -> list[str]:
    """The fields that a 400 complains of, without the model's name before them."""
    try:
        fault = answer.decoded(wire.Fault)
    except msgspec.DecodeError:
        return []
    names = (name.rpartition(".")[2] for name in fault.fields)
    return [quote(name[:60], safe="[]") for name in names if name]
