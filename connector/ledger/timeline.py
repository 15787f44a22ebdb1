"""A case's communications on one line of time, a page at a time. Reads only.

A call, a missed call and a voicemail stand alone; the messages of a thread stand together by local
day, as they are journaled. What another case has to do with it is told only to who may see that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.ledger import timeline_rows
from connector.ledger.search_words import is_part
from connector.ledger.tables import at, ms
from connector.ledger.timeline_calls import shown
from connector.ledger.timeline_entries import Group, Maker
from connector.ledger.timeline_rows import Root
from connector.ledger.timeline_values import CONVERSATION, Timeline, TimelineEntry
from connector.model import CaseParty, Kind

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer

ENTRIES = 25  # on a page
MESSAGES = 150  # on a page, unless one conversation alone has more
KINDS = (CONVERSATION, Kind.CALL.value, Kind.MISSED_CALL.value, Kind.VOICEMAIL.value)
NEWEST, OLDEST = "newest", "oldest"
AFTER, BEFORE = "a", "b"  # on which side of the entry named a cursor goes on


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What of a case is wanted; empty fields leave nothing out. Days are local and inclusive."""

    kinds: frozenset[str] = frozenset()
    first_day: date | None = None
    last_day: date | None = None
    who: str = ""  # part of a name, address or number of somebody in it
    words: str = ""  # all of them, each anywhere in what was said
    order: str = NEWEST

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not (self.kinds or self.first_day or self.last_day or self.who or self.words)


class BadCursor(ValueError):
    """What was given as a cursor is none of ours."""


def timeline(
    connection: Connection,
    case_number: str,
    zone: ZoneInfo,
    viewer: Viewer | None,
    *,
    wanted: Wanted = Wanted(),  # noqa: B008  frozen
    cursor: str = "",
    item: int | None = None,
    parties: Sequence[CaseParty] = (),
    limit: int | None = ENTRIES,
) -> Timeline:
    """A page of what is linked to the case now; `limit` None gives all of it.

    The caller has checked that the viewer may see the case; `viewer` decides what is told of other
    cases (None: all). `item` begins the page a little before the entry with this root. `parties`
    of the case name the numbers that they call from. Raises BadCursor.
    """
    roots = timeline_rows.case_roots(connection, case_number, _span(wanted, zone))
    groups = _groups(connection, roots, zone)
    counts = dict.fromkeys(KINDS, 0)
    for each in groups:
        counts[each.kind] += 1
    chosen = _filtered(connection, groups, wanted)
    if wanted.order == NEWEST:
        chosen.reverse()
    page = _page(chosen, cursor, item, limit, is_falling=wanted.order == NEWEST)
    maker = Maker(connection, zone, viewer, case_number, parties, groups)
    return Timeline(
        case_number=case_number,
        order=wanted.order,
        entries=tuple(maker.entries(page.groups)),
        total=len(chosen),
        counts=counts,
        next=page.next,
        previous=page.previous,
    )


def item_entry(
    connection: Connection,
    root_id: int,
    zone: ZoneInfo,
    viewer: Viewer | None,
) -> TimelineEntry:
    """One item alone, wherever it is: on a case, waiting, or on none. A message has no neighbours.

    Raises KeyError when there is no such root, or it is nothing that can be journaled.
    """
    row = timeline_rows.current(connection, [root_id]).get(root_id)
    if row is None or row.kind not in timeline_rows.JOURNALED:
        raise KeyError(root_id)
    root = Root(root_id, row.thread_id, row.kind, row.sent_at)
    group = _group([root], zone)
    state, case_number = timeline_rows.standing(connection, root_id)
    maker = Maker(connection, zone, viewer, case_number, (), [group], state=state)
    return next(iter(maker.entries([group])))


def _span(wanted: Wanted, zone: ZoneInfo) -> tuple[int | None, int | None]:
    first, last = wanted.first_day, wanted.last_day
    return (
        None if first is None else ms(_midnight(first, zone)),
        # The last day of the calendar has no day after it: then it has no end either.
        None if last is None or last == date.max else ms(_midnight(last + timedelta(days=1), zone)),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _groups(connection: Connection, roots: Sequence[Root], zone: ZoneInfo) -> list[Group]:
    """One for each entry, in order of its beginning."""
    calls = [root.id for root in roots if root.kind != Kind.MESSAGE.value]
    now = timeline_rows.current(connection, calls)
    found: dict[tuple[int, str], list[Root]] = {}
    for root in roots:
        if root.kind == Kind.MESSAGE.value:
            day = at(root.sent_at).astimezone(zone).date().isoformat()
            found.setdefault((root.thread_id, day), []).append(root)
            continue
        row = now[root.id]
        # A missed call may turn out to have been answered, and to have begun at another second.
        found[root.id, ""] = [root._replace(kind=row.kind, sent_at=row.sent_at)]
    made = [_group(each, zone) for each in found.values()]
    for each in made:
        if each.kind != CONVERSATION:
            each.row = now[each.roots[0].id]
    return sorted(made, key=lambda each: each.place)


def _group(roots: list[Root], zone: ZoneInfo) -> Group:
    first = roots[0]
    is_message = first.kind == Kind.MESSAGE.value
    return Group(
        kind=CONVERSATION if is_message else first.kind,
        roots=roots,
        day=at(first.sent_at).astimezone(zone).date(),
        place=(first.sent_at, first.id),
    )


def _filtered(connection: Connection, groups: list[Group], wanted: Wanted) -> list[Group]:
    chosen = [each for each in groups if not wanted.kinds or each.kind in wanted.kinds]
    if not (wanted.who.strip() or wanted.words.strip()):
        return chosen
    rows = timeline_rows.current(connection, [root.id for each in chosen for root in each.roots])
    said = _Said(connection, rows.values())
    return [
        each for each in chosen if any(said.holds(rows[root.id], wanted) for root in each.roots)
    ]


class _Said:
    """Looks for people and words in items."""

    def __init__(self, connection: Connection, rows: Iterable[object]) -> None:
        people: set[str] = set()
        for row in rows:
            people |= timeline_rows.people_in(row)
        self._names = timeline_rows.names_of(connection, people)

    def holds(self, row: object, wanted: Wanted) -> bool:
        """Whether this item has the person and all the words that are wanted."""
        return self._has_words(row, wanted.words) and self._has_who(row, wanted.who)

    def _has_words(self, row: object, words: str) -> bool:
        text = " ".join(filter(None, (getattr(row, "subject", ""), getattr(row, "text", ""))))
        folded = text.casefold()
        return all(is_part(word, folded) for word in words.casefold().split())

    def _has_who(self, row: object, who: str) -> bool:
        plain = who.casefold().strip()
        digits = "".join(filter(str.isdigit, plain))
        if not plain:
            return True
        for named in timeline_rows.everybody_in(row):
            known = self._names.get(named.person, "")
            texts = (named.name, known, named.mail, shown(named))
            if any(is_part(plain, text.casefold()) for text in texts):
                return True
            if len(digits) >= 4 and digits in "".join(filter(str.isdigit, named.phone)):
                return True
        return False


class _Page(NamedTuple):
    """What of the line is shown, and how to go on either way."""

    groups: Sequence[Group]
    next: str = ""
    previous: str = ""


def _page(
    groups: Sequence[Group], cursor: str, item: int | None, limit: int | None, *, is_falling: bool
) -> _Page:
    if limit is None:
        return _Page(groups)
    if cursor:
        start, end = _at_cursor(groups, cursor, limit, is_falling=is_falling)
    else:
        start, end = _start(groups, item, limit), None
    if end is None:
        end = start + _fitting(groups[start:], limit)
    return _Page(
        groups[start:end],
        next=_cursor(AFTER, groups[end - 1]) if 0 < end < len(groups) else "",
        previous=_cursor(BEFORE, groups[start]) if 0 < start < len(groups) else "",
    )


def _at_cursor(
    groups: Sequence[Group], cursor: str, limit: int, *, is_falling: bool
) -> tuple[int, int | None]:
    """Where the page begins, and where it ends if the cursor says so."""
    side, place = _parsed(cursor)
    passed = sum(
        1
        for each in groups
        if (each.place > place if is_falling else each.place < place)
        or (side == AFTER and each.place == place)
    )
    if side == AFTER:
        return passed, None
    return passed - _fitting(list(reversed(groups[:passed])), limit), passed


def _start(groups: Sequence[Group], item: int | None, limit: int) -> int:
    """The beginning, or a little before the entry that is asked for."""
    for n, each in enumerate(groups):
        if any(root.id == item for root in each.roots):
            return max(0, n - limit // 3)
    return 0


def _fitting(groups: Sequence[Group], limit: int) -> int:
    """How many of these make a page: at least one, if there is any."""
    messages = 0
    for n, each in enumerate(groups[:limit]):
        messages += len(each.roots)
        if n and messages > MESSAGES:
            return n
    return min(limit, len(groups))


def _cursor(side: str, group: Group) -> str:
    return f"{side}{group.place[0]}-{group.place[1]}"


def _parsed(cursor: str) -> tuple[str, tuple[int, int]]:
    side, numbers = cursor[:1], cursor[1:].rsplit("-", 1)
    is_number = [len(each) < 19 and each.removeprefix("-").isdecimal() for each in numbers]
    if side not in (AFTER, BEFORE) or is_number != [True, True] or not cursor.isascii():
        raise BadCursor(cursor)
    return side, (int(numbers[0]), int(numbers[1]))
