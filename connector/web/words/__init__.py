"""The portal's words: each module here has DA and EN, with keys "area.what".

What a text may hold stands in connector/locale.py.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from connector import locale


@cache
def words(language: str) -> Mapping[str, str]:
    """All words of the portal in one language, those of the command line among them."""
    found = dict(locale.texts(language))
    for module in pkgutil.iter_modules(__path__):
        found.update(getattr(import_module(f"{__name__}.{module.name}"), language.upper()))
    return found


def say(key: str, language: str, **values: object) -> str:
    """The text of `key` with its placeholders filled. Raises KeyError for an unknown key."""
    known = words(language)
    count = values.get("count")
    if isinstance(count, int):
        key = f"{key}.one" if count == 1 and f"{key}.one" in known else key
        values["count"] = locale.number(count, language)
    return known[key].format_map(values)
