"""What people ask of the ledger: its state, and what is waiting or in trouble. Reads only.

history.py and explaining.py answer about one case and one item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.outages import Outage, outage
from connector.ledger.register import count_cases
from connector.ledger.runs import is_alive, latest
from connector.ledger.tables import (
    delivery,
    entry,
    entry_version,
    item,
    link,
    ms,
    problem,
    register_case,
)
from connector.model import Kind, LinkState
from connector.typed import decoder, read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

JOURNALED = (
    Kind.MESSAGE.value,
    Kind.CALL.value,
    Kind.MISSED_CALL.value,
    Kind.VOICEMAIL.value,
)
TROUBLED = ("failed", "unsure", "held")


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """How much is not finished."""

    waiting: int  # items for a person to decide about
    owed: int  # entries to be written, and deliveries that wait
    failed: int
    unsure: int
    problems: int  # what could not be read


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """The newest run of a job. Times are milliseconds since the epoch."""

    job: str
    outcome: str  # running | done | partly | failed | died
    started_at: int
    ended_at: int | None
    host: str
    pid: int
    counts: dict[str, int]
    reason: str


class WaitingItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that a person must decide about."""

    item: int
    kind: str
    sent_at: int
    cases: tuple[str, ...]  # what the evidence points to
    rule: str
    reason: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that goes no further without a person."""

    key: str
    sink: str
    state: str
    case_number: str
    kind: str
    reason: str
    since: int


class ProblemRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be read."""

    source: str
    part: str
    key: str
    scope: str
    reason: str
    first_at: int
    last_at: int
    times: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger in one look; lists are cut at `limit`, `backlog` has the whole numbers."""

    at: int
    newest_at: int | None  # when the newest communication took place
    cases: int
    jobs: tuple[JobState, ...]
    deliveries: dict[str, dict[str, int]]  # sink -> state -> how many
    outages: tuple[Outage, ...]  # journals that take nothing now
    backlog: Backlog
    waiting: tuple[WaitingItem, ...]
    oldest_waiting_at: int | None
    troubles: tuple[Trouble, ...]
    problems: tuple[ProblemRow, ...]


def status(ledger: Ledger, *, limit: int = 20) -> Status:
    """The state of everything, from one snapshot of the ledger."""
    with ledger.read() as connection:
        now = ms(ledger.clock())
        deliveries = deliveries_by_state(connection)
        return Status(
            at=now,
            newest_at=newest_at(connection),
            cases=count_cases(connection),
            jobs=tuple(job_state(row, now) for row in latest(connection)),
            deliveries=deliveries,
            outages=outages(connection, deliveries),
            backlog=backlog(connection),
            waiting=waiting(connection, limit),
            oldest_waiting_at=oldest_waiting_at(connection),
            troubles=_troubles(connection, limit),
            problems=problems(connection, limit),
        )


def backlog(connection: Connection) -> Backlog:
    """How much is unfinished; every figure comes from a small index."""
    states: dict[str, int] = {
        str(row[0]): int(row[1])
        for row in connection.execute(
            sa.select(delivery.c.state, sa.func.count())
            .where(delivery.c.state != "done")
            .group_by(delivery.c.state)
        )
    }
    due = _count(connection, sa.select(sa.func.count()).where(entry.c.due_at.is_not(None)))
    return Backlog(
        waiting=_count(connection, sa.select(sa.func.count()).where(_is_waiting())),
        owed=due + states.get("waiting", 0) + states.get("sending", 0),
        failed=states.get("failed", 0),
        unsure=states.get("unsure", 0),
        problems=_count(connection, sa.select(sa.func.count()).select_from(problem)),
    )


def _count(connection: Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def _is_waiting() -> sa.ColumnElement[bool]:
    # A literal and not a parameter: SQLite takes the partial index only when it sees the value.
    return item.c.state == sa.literal_column(f"'{LinkState.WAITING.value}'")


def newest_at(connection: Connection) -> int | None:
    """When the newest of the last thousand arrivals took place: no scan of the whole ledger."""
    last = (
        sa.select(item.c.sent_at)
        .where(item.c.kind.in_(JOURNALED))
        .order_by(item.c.id.desc())
        .limit(1000)
        .subquery()
    )
    found = connection.execute(sa.select(sa.func.max(last.c.sent_at))).scalar()
    return None if found is None else int(found)


def oldest_waiting_at(connection: Connection) -> int | None:
    """When the oldest of what waits for a person took place."""
    query = sa.select(sa.func.min(item.c.sent_at)).where(_is_waiting())
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def outages(connection: Connection, sinks: Iterable[str]) -> tuple[Outage, ...]:
    """Those of these sinks that take nothing now."""
    away = (outage(connection, sink) for sink in sinks)
    return tuple(each for each in away if each is not None)


def job_state(row: Any, now: int) -> JobState:
    """A row of `run` as it is told; `now` is ms."""
    outcome = row.outcome
    if row.ended_at is None:
        outcome = "running" if is_alive(row, now) else "died"
    return JobState(
        job=row.job,
        outcome=outcome,
        started_at=row.started_at,
        ended_at=row.ended_at,
        host=row.host,
        pid=row.pid,
        counts=read_json(row.counts, dict[str, int]),
        reason=row.reason,
    )


def open_deliveries(connection: Connection) -> dict[str, dict[str, int]]:
    """Sink -> state -> how many, of those that are not done: few, beside a million that are."""
    return _by_state(connection, delivery.c.state != "done")


def deliveries_by_state(connection: Connection) -> dict[str, dict[str, int]]:
    """Sink -> state -> how many."""
    return _by_state(connection)


def _by_state(connection: Connection, *which: sa.ColumnElement[bool]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    rows = connection.execute(
        sa.select(delivery.c.sink, delivery.c.state, sa.func.count())
        .where(*which)
        .group_by(delivery.c.sink, delivery.c.state)
        .order_by(delivery.c.sink, delivery.c.state)
    )
    for sink, state, count in rows:
        found.setdefault(sink, {})[state] = count
    return found


def waiting(connection: Connection, limit: int) -> tuple[WaitingItem, ...]:
    """What waits for a person, oldest first, with the cases its evidence points to."""
    rows = connection.execute(
        sa.select(
            item.c.id, item.c.kind, item.c.sent_at, link.c.rule, link.c.reason, link.c.evidence
        )
        .outerjoin(link, sa.and_(link.c.item_id == item.c.id, link.c.superseded_at.is_(None)))
        .where(_is_waiting())
        .order_by(item.c.sent_at, item.c.id)
        .limit(limit)
    )
    return tuple(
        WaitingItem(
            item=row.id,
            kind=row.kind,
            sent_at=row.sent_at,
            cases=_cases(row.evidence),
            rule=row.rule or "",
            reason=row.reason or "",
        )
        for row in rows
    )


def _cases(evidence: str | None) -> tuple[str, ...]:
    found = read_json(evidence or "[]", list[dict[str, object]])
    numbers = (str(each.get("case_number", "")) for each in found)
    return tuple(dict.fromkeys(number for number in numbers if number))


def _troubles(connection: Connection, limit: int) -> tuple[Trouble, ...]:
    rows = connection.execute(
        sa.select(delivery, entry.c.kind)
        .join(entry, entry.c.id == delivery.c.entry_id)
        .where(delivery.c.state != "done", delivery.c.state.in_(TROUBLED))
        .order_by(delivery.c.changed_at, delivery.c.key)
        .limit(limit)
    )
    return tuple(
        Trouble(
            key=row.key,
            sink=row.sink,
            state=row.state,
            case_number=row.case_number,
            kind=row.kind,
            reason=row.reason,
            since=row.changed_at,
        )
        for row in rows
    )


def problems(connection: Connection, limit: int) -> tuple[ProblemRow, ...]:
    """What could not be read, the latest first."""
    columns = (problem.c[name] for name in ProblemRow.__struct_fields__)
    rows = connection.execute(
        sa.select(*columns).order_by(problem.c.last_at.desc(), problem.c.id).limit(limit)
    )
    return tuple(ProblemRow(**row._mapping) for row in rows)


def example_case(connection: Connection) -> str:
    """A case worth looking at: the newest one with an entry; "" when there is none."""
    found = connection.execute(
        sa.select(delivery.c.case_number).order_by(delivery.c.changed_at.desc()).limit(1)
    ).scalar()
    return str(found or "")


def richest_case(connection: Connection, caseworkers: Collection[str] = ()) -> str:
    """The case with the most kinds of communication, then with the most of it; "" for none.

    With `caseworkers` (user principal names), of those of these people that are not restricted.
    """
    its = sa.and_(item.c.case_number.is_not(None), item.c.id == item.c.root_id)
    if caseworkers:
        names = [name.casefold() for name in caseworkers]
        theirs = sa.select(register_case.c.number).where(
            sa.func.lower(register_case.c.caseworker).in_(names),
            register_case.c.access == "",
        )
        its = sa.and_(its, item.c.case_number.in_(theirs))
    found = connection.execute(
        sa.select(item.c.case_number)
        .where(its)
        .group_by(item.c.case_number)
        .order_by(
            sa.func.count(sa.distinct(item.c.kind)).desc(),
            sa.func.count().desc(),
            item.c.case_number,
        )
        .limit(1)
    ).scalar()
    return str(found or "")


def unknown_keys(connection: Connection, keys: list[str]) -> list[str]:
    """Those keys that are no delivery which a person may have tried again."""
    rows = connection.execute(
        sa.select(delivery.c.key).where(delivery.c.key.in_(keys), delivery.c.state != "done")
    )
    known = {row[0] for row in rows}
    return [key for key in keys if key not in known]


def would_deliver(connection: Connection, sink: str) -> list[tuple[str, str, str, int]]:
    """What this sink is owed now: case number, kind, title and version, in order of case."""
    rows = connection.execute(
        sa.select(delivery.c.case_number, entry_version.c.content, delivery.c.version)
        .join(
            entry_version,
            sa.and_(
                entry_version.c.entry_id == delivery.c.entry_id,
                entry_version.c.version == delivery.c.version,
            ),
        )
        .where(delivery.c.sink == sink, delivery.c.state == "waiting")
        .order_by(delivery.c.case_number, entry_version.c.made_at, delivery.c.key)
    )
    decode = decoder(_Titled).decode
    told = []
    for row in rows:
        entry_ = decode(row.content)
        told.append((row.case_number, entry_.kind, entry_.title, row.version))
    return told


class _Titled(msgspec.Struct):
    kind: str
    title: str = ""
