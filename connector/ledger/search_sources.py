"""Where a search looks: blocks of items that may be found, newest first, each of bounded cost.

By words from the full-text index, in order of arrival; by anything else from the items themselves,
in order of time. A block is at most some thousand items, whatever is asked for and whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa

from connector.ledger.access import may_be_visible_to, visible_case
from connector.ledger.search_engines import TsQuery, fts_query
from connector.ledger.search_query import HIDDEN, Place, Query
from connector.ledger.tables import (
    item,
    item_person,
    mention,
    phone,
    register_case,
    suggestion,
    thread_person,
)
from connector.model import LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Sort, Viewer

FTS_BLOCK = 2500  # hits, with their times: about 10 ms
NARROW_BLOCK = 1000  # items by time, of which texts are read
# PostgreSQL's index gives no order, and its planner takes rare words for common ones. So it is
# told: look at the newest items; where few have the words, go by the index, but not without end.
PROBE = 3000
FEW, MANY = 15, 100  # hits in the probe: rare words; words so common that it is enough
WINDOW = 20_000
INDEX_HITS = 5000


class Block(msgspec.Struct):
    """Keys (time, item) in the order of the answer, and where the next block begins, if any."""

    keys: list[tuple[int, int]]
    then: Place | None


class Source(Protocol):
    """Gives blocks from a place on."""

    are_roots: bool  # else each key is the version that has the words
    by_arrival: bool

    def block(self, place: Place) -> Block:
        """What comes at the place."""


class ByIndex:
    """What has the words, by FTS5: the newest arrivals, put in order of time."""

    are_roots = False
    by_arrival = True

    def __init__(
        self, connection: Connection, query: Query, viewer: Viewer | None, match: str
    ) -> None:
        self._connection, self._query, self._viewer = connection, query, viewer
        self._match = match

    def block(self, place: Place) -> Block:
        """At most FTS_BLOCK hits that arrived not later than the place's `top`."""
        values = {"match": self._match, "top": place.top, "block": FTS_BLOCK}
        values |= values_of(self._viewer)
        rows = self._connection.execute(_hits_of(_sort_of(self._viewer)), values).all()
        return _block_of(rows, place, self._query, len(rows) == FTS_BLOCK)


@cache
def _hits_of(sort: Sort | None) -> sa.Select[Any]:
    """(time, id, whether it may be seen) of what matches, at most `block` from `top` on."""
    hit = sa.table("item_search", sa.column("rowid"))
    matches = sa.literal_column("item_search").op("MATCH")(sa.bindparam("match"))
    newest = (
        sa.select(hit.c.rowid)
        .where(matches, hit.c.rowid <= sa.bindparam("top"))
        .order_by(hit.c.rowid.desc())
        .limit(sa.bindparam("block", type_=sa.Integer))
        .subquery()
    )
    hits = sa.select(item.c.sent_at, item.c.id, _may_be_seen(sort, item))
    return hits.join(newest, newest.c.rowid == item.c.id)


def _may_be_seen(sort: Sort | None, hit: Any) -> sa.ColumnElement[bool]:
    """Of a later version only its root would tell."""
    if sort is None:
        return sa.true()
    return sa.or_(hit.c.root_id != hit.c.id, may_be_visible_to(sort, hit))


def _sort_of(viewer: Viewer | None) -> Sort | None:
    return None if viewer is None else viewer.sort


class ByTsVector:
    """The same by PostgreSQL."""

    are_roots = False
    by_arrival = True

    def __init__(
        self, connection: Connection, query: Query, viewer: Viewer | None, words: TsQuery
    ) -> None:
        self._connection, self._query, self._viewer = connection, query, viewer
        self._words = words
        self._are_many = False  # so that the index is not asked in vain for each block

    def block(self, place: Place) -> Block:
        """The newest WINDOW arrivals where the words are common, else all that has them."""
        rows, width = self._window(place.top, PROBE), PROBE
        if len(rows) < FEW and not self._are_many:
            every = self._by_index(place.top)
            if every is not None:
                return _block_of(every, place, self._query, False)
            self._are_many = True
        if len(rows) < MANY:
            rows, width = self._window(place.top, WINDOW), WINDOW
        block = _block_of(rows, place, self._query, False)
        if place.top > width:
            block.then = Place(place.top - width, shown=place.shown)
        return block

    def _window(self, top: int, width: int) -> Sequence[Any]:
        newest = (
            sa.select(*_HIT_COLUMNS, _WORDS)
            .where(item.c.id <= top, item.c.id > top - width)
            .order_by(item.c.id.desc())
            .offset(0)  # no further than here does the planner take the words in
            .subquery("hit")
        )
        matches = newest.c.words.op("@@")(self._words.loose)
        return self._ask(self._select(newest).where(matches, self._holds(newest.c.words)))

    def _by_index(self, top: int) -> list[Any] | None:
        """All that has the words; None when that is too much."""
        found = (
            sa.select(*_HIT_COLUMNS, _WORDS)
            .where(_WORDS.op("@@")(self._words.loose), item.c.id <= top)
            .limit(INDEX_HITS + 1)
            .subquery("hit")
        )
        holds = self._holds(found.c.words).label("holds")
        self._connection.exec_driver_sql(_GO_BY_INDEX)
        rows = self._ask(self._select(found).add_columns(holds))
        self._connection.exec_driver_sql(_GO_AS_YOU_LIKE)
        if len(rows) > INDEX_HITS:
            return None
        return [row[:3] for row in rows if row.holds]

    def _select(self, hits: sa.Subquery) -> sa.Select[Any]:
        may_be_seen = _may_be_seen(_sort_of(self._viewer), _Hit)
        return sa.select(hits.c.sent_at, hits.c.id, may_be_seen)

    def _ask(self, query: sa.Select[Any]) -> Sequence[Any]:
        return self._connection.execute(query, values_of(self._viewer)).all()

    def _holds(self, words: Any) -> sa.ColumnElement[bool]:
        strict = self._words.strict
        return sa.true() if strict is None else words.op("@@")(strict)


# The last: psycopg lets a statement that comes again be planned once, for any words; that plan goes
# through all items.
_BY_INDEX = {"enable_seqscan": "off", "enable_indexscan": "off",
             "plan_cache_mode": "force_custom_plan"}  # fmt: skip
_GO_BY_INDEX = "; ".join(f"SET LOCAL {name} = {value}" for name, value in _BY_INDEX.items())
_GO_AS_YOU_LIKE = "; ".join(f"SET LOCAL {name} TO DEFAULT" for name in _BY_INDEX)
_WORDS: Any = sa.literal_column("item.words").label("words")
_HIT_COLUMNS = (item.c.id, item.c.root_id, item.c.sent_at, item.c.thread_id, item.c.state)


class _Hit:
    """The columns of any subquery named "hit": a condition on them is made once."""

    c = SimpleNamespace(
        **{its.name: sa.literal_column(f"hit.{its.name}", its.type) for its in _HIT_COLUMNS}
    )


class ByTime:
    """Roots by time, of one case number, telephone, case or colleague, or all there are."""

    are_roots = True
    by_arrival = False

    def __init__(self, connection: Connection, query: Query, viewer: Viewer | None) -> None:
        self._connection, self._query, self._viewer = connection, query, viewer

    def block(self, place: Place) -> Block:
        """At most NARROW_BLOCK roots behind the place."""
        its = item.c
        rows = self._connection.execute(
            sa.select(its.sent_at, its.id, _may_be_seen(_sort_of(self._viewer), item))
            .where(
                its.root_id == its.id,
                its.id <= place.top,
                its.kind.in_([kind.value for kind in self._query.kinds]),
                its.sent_at <= place.at,
                sa.or_(its.sent_at < place.at, its.id < place.item),
                *roots_asked_for(self._query, self._viewer),
                *_period(self._query),
            )
            .order_by(its.sent_at.desc(), its.id.desc())
            .limit(NARROW_BLOCK),
            values_of(self._viewer),
        ).all()
        keys = [(sent_at, number) for sent_at, number, may_be_seen in rows if may_be_seen]
        then = None
        if len(rows) == NARROW_BLOCK:
            then = Place(place.top, rows[-1].sent_at, rows[-1].id, place.shown)
        return Block(keys, then)


def source_of(
    connection: Connection, query: Query, viewer: Viewer | None, *, is_sqlite: bool
) -> Source:
    """The place to look that has least to look at."""
    is_narrow = bool(query.numbers or query.phones or query.case_number)
    if is_narrow or not query.words.wanted:
        return ByTime(connection, query, viewer)
    if is_sqlite:
        return ByIndex(connection, query, viewer, fts_query(query.words))
    words = TsQuery(connection, query.words)
    if words.loose is None:
        return ByTime(connection, query, viewer)
    return ByTsVector(connection, query, viewer, words)


def values_of(viewer: Viewer | None) -> dict[str, Any]:
    """Who "the viewer" is in a search; the operator at the command line is nobody."""
    return {} if viewer is None else viewer.values


_linked = item.alias("on_number")


def roots_asked_for(
    query: Query, viewer: Viewer | None, root: Any = item
) -> list[sa.ColumnElement[bool]]:
    """Conditions on roots by what the tables beside `item` know of them.

    That something is on a case tells only who may see the case: those who took part may not all.
    """
    its = root.c
    may_see = sa.true() if viewer is None else visible_case(viewer)
    found: list[sa.ColumnElement[bool]] = []
    if query.numbers:
        names = sa.select(mention.c.item_id).where(mention.c.number.in_(query.numbers))
        on_case = sa.select(register_case.c.number).where(
            register_case.c.match.in_(query.numbers), may_see
        )
        # As a union: for an OR of the two PostgreSQL goes through every item there is.
        linked = sa.select(_linked.c.id).where(_linked.c.case_number.in_(on_case))
        found.append(its.id.in_(sa.union(names, linked)))
    if query.phones:
        found.append(its.id.in_(_with_phone(query.phones)))
    if query.case_number:
        is_seen = sa.exists().where(register_case.c.number == query.case_number, may_see)
        found += [its.case_number == query.case_number, sa.true() if viewer is None else is_seen]
    if query.unit:
        found.append(_of_unit(query.unit, may_see, its))
    if query.colleague:
        talks = sa.select(thread_person.c.thread_id).where(
            thread_person.c.person == query.colleague
        )
        calls = sa.select(item_person.c.item_id).where(item_person.c.person == query.colleague)
        found.append(sa.or_(its.thread_id.in_(talks), its.id.in_(calls)))
    if query.state:
        found.append(its.state == query.state)
    return found


def _with_phone(numbers: tuple[str, ...]) -> Any:
    """Items with one of these numbers: whole, or masked where the source told no more of it.

    `phone` keeps a whole number as it looks when masked, too: that is no other number's hit.
    """
    whole = [number for number in numbers if not number.endswith(HIDDEN)]
    masked_too = {number[: -len(HIDDEN)] + HIDDEN for number in whole}
    found = [
        sa.select(phone.c.item_id).where(
            phone.c.number.in_([number for number in numbers if number not in masked_too])
        )
    ]
    for number in sorted(masked_too):
        told = phone.alias("told_whole")
        is_told = sa.exists().where(
            told.c.item_id == phone.c.item_id,
            told.c.number.startswith(number.removesuffix(HIDDEN), autoescape=True),
            told.c.number != number,
        )
        found.append(sa.select(phone.c.item_id).where(phone.c.number == number, ~is_told))
    return sa.union(*found)


def _of_unit(unit: str, may_see: sa.ColumnElement[bool], its: Any) -> sa.ColumnElement[bool]:
    """On a case of the unit, or waiting for one."""
    of_unit = sa.select(register_case.c.number).where(register_case.c.department == unit, may_see)
    waits = sa.select(suggestion.c.item_id).where(suggestion.c.case_number.in_(of_unit))
    return sa.or_(
        its.case_number.in_(of_unit),
        sa.and_(its.state == LinkState.WAITING.value, its.id.in_(waits)),
    )


def _period(query: Query) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.sent_from is not None:
        found.append(item.c.sent_at >= query.sent_from)
    if query.sent_to is not None:
        found.append(item.c.sent_at < query.sent_to)
    return found


def _block_of(rows: Sequence[Any], place: Place, query: Query, is_full: bool) -> Block:
    """Those behind the place and within the period that may be seen, newest first.

    Of rows (time, item, whether it may be seen).
    """
    first = -1 if query.sent_from is None else query.sent_from
    end = place.at + 1 if query.sent_to is None else query.sent_to
    behind = place.key
    keys = [
        (sent_at, number)
        for sent_at, number, may_be_seen in rows
        if may_be_seen and first <= sent_at < end and (sent_at, number) < behind
    ]
    keys.sort(reverse=True)
    then = Place(min(row[1] for row in rows) - 1, shown=place.shown) if is_full else None
    return Block(keys, then)
