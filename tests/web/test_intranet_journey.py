"""Inside a real Plone, in a real browser: a reader reads and votes; a case worker sees what was
said on a case and who is free; a connector that is away stops nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.intranet import Intranet, intranet
from tests.plone_server import EDITOR, NEIGHBOUR, STAFF, RealPlone
from tests.web import town
from tests.web.test_pages import WCAG

WAIT_MS = 20_000


@pytest.fixture
def place(plone: RealPlone, tmp_path: Path) -> Iterator[Intranet]:
    with intranet(plone, tmp_path) as found:
        yield found


def hindrances(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA in what is ours of the page."""
    found = Axe().run(page, context="#content", options=WCAG).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


def test_reader(place: Intranet, browser: Callable[..., Any]) -> None:
    """A visitor on a telephone reads what is for everybody, and votes; both are counted."""
    page = browser(width=360)
    page.goto(f"{place.plone.articles}/soeg-om-pas")
    page.get_by_text("Hvad koster det").first.wait_for()
    assert page.get_by_text("lægens erklæring").count() == 0
    assert page.get_by_text("Bodil Bæk").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert hindrances(page) == []

    page.check("#casethread-down")
    page.fill("#casethread-reason", "Der står ikke, hvor længe man venter")
    with page.expect_navigation():
        page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Redaktørerne læser dit svar").wait_for()

    told = (
        place.plone.session("admin")
        .get(f"{place.plone.url}/@casethread-signals", timeout=20)
        .json()["signals"]
    )
    assert {(each["kind"], each["audience"], each["value"]) for each in told} == {
        ("view", "citizen", ""),
        ("vote", "citizen", "down"),
    }


def test_without_scripts(place: Intranet, browser: Callable[..., Any]) -> None:
    """Without scripts a reader reads and votes too, and the page of a case says what it lacks."""
    page = browser(scripts=False)
    page.goto(f"{place.plone.articles}/soeg-om-pas")
    page.check("#casethread-up")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Redaktørerne læser dit svar").wait_for()
    place.sign_in(page, STAFF)
    page.goto(f"{place.plone.url}/@@communications?case={town.BODILS}")
    page.get_by_text("det kører ikke").wait_for()
    assert page.get_by_role("link", name="Åbn sagen").get_attribute("href", timeout=5000)


def test_search(place: Intranet, browser: Callable[..., Any]) -> None:
    """Staff find an article by words of a staff section, and choose an audience; visitors not."""
    page = browser()
    page.goto(f"{place.plone.articles}/@@articles?text=erklæring")
    page.get_by_text("Intet fundet").wait_for()
    assert page.locator("#casethread-audience").count() == 0
    place.sign_in(page, STAFF)
    page.goto(f"{place.plone.articles}/@@articles?text=erklæring")
    page.get_by_role("link", name="Søg om pas").wait_for()
    page.fill("#casethread-text", "")
    page.select_option("#casethread-audience", "staff")
    page.locator(".casethread-search button").click()
    page.get_by_role("link", name="Svar på henvendelser om pas").wait_for()
    assert page.locator(".casethread-found > li").count() == 1
    assert hindrances(page) == []


def test_communications(place: Intranet, browser: Callable[..., Any]) -> None:
    """A case worker sees her case's calls and conversations in Plone, by page and beside a note."""
    page = browser()
    place.sign_in(page, STAFF)
    page.goto(f"{place.plone.url}/@@communications?case={town.BODILS}")
    page.locator(".casethread-entry").first.wait_for(timeout=WAIT_MS)
    assert page.locator(".casethread-entry").count() > 1
    assert hindrances(page) == []
    page.goto(f"{place.plone.articles}/notat")
    page.locator(".casethread-entry").first.wait_for(timeout=WAIT_MS)
    assert page.wrong == []


def test_not_hers(place: Intranet, browser: Callable[..., Any]) -> None:
    """Of a case that she may not see, she is told what she is told of one that is not there."""
    page = browser()
    place.sign_in(page, STAFF)
    for number in (town.SECRET, town.CARLS, "1-1"):
        page.goto(f"{place.plone.url}/@@communications?case={number}")
        told = page.get_by_text("Sagen findes ikke, eller du må ikke se den.", exact=True)
        told.wait_for(timeout=WAIT_MS)
        assert page.locator(".casethread-entry").count() == 0


def test_unknown_to_the_portal(place: Intranet, browser: Callable[..., Any]) -> None:
    """Staff of the intranet whom the portal does not know are told that, and see no case."""
    page = browser()
    place.sign_in(page, NEIGHBOUR)
    page.goto(f"{place.plone.url}/@@communications?case={town.BODILS}")
    page.get_by_text("Sagstråd kender dig ikke").wait_for(timeout=WAIT_MS)
    assert page.locator(".casethread-entry").count() == 0


def test_form_for_sections(place: Intranet, browser: Callable[..., Any]) -> None:
    """An editor who saves the form as it came has changed nothing, whatever the browser's editor
    makes of the text; one who types has changed that section alone."""
    page = browser()
    place.sign_in(page, EDITOR)
    form = f"{place.plone.articles}/soeg-om-pas/@@edit-sections"
    before = parts(place)
    page.goto(form)
    page.locator(".tox-tinymce").nth(3).wait_for(timeout=WAIT_MS)
    save = page.locator(".casethread-sections button[type=submit]")
    save.click()
    page.get_by_text("Intet blev ændret").wait_for()
    assert parts(place) == before

    page.goto(form)
    page.locator(".tox-tinymce").nth(3).wait_for(timeout=WAIT_MS)
    page.frame_locator(".tox-edit-area__iframe").nth(2).locator("body").press_sequentially("Nyt: ")
    save.click()
    page.get_by_text("Afsnittene er gemt").wait_for()
    after = parts(place)
    assert "Nyt: " in after[2]["html"]
    assert after[:2] + after[3:] == before[:2] + before[3:]


def parts(place: Intranet) -> list[dict[str, str]]:
    address = f"{place.plone.articles}/soeg-om-pas"
    found: list[dict[str, str]] = json.loads(
        place.plone.session("admin").get(address, timeout=20).json()["parts"]
    )
    return found


def test_presence(place: Intranet, browser: Callable[..., Any]) -> None:
    """Staff see on an article whether its owner is free, and on a page who of their unit is."""
    page = browser()
    place.sign_in(page, STAFF)
    page.goto(f"{place.plone.articles}/soeg-om-pas")
    people = page.locator(".casethread-people li")
    people.first.wait_for(timeout=WAIT_MS)
    assert "Bodil Bæk" in people.first.inner_text()
    assert "Ledig" in people.first.inner_text()
    assert hindrances(page) == []
    page.goto(f"{place.plone.url}/@@presence")
    people.first.wait_for(timeout=WAIT_MS)
    assert "Bent Bro" in page.locator(".casethread-people").inner_text()
    assert hindrances(page) == []


def test_away(place: Intranet, browser: Callable[..., Any]) -> None:
    """With the connector away the page stands and says so; asked again, it shows all."""
    page = browser()
    place.sign_in(page, STAFF)
    address = f"{place.portal.url}/api/v1/**"
    page.route(address, lambda route: route.abort())
    page.goto(f"{place.plone.url}/@@communications?case={town.BODILS}")
    page.get_by_text("svarer ikke lige nu").wait_for(timeout=WAIT_MS)
    assert page.get_by_role("heading", name="Henvendelser på en sag").is_visible()
    page.unroute(address)
    page.get_by_role("button", name="Spørg igen").click()
    page.locator(".casethread-entry").first.wait_for(timeout=WAIT_MS)
