"""Runs the real program and kills it; and pictures of what a ledger and a journal then hold.

A picture is made of remote names and content only, so two ledgers that read the same municipality
can be compared whatever happened to them on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.journals.folder.sidecar import Sidecar, decode
from connector.ledger import tables
from connector.model import Entry, Receipt
from connector.sandbox import (
    Municipality,
    Request,
    Response,
    Sandbox,
    Server,
    build,
    write_cases_csv,
)
from connector.settings_example import init_dir
from connector.spool import Spool

TOKEN = "sandbox"
TICK_S = 0.004
LIFE_S = 120.0  # a run that takes longer hangs
BEFORE_ROWS = ("register", "directory", "chats", "call_records", "attachments", "deliver")
SIGNS: dict[str, str | tuple[str, str]] = {  # a part of a request, or a folder and its files
    "chats": "getAllMessages",
    "call_records": "callRecords?",
    "voicemail": "mailFolders",
    "attachments": ("spool", "*/*/*"),
    "deliver": ("journal", "*/*.json"),
}
Name = tuple[str, str, str]  # source, thread, key


class Counting(Sandbox):
    """A sandbox that counts the rows it serves, and the requests that are a sign of a phase."""

    rows: int = 0
    signs: Counter[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.signs = Counter()

    def handle(self, request: Request) -> Response:
        """The answer, counted."""
        with self.lock:
            self.signs.update(
                phase
                for phase, sign in SIGNS.items()
                if isinstance(sign, str) and sign in request.target
            )
        response = super().handle(request)
        if request.path.startswith("/v1.0/") and response.status == 200:
            with contextlib.suppress(msgspec.DecodeError):
                served = len(msgspec.json.decode(response.body, type=_Rows).value)
                with self.lock:
                    self.rows += served
        return response


class _Rows(msgspec.Struct):
    value: list[msgspec.Raw] = []


def town(seed: int = 3, users: int = 30, days: int = 4) -> Municipality:
    """A municipality in which everything was said days ago: nothing changes between two runs."""
    now = datetime.now(UTC).replace(microsecond=0)
    return build(seed=seed, users=users, days=days, now=now - timedelta(days=3))


@dataclass
class Site:
    """One configuration with its ledger, spool and journal."""

    folder: Path
    url: str  # of the ledger
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "output.txt"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def configure(self, server: Server) -> Site:
        """As an operator would have written it, with small batches: more places to die at."""
        people = server.sandbox.municipality
        self.folder.mkdir(parents=True)
        init_dir(
            self.folder,
            language="en",
            overrides={
                "organisation": "Nordvang Kommune",
                "graph.base_url": server.base_url,
                "graph.auth": "static",
                "ledger.url": self.url,
                "ledger.batch_items": 50,
                "ledger.reread_limit_items": 200,
                "journal.quiet_min": 0,
            },
        )
        write_cases_csv(people, self.journal / "cases.csv")
        return self

    def start(self, *jobs: str) -> subprocess.Popen[bytes]:
        """`casethread sync` in a process group of its own."""
        words = [sys.executable, "-m", "connector.cli", "--config", str(self.folder), "sync", *jobs]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "CASETHREAD_TOKEN": TOKEN},
            )

    def finish(self, *jobs: str) -> float:
        """A run that nobody kills; how long it took in seconds."""
        began = time.monotonic()
        child = self.start(*jobs)
        try:
            code = child.wait(timeout=LIFE_S)
        finally:
            kill(child)
        assert code == 0, f"exit code {code}: {self.told()}"
        return time.monotonic() - began

    def told(self) -> str:
        """The end of what the program said."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def files(self, where: str, pattern: str) -> int:
        return sum(1 for _ in (self.folder / where).glob(pattern))


def kill(child: subprocess.Popen[bytes]) -> bool:
    """SIGKILL to the whole process group; whether it was alive when the signal came."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait(timeout=10) == -signal.SIGKILL


@dataclass(frozen=True)
class Moment:
    """When to kill: `after_s` after the start, or after the first sign of a phase."""

    after_s: float
    phase: str = ""  # a key of SIGNS

    def wait(self, site: Site, sandbox: Counting, child: subprocess.Popen[bytes]) -> bool:
        """Let the process live until then; False when it ended before."""
        if self.phase and not _until(child, _sign(site, sandbox, self.phase)):
            return False
        try:
            child.wait(timeout=self.after_s)
        except subprocess.TimeoutExpired:
            return True
        return False


def _sign(site: Site, sandbox: Counting, phase: str) -> Callable[[], bool]:
    """Whether the phase has begun: its first request, or its first new file."""
    sign = SIGNS[phase]
    if isinstance(sign, str):
        asked = sandbox.signs[phase]
        return lambda: sandbox.signs[phase] > asked
    where, pattern = sign
    before = site.files(where, pattern)
    return lambda: site.files(where, pattern) > before


def _until(child: subprocess.Popen[bytes], is_time: Callable[[], bool]) -> bool:
    ends_at = time.monotonic() + LIFE_S
    while not is_time():
        try:
            child.wait(timeout=TICK_S)
        except subprocess.TimeoutExpired:
            assert time.monotonic() < ends_at, "the process hangs"
        else:
            return False
    return True


@dataclass
class Story:
    """What happened in all lives, for the reader of the test's output."""

    seed: int
    kills: int = 0
    lives: int = 0
    rounds: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    on_the_way: int = 0  # deliveries found in state "sending" after a kill
    in_pieces: int = 0  # kills that left files of an entry without its sidecar
    arrived: int = 0  # of these, already in the journal, with no receipt in the ledger
    versions: int = 0  # entry versions beyond the undisturbed run's
    rows_again: int = 0  # rows served again
    seconds: float = 0
    pace: float = 1.0  # of lives against the undisturbed run, which other work may have slowed

    def __str__(self) -> str:
        phases = ", ".join(f"{name} {count}" for name, count in self.phases.most_common())
        return (
            f"seed {self.seed}: {self.kills} kills in {self.lives} lives of {self.rounds} ledgers, "
            f"{self.seconds:.0f} s\n"
            f"  the process died in: {phases}\n"
            f"  deliveries on the way at death: {self.on_the_way}, of these in the journal "
            f"already: {self.arrived}; deaths that left files without a sidecar: "
            f"{self.in_pieces}\n"
            f"  rows served again by the source: {self.rows_again}; versions of entries beyond "
            f"the undisturbed run's: {self.versions}"
        )


# -- what a ledger holds -----------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """A ledger by remote names and content: what must be equal after any number of deaths."""

    items: dict[tuple[str, ...], tuple[object, ...]]  # every version as received
    links: dict[Name, tuple[object, ...]]
    calls: dict[Name, tuple[object, ...]]  # what is known of each joined call, and its sightings
    entries: dict[str, Entry]  # newest content
    attachments: dict[tuple[object, ...], tuple[object, ...]]
    problems: set[tuple[object, ...]]
    deliveries: dict[str, tuple[str, Receipt | None]]
    journaled: Counter[str]  # "journaled" events by key
    versions: int


def picture(url: str) -> Picture:
    """What the ledger at `url` holds. Fails on a ledger that is damaged or has no one current."""
    engine = sa.create_engine(psycopg_url(url))
    try:
        with engine.connect() as connection:
            return _picture(connection)
    finally:
        engine.dispose()


def _picture(connection: sa.Connection) -> Picture:
    item, thread = tables.item, tables.thread
    rows = connection.execute(
        sa.select(item, thread.c.source, thread.c.key.label("within")).join(
            thread, thread.c.id == item.c.thread_id
        )
    ).all()
    names: dict[int, Name] = {row.id: (row.source, row.within, row.key) for row in rows}
    current = Counter(names[row.root_id] for row in rows if row.is_current)
    assert set(current) == {names[row.root_id] for row in rows}
    assert set(current.values()) <= {1}
    entries, versions = _entries(connection)
    return Picture(
        items={(*names[row.id], row.version): _item(row) for row in rows if row.source != "calls"},
        links=_links(connection, names),
        calls=_calls(rows, names),
        entries=entries,
        attachments=_attachments(connection, rows, names),
        problems={
            tuple(row)
            for row in connection.execute(
                sa.select(*(tables.problem.c[name] for name in ("source", "part", "key", "scope")))
            )
        },
        deliveries=_deliveries(connection),
        journaled=Counter(
            row.subject
            for row in connection.execute(
                sa.select(tables.event.c.subject).where(tables.event.c.action == "journaled")
            )
        ),
        versions=versions,
    )


def _item(row: Any) -> tuple[object, ...]:
    assert hashlib.sha256(row.raw).digest() == row.sha256
    return row.kind, row.sha256.hex(), row.is_current, row.is_deleted, row.text, row.sent_at


def _links(connection: sa.Connection, names: dict[int, Name]) -> dict[Name, tuple[object, ...]]:
    item, link = tables.item, tables.link
    decided = connection.execute(sa.select(link).where(link.c.superseded_at.is_(None)))
    rules = {row.item_id: (row.state, row.case_number or "", row.rule) for row in decided}
    rows = connection.execute(
        sa.select(item.c.id, item.c.state, item.c.case_number).where(item.c.id == item.c.root_id)
    )
    return {
        names[row.id]: (row.state, row.case_number or "", rules.get(row.id, ("unlinked", "", "")))
        for row in rows
    }


def _calls(rows: Sequence[Any], names: dict[int, Name]) -> dict[Name, tuple[object, ...]]:
    members: dict[Name, set[Name]] = {}
    for row in rows:
        if row.call_id is not None:
            members.setdefault(names[row.call_id], set()).add(names[row.id])
    return {
        names[row.id]: (row.kind, row.raw, frozenset(members.get(names[row.id], ())))
        for row in rows
        if row.source == "calls" and row.is_current
    }


def _entries(connection: sa.Connection) -> tuple[dict[str, Entry], int]:
    each = tables.entry_version
    rows = connection.execute(sa.select(each).order_by(each.c.entry_id, each.c.version)).all()
    newest: dict[str, Entry] = {}
    for row in rows:
        made = msgspec.json.decode(row.content, type=Entry)
        assert made.version == (newest[made.id].version + 1 if made.id in newest else 1)
        newest[made.id] = made
    return newest, len(rows)


def _attachments(
    connection: sa.Connection, rows: Sequence[Any], names: dict[int, Name]
) -> dict[tuple[object, ...], tuple[object, ...]]:
    versions = {row.id: row.version for row in rows}
    return {
        (*names[row.item_id], versions[row.item_id], row.position): (
            row.name,
            row.state,
            row.sha256,
        )
        for row in connection.execute(sa.select(tables.attachment))
    }


def _deliveries(connection: sa.Connection) -> dict[str, tuple[str, Receipt | None]]:
    rows = connection.execute(sa.select(tables.delivery)).all()
    return {
        row.key: (
            row.state,
            msgspec.json.decode(row.receipt, type=Receipt) if row.receipt else None,
        )
        for row in rows
    }


def matter(entry: Entry) -> Entry:
    """An entry without what tells which version it is, and with lists of proof in one order."""
    return msgspec.structs.replace(
        entry,
        version=0,
        title=entry.title.removesuffix(f", version {entry.version}"),
        previous_key="",
        sources=tuple(sorted(entry.sources)),
        evidence=tuple(sorted(entry.evidence, key=repr)),
        files=tuple(sorted(entry.files, key=repr)),
        parties=tuple(sorted(entry.parties, key=repr)),
        linked_by=", ".join(sorted(entry.linked_by.split(", "))),
        lines=tuple(sorted(entry.lines, key=lambda line: (line.at, line.key))),
    )


@dataclass(frozen=True)
class Death:
    """What the ledger says right after a kill."""

    jobs: tuple[str, ...]  # that the process had open
    sending: frozenset[str]  # keys of deliveries
    done: frozenset[str]


UNBORN = Death(jobs=(), sending=frozenset(), done=frozenset())  # there is no ledger yet


def death(url: str, pid: int, scratch: Path) -> Death:
    """Read without touching what the next run has to recover: of SQLite, a copy is opened."""
    parsed = psycopg_url(url)
    if parsed.get_backend_name() == "sqlite":
        copied = _copied(Path(parsed.database or ""), scratch)
        if copied is None:
            return UNBORN
        parsed = copied
    engine = sa.create_engine(parsed)
    run, delivery = tables.run, tables.delivery
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return UNBORN
            jobs = connection.execute(
                sa.select(run.c.job).where(run.c.pid == pid, run.c.ended_at.is_(None))
            ).scalars()
            states = connection.execute(sa.select(delivery.c.key, delivery.c.state)).all()
            return Death(
                jobs=tuple(jobs),
                sending=frozenset(row.key for row in states if row.state == "sending"),
                done=frozenset(row.key for row in states if row.state == "done"),
            )
    finally:
        engine.dispose()


def _copied(database: Path, scratch: Path) -> sa.URL | None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    if not database.exists():
        return None
    for path in database.parent.glob(f"{database.name}*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, scratch / path.name)
    return sa.URL.create("sqlite", database=str(scratch / database.name))


def psycopg_url(url: str) -> sa.URL:
    """The URL as SQLAlchemy needs it for the driver that the program uses."""
    parsed = sa.make_url(url)
    is_postgres = parsed.get_backend_name() == "postgresql"
    return parsed.set(drivername="postgresql+psycopg") if is_postgres else parsed


def sqlite_is_sound(url: str) -> bool:
    """Whether SQLite itself finds nothing wrong, in the tables and in the index of words."""
    with sqlite3.connect(sa.make_url(url).database or "") as connection:
        sound = bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
        connection.execute("INSERT INTO item_search(item_search) VALUES ('integrity-check')")
    connection.close()
    return sound


# -- what a journal holds ----------------------------------------------------------------------


def visible_entries(journal: Path) -> dict[str, tuple[Sidecar, bytes]]:
    """Every entry that a reader of the folder sees, by key. Fails on one that is not whole."""
    found: dict[str, tuple[Sidecar, bytes]] = {}
    for path in journal.glob("*/*.json"):
        if path.name.startswith("."):
            continue
        content = path.read_bytes()
        sidecar = decode(content)
        assert sidecar.key not in found, f"{sidecar.key} is in the journal twice"
        for file in (sidecar.transcript, *sidecar.files):
            content_of = (path.parent / file.name).read_bytes()
            assert file.size_bytes == len(content_of), file.name
            assert file.sha256 == hashlib.sha256(content_of).hexdigest(), file.name
        found[sidecar.key] = (sidecar, content)
    return found


def hashes(journal: Path) -> dict[str, str]:
    """The SHA-256 of each visible entry's sidecar, by key. Fails on one that is not whole."""
    return {key: sha256(content) for key, (_, content) in visible_entries(journal).items()}


def strays(journal: Path) -> Iterator[Path]:
    """Visible files in the cases' folders that belong to no entry."""
    for folder in journal.iterdir():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        there = {path for path in folder.iterdir() if not path.name.startswith(".")}
        for path in list(there):
            if path.suffix == ".json":
                sidecar = decode(path.read_bytes())
                there.discard(path)
                for file in (sidecar.transcript, *sidecar.files):
                    there.discard(folder / file.name)
        yield from there


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def is_cut(path: Path) -> bool:
    """Whether a transcript ends before its end."""
    return path.suffix == ".html" and not path.read_bytes().rstrip().endswith(b"</html>")


def spool_is_whole(folder: Path) -> bool:
    """Whether every file that bears a hash has it."""
    spool = Spool(folder)
    return all(spool.verify(path.name) for path in folder.glob("??/??/*"))


def next_life(
    rng: random.Random, whole_s: float, missing: set[str], *, is_partial: bool
) -> tuple[Moment, tuple[str, ...]]:
    """When the next life ends, and which jobs it runs (none: all, as `sync` does).

    Most end anywhere in a run; the rest in a phase of which there is no death yet, or in delivery.
    A partial life runs only some jobs, as the daemon's schedules do, and mostly to their end: then
    entries are written between two reads.
    """
    if is_partial:
        return Moment(rng.uniform(0.5 * whole_s, 1.5 * whole_s)), BEFORE_ROWS
    if rng.random() < (0.4 if missing else 0.7):
        return Moment(rng.uniform(0.0, whole_s)), ()
    phase = rng.choice(sorted(missing) or ["call_records", "attachments", "deliver", "deliver"])
    return Moment(rng.uniform(0.0, 0.03 * whole_s), phase), ()
