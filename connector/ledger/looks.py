"""Who looked at what: every look at what was said is an event, kept before it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledger.events import event_row, record

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer

LOOKED = "looked"  # action of the event


def record_look(
    connection: Connection, viewer: Viewer, subject: str, now: int, **detail: object
) -> None:
    """Keep that the viewer looked. `subject` is "case ...", "item 17", "search", "todo" ...

    `detail` never holds content: how it was looked at ("print", "export", "audio"), how many.
    """
    row = event_row(now, viewer.actor, LOOKED, subject, name=viewer.name, **detail)
    record(connection, [row])
