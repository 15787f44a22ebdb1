"""`demo --site onprem`: the municipality of 2012, with servers of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from connector.ledger import open_ledger
from connector.ledger.tables import item


def test_demo_once(tmp_path: Path) -> None:
    """The demo reads Exchange and Lync, and no tenant, and journals calls and voicemail."""
    place = tmp_path / "demo"
    words = ["demo", "--once", "--site", "onprem", "--folder", str(place)]
    done = subprocess.run(
        [sys.executable, "-m", "connector.cli", *words, "--users", "20", "--days", "5"],
        capture_output=True,
        env={**os.environ, "LC_ALL": "en_GB.UTF-8"},
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ledger = open_ledger(f"sqlite:///{place / 'casethread.db'}")
    with ledger.read() as connection:
        kinds = Counter(connection.execute(sa.select(item.c.kind)).scalars())
    ledger.close()
    assert {"call", "voicemail", "message"} <= kinds.keys()
    with (place / "servers" / "people.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) >= 20
