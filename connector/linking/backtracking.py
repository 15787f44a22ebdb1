"""How many steps a regular expression takes at worst at one place of a text.

Python's `re` tries every way to share the same characters between repeats, options and branches,
and cannot be interrupted. The ways are counted here without running the expression: a machine of
single characters is made of it (each repeat written out), and a text is looked for that keeps as
many ways open as can be. Steps are counted, not time, so that the answer is always the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from re import _constants  # type: ignore[attr-defined]  # no public view of a parsed regex
from typing import Any

REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
LOOKS = (_constants.ASSERT, _constants.ASSERT_NOT)
LEAVES = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)
_COMMON = "05aZåÅ_ \n-–/.,:;@#"
CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d",
    _constants.CATEGORY_NOT_DIGIT: r"\D",
    _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S",
    _constants.CATEGORY_WORD: r"\w",
    _constants.CATEGORY_NOT_WORD: r"\W",
}
_TEXTS = 12  # begun texts that are followed at the same time
_MOST_STATES = 4000  # characters of the machine; a number has 200 at most
_LAST = 0x10FFFF

Ways = dict[int, int]  # state: in how many ways it is reached with the text so far


def parts(op: Any, argument: Any) -> list[list[Any]]:
    """The sequences inside one node of a parsed expression."""
    if op is _constants.SUBPATTERN:
        return [list(argument[3])]
    if op in LOOKS:
        return [list(argument[1])]
    if op is _constants.BRANCH:
        return [list(part) for part in argument[1]]
    if op in REPEATS:
        return [list(argument[2])]
    if op is _constants.ATOMIC_GROUP:
        return [list(argument)]
    return []


def alphabet(nodes: Iterable[Any]) -> frozenset[str]:
    """Characters that tell the sets of an expression apart.

    Common ones, its own literals, the ends of its ranges and their neighbours, in both cases.
    """
    return frozenset(_COMMON).union(_letters(nodes))


def _letters(nodes: Iterable[Any]) -> Iterator[str]:
    for op, argument in nodes:
        members = argument if op is _constants.IN else ((op, argument),)
        for kind, value in members:
            if kind in (_constants.LITERAL, _constants.NOT_LITERAL):
                yield from _cases(value)
            elif kind is _constants.RANGE:
                for code in (value[0] - 1, *value, value[1] + 1):
                    yield from _cases(min(max(code, 0), _LAST))
        for part in parts(op, argument):
            yield from _letters(part)


def _cases(code: int) -> set[str]:
    char = chr(code)
    return {each for each in (char, char.lower(), char.upper()) if len(each) == 1}


def matches(op: Any, argument: Any, char: str) -> bool:
    """Whether one node that stands for one character (not a group) can be this one."""
    if op is _constants.LITERAL:
        return bool(ord(char) == argument)
    if op is _constants.NOT_LITERAL:
        return bool(ord(char) != argument)
    return op is _constants.ANY or _in_set(argument, char)


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
            is_in |= bool(re.match(CATEGORIES[argument], char))
    return is_in is not negate


def worst_steps(tree: Any, limit: int) -> int:
    """Characters that are tried at one place of the worst text found; counted up to `limit`.

    Looks ahead and behind are taken to succeed and are counted as often as they are come to; a
    machine of more than some thousand characters counts as `limit`. Repeats must have an end.
    """
    machine = _Machine()
    ignores_case = bool(tree.state.flags & re.IGNORECASE)
    try:
        machine.add(list(tree), 0, ignores_case=ignores_case)
    except (OverflowError, RecursionError):
        return limit
    return machine.worst(limit)


class _Machine:
    """States in the order in which they are come to; each leads on freely or by a character."""

    def __init__(self) -> None:
        self._free: list[list[int]] = [[]]
        self._leaves: dict[int, tuple[int, int]] = {}  # state: kind of leaf, next state
        self._kinds: dict[str, tuple[int, Callable[[str], bool]]] = {}
        self._letters: set[str] = set(_COMMON)

    def _state(self) -> int:
        if len(self._free) >= _MOST_STATES:
            raise OverflowError
        self._free.append([])
        return len(self._free) - 1

    def add(self, nodes: list[Any], at: int, *, ignores_case: bool) -> int:
        """Adds a sequence that begins at a state; gives the state where it ends."""
        for op, argument in nodes:
            at = self._node(op, argument, at, ignores_case)
        return at

    def _node(self, op: Any, argument: Any, at: int, ignores_case: bool) -> int:
        if op in LEAVES:
            return self._leaf(op, argument, at, ignores_case)
        if op in REPEATS:
            return self._repeat(argument, at, ignores_case)
        if op is _constants.SUBPATTERN:
            ignores_case |= bool(argument[1] & re.IGNORECASE)
            ignores_case &= not argument[2] & re.IGNORECASE
        ends = [
            self.add(part, self._next(at), ignores_case=ignores_case)
            for part in parts(op, argument)
        ]
        if not ends:
            return at
        after = self._state()
        # What a look has read counts, but the text goes on where the look began.
        for end in ends if op not in LOOKS else (at,):
            self._free[end].append(after)
        return after

    def _next(self, at: int) -> int:
        state = self._state()
        self._free[at].append(state)
        return state

    def _leaf(self, op: Any, argument: Any, at: int, ignores_case: bool) -> int:
        def is_it(char: str) -> bool:
            chars = {char, char.lower(), char.upper()} if ignores_case else {char}
            return any(matches(op, argument, each) for each in chars if len(each) == 1)

        kind, _ = self._kinds.setdefault(
            f"{op} {argument} {ignores_case}", (len(self._kinds), is_it)
        )
        self._letters.update(_letters([(op, argument)]))
        begin, end = self._next(at), self._state()
        self._leaves[begin] = (kind, end)
        return end

    def _repeat(self, argument: Any, at: int, ignores_case: bool) -> int:
        low, high, body = argument
        ends = [at] if low == 0 else []
        for turn in range(1, high + 1):
            at = self.add(list(body), at, ignores_case=ignores_case)
            if turn >= low:
                ends.append(at)
        after = self._state()
        for end in ends:
            self._free[end].append(after)
        return after

    def worst(self, limit: int) -> int:
        """The most characters that are tried for one text of those that were followed."""
        signs = {tuple(is_it(c) for _, is_it in self._kinds.values()) for c in self._letters}
        # One character again and again is the worst text of most expressions; then all mixtures.
        most = max((self._followed([sign], limit) for sign in signs), default=0)
        return most if most >= limit else max(most, self._followed(signs, limit))

    def _followed(self, signs: Collection[tuple[bool, ...]], limit: int) -> int:
        """The most that is tried for a text of these characters; the best ones are followed."""
        texts: list[tuple[int, Ways]] = [self._tried(0, {0: 1})]
        most = texts[0][0]
        while texts and most < limit:
            longer = [
                self._tried(tried, after)
                for tried, ways in texts
                for sign in signs
                if (after := self._after(ways, sign))
            ]
            # Those with the most ways open now; the same ways twice tell nothing more.
            longer.sort(key=lambda text: (sum(text[1].values()), text[0]), reverse=True)
            texts = list({tuple(text[1].items()): text for text in longer}.values())[:_TEXTS]
            most = max((most, *(tried for tried, _ in longer)))
        return min(most, limit)

    def _after(self, ways: Ways, sign: tuple[bool, ...]) -> Ways:
        """The ways after one more character, `sign` saying which kinds of leaf it is."""
        after: Ways = {}
        for state, count in ways.items():
            kind, end = self._leaves[state]
            if sign[kind]:
                after[end] = after.get(end, 0) + count
        return after

    def _tried(self, tried: int, ways: Ways) -> tuple[int, Ways]:
        """All ways on to a next character; `tried` grows by them. Free ways lead forward only."""
        todo, at_leaves = dict(ways), {}
        while todo:
            state = min(todo)
            count = todo.pop(state)
            if state in self._leaves:
                at_leaves[state] = count
            for after in self._free[state]:
                todo[after] = todo.get(after, 0) + count
        return tried + sum(at_leaves.values()), dict(sorted(at_leaves.items()))
