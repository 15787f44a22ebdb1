"""The items behind a number of figures.py, page by page. Reads only, and never what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_item
from connector.ledger.days import Period, day_of, place_of
from connector.ledger.figure_sorting import LINKED, UNKNOWN_UNIT, Fate, Sorter
from connector.ledger.figures import EVERYTHING, Scope
from connector.ledger.tables import (
    delivery,
    entry,
    item,
    item_person,
    register_case,
    thread,
    thread_person,
)
from connector.ledger.views import JOURNALED
from connector.model import Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

STEP = 1000  # rows looked at in one go

# What may be asked for: "" and "linked" stand for several fates.
FATES: Mapping[str, tuple[Fate, ...]] = {
    "": tuple(Fate),
    "linked": LINKED,
    **{fate.value: (fate,) for fate in Fate},
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list. The case stands here only if the viewer may see the item."""

    root: int
    kind: str
    sent_at: int
    source: str
    unit: str
    fate: Fate
    is_visible: bool
    case_number: str = ""

    @property
    def cursor(self) -> str:
        """Where the list goes on after this one."""
        return f"{self.sent_at}.{self.root}"


def items(
    connection: Connection,
    zone: ZoneInfo,
    departments: Mapping[str, str],
    period: Period,
    viewer: Viewer,
    *,
    scope: Scope = EVERYTHING,
    fates: tuple[Fate, ...] = tuple(Fate),
    after: str = "",
) -> Iterator[Found]:
    """The items that figures() counts for this period, scope and fates, oldest first.

    Reads as far as it is asked. Raises ValueError for a cursor that is none.
    """
    sorter = Sorter(connection, departments, period)
    query = _query(viewer, period, zone, scope, fates, departments)
    begins, _ = period.bounds(zone)
    place = max((begins, -1), place_of(after)) if after else (begins, -1)
    while True:
        some = query.where(_is_after(place)).limit(STEP)
        rows = connection.execute(some, viewer.values).all()
        sorter.learn((row.thread_id, _root(row), row.case_number) for row in rows)
        for row in rows:
            found = _found(row, sorter, zone)
            if found.fate in fates and scope.unit in ("", found.unit):
                yield found
        if len(rows) < STEP:
            return
        place = rows[-1].sent_at, rows[-1].id


def _is_after(place: tuple[int, int]) -> sa.ColumnElement[bool]:
    sent_at, root = place
    return sa.and_(
        item.c.sent_at >= sent_at,
        sa.or_(item.c.sent_at > sent_at, item.c.id > root),
    )


def _root(row: Any) -> int:
    return 0 if row.kind == Kind.MESSAGE.value else int(row.id)


def _found(row: Any, sorter: Sorter, zone: ZoneInfo) -> Found:
    its = row.thread_id, _root(row), row.case_number
    fate = sorter.fate(row.state, *its, day_of(row.sent_at, zone).isoformat())
    return Found(
        root=row.id,
        kind=row.kind,
        sent_at=row.sent_at,
        source=sorter.source(row.thread_id),
        unit=sorter.unit(*its),
        fate=Fate(fate),
        is_visible=row.is_visible,
        case_number=(row.case_number or "") if row.is_visible else "",
    )


def _query(
    viewer: Viewer,
    period: Period,
    zone: ZoneInfo,
    scope: Scope,
    fates: tuple[Fate, ...],
    departments: Mapping[str, str],
) -> sa.Select[Any]:
    """At least the rows that are asked for: unit and fate are decided by the Sorter, here only
    what is certainly another is left out.
    """
    # Where it begins is said by _is_after alone: of two lower bounds SQLite takes one, and would
    # read from the period's first day for each page.
    _, ends = period.bounds(zone)
    query = sa.select(
        item.c.id,
        item.c.kind,
        item.c.sent_at,
        item.c.state,
        item.c.thread_id,
        item.c.case_number,
        visible_item(viewer).label("is_visible"),
    ).where(
        item.c.root_id == item.c.id,
        item.c.kind.in_((scope.kind,) if scope.kind else JOURNALED),
        item.c.sent_at < ends,
        item.c.state.in_({_state(fate) for fate in fates}),
    )
    if scope.source:
        of_source = sa.select(thread.c.id).where(thread.c.source == scope.source)
        query = query.where(item.c.thread_id.in_(of_source))
    if scope.unit:
        query = query.where(_may_be_of(scope.unit, departments))
    if set(fates) <= {Fate.OWED, Fate.FAILED}:
        query = query.where(item.c.case_number.in_(_UNFINISHED))
    return query.order_by(item.c.sent_at, item.c.id)


def _state(fate: Fate) -> str:
    return LinkState.LINKED.value if fate in LINKED else fate.value


def _may_be_of(unit: str, departments: Mapping[str, str]) -> sa.ColumnElement[bool]:
    case = register_case.alias("its_case")
    its = case.c.number == item.c.case_number
    is_at_home = sa.exists().where(its, case.c.department != "")
    if unit == UNKNOWN_UNIT:
        return ~is_at_home
    staff = sorted(person for person, its_unit in departments.items() if its_unit == unit)
    in_talk = sa.exists().where(
        thread_person.c.thread_id == item.c.thread_id, thread_person.c.person.in_(staff)
    )
    in_call = sa.exists().where(item_person.c.item_id == item.c.id, item_person.c.person.in_(staff))
    is_message = item.c.kind == Kind.MESSAGE.value
    of_case = sa.exists().where(its, case.c.department == unit)
    of_staff = sa.or_(sa.and_(is_message, in_talk), sa.and_(~is_message, in_call))
    return sa.or_(of_case, sa.and_(~is_at_home, of_staff))


_UNFINISHED = sa.union(
    sa.select(entry.c.case_number).where(entry.c.due_at.is_not(None)),
    sa.select(delivery.c.case_number).where(delivery.c.state != sa.literal_column("'done'")),
)
