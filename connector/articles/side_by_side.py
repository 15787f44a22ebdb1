"""Two texts beside each other, line by line, with what differs marked word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import msgspec

KEPT, CHANGED, ADDED, REMOVED = "kept", "changed", "added", "removed"
AROUND = 2  # equal lines that are shown before and after a difference
_WORDS = re.compile(r"\s+|\w+\s*|[^\w\s]\s*")
_ALIKE = 0.35  # of two lines, from which on words are compared; below they are two other lines
_LONG = 2000  # characters of a line: longer ones are shown as changed whole, for speed


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a line; `is_marked` when the other side does not have it."""

    text: str
    is_marked: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line on both sides; `skipped` equal lines were left out before it."""

    kind: str  # kept | changed | added | removed
    left: tuple[Piece, ...] = ()
    right: tuple[Piece, ...] = ()
    skipped: int = 0


def rows(left: str, right: str, *, around: int | None = AROUND) -> list[Row]:
    """The lines of both texts; equal ones far from any difference left out unless `around` is None.

    Blank lines do not count. Empty when the texts are equal and lines are left out.
    """
    both = list(_rows(_said(left), _said(right)))
    return both if around is None else _near(both, around)


def _said(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _rows(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    matcher = SequenceMatcher(None, left, right)
    for tag, start, end, other, other_end in matcher.get_opcodes():
        if tag == "equal":
            for line in left[start:end]:
                yield Row(kind=KEPT, left=(Piece(line),), right=(Piece(line),))
            continue
        yield from _differing(left[start:end], right[other:other_end])


def _differing(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    """Lines that stand for each other, in order; what is over on one side stands alone."""
    pairs = min(len(left), len(right))
    for old, new in zip(left[:pairs], right[:pairs], strict=True):
        yield _changed(old, new)
    for old in left[pairs:]:
        yield Row(kind=REMOVED, left=(Piece(old, True),))
    for new in right[pairs:]:
        yield Row(kind=ADDED, right=(Piece(new, True),))


def _changed(old: str, new: str) -> Row:
    before, after = pieces(old, new)
    return Row(kind=CHANGED, left=before, right=after)


def pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both lines, each with what the other does not have marked."""
    if max(len(old), len(new)) > _LONG:
        return (Piece(old, True),), (Piece(new, True),)
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    was, now = ([word.rstrip() for word in words] for words in (before, after))
    # Without autojunk, which takes a word that is often there for noise, and marks half a page.
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (Piece(old, True),), (Piece(new, True),)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, start, end, other, other_end in matcher.get_opcodes():
        left += _piece(before[start:end], tag != "equal")
        right += _piece(after[other:other_end], tag != "equal")
    return tuple(left), tuple(right)


def _piece(words: Sequence[str], is_marked: bool) -> Iterator[Piece]:
    """These words; the space behind them is never marked."""
    text = "".join(words)
    if not is_marked:
        if text:
            yield Piece(text)
        return
    bare = text.rstrip()
    if bare:
        yield Piece(bare, True)
    if text[len(bare) :]:
        yield Piece(text[len(bare) :])


def _near(both: Sequence[Row], around: int) -> list[Row]:
    different = [place for place, row in enumerate(both) if row.kind != KEPT]
    wanted = {
        place
        for middle in different
        for place in range(max(0, middle - around), min(len(both), middle + around + 1))
    }
    found: list[Row] = []
    last = -1
    for place in sorted(wanted):
        skipped = place - last - 1
        row = both[place]
        found.append(msgspec.structs.replace(row, skipped=skipped) if skipped else row)
        last = place
    return found
