"""The register's cases into the ledger's copy; items that name a new or changed case are decided
again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks
from connector.ledger.linking import items_naming, look_again
from connector.ledger.register import keep_cases
from connector.ledger.tables import cursor
from connector.model import LinkState
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ledger.policy import Policy
    from connector.ports import CaseRegister


@dataclass(slots=True)
class Refreshed:
    """What one reading of the register did."""

    read: int = 0
    changed: int = 0
    linked: int = 0
    waiting: int = 0

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {
            "read": self.read,
            "changed": self.changed,
            "linked": self.linked,
            "waiting": self.waiting,
        }


def refresh(
    ledger: Ledger, register: CaseRegister, policy: Policy, *, progress: Progress | None = None
) -> Refreshed:
    """Bring the copy of the register up to date. Safe to stop at any time and to repeat."""
    progress = progress or Silent()
    name = f"register.{register.name}"
    progress.begin(name, None)
    result = Refreshed()
    try:
        with ledger.read() as connection:
            since = connection.execute(
                sa.select(cursor.c.value).where(cursor.c.source == name, cursor.c.part == "")
            ).scalar()
        for cases, keep in register.changes(since):
            with ledger.write() as connection:
                batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
                kept = keep_cases(batch, cases)
                for some in chunks(items_naming(batch, kept.numbers, kept.contacts)):
                    counts = look_again(batch, some)
                    result.linked += counts[LinkState.LINKED]
                    result.waiting += counts[LinkState.WAITING]
                if keep is not None:
                    _keep_cursor(batch, name, keep)
            result.read += len(cases)
            result.changed += kept.changed
            progress.step(name, result.read, result.counts())
    finally:
        progress.end(name)
    return result


def _keep_cursor(batch: Batch, name: str, value: str) -> None:
    insert = batch.ledger.insert(cursor)
    batch.connection.execute(
        insert.on_conflict_do_update(
            index_elements=["source", "part"],
            set_={"value": insert.excluded.value, "kept_at": insert.excluded.kept_at},
        ),
        {"source": name, "part": "", "value": value, "kept_at": batch.now},
    )
