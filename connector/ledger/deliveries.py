"""The outbox: claiming deliveries, keeping receipts, and finding out after a crash.

States: waiting -> sending -> done | waiting (try later) | failed (a person looks) | unsure (the
answer was lost and the sink cannot be asked). Each move names the state it starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.errors import LedgerError
from connector.ledger.entries import delivery_key
from connector.ledger.events import event_row, record
from connector.ledger.tables import delivery, entry_version
from connector.model import Entry, Receipt

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

BACK_OFF_S = (60, 300, 900, 3600, 4 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One version of an entry that one sink is owed."""

    key: str
    entry: Entry
    sink: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a claimed delivery."""

    key: str
    state: str  # done | waiting | failed | unsure
    reason: str = ""
    receipt: Receipt | None = None
    wait_s: float = 0


def claim(ledger: Ledger, sink: str, run_id: int, limit: int = 50) -> list[Delivery]:
    """Take up to `limit` deliveries for sending; they are ours until settled or we die.

    A version waits while an earlier one of its entry is on the way, so that a reader of the sink
    never sees them out of order.
    """
    now = ledger.now()
    earlier = delivery.alias("earlier")
    blocked = sa.exists().where(
        earlier.c.entry_id == delivery.c.entry_id,
        earlier.c.sink == delivery.c.sink,
        earlier.c.version < delivery.c.version,
        earlier.c.state.not_in(("done", "failed")),
    )
    with ledger.write(durable=True) as connection:
        rows = connection.execute(
            sa.select(delivery.c.key, delivery.c.tries, entry_version.c.content)
            .join(
                entry_version,
                sa.and_(
                    entry_version.c.entry_id == delivery.c.entry_id,
                    entry_version.c.version == delivery.c.version,
                ),
            )
            .where(
                delivery.c.sink == sink,
                delivery.c.state == "waiting",
                delivery.c.not_before <= now,
                ~blocked,
            )
            .order_by(entry_version.c.made_at, delivery.c.entry_id, delivery.c.version)
            .limit(limit)
            .with_for_update(of=delivery, skip_locked=True)
        ).all()
        if rows:
            connection.execute(
                sa.update(delivery)
                .where(delivery.c.key.in_([row.key for row in rows]))
                .values(state="sending", run_id=run_id, tries=delivery.c.tries + 1, changed_at=now)
            )
    return [_delivery(row, sink, row.tries + 1) for row in rows]


def _delivery(row: Any, sink: str, tries: int) -> Delivery:
    entry = msgspec.json.decode(row.content, type=Entry)
    if entry.version > 1:
        before = delivery_key(entry.id, entry.version - 1, sink)
        entry = msgspec.structs.replace(entry, previous_key=before)
    return Delivery(key=row.key, entry=entry, sink=sink, tries=tries)


def settle(ledger: Ledger, outcomes: Sequence[Outcome], run_id: int) -> None:
    """Keep what became of claimed deliveries. Raises LedgerError if one was not ours to settle."""
    if not outcomes:
        return
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        for each in outcomes:
            moved = connection.execute(
                sa.update(delivery)
                .where(
                    delivery.c.key == each.key,
                    delivery.c.state.in_(("sending", "unsure")),
                    delivery.c.run_id == run_id,
                )
                .values(_values(each, now))
            )
            if moved.rowcount != 1:
                raise LedgerError(f"ledger: delivery {each.key} is not on its way in this run")
        record(connection, [_event(each, now) for each in outcomes])


def _values(each: Outcome, now: int) -> dict[str, Any]:
    return {
        "state": each.state,
        "reason": each.reason,
        "receipt": msgspec.json.encode(each.receipt).decode() if each.receipt else None,
        "not_before": now + int(each.wait_s * 1000),
        "changed_at": now,
    }


def _event(each: Outcome, now: int) -> dict[str, Any]:
    action = "journaled" if each.state == "done" else f"delivery_{each.state}"
    detail: dict[str, object] = {"reason": each.reason} if each.reason else {}
    if each.receipt is not None:
        detail = {"target": each.receipt.target, "sha256": each.receipt.sha256}
    return event_row(now, "casethread", action, f"delivery {each.key}", **detail)


def adopt_lost(ledger: Ledger, sink: str, run_id: int, dead: Sequence[int]) -> list[Delivery]:
    """Deliveries whose sender died, or whose answer was lost: ours now, to be found out about."""
    with ledger.write(durable=True) as connection:
        rows = connection.execute(
            sa.select(delivery.c.key, delivery.c.tries, entry_version.c.content)
            .join(
                entry_version,
                sa.and_(
                    entry_version.c.entry_id == delivery.c.entry_id,
                    entry_version.c.version == delivery.c.version,
                ),
            )
            .where(
                delivery.c.sink == sink,
                sa.or_(
                    delivery.c.state == "unsure",
                    sa.and_(delivery.c.state == "sending", delivery.c.run_id.in_(dead)),
                ),
            )
            .with_for_update(of=delivery, skip_locked=True)
        ).all()
        if rows:
            connection.execute(
                sa.update(delivery)
                .where(delivery.c.key.in_([row.key for row in rows]))
                .values(run_id=run_id)
            )
    return [_delivery(row, sink, row.tries) for row in rows]


def back_off_s(tries: int) -> int:
    """How long a delivery waits after its n-th failed try."""
    return BACK_OFF_S[min(max(tries, 1), len(BACK_OFF_S)) - 1]


def try_again(connection: Connection, now: int, actor: str, *, keys: Sequence[str] = ()) -> int:
    """A person wants these deliveries tried now; when no key is given, all that failed for good
    and all that wait because they failed a while ago.

    An unsure one must be named: somebody looked in the sink and knows that it did not arrive.
    """
    query = sa.select(delivery.c.key)
    if keys:
        query = query.where(
            delivery.c.state.in_(("failed", "waiting", "held", "unsure")),
            delivery.c.key.in_(keys),
        )
    else:
        is_put_off = sa.and_(delivery.c.state == "waiting", delivery.c.not_before > now)
        query = query.where(sa.or_(delivery.c.state == "failed", is_put_off))
    found = [row[0] for row in connection.execute(query)]
    if found:
        connection.execute(
            sa.update(delivery)
            .where(delivery.c.key.in_(found))
            .values(state="waiting", not_before=0, changed_at=now)
        )
        record(connection, [event_row(now, actor, "retried", f"delivery {key}") for key in found])
    return len(found)


def waiting_count(ledger: Ledger, sink: str) -> int:
    """How many deliveries this sink could be given now."""
    with ledger.read() as connection:
        return int(
            connection.execute(
                sa.select(sa.func.count())
                .select_from(delivery)
                .where(
                    delivery.c.sink == sink,
                    delivery.c.state == "waiting",
                    delivery.c.not_before <= ledger.now(),
                )
            ).scalar_one()
        )
