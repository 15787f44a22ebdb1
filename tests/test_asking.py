"""A register that cannot list its cases is asked for the numbers that people mention.

A number is asked for in each spelling that a register may use (the year in two digits and in four);
`asked` counts the one that these registers use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa

from connector.errors import Rejected, Unavailable
from connector.jobs import refresh as module
from connector.jobs.refresh import refresh
from connector.ledger import Ledger
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.model import Case
from tests.conftest import Clock
from tests.making import CASE, OTHER_CASE, case, message, page, policy


class AskRegister:
    """Answers for one number at a time; `errors` are raised for theirs."""

    name = "esdh"
    can_list = False

    def __init__(self, *cases: Case) -> None:
        self.cases = {each.number: each for each in cases}
        self.asked: Counter[str] = Counter()
        self.errors: dict[str, Exception] = {}

    def check(self) -> list[object]:
        return []

    def lookup(self, number: str) -> Case | None:
        self.asked[number] += 1
        if number in self.errors:
            raise self.errors[number]
        return self.cases.get(number)

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        raise AssertionError("it cannot list")


def states(ledger: Ledger) -> list[tuple[str, str | None]]:
    with ledger.read() as connection:
        query = sa.select(item.c.state, item.c.case_number).order_by(item.c.sent_at)
        return [(row[0], row[1]) for row in connection.execute(query)]


def say(ledger: Ledger, *numbers: str, minute: float = 0) -> None:
    messages = [
        message(f"Om sag {number}", minute + place, thread=f"{minute}-{number}")
        for place, number in enumerate(numbers)
    ]
    take(ledger, [page(*messages)], policy())


def asked(register: AskRegister) -> dict[str, int]:
    return {number: count for number, count in register.asked.items() if len(number) == len(CASE)}


def test_a_number_is_asked_for_and_links(ledger: Ledger) -> None:
    """A mentioned case that the register has links its item; one it has not stays alone."""
    say(ledger, CASE, OTHER_CASE)
    register = AskRegister(case())

    result = refresh(ledger, register, policy())

    assert (result.read, result.linked) == (1, 1)
    assert asked(register) == {CASE: 1, OTHER_CASE: 1}
    assert states(ledger) == [("linked", CASE), ("unlinked", None)]


def test_a_number_is_not_asked_twice(ledger: Ledger) -> None:
    """An answer is good for a while, a no as well."""
    say(ledger, CASE, OTHER_CASE)
    register = AskRegister(case())
    refresh(ledger, register, policy())
    say(ledger, CASE, minute=30)
    refresh(ledger, register, policy())

    assert asked(register) == {CASE: 1, OTHER_CASE: 1}
    assert states(ledger)[-1] == ("linked", CASE)


def test_a_case_that_closes_is_noticed(ledger: Ledger, clock: Clock) -> None:
    """A known case is asked for again after half a day, an unknown one after a day."""
    say(ledger, CASE, OTHER_CASE)
    register = AskRegister(case())
    refresh(ledger, register, policy())
    clock.move(hours=13)
    register.cases[CASE] = case(is_open=False)
    register.cases[OTHER_CASE] = case(OTHER_CASE)
    result = refresh(ledger, register, policy())

    assert asked(register) == {CASE: 2, OTHER_CASE: 1}
    assert result.changed == 1

    clock.move(hours=12)
    refresh(ledger, register, policy())
    assert asked(register) == {CASE: 3, OTHER_CASE: 2}
    assert ("linked", OTHER_CASE) in states(ledger)


def test_old_numbers_are_left_alone(ledger: Ledger, clock: Clock) -> None:
    """What nobody mentioned for two months is asked for no more."""
    say(ledger, CASE)
    register = AskRegister(case())
    refresh(ledger, register, policy())
    clock.move(days=61)
    refresh(ledger, register, policy())

    assert asked(register) == {CASE: 1}


def test_an_outage_keeps_what_was_answered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The register goes away in the middle: answers before it are kept, the rest is asked next."""
    monkeypatch.setattr(module, "_ASKED", 3)
    numbers = [f"27.45.04-P19-{number}-24" for number in range(11, 18)]
    say(ledger, *numbers)
    register = AskRegister(*[case(number) for number in numbers])
    register.errors[numbers[4]] = Unavailable("away", system="esdh")

    with pytest.raises(Unavailable):
        refresh(ledger, register, policy())
    assert sum(state == "linked" for state, _ in states(ledger)) == 4

    register.errors.clear()
    refresh(ledger, register, policy())
    assert [state for state, _ in states(ledger)] == ["linked"] * 7
    assert max(register.asked[number] for number in numbers if number != numbers[4]) == 1


def test_a_refused_number_holds_nobody_up(ledger: Ledger) -> None:
    """A number that exists twice is told, and the others are asked for."""
    say(ledger, CASE, OTHER_CASE)
    register = AskRegister(case(), case(OTHER_CASE))
    register.errors[CASE] = Rejected("two organisations have it", field="case_number")

    result = refresh(ledger, register, policy())

    assert result.problems == ["two organisations have it"]
    assert states(ledger) == [("unlinked", None), ("linked", OTHER_CASE)]


def test_one_run_has_an_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of numbers is asked for over several runs."""
    monkeypatch.setattr(module, "_ASKED", 2)
    monkeypatch.setattr(module, "MOST_ASKED", 4)
    say(ledger, *[f"27.45.04-P19-{number}-24" for number in range(11, 18)])
    register = AskRegister()
    counts: Sequence[int] = []
    for _ in range(5):
        refresh(ledger, register, policy())
        counts = [*counts, sum(register.asked.values())]

    assert counts == [4, 8, 12, 14, 14]
