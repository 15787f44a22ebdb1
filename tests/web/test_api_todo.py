"""What waits for a person, and the person's word about it, through the API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.tables import event, link
from connector.ledger.take import take
from connector.model import Page
from tests.web import town
from tests.web.conftest import Client

API = "/api/v1"


def say(program: Program, text: str, minute: float = 200, who: str = "bodil") -> None:
    """One more message in the chat of bodil and bent."""
    its = town.message_of(who, town.chat_of("bodil", "bent"), text, minute)
    page = Page(source="chats", part="p", cursor=str(minute), items=(its,))
    take(program.ledger, [page], program.policy())


@pytest.fixture
def bodil(client: Callable[..., Client], program: Program) -> Client:
    """Bodil, for whom one message waits: it names two of her cases."""
    take_new_case(program)
    say(program, f"Gælder det {town.BODILS} eller {OTHER}?")
    return client("bodil")


OTHER = "27.18.02-P25-15-26"


def take_new_case(program: Program) -> None:
    from connector.model import Case
    from tests.making import add_cases

    add_cases(
        program.ledger,
        Case(number=OTHER, title="Boligstøtte, 010190-1234", caseworker="bodil@nordvang.example",
             department="Borgerservice"),
    )  # fmt: skip


def first(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}/todo").json()["items"][-1]
    return found


def decide(client: Client, its: dict[str, Any], decision: str, **more: Any) -> Any:
    headers = {"if-match": more.pop("etag", its["etag"]), "x-csrf-token": client.csrf}
    return client.post(
        f"{API}/todo/{its['item']}/decision", json={"decision": decision, **more}, headers=headers
    )


def standing(program: Program, root: int) -> tuple[str, str | None, str]:
    with program.ledger.read() as connection:
        row = connection.execute(
            sa.select(link.c.state, link.c.case_number, link.c.actor).where(
                link.c.item_id == root, link.c.superseded_at.is_(None)
            )
        ).one()
    return (row.state, row.case_number, row.actor)


def test_list(bodil: Client) -> None:
    """What waits is told with the cases it may belong to, why, and by when; CPR is masked."""
    told = bodil.get(f"{API}/todo", headers={"accept-language": "en"}).json()

    its = told["items"][-1]
    assert (told["scope"], told["waiting"], told["next"]) == ("mine", len(told["items"]), "")
    assert its["reason"] == "It names several open cases; a person must choose."
    assert {each["number"] for each in its["suggested"]} == {town.BODILS, OTHER}
    assert "010190-1234" not in str(told)
    assert all(piece["words"] for each in its["suggested"] for piece in each["evidence"])
    assert its["due"] == "2026-11-23"


def test_pages(bodil: Client, program: Program) -> None:
    """Pages by cursor hold each once, the oldest first."""
    for minute in (210, 220, 230):
        say(program, f"Eller {town.BODILS} og {OTHER}? {minute}", minute)
    whole = [each["item"] for each in bodil.get(f"{API}/todo").json()["items"]]
    seen: list[int] = []
    cursor = ""
    while cursor or not seen:
        page = bodil.get(f"{API}/todo?limit=2&cursor={cursor}").json()
        seen += [each["item"] for each in page["items"]]
        cursor = page["next"]

    assert seen == whole


def test_scopes(client: Callable[..., Client], bodil: Client) -> None:
    """A colleague has it by the unit's list; only records managers have all."""
    root = first(bodil)["item"]
    bent, carl, rita = client("bent"), client("carl"), client("rita")

    def listed(one: Client, scope: str) -> Any:
        answer = one.get(f"{API}/todo?scope={scope}")
        if answer.status_code != 200:
            return answer.status_code
        return root in [each["item"] for each in answer.json()["items"]]

    assert [listed(bent, "mine"), listed(bent, "unit"), listed(bent, "all")] == [True, True, 403]
    assert [listed(carl, "mine"), listed(carl, "unit")] == [False, False]
    assert listed(rita, "all") is True


def test_one(client: Callable[..., Client], bodil: Client) -> None:
    """One of what waits is told alone; its ETag begins with what a decision names."""
    its = first(bodil)
    answer = bodil.get(f"{API}/todo/{its['item']}")

    assert answer.json()["waiting"] == its
    assert answer.headers["etag"].startswith(its["etag"].rstrip('"') + "-")
    assert client("carl").get(f"{API}/todo/{its['item']}").status_code == 404
    assert bodil.get(f"{API}/todo/999999").status_code == 404


@pytest.mark.parametrize("typed", [OTHER, OTHER.lower(), f"  {OTHER} ", f"sag {OTHER}"])
def test_link(bodil: Client, program: Program, typed: str) -> None:
    """It is put on the case that is named, however people write its number."""
    its = first(bodil)
    answer = decide(bodil, its, "link", case=typed)

    (now,) = answer.json()["items"]
    assert (now["state"], now["case_number"]) == ("linked", OTHER)
    assert standing(program, its["item"]) == ("linked", OTHER, "bodil@nordvang.example")
    assert answer.headers["etag"].startswith(now["etag"].rstrip('"') + "-")


def test_accept_needs_one(bodil: Client) -> None:
    """With several suggestions the case must be named."""
    answer = decide(bodil, first(bodil), "accept")

    assert (answer.status_code, answer.json()["type"][-18:]) == (409, "api.no_single_case")


def test_accept(bodil: Client, program: Program) -> None:
    """With one suggestion it is put on that."""
    say(program, f"Hun skrev: > Min sag er {town.CLOSED}", 300)
    its = first(bodil)
    assert [each["number"] for each in its["suggested"]] == [town.CLOSED]

    refused = decide(bodil, its, "accept")
    assert (refused.status_code, refused.json()["type"][-15:]) == (409, "api.closed_case")
    done = decide(bodil, its, "accept", even_closed=True)
    assert done.json()["items"][0]["case_number"] == town.CLOSED


@pytest.mark.parametrize(
    ("decision", "more", "state"),
    [
        ("not_a_case", {}, "unlinked"),
        ("private", {}, "excluded"),
        ("private", {"whole_chat": True}, "excluded"),
    ],
)
def test_no_case(
    bodil: Client, program: Program, decision: str, more: dict[str, Any], state: str
) -> None:
    """It can be kept off all cases; each word can be taken back by who said it."""
    its = first(bodil)
    (now,) = decide(bodil, its, decision, **more).json()["items"]
    assert (now["state"], standing(program, its["item"])[0]) == (state, state)

    (back,) = decide(bodil, its, "undo", etag=now["etag"]).json()["items"]
    assert back["state"] == "waiting"
    assert first(bodil)["item"] == its["item"]


def test_together(bodil: Client, program: Program) -> None:
    """Others of the chat that wait with the same case are decided in one go."""
    say(program, f"Jeg mener {town.BODILS} eller {OTHER}", 205)
    its = first(bodil)
    also = next(each["also"] for each in its["suggested"] if each["number"] == OTHER)
    assert len(also) == 1

    done = decide(bodil, its, "link", case=OTHER, also=also).json()
    assert {each["item"]: each["case_number"] for each in done["items"]} == {
        its["item"]: OTHER, also[0]["item"]: OTHER,
    }  # fmt: skip


def test_stale(client: Callable[..., Client], bodil: Client, program: Program) -> None:
    """When somebody was first nothing changes, and who and what is told, for programs too."""
    its = first(bodil)
    bent = client("bent")
    (by_bent,) = decide(bent, its, "link", case=town.BODILS).json()["items"]

    answer = decide(bodil, its, "link", case=OTHER)
    assert answer.status_code == 412
    assert answer.json()["stands"] == by_bent
    assert "bent@nordvang.example" in answer.json()["detail"]
    assert standing(program, its["item"])[1] == town.BODILS


@pytest.mark.parametrize(("header", "status"), [(None, 428), ('"0"', 412), ("*", 422), ("7", 422)])
def test_without_what_was_seen(bodil: Client, header: str | None, status: int) -> None:
    """A decision that does not say what it is about, or wrongly, is not kept."""
    its = first(bodil)
    headers = {"x-csrf-token": bodil.csrf} | ({} if header is None else {"if-match": header})
    answer = bodil.post(
        f"{API}/todo/{its['item']}/decision", json={"decision": "not_a_case"}, headers=headers
    )

    assert answer.status_code == status
    assert first(bodil)["item"] == its["item"]


def test_two_at_once(client: Callable[..., Client], bodil: Client, program: Program) -> None:
    """Of two who decide at the same moment one is told that the other was first."""
    its = first(bodil)
    both = [bodil, client("bent")]
    statuses: list[int] = []

    def say_so(one: Client, case: str) -> None:
        statuses.append(decide(one, its, "link", case=case).status_code)

    threads = [
        threading.Thread(target=say_so, args=(one, case))
        for one, case in zip(both, (town.BODILS, OTHER), strict=True)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(statuses) == [200, 412]


def test_others_items(client: Callable[..., Client], bodil: Client, program: Program) -> None:
    """Who may not see it decides nothing about it, and is told nothing, whatever they guess."""
    its = first(bodil)
    carl = client("carl")
    with program.ledger.read() as connection:
        last = connection.execute(sa.select(sa.func.max(link.c.id))).scalar_one()

    for decision, more in (
        ("link", {"case": town.CARLS}), ("not_a_case", {}), ("private", {}), ("accept", {}),
        ("private", {"whole_chat": True}), ("undo", {}),
    ):  # fmt: skip
        for etag in (its["etag"], *(f'"{number}"' for number in range(last + 2))):
            answer = decide(carl, its, decision, etag=etag, **more)
            assert answer.status_code == (403 if decision == "undo" else 404), (decision, etag)
            assert "stands" not in answer.json()
    assert standing(program, its["item"])[0] == "waiting"


@pytest.mark.parametrize("case", [town.CARLS, town.SECRET, "24/999999", "x", "'; DROP TABLE item"])
def test_others_cases(bodil: Client, case: str, program: Program, tmp_path: Any) -> None:
    """Nothing is put on a case that one may not see; the answer is that of no case."""
    (tmp_path / "journal").mkdir(exist_ok=True)
    (tmp_path / "journal" / "cases.csv").write_text("number\n", encoding="utf-8")
    its = first(bodil)
    answer = decide(bodil, its, "link", case=case)

    assert (answer.status_code, answer.json()["type"][-12:]) == (404, "wrong.hidden")
    assert standing(program, its["item"])[0] == "waiting"


def test_register_away(bodil: Client) -> None:
    """A number that only the register could know is answered with 503 while it is away."""
    assert decide(bodil, first(bodil), "link", case="99.99.99-P19-1-26").status_code == 503


def test_undo_of_another(client: Callable[..., Client], bodil: Client) -> None:
    """Nobody takes a colleague's word back."""
    its = first(bodil)
    (now,) = decide(bodil, its, "not_a_case").json()["items"]

    assert decide(client("bent"), its, "undo", etag=now["etag"]).status_code == 403


def test_records_manager(client: Callable[..., Client], bodil: Client, program: Program) -> None:
    """A records manager decides too, in their own name."""
    its = first(bodil)
    assert decide(client("rita"), its, "link", case=OTHER).status_code == 200

    assert standing(program, its["item"]) == ("linked", OTHER, "rita@nordvang.example")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "delete"},
        {"decision": "link"},
        {"decision": "link", "case": ""},
        {"decision": "link", "case": "a\nb"},
        {"decision": "link", "case": "x" * 101},
        {"decision": "link", "case": ["x"]},
        {"decision": "not_a_case", "case": "x"},
        {"decision": "accept", "also": [{"item": 1}]},
        {"decision": "accept", "also": [{"item": 1, "etag": "1"}]},
        {"decision": "accept", "also": [{"item": 1, "etag": '"1"'}] * 500},
        {"decision": "private", "whole_chat": "true"},
        {"decision": "private", "whole_chat": 1},
        {"decision": "accept", "even_closed": "yes"},
        {"decision": "accept", "also": [{"item": True, "etag": '"1"'}]},
        {"decision": "accept", "also": [{"item": "1", "etag": '"1"'}]},
        [],
        None,
    ],
)
def test_wrong_bodies(bodil: Client, body: Any) -> None:
    """A decision that is none is refused, and no member of it is guessed at."""
    headers = {"if-match": '"1"', "x-csrf-token": bodil.csrf}

    assert bodil.post(f"{API}/todo/1/decision", json=body, headers=headers).status_code == 422


def test_looks(bodil: Client, program: Program) -> None:
    """To look at the list, or at one of it, is an event each."""
    its = first(bodil)
    bodil.get(f"{API}/todo/{its['item']}")

    with program.ledger.read() as connection:
        query = sa.select(event.c.subject).where(event.c.action == "looked").order_by(event.c.id)
        assert list(connection.execute(query).scalars()) == ["todo", f"item {its['item']}"]
