"""Texts beside each other in a terminal, each wrapped to its share of the width."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

BETWEEN = " │ "
NARROWEST = 24  # characters of a column: below, the texts stand one after the other


def beside(heads: Sequence[str], texts: Sequence[str], width: int = 0) -> Iterator[str]:
    """The lines of a table of one row; `width` 0 is the terminal's."""
    whole = width or shutil.get_terminal_size((100, 24)).columns
    each = (whole - len(BETWEEN) * (len(texts) - 1)) // len(texts)
    if each < NARROWEST:
        for head, text in zip(heads, texts, strict=True):
            yield from (f"{head}:", *(f"  {line}" for line in text.split("\n")))
        return
    columns = [
        [head, "─" * each, *_wrapped(text, each)] for head, text in zip(heads, texts, strict=True)
    ]
    for cells in zip_longest(*columns, fillvalue=""):
        yield BETWEEN.join(cell.ljust(each) for cell in cells).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width) or [""]
    return lines
