"""A Lync database of the sandbox municipality for tests, on a server that can be told to fail."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.model import Item, Page, Person, Problem
from connector.ports import Source
from connector.sandbox import build
from connector.sandbox.lync_cdr import LyncCdr
from connector.sandbox.lync_rows import Habits
from connector.sandbox.municipality import Municipality
from connector.sources.lync import ArchivedMessages, CallDetails, Database
from tests.contracts.source import nothing_known

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORLD = build(seed=3, users=40, days=9, now=NOW)
# SQL Server's numbers: login failed, no SELECT permission, connection broken, query timed out.
NUMBERS = {"refused": 18456, "forbidden": 229, "down": 20009, "throttled": 20003}


class Server:
    """SQLite that answers with the errors of a SQL Server when it is told to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.how = "well"
        self.asked = 0
        self.until = 10**9  # the number of the query from which on it fails
        self.engine = sa.create_engine(
            "sqlite://", creator=self._connect, poolclass=sa.pool.NullPool
        )

    def _connect(self) -> sqlite3.Connection:
        server = self

        class Cursor(sqlite3.Cursor):
            def execute(self, *args: Any) -> Any:
                server.asked += args[0][:9].startswith(("SELECT s.", "SELECT m."))
                is_well = server.how == "well" or server.asked < server.until
                if is_well or server.how == "cut":
                    return super().execute(*args)
                number = NUMBERS[server.how]
                raise sqlite3.OperationalError(number, b"DB-Lib error message 20018")

            def fetchall(self) -> list[Any]:
                if server.how == "cut" and server.asked >= server.until:
                    raise sqlite3.OperationalError(20047, b"DBPROCESS is dead")
                return super().fetchall()

        class Connection(sqlite3.Connection):
            def cursor(self, *_args: Any, **_named: Any) -> Any:
                return super().cursor(Cursor)

        return sqlite3.connect(self.file, factory=Connection, check_same_thread=False)

    def fail(self, how: str, after: int = 0) -> None:
        """From the query after so many on: refused, forbidden, down, cut, throttled or well."""
        self.how, self.until = how, self.asked + after

    def run(self, statement: str) -> None:
        """Change the database behind the back of those who read it."""
        with sqlite3.connect(self.file) as connection:
            connection.execute(statement)


def filled(
    file: Path,
    *,
    world: Municipality = WORLD,
    version: int = 2013,
    habits: Habits | None = None,
    now: datetime = NOW,
) -> LyncCdr:
    """The municipality's database in a SQLite file."""
    cdr = LyncCdr(world, sa.create_engine(f"sqlite:///{file}"), version=version, habits=habits)
    cdr.show(now)
    return cdr


def source(url: str | Server, *, now: datetime = NOW, **settings: Any) -> CallDetails:
    """The reader of one database."""
    named = {"zone": settings.pop("zone", UTC), "version": settings.pop("version", None)}
    address = url if isinstance(url, str) else f"sqlite:///{url.file}"
    database = Database("LcsCDR", address, **named)
    if isinstance(url, Server):
        database.engine = url.engine
    clock = settings.pop("clock", lambda: now)
    return CallDetails([database], clock=clock, **{"initial_days": 30, **settings})


def log_source(server: Server) -> ArchivedMessages:
    """The reader of archived messages in this database."""
    database = Database("LcsLog", f"sqlite:///{server.file}")
    database.engine = server.engine
    return ArchivedMessages([database], initial_days=30, clock=lambda: NOW)


def people(world: Municipality = WORLD) -> list[Person]:
    """The directory."""
    return [
        Person(id=each.key, upn=each.upn, name=each.name, sip=f"sip:{each.upn}", mail=each.upn)
        for each in world.staff
    ]


def read(its: Source, part: str = "LcsCDR/sessions", cursor: str | None = None) -> list[Page]:
    """Every page of one reading, with the directory known."""
    its.parts(people())
    return list(its.changes(part, cursor, nothing_known))


def items(pages: list[Page]) -> list[Item]:
    return [one for page in pages for one in page.items if isinstance(one, Item)]


def problems(pages: list[Page]) -> list[Problem]:
    return [one for page in pages for one in page.items if isinstance(one, Problem)]
