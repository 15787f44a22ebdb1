"""What an operator asks all day: when each job ran, when it last went well, and how much it did.

Beside views.status, which is the whole state in one look. Every question here is answered from the
runs of a day at most, however many years of them there are. No content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger import views
from connector.ledger.outages import Outage
from connector.ledger.register import count_cases
from connector.ledger.runs import DONE_BY_SINK, GOOD
from connector.ledger.tables import item, run
from connector.ledger.views import Backlog, JobState, ProblemRow, job_state
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
_counts = decoder(dict[str, int]).decode


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much was done in a time: by the runs that began in it."""

    read: int = 0  # communications, new or changed
    linked: int = 0
    waiting: int = 0  # left for a person
    delivered: Mapping[str, int] = {}  # by sink


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What is there, what waits and what is in trouble; no content. Times are ms."""

    at: int
    newest_at: int | None  # when the newest communication took place
    cases: int
    deliveries: dict[str, dict[str, int]]  # sink -> state -> how many that are not done
    outages: tuple[Outage, ...]
    backlog: Backlog
    oldest_waiting_at: int | None
    problems: tuple[ProblemRow, ...]


def overview(
    connection: Connection, now: int, sinks: Iterable[str], *, problems: int = 20
) -> Overview:
    """The state of everything but the jobs, with at most `problems` of what could not be read.

    `sinks` are those of the configuration; one that still owes something stands there too.
    """
    none: dict[str, int] = {}
    deliveries = dict.fromkeys(sinks, none) | views.open_deliveries(connection)
    return Overview(
        at=now,
        newest_at=views.newest_at(connection),
        cases=count_cases(connection),
        deliveries=deliveries,
        outages=views.outages(connection, deliveries),
        backlog=views.backlog(connection),
        oldest_waiting_at=views.oldest_waiting_at(connection),
        problems=views.problems(connection, problems),
    )


def said_since(connection: Connection, since: int) -> dict[tuple[str, str], int]:
    """How many communications took place since then, by kind and by what they are decided to be."""
    rows = connection.execute(
        sa.select(item.c.kind, item.c.state, sa.func.count())
        .where(item.c.root_id == item.c.id, item.c.sent_at >= since)
        .group_by(item.c.kind, item.c.state)
    )
    return {(kind, state): int(count) for kind, state, count in rows}


def newest_runs(connection: Connection, jobs: Iterable[str], now: int) -> dict[str, JobState]:
    """The newest run of each of these jobs that ever ran; `now` is ms."""
    found = {}
    for job in jobs:
        row = connection.execute(_newest(job)).one_or_none()
        if row is not None:
            found[job] = job_state(row, now)
    return found


def last_good(connection: Connection, jobs: Iterable[str]) -> dict[str, int]:
    """When each of these jobs last ended well, ms; jobs that never did are left out."""
    found = {}
    for job in jobs:
        row = connection.execute(_newest(job).where(run.c.outcome.in_(GOOD))).one_or_none()
        if row is not None and row.ended_at is not None:
            found[job] = int(row.ended_at)
    return found


def _newest(job: str) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(run)
        .where(run.c.job == job)
        .order_by(run.c.started_at.desc(), run.c.id.desc())
        .limit(1)
    )


def figures(connection: Connection, sources: Iterable[str], since: int) -> Figures:
    """What was read from these sources, and delivered, by runs that began at `since` (ms) or later.

    Of a run that is still going on, nothing is known yet.
    """
    read: Counter[str] = Counter()
    for source in sources:
        for counts in _runs(connection, source, since):
            read.update(counts)
    delivered: Counter[str] = Counter()
    for counts in _runs(connection, "deliver", since):
        delivered.update(_by_sink(counts))
    return Figures(
        read=read["read"], linked=read["linked"], waiting=read["waiting"], delivered=delivered
    )


def _runs(connection: Connection, job: str, since: int) -> list[dict[str, int]]:
    rows = connection.execute(
        sa.select(run.c.counts).where(run.c.job == job, run.c.started_at >= since)
    ).scalars()
    return [_counts(row) for row in rows if row != "{}"]


def _by_sink(counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(DONE_BY_SINK): count
        for name, count in counts.items()
        if name.startswith(DONE_BY_SINK)
    }
