"""The two kinds of record as rows to be walked over: sessions of two, and conferences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from connector.model import Item, Problem
from connector.sources.lync.conferences import (
    ConferenceRow,
    JoinRow,
    Meeting,
    ReplacedRow,
    belongs,
    can_tell_sound,
    conferences_query,
    is_open,
    joins_queries,
    meeting_item,
    replaced_query,
)
from connector.sources.lync.database import Database
from connector.sources.lync.journeys import Journeys
from connector.sources.lync.queries import Key, Paged, SessionRow, sessions_query
from connector.sources.lync.schema import CONFERENCES, SESSIONS, Column, Schema
from connector.sources.lync.sessions import read_session, session_item
from connector.sources.lync.values import Who, key_text, moment

_BROKEN = (ValueError, TypeError, OverflowError)
_ROUND = timedelta(hours=12)  # dialogs of a conference are looked for so long after its end


class Rows(Protocol):
    """One kind of record of one database."""

    database: Database
    query: Paged
    size: int  # rows of one query

    def items(self, rows: Sequence[Sequence[object]], now: datetime) -> list[Item | Problem]:
        """Items of rows in the order of reading; without those that may still be running."""


class Sessions:
    """Sessions of two people, and of one with a service."""

    size = 1000  # a tenth of a second of a small server

    def __init__(
        self, source: str, part: str, database: Database, schema: Schema, who: Who
    ) -> None:
        self.database = database
        self.query = sessions_query(schema)
        self._source, self._part, self._who = source, part, who
        self._journeys = Journeys(database.name)

    def items(self, rows: Sequence[Sequence[object]], now: datetime) -> list[Item | Problem]:
        return [item for row in rows if (item := self._item(SessionRow._make(row), now))]

    def _item(self, row: SessionRow, now: datetime) -> Item | Problem | None:
        name, zone = self.database.name, self.database.zone
        try:
            its = read_session(row, name, zone, self._who)
        except _BROKEN as error:
            return _problem(self._source, self._part, "SessionDetails", row.key, error)
        more = self._journeys.earlier(its)
        return None if its.is_open(now) else session_item(self._source, name, row, its, more)


class Conferences:
    """Conferences with those who came."""

    size = 200  # each has some twenty rows of those who came

    def __init__(
        self, source: str, part: str, database: Database, schema: Schema, who: Who
    ) -> None:
        self.database = database
        self.query = conferences_query(schema)
        self._source, self._part, self._who = source, part, who
        self._joins = joins_queries(schema)
        self._replaced = replaced_query(schema)
        self._can_tell = can_tell_sound(schema)

    def items(self, rows: Sequence[Sequence[object]], now: datetime) -> list[Item | Problem]:
        found = [ConferenceRow._make(row) for row in rows]
        if not found:
            return []
        joins: dict[Key, list[JoinRow]] = {}
        first, last = Key(found[0].time, found[0].seq), Key(found[-1].time, found[-1].seq)
        for query in self._joins(first, last):
            for row in self.database.rows(query):
                join = JoinRow._make(row)
                joins.setdefault(Key(join.time, join.seq), []).append(join)
        replaced = self._replaced_rows(found)
        made = (self._item(row, joins, replaced, now) for row in found)
        return [item for item in made if item is not None]

    def _replaced_rows(self, found: Sequence[ConferenceRow]) -> list[ReplacedRow]:
        if self._replaced is None:
            return []
        times = [at for row in found for at in self._times(row)]
        if not times:
            return []
        bound = self.database.bound
        query = self._replaced(bound(min(times) - _ROUND), bound(max(times) + _ROUND))
        return [ReplacedRow._make(row) for row in self.database.rows(query)]

    def _times(self, row: ConferenceRow) -> Iterable[datetime]:
        told = (time_of(each, self.database) for each in (row.time, row.end))
        return [at for at in told if at is not None]

    def _item(
        self,
        row: ConferenceRow,
        joins: dict[Key, list[JoinRow]],
        replaced: Sequence[ReplacedRow],
        now: datetime,
    ) -> Item | Problem | None:
        key, zone = Key(row.time, row.seq), self.database.zone
        try:
            if is_open(row, zone, now):
                return None
            of_it = tuple(sorted((e for e in replaced if belongs(e, row, zone)), key=str))
            its = Meeting(row, tuple(sorted(joins.get(key, ()), key=str)), of_it)
            return meeting_item(
                self._source, self.database.name, its, zone, self._who, can_tell=self._can_tell
            )
        except _BROKEN as error:
            return _problem(self._source, self._part, "Conferences", key, error)


class RowKind(NamedTuple):
    """How one kind of record is read, and what it needs."""

    columns: tuple[Column, ...]
    make: Callable[[str, str, Database, Schema, Who], Rows]
    also: tuple[str, ...] = ()  # tables that are joined where they are

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*(each.table for each in self.columns), *self.also]))


KINDS = {
    "sessions": RowKind(SESSIONS, Sessions),
    "conferences": RowKind(CONFERENCES, Conferences, ("ConferenceSessionDetails",)),
}


def _problem(source: str, part: str, table: str, key: Key, error: Exception) -> Problem:
    """A row that cannot be read, in its place."""
    name = key_text(key.time, key.seq)
    reason = f"row {name} of {table} is not readable: {error}"
    return Problem(source=source, part=part, key=name, reason=reason)


def time_of(time: object, database: Database) -> datetime | None:
    """A time of the database in UTC; None for none and for what is no time."""
    try:
        return moment(time, database.zone)
    except (ValueError, OverflowError):
        return None
