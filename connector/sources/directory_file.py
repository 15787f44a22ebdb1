"""The directory from a file that Active Directory exports, for a site without Microsoft 365.

One row a person, as `Get-ADUser | Export-Csv` writes it; docs/how-to/lync.md has the command. The
names of the columns are those of Active Directory's attributes or of PowerShell's properties
(Microsoft, "Get-ADUser", read 2026-11-22).
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from connector.csv_file import hash_and_encoding, read_header
from connector.durable import disk_error
from connector.errors import Gone, RemoteError, Unavailable
from connector.model import Finding, Page, Person, Problem
from connector.ports import Known

PART = "people"
PAGE = 500  # people handed over at a time
# What a person has, by the columns that tell it: the first that is filled in counts.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("objectguid",),
    "upn": ("userprincipalname",),
    "mail": ("mail", "emailaddress"),
    "name": ("displayname", "name", "cn"),
    "sip": ("msrtcsip-primaryuseraddress",),
    "department": ("department",),
    "office": ("physicaldeliveryofficename", "office"),
    "is_enabled": ("enabled",),
}
PHONES = ("msrtcsip-line", "telephonenumber", "officephone", "mobile", "mobilephone")
_NO = ("false", "falsk", "0")


class DirectoryFile:
    """Everybody in the file at `path`. One part; its cursor is the file's SHA-256."""

    def __init__(self, path: Path, *, name: str = "directory_file") -> None:
        self.name = name
        self._path = path

    def check(self) -> list[Finding]:
        """Whether the file is there and names the people in it."""
        try:
            count = sum(isinstance(each, Person) for each in self._rows(self._encoding()[1]))
        except RemoteError as error:
            return [Finding(level="error", system=self.name, what=str(error))]
        return [Finding(level="ok", system=self.name, what=f"{self._path}: {count} people")]

    def parts(self, people: Sequence[Person]) -> list[str]:
        del people  # the directory is where they come from
        return [PART]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Everybody when the file changed, else nobody.

        Who is no longer in the file stays as last seen: an export of accounts in use is no list of
        those that were deleted. Raises Unavailable or Denied when the file cannot be read.
        """
        del part, known  # one part; a person has no versions
        sha256, encoding = self._encoding()
        if cursor == sha256:
            return
        people: list[Person] = []
        problems: list[Problem] = []
        for each in self._rows(encoding):
            (people if isinstance(each, Person) else problems).append(each)  # type: ignore[arg-type]  # each in its own
            if len(people) == PAGE:
                yield Page(source=self.name, part=PART, people=tuple(people))
                people.clear()
        yield Page(
            source=self.name, part=PART, cursor=sha256, people=tuple(people), items=tuple(problems)
        )

    def content(self, ref: str) -> Iterator[bytes]:
        """People have no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        return 1

    def _encoding(self) -> tuple[str, str]:
        try:
            sha256, encoding = hash_and_encoding(self._path)
        except OSError as error:
            raise self._error(error) from error
        if encoding == "utf-16":  # as Export-Csv -Encoding Unicode writes it
            text = f"{self.name}: {self._path} is UTF-16; export it with -Encoding UTF8"
            raise Unavailable(text, system=self.name)
        return sha256, encoding

    def _rows(self, encoding: str) -> Iterator[Person | Problem]:
        try:
            with self._path.open("rb") as file:
                first = file.readline()
                if first.lstrip(b"\xef\xbb\xbf").startswith(b"#TYPE"):  # without -NoTypeInformation
                    first = file.readline()
                header, delimiter = read_header(first, encoding)
                names = [written.strip().lower() for written in header]
                if not set(COLUMNS["id"]) & set(names):
                    raise Unavailable(
                        f"{self.name}: {self._path} has no column ObjectGUID; export it with "
                        "Select-Object ObjectGUID,UserPrincipalName,...",
                        system=self.name,
                    )
                lines = (line.decode(encoding, errors="replace") for line in file)
                for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
                    if any(row):
                        yield self._person(number, dict(zip(names, row, strict=False)))
        except csv.Error as error:
            text = f"{self.name}: {self._path} is not readable as CSV ({error})"
            raise Unavailable(text, system=self.name) from error
        except OSError as error:
            raise self._error(error) from error

    def _person(self, line: int, row: Mapping[str, str]) -> Person | Problem:
        its = {name: _first(row, columns) for name, columns in COLUMNS.items()}
        try:
            number = str(uuid.UUID(its["id"]))
        except ValueError:
            reason = f"line {line}: ObjectGUID is no GUID; the person is left out; export it again"
            return Problem(source=self.name, part=PART, key=f"line {line}", reason=reason)
        phones = (_number(row.get(column, "")) for column in PHONES)
        return Person(
            id=number,
            upn=its["upn"],
            mail=its["mail"],
            name=its["name"],
            sip=its["sip"].removeprefix("sip:").removeprefix("SIP:"),
            phones=tuple(dict.fromkeys(filter(None, phones))),
            department=its["department"],
            office=its["office"],
            is_enabled=its["is_enabled"].lower() not in _NO,
        )

    def _error(self, error: OSError) -> RemoteError:
        if isinstance(error, FileNotFoundError):
            text = f"{self.name}: there is no {self._path}; see docs/how-to/lync.md how to make it"
            return Unavailable(text, system=self.name)
        return disk_error(error, self._path, self.name)


def _first(row: Mapping[str, str], columns: Sequence[str]) -> str:
    return next((row[each].strip() for each in columns if row.get(each, "").strip()), "")


def _number(written: str) -> str:
    """A telephone number; of a line address ("tel:+4559646464;ext=6464") what comes after tel:."""
    return written.strip().lower().removeprefix("tel:").partition(";")[0]
