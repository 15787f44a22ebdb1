"""What was journaled on a case and left it again: moved to another, or taken back. Reads only.

A correction is a link that was superseded after its entry had been written: from which case, to
which, by whom, why; and what the journals were told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_case
from connector.ledger.batch import chunks
from connector.ledger.days import Period, day_of, place_of
from connector.ledger.tables import delivery, entry, entry_version, item, link, register_case
from connector.model import Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

STEP = 500


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One item that left a case after it was journaled there. Cases and reason are "" when hidden.

    `is_void`: its entry was taken back whole; False: the rest of the conversation stayed; None: the
    next version is not written yet.
    `told_at` is when all journals had confirmed it, `is_told` whether they have.
    """

    cursor: str
    at: int
    root: int
    kind: str
    sent_at: int
    is_visible: bool
    from_case: str
    to_case: str  # "" when it is on no case now
    to_state: str
    actor: str
    rule: str
    reason: str
    is_void: bool | None
    is_told: bool
    told_at: int | None


class _Followed(msgspec.Struct, frozen=True):
    """The version of the old case's entry that came after the correction."""

    is_void: bool | None
    is_told: bool
    told_at: int | None


def corrections(
    connection: Connection, zone: ZoneInfo, period: Period, viewer: Viewer, *, after: str = ""
) -> Iterator[Correction]:
    """The corrections of a period, the newest first. Reads as far as it is asked.

    Raises ValueError for a cursor that is none.
    """
    begins, ends = period.bounds(zone)
    place = place_of(after) if after else (ends, 0)
    while True:
        query = _MOVED.where(_is_after(place), _old.c.superseded_at >= begins)
        rows = connection.execute(query.limit(STEP)).all()
        seen = _visible(connection, viewer, rows)
        for row in rows:
            followed = _followed(connection, row, zone)
            if followed is not None:
                yield _correction(row, followed, seen)
        if len(rows) < STEP:
            return
        place = rows[-1].at, rows[-1].id


_old, _new = link.alias("old_link"), link.alias("new_link")
_next_id = (
    sa.select(sa.func.min(link.c.id))
    .where(link.c.item_id == _old.c.item_id, link.c.id > _old.c.id)
    .correlate(_old)
    .scalar_subquery()
)
_MOVED = (
    sa.select(
        _old.c.id,
        _old.c.superseded_at.label("at"),
        _old.c.item_id,
        _old.c.case_number.label("from_case"),
        _new.c.case_number.label("to_case"),
        _new.c.state.label("to_state"),
        _new.c.actor,
        _new.c.rule,
        _new.c.reason,
        item.c.kind,
        item.c.sent_at,
        item.c.thread_id,
    )
    .join_from(_old, _new, _new.c.id == _next_id)
    .join(item, item.c.id == _old.c.item_id)
    .where(
        _old.c.superseded_at.is_not(None),
        _old.c.state == LinkState.LINKED.value,
        sa.or_(_new.c.state != LinkState.LINKED.value, _new.c.case_number != _old.c.case_number),
    )
    .order_by(_old.c.superseded_at.desc(), _old.c.id.desc())
)


def _is_after(place: tuple[int, int]) -> sa.ColumnElement[bool]:
    at, number = place
    return sa.and_(
        _old.c.superseded_at <= at, sa.or_(_old.c.superseded_at < at, _old.c.id < number)
    )


def _visible(connection: Connection, viewer: Viewer, rows: Iterable[Any]) -> set[str]:
    """The cases of these rows that the viewer may see."""
    cases = {case for row in rows for case in (row.from_case, row.to_case) if case}
    found: set[str] = set()
    for some in chunks(sorted(cases)):
        found.update(
            connection.execute(
                sa.select(register_case.c.number).where(
                    register_case.c.number.in_(some), visible_case(viewer)
                ),
                viewer.values,
            ).scalars()
        )
    return found


def _followed(connection: Connection, row: Any, zone: ZoneInfo) -> _Followed | None:
    """What came after the correction on the old case; None when nothing had been written there."""
    is_talk = row.kind == Kind.MESSAGE.value
    its = (
        sa.and_(
            entry.c.thread_id == row.thread_id, entry.c.day == day_of(row.sent_at, zone).isoformat()
        )
        if is_talk
        else entry.c.item_id == row.item_id
    )
    query = _VERSIONS.where(entry.c.case_number == row.from_case, its)
    versions = connection.execute(query).all()
    if not any(each.made_at <= row.at for each in versions):
        return None
    later = [each for each in versions if each.made_at > row.at]
    if not later:
        return _Followed(is_void=None, is_told=False, told_at=None)
    first = later[0]
    is_told = bool(first.owed) and first.owed == first.confirmed
    return _Followed(
        is_void=bool(first.is_void),
        is_told=is_told,
        told_at=first.done_at if is_told else None,
    )


# entry_json writes a void as "is_void":true, and leaves the member out for anything else.
_is_void = entry_version.c.content.like('%"is_void":true%')
_VERSIONS = (
    sa.select(
        entry_version.c.made_at,
        sa.func.max(sa.case((_is_void, 1), else_=0)).label("is_void"),
        sa.func.max(delivery.c.changed_at).label("done_at"),
        sa.func.count(delivery.c.key).label("owed"),
        sa.func.sum(sa.case((delivery.c.state == "done", 1), else_=0)).label("confirmed"),
    )
    .join_from(entry, entry_version, entry_version.c.entry_id == entry.c.id)
    .outerjoin(
        delivery,
        sa.and_(delivery.c.entry_id == entry.c.id, delivery.c.version == entry_version.c.version),
    )
    .group_by(entry_version.c.version, entry_version.c.made_at)
    .order_by(entry_version.c.version)
)


def _correction(row: Any, followed: _Followed, seen: set[str]) -> Correction:
    is_visible = row.from_case in seen and (not row.to_case or row.to_case in seen)
    # Of what waits, the case is only proposed.
    to_case = row.to_case or "" if row.to_state == LinkState.LINKED.value else ""
    return Correction(
        cursor=f"{row.at}.{row.id}",
        at=row.at,
        root=row.item_id,
        kind=row.kind,
        sent_at=row.sent_at,
        is_visible=is_visible,
        from_case=row.from_case if is_visible else "",
        to_case=to_case if is_visible else "",
        to_state=row.to_state,
        actor=row.actor,
        rule=row.rule,
        reason=row.reason if is_visible else "",
        is_void=followed.is_void,
        is_told=followed.is_told,
        told_at=followed.told_at,
    )
