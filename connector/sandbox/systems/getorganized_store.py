"""What the sandbox's GetOrganized holds: cases and documents, with their metadata as XML rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from connector.model import Case

# Columns of the document library. What else is sent in a row is dropped without a word: the
# recorded answers of the public PHP client take "ows_CustomProperty" so.
DOCUMENT_COLUMNS = (
    "Title", "Dato", "Korrespondance", "Modtagere", "Beskrivelse", "Kategori",
    "CCMMustBeOnPostList",
)  # fmt: skip
CASE_COLUMNS = (
    "Title", "CaseStatus", "CaseCategory", "CaseOwner", "Afdeling", "KLENummer", "Facet",
    "Modtaget", "Lukket", "CCMContactData", "CCMParentCase",
)  # fmt: skip
TITLE_LIMIT = 255
_DAY_FIRST = re.compile(r"(\d{2})-(\d{2})-(\d{4})")
_START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class Refused(Exception):
    """An answer that is not 200: status and what ASP.NET writes as Message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class FakeDocument:
    """One document. `record_number` is 0 until it is journalised."""

    id: int
    name: str
    folder: str
    content: bytes
    created_at: datetime
    row: dict[str, str] = field(default_factory=dict)
    record_number: int = 0
    is_final: bool = False
    looks_until_id: int = 0  # how often it is listed without its id (the index is late)
    upload: str = ""


@dataclass(slots=True)
class FakeCase:
    """One case; `url` is the address of its site on the server, with a leading slash."""

    id: str
    url: str
    row: dict[str, str]
    documents: list[FakeDocument] = field(default_factory=list)
    is_locked: bool = False

    @property
    def is_closed(self) -> bool:
        """As its status says."""
        return self.row.get("CaseStatus") == "Lukket"

    @property
    def folder(self) -> str:
        """Where its documents lie in the library: a sub-case's in a folder of the parent's."""
        last = self.url.rsplit("/", 1)[-1]
        return self.id[len(last) + 1 :] if self.id.startswith(f"{last}-") else ""

    def named(self, name: str) -> FakeDocument | None:
        """SharePoint's names know no upper and lower case."""
        return next((each for each in self.documents if each.name.lower() == name.lower()), None)


class Store:
    """All cases and documents."""

    def __init__(self) -> None:
        self.cases: list[FakeCase] = []
        self.last_document = 215_819
        self.seconds = 0

    def now(self) -> datetime:
        """The server's clock: a second later each time."""
        self.seconds += 1
        return _START + timedelta(seconds=self.seconds)

    def case(self, number: str) -> FakeCase:
        """The first of this number. Raises Refused."""
        for case in self.cases:
            if case.id.lower() == number.lower():
                return case
        raise Refused(404, f"Sagen {number} findes ikke.")

    def document(self, number: object) -> tuple[FakeCase, FakeDocument]:
        """A document and its case, by the document's id. Raises Refused."""
        for case in self.cases:
            for each in case.documents:
                if str(each.id) == str(number):
                    return case, each
        raise Refused(404, f"Dokumentet {number} findes ikke.")

    def add_case(self, number: str, **row: str) -> FakeCase:
        """A new case; a sub-case lies in its parent's site."""
        prefix = number.split("-")[0]
        main = "-".join(number.split("-")[:3])
        columns = {name: row.get(name, "") for name in CASE_COLUMNS}
        case = FakeCase(number, f"/cases/{prefix}19/{main}", columns)
        self.cases.append(case)
        return case

    def add_document(self, case: FakeCase, name: str, content: bytes) -> FakeDocument:
        """A new document of a case, without metadata."""
        self.last_document += 1
        title = name.rpartition(".")[0]
        made = FakeDocument(self.last_document, name, case.folder, content, self.now())
        made.row["Title"] = title
        case.documents.append(made)
        return made

    def hold(self, case: Case) -> None:
        """A case as the register's tests know it."""
        login = case.caseworker.partition("@")[0]
        self.add_case(
            case.number,
            Title=case.title,
            CaseStatus="Åben" if case.is_open else "Lukket",
            CaseCategory="Fortrolig" if case.access else "Åben for alle",
            CaseOwner=f"7;#Kim Prøvesen({login})" if login else "",
            Afdeling=f"916;#{case.department}" if case.department else "",
            KLENummer=f"318;#{case.kle_subject} Et emne" if case.kle_subject else "",
            Facet=f"18;#{case.kle_facet} En facet" if case.kle_facet else "",
            Modtaget=f"{case.opened} 00:00:00" if case.opened else "",
            Lukket=f"{case.closed} 14:56:05" if case.closed else "",
            CCMContactData=f"{case.parties[0].name};#42;#;#;#" if case.parties else "",
        )


def set_row(document: FakeDocument, xml: str, *, is_month_first: bool) -> None:
    """Take the columns of a z:row. Raises Refused for XML or a date that cannot be read."""
    try:
        text = xml or '<z:row xmlns:z="#RowsetSchema"/>'
        root = ElementTree.fromstring(text)  # noqa: S314  a sandbox reads what its own tests send
    except ElementTree.ParseError as error:
        raise Refused(500, f"Der opstod en fejl: {error}") from error
    for name, value in root.attrib.items():
        column = name.removeprefix("ows_")
        if not name.startswith("ows_") or column not in DOCUMENT_COLUMNS:
            continue
        if len(value.encode("utf-16-le")) > 2 * TITLE_LIMIT:
            raise Refused(500, f"Invalid text value in {column}: more than 255 characters.")
        document.row[column] = _day(value, is_month_first) if column == "Dato" else value


def _day(written: str, is_month_first: bool) -> str:
    match = _DAY_FIRST.fullmatch(written)
    if match is None:
        raise Refused(500, "String was not recognized as a valid DateTime.")
    day, month = (match[2], match[1]) if is_month_first else (match[1], match[2])
    try:
        return f"{date(int(match[3]), int(month), int(day))} 00:00:00"
    except ValueError as error:
        raise Refused(500, "String was not recognized as a valid DateTime.") from error


def row_xml(values: Mapping[str, str]) -> str:
    """A z:row with these columns as attributes."""
    attributes = " ".join(f"ows_{name}={quoteattr(value)}" for name, value in values.items())
    return f'<z:row xmlns:z="#RowsetSchema" {attributes} />'


def document_row(case: FakeCase, document: FakeDocument) -> dict[str, str]:
    """What the metadata of a document shows, as in the PHP client's recorded answer."""
    return {
        **{name: "" for name in DOCUMENT_COLUMNS if name != "Kategori"},
        **document.row,
        "CaseID": case.id,
        "DocID": str(document.id),
        "Finalized": str(int(document.is_final)),
        "CaseRecordNumber": str(document.record_number),
    }


def case_row(case: FakeCase) -> dict[str, str]:
    """What the metadata of a case shows."""
    return {**case.row, "CaseID": case.id, "CaseUrl": case.url.lstrip("/")}
