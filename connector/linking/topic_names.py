"""Persons in a text: a case's parties, and other citizens. Cautious: a colleague is no citizen."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from connector.linking.topic_words import fold, words_of
from connector.model import Case

# The sign before is looked at after the capital: so the search runs from capital to capital.
_FIRST = r"[A-ZÆØÅÉÖÜ](?<!\w.)[a-zæøåéöüä]+(?:-[A-ZÆØÅÉ][a-zæøåé]+)?"
_CAPITAL = r"[A-ZÆØÅÉÖÜ][a-zæøåéöüä]+(?:-[A-ZÆØÅÉ][a-zæøåé]+)?"
_RUN = re.compile(
    rf"{_FIRST}(?:[ \u00a0](?:(?:af|von|van|de) )?(?:{_CAPITAL}|[A-ZÆØÅ]\.)){{1,4}}(?!\w)"
)
_ABBREVIATED = (
    "vedr.",
    "ang.",
    "hr.",
    "fr.",
    "adv.",
    "re.",
)  # a point behind them ends no sentence
_FIRM = re.compile(r"\b(?:A/S|ApS|I/S|P/S|IVS|A\.m\.b\.a|v/|.*forening|.*selskab)", re.IGNORECASE)
_REACH = 30  # characters round a name that are looked at
_LONG = 6  # letters of a last name that is seldom a word
_MAX_RUNS = 50  # names of one text; more is a list of persons, and tells nothing


class Person(NamedTuple):
    """A party, folded. `first` is "" for a firm, whose first two words are in `last`."""

    first: str
    last: str


class Named(NamedTuple):
    """Who is named: a party (`is_full` with both names), another citizen (`is_sure` by its cue)."""

    party: str = ""
    is_full: bool = False
    other: str = ""
    is_sure: bool = False


def persons_of(case: Case) -> tuple[Person, ...]:
    """The parties of a case as they are looked for."""
    return tuple(dict.fromkeys(filter(None, (_person(party.name) for party in case.parties))))


def _person(name: str) -> Person | None:
    words = words_of(name)
    if not words:
        return None
    if _FIRM.search(name):
        return Person("", " ".join(words[:2]))
    return Person(words[0], words[-1] if len(words) > 1 else "")


class Names:
    """Looks for persons with the lists of the table's [names]."""

    def __init__(self, lists: Mapping[str, frozenset[str]]) -> None:
        self._cues = lists["names.cues"]
        self._weak = lists["names.weak"]
        self._roles = lists["names.roles"]
        self._after = lists["names.after"]
        self._introduce = lists["names.introduce"]
        self._titles = lists["names.titles"]
        self._nobody = lists["names.nobody"]
        self._ambiguous = lists["names.ambiguous"]
        self._places = tuple(lists["names.places"])

    def look(
        self, text: str, folded: str, words: Sequence[str], persons: Collection[Person]
    ) -> Named:
        """Who of the parties, and which other citizen, a text names; `words` are its folded words.

        Without a known party nobody can be told from it, so that nobody else is named either.
        """
        if not persons:
            return Named()
        other, is_sure = "", False
        taken: list[str] = []
        for match in _names(text):
            before = _before(text, match.start())
            if not self._may_be_cued(before, match.group()):
                continue
            its = _name_words(match)
            cue = (
                "" if self._is_party(its, persons) else self._cue(its, before, _after(text, match))
            )
            if cue:
                taken += its
                if not other or (cue == "sure" and not is_sure):
                    other, is_sure = match.group(), cue == "sure"
        party, is_full = self._party(text, folded, words, persons, taken)
        return Named(party, is_full, other, is_sure)

    def introduced(self, text: str, persons: Iterable[Person]) -> frozenset[Person]:
        """Parties named in full, and not only as the one who speaks ("det er Hanne Jensen")."""
        found: set[Person] = set()
        for match in _names(text):
            before = _before(text, match.start())
            if not before or before[-1] not in self._introduce:
                its = _name_words(match)
                found.update(p for p in persons if self._is_party(its, (p,)))
        return frozenset(found)

    def _is_party(self, words: Sequence[str], persons: Iterable[Person]) -> bool:
        for person in persons:
            has_last = person.last in words or person.last + "s" in words
            has_first = person.first in words or words[0] in self._titles
            if person.first and has_last and has_first:
                return True
        return False

    def _may_be_cued(self, before: Sequence[str], written: str) -> bool:
        """Whether it is worth a closer look: most names in a text are a colleague's."""
        if before and (before[-1] in self._weak or before[-1] in self._cues):
            return True
        return written.endswith("s") or fold(written.partition(" ")[0]) in self._cues

    def _cue(self, words: Sequence[str], before: Sequence[str], after: str) -> str:
        """Whether words round a name say that it is a citizen's: "sure", "weak" or ""."""
        if words[0] in self._cues:
            words, before = words[1:], words[:1]
        if len(words) < 2 or not self._is_somebody(words):
            return ""
        if words[-1].endswith("s") and after in self._cues:
            return "sure"
        if not before or before[-1] in self._roles:
            return ""
        is_weak = before[-1] in self._weak
        if before[-1] in self._cues or (is_weak and before[0] in self._cues):
            return "sure"
        is_helper = after in self._after or after in self._roles
        return "weak" if is_weak and not is_helper else ""

    def _is_somebody(self, words: Iterable[str]) -> bool:
        return self._nobody.isdisjoint(words) and not any(
            word.endswith(self._places) for word in words
        )

    def _party(
        self,
        text: str,
        folded: str,
        words: Sequence[str],
        persons: Iterable[Person],
        taken: Sequence[str],
    ) -> tuple[str, bool]:
        """A party that is named, and whether in full; `taken` are words of others' names."""
        found = ""
        for person in persons:
            if not person.first:
                if person.last in folded:
                    return person.last, True
                continue
            for name in (person.first, person.last):
                if not name or name not in folded:
                    continue
                for form in (name, name + "s"):
                    if words.count(form) <= taken.count(form):
                        continue
                    if name == person.first and _goes_with(words, form, person.last):
                        return f"{form} {person.last}", True
                    # A last name may be a word, more often than a first name.
                    is_name = name == person.first or len(name) >= _LONG
                    is_sure = is_name and form not in self._ambiguous
                    if is_sure or _has_capital(text, form):
                        found = found or form
        return found, False


def _goes_with(words: Sequence[str], first: str, last: str) -> bool:
    """Whether the last name follows the first one, at most two middle names between them."""
    place = words.index(first)
    following = words[place + 1 : place + 4]
    return bool(last) and (last in following or last + "s" in following)


def _names(text: str) -> Iterable[re.Match[str]]:
    """Capitalised words in a row."""
    return islice(_RUN.finditer(text), _MAX_RUNS)


def _name_words(match: re.Match[str]) -> list[str]:
    """The folded words of a name, without initials."""
    words = words_of(match.group())
    return [word for word in words if len(word) > 1] or words


def _before(text: str, start: int) -> list[str]:
    """At most two folded words of the same sentence before a name."""
    words = text[max(0, start - _REACH) : start].rsplit(None, 2)[-2:]
    if not words or (words[-1][-1] in ".!?" and words[-1].lower() not in _ABBREVIATED):
        return []
    return words_of(" ".join(words))


def _after(text: str, match: re.Match[str]) -> str:
    """The folded word after a name."""
    words = words_of(text[match.end() : match.end() + _REACH])
    return words[0] if words else ""


def _has_capital(text: str, word: str) -> bool:
    """Whether a word stands with a capital inside a sentence."""
    return any(fold(match.group(1)) == word for match in _INSIDE.finditer(text))


_INSIDE = re.compile(r"(?<=[\w,:;)] )([A-ZÆØÅÉÖÜ]\w+)")
