"""An overdue page says so to its readers, whatever else keeps the article from being published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector.article import STAFF, ArticlePage, SiteAccess
from connector.articles.checking import check
from connector.articles.planning import plan
from connector.articles.publishing import Result, publish
from connector.articles.reading import Folders, read
from connector.articles.wanting import wanted_of
from connector.ledger import Ledger, open_ledger
from connector.ledger.article_versions import last_version
from connector.sites.html import make_publisher
from tests.conftest import Clock

REVIEW = date(2026, 11, 25)


class World:
    """A folder of one article, a site, and a day."""

    def __init__(self, folder: Path, ledger: Ledger, clock: Clock) -> None:
        self.folder, self.ledger, self.clock = folder, ledger, clock
        (folder / "artikler").mkdir()
        (folder / "site").mkdir()
        self.site = make_publisher(
            SiteAccess(name="ansat", place=str(folder / "site"), audience=STAFF)
        )

    def write(self, text: str, review_by: date = REVIEW) -> None:
        (self.folder / "artikler" / "pas.md").write_text(
            "---\nid: pas\ntitle: Forny dit pas\nsummary: Sådan gør du.\nlanguage: da\n"
            f"unit: Borgerservice\nowner: hanne@kommunen.example\nreview_by: {review_by}\n---\n"
            f"{text}\n",
            encoding="utf-8",
        )

    def publish(self) -> Result:
        now = self.clock()
        library = read(Folders(self.folder / "artikler"))
        wanted = wanted_of(library, self.site.audience, now, check(library, now.date()))
        made = plan(wanted, self.site, self.ledger, now)
        return publish(made, self.site, self.ledger)

    def page(self) -> ArticlePage:
        """What readers see."""
        found = last_version(self.ledger, "ansat", "pas")
        assert found is not None
        return found.page

    def html(self) -> str:
        live = next(iter(self.site.pages()))
        return self.site.read(live).html


@pytest.fixture
def world(tmp_path: Path, ledger_url: str) -> Iterator[World]:
    clock = Clock(datetime(2026, 11, 24, 6, tzinfo=UTC))
    ledger = open_ledger(ledger_url, clock=clock)
    yield World(tmp_path, ledger, clock)
    ledger.close()


def test_badge_comes_by_itself(world: World) -> None:
    """The day after the review date the daily run changes the page, and only that; once."""
    world.write("Bestil tid.")
    world.publish()
    assert not world.page().is_overdue
    world.clock.move(days=1)
    assert world.publish().counts.get("changed", 0) == 0
    world.clock.move(days=1)
    first, second = world.publish(), world.publish()

    assert first.counts["changed"] == 1
    assert second.counts.get("changed", 0) == 0
    assert world.page().is_overdue
    assert "Bestil tid." in world.html()


def test_badge_and_nothing_else(world: World) -> None:
    """A text that was changed meanwhile is not published while the article is overdue."""
    world.write("Bestil tid.")
    world.publish()
    world.write("Nyt og ulæst.")
    world.clock.move(days=2)
    world.publish()

    assert world.page().is_overdue
    assert "Bestil tid." in world.html()
    assert "Nyt og ulæst." not in world.html()


def test_reviewed(world: World) -> None:
    """With a new review date the badge goes, and the new text comes with it."""
    world.write("Bestil tid.")
    world.publish()
    world.clock.move(days=2)
    world.publish()
    world.write("Læst igennem.", REVIEW + timedelta(days=365))
    world.publish()

    assert not world.page().is_overdue
    assert "Læst igennem." in world.html()


def test_overdue_for_another_reason_too(world: World) -> None:
    """An article that is wrong in other ways as well still gets its badge."""
    world.write("Bestil tid.")
    world.publish()
    world.write("Se [her](article:findes-ikke).")
    world.clock.move(days=2)
    world.publish()

    assert world.page().is_overdue
    assert "Bestil tid." in world.html()
