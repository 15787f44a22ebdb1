"""`casethread cases import FILE`: a checked copy of a foreign list as the folder's `cases.csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connector.durable import disk_errors, replace_durable, sync_directory
from connector.errors import ConfigError, RemoteError
from connector.journals.folder.columns import COLUMNS, SEPARATOR, Notes
from connector.journals.folder.register import CASES_FILE
from connector.journals.folder.table import CasesTable
from connector.model import Case, Finding

PREVIOUS_FILE = "cases.csv.previous"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did. `problems` holds the first hundred, `problem_count` counts them all."""

    path: Path
    cases: int
    open_cases: int
    parties_with_phone: int
    lines_left_out: int
    problem_count: int
    problems: tuple[Finding, ...] = ()


def import_cases(source_csv: Path, folder: Path, default_region: str = "DK") -> Imported:
    """Check `source_csv` and make it the `cases.csv` of `folder`; the old one becomes `.previous`.

    Lines without a number and second lines of a number are left out and told of; dates, states and
    telephone numbers are written in one form. The folder is made when it is not there. A reader
    sees the old file or the new one. Raises ConfigError, and changes nothing, when the file cannot
    be read, has no column "number" or holds no case at all.
    """
    notes = Notes("cases import")
    table = CasesTable(source_csv, notes.system, default_region)
    try:
        cases = list(table.cases(table.fingerprint(), notes))
    except RemoteError as error:
        raise ConfigError([str(error)]) from error
    if not cases:
        raise ConfigError([f"{source_csv} holds no cases; the register is left as it is"])
    content = "".join(_lines(cases)).encode()
    path = folder / CASES_FILE
    with disk_errors(folder, notes.system):
        folder.mkdir(parents=True, exist_ok=True)
        sync_directory(folder.parent)
        if path.exists():
            replace_durable(folder / PREVIOUS_FILE, path.read_bytes())
        replace_durable(path, content)
    return Imported(
        path=path,
        cases=len(cases),
        open_cases=sum(case.is_open for case in cases),
        parties_with_phone=sum(bool(party.phone) for case in cases for party in case.parties),
        lines_left_out=notes.lines_left_out,
        problem_count=notes.count,
        problems=tuple(notes.findings()),
    )


def _lines(cases: list[Case]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for case in cases:
        writer.writerow(_row(case))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _row(case: Case) -> list[str]:
    """The fields in the order of COLUMNS; reading them again gives an equal case."""
    return [
        case.number,
        case.title,
        "open" if case.is_open else "closed",
        case.opened.isoformat() if case.opened else "",
        case.closed.isoformat() if case.closed else "",
        case.caseworker,
        case.department,
        *(
            _joined([getattr(party, field) for party in case.parties])
            for field in ("name", "phone", "mail")
        ),
        case.kle_subject,
        case.kle_facet,
        case.access,
        _joined(list(case.readers)),
    ]


def _joined(values: list[str]) -> str:
    return SEPARATOR.join(values) if any(values) else ""
