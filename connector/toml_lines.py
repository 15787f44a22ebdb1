"""On which line each key of a TOML text stands; `tomllib` does not tell.

Used only when there is a mistake to show. The text has been read by `tomllib` before, so this
scanner need not judge it: it only has to keep its place among strings, comments and brackets.
"""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and numbers for elements of arrays."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every key, table and array element of a valid TOML text.

    The n-th table of an array of tables has the path (name, n). A table that is only named on the
    way to another one ("a" in "[a.b]") has the line of that one.
    """
    return _Scanner(text.replace("\r\n", "\n")).lines()


class _Scanner:
    """A place in the text that moves forward, and what has been passed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted_to = 0
        self._line = 1
        self._found: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}  # arrays of tables: how many so far

    def lines(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip()
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip()
        return self._found

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _note(self, path: KeyPath) -> None:
        """Remember the present line for a path, unless it was met before."""
        self._line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], self._line)

    def _header(self, brackets: int) -> KeyPath:
        """A table's heading; an array of tables met on the way means its last element so far."""
        start = self._at
        self._at += brackets
        names = self._key()
        self._at += brackets
        path: KeyPath = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if brackets == 2 and position == len(names) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        end, self._at = self._at, start
        self._note(path)
        self._at = end
        return path

    def _key(self) -> list[str]:
        """A dotted key; the place is then at the character after it and its spaces."""
        names: list[str] = []
        while True:
            self._skip()
            if quoted := _STRING.match(self._text, self._at):
                names.append(tomllib.loads(f"k = {quoted.group()}")["k"])
                self._at = quoted.end()
            elif bare := _BARE_KEY.match(self._text, self._at):
                names.append(bare.group())
                self._at = bare.end()
            else:
                raise ValueError(f"not a TOML text near character {self._at}")
            self._skip()
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = (*table, *self._key())
        after_key, self._at = self._at, start
        self._note(path)
        self._at = after_key + 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        """Pass over a value, noting what stands inside arrays and inline tables."""
        self._skip()
        character = self._text[self._at]
        if character == "[":
            self._inside("]", path, is_array=True)
        elif character == "{":
            self._inside("}", path, is_array=False)
        elif match := _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at):
            self._at = match.end()

    def _inside(self, end: str, path: KeyPath, *, is_array: bool) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip()
            character = self._text[self._at]
            if character in (end, ","):
                self._at += 1
                if character == end:
                    return
            elif is_array:
                self._note((*path, index))
                self._value((*path, index))
                index += 1
            else:
                self._pair(path)
