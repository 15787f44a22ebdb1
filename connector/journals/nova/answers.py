"""KMD Nova's answers as values. What Nova leaves out or gives as null has its default.

Source: PyPI itk-dev-shared-components 2.17.4, kmd_nova; mtm-aarhus/oomtm, src/oomtm/nova.py (both
read 2026-11-22).
"""

from __future__ import annotations

import msgspec


class Common(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The object's own id."""

    uuid: str = ""


class Attributes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Number, title and date of a case."""

    user_friendly_case_number: str | None = None
    title: str | None = None
    case_date: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a case is, and since when."""

    progress_state: str | None = None
    from_date: str | None = None


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a case is marked."""

    sensitivity: str | None = None


class Code(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code of a classification."""

    code: str | None = None


class Classification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """KLE subject and facet."""

    kle_number: Code | None = None
    proceeding_facet: Code | None = None


class Unit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organisational unit."""

    administrative_unit_id: int | str | None = None
    full_name: str | None = None
    user_key: str | None = None


class Department(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a unit stands in an answer."""

    los_identity: Unit | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user of Nova."""

    racf_id: str | None = None
    full_name: str | None = None


class Caseworker(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user, or a unit, which is not read."""

    ksp_identity: Person | None = None


class Party(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A party of a case: its name and free text on how to reach it."""

    name: str | None = None
    participant_contact_information: str | None = None


class NoteAttributes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a journal note says."""

    title: str | None = None
    note: str | None = None
    created_time: str | None = None
    journal_note_date: str | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A journal note; without its text where that was not asked for."""

    uuid: str
    journal_note_attributes: NoteAttributes | None = None

    @property
    def about(self) -> NoteAttributes:
        """What it says; empty where Nova gives nothing."""
        return self.journal_note_attributes or NoteAttributes()


class Notes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The notes of a case, as Nova wraps them."""

    journal_notes: list[Note] | None = None


class CaseRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A case as GetList gives it."""

    common: Common = Common()
    case_attributes: Attributes | None = None
    state: State | None = None
    sensitivity: Sensitivity | None = None
    case_classification: Classification | None = None
    caseworker: Caseworker | None = None
    responsible_department: Department | None = None
    security_unit: Department | None = None
    case_parties: list[Party] | None = None
    number_of_journal_notes: int | None = None
    journal_notes: Notes | None = None

    @property
    def uuid(self) -> str:
        """Its id."""
        return self.common.uuid

    @property
    def about(self) -> Attributes:
        """Number, title and date; empty where Nova gives nothing."""
        return self.case_attributes or Attributes()

    @property
    def number(self) -> str:
        """Its number, as people write it."""
        return self.about.user_friendly_case_number or ""


class Paging(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether there is more."""

    number_of_rows: int | None = None
    has_more_rows: bool | None = None


class CaseList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to Case/GetList; there may be no member `cases` when nothing was found."""

    paging_information: Paging = Paging()
    cases: list[CaseRow] | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A document of a case."""

    document_uuid: str


class DocumentList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to Document/GetList."""

    paging_information: Paging = Paging()
    documents: list[Document] | None = None
