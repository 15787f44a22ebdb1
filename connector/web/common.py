"""What the processes of one portal agree on: who asked how often, which statements were used, which
jobs were started from a page.

It is a small SQLite database: in memory where one process answers, else in a folder that these
processes alone can read. It ends with the portal, and nothing of a case is in it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from connector.errors import Unavailable

MINUTE_S = 60
BUSY_S = 20  # each turn takes a fraction of a millisecond
_COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR"  # the name is the library's
_TABLES = """
CREATE TABLE hit (what TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX hit_of ON hit (what, who, at);
CREATE INDEX hit_at ON hit (at);
CREATE TABLE statement (
  intranet TEXT NOT NULL, number TEXT NOT NULL, ends REAL NOT NULL, PRIMARY KEY (intranet, number)
) WITHOUT ROWID;
CREATE INDEX statement_ends ON statement (ends);
CREATE TABLE job (
  name TEXT PRIMARY KEY, pid INTEGER NOT NULL, started_at INTEGER NOT NULL, refused TEXT NOT NULL
);
CREATE TABLE worker (place INTEGER PRIMARY KEY, pid INTEGER NOT NULL);
"""


class Started(NamedTuple):
    """A job as it was last started from a page."""

    pid: int  # of the process that runs it; 0 once it has ended
    started_at: int  # ms
    refused: str  # why it came to nothing; "" when it did not


NEVER = Started(0, 0, "")


class Common:
    """One for each portal. Safe to use from many threads.

    `folder` is None where one process answers. Where several do, the one that started them must not
    use it: a connection to SQLite may not be taken along into another process. Raises Unavailable
    when the file cannot be used, as when the disk is full.
    """

    def __init__(
        self, folder: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self._clock = clock  # of the machine: what one process counts, another one reads
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        if folder is not None:
            with contextlib.closing(_connected(folder)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(_TABLES)

    def hit(self, what: str, who: str, per_minute: int) -> float:
        """Count one use of `what` by `who`; 0, or the seconds to wait: then it is not counted."""
        now = self._clock()
        with self._turn() as run:
            run("DELETE FROM hit WHERE at <= ?", (now - MINUTE_S,))
            found = run(
                "SELECT at FROM hit WHERE what = ? AND who = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
                (what, who, per_minute - 1),
            ).fetchone()
            if found is not None:
                return float(found[0]) + MINUTE_S - now
            run("INSERT INTO hit VALUES (?, ?, ?)", (what, who, now))
        return 0

    def use(self, intranet: str, number: str, now: float, ends: float, most: int) -> str:
        """Use up a statement, good until `ends`; "", or why that cannot be. Times are seconds.

        At most so many are remembered: rather than forget one, no further one is taken.
        """
        its = (intranet, number)
        with self._turn() as run:
            run("DELETE FROM statement WHERE ends <= ?", (now,))
            if run("SELECT 1 FROM statement WHERE intranet = ? AND number = ?", its).fetchone():
                return "it was used before (jti)"
            if run("SELECT count(*) FROM statement").fetchone()[0] >= most:
                return "too many statements are in use"
            run("INSERT INTO statement VALUES (?, ?, ?)", (*its, ends))
        return ""

    def begin_job(self, name: str, now: int) -> bool:
        """This process runs the job from now on; False when one of the others does."""
        with self._turn() as run:
            if self._runs_elsewhere(run, name):
                return False
            run("INSERT OR REPLACE INTO job VALUES (?, ?, ?, '')", (name, os.getpid(), now))
        return True

    def end_job(self, name: str, refused: str = "") -> None:
        """The job has ended here; `refused` says why it came to nothing."""
        with self._turn() as run:
            run("UPDATE job SET pid = 0, refused = ? WHERE name = ?", (refused, name))

    def job(self, name: str) -> Started:
        """How it was last started from a page; NEVER when it was not."""
        with self._turn() as run:
            row = run("SELECT pid, started_at, refused FROM job WHERE name = ?", (name,)).fetchone()
        return NEVER if row is None else Started(*row)

    def runs_elsewhere(self, name: str) -> bool:
        """Whether another process of this portal runs the job."""
        with self._turn() as run:
            return self._runs_elsewhere(run, name)

    @staticmethod
    def _runs_elsewhere(run: Callable[..., Any], name: str) -> bool:
        # A process that died runs nothing: its place is another's.
        found = run(
            "SELECT 1 FROM job JOIN worker USING (pid) WHERE name = ? AND pid <> ?",
            (name, os.getpid()),
        )
        return found.fetchone() is not None

    def take_place(self, place: int) -> None:
        """This process answers from now on, as the one of that number."""
        with self._turn() as run:
            run("INSERT OR REPLACE INTO worker VALUES (?, ?)", (place, os.getpid()))

    def processes(self) -> list[int]:
        """The ids of the processes that answer; this one's where it is alone."""
        with self._turn() as run:
            found = [int(pid) for (pid,) in run("SELECT pid FROM worker ORDER BY place")]
        return found or [os.getpid()]

    def close(self) -> None:
        """Give the connection back; in memory, all is forgotten."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __del__(self) -> None:
        self.close()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """One transaction, alone among all processes."""
        try:
            with self._lock:
                connection = self._here()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection.execute
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"portal: what its processes share: {error}", system="web") from error

    def _here(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connected(self.folder)
            if self.folder is None:
                self._connection.executescript(_TABLES)
        return self._connection


def _connected(folder: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        ":memory:" if folder is None else folder / "common",  # *.db are the metrics library's
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,  # one thread at a time: see _turn
    )
    connection.execute("PRAGMA synchronous=OFF")  # it need not outlive the machine
    return connection


@contextlib.contextmanager
def common_of(count: int) -> Iterator[Common]:
    """What `count` processes share, until the block ends. A folder is made only for several.

    To be called before connector.web.metrics is loaded: its library asks then where to count.
    """
    if count == 1:
        yield Common()
        return
    # Only this account can read it.
    with tempfile.TemporaryDirectory(prefix="casethread-web-", ignore_cleanup_errors=True) as name:
        os.environ[_COUNTED_IN] = name
        try:
            yield Common(Path(name))
        finally:
            del os.environ[_COUNTED_IN]
