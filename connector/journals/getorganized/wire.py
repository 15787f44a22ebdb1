"""GetOrganized's calls: cases, documents and the two steps that make a document a record.

Paths and members are those that public clients use (docs/systems/getorganized.md names them). What
an answer says is checked here; what an entry needs is in sink.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from connector.errors import Gone, Rejected, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.names import safe_key
from connector.journaling.remote import Answer
from connector.journaling.words import Words
from connector.journals.getorganized.answers import (
    Digest,
    Document,
    File,
    Files,
    Metadata,
    Place,
    Search,
)
from connector.journals.getorganized.refusals import refusal
from connector.journals.getorganized.rows import bytes_json, read_row
from connector.journals.getorganized.sign_in import connect

_JSON = {"Content-Type": "application/json; charset=utf-8"}


Sleep = Callable[[float], None]


class Wire:
    """The calls. Safe from many threads; every error is one of ours and names no content."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self.words = words
        self.remote = connect(connection, words.text("connection", "sign_in"))

    # -- cases -------------------------------------------------------------------------------------

    def places(self, number: str) -> list[Place]:
        """Where cases of exactly this number are: none, one, or more by accident.

        A search may find more than was asked for, so the number of each hit is compared.
        """
        prefix = number.partition("-")[0]
        if not prefix or prefix == number:
            return []
        asked = {
            "FieldProperties": [
                {
                    "InternalName": "ows_CaseID",
                    "Value": number,
                    "DataType": "Text",
                    "ComparisonType": "Equal",
                    "IsMultiValue": "False",
                }
            ],
            "CaseTypePrefixes": [prefix],
            "LogicalOperator": "AND",
            "ExcludeDeletedCases": "True",
            "ReturnCasesNumber": "25",
        }
        path = "_goapi/Cases/FindByCaseProperties"
        search = self.remote.json("POST", path, Search, value=asked, is_read=True)
        start = self.words.text("case", "url_start")
        found = {
            Place(each.CaseID, "/" + each.RelativeUrl.strip("/"))
            for each in search.CasesInfo or []
            if each.CaseID == number and each.ItemExists and each.RelativeUrl
        }
        return sorted((each for each in found if each.url.startswith(start)), key=lambda p: p.url)

    def place(self, number: str) -> Place | None:
        """The one case of this number, or None. Raises Rejected when there are two."""
        places = self.places(number)
        if len(places) > 1:
            text = (
                f"{self.name}: there are {len(places)} cases {number}, at "
                f"{' and '.join(each.url for each in places[:3])}; set [case] url_start in "
                f"{self.words.name} to how the right one begins"
            )
            raise Rejected(text, system=self.name, field="case_number")
        return places[0] if places else None

    def case_row(self, number: str) -> dict[str, str] | None:
        """A case's metadata, None when it is not there or is hidden."""
        try:
            path = f"_goapi/Cases/Metadata/{quote(number, safe='')}"
            return self._row(self.remote.json("GET", path, Metadata))
        except Gone:
            return None

    # -- documents, read ---------------------------------------------------------------------------

    def documents(self, place: Place, key: str) -> list[Document]:
        """The documents of one key on a case, each with its metadata: the page and its files."""
        part = f"_{safe_key(key)}"
        ours = []
        for file in self._files(place, part):
            name = file.Name
            if name.endswith(f"{part}.html") or f"{part}_" in name:
                ours.append(self._document(file))
        return ours

    def _files(self, place: Place, part: str) -> list[File]:
        folder = place.library(self.words.text("documents", "library"))
        path = (
            f"{self.site(place)}/_api/web/getFolderByServerRelativeUrl('{quoted(folder)}')/Files"
            "?$select=Name,Length,TimeCreated,ServerRelativeUrl,ListItemAllFields/*"
            "&$expand=ListItemAllFields"
        )
        if self.words.flag("documents", "filter_by_name"):
            path += f"&$filter=substringof('{part}',Name)"
        try:
            return self.remote.json("GET", path, Files).value
        except Gone as error:
            if place.folder:  # made with the first document
                return []
            text = (
                f"{self.name}: case {place.number} has no library "
                f'"{self.words.text("documents", "library")}" that this account sees; set '
                f"[documents] library in {self.words.name}"
            )
            raise Rejected(text, system=self.name, field="case_number") from error

    def _document(self, file: File) -> Document:
        number = whole(file.ListItemAllFields.DocID if file.ListItemAllFields else None)
        try:
            at = datetime.fromisoformat(file.TimeCreated.replace("Z", "+00:00"))
        except ValueError as error:
            text = f"{self.name}: SharePoint gave a document a time that is none"
            raise Unavailable(text, system=self.name) from error
        return Document(
            name=file.Name,
            url=file.ServerRelativeUrl,
            size_bytes=whole(file.Length) or 0,
            at=at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC),
            id=number,
            row={} if number is None else self.document_row(number),
        )

    def document_row(self, number: int) -> dict[str, str]:
        """A document's metadata."""
        return self._row(self.remote.json("GET", f"_goapi/Documents/Metadata/{number}", Metadata))

    def _row(self, answer: Metadata) -> dict[str, str]:
        try:
            return read_row(answer.Metadata)
        except ValueError as error:
            raise Unavailable(f"{self.name}: {error}", system=self.name) from error

    # -- documents, written ------------------------------------------------------------------------

    def add(self, place: Place, name: str, content: bytes, xml: str) -> int:
        """Put a document on the case; its id. Unclear when none came back."""
        body = {
            "Bytes": bytes_json(content, self.words.text("documents", "bytes")),
            "CaseId": place.number,
            "ListName": self.words.text("documents", "library"),
            "FolderPath": "",
            "FileName": name,
            "Metadata": xml,
            "Overwrite": False,
        }
        answer = self.write(place, "_goapi/Documents/AddToCase", msgspec.json.encode(body), _JSON)
        members = self._members(answer)
        number = whole(members.get("DocId", members.get("DocID")))
        if number is None:
            raise self._unclear("the answer to adding a document holds no id", answer)
        return number

    def set_row(self, place: Place, number: int, xml: str) -> None:
        """Give a document its metadata. A form, because that is what clients send here."""
        body = urlencode({"DocId": number, "MetadataXml": xml}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._members(self.write(place, "_goapi/Documents/Metadata", body, kind))

    def mark(self, place: Place, numbers: Sequence[int]) -> None:
        """Make documents records of their case (journalise)."""
        body = msgspec.json.encode({"DocumentIds": numbers})
        path = "_goapi/Documents/MarkMultipleAsCaseRecord/ByDocumentId"
        self._members(self.write(place, path, body, _JSON))

    def finalize(self, place: Place, numbers: Sequence[int]) -> None:
        """Lock documents for good, all at once or one by one as [finish] says."""
        bodies: list[tuple[str, dict[str, object]]]
        if self.words.text("finish", "finalize") == "multiple":
            bodies = [("FinalizeMultiple", {"DocumentIds": numbers})]
        else:
            bodies = [("Finalize", {"DocID": number}) for number in numbers]
        for call, members in bodies:
            body = msgspec.json.encode({**members, "ShouldCloseOpenTasks": False})
            path = f"_goapi/Documents/{call}/ByDocumentId"
            self._members(self.write(place, path, body, _JSON))

    def digest(self, place: Place) -> str:
        """What SharePoint wants with every write to this site."""
        path = f"{self.site(place)}/_api/contextinfo"
        accept = {"Accept": "application/json; odata=verbose"}
        told = self.remote.json("POST", path, Digest, headers=accept, is_read=True)
        value = told.d.get("GetContextWebInformation", {}).get("FormDigestValue")
        if not isinstance(value, str):
            raise Unavailable(f"{self.name}: SharePoint gave no form digest", system=self.name)
        return value

    def site(self, place: Place) -> str:
        """The address of the case's own SharePoint site."""
        return f"{self.remote.origin}{quote(place.url)}"

    def write(self, place: Place, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST something that changes the case; the answer is good and no page for people."""
        answer = self.remote.send("POST", path, body=body, headers=headers)
        if not answer.is_good:
            named = refusal(answer, place.number, self.words, self.name)
            raise named or self.remote.refusal(answer)
        if answer.is_html:
            raise self._unclear("the answer is a page for people, as when it is overloaded", answer)
        return answer

    # -- what an answer means ----------------------------------------------------------------------

    def _members(self, answer: Answer) -> dict[str, Any]:
        """The members of an answer, {} for an empty one. Rejected for a false Success."""
        if not answer.body.strip():
            return {}
        members = self.remote.read(answer, dict[str, Any])
        if members.get("Success") is False:
            text = (
                f"{self.name}: HTTP 200, but the answer says that it did not succeed "
                f"({answer.url.rsplit('/_goapi/', 1)[-1]}); see GetOrganized's log"
            )
            raise Rejected(text, system=self.name, status=answer.status, field="document")
        return members

    def _unclear(self, what: str, answer: Answer) -> Unclear:
        text = f"{self.name}: {what}; it is looked for there"
        return Unclear(text, system=self.name, status=answer.status)


def quoted(text: str) -> str:
    """A text between the apostrophes of an OData address."""
    return quote(text.replace("'", "''"))


def whole(value: object) -> int | None:
    """A positive whole number that may be written as a text; None for anything else."""
    try:
        number = int(float(str(value)))
    except (ValueError, OverflowError):
        return None
    return number if number > 0 else None
