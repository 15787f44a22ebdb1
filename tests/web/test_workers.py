"""Several processes of one portal: what they must agree on, and who keeps them going."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from connector.ledger import open_ledger, sessions
from connector.ledger.sessions import SignedIn
from connector.web import page, workers
from connector.web.common import MINUTE_S, NEVER, Common
from connector.web.workers import how_many
from tests.test_web_command import Town

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="one process answers here")


class Others:
    """Two processes of a portal as this one sees them: each its own connection and its own id."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.first = Common(folder, self.clock)
        self.second = Common.__new__(Common)
        self.second.__dict__.update(self.first.__dict__)
        self.pid = 1
        monkeypatch.setattr(os, "getpid", lambda: self.pid)
        for place, common in enumerate((self.first, self.second)):
            self.be(place)
            common.take_place(place)

    def clock(self) -> float:
        return self.now

    def be(self, place: int) -> Common:
        """From now on this is the process at that place."""
        self.pid = 101 + place
        return (self.first, self.second)[place]


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Others]:
    made = Others(tmp_path, monkeypatch)
    yield made
    made.first.close()
    made.second.close()


def test_what_one_counts_another_counts(both: Others) -> None:
    """A limit is for the portal, whichever of its processes is asked; a minute later it is over."""
    asked = [both.be(n % 2).hit("search", "bodil", 3) for n in range(5)]
    assert asked == [0, 0, 0, MINUTE_S, MINUTE_S]
    assert both.first.hit("search", "asta", 3) == 0
    assert both.first.hit("look", "bodil", 3) == 0

    both.now += MINUTE_S - 1
    assert both.second.hit("search", "bodil", 3) == 1
    both.now += 1
    assert both.second.hit("search", "bodil", 3) == 0


@given(waits=st.lists(st.integers(0, 40), max_size=40), most=st.integers(1, 4))
def test_no_minute_has_more(waits: list[int], most: int) -> None:
    """In no minute are more let through than allowed, and nobody waits when there was room."""
    now = 0.0
    common = Common(clock=lambda: now)
    let: list[float] = []
    for wait in waits:
        now += wait
        recent = [at for at in let if at > now - MINUTE_S]
        told = common.hit("search", "bodil", most)
        assert (told == 0) == (len(recent) < most)
        if told:
            assert told == recent[0] + MINUTE_S - now
        else:
            let.append(now)
    common.close()


def test_a_statement_is_used_once(both: Others) -> None:
    """What one process took, no other takes; when it has ended, its number is free."""
    assert both.first.use("plone", "a", 0, 100, 2) == ""
    assert both.second.use("plone", "a", 1, 100, 2) == "it was used before (jti)"
    assert both.second.use("other", "a", 1, 100, 2) == ""
    assert both.first.use("plone", "b", 1, 100, 2) == "too many statements are in use"
    assert both.first.use("plone", "a", 100, 200, 2) == ""


def test_a_job_of_another_process(both: Others) -> None:
    """A job that one process runs is told of, and not started, by the other; until it has ended, or
    the process died and another took its place.
    """
    assert both.be(0).job("deliver") == NEVER
    assert both.be(0).begin_job("deliver", 5)
    assert both.be(1).runs_elsewhere("deliver")
    assert not both.be(1).begin_job("deliver", 6)
    assert not both.be(0).runs_elsewhere("deliver")

    both.be(0).end_job("deliver", "the journal is away")
    assert not both.be(1).runs_elsewhere("deliver")
    assert both.be(1).job("deliver") == (0, 5, "the journal is away")

    assert both.be(0).begin_job("deliver", 7)
    both.pid = 103  # in the place of the first, which died
    both.first.take_place(0)
    assert both.be(1).begin_job("deliver", 8)


def test_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two where the machine has two processors; else what the setting says."""
    for processors, expected in ((1, 1), (2, 2), (16, 2)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, n=processors: set(range(n)))
        assert how_many(0) == expected
    assert how_many(5) == 5


def test_templates_are_made_before_the_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's page waits for its template, in whichever process: all are there."""
    page.prepare()
    its = page._environment()

    monkeypatch.setattr(Environment, "compile", lambda *_, **_more: pytest.fail("made late"))
    assert its.list_templates()
    assert all(its.get_template(name) for name in its.list_templates())


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    text = made.config.read_text("utf-8") + "workers = 2\nlooks_per_min = 20\n"
    made.config.write_text(text, "utf-8")
    yield made
    made.close()


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(done: object, seconds: float = 20) -> None:
    """Until it is so."""
    assert callable(done)
    late = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < late, "it did not come to that"
        time.sleep(0.05)


def answers(town: Town) -> bool:
    return requests.get(f"{town.url}/healthz", timeout=20).status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
class TestProcesses:
    """`casethread web` with two processes."""

    def test_one_that_dies_is_started_again(self, town: Town) -> None:
        """It goes on answering, with as many processes as before, and the log tells of it."""
        portal = town.web()
        portal.wait_for("The portal is at")
        pid = portal.process.pid
        until(lambda: len(children(pid)) == 2)
        before = children(pid)

        os.kill(before[0], signal.SIGKILL)
        portal.wait_for("action=worker_died")
        until(lambda: len(children(pid)) == 2)

        assert before[0] not in children(pid)
        assert all(answers(town) for _ in range(10))
        portal.process.terminate()
        assert portal.ended() == 0
        assert "The portal has stopped." in portal.said
        assert not any(Path(f"/proc/{each}").exists() for each in before)

    def test_they_end_with_the_first(self, town: Town) -> None:
        """Even when that is killed: nobody is left who answers at the port."""
        portal = town.web()
        portal.wait_for("The portal is at")
        pid = portal.process.pid
        until(lambda: len(children(pid)) == 2)
        left = children(pid)

        portal.process.kill()
        portal.ended()

        until(lambda: not any(_runs(each) for each in left))
        with pytest.raises(requests.ConnectionError):
            answers(town)

    def test_they_count_together(self, town: Town) -> None:
        """/metrics has all requests, and limits hold, whichever process answers."""
        portal = town.web()
        portal.wait_for("The portal is at")
        until(lambda: len(children(portal.process.pid)) == 2)
        cookie = signed_in(town)

        told = [
            requests.get(f"{town.url}/search", cookies={"casethread": cookie}, timeout=20)
            for _ in range(24)  # each on a connection of its own
        ]
        figures = requests.get(f"{town.url}/metrics", timeout=20).text

        assert [each.status_code for each in told] == [200] * 20 + [429] * 4
        asked = 'casethread_http_requests_total{method="GET",route="/search",status="%s"} %d.0'
        assert asked % (200, 20) in figures
        assert asked % (429, 4) in figures
        memory = next(
            float(line.split()[1])
            for line in figures.splitlines()
            if line.startswith("process_resident_memory_bytes ")
        )
        each = [_resident(pid) for pid in children(portal.process.pid)]
        assert memory > 1.5 * min(each)
        portal.process.terminate()
        assert portal.ended() == 0


def signed_in(town: Town) -> str:
    """A session of a caseworker."""
    ledger = open_ledger(f"sqlite:///{town.folder}/ledger.db")
    who = SignedIn(subject="s", oid="", name="Bodil", upn="bodil@n.example", grants=("CaseWorker",))
    with ledger.write() as connection:
        token = sessions.begin(connection, who, now=ledger.now(), life_ms=3_600_000)
    ledger.close()
    return token


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_first_waits_for_those_that_end_late(tmp_path: Path) -> None:
    """Asked to stop, it waits until each has ended; one that does not is killed."""
    marks = [tmp_path / "0", tmp_path / "1"]
    begun = time.monotonic()

    def work(place: int, should_stop: object) -> None:
        marks[place].write_text("begun")
        assert callable(should_stop)
        while not should_stop() or place == 1:
            time.sleep(0.01)
        marks[place].write_text("ended")

    crew = workers.Crew(2, work)
    ends = workers.END_S
    try:
        workers.END_S = 1
        crew.keep(lambda: all(each.exists() for each in marks))
    finally:
        workers.END_S = ends

    assert [each.read_text() for each in marks] == ["ended", "begun"]
    assert time.monotonic() - begun < 20
