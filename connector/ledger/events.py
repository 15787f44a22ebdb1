"""The append-only record of who did what, when, about what. Never any content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.tables import event

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


_INSERT = sa.insert(event)  # made once: every look at anything is an event
_INSERT_ONE = _INSERT.returning(event.c.id)


def event_row(at: int, actor: str, action: str, subject: str, **detail: object) -> dict[str, Any]:
    """The columns of one event. `subject` is "item 17", "entry ...", "delivery ...", "part ..."."""
    return {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": msgspec.json.encode(detail).decode(),
    }


def record(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Append events, in the transaction of what they tell about."""
    if rows:
        connection.execute(_INSERT, rows)


def record_one(connection: Connection, row: dict[str, Any]) -> int:
    """Append one event; its number."""
    return int(connection.execute(_INSERT_ONE, row).scalar_one())
