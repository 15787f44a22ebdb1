"""Joins the sightings of one call: a call record, PSTN rows, a chat event and a notice by mail.

Each sighting stays as it was received; the joined call is an item of its own (source "calls"), with
a new version whenever a sighting changes what is known of it. The calls near in time are loaded for
the whole batch at once: a day of a large municipality, or a Lync database, is a million rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.calls import (
    SEARCH_WINDOW_S,
    belongs_to_voicemail,
    is_told_once,
    judge,
    kind_of,
    merge,
    sort_of,
)
from connector.ledger.batch import Batch, New, chunks, detail_of, versions_of
from connector.ledger.entries import token
from connector.ledger.items import keep_items
from connector.ledger.tables import at, call_key, item, ms, thread
from connector.model import Call, Item, Kind

SOURCE = "calls"
CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value)
WINDOW = SEARCH_WINDOW_S * 1000
_CALL_OF = ("call", "number")
_TO_CALL = (
    sa.update(item).values(call_id=sa.bindparam("call")).where(item.c.id == sa.bindparam("number"))
)
_LATER_TO_CALL = (
    sa.update(item)
    .values(call_id=sa.bindparam("call"))
    .where(item.c.root_id == sa.bindparam("number"), item.c.root_id != item.c.id)
)


@dataclass(slots=True, eq=False)
class Group:
    """One call being joined: its item when there is one, and all sightings of it."""

    key: str
    root_id: int | None = None
    flag: str = ""
    sorts: frozenset[str] = frozenset()  # of its sightings
    starts: list[int] = field(default_factory=list)  # of its sightings, in milliseconds
    sightings: dict[str, tuple[str, Call]] = field(default_factory=dict)  # by their own key
    members: list[New] = field(default_factory=list)  # sightings that are new to it

    def calls(self) -> list[tuple[str, Call]]:
        return list(self.sightings.values())


class Seen(NamedTuple):
    """A sighting and what is asked of it again and again."""

    own: str  # its own key
    source: str
    call: Call
    sort: str
    started_at: int  # in milliseconds


def _seen(source: str, thread_key: str, key: str, call: Call) -> Seen:
    own = f"{source}\0{thread_key}\0{key}"
    return Seen(own, source, call, sort_of(source, call), ms(call.started_at))


class Known:
    """The calls that the sightings of a batch could belong to, by key and by time."""

    def __init__(self) -> None:
        self._by_own: dict[str, Group] = {}
        self._by_member: dict[int, Group] = {}  # root of a sighting -> the call it was joined into
        self._by_same: dict[str, Group] = {}
        # Slice of time -> sorts of sightings -> id -> group: most calls near in time are told apart
        # by the sorts they have already, and are then not even looked at.
        self._by_time: dict[int, dict[frozenset[str], dict[int, Group]]] = defaultdict(dict)

    def add(self, group: Group, seen: Seen) -> None:
        """This sighting is of this call."""
        group.sightings[seen.own] = (seen.source, seen.call)
        self._by_own[seen.own] = group
        for key in seen.call.same:
            self._by_same[key] = group
        self._place(group, seen.started_at, seen.sort)

    def _place(self, group: Group, started_at: int, sort: str) -> None:
        """Put the group where `near` finds it, anew when it got another sort of sighting."""
        slices = {started_at // WINDOW}
        if sort not in group.sorts:
            slices.update(start // WINDOW for start in group.starts)
            for part in slices:
                self._by_time[part].get(group.sorts, {}).pop(id(group), None)
            group.sorts |= {sort}
        group.starts.append(started_at)
        for part in slices:
            self._by_time[part].setdefault(group.sorts, {})[id(group)] = group

    def add_member(self, root_id: int, group: Group) -> None:
        """An earlier version of this sighting is of this call."""
        self._by_member[root_id] = group

    def of(self, each: New, seen: Seen) -> Group | None:
        """The call that holds an earlier version of this sighting, or shares a key with it."""
        found = self._by_member.get(each.root_id) or self._by_own.get(seen.own)
        if found is None:
            keys = (key for key in seen.call.same if key in self._by_same)
            found = next((self._by_same[key] for key in keys), None)
        return found

    def near(self, started_at: int, without: str = "") -> list[Group]:
        """Calls that began within the window, and have no sighting of the sort `without`."""
        middle = started_at // WINDOW
        first, last = started_at - WINDOW, started_at + WINDOW
        near = {
            number: group
            for part in (middle - 1, middle, middle + 1)
            for sorts, groups in self._by_time.get(part, {}).items()
            if without not in sorts
            for number, group in groups.items()
            if any(first <= start <= last for start in group.starts)
        }
        return list(near.values())


def join(batch: Batch, new: Sequence[New]) -> list[New]:
    """The joined calls that the new sightings made or changed, as new items."""
    sightings = [
        (each, each.item.call)
        for each in new
        if each.item.kind is Kind.SIGHTING
        and each.item.call is not None
        and each.is_current
        and not each.is_excluded
    ]
    voicemails = [
        (each, each.item.call)
        for each in new
        if each.item.kind is Kind.VOICEMAIL and each.item.call is not None and not each.is_excluded
    ]
    if not sightings and not voicemails:
        return []
    known = _load(batch, [*sightings, *voicemails])
    touched: dict[int, Group] = {}
    for each, call in sightings:
        its = each.item
        seen = _seen(its.source, its.thread, its.key, call)
        group = _group_of(each, seen, known)
        known.add(group, seen)
        group.members.append(each)
        touched[id(group)] = group
    made = _write(batch, list(touched.values()))
    _join_voicemails(batch, voicemails, known)
    return made


def _group_of(each: New, seen: Seen, known: Known) -> Group:
    found = known.of(each, seen)
    if found is not None:
        return found
    # A day of Lync has dozens of calls within the window: all but those without one of its own
    # sessions are out before they are compared.
    near = known.near(seen.started_at, seen.sort if is_told_once(seen.sort) else "")
    verdict = judge(seen.call, seen.source, [(n, group.calls()) for n, group in enumerate(near)])
    if verdict.chosen is not None:
        return near[verdict.chosen]
    its = each.item
    return Group(key="C" + token(its.source, its.thread, its.key), flag=verdict.flag)


def _load(batch: Batch, wanted: Sequence[tuple[New, Call]]) -> Known:
    """Every kept call that one of these could belong to, with its sightings."""
    roots = _roots_near(batch, [ms(call.started_at) for _, call in wanted])
    keys = {key for _, call in wanted for key in call.same}
    of_keys = sa.select(call_key.c.call_id).where(batch.ledger.one_of(call_key.c.key, sorted(keys)))
    roots.update(batch.connection.execute(of_keys).scalars())
    members: dict[int, int] = {}
    for some_roots in chunks(
        sorted({each.root_id for each, _ in wanted if each.root_id != each.id})
    ):
        rows = batch.connection.execute(
            sa.select(item.c.id, item.c.call_id).where(
                item.c.id.in_(some_roots), item.c.call_id.is_not(None)
            )
        )
        members.update({row.id: row.call_id for row in rows})
    return _load_groups(batch, sorted(roots | set(members.values())), members)


def _roots_near(batch: Batch, starts: Sequence[int]) -> set[int]:
    """Joined calls that began within the window of one of these times."""
    spans: list[list[int]] = []
    for start in sorted(starts):
        if spans and start - WINDOW <= spans[-1][1]:
            spans[-1][1] = start + WINDOW
        else:
            spans.append([start - WINDOW, start + WINDOW])
    roots: set[int] = set()
    for some in chunks(spans, 100):
        rows = batch.connection.execute(
            sa.select(item.c.id).where(
                item.c.kind != Kind.MESSAGE.value,
                item.c.kind.in_(CALLS),
                item.c.id == item.c.root_id,
                sa.or_(*(item.c.sent_at.between(first, last) for first, last in some)),
            )
        )
        roots.update(row[0] for row in rows)
    return roots


def _load_groups(batch: Batch, roots: Sequence[int], members: Mapping[int, int]) -> Known:
    known = Known()
    groups: dict[int, Group] = {}
    for some in chunks(roots):
        keys = batch.connection.execute(sa.select(item.c.id, item.c.key).where(item.c.id.in_(some)))
        groups.update({row.id: Group(key=row.key, root_id=row.id) for row in keys})
        rows = batch.connection.execute(
            sa.select(
                item.c.call_id,
                item.c.key,
                item.c.detail,
                thread.c.source,
                thread.c.key.label("within"),
            )
            .join(thread, thread.c.id == item.c.thread_id)
            .where(
                item.c.call_id.in_(some),
                item.c.kind == Kind.SIGHTING.value,
                item.c.is_current,
            )
        )
        for row in rows:
            call = detail_of(row).call
            if call is not None:
                known.add(groups[row.call_id], _seen(row.source, row.within, row.key, call))
    for member, root in members.items():
        known.add_member(member, groups[root])
    return known


def _write(batch: Batch, groups: Sequence[Group]) -> list[New]:
    """The next version of each call that changed; every sighting points to its call."""
    versions = _versions(batch, [group.root_id for group in groups if group.root_id is not None])
    merged = [(group, merge(group.calls())) for group in groups]
    items, now = [], at(batch.now)
    for group, call in merged:
        version, old = versions.get(group.root_id or 0, (0, None))
        if old != call:
            items.append(_item(group, call, version + 1, now))
    made = keep_items(batch, items)
    roots = {each.item.key: each.root_id for each in made}
    for group in groups:
        group.root_id = group.root_id or roots[group.key]
    _point_to(batch, [(group, call) for group, call in merged if group.root_id is not None])
    return made


def _versions(batch: Batch, roots: Sequence[int]) -> dict[int, tuple[int, Call | None]]:
    found: dict[int, tuple[int, Call | None]] = {}
    for some in chunks(sorted(roots)):
        rows: Iterable[Any] = batch.connection.execute(
            sa.select(item.c.root_id, item.c.version, item.c.detail).where(
                item.c.is_current, versions_of(some)
            )
        )
        found.update({row.root_id: (int(row.version), detail_of(row).call) for row in rows})
    return found


def _item(group: Group, call: Call, version: int, modified_at: datetime) -> Item:
    parties = call.parties
    return Item(
        source=SOURCE,
        thread=SOURCE,
        key=group.key,
        version=str(version),
        kind=kind_of(call),
        sent_at=call.started_at,
        modified_at=modified_at,
        raw=msgspec.json.encode(call, order="sorted"),
        subject=call.subject,
        text=" ".join([party.name for party in parties if party.name]),
        sender=call.caller.person or call.caller.phone,
        sender_name=call.caller.name,
        direction=call.direction,
        parties=parties,
        call=call,
        duration_s=call.duration_s,
        flags=(group.flag,) if group.flag else (),
    )


def _point_to(batch: Batch, merged: Sequence[tuple[Group, Call]]) -> None:
    members = [(each, group.root_id) for group, _ in merged for each in group.members]
    _set_call(batch, members)
    keys = {key: group.root_id for group, call in merged for key in call.same}
    if keys:
        names = ["key", "call_id"]
        batch.ledger.insert_many(batch.connection, call_key, names, list(keys.items()))


def _set_call(batch: Batch, members: Sequence[tuple[New, int | None]]) -> None:
    """Let every version of these items point to their call."""
    if members:
        one = [(root, each.root_id) for each, root in members]
        batch.ledger.update_many(batch.connection, _TO_CALL, _CALL_OF, one)
    later = [(root, each.root_id) for each, root in members if each.root_id != each.id]
    if later:
        batch.ledger.update_many(batch.connection, _LATER_TO_CALL, _CALL_OF, later)


def _join_voicemails(batch: Batch, voicemails: Sequence[tuple[New, Call]], known: Known) -> None:
    """A voicemail is journaled by itself; it keeps the call that left it, when that is known."""
    found = []
    for each, call in voicemails:
        fits = [
            group
            for group in known.near(ms(call.started_at))
            if belongs_to_voicemail(merge(group.calls()), call)
        ]
        if len(fits) == 1:
            found.append((each, fits[0].root_id))
    _set_call(batch, found)
