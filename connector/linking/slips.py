"""Slips of the finger and of recognition: letters for digits, and numbers that are one step apart.

What comes out is a proposal only. A number that nobody wrote is never a link by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from connector.linking.regexes import DASHES

_DIGIT_OF = str.maketrans("OolISB", "001158")
_REAL = frozenset("0123456789")
_PLACES = frozenset("0123456789OolISB")
_CENTURY = frozenset("12lI")

_D = "[0-9OolISB]"
_J = rf"\s{{0,3}}[{DASHES}]\s{{0,3}}"
_S = r"\s{0,2}/\s{0,2}"
_YEAR = rf"(?:[1lI]9|2[0Oo]){_D}{{2}}"
# In each the groups are digit places; letters that belong to the number stand outside of them.
_SHAPES = (
    # 27.45.04-P19-12-24, and without the facet
    rf"({_D}{{1,2}})\.({_D}{{2}})(?:\.({_D}{{2}}))?(?:{_J}|\s{{1,2}})[^\W\d_]\s?({_D}{{2}}){_J}"
    rf"({_D}{{1,6}}){_J}({_YEAR}|{_D}{{2}})",
    rf"({_D}{{1,2}})\.({_D}{{2}})\.({_D}{{2}}){_J}({_D}{{1,6}}){_J}({_YEAR}|{_D}{{2}})",
    rf"[^\W\d_]{{2,8}}(?:{_J}|{_S})({_YEAR})(?:{_J}|{_S})({_D}{{1,10}})(?:(?:{_J}|{_S})({_D}{{1,4}}))?",
    rf"[Ss]({_YEAR}){_J}({_D}{{1,7}})",  # S2022-12345
    rf"({_YEAR}){_S}({_D}{{1,6}}){_J}({_D}{{1,7}})",  # 2021/41-765
    rf"({_YEAR})(?:{_J}|{_S})({_D}{{2,7}})",  # 2022-1170, 2011/3869
    rf"({_D}{{2}}){_S}({_D}{{3,6}})(?:{_J}({_D}{{1,4}}))?",  # 16/235923
)
_NUMBER = re.compile(rf"(?<!\w)(?<![0-9][{DASHES}./,])(?:{'|'.join(_SHAPES)})(?!\w|[{DASHES}/]\w)")
_JOINTS = DASHES + "/"
# A letter of the six after a digit or joint, no word, or before a digit. One set of characters to
# begin with: a search for that is three times as fast as for two alternatives.
_SUSPECT = re.compile(
    rf"[0-9{DASHES}/.OolISB](?:(?<=[OolISB])[0-9]"
    rf"|(?<![OolISB])\s?[OolISB]{{1,7}}(?![^\W0-9OolISB]))"
)
_REACH = 16  # characters; the first or second joint of a number is no further from its start
_MAX_SPACES = 3
_MANY_GROUPS = 5  # so many, with a facet between, are no words


class Mended(msgspec.Struct, frozen=True):
    """A text with digits in the digit places of its numbers; `spans` are the numbers changed.

    `text` is as long as the text it was made of, so that places stay.
    """

    text: str
    spans: tuple[tuple[int, int], ...]


def mended(text: str) -> Mended | None:
    """The text with O, o, l, I, S and B as digits where a number has digits; None for no change.

    At least half of the digits must be there, and a four-digit year must be one: "Sol-12" and
    "BIL-12" stay. Time grows with the length of the text, no faster.
    """
    # One "in" after the other, written out: a loop over them costs three times as much.
    if not (
        "-" in text or "/" in text or "–" in text or "‑" in text
        or "—" in text or "−" in text or "‐" in text or "‒" in text
    ):  # fmt: skip
        return None
    if not any(map(text.__contains__, "0123456789")):
        return None
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    done = 0
    for match in _numbers(text):
        number = _digits(match)
        if number:
            pieces += (text[done : match.start()], number)
            spans.append(match.span())
            done = match.end()
    if not spans:
        return None
    return Mended("".join((*pieces, text[done:])), tuple(spans))


def _numbers(text: str) -> Iterator[re.Match[str]]:
    """What looks like a number and may have letters in its digit places; none twice."""
    done = clear = 0
    for at in _joints(text):
        if at < clear:
            continue
        # A number is written right most of the time: then no letter stands where it could be one.
        if not _SUSPECT.search(text, max(done, at - _REACH), at + 3 * _REACH):
            clear = at + _REACH
            continue
        for start in _starts(text, at, done):
            match = _NUMBER.match(text, start)
            if match is not None:
                done = clear = match.end()
                yield match
                break


def _joints(text: str) -> list[int]:
    """Places of the signs that tie a number together, where a number may stand round them.

    To look for the signs first is what makes this cheap: most texts hold few.
    """
    found: list[int] = []
    for sign in filter(text.__contains__, _JOINTS):
        at = text.find(sign)
        while at >= 0:
            before, after = text[at - 1 : at], text[at + 1 : at + 2]
            # "e-mail" is none: a number has digits before a joint, or a year after it.
            if before in _PLACES or after in _CENTURY or before.isspace() or after.isspace():
                found.append(at)
            at = text.find(sign, at + 1)
    return sorted(found) if len(found) > 1 else found


def _starts(text: str, joint: int, lowest: int) -> Iterator[int]:
    """Where a number may begin that has its first or second joint there."""
    end = joint
    while end > lowest and joint - end < _MAX_SPACES and text[end - 1].isspace():
        end -= 1
    start = _word_start(text, end, lowest)
    if start == end:
        return
    before = start
    while before > lowest and start - before < 2 and text[before - 1].isspace():
        before -= 1
    if before < start and end - start <= 4:  # "27.45.04 P19-12-24": the facet after a space
        first = _word_start(text, before, lowest)
        if first < before and "." in text[first:before]:
            yield first
    yield start


def _word_start(text: str, end: int, lowest: int) -> int:
    at = end
    bottom = max(lowest, end - _REACH)
    while at > bottom and ((sign := text[at - 1]).isalnum() or sign == "."):
        at -= 1
    while at < end and text[at] == ".":
        at += 1
    return at


def _digits(match: re.Match[str]) -> str:
    """The number with digits in its digit places; "" when it is no number or has them already."""
    spans = [span for span in match.regs[1:] if span[0] >= 0]
    text = match.string
    groups = [text[a:b] for a, b in spans]
    real = [sum(map(_REAL.__contains__, group)) for group in groups]
    size = sum(map(len, groups))
    if sum(real) == size or 2 * sum(real) < size:
        return ""
    # "2024-BIO" is a word; "27.45.OO-G01-lO-24" is none.
    longest_word = 2 if len(groups) >= _MANY_GROUPS else 0
    if any(
        not digits and len(group) > longest_word for digits, group in zip(real, groups, strict=True)
    ):
        return ""
    out: list[str] = []
    done = match.start()
    for a, b in spans:
        out += (text[done:a], text[a:b].translate(_DIGIT_OF))
        done = b
    return "".join((*out, text[done : match.end()]))


def one_apart(a: str, b: str) -> bool:
    """Whether one character is wrong, missing or too much, or two neighbours are swapped.

    Restricted Damerau-Levenshtein distance of exactly 1; equal texts are not one apart.
    """
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, sign in enumerate(a) if sign != b[i]), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    if a[at + 1 :] == b[at + 1 :]:
        return True
    is_swap = a[at : at + 2] == b[at : at + 2][::-1]
    return is_swap and a[at + 2 :] == b[at + 2 :]


_GROUP = re.compile(r"[0-9]+|[^\W\d_]+")
_KLE = re.compile(
    r"[0-9]{1,2}\.[0-9]{2}(?:\.[0-9]{2})?(?:-[^\W\d_][0-9]{2})?-([0-9]{1,6})-(?:[0-9]{4}|[0-9]{2})"
)
_YEAR_FIRST = re.compile(r"(?:[^\W\d_]+[-/ ]?)?(?:[0-9]{4}|[0-9]{2})[-/: ]{1,3}([0-9]+)")
_DIGITS = "0123456789"
_LETTERS = "GKPASIØABCDEFHJLMNOQRTUVWXYZÆÅ"  # the facets of most cases first
_MAX_RUNNING = 10  # digits; no register counts further


def neighbours(number: str, limit: int = 400) -> Iterator[str]:
    """Every number one slip from a canonical one, likeliest first, each once, `limit` at most.

    Two neighbours swapped, then one character wrong, then one digit of the running number missing
    or too much; in each the running number before the rest. Joints and letters stay where they are.
    """
    running = _running(number)
    first = number[running[0] : running[0] + 1]
    found = {number}
    for candidate in _candidates(number, running):
        if len(found) > limit:
            return
        # A running number that is not padded with zeros begins with none in any register.
        is_padding = first != "0" and candidate[running[0]] == "0" and running[1] > 0
        if not is_padding and candidate not in found:
            found.add(candidate)
            yield candidate


def _candidates(number: str, running: tuple[int, int]) -> Iterator[str]:
    groups = [match.span() for match in _GROUP.finditer(number)]
    groups.sort(key=lambda span: (span != running, span))
    for start, end in groups:
        for i in range(start, end - 1):
            yield number[:i] + number[i + 1] + number[i] + number[i + 2 :]
    for start, end in groups:
        for i in range(start, end):
            for sign in _likely(number[i]):
                yield number[:i] + sign + number[i + 1 :]
    yield from _shorter_and_longer(number, *running)


def _shorter_and_longer(number: str, start: int, end: int) -> Iterator[str]:
    if end - start > 1:
        for i in range(start, end):
            yield number[:i] + number[i + 1 :]
    if 0 < end - start < _MAX_RUNNING:
        for i in range(start, end + 1):
            for sign in _DIGITS:
                yield number[:i] + sign + number[i:]


def _running(number: str) -> tuple[int, int]:
    """Where the running number stands; (0, 0) when the number has no shape that is known."""
    match = _KLE.fullmatch(number) or _YEAR_FIRST.match(number)
    return match.span(1) if match else (0, 0)


def _likely(sign: str) -> list[str]:
    """What may stand for a character: digits near it on the keyboard first; letters for letters."""
    if sign in _DIGITS:
        return sorted(_DIGITS.replace(sign, ""), key=lambda other: abs(int(other) - int(sign)))
    letters = _LETTERS if sign.isupper() else _LETTERS.lower()
    return [letter for letter in dict.fromkeys(letters) if letter != sign]
