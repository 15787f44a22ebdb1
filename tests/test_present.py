"""Who is free now: the present state in words, how old it is, and nobody's history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.merging import merge
from connector.ledger.people import keep_people, keep_presences
from connector.ledger.present import (
    OLD_S,
    OLDEST_S,
    Present,
    State,
    colleague_now,
    free_caseworker,
    old_after_s,
    unit_now,
    units,
)
from connector.ledger.tables import presence
from connector.model import Case, Person, Presence
from tests.conftest import Clock
from tests.making import policy

TEAM = "Børn og Unge"


def someone(number: int, name: str, unit: str = TEAM, **changes: Any) -> Person:
    upn = f"{name.split()[0].lower()}@kommune.example"
    phones = (f"+45200000{number:02}",)
    values = {"id": f"u{number}", "upn": upn, "name": name, "department": unit, "phones": phones}
    return Person(**(values | changes))


def state(person: str, availability: str, at: datetime, **changes: Any) -> Presence:
    values = {"person": person, "availability": availability, "activity": availability}
    return Presence(observed_at=at, **(values | changes))


class Town:
    """A ledger with people and states, and what is then told of a unit."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger = ledger
        self.clock = clock

    def people(self, *people: Person) -> None:
        with self.ledger.write() as connection:
            keep_people(self._batch(connection), people)

    def seen(self, *states: Presence) -> None:
        with self.ledger.write() as connection:
            keep_presences(self._batch(connection), states)

    def merged(self, one: str, other: str) -> None:
        with self.ledger.write() as connection:
            assert (
                merge(self._batch(connection), one, other, actor="vita", reason="new account")
                is None
            )

    def now(self, unit: str = TEAM) -> tuple[Present, ...]:
        with self.ledger.read() as connection:
            return unit_now(connection, unit, self.ledger.now())

    def caseworker(self, name: str) -> Present | None:
        with self.ledger.read() as connection:
            case = Case(number="27.18.02-P25-14-26", caseworker=name)
            return free_caseworker(connection, case, self.ledger.now())

    def _batch(self, connection: Connection) -> Batch:
        now = self.ledger.now()
        return Batch(ledger=self.ledger, connection=connection, policy=policy(), now=now)


@pytest.fixture
def town(ledger: Ledger, clock: Clock) -> Town:
    made = Town(ledger, clock)
    made.people(
        someone(1, "Anne Alm"),
        someone(2, "Bo Bech"),
        someone(3, "Ditte Dam"),
        someone(4, "Erik Eg"),
        someone(9, "Ole Old", "Teknik"),
    )
    return made


def test_free_first(town: Town, clock: Clock) -> None:
    """Those who are free stand first, then by how they can be reached, then by name."""
    town.seen(
        state("u1", "Offline", clock()),
        state("u2", "Available", clock()),
        state("u3", "Busy", clock(), activity="InACall"),
        state("u4", "Available", clock(), is_out_of_office=True),
        state("u9", "Available", clock()),
    )

    told = [(each.name, each.state, each.is_free) for each in town.now()]

    assert told == [
        ("Bo Bech", State.FREE, True),
        ("Erik Eg", State.FREE, False),
        ("Ditte Dam", State.BUSY, False),
        ("Anne Alm", State.OFFLINE, False),
    ]


def test_activity_adds_to_the_state(town: Town, clock: Clock) -> None:
    """An activity that only repeats the state, or that nobody knows yet, is left out."""
    town.seen(
        state("u1", "Busy", clock(), activity="InACall"),
        state("u2", "Busy", clock(), activity="Busy"),
        state("u3", "Busy", clock(), activity="JugglingTorches"),
    )

    assert {each.person: each.activity for each in town.now()} == {
        "u1": "inacall",
        "u2": "",
        "u3": "",
        "u4": "",
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Available", State.FREE),
        ("available", State.FREE),
        ("AvailableIdle", State.AWAY),
        ("BusyIdle", State.BUSY),
        ("inAMeeting", State.BUSY),
        ("DoNotDisturb", State.DO_NOT_DISTURB),
        ("BeRightBack", State.AWAY),
        ("PresenceUnknown", State.UNKNOWN),
        ("SomethingNew", State.UNKNOWN),
    ],
)
def test_words_of_the_source(town: Town, clock: Clock, said: str, expected: State) -> None:
    """What the source says in either spelling is one of ours; a word that is new is unknown."""
    town.seen(state("u1", said, clock()))

    assert next(each.state for each in town.now() if each.person == "u1") is expected


def test_old_state_says_nothing(town: Town, clock: Clock) -> None:
    """A state that has not been read for a while is unknown; that somebody is away stays told."""
    town.seen(
        state("u1", "Available", clock(), message="Ring bare"),
        state("u2", "Available", clock(), is_out_of_office=True),
    )
    clock.move(seconds=OLD_S)
    assert town.now()[0].state is State.FREE

    clock.move(seconds=1)

    told = {each.person: each for each in town.now()}
    assert (told["u1"].state, told["u1"].is_old, told["u1"].message) == (State.UNKNOWN, True, "")
    assert told["u1"].observed_at == town.ledger.now() - (OLD_S + 1) * 1000
    assert told["u2"].is_out_of_office
    assert not told["u1"].is_free


def test_never_looked(town: Town) -> None:
    """Somebody whose state was never read is listed, unknown and not old."""
    assert {(each.state, each.observed_at, each.is_old) for each in town.now()} == {
        (State.UNKNOWN, None, False)
    }


@pytest.mark.parametrize(
    ("interval_s", "expected"), [(60, OLD_S), (600, 1260), (3600, OLDEST_S), (0, OLD_S)]
)
def test_old_by_schedule(interval_s: int, expected: int) -> None:
    """A state is old when two readings were missed, and after half an hour whatever happens."""
    assert old_after_s(interval_s) == expected


def test_closed_accounts_are_not_shown(town: Town, clock: Clock) -> None:
    """Somebody who left, or whose account is closed, is in no unit."""
    town.people(
        someone(1, "Anne Alm", is_removed=True),
        someone(2, "Bo Bech", is_enabled=False),
        someone(9, "Ole Old", "Teknik", is_removed=True),
    )

    assert [each.person for each in town.now()] == ["u3", "u4"]
    with town.ledger.read() as connection:
        assert units(connection) == [TEAM]


def test_units_are_whole_names(town: Town) -> None:
    """A unit's list holds those whose unit it is, however its name is written or contained."""
    town.people(
        someone(10, "Ida Is", f"{TEAM} Nord"),
        someone(11, "Jo Juhl", '100 % "fart"_\\'),
        someone(12, "Kim Krog", "TEKNIK"),
    )

    assert [each.person for each in town.now(f"{TEAM} Nord")] == ["u10"]
    assert [each.person for each in town.now('100 % "fart"_\\')] == ["u11"]
    assert [each.person for each in town.now()] == ["u1", "u2", "u3", "u4"]
    assert [each.person for each in town.now("Teknik")] == ["u9"]
    assert town.now("%") == ()


def test_one_person_with_two_entries(town: Town, clock: Clock) -> None:
    """Two directory entries of one person are one line, with the newest state of either."""
    town.people(someone(5, "Anne Alm", upn="aa@gammel.example"))
    town.merged("u5", "u1")
    town.seen(
        state("u1", "Offline", clock() - timedelta(minutes=1)), state("u5", "Available", clock())
    )

    told = [each for each in town.now() if each.name == "Anne Alm"]

    assert [(each.person, each.state) for each in told] == [("u1", State.FREE)]


def test_telephones_that_can_be_called(town: Town) -> None:
    """Whole numbers are told in E.164, however the directory writes them; others are not."""
    written = ("+45 20 00 00 01", "4711", "+45 20", "+4520000001", "20 00 00 02", "(0045) 20000003")
    town.people(someone(1, "Anne Alm", phones=written))

    told = next(each for each in town.now() if each.person == "u1")
    assert told.phones == ("+4520000001", "+4520000002", "+4520000003")


def test_caseworker(town: Town, clock: Clock) -> None:
    """A case's caseworker is found by any name they have or had, in any case."""
    town.people(someone(2, "Bo Bech", upn="bo.bech@ny.example"))
    town.seen(state("u2", "Available", clock()))

    for name in ("bo@kommune.example", "BO.BECH@ny.example"):
        told = town.caseworker(name)
        assert told is not None
        assert (told.person, told.is_free) == ("u2", True)


def test_caseworker_of_odd_name(town: Town) -> None:
    """Signs that a database's search has a use of its own for are found as they are written."""
    town.people(someone(7, "Ib Is", upn="i_b/is%@Kommune.example"))
    told = town.caseworker("I_B/Is%@kommune.example")
    assert told is not None
    assert told.person == "u7"


@pytest.mark.parametrize("name", ["", "nobody@kommune.example", "%", "bo", "u2"])
def test_no_such_caseworker(town: Town, name: str) -> None:
    """A caseworker whom the directory does not have is nobody, and not somebody alike."""
    assert town.caseworker(name) is None


def test_name_of_two(town: Town) -> None:
    """A name that passed from one to another tells of neither; a closed account of nobody."""
    town.people(someone(6, "Bo Beck", upn="bo@kommune.example"))
    assert town.caseworker("bo@kommune.example") is None

    town.people(someone(1, "Anne Alm", is_enabled=False))
    assert town.caseworker("anne@kommune.example") is None


def test_merged_caseworker(town: Town, clock: Clock) -> None:
    """A caseworker under an old entry's name is the person whom the entry goes by."""
    town.people(someone(5, "Anne Alm", upn="aa@gammel.example"))
    town.merged("u5", "u1")
    town.seen(state("u5", "Available", clock()))

    told = town.caseworker("aa@gammel.example")

    assert told is not None
    assert (told.person, told.upn, told.state) == ("u1", "anne@kommune.example", State.FREE)


@pytest.mark.parametrize("name", ["u1", "u5", "anne@kommune.example", "AA@gammel.example"])
def test_colleague(town: Town, clock: Clock, name: str) -> None:
    """A colleague is found by directory id or address, old ones too."""
    town.people(someone(5, "Anne Alm", upn="aa@gammel.example"))
    town.merged("u5", "u1")
    town.seen(state("u1", "Busy", clock()))

    with town.ledger.read() as connection:
        told = colleague_now(connection, name, town.ledger.now())

    assert told is not None
    assert (told.person, told.state) == ("u1", State.BUSY)


@pytest.mark.parametrize("name", ["", "u", "u99", "%", "nobody@kommune.example"])
def test_no_such_colleague(town: Town, name: str) -> None:
    """Nobody is found by a part of a name or id."""
    with town.ledger.read() as connection:
        assert colleague_now(connection, name, town.ledger.now()) is None


def test_no_history(town: Town, clock: Clock) -> None:
    """However often a state changes, the ledger has one row for a person."""
    for said in ("Available", "Busy", "Offline"):
        clock.move(minutes=1)
        town.seen(state("u1", said, clock()))

    with town.ledger.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(presence)).scalar() == 1
