"""Every page as people meet it: in a real browser, in both languages, wide and narrow, without
scripts, by keyboard; and by axe-core, which may find nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.lively import WRITTEN, Lively, lively, write_over
from tests.web.pages_to_see import pages

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
PARTS = (
    "number:path",
    "number",
    "root",
    "sample",
    "position",
    "item",
    "person",
    "job",
    "article",
    "edit",
)
NAMES = [name for name, _ in pages(dict.fromkeys(PARTS, "1"))]


@pytest.fixture(scope="module")
def town() -> Iterator[Lively]:
    """The portal of the sandbox's municipality, shared: these tests look and change nothing."""
    with lively() as made:
        yield made


@pytest.fixture(scope="module")
def places(town: Lively) -> dict[str, str]:
    """Address by name of page."""
    return dict(pages(town.parts))


def problems(page: Any) -> list[str]:
    """What axe-core holds against the page: rule and the places."""
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("da", 1280, "light"), ("en", 360, "dark")],
)
def test_accessible(
    town: Lively, places: dict[str, str], browser: Callable[..., Any],
    name: str, language: str, width: int, scheme: str,
) -> None:  # fmt: skip
    """Axe-core finds no violation of WCAG 2.1 A and AA, the policy forbids nothing that is loaded,
    and nothing makes the page itself scroll sideways."""
    page = browser(width=width, language=language, color_scheme=scheme)
    town.sign_in(page)
    answer = page.goto(town.url + places[name])

    assert answer.status in (200, 404)
    assert problems(page) == []
    assert [each for each in page.wrong if "404" not in each] == []
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts(
    town: Lively, places: dict[str, str], browser: Callable[..., Any], name: str
) -> None:
    """Each page shows its content and has its forms without a script."""
    page = browser(scripts=False)
    town.sign_in(page)
    page.goto(town.url + places[name])

    assert page.locator("main h1").is_visible()
    assert "None" not in page.locator("main").inner_text()


@pytest.mark.parametrize("language", ["da", "en"])
def test_forms_are_seen(
    town: Lively, places: dict[str, str], browser: Callable[..., Any], language: str
) -> None:
    """What axe looked at has its forms and rows: deliveries, corrections, an edited chat."""
    page = browser(language=language)
    town.sign_in(page)
    page.goto(town.url + places["records-deliveries"])
    for does in ("there", "missing", "again"):
        assert page.locator(f"[name=does][value={does}]").count()
    page.goto(town.url + places["records-corrections"])
    assert page.locator("main tbody tr").count()
    page.goto(town.url + places["cases"])
    for what in ("details.mark", ".mark.unread", ".mark.deleted"):
        assert page.locator(what).count()


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("da", 1280, "light"), ("en", 360, "dark")]
)
def test_note_that_is_not_kept(
    town: Lively, browser: Callable[..., Any], language: str, width: int, scheme: str
) -> None:
    """What somebody wrote over another's note meanwhile is shown beside it, and accessible."""
    page = browser(width=width, language=language, color_scheme=scheme)
    town.sign_in(page)
    write_over(town, page)

    assert page.locator("textarea").input_value() == WRITTEN
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_bites(browser: Callable[..., Any]) -> None:
    """An image without a text and a field without a name are found."""
    page = browser()
    page.set_content("<html lang=da><title>x</title><main><h1>x</h1><img src=x><input></main>")

    assert {each.partition(":")[0] for each in problems(page)} == {"image-alt", "label"}


def test_keyboard(town: Lively, browser: Callable[..., Any]) -> None:
    """With the keyboard alone: past the menu, to the search, to a hit, and it opens."""
    page = browser()
    town.sign_in(page)
    page.goto(town.url + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type(town.case.number)
    with page.expect_navigation():
        page.keyboard.press("Enter")

    link = page.locator(f"main a[href*='{town.case.number}']").first
    assert link.is_visible()
    link.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert town.case.number in page.locator("h1").inner_text()


def test_language_is_kept(town: Lively, browser: Callable[..., Any]) -> None:
    """The reader's choice of language holds on the next page, and brings back to the same one."""
    page = browser()
    town.sign_in(page)
    page.goto(town.url + "/search?q=bolig")
    with page.expect_navigation():
        page.get_by_role("button", name="English").click()

    assert page.url == town.url + "/search?q=bolig"
    assert page.evaluate("document.documentElement.lang") == "en"
    page.goto(town.url + "/")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_focus_is_seen(town: Lively, browser: Callable[..., Any]) -> None:
    """What has the focus has an outline."""
    page = browser()
    town.sign_in(page)
    page.goto(town.url + "/")
    for _ in range(4):
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(style) == "solid"
