"""Windows of time: what is asked next, whatever happened before."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.sources.teams.windows import (
    LINK_LIFE,
    Span,
    Window,
    cursor_after,
    following,
    plan,
    stamp,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SPAN = Span(lag=5 * MINUTE, overlap=DAY, initial=30 * DAY)


def test_first() -> None:
    """The first window reaches back the initial days and ends a little before now."""
    window = plan(None, NOW, SPAN)
    assert (window.since, window.until) == (NOW - 30 * DAY, NOW - 5 * MINUTE)


def test_start() -> None:
    """An exact beginning takes the place of the initial days."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    span = Span(lag=MINUTE, overlap=DAY, initial=DAY, start=start)
    assert plan(None, NOW, span).since == start


def test_next() -> None:
    """The next window begins a day before the last was begun, not before its newest row."""
    cursor = cursor_after(plan(None, NOW, SPAN), NOW + HOUR)
    window = plan(cursor, NOW + 10 * DAY, SPAN)
    assert window.since == NOW - DAY
    assert window.until == NOW + 10 * DAY - 5 * MINUTE


def test_resumed() -> None:
    """A fresh link is used as it is; an old one means the same window from its start, up to now."""
    first = plan(None, NOW, SPAN)
    cursor = cursor_after(first, NOW, "https://x/next")
    fresh = plan(cursor, NOW + LINK_LIFE - MINUTE, SPAN)
    assert (fresh.link, fresh.since, fresh.until) == ("https://x/next", first.since, first.until)
    assert fresh.read == first.read
    later = NOW + LINK_LIFE + MINUTE
    old = plan(cursor, later, SPAN)
    assert (old.link, old.since, old.until) == ("", first.since, later - 5 * MINUTE)


def test_split() -> None:
    """A long stretch is read in pieces; a row that lies on a bound is inside one of them."""
    span = Span(lag=5 * MINUTE, overlap=DAY, initial=30 * DAY, longest=7 * DAY)
    window: Window | None = plan(None, NOW, span)
    pieces = []
    while window is not None:
        pieces.append(window)
        again = plan(cursor_after(window, NOW), NOW, span)
        window = following(window, NOW, span)
        assert window is None or (again.since, again.until) == (window.since, window.until)
    assert len(pieces) == 5
    assert all(b.since < a.until for a, b in itertools.pairwise(pieces))
    assert (pieces[0].since, pieces[-1].until) == (NOW - 30 * DAY, NOW - 5 * MINUTE)


def test_clock_from_the_future() -> None:
    """A cursor that was written by a clock far ahead is not believed: everything is read again."""
    cursor = cursor_after(plan(None, NOW + 400 * DAY, SPAN), NOW)
    assert plan(cursor, NOW, SPAN).since == NOW - 30 * DAY


def test_clock_set_back() -> None:
    """A window that would end before it begins is empty, and nothing is asked."""
    assert plan(None, NOW, Span(lag=2 * DAY, overlap=DAY, initial=DAY)).is_empty


def test_deep() -> None:
    """Once a day the window reaches back further, and the rest of the day it does not."""
    span = Span(lag=MINUTE, overlap=HOUR, initial=DAY, deep=25 * DAY)
    cursor = cursor_after(plan(None, NOW, span), NOW)
    again = plan(cursor, NOW + HOUR, span)
    assert again.since == NOW - HOUR
    morning = NOW + 14 * HOUR
    deep = plan(cursor_after(again, NOW), morning, span)
    assert deep.since == morning - 25 * DAY
    assert plan(cursor_after(deep, morning), morning + HOUR, span).since == morning - HOUR


def test_stamp() -> None:
    """Times are written in UTC with milliseconds, as the filter takes them."""
    at = datetime(
        2026,
        11,
        20,
        13,
        0,
        0,
        123_999,
        tzinfo=datetime.fromisoformat("2026-01-01T00:00+01:00").tzinfo,
    )
    assert stamp(at) == "2026-11-20T12:00:00.123Z"


@given(
    rows=st.lists(
        st.tuples(st.integers(-20 * 24 * 60, 60 * 24 * 60), st.integers(0, 23 * 60)), max_size=30
    ),
    runs=st.lists(st.integers(1, 9 * 24 * 60), min_size=1, max_size=8),
    longest=st.sampled_from([0, 1, 3]),
    stop=st.integers(0, 5),
)
def test_nothing_falls_between(
    rows: list[tuple[int, int]], runs: list[int], longest: int, stop: int
) -> None:
    """Every row that becomes visible within the overlap is in a window that is read after that,
    however the runs lie, wherever one of them was cut and however long windows are split."""
    span = Span(lag=5 * MINUTE, overlap=DAY, initial=30 * DAY, longest=longest * DAY)
    changed = [(NOW + at * MINUTE, NOW + (at + late) * MINUTE) for at, late in rows]
    read: set[int] = set()
    cursor: str | None = None
    now = NOW
    for number, gap in enumerate([*runs, 1]):
        now += gap * MINUTE
        window: Window | None = plan(cursor, now, span)
        while window is not None and not window.is_empty:
            if number == stop and number < len(runs):
                cursor = cursor_after(window, now, "https://x/next")
                break
            read |= {
                row
                for row, (at, visible) in enumerate(changed)
                if window.since < at < window.until and visible <= now
            }
            cursor = cursor_after(window, now)
            window = following(window, now, span)
    due = {row for row, (at, v) in enumerate(changed) if v <= now and at < now - 5 * MINUTE}
    assert due <= read


@given(st.text(max_size=80))
def test_odd_cursors(cursor: str) -> None:
    """A cursor that cannot be read means the beginning."""
    assert plan(cursor, NOW, SPAN).since == NOW - 30 * DAY
