"""What is known of a case before a text is held against it: its title's words, fields, parties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connector.linking.topic_names import Person, persons_of
from connector.linking.topic_table import Table
from connector.linking.topic_words import MIN_INSIDE, Found, Kind, words_of
from connector.model import Case, CaseParty

_KLE = re.compile(r"\s*([0-9]{1,2})\.([0-9]{2})(?:\.([0-9]{2}))?", re.ASCII)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}", re.ASCII)
_ENDINGS = (
    "ernes", "erne", "enes", "ene", "eren", "ens", "ets", "ers", "en", "et", "er", "es", "e", "s",
)  # fmt: skip
_FALLS_OUT = re.compile(r"\w{4}[bdfgklmprstv]el$")
_MIN_TITLE = 4  # letters of a title's word that is looked for
_NUMBER = 4  # characters of a house number: 112b
_SHORT = 6  # a shorter one may only be inflected, not begin any word


class Address(NamedTuple):
    """A street, folded, and its house number."""

    street: str
    number: str


class Known(NamedTuple):
    """A case, ready to be compared. `near` are fields that may come up without leaving it."""

    stems: tuple[str, ...]
    addresses: tuple[Address, ...]
    own: frozenset[str]
    near: frozenset[str]
    apart: frozenset[str]
    years: frozenset[str]
    persons: tuple[Person, ...]

    @property
    def has_field(self) -> bool:
        """Whether anything is known of what it is about."""
        return bool(self.own or self.near)


def known_of(case: Case, table: Table) -> Known:
    """Reads a case's title and KLE number by the table."""
    words = words_of(case.title)
    marks = table.lexicon.read(words)
    found = [each for each in marks if each.mark.kind is Kind.FIELD]
    persons = persons_of(case)
    own, near = _fields(case, table, found)
    return Known(
        stems=tuple(dict.fromkeys(_stems(words, marks, table, persons, case.parties))),
        addresses=tuple(addresses(words, marks)),
        own=own,
        near=near.union(*(table.near[name] for name in own)) - own,
        apart=frozenset(each.mark.apart for each in found if each.mark.apart),
        years=_years(case, words),
        persons=persons,
    )


def _fields(
    case: Case, table: Table, found: Sequence[Found]
) -> tuple[frozenset[str], frozenset[str]]:
    """Its own fields, and those that may be its own."""
    strong = frozenset(name for each in found for name in each.mark.strong)
    weak = frozenset(name for each in found for name in each.mark.weak)
    exact, wide = _kle_fields(case, table)
    own = strong | exact
    if not own:
        # A main group holds many matters (23: passports, weddings); a weak word of the title may
        # tell which, and a group of one field is that field.
        own = (wide & weak) or (wide if len(wide) == 1 else weak if not wide else frozenset())
    return own, wide - own


def _kle_fields(case: Case, table: Table) -> tuple[frozenset[str], frozenset[str]]:
    """The fields of its KLE number: by group or subject, and by main group."""
    match = _KLE.match(case.kle_subject) or _KLE.match(case.number)
    if match is None:
        return frozenset(), frozenset()
    main, group, subject = match[1].zfill(2), match[2], match[3]
    exact = table.kle.get(f"{main}.{group}.{subject}") or table.kle.get(f"{main}.{group}")
    if exact:
        return exact, frozenset()
    wide = [names for number, names in table.kle.items() if number[:2] == main]
    return frozenset(), table.kle.get(main) or frozenset().union(*wide)


def _stems(
    words: Sequence[str],
    marks: Sequence[Found],
    table: Table,
    persons: Sequence[Person],
    parties: Sequence[CaseParty],
) -> Iterator[str]:
    """The words of a title by which people name the case, without their endings.

    The names of persons among the parties are told apart: a caller who says who he is has not said
    what it is about.
    """
    whole = {(person.first, person.last) for person in persons}
    names = {
        name
        for party in parties
        if (said := words_of(party.name)) and (said[0], said[-1]) in whole
        for name in said
    }
    generic = table.lists["title.generic"]
    dull = {
        place
        for each in marks
        if each.mark.kind in (Kind.WORK, Kind.TURN, Kind.SOFT_TURN, Kind.GREETING)
        for place in range(each.place, each.end)
    }
    for place, word in enumerate(words):
        is_word = len(word) >= _MIN_TITLE and word.isalpha()
        if is_word and place not in dull and word not in names and word not in generic:
            yield stem_of(word)


def stem_of(word: str) -> str:
    """A folded word without its inflection, as far as its end tells."""
    if _FALLS_OUT.search(word):
        return word[:-2]  # overkørsel, overkørslen
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_TITLE:
            return word[: -len(ending)]
    return word


def _years(case: Case, words: Sequence[str]) -> frozenset[str]:
    years = {word for word in words if _YEAR.fullmatch(word)}
    if case.opened is not None:
        years.add(str(case.opened.year))
    return frozenset(years)


def addresses(words: Sequence[str], found: Sequence[Found]) -> Iterator[Address]:
    """Streets with a house number."""
    for each in found:
        number = words[each.end] if each.end < len(words) else ""
        if each.mark.kind is Kind.STREET and number[:1].isdigit() and len(number) <= _NUMBER:
            yield Address(words[each.place], number)


def title_places(known: Known, folded: str, words: Sequence[str]) -> list[int]:
    """The places where a text has words of the case's title."""
    found: list[int] = []
    for stem in known.stems:
        if stem in folded:
            found += [place for place, word in enumerate(words) if _is_form(word, stem)]
    if found and known.addresses:
        found = [place for place in found if not _is_next_door(known, words, place)]
    return sorted(set(found))


def _is_form(word: str, stem: str) -> bool:
    if word.startswith(stem):
        return len(stem) >= _SHORT or len(word) - len(stem) <= _MIN_TITLE
    return len(stem) >= MIN_INSIDE and stem in word


def _is_next_door(known: Known, words: Sequence[str], place: int) -> bool:
    """The case's street with another house number."""
    number = words[place + 1] if place + 1 < len(words) else ""
    return number[:1].isdigit() and any(
        words[place] == street and number != own for street, own in known.addresses
    )


def elsewhere(known: Known, words: Sequence[str], found: Sequence[Found]) -> Address | None:
    """Another street's address, in a text that does not name the case's own street."""
    if not known.addresses or any(each.street in words for each in known.addresses):
        return None
    return next(addresses(words, found), None)
