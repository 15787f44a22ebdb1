"""Which stretch of time to ask for next, and how to go on after a stop. Pure.

A cursor is compact JSON: {"read": R} after a complete window, and in the middle of one
{"read", "since", "until", "next", "saved"}. `read` is the server's time when the window was begun:
everything that changed until shortly before it has been seen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from connector.typed import decoder

LINK_LIFE = timedelta(minutes=10)  # old next links die; nobody says when (contrib#7975)
_STEP = timedelta(milliseconds=1)  # bounds are exclusive on both ends: overlap or lose a row
_CLOCK_SLACK = timedelta(minutes=2)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """How a source cuts time.

    `lag`: rows become visible late, so a window ends this long before the server's now.
    `overlap`: and some later still, so the next one starts this long before the last was begun.
    `initial`: how far back the first window reaches; `start` an exact beginning instead.
    `longest`: split windows longer than this (0 = never). `deep`: once a day go back this far.
    """

    lag: timedelta
    overlap: timedelta
    initial: timedelta
    start: datetime | None = None
    longest: timedelta = timedelta(0)
    deep: timedelta = timedelta(0)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One question to ask: rows changed after `since` and before `until`, or the page at `link`.

    `read` becomes the cursor's when this is the last window; `goal` is where that ends.
    """

    read: datetime
    since: datetime
    until: datetime
    goal: datetime
    deep: str = ""
    link: str = ""

    @property
    def is_empty(self) -> bool:
        return self.until - self.since <= _STEP


class _Cursor(msgspec.Struct, omit_defaults=True):
    read: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    goal: datetime | None = None
    next: str = ""
    saved: datetime | None = None
    deep: str = ""  # the day of the last deep reading


_decode = decoder(_Cursor).decode
_encode = msgspec.json.Encoder().encode


def plan(cursor: str | None, now: datetime, span: Span) -> Window:
    """The next window for a cursor; one that cannot be read starts from the beginning."""
    state = _read(cursor)
    if state.since is not None:
        return _go_on(state, state.since, now, span)
    goal = now - span.lag
    if state.read is None or state.read > now + _CLOCK_SLACK:
        # Never read; or read by a clock that was wrong: what it really covered is unknown, and
        # reading too much is harmless.
        since = span.start or now - span.initial
        return _cut(now, since, goal, span, now.date().isoformat())
    since = state.read - max(span.overlap, span.lag + _STEP)
    deep = state.deep
    if span.deep and deep < now.date().isoformat():
        since, deep = min(since, now - span.deep), now.date().isoformat()
    return _cut(now, since, goal, span, deep)


def _go_on(state: _Cursor, since: datetime, now: datetime, span: Span) -> Window:
    """A window stopped in the middle: its saved page, or from its start when that is old."""
    goal, until = state.goal or state.until, state.until
    is_fresh = state.saved is not None and abs(now - state.saved) < LINK_LIFE
    if state.next and is_fresh and until and goal and state.read:
        return Window(
            read=state.read, since=since, until=until, goal=goal, deep=state.deep, link=state.next
        )
    return _cut(now, since, now - span.lag, span, state.deep)


def _cut(now: datetime, since: datetime, goal: datetime, span: Span, deep: str) -> Window:
    until = min(goal, since + span.longest) if span.longest else goal
    return Window(read=now, since=since, until=until, goal=goal, deep=deep)


def following(window: Window, now: datetime, span: Span) -> Window | None:
    """The window after a complete one, when a long stretch is read in pieces."""
    if window.until >= window.goal:
        return None
    return _cut(now, window.until - _STEP, now - span.lag, span, window.deep)


def cursor_after(window: Window, now: datetime, link: str = "") -> str:
    """What to keep once a page is kept: how to go on at `link`, or that the window is complete."""
    if link:
        state = _Cursor(
            read=window.read,
            since=window.since,
            until=window.until,
            goal=window.goal if window.goal != window.until else None,
            next=link,
            saved=now.replace(microsecond=0),
            deep=window.deep,
        )
    elif window.until < window.goal:
        state = _Cursor(since=window.until - _STEP, deep=window.deep)
    else:
        state = _Cursor(read=window.read, deep=window.deep)
    return _encode(state).decode()


def _read(cursor: str | None) -> _Cursor:
    if not cursor:
        return _Cursor()
    try:
        return _decode(cursor)
    except msgspec.DecodeError:
        return _Cursor()


def stamp(at: datetime) -> str:
    """A time as Graph's filters take it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
