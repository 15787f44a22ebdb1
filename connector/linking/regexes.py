"""Regular expressions that a customer writes: short forms, canonical spelling, and what is refused.

A pattern meets every message there is, so one that backtracks without end would stop the whole
connector. Python's `re` cannot be interrupted; therefore such a pattern is refused before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from re import _constants, _parser  # type: ignore[attr-defined]  # no public view of a parsed regex
from typing import Any

DASHES = "-‐‑‒–—−"
MAX_WIDTH = 200  # characters of one number; the longest known form, with its spaces, has 60
MAX_WAYS = 400  # ways to share the same characters between neighbouring repeats

SHORT_FORMS = {
    "%-": rf"\s{{0,3}}[{DASHES}]\s{{0,3}}",
    "%/": r"\s{0,2}/\s{0,2}",
    "%<": rf"(?<!\w)(?<![0-9][{DASHES}./,])",
    "%>": rf"(?!\w|[{DASHES}/]\w)",
}

_PROBES = "05aZåÅ_ \n-–/.,:;@#"
_CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d",
    _constants.CATEGORY_NOT_DIGIT: r"\D",
    _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S",
    _constants.CATEGORY_WORD: r"\w",
    _constants.CATEGORY_NOT_WORD: r"\W",
}
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_LOOKS = (_constants.ASSERT, _constants.ASSERT_NOT)
_ESCAPE = re.compile(r"\\.|\[|\]", re.DOTALL)
_FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<how>\w+))?\}")


def expand(pattern: str) -> str:
    """The pattern with its short forms written out, and with \\d meaning 0 to 9 only."""
    inside = False

    def digits(match: re.Match[str]) -> str:
        nonlocal inside
        found = match.group()
        if found == r"\d":
            return "0-9" if inside else "[0-9]"
        if found in "[]":
            inside = found == "["
        return found

    plain = _ESCAPE.sub(digits, pattern)
    for short, long in SHORT_FORMS.items():
        plain = plain.replace(short, long)
    return plain


def faults(pattern: str) -> list[str]:
    """Why this (expanded) pattern must not run; empty when it may."""
    try:
        tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return [f"does not compile: {error}"]
    width = tree.getwidth()[1]
    found = list(dict.fromkeys(_walk(list(tree))))
    if width > MAX_WIDTH and not found:
        found.append(
            f"may match more than {MAX_WIDTH} characters; give each repeat an end, like {{1,6}}"
        )
    return found


def _walk(nodes: list[Any]) -> Iterator[str]:
    ways, before = 1, frozenset[str]()
    for op, argument in nodes:
        if op in _REPEATS:
            low, high, body = argument
            yield from _repeat_faults(low, high, list(body))
            chars = _chars(list(body))
            shared = chars & before
            ways = ways * (min(high, MAX_WIDTH) - low + 1) if shared else int(high - low + 1)
            before = (chars | before) if (low == 0 or shared) else chars
            if shared and ways > MAX_WAYS:
                yield "has neighbouring repeats of the same characters (backtracks too much)"
            yield from _walk(list(body))
            continue
        for part in _parts(op, argument):
            yield from _walk(part)
        if op in (_constants.GROUPREF, _constants.GROUPREF_EXISTS):
            yield "refers back to a group; a case number has no need of that"
        if op not in _LOOKS and op is not _constants.AT and not _may_be_empty(op, argument):
            before = before & _chars([(op, argument)])
            ways = ways if before else 1


def _repeat_faults(low: int, high: int, body: list[Any]) -> Iterator[str]:
    if high == _constants.MAXREPEAT:
        yield "has a repeat without an end (* or + or {n,}); write {0,6} or {1,6}"
        high = MAX_WIDTH + 1
    if high <= 1 or low == high == 1:
        return
    if _has_choice(body):
        yield "repeats a group that holds alternatives (backtracks without end)"
    elif _is_variable(body) and not _has_divider(body):
        yield "has a repeat inside a repeat (backtracks without end)"


def _parts(op: Any, argument: Any) -> list[list[Any]]:
    """The sequences inside one node of the tree."""
    if op is _constants.SUBPATTERN:
        return [list(argument[3])]
    if op in _LOOKS:
        return [list(argument[1])]
    if op is _constants.BRANCH:
        return [list(part) for part in argument[1]]
    if op in _REPEATS:
        return [list(argument[2])]
    if op is _constants.ATOMIC_GROUP:
        return [list(argument)]
    return []


def _may_be_empty(op: Any, argument: Any) -> bool:
    return any(all(_may_be_empty(*n) for n in part) for part in _parts(op, argument)) or (
        op in _REPEATS and argument[0] == 0
    )


def _has_choice(nodes: list[Any]) -> bool:
    return any(
        op is _constants.BRANCH or any(_has_choice(part) for part in _parts(op, argument))
        for op, argument in nodes
        if op not in _LOOKS
    )


def _is_variable(nodes: list[Any]) -> bool:
    return any(
        (op in _REPEATS and argument[0] != argument[1])
        or any(_is_variable(part) for part in _parts(op, argument))
        for op, argument in nodes
        if op not in _LOOKS
    )


def _has_divider(nodes: list[Any]) -> bool:
    """One literal stands in every turn of the repeat and nothing else there can match it."""
    for place, (op, argument) in enumerate(nodes):
        if op is _constants.LITERAL:
            others = _chars(nodes[:place] + nodes[place + 1 :], chr(argument))
            if chr(argument) not in others:
                return True
    return False


def _chars(nodes: list[Any], more: str = "") -> frozenset[str]:
    """Which of the probe characters these nodes can match."""
    found: set[str] = set()
    for op, argument in nodes:
        if op is _constants.LITERAL:
            found.add(chr(argument))
        elif op is _constants.NOT_LITERAL:
            found.update(set(_PROBES + more) - {chr(argument)})
        elif op is _constants.ANY:
            found.update(_PROBES + more)
        elif op is _constants.IN:
            found.update(c for c in _PROBES + more if _in_set(argument, c))
        elif op not in _LOOKS:
            for part in _parts(op, argument):
                found |= _chars(part, more)
    return frozenset(found)


def _in_set(members: list[Any], char: str) -> bool:
    negate, is_in = False, False
    for op, argument in members:
        if op is _constants.NEGATE:
            negate = True
        elif op is _constants.LITERAL:
            is_in |= ord(char) == argument
        elif op is _constants.RANGE:
            is_in |= argument[0] <= ord(char) <= argument[1]
        elif op is _constants.CATEGORY:
            is_in |= bool(re.match(_CATEGORIES[argument], char))
    return is_in is not negate


Groups = Mapping[str, str | None]
Spelling = Callable[[Groups], str]


def spelling(template: str) -> Spelling:
    """A function from a match's groups to the canonical form.

    Fields are filled in; what stands in [...] is left out when a group inside took no part.
    """
    pieces = [
        _piece(piece.strip("[]"), is_optional=piece.startswith("["))
        for piece in re.split(r"(\[[^\]]*\])", template)
        if piece
    ]

    def spell(groups: Groups) -> str:
        out: list[str] = []
        for needed, steps, rest in pieces:
            for name in needed:
                if groups[name] is None:
                    break
            else:
                for before, name, shape in steps:
                    value = groups[name] or ""
                    out += (before, shape(value) if shape else value)
                out.append(rest)
        return "".join(out)

    return spell


Shape = Callable[[str], str]
Piece = tuple[tuple[str, ...], list[tuple[str, str, Shape | None]], str]


def _piece(piece: str, *, is_optional: bool) -> Piece:
    """The groups without which it is left out; (literal, group, how it is shaped); a last literal.

    A register of a million cases is spelled once through: plain loops, no call without need.
    """
    steps: list[tuple[str, str, Shape | None]] = []
    done = 0
    for match in _FIELD.finditer(piece):
        steps.append((piece[done : match.start()], match["name"], _shape(match["how"] or "")))
        done = match.end()
    names = tuple(name for _, name, _ in steps) if is_optional else ()
    return names, steps, piece[done:]


def _shape(how: str) -> Shape | None:
    if how == "upper":
        return lambda value: "".join(value.split()).upper()
    if how == "yy":
        return lambda value: value[-2:]
    if how == "yyyy":
        # Registers with two-digit years began in the seventies at the earliest.
        return lambda v: v if len(v) == 4 else ("19" if v >= "70" else "20") + v
    if how == "0":
        return lambda value: value.lstrip("0") or "0"
    if how.isdecimal():
        width = int(how)
        return lambda value: value.zfill(width)
    return None


def template_faults(templates: Sequence[str], groups: Sequence[str]) -> Iterator[str]:
    """What is wrong with canonical forms for a pattern that has these groups."""
    for template in templates:
        for match in _FIELD.finditer(template):
            if match["name"] not in groups:
                yield f"canonical names the group {match['name']}, which the regex does not have"
            how = match["how"]
            if how and how not in ("upper", "yy", "yyyy") and not how.isdecimal():
                yield f"canonical has the unknown form {match.group()}"
