"""One person under several names: merged with a reason, parted again; groups that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.identity import excluded_ids, unknown_groups
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import look_again
from connector.ledger.merging import (
    MOST_CALLS,
    Merge,
    Refusal,
    calls_with,
    find_person,
    merge,
    merges,
    names_of,
    resolved,
    same_persons,
    unmerge,
)
from connector.ledger.people import ONE_ACCOUNT, directory, keep_people
from connector.ledger.policy import Policy
from connector.ledger.tables import event, item, person_merge
from connector.ledger.take import take
from connector.model import LinkState, Page, Party, Person
from tests.conftest import Clock
from tests.making import add_cases, case, message, page, policy, sighting

BODIL = Person(id="u1", upn="bodil@ny.example", mail="Bodil.Bech@ny.example", name="Bodil Bech")
OLD = Person(id="u2", upn="BB@gammel.example", sip="sip:bb@gammel.example", phones=("+4520000011",))
OTHER = Person(id="u3", upn="vita@ny.example", phones=("+4520000012",))
SHARED = Person(id="u4", upn="team@ny.example", phones=("+4520000012",))


def batch_of(ledger: Ledger, connection: Any, rules: Policy | None = None) -> Batch:
    return Batch(ledger=ledger, connection=connection, policy=rules or policy(), now=ledger.now())


@pytest.fixture
def staffed(ledger: Ledger) -> Ledger:
    with ledger.write() as connection:
        keep_people(batch_of(ledger, connection), [BODIL, OLD, OTHER, SHARED])
    return ledger


def merged(ledger: Ledger, one: str, other: str) -> Refusal | None:
    with ledger.write() as connection:
        return merge(batch_of(ledger, connection), one, other, actor="vita", reason="new directory")


def parted(ledger: Ledger, one: str) -> Merge | Refusal:
    with ledger.write() as connection:
        return unmerge(batch_of(ledger, connection), one, actor="asger", reason="another Bodil")


def same(ledger: Ledger) -> Mapping[str, str]:
    with ledger.read() as connection:
        return same_persons(connection)


def names(ledger: Ledger) -> Mapping[str, frozenset[str]]:
    with ledger.read() as connection:
        return names_of(connection)


def test_merged(staffed: Ledger) -> None:
    """Both have all names, in lower case, and the merge has a reason, a name and a time."""
    assert merged(staffed, "u2", "u1") is None

    both = {"bodil@ny.example", "bodil.bech@ny.example", "bb@gammel.example"}
    assert same(staffed) == {"u2": "u1"}
    assert names(staffed)["u1"] == names(staffed)["u2"] == both
    assert names(staffed)["u3"] == {"vita@ny.example"}
    with staffed.read() as connection:
        (row,) = merges(connection)
        actions = connection.execute(sa.select(event.c.action, event.c.subject)).all()
    assert row == ("u2", "u1", "new directory", "vita", staffed.now())
    assert [tuple(each) for each in actions] == [("merged", "person u2")]


def test_parted(staffed: Ledger) -> None:
    """A merge that is over stays on record with who ended it and why."""
    merged(staffed, "u2", "u1")
    over = parted(staffed, "u2")

    assert not isinstance(over, Refusal)
    assert over.same_as == "u1"
    assert same(staffed) == {}
    assert names(staffed)["u2"] == {"bb@gammel.example"}
    with staffed.read() as connection:
        row = connection.execute(sa.select(person_merge)).one()
    assert (row.ended_by, row.ended_reason) == ("asger", "another Bodil")
    assert row.ended_at == staffed.now()
    assert merged(staffed, "u2", "u1") is None


def test_refused(staffed: Ledger) -> None:
    """No circle, no person under two others, no parting of what was never merged."""
    merged(staffed, "u2", "u1")
    merged(staffed, "u1", "u3")

    assert merged(staffed, "u1", "u1") is Refusal.SELF
    assert merged(staffed, "u3", "u2") is Refusal.SELF
    assert merged(staffed, "u2", "u4") is Refusal.TAKEN
    assert parted(staffed, "u3") is Refusal.SINGLE
    assert same(staffed) == {"u2": "u3", "u1": "u3"}


def test_middle_of_a_chain(staffed: Ledger) -> None:
    """Parted in the middle, each half stays whole."""
    merged(staffed, "u2", "u1")
    merged(staffed, "u1", "u3")
    parted(staffed, "u1")

    assert same(staffed) == {"u2": "u1"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef")))
def test_resolving_ends(direct: dict[str, str]) -> None:
    """Whatever stands in the table, everybody ends at one that goes by nobody else."""
    found = resolved(direct)

    assert not set(found.values()) & set(found)
    assert all(found.get(one, one) == found.get(other, other) for one, other in direct.items())


def test_names_of_earlier_years(staffed: Ledger, clock: Clock) -> None:
    """A domain that was left still counts as the person's."""
    clock.move(days=400)
    with staffed.write() as connection:
        new = Person(id="u2", upn="bodil.b@ny.example")
        keep_people(batch_of(staffed, connection), [new])

    assert names(staffed)["u2"] == {"bb@gammel.example", "bodil.b@ny.example"}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("u2", "u2"),
        ("bb@GAMMEL.example", "u2"),
        ("sip:bb@gammel.example", "u2"),
        ("bodil.bech@ny.example", "u1"),
        ("20 00 00 11", "u2"),
        ("+4520000012", None),  # two have it
        ("nobody@ny.example", None),
        ("", None),
    ],
)
def test_found_by(staffed: Ledger, key: str, found: str | None) -> None:
    """A person is found by every key; a key of two persons finds nobody."""
    with staffed.read() as connection:
        its = find_person(connection, key)

    assert (its.id if its else None) == found


def test_found_by_former_name(staffed: Ledger, clock: Clock) -> None:
    """A name from before is good enough, unless somebody else has it now."""
    clock.move(days=1)
    with staffed.write() as connection:
        new = [Person(id="u2", upn="x@ny.example"), Person(id="u5", upn="vita@ny.example")]
        keep_people(batch_of(staffed, connection), [*new, Person(id="u3", upn="y@ny.example")])
    with staffed.read() as connection:
        former = find_person(connection, "bb@gammel.example")
        taken_over = find_person(connection, "vita@ny.example")

    assert former is not None
    assert taken_over is not None
    assert (former.id, taken_over.id) == ("u2", "u5")


def test_calls_are_looked_at_again(staffed: Ledger) -> None:
    """A call that the caseworker took under another account is on the case after the merge."""
    add_cases(staffed, case(caseworker="bodil@ny.example"))
    take(staffed, [page(sighting(call={"callees": (Party(person="u2", role="to"),)}))], policy())
    before = policy(aliases=names(staffed))
    merged(staffed, "u2", "u1")
    after = policy(aliases=names(staffed))
    counts = []
    for rules in (before, after):
        with staffed.write() as connection:
            batch = batch_of(staffed, connection, rules)
            counts.append(look_again(batch, calls_with(batch, ["u2", "u1"]))[LinkState.LINKED])

    assert counts == [0, 1]


def test_calls_with(ledger: Ledger, clock: Clock) -> None:
    """Calls of these people alone, of the last months alone; an id is no pattern."""
    feed = [
        sighting("pstn", 0, call={"callees": (Party(person="u_1", role="to"),)}),
        sighting("pstn", 60, call={"callees": (Party(person="ux1", role="to"),)}),
        sighting("pstn", 120, call={"callees": (Party(person="u_11", role="to"),)}),
    ]
    take(ledger, [page(*feed)], policy())
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        query = sa.select(item.c.id).where(item.c.kind == "call").order_by(item.c.sent_at)
        ids = list(connection.execute(query).scalars())
        assert calls_with(batch, ["u_1"]) == ids[:1]
        assert calls_with(batch, ["u_1", "ux1"]) == [ids[1], ids[0]]
        # A whole directory at once: SQLite takes a thousand conditions and no more.
        many = ["u_1", *(f"n{place}" for place in range(2100)), "ux1"]
        assert calls_with(batch, many) == [ids[1], ids[0]]
    clock.move(days=91)
    with ledger.write() as connection:
        assert calls_with(batch_of(ledger, connection), ["u_1"]) == []
    assert MOST_CALLS >= 1000


STAFF = [
    Person(id="a", upn="Anna@x.example", department="Arbejdsmiljø"),
    Person(id="b", upn="bo@x.example", office="Rådhuset "),
    Person(id="c", upn="carl@x.example", department="Byg", office="Rådhuset"),
    Person(id="d"),
]


@pytest.mark.parametrize(
    ("users", "groups", "found"),
    [
        ((), (), ""),
        (("anna@X.example",), (), "a"),
        ((), ("ARBEJDSMILJØ",), "a"),
        ((), ("rådhuset",), "bc"),
        (("bo@x.example",), ("byg",), "bc"),
        (("",), ("",), ""),
        ((), ("Arbejds",), ""),
    ],
)
def test_excluded(users: tuple[str, ...], groups: tuple[str, ...], found: str) -> None:
    """Users by name and groups by department or office, in any case, whole names only."""
    assert excluded_ids(STAFF, users, groups) == frozenset(found)


def test_excluded_under_every_id() -> None:
    """Who is left out under one id is left out under all."""
    same = {"d": "a", "old": "a", "c": "b"}

    assert excluded_ids(STAFF, ["anna@x.example"], (), same) == {"a", "d", "old"}
    assert excluded_ids(STAFF, [], ["byg"], same) == {"b", "c"}


def test_excluded_group_keeps_no_words(ledger: Ledger) -> None:
    """What the group writes is not even kept."""
    rules = policy(excluded=excluded_ids(STAFF, (), ["arbejdsmiljø"]))
    take(ledger, [page(message("hemmeligt", sender="a"), message("hej", 1, sender="c"))], rules)
    with ledger.read() as connection:
        rows = connection.execute(sa.select(item.c.text).order_by(item.c.sent_at)).scalars()
        assert list(rows) == [None, "hej"]


def test_unknown_groups() -> None:
    """A group that nobody belongs to is told as it was written."""
    assert unknown_groups(STAFF, ["BYG", "Vej", "rådhuset", "Vej"]) == ["Vej"]


def test_moved_to_the_cloud(ledger: Ledger) -> None:
    """An account of Active Directory and the one made of it are one person, whichever comes first;
    what somebody took apart stays so.
    """
    guid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    other = guid[:-1] + "2"
    local = [Person(id=each, upn=f"p{each[-1]}@x.example", name="P") for each in (guid, other)]
    cloud = [msgspec.structs.replace(each, id=f"c{each.id[-1]}", account=each.id) for each in local]
    take(ledger, [staff_page(local[0], cloud[1])], policy())
    assert same(ledger) == {}

    take(ledger, [staff_page(cloud[0], local[1])], policy())
    assert same(ledger) == {guid: "c1", other: "c2"}
    assert [each.id for each in directory(ledger)] == ["c2", "c1"]
    with ledger.read() as connection:
        found = find_person(connection, "p1@x.example")
        assert {each.reason for each in merges(connection)} == {ONE_ACCOUNT}
    assert found is not None
    assert found.id == "c1"

    parted(ledger, guid)
    take(ledger, [staff_page(msgspec.structs.replace(cloud[0], name="Q"))], policy())
    assert same(ledger) == {other: "c2"}


def staff_page(*people: Person) -> Page:
    return Page(source="directory", part="users", people=people)
