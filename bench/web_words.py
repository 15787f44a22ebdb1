"""Words as a municipality's chats have them: few very often, many seldom. All made up."""

# ruff: noqa: SIM905  these lists as Python writes them are a hundred lines

from __future__ import annotations

import random
from itertools import accumulate

# As often as Danish has them, the most frequent first; PostgreSQL takes most for stop words.
_SMALL = (
    "og i at det er en til på der som de med han af for ikke den har jeg om vi et var sig så men "
    "kan skal hun du mig dem vil ved fra nu hvis når eller også blev lige hvad efter ind her op "
    "hej tak mvh godt ja nej kunne dag møde ringe sag sagen borger borgeren svar mail ringer"
).split()
_FIRST = (
    "bolig byg plan børne ældre miljø skole vej park hjemme syge dag fri ansøg klage nabo part "
    "social job ydelse kontrol tilskud støtte flyt køre pas rens affald træ lokal drift løn"
).split()
_LAST = (
    "støtte sag høring ansøgning tilladelse plan møde hjælp indsats kort vurdering aftale "
    "regning bevilling gruppe kontor afgørelse frist udvalg ordning tilsyn plads rapport skema "
    "besøg"
).split()
_ENDINGS = ("", "en", "er", "erne", "ens", "et", "s")
_BEGIN = "b br d dr f fl fr g gr h j k kl kr l m n p pl r s sk sl st t tr v".split()
_MIDDLE = "a e i o u y æ ø å".split()
_END = "b d f g k l ld m n nd ng p r rk rt s st t v".split()
WORDS = 40_000
POOL = 1_500_000


def vocabulary() -> list[str]:
    """All words, the most frequent first; the same each time."""
    rng = random.Random("web/words")
    bases = [first + last for first in _FIRST for last in _LAST]
    rng.shuffle(bases)
    while len(bases) < WORDS // 3:
        count = rng.choice((2, 2, 3))
        bases.append("".join(_syllable(rng) for _ in range(count)))
    found = dict.fromkeys(_SMALL)
    place = 0
    while len(found) < WORDS:
        # A base word's forms are not equally frequent: they come again further down.
        found.setdefault(bases[place % len(bases)] + _ENDINGS[place // len(bases) % 7])
        place += 1
        if place >= 7 * len(bases):
            bases += ["".join(_syllable(rng) for _ in range(3)) for _ in range(1000)]
    return list(found)


def _syllable(rng: random.Random) -> str:
    return rng.choice(_BEGIN) + rng.choice(_MIDDLE) + rng.choice(_END)


class Talk:
    """Texts of any length. Words are drawn by Zipf's law: the n-th is there 1/n as often."""

    def __init__(self, seed: str) -> None:
        self.words = vocabulary()
        self._rng = random.Random(f"web/talk/{seed}")
        weights = list(accumulate(1 / (place + 2) for place in range(len(self.words))))
        self._pool = self._rng.choices(self.words, cum_weights=weights, k=POOL)

    def text(self) -> str:
        """A message: three to forty words, about a hundred characters."""
        rand = self._rng.random
        count = 3 + int(37 * rand() ** 2)
        start = int(rand() * (len(self._pool) - count))
        return " ".join(self._pool[start : start + count])
