"""The table of what adapters are held to says what the tests do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.contract_table import Notes, cell_of, in_words, left_out, properties_of, table
from tests.contracts.sink import SinkContract
from tests.contracts.system import SystemContract
from tests.suites import PAGES, Suite, page_of, register_suites, sink_suites

EVERYTHING = {"knows_cases": True, "locks_cases": True, "network": True, "takes_void": True}
CLOSED = SinkContract.test_a_closed_case_takes_nothing_new
STATES = SinkContract.test_closed_locked_full_forbidden_and_away_are_told_apart


class Whole(SystemContract):
    """Of a system that has everything."""


class Knowing(SystemContract):
    """Of a system without cases, with a test of its own."""

    knows_cases = False

    def test_it_goes_on_after_a_full_disk(self, sink: object) -> None:
        """In its own way."""


class Local(SinkContract):
    """Of something that is not on a network."""


@pytest.mark.parametrize(
    ("missing", "whole", "part"),
    [
        ({}, [], []),
        ({"knows_cases": False}, ["knows_cases"], ["knows_cases"]),
        ({"locks_cases": False}, [], ["locks_cases"]),
    ],
)
def test_what_is_left_out(missing: Mapping[str, bool], whole: list[str], part: list[str]) -> None:
    """A test that returns at once is left out; one that returns later is run in part."""
    facts = {**EVERYTHING, **missing}

    assert left_out(CLOSED, facts) == (whole, [])
    assert left_out(STATES, facts) == ([], part)


@pytest.mark.parametrize(
    ("suite", "name", "expected"),
    [
        (Whole, "test_a_closed_case_takes_nothing_new", "kept"),
        (Knowing, "test_a_closed_case_takes_nothing_new", "not applicable (1)"),
        (Knowing, "test_it_goes_on_after_a_full_disk", "own form"),
        (Knowing, "test_a_cut_at_every_request", "kept"),
        (Local, "test_a_cut_at_every_request", "not applicable (1)"),
    ],
)
def test_cells(suite: type, name: str, expected: str) -> None:
    """Each cell says what becomes of the test, with the number of the reason."""
    assert cell_of(Suite(suite, "none"), name, Notes()) == expected


def test_suites_of_one_system_share_a_column() -> None:
    """Where they differ it is said which one does what; reasons stand once, below."""
    made = table(SystemContract, [Suite(Whole, "a"), Suite(Knowing, "a"), Suite(Local, "b")])
    (line,) = [each for each in made.splitlines() if in_words(CLOSED) in each]

    assert made.startswith("|  | a | b |")
    assert "| kept; not applicable (1) in knowing | kept |" in line
    assert made.count("\n1. ") == 1


def test_every_test_of_a_contract_is_a_row() -> None:
    """None is left out, and every row has words of its own."""
    tests = properties_of(SystemContract)
    words = {in_words(each) for each in tests.values()}

    assert set(tests) == {name for name in dir(SystemContract) if name.startswith("test_")}
    assert len(words) == len(tests)


def test_every_adapter_has_a_suite_and_a_page() -> None:
    """Each package of an adapter is held to the contract, and described."""
    root = PAGES.parents[1] / "connector"
    kinds = {
        file.parent.name
        for folder in ("journals", "sites")
        for file in (root / folder).glob("*/__init__.py")
    }
    found = {suite.kind for suite in sink_suites()}

    publishers = {"html", "plone", "sharepoint_pages"}  # of articles; they take no entries
    kinds -= publishers
    assert found == kinds
    assert {suite.kind for suite in register_suites()} == kinds - {"sharepoint"}
    assert [kind for kind in kinds if not page_of(kind).is_file()] == []
