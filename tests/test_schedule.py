"""Schedules: what each text means, and that time zones and summer time cannot fool them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from connector.schedule import DAYS, Schedule, next_after, parse

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES = ["Europe/Copenhagen", "UTC", "America/Godthab", "Australia/Lord_Howe", "Asia/Kolkata"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", Schedule(text="off")),
        ("every 15 min", Schedule(text="every 15 min", days=(0, 1, 2, 3, 4, 5, 6), interval_s=900)),
        ("every 1 h", Schedule(text="every 1 h", days=(0, 1, 2, 3, 4, 5, 6), interval_s=3600)),
        ("  Daily  19:00 ", Schedule(text="daily 19:00", days=tuple(range(7)), at=time(19))),
        ("sat-mon 7:05", Schedule(text="sat-mon 7:05", days=(0, 5, 6), at=time(7, 5))),
        (
            "mon,wed 00:00-24:00 every 30 s",
            Schedule(
                text="mon,wed 00:00-24:00 every 30 s",
                days=(0, 2),
                start=time(0),
                end=time(0),
                interval_s=30,
            ),
        ),
    ],
)
def test_text_becomes_a_value(text: str, expected: Schedule) -> None:
    """Each form of the text gives one value, however it is spaced or capitalised."""
    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *["", "daily", "mon-fri", "every", "every 0 min", "every 2 s", "every 25 h", "every 1 day"],
        *[
            "25:00",
            "24:30",
            "daily 24:00",
            "7:60",
            "07:00-18:00",
            "07:00 every 1 min",
            "mon-xyz 07:00",
            "* * * *",
        ],
        *["mon-wed-fri 07:00", "daily 19:00 every", "every 5 min off", "mon 07:00-08:00-09:00"],
    ],
)
def test_unclear_text_is_refused(text: str) -> None:
    """A text that does not say exactly when is refused, never guessed at."""
    with pytest.raises(ValueError, match=r"schedule|how often|no end|interval|day"):
        parse(text)


def test_off_is_never_due() -> None:
    """A schedule that is off has no next time."""
    assert next_after(parse("off"), at("2026-11-20T10:00"), COPENHAGEN) is None


def test_evening_run_keeps_local_time_over_summer_time() -> None:
    """19:00 in Copenhagen is 18:00 UTC in winter and 17:00 UTC in summer."""
    daily = parse("daily 19:00")

    assert at("2026-01-10T18:00") == next_after(daily, at("2026-01-10T12:00"), COPENHAGEN)
    assert at("2026-07-10T17:00") == next_after(daily, at("2026-07-10T12:00"), COPENHAGEN)


def test_skipped_and_repeated_hours_run_once() -> None:
    """On the nights the clocks change, a job at 02:30 runs once: no run is lost, none is double."""
    daily = parse("daily 02:30")

    spring = next_after(daily, local("2026-03-28T12:00"), COPENHAGEN)
    assert at("2026-03-29T01:30") == spring
    assert at("2026-03-30T00:30") == next_after(daily, at("2026-03-29T01:30"), COPENHAGEN)
    autumn = next_after(daily, local("2026-10-24T12:00"), COPENHAGEN)
    assert at("2026-10-25T00:30") == autumn
    assert at("2026-10-26T01:30") == next_after(daily, at("2026-10-25T00:30"), COPENHAGEN)


def test_working_hours_begin_and_end() -> None:
    """Within working hours every minute; after the last one, the next working day's first."""
    presence = parse("mon-fri 07:00-18:00 every 1 min")

    assert local("2026-11-20T07:00") == next_after(presence, local("2026-11-20T03:00"), COPENHAGEN)
    assert local("2026-11-20T07:01") == next_after(presence, local("2026-11-20T07:00"), COPENHAGEN)
    assert local("2026-11-20T17:59") == next_after(presence, local("2026-11-20T17:58"), COPENHAGEN)
    assert local("2026-11-23T07:00") == next_after(presence, local("2026-11-20T17:59"), COPENHAGEN)


def test_window_over_midnight_belongs_to_its_first_day() -> None:
    """Friday's night window goes on into Saturday, and Saturday begins none of its own."""
    night = parse("fri 22:00-02:00 every 1 h")

    assert local("2026-11-21T01:00") == next_after(night, local("2026-11-21T00:00"), COPENHAGEN)
    assert local("2026-11-27T22:00") == next_after(night, local("2026-11-21T01:00"), COPENHAGEN)


clocks = st.times().map(lambda moment: f"{moment.hour:02}:{moment.minute:02}")
days = st.sampled_from(["", "daily ", *(f"{a}-{b} " for a in DAYS for b in DAYS), "tue,sat "])
intervals = st.one_of(
    st.integers(5, 600).map(lambda count: f"every {count} s"),
    st.integers(1, 1440).map(lambda count: f"every {count} min"),
    st.integers(1, 24).map(lambda count: f"every {count} h"),
)
texts = st.one_of(
    st.builds("{}{}".format, days, clocks),
    st.builds("{}{}".format, days, intervals),
    st.builds("{}{}-{} {}".format, days, clocks, clocks, intervals),
)
moments = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001  Hypothesis wants naive bounds
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@given(texts, moments, zones)
@example("daily 02:30", at("2026-03-28T23:00"), COPENHAGEN)
@example("mon-fri every 7 min", at("2026-10-25T00:30"), COPENHAGEN)
def test_next_is_later_and_nothing_is_between(text: str, moment: datetime, zone: ZoneInfo) -> None:
    """The next time is after the moment, and asking from anywhere before it gives the same one."""
    schedule = parse(text)
    due = next_after(schedule, moment, zone)

    assert due is not None
    assert due.tzinfo is UTC
    assert moment < due <= moment + timedelta(days=9)
    between = moment + (due - moment) / 2
    if between < due:
        assert due == next_after(schedule, between, zone)
    assert due == next_after(schedule, due - timedelta(microseconds=1), zone)


@given(texts, moments, zones)
def test_due_only_on_its_days_and_in_its_window(
    text: str, moment: datetime, zone: ZoneInfo
) -> None:
    """A due time lies on one of the days, or in the part of a window that runs over midnight."""
    schedule = parse(text)
    due = next_after(schedule, moment, zone)
    assert due is not None
    here = due.astimezone(zone)
    if schedule.start is None or schedule.end is None:
        assert here.weekday() in schedule.days
    else:
        over_midnight = schedule.end <= schedule.start and here.time() < schedule.end
        began = here.date() - timedelta(days=1) if over_midnight else here.date()
        is_gap = here.utcoffset() != (here - timedelta(days=1)).utcoffset()
        assume(not is_gap)  # a window that begins in a skipped hour is shown by an example above
        assert began.weekday() in schedule.days


@given(clocks, moments, zones)
def test_daily_runs_once_each_local_day(clock: str, moment: datetime, zone: ZoneInfo) -> None:
    """Five runs of a daily job fall on five local days in a row."""
    schedule = parse(f"daily {clock}")
    found = []
    for _ in range(5):
        due = next_after(schedule, moment, zone)
        assert due is not None
        found.append(due.astimezone(zone).date())
        moment = due

    assert [found[0] + timedelta(days=step) for step in range(5)] == found


@given(texts)
def test_text_reads_back(text: str) -> None:
    """The text kept in a schedule means the same schedule."""
    schedule = parse(text)

    assert schedule == parse(schedule.text)
