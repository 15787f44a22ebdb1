"""What a KLE number is called: mappings/kle.toml, and the fields of mappings/subjects.toml.

The numbers of a field there are those of its cases; several fields share a main group. So a field
lends its name to a number only when it is alone with it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from connector.defaults import defaults_dir, read_mapping


def title(subject: str) -> str:
    """What the longest known beginning of a KLE number is called; "" when none is known.

    "23.05.08" is Folkeregister, "23.99.00" is Borgerlige forhold.
    """
    table = _table()
    parts = subject.split(".")
    names = (table.get(".".join(parts[:count])) for count in range(len(parts), 0, -1))
    return next((name for name in names if name), "")


@functools.cache
def _table() -> Mapping[str, str]:
    names: dict[str, set[str]] = {}
    fields = read_mapping("subjects.toml", defaults_dir())["field"]
    assert isinstance(fields, dict)  # noqa: S101  our own file, and a test reads it
    for row in fields.values():
        for number in str(row.get("kle", "")).split(","):
            names.setdefault(number.strip(), set()).add(str(row["name"]))
    alone = {number: found.pop() for number, found in names.items() if number and len(found) == 1}
    groups = read_mapping("kle.toml", defaults_dir())["group"]
    assert isinstance(groups, dict)  # noqa: S101
    return {**alone, **{number: str(name) for number, name in groups.items()}}
