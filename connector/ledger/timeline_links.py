"""Why something is on a case and where it is journaled, as far as the viewer may know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from connector.ledger import timeline_rows
from connector.ledger.notes import notes_of
from connector.ledger.tables import at
from connector.ledger.timeline_rows import Entries, Rows
from connector.ledger.timeline_values import (
    CONVERSATION,
    Decided,
    Delivered,
    Elsewhere,
    Place,
    TimelineEntry,
)
from connector.linking.reasons import HIDDEN, NOT_IN_REGISTER
from connector.model import Evidence, LinkState, Receipt
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer
    from connector.ledger.timeline_entries import Group

_evidence = decoder(tuple[Evidence, ...]).decode
_receipt = decoder(Receipt).decode


class Standing:
    """The decisions and entries of one page of groups."""

    def __init__(
        self,
        connection: Connection,
        viewer: Viewer | None,
        case_number: str,
        groups: Sequence[Group],
        rows: Rows,
        names: Mapping[str, str],
    ) -> None:
        self._rows = rows
        self._names = names
        self._sees_all = viewer is None
        links = [row for found in rows.links.values() for row in found]
        on_cases = {row.case_number for row in links if row.state == LinkState.LINKED.value} - {
            None
        }
        named = {row.case_number for row in links if row.case_number}
        named |= {each.case_number for row in links for each in _evidence(row.evidence)}
        # The line's own case needs no asking, but for a single item, which anybody in it may see.
        self._seen = timeline_rows.seen_cases(connection, viewer, named | {case_number} - {""})
        self._case_number = case_number if case_number in self._seen else ""
        # A note stands on the case: who may not see that sees no note either.
        roots = [root.id for each in groups for root in each.roots]
        self._notes = notes_of(connection, roots) if self._case_number else {}
        self._entries = timeline_rows.entries_of(
            connection,
            on_cases | ({case_number} - {""}),
            set(roots),
            {root.thread_id for each in groups for root in each.roots},
        )

    def complete(self, made: TimelineEntry, group: Group) -> TimelineEntry:
        """The entry with its decisions, and where it is journaled."""
        links = [row for root in made.items for row in self._rows.links.get(root, ())]
        standing = [row for row in links if row.superseded_at is None]
        before = sorted(
            (row for row in links if row.superseded_at is not None), key=lambda row: -row.id
        )
        entries = self._of(made, group)
        mine = [row for row in entries if row.case_number == self._case_number]
        return msgspec.structs.replace(
            made,
            case_number=self._case_number,
            why=self._decided(standing),
            earlier=self._decided(before),
            places=tuple(place for row in mine for place in places(self._entries, row.id)),
            owed_at=next((at(row.due_at) for row in mine if row.due_at is not None), None),
            elsewhere=tuple(self._elsewhere(entries, links)),
            note=next((self._notes[root] for root in made.items if root in self._notes), None),
        )

    def _of(self, made: TimelineEntry, group: Group) -> Sequence[Any]:
        if made.kind == CONVERSATION:
            key = (group.roots[0].thread_id, made.day.isoformat())
            return self._entries.by_day.get(key, ())
        return self._entries.by_item.get(made.item, ())

    def _decided(self, links: Sequence[Any]) -> tuple[Decided, ...]:
        """The decisions, those that say the same of several items told once."""
        found: dict[tuple[object, ...], list[Any]] = {}
        for row in links:
            is_past = row.superseded_at is not None
            key = (row.state, row.case_number, row.rule, row.reason, row.actor, row.evidence)
            found.setdefault((*key, row.at) if is_past else key, []).append(row)
        return tuple(self._one(rows) for rows in found.values())

    def _one(self, rows: Sequence[Any]) -> Decided:
        row = rows[0]
        evidence = _evidence(row.evidence)
        is_of_hidden = bool(row.case_number) and row.case_number not in self._seen
        # The rule by which several cases are left to a person says something of each of them.
        is_partly = row.state == LinkState.WAITING.value and any(map(self._is_hidden, evidence))
        is_hidden = is_of_hidden or is_partly
        return Decided(
            items=tuple(each.item_id for each in rows),
            at=at(row.at),
            state=row.state,
            case_number="" if is_of_hidden else row.case_number or "",
            rule="" if is_hidden else row.rule,
            confidence=row.confidence,
            reason="" if is_hidden else row.reason,
            actor=row.actor,
            actor_name=self._names.get(row.actor.casefold(), "") or self._names.get(row.actor, ""),
            # What points to a case that the viewer may not see is left out with it.
            evidence=()
            if is_of_hidden
            else tuple(each for each in evidence if not self._is_hidden(each)),
            is_hidden=is_hidden,
            superseded_at=None if row.superseded_at is None else at(row.superseded_at),
        )

    def _is_hidden(self, each: Evidence) -> bool:
        """Whether it points to a case that the viewer may not see, named or not."""
        if each.case_number:
            return each.case_number not in self._seen and each.note != NOT_IN_REGISTER
        return each.note == HIDDEN and not self._sees_all

    def _elsewhere(self, entries: Sequence[Any], links: Iterable[Any]) -> Iterable[Elsewhere]:
        """Entries of the same items on other cases: not those of the thread's other messages."""
        ever = {row.case_number for row in links if row.state == LinkState.LINKED.value}
        for row in entries:
            if row.case_number == self._case_number or row.case_number not in ever:
                continue
            is_seen = row.case_number in self._seen
            yield Elsewhere(
                case_number=row.case_number if is_seen else "",
                is_void=row.is_void,
                places=tuple(places(self._entries, row.id)) if is_seen else (),
            )


def places(entries: Entries, entry_id: str) -> Iterable[Place]:
    """Where an entry is, by journal, with the versions before the newest."""
    found = entries.deliveries.get(entry_id, ())
    for _, rows in groupby(found, key=lambda row: row.sink):
        newest, *earlier = (_delivered(row) for row in rows)
        yield Place(newest=newest, earlier=tuple(earlier))


def _delivered(row: Any) -> Delivered:
    receipt = _receipt(row.receipt) if row.receipt else None
    return Delivered(
        sink=row.sink,
        state=row.state,
        key=row.key,
        version=row.version,
        at=at(row.changed_at),
        target=receipt.target if receipt else "",
        url=receipt.url if receipt else "",
        reason=row.reason,
    )
