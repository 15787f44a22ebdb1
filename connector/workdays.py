"""Working days in Denmark, for "journaled within three working days". Pure.

No working day are Saturdays and Sundays, the public holidays, Constitution Day and 24 and 31
December: the days on which a public time limit does not run out. Sources: forældelsesloven section
27 (2) (danskelove.dk, read 2026-11-22), which names them; Great Prayer Day is a working day since
2024 (act 214 of 6 March 2023).

Not the `holidays` package: it carries the holidays of some 250 countries for the eleven days here.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

_DAY = timedelta(days=1)
_FIXED = ((1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31))
_AFTER_EASTER = (-3, -2, 0, 1, 39, 49, 50)  # Maundy Thursday to Whit Monday, in days
_GREAT_PRAYER_DAY = 26  # days after Easter; until 2023


def is_workday(day: date) -> bool:
    """Whether a Danish public body works on that day."""
    return day.weekday() < 5 and day not in _days_off(day.year)


def workdays_after(day: date, count: int) -> date:
    """The last of `count` working days after `day`; `day` itself when `count` is 0."""
    for _ in range(count):
        day += _DAY
        while not is_workday(day):
            day += _DAY
    return day


def workdays_between(first: date, last: date) -> int:
    """How many working days lie after `first`, up to and with `last`; 0 when `last` is earlier."""
    if last <= first:
        return 0
    weeks, rest = divmod((last - first).days, 7)
    weekdays = 5 * weeks + sum((first + _DAY * n).weekday() < 5 for n in range(1, rest + 1))
    years = range(first.year, last.year + 1)
    off = [day for year in years for day in _days_off(year) if first < day <= last]
    return weekdays - sum(day.weekday() < 5 for day in off)


def oldest_in_time(today: date, count: int) -> date:
    """The first day whose `count` working days have not passed on `today`."""
    day = today
    while workdays_after(day - _DAY, count) >= today:
        day -= _DAY
    return day


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Source: the anonymous algorithm in J. Meeus, Astronomical Algorithms, chapter 8.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * j) // 433
    month = (h + j - 7 * m + 90) // 25
    return date(year, month, (h + j - 7 * m + 33 * month + 19) % 32)


@lru_cache(maxsize=64)
def _days_off(year: int) -> frozenset[date]:
    sunday = easter(year)
    moving = (*_AFTER_EASTER, *((_GREAT_PRAYER_DAY,) if year < 2024 else ()))
    fixed = (date(year, month, day) for month, day in _FIXED)
    return frozenset((*fixed, *(sunday + _DAY * days for days in moving)))
