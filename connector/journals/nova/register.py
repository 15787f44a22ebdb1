"""The register side of KMD Nova: a case by its number.

It does not list changes. GetList can be paged and filtered by state and by when the state began,
but no client shows a filter by last change or an order of the rows, so a new party, title or
caseworker would be missed, or a page skipped (2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from connector.journaling.connection import Connection
from connector.journaling.words import Words
from connector.journals.nova import wire
from connector.journals.nova.answers import CaseRow, Classification, Party
from connector.journals.nova.checking import check_reading
from connector.journals.nova.client import Nova
from connector.model import Case, CaseParty, Finding

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# What has eight digits as well and is no telephone: a date, a company's number (CVR, SE).
_NO_PHONE = re.compile(
    r"\b\d{1,2}[-./]\d{1,2}[-./]\d{4}\b"
    r"|\b(?:cvr(?:[-. ]*(?:nr|nummer))?|se[-. ]*(?:nr|nummer))[-.: ]*\d(?: ?\d){7}\b",
    re.IGNORECASE,
)
_BREAK = re.compile(r"\[n\]|[\r\n]+")  # "[n]" is a line's end in the free text, says a client


def make_register(connection: Connection, words: Words) -> NovaRegister:
    """The register of one Nova."""
    return NovaRegister(connection, words)


class NovaRegister:
    """The cases of one Nova, asked one by one."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self.can_list = False
        self._words = words
        self._region = connection.default_region
        self._nova = Nova(connection, words)

    def check(self) -> list[Finding]:
        """Whether cases may be searched."""
        return check_reading(self._nova)

    def lookup(self, number: str) -> Case | None:
        """The case of this number. Rejected (field "case_number") when there are two."""
        row = self._nova.case(number, wire.REGISTER_OUTPUT)
        return None if row is None else case_of(row, self._words, self._region)

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """Nothing."""
        del cursor
        return iter(())


def case_of(row: CaseRow, words: Words, region: str) -> Case:
    """A case of ours. Telephone numbers without a country code are read as `region`'s."""
    is_open = wire.is_open(row, words.list("register", "open_states"))
    kle = row.case_classification or Classification()
    department = row.responsible_department.los_identity if row.responsible_department else None
    return Case(
        number=row.number,
        title=row.about.title or "",
        is_open=is_open,
        opened=_day(row.about.case_date),
        closed=None if is_open else _day(row.state.from_date if row.state else None),
        caseworker=_caseworker(row, words),
        department=(department.full_name if department else None) or "",
        parties=tuple(
            each for party in row.case_parties or [] for each in parties_of(party, region)
        ),
        access=_access(row, words),
        kle_subject=(kle.kle_number.code if kle.kle_number else None) or "",
        kle_facet=(kle.proceeding_facet.code if kle.proceeding_facet else None) or "",
        remote_id=row.uuid,
    )


def parties_of(party: Party, region: str) -> list[CaseParty]:
    """A party once for each telephone number that its free text holds, each with its address."""
    text = _BREAK.sub("\n", party.participant_contact_information or "")
    name = (party.name or "").strip()
    found = _MAIL.search(text)
    mail = found[0] if found else ""
    phones = phones_in(_MAIL.sub(" ", text), region)
    if not (name or mail or phones):
        return []
    return [CaseParty(name=name, phone=phone, mail=mail) for phone in phones or [""]]


def phones_in(text: str, region: str) -> list[str]:
    """The telephone numbers in a free text, as E.164, each once."""
    if not any(letter.isdigit() for letter in text):
        return []
    import phonenumbers

    text = _NO_PHONE.sub(" | ", text)
    found = phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID)
    shape = phonenumbers.PhoneNumberFormat.E164
    return list(dict.fromkeys(phonenumbers.format_number(each.number, shape) for each in found))


def _caseworker(row: CaseRow, words: Words) -> str:
    person = row.caseworker.ksp_identity if row.caseworker else None
    template = words.text("register", "caseworker_upn")
    if person is None or not person.racf_id or not template:
        return ""
    return template.format(racf_id=person.racf_id.lower())


def _access(row: CaseRow, words: Words) -> str:
    level = row.sensitivity.sensitivity if row.sensitivity else None
    return "" if level in words.list("register", "open_sensitivity") else "restricted"


def _day(written: str | None) -> date | None:
    try:
        day = date.fromisoformat((written or "")[:10])
    except ValueError:
        return None
    return day if day.year > 1 else None  # the year 1 is .NET's "nothing"
