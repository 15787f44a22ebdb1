"""Everything that a page of a case's line of time is made of, read in a few statements.

How many statements does not depend on how many items there are (but for one more for each 500).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_case
from connector.ledger.batch import chunks, detail_of, select_items, versions_of
from connector.ledger.tables import (
    attachment,
    delivery,
    entry,
    item,
    link,
    person,
    register_case,
    thread,
)
from connector.model import Kind, LinkState, Party, Person

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

JOURNALED = (
    Kind.MESSAGE.value,
    Kind.CALL.value,
    Kind.MISSED_CALL.value,
    Kind.VOICEMAIL.value,
)


_person = msgspec.json.Decoder(Person).decode


class Root(NamedTuple):
    """The little that is needed to put an item in its place."""

    id: int
    thread_id: int
    kind: str
    sent_at: int


class Rows(NamedTuple):
    """What the ledger holds of some items, by root unless said otherwise."""

    versions: Mapping[int, Sequence[Any]]  # in order of time
    links: Mapping[int, Sequence[Any]]  # newest first
    files: Mapping[int, Sequence[Any]]  # by version
    sources: Mapping[int, Sequence[str]]  # of a call
    voicemails: Mapping[int, Sequence[int]]  # of a call


class Entries(NamedTuple):
    """Entries by the root of an item, or by the thread and day of a conversation."""

    by_item: Mapping[int, Sequence[Any]]
    by_day: Mapping[tuple[int, str], Sequence[Any]]
    deliveries: Mapping[str, Sequence[Any]]  # by entry, newest version first


def case_roots(
    connection: Connection, case_number: str, span: tuple[int | None, int | None] = (None, None)
) -> list[Root]:
    """What is linked to the case now, oldest first; `span` is milliseconds, the end exclusive."""
    query = (
        sa.select(item.c.id, item.c.thread_id, item.c.kind, item.c.sent_at)
        .where(
            item.c.case_number == case_number,
            item.c.id == item.c.root_id,
            item.c.state == LinkState.LINKED.value,
            item.c.kind.in_(JOURNALED),
        )
        .order_by(item.c.sent_at, item.c.id)
    )
    start, end = span
    if start is not None:
        query = query.where(item.c.sent_at >= start)
    if end is not None:
        query = query.where(item.c.sent_at < end)
    return [Root(*row) for row in connection.execute(query)]


def current(connection: Connection, roots: Sequence[int]) -> dict[int, Any]:
    """The version of each root that counts now."""
    found: dict[int, Any] = {}
    for some in chunks(roots):
        rows = connection.execute(select_items().where(versions_of(some), item.c.is_current))
        found.update({row.root_id: row for row in rows})
    return found


def standing(connection: Connection, root_id: int) -> tuple[str, str]:
    """What is decided about a root, and the case that it is on ("" for none)."""
    row = connection.execute(
        sa.select(item.c.state, item.c.case_number).where(item.c.id == root_id)
    ).one()
    return row.state, row.case_number or ""


def everybody_in(row: Any) -> Iterable[Party]:
    """All who took part in an item, the sender first."""
    detail = detail_of(row)
    yield sender_of(row)
    yield from detail.parties
    if detail.call is not None:
        yield from detail.call.parties
        yield from (leg.who for leg in detail.call.legs)
    yield from (Party(person=who) for who in detail.mentions)


def sender_of(row: Any) -> Party:
    """Who sent an item: a directory id, else a mail address or a telephone number."""
    sender, name = row.sender, row.sender_name
    if "@" in sender:
        return Party(mail=sender, name=name)
    if sender[:1] == "+" or "*" in sender:
        return Party(phone=sender, name=name)
    return Party(person=sender, name=name)


def people_in(row: Any) -> set[str]:
    """Directory ids of all who took part in an item."""
    return {party.person for party in everybody_in(row) if party.person}


def read(connection: Connection, roots: Sequence[int]) -> Rows:
    """All that hangs on these roots."""
    versions = _versions(connection, roots)
    calls = [root for root, rows in versions.items() if rows[0].kind in _CALLS]
    sources, voicemails = _of_calls(connection, calls)
    return Rows(
        versions=versions,
        links=_links(connection, roots),
        files=_files(connection, [row.id for rows in versions.values() for row in rows]),
        sources=sources,
        voicemails=voicemails,
    )


_CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value)


def _versions(connection: Connection, roots: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    is_erased = item.c.raw.is_(None).label("is_erased")
    for some in chunks(roots):
        query = select_items().add_columns(is_erased).where(versions_of(some))
        for row in connection.execute(query.order_by(item.c.modified_at, item.c.id)):
            found.setdefault(row.root_id, []).append(row)
    return found


def _links(connection: Connection, roots: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(roots):
        query = sa.select(link).where(link.c.item_id.in_(some)).order_by(link.c.id.desc())
        for row in connection.execute(query):
            found.setdefault(row.item_id, []).append(row)
    return found


def _files(connection: Connection, versions: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(versions):
        query = sa.select(attachment).where(attachment.c.item_id.in_(some))
        order = (attachment.c.item_id, attachment.c.position)
        for row in connection.execute(query.order_by(*order)):
            found.setdefault(row.item_id, []).append(row)
    return found


def _of_calls(
    connection: Connection, calls: Sequence[int]
) -> tuple[dict[int, list[str]], dict[int, list[int]]]:
    """Who saw these calls, and which voicemails they left."""
    sources: dict[int, list[str]] = {}
    voicemails: dict[int, list[int]] = {}
    for some in chunks(calls):
        query = (
            sa.select(item.c.call_id, item.c.kind, item.c.root_id, thread.c.source)
            .join(thread, thread.c.id == item.c.thread_id)
            .where(item.c.call_id.in_(some), item.c.is_current)
            .order_by(item.c.sent_at, item.c.id)
        )
        for row in connection.execute(query):
            if row.kind == Kind.SIGHTING.value:
                sources.setdefault(row.call_id, []).append(row.source)
            elif row.kind == Kind.VOICEMAIL.value:
                voicemails.setdefault(row.call_id, []).append(row.root_id)
    return sources, voicemails


def entries_of(
    connection: Connection, cases: Collection[str], roots: Collection[int], threads: Collection[int]
) -> Entries:
    """The entries on these cases that these items or threads stand in, with all deliveries."""
    if not cases:
        return Entries({}, {}, {})
    by_item: dict[int, list[Any]] = {}
    by_day: dict[tuple[int, str], list[Any]] = {}
    ids: list[str] = []
    for row in connection.execute(sa.select(entry).where(entry.c.case_number.in_(sorted(cases)))):
        if row.item_id in roots:
            by_item.setdefault(row.item_id, []).append(row)
        elif row.thread_id in threads:
            by_day.setdefault((row.thread_id, row.day), []).append(row)
        else:
            continue
        ids.append(row.id)
    return Entries(by_item, by_day, _deliveries(connection, ids))


def _deliveries(connection: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for some in chunks(ids):
        query = sa.select(delivery).where(delivery.c.entry_id.in_(some))
        order = (delivery.c.entry_id, delivery.c.sink, delivery.c.version.desc())
        for row in connection.execute(query.order_by(*order)):
            found.setdefault(row.entry_id, []).append(row)
    return found


def names_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Display names by directory id or user principal name (lower case), as far as known now."""
    wanted = {who for who in people if who}
    upns = sorted(who for who in wanted if "@" in who)
    found: dict[str, str] = {}
    for some in chunks(sorted(wanted - set(upns))):
        found.update(_names(connection, person.c.directory_id.in_(some)))
    # A handful: those who decided something about these items. No index knows them.
    for some in chunks(upns, 20):
        by_upn = sa.or_(*(person.c.detail.icontains(f'"{upn}"', autoescape=True) for upn in some))
        found.update(_names(connection, by_upn))
    return found


def _names(connection: Connection, which: sa.ColumnElement[bool]) -> dict[str, str]:
    found: dict[str, str] = {}
    query = sa.select(person.c.detail).where(person.c.valid_to.is_(None), which)
    for each in map(_person, connection.execute(query).scalars()):
        if each.name:
            found[each.id] = found[each.upn.casefold()] = each.name
    return found


def seen_cases(
    connection: Connection, viewer: Viewer | None, numbers: Collection[str]
) -> frozenset[str]:
    """Those of these cases that the viewer may see; None sees all, also what no register knows."""
    if viewer is None:
        return frozenset(numbers)
    found: set[str] = set()
    for some in chunks(sorted(numbers)):
        rows = connection.execute(
            sa.select(register_case.c.number).where(
                register_case.c.number.in_(some), visible_case(viewer)
            ),
            viewer.values,
        )
        found.update(rows.scalars())
    return frozenset(found)
