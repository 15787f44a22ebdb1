"""Deliveries that go no further without a person: what they are, and what one may say of them.

A failed one is tried again. Of an unsure one the journal cannot tell whether it has it: somebody
looks there, and says that it is there (with what the journal calls it) or that it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_case
from connector.ledger.days import place_of
from connector.ledger.deliveries import try_again
from connector.ledger.events import event_row, record
from connector.ledger.runs import is_alive
from connector.ledger.tables import at, delivery, entry, register_case, run
from connector.ledger.views import TROUBLED
from connector.model import Receipt

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

STEP = 500
CONFIRMED = "confirmed"  # action of the event: a person saw it in the journal
UNSURE = "unsure"


class Doubtful(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that failed, is unsure or is held. The case is "" when the viewer may not see it.

    `seen` is its state as it was shown: a decision names it, and is refused when it has changed.
    """

    key: str
    sink: str
    state: str
    case_number: str
    is_visible: bool
    kind: str
    version: int
    tries: int
    reason: str
    since: int

    @property
    def seen(self) -> str:
        """State, time of the last move and number of tries."""
        return f"{self.state}.{self.since}.{self.tries}"

    @property
    def cursor(self) -> str:
        """Where the list goes on after this one."""
        return f"{self.since}.{self.key}"


class Changed(Exception):
    """The delivery is not as it was shown, or a run has it in hand."""


def doubtful(
    connection: Connection, viewer: Viewer, *, sink: str = "", state: str = "", after: str = ""
) -> Iterator[Doubtful]:
    """Those deliveries, the oldest trouble first. Raises ValueError for a cursor that is none."""
    since, _, key = after.partition(".")
    place = (place_of(f"{since}.0")[0] if after else -1, key)
    is_visible = sa.exists().where(
        register_case.c.number == delivery.c.case_number, visible_case(viewer)
    )
    query = (
        sa.select(delivery, entry.c.kind, is_visible.label("is_visible"))
        .join(entry, entry.c.id == delivery.c.entry_id)
        .where(
            delivery.c.state != sa.literal_column("'done'"),
            delivery.c.state.in_((state,) if state else TROUBLED),
        )
        .order_by(delivery.c.changed_at, delivery.c.key)
    )
    if sink:
        query = query.where(delivery.c.sink == sink)
    while True:
        moved, key = place
        is_after = sa.and_(
            delivery.c.changed_at >= moved,
            sa.or_(delivery.c.changed_at > moved, delivery.c.key > key),
        )
        rows = connection.execute(query.where(is_after).limit(STEP), viewer.values).all()
        yield from (_doubtful(row) for row in rows)
        if len(rows) < STEP:
            return
        place = rows[-1].changed_at, rows[-1].key


def _doubtful(row: Any) -> Doubtful:
    return Doubtful(
        key=row.key,
        sink=row.sink,
        state=row.state,
        case_number=row.case_number if row.is_visible else "",
        is_visible=row.is_visible,
        kind=row.kind,
        version=row.version,
        tries=row.tries,
        reason=row.reason,
        since=row.changed_at,
    )


def send_again(connection: Connection, key: str, seen: str, *, actor: str, now: int) -> None:
    """Try it anew with the next delivery; of an unsure one the actor says: it is not there.

    Raises Changed when it is not as it was seen.
    """
    _take(connection, key, seen, now)
    if not try_again(connection, now, actor, keys=[key]):
        raise Changed(key)


def confirm(
    connection: Connection, key: str, seen: str, *, reference: str, actor: str, now: int
) -> None:
    """An unsure delivery is there, under this reference, as the actor saw in the journal.

    Raises Changed when it is not unsure any more, or not as it was seen; ValueError without a
    reference: without one nobody could check it later.
    """
    if not reference.strip():
        raise ValueError("a reference is needed")
    row = _take(connection, key, seen, now)
    if row.state != UNSURE:
        raise Changed(key)
    receipt = Receipt(key=key, target=reference.strip(), at=at(now), detail=f"seen by {actor}")
    connection.execute(
        sa.update(delivery)
        .where(delivery.c.key == key)
        .values(
            state="done",
            receipt=msgspec.json.encode(receipt).decode(),
            reason="",
            changed_at=now,
        )
    )
    record(
        connection,
        [event_row(now, actor, CONFIRMED, f"delivery {key}", target=receipt.target)],
    )


def _take(connection: Connection, key: str, seen: str, now: int) -> Any:
    """The row, locked until the transaction ends. Raises Changed.

    A run that adopted an unsure delivery is asking the journal about it now and will settle it:
    whoever decides meanwhile would make it fall over.
    """
    row = connection.execute(
        sa.select(delivery).where(delivery.c.key == key).with_for_update()
    ).one_or_none()
    if row is None or f"{row.state}.{row.changed_at}.{row.tries}" != seen:
        raise Changed(key)
    its_run = connection.execute(
        sa.select(run).where(run.c.id == row.run_id, run.c.ended_at.is_(None))
    ).one_or_none()
    if row.state == UNSURE and its_run is not None and is_alive(its_run, now):
        raise Changed(key)
    return row
