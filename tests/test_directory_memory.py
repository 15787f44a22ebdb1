"""The directory that pages keep in memory is the one that the ledger holds."""

from __future__ import annotations

import msgspec

from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.directory import directory
from connector.ledger.people import keep_people
from connector.model import Person
from tests.making import policy

ANNA = Person(id="a", upn="Anna@Kommune.example", name="Anna Åge Holm")
BENT = Person(id="b", upn="bent@kommune.example", name="Bent Olsen")


def keep(ledger: Ledger, *people: Person) -> None:
    """The directory job saw these."""
    with ledger.write() as connection:
        batch = Batch(connection=connection, ledger=ledger, policy=policy(), now=ledger.now())
        keep_people(batch, people)


def test_it_follows_every_change(ledger: Ledger) -> None:
    """Who comes, is renamed or is removed is so on the next page; else nothing is read again."""
    keep(ledger, ANNA)
    with ledger.read() as connection:
        first = directory(connection)
        assert directory(connection) is first
    assert first.names == {"anna@kommune.example": "Anna Åge Holm"}
    assert first.words == ((("anna", "aage", "holm"), ANNA),)

    keep(ledger, msgspec.structs.replace(ANNA, name="Anna Dam"), BENT)
    with ledger.read() as connection:
        assert [each.name for each in directory(connection).people] == ["Anna Dam", "Bent Olsen"]

    keep(ledger, msgspec.structs.replace(BENT, is_removed=True))
    with ledger.read() as connection:
        last = directory(connection)
    assert [each.id for _, each in last.words] == ["a"]
    assert last.names["bent@kommune.example"] == "Bent Olsen"


def test_an_account_that_was_given_to_another(ledger: Ledger) -> None:
    """A user principal name leads to who has it now, not to who had it and left."""
    keep(ledger, ANNA)
    keep(ledger, msgspec.structs.replace(ANNA, is_removed=True))
    newcomer = Person(id="c", upn="anna@kommune.example", name="Anna Dam")
    keep(ledger, newcomer)
    with ledger.read() as connection:
        assert directory(connection).by_upn == {"anna@kommune.example": newcomer}
