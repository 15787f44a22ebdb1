"""Words of single parts of the program, beside the common ones in locale_da.py and locale_en.py.

Each module holds two tables with the same keys, DA and EN. `connector.locale` reads them all; a
key that begins with "article" is looked for here, so that other commands need not load them.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping

MODULES = ("articles_line", "articles_source", "articles_care", "articles_loop")


@functools.cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of all parts in one language; English unless it is "da"."""
    table: dict[str, str] = {}
    for name in MODULES:
        module = importlib.import_module(f"connector.words.{name}")
        table |= module.DA if language == "da" else module.EN
    return table
