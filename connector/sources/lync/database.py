"""One database of Lync: read only, a short query at a time, its errors as ours.

The store is live and written by the servers that carry the calls: reads take no locks, each query
is bounded in rows and in time, and no transaction stays open between them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from connector.errors import ConfigError, Denied, Unavailable
from connector.sources.lync.schema import Schema, version_of

ISOLATION = {"read_uncommitted": "READ UNCOMMITTED", "snapshot": "SNAPSHOT"}
# SQL Server: login failed, untrusted domain, cannot open the database, no permission on an object
# or a column. Source: "Database engine events and errors", read 2026-11-22.
_DENIED_NUMBERS = frozenset({18456, 18452, 4060, 916, 229, 230})
_DENIED_STATES = ("28", "42501")  # of PostgreSQL: invalid authorisation, insufficient privilege
_LOGIN_S = 15
_SECOND = "%Y-%m-%d %H:%M:%S.%f"  # how SQLite keeps a time


class Database:
    """Access to one database by its address; `name` never changes, it is part of every key."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        password: str = "",
        zone: tzinfo = UTC,
        version: int | None = None,
        isolation: str = "read_uncommitted",
        timeout_s: int = 60,
    ) -> None:
        self.name = name
        self.zone = zone
        self._version = version
        self._lock = threading.Lock()
        self._users = 0
        self.engine = _engine(name, url, password, isolation, timeout_s)

    def rows(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """All rows of a bounded query. Raises Denied or Unavailable."""
        with self._translated(), self.engine.connect() as connection:
            return connection.execute(statement).all()

    def schema(self, tables: Sequence[str]) -> Schema:
        """What this login can see of these tables, and which version that is."""
        with self._translated(), self.engine.connect() as connection:
            found = _columns(connection, tables)
            number = None
            if "dbconfigint" in _columns(connection, ["DbConfigInt"]):
                number = _schema_number(connection)
        return Schema(self._version or version_of(number, found), found)

    def bound(self, at: datetime) -> object:
        """A moment as this database's own time, to compare a column with."""
        local = at.astimezone(self.zone).replace(tzinfo=None)
        return local.strftime(_SECOND) if self.engine.dialect.name == "sqlite" else local

    @contextmanager
    def used(self) -> Iterator[None]:
        """While at least one block is within, connections are kept; after the last none is open."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            raise _ours(self.name, error.orig or error) from error
        except exc.SQLAlchemyError as error:
            raise Unavailable(f"{self.name}: {type(error).__name__}", system=self.name) from error


def _ours(name: str, cause: BaseException) -> Denied | Unavailable:
    """The driver's error as ours, without its text: that can hold what was asked for."""
    number = _number_in(cause.args)
    state = str(getattr(cause, "sqlstate", None) or "")
    told = f"error {number or state or type(cause).__name__}"
    if number in _DENIED_NUMBERS or state.startswith(_DENIED_STATES):
        return Denied(
            f"{name}: the login is refused or may not read a table ({told}); map the login to "
            "the database and grant it SELECT (role db_datareader)",
            system=name,
        )
    return Unavailable(f"{name}: the database does not answer ({told})", system=name)


def _number_in(args: tuple[Any, ...]) -> int | None:
    """The server's number of an error: pymssql gives (18456, b"...") or ((18456, b"..."),)."""
    for arg in args:
        found = arg if isinstance(arg, int) else None
        if found is None and isinstance(arg, tuple):
            found = _number_in(arg)
        if found is not None:
            return found
    return None


def _engine(name: str, url: str, password: str, isolation: str, timeout_s: int) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise ConfigError([f"lync: the address of {name} is no database URL"]) from error
    backend = parsed.get_backend_name()
    if password and backend != "sqlite":
        parsed = parsed.set(password=password)
    make = _MAKERS.get(backend)
    if make is None:
        raise ConfigError([f"lync: {name}: {backend} is not supported; use mssql://"])
    try:
        return make(parsed, isolation, timeout_s)
    except ModuleNotFoundError as error:
        raise ConfigError(
            [f"lync: {name}: the driver is missing; install casethread[lync]"]
        ) from error


def _sql_server(url: sa.URL, isolation: str, timeout_s: int) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="mssql+pymssql"),
        isolation_level=ISOLATION[isolation],
        hide_parameters=True,  # an error's text gets into logs
        pool_pre_ping=True,
        pool_size=2,
        # read_only asks for a readable secondary where there is an availability group.
        connect_args={
            "timeout": timeout_s,
            "login_timeout": _LOGIN_S,
            "read_only": True,
            "appname": "casethread",
        },
    )


def _postgresql(url: sa.URL, _isolation: str, timeout_s: int) -> sa.Engine:
    """The sandbox, and copies of a Lync database that a site keeps for reports."""
    options = f"-c statement_timeout={timeout_s * 1000} -c default_transaction_read_only=on"
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=2,
        connect_args={"connect_timeout": _LOGIN_S, "options": options},
    )


def _sqlite(url: sa.URL, _isolation: str, timeout_s: int) -> sa.Engine:
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": timeout_s})

    @sa.event.listens_for(engine, "connect")
    def _read_only(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    return engine


_MAKERS: Mapping[str, Callable[[sa.URL, str, int], sa.Engine]] = {
    "mssql": _sql_server,
    "postgresql": _postgresql,
    "sqlite": _sqlite,
}


def _columns(connection: sa.Connection, tables: Sequence[str]) -> dict[str, dict[str, str]]:
    """Table -> column -> its name as written there; the keys in lower case."""
    if connection.dialect.name == "sqlite":
        look = sa.inspect(connection)
        there = {name.lower(): name for name in look.get_table_names()}
        return {
            table.lower(): {
                str(each["name"]).lower(): str(each["name"])
                for each in look.get_columns(there[table.lower()])
            }
            for table in tables
            if table.lower() in there
        }
    its = sa.table(
        "COLUMNS", sa.column("TABLE_NAME"), sa.column("COLUMN_NAME"), schema="INFORMATION_SCHEMA"
    )
    if connection.dialect.name == "postgresql":
        its = sa.table(
            "columns",
            sa.column("table_name"),
            sa.column("column_name"),
            schema="information_schema",
        )
    table_name, column_name = its.c
    found: dict[str, dict[str, str]] = {}
    wanted = sa.select(table_name, column_name).where(table_name.in_(list(tables)))
    for table, column in connection.execute(wanted):
        found.setdefault(str(table).lower(), {})[str(column).lower()] = str(column)
    return found


def _schema_number(connection: sa.Connection) -> int | None:
    its = sa.table("DbConfigInt", sa.column("Name"), sa.column("Value"))
    value = connection.execute(
        sa.select(its.c.Value).where(its.c.Name == "DbVersionSchema")
    ).scalar()
    return int(value) if value is not None else None
