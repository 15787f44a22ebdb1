"""The file `cases.csv` as a stream of rows and cases, read twice: for its hash, for its rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connector.csv_file import hash_and_encoding, read_header
from connector.durable import disk_error
from connector.errors import RemoteError, Unavailable
from connector.journals.folder.columns import COLUMNS, Columns, Notes, parse_case
from connector.model import Case


class Fingerprint(msgspec.Struct, frozen=True):
    """What a cursor remembers of the file; size and time spare reading it when nothing changed."""

    size_bytes: int
    modified_ns: int
    sha256: str = ""
    encoding: str = "utf-8-sig"

    def cursor(self) -> str:
        """The text that a later reading is compared with."""
        return f"{self.size_bytes}-{self.modified_ns}-{self.sha256}"


class CasesTable:
    """One CSV file of cases. `system` stands in every message; `region` reads telephone numbers.

    Every method raises Unavailable when the file is missing or is no table of cases, Denied
    without the right to read it.
    """

    def __init__(self, path: Path, system: str, region: str) -> None:
        self.path = path
        self.system = system
        self.region = region

    def stat(self) -> tuple[int, int]:
        """Size in bytes and time of change in nanoseconds."""
        try:
            stat = self.path.stat()
        except OSError as error:
            raise self._error(error) from error
        return stat.st_size, stat.st_mtime_ns

    def fingerprint(self) -> Fingerprint:
        """Hash and encoding of the whole file, in one pass."""
        size_bytes, modified_ns = self.stat()
        try:
            sha256, encoding = hash_and_encoding(self.path)
        except OSError as error:
            raise self._error(error) from error
        if encoding == "utf-16":
            raise Unavailable(
                f"{self.system}: {self.path} is UTF-16; save it as CSV UTF-8 and import it again",
                system=self.system,
            )
        return Fingerprint(size_bytes, modified_ns, sha256, encoding)

    def cases(self, fingerprint: Fingerprint, notes: Notes) -> Iterator[Case]:
        """The good cases, the first of each number; what is wrong goes to `notes`."""
        if fingerprint.encoding == "cp1252":
            notes.add(f"{self.path} is not UTF-8; it is read as Windows-1252", "save it as UTF-8")
        seen: dict[str, int] = {}
        for line, _offset, row, columns in self.rows(fingerprint, notes):
            case = parse_case(row, columns, line, self.region, notes)
            if case is None:
                continue
            first = seen.setdefault(case.number, line)
            if first != line:
                notes.leave_out(
                    f"line {line}: the case number stands on line {first} already; "
                    "this line is left out",
                    "keep one line for each case",
                )
                continue
            yield case

    def rows(
        self, fingerprint: Fingerprint, notes: Notes, start: int = 0
    ) -> Iterator[tuple[int, int, list[str], Columns]]:
        """(line, byte offset, fields, columns) of each row after the header, from `start` on."""
        line = 1
        try:
            with self.path.open("rb") as file:
                header, delimiter = read_header(file.readline(), fingerprint.encoding)
                columns = Columns(header)
                self._require(columns, notes)
                if start:
                    file.seek(start)
                place = [file.tell(), 1]
                lines = _decoded(file, fingerprint.encoding, place)
                reader = csv.reader(lines, delimiter=delimiter)
                while True:
                    offset, line = place[0], place[1] + 1
                    row = next(reader, None)
                    if row is None:
                        return
                    if any(row):
                        yield line, offset, row, columns
        except csv.Error as error:
            text = (
                f"{self.system}: {self.path} is not readable as CSV from line {line} on ({error}); "
                "is a quote missing?"
            )
            raise Unavailable(text, system=self.system) from error
        except OSError as error:
            raise self._error(error) from error

    def _require(self, columns: Columns, notes: Notes) -> None:
        if "number" not in columns.names:
            raise Unavailable(
                f'{self.system}: {self.path} has no column "number"; its first line must name the '
                f"columns: {','.join(COLUMNS)}",
                system=self.system,
            )
        for name in columns.unknown:
            notes.add(
                f'the column "{name}" is not known and is not read',
                "see casethread cases import --help",
            )

    def _error(self, error: OSError) -> RemoteError:
        if isinstance(error, FileNotFoundError):
            text = f"{self.system}: there is no {self.path}; run casethread cases import FILE"
            return Unavailable(text, system=self.system)
        return disk_error(error, self.path, self.system)


def _decoded(file: Iterator[bytes], encoding: str, place: list[int]) -> Iterator[str]:
    """Lines as text; `place` follows: [offset after the line, number of the line]."""
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    for line in file:
        place[0] += len(line)
        place[1] += 1
        yield line.decode(plain, errors="replace")
