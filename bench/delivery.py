"""Deliveries to a records system over loopback HTTP, next to a plain loop that does the same.

Run: python -m bench.delivery [--quick]. Prints JSON. The plain loop is what a script would do: read
fifty rows, requests.Session.post for each, then one commit of sqlite3 that is seen to the disk.
"""

from __future__ import annotations

import argparse
import gc
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import BinaryIO, NamedTuple

import requests

from bench import text
from bench.archive import ArchiveSink, serving
from connector.jobs.deliver import CLAIM, deliver
from connector.ledger import Ledger, open_ledger
from connector.ledger.deliveries import Outcome, exchange, settle
from connector.ledger.entries import delivery_key
from connector.ledger.runs import Run, running
from connector.ledger.tables import delivery, entry, entry_version
from connector.model import Entry, Evidence, Line, Party, content_sha256, entry_json

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE, FAR, OWED, ROUNDS = 3_000, 3_000, 100_000, 5
DELAY_MS, FAR_IN_FLIGHT = 20, 16
_EACH_CASE = 3
_PLAIN_FAR = 200  # four seconds of waiting
_MADE_AT = 1_790_000_000_000

RATE = "entries a second, answered at once, {} in flight"
CPU = "CPU ms an entry, answered at once, {} in flight"
PLAIN_RATE = "entries a second, answered at once, plain loop"
PLAIN_CPU = "CPU ms an entry, answered at once, plain loop"
FAR_RATE = f"entries a second, answered after {DELAY_MS} ms, {FAR_IN_FLIGHT} in flight"
FAR_CPU = f"CPU ms an entry, answered after {DELAY_MS} ms, {FAR_IN_FLIGHT} in flight"
FAR_MOST = f"the same: most at once in the system, of {FAR_IN_FLIGHT}"
PLAIN_FAR_RATE = f"entries a second, answered after {DELAY_MS} ms, plain loop"
WRONG = "two of a case at once, out of order, doubled or missing, in any run"
PEAK = "peak MB of a process that delivers {:,} owed"
CLAIMED = "ms to settle and claim {} of {:,} owed"


class Cost(NamedTuple):
    """What delivering some entries cost; CPU of this process alone, the archive's is its own."""

    rate: float
    cpu_ms: float
    wrong: int
    most: int


# -- what is owed


def owe(ledger: Ledger, sink: str, count: int) -> None:
    """Write entries of about 1.6 KB, three to a case and next to each other, all owed."""
    for first in range(0, count, 1000):
        numbers = range(first, min(first + 1000, count))
        its = [_entry(number) for number in numbers]
        entries, versions, deliveries = [], [], []
        for number, each in zip(numbers, its, strict=True):
            content, made_at = entry_json(each), _MADE_AT + number
            key = delivery_key(each.id, 1, sink)
            entries.append((each.id, each.kind, each.case_number, "2026-11-16", made_at, 1))
            versions.append((each.id, 1, made_at, content_sha256(content).hex(), content.decode()))
            deliveries.append(
                (key, each.id, 1, sink, each.case_number, "waiting", made_at, made_at)
            )
        with ledger.write() as connection:
            ledger.insert_many(connection, entry, _ENTRY, entries)
            ledger.insert_many(connection, entry_version, _VERSION, versions)
            ledger.insert_many(connection, delivery, _DELIVERY, deliveries)


_ENTRY = ("id", "kind", "case_number", "day", "started_at", "version")
_VERSION = ("entry_id", "version", "made_at", "sha256", "content")
_DELIVERY = ("key", "entry_id", "version", "sink", "case_number", "state", "changed_at", "made_at")
_WORDS = text.sentences(400, "delivery")


def _entry(number: int) -> Entry:
    case = f"27.45.04-P19-{number // _EACH_CASE + 1}-26"
    at = datetime(2026, 11, 16, 8, tzinfo=UTC) + timedelta(seconds=number)
    lines = tuple(
        Line(
            key=f"1790000{number:06}{place}",
            at=at + timedelta(minutes=place),
            who=("Askov Lund", "Birke Dam")[place % 2],
            text=" ".join(_WORDS[(number * 7 + place * 3 + n) % len(_WORDS)] for n in range(3)),
            sha256=content_sha256(f"{number} {place}".encode()).hex(),
        )
        for place in range(3)
    )
    return Entry(
        id=f"e{number:09}", version=1, kind="conversation", case_number=case, started_at=at,
        ended_at=lines[-1].at, local_day=at.date(), time_zone="Europe/Copenhagen",
        title="Samtale om sagen", lines=lines, linked_by="rule number",
        parties=tuple(
            Party(person=f"p{place}", name=name, mail=f"medarbejder{place:04}@kommune.example")
            for place, name in enumerate(("Askov Lund", "Birke Dam"))
        ),
        evidence=(Evidence(rule="number", case_number=case, where="text", found=case),),
        sources=tuple(line.sha256 for line in lines),
    )  # fmt: skip


# -- who delivers


def program(count: int, delay_ms: int, in_flight: int) -> Cost:
    """The program, from a ledger in a file, each receipt and claim seen to the disk."""
    with tempfile.TemporaryDirectory() as folder, serving(delay_ms) as address:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        sink = ArchiveSink(address, in_flight)
        owe(ledger, sink.name, count)
        gc.collect()
        with running(ledger, f"deliver {sink.name}") as run:
            cost = _cost(count, lambda: deliver(ledger, sink, run, _no_files))
        kept = _expected(ledger, is_done=True)
        log = sink.log()
        sink.close()
        ledger.close()
    missing = count - sum(map(len, kept.values()))
    wrong = len(log.twice) + _differences(kept, log.keys) + missing
    return cost._replace(wrong=wrong, most=log.most)


def plain(count: int, delay_ms: int) -> Cost:
    """What a script would do with the same entries."""
    with tempfile.TemporaryDirectory() as folder, serving(delay_ms) as address:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        owe(ledger, "archive", count)
        expected = _expected(ledger, is_done=False)
        ledger.close()
        with requests.Session() as session:
            session.trust_env = False
            file = Path(folder) / "ledger.db"
            cost = _cost(count, lambda: _loop(session, address, file))
            keys = session.get(f"{address}/log", timeout=30).json()["keys"]
    return cost._replace(wrong=_differences(expected, keys))


def _loop(session: requests.Session, address: str, file: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous=FULL")
    while rows := database.execute(_PLAIN_NEXT).fetchall():
        receipts = []
        for key, case, content in rows:
            url = f"{address}/cases/{case}/entries/{key}"
            answer = session.post(url, json=json.loads(content), timeout=30)
            answer.raise_for_status()
            receipts.append((json.dumps(answer.json()), key))
        database.executemany("UPDATE delivery SET state='done', receipt=? WHERE key=?", receipts)
        database.commit()
    database.close()


_PLAIN_NEXT = """
    SELECT key, case_number, content FROM delivery JOIN entry_version USING (entry_id, version)
    WHERE sink = 'archive' AND state = 'waiting' ORDER BY delivery.made_at LIMIT 50"""


def _cost(count: int, work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(rate=count / wall_s, cpu_ms=cpu_s * 1000 / count, wrong=0, most=1)


def _expected(ledger: Ledger, *, is_done: bool) -> dict[str, list[str]]:
    """The keys of each case in the order in which they were to be sent."""
    found: dict[str, list[str]] = {}
    state = "done" if is_done else "waiting"
    query = "SELECT case_number, key FROM delivery WHERE state = ? ORDER BY made_at"
    with ledger.read() as connection:
        for case, key in connection.exec_driver_sql(query, (state,)):
            found.setdefault(case, []).append(key)
    return found


def _differences(expected: dict[str, list[str]], seen: dict[str, list[str]]) -> int:
    """Cases whose entries the archive did not get just once each and in order."""
    return sum(expected.get(case) != seen.get(case) for case in expected.keys() | seen.keys())


def _no_files(sha256: str) -> BinaryIO:
    raise AssertionError(f"no entry here has a file: {sha256}")


# -- the trials


def at_once(count: int, rounds: int) -> dict[str, float]:
    """A system that answers at once. The ways take turns, for a shared machine's speed changes."""
    ones, fours, plains = [], [], []
    for _ in range(rounds):
        ones.append(program(count, 0, 1))
        fours.append(program(count, 0, 4))
        plains.append(plain(count, 0))
    found: dict[str, float] = {}
    for rate, cpu, costs in (
        (RATE.format(1), CPU.format(1), ones),
        (RATE.format(4), CPU.format(4), fours),
        (PLAIN_RATE, PLAIN_CPU, plains),
    ):
        found[rate] = median(each.rate for each in costs)
        found[cpu] = median(each.cpu_ms for each in costs)
    return found | {WRONG: sum(each.wrong for each in (*ones, *fours, *plains))}


def far(count: int, rounds: int) -> dict[str, float]:
    """A system that takes its time, with many under way."""
    costs = [program(count, DELAY_MS, FAR_IN_FLIGHT) for _ in range(rounds)]
    return {
        FAR_RATE: median(each.rate for each in costs),
        FAR_CPU: median(each.cpu_ms for each in costs),
        FAR_MOST: max(each.most for each in costs),
        PLAIN_FAR_RATE: plain(_PLAIN_FAR, DELAY_MS).rate,
        WRONG: sum(each.wrong for each in costs),
    }


def owed(count: int) -> dict[str, float]:
    """One process that owes very many: what a claim takes, then memory when all are delivered."""
    with tempfile.TemporaryDirectory() as folder, serving() as address:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        sink = ArchiveSink(address, 4)
        owe(ledger, sink.name, count)
        with running(ledger, f"deliver {sink.name}") as run:
            claim_ms = _claim_ms(ledger, sink.name, run)
            done = deliver(ledger, sink, run, _no_files).done
        sink.close()
        ledger.close()
    found = {CLAIMED.format(CLAIM, count): claim_ms, WRONG: float(count - done)}
    return found | {PEAK.format(count): _peak_mb()}


def _claim_ms(ledger: Ledger, sink: str, run: Run) -> float:
    """CPU and disk of one exchange; what was claimed is given back unsent."""
    times = []
    claimed = exchange(ledger, sink, run.id, (), CLAIM)
    for _ in range(20):
        back = [Outcome(key=each.key, state="waiting") for each in claimed]
        began = time.perf_counter()
        claimed = exchange(ledger, sink, run.id, back, CLAIM)
        times.append((time.perf_counter() - began) * 1000)
    settle(ledger, [Outcome(key=each.key, state="waiting") for each in claimed], run.id)
    return median(times)


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def delivering(*, quick: bool = False) -> dict[str, float]:
    """Each trial in a process of its own. Raises RuntimeError when one fails."""
    counts = {"at_once": AT_ONCE, "far": FAR, "owed": OWED}
    if quick:
        counts = {"at_once": 600, "far": 600, "owed": 2_000}
    found: dict[str, float] = {}
    wrong = 0.0
    for trial, count in counts.items():
        figures = _in_process(trial, count, 1 if quick else ROUNDS)
        wrong += figures.pop(WRONG)
        found |= figures
    return found | {WRONG: wrong}


def _in_process(trial: str, count: int, rounds: int) -> dict[str, float]:
    words = ["--trial", trial, "--count", str(count), "--rounds", str(rounds)]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.delivery", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError("\n".join(["bench.delivery:", *ended.stderr.splitlines()[-5:]]))
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def main() -> None:
    """Print the figures of one trial, made in this process, or of all, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--trial", choices=("at_once", "far", "owed"))
    parser.add_argument("--count", type=int, default=AT_ONCE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.trial is None:
        figures = delivering(quick=given.quick)
    elif given.trial == "owed":
        figures = owed(given.count)
    else:
        figures = (at_once if given.trial == "at_once" else far)(given.count, given.rounds)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
