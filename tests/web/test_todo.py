"""The to-do list in the portal: by form, by key, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from connector.bootstrap import Program
from connector.ledger.batch import Batch
from connector.ledger.looks import LOOKED
from connector.ledger.register import keep_cases
from connector.ledger.tables import event, item, link
from connector.ledger.take import take
from connector.model import Case, CaseParty, Direction, Item, Kind, Page, Party
from connector.web.pages.todo import PAGE, marked
from connector.web.words import todo as words
from tests.making import NOON, add_cases
from tests.web.conftest import Client, Portal
from tests.web.town import BODILS, CARLS, CITIZEN, CLOSED, PEOPLE, SECRET, cases, message_of

OTHER = "27.18.02-P25-77-26"  # a second open case of Bodil's


def said(text: str, minute: float, who: str = "bodil", thread: str = "") -> Item:
    return message_of(who, thread or f"19:todo-{minute}@thread.v2", text, minute)


def keep(program: Program, *items: Item) -> None:
    page = Page(source="chats", part="todo", cursor="1", items=items)
    take(program.ledger, [page], program.policy())


def add_case(program: Program, **values: Any) -> None:
    values = {"number": OTHER, "title": "Boligstøtte 2026", "caseworker": PEOPLE["bodil"].upn,
              "department": "Borgerservice"} | values  # fmt: skip
    ledger = program.ledger
    with ledger.write() as connection:
        rules = program.policy()
        batch = Batch(ledger=ledger, connection=connection, policy=rules, now=ledger.now())
        keep_cases(batch, [Case(**values)])


def fill(program: Program, count: int = 3) -> None:
    """So many messages, a minute apart, that may belong to either of two cases of Bodil's."""
    add_case(program)
    keep(program, *(said(f"Nr. {n}: {BODILS} eller {OTHER}?", n) for n in range(count)))


def waiting(program: Program) -> list[int]:
    with program.ledger.read() as connection:
        query = sa.select(item.c.id).where(item.c.state == "waiting").order_by(item.c.sent_at)
        return list(connection.execute(query).scalars())


def state(program: Program, root: int) -> tuple[str, str | None]:
    with program.ledger.read() as connection:
        row = connection.execute(
            sa.select(item.c.state, item.c.case_number).where(item.c.id == root)
        ).one()
        return (row.state, row.case_number)


def etag(program: Program, root: int) -> int:
    with program.ledger.read() as connection:
        query = sa.select(link.c.id).where(link.c.item_id == root, link.c.superseded_at.is_(None))
        return int(connection.execute(query).scalar_one())


def seen(program: Program, *roots: int) -> str:
    return ",".join(f"{root}:{etag(program, root)}" for root in roots)


def decide(client: Client, program: Program, root: int, **data: str) -> Any:
    return client.post("/todo/decide", data={"seen": seen(program, root), "scope": "mine"} | data)


class Register:
    """A register that can be asked for these cases."""

    name, can_list = "folder", True

    def __init__(self, *known: Case) -> None:
        self._known = {each.number: each for each in known}

    def lookup(self, number: str) -> Case | None:
        return self._known.get(number)


@pytest.fixture
def three(program: Program) -> list[int]:
    """Three items that wait for Bodil, by number, the oldest first."""
    fill(program)
    return waiting(program)


# by form


def test_list(client: Callable[..., Client], three: list[int]) -> None:
    """The oldest stands first, with its cases, what points to them, and by when it is due."""
    text = client("bodil").get("/todo").text

    assert text.index("Nr. 0") < text.index("Nr. 1") < text.index("Nr. 2")
    assert f"<mark>{BODILS}</mark>" in text
    assert "Venter på dig" in text
    assert "0 af 3 i dag" in text
    assert "Den nævner flere åbne sager" in text
    assert "Frist mandag 23. november 2026" in text
    assert f'href="/cases/{OTHER}"' in text


def test_why_nothing_is_suggested(client: Callable[..., Client], program: Program) -> None:
    """Who may not see the cases is told so in plain words, and nothing else of the cases."""
    add_case(program, number=OTHER, caseworker=PEOPLE["carl"].upn, department="Teknik")
    keep(program, said(f"{CARLS} eller {OTHER}", 1))
    text = client("bodil").get("/todo").text

    assert "peger på en sag, som du ikke har adgang til. Derfor er ingen sag foreslået." in text
    assert "flere åbne sager" not in text
    assert "Vejbump" not in text


def test_names_and_numbers(client: Callable[..., Client], program: Program) -> None:
    """A case worker stands by name, a telephone number in pairs, and what a voicemail's heading

    says is not said again.
    """
    letter = Item(
        source="voicemail", key="vm", version="1", kind=Kind.VOICEMAIL, thread="vm", raw=b"x",
        sender=CITIZEN, sender_name=CITIZEN, direction=Direction.INBOUND,
        sent_at=NOON, modified_at=NOON,
        subject=f"Telefonsvarerbesked fra {CITIZEN}", text=f"{BODILS} eller {OTHER}",
        parties=(Party(person=PEOPLE["bent"].id),),
    )  # fmt: skip
    add_case(program, parties=(CaseParty(name="Asta Prøve", phone=CITIZEN),))
    take(program.ledger, [Page(source="voicemail", part="t", cursor="1", items=(letter,))],
         program.policy())  # fmt: skip
    text = client("rita").get("/todo").text.split('<ol class="todo-items">')[1]

    assert "Telefonsvarerbesked: 37 50 00 01 – Bent Bro" in text
    assert CITIZEN not in text
    assert "Telefonsvarerbesked fra" not in text
    assert "Bodil Bæk" in text
    assert PEOPLE["bodil"].upn not in text.casefold()


def test_english(client: Callable[..., Client], three: list[int]) -> None:
    """The whole page is there in English."""
    browser = client("bodil")
    browser.headers["accept-language"] = "en"
    text = browser.get("/todo").text
    assert "Waiting for you" in text
    assert "Put on case" in text
    danish = {each for key, each in words.DA.items() if len(each) > 12 and "{" not in each}
    assert [each for each in danish if each in text] == []


def test_accept(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """One button puts it on the case; the answer leads to the next, with an undo."""
    bodil = client("bodil")
    answer = decide(bodil, program, three[0], accept=BODILS)

    assert answer.status_code == 303
    assert state(program, three[0]) == ("linked", BODILS)
    page = bodil.get(answer.headers["location"])
    assert f"Lagt på sag {BODILS}." in page.text
    assert "1 af 3 i dag" in page.text
    assert "data-current" in page.text.split(f'id="item-{three[1]}"')[1].split(">")[0]


def test_undo(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """Undone, it waits again and is the one that is looked at."""
    bodil = client("bodil")
    decide(bodil, program, three[1], do="none")
    assert state(program, three[1]) == ("unlinked", None)
    data = {"seen": seen(program, three[1]), "scope": "mine"}
    answer = bodil.post("/todo/undo", data=data)
    page = bodil.get(answer.headers["location"])

    assert waiting(program) == three
    assert "Fortrudt. Den venter igen." in page.text
    assert "data-current" in page.text.split(f'id="item-{three[1]}"')[1].split(">")[0]
    again = bodil.post("/todo/undo", data=data)
    assert again.status_code == 412


def test_undo_of_others(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A colleague's decision is not undone here."""
    decide(client("bodil"), program, three[0], accept=BODILS)
    data = {"seen": seen(program, three[0]), "scope": "mine"}
    answer = client("bent").post("/todo/undo", data=data)
    assert answer.status_code == 403
    assert "selv har afgjort" in answer.text
    assert state(program, three[0]) == ("linked", BODILS)


def test_choose(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A number may be typed as people write it."""
    add_case(program, number="27.18.02-P25-5-26", title="En tredje")
    answer = decide(client("bodil"), program, three[0], do="choose", case="27.18.02 - p25 - 5 - 26")
    assert answer.status_code == 303
    assert state(program, three[0]) == ("linked", "27.18.02-P25-5-26")


@pytest.mark.parametrize("number", [CARLS, SECRET, "99.99.99-P19-1-26", "<b>x</b>", " "])
def test_no_such_case(
    client: Callable[..., Client], program: Program, three: list[int], number: str
) -> None:
    """Another unit's case, a restricted one and one that is not there: the answer is the same."""
    program.register = Register(*cases())  # type: ignore[assignment]
    answer = decide(client("bodil"), program, three[0], do="choose", case=number)
    assert answer.status_code == 404
    assert "eller du må ikke se den" in answer.text
    assert "<b>x" not in answer.text
    assert waiting(program) == three


def test_new_case(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A case that is newer than the ledger's copy is asked of the register."""
    number = "27.18.02-P25-9-26"
    new = Case(number=number, title="Ny", caseworker=PEOPLE["bodil"].upn)

    program.register = Register(new)  # type: ignore[assignment]
    assert decide(client("bodil"), program, three[0], do="choose", case=number).status_code == 303
    assert state(program, three[0]) == ("linked", number)


@pytest.mark.parametrize("number", [CARLS, "27.18.02-P25-9-26"])
def test_register_is_away(
    client: Callable[..., Client], program: Program, three: list[int], number: str
) -> None:
    """When the register does not answer that is told; for a case one may not see it is the same."""
    answer = decide(client("bodil"), program, three[0], do="choose", case=number)
    assert answer.status_code == 503
    assert "sagsregistret svarer ikke" in answer.text
    assert f'value="{number}"' in answer.text


def test_closed_case(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A closed case asks once more; only then it is kept."""
    bodil = client("bodil")
    answer = decide(bodil, program, three[0], do="choose", case=CLOSED)
    assert answer.status_code == 200
    assert f"Sag {CLOSED} er lukket." in answer.text
    assert waiting(program) == three
    decide(bodil, program, three[0], do="put", case=CLOSED, closed="1")
    assert state(program, three[0]) == ("linked", CLOSED)


def test_rest_of_the_chat(client: Callable[..., Client], program: Program) -> None:
    """The others of the chat that wait with the same case go with it, in one decision."""
    add_case(program)
    keep(
        program,
        *(said(f"{BODILS} eller {OTHER}?", 600 * n, thread="19:one@thread.v2") for n in range(4)),
    )
    roots = waiting(program)
    bodil = client("bodil")
    page = bodil.get("/todo").text
    assert "… og de 3 andre i samme samtale" in page
    also = [
        each for each in re.findall(r'name="also" value="([^"]+)"', page) if each.startswith(BODILS)
    ]
    answer = decide(bodil, program, roots[0], accept_all=BODILS, also=also[0])

    assert {state(program, root) for root in roots} == {("linked", BODILS)}
    page = bodil.get(answer.headers["location"]).text
    assert f"4 lagt på sag {BODILS}." in page
    pairs = re.findall(r'name="seen" value="([^"]+)"', page)
    bodil.post("/todo/undo", data={"seen": pairs[0], "scope": "mine"})
    assert waiting(program) == roots


def test_private(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """Of a chat it is asked whether all of it is meant; both can be, and both undone."""
    bodil = client("bodil")
    answer = decide(bodil, program, three[0], do="private")
    assert "Skal hele chatten holdes privat?" in answer.text
    assert waiting(program) == three
    decide(bodil, program, three[0], do="alone")
    assert state(program, three[0]) == ("excluded", None)
    answer = decide(bodil, program, three[1], do="chat")
    page = bodil.get(answer.headers["location"]).text
    assert "Hele chatten holdes privat" in page
    bodil.post("/todo/undo", data={"seen": seen(program, three[1]), "scope": "mine"})
    assert waiting(program) == three[1:]


def test_private_is_not_asked_of_others(
    client: Callable[..., Client], program: Program, three: list[int]
) -> None:
    """Who took no part keeps the one message out, and cannot hide the chat."""
    bent = client("bent")
    assert decide(bent, program, three[0], do="chat", scope="unit").status_code == 404
    assert decide(bent, program, three[0], do="private", scope="unit").status_code == 303
    assert state(program, three[0]) == ("excluded", None)


def test_stale(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """Who comes second is told who decided what, and the list is as it is now."""
    old = seen(program, three[0])
    decide(client("bodil"), program, three[0], accept=OTHER)
    answer = client("bent").post(
        "/todo/decide", data={"seen": old, "scope": "unit", "accept": BODILS}
    )
    assert answer.status_code == 412
    assert f"Bodil Bæk har i mellemtiden lagt den på sag {OTHER}." in answer.text
    assert state(program, three[0]) == ("linked", OTHER)


@pytest.mark.parametrize(
    "data",
    [
        {"seen": ""}, {"seen": "x"}, {"seen": "1:2,;"}, {"do": "drop"}, {"do": ""},
        {"scope": "theirs"}, {"after": "0 OR 1"}, {"seen": ",".join(["1:1"] * 600)},
    ],
)  # fmt: skip
def test_odd_forms(
    client: Callable[..., Client], program: Program, three: list[int], data: dict[str, str]
) -> None:
    """A form that no page of ours made is refused, and nothing is decided."""
    answer = decide(client("bodil"), program, three[0], **({"do": "drop"} | data))
    assert answer.status_code in (400, 422)
    assert waiting(program) == three


def test_odd_addresses(client: Callable[..., Client], three: list[int]) -> None:
    """An address that no page of ours made is refused in words, or shows the list."""
    bodil = client("bodil")
    assert bodil.get("/todo?after=1;2").status_code == 400
    assert bodil.get("/todo?scope=x").status_code == 400
    assert bodil.get("/todo?at=-1").status_code == 422
    assert bodil.get(f"/todo?at={2**63 - 1}&done=x,9,1:2&after=9.9").status_code == 200


def test_others_items(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """Nobody decides about what they may not see."""
    carl = client("carl")
    assert "Nr. 0" not in carl.get("/todo").text
    for data in ({"accept": CARLS}, {"do": "none"}, {"do": "private"}, {"do": "chat"}):
        assert decide(carl, program, three[0], **data).status_code == 404
    assert waiting(program) == three


def test_home_counts_the_list_that_it_leads_to(
    client: Callable[..., Client], three: list[int]
) -> None:
    """The start page tells a caseworker what waits for them, a records manager all of it."""
    assert f"{len(three)} beskeder og opkald venter på dig" in client("bodil").get("/").text
    text = client("rita").get("/").text
    assert f"{len(three)} beskeder og opkald venter på nogen" in text
    assert "Intet venter på dig." in client("carl").get("/").text


@pytest.mark.parametrize("path", ["/todo", "/api/v1/todo"])
def test_unit_that_does_not_see_its_cases(
    client: Callable[..., Client], program: Program, three: list[int], path: str
) -> None:
    """Where a unit does not see its cases its list is not offered, and refused to who asks for it;
    a records manager has it all the same.
    """
    web = msgspec.structs.replace(program.settings.web, unit_sees_cases=False)
    program.settings = msgspec.structs.replace(program.settings, web=web)
    bodil, rita = client("bodil"), client("rita")

    assert "scope=unit" not in bodil.get("/todo").text
    assert bodil.get(f"{path}?scope=unit").status_code == 403
    assert bodil.get(f"{path}?scope=mine").status_code == 200
    assert "scope=unit" in rita.get("/todo").text
    assert rita.get(f"{path}?scope=unit").status_code == 200


def test_all_is_for_records_managers(client: Callable[..., Client], three: list[int]) -> None:
    """A records manager sees what waits for anybody; nobody else may ask for that list."""
    assert client("bodil").get("/todo?scope=all").status_code == 403
    text = client("rita").get("/todo").text
    assert "Venter på nogen" in text
    assert "Nr. 0" in text


@pytest.mark.parametrize("who", ["oda", "erik", "nobody"])
def test_others_have_no_list(client: Callable[..., Client], who: str) -> None:
    """An operator and an editor have no list of what was said."""
    assert client(who).get("/todo").status_code == 403


def test_forged(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A form from elsewhere decides nothing."""
    bodil = client("bodil")
    bodil.csrf = ""
    assert decide(bodil, program, three[0], accept=BODILS, csrf="x").status_code == 403
    assert waiting(program) == three


def test_looking_is_kept(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """Which items were shown to whom is on the record."""
    client("bodil").get("/todo")
    with program.ledger.read() as connection:
        row = connection.execute(sa.select(event).where(event.c.action == LOOKED)).one()
    assert (row.actor, row.subject) == (PEOPLE["bodil"].upn, "todo")
    assert sorted(map(int, json.loads(row.detail)["items"])) == sorted(three)


def test_foreign_text(client: Callable[..., Client], program: Program) -> None:
    """Mark-up in what was said, and in a title, is shown and not obeyed."""
    add_case(program, title="<img src=x onerror=alert(1)>")
    keep(program, said(f"<script>alert(1)</script> {BODILS} {OTHER} cpr 010190-1234", 1))
    text = client("bodil").get("/todo").text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "010190-1234" not in text
    assert "010190-****" in text


def test_marked() -> None:
    """The words that point to a case are marked, whatever stands round them."""
    assert marked("a <b> A.B c", ["a.b", ""]) == "a &lt;b&gt; <mark>A.B</mark> c"
    assert marked("a & b", []) == "a &amp; b"


def test_pages(client: Callable[..., Client], program: Program) -> None:
    """A long list goes on on the next page; when that is cleared the first is shown."""
    fill(program, PAGE + 1)
    bodil = client("bodil")
    text = bodil.get("/todo").text
    (more,) = re.findall(r'href="(/todo\?scope=mine&amp;after=[^"]+)"', text)
    rest = bodil.get(more.replace("&amp;", "&")).text
    assert (text.count("<article"), rest.count("<article")) == (PAGE, 1)
    last = waiting(program)[-1]
    after = more.rpartition("=")[2]
    answer = decide(bodil, program, last, do="none", after=after)
    assert bodil.get(answer.headers["location"]).text.count("<article") == PAGE


def test_empty(client: Callable[..., Client]) -> None:
    """Nothing to do is said so that it pleases."""
    text = client("carl").get("/todo").text
    assert "Intet venter på dig. Du er helt ajour." in text


def test_part(client: Callable[..., Client], program: Program, three: list[int]) -> None:
    """A script gets the list alone, and what is said above it, at once."""
    bodil = client("bodil")
    headers = {"hx-request": "true", "x-csrf-token": bodil.csrf}
    data = {"seen": seen(program, three[0]), "scope": "mine", "accept": BODILS}
    answer = bodil.post("/todo/decide", data=data, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["x-part"] == "todo"
    assert "<html" not in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    assert f"Lagt på sag {BODILS}." in answer.text


def test_both_languages() -> None:
    """Every word is there in both languages, with the same places to fill."""
    assert set(words.DA) == set(words.EN)
    for key, text in words.DA.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", words.EN[key])), key


# in a browser


@pytest.fixture
def town_portal(portal: Portal) -> Portal:
    fill(portal.program, 6)
    return portal


def opened(portal: Portal, page: Any, name: str = "bodil", path: str = "/todo") -> Any:
    portal.sign_in(page, name)
    page.goto(portal.url + path)
    return page


def looks_at(page: Any, root: int) -> None:
    """Wait until that item is in focus."""
    page.wait_for_function("id => document.activeElement.id === id", arg=f"item-{root}")


def done(page: Any, text: str) -> None:
    """Wait until that stands above the list."""
    page.wait_for_function(
        "text => document.getElementById('todo-status').innerText.includes(text)", arg=text
    )


def test_by_keys(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """Six items are decided by keys alone, one undone, without the page being loaded again."""
    page = opened(town_portal, browser())
    program = town_portal.program
    roots = waiting(program)
    page.evaluate("window.stays = true")

    page.keyboard.press("1")
    done(page, f"Lagt på sag {BODILS}.")
    looks_at(page, roots[1])
    page.keyboard.press("j")
    looks_at(page, roots[2])
    page.keyboard.press("i")
    done(page, "Ikke en sag")
    looks_at(page, roots[3])
    page.keyboard.press("u")
    done(page, "Fortrudt")
    looks_at(page, roots[2])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("v")
    page.keyboard.type(OTHER + " ajip?")
    page.keyboard.press("Escape")
    looks_at(page, roots[1])
    page.keyboard.press("v")
    page.keyboard.press("Control+a")
    page.keyboard.type(OTHER)
    page.keyboard.press("Enter")
    done(page, f"Lagt på sag {OTHER}.")
    page.keyboard.press("p")
    page.wait_for_selector(".question")
    page.wait_for_function("document.activeElement.value === 'chat'")
    page.keyboard.press("Enter")
    done(page, "Hele chatten holdes privat")
    page.keyboard.press("u")
    done(page, "Fortrudt")

    assert page.evaluate("window.stays")
    assert [state(program, root)[0] for root in roots] == ["linked", "linked", *["waiting"] * 4]
    assert page.wrong == []


def test_caps_lock_takes_not_the_rest_of_the_chat(
    town_portal: Portal, browser: Callable[..., Any]
) -> None:
    """A capital letter without Shift means what the small one does; Shift alone takes the rest."""
    page = opened(town_portal, browser())
    page.evaluate("""() => {
        const [one, rest] = document.querySelectorAll("#todo article[data-current] [data-key]");
        one.dataset.key = "a"; rest.dataset.key = "A"; window.pressed = "";
        document.addEventListener("click", (event) => {
            window.pressed += event.target.dataset.key; event.preventDefault();
            event.stopImmediatePropagation();
        }, true);
    }""")
    for key, is_shifted in (("A", False), ("A", True), ("a", True), ("a", False), ("I", True)):
        page.evaluate(
            "([key, shiftKey]) => document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key, shiftKey, bubbles: true}))",
            [key, is_shifted],
        )
    assert page.evaluate("window.pressed") == "aAAa"


def test_one_key_each(portal: Portal, browser: Callable[..., Any]) -> None:
    """Forty items take forty keys: after each the next one has the focus, without a page being
    loaded and without another key. docs/how-to/portal.md reckons with this.
    """
    fill(portal.program, 40)
    roots = waiting(portal.program)
    page = opened(portal, browser())
    page.evaluate(
        "() => { window.keys = 0; addEventListener('keydown', () => { window.keys += 1; }); }"
    )
    for place, root in enumerate(roots):
        page.keyboard.press(("1", "i")[place % 2])
        page.wait_for_selector(f"#item-{root}", state="detached")
        if place + 1 < len(roots):
            looks_at(page, roots[place + 1])
    page.wait_for_selector(".todo-empty")

    assert len(roots) == 40
    assert page.evaluate("window.keys") == 40
    assert waiting(portal.program) == []
    assert page.wrong == []


def test_until_it_is_empty(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """The last item leads to the empty list."""
    page = opened(town_portal, browser())
    for left in range(5, -1, -1):
        page.keyboard.press("1")
        page.wait_for_function(
            "n => document.querySelectorAll('#todo article').length === n", arg=left
        )
    page.wait_for_selector(".todo-empty")
    assert "Du er helt ajour" in page.inner_text("#todo")
    assert "Du har afgjort 6 i dag." in page.inner_text("#todo")
    page.keyboard.press("u")
    page.wait_for_selector("#todo article")
    assert page.wrong == []


def test_keys_can_be_switched_off(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """Switched off, no key decides, none is shown, and that is remembered."""
    page = opened(town_portal, browser())
    first = page.locator("#todo article[data-current] [data-key='1']")
    assert first.get_attribute("aria-keyshortcuts") == "1"
    page.uncheck("#keys-on")
    page.keyboard.press("1")
    page.reload()
    assert not page.is_checked("#keys-on")
    page.keyboard.press("1")
    page.keyboard.press("i")
    assert page.locator("kbd:visible").count() == 0
    assert first.get_attribute("aria-keyshortcuts") is None
    assert len(waiting(town_portal.program)) == 6
    page.check("#keys-on")
    page.locator("h1").click()
    page.keyboard.press("1")
    done(page, "Lagt på sag")


def test_refusal_in_the_page(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """What somebody else decided meanwhile, and a wrong number, are told on the list itself."""
    town_portal.program.register = Register()  # type: ignore[assignment]
    page = opened(town_portal, browser())
    other = opened(town_portal, browser(), "bent", "/todo?scope=unit")
    other.keyboard.press("i")
    done(other, "Ikke en sag")
    page.keyboard.press("1")
    done(page, "Bent Bro har i mellemtiden afgjort, at den ikke er en sag.")
    page.keyboard.press("v")
    page.keyboard.type("12.34.56-P19-1-26")
    page.keyboard.press("Enter")
    done(page, "Der er ingen sag 12.34.56-P19-1-26")
    page.wait_for_function("document.activeElement.getAttribute('aria-invalid') === 'true'")
    assert page.evaluate("document.activeElement.value") == "12.34.56-P19-1-26"
    assert [each for each in page.wrong if "412" not in each and "404" not in each] == []


def test_without_scripts(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """All of it works with forms and links."""
    page = opened(town_portal, browser(scripts=False))
    roots = waiting(town_portal.program)
    page.click(f"#item-{roots[0]} button[name=accept] >> nth=1")
    assert f"Lagt på sag {OTHER}." in page.inner_text("#todo-status")
    page.click("#todo-status button")
    assert "Fortrudt" in page.inner_text("#todo-status")
    page.click(f"#item-{roots[1]} button[value=private]")
    page.click(".question button[value=alone]")
    assert "Privat" in page.inner_text("#todo-status")
    page.fill(f"#case-{roots[2]}", CLOSED)
    page.press(f"#case-{roots[2]}", "Enter")
    page.click(".question button")
    assert f"Lagt på sag {CLOSED}." in page.inner_text("#todo-status")
    assert page.locator("#keys-on").is_visible() is False


def test_enter_accepts_nothing(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """Enter in an empty field of a case number puts nothing on the first suggested case."""
    page = opened(town_portal, browser())
    page.keyboard.press("v")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert len(waiting(town_portal.program)) == 6


def test_double_click(town_portal: Portal, browser: Callable[..., Any]) -> None:
    """Two quick clicks on one button decide one item."""
    page = opened(town_portal, browser())
    page.locator("[data-current] [data-key='1']").dblclick()
    done(page, "Lagt på sag")
    page.wait_for_load_state("networkidle")
    assert len(waiting(town_portal.program)) == 5


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(
    town_portal: Portal, browser: Callable[..., Any], width: int, language: str
) -> None:
    """No violation of WCAG 2.1 A and AA, nothing wider than the screen: also asked and empty."""
    page = opened(town_portal, browser(width=width, language=language))
    looks_good(page)
    page.click("#keys-help summary")
    page.keyboard.press("p")
    page.wait_for_selector(".question")
    looks_good(page)
    page.keyboard.press("1")
    page.wait_for_selector("#todo-status form")
    looks_good(page)
    looks_good(opened(town_portal, browser(width=width, language=language), "carl"))


def looks_good(page: Any) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert found.response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.wrong == []


def test_equally_likely(program: Program, client: Callable[..., Client]) -> None:
    """Of two cases that are equally likely each has a number, and none the key of the best."""
    other = "27.18.02-P25-15-26"
    add_cases(
        program.ledger,
        Case(number=other, caseworker="bodil@nordvang.example", department="Borgerservice"),
    )
    both = message_of("bodil", "19:x@thread.v2", f"Er det {BODILS} eller {other}?", 20)
    take(
        program.ledger,
        [Page(source="chats", part="x", cursor="1", items=(both,))],
        program.policy(),
    )

    shown = client("bodil").get("/todo").text
    article = shown.partition(other)[0].rpartition("<article")[2] + shown.partition(other)[2]
    assert 'data-key="1"' in article
    assert 'data-key="2"' in article.partition("</article>")[0]
    assert 'data-key="a"' not in article.partition("</article>")[0]
