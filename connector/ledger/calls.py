"""Joins the sightings of one call: a call record, PSTN rows, a chat event and a notice by mail.

Each sighting stays as it was received; the joined call is an item of its own (source "calls"), with
a new version whenever a sighting changes what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.calls import SEARCH_WINDOW_S, belongs_to_voicemail, kind_of, match, merge
from connector.ledger.batch import Batch, New, chunks, detail_of
from connector.ledger.entries import token
from connector.ledger.items import keep_items
from connector.ledger.tables import at, call_key, item, ms, thread
from connector.model import Call, Item, Kind

SOURCE = "calls"
CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value)


@dataclass(slots=True)
class Group:
    """One call being joined: its item when there is one, and all sightings of it."""

    key: str
    root_id: int | None = None
    sightings: dict[str, tuple[str, Call]] = field(default_factory=dict)  # by their own key
    members: list[int] = field(default_factory=list)  # roots of sightings that are new to it

    def calls(self) -> list[tuple[str, Call]]:
        return list(self.sightings.values())

    def starts(self) -> Iterable[int]:
        return (ms(call.started_at) for _, call in self.sightings.values())


def join(batch: Batch, new: Sequence[New]) -> list[New]:
    """The joined calls that the new sightings made or changed, as new items."""
    sightings = [
        each
        for each in new
        if each.item.kind is Kind.SIGHTING and each.item.call is not None and each.is_current
    ]
    groups: dict[str, Group] = {}
    touched: dict[str, Group] = {}
    for each in sightings:
        group = _group_of(batch, each, groups)
        group.sightings[_own_key(each.item)] = (each.item.source, _call(each.item))
        group.members.append(each.root_id)
        groups[group.key] = touched[group.key] = group
    made = _write(batch, list(touched.values()))
    _join_voicemails(batch, [each for each in new if each.item.kind is Kind.VOICEMAIL])
    return made


def _call(each: Item) -> Call:
    if each.call is None:
        raise ValueError("a sighting without a call")
    return each.call


def _own_key(each: Item) -> str:
    return f"{each.source}\0{each.thread}\0{each.key}"


def _group_of(batch: Batch, each: New, groups: dict[str, Group]) -> Group:
    """The call this sighting belongs to: by an earlier version, by a key, by time and people."""
    call = _call(each.item)
    own = _own_key(each.item)
    for group in groups.values():
        if own in group.sightings or any(set(c.same) & set(call.same) for _, c in group.calls()):
            return group
    root = _root_by_key(batch, each, call)
    if root is not None:
        return _load(batch, root, groups)
    near = _near(batch, call, groups)
    names = list(near)
    chosen = match(call, each.item.source, [(n, near[key].calls()) for n, key in enumerate(names)])
    if chosen is not None:
        return near[names[chosen]]
    return Group(key="C" + token(each.item.source, each.item.thread, each.item.key))


def _root_by_key(batch: Batch, each: New, call: Call) -> int | None:
    if each.root_id != each.id:
        found = batch.connection.execute(
            sa.select(item.c.call_id).where(item.c.id == each.root_id)
        ).scalar()
        if found is not None:
            return int(found)
    if not call.same:
        return None
    found = batch.connection.execute(
        sa.select(call_key.c.call_id).where(call_key.c.key.in_(call.same)).limit(1)
    ).scalar()
    return None if found is None else int(found)


def _near(batch: Batch, call: Call, groups: dict[str, Group]) -> dict[str, Group]:
    """Calls that began about when this one did, those of this batch and those kept before."""
    window = SEARCH_WINDOW_S * 1000
    start = ms(call.started_at)
    rows = batch.connection.execute(
        sa.select(item.c.id).where(
            item.c.kind != Kind.MESSAGE.value,
            item.c.kind.in_(CALLS),
            item.c.id == item.c.root_id,
            item.c.sent_at.between(start - window, start + window),
        )
    )
    near = {}
    for (root,) in rows:
        group = _load(batch, root, groups)
        near[group.key] = group
    fresh = {
        key: group
        for key, group in groups.items()
        if any(abs(begun - start) <= window for begun in group.starts())
    }
    return near | fresh


def _load(batch: Batch, root: int, groups: dict[str, Group]) -> Group:
    key = str(batch.connection.execute(sa.select(item.c.key).where(item.c.id == root)).scalar_one())
    if key in groups:
        return groups[key]
    rows = batch.connection.execute(
        sa.select(item.c.key, item.c.detail, thread.c.source, thread.c.key.label("within"))
        .join(thread, thread.c.id == item.c.thread_id)
        .where(
            item.c.call_id == root,
            item.c.kind == Kind.SIGHTING.value,
            item.c.is_current,
        )
    )
    group = Group(key=key, root_id=root)
    for row in rows:
        call = detail_of(row).call
        if call is not None:
            group.sightings[f"{row.source}\0{row.within}\0{row.key}"] = (row.source, call)
    groups[key] = group
    return group


def _write(batch: Batch, groups: Sequence[Group]) -> list[New]:
    """The next version of each call that changed; every sighting points to its call."""
    versions = _versions(batch, [group.root_id for group in groups if group.root_id is not None])
    merged = [(group, merge(group.calls())) for group in groups]
    items = []
    for group, call in merged:
        version, old = versions.get(group.root_id or 0, (0, None))
        if old != call:
            items.append(_item(batch, group, call, version + 1))
    made = keep_items(batch, items)
    roots = {each.item.key: each.root_id for each in made}
    for group, call in merged:
        root = group.root_id or roots[group.key]
        _point_to(batch, root, group.members, call)
    return made


def _versions(batch: Batch, roots: Sequence[int]) -> dict[int, tuple[int, Call | None]]:
    found: dict[int, tuple[int, Call | None]] = {}
    for some in chunks(sorted(roots)):
        rows: Iterable[Any] = batch.connection.execute(
            sa.select(item.c.root_id, item.c.version, item.c.detail).where(
                item.c.is_current, sa.or_(item.c.id.in_(some), item.c.root_id.in_(some))
            )
        )
        found.update({row.root_id: (int(row.version), detail_of(row).call) for row in rows})
    return found


def _item(batch: Batch, group: Group, call: Call, version: int) -> Item:
    return Item(
        source=SOURCE,
        thread=SOURCE,
        key=group.key,
        version=str(version),
        kind=kind_of(call),
        sent_at=call.started_at,
        modified_at=at(batch.now),
        raw=msgspec.json.encode(call, order="sorted"),
        subject=call.subject,
        text=" ".join(filter(None, (party.name for party in call.parties))),
        sender=call.caller.person or call.caller.phone,
        sender_name=call.caller.name,
        direction=call.direction,
        parties=call.parties,
        call=call,
        duration_s=call.duration_s,
    )


def _point_to(batch: Batch, root: int, members: Sequence[int], call: Call) -> None:
    batch.connection.execute(
        sa.update(item)
        .where(sa.or_(item.c.id.in_(members), item.c.root_id.in_(members)))
        .values(call_id=root)
    )
    if call.same:
        batch.connection.execute(
            batch.ledger.insert(call_key).on_conflict_do_nothing(),
            [{"key": key, "call_id": root} for key in call.same],
        )


def _join_voicemails(batch: Batch, voicemails: Sequence[New]) -> None:
    """A voicemail is journaled by itself; it keeps the call that left it, when that is known."""
    for each in voicemails:
        call = each.item.call
        if call is None:
            continue
        near = _near(
            batch,
            msgspec.structs.replace(call, started_at=call.started_at - timedelta(minutes=5)),
            {},
        )
        fits = [
            group
            for group in near.values()
            if group.root_id is not None and belongs_to_voicemail(merge(group.calls()), call)
        ]
        if len(fits) == 1:
            batch.connection.execute(
                sa.update(item)
                .where(sa.or_(item.c.id == each.root_id, item.c.root_id == each.root_id))
                .values(call_id=fits[0].root_id)
            )
