"""Runs the whole program against a sandbox, day after day, and says what its ledger then holds.

No sleep and no clock of the machine: a wait moves a counter, a day passes when a test says so.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from connector import work
from connector.bootstrap import Program, make_graph
from connector.sandbox import Municipality, Response, Sandbox, Scenario, Server, serve
from connector.sandbox import write_cases_csv as write_register
from connector.sandbox.scenario import Scene
from connector.settings import parse
from tests.kept import Kept, kept

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = 10  # rows on a page at most, so that a small municipality has pages to follow
TOKEN = "a token of the tests"  # opens a sandbox and nothing else


class Time:
    """The time of program and server: it passes when somebody waits for it or a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now
        self.begun = now
        self.slept_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time of day; waiting does not move it, so that two runs see the same server."""
        return self.at

    def monotonic(self) -> float:
        """Moves by itself too: how long an answer took decides how many are asked for at once."""
        return time.monotonic() + self.passed_s

    @property
    def passed_s(self) -> float:
        """What was waited and moved."""
        return (self.at - self.begun).total_seconds() + self.slept_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept_s += seconds

    def move(self, **delta: float) -> None:
        self.at += timedelta(**delta)


class Asked(NamedTuple):
    """A request that a scenario saw: what, when (seconds of the clock), and what it answered."""

    method: str
    target: str
    at_s: float
    status: int  # 0: nothing, the sandbox answered as ever


class Watch:
    """Counts how often each scenario of a sandbox really did something, and when each was asked."""

    def __init__(self, sandbox: Sandbox, clock: Time) -> None:
        self.happened: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.statuses: Counter[int] = Counter()  # of what the scenarios answered
        self._clock = clock
        fresh = Sandbox(sandbox.municipality, most_rows=PAGE)
        for scenario in sandbox.active:
            changes = _state(sandbox) != _state(fresh) or sandbox.roles != fresh.roles
            self.happened[scenario.name] += changes
        sandbox.active = tuple(self._watched(sandbox, each) for each in sandbox.active)

    def _watched(self, sandbox: Sandbox, scenario: Scenario) -> Scenario:
        name = scenario.name

        def counted(hook: Callable[..., Response | None] | None, *, is_after: bool) -> Any:
            if hook is None:
                return None

            def watch(scene: Scene, *answer: Response) -> Response | None:
                before, asked_s = _state(sandbox), self._clock.monotonic()
                result = hook(scene, *answer)
                self._note(scene, asked_s, result)
                is_other = result is not None and result != (answer[0] if is_after else None)
                if result is not None:
                    self.statuses[result.status] += 1
                self.happened[name] += is_other or _state(sandbox) != before
                return result

            return watch

        return replace(
            scenario,
            before=counted(scenario.before, is_after=False),
            after=counted(scenario.after, is_after=True),
            sign_in=counted(scenario.sign_in, is_after=False),
        )

    def _note(self, scene: Scene, asked_s: float, answer: Response | None) -> None:
        status = answer.status if answer else 0
        self.asked.append(Asked(scene.request.method, scene.request.target, asked_s, status))


def _state(sandbox: Sandbox) -> tuple[object, ...]:
    """What a scenario can change of the municipality that is served."""
    view = sandbox.view
    return (
        view.changes,
        sum(view.versions.values()),
        len(view.hidden_calls),
        len(view.bare_calls),
        len(view.changed),
        view.most_rows,
        view.nested_page,
        view.participant_page,
    )


@dataclass
class Town:
    """A municipality being served, and the program that reads it."""

    program: Program
    server: Server
    clock: Time
    watch: Watch
    folder: Path
    hosts: set[str]
    results: list[list[work.JobResult]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)  # the requests of each round

    def sync(self, names: Sequence[str] = ()) -> list[work.JobResult]:
        """All jobs of a sync, once."""
        before = len(self.server.requests)
        results = work.run_jobs(self.program, work.sync_jobs(self.program, names))
        self.results.append(results)
        self.asked.append(list(self.server.requests)[before:])
        return results

    @property
    def requests(self) -> list[int]:
        """How many requests each round took."""
        return [len(asked) for asked in self.asked]

    def kept(self) -> Kept:
        """What the ledger and the journal hold now."""
        return kept(self.program.ledger, self.folder / "journal")


@contextmanager
def town(
    municipality: Municipality,
    folder: Path,
    scenario: Sequence[str] = (),
    *,
    signs_in: bool = False,
    prepare: Callable[[Sandbox], None] | None = None,
) -> Iterator[Town]:
    """A program with an empty ledger beside a sandbox with these scenarios.

    `signs_in` takes TLS and msal, as in real life; otherwise the token is given.
    """
    clock = Time()
    sandbox = Sandbox(
        municipality,
        scenario=scenario,
        clock=clock.now,
        static_token=None if signs_in else TOKEN,
        most_rows=PAGE,
    )
    if prepare:
        prepare(sandbox)
    watch = Watch(sandbox, clock)
    (folder / "journal").mkdir(parents=True)
    write_register(municipality, folder / "journal" / "cases.csv")
    with (
        _no_foreign_hosts() as hosts,
        _msal_time(clock) if signs_in else nullcontext(),
        serve(sandbox, tls=signs_in) as server,
    ):
        program = Program(_settings(server, folder, signs_in=signs_in), clock=clock.now)
        program.graph = make_graph(
            program.settings, clock=clock.now, monotonic=clock.monotonic, sleep=clock.sleep
        )
        try:
            yield Town(program, server, clock, watch, folder, hosts)
        finally:
            program.close()


@contextmanager
def _msal_time(clock: Time) -> Iterator[None]:
    """Let msal's cache of tokens, and of refusals, grow old with the test."""
    from msal import application, individual_cache, token_cache

    own = SimpleNamespace(time=lambda: time.time() + clock.passed_s)
    modules = (application, individual_cache, token_cache)
    for module in modules:
        module.time = own
    try:
        yield
    finally:
        for module in modules:
            module.time = time


def _settings(server: Server, folder: Path, *, signs_in: bool) -> Any:
    graph = """auth = "static"
token_env = "CASETHREAD_TOKEN"
"""
    if signs_in:
        graph = f"""authority = "{server.authority.rsplit("/", 1)[0]}"
tenant = "{server.tenant}"
client_id = "{server.client_id}"
ca_bundle = "{server.ca_file}"
"""
    teams = [team.key for team in server.sandbox.municipality.teams]
    text = f"""
[ledger]
url = "sqlite:///{folder}/ledger.db"
spool = "{folder}/spool"
[graph]
base_url = "{server.base_url}"
read_timeout_s = 5
{graph}
[sources.channels]
enabled = true
teams = {teams}
[register]
path = "journal"
[sinks.journal]
kind = "folder"
path = "journal"
"""
    secrets = {"CASETHREAD_CLIENT_SECRET": server.client_secret, "CASETHREAD_TOKEN": TOKEN}
    return parse(text, folder, secrets)


@contextmanager
def _no_foreign_hosts() -> Iterator[set[str]]:
    """Every host that anybody wants to reach; none but this machine is ever resolved."""
    seen: set[str] = set()
    resolve = socket.getaddrinfo

    def watched(host: Any, *args: Any, **named: Any) -> Any:
        seen.add(str(host))
        if host not in ("127.0.0.1", "localhost"):
            raise OSError(f"tests do not leave this machine: {host}")
        return resolve(host, *args, **named)

    socket.getaddrinfo = watched
    try:
        yield seen
    finally:
        socket.getaddrinfo = resolve


def rounds(place: Town, hours: Sequence[float]) -> None:
    """One sync at the beginning, and one more after each of these numbers of hours."""
    place.sync()
    for each in hours:
        place.clock.move(hours=each)
        place.sync()
