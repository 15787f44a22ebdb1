"""What a text is about: it names a case's matter, goes on about it, or is something else.

It never links by itself: the rules ask it whether a thread, a caller or a quoted number stands.
Its words come from mappings/subjects.toml; what it found is given, so that it can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from connector.linking.topic_aims import Aims, FieldWords
from connector.linking.topic_case import Known, addresses, elsewhere, known_of, title_places
from connector.linking.topic_names import Named, Names
from connector.linking.topic_table import Table, compile_table
from connector.linking.topic_words import WORD, Found, Kind, Mark, fold, words_of
from connector.model import Case

_CASES = 20_000  # cases whose words are remembered
_NAMES_FIELD = 2  # weak words that together speak of a field
_TEXTS = 8  # texts remembered as they were read
_ANSWER = 60  # characters
_MESSAGE = 2000  # characters
_REST = 2  # words of its own that a text may have that says little


class Bearing(StrEnum):
    """How a text stands to a case."""

    SAME = "same"  # names the matter: words of the title, the party, the field
    GOES_ON = "goes on"  # nothing of its own, but goes on: answers, case work, "has she had it?"
    OTHER = "other"  # another field, another citizen, "en anden sag"
    SMALLTALK = "small talk"  # lunch, weather, printers, own holidays, greetings
    VAGUE = "vague"  # only words such as "it" and "yes", which could go on with anything
    SILENT = "silent"  # empty, signs only, or nothing to tell by


class Said(NamedTuple):
    """The bearing, and the words of the text that told it."""

    bearing: Bearing
    words: tuple[str, ...] = ()


class _Reading(NamedTuple):
    text: str
    folded: str
    words: list[str]
    found: list[Found]

    def shown(self, found: Iterable[Found]) -> tuple[str, ...]:
        """The words of marks as the text writes them."""
        written = WORD.findall(self.text)
        words = written if len(written) == len(self.words) else self.words
        return tuple(dict.fromkeys(" ".join(words[each.place : each.end]) for each in found))


class Topics:
    """Answers what texts are about. Holds no state but a memory; safe to share between threads."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = Names(table.lists)
        self._aims = Aims(table.lists)
        self._known: Callable[[Case], Known] = lru_cache(_CASES)(self._read_case)
        # One text is asked about several times in a row.
        self._read: Callable[[str], _Reading] = lru_cache(_TEXTS)(self._read_text)

    def fields(self, text: str) -> frozenset[str]:
        """The fields a text speaks of: by a word of theirs, or by two that others use too."""
        reading = self._read(text)
        strong = {name for each in reading.found for name in each.mark.strong}
        return frozenset(strong | _by_weak(_weak_words(reading.words, reading.found)))

    def bearing(self, text: str, case: Case) -> Bearing:
        """How a text stands to a case. Some twenty microseconds for a chat message."""
        return self._judge(self._read(text), case)[0]

    def said(self, text: str, case: Case) -> Said:
        """As `bearing`, with the words that told it."""
        reading = self._read(text)
        bearing, found, names = self._judge(reading, case)
        return Said(bearing, (*names, *reading.shown(found)))

    def names_matter(self, text: str, case: Case) -> bool:
        """Whether it has words of the case's title or field: more than a party's name."""
        reading, its = self._read(text), self._known(case)
        if self._titles(reading, its):
            return True
        return bool(self._aims.sort(reading.words, reading.found, its).own)

    def only_answers(self, text: str) -> bool:
        """Whether it is a short answer to what was said before, and nothing else: "ok, tak"."""
        words = words_of(text[:_ANSWER])
        answers = self._table.lists["going_on.answers"]
        return len(text) <= _ANSWER and bool(words) and answers.issuperset(words)

    def says_little(self, text: str, case: Case) -> bool:
        """Whether it hardly says more than "please call me back, this is <the party>"."""
        names = {word for party in case.parties for word in words_of(party.name)}
        little = self._table.lists["about.little"]
        words: set[str] = set(words_of(text[:_MESSAGE]))
        rest = {word for word in words - little - names if len(word) > 2 and word.isalpha()}
        return len(text) <= _MESSAGE and len(rest) <= _REST

    def unknown_matter(self, text: str, case: Case) -> str:
        """What the text says it is about, when neither the table nor the case knows it; else ""."""
        reading = self._read(text)
        its = self._known(case)
        fields = self._aims.sort(reading.words, reading.found, its)
        thing = self._aims.unknown_aim(reading.words, reading.found, fields)
        names = {part for person in its.persons for part in (person.first, *person.last.split())}
        return "" if thing in names or self._titles(reading, its) else thing

    def matter(self, text: str, cases: Sequence[Case]) -> Case | None:
        """The one of several cases whose matter the text names; None when none or two fit.

        A word that fits two of them tells nothing. Words of a title go before those of a field.
        """
        if not text:
            return None
        reading = self._read(text)
        known = [self._known(case) for case in cases]
        pointing = [
            case for case, own in zip(cases, self._pointers(reading, known), strict=True) if own
        ]
        if len(pointing) == 1:
            return pointing[0]
        by_year = [
            case
            for case, its in zip(cases, known, strict=True)
            if (case in pointing or not pointing) and self._names_year(reading.words, its)
        ]
        return by_year[0] if len(by_year) == 1 else None

    def _read_case(self, case: Case) -> Known:
        return known_of(case, self._table)

    def _read_text(self, text: str) -> _Reading:
        folded = fold(text)
        words = folded.split()
        return _Reading(text, folded, words, self._table.lexicon.read(words))

    # -- which of several ----------------------------------------------------------------------

    def _pointers(self, reading: _Reading, known: Sequence[Known]) -> list[set[str]]:
        """What points to each case and to no other."""
        titles = [self._titles(reading, its) for its in known]
        in_titles = set().union(*titles)
        fields = [
            {each.place for each in self._aims.sort(reading.words, reading.found, its).own}
            - in_titles
            for its in known
        ]
        named = self._names.introduced(
            reading.text, {person for its in known for person in its.persons}
        )
        streets = set(addresses(reading.words, reading.found))
        evidence: list[set[str]] = [
            {f"title {place}" for place in its_titles}
            | {f"field {place}" for place in its_fields}
            | {f"person {person.first}" for person in named.intersection(its.persons)}
            | {f"street {each.street}" for each in streets.intersection(its.addresses)}
            for its, its_titles, its_fields in zip(known, titles, fields, strict=True)
        ]
        return [
            own.difference(*(other for other in evidence if other is not own)) for own in evidence
        ]

    def _titles(self, reading: _Reading, its: Known) -> set[int]:
        places = title_places(its, reading.folded, reading.words)
        return {place for place in places if not self._aims.is_denied(reading.words, place)}

    def _names_year(self, words: Sequence[str], its: Known) -> bool:
        """Whether it says "the case from 2023" of a year that is the case's."""
        return any(
            word in its.years and words[place - 1] in ("fra", "i", "from", "in", "sagen", "case")
            for place, word in enumerate(words)
            if place and len(word) == 4
        )

    # -- how it stands to one ------------------------------------------------------------------

    def _judge(
        self, reading: _Reading, case: Case
    ) -> tuple[Bearing, Sequence[Found], tuple[str, ...]]:
        """The bearing, the marks and the names that told it."""
        words = reading.words
        if not any(word.isalpha() for word in words):
            return Bearing.SILENT, (), ()
        its = self._known(case)
        kinds = _by_kind(reading.found)
        titles = [Found(p, p + 1, _TITLE) for p in sorted(self._titles(reading, its))]
        fields = self._aims.sort(reading.words, reading.found, its)
        if not titles and not fields.own and self._is_greeting(reading, kinds):
            return Bearing.SMALLTALK, kinds.get(Kind.GREETING, ()), ()
        named = self._names.look(reading.text, reading.folded, words, its.persons)
        if named.is_sure and not named.party:
            return Bearing.OTHER, (), (named.other,)
        address = None if named.party else elsewhere(its, words, reading.found)
        if address is not None:
            return Bearing.OTHER, (), (" ".join(address),)
        own = [*titles, *fields.own]
        about_other = [each for each in fields.other if self._aims.is_about(words, each.place)]
        if own:
            if about_other and not any(self._aims.is_about(words, each.place) for each in own):
                return Bearing.OTHER, about_other, ()
            return Bearing.SAME, own, ()
        new = kinds.get(Kind.TURN) or fields.other or self._new_matter(words, fields, kinds)
        if new:
            return Bearing.OTHER, new, ()
        return self._without_matter(words, fields, kinds, named)

    def _new_matter(
        self, words: Sequence[str], fields: FieldWords, kinds: Mapping[Kind, Sequence[Found]]
    ) -> Sequence[Found]:
        """Words that together say that it is about something new."""
        turned = kinds.get(Kind.SOFT_TURN, ())
        near = [each for each in fields.near if turned or self._aims.asks_for(words, each.place)]
        if near:
            return near
        weak = fields.other_weak
        if turned and weak:
            return [*turned, *weak]
        if len(weak) >= _NAMES_FIELD and _by_weak(_weak_words(words, weak)):
            return weak
        return [each for each in weak if self._aims.is_headed(words, each.place)]

    def _without_matter(
        self,
        words: Sequence[str],
        fields: FieldWords,
        kinds: Mapping[Kind, Sequence[Found]],
        named: Named,
    ) -> tuple[Bearing, Sequence[Found], tuple[str, ...]]:
        """No field and no title: the party, small talk or case work tell, if anything does."""
        lists, said = self._table.lists, set(words)
        work, talk = kinds.get(Kind.WORK, ()), list(kinds.get(Kind.TALK, ()))
        speaks_of_somebody = not lists["going_on.others"].isdisjoint(said)
        if not work and not (speaks_of_somebody or fields.own_weak or named.is_full):
            talk += kinds.get(Kind.SOFT_TALK, ())
        if talk and len(talk) > len(work) and not named.is_full:
            return Bearing.SMALLTALK, talk, ()
        if named.party:
            return Bearing.SAME, (), (named.party,)
        if named.other and not work:
            return Bearing.OTHER, (), (named.other,)
        marks = [*work, *fields.own_weak, *fields.near]
        going_on = lists["going_on.words"] & said
        if marks or speaks_of_somebody:
            return Bearing.GOES_ON, marks, () if marks else tuple(sorted(going_on))
        if going_on:
            return Bearing.VAGUE, (), tuple(sorted(going_on))
        return Bearing.SILENT, (), ()

    def _is_greeting(self, reading: _Reading, kinds: Mapping[Kind, Sequence[Found]]) -> bool:
        """A greeting, at most with a name, and nothing else."""
        greetings = kinds.get(Kind.GREETING, ())
        if not greetings or len(kinds) > 1:
            return False
        rest = len(reading.words) - sum(each.end - each.place for each in greetings)
        going_on = self._table.lists["going_on.words"]
        return rest <= 2 and going_on.isdisjoint(reading.words)  # "Hej Lone og Per"


_TITLE = Mark(Kind.FIELD)


def _by_kind(found: Iterable[Found]) -> dict[Kind, list[Found]]:
    kinds: dict[Kind, list[Found]] = {}
    for each in found:
        kinds.setdefault(each.mark.kind, []).append(each)
    return kinds


def _by_weak(words: Mapping[str, Set[str]]) -> set[str]:
    """The fields that enough different words speak of."""
    return {name for name, its in words.items() if len(its) >= _NAMES_FIELD}


def _weak_words(words: Sequence[str], found: Iterable[Found]) -> dict[str, set[str]]:
    """The weak words of each field."""
    weak: dict[str, set[str]] = {}
    for each in found:
        for name in each.mark.weak:
            weak.setdefault(name, set()).add(words[each.place])
    return weak


def compile_topics(*tables: Mapping[str, Any]) -> Topics:
    """From mappings/subjects.toml, given as a dictionary, and what a site adds to it.

    Raises ConfigError with every problem of the tables at once.
    """
    return Topics(compile_table(*tables))
