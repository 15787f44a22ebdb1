"""Fetches the bytes of attachments into the spool, or records why they cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.errors import CursorExpired, Denied, Gone, Rejected, RemoteError, Throttled
from connector.filetypes import HEAD_BYTES, type_of
from connector.ledger.batch import chunks
from connector.ledger.events import event_row, record
from connector.ledger.tables import attachment, item
from connector.progress import Progress, Silent
from connector.spool import SYSTEM as SPOOL

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ports import Source
    from connector.spool import Spool

log = logging.getLogger(__name__)
AT_ONCE = 8  # they only wait for the network; the spool is safe to write to from many threads
# Then it is recorded as missing, and the entry is journaled without it. The days count as well as
# the tries: jobs run every minute, and an outage or a missing right takes a person's working day.
TRIES = 5
PATIENCE_MS = 24 * 3600 * 1000


@dataclass(slots=True)
class Fetched:
    """What one run did."""

    kept: int = 0
    missing: int = 0
    later: int = 0
    stopped: RemoteError | None = None  # the spool takes nothing: no source is to blame

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {"kept": self.kept, "missing": self.missing, "later": self.later}


def fetch(
    ledger: Ledger,
    names: Sequence[str],
    source: Callable[[str], Source],
    spool: Spool,
    *,
    max_bytes: int | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Fetched:
    """Fetch every attachment that waits. At once, because some sources drop them after days.

    `names` are the sources to ask; `source` makes one when something of it waits.

    What is gone or refused is recorded with the reason and never asked for again; what fails for
    the moment is tried by the next runs, five times at least and for a day. When the spool cannot
    be written, nothing is counted as tried.
    """
    progress = progress or Silent()
    result = Fetched()
    waiting = _waiting(ledger, list(names))
    progress.begin("attachments", len(waiting))
    made = {name: source(name) for name in sorted({row.source for row in waiting})}
    stopped: set[str] = set()
    now = ledger.now()

    def fetch_one(row: Any) -> tuple[dict[str, Any], bool] | RemoteError | None:
        if should_stop() or row.source in stopped:
            return None
        return _fetch_one(row, made[row.source], spool, max_bytes, now)

    done = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as readers:
        for some in chunks(waiting, 100):
            for row, fetched in zip(some, readers.map(fetch_one, some), strict=True):
                done += 1
                if isinstance(fetched, RemoteError):
                    stopped.update(made)
                    result.stopped = fetched
                elif fetched is not None:
                    values, ends = fetched
                    _keep(ledger, row, values)
                    _count(result, values)
                    if ends:
                        stopped.add(row.source)
                progress.step("attachments", done, result.counts())
    progress.end("attachments")
    return result


def _waiting(ledger: Ledger, sources: list[str]) -> list[Any]:
    with ledger.read() as connection:
        return list(
            connection.execute(
                sa.select(attachment, item.c.taken_at)
                .join(item, item.c.id == attachment.c.item_id)
                .where(attachment.c.state == "waiting", attachment.c.source.in_(sources))
                .order_by(attachment.c.item_id, attachment.c.position)
            )
        )


def _fetch_one(
    row: Any, source: Source, spool: Spool, max_bytes: int | None, now: int
) -> tuple[dict[str, Any], bool] | RemoteError:
    """The columns to write, and whether this source should be left alone for now.

    Or the error of a spool that cannot take anything now.
    """
    try:
        stored = spool.add(source.content(row.ref), max_bytes)
    except (Gone, Rejected, CursorExpired) as error:
        return {"state": "missing", "note": str(error)}, False
    except Denied as error:
        # One protected file (403) and a missing permission look alike; neither may hold the rest.
        return error if error.system == SPOOL else (_tried(row, error, now), False)
    except RemoteError as error:
        if error.system == SPOOL:
            return error
        return _tried(row, error, now), isinstance(error, Throttled)
    kept: dict[str, Any] = {
        "state": "kept",
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
    }
    if not row.content_type:
        # An image in a chat has neither name nor type; without one no journal can show it.
        with spool.open(stored.sha256) as file:
            kept["content_type"] = type_of(file.read(HEAD_BYTES))
    return kept, False


def _tried(row: Any, error: RemoteError, now: int) -> dict[str, Any]:
    is_over = row.tries + 1 >= TRIES and now - row.taken_at >= PATIENCE_MS
    return {
        "state": "missing" if is_over else "waiting",
        "note": str(error),
        "tries": row.tries + 1,
    }


def _count(result: Fetched, values: dict[str, Any]) -> None:
    if values["state"] == "kept":
        result.kept += 1
    elif values["state"] == "missing":
        result.missing += 1
    else:
        result.later += 1


def _keep(ledger: Ledger, row: Any, values: dict[str, Any]) -> None:
    with ledger.write() as connection:
        connection.execute(
            sa.update(attachment)
            .where(
                attachment.c.item_id == row.item_id,
                attachment.c.position == row.position,
                attachment.c.state == "waiting",
            )
            .values(values)
        )
        if values["state"] == "missing":
            record(
                connection,
                [
                    event_row(
                        ledger.now(),
                        "casethread",
                        "attachment_missing",
                        f"item {row.item_id}",
                        position=row.position,
                        reason=values["note"],
                    )
                ],
            )
