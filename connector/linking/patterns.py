"""Finds what looks like a case number in a text. A hit is a proposal until the register knows it.

How it is quick: a search at memory speed for the signs - / : finds every number that one of them
follows; each pattern is then tried only at the one place there where it can
begin. Measured in bench/case_numbers.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connector.errors import ConfigError
from connector.linking import regexes
from connector.linking.contexts import verdict_on

_JOINTS = "-/:L"
MAX_REPEATS = 1000  # hits of one text; beyond, a number that was found already is not listed again
_WORD_REACH = 24  # a word before a number is at most 21 characters, with up to 3 signs between
_KEYS = {
    "system", "regex", "canonical", "short", "start", "joint", "examples", "counter_examples"
}  # fmt: skip


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proposed case number. `text[start:end] == raw`.

    `also` holds other spellings of the same number that a register may use: look all of them up.
    `short` is the number without the part that people leave out, where the system has such a part;
    equal to `number` when it was left out here.
    """

    number: str
    raw: str
    start: int
    end: int
    pattern: str
    labelled: bool = False
    also: tuple[str, ...] = ()
    short: str = ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every spelling to look up, the canonical one first."""
        return (self.number, *self.also)


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One compiled row of mappings/case-numbers.toml."""

    key: str
    regex: re.Pattern[str]
    canonical: tuple[regexes.Spelling, ...]
    short: regexes.Spelling | None = None
    start: str = ""
    joint: str = ""


Span = tuple[int, int, int]  # order of the pattern, start, end


class Scanner:
    """The enabled patterns, ready to run. Safe to share between threads."""

    def __init__(self, patterns: Sequence[Pattern], piece_chars: int = 1_000_000) -> None:
        self.patterns = tuple(patterns)
        self._piece = piece_chars  # what is looked at in one go: bounds the memory for its places
        self._free = [(n, p.regex) for n, p in enumerate(patterns) if not p.start]
        self.needs_digit = not self._free  # a text without digits holds no number
        self._at = {
            joint: (_row(patterns, joint, "number"), _row(patterns, joint, "word"))
            for joint in _JOINTS
        }
        self._signs = _signs({joint for joint, rows in self._at.items() if any(rows)})

    def find(self, text: str) -> tuple[Hit, ...]:
        """All proposals, in order of place. Time grows with the length of the text, no faster."""
        # Ten searches in C for one sign each cost a third of a microsecond; most lines end here.
        if self.needs_digit and not any(map(text.__contains__, "0123456789")):
            return ()
        matches = self._matches(text)
        return self._hits(text, matches) if matches else ()

    def spans(self, text: str) -> list[Span]:
        """Where each pattern matches, without regard to what stands round it."""
        return [(order, match.start(), match.end()) for order, match in self._matches(text)]

    def _matches(self, text: str) -> list[tuple[int, re.Match[str]]]:
        found: list[tuple[int, re.Match[str]]] = []
        done = [0] * len(self.patterns)  # each goes on after its own last match
        for number_at, joint in _all_anchors(text, self._signs, self._piece):
            numbers, words = self._at[joint]
            if numbers and numbers[0](text, number_at):
                _try(numbers[1], text, number_at, done, found)
            if words and (at := _word_before(text, number_at)) >= 0 and words[0](text, at):
                _try(words[1], text, at, done, found)
        for order, regex in self._free:
            found += [(order, match) for match in regex.finditer(text)]
        return found

    def _hits(self, text: str, matches: Iterable[tuple[int, re.Match[str]]]) -> tuple[Hit, ...]:
        """Matches as hits: without those that are something else, each number once a place."""
        seen: set[str] = set()
        found: dict[tuple[int, int, str], Hit] = {}
        last: tuple[int, int] = (-1, -1)
        verdict: bool | None = None
        for order, match in sorted(matches, key=_place):
            span = start, end = match.span()
            if span != last:  # several systems write numbers alike: one verdict for all
                last, verdict = span, verdict_on(text, start, end)
            if verdict is not None:
                hit = _hit(self.patterns[order], match, verdict)
                if len(found) < MAX_REPEATS or hit.number not in seen:
                    found.setdefault((start, end, hit.number), hit)
                    seen.add(hit.number)
        return tuple(found.values())


def _place(pair: tuple[int, re.Match[str]]) -> tuple[int, int, int]:
    return (*pair[1].span(), pair[0])


Match = Callable[[str, int], "re.Match[str] | None"]
Row = tuple[Match, list[tuple[int, Match]]]


def _row(patterns: Sequence[Pattern], joint: str, start: str) -> Row | None:
    """The patterns to try at one kind of place: all of them as one expression, then one by one.

    Most places hold a date or a range: one call that fails is cheaper than six.
    """
    row = [(n, p.regex) for n, p in enumerate(patterns) if p.start == start and joint in p.joint]
    if not row:
        return None
    together = "|".join(_GROUP_NAME.sub("(?:", regex.pattern) for _, regex in row)
    gate = re.compile(together).match if len(row) > 1 else row[0][1].match
    return gate, [(order, regex.match) for order, regex in row]


_GROUP_NAME = re.compile(r"\(\?P<\w+>")


def _try(
    row: list[tuple[int, Match]],
    text: str,
    at: int,
    done: list[int],
    found: list[tuple[int, re.Match[str]]],
) -> None:
    for order, match_at in row:
        if at >= done[order] and (match := match_at(text, at)):
            done[order] = match.end()
            found.append((order, match))


def _hit(pattern: Pattern, match: re.Match[str], labelled: bool) -> Hit:
    groups = match.groupdict()
    number, *also = dict.fromkeys([spell(groups) for spell in pattern.canonical])
    return Hit(
        number=number,
        raw=match.group(),
        start=match.start(),
        end=match.end(),
        pattern=pattern.key,
        labelled=labelled,
        also=tuple(also),
        short=pattern.short(groups) if pattern.short else "",
    )


def _signs(joints: set[str]) -> str:
    dashes = regexes.DASHES if joints & {"-", "L"} else ""
    return dashes + "".join(joint for joint in "/:" if joint in joints)


def _all_anchors(text: str, signs: str, piece: int) -> Iterable[tuple[int, str]]:
    """The anchors of the whole text; a number may begin in the piece before its sign."""
    if len(text) <= piece:
        return _anchors(text, signs, 0, len(text))
    starts = range(0, len(text), piece)
    return (each for low in starts for each in _anchors(text, signs, low, low + piece))


def _anchors(text: str, signs: str, low: int, high: int) -> list[tuple[int, str]]:
    """Where numbers begin that a sign and more follow, in order, each with the kind of joint.

    Looks for the signs first: a search for one sign runs at the speed of memory, one for digits
    twenty times slower. Signs in text[low:high] count.
    """
    found: set[tuple[int, str]] = set()
    for sign in signs:
        at = text.find(sign, low, high)
        while at >= 0:
            after = at + 1
            end = at
            # A space before the sign is rare, so the loop seldom turns.
            while end > 0 and at - end < 3 and text[end - 1].isspace():
                end -= 1
            if end and text[end - 1] in _DIGITS:
                number_at = _number_before(text, end)
                if not _is_tail(text, number_at):
                    found.add((number_at, sign if sign in "/:" else "-"))
                    if sign not in "/:":
                        facet_at = _number_before_facet(text, number_at)
                        if facet_at >= 0:
                            found.add((facet_at, "L"))
                if end == at and (chain := _CHAIN.match(text, after)):
                    after = chain.end()
            at = text.find(sign, after, high)
    return sorted(found)


# Numbers tied to the one before: all of them are tails, and one step passes a megabyte of them.
_CHAIN = re.compile(rf"(?:[0-9]{{1,200}}+[{regexes.DASHES}./,])++")


def _is_tail(text: str, at: int) -> bool:
    """A digit and a sign stand right before: the tail of a longer number; none begins (%<)."""
    return at > 1 and text[at - 1] in _TIES and text[at - 2] in _DIGITS


def _number_before(text: str, end: int) -> int:
    """Where the number with points in it begins that ends at `end`; a digit stands before `end`."""
    low = max(0, end - 16)
    at = low + len(text[low:end].rstrip("0123456789."))
    if at == low > 0:
        low = max(0, end - regexes.MAX_WIDTH)
        at = low + len(text[low:end].rstrip("0123456789."))
    if text[at] == "." or ".." in text[at:end]:
        at = text.rfind("..", at, end) + 2 if ".." in text[at:end] else at + 1
    return at


def _number_before_facet(text: str, at: int) -> int:
    """Where the number begins in "27.45.04-P19", `at` being the place of 19; -1 when none."""
    i = at - 1 if at > 1 and text[at - 1].isspace() else at
    if i < 2 or not text[i - 1].isalpha():
        return -1
    i -= 1
    lowest = max(0, i - 7)  # a hyphen with up to three spaces on each side
    while i > lowest and (text[i - 1] in _SIGNS or text[i - 1].isspace()):
        i -= 1
    return _number_before(text, i) if i and text[i - 1] in _DIGITS else -1


def _word_before(text: str, at: int) -> int:
    """Where the word begins that stands before the number at `at`; -1 when there is none."""
    i = at
    lowest = max(0, at - 7)
    while i > lowest and ((before := text[i - 1]) in _SIGNS or before.isspace()):
        i -= 1
    j = i
    lowest = max(0, i - _WORD_REACH)
    while j > lowest and ((before := text[j - 1]).isalnum() or before == "_"):
        j -= 1
    return j if j < i and text[j] not in _DIGITS else -1


_DIGITS = frozenset("0123456789")
_SIGNS = frozenset(regexes.DASHES + "/")
_TIES = frozenset(regexes.DASHES + "/.,")


def compile_patterns(table: Mapping[str, Any], enabled: Sequence[str] = ()) -> Scanner:
    """The scanner for the enabled patterns of mappings/case-numbers.toml, given as a dictionary.

    None enabled means the table's own `default`. Raises ConfigError with every problem at once: an
    unknown key, an expression that does not compile or could backtrack without end, a canonical
    form that names a missing group, an example that is not found or a counter-example that is.
    """
    rows = table.get("pattern")
    if not isinstance(rows, Mapping):
        raise ConfigError(["case numbers: the table has no [pattern.NAME] in it"])
    problems: list[str] = []
    patterns: list[Pattern] = []
    for key in dict.fromkeys(enabled or table.get("default", ())):
        row = rows.get(key)
        if not isinstance(row, Mapping):
            known = ", ".join(sorted(rows))
            problems.append(f"case numbers: there is no pattern {key!r}; there are: {known}")
            continue
        found = [f"case numbers: pattern {key}: {what}" for what in _row_faults(row)]
        if not found:
            pattern = _pattern(key, row)
            found = [f"case numbers: pattern {key}: {w}" for w in _example_faults(pattern, row)]
            patterns.append(pattern)
        problems += found
    if not patterns and not problems:
        problems.append("case numbers: no pattern is enabled, so no number would ever be found")
    if problems:
        raise ConfigError(problems)
    return Scanner(patterns)


def _pattern(key: str, row: Mapping[str, Any]) -> Pattern:
    return Pattern(
        key=key,
        regex=re.compile(regexes.expand(row["regex"])),
        canonical=tuple(regexes.spelling(form) for form in _forms(row)),
        short=regexes.spelling(row["short"]) if "short" in row else None,
        start=row.get("start", ""),
        joint=row.get("joint", ""),
    )


def _forms(row: Mapping[str, Any]) -> tuple[str, ...]:
    forms = row.get("canonical", ())
    return (forms,) if isinstance(forms, str) else tuple(forms)


def _row_faults(row: Mapping[str, Any]) -> Iterator[str]:
    for unknown in sorted(set(row) - _KEYS):
        yield f"unknown setting {unknown!r}"
    regex, forms = row.get("regex"), _forms(row)
    if not isinstance(regex, str) or not forms or not all(isinstance(f, str) for f in forms):
        yield "needs a regex and a canonical form, both as text"
        return
    plain = regexes.expand(regex)
    found = regexes.faults(plain)
    yield from found
    if found:
        return
    compiled = re.compile(plain)
    if not compiled.groupindex:
        yield "the regex has no named group, like (?P<seq>[0-9]{1,6})"
    if compiled.match(""):
        yield "the regex matches nothing at all; it would be found everywhere"
    short = row.get("short", "")
    if not isinstance(short, str):
        yield "short must be text"
        return
    yield from regexes.template_faults((*forms, short), list(compiled.groupindex))
    yield from _start_faults(row, regex)


def _start_faults(row: Mapping[str, Any], regex: str) -> Iterator[str]:
    start, joint = row.get("start", ""), row.get("joint", "")
    if start not in ("", "number", "word"):
        yield f"start is {start!r}; it can be number or word, or be left out"
    if start and not regex.startswith("%<"):
        yield "with start, the regex must begin with %<"
    if start and (not joint or not set(joint) <= set(_JOINTS)):
        yield f"with start, joint must name one or more of {' '.join(_JOINTS)}"


def _example_faults(pattern: Pattern, row: Mapping[str, Any]) -> Iterator[str]:
    scanner = Scanner([pattern])
    examples: Mapping[str, str] = row.get("examples", {})
    if not examples:
        yield "has no example; give at least one, so that a slip is seen at start"
    for written, canonical in examples.items():
        spans = scanner.spans(written)
        if spans != [(0, 0, len(written))]:
            yield f"does not find the whole of its example {written!r}"
            continue
        match = pattern.regex.match(written)
        number = _hit(pattern, match, labelled=True).number if match else ""
        if number != canonical:
            yield f"makes {number!r} of its example {written!r}, not {canonical!r}"
    for written in row.get("counter_examples", ()):
        if scanner.find(written):
            yield f"finds its counter-example {written!r}"


def plain_spans(scanner: Scanner, text: str) -> list[Span]:
    """What `Scanner.spans` must give, the slow way: each pattern over the whole text."""
    return [
        (order, m.start(), m.end())
        for order, pattern in enumerate(scanner.patterns)
        for m in pattern.regex.finditer(text)
    ]
