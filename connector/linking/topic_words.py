"""Reads a text by the words of mappings/subjects.toml: which field, small talk or case work.

How it is quick: a text is cut into words once, and each word is looked up in a dictionary that
remembers the words it has seen; only a new word is compared with the stems of the table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import compress
from typing import NamedTuple

MIN_STEM = 4  # letters by which a word may begin; shorter ones must be whole words
MIN_INSIDE = 7  # letters of a stem that is also found inside a compound
_MAX_WORD = 60  # the longest word that is compared whole
_MIN_STREET = 5  # letters; "vejen" alone is no street's name
_MEMORY = 50_000  # words remembered: more than a municipality's talk has, a few megabytes

WORD = re.compile(r"\w+")


class Kind(StrEnum):
    """What a word or phrase of the table stands for."""

    FIELD = "field"
    TALK = "talk"
    SOFT_TALK = "soft talk"
    GREETING = "greeting"
    WORK = "case work"
    TURN = "turning"
    SOFT_TURN = "soft turning"
    STREET = "street"
    NOTHING = "nothing"


class Mark(NamedTuple):
    """What one entry of the table says.

    `strong` and `weak` are the fields it speaks of; `apart` names the thing within the field.
    """

    kind: Kind
    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    apart: str = ""


class Found(NamedTuple):
    """A mark at a place: `text`'s words from `place` to `end`."""

    place: int
    end: int
    mark: Mark


Phrase = tuple[tuple[str, ...], Mark]


class _Anchored(NamedTuple):
    """A phrase, found by its longest word: the rarest, so that few places are looked at."""

    words: tuple[str, ...]
    offset: int  # of that word
    mark: Mark
    beside: int  # where its neighbour stands, seen from that word: looked at first


class _Entry(NamedTuple):
    """A word's own mark, and the phrases that are found by it, the longest first."""

    mark: Mark | None
    phrases: tuple[_Anchored, ...]


_STREET = Mark(Kind.STREET)


def fold(text: str) -> str:
    """Lower case, without signs and accents, æ, ø and å spelled out: both spellings are one.

    Letters that Western Europe does not write count as signs. Done on bytes, where one table does
    nearly all: five times as fast as on text, and half of what reading a message costs.
    """
    if text.isascii():
        return text.encode("ascii").translate(_FOLDED).decode("ascii")
    if "\u030a" in text or "\u0301" in text or "\u0308" in text:
        text = unicodedata.normalize("NFC", text)
    low = text.encode("latin-1", "replace").translate(_FOLDED)
    low = low.replace(b"\xe5", b"aa").replace(b"\xe6", b"ae").replace(b"\xf8", b"oe")
    return low.replace(b"\xa7", b" paragraf ").decode("ascii")


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return fold(text).split()


def _folded_byte(code: int) -> int:
    """What becomes of a Latin-1 character: its lower-case letter, or a space (32) for a sign."""
    low = chr(code).lower()
    if low in "åæø§":
        return ord(low)
    low = {"ä": "æ", "ö": "ø", "ß": "s"}.get(low, low)
    plain = low if low in "æø" else unicodedata.normalize("NFD", low)[0]
    is_word = plain in "æø" or (plain.isascii() and (plain.isalnum() or plain == "_"))
    return ord(plain) if is_word else 32


_FOLDED = bytes(map(_folded_byte, range(256)))


class Lexicon:
    """The words and phrases of the table, ready to be looked up. Safe to share between threads."""

    def __init__(
        self,
        exact: Mapping[str, Mark],
        stems: Mapping[str, Mark],
        phrases: Iterable[Phrase],
        streets: Iterable[str] = (),
    ) -> None:
        self._exact = dict(exact)
        self._stems = dict(stems)
        self._heads = _by_head(stems, MIN_STEM)
        self._inside = _by_head((s for s in stems if len(s) >= MIN_INSIDE), MIN_INSIDE)
        self._streets = tuple(streets)
        self._phrases: dict[str, list[_Anchored]] = {}  # by a word; with a star, by how it begins
        for words, mark in phrases:
            offset = max(range(len(words)), key=lambda n: _rarity(words[n]))
            anchored = _Anchored(words, offset, mark, -1 if offset else 1)
            self._phrases.setdefault(words[offset], []).append(anchored)
        self._known = _Memory(self)

    def read(self, words: Sequence[str]) -> list[Found]:
        """The marks of a text's folded words, in order. A phrase wins over the words in it."""
        found: list[Found] = []
        phrases: list[Found] = []
        entries = list(map(self._known.__getitem__, words))
        for place in compress(range(len(entries)), entries):  # most words say nothing
            entry = entries[place]
            if entry is None:
                continue
            if entry.phrases and (phrase := _phrase_at(entry.phrases, words, place)):
                phrases.append(phrase)
            if entry.mark is not None:
                found.append(Found(place, place + 1, entry.mark))
        return _merged(found, phrases) if phrases else found

    def look_up(self, word: str) -> _Entry | None:
        """What the table says of a folded word; None when nothing."""
        mark = self._mark(word)
        if mark is not None and mark.kind is Kind.NOTHING:
            mark = None
        phrases = list(self._phrases.get(word, ()))
        for end in range(1, min(len(word), _MAX_WORD) + 1):
            phrases += self._phrases.get(word[:end] + "*", ())
        phrases.sort(key=lambda each: -len(each.words))
        return _Entry(mark, tuple(phrases)) if mark or phrases else None

    def _mark(self, word: str) -> Mark | None:
        if word in self._exact:
            return self._exact[word]
        if len(word) > 3 and word[-1] == "s" and word[:-1] in self._exact:
            return self._exact[word[:-1]]
        cut = word[:_MAX_WORD]
        for stem in self._heads.get(cut[:MIN_STEM], ()):
            if cut.startswith(stem):
                return self._stems[stem]
        for start in range(2, len(cut) - MIN_INSIDE + 1):
            for stem in self._inside.get(cut[start : start + MIN_INSIDE], ()):
                if cut.startswith(stem, start):
                    return self._stems[stem]
        return _STREET if len(cut) > _MIN_STREET and cut.endswith(self._streets) else None


class _Memory(dict[str, _Entry | None]):
    """The words seen so far. Starts anew when full, so that no text can fill the memory."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexicon = lexicon

    def __missing__(self, word: str) -> _Entry | None:
        if len(self) >= _MEMORY:
            self.clear()
        entry = self._lexicon.look_up(word)
        if len(word) <= _MAX_WORD:
            self[word] = entry
        return entry


def _by_head(stems: Iterable[str], length: int) -> dict[str, list[str]]:
    """The stems by their first letters, the longest first."""
    heads: dict[str, list[str]] = {}
    for stem in sorted(stems, key=len, reverse=True):
        heads.setdefault(stem[:length], []).append(stem)
    return heads


def _rarity(word: str) -> tuple[bool, int]:
    """By which word of a phrase it is looked for: not an everyday one, and a long one."""
    return word not in _EVERYDAY, len(word)


# Words that stand in nearly every text, folded.
_EVERYDAY = frozenset(
    """
    og i at det er en til paa som med for den de ikke af der et har om vi men jeg kan fra
    var du skal sig saa vil eller hun han ham hende naar hvis nu os mig dig min din sin mit
    dit sit noget nogen andet anden andre alle alt ogsaa kun over under efter inden foer ud
    ind op ned hen hvad hvor hvem hvordan hvornaar hvorfor her meget mere mange lige bare
    igen gang dag morgen aften uge tid tage tager tog faa faar fik gaa gaar gik blive bliver
    blev vaere kom komme kommer give se ser set sige siger ved mellem uden ind hele helt
    godt ny nye nyt sidste foerste moede moedet mandag tirsdag onsdag torsdag fredag ring
    ringe ringer ringet tak hej ligger endnu laegen laege kontoret the a of to in is it and
    on for you my i this that with be have are we not
    """.split()  # noqa: SIM905 - a list of two hundred quoted words would not be read
)


def _phrase_at(phrases: Iterable[_Anchored], words: Sequence[str], place: int) -> Found | None:
    """The first phrase that stands round the word at `place`."""
    for phrase in phrases:
        beside = place + phrase.beside
        start = place - phrase.offset
        if not (0 <= beside < len(words) and start >= 0):
            continue
        wanted = phrase.words[phrase.offset + phrase.beside]
        if (words[beside] == wanted or wanted[-1] == "*") and _stands(phrase.words, words, start):
            return Found(start, start + len(phrase.words), phrase.mark)
    return None


def _stands(phrase: Sequence[str], words: Sequence[str], start: int) -> bool:
    """Whether the words of a phrase stand there; a star lets a word go on."""
    if start + len(phrase) > len(words):
        return False
    for offset, wanted in enumerate(phrase):
        there = words[start + offset]
        if there != wanted and not (wanted[-1] == "*" and there.startswith(wanted[:-1])):
            return False
    return True


def _merged(found: Iterable[Found], phrases: Iterable[Found]) -> list[Found]:
    """Phrases, and the words outside them; of two that overlap the earlier and longer stays."""
    merged: list[Found] = []
    free = 0
    for each in sorted([*phrases, *found], key=lambda each: (each.place, -each.end)):
        if each.place >= free:
            free = each.end
            merged.append(each)
    return [each for each in merged if each.mark.kind is not Kind.NOTHING]
