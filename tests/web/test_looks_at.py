"""A look is found under the case that it was at, in a list too, and wherever things went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.events import event_row, record_one
from connector.ledger.looks import LOOKED
from connector.ledger.store import Ledger
from connector.ledger.tables import event, item, look
from tests.conftest import Clock
from tests.web import town
from tests.web.conftest import Client
from tests.web.test_looks import PAGE, listed
from tests.web.test_looks import shown as shown
from tests.web.test_todo import decide, fill, waiting

Clients = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("shown")


def voicemail(program: Program) -> int:
    """The one on Bodil's case."""
    with program.ledger.read() as connection:
        query = sa.select(item.c.id).where(
            item.c.kind == "voicemail", item.c.case_number == town.BODILS
        )
        return int(connection.execute(query).scalars().one())


def put(program: Program, root: int, number: str) -> None:
    (case,) = [each for each in town.cases() if each.number == number]
    town.put(program.ledger, program, root, case, "carl@nordvang.example")


def details(program: Program, subject: str) -> list[dict[str, Any]]:
    with program.ledger.read() as connection:
        query = sa.select(event.c.detail).where(
            event.c.action == LOOKED, event.c.subject == subject
        )
        return [msgspec.json.decode(each) for each in connection.execute(query).scalars()]


@pytest.mark.parametrize("path", ["/search", "/api/v1/search"])
def test_search_is_a_look(client: Clients, program: Program, path: str) -> None:
    """What a search showed of a case is found by the case: by its caseworker, who reads which
    items, and by the records manager; by nobody under another case.
    """
    found = client("bent").get(path, params={"case": town.BODILS})
    root = voicemail(program)
    (kept,) = details(program, "search")

    assert found.status_code == 200
    assert kept["items"][str(root)] == town.BODILS
    assert kept["case"] == town.BODILS
    page = client("bodil").get(PAGE).text
    assert "Bent Bro" in page
    assert "fundet i en søgning" in page
    assert str(root) in page
    rita = client("rita")
    assert "Bent Bro" in listed(rita, case=town.BODILS)
    assert f"{root} ({town.BODILS})" in listed(rita)
    assert "Bent Bro" not in listed(rita, case=town.CARLS)


def test_case_found_by_its_name(client: Clients, program: Program) -> None:
    """A search that names a case shows its title: that is a look at the case, too."""
    client("bent").get("/search", params={"q": "Boligstøtte"})

    assert town.BODILS in details(program, "search")[0]["cases"]
    assert "Bent Bro" in client("bodil").get(PAGE).text


@pytest.mark.parametrize("path", ["/todo", "/api/v1/todo"])
def test_list_of_what_waits(client: Clients, program: Program, path: str) -> None:
    """What was seen while it waited is found by the case that it was put on, and by no other."""
    fill(program, 1)
    (root,) = waiting(program)
    bodil, rita = client("bodil"), client("rita")
    bodil.get(path)

    assert details(program, "todo")[0]["items"] == {str(root): ""}
    assert "Bodil Bæk" not in listed(rita, case=town.BODILS)
    decide(bodil, program, root, do="choose", accept=town.BODILS)
    assert "Bodil Bæk" in listed(rita, case=town.BODILS)
    assert f"henvendelse {root}" in bodil.get(PAGE).text


def test_look_stays_where_it_was(client: Clients, program: Program) -> None:
    """What was looked at on a case is that case's look, also when the item is moved away."""
    root = voicemail(program)
    client("bent").get(f"/api/v1/items/{root}")
    put(program, root, town.CARLS)
    bodil, carl = client("bodil").get(PAGE).text, client("carl")

    assert f"henvendelse {root}" in bodil
    assert "Bent Bro" in bodil
    assert "Bent Bro" not in carl.get(f"/cases/{town.CARLS}/looks").text
    client("rita").get(f"/api/v1/items/{root}")
    assert "Rita Riis" in carl.get(f"/cases/{town.CARLS}/looks").text
    assert "Rita Riis" not in client("bodil").get(PAGE).text


def test_number_of_a_restricted_case_in_a_list(client: Clients, program: Program) -> None:
    """Where an item was on a case that the reader may not see, its number is withheld."""
    put(program, voicemail(program), town.SECRET)
    client("carl").get("/search", params={"case": town.SECRET})
    rita = client("rita")

    assert town.SECRET in str(details(program, "search")[0])
    assert f"{voicemail_anywhere(program)} (•••)" in listed(rita)
    assert town.SECRET not in listed(rita)


def voicemail_anywhere(program: Program) -> int:
    with program.ledger.read() as connection:
        query = sa.select(item.c.id).where(item.c.case_number == town.SECRET)
        return max(connection.execute(query).scalars())


def test_no_cpr_in_the_look(client: Clients, program: Program) -> None:
    """A CPR number in the field of the case is not kept."""
    client("bent").post("/search", data={"case": "010190-1234"})

    assert "010190" not in str(details(program, "search"))


def test_past_is_brought_along(client: Clients, program: Program, clock: Clock) -> None:
    """The looks of a ledger from before are found where the items were then."""
    fill(program, 1)
    (waits,) = waiting(program)
    root = voicemail(program)
    bent = client("bent")
    bent.get(f"/cases/{town.BODILS}")
    bent.get(f"/api/v1/items/{root}")
    kept = rows(program.ledger)
    clock.move(minutes=1)
    put(program, root, town.CARLS)
    with program.ledger.write() as connection:
        old = record_one(connection, event_row(7, "bodil@", LOOKED, "todo", items=[waits]))
        connection.exec_driver_sql("DROP TABLE look")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0006'")
    from connector.ledger.migrations import upgrade

    upgrade(program.ledger)

    assert rows(program.ledger) == [*kept, (f"item {waits}", 7, old)]
    assert [what for what, _, _ in kept] == [f"case {town.BODILS}"] * 2


def rows(ledger: Ledger) -> list[tuple[str, int, int]]:
    with ledger.read() as connection:
        return sorted(tuple(row) for row in connection.execute(sa.select(look)))
