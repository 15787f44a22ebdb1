"""One case's communications on one line of time, from everywhere they were seen. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import (
    chunks,
    detail_of,
    roots_on,
    select_items,
    unread_edit_at,
    versions_of,
    written_at,
)
from connector.ledger.tables import at, attachment, delivery, entry, item, link
from connector.model import Call, Kind, Party, Receipt
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_WORDED = (Kind.MESSAGE.value, Kind.VOICEMAIL.value, Kind.NOTE.value)
_receipt = decoder(Receipt).decode


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier wording of a message: when it was written, and when another replaced it."""

    at: datetime
    edited_at: datetime
    text: str


class Journaled(msgspec.Struct, frozen=True, kw_only=True):
    """Where the newest version of the entry is, or what became of it."""

    sink: str
    state: str
    key: str
    version: int
    target: str = ""
    url: str = ""
    reason: str = ""


class Communication(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a case's history."""

    item: int
    kind: str
    at: datetime
    direction: str
    who: str
    others: tuple[str, ...] = ()
    duration_s: int | None = None
    about: int | None = None  # of a note: what it is about
    text: str = ""
    subject: str = ""
    is_erased: bool = False
    unread_edit_at: datetime | None = None  # before the first reading: no words before it
    deleted_at: datetime | None = None
    earlier: tuple[Version, ...] = ()
    files: tuple[str, ...] = ()
    rule: str = ""
    confidence: int = 0  # per cent
    actor: str = ""
    reason: str = ""
    journaled: tuple[Journaled, ...] = ()


def history(
    connection: Connection, case_number: str, zone: ZoneInfo, names: Mapping[str, str]
) -> list[Communication]:
    """Everything that is linked to the case now, oldest first.

    `zone` decides which local day's conversation a message stands in; `names` are display names by
    directory id.
    """
    roots = [
        row[0]
        for row in connection.execute(
            sa.select(item.c.id).where(roots_on(case_number)).order_by(item.c.sent_at, item.c.id)
        )
    ]
    versions = _versions(connection, roots)
    links = _links(connection, roots)
    files = _files(connection, [row.id for rows in versions.values() for row in rows])
    places = _Places(connection, case_number, zone)
    return [_communication(versions[root], links.get(root), files, places, names) for root in roots]


def _versions(connection: Connection, roots: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(roots):
        wanted = versions_of(some)
        query = select_items().add_columns(item.c.raw.is_(None).label("is_erased")).where(wanted)
        query = query.order_by(item.c.modified_at, item.c.id)
        for row in connection.execute(query):
            found.setdefault(row.root_id, []).append(row)
    return found


def _links(connection: Connection, roots: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in chunks(roots):
        rows = connection.execute(
            sa.select(link).where(link.c.item_id.in_(some), link.c.superseded_at.is_(None))
        )
        found.update({row.item_id: row for row in rows})
    return found


def _files(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for some in chunks(numbers):
        rows = connection.execute(
            sa.select(attachment.c.item_id, attachment.c.name, attachment.c.state)
            .where(attachment.c.item_id.in_(some))
            .order_by(attachment.c.item_id, attachment.c.position)
        )
        for row in rows:
            note = "" if row.state == "kept" else f" ({row.state})"
            found.setdefault(row.item_id, []).append(f"{row.name}{note}")
    return found


class _Places:
    """Where the entries of a case are."""

    def __init__(self, connection: Connection, case_number: str, zone: ZoneInfo) -> None:
        self._zone = zone
        self._by_item: dict[int, str] = {}
        self._by_day: dict[tuple[int, str], str] = {}
        for row in connection.execute(sa.select(entry).where(entry.c.case_number == case_number)):
            if row.item_id is not None:
                self._by_item[row.item_id] = row.id
            else:
                self._by_day[row.thread_id, row.day] = row.id
        self._journaled: dict[str, dict[str, Journaled]] = {}
        rows = connection.execute(
            sa.select(delivery)
            .where(delivery.c.case_number == case_number)
            .order_by(delivery.c.entry_id, delivery.c.version)
        )
        for row in rows:
            self._journaled.setdefault(row.entry_id, {})[row.sink] = journaled(row)

    def of(self, row: Any) -> tuple[Journaled, ...]:
        """The newest delivery to each sink of the entry that this item stands in."""
        if row.kind == Kind.MESSAGE.value:
            day = at(row.sent_at).astimezone(self._zone).date().isoformat()
            number = self._by_day.get((row.thread_id, day), "")
        else:
            number = self._by_item.get(row.root_id, "")
        return tuple(self._journaled.get(number, {}).values())


def journaled(row: Any) -> Journaled:
    """A row of `delivery` for people."""
    receipt = _receipt(row.receipt) if row.receipt else None
    return Journaled(
        sink=row.sink,
        state=row.state,
        key=row.key,
        version=row.version,
        target=receipt.target if receipt else "",
        url=receipt.url if receipt else "",
        reason=row.reason,
    )


def _communication(
    rows: Sequence[Any],
    link_: Any,
    files: Mapping[int, list[str]],
    places: _Places,
    names: Mapping[str, str],
) -> Communication:
    current = next((row for row in rows if row.is_current), rows[-1])
    said = [row for row in rows if not row.is_deleted]
    words = (said[-1].text if said else current.text) or ""
    detail = detail_of(current)
    earlier = {
        row.text: Version(at=at(row.modified_at), edited_at=written_at(later), text=row.text)
        for row, later in pairwise(said)
        if row.text and row.text != words
    }
    who, others = _people(current, detail.call, detail.parties, names)
    duration = detail.duration_s
    if duration is None and detail.call is not None:
        duration = detail.call.duration_s or None  # a voicemail may not say how long it is
    is_note = current.kind == Kind.NOTE.value
    return Communication(
        item=current.root_id,
        kind=current.kind,
        at=at(current.sent_at),
        direction="unknown" if is_note else detail.direction.value,
        who=who,
        others=others,
        duration_s=duration,
        about=current.call_id if is_note else None,
        text=words if current.kind in _WORDED else "",
        subject=current.subject or "",
        is_erased=current.is_erased,
        unread_edit_at=unread_edit_at(rows),
        deleted_at=at(current.modified_at) if current.is_deleted else None,
        earlier=tuple(earlier.values()),
        files=tuple(dict.fromkeys(name for row in rows for name in files.get(row.id, ()))),
        rule=link_.rule if link_ is not None else "",
        confidence=link_.confidence if link_ is not None else 0,
        actor=link_.actor if link_ is not None else "",
        reason=link_.reason if link_ is not None else "",
        journaled=places.of(current),
    )


def _people(
    row: Any, call: Call | None, parties: Iterable[Party], names: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Who it came from, and everybody else in it."""
    who = row.sender_name or names.get(row.sender, "") or row.sender
    if call is not None and row.kind != Kind.VOICEMAIL.value:
        who = who or shown(call.caller, names)
        parties = (*call.callees, *call.others)
    others = dict.fromkeys(shown(party, names) for party in parties)
    return who, tuple(name for name in others if name and name != who)


def shown(party: Party, names: Mapping[str, str]) -> str:
    """A party as people would name it."""
    return party.name or names.get(party.person, "") or party.phone or party.mail or party.person
