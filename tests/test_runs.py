"""A job runs once at a time; a dead run is noticed at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from connector.errors import Busy, Unavailable
from connector.ledger import Ledger
from connector.ledger.runs import forget, is_alive, process_started, running
from connector.ledger.tables import run
from tests.conftest import Clock


def outcomes(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return list(connection.execute(sa.select(run.c.outcome).order_by(run.c.id)).scalars())


def test_one_at_a_time(ledger: Ledger) -> None:
    """A second run of the same job is refused and told which process has it; others may run."""
    with (
        running(ledger, "chats"),
        running(ledger, "mail"),
        pytest.raises(Busy, match=str(os.getpid())),
        running(ledger, "chats"),
    ):
        pass
    with running(ledger, "chats"):
        pass

    assert outcomes(ledger) == ["done", "done", "done"]


def test_failure_is_kept(ledger: Ledger) -> None:
    """A run that ends with an error says so."""
    with pytest.raises(Unavailable), running(ledger, "chats"):
        raise Unavailable("graph: no answer")

    with ledger.read() as connection:
        row = connection.execute(sa.select(run)).one()
    assert (row.outcome, row.reason) == ("failed", "graph: no answer")


def test_dead_process(ledger: Ledger) -> None:
    """The run of a process that was killed is closed by the next one, at once, and named to it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with running(ledger, "chats") as mine:
        with ledger.write() as connection:
            connection.execute(
                sa.update(run).values(pid=child.pid, process_started=process_started(child.pid))
            )
        ledger.open_runs.clear()
        with pytest.raises(Busy), running(ledger, "chats"):
            pass
        child.kill()
        child.communicate()
        with running(ledger, "chats") as second:
            assert [mine.id] == second.dead

    assert outcomes(ledger) == ["died", "done"]


def test_recycled_pid(ledger: Ledger) -> None:
    """A new process with the pid of the old one does not keep its run alive."""
    with running(ledger, "chats"):
        with ledger.write() as connection:
            connection.execute(sa.update(run).values(process_started="1"))
        with running(ledger, "chats"):
            pass

    assert outcomes(ledger) == ["died", "done"]


def test_other_machine(ledger: Ledger, clock: Callable[[], object]) -> None:
    """On another machine the heartbeat tells; a clock that jumped back does not keep it alive."""

    class Row:
        host = "another-machine"
        pid = 1
        process_started = "1"
        heartbeat_at = 1_000_000

    assert is_alive(Row, 1_000_000 + 119_000)
    assert not is_alive(Row, 1_000_000 + 121_000)
    assert not is_alive(Row, 1_000_000 - 121_000)


def test_old_runs_are_forgotten(ledger: Ledger, clock: Clock) -> None:
    """Old runs go, but of each job the newest and the newest that went well; open ones stay."""
    for outcome in ("done", "done", "failed", "failed"):
        with running(ledger, "chats") as mine:
            mine.outcome = outcome
    with running(ledger, "mail"):
        clock.move(days=31)
        with running(ledger, "register"):
            pass
        before = ledger.now() - 30 * 86_400_000

        assert forget(ledger, before, lambda: True) == 0
        assert forget(ledger, before) == 2
        with ledger.read() as connection:
            rows = connection.execute(sa.select(run.c.job, run.c.outcome).order_by(run.c.id)).all()
    assert [tuple(row) for row in rows] == [
        ("chats", "done"), ("chats", "failed"), ("mail", ""), ("register", "done"),
    ]  # fmt: skip


def test_many_old_runs(ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one transaction's worth are forgotten in several."""
    monkeypatch.setattr("connector.ledger.runs.STEP", 2)
    for _ in range(6):
        with running(ledger, "chats"):
            pass
    clock.move(days=31)

    assert forget(ledger, ledger.now()) == 5
