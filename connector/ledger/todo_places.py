"""Where in the to-do lists something stands, and what waits to be put on a case. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from connector.ledger.access import Sort, Viewer, visible_to
from connector.ledger.tables import at, item, suggestion
from connector.ledger.todo import Scope, listed
from connector.ledger.waiting import WAITS

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST = 100  # of one case; more is "over 100"


class Spot(NamedTuple):
    """A page of a list: the first of the viewer's lists that has it."""

    scope: Scope
    after: str  # cursor; "" for the first page


class ForCase(NamedTuple):
    """Something that may belong to a case, and that waits for a person."""

    item: int  # its root
    kind: str
    at: datetime


def spots(
    connection: Connection,
    viewer: Viewer,
    scopes: Sequence[Scope],
    roots: Collection[int],
    *,
    page: int,
) -> dict[int, Spot]:
    """For each root that is on one of the lists, the page of `page` items that shows it."""
    found: dict[int, Spot] = {}
    for scope in scopes:
        if len(found) == len(roots):
            break
        rows = listed(connection, viewer, scope)
        for place, row in enumerate(rows):
            if row.id in roots and row.id not in found:
                before = rows[place - place % page - 1] if place >= page else None
                after = f"{before.sent_at}.{before.id}" if before is not None else ""
                found[row.id] = Spot(scope, after)
    return found


def for_case(connection: Connection, viewer: Viewer, number: str) -> list[ForCase]:
    """What waits and may belong to this case, of what the viewer may see; the oldest first.

    At most MOST.
    """
    values = {**viewer.values, "number": number}
    rows = connection.execute(_for_case(viewer.sort), values)
    return [ForCase(row.id, row.kind, at(row.sent_at)) for row in rows]


@cache
def _for_case(sort: Sort) -> sa.Select[Any]:
    return (
        sa.select(item.c.id, item.c.kind, item.c.sent_at)
        .join(suggestion, suggestion.c.item_id == item.c.id)
        .where(suggestion.c.case_number == sa.bindparam("number"), WAITS, visible_to(sort))
        .order_by(item.c.sent_at, item.c.id)
        .limit(MOST)
    )
