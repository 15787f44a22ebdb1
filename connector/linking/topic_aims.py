"""The field words of a text: what they are to a case, and whether the text is about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from connector.linking.topic_case import Known
from connector.linking.topic_words import Found, Kind

_ABOUT_REACH = 3  # words between "angående" and the thing
_THING_REACH = 4  # words between "om" and the thing, and the thing
_THING = 5  # letters of a word that may be a matter
_LEAD_REACH = 5  # words between "ringer ... om" and the thing


class FieldWords(NamedTuple):
    """The field words of a text, sorted by what they are to a case."""

    own: list[Found]
    own_weak: list[Found]
    near: list[Found]
    other: list[Found]
    other_weak: list[Found]


class Aims:
    """Tells what a text is aimed at, by the lists of the table's [about]."""

    def __init__(self, lists: Mapping[str, frozenset[str]]) -> None:
        self._lists = lists

    def sort(self, words: Sequence[str], found: Iterable[Found], its: Known) -> FieldWords:
        """The field words by what they are to the case; those that are denied are left out."""
        sorted_out = FieldWords([], [], [], [], [])
        for each in found:
            mark = each.mark
            if mark.kind is not Kind.FIELD or self.is_denied(words, each.place):
                continue
            if not mark.strong:
                if not its.own.isdisjoint(mark.weak):
                    sorted_out.own_weak.append(each)
                elif its.has_field and its.near.isdisjoint(mark.weak):
                    sorted_out.other_weak.append(each)
            elif not its.own.isdisjoint(mark.strong):
                is_apart = mark.apart and its.apart and mark.apart not in its.apart
                (sorted_out.near if is_apart else sorted_out.own).append(each)
            elif self._is_mentioned(words, each.place):
                sorted_out.other_weak.append(each)
            elif not its.near.isdisjoint(mark.strong):
                sorted_out.near.append(each)
            elif its.has_field:
                sorted_out.other.append(each)
        return sorted_out

    def _is_mentioned(self, words: Sequence[str], place: int) -> bool:
        """ "Karen fra jobcentret": where somebody comes from is not what the talk is about."""
        return place > 0 and words[place - 1] in self._lists["about.mention"]

    def is_headed(self, words: Sequence[str], place: int) -> bool:
        """Whether "angående" or the like stands before the thing."""
        return not self._lists["about.plain"].isdisjoint(
            words[max(0, place - _ABOUT_REACH) : place]
        )

    def is_about(self, words: Sequence[str], place: int) -> bool:
        """Whether the text says that it is about the thing there."""
        about = self._lists["about.words"]
        return not about.isdisjoint(words[max(0, place - _ABOUT_REACH) : place])

    def asks_for(self, words: Sequence[str], place: int) -> bool:
        """Whether the text is about that thing alone: it applies for it, or "ringer om" it."""
        lists, before = self._lists, words[max(0, place - _ABOUT_REACH) : place]
        if not lists["about.plain"].isdisjoint(before) or not lists["about.asks"].isdisjoint(
            before
        ):
            return True
        if "om" not in before and "about" not in before:
            return False
        return not lists["about.leads"].isdisjoint(words[max(0, place - _LEAD_REACH) : place])

    def is_denied(self, words: Sequence[str], place: int) -> bool:
        """ "Ikke carporten", "drejer sig ikke om min carport": said not to be about it."""
        negations, about = self._lists["about.negations"], self._lists["about.plain"]
        before = words[max(0, place - _ABOUT_REACH) : place]
        if negations.isdisjoint(before):
            return False
        if before[-1] in negations:
            return True
        return any(
            word in negations and (then in about or then in ("om", "about"))
            for word, then in pairwise(before)
        )

    def unknown_aim(self, words: Sequence[str], found: Iterable[Found], fields: FieldWords) -> str:
        """The thing that a text says it is about, when no list knows it; "" for none.

        "Svar om <thing>", "sagen med <thing>": a matter that the table has no words for is still
        another matter.
        """
        lists = self._lists
        others = _places((*fields.other, *fields.other_weak))
        known = _places(found) - others
        for place, word in enumerate(words):
            before = words[place - 1] if place else ""
            is_with = word in lists["about.with"] and before in lists["about.it"]
            if word not in lists["about.words"] and not is_with:
                continue
            for then in range(place + 1, min(place + 1 + _THING_REACH, len(words))):
                thing = words[then]
                if then in known or thing in lists["about.stops"]:
                    break
                if then in others:
                    return thing
                if thing in lists["about.skips"] or len(thing) < _THING:
                    continue
                if thing.isalpha():
                    return thing
                break
        return ""


def _places(found: Iterable[Found]) -> set[int]:
    return {place for each in found for place in range(each.place, each.end)}
