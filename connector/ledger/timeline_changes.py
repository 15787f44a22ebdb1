"""What an edit changed, word by word, so that a reader need not compare two texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from connector.ledger.timeline_values import Change, Mark

# Comparing takes a time that grows with the square of the words: 2,000 take some milliseconds,
# whatever they are. difflib took three quarters of a minute for 500 words all written anew.
MOST_WORDS = 2000
_WORDS = re.compile(r"\s+|[^\s\w]|\w+")


class Wording(NamedTuple):
    """A version of a text."""

    at: datetime
    text: str
    is_deleted: bool
    edited_at: datetime | None = None  # as the source says; a reaction moves `at`, too


def changes(before: str, after: str) -> tuple[Change, ...]:
    """The way from one text to the other. Texts too long to compare are told whole."""
    if before == after:
        return (Change(sort="same", text=after),) if after else ()
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return tuple(_joined([("removed", before), ("added", after)]))
    parts: list[tuple[str, str]] = []
    a = b = 0
    for c, d in (*_kept(old, new), (len(old), len(new))):
        if a < c or b < d:
            parts += [("removed", "".join(old[a:c])), ("added", "".join(new[b:d]))]
        if c < len(old):
            _same(parts, old[c])
        a, b = c + 1, d + 1
    return tuple(_joined(parts))


def _same(parts: list[tuple[str, str]], word: str) -> None:
    """One more word that stayed."""
    before = parts.pop()[1] if parts and parts[-1][0] == "same" else ""
    parts.append(("same", before + word))


def _kept(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places in both of a longest common subsequence, in order.

    By bits, a row of the table in one number: H. Hyyrö, "Bit-parallel LCS-length computation
    revisited", AWOCA 2004. A bit that is 0 says that the subsequence grows at that place of `new`.
    """
    places: dict[str, int] = {}
    for n, word in enumerate(new):
        places[word] = places.get(word, 0) | 1 << n
    every = (1 << len(new)) - 1
    rows, row = [], every
    for word in old:
        met = row & places.get(word, 0)
        row = (row + met | row - met) & every
        rows.append(row)
    found = []
    a, b = len(old), len(new)
    while a and b:
        if rows[a - 1] >> (b - 1) & 1:
            b -= 1
            continue
        a -= 1
        if not a or rows[a - 1] >> (b - 1) & 1:
            b -= 1
            found.append((a, b))
    return found[::-1]


def _joined(parts: Sequence[tuple[str, str]]) -> Iterator[Change]:
    """Without empty parts; a space between two changed words belongs to the change."""
    removed, added = "", ""
    for n, (sort, text) in enumerate(parts):
        is_between = 0 < n < len(parts) - 1
        if sort == "removed":
            removed += text
        elif sort == "added":
            added += text
        elif is_between and text.isspace() and (removed or added):
            removed, added = removed + text, added + text
        else:
            yield from _pair(removed, added)
            removed, added = "", ""
            if text:
                yield Change(sort="same", text=text)
    yield from _pair(removed, added)


def _pair(removed: str, added: str) -> Iterator[Change]:
    if removed:
        yield Change(sort="removed", text=removed)
    if added:
        yield Change(sort="added", text=added)


def marks(versions: Sequence[Wording]) -> tuple[Mark, ...]:
    """What was done to a text, oldest first; `versions` are in order of time.

    A version that changed no word (a reaction, a flag) is no mark. A deletion has no words of its
    own: the text before it is what later edits are compared with. An edit before the first reading
    has no changes: the words before it are not known.
    """
    found: list[Mark] = []
    words, is_deleted = None, False
    for each in versions:
        if each.is_deleted:
            if not is_deleted:
                found.append(Mark(sort="deleted", at=each.at))
            is_deleted = True
            continue
        if is_deleted:
            found.append(Mark(sort="restored", at=each.at))
            is_deleted = False
        if words is None and each.edited_at is not None:
            found.append(Mark(sort="edited", at=each.edited_at))
        elif words is not None and each.text != words:
            edited = each.edited_at or each.at
            found.append(Mark(sort="edited", at=edited, changes=changes(words, each.text)))
        words = each.text
    return tuple(found)
