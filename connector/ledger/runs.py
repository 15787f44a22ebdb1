"""Runs: at most one open for each job, with a heartbeat, so that a dead one is noticed at once."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.errors import Busy, ConnectorError
from connector.ledger.tables import at, run

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

HEARTBEAT_S = 15
STALE_S = 120  # eight missed heartbeats: only for runs on another machine, whose pid says nothing
STEP = 5000  # rows that are deleted in one transaction
GOOD = ("done", "partly")  # outcomes after which what a job read or delivered is there
DONE_BY_SINK = "done "  # before a sink's name, in the counts of a run of deliveries


@dataclass(slots=True)
class Run:
    """An open run. `counts` and `reason` are kept when it ends."""

    id: int
    job: str
    dead: list[int] = field(default_factory=list)  # earlier runs of this job that died
    counts: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    outcome: str = "done"


@contextmanager
def running(ledger: Ledger, job: str) -> Iterator[Run]:
    """Open a run of `job`, keep its heart beating, and close it whatever happens.

    Raises Busy when a live process has one open. A run whose process died is closed as "died".
    """
    opened = _open(ledger, job)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(ledger, opened.id, stop), daemon=True)
    heart.start()
    try:
        yield opened
    except BaseException as error:
        opened.outcome = "failed"
        opened.reason = opened.reason or _words(error)
        raise
    finally:
        stop.set()
        heart.join()
        _close(ledger, opened)


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, ConnectorError) else type(error).__name__


def _open(ledger: Ledger, job: str) -> Run:
    now = ledger.now()
    with ledger.write() as connection:
        if not ledger.is_sqlite:
            # Two machines at once: the second waits here for the first one's row.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (job,))
        open_ = connection.execute(
            sa.select(run).where(run.c.job == job, run.c.ended_at.is_(None))
        ).one_or_none()
        if open_ is not None:
            if is_alive(open_, now) and not _is_left_over(ledger, open_):
                raise Busy(
                    f"{job}: already running on {open_.host} as process {open_.pid} since "
                    f"{at(open_.started_at):%Y-%m-%d %H:%M:%S} UTC; wait for it or stop it"
                )
            connection.execute(
                sa.update(run)
                .where(run.c.id == open_.id)
                .values(ended_at=now, outcome="died", reason="the process ended without a word")
            )
        number = connection.execute(
            sa.insert(run).values(
                job=job,
                host=socket.gethostname(),
                pid=os.getpid(),
                process_started=process_started(os.getpid()),
                started_at=now,
                heartbeat_at=now,
            )
        ).inserted_primary_key
        dead = [
            row[0]
            for row in connection.execute(
                sa.select(run.c.id).where(run.c.job == job, run.c.outcome == "died")
            )
        ]
    if number is None:
        raise Busy(f"{job}: the run could not be opened")
    ledger.open_runs.add(int(number[0]))
    return Run(id=int(number[0]), job=job, dead=dead)


def _is_left_over(ledger: Ledger, row: Any) -> bool:
    """Ours, but over: the ledger could not be reached when it ended."""
    is_ours = row.pid == os.getpid() and row.host == socket.gethostname()
    return is_ours and row.id not in ledger.open_runs


def is_alive(row: Any, now: int) -> bool:
    """Is the process that opened this run still there? On another machine, its heartbeat tells."""
    if row.host == socket.gethostname() and Path("/proc/self/stat").exists():
        return process_started(row.pid) == row.process_started and bool(row.process_started)
    # abs: a clock that jumped back must not make a dead run live for ever.
    return abs(now - int(row.heartbeat_at)) < STALE_S * 1000


def process_started(pid: int) -> str:
    """When a process of this machine began, in the kernel's ticks; "" when it is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The command name stands in brackets and may hold anything; field 22 is counted after it.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _beat(ledger: Ledger, number: int, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        try:
            with ledger.write() as connection:
                connection.execute(
                    sa.update(run).where(run.c.id == number).values(heartbeat_at=ledger.now())
                )
        except ConnectorError:
            continue  # the run itself meets the same trouble and tells of it


def _close(ledger: Ledger, opened: Run) -> None:
    ledger.open_runs.discard(opened.id)
    with ledger.write() as connection:
        connection.execute(
            sa.update(run)
            .where(run.c.id == opened.id, run.c.ended_at.is_(None))
            .values(
                ended_at=ledger.now(),
                outcome=opened.outcome,
                counts=msgspec.json.encode(opened.counts).decode(),
                reason=opened.reason,
            )
        )


def latest(connection: Connection) -> list[Any]:
    """The newest run of each job."""
    newest = sa.select(sa.func.max(run.c.id)).group_by(run.c.job)
    return list(connection.execute(sa.select(run).where(run.c.id.in_(newest)).order_by(run.c.job)))


def forget(ledger: Ledger, before: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Delete runs that began before this time (ms); gives how many.

    Of each job the newest run stays, and the newest that went well: schedules go on from the one,
    and the operator's page and the monitoring tell the other. An open run is the newest of its job.
    """
    with ledger.read() as connection:
        newest = sa.select(sa.func.max(run.c.id)).group_by(run.c.job)
        good = newest.where(run.c.outcome.in_(GOOD))
        kept = {*connection.execute(newest).scalars(), *connection.execute(good).scalars()}
    old = sa.and_(run.c.started_at < before, run.c.id.not_in(kept))
    count = 0
    while not should_stop():
        some = sa.select(run.c.id).where(old).order_by(run.c.id).limit(STEP)
        with ledger.write() as connection:
            gone = connection.execute(sa.delete(run).where(run.c.id.in_(some))).rowcount
        count += gone
        if gone < STEP:
            break
    return count
