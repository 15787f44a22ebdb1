"""Fills a ledger for the portal's benchmark; what is there already is used again.

The tables are made, and people and cases kept, by the program itself. What was said is written
straight into the tables, and then the indexes are made: the program's own reading of a million
messages is measured elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.web_data import COLUMNS, END, STAFF, Rows, Talks, Town
from bench.web_site import settings
from bench.web_words import Talk
from connector.bootstrap import Program
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.register import keep_cases
from connector.ledger.take import take
from connector.model import Page, Presence

DONE = "bench_filled"  # in `meta`, once it is
_COUNTED = {"thread": "thread_id_seq", "link": "link_id_seq", "event": "event_id_seq"}
_STATES = ("Available", "Busy", "Away", "DoNotDisturb", "Offline", "BeRightBack")


def sqlite_ledger(folder: Path, count: int) -> str:
    """The address of a ledger file with `count` communications."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"portal-{count}.db"
    url = f"sqlite:///{path}"
    if path.exists() and is_filled(url, folder):
        return url
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    town = Town()
    _begin(url, folder, town)
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    run("PRAGMA synchronous=OFF")
    run("PRAGMA cache_size=-400000")
    indexes = run(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        f"AND tbl_name IN ({', '.join('?' * len(COLUMNS))})", tuple(COLUMNS)
    ).fetchall()  # fmt: skip
    for name, _ in indexes:
        run(f'DROP INDEX "{name}"')
    for rows in pieces(count, town):
        run("BEGIN")
        for table, its in rows.items():
            connection.executemany(_insert(table), its)
        words = [(row[0], row[13] or "", row[14] or "") for row in rows["item"] if row[14]]
        sql = "INSERT INTO item_search (rowid, subject, text) VALUES (?, ?, ?)"
        connection.executemany(sql, words)
        run("COMMIT")
    for _, sql in indexes:
        run(sql)
    run("INSERT INTO meta (name, value) VALUES (?, ?)", (DONE, str(count)))
    run("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return url


def postgres_ledger(url: str, folder: Path, count: int, source: Path | None = None) -> str:
    """The same in the PostgreSQL database at `url`; from the ledger file `source` where it is."""
    import psycopg

    if is_filled(url, folder):
        return url
    _begin(url, folder, Town())
    with psycopg.connect(url, autocommit=True) as connection:
        run = connection.execute
        run("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        indexes = run(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid::regclass::text = ANY(%s) AND NOT EXISTS "
            "(SELECT 1 FROM pg_constraint c WHERE c.conindid = indexrelid)", (list(COLUMNS),)
        ).fetchall()  # fmt: skip
        for name, _ in indexes:
            run(f"DROP INDEX {name}")
        for rows in copied(source) if source else pieces(count, Town()):
            for table, its in rows.items():
                _copy(connection, table, its)
        for _, sql in indexes:
            run(sql)
        run("SELECT setval('item_number', (SELECT max(id) FROM item))")
        for table, sequence in _COUNTED.items():
            run(f"SELECT setval('{sequence}', (SELECT max(id) FROM {table}))")
        run("VACUUM ANALYZE")  # as autovacuum would have done by now
        run("INSERT INTO meta (name, value) VALUES (%s, %s)", (DONE, str(count)))
    return url


def pieces(count: int, town: Town) -> Iterator[Rows]:
    """What was said, made."""
    return Talks(count, town, Talk("portal")).pieces()


def copied(source: Path, size: int = 20_000) -> Iterator[Rows]:
    """What was said, from a ledger file that has it."""
    connection = sqlite3.connect(source)
    for table, names in COLUMNS.items():
        found = connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY rowid")
        while some := found.fetchmany(size):
            yield {table: some}
    connection.close()


def refresh(ledger: Ledger, program: Program, town: Town) -> None:
    """Everybody's present state, as if it had been read this minute."""
    now = program.clock()
    presences = tuple(
        Presence(
            person=person.id, observed_at=now, availability=_STATES[place % 6],
            activity=_STATES[place % 6],
        )
        for place, person in enumerate(town.people)
    )  # fmt: skip
    page = Page(source="presence", part="all", cursor="c", presences=presences)
    take(ledger, [page], program.policy())


def is_filled(url: str, folder: Path) -> bool:
    """Whether this ledger was filled to its end."""
    with _Opened(url, folder) as program, program.ledger.read() as connection:
        found = connection.execute(sa.text(f"SELECT 1 FROM meta WHERE name = '{DONE}'"))
        return found.first() is not None


class _Opened:
    """A program on this ledger, closed at the end."""

    def __init__(self, url: str, folder: Path) -> None:
        self.its = Program(settings=settings(folder, url), clock=lambda: END)

    def __enter__(self) -> Program:
        return self.its

    def __exit__(self, *_: object) -> None:
        self.its.close()


def _begin(url: str, folder: Path, town: Town) -> None:
    """The tables, the directory and the register."""
    with _Opened(url, folder) as program:
        ledger, policy = program.ledger, program.policy()
        for start in range(0, STAFF, 500):
            some = tuple(town.people[start : start + 500])
            take(ledger, [Page(source="directory", part="users", people=some)], policy)
        for start in range(0, len(town.cases), 5000):
            with ledger.write() as connection:
                batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
                keep_cases(batch, town.cases[start : start + 5000])


def _insert(table: str) -> str:
    names = COLUMNS[table]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _copy(connection: Any, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    sql = f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)
