"""`demo --site onprem`: the municipality of 2012, with servers of its own."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from connector.ledger import open_ledger
from connector.ledger.tables import item
from tests.demo_run import demo


def test_demo_once(tmp_path: Path) -> None:
    """The demo reads Exchange and Lync, and no tenant, and journals calls and voicemail."""
    place = tmp_path / "demo"
    small = ("--users", "20", "--days", "5")
    demo("--once", "--site", "onprem", "--folder", str(place), *small)
    ledger = open_ledger(f"sqlite:///{place / 'casethread.db'}")
    with ledger.read() as connection:
        kinds = Counter(connection.execute(sa.select(item.c.kind)).scalars())
    ledger.close()
    assert {"call", "voicemail", "message"} <= kinds.keys()
    with (place / "servers" / "people.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) >= 20
