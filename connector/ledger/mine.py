"""What a person's pages show of their own: cases, what waits, units. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Role, Viewer, is_caseworker, is_reader, visible_case
from connector.ledger.tables import case_reader, item, register_case
from connector.model import Case

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_case = msgspec.json.Decoder(Case).decode
MOST_CASES = 500  # of one caseworker


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A case with what was said on it last."""

    case: Case
    newest_at: int
    count: int


def cases_with_news(connection: Connection, viewer: Viewer, *, limit: int) -> list[News]:
    """The viewer's own cases on which something was said, the newest first."""
    mine = connection.execute(
        sa.select(register_case.c.number, register_case.c.detail)
        .where(is_caseworker(), visible_case(viewer))
        .limit(MOST_CASES),
        viewer.values,
    ).all()
    details = {row.number: row.detail for row in mine}
    if not details:
        return []
    rows = connection.execute(
        sa.select(
            item.c.case_number,
            sa.func.max(item.c.sent_at).label("newest_at"),
            sa.func.count().label("said"),
        )
        .where(item.c.case_number.in_(list(details)), item.c.root_id == item.c.id)
        .group_by(item.c.case_number)
        .order_by(sa.desc("newest_at"))
        .limit(limit)
    )
    return [
        News(case=_case(details[row.case_number]), newest_at=row.newest_at, count=row.said)
        for row in rows
    ]


def units_seen(connection: Connection, viewer: Viewer) -> list[str]:
    """The units of the cases that the viewer may see, in order.

    Looked for from the viewer's side: to ask of each of a hundred thousand cases whether it may be
    seen took longer than a search.
    """
    department = register_case.c.department
    query = sa.select(department).where(department != "", visible_case(viewer))
    if Role.RECORDS_MANAGER in viewer.roles:
        names = _departments(connection)
        found = [name for name in names if _is_there(connection, viewer, query, name)]
    else:
        named = sa.select(case_reader.c.case_number).where(is_reader())
        by_worker = query.where(is_caseworker())
        by_name = query.where(register_case.c.number.in_(named))
        some = sa.union(by_worker, by_name)
        found = list(connection.execute(some, viewer.values).scalars())
        unit = viewer.unit
        if unit and unit not in found and _is_there(connection, viewer, query, unit):
            found.append(unit)
    return sorted(found, key=str.casefold)


def _is_there(
    connection: Connection, viewer: Viewer, query: sa.Select[tuple[str]], unit: str
) -> bool:
    one = query.where(register_case.c.department == unit).limit(1)
    return connection.execute(one, viewer.values).first() is not None


def _departments(connection: Connection) -> list[str]:
    """All units of the register, from step to step through their index."""
    found: list[str] = []
    smallest = sa.select(sa.func.min(register_case.c.department))
    while True:
        last = found[-1] if found else ""
        name = connection.execute(smallest.where(register_case.c.department > last)).scalar()
        if name is None:
            return found
        found.append(name)
