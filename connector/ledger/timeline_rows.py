"""Everything that a page of a case's line of time is made of, read in a few statements.

How many statements does not depend on how many items there are (but for one more for each 500).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from connector.ledger.access import Sort, Viewer, case_visible_to
from connector.ledger.batch import chunks, detail_of, roots_on, select_items, versions_of
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
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

JOURNALED = (
    Kind.MESSAGE.value,
    Kind.CALL.value,
    Kind.MISSED_CALL.value,
    Kind.VOICEMAIL.value,
)


_CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value)
_person = decoder(Person).decode

# What is asked at every page of a case is made once: to put a statement together takes longer than
# to run it.
_SOME: Any = sa.bindparam("some", expanding=True)
_CURRENT = select_items().where(versions_of(_SOME), item.c.is_current)
_VERSIONS = (
    select_items()
    .add_columns(item.c.raw.is_(None).label("is_erased"))
    .where(versions_of(_SOME))
    .order_by(item.c.modified_at, item.c.id)
)
_LINKS = sa.select(link).where(link.c.item_id.in_(_SOME)).order_by(link.c.id.desc())
_FILES = (
    sa.select(attachment)
    .where(attachment.c.item_id.in_(_SOME))
    .order_by(attachment.c.item_id, attachment.c.position)
)
_OF_CALLS = (
    sa.select(item.c.call_id, item.c.kind, item.c.root_id, thread.c.source)
    .join(thread, thread.c.id == item.c.thread_id)
    .where(item.c.call_id.in_(_SOME), item.c.is_current)
    .order_by(item.c.sent_at, item.c.id)
)
_ENTRIES = sa.select(entry).where(entry.c.case_number.in_(_SOME))
_DELIVERIES = (
    sa.select(delivery)
    .where(delivery.c.entry_id.in_(_SOME))
    .order_by(delivery.c.entry_id, delivery.c.sink, delivery.c.version.desc())
)
_PEOPLE_NOW = sa.select(person.c.detail).where(person.c.valid_to.is_(None))
_PEOPLE_WITH_ID = _PEOPLE_NOW.where(person.c.directory_id.in_(_SOME))


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
    start, end = span
    query = _case_roots(has_start=start is not None, has_end=end is not None)
    values = {"case_number": case_number, "start": start, "end": end}
    return [Root(*row) for row in connection.execute(query, values)]


@cache
def _case_roots(*, has_start: bool, has_end: bool) -> sa.Select[Any]:
    query = (
        sa.select(item.c.id, item.c.thread_id, item.c.kind, item.c.sent_at)
        .where(
            roots_on(sa.bindparam("case_number")),
            item.c.state == LinkState.LINKED.value,
            item.c.kind.in_(JOURNALED),
        )
        .order_by(item.c.sent_at, item.c.id)
    )
    if has_start:
        query = query.where(item.c.sent_at >= sa.bindparam("start"))
    if has_end:
        query = query.where(item.c.sent_at < sa.bindparam("end"))
    return query


def current(connection: Connection, roots: Sequence[int]) -> dict[int, Any]:
    """The version of each root that counts now."""
    found: dict[int, Any] = {}
    for some in chunks(roots):
        rows = connection.execute(_CURRENT, {"some": some})
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


def _versions(connection: Connection, roots: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(roots):
        for row in connection.execute(_VERSIONS, {"some": some}):
            found.setdefault(row.root_id, []).append(row)
    return found


def _links(connection: Connection, roots: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(roots):
        for row in connection.execute(_LINKS, {"some": some}):
            found.setdefault(row.item_id, []).append(row)
    return found


def _files(connection: Connection, versions: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for some in chunks(versions):
        for row in connection.execute(_FILES, {"some": some}):
            found.setdefault(row.item_id, []).append(row)
    return found


def _of_calls(
    connection: Connection, calls: Sequence[int]
) -> tuple[dict[int, list[str]], dict[int, list[int]]]:
    """Who saw these calls, and which voicemails they left."""
    sources: dict[int, list[str]] = {}
    voicemails: dict[int, list[int]] = {}
    for some in chunks(calls):
        for row in connection.execute(_OF_CALLS, {"some": some}):
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
    for row in connection.execute(_ENTRIES, {"some": sorted(cases)}):
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
        for row in connection.execute(_DELIVERIES, {"some": some}):
            found.setdefault(row.entry_id, []).append(row)
    return found


def names_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Display names by directory id or user principal name (lower case), as far as known now."""
    wanted = {who for who in people if who}
    upns = sorted(who for who in wanted if "@" in who)
    found: dict[str, str] = {}
    for some in chunks(sorted(wanted - set(upns))):
        found.update(_names(connection.execute(_PEOPLE_WITH_ID, {"some": some})))
    # A handful: those who decided something about these items. No index knows them.
    for some in chunks(upns, 20):
        by_upn = sa.or_(*(person.c.detail.icontains(f'"{upn}"', autoescape=True) for upn in some))
        found.update(_names(connection.execute(_PEOPLE_NOW.where(by_upn))))
    return found


def _names(people: sa.Result[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in map(_person, people.scalars()):
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
        rows = connection.execute(_seen(viewer.sort), {**viewer.values, "some": some})
        found.update(rows.scalars())
    return frozenset(found)


@cache
def _seen(sort: Sort) -> sa.Select[Any]:
    is_one = register_case.c.number.in_(_SOME)
    return sa.select(register_case.c.number).where(is_one, case_visible_to(sort))
