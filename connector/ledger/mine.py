"""What the start page shows of a person's own. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_case
from connector.ledger.tables import item, register_case
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
    names = sorted(viewer.names)
    mine = connection.execute(
        sa.select(register_case.c.number, register_case.c.detail)
        .where(sa.func.lower(register_case.c.caseworker).in_(names), visible_case(viewer))
        .limit(MOST_CASES)
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
