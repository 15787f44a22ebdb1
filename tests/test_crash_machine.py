"""A machine that dies at every durable step, over the real ledger with a fake sink.

Messages are posted, edited, deleted and read back by a source; between any two durable steps of
collecting, writing and delivering the process may die. After recovery everything must be journaled
exactly once, in the newest state.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.jobs.collect import collect
from connector.jobs.deliver import deliver, write_entries
from connector.ledger import Ledger, open_ledger
from connector.ledger.runs import running
from connector.ledger.tables import delivery, event, item
from connector.model import Capabilities, Entry, Finding, Item, Page, Receipt
from connector.ports import Known
from tests.conftest import Clock
from tests.making import CASE, OTHER_CASE, add_cases, case, edited, message, policy

THREADS = ("19:a", "19:b")
TEXTS = (f"Om {CASE}", f"Se {OTHER_CASE}", "Tak for i dag", "Vi ses")


class Died(BaseException):
    """The process is gone: nothing after this line ran. Not an Exception, so nobody survives it."""


class Feed:
    """A source of two chats, each a part, two messages a page; the cursor counts messages.

    Nothing is in two parts: a copy elsewhere would hide that one was lost.
    """

    name = "chats"
    in_flight = 1

    def __init__(self) -> None:
        self.log: list[Item] = []

    def check(self) -> list[Finding]:
        return []

    def parts(self, people: Any) -> list[str]:
        return list(THREADS)

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        log = [each for each in self.log if each.thread == part]
        start, end = int(cursor or 0), len(log)
        if start % 2:
            start -= 1  # the last message again now and then: sources repeat themselves
        for first in range(start, end, 2):
            last = min(first + 2, end)
            items = tuple(log[first:last])
            yield Page(source="chats", part=part, cursor=str(last), items=items)

    def content(self, ref: str) -> Iterator[bytes]:
        return iter(())


class Archive:
    """A sink that outlives the process and keeps every put, doubles too."""

    name = "journal"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.kept: list[tuple[str, Entry]] = []
        self.step: Callable[[], None] = lambda: None
        self.dies = ""  # "before" or "after" the next put
        self.kill: Callable[[], None] = lambda: None

    def check(self) -> list[Finding]:
        return []

    def find(self, key: str, case_number: str) -> Receipt | None:
        found = [entry for kept, entry in self.kept if kept == key]
        return Receipt(key=key, target=key, at=found[0].started_at) if found else None

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: Callable[[str], BinaryIO],
        steps: object = None,
    ) -> Receipt:
        self.step()
        self._die("before")
        # No look for an earlier put: the core must never need it, a real system may not have it.
        self.kept.append((key, entry))
        self._die("after")
        self.step()
        return Receipt(key=key, target=key, at=entry.started_at)

    def _die(self, when: str) -> None:
        if self.dies == when:
            self.kill()


def on_sqlite(folder: Path) -> str:
    """The address of a ledger in this folder."""
    return f"sqlite:///{folder / 'ledger.db'}"


class CrashMachine(RuleBasedStateMachine):
    """See the module."""

    def __init__(self, database: Callable[[Path], str] = on_sqlite) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="crash-"))
        self.url = database(self.folder)
        self.clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
        self.feed, self.archive = Feed(), Archive()
        self.minutes = itertools.count()
        self.posted: dict[tuple[str, str], Item] = {}
        self.deaths = 0
        self.dies_at: int | None = None
        self.is_dead = False
        self.archive.step, self.archive.kill = self._step, self._kill
        self.ledger = self._open()
        add_cases(self.ledger, case(), case(OTHER_CASE))

    def _open(self) -> Ledger:
        ledger = open_ledger(self.url, clock=self.clock)
        write = ledger.write

        @contextmanager
        def dying(*, durable: bool = False) -> Iterator[Any]:
            self._step()  # before the transaction begins
            with write(durable=durable) as connection:
                yield connection
                self._step()  # everything is written and nothing is committed
            self._step()  # committed, and nobody knows

        ledger.write = dying  # type: ignore[method-assign]
        return ledger

    def _step(self) -> None:
        """A durable step: the process dies here, or it died before and does nothing any more."""
        if self.is_dead or self.dies_at == 0:
            self._kill()
        if self.dies_at is not None:
            self.dies_at -= 1

    def _kill(self) -> None:
        self.is_dead = True
        raise Died

    @contextmanager
    def _life(self, dies_at: int | None) -> Iterator[None]:
        """Run as one process that may die; afterwards a new process opens the ledger."""
        self.dies_at = dies_at
        try:
            yield
        except Died:
            self.deaths += 1
        finally:
            is_dead, self.is_dead = self.is_dead, False
            self.dies_at, self.archive.dies = None, ""
        if is_dead:
            self._reboot()

    def _reboot(self) -> None:
        self.ledger.close()
        self.ledger = self._open()
        with self.ledger.write() as connection:  # its process is gone
            connection.execute(sa.text("UPDATE run SET process_started = 'gone'"))

    @rule(text=st.sampled_from(TEXTS), thread=st.sampled_from(THREADS))
    def post(self, text: str, thread: str) -> None:
        """Somebody writes."""
        new = message(text, next(self.minutes), thread=thread)
        self.posted[new.thread, new.key] = new
        self.feed.log.append(new)

    @precondition(lambda self: self.posted)
    @rule(data=st.data(), text=st.sampled_from((*TEXTS, "")))
    def change(self, data: st.DataObject, text: str) -> None:
        """Somebody edits, or deletes."""
        key = data.draw(st.sampled_from(sorted(self.posted)))
        new = edited(self.posted[key], text, 1, is_deleted=text == "")
        self.posted[key] = new
        self.feed.log.append(new)

    @rule(dies_at=st.none() | st.integers(0, 12))
    def read(self, dies_at: int | None) -> None:
        """A run of the source."""
        with self._life(dies_at), running(self.ledger, "chats"):
            collect(self.ledger, self.feed, policy(), batch_items=2)

    @rule(dies_at=st.none() | st.integers(0, 30))
    def send(self, dies_at: int | None) -> None:
        """A run of the deliveries."""
        with self._life(dies_at), running(self.ledger, "deliver") as run:
            write_entries(self.ledger, policy(), lambda entry: entry.kind)
            deliver(self.ledger, self.archive, run, _no_files)

    @rule(when=st.sampled_from(("before", "after")))
    def die_in_put(self, when: str) -> None:
        """A run of the deliveries that dies round the first put."""
        self.archive.dies = when
        self.send(None)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.clock.move(hours=hours)

    @invariant()
    def never_double(self) -> None:
        """No key is ever put twice."""
        keys = [key for key, _ in self.archive.kept]
        assert len(keys) == len(set(keys))

    @invariant()
    def record_agrees(self) -> None:
        """What the ledger says is journaled is there; the record only ever grows."""
        with self.ledger.read() as connection:
            done = connection.execute(
                sa.select(delivery.c.key).where(delivery.c.state == "done")
            ).scalars()
            assert set(done) <= {key for key, _ in self.archive.kept}
            numbers = connection.execute(sa.select(event.c.id).order_by(event.c.id)).scalars().all()
        assert list(numbers) == sorted(numbers)

    def teardown(self) -> None:
        """In the end a run that does not die finds everything, and the archive holds the truth."""
        try:
            self.clock.move(hours=48)
            self.read(None)
            self.send(None)
            self._compare()
        finally:
            self.ledger.close()
            shutil.rmtree(self.folder)

    def _compare(self) -> None:
        with self.ledger.read() as connection:
            kept = connection.execute(
                sa.select(item.c.key, item.c.version).order_by(item.c.id)
            ).all()
            open_ = connection.execute(
                sa.select(sa.func.count()).select_from(delivery).where(delivery.c.state != "done")
            ).scalar_one()
        self.never_double()
        assert {(each.key, each.version) for each in self.feed.log} == {tuple(r) for r in kept}
        assert len(set(kept)) == len(kept)
        assert open_ == 0
        newest: dict[str, Entry] = {}
        for _, entry in self.archive.kept:
            if entry.id not in newest or newest[entry.id].version < entry.version:
                newest[entry.id] = entry
        lines = {
            (line.key, entry.case_number)
            for entry in newest.values()
            if not entry.is_void
            for line in entry.lines
        }
        with self.ledger.read() as connection:
            linked = connection.execute(
                sa.select(item.c.key, item.c.case_number).where(
                    item.c.id == item.c.root_id, item.c.case_number.is_not(None)
                )
            ).all()
        assert {tuple(row) for row in linked} == lines


def _no_files(sha256: str) -> BinaryIO:
    raise AssertionError("no files here")


CrashMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True
)
TestCrashMachine = CrashMachine.TestCase


@pytest.fixture(scope="module")
def on_postgres(postgres: str) -> Iterator[Callable[[Path], str]]:
    """The address of one database of a real server, and its ledger emptied for each who asks."""
    name = f"crash{uuid.uuid4().hex}"
    url = postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    open_ledger(url).close()

    def emptied(_folder: Path) -> str:
        with psycopg.connect(url) as connection:
            # Not even a superuser can take an event back while the triggers are on.
            connection.execute("SET session_replication_role = replica")
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> %s",
                ["alembic_version"],
            ).fetchall()
            listed = ", ".join(f'"{table}"' for (table,) in tables)
            connection.execute(f"TRUNCATE {listed} RESTART IDENTITY")
        return url

    yield emptied
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_machine_on_postgres(on_postgres: Callable[[Path], str]) -> None:
    """The same machine over a ledger on PostgreSQL."""

    class OnPostgres(CrashMachine):
        def __init__(self) -> None:
            super().__init__(on_postgres)

    its = settings(max_examples=15, stateful_step_count=25, deadline=None, derandomize=True)
    run_state_machine_as_test(OnPostgres, settings=its)


@pytest.mark.parametrize("dies_at", range(24))
def test_every_step_on_postgres(dies_at: int, on_postgres: Callable[[Path], str]) -> None:
    """Dying at each single durable step of one pass, on PostgreSQL."""
    one_delivery(CrashMachine(on_postgres), dies_at)


@pytest.mark.parametrize("dies_at", range(24))
def test_every_step_of_one_delivery(dies_at: int) -> None:
    """Dying at each single durable step of one pass loses nothing and doubles nothing."""
    one_delivery(CrashMachine(), dies_at)


def one_delivery(machine: CrashMachine, dies_at: int) -> None:
    """A message read and journaled by a program that dies at this step, then by its successor."""
    with suppress(Died):
        machine.post(TEXTS[0], "19:a")
        machine.post(TEXTS[2], "19:a")
        machine.wait(5)
        machine.read(dies_at if dies_at < 10 else None)
        machine.read(None)
        machine.send(dies_at)
    machine.never_double()
    machine.record_agrees()
    machine.teardown()


def test_machine_sees_doubles() -> None:
    """The machine itself goes red: an archive that was given an entry twice is noticed."""
    machine = CrashMachine()
    machine.post(TEXTS[0], "19:a")
    machine.read(None)
    machine.clock.now += timedelta(hours=5)
    machine.send(None)
    machine.archive.kept.append(machine.archive.kept[0])
    with pytest.raises(AssertionError):
        machine.never_double()
    machine.archive.kept.pop()
    machine.teardown()
