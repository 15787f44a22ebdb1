"""A case and its line of time, communications, files, notes and presence, through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.tables import attachment, event, item
from connector.ledger.take import take
from connector.model import Case, Page
from connector.web.api.models_case import Delivery
from tests.making import add_cases, edited, policy
from tests.web import town
from tests.web.conftest import Client

API = "/api/v1"
LINE = f"{API}/cases/{town.BODILS}/timeline"


@pytest.fixture
def bodil(client: Callable[..., Client]) -> Client:
    return client("bodil")


def looks(program: Program) -> list[tuple[str, str, dict[str, Any]]]:
    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject, event.c.detail)
            .where(event.c.action == "looked")
            .order_by(event.c.id)
        )
        return [(row.actor, row.subject, msgspec.json.decode(row.detail)) for row in rows]


def entry_of(client: Client, kind: str, number: str = town.BODILS) -> dict[str, Any]:
    entries = client.get(f"{API}/cases/{number}/timeline?kind={kind}").json()["entries"]
    found: dict[str, Any] = entries[0]
    return found


def roots(program: Program, kind: str, number: str | None = None) -> list[int]:
    with program.ledger.read() as connection:
        query = sa.select(item.c.id).where(item.c.kind == kind, item.c.root_id == item.c.id)
        if number is not None:
            query = query.where(item.c.case_number == number)
        return list(connection.execute(query.order_by(item.c.id)).scalars())


# a case


def test_case(bodil: Client) -> None:
    """A case is told as the register knows it, with its caseworker's present state."""
    told = bodil.get(f"{API}/cases/{town.BODILS}").json()

    assert told["case"]["number"] == town.BODILS
    assert told["case"]["parties"] == [
        {"name": "Asta Prøve", "phone": town.CITIZEN, "mail": "asta@borger.example"}
    ]
    assert (told["caseworker"]["name"], told["caseworker"]["state"]) == ("Bodil Bæk", "free")
    assert told["href"] == f"/cases/{town.BODILS}"


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("bodil", [town.BODILS, town.CLOSED]),
        ("bent", [town.BODILS, town.SECRET, town.CLOSED]),
        ("carl", [town.CARLS, town.SECRET]),
        ("rita", [town.BODILS, town.CARLS, town.CLOSED]),
    ],
)
@pytest.mark.parametrize("rest", ["", "/timeline", "/caseworker-presence"])
def test_who_sees_which_case(
    client: Callable[..., Client], who: str, seen: list[str], rest: str
) -> None:
    """Another unit's case and a restricted one are answered as one that does not exist."""
    one = client(who)
    answers = {
        number: one.get(f"{API}/cases/{number}{rest}")
        for number in (town.BODILS, town.CARLS, town.SECRET, town.CLOSED)
    }

    assert [number for number, answer in answers.items() if answer.status_code == 200] == seen
    none = one.get(f"{API}/cases/NONE{rest}").json()
    for number, answer in answers.items():
        if answer.status_code != 200:
            assert answer.text.replace(number, "NONE") == one.get(f"{API}/cases/NONE{rest}").text
            assert answer.json()["type"] == none["type"]


@pytest.mark.parametrize("who", ["erik", "oda", "nobody"])
def test_other_roles(client: Callable[..., Client], who: str) -> None:
    """Those who work on no cases have no cases here."""
    for path in (f"/cases/{town.BODILS}", f"/cases/{town.BODILS}/timeline", "/presence", "/todo"):
        assert client(who).get(API + path).status_code == 403


@pytest.mark.parametrize("written", ["24/117", "24%2F117", "24%2f117"])
def test_number_with_a_slash(bodil: Client, program: Program, written: str) -> None:
    """A number with a slash is found, the slash written as it is or as %2F."""
    add_cases(program.ledger, Case(number="24/117", caseworker="bodil@nordvang.example"))

    assert bodil.get(f"{API}/cases/{written}").json()["case"]["number"] == "24/117"
    assert bodil.get(f"{API}/cases/{written}/timeline").json()["case_number"] == "24/117"
    told = bodil.get(f"{API}/cases/{written}/caseworker-presence").json()
    assert told["case_number"] == "24/117"


# its line of time


def test_timeline(bodil: Client, program: Program) -> None:
    """What was said on a case is on one line, with why, in words of the language asked for."""
    both = town.chat_of("bodil", "bent")
    again = edited(town.message_of("bodil", both, "", 4, key="e1"), "Hun betaler 7.000 kr.", 9)
    take(program.ledger, [Page(source="chats", part="p", cursor="2", items=(again,))], policy())
    told = bodil.get(LINE, headers={"accept-language": "en"}).json()

    assert [each["kind"] for each in told["entries"]] == [
        "voicemail", "missed_call", "call", "conversation",
    ]  # fmt: skip
    assert (told["total"], told["time_zone"]) == (4, "Europe/Copenhagen")
    talk = told["entries"][-1]
    assert talk["started_at"] == "2026-11-18T11:00:00Z"
    assert talk["why"][0]["words"] == f"The number of case {town.BODILS} is written in it."
    assert town.BODILS in talk["why"][0]["evidence"][0]["words"]
    edit = next(each for each in talk["messages"] if each["marks"])
    assert {each["sort"] for each in edit["marks"][0]["changes"]} == {"same", "added", "removed"}
    assert all(gap["words"] for each in told["entries"] for gap in each["missing"])


def test_pages_joined(bodil: Client) -> None:
    """Pages by cursor hold each entry once, in the order of the whole, and lead back."""
    whole = [each["item"] for each in bodil.get(LINE).json()["entries"]]
    seen, cursor = [], ""
    while True:
        page = bodil.get(f"{LINE}?limit=1&cursor={cursor}").json()
        seen += [each["item"] for each in page["entries"]]
        if not page["next"]:
            break
        cursor = page["next"]

    assert seen == whole
    before = bodil.get(f"{LINE}?limit=1&cursor={page['previous']}").json()
    assert [each["item"] for each in before["entries"]] == [whole[-2]]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=call", ["call"]),
        ("kind=call&kind=voicemail", ["voicemail", "call"]),
        ("words=boligstøtte", ["voicemail"]),
        ("who=bent", ["conversation"]),
        ("from=2026-11-19", []),
        ("to=2026-11-18&order=oldest&kind=conversation&kind=call", ["conversation", "call"]),
    ],
)
def test_filters(bodil: Client, query: str, kinds: list[str]) -> None:
    """A question gives what it asks for and no more."""
    found = bodil.get(f"{LINE}?{query}").json()["entries"]

    assert [each["kind"] for each in found] == kinds


@pytest.mark.parametrize("name", ["who", "words"])
def test_no_cpr_in_an_address(bodil: Client, name: str) -> None:
    """A CPR number is refused in an address, where logs would keep it."""
    answer = bodil.get(f"{LINE}?{name}=010190-1234")

    assert (answer.status_code, answer.json()["type"][-19:]) == (400, "case.cpr_in_address")
    assert "010190" not in answer.text


def test_looks(bodil: Client, program: Program) -> None:
    """A look is kept when content is given out, and neither for an error nor for a 304."""
    mark = bodil.get(LINE).headers["etag"]
    bodil.get(LINE, headers={"if-none-match": mark})
    bodil.get(f"{API}/cases/{town.SECRET}/timeline")
    bodil.get(f"{LINE}?limit=0")

    assert looks(program) == [
        (
            "bodil@nordvang.example",
            f"case {town.BODILS}",
            {"name": "Bodil Bæk", "how": "api", "via": "session", "count": 4},
        )
    ]


# communications


def test_item(bodil: Client, program: Program) -> None:
    """One communication is told as on its case."""
    call = entry_of(bodil, "call")
    told = bodil.get(f"{API}/items/{call['item']}").json()

    same = ("item", "kind", "state", "started_at", "case_number", "why", "places", "missing")
    assert {name: told["entry"][name] for name in same} == {name: call[name] for name in same}
    assert looks(program)[-1][1] == f"item {call['item']}"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://journal.example/1", "https://journal.example/1"),
        ("HTTP://journal.example/1", "HTTP://journal.example/1"),
        ("file:///srv/journal/1.html", ""), ("javascript:alert(1)", ""), ("//x.example", ""),
    ],
)  # fmt: skip
def test_journal_address(url: str, told: str) -> None:
    """Of where an entry is journaled only an address of the web is given; never a path of ours."""
    made = Delivery(
        sink="journal", state="done", key="CT-1", version=1, at=datetime.now(UTC), target="",
        url=url, reason="",
    )  # fmt: skip

    assert made.url == told


def test_own_communication(client: Callable[..., Client], program: Program) -> None:
    """Who took part sees it, on a case they may not see; which case that is they are not told."""
    (root,) = roots(program, "message", town.CARLS)

    told = client("bent").get(f"{API}/items/{root}").json()["entry"]
    assert "Bumpet" in told["messages"][0]["text"]
    assert told["case_number"] == ""
    assert client("bodil").get(f"{API}/items/{root}").status_code == 404


def test_guessed_numbers(client: Callable[..., Client], program: Program) -> None:
    """Every number that somebody may not see is answered as one that does not exist."""
    with program.ledger.read() as connection:
        last = connection.execute(sa.select(sa.func.max(item.c.id))).scalar_one()
    carl = client("carl")
    seen = [n for n in range(1, last + 1) if carl.get(f"{API}/items/{n}").status_code == 200]

    mine = roots(program, "message", town.CARLS) + roots(program, "message", town.SECRET)
    assert seen == sorted(mine)
    for number in set(range(1, last + 2)) - set(seen):
        told = carl.get(f"{API}/items/{number}").json()
        none = carl.get(f"{API}/items/{last + 9}").json()
        assert told.pop("instance") == f"{API}/items/{number}"
        assert told["detail"] == none["detail"].replace(str(last + 9), str(number))
        assert (told["type"], told["status"]) == (none["type"], none["status"])


# files


@pytest.fixture
def recording(program: Program) -> tuple[int, bytes]:
    """The voicemail's recording is here: the version that names it, and its bytes."""
    content = bytes(range(256)) * 90
    sha256 = program.spool.add([content]).sha256
    with program.ledger.write() as connection:
        connection.execute(
            sa.update(attachment).values(state="kept", sha256=sha256, size_bytes=len(content))
        )
        version = connection.execute(sa.select(attachment.c.item_id)).scalar_one()
    return int(version), content


def test_file(bodil: Client, recording: tuple[int, bytes], program: Program) -> None:
    """A recording is at the address that its entry gives, whole or in part."""
    (file,) = entry_of(bodil, "voicemail")["files"]
    version, content = recording
    assert file["href"] == f"{API}/items/{version}/files/0"

    whole = bodil.get(file["href"])
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (
        200, content, "audio/wav",
    )  # fmt: skip
    part = bodil.get(file["href"], headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    none = bodil.get(file["href"], headers={"range": "bytes=999999-"})
    assert none.status_code == 416
    assert looks(program)[-1][2]["file"] == f"{version}/0"


def test_file_of_another(client: Callable[..., Client], recording: tuple[int, bytes]) -> None:
    """Who may not see what was said gets nothing of its files."""
    version, _ = recording

    assert client("carl").get(f"{API}/items/{version}/files/0").status_code == 404


# notes


def test_note(bodil: Client, program: Program) -> None:
    """A note is read, written and read again; each text of it stays."""
    root = entry_of(bodil, "call")["item"]
    path, headers = f"{API}/items/{root}/note", {"x-csrf-token": bodil.csrf}
    empty = bodil.get(path)
    assert (empty.json()["text"], empty.json()["etag"]) == ("", '"0"')

    first = bodil.put(path, json={"text": "Hun flytter."}, headers={"if-match": '"0"', **headers})
    assert (first.status_code, first.json()["text"], first.json()["etag"]) == (
        200, "Hun flytter.", '"1"',
    )  # fmt: skip
    mark = bodil.get(path).headers["etag"]  # the header's is as good as the one in the body
    second = bodil.put(path, json={"text": "Hun bliver."}, headers={"if-match": mark, **headers})
    assert [each["text"] for each in second.json()["versions"]] == ["Hun flytter.", "Hun bliver."]
    assert entry_of(bodil, "call")["note"]["text"] == "Hun bliver."


@pytest.mark.parametrize(
    ("if_match", "status"),
    [(None, 428), ('"7"', 412), ('"0"', 412), ("*", 422), ("1", 422), ('W/"1"', 422)],
)
def test_note_of_two(bodil: Client, if_match: str | None, status: int) -> None:
    """Without saying what one saw, and when somebody was first, nothing is written."""
    root = entry_of(bodil, "call")["item"]
    path, headers = f"{API}/items/{root}/note", {"x-csrf-token": bodil.csrf}
    bodil.put(path, json={"text": "Den første."}, headers={"if-match": '"0"', **headers})

    if if_match is not None:
        headers["if-match"] = if_match
    answer = bodil.put(path, json={"text": "Den anden."}, headers=headers)

    assert answer.status_code == status
    assert bodil.get(path).json()["text"] == "Den første."


def test_note_of_a_conversation(bodil: Client, client: Callable[..., Client]) -> None:
    """A conversation has one note, by whichever of its messages one asks for it."""
    talk = entry_of(bodil, "conversation")
    first, last = talk["items"][0], talk["items"][-1]
    headers = {"x-csrf-token": bodil.csrf, "if-match": '"0"'}
    bodil.put(f"{API}/items/{last}/note", json={"text": "Aftalt."}, headers=headers)

    mark = bodil.get(f"{API}/items/{first}/note").json()["etag"]
    answer = bodil.put(
        f"{API}/items/{first}/note", json={"text": "Aftalt i dag."},
        headers=headers | {"if-match": mark},
    )  # fmt: skip
    assert answer.json()["text"] == "Aftalt i dag."
    assert bodil.get(f"{API}/items/{last}/note").json()["text"] == "Aftalt i dag."


def test_note_needs_the_case(client: Callable[..., Client], program: Program) -> None:
    """Who took part and may not see the case writes nothing on it, and reads no note of it."""
    (root,) = roots(program, "message", town.CARLS)
    bent = client("bent")
    headers = {"x-csrf-token": bent.csrf, "if-match": '"0"'}

    assert bent.get(f"{API}/items/{root}").status_code == 200
    assert bent.get(f"{API}/items/{root}/note").status_code == 409
    answer = bent.put(f"{API}/items/{root}/note", json={"text": "x"}, headers=headers)
    assert answer.status_code == 409
    assert client("carl").get(f"{API}/items/{root}/note").json()["text"] == ""


def test_note_by_a_records_manager(client: Callable[..., Client], bodil: Client) -> None:
    """A records manager reads notes and writes none."""
    root = entry_of(bodil, "call")["item"]
    rita = client("rita")
    headers = {"x-csrf-token": rita.csrf, "if-match": '"0"'}

    assert rita.get(f"{API}/items/{root}/note").status_code == 200
    answer = rita.put(f"{API}/items/{root}/note", json={"text": "x"}, headers=headers)
    assert answer.status_code == 403


# presence


def test_presence(bodil: Client) -> None:
    """One's own unit is told, or the one asked for, those who are free first."""
    told = bodil.get(f"{API}/presence").json()

    assert told["unit"] == "Borgerservice"
    assert [(each["name"], each["state"], each["state_words"]) for each in told["people"]] == [
        ("Bodil Bæk", "free", "Ledig"), ("Bent Bro", "busy", "Optaget"),
    ]  # fmt: skip
    assert told["people"][0]["observed_at"] == "2026-11-20T11:58:00Z"
    other = bodil.get(f"{API}/presence?unit=Teknik").json()
    assert [each["name"] for each in other["people"]] == ["Carl Ølgård"]
    assert bodil.get(f"{API}/presence?unit=Teknikken").status_code == 404


@pytest.mark.parametrize("name", [town.PEOPLE["carl"].id, "carl@nordvang.example"])
def test_colleague(bodil: Client, name: str) -> None:
    """A colleague is found by directory id or user principal name."""
    told = bodil.get(f"{API}/presence/{name}").json()

    assert (told["name"], told["state"], told["is_free"]) == ("Carl Ølgård", "away", False)
    assert bodil.get(f"{API}/presence/nobody@nordvang.example").status_code == 404


def test_presence_is_no_content(bodil: Client, program: Program) -> None:
    """Who is free is nothing that was said: no look is kept."""
    bodil.get(f"{API}/presence")
    bodil.get(f"{API}/presence/carl@nordvang.example")

    assert looks(program) == []
