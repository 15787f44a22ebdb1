"""Everything that a page of what waits is made of, read in a few statements.

The statements are made once: to put one together takes longer than to run it. Who looks, and at
what, comes as their values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger.access import (
    Role,
    Sort,
    Viewer,
    case_visible_to,
    took_part_of,
    visible_to,
)
from connector.ledger.batch import chunks, select_items, versions_of
from connector.ledger.privacy import TALK
from connector.ledger.tables import (
    attachment,
    item,
    link,
    person,
    register_case,
    suggestion,
    thread_person,
)
from connector.model import Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MESSAGE = Kind.MESSAGE.value
MOST_ALIKE = 500  # messages of a page's chats that wait with the same case
# A literal and not a parameter: SQLite takes the partial indexes only when it sees the value.
IS_WAITING = item.c.state == sa.literal_column(f"'{LinkState.WAITING.value}'")
WAITS = sa.and_(IS_WAITING, item.c.root_id == item.c.id)
_SOME: Any = sa.bindparam("some", expanding=True)
_CURRENT = (
    select_items()
    .add_columns(item.c.raw.is_(None).label("is_erased"))
    .where(item.c.is_current, versions_of(_SOME))
)
_LINKS = sa.select(link).where(
    link.c.item_id.in_(_SOME),
    link.c.superseded_at.is_(None),
    link.c.state == LinkState.WAITING.value,
)
_AUDIO = (
    sa.select(attachment.c.item_id, attachment.c.position)
    .where(
        attachment.c.item_id.in_(_SOME),
        attachment.c.role == "audio",
        attachment.c.state == "kept",
    )
    .order_by(attachment.c.position.desc())
)
_PEOPLE = sa.select(person.c.directory_id, person.c.detail).where(
    person.c.directory_id.in_(_SOME), person.c.valid_to.is_(None)
)
_TALKERS = (
    sa.select(thread_person.c.thread_id, thread_person.c.person)
    .where(thread_person.c.thread_id.in_(_SOME))
    .order_by(thread_person.c.person)
)


def current(connection: Connection, roots: Sequence[int]) -> dict[int, Any]:
    """The version of each root that counts now."""
    return {row.root_id: row for row in connection.execute(_CURRENT, {"some": roots})}


def links(connection: Connection, roots: Sequence[int]) -> dict[int, Any]:
    """The decision that stands, of those that wait."""
    return {row.item_id: row for row in connection.execute(_LINKS, {"some": roots})}


def cases(connection: Connection, viewer: Viewer, numbers: Collection[str]) -> Iterable[Any]:
    """The cases of these numbers that the register has, each with whether the viewer may see it."""
    for some in chunks(sorted(numbers)):
        yield from connection.execute(_cases(viewer.sort), {**viewer.values, "some": some})


@cache
def _cases(sort: Sort) -> sa.Select[Any]:
    its = register_case.c
    is_seen = case_visible_to(sort).label("is_seen")
    return sa.select(its.number, its.detail, is_seen).where(its.number.in_(_SOME))


def alike(
    connection: Connection, viewer: Viewer, rows: Iterable[Any]
) -> dict[tuple[int, str], dict[int, int]]:
    """By chat and suggested case: the messages that wait, each with the decision that stands."""
    threads = sorted({row.thread_id for row in rows if row.kind == MESSAGE})
    found: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for some in chunks(threads):
        its = connection.execute(_alike(viewer.sort), {**viewer.values, "some": some})
        for thread_id, number, root, stands in its:
            found[thread_id, number][root] = stands
    return found


@cache
def _alike(sort: Sort) -> sa.Select[Any]:
    return (
        sa.select(item.c.thread_id, suggestion.c.case_number, item.c.id, link.c.id)
        .join(suggestion, suggestion.c.item_id == item.c.id)
        .join(link, sa.and_(link.c.item_id == item.c.id, link.c.superseded_at.is_(None)))
        .where(WAITS, item.c.thread_id.in_(_SOME), item.c.kind == MESSAGE, visible_to(sort))
        .order_by(item.c.sent_at, item.c.id)
        .limit(MOST_ALIKE)
    )


def own_chats(connection: Connection, viewer: Viewer, rows: Iterable[Any]) -> set[int]:
    """The messages of chats that the viewer may keep private; see deciding.private_thread_of."""
    roots = {row.root_id for row in rows if row.kind == MESSAGE and row.source in TALK}
    if not roots or Role.RECORDS_MANAGER in viewer.roles:
        return roots
    values = {**viewer.values, "some": sorted(roots)}
    return set(connection.execute(_took_part_in(viewer.sort), values).scalars())


@cache
def _took_part_in(sort: Sort) -> sa.Select[Any]:
    return sa.select(item.c.id).where(item.c.id.in_(_SOME), took_part_of(sort))


def audio(connection: Connection, rows: Iterable[Any]) -> dict[int, tuple[int, int]]:
    """The recording of each voicemail, by number of the version; only those that are here."""
    its = [row.id for row in rows if row.kind == Kind.VOICEMAIL.value]
    if not its:
        return {}
    found = connection.execute(_AUDIO, {"some": its})
    return {row.item_id: (row.item_id, row.position) for row in found}


def people(connection: Connection, ids: Collection[str]) -> Iterable[Any]:
    """The directory's entries of these ids as they are now."""
    for some in chunks(sorted(ids)):
        yield from connection.execute(_PEOPLE, {"some": some})


def talkers(connection: Connection, threads: Collection[int]) -> dict[int, list[str]]:
    """Who takes part in these chats."""
    found: dict[int, list[str]] = defaultdict(list)
    for some in chunks(sorted(set(threads))):
        for row in connection.execute(_TALKERS, {"some": some}):
            found[row.thread_id].append(row.person)
    return found
