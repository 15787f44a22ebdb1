"""Line numbers of TOML keys, however the file is written."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.toml_lines import key_lines

TEXT = '''\
# a comment = 1
top = 1
"quoted.key" = 'x # no comment'
a.b."c d" = 2   # a comment ] }

[table]   # heading
text = """
[not.a.table]
key = "no"
""""
list = [ # first
  1, "]",
  { in = 1, "side way" = [2,
     3] },
]
when = 1979-05-27 07:32:00

[[tables.many]]
x = 1
[[tables.many]]
x = 2
[tables.many.sub]
y = \'\'\'
z = 1\'\'\'
'''


def test_every_form_has_its_line() -> None:
    """Comments, dotted and quoted keys, long strings, arrays and nested arrays do not mislead."""
    lines = key_lines(TEXT)

    assert lines == {
        ("top",): 2,
        ("quoted.key",): 3,
        ("a",): 4,
        ("a", "b"): 4,
        ("a", "b", "c d"): 4,
        ("table",): 6,
        ("table", "text"): 7,
        ("table", "list"): 11,
        ("table", "list", 0): 12,
        ("table", "list", 1): 12,
        ("table", "list", 2): 13,
        ("table", "list", 2, "in"): 13,
        ("table", "list", 2, "side way"): 13,
        ("table", "list", 2, "side way", 0): 13,
        ("table", "list", 2, "side way", 1): 14,
        ("table", "when"): 16,
        ("tables",): 18,
        ("tables", "many"): 18,
        ("tables", "many", 0): 18,
        ("tables", "many", 0, "x"): 19,
        ("tables", "many", 1): 20,
        ("tables", "many", 1, "x"): 21,
        ("tables", "many", 1, "sub"): 22,
        ("tables", "many", 1, "sub", "y"): 23,
    }


def test_windows_line_ends_count_once() -> None:
    """A file with CRLF has the same lines."""
    assert key_lines(TEXT.replace("\n", "\r\n")) == key_lines(TEXT)


keys = st.text(min_size=1, max_size=6)
values = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


def quoted(text: str) -> str:
    """A TOML basic string: JSON's form, with the one control character JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[\n" + ", # ]\n".join(map(written, value)) + "\n]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {written(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner: Any = enumerate(value) if isinstance(value, list) else ()
    inner = value.items() if isinstance(value, dict) else inner
    found = {path} if path else set()
    for key, child in inner:
        found |= paths(child, (*path, key))
    return found


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), max_size=4))
def test_every_path_is_found(document: dict[str, dict[str, Any]]) -> None:
    """Each key that tomllib reads is found, and on a line that holds it."""
    text = ""
    for name, table in document.items():
        text += f"[{quoted(name)}]\n"
        text += "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
    lines = key_lines(text)

    assert document == tomllib.loads(text)
    assert paths(document) == set(lines)
    rows = text.split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert quoted(path[-1]) in rows[line - 1]
