"""Who looked at what: every look at what was said is an event, kept before it is shown; and so is
every attempt that was denied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.events import event_row, record, record_one
from connector.ledger.tables import item, look

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer

LOOKED = "looked"  # action of the event
DENIED = "denied"  # the same, of what was not shown
_INSERT = sa.insert(look)


def record_look(
    connection: Connection,
    viewer: Viewer,
    subject: str,
    now: int,
    *,
    items: Sequence[int] | None = None,
    cases: Sequence[str] = (),
    **detail: object,
) -> None:
    """Keep that the viewer looked. `subject` is "case ...", "item 17", "search", "todo" ...

    Of a list, `items` are what it showed of what was said, and `cases` the cases that it named. The
    event tells the case that each item is on at this moment, and is found under it from now on.
    `detail` never holds content: how it was looked at ("print", "export", "audio"), how many.
    """
    sort, _, name = subject.partition(" ")
    on = _cases_of(connection, [int(name)] if sort == "item" else items or ())
    if sort == "item":
        detail["case"] = on[int(name)]
    if items is not None:
        detail["items"] = {str(root): case for root, case in on.items()}
    if cases:
        detail["cases"] = cases
    row = event_row(now, viewer.actor, LOOKED, subject, name=viewer.name, **detail)
    seen = {f"case {case}" if case else f"item {root}" for root, case in on.items()}
    seen |= {f"case {case}" for case in cases}
    if sort == "case":
        seen.add(subject)
    number = record_one(connection, row)
    if seen:
        found = [{"what": what, "at": now, "event_id": number} for what in sorted(seen)]
        connection.execute(_INSERT, found)


def _cases_of(connection: Connection, roots: Sequence[int]) -> dict[int, str]:
    """The case that each is on now; "" for none."""
    if not roots:
        return {}
    query = sa.select(item.c.id, item.c.case_number).where(item.c.id.in_(roots))
    on = {row.id: row.case_number or "" for row in connection.execute(query)}
    return {root: on.get(root, "") for root in roots}


def record_denied(
    connection: Connection, viewer: Viewer, subject: str, now: int, **detail: object
) -> None:
    """Keep that the viewer asked for what they may not see, or what is not there.

    `subject` is "case ..." as it was asked for, "item 17", "file 17/0" or "page /records"; `detail`
    says why ("hidden", "role") and by what it was asked.
    """
    row = event_row(now, viewer.actor, DENIED, subject, name=viewer.name, **detail)
    record(connection, [row])
