"""The words in which people say numbers, Danish and English, and how they make up digits.

The vocabulary, and the grammar: "to tusind fireogtyve" is 2024, "fem og halvtreds" is 55.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Token(NamedTuple):
    """One word or group of digits; `start` and `end` are its places in the text.

    `kind` is number, sign, letter, correction or word (one of no meaning here, at the start of a
    run only). `value` is the digits, the sign (. - / :), the letter in upper case, or the word.
    `place` is what a number word counts: 1 to 9 "d", zero "0", 10 to 19 "t", tens "x", 21 to 99
    "c", hundred "h", thousand "k", double "2"; digits in the text have "w".
    """

    start: int
    end: int
    kind: str
    value: str
    place: str = ""
    letter: str = ""  # what it is as a letter, when it can be one
    is_english: bool = False
    joined: bool = False  # "og" or "and" stands before it
    paused: bool = False  # punctuation or a line break stands before it
    written: bool = False  # a sign between digits, not a word


class Word(NamedTuple):
    """What a word can be."""

    kind: str
    value: str
    place: str = ""
    letter: str = ""
    is_english: bool = False


def words_of(*lines: str) -> frozenset[str]:
    """The words of the lines."""
    return frozenset(word for line in lines for word in line.split())


# Danish, then English. A bar stands between values, a space between spellings of one.
_ONES = (
    "en een én et ét|to|tre|fire|fem|seks sex|syv|otte|ni",
    "one|two|three|four|five|six|seven|eight|nine niner",
)
_TEENS = (
    "ti|elleve|tolv|tretten|fjorten|femten|seksten sejsten|sytten|atten|nitten",
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen",
)
_TENS = (
    "tyve|tredive|fyrre fyrretyve|halvtreds halvtres|tres treds|halvfjerds halvfjers|firs|halvfems",
    "twenty|thirty|forty fourty|fifty|sixty|seventy|eighty|ninety",
)
_HUNDRED = ("hundrede hundred hundre", "hundreds")
_THOUSAND = ("tusind tusinde tusen", "thousand")
_SIGNS = {
    ".": "punktum punkt prik komma dot point period comma",
    "-": "bindestreg streg minus tankestreg mellemstreg dash hyphen",
    "/": "skråstreg slash skrå",
    ":": "kolon colon",
}
# Names of letters that are no common words. The others count after "stort" or before "som i".
_LETTERS = words_of(
    "A:a B:be B:bé C:ce D:dé F:ef F:æf G:ge G:gé H:hå J:jod K:ka K:kå L:æl M:æm N:æn P:pe P:pé",
    "Q:ku R:ær S:es S:æs T:té V:vé X:æks Z:zæt B:bee C:cee D:dee F:eff G:gee H:aitch J:jay K:kay",
    "L:ell P:pee Q:cue S:ess T:tee V:vee Z:zed Z:zee",
)
_COMMON = words_of(
    "C:se D:de L:el M:em N:en R:er T:te V:ve X:eks Z:set I:i O:o Å:å E:e U:u R:ar Y:why X:ex"
)
MARKERS = words_of("stort store stor lille bogstavet capital letter uppercase lowercase")
CORRECTIONS = words_of(
    "nej næ næh undskyld forkert rettelse rettere mener mente hov ups sorry no correction mean"
)
JOINS = words_of("og and")
FILLERS = words_of(
    "øh øhm øhh eh ehm æh hm hmm mmm altså så hvad hedder det vent lige ja jo nu ikk ik nå kommer",
    "der derefter dernæst efterfulgt af med er jeg i den skal være var sagde skrev siger sådan",
    "okay ok tallet cifret øjeblik lad mig mellemrum binde tanke",
    "uh uhm um well like you know then next followed by wait let me see is the it that so space",
)
LEADS = words_of("der så med af kommer then by er")  # "så kommer der en streg"
ARTICLES = words_of("en et a")


def _numbers() -> Iterator[tuple[str, Word]]:
    for is_english in (False, True):
        rows = (
            ("d", _ONES, ("1", "2", "3", "4", "5", "6", "7", "8", "9")),
            ("t", _TEENS, ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19")),
            ("x", _TENS, ("20", "30", "40", "50", "60", "70", "80", "90")),
            ("h", _HUNDRED, ("",)),
            ("k", _THOUSAND, ("",)),
        )
        for place, spellings, values in rows:
            for value, same in zip(values, spellings[is_english].split("|"), strict=True):
                for word in same.split():
                    yield word, Word("number", value, place, "", is_english)
    for tens, same in zip("23456789", _TENS[0].split("|"), strict=True):
        for value, ones in zip("123456789", _ONES[0].split("|"), strict=True):
            for ten in same.split():
                yield from (
                    (f"{o}og{ten}", Word("number", tens + value, "c")) for o in ones.split()
                )


def _vocabulary() -> dict[str, Word]:
    words = dict(_numbers())
    words |= dict.fromkeys(("nul", "null", "zero", "oh"), Word("number", "0", "0"))
    words |= dict.fromkeys(("dobbelt", "double"), Word("number", "", "2"))
    words |= {w: Word("sign", sign) for sign, same in _SIGNS.items() for w in same.split()}
    words |= {c.lower(): Word("letter", c, "", c) for c in "BCDEFGHJKLMNPQRSTUVWXYZÆØ"}
    words |= {pair[2:]: Word("letter", pair[0], "", pair[0]) for pair in _LETTERS}
    words["o"] = Word("number", "0", "0", "O")
    for kind, several in (
        ("correction", CORRECTIONS), ("filler", FILLERS), ("join", JOINS), ("marker", MARKERS)
    ):  # fmt: skip
        words |= dict.fromkeys(several, Word(kind, ""))
    return words


WORDS = _vocabulary()
COMMON_LETTERS = {pair[2:]: pair[0] for pair in _COMMON}


Reading = tuple[int, str]  # the token after it, and its digits


def readings(run: Sequence[Token], at: int) -> list[Reading]:
    """What the number words at `at` can be, the longest first: "fem og tyve" is 25 and 5."""
    first = run[at]
    if first.place in ("w", "0"):
        return [(at + 1, first.value)]
    if first.place == "2":
        after = run[at + 1] if at + 1 < len(run) else None
        single = after is not None and after.kind == "number" and len(after.value) == 1
        return [(at + 2, after.value * 2)] if after is not None and single else []
    found = dict.fromkeys(_thousands(run, at))
    return sorted(((end, str(value)) for end, value in found), reverse=True)


Count = tuple[int, int]  # the token after it, and its value


def _thousands(run: Sequence[Token], at: int) -> Iterator[Count]:
    below = list(_hundreds(run, at)) if run[at].place != "k" else [(at, 1)]
    for end, value in below:
        if end > at:
            yield end, value
        if value < 1000 and _goes_on(run, end, at) and run[end].place == "k":
            yield end + 1, value * 1000
            if _goes_on(run, end + 1, at):
                yield from _plus(value * 1000, _hundreds(run, end + 1), 1000)


def _hundreds(run: Sequence[Token], at: int) -> Iterator[Count]:
    below = list(_tens(run, at)) if run[at].place != "h" else [(at, 1)]
    for end, value in below:
        if end > at:
            yield end, value
        if _goes_on(run, end, at) and run[end].place == "h":
            yield end + 1, value * 100
            if _goes_on(run, end + 1, at):
                yield from _plus(value * 100, _tens(run, end + 1), 100)


def _tens(run: Sequence[Token], at: int) -> Iterator[Count]:
    token = run[at]
    if token.kind != "number" or token.place not in "dtxc":
        return
    value = int(token.value)
    yield at + 1, value
    if at + 1 < len(run):
        after = run[at + 1]
        if token.place == "d" and after.place == "x" and after.joined and not token.is_english:
            yield at + 2, int(after.value) + value
        is_english = token.is_english and after.is_english and not (after.paused or after.joined)
        if token.place == "x" and after.place == "d" and is_english:
            yield at + 2, value + int(after.value)


def _plus(base: int, counts: Iterable[Count], limit: int) -> Iterator[Count]:
    return ((end, base + value) for end, value in counts if value < limit)


def _goes_on(run: Sequence[Token], at: int, start: int) -> bool:
    return at < len(run) and run[at].kind == "number" and (at == start or not run[at].paused)
