"""What a killed process leaves in the spool does not outlive the quarantine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from connector.jobs.prune import prune
from connector.ledger import Ledger
from connector.ledger.tables import attachment, item, link
from connector.ledger.take import take
from connector.model import Attachment
from connector.spool import Spool
from tests.making import message, page, policy

DAYS = 2 * 24 * 3600


def _age(folder: Path) -> None:
    old = time.time() - DAYS
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (old, old))


def _linked(ledger: Ledger, sha256: str) -> None:
    """An item that has the file with this hash."""
    sound = Attachment(name="lyd.mp3", ref="r", role="audio")
    take(ledger, [page(message("Hej", attachments=(sound,)))], policy())
    with ledger.write() as connection:
        connection.execute(attachment.update().values(state="kept", sha256=sha256))


def test_leftovers_go(ledger: Ledger, tmp_path: Path) -> None:
    """Day-old files that no item names are erased, half-written ones too; an item's file stays."""
    spool = Spool(tmp_path / "spool")
    kept, lost = (spool.add([words]).sha256 for words in (b"kept", b"nobody's"))
    (spool.folder / ".new-abc").write_bytes(b"half a voi")
    _linked(ledger, kept)
    _age(spool.folder)

    assert prune(ledger, spool, quarantine_days=30, is_dry=True).files == 0
    assert prune(ledger, spool, quarantine_days=30).files == 2
    assert [kept] == [path.name for path in spool.folder.rglob("*") if path.is_file()]
    assert not spool.verify(lost)


def test_dies_before_files(ledger: Ledger, tmp_path: Path) -> None:
    """A process that dies before the files are removed leaves them to the next prune."""
    spool = Spool(tmp_path / "spool")
    voice = spool.add([b"a voice"]).sha256
    _linked(ledger, voice)
    with ledger.write() as connection:
        connection.execute(item.update().values(taken_at=0))
        connection.execute(link.update().values(at=0))
    _age(spool.folder)

    with pytest.raises(_Died):
        prune(ledger, _Dying(spool.folder), quarantine_days=30)
    with ledger.read() as connection:
        states = connection.execute(attachment.select()).all()

    assert [(row.state, row.sha256) for row in states] == [("erased", None)]
    assert spool.verify(voice)
    assert prune(ledger, spool, quarantine_days=30).files == 1
    assert not spool.verify(voice)


class _Died(BaseException):
    """The process is gone."""


class _Dying(Spool):
    """A spool whose process dies when it is to remove something."""

    def remove(self, sha256: str) -> None:
        raise _Died


def test_young_stay(ledger: Ledger, tmp_path: Path) -> None:
    """A file that is being fetched now is left alone."""
    spool = Spool(tmp_path / "spool")
    young = spool.add([b"just fetched"]).sha256

    assert prune(ledger, spool, quarantine_days=30).files == 0
    assert spool.verify(young)
