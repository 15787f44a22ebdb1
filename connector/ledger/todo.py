"""What waits for a person, to be decided: mine, my unit's, or all of it; the oldest first.

Only what the viewer may see is listed, counted or suggested; see access.py. Reads only: deciding.py
keeps what people answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.access import (
    Sort,
    Viewer,
    is_caseworker,
    is_of_unit,
    is_person,
    visible_to,
)
from connector.ledger.batch import among, chunks
from connector.ledger.tables import (
    item,
    item_person,
    link,
    ms,
    private_thread,
    register_case,
    suggestion,
    thread_person,
)
from connector.ledger.waiting import Target, Waiting, waiting_items
from connector.ledger.waiting_rows import IS_WAITING
from connector.model import LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST = 1000  # more than that is "over 1,000": no list is counted to its end
STEP = 2000  # of what waits that are looked through at a time
_ZERO = time()
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})", re.ASCII)  # sent_at, id
# A literal: SQLite takes the partial index only when it sees the value.
_BY_PERSON = link.c.rule == sa.literal_column("'person'")
# The same as IS_WAITING, in a form that no index has.
_IS_WAITING_TOO = item.c.state.concat("") == LinkState.WAITING.value
_DECIDED = sa.select(sa.func.count()).where(
    link.c.actor == sa.bindparam("actor"),
    _BY_PERSON,
    link.c.at >= sa.bindparam("since"),
    link.c.superseded_at.is_(None),
)
_MARKED = sa.select(sa.func.count()).where(
    private_thread.c.actor == sa.bindparam("actor"), private_thread.c.at >= sa.bindparam("since")
)


class Scope(StrEnum):
    """Whose list it is."""

    MINE = "mine"  # I took part, or a suggested case is mine
    UNIT = "unit"  # mine, and what may belong to my unit's cases
    ALL = "all"  # all that I may see; for records managers


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits; both stop at MOST."""

    waiting: int
    late: int


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list."""

    scope: Scope
    items: tuple[Waiting, ...]
    count: Count
    next: str  # cursor of the next page; "" when there is none


def todo(
    connection: Connection,
    viewer: Viewer,
    scope: Scope,
    target: Target,
    *,
    limit: int = 20,
    cursor: str = "",
) -> Todo:
    """What waits for the viewer, the oldest first, after `cursor`.

    Raises ValueError for a cursor that none of these lists gave.
    """
    found = listed(connection, viewer, scope)
    late_before = target.late_before
    after = _parsed(cursor)
    rows = [row for row in found if (row.sent_at, row.id) > after]
    page = rows[:limit]
    return Todo(
        scope=scope,
        items=tuple(waiting_items(connection, viewer, [row.id for row in page], target)),
        count=Count(waiting=len(found), late=sum(row.sent_at < late_before for row in found)),
        next=f"{page[-1].sent_at}.{page[-1].id}" if len(rows) > limit else "",
    )


def count(connection: Connection, viewer: Viewer, scope: Scope, target: Target) -> Count:
    """How much waits for the viewer, and how much of it is late."""
    found = listed(connection, viewer, scope)
    late_before = target.late_before
    return Count(waiting=len(found), late=sum(row.sent_at < late_before for row in found))


def how_many(connection: Connection, viewer: Viewer, scope: Scope, most: int) -> int:
    """How much waits for the viewer, counted up to `most`."""
    return len(_first(connection, viewer, scope, most))


def decided_since(connection: Connection, viewer: Viewer, since: datetime) -> int:
    """How many decisions of the viewer since then stand; a private chat is one."""
    values = {"actor": viewer.actor, "since": ms(since)}
    both = (_DECIDED, _MARKED)
    return sum(int(connection.execute(each, values).scalar_one()) for each in both)


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the local day began."""
    return datetime.combine(now.astimezone(zone).date(), _ZERO, zone)


# which


def listed(connection: Connection, viewer: Viewer, scope: Scope) -> Sequence[Any]:
    """(id, sent_at) of all that is on the list, the oldest first; at most MOST."""
    return _first(connection, viewer, scope, MOST)


def _first(connection: Connection, viewer: Viewer, scope: Scope, most: int) -> Sequence[Any]:
    """The first so many of the list.

    First what may be on it, then what of that may be seen: asked for both at once, PostgreSQL asks
    of all that waits for anybody whether this viewer may see it.
    """
    form = _Form(viewer.sort, scope, bool(viewer.unit), connection.dialect.name == "sqlite")
    found: list[Any] = []
    place = (-(2**63), 0)
    while len(found) < most:
        values = {**viewer.values, "at": place[0], "id": place[1], "step": STEP}
        some = connection.execute(_maybe(form), values).all()
        seen: set[int] = set()
        for each in chunks([row.id for row in some]):
            rows = connection.execute(_seen(form), {**viewer.values, "numbers": each})
            seen.update(rows.scalars())
        found += [row for row in some if row.id in seen]
        if len(some) < STEP:
            break
        place = (some[-1].sent_at, some[-1].id)
    return found[:most]


class _Form(NamedTuple):
    """What gives the query its form. Putting one together takes longer than running it: kept."""

    sort: Sort
    scope: Scope
    has_unit: bool
    is_sqlite: bool


@cache
def _maybe(form: _Form) -> sa.Select[Any]:
    """(id, sent_at) of what waits and may concern the viewer, from a place on: so many a step."""
    at, number = sa.bindparam("at", type_=sa.BigInteger), sa.bindparam("id", type_=sa.BigInteger)
    # PostgreSQL would read all that waits for anybody to find the few that concern the viewer.
    by_candidate = form.scope is not Scope.ALL and not form.is_sqlite
    query = sa.select(item.c.id, item.c.sent_at).where(
        _IS_WAITING_TOO if by_candidate else IS_WAITING,
        item.c.sent_at >= at,
        sa.or_(item.c.sent_at > at, item.c.id > number),
    )
    if form.scope is not Scope.ALL:
        query = query.where(item.c.id.in_(_candidates(form)))
    step = sa.bindparam("step", type_=sa.Integer)
    return query.order_by(item.c.sent_at, item.c.id).limit(step)


@cache
def _seen(form: _Form) -> sa.Select[Any]:
    """Those of `numbers` that wait and may be seen."""
    is_one = among(item.c.id, is_sqlite=form.is_sqlite)
    # Not as ix_item_root_sent says it: PostgreSQL would read all of that index, of each thing said.
    is_root = item.c.root_id - item.c.id == 0
    return sa.select(item.c.id).where(is_one, IS_WAITING, is_root, visible_to(form.sort))


def _candidates(form: _Form) -> sa.CompoundSelect[Any]:
    """What may concern the viewer, found from their side: their cases, chats and calls are few."""
    cases = register_case.c
    of_case = sa.select(suggestion.c.item_id).join(
        register_case, cases.number == suggestion.c.case_number
    )
    my_threads = sa.select(thread_person.c.thread_id).where(is_person(thread_person.c.person))
    legs = [
        of_case.where(is_caseworker()),
        sa.select(item.c.id).where(IS_WAITING, item.c.thread_id.in_(my_threads)),
        sa.select(item_person.c.item_id).where(is_person(item_person.c.person)),
    ]
    if form.scope is Scope.UNIT and form.has_unit:
        legs.append(of_case.where(is_of_unit()))
    return sa.union(*legs)


def _parsed(cursor: str) -> tuple[int, int]:
    if not cursor:
        return (-(2**63), 0)
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(f"{cursor!r} is no cursor of a to-do list")
    return (int(found[1]), int(found[2]))
