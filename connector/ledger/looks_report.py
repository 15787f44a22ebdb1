"""Who looked at what, for the records manager: the events that looks.py keeps. Reads only.

An event may name a case that its reader may not see: the look at a restricted case, a search for
its number. The event stays whole; the number is withheld from who reads of it here.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.access import visible_case
from connector.ledger.batch import roots_on
from connector.ledger.days import Period, place_of
from connector.ledger.looks import DENIED, LOOKED
from connector.ledger.register import find_case
from connector.ledger.storable import storable
from connector.ledger.tables import event, item, look, register_case
from connector.typed import read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer
    from connector.linking.patterns import Scanner

STEP = 500
COVER = "•••"  # instead of a case number
# As the partial indexes say it: SQLite takes one only when it sees the value.
_OF = {name: event.c.action == sa.literal_column(f"'{name}'") for name in (LOOKED, DENIED)}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look: who, when, at what, and how ("print", "export", how many ...)."""

    cursor: str
    at: int
    actor: str  # the lasting name
    name: str  # as it was shown then
    subject: str  # "case 27.18.02-P25-14-26", "item 17", "search" ...
    how: dict[str, Any]
    is_hidden: bool = False  # the subject is a case that the reader may not see

    def items_at(self, case: str, now_on: Container[int]) -> list[int]:
        """What it showed of this case: what was on it then, or on none then and on it now."""
        items = self.how.get("items") or {}
        # Until migration 0007 a list told no cases: what waits is on none.
        on = items if isinstance(items, dict) else dict.fromkeys(map(str, items), "")
        known = [(int(root), its) for root, its in on.items()]
        return [root for root, its in known if its == case or (not its and root in now_on)]


class Withholding:
    """Covers the numbers of cases that this viewer may not see. For one transaction."""

    def __init__(self, connection: Connection, viewer: Viewer, scanner: Scanner) -> None:
        self._connection, self._viewer, self._scanner = connection, viewer, scanner
        self._is_hidden: dict[str, bool] = {}

    def is_hidden(self, number: str) -> bool:
        """Whether a case is meant by this that is restricted to others, however it is written."""
        if number not in self._is_hidden:
            self._is_hidden[number] = self._ask(number)
        return self._is_hidden[number]

    def _ask(self, number: str) -> bool:
        case = find_case(self._connection, storable(number), self._scanner)
        if case is None or not case.access:
            return False
        its = sa.select(register_case.c.number).where(
            register_case.c.number == case.number, visible_case(self._viewer)
        )
        return self._connection.execute(its, self._viewer.values).first() is None

    def covered(self, value: Any) -> Any:
        """The value of an event's detail without such numbers."""
        if isinstance(value, list):
            return [self.covered(each) for each in value]
        if isinstance(value, dict):
            return {name: self.covered(each) for name, each in value.items()}
        if not isinstance(value, str):
            return value
        hits = self._scanner.find(value)
        if not hits and self.is_hidden(value):  # as only the register writes it
            return COVER
        for hit in hits:
            if self.is_hidden(hit.raw):
                value = value.replace(hit.raw, COVER)
        return value


def looks(
    connection: Connection,
    zone: ZoneInfo,
    period: Period,
    withholding: Withholding,
    *,
    action: str = LOOKED,
    who: str = "",
    case: str = "",
    after: str = "",
) -> Iterator[Look]:
    """The looks of a period (or, by `action`, what was denied), the newest first; of one person (a
    part of the name is enough) and at one case or anything on it. Reads as far as it is asked.

    Of a case that the reader may not see, none. Raises ValueError for a cursor that is none.
    """
    if case and withholding.is_hidden(case):
        return
    begins, ends = period.bounds(zone)
    at, number = min((ends, 0), place_of(after)) if after else (ends, 0)
    query = sa.select(event).where(_OF[action], event.c.at >= begins)
    if case:
        query = query.where(_at_case(connection, case, begins, ends, action))
    wanted = who.casefold()
    while True:
        is_after = sa.and_(event.c.at <= at, sa.or_(event.c.at < at, event.c.id < number))
        order = (event.c.at.desc(), event.c.id.desc())
        rows = connection.execute(query.where(is_after).order_by(*order).limit(STEP)).all()
        for row in rows:
            found = _look(row)
            if wanted in found.actor.casefold() or wanted in found.name.casefold():
                yield _withheld(found, withholding)
        if len(rows) < STEP:
            return
        at, number = rows[-1].at, rows[-1].id


def _at_case(
    connection: Connection, case: str, begins: int, ends: int, action: str
) -> sa.ColumnElement[bool]:
    """Looks at the case, and at what was on it then; or was on none then, and is on it now."""
    subjects = [f"case {case}", *(f"item {root}" for root in roots_of(connection, case))]
    if action == DENIED:
        return event.c.subject.in_(subjects)
    its = sa.select(look.c.event_id).where(look.c.what.in_(subjects))
    return event.c.id.in_(its.where(look.c.at >= begins, look.c.at <= ends))


def roots_of(connection: Connection, case: str) -> list[int]:
    """All that is on the case now."""
    return list(connection.execute(sa.select(item.c.id).where(roots_on(case))).scalars())


def _look(row: Any) -> Look:
    how = read_json(row.detail, dict[str, Any])
    return Look(
        cursor=f"{row.at}.{row.id}",
        at=row.at,
        actor=row.actor,
        name=str(how.pop("name", "")),
        subject=row.subject,
        how=how,
    )


def _withheld(found: Look, withholding: Withholding) -> Look:
    sort, _, name = found.subject.partition(" ")
    is_hidden = sort == "case" and withholding.is_hidden(name)
    return msgspec.structs.replace(
        found,
        subject=f"case {COVER}" if is_hidden else found.subject,
        how={key: withholding.covered(value) for key, value in found.how.items()},
        is_hidden=is_hidden,
    )
