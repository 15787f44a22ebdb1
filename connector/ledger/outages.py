"""Since when a journal takes nothing: told once when it begins and once when it ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.events import event_row, record
from connector.ledger.tables import event
from connector.typed import read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

log = logging.getLogger(__name__)
AWAY, BACK = "sink_away", "sink_back"


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that took nothing when it was last tried."""

    sink: str
    since: int  # ms
    reason: str


def outage(connection: Connection, sink: str) -> Outage | None:
    """The outage of this journal that has not ended, if there is one."""
    row = connection.execute(
        sa.select(event.c.at, event.c.action, event.c.detail)
        .where(event.c.subject == f"sink {sink}", event.c.action.in_((AWAY, BACK)))
        .order_by(event.c.id.desc())
        .limit(1)
    ).first()
    if row is None or row.action == BACK:
        return None
    reason = read_json(row.detail, dict[str, str]).get("reason", "")
    return Outage(sink=sink, since=row.at, reason=reason)


def note_sink(ledger: Ledger, sink: str, *, reason: str, took: int) -> None:
    """What a run of deliveries saw: why it had to end ("" when it had not), how many it gave."""
    if not reason and not took:
        return
    with ledger.read() as connection:
        known = outage(connection, sink)
    if reason and known is None:
        _keep(ledger, AWAY, sink, reason)
        log.warning("a journal takes nothing now", extra={"action": AWAY, "system": sink})
    elif not reason and known is not None:
        _keep(ledger, BACK, sink, "")
        log.warning("the journal takes entries again", extra={"action": BACK, "system": sink})


def _keep(ledger: Ledger, action: str, sink: str, reason: str) -> None:
    detail = {"reason": reason} if reason else {}
    with ledger.write() as connection:
        record(
            connection,
            [event_row(ledger.now(), "casethread", action, f"sink {sink}", **detail)],
        )
