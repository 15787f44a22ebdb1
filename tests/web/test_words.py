"""The portal's words: the same in both languages, none used twice, all that are asked for there."""

from __future__ import annotations

import pkgutil
import re
import string
from importlib import import_module
from pathlib import Path

import pytest

from connector import locale
from connector.web import words

WEB = Path(words.__file__).parents[1]
MODULES = [each.name for each in pkgutil.iter_modules(words.__path__)]
ASKED = re.compile(r"""\b(?:t|say)\(\s*["']([a-z_]+\.[a-z0-9_.]*[a-z0-9_])["']\s*[,)]""")
PROBLEMS = "Wrong|NotFound|Refused|Stale|Busy|Unready|NotSignedIn|TooOften|Problem"
RAISED = re.compile(rf"""\b(?:{PROBLEMS})\(\s*["']([a-z_]+\.[a-z0-9_.]+)["']""")
# What a key is put together of: "case.kind." ~ kind, f"old.{{...}}".
BEGUN = re.compile(r"""["']([a-z_]+\.(?:[a-z0-9_]+[._])*)(?:["']|\{)""")


def of(name: str, language: str) -> dict[str, str]:
    found: dict[str, str] = getattr(import_module(f"connector.web.words.{name}"), language)
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", MODULES)
def test_both_languages(name: str) -> None:
    """Each word is there in Danish and English, with the same places for values.

    A form for one (".one") may be in one language alone: "fund" is one or many.
    """
    danish, english = (
        {key: fields(text) for key, text in of(name, language).items() if key[-4:] != ".one"}
        for language in ("DA", "EN")
    )

    assert danish == english


def test_no_key_twice() -> None:
    """No module takes another's key, nor one of the command line's."""
    seen: dict[str, str] = dict.fromkeys(locale.texts("da"), "locale")
    twice = []
    for name in MODULES:
        twice += [(key, seen[key], name) for key in of(name, "DA") if key in seen]
        seen |= dict.fromkeys(of(name, "DA"), name)

    assert twice == []


def test_asked_for_is_there() -> None:
    """Every word that a template or a page asks for by its whole key is there."""
    known = words.words("da")
    sources = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    missing = [
        (path.name, key)
        for path in sources
        for pattern in (ASKED, RAISED)
        for key in pattern.findall(path.read_text(encoding="utf-8"))
        if key not in known
    ]

    assert missing == []


def test_no_word_is_idle() -> None:
    """Every word is named somewhere, whole or by its beginning."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
        if path.parent.name != "words"
    )
    starts = tuple(start for start in set(BEGUN.findall(text)) if not start.endswith("wrong."))
    idle = [
        key
        for name in MODULES
        for key in of(name, "DA")
        if key.removesuffix(".one") not in text and not key.startswith(starts)
    ]

    assert idle == []
