"""The search page: what it finds for whom, and that a CPR number never stands in an address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from connector.bootstrap import Program
from connector.ledger.tables import event
from connector.ledger.take import take
from connector.model import Kind, Party
from connector.web.pages import search
from connector.web.site import Site
from tests.making import message, page, policy
from tests.web.conftest import Client, Portal
from tests.web.town import BODILS, CARLS, PEOPLE, SECRET

CPR = "010190-1234"


def said(program: Program, *texts: str, case: str = BODILS) -> None:
    """Messages of a chat about a case."""
    items = [message(f"{text} {case}", n, thread=f"19:{case}@x") for n, text in enumerate(texts)]
    take(program.ledger, [page(*items)], policy())


def looks(site: Site) -> list[dict[str, Any]]:
    """What was kept of searches."""
    with site.read() as connection:
        rows = connection.execute(sa.select(event.c.detail).where(event.c.subject == "search"))
        return [json.loads(row[0]) for row in rows]


def test_empty(client: Callable[..., Client], site: Site) -> None:
    """The page without a question shows the form and how to search, and is no look."""
    answer = client("bodil").get("/search")

    assert answer.status_code == 200
    assert "Sådan søger du" in answer.text
    assert looks(site) == []


def test_found(client: Callable[..., Client], program: Program, site: Site) -> None:
    """A hit is marked, leads to its place on the case, and the search is kept first."""
    said(program, "byggesagen om et hegn")

    text = client("bodil").get("/search?q=byggesag").text

    assert "<mark>byggesagen</mark>" in text
    assert f'href="/cases/{BODILS}?item=' in text
    assert "1 fund" in text
    assert [(each["words"], each["hits"]) for each in looks(site)] == [("byggesag", 1)]


@pytest.mark.parametrize("typed", ["20000123", "+45 20 00 01 23", "2000 0123"])
def test_number_is_marked(client: Callable[..., Client], program: Program, typed: str) -> None:
    """A telephone number that was asked for is marked in who called, in a subject and in a text."""
    call = message(
        "Ring på 2000 0123",
        3,
        thread="voicemail",
        source="voicemail",
        kind=Kind.VOICEMAIL,
        subject="Besked fra +4520000123",
        sender="+4520000123",
        sender_name="",
        parties=(
            Party(phone="+4520000123", role="from"),
            Party(person=PEOPLE["bodil"].id, role="to"),
        ),
    )
    take(program.ledger, [page(call)], policy())
    text = client("bodil").post("/search", data={"q": typed}, follow_redirects=True).text

    assert "<mark>20 00 01 23</mark>" in text
    assert "<mark>20000123</mark>" in text
    assert "<mark>2000 0123</mark>" in text


def test_nothing_of_others(client: Callable[..., Client], program: Program) -> None:
    """A case worker elsewhere finds neither the case nor what was said; nor of a restricted one."""
    said(program, "skelsag")
    said(program, "skelsag", case=SECRET)
    carl, bodil, rita = client("carl"), client("bodil"), client("rita")

    assert "<mark>" not in carl.get(f"/search?q=skelsag&case={BODILS}").text
    assert BODILS not in carl.get(f"/search?q={BODILS}").text.split("</form>", 3)[-1]
    assert bodil.get("/search?q=skelsag").text.count("<mark>") == 1
    assert rita.get("/search?q=skelsag").text.count("<mark>") == 1
    assert SECRET not in rita.get("/search?q=skelsag").text


def test_case_first(client: Callable[..., Client]) -> None:
    """A case number, written in another way, leads to the case."""
    text = client("carl").get("/search", params={"q": CARLS.lower()}).text

    assert f'<a href="/cases/{CARLS}">{CARLS}</a>' in text


def test_form_is_redirected(client: Callable[..., Client]) -> None:
    """The form's answer has an address that can be kept."""
    fields = {"q": "hegn", "kind": ["call"], "from": "2026-11-01", "unit": ""}

    answer = client("bodil").post("/search", data=fields)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/search?q=hegn&from=2026-11-01&kind=call"


@pytest.mark.parametrize("typed", [CPR, "010190 1234", "0101901234", "hegn 010190-1234 ude"])
def test_no_cpr_in_address(
    client: Callable[..., Client], program: Program, site: Site, typed: str
) -> None:
    """A CPR number is searched for by POST, is in no address and not in what is kept."""
    said(program, *(f"borger {typed} nr. {n}" for n in range(25)))
    bodil = client("bodil")

    sent = bodil.post("/search", data={"q": typed})
    got = bodil.get("/search", params={"q": typed})

    assert sent.status_code == 200
    assert sent.text.count('<li id="hit-') == search.PAGE
    assert "1234" not in sent.text.split('<ol class="hits">')[1].split("</ol>")[0]
    assert '<form method="post" action="/search" hx-post' in sent.text
    assert (got.status_code, got.headers["location"]) == (303, "/search?why=cpr")
    assert "må ikke stå i en adresse" in bodil.get(got.headers["location"]).text
    assert "1234" not in json.dumps(looks(site))
    assert len(looks(site)) == 1


def test_more(client: Callable[..., Client], program: Program) -> None:
    """What is shown page by page is the whole, and it is said how much there is."""
    said(program, *(f"hegn {n}." for n in range(45)))
    bodil = client("bodil")
    shown: list[str] = []
    data: dict[str, Any] = {"q": "hegn"}
    for expected in ("Mere end 20 fund", "Mere end 40 fund", "45 fund"):
        where = bodil.post("/search", data=data).headers["location"]
        text = bodil.get(where, headers={"hx-request": "true"} if shown else {}).text
        assert expected in text
        assert ("<html" in text) is not bool(shown)
        shown += [part.split('"')[0] for part in text.split('id="hit-')[1:]]
        if 'name="cursor"' in text:
            data["cursor"] = text.split('name="cursor" value="')[1].split('"')[0]

    assert len(shown) == len(set(shown)) == 45


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=x&cursor=abc", "kan ikke fortsættes"),
        ("from=i+går", "ikke en dato"),
        ("from=2026-11-20&to=2026-11-19", "slutter, før den begynder"),
        ("colleague=Ingen+Nogen", "Ingen kollega"),
        ("colleague=B", "Flere kolleger"),
    ],
)
def test_wrong(client: Callable[..., Client], query: str, words: str) -> None:
    """What cannot be meant is told in words of what to do."""
    answer = client("bodil").get(f"/search?{query}")

    assert answer.status_code == 400
    assert words in answer.text


def test_colleague(client: Callable[..., Client], program: Program) -> None:
    """Who is named is listed with a way to what they took part in."""
    text = client("rita").get("/search?q=carl+oelgaard").text

    assert "Carl Ølgård, Teknik" in text
    assert "/search?colleague=carl%40nordvang.example" in text
    assert client("rita").get(f"/search?colleague={PEOPLE['carl'].upn}").status_code == 200


def test_html_is_text(client: Callable[..., Client], program: Program) -> None:
    """Mark-up in what was said or asked is shown as it was written, also beside a marked word."""
    said(program, "<script>alert(1)</script> hegn <img src=x>")

    text = client("bodil").get("/search", params={"q": 'hegn "><b>'}).text

    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert '"><b>' not in text


def test_too_often(client: Callable[..., Client], program: Program, site: Site) -> None:
    """Who searches without end is asked to wait; others are not."""
    bodil = client("bodil")
    answers = {bodil.get("/search?q=x").status_code for _ in range(site.web.searches_per_min + 1)}

    assert answers == {200, 429}
    assert client("carl").get("/search?q=x").status_code == 200


@pytest.mark.parametrize("scripts", [True, False])
def test_in_browser(
    portal: Portal, browser: Callable[..., Any], program: Program, scripts: bool
) -> None:
    """Search, read on, and nothing for axe-core to find; with scripts the list grows in place."""
    said(portal.program, *(f"hegn {n}." for n in range(25)))
    tab = browser(width=360, scripts=scripts)
    portal.sign_in(tab, "bodil")
    tab.goto(f"{portal.url}/search")
    tab.get_by_label("Sagsnummer, navn, telefon eller ord").fill("hegn")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search?q=hegn")
    assert tab.locator("mark").count() == search.PAGE

    tab.get_by_role("button", name="Flere").click()
    tab.get_by_text("25 fund").wait_for()

    assert tab.locator("mark").count() == (25 if scripts else 5)
    assert ("cursor=" in tab.url) is not scripts
    width = tab.evaluate("document.documentElement.scrollWidth") if scripts else 360
    assert width <= 360
    if scripts:
        assert Axe().run(tab).response["violations"] == []
        assert tab.wrong == []


def test_case_by_title(client: Callable[..., Client]) -> None:
    """A word of its title or a party's name leads who may see the case there, and nobody else."""
    for typed in ("boligstøtten", "Asta"):
        text = client("bodil").get("/search", params={"q": typed}).text
        assert f'<a href="/cases/{BODILS}">{BODILS}</a> Boligstøtte, Asta Prøve' in text
        assert BODILS not in client("carl").get("/search", params={"q": typed}).text


def test_nothing_asked(client: Callable[..., Client]) -> None:
    """An empty form says that nothing was asked for."""
    bodil = client("bodil")
    where = bodil.post("/search", data={"q": " "}).headers["location"]

    assert "Skriv, hvad du vil finde" in bodil.get(where).text


def test_nothing_said_of_who_was_found(client: Callable[..., Client]) -> None:
    """Below people and cases that were found it does not say that nothing was."""
    text = client("rita").get("/search?q=carl+oelgaard").text

    assert "Ingen beskeder eller opkald fundet" in text
    assert "Intet fundet" not in text
    assert "Vis, hvad Carl Ølgård har deltaget i" in text
    assert "Intet fundet" in client("rita").get("/search?q=findesikke").text
