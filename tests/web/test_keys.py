"""The main task of each role by keys alone: Tab reaches it, where one is is seen, Enter does it.

Each of these people has one role only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.article_tables import article_edit
from connector.ledger.tables import delivery, run, sample_item
from connector.web.app import make_app
from tests.conftest import Clock
from tests.web import article_town, town
from tests.web.conftest import Portal, free_port, no_issuer, serving
from tests.web.test_records import send
from tests.web.test_todo import fill, state, waiting

MOST = 120  # presses of Tab to the end of the longest of these pages


def tab_to(page: Any, what: str) -> None:
    """Press Tab until that has the focus; an outline shows where one is, all the way."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        seen, is_there = page.evaluate(
            """what => {
                const one = document.activeElement;
                // Of a date the calendar's button has the focus: Chromium outlines it inside.
                const isInside = one.matches("input[type=date]") && !one.matches(":focus");
                const outline = getComputedStyle(one).outlineStyle;
                return [isInside || outline !== "none", one.matches(what)];
            }""",
            what,
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")
        if is_there:
            return
    raise AssertionError(f"Tab does not lead to {what}")


def press(page: Any, what: str) -> None:
    """Go there and press Enter, which leads to another page."""
    tab_to(page, what)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def begin(portal: Portal, page: Any, who: str) -> Any:
    portal.sign_in(page, who)
    page.goto(portal.url + "/")
    return page


def test_case_worker(portal: Portal, browser: Callable[..., Any]) -> None:
    """From the menu to what waits, and on a case with it, without a key of its own."""
    fill(portal.program, 2)
    first, second = waiting(portal.program)
    page = begin(portal, browser(), "bodil")
    press(page, "nav a[href='/todo']")
    tab_to(page, f"#item-{first} button[name=accept]")
    page.keyboard.press("Enter")
    page.wait_for_function("id => document.activeElement.id === id", arg=f"item-{second}")

    assert state(portal.program, first) == ("linked", town.BODILS)
    assert page.wrong == []


def test_case_worker_writes_a_note(portal: Portal, browser: Callable[..., Any]) -> None:
    """On the case's page a note of a call is unfolded, written and kept."""
    page = begin(portal, browser(), "bodil")
    page.goto(f"{portal.url}/cases/{town.BODILS}")
    tab_to(page, "article.call details.write summary")
    page.keyboard.press("Enter")
    tab_to(page, "article.call textarea")
    page.keyboard.type("Hun ringer igen")
    press(page, "article.call details.write button")

    assert "Hun ringer igen" in page.inner_text("article.call .note")


def test_who_is_free(portal: Portal, browser: Callable[..., Any]) -> None:
    """Another unit is chosen by its first letters."""
    page = begin(portal, browser(), "bodil")
    press(page, "nav a[href='/presence']")
    tab_to(page, "#unit")
    page.keyboard.type("Teknik")
    press(page, "form.choose button")

    assert "Carl Ølgård" in page.inner_text("#now")


def test_records_manager_judges(portal: Portal, browser: Callable[..., Any]) -> None:
    """A control is drawn, and its first communication judged."""
    send(portal.program)
    page = begin(portal, browser(), "rita")
    press(page, "nav a[href='/records']")
    press(page, "main a[href='/records/samples']")
    tab_to(page, "#size")
    page.keyboard.press("Control+a")
    page.keyboard.type("1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(page, "main a.button")
    for _ in range(3):
        tab_to(page, "input[type=radio]")
        page.keyboard.press("Space")
    press(page, "main form button")

    assert "1 af 1 bedømt" in page.inner_text("main")
    with portal.program.ledger.read() as connection:
        (verdict,) = connection.execute(sa.select(sample_item.c.verdict)).scalars()
    assert verdict.count("yes") == 3


def test_records_manager_sends_again(portal: Portal, browser: Callable[..., Any]) -> None:
    """What the journal refused is sent again; what it may have is said to be there."""
    send(portal.program)
    with portal.program.ledger.write() as connection:
        keys = connection.execute(sa.select(delivery.c.key)).scalars().all()
        for key, of in zip(keys, ("failed", "unsure"), strict=False):
            values = {"state": of, "reason": "journal: no answer", "receipt": None}
            connection.execute(sa.update(delivery).where(delivery.c.key == key).values(**values))
    page = begin(portal, browser(), "rita")
    page.goto(portal.url + "/records/deliveries")
    press(page, "button[value=again]")
    tab_to(page, "input[name=reference]")
    page.keyboard.type("JP-7")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    with portal.program.ledger.read() as connection:
        found = set(connection.execute(sa.select(delivery.c.state)).scalars())
    assert found <= {"done", "waiting"}


def test_operator(portal: Portal, browser: Callable[..., Any]) -> None:
    """A job is run now, and the page is at it afterwards."""
    portal.program.settings.sinks[0].path.mkdir()
    page = begin(portal, browser(), "oda")
    press(page, "nav a[href='/operations']")
    press(page, "#run-deliver")
    portal.app.state.runner._threads["deliver"].join(timeout=20)

    assert page.url.endswith("/operations#job-deliver")
    with portal.program.ledger.read() as connection:
        assert list(connection.execute(sa.select(run.c.job)).scalars()) == ["deliver"]


@pytest.fixture
def articles(tmp_path: Path, clock: Clock, filled: Path) -> Iterator[Portal]:
    """The town's portal, with its articles."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shutil.copy(filled, tmp_path / "ledger.db")
    its = town.settings(tmp_path, url, more=article_town.MORE)
    program = Program(settings=its, clock=clock)
    article_town.fill(tmp_path, program)
    app = make_app(program, no_issuer())
    with serving(app, port):
        yield Portal(url, app, program)
    program.close()


def test_editor(articles: Portal, browser: Callable[..., Any]) -> None:
    """A person's edit is found, read and dismissed with a reason."""
    page = begin(articles, browser(), "erik")
    press(page, "nav a[href='/articles']")
    press(page, "main a[href^='/articles/pas']")
    if "/edits/" not in page.url:
        press(page, "main a[href*='/edits/']")
    tab_to(page, "#reason")
    page.keyboard.type("Står i lovteksten")
    press(page, "button[value=dismiss]")

    with articles.program.ledger.read() as connection:
        (edit,) = connection.execute(sa.select(article_edit)).all()
    assert (edit.decision, edit.reason) == ("dismissed", "Står i lovteksten")


@pytest.mark.parametrize(("who", "theirs"), [("rita", "/records"), ("oda", "/operations")])
def test_nothing_of_others(
    portal: Portal, browser: Callable[..., Any], who: str, theirs: str
) -> None:
    """Who has one role meets no entry of the menu that would be refused."""
    page = begin(portal, browser(), who)
    menu = page.locator("nav a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert theirs in menu
    for each in menu:
        assert page.goto(portal.url + each).status == 200
