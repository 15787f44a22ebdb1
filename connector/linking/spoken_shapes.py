"""The shape of a case number, read from its pattern: digits, letters, and what joins them.

A pattern with parts that may be left out has several shapes. A shape only says how spoken words may
be shared over the groups; whether the result is a number the pattern itself decides.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from re import _constants, _parser  # type: ignore[attr-defined]  # no public view of a parsed regex
from typing import Any, NamedTuple

from connector.linking.backtracking import CATEGORIES
from connector.linking.patterns import Pattern

SIGNS = ".-/:"
MAX_SHAPES = 24  # of one pattern; more mean that nobody could say the number anyway
_WIDEST = 20  # digits or letters of one group
_PROBES = string.ascii_letters + string.digits + "æøåÆØÅ -/.:,"


class Slot(NamedTuple):
    """One group: digits with the widths it may have, letters likewise, or a fixed word.

    `joint` is what is written before it, `signs` what may be said there.
    """

    kind: str  # digits | letters | word
    widths: frozenset[int]
    word: str = ""
    joint: str = ""
    signs: str = ""


Shape = tuple[Slot, ...]


class _Atom(NamedTuple):
    kind: str  # digits | letters | word | joint
    widths: frozenset[int] = frozenset((1,))
    text: str = ""
    signs: str = ""


def shapes(patterns: Iterable[Pattern]) -> tuple[Shape, ...]:
    """Every shape of the patterns, each once, in order of the patterns; the longer ones first."""
    found: dict[Shape, None] = {}
    for pattern in patterns:
        tree = list(_parser.parse(pattern.regex.pattern))
        every = {s for atoms in _sequences(tree) if (s := _shape(atoms)) is not None}
        longest = sorted(every, key=lambda shape: (-len(shape), repr(shape)))
        found.update(dict.fromkeys(longest[:MAX_SHAPES]))
    return tuple(a for a in found if not any(_covers(b, a) for b in found if b is not a))


def _covers(wide: Shape, narrow: Shape) -> bool:
    """Whether all that fits the one fits the other: one system's pattern often holds another's."""
    return len(wide) == len(narrow) and all(
        a.widths >= b.widths and a._replace(widths=b.widths) == b
        for a, b in zip(wide, narrow, strict=True)
    )


def _sequences(nodes: Sequence[Any]) -> list[list[_Atom]]:
    """All ways through the tree, as sequences of atoms. At most some hundred."""
    found: list[list[_Atom]] = [[]]
    for op, argument in nodes:
        ways = _ways(op, argument)
        found = [before + way for before in found for way in ways][:400]
    return found


def _ways(op: Any, argument: Any) -> list[list[_Atom]]:
    if op is _constants.SUBPATTERN:
        return _sequences(list(argument[3]))
    if op is _constants.ATOMIC_GROUP:
        return _sequences(list(argument))
    if op is _constants.BRANCH:
        ways = [way for part in argument[1] for way in _sequences(list(part))]
        return _united(ways)
    if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        low, high, body = argument
        return _repeated(int(low), min(int(high), _WIDEST), _sequences(list(body)))
    if op in (_constants.LITERAL, _constants.IN, _constants.ANY, _constants.CATEGORY):
        return [[_atom(op, argument)]]
    return [[]]  # an assertion or an anchor: asked when the number is complete


def _repeated(low: int, high: int, bodies: list[list[_Atom]]) -> list[list[_Atom]]:
    if len(bodies) == 1 and len(bodies[0]) == 1:
        atom = bodies[0][0]
        if atom.kind == "joint":
            return [[atom._replace(text=atom.text * low)]]
        return [[atom._replace(widths=frozenset(range(low, high + 1)))]]
    ways: list[list[_Atom]] = []
    for times in range(low, min(high, low + 5) + 1):
        turns: list[list[_Atom]] = [[]]
        for _ in range(times):
            turns = [before + body for before in turns for body in bodies]
        ways += turns
    return _united(ways)


def _united(ways: list[list[_Atom]]) -> list[list[_Atom]]:
    """Alternatives that are all digits, or all joints, are one atom with a choice in it."""
    merged = [_merged(way) for way in ways]
    single = [way[0] for way in merged if len(way) == 1]
    kinds = {atom.kind for atom in single}
    if len(single) == len(merged) and kinds == {"digits"}:
        widths = frozenset[int]().union(*(atom.widths for atom in single))
        return [[_Atom("digits", widths)]]
    if kinds == {"joint"} and all(len(way) <= 1 for way in merged):
        signs = "".join(dict.fromkeys("".join(atom.signs for atom in single)))
        return [[_Atom("joint", text=single[0].text, signs=signs)]]
    return merged


def _atom(op: Any, argument: Any) -> _Atom:
    one = re.compile(_as_class(op, argument), re.DOTALL)
    fits = [c for c in _PROBES if one.fullmatch(c)]
    literal = chr(argument) if op is _constants.LITERAL else ""
    if literal.isalpha():
        return _Atom("word", text=literal)
    if literal.isdigit():
        return _Atom("digits")
    if any(c.isalpha() for c in fits):
        return _Atom("letters")
    if any(c.isdigit() for c in fits):
        return _Atom("digits")
    signs = "".join(c for c in fits if c in SIGNS)
    return _Atom("joint", text=literal or (signs or " ")[0], signs=signs)


def _as_class(op: Any, argument: Any) -> str:
    """The node as an expression for one sign."""
    if op is _constants.ANY:
        return "."
    if op is _constants.LITERAL:
        return re.escape(chr(argument))
    if op is _constants.CATEGORY:
        return CATEGORIES[argument]
    inside = ""
    for what, value in argument:
        if what is _constants.NEGATE:
            inside += "^"
        elif what is _constants.LITERAL:
            inside += re.escape(chr(value))
        elif what is _constants.RANGE:
            inside += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        elif what is _constants.CATEGORY:
            inside += CATEGORIES[value]
    return f"[{inside}]"


def _merged(atoms: Iterable[_Atom]) -> list[_Atom]:
    """Neighbours of one kind as one atom."""
    found: list[_Atom] = []
    for atom in atoms:
        last = found[-1] if found else None
        if last is None or last.kind != atom.kind:
            found.append(atom)
            continue
        found[-1] = _Atom(
            atom.kind,
            frozenset(a + b for a in last.widths for b in atom.widths if a + b <= _WIDEST),
            last.text + atom.text,
            last.signs + atom.signs,
        )
    return found


def _shape(atoms: Iterable[_Atom]) -> Shape | None:
    """The atoms as slots; None when there is no digit to say."""
    slots: list[Slot] = []
    joint = signs = ""
    for atom in _merged(atoms):
        if atom.kind == "joint":
            joint, signs = atom.text, atom.signs
            continue
        widths = atom.widths - {0}
        if widths:
            slots.append(Slot(atom.kind, widths, atom.text, joint if slots else "", signs))
        joint = signs = ""
    has_digits = any(slot.kind == "digits" for slot in slots)
    return tuple(slots) if has_digits and len(slots) > 1 else None
