"""python -m bench.lync: a million rows of Lync's call detail, read, joined into calls and stored.

The program's own `casethread sync lync_cdr` reads a database made here, into an empty ledger. Next
to it, in the same run, a plain script reads the same rows with the same query and keeps nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa

from bench import measure
from connector.sandbox.lync_rows import CLIENTS, GROUP_URI, step
from connector.sandbox.lync_schema import SCHEMA_NUMBER, tables
from connector.sources.lync.database import Database
from connector.sources.lync.queries import Key, sessions_query
from connector.sources.lync.rows import KINDS

ROOT = Path(__file__).resolve().parents[1]
DAYS, USERS, CITIZENS = 58, 2000, 60_000
VERSION = 2013
WHOLE = 1_000_000
GOAL_S, GOAL_MB = 180, 300
_PAGE = 1000


class Row(msgspec.Struct, frozen=True):
    """One session to be: seconds from its call's beginning, ids of people and numbers."""

    after_s: float
    rings_s: float
    talks_s: float
    code: int
    caller: int
    callee: int
    client: int = 1
    media: int = 16
    from_phone: int | None = None
    to_phone: int | None = None


GROUP = USERS + 1  # the response group's UserId


def main(words: list[str] | None = None) -> int:
    """Measure and print; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.lync", description=__doc__)
    parser.add_argument("--rows", type=int, default=WHOLE)
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "lync")
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.plain:
        print(read_plain(given.plain))
        return 0
    given.folder.mkdir(parents=True, exist_ok=True)
    source = given.folder / f"lcscdr-{given.rows}.db"
    if not source.exists():
        fill(source, given.rows)
    return _report(given.rows, _plain(source, given.folder), *_ours(source, given.folder))


def _report(
    rows: int, plain: measure.Cost, ours: measure.Cost, found: dict[str, int], again: measure.Cost
) -> int:
    print(f"{rows:,} rows of SessionDetails, {WHOLE // DAYS:,} a day, SQLite on this machine")
    for name, cost in (
        ("plain SQLAlchemy read, nothing kept", plain),
        ("casethread sync lync_cdr", ours),
        ("the same again, nothing new", again),
    ):
        rate = rows / cost.wall_s
        print(
            f"{name:38} {cost.wall_s:7.1f} s {cost.cpu_s:7.1f} s CPU {cost.peak_mb:6.0f} MB"
            f" {rate:9,.0f} rows/s"
        )
    print("in the ledger:", ", ".join(f"{count:,} {kind}" for kind, count in found.items()))
    is_whole = found.get("sighting", 0) + found.get("event", 0) == rows
    is_fast = ours.wall_s <= GOAL_S * rows / WHOLE and ours.peak_mb <= GOAL_MB
    print(
        f"goal: {GOAL_S} s for a million, {GOAL_MB} MB:",
        "kept" if is_fast else "MISSED",
        "" if is_whole else "; ROWS ARE MISSING",
    )
    return 0 if is_fast and is_whole else 1


def _plain(source: Path, folder: Path) -> measure.Cost:
    return _run([sys.executable, "-m", "bench.lync", "--plain", str(source)], ROOT, folder)


def _ours(source: Path, folder: Path) -> tuple[measure.Cost, dict[str, int], measure.Cost]:
    site = folder / "site"
    site.mkdir(exist_ok=True)
    for old in site.glob("casethread.db*"):
        old.unlink()
    (site / "journal").mkdir(exist_ok=True)
    (site / "casethread.toml").write_text(_settings(source), encoding="utf-8")
    command = [sys.executable, "-m", "connector.cli", "sync", "lync_cdr"]
    first = _run(command, site, folder)
    found = _kinds(site / "casethread.db")
    return first, found, _run(command, site, folder)


def _run(command: list[str], cwd: Path, folder: Path) -> measure.Cost:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CASETHREAD_TOKEN": "none"}
    cost = measure.run(command, folder=cwd, log=folder / "log.txt", env=env)
    if cost.exit_code:
        raise SystemExit(f"{' '.join(command)} ended with {cost.exit_code}: see {folder}/log.txt")
    return cost


def _settings(source: Path) -> str:
    return f"""\
language = "en"
[graph]
auth = "static"
[lync]
call_databases = ["bench = sqlite:///{source.as_posix()}"]
[sources.lync_cdr]
enabled = true
[sinks.journal]
kind = "folder"
path = "journal"
"""


def _kinds(ledger: Path) -> dict[str, int]:
    with sqlite3.connect(ledger) as connection:
        rows = connection.execute("SELECT kind, count(*) FROM item WHERE is_current GROUP BY kind")
        return dict(rows.fetchall())


def read_plain(source: Path) -> int:
    """How many rows there are, by the query of the program, paged by key as it does."""
    database = Database("bench", f"sqlite:///{source}")
    query = sessions_query(database.schema(KINDS["sessions"].tables))
    after, count = None, 0
    while rows := database.rows(query(_PAGE, after=after)):
        after = Key(rows[-1][0], rows[-1][1])
        count += len(rows)
    return count


# -- the database ------------------------------------------------------------------------------


def fill(file: Path, rows: int) -> None:
    """Make the database: five kinds of call and chats, spread over the days."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{part}")
    meta = tables(VERSION)
    meta.create_all(engine)
    engine.dispose()
    with sqlite3.connect(part) as connection:
        _fill_names(connection)
        _fill_sessions(connection, rows)
    part.rename(file)


def _fill_names(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO DbConfigInt VALUES ('DbVersionSchema', ?)", [SCHEMA_NUMBER[2013]]
    )
    connection.executemany(
        "INSERT INTO Users (UserId, UserUri) VALUES (?, ?)",
        [(n, f"person{n}@nordvang.example") for n in range(1, USERS + 1)]
        + [(GROUP, GROUP_URI.removeprefix("sip:"))],
    )
    connection.executemany(
        "INSERT INTO Phones (PhoneId, PhoneUri) VALUES (?, ?)",
        # Nobody has a Danish number that begins with 1. Spread widely, as citizens' numbers are:
        # calls whose numbers look alike when masked are compared with each other.
        [(n, f"+451{n * 9_999_999 // CITIZENS:07}") for n in range(1, CITIZENS + 1)],
    )
    connection.execute("INSERT INTO Gateways VALUES (1, 'gw01.nordvang.example')")
    connection.execute("INSERT INTO Servers VALUES (1, 'fe01.nordvang.example')")
    connection.executemany(
        "INSERT INTO ClientVersions (VersionId, Version, ClientType) VALUES (?, ?, ?)",
        [(each["VersionId"], each["Version"], each["ClientType"]) for each in CLIENTS],
    )


def _fill_sessions(connection: sqlite3.Connection, total: int) -> None:
    dice = random.Random(7)
    first = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=DAYS)
    # As many calls an hour whatever the count: joining compares those that are near in time.
    apart = timedelta(days=DAYS - 1) / WHOLE
    taken: dict[str, int] = {}
    sessions: list[tuple[object, ...]] = []
    voips: list[tuple[object, ...]] = []
    made = 0
    while made < total:
        begun = first + apart * made
        correlation = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        for row in list(_call(dice))[: total - made]:
            made += 1
            at = str(
                step(begun + timedelta(seconds=row.after_s, microseconds=dice.randrange(10**6)))
            )
            at = f"{at}.000000" if "." not in at else at
            taken[at] = seq = taken.get(at, 0) + 1
            sessions.append(_session(row, at, seq, correlation))
            if row.media == 16:
                gate = 1 if row.from_phone else None, 1 if row.to_phone else None
                voips.append((at, seq, row.from_phone, row.to_phone, *gate))
        if len(sessions) > 50_000:
            _write(connection, sessions, voips)
    _write(connection, sessions, voips)


def _write(
    connection: sqlite3.Connection,
    sessions: list[tuple[object, ...]],
    voips: list[tuple[object, ...]],
) -> None:
    connection.executemany(
        """INSERT INTO SessionDetails (SessionIdTime, SessionIdSeq, CorrelationId, User1Id, User2Id,
        SessionStartedById, TargetUserId, ServerId, User1ClientVerId, User2ClientVerId, InviteTime,
        ResponseTime, ResponseCode, SessionEndTime, MediaTypes, CallFlag)
        VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, 0)""",
        sessions,
    )
    connection.executemany(
        """INSERT INTO VoipDetails (SessionIdTime, SessionIdSeq, FromNumberId, ConnectedNumberId,
        FromGatewayId, ToGatewayId) VALUES (?, ?, ?, ?, ?, ?)""",
        voips,
    )
    sessions.clear()
    voips.clear()


def _session(row: Row, at: str, seq: int, correlation: str) -> tuple[object, ...]:
    begun = datetime.fromisoformat(at)
    answer = begun + timedelta(seconds=row.rings_s)
    end = answer + timedelta(seconds=row.talks_s) if row.code == 200 else None
    return (
        *(at, seq, correlation if row.media == 16 else None),
        *(row.caller or None, row.callee or None, row.caller or None, row.callee or None),
        *(row.client, at, str(answer), row.code, str(end) if end else None, row.media),
    )


def _call(dice: random.Random) -> Iterator[Row]:
    """The rows of one call or chat."""
    one, other = dice.randint(1, USERS), dice.randint(1, USERS)
    phone = dice.randint(1, CITIZENS)
    rings, talks = dice.uniform(2, 25), dice.uniform(20, 900)
    code = 200 if dice.random() < 0.7 else 487
    kind = dice.choices(("in", "out", "inside", "group", "fork", "chat"), (30, 15, 10, 15, 10, 20))
    match kind[0]:
        case "in":
            yield Row(0, rings, talks, code, 0, one, from_phone=phone)
        case "out":
            yield Row(0, rings, talks, code, one, 0, to_phone=phone)
        case "inside":
            yield Row(0, rings, talks, code, one, other)
        case "group":
            yield Row(0, 1, rings + talks, 200, 0, GROUP, client=2, from_phone=phone)
            yield Row(2, rings, talks, 200, GROUP, one)
        case "fork":
            yield Row(0, rings, talks, 200, 0, one, from_phone=phone)
            yield Row(0.04, rings, 0, 487, 0, one, from_phone=phone)
        case _:
            yield Row(0, 1, talks, 200, one, other, media=1)


if __name__ == "__main__":
    sys.exit(main())
