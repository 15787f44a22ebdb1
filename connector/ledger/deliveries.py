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
from connector.typed import decoder

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
    tries: int  # with the one that it was claimed for
    steps: str = ""
    doubt: str = ""  # of an unsure one: why nobody could tell what became of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a claimed delivery."""

    key: str
    state: str  # done | waiting | failed | unsure
    reason: str = ""
    receipt: Receipt | None = None
    wait_s: float = 0
    was_tried: bool = True


def unsent(each: Delivery) -> Outcome:
    """A claimed delivery is given back as it was: it was not tried, and nothing happened to it."""
    return Outcome(key=each.key, state="waiting", was_tried=False)


class LedgerSteps:
    """What a sink remembers of one delivery, in its row: see ports.Steps."""

    def __init__(self, ledger: Ledger, each: Delivery) -> None:
        self._ledger = ledger
        self._key = each.key
        self._text = each.steps

    def load(self) -> str:
        """What was saved last, by this run or an earlier one."""
        return self._text

    def save(self, text: str) -> None:
        """Keep it, seen to the disk."""
        with self._ledger.write(durable=True) as connection:
            connection.execute(
                sa.update(delivery).where(delivery.c.key == self._key).values(steps=text)
            )
        self._text = text


def settle(ledger: Ledger, outcomes: Sequence[Outcome], run_id: int) -> None:
    """Keep what became of claimed deliveries. Raises LedgerError if one was not ours to settle."""
    if outcomes:
        with ledger.write(durable=True) as connection:
            _settle(connection, outcomes, run_id, ledger.now())


def exchange(
    ledger: Ledger, sink: str, run_id: int, outcomes: Sequence[Outcome], limit: int
) -> list[Delivery]:
    """Settle these and claim up to `limit` more for sending, in one durable commit.

    What is claimed is ours until it is settled or we die.
    """
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        _settle(connection, outcomes, run_id, now)
        return _claim(connection, sink, run_id, now, limit)


def _claim(connection: Connection, sink: str, run_id: int, now: int, limit: int) -> list[Delivery]:
    """The oldest that may be sent now.

    A version waits while an earlier one of its entry is on the way, and an entry while another of
    its case is put off: a reader of the case never sees them out of order.
    """
    picked = connection.execute(_NEXT, {"sink": sink, "now": now, "limit": limit}).all()
    if not picked:
        return []
    keys = [row.key for row in picked]
    connection.execute(_CLAIM, {"keys": keys, "its_run": run_id, "now": now})
    return [_delivery(row, sink, row.tries + 1) for row in picked]


_earlier = delivery.alias("earlier")
_put_off = delivery.alias("put_off")
_COLUMNS = (
    delivery.c.key,
    delivery.c.tries,
    delivery.c.steps,
    delivery.c.state,
    delivery.c.reason,
    entry_version.c.content,
)
_ITS_CONTENT = sa.and_(
    entry_version.c.entry_id == delivery.c.entry_id, entry_version.c.version == delivery.c.version
)
_NEXT = (
    sa.select(*_COLUMNS)
    .join(entry_version, _ITS_CONTENT)
    .where(
        delivery.c.sink == sa.bindparam("sink"),
        delivery.c.state == "waiting",
        # "+ 0" keeps planners from the index by this column: the order is what the index is for.
        delivery.c.not_before + 0 <= sa.bindparam("now"),
        ~sa.exists().where(
            _earlier.c.entry_id == delivery.c.entry_id,
            _earlier.c.sink == delivery.c.sink,
            _earlier.c.version < delivery.c.version,
            _earlier.c.state.not_in(("done", "failed")),
        ),
        delivery.c.case_number.not_in(
            sa.select(_put_off.c.case_number).where(
                _put_off.c.sink == sa.bindparam("sink"),
                _put_off.c.state == "waiting",
                _put_off.c.not_before > sa.bindparam("now"),
            )
        ),
    )
    .order_by(delivery.c.made_at, delivery.c.entry_id, delivery.c.version)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(of=delivery, skip_locked=True)
)
_CLAIM = (
    sa.update(delivery)
    .where(delivery.c.key.in_(sa.bindparam("keys", expanding=True)))
    .values(
        state="sending",
        run_id=sa.bindparam("its_run"),
        tries=delivery.c.tries + 1,
        changed_at=sa.bindparam("now"),
    )
)


def _delivery(row: Any, sink: str, tries: int) -> Delivery:
    entry = _decode_entry(row.content)
    if entry.version > 1:
        before = delivery_key(entry.id, entry.version - 1, sink)
        entry = msgspec.structs.replace(entry, previous_key=before)
    doubt = row.reason if row.state == "unsure" else ""
    return Delivery(key=row.key, entry=entry, sink=sink, tries=tries, steps=row.steps, doubt=doubt)


_decode_entry = decoder(Entry).decode


def _settle(connection: Connection, outcomes: Sequence[Outcome], run_id: int, now: int) -> None:
    if not outcomes:
        return
    rows = [{**_values(each, now), "its_key": each.key, "its_run": run_id} for each in outcomes]
    moved = connection.execute(_SETTLE, rows)
    if moved.rowcount != len(rows):
        raise LedgerError("ledger: a delivery that was settled is not on its way in this run")
    record(connection, [_event(each, now) for each in outcomes if each.was_tried])


_SETTLE = (
    sa.update(delivery)
    .where(
        delivery.c.key == sa.bindparam("its_key"),
        sa.or_(delivery.c.state == "sending", delivery.c.state == "unsure"),
        delivery.c.run_id == sa.bindparam("its_run"),
    )
    .values(
        {
            name: sa.bindparam(name)
            for name in ("state", "reason", "receipt", "not_before", "changed_at")
        }
        | {"tries": delivery.c.tries - sa.bindparam("untried")}
    )
)


def _values(each: Outcome, now: int) -> dict[str, Any]:
    return {
        "state": each.state,
        "reason": each.reason,
        "receipt": msgspec.json.encode(each.receipt).decode() if each.receipt else None,
        "not_before": now + int(each.wait_s * 1000),
        "changed_at": now,
        "untried": 0 if each.was_tried else 1,
    }


def _event(each: Outcome, now: int) -> dict[str, Any]:
    action = "journaled" if each.state == "done" else f"delivery_{each.state}"
    detail: dict[str, object] = {"reason": each.reason} if each.reason else {}
    if each.receipt is not None:
        detail = {"target": each.receipt.target, "sha256": each.receipt.sha256}
    return event_row(now, "casethread", action, f"delivery {each.key}", **detail)


def adopt_lost(ledger: Ledger, sink: str, run_id: int) -> list[Delivery]:
    """Deliveries whose sender died or fell, or whose answer was lost: ours now, to be found out
    about. No other run sends: one job has one open run.
    """
    with ledger.write(durable=True) as connection:
        rows = connection.execute(_LOST, {"sink": sink, "its_run": run_id}).all()
        if rows:
            mine = {"keys": [row.key for row in rows], "its_run": run_id}
            connection.execute(_ADOPT, mine)
    return [_delivery(row, sink, row.tries) for row in rows]


_LOST = (
    sa.select(*_COLUMNS)
    .join(entry_version, _ITS_CONTENT)
    .where(
        delivery.c.sink == sa.bindparam("sink"),
        sa.or_(
            delivery.c.state == "unsure",
            sa.and_(delivery.c.state == "sending", delivery.c.run_id != sa.bindparam("its_run")),
        ),
    )
    .order_by(delivery.c.made_at, delivery.c.entry_id, delivery.c.version)
    .with_for_update(of=delivery, skip_locked=True)
)
_ADOPT = (
    sa.update(delivery)
    .where(delivery.c.key.in_(sa.bindparam("keys", expanding=True)))
    .values(run_id=sa.bindparam("its_run"))
)


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
