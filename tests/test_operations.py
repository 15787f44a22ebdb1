"""When jobs ran, when they last went well, and how much they did."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.operations import (
    DAY_MS,
    HOUR_MS,
    Figures,
    figures,
    last_good,
    newest_runs,
)
from connector.ledger.tables import run
from tests.conftest import Clock


def ran(ledger: Ledger, job: str, minutes_ago: float, **changes: Any) -> None:
    """A run that took half a minute."""
    started = ledger.now() - int(minutes_ago * 60_000)
    counts = changes.pop("counts", {})
    values = {
        "job": job,
        "host": "another machine",
        "pid": 17,
        "process_started": "1",
        "started_at": started,
        "heartbeat_at": started,
        "ended_at": started + 30_000,
        "outcome": "done",
        "counts": msgspec.json.encode(counts).decode(),
    }
    with ledger.write() as connection:
        connection.execute(sa.insert(run).values(values | changes))


def test_newest_and_last_good(ledger: Ledger) -> None:
    """The newest run may have failed; when it last went well is told beside it."""
    ran(ledger, "chats", 90, outcome="done")
    ran(ledger, "chats", 60, outcome="partly")
    ran(ledger, "chats", 30, outcome="failed", reason="teams: not reachable")
    ran(ledger, "prune", 10, outcome="failed")
    ran(ledger, "relink", 1)

    with ledger.read() as connection:
        newest = newest_runs(connection, ("chats", "prune", "deliver"), ledger.now())
        good = last_good(connection, ("chats", "prune", "deliver"))

    assert {job: (its.outcome, its.reason) for job, its in newest.items()} == {
        "chats": ("failed", "teams: not reachable"),
        "prune": ("failed", ""),
    }
    assert good == {"chats": ledger.now() - 60 * 60_000 + 30_000}


def test_going_on(ledger: Ledger, clock: Clock) -> None:
    """A run that goes on is no success yet; one whose machine fell silent has died."""
    now = ledger.now()
    ran(ledger, "chats", 5)
    ran(ledger, "chats", 1, ended_at=None, outcome="", heartbeat_at=now)

    with ledger.read() as connection:
        assert newest_runs(connection, ("chats",), now)["chats"].outcome == "running"
        assert last_good(connection, ("chats",)) == {"chats": now - 5 * 60_000 + 30_000}
        later = now + 10 * 60_000
        assert newest_runs(connection, ("chats",), later)["chats"].outcome == "died"


def test_figures(ledger: Ledger) -> None:
    """What was read, linked, left and delivered, by runs of the time asked for."""
    for minutes_ago in (5, 20, 70, 1500):
        counts = {"parts": 3, "done": 3, "read": 10, "linked": 4, "waiting": 1}
        ran(ledger, "chats", minutes_ago, counts=counts)
    ran(ledger, "voicemail", 30, counts={"read": 2, "linked": 2})
    ran(ledger, "presence", 30, counts={"read": 500})
    ran(ledger, "deliver", 3, counts={"done": 9, "done journal": 5, "done rt": 4, "waiting": 50})
    ran(ledger, "deliver", 61, counts={"done": 1, "done journal": 1})
    ran(ledger, "deliver", 1, ended_at=None, outcome="", heartbeat_at=ledger.now())

    with ledger.read() as connection:
        hour = figures(connection, ("chats", "voicemail"), ledger.now() - HOUR_MS)
        day = figures(connection, ("chats", "voicemail"), ledger.now() - DAY_MS)

    assert hour == Figures(read=22, linked=10, waiting=2, delivered={"journal": 5, "rt": 4})
    assert day == Figures(read=32, linked=14, waiting=3, delivered={"journal": 6, "rt": 4})


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)  # it plans without statistics
def test_years_of_runs(ledger: Ledger) -> None:
    """Each question is answered by the index of runs, and never by a look at every run."""
    asked: list[str] = []
    with ledger.read() as connection:

        @sa.event.listens_for(connection, "before_cursor_execute")
        def _heard(*args: Any) -> None:
            asked.append(str(args[2]))

        newest_runs(connection, ("chats",), ledger.now())
        last_good(connection, ("chats",))
        figures(connection, ("chats",), ledger.now() - DAY_MS)
        sa.event.remove(connection, "before_cursor_execute", _heard)
        plans = [
            row[3]
            for statement in asked
            for row in connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", ("chats",) + (1,) * (statement.count("?") - 1)
            )
        ]

    assert len(asked) == 4
    assert all("ix_run_job" in plan for plan in plans)
