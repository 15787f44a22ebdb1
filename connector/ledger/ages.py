"""How long it took from what was said until every journal had confirmed it. Reads only.

The time of an item runs from when it was sent, or the call began, to when the first version of its
entry that holds it was confirmed by all journals. A version holds an item that was linked before
it was written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import chunks
from connector.ledger.days import Period, bounds
from connector.ledger.tables import delivery, entry, entry_version, item, link
from connector.ledger.views import JOURNALED
from connector.model import Kind, LinkState
from connector.workdays import workdays_after

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

HOUR_MS = 3_600_000
# Upper ends of the buckets, in milliseconds; the last bucket has none.
BUCKETS = tuple(hours * HOUR_MS for hours in (1, 4, 24, 2 * 24, 3 * 24, 7 * 24))

JOURNALED_AT_ALL, LATE = "journaled", "late"
# What may be asked for of the items behind a number: those two, or the place of a bucket.
SPEEDS = (JOURNALED_AT_ALL, LATE, *(str(place) for place in range(len(BUCKETS) + 1)))

_Took = tuple[int | None, bool]  # ms, None: not journaled yet; whether it is late
_Place = tuple[str, str, int]  # case, day ("" for anything but a conversation), thread or root


_Versions = dict[_Place, list[tuple[int, int | None]]]  # written, confirmed by all
MESSAGE = Kind.MESSAGE.value


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """How fast one kind was journaled. Times are milliseconds; None where nothing was."""

    kind: str  # "" for all kinds together
    linked: int
    journaled: int
    late: int  # journaled after the target, or not yet and the target is past
    median_ms: int | None
    most_ms: int | None  # nine in ten were journaled within this time
    buckets: tuple[int, ...]  # as BUCKETS, and those above all of them


def ages(
    connection: Connection, zone: ZoneInfo, period: Period, *, target_days: int, now: int
) -> list[Ages]:
    """For all kinds together, then for each kind that has any, of what was said in the period."""
    found: dict[str, list[_Took]] = defaultdict(list)
    for _, kind, took, is_late in _each(connection, zone, period, target_days, now):
        found[kind].append((took, is_late))
    every = [each for its in found.values() for each in its]
    told = [_ages("", every)]
    return told + [_ages(kind, found[kind]) for kind in JOURNALED if kind in found]


def roots(
    connection: Connection,
    zone: ZoneInfo,
    period: Period,
    speed: str,
    *,
    target_days: int,
    now: int,
) -> frozenset[int]:
    """The items that one of these numbers counts; `speed` is one of SPEEDS."""
    return frozenset(
        root
        for root, _, took, is_late in _each(connection, zone, period, target_days, now)
        if _is_of(speed, took, is_late)
    )


def _is_of(speed: str, took: int | None, is_late: bool) -> bool:
    if speed == LATE:
        return is_late
    return took is not None and speed in (JOURNALED_AT_ALL, str(bisect_left(BUCKETS, took)))


def _each(
    connection: Connection, zone: ZoneInfo, period: Period, target_days: int, now: int
) -> Iterator[tuple[int, str, int | None, bool]]:
    """Root, kind, how long it took (None: not journaled yet), whether it is late."""
    linked = {day: _linked(connection, zone, day) for day in period.days()}
    cases = {row.case_number for rows in linked.values() for row in rows}
    versions = _versions(connection, cases, period)
    for day, rows in linked.items():
        _, deadline = bounds(workdays_after(day, target_days), zone)
        for root, kind, sent_at, done in _journaled(rows, versions, day):
            took = None if done is None else done - sent_at
            yield root, kind, took, (now if done is None else done) >= deadline


def _ages(kind: str, found: Sequence[_Took]) -> Ages:
    times = sorted(took for took, _ in found if took is not None)
    buckets = [0] * (len(BUCKETS) + 1)
    for time in times:
        buckets[bisect_left(BUCKETS, time)] += 1
    return Ages(
        kind=kind,
        linked=len(found),
        journaled=len(times),
        late=sum(is_late for _, is_late in found),
        median_ms=_rank(times, 50),
        most_ms=_rank(times, 90),
        buckets=tuple(buckets),
    )


def _rank(times: Sequence[int], per_cent: int) -> int | None:
    """The smallest time that so many per cent are not above (nearest rank)."""
    if not times:
        return None
    return times[max(0, -(-len(times) * per_cent // 100) - 1)]


def _linked(connection: Connection, zone: ZoneInfo, day: date) -> Sequence[Any]:
    begins, ends = bounds(day, zone)
    return connection.execute(_LINKED.where(item.c.sent_at >= begins, item.c.sent_at < ends)).all()


def _journaled(
    rows: Sequence[Any], versions: _Versions, day: date
) -> Iterator[tuple[int, str, int, int | None]]:
    """Root, kind, time and when it was confirmed everywhere (or None), of what is linked."""
    its_day = day.isoformat()
    for row in rows:
        is_message = row.kind == MESSAGE
        number = row.thread_id if is_message else row.id
        place = row.case_number, its_day if is_message else "", number
        done = [done_at for made_at, done_at in versions.get(place, ()) if made_at >= row.linked_at]
        done_at = min((each for each in done if each is not None), default=None)
        yield row.id, row.kind, row.sent_at, done_at


def _versions(connection: Connection, cases: Iterable[str], period: Period) -> _Versions:
    """By entry: when each version was written, and when the last journal confirmed it."""
    found: dict[_Place, list[tuple[int, int | None]]] = defaultdict(list)
    for some in chunks(sorted(cases), 5000):
        query = _VERSIONS.where(
            entry.c.case_number.in_(some),
            entry.c.day.between(period.first.isoformat(), period.last.isoformat()),
        )
        for row in connection.execute(query).all():
            is_talk = row.item_id is None
            place = row.case_number, row.day if is_talk else "", row.thread_id or row.item_id
            done_at = row.done_at if row.owed == row.confirmed else None
            found[place].append((row.made_at, done_at))
    return found


_first_link = (
    sa.select(sa.func.min(link.c.at))
    .where(
        link.c.item_id == item.c.id,
        link.c.state == LinkState.LINKED.value,
        link.c.case_number == item.c.case_number,
    )
    .correlate(item)
    .scalar_subquery()
)
_LINKED = sa.select(
    item.c.id,
    item.c.kind,
    item.c.sent_at,
    item.c.thread_id,
    item.c.case_number,
    sa.func.coalesce(_first_link, item.c.sent_at).label("linked_at"),
).where(
    item.c.root_id == item.c.id,
    item.c.state == LinkState.LINKED.value,
    item.c.kind.in_(JOURNALED),
)
_VERSIONS = (
    sa.select(
        entry.c.case_number,
        entry.c.day,
        entry.c.thread_id,
        entry.c.item_id,
        entry_version.c.made_at,
        sa.func.max(delivery.c.changed_at).label("done_at"),
        sa.func.count().label("owed"),
        sa.func.sum(sa.case((delivery.c.state == "done", 1), else_=0)).label("confirmed"),
    )
    .join_from(entry, entry_version, entry_version.c.entry_id == entry.c.id)
    .join(
        delivery,
        sa.and_(delivery.c.entry_id == entry.c.id, delivery.c.version == entry_version.c.version),
    )
    .group_by(
        entry.c.id,
        entry.c.case_number,
        entry.c.day,
        entry.c.thread_id,
        entry.c.item_id,
        entry_version.c.version,
        entry_version.c.made_at,
    )
)
