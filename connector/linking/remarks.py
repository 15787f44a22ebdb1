"""What the words round a case number say of it: corrected, an example, an old case, another's.

Only some words on each side are looked at, so a number costs the same in a message of ten lines and
of ten megabytes. The words themselves are in connector.linking.remark_words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from connector.linking import remark_words as words

_BEFORE = 140  # characters
_AFTER = 120
_GAP = 200  # characters between a number and the one that corrects it
_LEAD = 11  # words before the number and its label
_GAP_WORDS = 16
_POLITE = 40  # characters
_MARKS = ":#\"'»«“”()–-"
_SIGNS = ".,;:!?\"'»«“”()–—-…"


class Remark(StrEnum):
    """How a text stands to a number in it. All but NONE say: not plainly the case of today."""

    NONE = "none"
    CORRECTED = "corrected"  # the text puts another number in its place
    NEGATED = "negated"  # "drejer sig ikke om"
    FOREIGN = "foreign"  # the number of another authority or a company
    EXAMPLE = "example"
    EARLIER = "earlier"  # called old, closed or former
    MENTIONED = "mentioned"  # for comparison only


def remark(
    text: str, start: int, end: int, *, inbound: bool = False, ours: Collection[str] = ()
) -> Remark:
    """What is said of the number at text[start:end], in its own and the next sentences.

    In what comes from outside or is passed on (`inbound`), "jeres" and "Deres" number is our own.
    `ours` are names of our own organisation in lower case ("solby kommune"): it is not taken for
    another.
    """
    before = text[max(0, start - _BEFORE) : start].lower().split()
    following = text[end : end + _AFTER].lower().split()[:_GAP_WORDS]
    leading = _leading(before)
    said = {word.strip(_SIGNS) for word in (*leading, *following)}
    lead, after = " ".join(leading).rstrip(_MARKS + " "), " ".join(following)
    if not said.isdisjoint(words.CORRECTED_WORDS) and _is_corrected(lead, after):
        return Remark.CORRECTED
    if not said.isdisjoint(words.NEGATED_WORDS) and (
        _is_negated(lead, after) or (text[start - 1 : start] == "(" and words.NOT_HIM.search(lead))
    ):
        return Remark.NEGATED
    # A letter to us says "Deres nr."; "deres nr." is that of others.
    near = text[max(0, start - _POLITE) : start]
    polite = ("deres",) if "Deres" in near else ()
    ours_said = ("jeres", "your", *polite) if inbound and not _is_elsewhere(near, ours) else ()
    if _is_foreign(" ".join(before[-8:]).rstrip(_MARKS + " "), after, ours_said, ours):
        return Remark.FOREIGN
    if not said.isdisjoint(words.EXAMPLE_WORDS) and (
        words.EXAMPLE_LEAD.search(lead) or words.EXAMPLE_AFTER.match(after)
    ):
        return Remark.EXAMPLE
    if not said.isdisjoint(words.EARLIER_WORDS) and _is_earlier(lead, after):
        return Remark.EARLIER
    if lead.endswith(words.LIKE_IN) or (
        not said.isdisjoint(words.MENTIONED_WORDS)
        and (words.MENTIONED_LEAD.search(lead) or words.MENTIONED_AFTER.match(after))
    ):
        return Remark.MENTIONED
    return Remark.NONE


def corrections(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Which of the numbers of a text stand, by index: all but those that the text corrects.

    `spans` are their places in order. A corrected number falls wherever it stood before, too; one
    that is corrected to something that cannot be read falls as well.
    """
    fallen: set[int] = set()
    places: dict[str, list[int]] = {}
    for i, (start, end) in enumerate(spans):
        written = _written(text[start:end])
        places.setdefault(written, []).append(i)
        following = next((s for s in spans[i + 1 : i + 20] if s[0] >= end), None)
        is_again = following is not None and _written(text[slice(*following)]) == written
        if is_again or i in fallen:
            continue
        gap = text[end : following[0]] if following and following[0] - end <= _GAP else ""
        if _puts_right(gap) or remark(text, start, end) is Remark.CORRECTED:
            fallen.update(places[written])
            fallen.update(n for n, span in enumerate(spans[i : i + 20], i) if span[0] < end)
    return tuple(i for i in range(len(spans)) if i not in fallen)


def _written(raw: str) -> str:
    return "".join(filter(str.isalnum, raw.casefold()))


def _leading(before: list[str]) -> list[str]:
    """The last words before a number without the label that announces it ("sag nr.")."""
    last = len(before)
    while last and _is_label(before[last - 1].strip(_MARKS)):
        last -= 1
    return before[max(0, last - _LEAD) : last]


def _is_label(word: str) -> bool:
    return (
        not word
        or word in words.LABELS
        or (word.endswith(words.CASE_ENDINGS) and not word.startswith(words.NO_LABEL))
    )


def _is_corrected(lead: str, after: str) -> bool:
    number = words.ANY_NUMBER.search(after)
    if number is not None and _is_case_like(after, number.start()):
        if _puts_right(after[: number.start()]):
            return True
        if words.NOT_LEAD.search(lead) and words.BUT_AFTER.match(after):
            return True
    if words.WRONG_ONE.search(lead):  # "hov nej, forkert klub: X": X is the right one
        return False
    return (
        words.REPLACED_LEAD.search(lead) is not None
        or words.NUMBER_NOT_LEAD.search(lead) is not None
        or words.WRONG_AFTER.match(after) is not None
    )


def _is_case_like(after: str, at: int) -> bool:
    """Whether a case number, or a part of one, may begin there: no date, time or amount."""
    if words.DAY_NEXT.match(after, at):
        return False
    found = words.NUMBER_NEXT.match(after, at) or words.SPOKEN_NEXT.match(after, at)
    return found is not None


def _puts_right(gap: str) -> bool:
    """Whether a gap between two numbers says that the second is meant: "nej undskyld, det er"."""
    if not gap or gap.isspace():
        return False
    if words.WRONG_ONE.search(" ".join(gap.lower().split())):
        return True
    said = [word for raw in gap.lower().split() if (word := raw.strip(_SIGNS))]
    if not 0 < len(said) <= _GAP_WORDS or not words.FILLERS.issuperset(said):
        return False
    return words.PUTS_RIGHT.search(" ".join(_without_label(gap.lower().split()))) is not None


def _without_label(said: list[str]) -> list[str]:
    while said and _is_label(said[-1].strip(_MARKS)):
        said.pop()
    return said


def _is_negated(lead: str, after: str) -> bool:
    if words.NEGATED_LEAD.search(lead) or words.NEGATED_AFTER.match(after):
        return True
    return bool(words.NOT_WITH_LEAD.search(lead) and words.TO_DO_AFTER.match(after))


def _is_earlier(lead: str, after: str) -> bool:
    if words.EARLIER_LEAD.search(lead):
        return True
    return bool(words.EARLIER_AFTER.match(after) and not words.NOT_YET_LEAD.search(lead))


def _is_elsewhere(near: str, ours: Collection[str]) -> bool:
    """ "Jeres sagsnummer i Odense": the place is named, and it is not ours."""
    found = words.YOURS_ELSEWHERE.search(near) if "eres " in near or "our " in near else None
    return found is not None and not any(name.startswith(found["place"].lower()) for name in ours)


def _is_foreign(before: str, after: str, ours_said: Collection[str], ours: Collection[str]) -> bool:
    if not any(map((before + after[:40]).__contains__, words.FOREIGN_PARTS)):
        return False
    yours = words.YOURS_BEFORE.search(before)
    if yours and yours["you"] not in ours_said:
        return True
    found = words.FOREIGN_BEFORE.search(before) or words.FOREIGN_AFTER.match(after)
    if found is None:
        return False
    who = next(filter(None, found.groupdict().values()), "")
    return not any(who.startswith(name) for name in ours)
