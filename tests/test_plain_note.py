"""A note as plain text, for the systems that show no HTML."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from connector.defaults import defaults_dir, read_mapping
from connector.journaling.plain_note import note_text
from connector.mapping import load
from connector.model import Line
from tests.contracts.sink import NUMBER, entry


def lines(language: str, **changes: object) -> list[str]:
    words = load(read_mapping("entry.toml", defaults_dir()), language)
    return note_text(entry("note", **changes), words).splitlines()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "da",
            [
                "Art: Telefonnotat",
                "Retning: intern",
                f"Sag: {NUMBER}",
                "Handler om: Telefonsamtale 20-11-2026 13.12 (ECALL)",
                "Skrevet: fredag den 20. november 2026 kl. 14.12",
                "forfatter: Bodil Bech",
            ],
        ),
        (
            "en",
            [
                "Kind: Telephone note",
                "Direction: internal",
                f"Case: {NUMBER}",
                "About: Telephone call 2026-11-20 13:12 (ECALL)",
                "Written: Friday 20 November 2026 at 14:12",
                "author: Bodil Bech",
            ],
        ),
    ],
)
def test_a_note(language: str, expected: list[str]) -> None:
    """What it is about, when and by whom it was written, and its lines as they were written."""
    found = lines(language)

    assert found[:6] == expected
    assert found[-2:] == ["Hun flytter den 1.", "Brevet skal sendes dertil <b>"]


def test_a_note_about_a_chat() -> None:
    """It is no telephone note; what it is about has a day and no time."""
    about = entry("note").about
    assert about is not None
    its = msgspec.structs.replace(about, kind="conversation")

    found = lines("da", about=its)

    assert found[0] == "Art: Notat"
    assert "Handler om: Chat 20-11-2026 (ECALL)" in found


def test_a_note_taken_back() -> None:
    """It says why, and about what it was; it holds no words of the note."""
    found = lines("da", text="", parties=(), is_void=True, void_reason="Notatet er tømt.")

    assert "Begrundelse: Notatet er tømt." in found
    assert "Handler om: Telefonsamtale 20-11-2026 13.12 (ECALL)" in found
    assert not any("flytter" in line for line in found)


def test_edited_before_it_was_read() -> None:
    """A message whose earlier words nobody read says so."""
    its = entry("conversation")
    at = its.started_at + timedelta(minutes=1)
    line = Line(key="1", at=its.started_at, who="Bo", text="x", edited_at=at, unread_edit_at=at)
    words = load(read_mapping("entry.toml", defaults_dir()), "da")

    found = note_text(msgspec.structs.replace(its, lines=(line,)), words)

    assert "Bo (rettet, de tidligere ord blev ikke læst): x" in found
