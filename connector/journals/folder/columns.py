"""The columns of `cases.csv`: their names, their help, and how one row becomes a case. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import zip_longest

from connector.model import Case, CaseParty, Finding

SEPARATOR = "|"
MAX_FINDINGS = 100

COLUMNS: dict[str, tuple[str, str]] = {
    "number": ("Sagsnummer. Skal udfyldes.", "Case number. Required."),
    "title": ("Sagens titel.", "The case's title."),
    "status": (
        "open/åben eller closed/lukket/afsluttet; tom betyder åben, hvis closed er tom.",
        "open or closed (also åben, lukket, afsluttet); empty means open when closed is empty.",
    ),
    "opened": ("Oprettet: 2026-11-20 eller 20-11-2026.", "Opened: 2026-11-20 or 20-11-2026."),
    "closed": ("Afsluttet, samme form.", "Closed, in the same form."),
    "caseworker_upn": (
        "Sagsbehandlerens brugernavn (UPN), f.eks. kim@kommune.example.",
        "The case worker's user principal name, for example kim@kommune.example.",
    ),
    "department": ("Afdeling.", "Department."),
    "party_name": ("Sagens parter; flere adskilles med |.", "Parties; several are divided by |."),
    "party_phone": (
        "Parternes telefonnumre i samme rækkefølge; flere adskilles med |.",
        "The parties' telephone numbers in the same order; several are divided by |.",
    ),
    "party_email": (
        "Parternes mailadresser i samme rækkefølge; flere adskilles med |.",
        "The parties' mail addresses in the same order; several are divided by |.",
    ),
    "kle_subject": ("KLE-emne, f.eks. 27.45.04.", "KLE subject, for example 27.45.04."),
    "kle_facet": ("KLE-handlingsfacet, f.eks. P19.", "KLE action facet, for example P19."),
    "access": (
        "Tom for alle i enheden; restricted/begrænset for kun de navngivne.",
        "Empty for everybody in the unit; restricted for those named only.",
    ),
    "readers": (
        "Brugernavne (UPN) eller gruppe-id'er, som også må se sagen; flere adskilles med |.",
        "User principal names or group ids that may see the case too; several are divided by |.",
    ),
}

_OPEN = {"open", "åben", "aaben", "aktiv", "active", "igangværende"}
_CLOSED = {"closed", "lukket", "afsluttet", "arkiveret", "archived"}
_EVERYBODY = {"", "open", "åben", "alle", "everybody", "public", "offentlig"}


_DATE = re.compile(
    r"(?:([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})|([0-9]{1,2})[-./]([0-9]{1,2})[-./]([0-9]{4}))"
    r"(?:[T ][0-9:.+Z]*)?$"
)
_SPACING = str.maketrans("", "", " -.()\u00a0")
_DANISH = re.compile(r"(?P<code>\+45|0045)?(?P<number>[2-9][0-9]{7})")


class Notes:
    """What was wrong, the first hundred in full; the number of the others is said."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.kept: list[Finding] = []
        self.count = 0
        self.lines_left_out = 0

    def leave_out(self, what: str, fix: str) -> None:
        """Take one warning about a line that is not used at all."""
        self.lines_left_out += 1
        self.add(what, fix)

    def add(self, what: str, fix: str = "") -> None:
        """Take one warning."""
        self.count += 1
        if len(self.kept) < MAX_FINDINGS:
            self.kept.append(Finding(level="warning", system=self.system, what=what, fix=fix))

    def findings(self) -> list[Finding]:
        """All that was kept, and how many more there were."""
        more = self.count - len(self.kept)
        if not more:
            return list(self.kept)
        what = f"and {more} more of these"
        return [*self.kept, Finding(level="warning", system=self.system, what=what)]


class Columns:
    """Where each known column stands in a row."""

    def __init__(self, header: Sequence[str]) -> None:
        self.names: dict[str, int] = {}
        self.unknown: list[str] = []
        for place, written in enumerate(header):
            name = written.strip().lower()
            if name in COLUMNS and name not in self.names:
                self.names[name] = place
            elif name:
                self.unknown.append(name[:40])
        self._last = max(self.names.values(), default=-1)
        # One look-up for each row instead of one for each field: half the time of a large file.
        self._places = [self.names.get(name, -1) for name in COLUMNS]

    def fields(self, row: Sequence[str]) -> list[str]:
        """The values in the order of COLUMNS, without spaces at their ends; "" for none."""
        if len(row) <= self._last:
            row = [*row, *[""] * (self._last + 1 - len(row))]
        return [row[place].strip() if place >= 0 else "" for place in self._places]

    def number(self, row: Sequence[str]) -> str:
        """The case number of a row."""
        place = self.names.get("number", -1)
        return row[place].strip() if 0 <= place < len(row) else ""


def parse_case(
    row: Sequence[str], columns: Columns, line: int, region: str, notes: Notes
) -> Case | None:
    """One row as a case, or None when it has no number. What could not be read goes to `notes`."""
    (
        number, title, status, opened, closed, caseworker, department,
        names, phones, mails, kle_subject, kle_facet, access, readers,
    ) = columns.fields(row)  # fmt: skip
    if not number:
        notes.leave_out(f"line {line}: no case number; the line is left out", "write the number")
        return None
    closed_day = _date(closed, "closed", line, notes)
    has_parties = names or phones or mails
    return Case(
        number=number,
        title=title,
        is_open=_is_open(status, closed_day, line, notes),
        opened=_date(opened, "opened", line, notes),
        closed=closed_day,
        caseworker=caseworker,
        department=department,
        parties=_parties(names, phones, mails, line, region, notes) if has_parties else (),
        access="" if access.lower() in _EVERYBODY else "restricted",
        readers=tuple(filter(None, map(str.strip, readers.split(SEPARATOR)))) if readers else (),
        kle_subject=kle_subject,
        kle_facet=kle_facet,
    )


def parse_date(written: str) -> date | None:
    """2026-11-20, 20-11-2026, 20.11.2026 or 20/11/2026 (a time after it is left out), else None."""
    match = _DATE.match(written)
    if match is None:
        return None
    year, month, day = match.group(1, 2, 3) if match[1] else match.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def parse_phone(written: str, region: str) -> str:
    """E.164, or "" when it is no telephone number.

    Danish numbers, by far the most, are read here: `phonenumbers` takes some 40 microseconds for
    each and its import 0.1 s. A Danish number has exactly eight digits, the first 2 to 9, and no
    trunk prefix.
    """
    match = _DANISH.fullmatch(written.translate(_SPACING))
    if match and (region == "DK" or match["code"]):
        return f"+45{match['number']}"
    return _parse_foreign(written, region)


def _parse_foreign(written: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _date(written: str, column: str, line: int, notes: Notes) -> date | None:
    if not written:
        return None
    day = parse_date(written)
    if day is None:
        notes.add(f"line {line}: {column} is no date; it is left empty", "write it as 2026-11-20")
    return day


def _is_open(written: str, closed: date | None, line: int, notes: Notes) -> bool:
    status = written.lower()
    if not status:
        return closed is None
    if status not in _OPEN and status not in _CLOSED:
        # Not understood is taken as closed: nothing is journaled there without a person.
        notes.add(
            f'line {line}: the status "{written[:20]}" is not known; the case counts as closed',
            "write open or closed",
        )
    return status in _OPEN


def _parties(
    written_names: str,
    written_phones: str,
    written_mails: str,
    line: int,
    region: str,
    notes: Notes,
) -> tuple[CaseParty, ...]:
    """Names, numbers and addresses, joined by their order; one name alone owns them all."""
    names, mails = _several(written_names), _several(written_mails)
    phones = [_phone(number, line, region, notes) for number in _several(written_phones)]
    if len(names) == 1:
        names *= max(1, len(phones), len(mails))
    return tuple(
        CaseParty(name=name, phone=phone, mail=mail)
        for name, phone, mail in zip_longest(names, phones, mails, fillvalue="")
        if name or phone or mail
    )


def _several(written: str) -> list[str]:
    if not written:
        return []
    if SEPARATOR not in written:
        return [written]
    return [part.strip() for part in written.split(SEPARATOR)]


def _phone(written: str, line: int, region: str, notes: Notes) -> str:
    if not written:
        return ""
    phone = parse_phone(written, region)
    if not phone:
        notes.add(
            f"line {line}: party_phone is no telephone number; it is left empty",
            "write it with its country code, for example +4532100000",
        )
    return phone


def columns_help(language: str = "da") -> str:
    """The columns of the file, one a line, in Danish ("da") or English ("en")."""
    place = 0 if language == "da" else 1
    width = max(map(len, COLUMNS))
    return "\n".join(f"{name:<{width}}  {texts[place]}" for name, texts in COLUMNS.items())
