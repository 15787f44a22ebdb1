"""The texts for people: both languages say the same things."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.locale import LANGUAGES, number, preferred, text, texts

TEXTS = {language: texts(language) for language in LANGUAGES}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_both_languages_have_all_texts() -> None:
    """No text is missing in Danish or in English."""
    assert set(TEXTS["en"]) == set(TEXTS["da"])


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_both_languages_tell_the_same(key: str) -> None:
    """A text has the same placeholders in both languages, each with a plain name."""
    english, danish = TEXTS["en"][key], TEXTS["da"][key]

    assert placeholders(english) == placeholders(danish)
    assert all(name.isidentifier() for name in placeholders(english))
    assert english.strip() == english != ""
    assert danish.strip() == danish != ""


def test_singular_has_its_plural() -> None:
    """A text for one of something exists only beside the text for many, with the same values."""
    for known in TEXTS.values():
        for key in known:
            if key.endswith(".one"):
                assert placeholders(known[key]) == placeholders(known[key.removesuffix(".one")])


def test_counts_read_well() -> None:
    """One is written in the singular, thousands with the separator of the language."""
    assert text("kind.message", "en", count=1) == "1 message"
    assert text("kind.message", "da", count=12345) == "12.345 beskeder"
    assert text("kind.message", "en", count=12345) == "12,345 messages"


def test_values_are_never_read_as_templates() -> None:
    """Braces in a value are shown as they are."""
    assert text("history.title", "en", case="{case.x}") == "Case {case.x}"


def test_unknown_language_is_english() -> None:
    """A language we do not have is answered in English."""
    assert text("check.error", "de") == "error"


def test_unknown_key_is_an_error() -> None:
    """A key that does not exist is a mistake in the program and says so."""
    with pytest.raises(KeyError, match=r"no\.such"):
        text("no.such", "en")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "da_DK.UTF-8"}, "da"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "en_GB", "LANG": "da_DK"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "da_DK", "LANG": "en_US"}, "da"),
    ],
)
def test_environment_names_the_language(environ: dict[str, str], expected: str) -> None:
    """Before there are settings, the usual variables decide, in POSIX's order."""
    assert expected == preferred(environ)


@given(st.integers())
def test_number_keeps_its_digits(value: int) -> None:
    """Separators are all that is added to a number."""
    for language in LANGUAGES:
        assert str(value) == number(value, language).replace(".", "").replace(",", "")
