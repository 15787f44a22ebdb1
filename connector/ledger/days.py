"""Local days as the ledger's milliseconds: 23, 24 or 25 hours, as the clocks of the zone go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from connector.ledger.tables import at, ms


def bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """First and last millisecond (exclusive) of a local day."""
    begins = datetime.combine(day, time(), tzinfo=zone)
    ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return ms(begins), ms(ends)


def day_of(milliseconds: int, zone: ZoneInfo) -> date:
    """The local day of a column's time."""
    return at(milliseconds).astimezone(zone).date()


class Period(msgspec.Struct, frozen=True):
    """Local days from `first` to `last`, both with it."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each day, in order."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def bounds(self, zone: ZoneInfo) -> tuple[int, int]:
        """First and last millisecond (exclusive)."""
        return bounds(self.first, zone)[0], bounds(self.last, zone)[1]


def place_of(cursor: str) -> tuple[int, int]:
    """The two numbers of a list's cursor, "time.row". Raises ValueError for what is none."""
    first, _, second = cursor.partition(".")
    at_, row = int(first), int(second)
    if max(abs(at_), abs(row)) >= 2**63:
        raise ValueError("no column holds this number")
    return at_, row
