"""What becomes of something that was read, where it came from and whose unit it belongs to.

Figures and the lists behind them ask here, so that a number and its list cannot differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger.batch import chunks
from connector.ledger.days import Period
from connector.ledger.tables import (
    delivery,
    entry,
    item_person,
    register_case,
    thread,
    thread_person,
)
from connector.ledger.views import TROUBLED
from connector.model import LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

UNKNOWN_UNIT = "?"  # neither the case nor anybody who took part has one


class Fate(StrEnum):
    """What became of something that was read; of what is on a case, how far the journal has it."""

    JOURNALED = "journaled"  # its entry is confirmed by every journal that it is owed to
    OWED = "owed"  # on its way there
    FAILED = "failed"  # a delivery of it failed, is unsure or is held: a person looks
    WAITING = "waiting"  # for a person
    UNLINKED = "unlinked"
    EXCLUDED = "excluded"


LINKED = (Fate.JOURNALED, Fate.OWED, Fate.FAILED)


# Which entry holds something: the conversation of a case, a day and a thread; or, without a day,
# the entry of a root.
Place = tuple[str, str, int]

_LINKED, _JOURNALED = LinkState.LINKED.value, Fate.JOURNALED.value


class Sorter:
    """Looks up what many rows refer to, each once, and sorts the rows by it.

    A row is about a call or voicemail, or about messages of one thread; `learn` comes first. Plain
    arguments and not values: hundreds of thousands of rows pass through a page of figures.
    """

    def __init__(
        self, connection: Connection, departments: Mapping[str, str], period: Period
    ) -> None:
        self._connection = connection
        self._departments = departments
        self._sources: dict[int, str] = {}
        self._of_cases: dict[str, str] = {}
        self._of_threads: dict[int, str] = {}
        self._of_roots: dict[int, str] = {}
        self._homes: dict[int, tuple[str, str]] = {}
        self._unfinished = unfinished(connection, period.first, period.last)

    def learn(self, rows: Iterable[tuple[int, int, str | None]]) -> None:
        """Look up what is not known yet of these: thread, root (0 for messages), case."""
        rows = set(rows)
        self._learn_sources({thread_id for thread_id, _, _ in rows} - self._sources.keys())
        talks = {thread_id for thread_id, root, _ in rows if not root}
        self._learn_people(thread_person.c.thread_id, self._of_threads, talks)
        calls = {root for _, root, _ in rows if root}
        self._learn_people(item_person.c.item_id, self._of_roots, calls)
        cases = {case for _, _, case in rows if case is not None}
        self._learn_cases(cases - self._of_cases.keys())

    def homes(self, threads: Set[int]) -> dict[int, tuple[str, str]]:
        """Source and unit of talk that is on no case, by its thread. Looks up what is new."""
        new = threads - self._homes.keys()
        self.learn((number, 0, None) for number in new)
        for number in new:
            self._homes[number] = self._sources[number], self._of_threads[number]
        return self._homes

    def source(self, thread_id: int) -> str:
        """The source that read it; of a call that was joined from several, "calls"."""
        return self._sources[thread_id]

    def unit(self, thread_id: int, root: int, case: str | None) -> str:
        """The unit of its case; else that of most of our people in it; else UNKNOWN_UNIT.

        `root` is 0 for messages.
        """
        its = self._of_cases.get(case, "") if case is not None else ""
        return its or (self._of_roots[root] if root else self._of_threads[thread_id])

    def fate(self, state: str, thread_id: int, root: int, case: str | None, day: str) -> str:
        """What became of it, a value of Fate; `day` is its local date."""
        if state != _LINKED:
            return state
        place = (case, "", root) if root else (case, day, thread_id)
        return self._unfinished.get(place, _JOURNALED)  # type: ignore[arg-type]

    def _learn_sources(self, threads: Set[int]) -> None:
        for some in chunks(sorted(threads), 5000):
            rows = self._connection.execute(
                sa.select(thread.c.id, thread.c.source).where(thread.c.id.in_(some))
            )
            self._sources.update((row.id, row.source) for row in rows)

    def _learn_cases(self, cases: Set[str]) -> None:
        for some in chunks(sorted(cases), 5000):
            rows = self._connection.execute(
                sa.select(register_case.c.number, register_case.c.department).where(
                    register_case.c.number.in_(some)
                )
            )
            self._of_cases.update((row.number, row.department) for row in rows)

    def _learn_people(
        self, column: sa.Column[int], known: dict[int, str], wanted: Set[int]
    ) -> None:
        """The unit of most people in each; of two with as many, the first in the alphabet."""
        new = sorted(wanted - known.keys())
        known.update(dict.fromkeys(new, UNKNOWN_UNIT))
        units: dict[int, list[str]] = defaultdict(list)
        of = self._departments
        for some in chunks(new, 5000):
            rows = self._connection.execute(
                sa.select(column, column.table.c.person).where(column.in_(some))
            ).all()
            for number, person in rows:
                if person in of:
                    units[number].append(of[person])
        known.update((number, _most(its)) for number, its in units.items())


def _most(units: list[str]) -> str:
    if units.count(units[0]) == len(units):
        return units[0]
    return min(set(units), key=lambda unit: (-units.count(unit), unit))


_PLACE = (entry.c.case_number, entry.c.day, entry.c.thread_id, entry.c.item_id)
_IS_OPEN = delivery.c.state != sa.literal_column("'done'")  # as the partial index says it
_NEWEST = sa.and_(delivery.c.entry_id == entry.c.id, delivery.c.version == entry.c.version)


def unfinished(connection: Connection, first: date, last: date) -> dict[Place, str]:
    """The entries of these days that a journal does not have as they are now, and why not.

    Whoever is linked owes an entry in the same transaction (links.apply): what is on a case and not
    here is journaled.
    """
    is_theirs = entry.c.day.between(first.isoformat(), last.isoformat())
    due = connection.execute(sa.select(*_PLACE).where(entry.c.due_at.is_not(None), is_theirs))
    found = {_place_of(row): Fate.OWED.value for row in due.all()}
    query = sa.select(*_PLACE, delivery.c.state).join_from(delivery, entry, _NEWEST)
    for row in connection.execute(query.where(_IS_OPEN, is_theirs)).all():
        place = _place_of(row)
        if row.state in TROUBLED:
            found[place] = Fate.FAILED.value
        else:
            found.setdefault(place, Fate.OWED.value)
    return found


def _place_of(row: Any) -> Place:
    if row.item_id is None:
        return row.case_number, row.day, row.thread_id
    return row.case_number, "", row.item_id
