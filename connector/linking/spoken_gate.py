"""Where in a text a spoken number may be: a search so quick that every message can afford it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from connector.linking.spoken_words import WORDS

_LOOK_BACK = 240  # characters before a number word in which its number may have begun
_STRANGE = 3  # words of no meaning there, as in "P som i Peter"


def _sets(words: Iterable[str], after: str) -> str:
    """Three sets of signs: digits and every word of the list begin with one of each; any case.

    `after` are the signs that may stand behind a digit or a word of two letters.
    """
    starts = {(word + " ")[:3] for word in words}
    found = ""
    for place in range(3):
        signs = {start[place] for start in starts} | set("0123456789")
        if place:
            signs |= set(after)
        found += "[" + re.escape("".join(sorted(signs | {c.upper() for c in signs}))) + "]"
    return found


# The gate: a number word or digits, and two more tokens right behind. Begins with one fixed sign
# because only then does `re` search at the speed of memory; sets of signs are next best, so which
# words they were is asked afterwards. Words with a, e and h are left out in the first place, for
# so many Danish words begin with them. The price: a number in which every word begins so (1, 11,
# 18, 21, 50, 70, 90 and their like; in English 8, 11, 18, 80) is not heard.
_TOKENS = [w for w, word in WORDS.items() if word.kind in ("number", "sign") and len(w) > 1]
_FIRST = [w for w in _TOKENS if WORDS[w].place not in ("", "2") and w[0] not in "aehé"]
_REST = "(?:(?<= )|[^ ]{0,16}+ )"  # two signs and a space are a whole word already
# Any letter may begin it: "P nitten".
_THEN = "[^ ]" + _sets([*_TOKENS, "og", "øh"], " .,p").partition("]")[2]
_STARTS = sorted({s for w in _FIRST for s in (w[:3], w[:3].capitalize(), w[:3].upper())})
_EXACT = "|".join(s if len(s) == 3 else f"{s}[ .,]" for s in _STARTS)
_HINT = re.compile(
    f" {_sets(_FIRST, ' .,')}(?={_REST}{_THEN}{_REST}{_THEN})(?<= (?:[0-9]..|{_EXACT}))"
)
_HEARD = frozenset(w for w, word in WORDS.items() if word.kind == "number")
_WORD = re.compile(" ([^ ]{1,60})")
_BEHIND_DIGITS = frozenset(w for w, word in WORDS.items() if word.kind in ("number", "sign"))


def flattened(text: str) -> str:
    """The text as the gate searches it: places are one higher.

    A number may stand at the very beginning or end: a space is put in front, and what passes for
    two tokens behind. Line breaks become spaces.
    """
    return f" {text} . . . . ".replace("\n", " ")


def number_from(flat: str, place: int) -> int:
    """Where in the text the next run with a number in it may begin; -1 when there is none."""
    for hint in _HINT.finditer(flat, place):
        start = hint.start()
        end = flat.find(" ", start + 1)
        if flat[start + 1] in "0123456789":
            if _goes_on(flat[end + 1 : flat.find(" ", end + 1)]):
                return start
        elif _is_heard(flat[start + 1 : end]):
            return start
    return -1


def any_number_from(flat: str, place: int) -> int:
    """The same without the shortcuts, at ten times the cost: for what surely was said."""
    for found in _WORD.finditer(flat, place):
        if _is_heard(found[1]):
            return found.start()
    return -1


@lru_cache(4096)  # people say the same few hundred words
def _is_heard(written: str) -> bool:
    word = written.lower().partition("-")[0].rstrip(".,;:!?")
    return word in _HEARD or word[:1].isdigit()


def run_from(flat: str, place: int, low: int) -> int:
    """Where in the text to begin reading: before the words that the gate does not ask for."""
    low = max(low, place - _LOOK_BACK)
    strange = 0
    while place > low:
        before = max(low, flat.rfind(" ", low, place))
        word = flat[before + 1 : place].lower().partition("-")[0].rstrip(".,;:!?")
        if word and word not in WORDS and not word[-1:].isdigit():
            strange += 1
            if strange > _STRANGE:
                break
        place = before
    return place


@lru_cache(4096)
def _goes_on(written: str) -> bool:
    """Whether a word may go with digits before it: a date, a price ends here."""
    word = written.lower().rstrip(".,;:!?")
    is_letter = len(word) == 1 and word.isalpha()
    return is_letter or word[:1].isdigit() or word[1:].isdigit() or word in _BEHIND_DIGITS
