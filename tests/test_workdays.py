"""Working days in Denmark."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.workdays import (
    easter,
    is_workday,
    oldest_in_time,
    workdays_after,
    workdays_between,
)

DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize(
    "day",
    ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2000-04-23"],
)
def test_easter(day: str) -> None:
    """Easter Sunday is where the calendars of these years have it."""
    assert easter(date.fromisoformat(day).year).isoformat() == day


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01", "2026-04-02", "2026-04-03", "2026-04-06", "2026-05-14", "2026-05-25",
        "2026-06-05", "2026-12-24", "2026-12-25", "2026-12-31", "2026-11-21", "2026-11-22",
        "2023-05-05",
    ],
)  # fmt: skip
def test_days_off(day: str) -> None:
    """Public holidays, Constitution Day, Christmas Eve and week-ends are no working days."""
    assert not is_workday(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-11-20", "2024-04-26", "2026-05-15", "2026-05-01"])
def test_working_days(day: str) -> None:
    """Great Prayer Day is a working day since 2024; so are Labour Day and Friday after Ascension.

    (26 April 2024 would have been Great Prayer Day.)
    """
    assert is_workday(date.fromisoformat(day))


def test_over_easter() -> None:
    """Three working days after the Wednesday before Easter is the Thursday after."""
    assert workdays_after(date(2026, 4, 1), 3) == date(2026, 4, 9)
    assert workdays_between(date(2026, 4, 1), date(2026, 4, 9)) == 3


def test_over_new_year() -> None:
    """Between Christmas and New Year only three days count in 2026."""
    assert workdays_after(date(2026, 12, 23), 3) == date(2026, 12, 30)
    assert workdays_after(date(2026, 12, 30), 1) == date(2027, 1, 4)


@given(DAYS, st.integers(0, 30))
def test_oldest_in_time(today: date, count: int) -> None:
    """What came on that day is in time, what came the day before is late."""
    oldest = oldest_in_time(today, count)
    assert workdays_after(oldest, count) >= today
    assert workdays_after(date.fromordinal(oldest.toordinal() - 1), count) < today


@given(DAYS, st.integers(-10, 900))
def test_between_is_counted_day_by_day(first: date, days: int) -> None:
    """Between two days lie as many working days as one counts one by one."""
    ordinals = range(first.toordinal() + 1, first.toordinal() + days + 1)
    counted = sum(is_workday(date.fromordinal(each)) for each in ordinals)
    assert workdays_between(first, date.fromordinal(first.toordinal() + days)) == counted


@given(DAYS, st.integers(0, 30))
def test_there_and_back(day: date, count: int) -> None:
    """Between a day and so many working days after it lie so many working days."""
    assert workdays_between(day, workdays_after(day, count)) == count
