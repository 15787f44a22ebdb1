"""The times in a saved conversation: local, by the minute, mostly without a day. Pure.

A client writes "10:15", "10.15", "kl. 10:15", "10:15 AM", sometimes with a date before it. The day
is found from the time the copy was saved; a time that goes back begins the next day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

CLOCK = (
    r"(?:kl\.?\s*)?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?"
)
DAY = (
    r"(?:(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"|(?P<day2>\d{1,2})[-./](?P<month2>\d{1,2})[-./](?P<year2>\d{2,4}))"
)
_MOMENT = re.compile(rf"(?:{DAY}[,\s]*\s)?{CLOCK}")
_BACK = timedelta(hours=1)  # clocks that differ go back by minutes, midnight by nearly a day


class Clock(msgspec.Struct, frozen=True):
    """A time as it was written: without a day unless one was written too."""

    at: time
    day: date | None = None


def read(text: str) -> Clock | None:
    """The time that a text is, or None when it is none."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        at = time(hour, int(found["minute"]), int(found["second"] or 0))
        return Clock(at, _day(found))
    except ValueError:
        return None


def _day(found: re.Match[str]) -> date | None:
    if found["year"]:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    if not found["year2"]:
        return None
    year = int(found["year2"])
    return date(year + 2000 if year < 100 else year, int(found["month2"]), int(found["day2"]))


def moments(clocks: Sequence[Clock], saved_at: datetime, zone: ZoneInfo) -> list[datetime]:
    """The times of the lines of a conversation, in UTC. `saved_at` is when the copy was saved.

    In the hour that autumn repeats the earlier one is taken: nothing tells which it was.
    """
    if not clocks:
        return []
    days = _days_after_first(clocks)
    saved = saved_at.astimezone(zone).replace(tzinfo=None)
    first_day = _first_day(clocks, days, saved)
    found = []
    for clock, more in zip(clocks, days, strict=True):
        day = clock.day or first_day + timedelta(days=more)
        found.append(datetime.combine(day, clock.at, tzinfo=zone).astimezone(UTC))
    return found


def _days_after_first(clocks: Sequence[Clock]) -> list[int]:
    days, more = [0], 0
    for before, after in pairwise(clocks):
        if _since_midnight(after) < _since_midnight(before) - _BACK:
            more += 1
        days.append(more)
    return days


def _since_midnight(clock: Clock) -> timedelta:
    return timedelta(hours=clock.at.hour, minutes=clock.at.minute, seconds=clock.at.second)


def _first_day(clocks: Sequence[Clock], days: Sequence[int], saved: datetime) -> date:
    """The first line's day: the one that brings an end of the conversation nearest to its saving.

    Whether a client stamps a copy with the conversation's start or its end differs.
    """
    if clocks[0].day is not None:
        return clocks[0].day

    def distance(day: date) -> timedelta:
        start = datetime.combine(day, clocks[0].at)
        end = datetime.combine(day + timedelta(days=days[-1]), clocks[-1].at)
        return min(abs(start - saved), abs(end - saved))

    near = [saved.date() + timedelta(days=n) for n in (0, -1, 1)]
    near += [saved.date() - timedelta(days=days[-1])] if days[-1] > 1 else []
    return min(near, key=distance)


def is_ambiguous(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the local time of this moment happened twice that day."""
    local = at.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
