"""The scheduler inside the program: APScheduler on one machine, with the ledger as its memory.

It keeps nothing that can be lost. What is due is worked out from the schedule, the clock and the
ledger's record of runs; a job that should have run while the daemon was down runs at its start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from time import monotonic
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from connector.errors import ConfigError
from connector.ledger.runs import latest, running
from connector.ledger.tables import at
from connector.schedule import Schedule, next_after
from connector.work import AFTER, ARTICLES, BEFORE, UPKEEP, run_job

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.work import JobResult

log = logging.getLogger(__name__)

DAEMON = "daemon"  # the run that keeps a second daemon away
THREADS = 4  # sources wait for the network most of the time; SQLite lets one write at a time
WATCH_S = 30  # how often the clock is compared with the time that really passed
JUMP_S = 60  # a smaller step back is the ordinary work of the time service
RunJob = Callable[["Program", str, Callable[[], bool]], "JobResult"]


class Due(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires when a schedule of connector/schedule.py says so.

    From the present and never from the last firing: after the machine has slept, or the clock has
    jumped, the job is due at the next time that is still to come, not at all that were missed.
    """

    def __init__(self, schedule: Schedule, zone: tzinfo, last: datetime | None = None) -> None:
        self.schedule = schedule
        self.zone = zone
        self.last = last

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """When to run next; at once when the last run was before the last time that was due."""
        if previous is None and not self.schedule.is_off:
            missed = self.last is None or _is_due_between(self.schedule, self.last, now, self.zone)
            if missed:
                return now
        return next_after(self.schedule, now, self.zone)


def _is_due_between(schedule: Schedule, last: datetime, now: datetime, zone: tzinfo) -> bool:
    due = next_after(schedule, last, zone)
    return due is not None and due <= now


def schedules(program: Program) -> dict[str, Schedule]:
    """Every job that runs by itself, with its schedule."""
    its = program.settings
    found = {"register": its.register.schedule}
    for name in program.enabled_sources():
        found[name] = getattr(its.sources, name).schedule
    found |= {"deliver": its.jobs.deliver, "prune": its.jobs.prune}
    if program.has_articles:
        found["articles"] = its.articles.schedule
        found["article_links"] = its.articles.links_schedule
        found["article_reminders"] = its.articles.reminders_schedule
    return {name: schedule for name, schedule in found.items() if not schedule.is_off}


class Work:
    """Runs a job and what follows from it. A job that fails never ends the daemon."""

    def __init__(
        self, program: Program, should_stop: Callable[[], bool], told: Callable[[JobResult], None]
    ) -> None:
        self._program = program
        self._should_stop = should_stop
        self._told = told
        # Two sources may end together: the second delivers what the first one left.
        self._after = threading.Lock()

    def __call__(self, name: str) -> None:
        """Run the job; a source's attachments are fetched and its entries delivered at once."""
        if name in BEFORE or name in UPKEEP or name in ARTICLES:
            self._one(name)
            return
        if name not in AFTER:
            self._one(name)
        with self._after:
            for each in AFTER:
                self._one(each)

    def _one(self, name: str) -> None:
        if self._should_stop():
            return
        try:
            result = run_job(self._program, name, should_stop=self._should_stop)
        except ConfigError:  # such as a folder that is not mounted: its reason is in the run
            log.warning("job failed", extra={"action": "job_failed", "job": name})
            return
        except Exception:  # around one job run: the daemon outlives any bug in a job
            log.exception("job ended by a bug", extra={"action": "job_crashed", "job": name})
            return
        log.info(
            "job done",
            extra={"action": "job_done", "job": name, "outcome": result.outcome, **result.counts},
        )
        self._told(result)


def make_scheduler(
    wanted: Mapping[str, Schedule],
    zone: tzinfo,
    work: Callable[[str], None],
    last: Mapping[str, datetime],
) -> BackgroundScheduler:
    """A scheduler with these jobs, not yet started. Every option is written out:

    coalesce            several missed times are one run: a second would find nothing
    max_instances=1     a job that is still running is not started again; the ledger forbids it too
    misfire_grace_time  None: the default of one second drops a job that starts late, with only a
                        warning, and jobs wait for a free thread (3.11.2, schedulers/base.py:909)
    timezone=UTC        APScheduler's own clock; the schedules bring the municipality's zone
    """
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
        daemon=True,
    )
    for name, schedule in wanted.items():
        scheduler.add_job(work, Due(schedule, zone, last.get(name)), args=(name,), id=name)
    return scheduler


def last_runs(program: Program) -> dict[str, datetime]:
    """When each job began its newest run."""
    with program.ledger.read() as connection:
        return {row.job: at(row.started_at) for row in latest(connection)}


def jumped_back(wall_s: float, steady_s: float) -> bool:
    """Has the clock gone back? `wall_s` is what it says has passed, `steady_s` what has."""
    return steady_s - wall_s > JUMP_S


def run(
    program: Program,
    should_stop: Callable[[], bool],
    *,
    wanted: Mapping[str, Schedule] | None = None,
    told: Callable[[JobResult], None] = lambda _result: None,
) -> None:
    """Run every job on its schedule until `should_stop`; then wait for the page in hand.

    `wanted` replaces the schedules of the settings; `told` hears of every job that ended, in the
    job's thread. Raises Busy when a daemon already runs on this ledger, ConfigError when something
    needed is missing.
    """
    _make_all(program)
    with running(program.ledger, DAEMON):
        work = Work(program, should_stop, told)
        last = {} if wanted is not None else last_runs(program)
        scheduler = make_scheduler(
            schedules(program) if wanted is None else wanted, program.zone, work, last
        )
        scheduler.start()
        log.info("daemon started", extra={"action": "daemon_started"})
        try:
            _watch(scheduler, should_stop, program.clock)
        finally:
            scheduler.shutdown(wait=True)
            log.info("daemon stopped", extra={"action": "daemon_stopped"})


def _make_all(program: Program) -> None:
    """Make now, in one thread, what jobs in several threads will share."""
    for name in ("ledger", "spool", "scanner", "zone", "register", "mapping", "sinks"):
        getattr(program, name)
    for name in program.enabled_sources():
        program.source(name)


def _watch(
    scheduler: BackgroundScheduler,
    should_stop: Callable[[], bool],
    clock: Callable[[], datetime],
    wait_s: float = 0.2,
) -> None:
    """Wait until it is time to stop; set the jobs right when the clock has jumped.

    The scheduler sleeps until its next job by a clock that no one sets. A clock that was set
    forward makes jobs late, one that was set back leaves them waiting for hours: so it is woken
    now and then, and after a step back every job's next time is worked out again.
    """
    pause = threading.Event()
    wall, steady = clock(), monotonic()
    while not should_stop():
        pause.wait(wait_s)
        if monotonic() - steady < WATCH_S:
            continue
        if jumped_back((clock() - wall).total_seconds(), monotonic() - steady):
            log.warning("clock jumped back", extra={"action": "clock_jumped"})
            set_right(scheduler, clock())
        wall, steady = clock(), monotonic()
        scheduler.wakeup()


def set_right(scheduler: BackgroundScheduler, now: datetime) -> None:
    """Work out again when each job is next due."""
    for job in scheduler.get_jobs():
        due = job.trigger.get_next_fire_time(now - timedelta(seconds=1), now)
        scheduler.modify_job(job.id, next_run_time=due)
