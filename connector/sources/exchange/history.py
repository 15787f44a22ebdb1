"""Conversation History: copies of conversations that clients saved -> the messages, each once.

A copy is a client's, not the server's: written in local time by the minute, once per participant,
sometimes again when a conversation went on, and its owner can edit or delete it. The messages of
all copies make one thread; what one copy alone has is marked.
Source: Open Specifications MS-OXOUM for the classes; what clients write is documented nowhere.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from connector.model import Direction, Item, Kind, Party, Person
from connector.ports import Known
from connector.sources.exchange import saved_times, saved_words
from connector.sources.exchange.wire import Row
from connector.sources.teams.messages import moment
from connector.sources.text import plain
from connector.sources.voicemail import Recipient

VERSION = "1"  # a message in a copy has no versions; an edited copy gives another message
BY_MINUTE = "time to the minute, as a client saved it"
ONE_COPY = "only in one participant's copy"
TWICE = "this local time happened twice"
NOT_PARSED = "a saved conversation in a layout that is not known"
NO_DATE = "no date that can be read: the time of reading"
MOST_REMEMBERED = 100_000
_MINUTE = timedelta(minutes=1)


class Who(msgspec.Struct, frozen=True):
    """A participant: a directory id or mail address in `key`, "" when only the name is known."""

    key: str
    name: str
    mail: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.key) and "@" not in self.key


class Said(msgspec.Struct, frozen=True):
    """One message of a copy."""

    who: Who
    minute: datetime
    words: str
    at: datetime  # the minute, with milliseconds that keep the order
    mark: str  # of words and speaker: what is the same in every copy


class Copy(msgspec.Struct, frozen=True):
    """One participant's copy of one conversation."""

    key: str
    thread: str
    members: tuple[Who, ...]
    said: tuple[Said, ...]
    saved_at: datetime
    text: str
    starter: Who


Find = Callable[[str], Person | None]
"""find(mail address) -> the person of the directory, or None."""


def read_copy(row: Row, owner: str, zone: ZoneInfo, find: Find, now: datetime) -> Copy:
    """A copy with its messages. `owner` is the mailbox's address; `now` serves without a date."""
    letter = row.letter
    members = _members(row, owner, find)
    saved_at = moment(letter.sent_date_time)[0] or moment(letter.received_date_time)[0] or now
    body = letter.body.content or "" if letter.body else ""
    is_html = bool(letter.body) and letter.body.content_type != "text"  # type: ignore[union-attr]
    lines = saved_words.lines(body, is_html=is_html)
    times = saved_times.moments([line.clock for line in lines], saved_at, zone)
    names = _by_name(members)
    said = [_said(line, at, names) for line, at in zip(lines, times, strict=True) if line.words]
    return Copy(
        key=letter.internet_message_id or row.search_key or row.id,
        thread=_thread(members),
        members=members,
        said=_in_order(said),
        saved_at=saved_at,
        text="" if said else plain(body, is_html=is_html).text,
        starter=_who(letter.sender, find) if letter.sender else Who("", ""),
    )


def _who(one: Recipient, find: Find) -> Who:
    mail = (one.email_address.address or "" if one.email_address else "").strip().lower()
    mail = mail.removeprefix("sip:")
    name = (one.email_address.name or "" if one.email_address else "").strip()
    person = find(mail) if mail else None
    return Who(person.id if person else mail, name or (person.name if person else ""), mail)


def _members(row: Row, owner: str, find: Find) -> tuple[Who, ...]:
    """Sender, receivers and the mailbox's owner, each once."""
    people = [*([row.letter.sender] if row.letter.sender else []), *row.to]
    found = {who.key or who.name: who for who in (_who(one, find) for one in people)}
    person = find(owner)
    key = person.id if person else owner
    found.setdefault(key, Who(key, person.name if person else "", owner))
    return tuple(who for key, who in sorted(found.items()) if key)


def _thread(members: Sequence[Who]) -> str:
    """A conversation of the same people is one thread. Of two it has Teams' name of a chat of two,

    by which the ledger knows both of them as participants.
    """
    keys = sorted(who.key or who.name for who in members)
    if len(keys) == 2 and all(who.is_known for who in members):
        return f"19:{keys[0]}_{keys[1]}@unq.gbl.spaces"
    text = ";".join(keys)
    if len(text) > 200:
        text = f"{len(keys)}:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
    return f"im:{text}"


def _said(line: saved_words.Line, at: datetime, names: Mapping[str, Who]) -> Said:
    minute = at.replace(second=0, microsecond=0)
    who = names.get(_folded(line.name)) or Who("", line.name)
    return Said(who, minute, line.words, at, _mark(who, line.words))


def _mark(who: Who, words: str) -> str:
    digest = hashlib.blake2b(" ".join(words.split()).encode(), digest_size=8).hexdigest()
    return f"{digest}/{who.key or who.name}"


def _by_name(members: Sequence[Who]) -> dict[str, Who]:
    """The participants by every name a line may call them."""
    found: dict[str, Who] = {}
    for who in members:
        for name in (who.name, who.mail, who.mail.split("@")[0]):
            found.setdefault(_folded(name), who)
    return found


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """A name for comparing. Unicode's own folding: EWS compares ASCII letters only."""
    return " ".join(name.casefold().replace(",", " ").split())


def _in_order(said: Sequence[Said]) -> tuple[Said, ...]:
    """The messages of a minute a millisecond apart, so that they stay in their order."""
    found: list[Said] = []
    for one in said:
        at = one.at
        if found and at <= found[-1].at and found[-1].at - at < _MINUTE:
            at = found[-1].at + timedelta(milliseconds=1)
        found.append(msgspec.structs.replace(one, at=at))
    return tuple(found)


# -- each message once -----------------------------------------------------------------------------


class Remembered:
    """Which copy gave which message in this process: two mailboxes may be read at once.

    Safe from many threads. The oldest are forgotten; the ledger knows them by then.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._by: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._most = most
        self.lock = threading.Lock()

    def others(self, thread: str, keys: Sequence[str], copy: str) -> set[str]:
        """Those of the keys that another copy gave."""
        return {key for key in keys if self._by.get((thread, key), copy) != copy}

    def has_all(self, copy: Copy, options: Sequence[Sequence[str]]) -> bool:
        """Whether other copies gave every message of this one."""
        near = [key for keys in options for key in keys]
        with self.lock:
            have = self.others(copy.thread, near, copy.key)
        return bool(near) and len(have) >= len(options) and not _match(copy, options, have)[0]

    def add(self, thread: str, keys: Sequence[str], copy: str) -> None:
        for key in keys:
            self._by.setdefault((thread, key), copy)
        while len(self._by) > self._most:
            self._by.popitem(last=False)


def messages(
    source: str, copies: Sequence[Copy], known: Known, remembered: Remembered
) -> list[Item]:
    """The messages of copies that no copy before had; the ledger is asked once for each thread.

    It is not asked about a copy that another, read just before, has the whole of.
    """
    left = [(copy, _options(copy)) for copy in copies]
    left = [(copy, options) for copy, options in left if not remembered.has_all(copy, options)]
    wanted: dict[str, dict[str, None]] = {}
    for copy, options in left:
        near = wanted.setdefault(copy.thread, {})
        near.update((key, None) for keys in options for key in keys)
    have = {
        thread: {key for key, _ in known(thread, [(key, VERSION) for key in near])}
        for thread, near in wanted.items()
        if near
    }
    return [
        one
        for copy, options in left
        if copy.said
        for one in _messages(source, copy, options, have[copy.thread], remembered)
    ]


def _options(copy: Copy) -> list[list[str]]:
    """For each message, under which keys another copy may have it."""
    most = Counter(one.mark for one in copy.said)
    return [_keys(one, most[one.mark]) for one in copy.said]


def _messages(
    source: str,
    copy: Copy,
    options: Sequence[Sequence[str]],
    kept: set[str],
    remembered: Remembered,
) -> list[Item]:
    near = [key for keys in options for key in keys]
    with remembered.lock:
        have = kept | remembered.others(copy.thread, near, copy.key)
        new, old = _match(copy, options, have)
        remembered.add(copy.thread, [key for key, _ in new], copy.key)
    between = (min(old), max(old)) if old else None
    return [_item(source, copy, one, key, between) for key, one in new]


def _keys(one: Said, most: int) -> list[str]:
    """Under which keys another copy may have the message: clocks are up to a minute apart.

    `most` is how often the copy has these words of this speaker.
    """
    minutes = (one.minute, one.minute - _MINUTE, one.minute + _MINUTE)
    bases = [f"{minute.isoformat()[:16]}/{one.mark}" for minute in minutes]
    return [_numbered(base, n) for base in bases for n in range(most)]


def _numbered(base: str, number: int) -> str:
    return f"{base}/{number}" if number else base


def _match(
    copy: Copy, options: Sequence[Sequence[str]], have: set[str]
) -> tuple[list[tuple[str, Said]], list[datetime]]:
    """(the new ones with their keys, the minutes of those that another copy has).

    What is the same to the minute is paired first, then what is a minute apart; each once.
    """
    used: set[str] = set()
    left: list[tuple[str, Said, Sequence[str]]] = []
    old: list[datetime] = []
    counts: dict[str, int] = {}
    for one, keys in zip(copy.said, options, strict=True):
        base = keys[0]
        key = _numbered(base, counts.get(base, 0))
        counts[base] = counts.get(base, 0) + 1
        if key in have:
            used.add(key)
            old.append(one.minute)
        else:
            left.append((key, one, keys))
    new = []
    for key, one, keys in left:
        near = next((other for other in keys if other in have and other not in used), "")
        if near:
            used.add(near)
            old.append(one.minute)
        else:
            new.append((key, one))
    return new, old


def _item(
    source: str, copy: Copy, one: Said, key: str, between: tuple[datetime, datetime] | None
) -> Item:
    flags = [BY_MINUTE]
    if between is not None and between[0] <= one.minute <= between[1]:
        flags.append(ONE_COPY)
    said = {"thread": copy.thread, "minute": f"{one.minute:%Y-%m-%dT%H:%MZ}", "text": one.words}
    raw = msgspec.json.encode({**said, "sender": one.who.key, "name": one.who.name})
    return Item(
        source=source,
        thread=copy.thread,
        key=key,
        version=VERSION,
        kind=Kind.MESSAGE,
        sent_at=one.at,
        modified_at=one.at,
        raw=raw,
        text=one.words,
        sender=one.who.key,
        sender_name=one.who.name,
        direction=Direction.INTERNAL if one.who.is_known else Direction.UNKNOWN,
        parties=parties(copy.members, one.who),
        flags=tuple(flags),
    )


def parties(members: Sequence[Who], sender: Who) -> tuple[Party, ...]:
    """Everybody who took part, so that what is kept of nobody is not kept of them."""
    return tuple(
        Party(
            person=who.key if who.is_known else "",
            name=who.name,
            mail=who.mail,
            role="from" if who == sender else "to",
        )
        for who in members
    )


def whole(source: str, copy: Copy) -> Item | None:
    """A conversation whose layout is not known, as one message; None when it has no words."""
    if copy.said or not copy.text:
        return None
    one = Said(copy.starter, copy.saved_at, copy.text, copy.saved_at, "")
    item = _item(source, copy, one, f"copy:{copy.key}", None)
    return msgspec.structs.replace(item, flags=(NOT_PARSED,))


def with_ambiguity(items: Sequence[Item], zone: ZoneInfo) -> list[Item]:
    """The items, those in the hour that autumn repeats marked."""
    return [
        msgspec.structs.replace(one, flags=(*one.flags, TWICE))
        if saved_times.is_ambiguous(one.sent_at, zone)
        else one
        for one in items
    ]
