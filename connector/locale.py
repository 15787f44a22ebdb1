"""The program's words to people, in Danish (locale_da.py) and English (locale_en.py), and those of
single parts (connector/words/).

Keys are "area.what". A text may hold {placeholders}; `count` is written with the language's
thousands separator, and a key with ".one" added is used when it is 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector import words

LANGUAGES = ("da", "en")


def text(key: str, language: str, /, **values: object) -> str:
    """The text of `key` with its placeholders filled; English unless `language` is "da".

    Raises KeyError for a key that is in neither language, or a placeholder without a value.
    """
    known = words.texts(language) if key.startswith("article") else _common(language)
    count = values.get("count")
    if isinstance(count, int):
        key = f"{key}.one" if count == 1 and f"{key}.one" in known else key
        values["count"] = number(count, language)
    return known[key].format_map(values)


def texts(language: str) -> Mapping[str, str]:
    """All texts of one language, those of all parts too."""
    return {**_common(language), **words.texts(language)}


def _common(language: str) -> Mapping[str, str]:
    if language == "da":
        from connector import locale_da

        return locale_da.TEXTS
    from connector import locale_en

    return locale_en.TEXTS


def number(value: int, language: str) -> str:
    """A whole number with thousands separated: 12.345 in Danish, 12,345 in English."""
    return f"{value:,}".replace(",", ".") if language == "da" else f"{value:,}"


def preferred(environ: Mapping[str, str]) -> str:
    """The language the environment asks for ("da" or "en"), for what is said before settings are.

    The first of LC_ALL, LC_MESSAGES and LANG that is set decides, as POSIX says.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "da" if environ[name].lower().startswith("da") else "en"
    return "en"
