"""Regular expressions that a customer writes: short forms, canonical spelling, and what is refused.

A pattern meets every message there is, so one that backtracks without end would stop the whole
connector. Python's `re` cannot be interrupted; therefore such a pattern is refused before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from re import _constants, _parser  # type: ignore[attr-defined]  # no public view of a parsed regex
from typing import Any

from connector.linking.backtracking import (
    LEAVES,
    LOOKS,
    REPEATS,
    alphabet,
    matches,
    parts,
    worst_steps,
)

DASHES = "-‐‑‒–—−"
MAX_WIDTH = 200  # characters of one number; the longest known form, with its spaces, has 60
MAX_STEPS = 800  # characters tried at one place of the worst text; shipped patterns need 150

SHORT_FORMS = {
    "%-": rf"\s{{0,3}}[{DASHES}]\s{{0,3}}",
    "%/": r"\s{0,2}/\s{0,2}",
    "%<": rf"(?<!\w)(?<![0-9][{DASHES}./,])",
    "%>": rf"(?!\w|[{DASHES}/]\w)",
}

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
    if not found and worst_steps(tree, MAX_STEPS + 1) > MAX_STEPS:
        found.append(
            "has neighbouring repeats or alternatives of the same characters: more than"
            f" {MAX_STEPS} steps at one place of a text (backtracks too much)"
        )
    return found


def _walk(nodes: list[Any]) -> Iterator[str]:
    for op, argument in nodes:
        if op in REPEATS:
            low, high, body = argument
            yield from _repeat_faults(low, high, list(body))
        if op in (_constants.GROUPREF, _constants.GROUPREF_EXISTS):
            yield "refers back to a group; a case number has no need of that"
        for part in parts(op, argument):
            yield from _walk(part)


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


def _has_choice(nodes: list[Any]) -> bool:
    return any(
        op is _constants.BRANCH or any(_has_choice(part) for part in parts(op, argument))
        for op, argument in nodes
        if op not in LOOKS
    )


def _is_variable(nodes: list[Any]) -> bool:
    return any(
        (op in REPEATS and argument[0] != argument[1])
        or any(_is_variable(part) for part in parts(op, argument))
        for op, argument in nodes
        if op not in LOOKS
    )


def _has_divider(nodes: list[Any]) -> bool:
    """One literal stands in every turn of the repeat and nothing else there can match it."""
    for place, (op, argument) in enumerate(nodes):
        if op is _constants.LITERAL:
            others = _chars(nodes[:place] + nodes[place + 1 :], alphabet(nodes))
            if chr(argument) not in others:
                return True
    return False


def _chars(nodes: list[Any], letters: frozenset[str]) -> frozenset[str]:
    """Which of these characters the nodes can match."""
    found: set[str] = set()
    for op, argument in nodes:
        if op in LEAVES:
            found.update(c for c in letters if matches(op, argument, c))
        elif op not in LOOKS:
            for part in parts(op, argument):
                found |= _chars(part, letters)
    return frozenset(found)


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
