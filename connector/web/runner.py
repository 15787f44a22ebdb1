"""Jobs that an operator starts from the portal: each in its own thread, at most once at a time.

The ledger's record of runs is what keeps a second run of a job away, in whatever process; here is
only who may start a thread. What a run did stands in that record, and is read from there. Whichever
process of the portal is asked, it tells the same: that is kept in common.py.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from connector.bootstrap import SOURCES
from connector.errors import ConnectorError
from connector.work import run_job

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.web.common import Common

log = logging.getLogger(__name__)
STOP_S = 20  # a page in hand is kept within this time; a job that takes longer is recovered


class Runner:
    """Starts jobs, and stops them with the portal."""

    def __init__(self, program: Program, common: Common) -> None:
        self._program, self._common = program, common
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def start(self, job: str) -> bool:
        """Begin this job; False when it runs already, or the portal is stopping."""
        with self._lock:
            if self._stop.is_set() or self._is_here(job):
                return False
            if not self._common.begin_job(job, self._program.ledger.now()):
                return False
            thread = threading.Thread(target=self._run, args=(job,), name=f"job {job}", daemon=True)
            self._threads[job] = thread
            thread.start()
        return True

    def wait(self, job: str, seconds: float) -> None:
        """Wait so long for the job to end: most do at once, and the page can tell what they did."""
        thread = self._threads.get(job)
        if thread is not None:
            thread.join(seconds)

    def started_at(self, job: str) -> int | None:
        """When it was last started from here, ms; None when it was not."""
        return self._common.job(job).started_at or None

    def is_running(self, job: str) -> bool:
        """Whether it runs in a process of the portal now, started from here."""
        return self._is_here(job) or self._common.runs_elsewhere(job)

    def _is_here(self, job: str) -> bool:
        thread = self._threads.get(job)
        return thread is not None and thread.is_alive()

    def refused(self, job: str) -> str:
        """Why the last start came to nothing: it ran elsewhere, the ledger was away; else ""."""
        return self._common.job(job).refused

    def stop(self) -> None:
        """Ask all to stop after the page in hand, and wait a while for them."""
        self._stop.set()
        for thread in list(self._threads.values()):
            thread.join(STOP_S)

    def _run(self, job: str) -> None:
        refused = ""
        try:
            self._make(job)
            result = run_job(self._program, job, should_stop=self._stop.is_set)
        except ConnectorError as error:
            refused = str(error)
            log.warning("job failed", extra={"action": "job_failed", "job": job})
        except Exception as error:  # around one job run: the portal outlives any bug in a job
            refused = type(error).__name__
            log.exception("job ended by a bug", extra={"action": "job_crashed", "job": job})
        else:
            if result.outcome in ("busy", "failed"):
                refused = "; ".join(result.problems[:3])
            log.info(
                "job done", extra={"action": "job_done", "job": job, "outcome": result.outcome}
            )
        self._common.end_job(job, refused)

    def _make(self, job: str) -> None:
        """Make one after the other what jobs in several threads will share."""
        with self._lock, contextlib.suppress(ConnectorError):  # the run itself tells of it
            for name in ("spool", "scanner", "register", "mapping", "sinks"):
                getattr(self._program, name)
            if job in SOURCES:
                self._program.source(job)
