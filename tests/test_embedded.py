"""The scheduler inside the program keeps to the schedules, whatever the clock does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.bootstrap import Program
from connector.errors import Busy, ConfigError, Unavailable
from connector.ledger.runs import running
from connector.log import Json, Lines
from connector.schedule import parse
from connector.settings import parse as parse_settings
from connector.work import JobResult
from schedulers import embedded
from schedulers.embedded import Due, Work, jumped_back, make_scheduler, set_right

ZONE = ZoneInfo("Europe/Copenhagen")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

CONFIG = """
[graph]
tenant = "t"
client_id = "c"
[sources.channels]
enabled = false
[sinks.journal]
kind = "folder"
path = "journal"
"""


@pytest.fixture
def program(tmp_path: Path) -> Any:
    """A program on an empty folder; it can sign in nowhere."""
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "cases.csv").write_text("number,title\n")
    environ = {"CASETHREAD_CLIENT_SECRET": "not a secret"}
    made = Program(settings=parse_settings(CONFIG, tmp_path, environ))
    yield made
    made.close()


def test_due_at_start() -> None:
    """A job that never ran is due at once."""
    due = Due(parse("daily 19:00"), ZONE)

    assert due.get_next_fire_time(None, NOON) == NOON


def test_missed_while_down() -> None:
    """A job whose time passed while the daemon was down is due at once, and once."""
    due = Due(parse("daily 19:00"), ZONE, last=NOON - timedelta(days=3))

    assert due.get_next_fire_time(None, NOON) == NOON
    assert due.get_next_fire_time(NOON, NOON) == datetime(2026, 11, 20, 18, tzinfo=UTC)


def test_not_missed() -> None:
    """A job that ran since it was last due waits for its time."""
    due = Due(parse("daily 19:00"), ZONE, last=NOON - timedelta(hours=3))

    assert due.get_next_fire_time(None, NOON) == datetime(2026, 11, 20, 18, tzinfo=UTC)


def test_slept() -> None:
    """After the machine has slept for days, a job of every minute is due once, not 4,000 times."""
    due = Due(parse("every 1 min"), ZONE, last=NOON)
    woken = NOON + timedelta(days=3, seconds=10)

    assert due.get_next_fire_time(NOON, woken) == NOON + timedelta(days=3, minutes=1)


@given(st.integers(-100_000, 100_000), st.sampled_from(["every 1 min", "daily 19:00", "every 2 h"]))
def test_next_is_after_now(jump_s: int, words: str) -> None:
    """Whatever the clock did since the last firing, the next one is in the future, and near."""
    due = Due(parse(words), ZONE, last=NOON)
    now = NOON + timedelta(seconds=jump_s)

    found = due.get_next_fire_time(NOON, now)

    assert found is not None
    assert now < found <= now + timedelta(hours=25)


def test_off_is_never_due() -> None:
    """A schedule that is off is never due, not even at start."""
    assert Due(parse("off"), ZONE).get_next_fire_time(None, NOON) is None


@pytest.mark.parametrize(
    ("wall_s", "steady_s", "jumped"),
    [(30, 30, False), (-3570, 30, True), (3630, 30, False), (0, 30, False), (-31, 30, True)],
)
def test_jumped_back(wall_s: float, steady_s: float, jumped: bool) -> None:
    """Only a clock that went back by more than a minute is noticed."""
    assert jumped_back(wall_s, steady_s) is jumped


def test_options() -> None:
    """No job is dropped because it starts late, and none runs twice at once."""
    scheduler = make_scheduler({"chats": parse("every 1 min")}, ZONE, lambda name: None, {})
    scheduler.start(paused=True)
    (job,) = scheduler.get_jobs()
    scheduler.shutdown()

    assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)


def test_set_right() -> None:
    """After the clock went back two hours, a job of every minute is due within a minute again."""
    scheduler = make_scheduler({"chats": parse("every 1 min")}, ZONE, lambda name: None, {})
    scheduler.start(paused=True)
    scheduler.modify_job("chats", next_run_time=NOON + timedelta(hours=2))

    set_right(scheduler, NOON)

    (job,) = scheduler.get_jobs()
    scheduler.shutdown()
    assert job.next_run_time == NOON + timedelta(minutes=1)


def test_schedules(program: Program) -> None:
    """Every enabled source has a schedule, and so have register, deliveries and pruning."""
    found = embedded.schedules(program)

    assert set(found) == {*program.enabled_sources(), "register", "deliver", "prune"}
    assert "channels" not in found


class FakeJobs:
    """In place of run_job: remembers what was asked for, and fails as told."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.asked: list[str] = []
        self.error = error

    def __call__(self, program: Program, name: str, **_: Any) -> JobResult:
        self.asked.append(name)
        if self.error is not None:
            raise self.error
        return JobResult(job=name)


def _work(
    monkeypatch: pytest.MonkeyPatch, program: Program, jobs: FakeJobs, stopped: bool = False
) -> Work:
    monkeypatch.setattr(embedded, "run_job", jobs)
    return Work(program, lambda: stopped, lambda result: None)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("chats", ["chats", "attachments", "deliver"]),
        ("deliver", ["attachments", "deliver"]),
        ("register", ["register"]),
        ("prune", ["prune"]),
    ],
)
def test_what_follows(
    monkeypatch: pytest.MonkeyPatch, program: Program, name: str, asked: list[str]
) -> None:
    """What a source brought is fetched and delivered at once."""
    jobs = FakeJobs()

    _work(monkeypatch, program, jobs)(name)

    assert jobs.asked == asked


@pytest.mark.parametrize("error", [ZeroDivisionError(), Unavailable("down")])
def test_bug_in_job(
    monkeypatch: pytest.MonkeyPatch, program: Program, error: BaseException
) -> None:
    """A job that ends by a bug does not end the daemon, nor the jobs after it."""
    jobs = FakeJobs(error)

    _work(monkeypatch, program, jobs)("chats")

    assert jobs.asked == ["chats", "attachments", "deliver"]


def test_log_of_a_bug(
    monkeypatch: pytest.MonkeyPatch, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """The log of a bug has its type and place, in both forms, and nothing of what it was given."""
    jobs = FakeJobs(KeyError("Asta Prøve 010180-1234"))

    _work(monkeypatch, program, jobs)("chats")

    told = next(each for each in caplog.records if each.getMessage() == "job ended by a bug")
    for form in (Json(), Lines()):
        text = form.format(told)
        assert "builtins.KeyError" in text
        assert "test_embedded.py" in text
        assert "Asta" not in text


def test_a_folder_that_is_not_mounted_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """What the configuration names and is not there fails the job, without a trace of calls."""
    jobs = FakeJobs(ConfigError(["articles: the folder /srv/articles is not there"]))

    _work(monkeypatch, program, jobs)("articles")

    told = [each for each in caplog.records if each.name == "schedulers.embedded"]
    assert [(each.getMessage(), each.exc_info) for each in told] == [("job failed", None)]


def test_stopping_starts_nothing(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    """Once it was told to stop, the daemon starts no further job."""
    jobs = FakeJobs()

    _work(monkeypatch, program, jobs, stopped=True)("chats")

    assert jobs.asked == []


def test_two_daemons(program: Program) -> None:
    """A second daemon on a ledger is refused with the process and machine of the first."""
    with (
        running(program.ledger, embedded.DAEMON),
        pytest.raises(Busy, match=r"daemon: already running on \S+ as process \d+"),
    ):
        embedded.run(program, lambda: True, wanted={})


def test_runs_until_stopped(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    """The daemon runs what is due at its start, and ends when it is told to."""
    jobs = FakeJobs()
    monkeypatch.setattr(embedded, "run_job", jobs)
    ran = threading.Event()

    embedded.run(
        program, ran.is_set, wanted={"register": parse("daily 03:00")}, told=lambda _: ran.set()
    )

    assert jobs.asked == ["register"]


def test_clock_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits, the daemon notices a clock that went back, and sets the jobs right."""
    times = iter([NOON, NOON - timedelta(hours=2)])
    last = [NOON]
    steady = [0.0]
    right: list[datetime] = []
    monkeypatch.setattr(embedded, "monotonic", lambda: steady[0])
    monkeypatch.setattr(embedded, "set_right", lambda scheduler, now: right.append(now))
    stops = _counted(3, lambda: steady.__setitem__(0, steady[0] + 20))

    def clock() -> datetime:
        last[0] = next(times, last[0])
        return last[0]

    embedded._watch(_Woken(), stops, clock, wait_s=0)

    assert right == [NOON - timedelta(hours=2)]


class _Woken:
    def wakeup(self) -> None:
        """Counts for nothing."""


def _counted(times: int, each: Callable[[], None]) -> Callable[[], bool]:
    left = [times]

    def should_stop() -> bool:
        each()
        left[0] -= 1
        return left[0] < 0

    return should_stop
