"""Calls by KLE subject and day: those from outside, on cases open to their unit, each once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.ledger import Ledger
from connector.ledger.days import Period
from connector.ledger.subject_calls import SubjectCalls, first_day, subject_calls, subject_of
from connector.ledger.take import take
from connector.model import Case, CaseParty, Direction, Leg, Page, Party
from tests.making import NOON, add_cases, policy, sighting

ZONE = ZoneInfo("Europe/Copenhagen")
CITIZEN = "+4537500001"
NUMBER = "27.18.02-P25-14-26"
WEDNESDAY = date(2026, 11, 18)


def a_case(**changes: Any) -> Case:
    values: dict[str, Any] = {"number": NUMBER, "title": "Boligstøtte", "kle_subject": "27.18.02"}
    values["caseworker"] = "bodil@kommune.example"
    return Case(**values | {"parties": (CaseParty(phone=CITIZEN),)} | changes)


def call_at(minute: float, **call: Any) -> Any:
    return sighting(minute=minute, call={"caller": Party(phone=CITIZEN, role="from")} | call)


def leg(role: str, who: Party, start: int, end: int, minute: float) -> Leg:
    at = NOON + timedelta(minutes=minute)
    return Leg(
        role=role, who=who, started_at=at + timedelta(seconds=start),
        ended_at=at + timedelta(seconds=end), is_answered=True,
    )  # fmt: skip


def counted(ledger: Ledger, *items: Any, case: Case | None = None, **period: date) -> Any:
    add_cases(ledger, case or a_case())
    page = Page(source="call_records", part="p", cursor="1", items=items)
    take(ledger, [page], policy())
    first, last = period.get("first", WEDNESDAY), period.get("last", WEDNESDAY)
    with ledger.read() as connection:
        return subject_calls(connection, ZONE, Period(first, last))


def test_counts(ledger: Ledger) -> None:
    """Answered and missed calls, how long they waited in queues, which were passed on."""
    minute = 60
    legs = (
        leg("queue", Party(name="Kø: Borgerservice"), 0, 40, minute),
        leg("user", Party(person="u1"), 40, 90, minute),
        leg("user", Party(person="u2"), 90, 180, minute),
    )
    found = counted(ledger, call_at(0), call_at(minute, legs=legs), call_at(120, is_answered=False))

    assert found == [
        SubjectCalls(subject="27.18.02", day=WEDNESDAY, answered=2, missed=1, moved=1, waited_s=40)
    ]
    assert found[0].calls == 3


@pytest.mark.parametrize("direction", [Direction.OUTBOUND, Direction.INTERNAL])
def test_only_from_outside(ledger: Ledger, direction: Direction) -> None:
    """Calls that we make, or make to each other, are nobody's question."""
    assert counted(ledger, call_at(0, direction=direction)) == []


def test_restricted(ledger: Ledger) -> None:
    """The calls on a case that was restricted since are not counted at all."""
    assert len(counted(ledger, call_at(0))) == 1
    add_cases(ledger, a_case(access="restricted"))

    assert counted(ledger, case=a_case(access="restricted")) == []


def test_case_without_subject(ledger: Ledger) -> None:
    """The subject is that of the case's number when the register does not tell one."""
    (found,) = counted(ledger, call_at(0), case=a_case(kle_subject=""))

    assert found.subject == "27.18.02"


@pytest.mark.parametrize(
    ("number", "subject"),
    [("27.18-G01-1-26", "27.18"), ("2026-12345", ""), ("S2026.18", ""), ("27.18.02.1-G01-1", "")],
)
def test_subject_of_a_number(number: str, subject: str) -> None:
    """Only a number that begins with a KLE number tells a subject."""
    assert subject_of(Case(number=number)) == subject


def test_first_day(ledger: Ledger) -> None:
    """The first day with a call that is known, whatever it was about."""
    with ledger.read() as connection:
        assert first_day(connection, ZONE) is None
    counted(ledger, call_at(0, direction=Direction.OUTBOUND), call_at(1500))
    with ledger.read() as connection:
        assert first_day(connection, ZONE) == WEDNESDAY


def test_local_days(ledger: Ledger) -> None:
    """A call at half past midnight in Denmark is of the new day."""
    found = counted(ledger, call_at(690), call_at(750), last=date(2026, 11, 19))

    assert [(each.day, each.calls) for each in found] == [
        (WEDNESDAY, 1), (date(2026, 11, 19), 1),
    ]  # fmt: skip


def test_call_that_changed(ledger: Ledger) -> None:
    """A call that a later sighting tells more of is one call, as it is known now."""
    first = call_at(0)
    later = sighting("pstn", minute=0, call={
        "caller": Party(phone=CITIZEN, role="from"),
        "legs": (leg("queue", Party(name="Kø"), 0, 25, 0),),
    })  # fmt: skip
    (found,) = counted(ledger, first, later)

    assert (found.answered, found.waited_s) == (1, 25)
