"""What readers did, as counts by day: never who, and nothing of one person from day to day.

All counts lie in one tree of the site by day, sort and article, and each view has a counter of its
own that merges by itself when two people read at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from BTrees.Length import Length
from BTrees.OOBTree import OOBTree
from persistent.mapping import PersistentMapping
from plone import api
from zope.annotation.interfaces import IAnnotations

from casethread.plone.content.parts import CITIZEN, STAFF

STORE = "casethread.plone.counts"
KEPT_DAYS = 400
BATCH = 500
MOST_SEARCHES_A_DAY = 500  # different words; a program that searches at random fills no database
MOST_REASON = 1000
MOST_WORDS = 80
UP, DOWN = "up", "down"
_CURSOR = re.compile(r"\d{4}-\d\d-\d\d(\|[^\x00-\x1f]{0,400})?")
# Ten digits are a CPR number, eight a telephone number: neither is needed to mend an article.
_NUMBER = re.compile(r"\d(?:[\s./-]?\d){5,}")


class BadCursor(ValueError):
    """A cursor that was not ours."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What the connector is told. The same key again replaces what was told before."""

    key: str
    kind: str
    day: str
    count: int = 1
    article: str = ""
    audience: str = CITIZEN
    value: str = ""
    reason: str = ""
    at: str | None = None


def today() -> date:
    """The day by the site's clock."""
    zone = api.portal.get_registry_record("plone.portal_timezone", default="Europe/Copenhagen")
    return datetime.now(ZoneInfo(zone)).date()


def _plain(text: str) -> str:
    """The text with long numbers made unreadable, and without what is no character to see.

    Half a character (a lone surrogate) or a control character from one visitor would stop the
    connector: it could read no batch that holds it, or not name it in a cursor.
    """
    seen = (each if each.isprintable() or each == "\n" else " " for each in text)
    return _NUMBER.sub("###", "".join(seen))


def viewed(article: str, is_staff: bool) -> None:
    """Count one more look at the article."""
    _count(f"{today()}|view|{article}|{_audience(is_staff)}")


def searched_in_vain(words: str, is_staff: bool) -> None:
    """Count one more search that found nothing."""
    words = " ".join(_plain(words).casefold().split())[:MOST_WORDS].replace("|", " ")
    begins = f"{today()}|search|"
    key = f"{begins}{_audience(is_staff)}|{words}"
    tree = _tree("signals")
    if words and (key in tree or len(_between(tree, begins)) < MOST_SEARCHES_A_DAY):
        _count(key)


def voted(article: str, is_staff: bool, who: str, is_user: bool, value: str, reason: str) -> None:
    """Keep a vote. One for each user, and one a day for each visitor: the new replaces the old.

    `who` is a user's id, or a visitor's address and browser. Neither is kept, only a hash that
    cannot be undone without the site's secret; a visitor's is another the next day.
    """
    day = today()
    voter = _hash(_store()["secret"] if is_user else _salt(day), f"{article}|{who}")
    key = f"vote|{article}|{voter}"
    tree, latest = _tree("signals"), _tree("votes")
    if is_user:
        before = latest.get(voter)
        if before is not None and before in tree:
            del tree[before]
    full = f"{day}|{key}"
    tree[full] = {
        "key": key,
        "value": value,
        "reason": _plain(reason).strip()[:MOST_REASON],
        "audience": _audience(is_staff),
        "article": article,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if is_user:
        latest[voter] = full
    _forget_old(day)


def signals(since: str) -> tuple[list[Signal], str, bool]:
    """What was counted after the cursor, the next cursor, and whether there is more now.

    A day's counts may still grow: the last cursor goes back to the day before.
    Raises BadCursor.
    """
    if since and not _CURSOR.fullmatch(since):
        raise BadCursor(since)
    found: list[Signal] = []
    for full, value in _tree("signals").items(min=since or None, excludemin=bool(since)):
        if len(found) == BATCH:
            return found, _full_key(found[-1]), True
        found.append(_signal(full, value))
    return found, str(today() - timedelta(days=1)), False


def _signal(full: str, value: Any) -> Signal:
    day, kind, rest = full.split("|", 2)
    if kind == "vote":
        return Signal(kind=kind, day=day, **value)
    first, second = rest.split("|", 1)
    if kind == "view":
        return Signal(key=full, kind=kind, day=day, count=value(), article=first, audience=second)
    return Signal(key=full, kind=kind, day=day, count=value(), audience=first, value=second)


def _full_key(signal: Signal) -> str:
    return f"{signal.day}|{signal.key}" if signal.kind == "vote" else signal.key


def _count(key: str) -> None:
    tree = _tree("signals")
    counter = tree.get(key)
    if counter is None:
        tree[key] = Length(1)
        _forget_old(today())
    else:
        counter.change(1)


def _audience(is_staff: bool) -> str:
    return STAFF if is_staff else CITIZEN


def _between(tree: OOBTree, begins: str) -> list[str]:
    return list(tree.keys(min=begins, max=begins + "\uffff"))


def _forget_old(day: date) -> None:
    """Drop what the connector has long read, with what tells whose a vote was."""
    tree, latest = _tree("signals"), _tree("votes")
    for key in list(tree.keys(max=str(day - timedelta(days=KEPT_DAYS))))[:BATCH]:
        del tree[key]
        voter = key.rpartition("|")[2]
        if latest.get(voter) == key:
            del latest[voter]


def _salt(day: date) -> bytes:
    """The salt of this day. Yesterday's is gone, and with it who voted."""
    store = _store()
    if store.get("salt_day") != day:
        store["salt_day"], store["salt"] = day, secrets.token_bytes(32)
    return store["salt"]


def _hash(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:24]


def _tree(name: str) -> OOBTree:
    return _store()[name]


def _store() -> PersistentMapping:
    """Made when the add-on is installed: making it here would be a write for every first reader."""
    return IAnnotations(api.portal.get())[STORE]


def make_store() -> None:
    """Make the place of the counts where there is none yet."""
    annotations = IAnnotations(api.portal.get())
    if STORE not in annotations:
        annotations[STORE] = PersistentMapping(
            signals=OOBTree(), votes=OOBTree(), secret=secrets.token_bytes(32)
        )


def drop_store() -> None:
    """Take all counts away."""
    IAnnotations(api.portal.get()).pop(STORE, None)
