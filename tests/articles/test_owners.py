"""Who answers for an article today."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.articles.owners import Owner, Owners, owners_of
from connector.ledger import Ledger, open_ledger
from connector.ledger.batch import Batch
from connector.ledger.merging import merge
from connector.ledger.people import keep_people
from tests.articles.writing import person
from tests.making import policy

HANNE = "hanne.holm@kommunen.example"


@contextmanager
def batch(ledger: Ledger) -> Iterator[Batch]:
    with ledger.write() as connection:
        yield Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())


def test_no_directory() -> None:
    """Where no directory is read, nobody has left, and the name is the address."""
    found = Owners().owner(HANNE)

    assert found == Owner(upn=HANNE, state="unknown", name=HANNE, mail=HANNE)
    assert Owners().is_here(HANNE)


def test_here_whatever_the_case() -> None:
    """The owner is found however the name is cased, with the mail address of the directory."""
    people = Owners([person(HANNE, mail="hho@kommunen.example", name="Hanne Holm")])
    found = people.owner("Hanne.Holm@KOMMUNEN.example")

    assert (found.state, found.name, found.mail) == ("here", "Hanne Holm", "hho@kommunen.example")


def test_left() -> None:
    """Removed, switched off and never there are all "left"; the name is kept where it is known."""
    people = Owners(
        [
            person(HANNE, is_removed=True, name="Hanne Holm"),
            person("ole.bech@kommunen.example", is_enabled=False),
        ]
    )

    assert people.owner(HANNE) == Owner(upn=HANNE, state="left", name="Hanne Holm")
    assert not people.is_here("ole.bech@kommunen.example")
    assert not people.is_here("ukendt@kommunen.example")
    assert people.name("ukendt@kommunen.example") == "ukendt@kommunen.example"


def test_name_given_to_another() -> None:
    """A name that one person left behind is of the one who has it now."""
    old = person(HANNE, id="a", is_removed=True, name="Hanne Holm")
    new = person(HANNE, id="b", name="Hanne Højer")

    assert Owners([old, new]).name(HANNE) == "Hanne Højer"
    assert Owners([new, old]).name(HANNE) == "Hanne Højer"


def test_name_that_another_had_before() -> None:
    """A name goes to who has it now, though somebody who is still here had it earlier."""
    had, has = person("ny@kommunen.example", id="a", name="A"), person(HANNE, id="b", name="B")
    names = {"a": {HANNE, "ny@kommunen.example"}, "b": {HANNE}}

    assert Owners([had, has], names).name(HANNE) == "B"
    assert Owners([had], names).name(HANNE) == "A"


def test_new_name_and_new_domain(ledger_url: str) -> None:
    """Who changed name, or was merged with a new account, is still the owner under the old name."""
    ledger = open_ledger(ledger_url)
    with batch(ledger) as its:
        keep_people(its, [person("anna.aa@gammel.example", id="a")])
        keep_people(its, [person("bo.bb@gammel.example", id="b")])
    with batch(ledger) as its:
        keep_people(its, [person("anna.ny@gammel.example", id="a", name="Anna Ny")])
        keep_people(its, [person("bo.bb@ny.example", id="c", name="Bo Bech")])
        keep_people(its, [person("bo.bb@gammel.example", id="b", is_removed=True)])
        merge(its, "b", "c", actor="test", reason="new domain")
    people = owners_of(ledger)

    assert people.owner("anna.aa@gammel.example").name == "Anna Ny"
    assert people.owner("bo.bb@gammel.example").mail == "bo.bb@ny.example"
    ledger.close()
