"""Who looked at what: every look at what was said is an event, kept before it is shown; and so is
every attempt that was denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledger.events import event_row, record

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer

LOOKED = "looked"  # action of the event
DENIED = "denied"  # the same, of what was not shown


def record_look(
    connection: Connection, viewer: Viewer, subject: str, now: int, **detail: object
) -> None:
    """Keep that the viewer looked. `subject` is "case ...", "item 17", "search", "todo" ...

    `detail` never holds content: how it was looked at ("print", "export", "audio"), how many.
    """
    row = event_row(now, viewer.actor, LOOKED, subject, name=viewer.name, **detail)
    record(connection, [row])


def record_denied(
    connection: Connection, viewer: Viewer, subject: str, now: int, **detail: object
) -> None:
    """Keep that the viewer asked for what they may not see, or what is not there.

    `subject` is "case ..." as it was asked for, "item 17", "file 17/0" or "page /records"; `detail`
    says why ("hidden", "role") and by what it was asked.
    """
    row = event_row(now, viewer.actor, DENIED, subject, name=viewer.name, **detail)
    record(connection, [row])
