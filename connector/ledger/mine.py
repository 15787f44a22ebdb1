"""What a person's pages show of their own: cases, what waits, units. Reads only."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.access import (
    Role,
    Sort,
    Viewer,
    case_visible_to,
    is_caseworker,
    is_reader,
)
from connector.ledger.tables import case_reader, item, register_case
from connector.model import Case
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_case = decoder(Case).decode
MOST_CASES = 500  # of one caseworker


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A case with what was said on it last."""

    case: Case
    newest_at: int
    count: int


def cases_with_news(connection: Connection, viewer: Viewer, *, limit: int) -> list[News]:
    """The viewer's own cases on which something was said, the newest first."""
    mine = connection.execute(_own_cases(viewer.sort), viewer.values).all()
    details = {row.number: row.detail for row in mine}
    if not details:
        return []
    rows = connection.execute(_NEWS, {"numbers": list(details), "most": limit})
    return [
        News(case=_case(details[row.case_number]), newest_at=row.newest_at, count=row.said)
        for row in rows
    ]


# Statements are made once: to put them together takes longer than to run them.
_NEWS = (
    sa.select(
        item.c.case_number,
        sa.func.max(item.c.sent_at).label("newest_at"),
        sa.func.count().label("said"),
    )
    .where(
        item.c.case_number.in_(sa.bindparam("numbers", expanding=True)),
        # Not as ix_item_root_sent says it: PostgreSQL would read all of that index.
        item.c.root_id + 0 == item.c.id,
    )
    .group_by(item.c.case_number)
    .order_by(sa.desc("newest_at"))
    .limit(sa.bindparam("most", type_=sa.Integer))
)


@cache
def _own_cases(sort: Sort) -> sa.Select[Any]:
    return (
        sa.select(register_case.c.number, register_case.c.detail)
        .where(is_caseworker(), case_visible_to(sort))
        .limit(MOST_CASES)
    )


def units_seen(connection: Connection, viewer: Viewer) -> list[str]:
    """The units of the cases that the viewer may see, in order.

    Looked for from the viewer's side: to ask of each of a hundred thousand cases whether it may be
    seen took longer than a search.
    """
    if Role.RECORDS_MANAGER in viewer.roles:
        found = [name for name in _departments(connection) if _is_there(connection, viewer, name)]
    else:
        found = list(connection.execute(_own_units(viewer.sort), viewer.values).scalars())
        unit = viewer.unit
        if unit and unit not in found and _is_there(connection, viewer, unit):
            found.append(unit)
    return sorted(found, key=str.casefold)


def _is_there(connection: Connection, viewer: Viewer, unit: str) -> bool:
    one = connection.execute(_of_one_unit(viewer.sort), {**viewer.values, "unit": unit})
    return one.first() is not None


def _departments(connection: Connection) -> list[str]:
    """All units of the register, from step to step through their index."""
    found: list[str] = []
    while True:
        last = found[-1] if found else ""
        name = connection.execute(_NEXT_UNIT, {"last": last}).scalar()
        if name is None:
            return found
        found.append(name)


_NEXT_UNIT = sa.select(sa.func.min(register_case.c.department)).where(
    register_case.c.department > sa.bindparam("last")
)


def _units(sort: Sort) -> sa.Select[tuple[str]]:
    department = register_case.c.department
    return sa.select(department).where(department != "", case_visible_to(sort))


@cache
def _of_one_unit(sort: Sort) -> sa.Select[Any]:
    is_its = register_case.c.department == sa.bindparam("unit")
    return _units(sort).where(is_its).limit(1)


@cache
def _own_units(sort: Sort) -> sa.CompoundSelect[Any]:
    named = sa.select(case_reader.c.case_number).where(is_reader())
    by_name = register_case.c.number.in_(named)
    return sa.union(_units(sort).where(is_caseworker()), _units(sort).where(by_name))
