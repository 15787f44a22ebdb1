"""When a job is due, as a short text a person can read: pure, no clock of its own.

  off                              never
  every 15 min                     round the clock (s, min or h), in step with the UTC clock
  daily 19:00                      once a day, local time
  mon-fri 07:00                    once a day on these days
  mon-fri 07:00-18:00 every 1 min  within a window, counted from its start; its end is left out
  22:00-06:00 every 10 min         a window over midnight belongs to the day it begins on

Days are mon, tue, wed, thu, fri, sat, sun: a range (mon-fri) or a list (mon,wed).
A local time that the change to summer time skips is taken as the moment an hour later; one that
the change back repeats is taken the first time only. So a daily job runs once each day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST_S = 5  # closer than this is a loop, not a schedule
LONGEST_S = 24 * 3600  # a longer pause is written with days and a time

_UNIT_S = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "hours": 3600}
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d"
_TEXT = re.compile(
    rf"(?:(?P<days>daily|(?:[a-z]{{3}})(?:[-,][a-z]{{3}})*)(?:\s+|$))?"
    rf"(?:(?P<start>{_CLOCK})(?:\s*-\s*(?P<end>{_CLOCK}))?(?:\s+|$))?"
    r"(?:every\s+(?P<count>\d{1,6})\s*(?P<unit>s|sec|min|m|hours?|h))?"
)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a job is due. `days` are numbers, Monday is 0; `interval_s` 0 means once a day at `at`.

    A window runs from `start` to `end`, which is left out; an `end` not after `start` lies on the
    next day, so 00:00 as an end is the midnight that ends the day.
    """

    text: str
    days: tuple[int, ...] = ()
    start: time | None = None
    end: time | None = None
    interval_s: int = 0
    at: time | None = None

    @property
    def is_off(self) -> bool:
        """Never due by itself; a person may still start it."""
        return not self.days


def parse(text: str) -> Schedule:
    """The schedule written as `text`; raises ValueError with what is wrong, in English."""
    plain = " ".join(text.lower().split())
    if plain == "off":
        return Schedule(text="off")
    match = _TEXT.fullmatch(plain)
    if match is None or not plain:
        raise ValueError(f"{text!r} is not a schedule")
    days = _days(match["days"])
    if not match["count"]:
        if not match["start"] or match["end"]:
            raise ValueError(f"{text!r} does not say how often")
        return Schedule(text=plain, days=days, at=_clock(match["start"]))
    if match["start"] and not match["end"]:
        raise ValueError(f"{text!r} has a start but no end")
    interval_s = int(match["count"]) * _UNIT_S[match["unit"]]
    if not SHORTEST_S <= interval_s <= LONGEST_S:
        raise ValueError(f"{text!r}: the interval must be from {SHORTEST_S} s to 24 h")
    start = _clock(match["start"]) if match["start"] else None
    end = _clock(match["end"], is_end=True) if match["end"] else None
    return Schedule(text=plain, days=days, start=start, end=end, interval_s=interval_s)


def _days(text: str | None) -> tuple[int, ...]:
    """The numbers of the days named; none named, or "daily", is all of them."""
    if text in (None, "", "daily"):
        return tuple(range(7))
    found: set[int] = set()
    for part in str(text).split(","):
        names = part.split("-")
        unknown = [name for name in names if name not in DAYS]
        if unknown or len(names) > 2:
            raise ValueError(f"{part!r} is not a day or a range of days ({', '.join(DAYS)})")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(sorted(found))


def _clock(text: str, *, is_end: bool = False) -> time:
    """A time of day; 24:00, allowed as an end only, is given as 00:00 (see Schedule)."""
    hour, minute = (int(part) for part in text.split(":"))
    if hour == 24 and (minute or not is_end):
        raise ValueError(f"{text} is not a time of day")
    return time(hour % 24, minute)


def next_after(schedule: Schedule, moment: datetime, zone: tzinfo) -> datetime | None:
    """The first time strictly after `moment` at which the schedule is due, UTC; None when off."""
    if schedule.is_off:
        return None
    if schedule.start is None and schedule.at is None and len(schedule.days) == 7:
        return _next_tick(moment, schedule.interval_s)
    today = moment.astimezone(zone).date()
    # From yesterday, whose window may reach over midnight, to the same weekday next week.
    for offset in range(-1, 9):
        day = today + timedelta(days=offset)
        if day.weekday() in schedule.days:
            due = _next_on(schedule, day, moment, zone)
            if due is not None:
                return due
    raise AssertionError("a schedule with days is due within nine days")  # pragma: no cover


def _next_on(schedule: Schedule, day: date, moment: datetime, zone: tzinfo) -> datetime | None:
    """The first due time after `moment` among those that belong to the local day `day`."""
    if schedule.at is not None:
        due = _local(day, schedule.at, zone)
        return due if due > moment else None
    first, end = _window(schedule, day, zone)
    if schedule.start is None:
        first_tick = _next_tick(first - timedelta(microseconds=1), schedule.interval_s)
    else:
        first_tick = first
    if first_tick <= moment:
        passed = (moment - first_tick) // timedelta(seconds=schedule.interval_s)
        first_tick += timedelta(seconds=schedule.interval_s * (passed + 1))
    return first_tick if first_tick < end else None


def _window(schedule: Schedule, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Start and end of a day's window in UTC; the whole local day when none is written."""
    start, end = schedule.start or time(0), schedule.end or time(0)
    last_day = day if end > start else day + timedelta(days=1)
    return _local(day, start, zone), _local(last_day, end, zone)


def _local(day: date, clock: time, zone: tzinfo) -> datetime:
    """The moment of a local time: of a repeated one the first, of a skipped one an hour later."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _next_tick(moment: datetime, interval_s: int) -> datetime:
    """The next multiple of the interval on the UTC clock, so that a restart keeps the rhythm."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    step = timedelta(seconds=interval_s)
    return epoch + ((moment - epoch) // step + 1) * step
