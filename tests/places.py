"""Where a process delivers and dies: one suite's system, and a ledger that owes it something."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from connector.journaling.connection import Connection
from connector.sandbox.server import listen
from connector.sandbox.systems.base import LARGEST_BODY
from connector.sandbox.systems.f2 import FakeF2
from connector.sandbox.systems.getorganized import FakeGetOrganized
from connector.sandbox.systems.nova import Nova
from connector.sandbox.systems.nova_rows import FakeCase
from connector.sandbox.systems.openzaak import FakeOpenZaak
from connector.sandbox.systems.sbsys import SbsysCase, SbsysSystem
from tests.contracts.system import SystemContract
from tests.killing_sinks import Life, Nursery
from tests.owing import owe
from tests.rt_server import Gateway
from tests.suites import Suite, hooks_of

RT_NUMBERS = ("27.45.04-P19-71-26", "27.45.04-P19-72-26")  # other tests use other tickets


class Moment(NamedTuple):
    """Where a life is disturbed."""

    at: int
    when: str
    how: str

    def __str__(self) -> str:
        return f"{self.how} {self.when} request {self.at}"


CALM = Moment(0, "before", "killed")  # never


class Row(NamedTuple):
    """A delivery, as the ledger has it."""

    key: str
    case_number: str
    state: str
    receipt: str | None
    steps: str
    content: str


@dataclass
class Tally:
    """What became of all lives of one suite."""

    suite: str
    system: str
    variant: str
    requests: int = 0  # of a run that nobody disturbed
    kills: int = 0
    cuts: int = 0
    on_the_way: int = 0  # deliveries that a dead process had claimed
    with_steps: int = 0  # of these, with something that the sink wanted remembered
    recovered: int = 0  # lives after which everything was there once
    doubled: int = 0
    lost: int = 0
    unsure: int = 0


class Place:
    """One suite's system, and the ledger that owes it something."""

    def __init__(self, suite: Suite, nursery: Nursery, folder: Path) -> None:
        self.suite, self.nursery, self.folder = suite, nursery, folder
        self.hooks = hooks_of(suite.path)
        self.is_on_network = isinstance(self.hooks, SystemContract)
        self.connection: dict[str, Any] = {}
        self.tally = Tally(suite.name, suite.system, suite.variant)
        self.ledger = folder / "ledger.db"
        self.uses_steps = False  # seen in a run that nobody disturbed

    def serve(self, stack: ExitStack, request: pytest.FixtureRequest) -> None:
        """Start what is on the network, and owe."""
        _prepare(self.suite, self.hooks, stack, request)
        if self.is_on_network:
            self._listen(stack)
        else:
            self.hooks.folder = self.folder / "journal"
            self.hooks.folder.mkdir()
        name = self.hooks.make_sink().name
        self.owing, self.spool = owe(self.folder, name, self.hooks.number, self.hooks.other_number)

    def _listen(self, stack: ExitStack) -> None:
        self.hooks.system = self.hooks.make_system()
        listening = listen(
            lambda request: self.hooks.system.handle(request), most_body_bytes=LARGEST_BODY
        )
        self.hooks.origin = stack.enter_context(listening).origin
        whole = msgspec.structs.asdict(self.hooks.connection(self.hooks.origin))
        # One at a time: then a request number is the same moment in every run.
        self.connection = {**whole, "in_flight": 1}
        del self.connection["adapter"]

    def renew(self) -> None:
        """An empty system with two open cases, and the ledger before anything was sent."""
        if self.is_on_network:
            self.hooks.system = self.hooks.make_system()
            _add_case(self.hooks, self.hooks.other_number)
        else:
            shutil.rmtree(self.hooks.folder)
            self.hooks.folder.mkdir()
        for path in self.folder.glob("ledger.db*"):
            path.unlink()
        shutil.copy(self.owing, self.ledger)

    def live(self, moment: Moment = CALM, rounds: int = 1) -> int | None:
        """A process that delivers; how many requests it made, None when it was killed."""
        life = Life(
            suite=self.suite.path,
            ledger=str(self.ledger),
            spool=str(self.spool),
            connection=self.connection,
            folder="" if self.is_on_network else str(self.hooks.folder),
            rounds=rounds,
            **moment._asdict(),
        )
        end = self.nursery.end_of(life)
        return None if end.status == -signal.SIGKILL else end.count

    def rows(self) -> list[Row]:
        """All deliveries."""
        query = (
            "SELECT d.key, d.case_number, d.state, d.receipt, d.steps, v.content FROM delivery d "
            "JOIN entry_version v ON v.entry_id = d.entry_id AND v.version = d.version"
        )
        ledger = sqlite3.connect(self.ledger)
        try:
            return [Row(*row) for row in ledger.execute(query)]
        finally:
            ledger.close()


def _prepare(suite: Suite, hooks: Any, stack: ExitStack, request: pytest.FixtureRequest) -> None:
    """What a suite otherwise has from the fixtures of its own file."""
    if suite.kind == "request_tracker":
        hooks.rt = request.getfixturevalue("request_tracker")
        hooks.number, hooks.other_number = RT_NUMBERS
        hooks.rt.keep()
        stack.callback(hooks.rt.restore)
    elif suite.kind == "sharepoint":
        from tests import test_sharepoint as its

        hooks.template = its.online()
        with hooks.template.serve() as listener:
            connection = Connection(name="sharepoint", url=f"{listener.origin}/sites/journal")
            make_sink = its.make_sink  # type: ignore[attr-defined]
            make_sink(connection, its.words(), its.drafter(), its.tokens).prepare()


def _add_case(hooks: Any, number: str) -> None:
    """One more open case. A suite of a system that is not named here brings `add_case`."""
    system = hooks.system
    if hasattr(hooks, "add_case"):
        hooks.add_case(number)
    elif isinstance(system, Gateway):
        for each in RT_NUMBERS:
            fields = {"CustomFields": {"Sagsnummer": each}}
            system.rt.ask("POST", "ticket", {"Queue": "Sager", "Subject": "Hjælp", **fields})
    elif isinstance(system, FakeF2):
        system.add_case(number.replace("-", " - "))
    elif isinstance(system, FakeGetOrganized):
        system.store.add_case(number, Title="Byggesag", CaseStatus="Åben")
    elif isinstance(system, FakeOpenZaak):
        system.add_case(number)
    elif isinstance(system, Nova):
        system.cases.append(FakeCase(number=number))
    elif isinstance(system, SbsysSystem):
        system.add(SbsysCase(id=9, number=number, title="Flytning"))
    else:
        assert not hooks.knows_cases, f"{type(hooks).__name__} must bring add_case"
