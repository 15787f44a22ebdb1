"""Why an item is where it is: evidence, decisions, sightings, deliveries. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import ITEM_COLUMNS, detail_of, select_items, versions_of
from connector.ledger.history import Journaled, journaled
from connector.ledger.register import cases_by_number
from connector.ledger.tables import at, delivery, entry, item, link, thread
from connector.model import Evidence, Kind, LinkState
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.linking.patterns import Hit as Found

MOST_ITEMS = 50  # of one conversation
_evidence = decoder(tuple[Evidence, ...]).decode


class Finder(Protocol):
    """Finds case numbers in a text: the linker, or a scanner of written numbers alone."""

    def find(self, text: str) -> Sequence[Found]:
        """All of them, in order of place."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, as it was kept."""

    at: datetime
    state: str
    case_number: str
    rule: str
    confidence: int  # per cent
    reason: str
    actor: str
    evidence: tuple[Evidence, ...]
    superseded_at: datetime | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A case number that the patterns find now."""

    number: str
    raw: str
    pattern: str
    where: str
    is_case: bool


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One source's view of a call."""

    item: int
    source: str
    key: str
    started_at: datetime
    duration_s: int
    same: tuple[str, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that bears on one item's case. `decisions` are newest first; the first stands."""

    item: int
    kind: str
    source: str
    thread: str
    key: str
    at: datetime
    state: str
    case_number: str
    versions: int
    decisions: tuple[Decided, ...]
    hits: tuple[Hit, ...]
    sightings: tuple[Sighting, ...]
    call: int | None  # of a sighting or voicemail; of a note, what it is about
    note: int | None  # the note about it
    deliveries: tuple[Journaled, ...]


def explain(connection: Connection, name: str, finder: Finder) -> list[Explanation]:
    """Explain an item by its number, or the items of an entry or delivery; [] when unknown."""
    return [_explain(connection, root, finder) for root in _roots(connection, name.strip())]


def _roots(connection: Connection, name: str) -> list[int]:
    if name.isascii() and name.isdigit():
        if int(name) >= 2**63:
            return []
        root = connection.execute(sa.select(item.c.root_id).where(item.c.id == int(name))).scalar()
        return [] if root is None else [int(root)]
    wanted = sa.select(entry).where(
        sa.or_(
            entry.c.id == name,
            entry.c.id.in_(sa.select(delivery.c.entry_id).where(delivery.c.key == name)),
        )
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        return []
    if row.item_id is not None:
        return [row.item_id]
    # Also what was taken off the case since: its receipt is in the journal for good.
    ever = sa.select(link.c.item_id).where(
        link.c.case_number == row.case_number, link.c.state == LinkState.LINKED.value
    )
    found = connection.execute(
        sa.select(item.c.id)
        .where(
            item.c.thread_id == row.thread_id,
            item.c.id.in_(ever),
            item.c.id == item.c.root_id,
            item.c.sent_at >= row.started_at,
            item.c.sent_at < row.started_at + 25 * 3_600_000,  # the longest local day
        )
        .order_by(item.c.sent_at, item.c.id)
        .limit(MOST_ITEMS)
    )
    return [each[0] for each in found]


def _explain(connection: Connection, root: int, finder: Finder) -> Explanation:
    rows = connection.execute(
        select_items().where(versions_of([root])).order_by(item.c.modified_at, item.c.id)
    ).all()
    first = next(row for row in rows if row.id == root)
    current = next((row for row in rows if row.is_current), rows[-1])
    return Explanation(
        item=root,
        kind=current.kind,
        source=first.source,
        thread=first.thread_key,
        key=first.key,
        at=at(current.sent_at),
        state=first.state,
        case_number=first.case_number or "",
        versions=len(rows),
        decisions=_decisions(connection, root),
        # A note goes with what it is about, whatever numbers stand in it.
        hits=() if current.kind == Kind.NOTE.value else _hits(connection, current, finder),
        sightings=_sightings(connection, root),
        call=first.call_id,
        note=_note(connection, root),
        deliveries=_deliveries(connection, first),
    )


def _note(connection: Connection, root: int) -> int | None:
    return connection.execute(
        sa.select(item.c.root_id).where(
            item.c.call_id == root, item.c.kind == Kind.NOTE.value, item.c.is_current
        )
    ).scalar()


def _decisions(connection: Connection, root: int) -> tuple[Decided, ...]:
    rows = connection.execute(
        sa.select(link).where(link.c.item_id == root).order_by(link.c.id.desc())
    )
    return tuple(
        Decided(
            at=at(row.at),
            state=row.state,
            case_number=row.case_number or "",
            rule=row.rule,
            confidence=row.confidence,
            reason=row.reason,
            actor=row.actor,
            evidence=_evidence(row.evidence),
            superseded_at=None if row.superseded_at is None else at(row.superseded_at),
        )
        for row in rows
    )


def _hits(connection: Connection, row: Any, finder: Finder) -> tuple[Hit, ...]:
    detail = detail_of(row)
    places = (("text", row.text), ("subject", row.subject), ("quoted", detail.quoted))
    found = [(where, hit) for where, words in places for hit in finder.find(words or "")]
    known = cases_by_number(connection, {each for _, hit in found for each in hit.numbers})
    return tuple(
        Hit(
            number=hit.number,
            raw=hit.raw,
            pattern=hit.pattern,
            where=where,
            is_case=any(each in known for each in hit.numbers),
        )
        for where, hit in found
    )


def _sightings(connection: Connection, root: int) -> tuple[Sighting, ...]:
    rows = connection.execute(
        sa.select(*ITEM_COLUMNS)
        .join_from(item, thread, thread.c.id == item.c.thread_id)
        .where(item.c.call_id == root, item.c.kind == Kind.SIGHTING.value, item.c.is_current)
        .order_by(item.c.id)
    )
    found = []
    for row in rows:
        call = detail_of(row).call
        found.append(
            Sighting(
                item=row.id,
                source=row.source,
                key=row.key,
                started_at=call.started_at if call else at(row.sent_at),
                duration_s=call.duration_s if call else 0,
                same=call.same if call else (),
            )
        )
    return tuple(found)


def _deliveries(connection: Connection, row: Any) -> tuple[Journaled, ...]:
    """Every delivery, oldest version first, of the entries that this item is or was part of."""
    ever = sa.select(link.c.case_number).where(
        link.c.item_id == row.root_id, link.c.state == LinkState.LINKED.value
    )
    mine: Sequence[Any] = connection.execute(
        sa.select(delivery)
        .join(entry, entry.c.id == delivery.c.entry_id)
        .where(
            sa.or_(
                entry.c.item_id == row.root_id,
                sa.and_(
                    entry.c.thread_id == row.thread_id,
                    entry.c.started_at.between(
                        row.sent_at - 25 * 3_600_000, row.sent_at + 25 * 3_600_000
                    ),
                    entry.c.case_number.in_(ever),
                ),
            )
        )
        .order_by(delivery.c.entry_id, delivery.c.version, delivery.c.sink)
    ).all()
    return tuple(journaled(each) for each in mine)
