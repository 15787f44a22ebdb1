"""The versions of an item are found without a look at every item there is."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from connector.ledger import open_ledger
from connector.ledger.batch import select_items, versions_of


def test_versions_are_found_by_an_index(tmp_path: Path) -> None:
    """SQLite scans no table for the versions of some roots: both halves of the OR have an index."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    asked = select_items().where(versions_of([1, 2]))
    sql = asked.compile(ledger.engine, compile_kwargs={"literal_binds": True})

    with ledger.read() as connection:
        plan = [row[3] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}"))]
    ledger.close()

    assert any("ix_item_later_version" in step for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)
