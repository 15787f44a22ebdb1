"""Archived messages of Lync: exported files, and databases whose tables are as they are known.

A site reads one of the two: the same message has other keys in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from connector.errors import Gone, RemoteError
from connector.identity import People
from connector.model import Finding, Item, Page, Person, Problem
from connector.ports import Known
from connector.sources.lync import log
from connector.sources.lync.database import Database
from connector.sources.lync.files import FILES, Folder, Messages, content_of
from connector.sources.lync.values import Who, moment
from connector.typed import read_json

FILES_PART = "files"
_TABLES = {"messages": "Messages", "conferences": "ConferenceMessages"}
ITEMS = 50  # of one page, as the reader of all sources counts memory
_CHUNK = 1 << 20
_OTHERS = "the folder has files, and none is a mail (.eml or .mht) but {}; nothing is read"
_FIX = (
    "Let Export-CsArchivingData write into it; other exports, CSV too, are not read. "
    "See docs/how-to/lync.md."
)


class _Cursor(msgspec.Struct, omit_defaults=True):
    at: datetime | None = None


class ArchivedMessages:
    """Instant messages as the archiving role kept them."""

    def __init__(
        self,
        databases: Sequence[Database] = (),
        folder: Path | None = None,
        *,
        name: str = "lync_archive",
        window_days: int = 2,
        initial_days: int = 60,
        since: datetime | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._databases = {each.name: each for each in databases}
        self._folder = Folder(folder) if folder else None
        self._window = timedelta(days=window_days)
        self._initial = timedelta(days=initial_days)
        self._since = since
        self._clock = clock
        self._who = Who(People(()))

    def check(self) -> list[Finding]:
        """Can the folder be listed, and is each database as it is known."""
        databases = []
        for database in self._databases.values():
            with database.used():
                databases.append(self._found(database))
        return [*([self._found(None)] if self._folder is not None else []), *databases]

    def _found(self, database: Database | None) -> Finding:
        system = f"{self.name} {database.name if database else FILES_PART}"
        try:
            if database is None:
                return self._look_at_folder(system)
            return Finding(level="ok", system=system, what=self._look_at(database))
        except RemoteError as error:
            told, _, fix = str(error).partition("; ")
            return Finding(level="error", system=system, what=told, fix=fix or "try again later")

    def _look_at_folder(self, system: str) -> Finding:
        assert self._folder is not None  # noqa: S101  the caller asked
        files = self._folder.since(datetime.fromtimestamp(0, UTC), self._clock())
        others = "" if files else self._folder.only_others()
        if others:
            return Finding(level="warning", system=system, what=_OTHERS.format(others), fix=_FIX)
        newest = f", the newest of {files[-1].at:%Y-%m-%d %H:%M} UTC" if files else ""
        return Finding(level="ok", system=system, what=f"{len(files)} exported files{newest}")

    def _look_at(self, database: Database) -> str:
        missing = log.lacking(database.schema(log.TABLES))
        if missing:
            what, _, fix = log.refusal(missing).partition(". ")
            raise RemoteError(f"{what}; {fix}", system=self.name)
        return "the tables are as they are known"

    def parts(self, people: Sequence[Person]) -> list[str]:
        """The folder, and two tables of each database."""
        self._who = Who(People(people))
        tables = [f"{name}/{table}" for name in self._databases for table in _TABLES]
        return [*([FILES_PART] if self._folder is not None else []), *tables]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Messages since `cursor` less the window, oldest first; what is known is left out."""
        at = _state(cursor).at
        now = self._clock()
        is_first = at is None or at > now + self._window
        first = self._since or now - self._initial
        if at is not None and not is_first:
            first = max(at - self._window, first)
        kept = None if is_first else known
        if part == FILES_PART and self._folder is not None:
            yield from self._from_files(self._folder, first, None if is_first else at, kept, now)
            return
        name, _, table = part.rpartition("/")
        database = self._databases.get(name)
        if database is None or table not in _TABLES:
            yield self._refused(part, "it is not in the settings any more")
            return
        with database.used():
            yield from self._from_database(database, part, first, None if is_first else at, kept)

    def _from_files(
        self,
        folder: Folder,
        first: datetime,
        at: datetime | None,
        known: Known | None,
        now: datetime,
    ) -> Iterator[Page]:
        # The first run takes every file there is: an export of old times comes today.
        files = folder.since(first if at else datetime.fromtimestamp(0, UTC), now)
        messages = Messages(self.name, FILES_PART, self._who)
        for start in range(0, len(files), FILES):
            some = files[start : start + FILES]
            items = messages.of(folder, some)
            last = max(0, len(items) - 1) // ITEMS * ITEMS
            for place in range(0, last, ITEMS):
                yield self._page(FILES_PART, items[place : place + ITEMS], known, None)
            at = max(at, some[-1].at) if at else some[-1].at
            yield self._page(FILES_PART, items[last:], known, at)
        others = "" if files else folder.only_others()
        if others:
            yield self._refused(FILES_PART, f"{_OTHERS.format(others)}. {_FIX}")
        elif not files and at:
            yield self._page(FILES_PART, [], known, at)

    def _from_database(
        self,
        database: Database,
        part: str,
        first: datetime,
        at: datetime | None,
        known: Known | None,
    ) -> Iterator[Page]:
        schema = database.schema(log.TABLES)
        missing = log.lacking(schema)
        if missing:
            yield self._refused(part, log.refusal(missing))
            return
        table = _TABLES[part.rpartition("/")[2]]
        for rows, time in log.pages(database, schema, table, first):
            told = {}
            if table == "ConferenceMessages":
                told = log.recipients(database, schema, [row.number for row in rows])
            items = [
                log.message_item(
                    self.name, part, row, told.get(row.number, ()), database, self._who
                )
                for row in rows
            ]
            at = _later(at, time, database, self._clock())
            yield self._page(part, items, known, at)
        if at:
            yield self._page(part, [], known, at)

    def _page(
        self, part: str, items: Sequence[Item | Problem], known: Known | None, at: datetime | None
    ) -> Page:
        if known is not None:
            items = _unknown(items, known)
        cursor = msgspec.json.encode(_Cursor(at=at)).decode() if at else None
        return Page(source=self.name, part=part, cursor=cursor, items=tuple(items))

    def _refused(self, part: str, reason: str) -> Page:
        problem = Problem(source=self.name, part=part, key="", reason=reason, scope="part")
        return Page(source=self.name, part=part, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of a file that was sent in a conference, from the export."""
        if self._folder is None:
            raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)
        whole = content_of(self._folder, ref)
        for start in range(0, len(whole), _CHUNK):
            yield whole[start : start + _CHUNK]

    @property
    def in_flight(self) -> int:
        """Low on purpose: disks and databases here belong to other servers."""
        return 2


def _unknown(items: Sequence[Item | Problem], known: Known) -> list[Item | Problem]:
    """Those that the ledger does not hold yet."""
    by_thread: dict[str, list[tuple[str, str]]] = {}
    for each in items:
        if isinstance(each, Item):
            by_thread.setdefault(each.thread, []).append((each.key, each.version))
    old = {(thread, *pair) for thread, pairs in by_thread.items() for pair in known(thread, pairs)}
    return [
        each
        for each in items
        if isinstance(each, Problem) or (each.thread, each.key, each.version) not in old
    ]


def _later(at: datetime | None, time: object, database: Database, now: datetime) -> datetime | None:
    """The newest time so far, but never one that is still to come."""
    try:
        told = moment(time, database.zone)
    except (ValueError, OverflowError):
        return at
    if told is None or told > now:
        return at
    return told if at is None else max(at, told)


def _state(cursor: str | None) -> _Cursor:
    try:
        return read_json(cursor or "{}", _Cursor)
    except msgspec.DecodeError:
        return _Cursor()
