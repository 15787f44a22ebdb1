"""python -m bench.exchange: 420 mailboxes of an Exchange server, read whole and then for news.

The program's own `casethread sync exchange` reads the sandbox's server, which lets each answer wait
20 ms, into an empty ledger; then twice more, when nothing is new: on the same day (a folder that
has not changed is not asked) and after a night (all are). Next to it, in the same run, a plain
script asks the same with requests and lxml and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import measure
from bench.exchange_serve import PASSWORD, address

ROOT = Path(__file__).resolve().parents[1]
GOAL_ITEMS_S, GOAL_NEWS_S, GOAL_MB = 400, 30, 300


class Result(msgspec.Struct, frozen=True):
    """One row of the table."""

    what: str
    cost: measure.Cost
    items: int

    def told(self) -> str:
        rate = f"{self.items / self.cost.wall_s:8,.0f}" if self.items else "       –"
        return (
            f"{self.what:<44} {self.cost.wall_s:7.1f} s {rate} items/s "
            f"{self.cost.cpu_s:7.1f} s CPU {self.cost.peak_mb:6.0f} MB"
        )


def main(words: list[str] | None = None) -> int:
    """Measure and print; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.exchange", description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=420)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--delay-ms", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "exchange")
    given = parser.parse_args(words)
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    with _serving(given.mailboxes, given.items, given.delay_ms) as url:
        results = _measured(given.folder, url, given.mailboxes, given.mailboxes * given.items)
    for each in results:
        sys.stdout.write(each.told() + "\n")
    return _judged(results, _kept(given.folder), given.mailboxes * given.items)


@contextmanager
def _serving(mailboxes: int, items: int, delay_ms: int) -> Iterator[str]:
    """The server in its own process; its address."""
    sizes = (f"--mailboxes={mailboxes}", f"--items={items}", f"--delay-ms={delay_ms}")
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.exchange_serve", *sizes],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def _measured(folder: Path, url: str, mailboxes: int, items: int) -> list[Result]:
    plain = [sys.executable, "-m", "bench.exchange_plain", url, str(mailboxes)]
    (folder / "casethread.toml").write_text(_configuration(url, mailboxes), encoding="utf-8")
    (folder / "journal").mkdir()
    return [
        Result("plain requests and lxml, nothing kept", _run(folder, plain), items),
        Result("casethread: initial read into the ledger", _sync(folder), items),
        Result("casethread: nothing new, the same day", _sync(folder), 0),
        Result("casethread: nothing new, after a night", _after_a_night(folder), 0),
    ]


def _run(folder: Path, command: list[str]) -> measure.Cost:
    env = {**os.environ, "CASETHREAD_EXCHANGE_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)}
    cost = measure.run(command, folder=folder, log=folder / "log.txt", env=env)
    if cost.exit_code:
        raise SystemExit(f"{command[2]} failed; see {folder / 'log.txt'}")
    return cost


def _sync(folder: Path) -> measure.Cost:
    return _run(folder, [sys.executable, "-m", "connector.cli", "sync", "exchange"])


def _after_a_night(folder: Path) -> measure.Cost:
    """As on the first run of a day, when every folder is asked."""
    with sqlite3.connect(folder / "casethread.db") as ledger:
        rows = ledger.execute("SELECT part, value FROM cursor WHERE source = 'exchange'").fetchall()
        for part, value in rows:
            state = json.loads(value) | {"day": "2001-01-01"}
            ledger.execute(
                "UPDATE cursor SET value = ? WHERE source = 'exchange' AND part = ?",
                (json.dumps(state), part),
            )
    ledger.close()
    return _sync(folder)


def _kept(folder: Path) -> dict[str, int]:
    """How many items of each kind the ledger has."""
    with sqlite3.connect(folder / "casethread.db") as ledger:
        rows = ledger.execute("SELECT kind, count(*) FROM item GROUP BY kind").fetchall()
    ledger.close()
    return dict(rows)


def _judged(results: list[Result], kept: dict[str, int], items: int) -> int:
    """Are the goals met, and is everything there once?"""
    _plain, first, news, night = results
    sys.stdout.write(f"kept: {kept}\n")
    missed = [
        text
        for text, is_met in (
            (f"{GOAL_ITEMS_S} items/s", items / first.cost.wall_s >= GOAL_ITEMS_S),
            (f"{GOAL_NEWS_S} s without news", news.cost.wall_s <= GOAL_NEWS_S),
            (f"{GOAL_NEWS_S} s after a night", night.cost.wall_s <= GOAL_NEWS_S),
            (f"{GOAL_MB} MB", max(each.cost.peak_mb for each in results[1:]) <= GOAL_MB),
            ("every item kept", kept.get("voicemail", 0) + kept.get("event", 0) == items),
        )
        if not is_met
    ]
    sys.stdout.write(f"missed: {', '.join(missed)}\n" if missed else "all goals met\n")
    return 1 if missed else 0


def _configuration(url: str, mailboxes: int) -> str:
    names = ", ".join(f'"{address(number)}"' for number in range(mailboxes))
    off = ("directory", "chats", "call_records", "pstn", "direct_routing", "voicemail", "presence")
    switches = "\n".join(f"{name}.enabled = false" for name in off)
    return f"""\
language = "en"
time_zone = "UTC"
[graph]
base_url = "http://127.0.0.1:9/v1.0"
auth = "static"
[sources]
{switches}
[sources.exchange]
enabled = true
url = "{url}"
auth = "basic"
user = "svc-casethread"
mailboxes = [{names}]
[sinks.journal]
kind = "folder"
path = "journal"
"""


if __name__ == "__main__":
    sys.exit(main())
