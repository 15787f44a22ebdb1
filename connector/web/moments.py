"""Times as people write them, in the municipality's time zone."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.ledger.tables import at
from connector.web.words import say

_DAYS = {
    "da": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "da": (
        "januar", "februar", "marts", "april", "maj", "juni",
        "juli", "august", "september", "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def aware(when: datetime | int) -> datetime:
    """A time as the ledger's columns hold it, or as its values do."""
    return at(when) if isinstance(when, int) else when


def clock(when: datetime, language: str, zone: ZoneInfo) -> str:
    """13.05 in Danish, 13:05 in English; with its offset in the hour that comes twice."""
    local = when.astimezone(zone)
    sign = "." if language == "da" else ":"
    words = f"{local.hour:02d}{sign}{local.minute:02d}"
    twice = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    # In the hour that is left out in spring no time of the ledger can fall.
    return f"{words} ({local:%z})" if twice else words


def moment(when: datetime, language: str, zone: ZoneInfo) -> str:
    """20.11.2026 kl. 13.05, or 20 Nov 2026 13:05."""
    local = when.astimezone(zone)
    kl = "kl. " if language == "da" else ""
    return f"{short(local, language)} {kl}{clock(when, language, zone)}"


def day(when: datetime | date | int, language: str, zone: ZoneInfo) -> str:
    """fredag 20. november 2026, or Friday 20 November 2026."""
    if isinstance(when, int):
        when = at(when)
    local = when.astimezone(zone).date() if isinstance(when, datetime) else when
    name, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    dot = "." if language == "da" else ""
    return f"{name} {local.day}{dot} {month} {local.year}"


def short(when: date, language: str) -> str:
    """20.11.2026, or 20 Nov 2026."""
    if language == "da":
        return f"{when.day}.{when.month}.{when.year}"
    return f"{when.day} {_MONTHS['en'][when.month - 1][:3]} {when.year}"


def weekday(number: int, language: str) -> str:
    """The name of a day of the week; Monday is 0."""
    return _DAYS[language][number]


def length(seconds: int | None) -> str:
    """3:05, or 1:02:03; "" for what is not known."""
    if seconds is None:
        return ""
    hours, rest = divmod(int(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def age(when: datetime, now: datetime, language: str) -> str:
    """How long since, roughly: 12 min, 3 hours, 2 days."""
    minutes = int((now - when).total_seconds() // 60)
    if minutes < 1:
        return say("old.now", language)
    if minutes < 60:
        return say("old.minutes", language, count=minutes)
    if minutes < 48 * 60:
        return say("old.hours", language, count=minutes // 60)
    return say("old.days", language, count=minutes // (24 * 60))


def ago(when: datetime, now: datetime, language: str) -> str:
    """The same as people say it: just now, 12 min ago."""
    if (now - when).total_seconds() < 60:
        return say("old.now", language)
    return say("old.ago", language, age=age(when, now, language))
