"""What a ledger and its journal hold, in the names of the sources: two ledgers can be compared.

Row numbers, times of writing and the key of a joined call depend on the order of arrival; what was
said, which call it was and on which case it stands must not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.tables import (
    attachment,
    cursor,
    delivery,
    entry,
    entry_version,
    item,
    link,
    person,
    presence,
    problem,
    thread,
)
from connector.model import Entry

Key = tuple[str, str, str]  # source, thread, key
Thing = object  # a Key; of a joined call the Keys of its sightings
CALLS = "calls"


@dataclass(frozen=True)
class Trouble:
    """An open problem."""

    source: str
    part: str
    key: str
    scope: str
    reason: str
    times: int


@dataclass(frozen=True)
class Kept:
    """What is kept. Everything that must be there once is a Counter, so that twice shows."""

    versions: Counter[tuple[str, str, str, str]]  # source, thread, key, version; calls left out
    texts: dict[Key, tuple[str, str, bool]]  # subject, text, is deleted; of the current version
    spoken: dict[Key, frozenset[str]]  # every text that a version has
    calls: Counter[frozenset[Key]]  # the sightings of each joined call
    kinds: dict[frozenset[Key], str]
    voicemails: dict[Key, frozenset[Key]]  # and the call that left it
    links: dict[Thing, tuple[str, str, str]]  # state, case, rule
    entries: Counter[tuple[str, str, str, Thing]]  # kind, case, day, of what; those that stand
    contents: dict[tuple[str, str, Thing], Entry]  # case, day, of what
    voids: tuple[Entry, ...]
    files: Counter[tuple[Key, str, str]]  # item, name, state or SHA-256
    people: frozenset[str]
    presences: frozenset[str]
    troubles: tuple[Trouble, ...]
    cursors: dict[tuple[str, str], str]
    deliveries: Counter[str]  # by state
    owed: Counter[str]  # keys of all deliveries
    journal: Counter[str]  # keys that stand in the journal's folder

    @property
    def keys(self) -> frozenset[Key]:
        """Everything that was seen, whatever its versions."""
        return frozenset(version[:3] for version in self.versions)


class _Rows:
    """The ledger's rows, and the names of its items."""

    def __init__(self, ledger: Ledger) -> None:
        with ledger.read() as connection:

            def rows(query: Any) -> Sequence[Any]:
                return connection.execute(query).all()

            named = sa.select(item, thread.c.source, thread.c.key.label("within"))
            self.items = rows(named.join(thread, thread.c.id == item.c.thread_id))
            self.threads = {row.id: (row.source, row.key) for row in rows(sa.select(thread))}
            self.links = rows(sa.select(link).where(link.c.superseded_at.is_(None)))
            self.entries = rows(sa.select(entry))
            self.contents = {
                (row.entry_id, row.version): row.content for row in rows(sa.select(entry_version))
            }
            self.files = rows(sa.select(attachment))
            self.deliveries = rows(sa.select(delivery))
            self.problems = rows(sa.select(problem))
            self.cursors = rows(sa.select(cursor))
            now = sa.select(person).where(person.c.valid_to.is_(None))
            self.people = frozenset(row.directory_id for row in rows(now))
            self.presences = frozenset(row.person for row in rows(sa.select(presence)))
        self.by_id = {row.id: row for row in self.items}
        self._sightings: dict[int, set[Key]] = {}
        for row in self.items:
            if row.kind == "sighting" and row.call_id is not None:
                self._sightings.setdefault(row.call_id, set()).add(_key(row))

    def sightings(self, call_id: int | None) -> frozenset[Key]:
        """Those of a joined call."""
        return frozenset(self._sightings.get(call_id or 0, ()))

    def thing(self, number: int) -> Thing:
        """The name of a root."""
        row = self.by_id[number]
        return self.sightings(number) if row.source == CALLS else _key(row)


def _key(row: Any) -> Key:
    return (row.source, row.within, row.key)


def kept(ledger: Ledger, journal: Path) -> Kept:
    """What the ledger and the folder journal hold now."""
    rows = _Rows(ledger)
    seen = [row for row in rows.items if row.source != CALLS]
    spoken: dict[Key, set[str]] = {}
    for row in seen:
        spoken.setdefault(_key(row), set()).add(row.text or "")
    roots = [row for row in rows.items if row.source == CALLS and row.id == row.root_id]
    current = {row.root_id: row for row in rows.items if row.is_current}
    entries = _entries(rows)
    return Kept(
        versions=Counter((*_key(row), row.version) for row in seen),
        texts={
            _key(row): (row.subject or "", row.text or "", row.is_deleted)
            for row in seen
            if row.is_current
        },
        spoken={key: frozenset(texts) for key, texts in spoken.items()},
        calls=Counter(rows.sightings(row.id) for row in roots),
        kinds={rows.sightings(row.id): current[row.id].kind for row in roots},
        voicemails={
            _key(row): rows.sightings(row.call_id)
            for row in seen
            if row.kind == "voicemail" and row.is_current
        },
        links={
            rows.thing(row.item_id): (row.state, row.case_number or "", row.rule)
            for row in rows.links
        },
        entries=Counter(
            (each.kind, each.case_number, str(each.local_day), thing) for thing, each in entries
        ),
        contents={(each.case_number, str(each.local_day), thing): each for thing, each in entries},
        voids=tuple(_newest(rows, row) for row in rows.entries if row.is_void),
        files=Counter(
            (_key(rows.by_id[row.item_id]), row.name, row.sha256 or row.state) for row in rows.files
        ),
        people=rows.people,
        presences=rows.presences,
        troubles=tuple(
            Trouble(row.source, row.part, row.key, row.scope, row.reason, row.times)
            for row in rows.problems
        ),
        cursors={(row.source, row.part): row.value for row in rows.cursors},
        deliveries=Counter(row.state for row in rows.deliveries),
        owed=Counter(row.key for row in rows.deliveries),
        journal=Counter(
            json.loads(path.read_text(encoding="utf-8"))["key"] for path in journal.rglob("*.json")
        ),
    )


def _entries(rows: _Rows) -> list[tuple[Thing, Entry]]:
    """The newest version of every entry that stands, with what it is of."""
    found: list[tuple[Thing, Entry]] = []
    for row in rows.entries:
        if row.version and not row.is_void:
            of = rows.threads[row.thread_id] if row.item_id is None else rows.thing(row.item_id)
            found.append((of, _newest(rows, row)))
    return found


def _newest(rows: _Rows, row: Any) -> Entry:
    return msgspec.json.decode(rows.contents[row.id, row.version], type=Entry)
