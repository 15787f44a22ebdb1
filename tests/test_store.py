"""The ledger opens, migrates, and says clearly when it cannot."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.errors import ConfigError, Denied, LedgerError, Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.batch import detail_of, select_items
from connector.ledger.migrations import upgrade
from connector.ledger.store import HEAD, _engine
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.model import Item
from connector.sources.teams.messages import parse_message
from tests.making import message, page, policy


def shape(ledger: Ledger) -> dict[str, Any]:
    """Every table, column, index and constraint of a database, in words that can be compared."""
    inspector = sa.inspect(ledger.engine)
    return {
        table: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in inspector.get_columns(table)
            ],
            "indexes": sorted(
                (i["name"] or "", i["column_names"], i["unique"], _where(i))
                for i in inspector.get_indexes(table)
            ),
            "written": _written(ledger, table),
            "key": inspector.get_pk_constraint(table),
            "unique": sorted(str(u) for u in inspector.get_unique_constraints(table)),
            "foreign": str(inspector.get_foreign_keys(table)),
        }
        for table in inspector.get_table_names()
    }


def _written(ledger: Ledger, table: str) -> list[str]:
    """SQLite's own words for the indexes of a table; nothing on PostgreSQL."""
    if not ledger.is_sqlite:
        return []
    with ledger.read() as connection:
        query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
        rows = connection.exec_driver_sql(query, (table,)).scalars()
        return sorted(" ".join(sql.split()) for sql in rows if sql)


def _where(index: Any) -> dict[str, str]:
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


# Of SQLite's indexes on an expression, which SQLAlchemy cannot read: see `_written`.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based")
def test_created_is_migrated(ledger: Ledger, tmp_path: Path, request: Any) -> None:
    """A ledger made at once is the same as one made by all migrations, one after the other."""
    is_sqlite = ledger.is_sqlite
    made = shape(ledger)
    if is_sqlite:
        url = f"sqlite:///{tmp_path / 'migrated.db'}"
    else:
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
            connection.commit()
        url = str(request.getfixturevalue("ledger_url"))
    migrated = Ledger(_engine(url, ""))
    upgrade(migrated)

    assert made == shape(migrated)
    migrated.close()


def test_edits_that_were_kept_are_told(open_again: Callable[[], Ledger]) -> None:
    """A ledger from before edits were told gets their times; reading again keeps nothing twice."""
    ledger = open_again()
    chat = [_chat(1, "null"), _chat(2, f'"{EDITED}"'), _chat(3, f'"{SENT}"'), _chat(4, "null")]
    told = [read for each in chat if isinstance(read := parse_message("chats", "u", each), Item)]
    before = [msgspec.structs.replace(each, edited_at=None) for each in told]
    take(ledger, [page(*before)], policy())
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0008'")

    again = open_again()
    take(again, [page(*told)], policy())

    with again.read() as connection:
        rows = connection.execute(select_items().order_by(item.c.id)).all()
    edits = [detail_of(row).edited_at for row in rows]
    assert edits == [None, datetime.fromisoformat(EDITED), None, None]
    assert [detail_of(row).mentions for row in rows] == [("u2",)] * 4


SENT, EDITED = "2026-11-18T10:00:00.1+00:00", "2026-11-18T10:05:00+00:00"


def _chat(key: int, edited: str) -> bytes:
    """A chat message as Graph gives it."""
    mention = '[{"mentioned":{"user":{"id":"u2"}}}]'
    return (
        f'{{"id":"{key}","etag":"{key}","messageType":"message","createdDateTime":"{SENT}",'
        f'"lastEditedDateTime":{edited},"chatId":"19:a@thread.v2","mentions":{mention},'
        f'"body":{{"contentType":"text","content":"hej"}}}}'
    ).encode()


def test_head_is_newest() -> None:
    """The revision that a new ledger gets is the newest migration."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import connector.ledger.migrations as migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_newer_ledger(tmp_path: Path) -> None:
    """A ledger of a newer version is refused in words, and not touched."""
    url = f"sqlite:///{tmp_path / 'l.db'}"
    open_ledger(url).close()
    with sqlite3.connect(tmp_path / "l.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(LedgerError, match="newer version"):
        open_ledger(url)


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is no database is refused in words."""
    (tmp_path / "l.db").write_text("This is a letter to the archive." * 100)

    with pytest.raises(LedgerError, match=r"damaged|not a database"):
        open_ledger(f"sqlite:///{tmp_path / 'l.db'}")


@pytest.mark.parametrize("url", ["what is this", "mysql://u@h/d"])
def test_wrong_address(url: str) -> None:
    """An address that cannot be used is a mistake in the configuration."""
    with pytest.raises(ConfigError, match=r"ledger\.url"):
        open_ledger(url)


def test_folder_cannot_be_made(tmp_path: Path) -> None:
    """A place where no folder can be made is told with what to do."""
    (tmp_path / "file").touch()

    with pytest.raises(Denied, match="write access"):
        open_ledger(f"sqlite:///{tmp_path / 'file' / 'l.db'}")


def test_only_we_read_it(tmp_path: Path) -> None:
    """The file of citizens' talk is readable by its owner only."""
    open_ledger(f"sqlite:///{tmp_path / 'l.db'}").close()

    assert (tmp_path / "l.db").stat().st_mode & 0o777 == 0o600


def test_full_disk(tmp_path: Path) -> None:
    """A full disk is told in words; nothing of the batch is kept; with space again it goes on."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'l.db'}")

    def limit(pages: int) -> None:
        with ledger.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            used = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count={used + pages}")

    limit(5)
    big = [page(message("x" * 200_000, n)) for n in range(5)]
    with pytest.raises(Unavailable, match="disk is full"):
        take(ledger, big, policy())
    limit(100_000)
    taken = take(ledger, big, policy())

    assert sum(taken.new.values()) == 5
    ledger.close()


def test_database_goes_away(postgres_url: str) -> None:
    """A PostgreSQL that cannot be reached is told in words, and the words hold no password."""
    url = postgres_url.replace("host=", "host=/nowhere")
    with pytest.raises(Unavailable, match="does not answer") as told:
        open_ledger(url, password="hemmelig")

    assert "hemmelig" not in str(told.value)
