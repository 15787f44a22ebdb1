"""Search in all that was said: over what somebody may see, and nothing more. Reads only.

Newest first, or by relevance. Work is bounded: who may see little of much gets an answer for the
newest part, and the place where it goes on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.identity import mask_cpr
from connector.ledger.access import Sort, Viewer, visible_to
from connector.ledger.batch import among, detail_of
from connector.ledger.history import shown
from connector.ledger.search_query import Place, Query, read_place
from connector.ledger.search_rank import score
from connector.ledger.search_sources import Block, Source, roots_asked_for, source_of, values_of
from connector.ledger.search_words import merged
from connector.ledger.tables import at, item
from connector.ledger.timeline_rows import names_of, seen_cases
from connector.model import Kind

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

EXCERPT = 160
BLOCKS = 2  # of a source that one answer looks at
RANKED = 1500  # of the newest that hold the words; the rest is not looked at by relevance
_CHUNKS = (50, 200, 500)  # how many are fetched at a time, from the first on

Spans = list[tuple[int, int]]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said. `item`, `state` and `case_number` are its root's.

    `case_number` is empty for who may not see the case. `marks` are the places of the words in
    `excerpt`, of which CPR numbers are masked.
    """

    item: int
    kind: str
    at: datetime
    who: str
    state: str
    case_number: str | None
    excerpt: str
    marks: tuple[tuple[int, int], ...] = ()

    @property
    def parts(self) -> Iterator[tuple[str, bool]]:
        """The excerpt in pieces, each with whether it is one of the words."""
        end = 0
        for start, stop in self.marks:
            yield self.excerpt[end:start], False
            yield self.excerpt[start:stop], True
            end = stop
        yield self.excerpt[end:], False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the hits. `cursor` gives the next; "" when there are no more.

    `looked_back_to`: the search stopped for the work it was, and the cursor goes on from there; by
    arrival in the ledger (`by_arrival`) or by when things were said. `is_part`: by relevance only
    the newest were ranked. `count`: hits up to here.
    """

    hits: tuple[Hit, ...] = ()
    cursor: str = ""
    count: int = 0
    looked_back_to: datetime | None = None
    by_arrival: bool = False
    is_part: bool = False


class Found(msgspec.Struct):
    """A row that holds the words: its place in the order, and where the words are."""

    key: tuple[int, int]
    row: Any
    subject: Spans
    text: Spans


def search(
    connection: Connection,
    query: Query,
    viewer: Viewer | None,
    *,
    limit: int,
    cursor: str = "",
    is_sqlite: bool,
) -> Answer:
    """Hits that the viewer may see; None is the operator at the command line, who sees all.

    Only what is said now is found: not what was edited away. Raises BadPlace for a cursor that is
    not of an earlier answer to the same query.
    """
    source = source_of(connection, query, viewer, is_sqlite=is_sqlite)
    place = read_place(cursor) if cursor else _start(connection)
    look = _Look(connection, query, viewer, source, is_sqlite=is_sqlite)
    if query.by_relevance and query.words.wanted:
        return look.by_relevance(place, limit)
    return look.newest(place, limit)


def _start(connection: Connection) -> Place:
    return Place(connection.execute(sa.select(sa.func.max(item.c.id))).scalar() or 0)


class _Look:
    """One search under way."""

    def __init__(
        self, connection: Connection, query: Query, viewer: Viewer | None, source: Source, *,
        is_sqlite: bool,
    ) -> None:  # fmt: skip
        self._connection, self._query, self._viewer = connection, query, viewer
        self._source, self._is_sqlite = source, is_sqlite

    def newest(self, place: Place, limit: int) -> Answer:
        """In order of time, as far as the source's blocks are."""
        found: list[Found] = []
        looked: Place | None = place
        for _ in range(BLOCKS):
            if looked is None:
                break
            place = looked
            block = self._source.block(place)
            for each in self._found_in(block):
                found.append(each)
                if len(found) > limit:
                    last = found[limit - 1].key
                    return self._answer(found[:limit], Place(place.top, *last, place.shown))
            looked = block.then
        if looked is None:
            return self._answer(found, None, place.shown)
        return self._answer(found, looked, stopped=True)

    def by_relevance(self, place: Place, limit: int) -> Answer:
        """The best of the newest; the place's time is a score here."""
        block = self._source.block(Place(place.top))
        newest = Block(block.keys[:RANKED], None)
        is_part = block.then is not None or len(block.keys) > RANKED
        found = []
        for each in self._found_in(newest):
            its = each.row
            each.key = (score(self._query.words, its.subject or "", its.text or ""), its.id)
            found.append(each)
        found = sorted((each for each in found if each.key < place.key), key=_by_key, reverse=True)
        more = None
        if len(found) > limit:
            more = Place(place.top, *found[limit - 1].key, place.shown)
        answer = self._answer(found[:limit], more, place.shown)
        return msgspec.structs.replace(answer, is_part=is_part)

    def _found_in(self, block: Block) -> Iterator[Found]:
        """What of the block may be seen, is said now and holds the words; in order."""
        keys, sizes = block.keys, iter(_CHUNKS)
        size, start = 0, 0
        while start < len(keys):
            size = next(sizes, size)
            some = dict.fromkeys(number for _, number in keys[start : start + size])
            rows = {row.place: row for row in self._rows(list(some))}
            for key in keys[start : start + size]:
                row = rows.get(key[1])
                if row is None:
                    continue
                subject, text = _texts(row)
                places = self._query.words.places(subject, text)
                if places is not None:
                    marks = [
                        merged([*its, *self._numbers_in(said)])
                        for its, said in zip(places, (subject, text), strict=True)
                    ]
                    yield Found(key, row, *marks)
            start += size

    def _numbers_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a case number or telephone number that was asked for stands."""
        if self._numbers is not None:
            yield from (match.span() for match in self._numbers.finditer(text))

    @cached_property
    def _numbers(self) -> re.Pattern[str] | None:
        return numbers_asked_for(self._query)

    def _rows(self, numbers: Sequence[int]) -> Iterator[Any]:
        """What is said now, of these roots or versions."""
        values = {"numbers": numbers, "kinds": self._query.kinds, **values_of(self._viewer)}
        yield from self._connection.execute(self._select, values)

    @cached_property
    def _select(self) -> sa.Select[Any]:
        sort = self._viewer.sort if self._viewer is not None else None
        if self._source.are_roots:
            return _rows_of(sort, are_roots=True, is_sqlite=self._is_sqlite)
        asked_for = roots_asked_for(self._query, self._viewer, _root)
        query = _rows_of(sort, are_roots=False, is_sqlite=self._is_sqlite)
        return query.where(*asked_for) if asked_for else query

    def _answer(
        self, found: Sequence[Found], then: Place | None, before: int = 0, *, stopped: bool = False
    ) -> Answer:
        count = len(found) + (then.shown if then is not None else before)
        if then is not None:
            then = msgspec.structs.replace(then, shown=count)
        return Answer(
            hits=tuple(self._hits(found)),
            cursor=then.cursor() if then is not None else "",
            count=count,
            looked_back_to=self._looked_back_to(then) if stopped and then is not None else None,
            by_arrival=self._source.by_arrival,
        )

    def _looked_back_to(self, place: Place) -> datetime | None:
        if not self._source.by_arrival:
            return at(place.at)
        newest = sa.select(item.c.taken_at).where(item.c.id <= place.top)
        arrived = self._connection.execute(newest.order_by(item.c.id.desc()).limit(1)).scalar()
        return at(arrived) if arrived is not None else None

    def _hits(self, found: Sequence[Found]) -> Iterator[Hit]:
        details = [detail_of(each.row) for each in found]
        people = [each.row.sender for each in found]
        people += [its.call.caller.person for its in details if its.call is not None]
        names = names_of(self._connection, (who for who in people if "@" not in who))
        numbers = {each.row.case_number for each in found if each.row.case_number}
        seen = seen_cases(self._connection, self._viewer, numbers)
        for each, its in zip(found, details, strict=True):
            row = each.row
            who = row.sender_name or names.get(row.sender, "") or row.sender
            if not who and its.call is not None and row.kind != Kind.VOICEMAIL.value:
                who = shown(its.call.caller, names)
            text, marks = excerpt(*_joined(row, each))
            yield Hit(
                item=row.root_id,
                kind=row.kind,
                at=at(row.sent_at),
                who=who,
                state=row.state,
                case_number=row.case_number if row.case_number in seen else None,
                excerpt=text,
                marks=tuple(marks),
            )


def numbers_asked_for(query: Query) -> re.Pattern[str] | None:
    """Those numbers with any signs in between; a Danish one without its country, too."""
    asked = [re.findall(r"[^\W_]+", number) for number in query.numbers]
    asked += [list(phone.removeprefix("+45").rstrip("*")) for phone in query.phones]
    ways = [r"[\W_]{0,3}".join(map(re.escape, parts)) for parts in asked if parts]
    return re.compile("|".join(ways), re.IGNORECASE) if ways else None


@cache
def _rows_of(sort: Sort | None, *, are_roots: bool, is_sqlite: bool) -> sa.Select[Any]:
    """What is said now of these `numbers`, for a viewer of this sort: rows of these `kinds`.

    Kept: to put it together takes longer than to run it.
    """
    place = item.c.root_id if are_roots else item.c.id
    is_root, is_later = (among(each, is_sqlite=is_sqlite) for each in (item.c.id, item.c.root_id))
    query = sa.select(place.label("place"), *_COLUMNS)
    query = query.select_from(item.join(_root, _root.c.id == item.c.root_id))
    # See versions_of: in words that let both databases use an index.
    versions = sa.or_(is_root, sa.and_(is_later, item.c.root_id != item.c.id))
    query = query.where(versions if are_roots else is_root)
    kinds = sa.bindparam("kinds", type_=sa.String, expanding=True)
    query = query.where(_is_said(), _root.c.kind.in_(kinds))
    if sort is not None:
        query = query.where(visible_to(sort, _root))
    # The last words of something deleted stand behind its empty last version.
    return query.order_by(item.c.id.desc())


def _by_key(found: Found) -> tuple[int, int]:
    return found.key


_root = item.alias("root")
_COLUMNS = (
    item.c.id,
    item.c.root_id,
    _root.c.kind,
    item.c.sent_at,
    item.c.sender,
    item.c.sender_name,
    item.c.subject,
    item.c.text,
    item.c.detail,
    _root.c.state,
    _root.c.case_number,
)


def _is_said() -> sa.ColumnElement[bool]:
    """What is said now: the current version, or the last words of something deleted."""
    newer = item.alias("newer")
    # In words that let both databases use an index; see versions_of.
    later = sa.and_(newer.c.root_id == item.c.root_id, newer.c.root_id != newer.c.id)
    is_version = sa.or_(newer.c.id == item.c.root_id, later)
    of_same = sa.and_(is_version, newer.c.id != item.c.id)
    is_deleted_now = sa.exists().where(of_same, newer.c.is_current, newer.c.is_deleted)
    was_edited = sa.exists().where(
        of_same, ~newer.c.is_deleted, newer.c.modified_at > item.c.modified_at
    )
    return sa.or_(item.c.is_current, sa.and_(is_deleted_now, ~was_edited))


def _texts(row: Any) -> tuple[str, str]:
    """Subject and text, composed: "å" as one letter, also where a Mac wrote two."""
    return tuple(unicodedata.normalize("NFC", each or "") for each in (row.subject, row.text))  # type: ignore[return-value]  # two of two


def _joined(row: Any, found: Found) -> tuple[str, Spans]:
    """Subject and text as one, with the places in both."""
    subject, text = _texts(row)
    if not subject:
        return text, found.text
    begin = len(subject) + 1
    return f"{subject} {text}", found.subject + [(a + begin, b + begin) for a, b in found.text]


def excerpt(text: str, marks: Spans) -> tuple[str, Spans]:
    """The part of the text round the first of the places, on one line, and the places in it."""
    first, end = min(marks, default=(0, 0))
    start = max(0, first - EXCERPT // 3)
    stop = max(start + EXCERPT, end)
    masked = mask_cpr(text)  # as long as it was
    one_line = "".join(" " if sign.isspace() else sign for sign in masked[start:stop])
    before = "…" if start else ""
    moved = [
        (max(a, start) - start + len(before), min(b, stop) - start + len(before))
        for a, b in sorted(marks)
        if a < stop and b > start
    ]
    return f"{before}{one_line}{'…' if stop < len(text) else ''}", moved
