"""Erases content that nobody linked to a case in time. That it existed stays on record.

Runs that are long over, and what readers did with articles long ago, are forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger import runs
from connector.ledger.article_signals import forget_signals
from connector.ledger.batch import chunks
from connector.ledger.events import event_row, record
from connector.ledger.tables import PRUNED_TO, attachment, item, link, mention, meta, phone, problem
from connector.model import Kind, LinkState
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger import Ledger
    from connector.spool import Spool

ERASABLE = (LinkState.UNLINKED.value, LinkState.WAITING.value, LinkState.EXCLUDED.value)
STEP = 5000
DAY_MS = 86_400_000
RUNS_DAYS = 90


@dataclass(slots=True)
class Pruned:
    """What one run erased (or, in a dry run, would erase)."""

    items: int = 0
    files: int = 0
    problems: int = 0
    runs: int = 0
    signals: int = 0

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {
            "items": self.items,
            "files": self.files,
            "problems": self.problems,
            "runs": self.runs,
            "signals": self.signals,
        }


def prune(
    ledger: Ledger,
    spool: Spool,
    *,
    quarantine_days: int,
    runs_days: int = RUNS_DAYS,
    is_dry: bool = False,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Pruned:
    """Erase words, bytes and files of items that are older than the quarantine and on no case.

    The row stays with its SHA-256, times and kind: the fact that it existed. A sighting follows the
    call it was joined into. Files that no item names, left by a process that was killed, go when
    they are a day old, records of runs when they are `runs_days` old, and readers' signals when
    they are 400 days old. Stops and goes on anywhere; a dry run only counts.
    """
    progress = progress or Silent()
    progress.begin("prune", None)
    cutoff = ledger.now() - quarantine_days * DAY_MS
    result = Pruned()
    after = _pointer(ledger)
    is_settled = True  # no item so far has to be looked at again
    while not should_stop():
        with ledger.read() as connection:
            rows = _old_rows(connection, after, cutoff)
        if not rows:
            break
        erasable = [row for row in rows if row.is_erasable and row.has_content]
        is_settled = is_settled and not any(row.is_pending and row.has_content for row in rows)
        result.items += len(erasable)
        if not is_dry:
            with ledger.write() as connection:
                files = _erase(ledger, connection, erasable)
                if is_settled:
                    _move_pointer(ledger, connection, rows[-1].id)
            # After the commit: a death between the two leaves files that the sweep below finds,
            # never an item that says it has a file and has none.
            for name in sorted(files):
                spool.remove(name)
            result.files += len(files)
        after = rows[-1].id
        progress.step("prune", result.items, result.counts())
    result.problems = _forget_problems(ledger, cutoff, is_dry=is_dry)
    if not is_dry and not should_stop():
        # What a killed process was fetching may be somebody's voice, and no row tells of it.
        result.files += spool.sweep(_files_in_use(ledger))
    if not is_dry:
        before = ledger.now() - runs_days * DAY_MS
        result.runs = runs.forget(ledger, before, should_stop)
        result.signals = forget_signals(ledger)  # also of a site that is down, or not read any more
    progress.end("prune")
    return result


def _old_rows(connection: Connection, after: int, cutoff: int) -> list[Any]:
    """The next old items, with whether they may be erased: their root, or their call, decides.

    The quarantine of an item that was taken off its case begins then.
    """
    root = item.alias("root")
    call = item.alias("call")
    follows_call = sa.and_(item.c.kind == Kind.SIGHTING.value, item.c.call_id.is_not(None))
    is_free = sa.case((follows_call, call.c.state), else_=root.c.state).in_(ERASABLE)
    decided_at = sa.func.coalesce(link.c.at, 0)
    return list(
        connection.execute(
            sa.select(
                item.c.id,
                item.c.subject,
                item.c.text,
                item.c.kind,
                item.c.root_id,
                sa.and_(is_free, decided_at < cutoff).label("is_erasable"),
                sa.and_(is_free, decided_at >= cutoff).label("is_pending"),
                item.c.raw.is_not(None).label("has_content"),
            )
            .join(root, root.c.id == item.c.root_id)
            .outerjoin(call, call.c.id == item.c.call_id)
            .outerjoin(
                link,
                sa.and_(
                    link.c.item_id == sa.func.coalesce(item.c.call_id, item.c.root_id),
                    link.c.superseded_at.is_(None),
                ),
            )
            .where(item.c.id > after, item.c.taken_at < cutoff)
            .order_by(item.c.id)
            .limit(STEP)
        )
    )


def _erase(ledger: Ledger, connection: Connection, rows: Sequence[Any]) -> set[str]:
    """Erase the content of these items; gives the files that no item names any more."""
    if ledger.is_sqlite:
        _forget_words(connection, rows)
    files: set[str] = set()
    for some in chunks(rows):
        numbers = [row.id for row in some]
        files |= _erase_files(connection, numbers)
        connection.execute(
            sa.update(item)
            .where(item.c.id.in_(numbers))
            .values(raw=None, text=None, subject=None, detail=None, sender="", sender_name="")
        )
        roots = sorted({row.root_id for row in some})
        connection.execute(sa.delete(mention).where(mention.c.item_id.in_(roots)))
        connection.execute(sa.delete(phone).where(phone.c.item_id.in_(roots)))
        # Evidence quotes what was written.
        connection.execute(sa.update(link).where(link.c.item_id.in_(roots)).values(evidence="[]"))
        record(
            connection,
            [
                event_row(ledger.now(), "casethread", "erased", f"item {number}")
                for number in numbers
            ],
        )
    return files


def _forget_words(connection: Connection, rows: Sequence[Any]) -> None:
    """Take the words out of the index, which needs to be told what they were."""
    words = [
        (row.id, row.subject or "", row.text or "")
        for row in rows
        if (row.text or row.subject) and row.kind != Kind.SIGHTING.value
    ]
    if words:
        connection.exec_driver_sql(
            "INSERT INTO item_search (item_search, rowid, subject, text) "
            "VALUES ('delete', ?, ?, ?)",
            words,
        )


def _erase_files(connection: Connection, numbers: Sequence[int]) -> set[str]:
    """The files of these items that no other item shares; the items forget them."""
    files = connection.execute(
        sa.select(attachment.c.sha256).where(attachment.c.item_id.in_(numbers))
    ).all()
    connection.execute(
        sa.update(attachment)
        .where(attachment.c.item_id.in_(numbers))
        .values(state="erased", sha256=None, name="", ref="", url="", note="")
    )
    hashes = {row.sha256 for row in files if row.sha256}
    shared = {
        row.sha256
        for row in connection.execute(
            sa.select(attachment.c.sha256).where(attachment.c.sha256.in_(hashes))
        )
    }
    return hashes - shared


def _files_in_use(ledger: Ledger) -> set[str]:
    with ledger.read() as connection:
        names = connection.execute(
            sa.select(attachment.c.sha256).where(attachment.c.sha256.is_not(None)).distinct()
        )
        return set(names.scalars())


def _pointer(ledger: Ledger) -> int:
    with ledger.read() as connection:
        found = connection.execute(sa.select(meta.c.value).where(meta.c.name == PRUNED_TO)).scalar()
        return int(found or 0)


def _move_pointer(ledger: Ledger, connection: Connection, to: int) -> None:
    insert = ledger.insert(meta)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["name"], set_={"value": insert.excluded.value}
        ),
        {"name": PRUNED_TO, "value": str(to)},
    )


def _forget_problems(ledger: Ledger, cutoff: int, *, is_dry: bool) -> int:
    """What could not be read may hold anything: its bytes go when the quarantine ends."""
    old = sa.and_(problem.c.raw.is_not(None), problem.c.last_at < cutoff)
    with ledger.write() as connection:
        count = connection.execute(
            sa.select(sa.func.count()).select_from(problem).where(old)
        ).scalar_one()
        if not is_dry and count:
            connection.execute(sa.update(problem).where(old).values(raw=None))
    return int(count)
