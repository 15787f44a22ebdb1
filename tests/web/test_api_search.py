"""Search through the API: over what somebody may see, and nothing of a CPR number in an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.tables import event
from tests.web import town
from tests.web.conftest import Client

SEARCH = "/api/v1/search"
CPR = "010190-1234"


@pytest.fixture
def bodil(client: Callable[..., Client]) -> Client:
    return client("bodil")


def post(client: Client, **asked: Any) -> Any:
    return client.post(SEARCH, json=asked, headers={"x-csrf-token": client.csrf})


def looks(program: Program) -> list[dict[str, Any]]:
    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.detail).where(event.c.action == "looked", event.c.subject == "search")
        ).scalars()
        return [msgspec.json.decode(each) for each in rows]


def test_words(bodil: Client) -> None:
    """Words are found in any Danish spelling and ending, and marked in a part of what was said."""
    (hit,) = bodil.get(f"{SEARCH}?q=boligstoette").json()["hits"]

    assert (hit["kind"], hit["case_number"]) == ("voicemail", town.BODILS)
    assert [each["text"] for each in hit["excerpt"] if each["is_hit"]] == ["boligstøtte"]
    assert hit["href"].startswith(f"/cases/{town.BODILS}?item={hit['item']}")


def test_markup_is_text(bodil: Client) -> None:
    """What was said is given as it was written: an excerpt is text and never mark-up."""
    (hit,) = bodil.get(f"{SEARCH}?q=huslejen").json()["hits"]

    assert "<script>alert(1)</script>" in "".join(each["text"] for each in hit["excerpt"])


def test_same_by_body(bodil: Client) -> None:
    """By address and by body the same question has the same answer."""
    asked = {"q": "ring*", "kind": ["message"], "from": "2026-11-18", "order": "newest"}

    assert post(bodil, **asked).json() == bodil.get(SEARCH, params=asked).json()


def test_leads(bodil: Client) -> None:
    """A case's number, and a party's telephone number, lead to the case; a name to a colleague."""
    for typed in (town.BODILS, town.CITIZEN):
        found = post(bodil, q=typed).json()["cases"]
        assert [each["number"] for each in found] == [town.BODILS]
    (person,) = post(bodil, q="Carl Ølgård").json()["people"]
    assert person["upn"] == "carl@nordvang.example"


@pytest.mark.parametrize("q", [town.CARLS, town.SECRET, "Bumpet", "Familien", "Åvej"])
def test_others(bodil: Client, client: Callable[..., Client], q: str) -> None:
    """What is on another unit's case, or a restricted one, is not found, nor is the case."""
    told = post(bodil, q=q).json()

    assert (told["cases"], told["hits"], told["count"]) == ([], [], 0)
    assert post(client("carl"), q=q).json()["count"] > 0


def test_pages(bodil: Client) -> None:
    """Pages by cursor hold each hit once, in the order of the whole."""
    whole = [each["item"] for each in post(bodil, **{"from": "2026-11-01"}).json()["hits"]]
    assert len(whole) > 3
    seen: list[int] = []
    cursor = ""
    while cursor or not seen:
        page = post(bodil, **{"from": "2026-11-01", "limit": 2, "cursor": cursor}).json()
        seen += [each["item"] for each in page["hits"]]
        cursor = page["next"]

    assert seen == whole


@pytest.mark.parametrize("name", ["q", "colleague", "unit", "case"])
def test_cpr_in_no_address(bodil: Client, name: str, program: Program) -> None:
    """A question with a CPR number is refused in an address and not kept; in a body it is asked."""
    refused = bodil.get(SEARCH, params={name: CPR})
    assert (refused.status_code, refused.json()["type"][-18:]) == (400, "api.cpr_in_address")
    assert "010190" not in refused.text

    asked = post(bodil, **{name: CPR})
    assert asked.status_code in (200, 404)
    assert "010190" not in str(looks(program))


def test_look(bodil: Client, program: Program) -> None:
    """What somebody searched for is kept, with what was shown, and on which case it was."""
    (hit,) = bodil.get(f"{SEARCH}?q=boligstøtte").json()["hits"]

    assert looks(program) == [
        {
            "name": "Bodil Bæk", "how": "api", "via": "session", "count": 1, "words": "boligstøtte",
            "items": {str(hit["item"]): town.BODILS}, "cases": [town.BODILS, town.CLOSED],
        }
    ]  # fmt: skip


def test_limited(bodil: Client, client: Callable[..., Client], program: Program) -> None:
    """Who searches too often waits, by address and body together; another need not."""
    most = program.settings.web.searches_per_min
    for _ in range(most // 2):
        bodil.get(f"{SEARCH}?q=x")
        post(bodil, q="x")

    answer = post(bodil, q="x")
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    assert post(client("bent"), q="x").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=%00", 422),
        (f"q={'x' * 401}", 422),
        ("q=%ff", 200),
        ("q='; DROP TABLE item; --", 200),
        ('q=" OR item_search MATCH "*', 200),
        ("q=NEAR(a b) AND (c OR d)", 200),
        ("q=***", 200),
        ("kind=sighting", 422),
        ("order=rank", 422),
        ("cursor=..%2f", 422),
        ("cursor=AAAA", 400),
        ("from=2026-02-30", 422),
        ("state=excluded", 422),
        ("colleague=Ingen Her", 404),
        ("query=x", 422),
        ("", 200),
    ],
)
def test_odd_questions(bodil: Client, query: str, status: int) -> None:
    """No question is an error of ours; one that cannot be meant is refused."""
    assert bodil.get(f"{SEARCH}?{query}").status_code == status


@pytest.mark.parametrize("day", [0, 1763596800, 1.5, True, "20261120", "2026-11-20T00:00:00Z"])
def test_days_in_a_body(bodil: Client, day: object) -> None:
    """A day is written 2026-11-20; no number is taken for one."""
    assert post(bodil, **{"from": day}).status_code == 422
    assert post(bodil, **{"from": "2026-11-20"}).status_code == 200


@pytest.mark.parametrize("limit", [True, "5", 0, 101, 1.5, None, [1]])
def test_numbers_in_a_body(bodil: Client, limit: object) -> None:
    """A number in a body is a number of JSON within its bounds."""
    assert post(bodil, limit=limit).status_code == 422
    assert post(bodil, limit=5).status_code == 200


def test_half_a_character(bodil: Client) -> None:
    """A half character in a body is refused."""
    answer = bodil.post(
        SEARCH, content=b'{"q": "\\udc00"}',
        headers={"x-csrf-token": bodil.csrf, "content-type": "application/json"},
    )  # fmt: skip

    assert answer.status_code == 422


def test_roles(client: Callable[..., Client]) -> None:
    """Those who work on no cases do not search."""
    for who in ("erik", "oda", "nobody"):
        assert client(who).get(SEARCH).status_code == 403
