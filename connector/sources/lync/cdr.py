"""Call detail records of Lync: who called whom, read again and again while rows still change.

Rows are updated in place and carry no stamp that could be trusted on every version, so each run
reads the last days again and gives the ledger what is new. A row is told once its session is over.
Once a day all rows are looked at whose end was missing or came since. Facts: Microsoft, CDR schema
of Lync Server 2013 and Skype for Business Server 2015, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connector.errors import Gone, RemoteError
from connector.identity import People
from connector.model import Finding, Item, Page, Person, Problem
from connector.ports import Known
from connector.sources.lync.database import Database
from connector.sources.lync.queries import Key, sessions_query
from connector.sources.lync.rows import KINDS, RowKind, Rows, time_of
from connector.sources.lync.schema import Column, Schema, sentence
from connector.sources.lync.values import Who
from connector.typed import read_json

ITEMS = 50  # of one page, as the reader of all sources counts memory
_AHEAD = timedelta(minutes=10)  # a clock may be a little ahead; more is a wrong time zone
_LOOKED_AT = 1000  # rows of the last days, for a check


class _Cursor(msgspec.Struct, omit_defaults=True):
    """How far this part was read, by the server's own times, and the day of the last deep look."""

    at: datetime | None = None
    deep: str = ""


class CallDetails:
    """All calls of some databases. A part is one kind of record of one database."""

    def __init__(
        self,
        databases: Sequence[Database],
        *,
        name: str = "lync_cdr",
        window_days: int = 2,  # rows come minutes to hours late, and change until the call is over
        initial_days: int = 60,  # the server purges older rows, as it comes
        since: datetime | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._databases = {each.name: each for each in databases}
        self._window = timedelta(days=window_days)
        self._initial = timedelta(days=initial_days)
        self._since = since
        self._clock = clock
        self._who = Who(People(()))

    def check(self) -> list[Finding]:
        """Is each database readable, what is missing in it, and does its clock agree with ours."""
        found = []
        for database in self._databases.values():
            with database.used():
                found += self._check(database)
        return found

    def _check(self, database: Database) -> list[Finding]:
        system = f"{self.name} {database.name}"
        try:
            schema = database.schema(tuple(t for kind in KINDS.values() for t in kind.tables))
            columns = dict.fromkeys(each for kind in KINDS.values() for each in kind.columns)
            lacking = schema.lacking(columns)
            if not schema.has("SessionDetails", "SessionIdTime", "SessionIdSeq"):
                return [_finding(system, each, schema) for each in lacking if not each.cost]
            newest = self._newest(database, schema)
        except RemoteError as error:
            what, _, fix = str(error).partition("; ")
            return [Finding(level="error", system=system, what=what, fix=fix or "try again later")]
        found = [_finding(system, each, schema) for each in lacking]
        if newest is not None and newest - self._clock() > _AHEAD:
            minutes = round((newest - self._clock()).total_seconds() / 60)
            what = f"the newest row is {minutes} minutes ahead of this machine's clock"
            fix = "the database may keep local time: see lync.time_zone; compare one known call"
            found.append(Finding(level="warning", system=system, what=what, fix=fix))
        told = f"version {schema.version}, newest row {newest:%Y-%m-%d %H:%M} UTC" if newest else ""
        return found or [Finding(level="ok", system=system, what=told or "no rows yet")]

    def _newest(self, database: Database, schema: Schema) -> datetime | None:
        """The time of a row of the last days: a look that every login must be able to do."""
        recent = database.bound(self._clock() - self._window)
        rows = database.rows(sessions_query(schema)(_LOOKED_AT, first=recent))
        times = [at for row in rows if (at := time_of(row[0], database)) is not None]
        return max(times, default=None)

    def parts(self, people: Sequence[Person]) -> list[str]:
        """Two parts for each database. The directory tells whose SIP address is whose."""
        self._who = Who(People(people))
        return [f"{name}/{kind}" for name in self._databases for kind in KINDS]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """What is new or changed, oldest first; see the head of this module.

        Raises Unavailable or Denied when the database cannot be read.
        """
        name, _, kind_name = part.rpartition("/")
        database, kind = self._databases.get(name), KINDS.get(kind_name)
        if database is None or kind is None:
            yield self._refused(part, "there is no such database in the settings any more")
            return
        with database.used():
            yield from self._walk(database, kind, part, _state(cursor), known)

    def _walk(
        self, database: Database, kind: RowKind, part: str, state: _Cursor, known: Known
    ) -> Iterator[Page]:
        schema = database.schema(kind.tables)
        lacking = schema.lacking(kind.columns)
        needed = [sentence(each, schema.version) for each in lacking if not each.cost]
        if needed:
            yield self._refused(part, needed[0])
            return
        rows = kind.make(self.name, part, database, schema, self._who)
        reading = _Reading(self.name, part, rows, known, self._clock())
        if lacking:
            yield Page(
                source=self.name,
                part=part,
                items=tuple(_missing(self.name, part, each, schema) for each in lacking),
            )
        yield from self._read(reading, state)

    def _read(self, reading: _Reading, state: _Cursor) -> Iterator[Page]:
        now = reading.now
        oldest = self._since or now - self._initial
        at, today = state.at, now.date().isoformat()
        if at is None or at > now + self._window:  # a time that cannot be is no place to go on
            reading.is_first = True
            yield from reading.pages(oldest, None, None, _Cursor(deep=today))
            return
        first = max(at - self._window, oldest)
        if state.deep < today and oldest < first:
            yield from reading.pages(oldest, first, first - self._window, None)
        yield from reading.pages(first, None, None, _Cursor(at=at, deep=today))

    def _refused(self, part: str, reason: str) -> Page:
        problem = Problem(source=self.name, part=part, key="", reason=reason, scope="part")
        return Page(source=self.name, part=part, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """A row has no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        """Low on purpose: the store belongs to the servers that carry the calls."""
        return 2


class _Reading:
    """One walk over the rows of one part."""

    def __init__(self, source: str, part: str, rows: Rows, known: Known, now: datetime) -> None:
        self.now = now
        self.is_first = False  # nothing can be known yet, so it is not asked
        self._source, self._part = source, part
        self._rows = rows
        self._database = rows.database
        self._known = known

    def pages(
        self,
        first: datetime,
        before: datetime | None,
        ended_since: datetime | None,
        cursor: _Cursor | None,
    ) -> Iterator[Page]:
        """Pages of the rows of a span; the last of each query carries how far it came."""
        bound, size = self._database.bound, self._rows.size
        after: Key | None = None
        latest = cursor.at if cursor else None
        while True:
            query = self._rows.query(
                size,
                first=bound(first),
                after=after,
                before=bound(before) if before else None,
                ended_since=bound(ended_since) if ended_since else None,
            )
            rows = self._database.rows(query)
            items = self._new(self._rows.items(rows, self.now))
            if rows:
                after = Key(rows[-1][0], rows[-1][1])
                latest = self._later(latest, rows)
            told = _Cursor(at=latest, deep=cursor.deep) if cursor and latest else None
            yield from self._paged(items, told)
            if len(rows) < size:
                return

    def _later(self, latest: datetime | None, rows: Sequence[Sequence[object]]) -> datetime | None:
        """The newest time of the server so far, but never one that is still to come."""
        for row in reversed(rows):
            at = time_of(row[0], self._database)
            if at is not None and at <= self.now:
                return at if latest is None else max(at, latest)
        return latest

    def _paged(self, items: list[Item | Problem], cursor: _Cursor | None) -> Iterator[Page]:
        told = msgspec.json.encode(cursor).decode() if cursor else None
        if not items:
            if told:
                yield Page(source=self._source, part=self._part, cursor=told)
            return
        for start in range(0, len(items), ITEMS):
            some = tuple(items[start : start + ITEMS])
            is_last = start + ITEMS >= len(items)
            at = told if is_last else None
            yield Page(source=self._source, part=self._part, cursor=at, items=some)

    def _new(self, items: list[Item | Problem]) -> list[Item | Problem]:
        """Those that the ledger does not hold yet."""
        pairs = [(each.key, each.version) for each in items if isinstance(each, Item)]
        if self.is_first or not pairs:
            return items
        old = self._known(self._database.name, pairs)
        return [
            each
            for each in items
            if isinstance(each, Problem) or (each.key, each.version) not in old
        ]


def _state(cursor: str | None) -> _Cursor:
    try:
        return read_json(cursor or "{}", _Cursor)
    except msgspec.DecodeError:
        return _Cursor()


def _finding(system: str, each: Column, schema: Schema) -> Finding:
    what, _, fix = sentence(each, schema.version).rpartition("; ")
    return Finding(level="warning" if each.cost else "error", system=system, what=what, fix=fix)


def _missing(source: str, part: str, each: Column, schema: Schema) -> Problem:
    reason = sentence(each, schema.version)
    return Problem(source=source, part=part, key=f"{each.table}.{each.name}", reason=reason)
