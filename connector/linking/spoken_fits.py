"""Shares the tokens of a spoken number over the groups of a case number's shape.

A shape and a run of tokens may fit in several ways. Each has a cost: how far it is from how people
speak. The pattern itself judges the result; nothing here knows one system from another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connector.linking.spoken_shapes import Shape, Slot
from connector.linking.spoken_words import Reading, Token, readings

# Costs. Only their order matters: 2 "elleve halvfjerds" as 1170, 10 "fem og tyve" as 5 and 20.
TORN = 10  # words that make up one number, taken as two
TORN_LOOSELY = 3  # "tre hundrede fireogtyve" as 300 and 24
ZERO_ADDED = 6  # "P otte" for P08
OTHER_SIGN = 4  # "komma" where a hyphen stands
CLUMSY = 5  # "tolv tre" as 123
CLUMSY_PAIRS = 2
SHORT_GROUP = 2  # "fire" for 04
UNSAID = 5  # a joint that was not said while others were

MAX_CORRECTIONS = 2  # inside one number
MAX_STEPS = 400  # of one shape at one place; a number has up to 14 groups of words


class Part(NamedTuple):
    """One group as it was understood; `sign` is what was said before it."""

    sign: str
    text: str
    words: int  # number words that it took


class Fit(NamedTuple):
    """One way to read the tokens from a place up to `end` (exclusive) as a number of the shape."""

    shape: Shape
    parts: tuple[Part, ...]
    end: int
    cost: int

    @property
    def written(self) -> str:
        """The number as one writes it."""
        return "".join(s.joint + p.text for s, p in zip(self.shape, self.parts, strict=True))

    @property
    def digits(self) -> str:
        """All its digits, one after the other."""
        return "".join(p.text for s, p in self.pairs() if s.kind == "digits")

    def pairs(self) -> Iterable[tuple[Slot, Part]]:
        """Each slot with what fills it."""
        return zip(self.shape, self.parts, strict=True)

    def unsaid(self, signs: str) -> int:
        """How many joints written with one of `signs` were not said."""
        return sum(not p.sign and any(c in s.joint for c in signs) for s, p in self.pairs())

    def said(self) -> int:
        """How many joints were said."""
        return sum(bool(part.sign) for part in self.parts)

    def has_letters(self) -> bool:
        """Whether a letter or a word is part of the number."""
        return any(slot.kind != "digits" for slot in self.shape)


class Fitter:
    """The ways in which the tokens of one run fit the shapes."""

    def __init__(self, run: Sequence[Token], shapes: Sequence[Shape]) -> None:
        self._run = run
        self._shapes = shapes
        self._readings: dict[int, list[Reading]] = {}
        self._known: dict[int, list[Fit]] = {}
        self._shape: Shape = ()
        self._found: list[Fit] = []
        self._steps = 0
        self._corrected = 0  # corrections behind this point

    def fits(self, at: int) -> list[Fit]:
        """All ways to begin at this token, the best first."""
        known = self._known.get(at)
        if known is None:
            found: list[Fit] = []
            is_number = self._run[at].kind == "number"
            for shape in self._shapes:
                if is_number or shape[0].kind != "digits":
                    self._shape, self._found, self._steps = shape, found, MAX_STEPS
                    self._slot((), at, 0)
            known = self._known[at] = sorted(found, key=lambda fit: fit.cost)
        return known

    def _slot(self, parts: tuple[Part, ...], at: int, cost: int, before: str = "") -> None:
        """The next group, with the sign before it; `before` was said before a correction."""
        self._steps -= 1
        if self._steps < 0:
            return
        run = self._run
        if len(parts) == len(self._shape):
            self._complete(parts, at, cost)
            return
        if at >= len(run):
            return
        slot, sign = self._shape[len(parts)], before
        if run[at].kind == "sign":
            extra = self._cost_of(run[at].value, slot) if parts else None
            if extra is None or at + 1 >= len(run):
                return
            sign, cost, at = run[at].value, cost + extra, at + 1
        if run[at].kind == "correction":
            self._correct(parts, at, cost)
        elif slot.kind == "digits":
            self._digits(parts, at, cost, sign, ())
        else:
            self._letters(slot, parts, at, cost, sign)

    def _cost_of(self, sign: str, slot: Slot) -> int | None:
        """What it costs to say this sign before the slot; None when nobody would."""
        if sign in slot.signs:
            return 0
        return OTHER_SIGN if slot.signs and self._is_lenient() else None

    def _is_lenient(self) -> bool:
        """With a letter inside, a number is not mistaken, whatever signs are said."""
        return any(slot.kind != "digits" for slot in self._shape[1:])

    def _digits(
        self, parts: tuple[Part, ...], at: int, cost: int, sign: str, said: tuple[str, ...]
    ) -> None:
        self._steps -= 1
        if self._steps < 0:
            return
        run, slot = self._run, self._shape[len(parts)]
        text = "".join(said)
        token = run[at] if at < len(run) else None
        if len(text) in slot.widths:
            part = Part(sign, text, len(said))
            self._slot((*parts, part), at, cost + _clumsiness(said, slot, sign))
        elif token is not None and said:
            if token.kind == "correction":
                self._correct((*parts, Part(sign, text, len(said))), at, cost)
            elif token.kind == "sign" and len(text) == 1 and slot.widths == {2}:
                part = Part(sign, "0" + text, 1)
                self._slot((*parts, part), at, cost + ZERO_ADDED)
        if token is None or token.kind != "number":
            return
        room = max(slot.widths) - len(text)
        ways = self._read(at)
        for end, digits in ways:
            if len(digits) <= room:
                torn = 0 if end == ways[0][0] else self._torn(end)
                self._digits(parts, end, cost + torn, sign, (*said, digits))

    def _read(self, at: int) -> list[Reading]:
        if at not in self._readings:
            self._readings[at] = readings(self._run, at)
        return self._readings[at]

    def _torn(self, end: int) -> int:
        """What it costs to end a number word before the token `end`, which could go on with it."""
        after = self._run[end]
        is_tight = after.joined or after.place in ("h", "k") or after.is_english
        return TORN if is_tight else TORN_LOOSELY

    def _letters(self, slot: Slot, parts: tuple[Part, ...], at: int, cost: int, sign: str) -> None:
        run = self._run
        token = run[at]
        if token.kind == "word":
            follows = run[at + 1] if at + 1 < len(run) else None
            is_code = token.value.isupper() or (follows is not None and follows.kind == "sign")
            if slot.kind == "word" and token.value.casefold() == slot.word.casefold():
                self._slot((*parts, Part(sign, slot.word, 1)), at + 1, cost)
            elif slot.kind == "letters" and is_code and len(token.value) in slot.widths:
                self._slot((*parts, Part(sign, token.value.upper(), 1)), at + 1, cost)
            return
        text = ""
        for place in range(at, min(len(run), at + max(slot.widths))):
            if not run[place].letter:
                return
            text += run[place].letter
            is_whole = (
                text == slot.word.upper() if slot.kind == "word" else len(text) in slot.widths
            )
            if is_whole:
                part = Part(sign, slot.word or text, len(text))
                self._slot((*parts, part), place + 1, cost)

    def _complete(self, parts: tuple[Part, ...], at: int, cost: int) -> None:
        first = len(self._found)
        if at < len(self._run) and self._run[at].kind == "correction":
            self._correct(parts, at, cost)
        # Said again, better: what was said first does not count.
        if not any(fit.cost <= cost and self._stops(fit.end) for fit in self._found[first:]):
            fit = Fit(self._shape, parts, at, cost)
            unsaid = fit.unsaid(".-/:") if fit.said() else 0
            self._found.append(fit._replace(cost=cost + UNSAID * unsaid))

    def _stops(self, at: int) -> bool:
        return at == len(self._run) or self._run[at].kind not in ("number", "sign")

    def _correct(self, parts: tuple[Part, ...], at: int, cost: int) -> None:
        """What follows the correction replaces the last group, or the last few.

        The first group is never replaced: that is the whole number said again.
        """
        if self._corrected == MAX_CORRECTIONS:
            return
        self._corrected += 1
        for back, keep in enumerate(range(len(parts) - 1, 0, -1)):
            self._slot(parts[:keep], at + 1, cost + back, parts[keep].sign)
        self._corrected -= 1


def _clumsiness(said: Sequence[str], slot: Slot, sign: str) -> int:
    """How far the words of one group are from what people say for such a group."""
    if len(said) == 1:
        is_short = len(said[0]) < max(slot.widths) == 2
        return (SHORT_GROUP - bool(sign)) if is_short else 0
    if all(len(digits) == 1 for digits in said):
        return 0
    rest = list(said)
    while len(rest) > 1 and rest[0] == "0":
        rest.pop(0)
    if len(rest) == 1:
        return 0
    if len(rest) == 2 and len(rest[0]) == len(rest[1]) == 2:
        if rest[0] in ("19", "20") and slot.widths <= {2, 4}:
            return 0
        return CLUMSY if rest[0].startswith("0") else CLUMSY_PAIRS
    return CLUMSY + len(rest) - 2
