"""The files that `casethread evaluate` reads: labelled communications, and cases.

A line that cannot be used is told of with its number, and the others are used.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from connector.errors import ConfigError, RemoteError
from connector.journals.folder.columns import Notes, parse_case
from connector.journals.folder.table import CasesTable
from connector.linking.communication import Communication, Participant, Shape
from connector.model import Case

MAX_LINE_BYTES = 64 << 20  # of one communication; ten megabytes of text are well inside
KINDS = ", ".join(Shape)

_STEP = 500  # lines between two calls of `progress`
_YEARS = range(1900, 2201)
_MISSING = re.compile(r"missing required field `(\w+)`")
_WHERE = re.compile(r" - at `\$\.?([^`]*)`$")


class Fault(NamedTuple):
    """Why a line is not used: the end of a text's key (evaluate.fault...) and its values."""

    line: int
    what: str
    values: dict[str, str]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A label: the case a careful person finds ("" for none), and whether a rule may link it."""

    case: str = ""
    link: bool | None = None
    rule: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One communication to judge. `id` is as the file has it, also when it is a number."""

    id: str | int
    its: Communication
    expected: Expected | None = None


class _Who(msgspec.Struct):
    role: str | None = None
    upn: str | None = None
    mail: str | None = None
    phone: str | None = None
    name: str | None = None
    department: str | None = None


class _Label(msgspec.Struct):
    case: str | None
    link: bool | None = None
    rule: str | int | None = None


class _Line(msgspec.Struct):
    """A line as people's exports write it: what is not known may be null or left out."""

    id: str | int
    kind: str
    started: str
    direction: str | None = None
    participants: list[_Who] | None = None
    subject: str | None = None
    text: str | None = None
    quoted: str | None = None
    files: list[str] | None = None
    thread_id: str | None = None
    expected: _Label | None = None


_decode = msgspec.json.Decoder(_Line).decode


class Communications:
    """COMMUNICATIONS.jsonl, looked through once; `in_order` then reads it in order of time.

    Memory grows with the number of lines, not with their length. `faults` holds every line that is
    not used; `without_zone` counts times taken as UTC; `is_sorted` tells whether the file was.
    Raises ConfigError when the file cannot be read.
    """

    def __init__(self, path: Path, progress: Callable[[int], object] | None = None) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self.without_zone = 0
        self.labelled = 0
        self._places = array("q")
        self._times = array("d")
        try:
            self._look(progress)
        except OSError as error:
            raise ConfigError([f"{path}: {error.strerror}"]) from error
        self.is_sorted = all(map(float.__le__, self._times, self._times[1:]))

    def __len__(self) -> int:
        return len(self._places)

    def in_order(self) -> Iterator[Sample]:
        """Every good line in order of time; those of one time in the order of the file."""
        order = sorted(range(len(self)), key=self._times.__getitem__)
        with self.path.open("rb") as file:
            for number in order:
                file.seek(self._places[number])
                found, _ = _sample(file.readline(MAX_LINE_BYTES + 1), 0)
                if isinstance(found, Fault):
                    raise ConfigError([f"{self.path} was changed while it was read; run it again"])
                yield found

    def _look(self, progress: Callable[[int], object] | None) -> None:
        seen: dict[str, int] = {}
        with self.path.open("rb") as file:
            for line, place, content in _lines(file):
                if not content.strip():
                    continue
                found, has_zone = _sample(content, line)
                if isinstance(found, Sample):
                    first = seen.setdefault(found.its.id, line)
                    if first != line:
                        found = Fault(line, "twice", {"first": str(first)})
                if isinstance(found, Fault):
                    self.faults.append(found)
                    continue
                self._places.append(place)
                self._times.append(found.its.started.timestamp())
                self.without_zone += not has_zone
                self.labelled += found.expected is not None
                if progress is not None and len(self) % _STEP == 0:
                    progress(len(self))
        if progress is not None:
            progress(len(self))


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """(number, place, content) of each line; of one that is too long only the beginning."""
    line = place = 0
    while content := file.readline(MAX_LINE_BYTES + 1):
        line += 1
        yield line, place, content
        place += len(content)
        while len(content) > MAX_LINE_BYTES and not content.endswith(b"\n"):
            content = file.readline(MAX_LINE_BYTES + 1)
            place += len(content)


def _sample(content: bytes, line: int) -> tuple[Sample | Fault, bool]:
    """A line as a sample or what is wrong with it, and whether its time had a zone."""
    if len(content) > MAX_LINE_BYTES:
        return Fault(line, "long", {"size": str(MAX_LINE_BYTES >> 20)}), True
    try:
        given = _decode(content.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError as error:
        return _fault(line, str(error)), True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Fault(line, "json", {"reason": str(error)[:80]}), True
    kind = given.kind.strip().lower()
    if kind not in Shape.__members__.values():
        return Fault(line, "kind", {"kind": kind[:20], "known": KINDS}), True
    started = _time(given.started)
    if started is None:
        return Fault(line, "time", {}), True
    if given.id == "":
        return Fault(line, "missing", {"field": "id"}), True
    its = _communication(given, Shape(kind), started.replace(tzinfo=started.tzinfo or UTC))
    return Sample(id=given.id, its=its, expected=_expected(given.expected)), bool(started.tzinfo)


def _fault(line: int, said: str) -> Fault:
    """What msgspec says of a field, with the field's name in front."""
    where = _WHERE.search(said)
    field = where[1] if where else ""
    missing = _MISSING.search(said)
    if missing:
        return Fault(line, "missing", {"field": f"{field}.{missing[1]}".lstrip(".")})
    if not field:
        return Fault(line, "object", {})
    return Fault(line, "type", {"field": field, "reason": _WHERE.sub("", said)})


def _time(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _communication(given: _Line, kind: Shape, started: datetime) -> Communication:
    return Communication(
        id=str(given.id),
        kind=kind,
        started=started.astimezone(UTC),
        direction=(given.direction or "").strip().lower(),
        participants=tuple(
            Participant(
                role=who.role or "",
                upn=who.upn or "",
                mail=who.mail or "",
                phone=who.phone or "",
                name=who.name or "",
                department=who.department or "",
            )
            for who in given.participants or ()
        ),
        subject=given.subject or "",
        text=given.text or "",
        quoted=given.quoted or "",
        files=tuple(given.files or ()),
        thread_id=given.thread_id or "",
    )


def _expected(given: _Label | None) -> Expected | None:
    if given is None:
        return None
    rule = "" if given.rule is None else str(given.rule)
    return Expected(case=(given.case or "").strip(), link=given.link, rule=rule)


class Cases:
    """CASES.csv, in the form that `casethread cases import` reads. Both rows of a number are given.

    Raises ConfigError when it cannot be read or has no column "number".
    """

    def __init__(self, path: Path, region: str = "DK") -> None:
        self.notes = Notes(path.name)
        self._region = region
        self._table = CasesTable(path, path.name, region)
        try:
            self._fingerprint = self._table.fingerprint()
        except RemoteError as error:
            raise ConfigError([str(error)]) from error

    def numbers(self) -> Iterator[str]:
        """The case number of every row, as it is written."""
        try:
            for _, _, row, columns in self._table.rows(self._fingerprint, Notes("")):
                yield columns.number(row)
        except RemoteError as error:
            raise ConfigError([str(error)]) from error

    def __iter__(self) -> Iterator[Case]:
        """Every case; what could not be understood goes to `notes`."""
        if self._fingerprint.encoding == "cp1252":
            self.notes.add("it is not UTF-8; it is read as Windows-1252", "save it as UTF-8")
        try:
            for line, _, row, columns in self._table.rows(self._fingerprint, self.notes):
                case = parse_case(row, columns, line, self._region, self.notes)
                if case is not None:
                    yield case
        except RemoteError as error:
            raise ConfigError([str(error)]) from error
