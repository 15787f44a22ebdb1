"""What both readers of Lync's databases add to the contract of sources: they read the same way."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from connector.errors import Throttled, Unavailable
from connector.model import Person
from connector.sources.lync import Database
from tests.contracts.source import SourceContract, levels
from tests.lync_world import Server, people


class LyncDatabaseContract(SourceContract):
    """A subclass gives `server`, `make`, `spoil` and the database's name."""

    server: Server
    patch: pytest.MonkeyPatch
    database_name: str

    def people(self) -> list[Person]:
        return people()

    def fail(self, how: str) -> None:
        self.server.fail(how)

    def forget_cursors(self) -> None:
        """A time cannot be forgotten."""

    def windows_by_time(self) -> bool:
        return True

    def asked(self) -> int:
        return self.server.asked

    def test_throttled(self) -> None:
        """A database does not throttle; a query that ran out of time is Unavailable, not that."""
        its = self.make()
        part = self.part(its)
        self.fail("throttled")
        with pytest.raises(Unavailable) as caught:
            self.pages(its, part)
        assert not isinstance(caught.value, Throttled)

    def test_timeouts(self) -> None:
        """Each connection to a SQL Server has a time-out for the sign-in and for each query."""
        import pymssql

        given: dict[str, Any] = {}

        def connect(*_args: Any, **named: Any) -> Any:
            given.update(named)
            raise pymssql.OperationalError(20009, b"Unable to connect")

        self.patch.setattr(pymssql, "connect", connect)
        url = f"mssql://reader@sql.example/{self.database_name}"
        database = Database(self.database_name, url, timeout_s=40)
        with pytest.raises(Unavailable):
            database.rows(sa.select(sa.literal(1)))
        assert (given["timeout"], given["login_timeout"]) == (40, 15)
        assert given["read_only"] is True

    def test_check(self) -> None:
        """A source that works says so; one that is forbidden says exactly what to grant."""
        its = self.make()
        assert levels(its.check()) == {"ok"}
        self.fail("forbidden")
        assert ["SELECT" in one.fix for one in its.check()] == [True]
        for how in ("forbidden", "refused", "down"):
            self.fail(how)
            assert levels(its.check()) == {"error"}
