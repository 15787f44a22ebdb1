"""How much was read, and what became of it, by source, unit and local day. Reads only.

What is counted is what can be journaled: messages, calls, missed calls and voicemails, each once.

    read   = linked + waiting + unlinked + excluded
    linked = journaled + owed + failed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.days import Period, bounds
from connector.ledger.figure_sorting import Fate, Sorter
from connector.ledger.tables import item
from connector.ledger.views import JOURNALED
from connector.model import Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


MESSAGE = Kind.MESSAGE.value
CALLS = tuple(each for each in JOURNALED if each != MESSAGE)


Tally = Counter[tuple[str, str, str, str]]  # by source, unit, kind and fate


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted; "" for all."""

    source: str = ""
    unit: str = ""
    kind: str = ""


EVERYTHING = Scope()


class Counts(msgspec.Struct, kw_only=True):
    """How many, by what became of them."""

    journaled: int = 0
    owed: int = 0
    failed: int = 0
    waiting: int = 0
    unlinked: int = 0
    excluded: int = 0

    @property
    def linked(self) -> int:
        """On a case."""
        return self.journaled + self.owed + self.failed

    @property
    def read(self) -> int:
        """All of them."""
        return self.linked + self.waiting + self.unlinked + self.excluded

    def add(self, fate: Fate, count: int) -> None:
        """Count `count` more of this fate."""
        setattr(self, fate.value, getattr(self, fate.value) + count)

    def add_all(self, other: Counts) -> None:
        """Count what another has counted."""
        for fate in Fate:
            self.add(fate, getattr(other, fate.value))


class Group(msgspec.Struct, frozen=True, order=True):
    """What one line of figures is about."""

    day: date
    source: str
    unit: str
    kind: str


def figures(
    connection: Connection,
    zone: ZoneInfo,
    departments: Mapping[str, str],
    period: Period,
    scope: Scope = EVERYTHING,
) -> dict[Group, Counts]:
    """The counts of a period for each day, source, unit and kind that has any.

    `departments` are the units of our staff by directory id.
    """
    sorter = Sorter(connection, departments, period)
    found: dict[Group, Counts] = {}
    for day in period.days():
        tally: Tally = Counter()
        if scope.kind in ("", MESSAGE):
            _sort_loose(connection, day, zone, sorter, tally)
            _sort_rows(connection, _TALK_ON_CASES, day, zone, sorter, tally)
        if scope.kind != MESSAGE:
            _sort_rows(connection, _CALLS, day, zone, sorter, tally)
        for (source, unit, kind, fate), count in tally.items():
            if _is_in(scope, source, unit, kind):
                group = Group(day, source, unit, kind)
                found.setdefault(group, Counts()).add(Fate(fate), count)
    return found


def _sort_loose(
    connection: Connection, day: date, zone: ZoneInfo, sorter: Sorter, tally: Tally
) -> None:
    """Messages on no case, nine in ten of all: first by what their threads are alike in."""
    rows = connection.execute(_LOOSE_TALK.where(*_within(day, zone))).all()
    homes = sorter.homes({row[0] for row in rows})
    alike: Counter[tuple[tuple[str, str], str]] = Counter()
    for thread_id, state, count in rows:
        alike[homes[thread_id], state] += count
    for ((source, unit), state), count in alike.items():
        tally[source, unit, MESSAGE, state] += count


def _sort_rows(
    connection: Connection,
    query: sa.Select[Any],
    day: date,
    zone: ZoneInfo,
    sorter: Sorter,
    tally: Tally,
) -> None:
    rows = connection.execute(query.where(*_within(day, zone))).all()
    sorter.learn((row[2], row[3], row[4]) for row in rows)
    its_day = day.isoformat()
    for kind, state, thread_id, root, case, count in rows:
        unit = sorter.unit(thread_id, root, case)
        fate = sorter.fate(state, thread_id, root, case, its_day)
        tally[sorter.source(thread_id), unit, kind, fate] += count


def _is_in(scope: Scope, source: str, unit: str, kind: str) -> bool:
    return scope.source in ("", source) and scope.unit in ("", unit) and scope.kind in ("", kind)


def summed(found: Mapping[Group, Counts], key: Callable[[Group], Any]) -> dict[Any, Counts]:
    """The counts added up for each value that `key` gives, in its order."""
    sums: dict[Any, Counts] = {}
    for group, counts in found.items():
        sums.setdefault(key(group), Counts()).add_all(counts)
    return dict(sorted(sums.items()))


def total(found: Mapping[Group, Counts]) -> Counts:
    """All of them added up."""
    whole = Counts()
    for counts in found.values():
        whole.add_all(counts)
    return whole


def _within(day: date, zone: ZoneInfo) -> tuple[sa.ColumnElement[bool], ...]:
    begins, ends = bounds(day, zone)
    return (item.c.root_id == item.c.id, item.c.sent_at >= begins, item.c.sent_at < ends)


_IS_LINKED = item.c.state == LinkState.LINKED.value
_IS_TALK = item.c.kind == MESSAGE
# From the index alone.
_LOOSE_TALK = (
    sa.select(item.c.thread_id, item.c.state, sa.func.count())
    .where(_IS_TALK, ~_IS_LINKED)
    .group_by(item.c.thread_id, item.c.state)
)
# Kind, state, thread, root (0: none), case, how many.
_TALK_ON_CASES = (
    sa.select(
        item.c.kind,
        item.c.state,
        item.c.thread_id,
        sa.literal_column("0"),
        item.c.case_number,
        sa.func.count(),
    )
    .where(_IS_TALK, _IS_LINKED)
    .group_by(item.c.thread_id, item.c.case_number, item.c.state, item.c.kind)
)
_CALLS = sa.select(
    item.c.kind,
    item.c.state,
    item.c.thread_id,
    item.c.id,
    item.c.case_number,
    sa.literal_column("1"),
).where(item.c.kind.in_(CALLS))
