"""Compares what a peer stored with what the generator made: nothing missing, nothing twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from bench.data import DataSet


class Check(msgspec.Struct, frozen=True):
    """How a store differs from the generator."""

    kept: int  # rows in the store
    missing: int  # messages of the generator that are not there
    surplus: int  # rows that are there twice, or that the generator never made


class _Key(msgspec.Struct):
    chat: str = msgspec.field(name="chatId")
    id: str = ""
    etag: str = ""


def check_reference(database: Path, source: DataSet, fresh: int = 0) -> Check:
    """The plain script's store: by chat, id and version. `fresh`: new messages that were added."""
    with sqlite3.connect(database) as db:
        stored = (
            _number(f"{chat}|{key}|{etag}".encode())
            for chat, key, etag in db.execute("SELECT chat, id, etag FROM message")
        )
        return compare((_number(_identity(row)) for row in rows(source)), stored, fresh)


def check_ledger(database: Path, source: DataSet, fresh: int = 0) -> Check:
    """The program's ledger: by the SHA-256 of each message exactly as it was received."""
    with sqlite3.connect(database) as db:
        found = db.execute("SELECT sha256 FROM item WHERE kind IN ('message', 'event')")
        stored = (int.from_bytes(digest[:8], "big") for (digest,) in found)
        return compare((_number(row) for row in rows(source)), stored, fresh)


def ledger_facts(database: Path) -> dict[str, int]:
    """What else the program did with the messages: linked, waiting, found by search and so on.

    "drejer" stands in the sentence with the case number and in no other, so that a search for it
    shows whether every message was indexed.
    """
    asked = {
        "linked": "SELECT count(*) FROM item WHERE state = 'linked'",
        "waiting": "SELECT count(*) FROM item WHERE state = 'waiting'",
        "with a number": "SELECT count(DISTINCT item_id) FROM mention",
        "found by search": "SELECT count(*) FROM item_search WHERE item_search MATCH 'drejer'",
        "with raw bytes": "SELECT count(*) FROM item WHERE length(raw) > 0",
        "cursors": "SELECT count(*) FROM cursor",
    }
    with sqlite3.connect(database) as db:
        return {name: db.execute(question).fetchone()[0] for name, question in asked.items()}


def rows(source: DataSet) -> Iterator[bytes]:
    """The JSON of every message of a data set, in order."""
    offsets = source.offsets()
    with source.rows.open("rb", buffering=1 << 20) as file:
        for place in range(source.messages):
            yield file.read(offsets[place + 1] - offsets[place])[:-1]


def compare(expected: Iterable[int], stored: Iterable[int], fresh: int) -> Check:
    """Counts what is in one and not in the other; `fresh` stored rows are not in `expected`."""
    waiting = set(expected)
    kept = surplus = 0
    for number in stored:
        kept += 1
        if number in waiting:
            waiting.remove(number)
        else:
            surplus += 1
    return Check(kept=kept, missing=len(waiting), surplus=surplus - fresh)


def _identity(row: bytes) -> bytes:
    key = msgspec.json.decode(row, type=_Key)
    return f"{key.chat}|{key.id}|{key.etag}".encode()


def _number(matter: bytes) -> int:
    return int.from_bytes(hashlib.sha256(matter).digest()[:8], "big")
