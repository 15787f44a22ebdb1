"""Attacks on who sees what: side ways to content, cases and times that are another's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from connector.bootstrap import Program
from connector.ledger.batch import Batch
from connector.ledger.notes import keep_note
from connector.ledger.register import case_numbered
from connector.ledger.samples import QUESTIONS
from connector.ledger.tables import at, item, sample_item
from connector.web.app import ROUTERS
from connector.web.pages.todo import _current
from connector.web.site import EXPORTS_PER_MIN, Site
from connector.web.who import viewer_of
from tests.web import town
from tests.web.conftest import Client
from tests.web.test_records import drawn, root_of, send

Clients = Callable[..., Client]
YES = dict.fromkeys(QUESTIONS, "yes")


def move(program: Program, root: int, number: str) -> None:
    """Somebody puts it on this case."""
    with program.ledger.read() as connection:
        case = case_numbered(connection, number)
    assert case is not None
    town.put(program.ledger, program, root, case, "carl@nordvang.example")


def noted(program: Program, root: int, text: str) -> None:
    """Carl writes a note about it."""
    ledger = program.ledger
    with ledger.write() as connection:
        batch = Batch(
            ledger=ledger, connection=connection, policy=program.policy(), now=ledger.now()
        )
        keep_note(batch, root, text, actor="carl@nordvang.example", actor_name="Carl")


def addresses(roots: list[int]) -> list[str]:
    """Every address of the portal that is read, about the restricted case and about all items."""
    told = {"number": [town.SECRET], "person": [town.PEOPLE["carl"].id], "format": ["csv"]}
    numbers = [str(root) for root in roots]
    found = []
    for route in (route for router in ROUTERS for route in router.routes):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
            continue
        ways = [route.path.replace(":path", "")]
        for name in route.param_convertors:
            values = told.get(name, ["0"] if name == "position" else numbers)
            ways = [way.replace(f"{{{name}}}", value) for way in ways for value in values]
        found += ways
    return found


@pytest.mark.parametrize("who", ["rita", "bodil", "oda", "erik"])
def test_restricted_content_is_nowhere(client: Clients, program: Program, who: str) -> None:
    """No address gives title, words or notes of a restricted case to who may not see it."""
    noted(program, root_of(program, "Familien"), "Hemmeligt notat")
    send(program)
    with program.ledger.read() as connection:
        roots = list(connection.execute(sa.select(item.c.id)).scalars())
    assert "Hemmeligt notat" in client("carl").get(f"/cases/{town.SECRET}").text
    one = client(who)
    asked = ["Underretning", "Familien", "Hemmeligt", town.SECRET]
    asked_for = addresses(roots)
    assert len(asked_for) > 100
    told = [one.get(address) for address in asked_for]
    told += [one.get("/search", params={"q": words}) for words in asked]
    told += [one.get("/search", params={"case": town.SECRET})]
    told += [one.get("/api/v1/search", params={"q": words}) for words in asked]
    told += [one.get(f"/records/{name}.csv") for name in ("items", "corrections", "deliveries")]
    for answer in told:
        assert answer.status_code != 500, answer.url  # the issuer of these tests is away: 503
        for words in ("Familien i", "Hemmeligt notat"):
            assert words not in answer.text, answer.url
        if "q=" not in str(answer.url):
            assert "Underretning" not in answer.text, answer.url


@pytest.mark.parametrize("address", ["/items/{root}", "/api/v1/items/{root}"])
def test_who_took_part_sees_nothing_of_the_case(
    client: Clients, program: Program, address: str
) -> None:
    """A chat that was put on another's case shows its writer the chat, and nothing of the case."""
    root = root_of(program, "Skal vi spise")
    move(program, root, town.CARLS)
    noted(program, root, "Notat om vejbump")
    send(program)
    text = client("bodil").get(address.format(root=root)).text

    assert "Skal vi spise" in text
    for words in (town.CARLS, "Vejbump", "vejbump", "Bo Test", "+4537500002"):
        assert words not in text


def test_comment_of_a_control_goes_with_its_item(client: Clients, program: Program) -> None:
    """What a control says of an item is not told once the item may not be seen any more."""
    send(program)
    rita = client("rita")
    place = drawn(rita, size="50")
    with program.ledger.read() as connection:
        root = connection.execute(
            sa.select(sample_item.c.item_id).where(sample_item.c.position == 1)
        ).scalar_one()
    more = {"comment": "Asta er anbragt", "seen_at": ""}
    assert rita.post(f"{place}/1", data=YES | more).status_code == 303
    assert "anbragt" in rita.get(place).text
    move(program, root, town.SECRET)

    for address in (place, f"{place}/1", f"{place}.csv"):
        assert "anbragt" not in rita.get(address).text


def test_list_tells_no_time_of_what_is_hidden(program: Program) -> None:
    """Where the list goes on after an item tells when that was said: not of another's items."""
    hidden = root_of(program, "Familien")
    waits: Any = SimpleNamespace(items=[SimpleNamespace(item=n, at=at(n)) for n in (2**41, 2**42)])
    with program.ledger.write() as connection:
        connection.execute(sa.update(item).where(item.c.id == hidden).values(sent_at=2**41 + 1))
        known = viewer_of(connection, town.signed_in("carl"), program.settings.web)
        other = viewer_of(connection, town.signed_in("bodil"), program.settings.web)

        assert _current(connection, known, waits, hidden) == 2**42
        assert _current(connection, other, waits, hidden) == 2**41
        assert _current(connection, other, waits, 999_999) == 2**41


@pytest.mark.parametrize("cursor", ["a--5-1", "b---1-1", "a5--1", "a1-", "-", "a"])
def test_strange_cursor(client: Clients, cursor: str) -> None:
    """A cursor that is none of ours is refused, and no error."""
    answer = client("bodil").get(f"/cases/{town.BODILS}", params={"cursor": cursor})

    assert answer.status_code == 400


def test_too_many_files(client: Clients) -> None:
    """Who takes file after file is asked to wait: each keeps a thread of the portal busy."""
    one = client("bodil")
    address = f"/cases/{town.BODILS}/print"
    told = [one.get(address).status_code for _ in range(EXPORTS_PER_MIN + 1)]

    assert told == [200] * EXPORTS_PER_MIN + [429]
    assert client("rita").get("/records/items.csv").status_code == 200


def test_register_is_not_asked_without_end(
    client: Clients, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers that somebody guesses are not passed on to the register without end."""
    asked = []
    monkeypatch.setattr("connector.web.choosing.ask_for", lambda *given: asked.append(given))
    one = client("bodil")
    most = site.web.searches_per_min
    data = {"seen": "1:1", "do": "choose"}
    told = [
        one.post("/todo/decide", data={**data, "case": f"99.99.99-P19-{n}-26"}).status_code
        for n in range(1, most + 2)
    ]

    assert told[-1] == 429
    assert len(asked) == most


@pytest.mark.parametrize("do", ["none", "alone", "choose"])
def test_nothing_is_taken_off_a_case_of_others(client: Clients, program: Program, do: str) -> None:
    """Who took part in a chat on a case that they may not see does not take it off that case.

    They can learn which decision stands: an outdated one is answered with it.
    """
    root = root_of(program, "Skal vi spise")
    move(program, root, town.CARLS)
    bodil = client("bodil")
    stale = bodil.post(
        f"/api/v1/todo/{root}/decision",
        json={"decision": "not_a_case"},
        headers={"x-csrf-token": bodil.csrf, "if-match": '"1"'},
    )
    etag = stale.json()["stands"]["etag"].strip('"')
    assert stale.json()["stands"]["case_number"] == ""
    data = {"seen": f"{root}:{etag}", "do": do, "case": town.BODILS}
    answer = bodil.post("/todo/decide", data=data)

    assert answer.status_code == 404
    with program.ledger.read() as connection:
        on = connection.execute(sa.select(item.c.case_number).where(item.c.id == root)).scalar()
    assert on == town.CARLS
    carl = client("carl")
    assert carl.post("/todo/decide", data=data | {"do": "none"}).status_code == 303
