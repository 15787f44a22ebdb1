"""Opens the ledger, and lends connections for reading and writing.

The two databases differ in four places, all here or in tables.py: how a write transaction begins,
how row numbers are had, full-text search, and how durable a commit is.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy import exc as sa_exc

from connector.errors import ConfigError, Denied, LedgerError, Unavailable
from connector.ledger import article_tables, tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

log = logging.getLogger(__name__)

HEAD = "0009"  # the newest migration; tests hold it against the migrations folder
BUSY_TIMEOUT_S = 60  # one writer at a time; a commit of 2,000 items takes well under a second
_ON_WRITE = {"casethread_write": True}


def utc_now() -> datetime:
    """The clock used when none is given."""
    return datetime.now(UTC)


class Ledger:
    """Connections to one ledger, for many threads; on SQLite one of them writes at a time."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self.clock = clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.open_runs: set[int] = set()  # of this process; see runs.py
        # (source, key) -> id of threads that are committed; a row of `thread` never changes.
        self.thread_ids: dict[tuple[str, str], int] = {}
        self._texts: dict[str, str] = {}
        self._write_lock = threading.RLock() if self.is_sqlite else contextlib.nullcontext()

    def now(self) -> int:
        """The clock in milliseconds."""
        return tables.ms(self.clock())

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the ledger throughout."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction, committed at the end or not at all.

        `durable` waits for the disk on SQLite: for deliveries, receipts and decisions, where a lost
        commit would be a double or an untruth. A lost tail of a pull is only read again, because
        its cursor is lost with it.
        """
        with self._write_lock, translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                level = "FULL" if durable else "NORMAL"
                _outside_transaction(connection, f"PRAGMA synchronous={level}")
            connection = connection.execution_options(**_ON_WRITE)
            with connection.begin():
                yield connection

    def item_numbers(self, connection: Connection, count: int) -> list[int]:
        """`count` row numbers for new items, rising in order of arrival."""
        if count == 0:
            return []
        if self.is_sqlite:
            newest = connection.execute(sa.select(sa.func.max(tables.item.c.id))).scalar() or 0
            return list(range(newest + 1, newest + 1 + count))
        rows = connection.exec_driver_sql(
            "SELECT nextval('item_number') FROM generate_series(1, %s)", (count,)
        )
        return sorted(int(row[0]) for row in rows)

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that knows ON CONFLICT, in the dialect of this ledger."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert

            return insert(table)
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        return postgres_insert(table)

    def insert_many(
        self, connection: Connection, table: sa.Table, names: Sequence[str], rows: list[Any]
    ) -> int:
        """Insert tuples in the order of `names`, leaving out what is there; gives how many went in.

        The statement is SQLAlchemy's, compiled once for each table. Its handling of parameters, row
        by row, is not: that alone is a sixth of reading a million messages.
        """
        if not self.is_sqlite:
            insert = self.insert(table).on_conflict_do_nothing()
            dictionaries = [dict(zip(names, row, strict=True)) for row in rows]
            return connection.execute(insert, dictionaries).rowcount
        text = self._texts.get(table.name)
        if text is None:
            insert = self.insert(table).on_conflict_do_nothing()
            compiled = insert.compile(dialect=self.engine.dialect, column_keys=list(names))
            if list(compiled.positiontup or ()) != list(names):
                raise LedgerError(f"ledger: the columns of {table.name} are not in order")
            text = self._texts[table.name] = str(compiled)
        return connection.exec_driver_sql(text, rows).rowcount

    def update_many(
        self, connection: Connection, statement: sa.Update, names: Sequence[str], rows: list[Any]
    ) -> None:
        """Run an update for each of the tuples, which are its parameters in the order of `names`.

        As with `insert_many`: SQLAlchemy's statement, and the driver's handling of parameters.
        """
        if not self.is_sqlite:
            connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
            return
        compiled = statement.compile(dialect=self.engine.dialect)
        if list(compiled.positiontup or ()) != list(names):
            raise LedgerError(f"ledger: {', '.join(names)} are not the parameters in order")
        connection.exec_driver_sql(str(compiled), rows)

    def one_of(self, column: sa.Column[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
        """Whether the column is one of these texts, however many: they are a single parameter.

        To put five hundred parameters into a statement takes longer than to run it. For a column
        that begins an index, in a query that goes from these texts to the rest.
        """
        if self.is_sqlite:
            its = sa.func.json_each(msgspec.json.encode(values).decode()).table_valued("value")
            return column.in_(sa.select(its.c.value))
        return column == sa.any_(sa.literal(list(values), sa.ARRAY(sa.Text)))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_ledger(url: str, *, clock: Callable[[], datetime] = utc_now, password: str = "") -> Ledger:
    """The ledger at `url` ("sqlite:///file.db" or "postgresql://..."), made or migrated as needed.

    Raises ConfigError for a URL that cannot be used, LedgerError for a ledger made by a newer
    version of the program, Unavailable when the database does not answer.
    """
    engine = _engine(url, password)
    ledger = Ledger(engine, clock)
    try:
        with translated():
            _bring_up_to_date(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _engine(url: str, password: str) -> Engine:
    # hide_parameters: an error's text gets into logs, and its parameters are what people said.
    try:
        parsed = sa.make_url(url)
    except sa_exc.ArgumentError as error:
        raise ConfigError([f"ledger.url: {url!r} is not a database URL"]) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(
            [f"ledger.url: {parsed.get_backend_name()} is not supported; use sqlite or postgresql"]
        )
    parsed = parsed.set(drivername="postgresql+psycopg")
    if password:
        parsed = parsed.set(password=password)
    try:
        engine = sa.create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ConfigError(
            ["ledger.url: PostgreSQL needs a driver; install casethread[postgres]"]
        ) from error
    sa_event.listen(engine, "connect", _without_jit)
    return engine


def _sqlite_engine(url: sa.URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Citizens' talk: nobody but the service account reads it.
            path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise Denied(
                f"ledger: {path} cannot be written ({error.strerror}); "
                "give the service account write access to this folder",
                system="ledger",
            ) from error
        engine = sa.create_engine(
            url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}
        )
    else:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            poolclass=sa.StaticPool,
            connect_args={"check_same_thread": False},
        )
    sa_event.listen(engine, "connect", _on_connect)
    sa_event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    run = connection.cursor().execute
    run("PRAGMA page_size=8192")  # before the first table only: a quarter less disk than 4096
    run("PRAGMA journal_mode=WAL")
    run("PRAGMA foreign_keys=ON")
    run("PRAGMA cache_size=-32000")  # 32 MB: a larger cache bought nothing and costs memory
    run("PRAGMA secure_delete=FAST")  # erased words do not stay readable in the file's free space
    run("PRAGMA journal_size_limit=67108864")


def _without_jit(connection: DBAPIConnection, _record: object) -> None:
    """PostgreSQL compiles what it thinks dear: 100 ms for a search that then runs for five."""
    connection.cursor().execute("SET jit = off")
    connection.commit()


def _on_begin(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("casethread_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def _outside_transaction(connection: Connection, statement: str) -> None:
    raw = connection.connection.driver_connection
    if raw is not None:
        raw.execute(statement)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """The database's errors become ours, here and nowhere else."""
    try:
        yield
    except sa_exc.OperationalError as error:
        raise _ours(error) from error
    except sa_exc.DatabaseError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise LedgerError(
                f"ledger: the file is damaged ({error.orig}); stop the program and restore the "
                "newest copy"
            ) from error
        if isinstance(error, sa_exc.IntegrityError | sa_exc.DataError | sa_exc.ProgrammingError):
            raise LedgerError(f"ledger: {type(error).__name__}: {error.orig}") from error
        raise _ours(error) from error
    except sa_exc.TimeoutError as error:
        raise Unavailable("ledger: all connections are in use", system="ledger") from error


def _ours(error: sa_exc.DatabaseError) -> Unavailable | Denied | LedgerError:
    words = str(error.orig)
    if "disk is full" in words or "disk I/O error" in words or "No space left" in words:
        return Unavailable(
            f"ledger: {words}; free space on the disk, the run goes on where it stopped",
            system="ledger",
        )
    if "readonly database" in words or "unable to open" in words or "permission denied" in words:
        return Denied(
            f"ledger: {words}; give the service account write access to the ledger and its folder",
            system="ledger",
        )
    if "no such table" in words or "no such column" in words:
        return LedgerError(f"ledger: {words}; this is no ledger of this version")
    if "locked" in words:
        return Unavailable(
            "ledger: another process has been writing for more than "
            f"{BUSY_TIMEOUT_S} s; see 'casethread status' for which",
            system="ledger",
        )
    return Unavailable(
        f"ledger: the database does not answer ({' '.join(words.split())}); start it, or look at "
        "ledger.url; the next run goes on where this one stopped",
        system="ledger",
    )


def _bring_up_to_date(ledger: Ledger) -> None:
    revision = _revision(ledger)
    if revision == HEAD:
        return
    if revision is None:
        with ledger.write(durable=True) as connection:
            create(connection)
        log.info("ledger made", extra={"action": "ledger_made"})
        return
    from connector.ledger.migrations import upgrade

    upgrade(ledger)


def is_up_to_date(ledger: Ledger) -> bool:
    """Whether its tables are those of this version. Raises Unavailable when it does not answer."""
    with translated():
        return _revision(ledger) == HEAD


def _revision(ledger: Ledger) -> str | None:
    with ledger.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def create(connection: Connection) -> None:
    """All tables at once, as the sum of all migrations leaves them (a test compares the two).

    Faster than running the migrations: Alembic alone takes half a second of CPU to import.
    """
    if connection.dialect.name == "postgresql":
        # Two programs started at once on an empty database: the second waits here.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4242260017)")
    if sa.inspect(connection).has_table("alembic_version"):
        return
    article_tables.article_page.metadata.create_all(connection, checkfirst=False)
    extra = tables.SQLITE_DDL if connection.dialect.name == "sqlite" else tables.POSTGRES_DDL
    for statement in (
        *tables.PARTIAL_INDEXES,
        *tables.PORTAL_INDEXES,
        *tables.DENIED_INDEXES,
        *extra,
    ):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(
        sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD}
    )
