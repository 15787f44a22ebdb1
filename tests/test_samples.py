"""A random control can be drawn again by anybody, and says no more than its size lets it."""

from __future__ import annotations

import hashlib
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger import Ledger
from connector.ledger.access import Role, Viewer
from connector.ledger.days import Period
from connector.ledger.figures import EVERYTHING, Scope
from connector.ledger.samples import (
    Changed,
    Judged,
    draw,
    judge,
    judged,
    keep,
    lowest,
    sample_of,
    samples,
    shares,
    wilson,
)
from connector.ledger.tables import event
from connector.ledger.take import take
from tests.making import CASE, add_cases, case, message, page, policy
from tests.test_deliveries import FakeSink, send
from tests.test_figures import SECRET, decide

ZONE = ZoneInfo("Europe/Copenhagen")
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
MANAGER = Viewer(name="Rita", upn="rita@kommune.example", roles=frozenset({Role.RECORDS_MANAGER}))
YES = {"case": "yes", "complete": "yes", "readable": "yes"}


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """Nine journaled messages on a case, one on a restricted one, one on none."""
    add_cases(ledger, case(), case(SECRET, access="restricted", parties=()))
    chats = [message(f"Om {CASE}", n, thread=f"19:{n}@thread.v2") for n in range(10)]
    take(ledger, [page(*chats, message("Frokost", 20, thread="19:x@thread.v2"))], policy())
    decide(ledger, 10, SECRET)
    send(ledger, FakeSink())
    return ledger


def drawn(ledger: Ledger, size: int = 4, seed: str = "1234", scope: Scope = EVERYTHING) -> int:
    with ledger.read() as connection:
        made = draw(connection, ZONE, {}, MANAGER, WEEK, scope, size=size, seed=seed)
    with ledger.write() as connection:
        return keep(connection, made, actor=MANAGER.actor, now=ledger.now())


def rows(ledger: Ledger, number: int) -> list[Judged]:
    with ledger.read() as connection:
        return judged(connection, number, MANAGER)


def test_drawn_again(told: Ledger) -> None:
    """The same seed draws the same items in the same order, another seed others."""
    again = [[each.root for each in rows(told, drawn(told))] for _ in range(2)]
    other = [each.root for each in rows(told, drawn(told, seed="other"))]

    assert again[0] == again[1]
    assert again[0] != other
    assert len(set(again[0])) == 4


def test_can_be_worked_out(told: Ledger) -> None:
    """Who doubts a sample works it out: the smallest SHA-256 of "seed:item" of all that fit."""
    by_hand = sorted(range(1, 10), key=lambda n: hashlib.sha256(f"s:{n}".encode()).hexdigest())

    assert by_hand[:5] == [each.root for each in rows(told, drawn(told, size=5, seed="s"))]


@given(st.sets(st.integers(1, 10**9), max_size=40), st.integers(0, 50), st.text(max_size=8))
def test_more_does_not_reorder(roots: set[int], size: int, seed: str) -> None:
    """A larger sample begins with the smaller one, however the items are ordered."""
    every = lowest(roots, seed, len(roots))

    assert every[:size] == lowest(sorted(roots, reverse=True), seed, size)


def test_population(told: Ledger) -> None:
    """What it was drawn from is kept, and how many were left out because they are restricted."""
    number = drawn(told, size=100)
    with told.read() as connection:
        kept = sample_of(connection, number)
        assert sample_of(connection, number + 1) is None
        assert [number] == [each.id for each in samples(connection)]

    assert kept is not None
    assert (kept.size, kept.drawn.population, kept.drawn.hidden, kept.judged) == (9, 9, 1, 0)
    assert (kept.drawn.first, kept.drawn.last) == ("2026-11-16", "2026-11-22")
    assert (MANAGER.actor, "1234") == (kept.actor, kept.seed)


def test_nothing_fits(told: Ledger) -> None:
    """A sample of nothing is empty, and kept as such."""
    assert rows(told, drawn(told, scope=Scope(kind="voicemail"))) == []


@pytest.mark.parametrize(("size", "seed"), [(0, "s"), (1001, "s"), (3, "")])
def test_size_and_seed(told: Ledger, size: int, seed: str) -> None:
    """A sample has from 1 to 1,000 items, and a seed."""
    with pytest.raises(ValueError, match="size"):
        drawn(told, size=size, seed=seed)


def says(
    ledger: Ledger, number: int, position: int, seen_at: int | None = None, **answers: str
) -> None:
    with ledger.write() as connection:
        judge(connection, number, position, answers=YES | answers, comment="set",
              seen_at=seen_at, actor="rita", now=ledger.now())  # fmt: skip


def test_verdict(told: Ledger) -> None:
    """A verdict is kept with who gave it and when; the record of events keeps every one."""
    number = drawn(told)
    says(told, number, 2)
    says(told, number, 2, told.now(), case="no")
    second = rows(told, number)[1]
    with told.read() as connection:
        kept = sample_of(connection, number)
        events = connection.execute(sa.select(event.c.detail).where(event.c.action == "judged"))
        told_of = list(events.scalars())

    assert ("rita", told.now(), "set") == (second.actor, second.at, second.comment)
    assert second.answers == YES | {"case": "no"}
    assert kept is not None
    assert kept.judged == 1
    assert ['"case":"yes"' in told_of[0], '"case":"no"' in told_of[1]] == [True, True]
    assert not any("set" in each for each in told_of)


def test_two_judge(told: Ledger) -> None:
    """The second of two who judge the same item is told, and nothing is overwritten."""
    number = drawn(told)
    says(told, number, 1)
    with pytest.raises(Changed):
        says(told, number, 1, case="no")

    assert rows(told, number)[0].answers == YES


def test_no_such_answer(told: Ledger) -> None:
    """Another answer than yes, no and unsure, or another item than the sample's, is refused."""
    number = drawn(told)
    with pytest.raises(ValueError, match="answers"):
        says(told, number, 1, case="maybe")
    with pytest.raises(KeyError):
        says(told, number, 5)


def test_shares(told: Ledger) -> None:
    """The result counts those judged: what somebody is unsure of is not right."""
    number = drawn(told)
    for position, answer in enumerate(("yes", "no", "unsure"), 1):
        says(told, number, position, complete=answer)
    found = {each.question: (each.right, each.judged) for each in shares(rows(told, number))}

    assert found == {"case": (3, 3), "complete": (1, 3), "readable": (3, 3), "": (1, 3)}


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson(right: int, count: int, low: float, high: float) -> None:
    """The interval is the published one (81 of 263: Newcombe 1998, method 3), and says nothing
    about nothing.
    """
    found = wilson(right, count)

    assert (low, high) == (round(found[0], 4), round(found[1], 4))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share(counts: tuple[int, int]) -> None:
    """The share itself lies in its interval, which stays between 0 and 1."""
    right, count = counts
    low, high = wilson(right, count)

    assert 0 <= low <= right / count + 1e-12
    assert right / count - 1e-12 <= high <= 1
