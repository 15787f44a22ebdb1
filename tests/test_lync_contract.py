"""The readers of Lync's databases, through the contract suite of sources."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.ports import Source
from connector.sandbox.lync_messages import fill_log
from tests.contracts.lync_database import LyncDatabaseContract
from tests.lync_world import WORLD, Server, filled, log_source, source


class TestCallDetails(LyncDatabaseContract):
    database_name = "LcsCDR"

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        filled(tmp_path / "lync.db")
        self.server = Server(tmp_path / "lync.db")

    def make(self) -> Source:
        return source(self.server)

    def spoil(self) -> None:
        self.server.run("""UPDATE "SessionDetails" SET "SessionEndTime" = 'soon'
            WHERE rowid = (SELECT min(rowid) FROM "SessionDetails")""")


class TestLcsLog(LyncDatabaseContract):
    database_name = "LcsLog"

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        fill_log(WORLD, sa.create_engine(f"sqlite:///{tmp_path / 'log.db'}"))
        self.server = Server(tmp_path / "log.db")

    def make(self) -> Source:
        return log_source(self.server)

    def spoil(self) -> None:
        for table, column in (("Messages", "MessageIdTime"), ("ConferenceMessages", "Date")):
            self.server.run(f"""UPDATE "{table}" SET "{column}" = 'z' || "{column}"
                WHERE rowid = (SELECT max(rowid) FROM "{table}")""")
