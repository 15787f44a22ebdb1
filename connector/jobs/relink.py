"""Links all that is kept once more, when a pattern or a rule was changed. People's word stands.

Thread after thread and then the calls, each in order of time: threads do not bear on each other,
and so the memory for one batch is enough however much is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from connector.ledger.batch import Batch
from connector.ledger.linking import look_again
from connector.ledger.rekeying import rekey
from connector.ledger.tables import item, link, ms
from connector.model import Kind, LinkState
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger import Ledger
    from connector.ledger.policy import Policy

STEP = 5000  # a transaction; a thread is walked through once in each that it reaches into
SHOWN = 20
SORTS = ("linked", "moved", "unlinked", "waiting")
_CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value, Kind.VOICEMAIL.value)
_LINKED = LinkState.LINKED.value


class Change(NamedTuple):
    """What became of one item. A case number is empty when it was, or is, on none."""

    item: int
    before: str
    after: str
    rule: str


class Relinked:
    """What one run changed: how many of each sort, and the first of them."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.is_whole = True  # not stopped before the end
        self.totals = dict.fromkeys(SORTS, 0)
        self.shown: dict[str, list[Change]] = {sort: [] for sort in SORTS}

    def add(self, sort: str, change: Change) -> None:
        """One more of a sort."""
        self.totals[sort] += 1
        if len(self.shown[sort]) < SHOWN:
            self.shown[sort].append(change)

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {"read": self.looked_at, **self.totals}


def relink(
    ledger: Ledger,
    policy: Policy,
    *,
    since: datetime | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Relinked:
    """Decide again about all items that still have their content, or those sent since a time.

    Stops and starts anywhere: each batch is a transaction, and a second run changes nothing.
    """
    progress = progress or Silent()
    first = 0 if since is None else ms(since)
    with ledger.read() as connection:
        last_link, last_item = _newest(connection)
        total = _count(connection, first, last_item)
    result = Relinked()
    _rekey(ledger, policy)
    progress.begin("relink", total)
    try:
        for roots in _batches(ledger, first, last_item):
            if should_stop():
                result.is_whole = False
                break
            with _batch(ledger, policy) as batch:
                look_again(batch, roots)
            result.looked_at += len(roots)
            progress.step("relink", result.looked_at, {"read": result.looked_at})
        with ledger.read() as connection:
            for row in _changes(connection, last_link, last_item):
                _tell(result, row)
    finally:
        progress.end("relink")
    return result


@contextmanager
def _batch(ledger: Ledger, policy: Policy) -> Iterator[Batch]:
    with ledger.write() as connection:
        yield Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())


def _rekey(ledger: Ledger, policy: Policy) -> None:
    """The register is compared by the patterns too: let it be by those of now."""
    after: str | None = None
    while after != "":
        with _batch(ledger, policy) as batch:
            after = rekey(batch, after or "")


def _newest(connection: Connection) -> tuple[int, int]:
    """The newest decision and item: what comes later is not this run's doing."""
    newest_link = connection.execute(sa.select(sa.func.max(link.c.id))).scalar()
    newest_item = connection.execute(sa.select(sa.func.max(item.c.id))).scalar()
    return int(newest_link or 0), int(newest_item or 0)


def _kept(first: int, last_item: int, *, is_message: bool) -> sa.ColumnElement[bool]:
    """Roots that can be decided again, of one of the two sorts."""
    kind = item.c.kind == Kind.MESSAGE.value
    if not is_message:
        # The first half is for the index, which holds all but messages.
        kind = sa.and_(item.c.kind != Kind.MESSAGE.value, item.c.kind.in_(_CALLS))
    return sa.and_(
        kind,
        item.c.id == item.c.root_id,
        item.c.id <= last_item,
        item.c.sent_at >= first,
        item.c.state != LinkState.EXCLUDED.value,
        item.c.raw.is_not(None),
    )


def _count(connection: Connection, first: int, last_item: int) -> int:
    count = sa.select(sa.func.count()).select_from(item)
    return sum(
        connection.execute(count.where(_kept(first, last_item, is_message=each))).scalar_one()
        for each in (True, False)
    )


def _batches(ledger: Ledger, first: int, last_item: int) -> Iterator[list[int]]:
    """Messages by thread and time, then calls by time."""
    for is_message in (True, False):
        order = [item.c.sent_at, item.c.id]
        if is_message:
            order.insert(0, item.c.thread_id)
        query = sa.select(item.c.id, *order[:-1]).order_by(*order).limit(STEP)
        query = query.where(_kept(first, last_item, is_message=is_message))
        page = query
        while True:
            with ledger.read() as connection:
                rows = connection.execute(page).all()
            if rows:
                yield [row.id for row in rows]
            if len(rows) < STEP:
                break
            page = query.where(sa.tuple_(*order) > (*rows[-1][1:], rows[-1].id))


def _changes(connection: Connection, last_link: int, last_item: int) -> Iterator[Any]:
    """What stands now of what was decided since, with what stood before."""
    old = link.alias("old")
    newest_before = (
        sa.select(sa.func.max(old.c.id))
        .where(old.c.item_id == link.c.item_id, old.c.id <= last_link)
        .correlate(link)
        .scalar_subquery()
    )
    was = link.alias("was")
    query = (
        sa.select(
            link.c.item_id,
            link.c.state,
            link.c.case_number,
            link.c.rule,
            was.c.state.label("old_state"),
            was.c.case_number.label("old_case"),
        )
        .select_from(link.outerjoin(was, was.c.id == newest_before))
        .where(link.c.id > last_link, link.c.superseded_at.is_(None), link.c.item_id <= last_item)
        .order_by(link.c.item_id)
    )
    yield from connection.execute(query.execution_options(yield_per=STEP))


def _tell(result: Relinked, row: Any) -> None:
    was = row.old_state or LinkState.UNLINKED.value
    before = (row.old_case or "") if was == _LINKED else ""
    after = row.case_number or ""
    change = Change(row.item_id, before, after, row.rule)
    if row.state == _LINKED:
        if before != after:
            result.add("moved" if before else "linked", change)
    elif row.state == LinkState.WAITING.value:
        if was != row.state:
            result.add("waiting", change)
    elif was in (_LINKED, LinkState.WAITING.value):
        result.add("unlinked", change)
