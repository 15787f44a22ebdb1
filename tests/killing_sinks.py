"""A process that delivers what a ledger owes and is killed on the way; for test_kill_sinks.py.

A new Python for each of hundreds of deaths would be most of the time, so one process that has
imported everything (`Nursery`) forks the ones that die. It has one thread, so a fork is safe there.

    python -m tests.killing_sinks     reads lives from standard input, one a line, as JSON
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from connector.jobs.deliver import deliver
from connector.journaling.connection import Connection
from connector.ledger import Ledger, open_ledger
from connector.ledger.runs import running
from connector.ledger.tables import delivery
from connector.ports import Sink
from connector.spool import Spool
from tests.cutting import Cutter
from tests.suites import hooks_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = timedelta(hours=5)  # past every back-off
ROUNDS = 6  # of a recovery: more than any delivery may need
LIFE_S = 120.0  # a life that takes longer hangs
UNKNOWN = -1
# What adapters import at their first use: here once, and not in each life.
LATE = ("jinja2", "office365.sharepoint.client_context")


class Life(msgspec.Struct, kw_only=True):
    """What a process has to do, and where it is to die."""

    suite: str  # "tests.test_nova:TestNovaSink"
    ledger: str  # a file
    spool: str
    connection: dict[str, Any] = {}  # of a system on the network
    folder: str = ""  # of the folder journal
    at: int = 0  # the request, or change of a file, that is cut; 0 for none
    when: str = "before"  # or "after"
    how: str = "killed"  # or "cut": the line breaks, or the disk fails, and the process lives
    rounds: int = 1  # runs, the second one past all back-offs of the first


class End(msgspec.Struct, kw_only=True):
    """How a life ended."""

    status: int  # exit code; negative: the signal that killed it
    count: int = UNKNOWN  # requests, of a life that ended by itself


class Killer(Cutter):
    """Cuts as it is told, or dies as a process dies: nothing runs afterwards."""

    def _break(self) -> None:
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        super()._break()


class Changes:
    """Counts the changes of files below a folder, and dies or fails at one: a disk's requests.

    "After" is at whatever the process does next, which is the next thing Python tells of.
    """

    NAMES = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"})

    def __init__(self, life: Life) -> None:
        self.life = life
        self.count = 0
        self._is_due = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "os.kill":
            return  # our own last word
        if self._is_due:
            os.kill(os.getpid(), signal.SIGKILL)
        if event not in self.NAMES or not str(args[0]).startswith(self.life.folder):
            return
        if event == "open" and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        self.count += 1
        if self.count == self.life.at:
            if self.life.how == "cut":
                raise OSError(5, os.strerror(5))
            if self.life.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            self._is_due = True


def sink_of(life: Life) -> tuple[Sink, Callable[[], int]]:
    """The suite's own sink, and what tells how many requests it has made."""
    suite = hooks_of(life.suite)
    if life.folder:
        suite.folder = Path(life.folder)
        changes = Changes(life)
        return suite.make_sink(), lambda: changes.count
    url = urlsplit(life.connection["url"])
    killer = Killer(f"{url.scheme}://{url.netloc}", life.at, life.when, life.how)
    sink: Sink = suite.connect(Connection(**life.connection, adapter=killer))
    return sink, lambda: killer.count


def live(life: Life) -> int:
    """Deliver, as the job does; how many requests it took. May not return."""
    now = NOW
    ledger = open_ledger(f"sqlite:///{life.ledger}", clock=lambda: now)
    sink, count = sink_of(life)
    for _ in range(life.rounds):
        with running(ledger, f"deliver {sink.name}") as run:
            deliver(ledger, sink, run, Spool(Path(life.spool)).open, sleep=lambda _s: None)
        if not _is_owing(ledger):
            break
        now += LATER
    ledger.close()
    return count()


def _is_owing(ledger: Ledger) -> bool:
    with ledger.read() as connection:
        states = set(connection.execute(sa.select(delivery.c.state)).scalars())
    return not states <= {"done", "failed"}


# -- the process that forks -----------------------------------------------------------------------


def _born(life: Life, told: int) -> NoReturn:
    """In the child: live, tell how many requests it took, and go without a word to the parent."""
    status = 1
    try:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.write(told, str(live(life)).encode())
        status = 0
    except BaseException:  # noqa: BLE001  told, and then this process is over
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _end_of(life: Life) -> End:
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        _born(life, told)
    os.close(told)
    with os.fdopen(heard, "rb") as pipe:
        count = pipe.read()
    _, status = os.waitpid(child, 0)
    return End(status=os.waitstatus_to_exitcode(status), count=int(count or UNKNOWN))


def _prepare(suite: str) -> None:
    """Import what it imports and compile its templates once, here, and not in each life."""
    module = sys.modules[type(hooks_of(suite)).__module__]
    make = getattr(module, "drafter", None)
    if make is not None and not hasattr(make, "cache_info"):
        module.drafter = cache(make)  # type: ignore[attr-defined]
        module.drafter().check()


def main() -> None:
    """Serve lives until standard input ends."""
    for name in LATE:
        importlib.import_module(name)
    for line in sys.stdin.buffer:
        life = msgspec.json.decode(line, type=Life)
        _prepare(life.suite)
        sys.stdout.buffer.write(msgspec.json.encode(_end_of(life)) + b"\n")
        sys.stdout.buffer.flush()


class Nursery:
    """The process that forks, seen from the test. A context manager."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.killing_sinks"],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=LIFE_S)

    def end_of(self, life: Life) -> End:
        """Let it live; how it ended. Fails, with what it said, when it ended in an error."""
        assert self._process.stdin
        assert self._process.stdout
        hung = threading.Timer(LIFE_S, os.killpg, (self._process.pid, signal.SIGKILL))
        hung.start()
        try:
            self._process.stdin.write(msgspec.json.encode(life) + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            hung.cancel()
        assert line, f"the process that forks died or hung: {self._told()}"
        end = msgspec.json.decode(line, type=End)
        assert end.status in (0, -signal.SIGKILL), self._told()
        return end

    def _told(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


if __name__ == "__main__":
    main()
