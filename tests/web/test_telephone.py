"""Telephone numbers are written in one way on all pages."""

from __future__ import annotations

import pytest

from connector.web.telephone import readable, readable_in


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("+4520304050", "20 30 40 50"),
        ("+4536421***", "36 42 1 ***"),
        ("+45364212***", "36 42 12 ***"),
        ("+••••••••34", "•• •• •• 34"),
        ("+4687112233", "+46 8 711 22 33"),
        ("+999999999999", "+999999999999"),
        ("4711", "4711"),
        ("Asta Prøve", "Asta Prøve"),
        ("", ""),
    ],
)
def test_readable(phone: str, words: str) -> None:
    """Danish numbers stand in pairs, foreign ones with their country; all else as it is."""
    assert readable(phone) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Besked fra +4520304050", "Besked fra 20 30 40 50"),
        ("+4520304050, +4687112233.", "20 30 40 50, +46 8 711 22 33."),
        ("nummeret: +••••••••34", "nummeret: •• •• •• 34"),
        ("a+4520304050 1+1=2 +12", "a+4520304050 1+1=2 +12"),
    ],
)
def test_readable_in(text: str, words: str) -> None:
    """Numbers within a text, and nothing else of it, are written so."""
    assert readable_in(text) == words
