"""Attacks on the portal by work: what somebody wrote must not keep it busy."""

from __future__ import annotations

import random
import time

import pytest

from connector.ledger.timeline_changes import changes
from connector.web.export_csv import harmless

WORDS = 500
SOON_S = 5.0  # each took from ten seconds to a minute; now some milliseconds on a busy machine


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" ".join(f"a{n}" for n in range(WORDS)), " ".join(f"b{n}" for n in range(WORDS))),
        ("".join(f"a{n}." for n in range(WORDS)), "".join(f"b{n}.!" for n in range(330))),
        ("." * 999, "," + "." * 999),
    ],
)
def test_a_message_written_anew(before: str, after: str) -> None:
    """A message of which every word was changed is compared at once, and both texts are whole."""
    began = time.process_time()
    told = changes(before, after)

    assert time.process_time() - began < SOON_S
    assert "".join(each.text for each in told if each.sort != "added") == before
    assert "".join(each.text for each in told if each.sort != "removed") == after


def test_changes_keep_both_texts() -> None:
    """What is told of an edit holds the whole text before and the whole text after."""
    draw = random.Random(5)
    for _ in range(300):
        before, after = (
            " ".join(draw.choice("abcd,.") for _ in range(draw.randrange(12))) for _ in "ab"
        )
        told = changes(before, after)
        assert "".join(each.text for each in told if each.sort != "added") == before
        assert "".join(each.text for each in told if each.sort != "removed") == after


@pytest.mark.parametrize("text", ["\n" * 20_000, "\n " * 10_000, " " * 100_000, ",\n" * 10_000])
def test_blank_lines_in_a_table(text: str) -> None:
    """A cell of blank lines is written at once, and a formula behind them is harmless."""
    began = time.process_time()
    written = harmless(f"{text}=1+1")

    assert time.process_time() - began < SOON_S
    assert written.endswith("'=1+1")


def test_half_characters_in_a_table() -> None:
    """Half a character, which no file can hold, is left out of a cell rather than end the file."""
    assert harmless("a\ud800b\x00c") == "abc"
