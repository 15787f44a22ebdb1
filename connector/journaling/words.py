"""mappings/<system>.toml: what a records system calls things, checked as a whole at start.

An adapter lists the rows it needs (`Row`); `load` reads the file and reports every problem with its
line. Pure: the caller reads the file.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from connector.errors import ConfigError
from connector.toml_lines import key_lines


class Row(NamedTuple):
    """One word of a system. `sort` is text | integer | flag | choice | template | list.

    A `template` may hold {placeholders} of those named. `each` makes one word for each of several
    keys: [types] with each=("call", "voicemail") has both. A row with a `default` may be left out.
    """

    section: str
    key: str
    sort: str = "text"
    default: object = None
    low: int = 0
    high: int = 1_000_000_000
    choices: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    each: tuple[str, ...] = ()


class Words(msgspec.Struct, frozen=True):
    """The checked words of one system, by section and key. `name` is the file's, for messages."""

    name: str
    values: Mapping[str, Mapping[str, Any]]

    def text(self, section: str, key: str) -> str:
        """A text, choice or template."""
        return str(self.values[section][key])

    def number(self, section: str, key: str) -> int:
        """A whole number."""
        return int(self.values[section][key])

    def flag(self, section: str, key: str) -> bool:
        """Yes or no."""
        return bool(self.values[section][key])

    def list(self, section: str, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.values[section][key])


def load(text: str, rows: Sequence[Row], name: str) -> Words:
    """Check a system's file and take its words. `name` is what the file is called in messages.

    Raises ConfigError with a sentence "NAME:LINE: [section] key: what is wrong" for every problem.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([f"{name}: {error}"]) from error
    lines = key_lines(text)
    wanted = {(row.section, key): row for row in rows for key in row.each or (row.key,)}
    found: list[tuple[int, str]] = []

    def wrong(path: tuple[str, ...], what: str) -> None:
        line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 0)
        place = f"{name}:{line}" if line else name
        where = f"[{path[0]}] {path[1]}" if len(path) > 1 else f"[{path[0]}]"
        found.append((line, f"{place}: {where}: {what}"))

    sections = {section for section, _ in wanted}
    for section, keys in table.items():
        if section not in sections or not isinstance(keys, dict):
            wrong((section,), f"is not known; use {', '.join(sorted(sections))}")
            continue
        for key in keys:
            if (section, key) not in wanted:
                known = ", ".join(k for s, k in wanted if s == section)
                wrong((section, key), f"is not known; use {known}")
    values: dict[str, dict[str, Any]] = {}
    for (section, key), row in wanted.items():
        keys = table.get(section)
        value = keys.get(key, row.default) if isinstance(keys, dict) else row.default
        problem = "is missing" if value is None else _problem(row, value)
        if problem:
            wrong((section, key), problem)
        values.setdefault(section, {})[key] = value
    if found:
        raise ConfigError([sentence for _, sentence in sorted(found)])
    return Words(name, values)


def _problem(row: Row, value: object) -> str:
    """What is wrong with a value; "" when nothing is."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if row.sort == "integer":
        is_good = is_number and row.low <= int(str(value)) <= row.high
        return "" if is_good else f"must be a whole number from {row.low} to {row.high}"
    if row.sort == "flag":
        return "" if isinstance(value, bool) else "must be true or false"
    if row.sort == "list":
        return _list_problem(value, row.choices)
    if row.sort == "choice":
        return "" if value in row.choices else f"must be one of {', '.join(row.choices)}"
    if not isinstance(value, str):
        return "must be a text"
    return _template_problem(value, row.placeholders) if row.sort == "template" else ""


def _list_problem(value: object, choices: Sequence[str]) -> str:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        return 'must be a list of texts, such as ["a", "b"]'
    unknown = next((v for v in value if choices and v not in choices), "")
    return f'"{unknown}" is not known; use {", ".join(choices)}' if unknown else ""


def _template_problem(value: str, known: Sequence[str]) -> str:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    except ValueError:
        return "holds a brace without its partner; write {{ or }} for the sign itself"
    for name in names:
        if name not in known:
            return f'"{{{name}}}" is not known; use {", ".join(f"{{{each}}}" for each in known)}'
    return ""
