"""When a job runs by itself, in people's words: connector/schedule.py's text is for operators."""

from __future__ import annotations

from datetime import time

from connector.schedule import Schedule
from connector.web.moments import weekday
from connector.web.words import say

_ALL = tuple(range(7))


def plan(schedule: Schedule, language: str) -> str:
    """Daily at 03:00; Monday–Friday 07:00–18:00, every minute. Not for one that is off."""
    days = _days(schedule.days, language)
    if schedule.at is not None:
        return say("plan.at", language, days=days, at=_clock(schedule.at, language))
    every = _every(schedule.interval_s, language)
    if schedule.start is None or schedule.end is None:
        return every if schedule.days == _ALL else f"{days}, {every}"
    start, end = _clock(schedule.start, language), _clock(schedule.end, language)
    return say("plan.within", language, days=days, start=start, end=end, every=every)


def _every(interval_s: int, language: str) -> str:
    for unit, seconds in (("hours", 3600), ("minutes", 60)):
        if interval_s % seconds == 0:
            return say(f"plan.{unit}", language, count=interval_s // seconds)
    return say("plan.seconds", language, count=interval_s)


def _days(days: tuple[int, ...], language: str) -> str:
    if days == _ALL:
        return say("plan.daily", language)
    names = [weekday(day, language) for day in days]
    is_row = days == tuple(range(days[0], days[-1] + 1))
    return f"{names[0]}–{names[-1]}" if is_row and len(days) > 2 else ", ".join(names)


def _clock(at: time, language: str) -> str:
    sign = "." if language == "da" else ":"
    return f"{at.hour:02d}{sign}{at.minute:02d}"
