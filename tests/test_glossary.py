"""The glossary holds the words of the program."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from connector import model, ports

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (Path(__file__).parent.parent / "docs" / "glossary.md")
    .read_text(encoding="utf-8")
    .splitlines()
    if line.startswith("| ")
][1:]
NOT_TERMS = {"Known", "OpenFile", "Kind", "Line", "EntryFile", "LinkState", "CaseParty"}


def test_every_row_is_whole() -> None:
    """Each term has its Danish word and its meaning, and stands once, in order."""
    terms = [row[0].lower() for row in ROWS]

    assert all(len(row) == 3 and all(row) for row in ROWS)
    assert terms == sorted(set(terms))


def test_words_of_the_contracts_are_explained() -> None:
    """Every public type of the model and the ports is a term."""
    terms = {row[0].lower() for row in ROWS}
    types = [
        name
        for module in (model, ports)
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name not in NOT_TERMS
    ]
    words = {re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower() for name in types}

    assert len(words) > 15
    assert words <= terms
