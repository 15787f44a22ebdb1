"""A ledger in which everything happens and nothing is kept: for `sync --dry-run`.

All reading and writing goes through one connection in one transaction, which is rolled back at the
end. So the rehearsal sees what it has done itself, and the ledger never does. While it lasts, it
holds the write lock of the database.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.store import Ledger
from connector.ledger.store import translated as translated
from connector.ledger.tables import attachment

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class Rehearsal(Ledger):
    """The ledger `of`, as it would be. Only inside the context of `rehearsal`."""

    def __init__(self, of: Ledger, connection: Connection) -> None:
        super().__init__(of.engine, of.clock)
        self._connection = connection
        # One connection for all threads: each waits for its turn.
        self._turn = threading.RLock()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """The one connection, with all that was done in the rehearsal."""
        with self._turn, translated():
            yield self._connection

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:  # noqa: ARG002
        """A savepoint: what fails is undone alone, as a transaction of its own would be."""
        with self._turn, translated(), self._connection.begin_nested():
            yield self._connection

    def close(self) -> None:
        """Nothing: the connection belongs to the context, the engine to the real ledger."""


@contextlib.contextmanager
def rehearsal(of: Ledger) -> Iterator[Rehearsal]:
    """A rehearsal of this ledger; rolled back at the end, whatever happens.

    Raises Unavailable when another process keeps the ledger's write lock.
    """
    with translated(), of.engine.connect() as connection:
        connection = connection.execution_options(casethread_write=True)
        transaction = connection.begin()
        try:
            yield Rehearsal(of, connection)
        finally:
            transaction.rollback()


def suppose_files(ledger: Rehearsal) -> int:
    """Take every attachment that waits as fetched, so that its entry is written. Gives how many."""
    with ledger.write() as connection:
        done = connection.execute(
            sa.update(attachment).where(attachment.c.state == "waiting").values(state="kept")
        )
        return int(done.rowcount)
