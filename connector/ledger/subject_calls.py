"""How many calls came in on each subject, day by day: counts, never who called. Reads only.

A call's subject is the KLE subject of the case it is linked to: as the register tells it, or as the
case's number begins with it. Calls on restricted cases are left out: so few people may know of
those that even a count could tell too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import chunks, detail_of
from connector.ledger.days import Period, day_of
from connector.ledger.tables import item, register_case
from connector.model import Call, Case, Direction, Kind, LinkState
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_KINDS = (Kind.CALL.value, Kind.MISSED_CALL.value)
_NUMBERED = re.compile(r"\d{2}\.\d{2}(?:\.\d{2})?(?=-)")
_case = decoder(Case).decode


class SubjectCalls(msgspec.Struct, kw_only=True):
    """The calls of one day on one subject."""

    subject: str  # "27.18.02", or a group "27.18"
    day: date  # local
    answered: int = 0
    missed: int = 0
    moved: int = 0  # of the answered: those that more than one of us answered, one after the other
    waited_s: int = 0  # seconds in queues, all calls together

    @property
    def calls(self) -> int:
        """Answered or not."""
        return self.answered + self.missed


def subject_of(case: Case) -> str:
    """The KLE subject of a case, "" when neither the register nor the number tells it."""
    if case.kle_subject:
        return case.kle_subject
    found = _NUMBERED.match(case.number)
    return found[0] if found else ""


def subject_calls(connection: Connection, zone: ZoneInfo, period: Period) -> list[SubjectCalls]:
    """Calls from outside in a period, by subject and day, in that order."""
    rows = connection.execute(_calls(period, zone)).all()
    subjects = _subjects(connection, {row.case_number for row in rows})
    found: dict[tuple[str, date], SubjectCalls] = {}
    for row in rows:
        subject = subjects.get(row.case_number, "")
        call = detail_of(row).call
        if not subject or call is None or call.direction in _NOT_FROM_OUTSIDE:
            continue
        day = day_of(row.sent_at, zone)
        counts = found.setdefault((subject, day), SubjectCalls(subject=subject, day=day))
        _count(counts, row.kind, call)
    return [found[key] for key in sorted(found)]


def first_day(connection: Connection, zone: ZoneInfo) -> date | None:
    """The first local day that any call is known of: before it, no calls means nothing.

    None when no call is known.
    """
    query = sa.select(sa.func.min(item.c.sent_at)).where(
        item.c.kind != Kind.MESSAGE.value, item.c.kind.in_(_KINDS)
    )
    found = connection.execute(query).scalar()
    return None if found is None else day_of(found, zone)


_NOT_FROM_OUTSIDE = frozenset({Direction.OUTBOUND, Direction.INTERNAL})
_root = item.alias("decided")  # the case is decided about the first version


def _calls(period: Period, zone: ZoneInfo) -> sa.Select[Any]:
    begins, ends = period.bounds(zone)
    return (
        sa.select(item.c.kind, item.c.sent_at, item.c.detail, _root.c.case_number)
        .join(_root, _root.c.id == item.c.root_id)
        .where(
            item.c.is_current,
            ~item.c.is_deleted,
            item.c.kind != Kind.MESSAGE.value,  # so that the small index of calls is used
            item.c.kind.in_(_KINDS),
            item.c.sent_at >= begins,
            item.c.sent_at < ends,
            _root.c.state == LinkState.LINKED.value,
        )
    )


def _subjects(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """The subject of each of these cases that is open to its unit."""
    found = {}
    for some in chunks(sorted(numbers)):
        query = sa.select(register_case.c.number, register_case.c.detail).where(
            register_case.c.number.in_(some), register_case.c.access == ""
        )
        for row in connection.execute(query):
            found[row.number] = subject_of(_case(row.detail))
    return found


def _count(counts: SubjectCalls, kind: str, call: Call) -> None:
    if kind == Kind.CALL.value:
        counts.answered += 1
        spoke = {
            leg.who.person or leg.who.name or leg.who.phone
            for leg in call.legs
            if leg.is_answered and leg.role == "user"
        }
        counts.moved += len(spoke) > 1
    else:
        counts.missed += 1
    for leg in call.legs:
        if leg.role == "queue":
            counts.waited_s += max(0, int((leg.ended_at - leg.started_at).total_seconds()))
