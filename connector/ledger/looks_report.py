"""Who looked at what, for the records manager: the events that looks.py keeps. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.days import Period, place_of
from connector.ledger.tables import event, item

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

STEP = 500
# As the partial index says it: SQLite takes it only when it sees the value.
_IS_LOOK = event.c.action == sa.literal_column("'looked'")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look: who, when, at what, and how ("print", "export", how many ...)."""

    cursor: str
    at: int
    actor: str  # the lasting name
    name: str  # as it was shown then
    subject: str  # "case 27.18.02-P25-14-26", "item 17", "search" ...
    how: dict[str, Any]


def looks(
    connection: Connection,
    zone: ZoneInfo,
    period: Period,
    *,
    who: str = "",
    case: str = "",
    after: str = "",
) -> Iterator[Look]:
    """The looks of a period, the newest first; of one person (a part of the name is enough) and at
    one case or anything on it. Reads as far as it is asked.

    Raises ValueError for a cursor that is none.
    """
    begins, ends = period.bounds(zone)
    at, number = min((ends, 0), place_of(after)) if after else (ends, 0)
    query = sa.select(event).where(_IS_LOOK, event.c.at >= begins)
    if case:
        query = query.where(event.c.subject.in_(_subjects(connection, case)))
    wanted = who.casefold()
    while True:
        is_after = sa.and_(event.c.at <= at, sa.or_(event.c.at < at, event.c.id < number))
        order = (event.c.at.desc(), event.c.id.desc())
        rows = connection.execute(query.where(is_after).order_by(*order).limit(STEP)).all()
        for row in rows:
            found = _look(row)
            if wanted in found.actor.casefold() or wanted in found.name.casefold():
                yield found
        if len(rows) < STEP:
            return
        at, number = rows[-1].at, rows[-1].id


def _subjects(connection: Connection, case: str) -> list[str]:
    """The case itself and all that is on it now."""
    roots = connection.execute(
        sa.select(item.c.id).where(item.c.case_number == case, item.c.root_id == item.c.id)
    ).scalars()
    return [f"case {case}", *(f"item {root}" for root in roots)]


def _look(row: Any) -> Look:
    how = msgspec.json.decode(row.detail, type=dict[str, Any])
    return Look(
        cursor=f"{row.at}.{row.id}",
        at=row.at,
        actor=row.actor,
        name=str(how.pop("name", "")),
        subject=row.subject,
        how=how,
    )
