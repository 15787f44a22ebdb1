"""Case numbers as people say them, in the words that speech-to-text writes."""

from __future__ import annotations

import random

from writing import parts

_ONES = [
    "nul",
    "en",
    "to",
    "tre",
    "fire",
    "fem",
    "seks",
    "syv",
    "otte",
    "ni",
    "ti",
    "elleve",
    "tolv",
    "tretten",
    "fjorten",
    "femten",
    "seksten",
    "sytten",
    "atten",
    "nitten",
]
_TENS = {
    2: "tyve",
    3: "tredive",
    4: "fyrre",
    5: "halvtreds",
    6: "tres",
    7: "halvfjerds",
    8: "firs",
    9: "halvfems",
}
_EN_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = {
    2: "twenty",
    3: "thirty",
    4: "forty",
    5: "fifty",
    6: "sixty",
    7: "seventy",
    8: "eighty",
    9: "ninety",
}
_FILLERS = ("øh", "øhm", "altså", "hvad hedder det", "så", "og så", "ja")


def danish(value: int, *, split: bool = False) -> str:
    """0..9999 in Danish words; `split` writes "fem og fyrre" for "femogfyrre"."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        link = " og " if split else "og"
        return f"{_ONES[ones]}{link}{_TENS[tens]}" if ones else _TENS[tens]
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        head = "hundrede" if hundreds == 1 else f"{_ONES[hundreds]} hundrede"
        return f"{head} og {danish(rest, split=split)}" if rest else head
    thousands, rest = divmod(value, 1000)
    head = f"{'et' if thousands == 1 else _ONES[thousands]} tusind"
    return f"{head} {danish(rest, split=split)}" if rest else head


def english(value: int) -> str:
    """0..999 in English words."""
    if value < 20:
        return _EN_ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return f"{_EN_TENS[tens]} {_EN_ONES[ones]}" if ones else _EN_TENS[tens]
    hundreds, rest = divmod(value, 100)
    return f"{_EN_ONES[hundreds]} hundred" + (f" and {english(rest)}" if rest else "")


def _pair(pair: str, *, split: bool = False) -> str:
    """Two digits, the first of which may be zero."""
    if pair[0] == "0":
        return f"nul {_ONES[int(pair[1])]}"
    return danish(int(pair), split=split)


def _digits(text: str, one: str = "et") -> str:
    return " ".join(one if digit == "1" else _ONES[int(digit)] for digit in text)


def _words(number: str, rng: random.Random) -> list[str]:
    """The parts in compounds, with the year at times in full."""
    a, b, c, letter, facet, seq, year = parts(number)
    split = rng.random() < 0.3
    spoken_year = danish(int(year), split=split)
    if rng.random() < 0.2:
        spoken_year = rng.choice(["tyve ", "to tusind og "]) + spoken_year
    levels = [_pair(level, split=split) for level in (a, b, c)]
    letter = rng.choice([letter, letter, letter.lower()])
    return [
        *levels,
        f"{letter} {_pair(facet, split=split)}",
        danish(int(seq), split=split),
        spoken_year,
    ]


def _digit_by_digit(number: str, rng: random.Random) -> list[str]:
    a, b, c, letter, facet, seq, year = parts(number)
    one = rng.choice(["et", "en"])
    said = [_digits(part, one) for part in (a, b, c)]
    return [*said, f"{letter} {_digits(facet, one)}", _digits(seq, one), _digits(year, one)]


def _mixed(number: str, rng: random.Random) -> list[str]:
    """Speech-to-text writes some parts in digits."""
    a, b, c, letter, facet, seq, year = parts(number)
    digits = [a, b, c, f"{letter}{facet}", seq, year]
    words = _words(number, rng)
    return [rng.choice(pair) for pair in zip(digits, words, strict=True)]


def _join(said: list[str], dot: str, dash: str) -> str:
    return f" {dash} ".join([f" {dot} ".join(said[:3]), *said[3:]])


def _hesitant(text: str, rng: random.Random, *, marks: tuple[str, str]) -> str:
    """A filler word or two after a dot or a dash."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if word in marks]
    for place in sorted(rng.sample(places, min(len(places), rng.choice([1, 2]))), reverse=True):
        words.insert(place + 1, rng.choice(_FILLERS))
    return " ".join(words)


def _without_marks(number: str) -> str:
    """Compounds only, no words for dots and dashes; clear as the running number is short."""
    a, b, c, letter, facet, seq, year = parts(number)
    said = [_pair(level) for level in (a, b, c)]
    return " ".join([*said, f"{letter} {_pair(facet)}", danish(int(seq)), danish(int(year))])


def in_english(number: str) -> str:
    """The number in English words."""
    a, b, c, letter, facet, seq, year = parts(number)
    pairs = [
        f"zero {_EN_ONES[int(p[1])]}" if p[0] == "0" else english(int(p)) for p in (a, b, c, facet)
    ]
    said = [*pairs[:3], f"{letter} {pairs[3]}", english(int(seq)), english(int(year))]
    return _join(said, "point", "dash")


def spoken(number: str, rng: random.Random) -> str:
    """The number as a Danish voicemail has it."""
    if int(parts(number)[5]) < 100 and rng.random() < 0.08:
        return _without_marks(number)
    manner = rng.choices([_words, _digit_by_digit, _mixed], [6, 3, 2])[0]
    said = manner(number, rng)
    dot = rng.choice(["punktum", "punktum", "komma", "prik"])
    dash = rng.choice(["bindestreg", "bindestreg", "streg", "streg"])
    text = _join(said, dot, dash)
    if rng.random() < 0.35:
        text = _hesitant(text, rng, marks=(dot, dash))
    return text
