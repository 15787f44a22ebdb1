"""The register side of the folder journal: the cases in one CSV file.

The file is read as a stream, twice when it changed: once for its hash and encoding, once for the
cases. What is wrong with a line is a finding with its number; the rest of the file is used.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from connector.errors import RemoteError
from connector.journals.folder.columns import Notes, parse_case
from connector.journals.folder.table import CasesTable, Fingerprint
from connector.model import Case, Finding

CASES_FILE = "cases.csv"
BATCH_CASES = 5_000

log = logging.getLogger(__name__)


class FolderRegister:
    """Cases from `cases.csv` in `folder`. See `columns.columns_help` for the columns.

    The number of a case is given as written, without spaces at its ends. Telephone numbers are
    read as numbers of `default_region` when they have no country code.
    """

    def __init__(self, folder: Path, name: str = "folder", default_region: str = "DK") -> None:
        self.name = name
        self.can_list = True
        self.path = folder / CASES_FILE
        self._table = CasesTable(self.path, name, default_region)
        self._lock = threading.Lock()
        self._index: dict[str, int] = {}
        self._index_of: Fingerprint | None = None

    def check(self) -> list[Finding]:
        """Reads the whole file: how many cases, and every wrong line (the first hundred)."""
        notes = Notes(self.name)
        try:
            fingerprint = self._table.fingerprint()
            count = sum(1 for _ in self._table.cases(fingerprint, notes))
        except RemoteError as error:
            fix = "casethread cases import FILE"
            return [Finding(level="error", system=self.name, what=str(error), fix=fix)]
        if count == 0:
            notes.add(f"{self.path} holds no cases", "casethread cases import FILE")
        what = f"{self.path}: {count} cases ({fingerprint.encoding.removesuffix('-sig')})"
        return [Finding(level="ok", system=self.name, what=what), *notes.findings()]

    def lookup(self, number: str) -> Case | None:
        """The case of this number. The first call, and the first after a change, reads the file.

        About 0.8 s for 200,000 cases and then microseconds; the index holds numbers and places in
        the file, not cases. Raises Unavailable or Denied when the file cannot be read.
        """
        number = number.strip()
        with self._lock:
            while True:
                known = self._indexed()
                offset = self._index.get(number)
                case = None if offset is None else self._read_at(known, offset)
                # A file that was replaced meanwhile is read again; its old places mean nothing.
                if self._table.stat() == (known.size_bytes, known.modified_ns):
                    return case

    def _indexed(self) -> Fingerprint:
        """Bring the index up to date; what it is of."""
        stat = self._table.stat()
        known = self._index_of
        if known is None or (known.size_bytes, known.modified_ns) != stat:
            known = self._table.fingerprint()
            self._index = self._places(known)
            self._index_of = known
        return known

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """All cases, 5,000 at a time, when the file changed since `cursor`; else nothing.

        Unchanged size and time: the file is not opened. Changed time but equal content: it is
        hashed only. A file that changes while it is read gives no cursor, so the next run reads
        it again. Raises Unavailable when there is no file or no column "number", Denied without
        the right to read it.
        """
        size_bytes, modified_ns = self._table.stat()
        known = (cursor or "").split("-")
        if known[:2] == [str(size_bytes), str(modified_ns)]:
            return
        fingerprint = self._table.fingerprint()
        if known[2:] == [fingerprint.sha256]:
            return
        batch: list[Case] = []
        notes = Notes(self.name)
        for case in self._table.cases(fingerprint, notes):
            if len(batch) == BATCH_CASES:
                yield batch, None
                batch = []
            batch.append(case)
        if notes.count:
            log.warning(
                "lines of the register were not fully understood; casethread check lists them",
                extra={"action": "register", "system": self.name, "problems": notes.count},
            )
        is_same = self._table.stat() == (fingerprint.size_bytes, fingerprint.modified_ns)
        yield batch, fingerprint.cursor() if is_same else None

    def _places(self, fingerprint: Fingerprint) -> dict[str, int]:
        """Each case number with the byte offset of its line; the first line of a number counts."""
        places: dict[str, int] = {}
        for _line, offset, row, columns in self._table.rows(fingerprint, Notes(self.name)):
            if number := columns.number(row):
                places.setdefault(number, offset)
        return places

    def _read_at(self, fingerprint: Fingerprint, offset: int) -> Case | None:
        for _line, _offset, row, columns in self._table.rows(fingerprint, Notes(self.name), offset):
            return parse_case(row, columns, 0, self._table.region, Notes(self.name))
        return None
