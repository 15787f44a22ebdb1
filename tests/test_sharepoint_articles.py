"""The sandbox's articles on the sandbox's SharePoint, through the whole line."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.articles.checking import check
from connector.articles.edits import open_edit, take
from connector.articles.planning import Plan, plan
from connector.articles.publishing import Result, publish
from connector.articles.reading import Folders, Library, read
from connector.articles.wanting import wanted_of
from connector.ledger import Ledger, open_ledger
from connector.sandbox.article_files import write_articles
from connector.sandbox.systems.graph_pages_store import PERSON, FakePage, parts_of
from tests.test_sharepoint_pages import Served

BLOCKED = {
    "boligstoette", "fritagelse-digital-post", "hjaelpemidler", "hjemmehjaelp",
    "oekonomisk-friplads",
}  # fmt: skip


class TestLine(Served):
    """One municipality's articles and one site."""

    @pytest.fixture(autouse=True)
    def _line(self, _serving: None, tmp_path: Path) -> Iterator[None]:
        self.folders = Folders(local=tmp_path / "local", shared=tmp_path / "shared")
        write_articles(tmp_path, self.clock.now.date())
        self.ledger: Ledger = open_ledger("sqlite:///:memory:", clock=self.clock)
        yield
        self.ledger.close()

    def library(self) -> Library:
        return read(self.folders)

    def plan(self) -> Plan:
        library = self.library()
        mistakes = check(library, self.clock.now.date())
        publisher = self.make_publisher()
        wanted = wanted_of(library, publisher.audience, self.clock(), mistakes)
        return plan(wanted, publisher, self.ledger, self.clock())

    def publish(self) -> Result:
        return publish(self.plan(), self.make_publisher(), self.ledger)

    def page_of(self, article: str) -> FakePage:
        (found,) = [
            kept for kept in self.system.store.pages.values() if kept.name == f"{article}.aspx"
        ]
        return found

    def text_of(self, article: str) -> str:
        kept = self.page_of(article).shown
        return "".join(str(each.get("innerHtml", "")) for each in parts_of(kept or {}))

    def test_all_that_may_be_is_published(self) -> None:
        """All but the five that are wrong on purpose; the second run writes nothing."""
        first = self.publish()
        before = self.snapshot(self.make_publisher())

        second = self.publish()

        assert first.counts["created"] == 46
        assert {step.article for step in self.plan().of("blocked")} == BLOCKED
        assert second.counts == {"blocked": 5, "kept": 46}
        assert before == self.snapshot(self.make_publisher())
        assert all(kept.shown is not None for kept in self.system.store.pages.values())

    def test_links_lead_to_pages(self) -> None:
        """After the first run already: pages that link to later ones are written once more."""
        self.publish()

        text = self.text_of("flytning")

        assert '<a href="/sites/intranet/SitePages/sygesikringskort.aspx">' in text
        assert "article:" not in text
        assert "Nøglekvittering" in text  # Nordvang's own section over the national one
        assert "Velkommen til Nordvang" in text

    def test_what_a_person_wrote_is_taken_into_the_source(self) -> None:
        """It is told, not written over; taken, it stands in a text of ours, and the page stays."""
        self.publish()
        kept = self.page_of("hegn")
        changed = copy.deepcopy(kept.content)
        parts_of(changed)[1]["innerHtml"] += "<p>Ring, hvis I er i tvivl.</p>"
        self.system.store.update(kept, changed, "", PERSON)
        kept.publish()

        told = self.publish()
        edit = open_edit(self.ledger, "hegn")
        taken = take(self.ledger, edit, self.library(), self.folders, actor="anna")
        after = self.publish()

        assert told.counts["edited"] == 1
        assert "Ring, hvis I er i tvivl." in taken.path.read_text(encoding="utf-8")
        assert [change.kind for change in taken.changes] == ["changed"]
        assert "edited" not in after.counts
        assert self.text_of("hegn").count("Ring, hvis I er i tvivl.") == 1

    def test_a_national_change_reaches_the_page(self) -> None:
        """The price of the national text, under our own section on the library."""
        self.publish()
        path = self.folders.shared / "pas.md" if self.folders.shared else Path()
        path.write_text(path.read_text(encoding="utf-8").replace("890 kr.", "905 kr."), "utf-8")

        assert self.publish().counts == {"blocked": 5, "changed": 1, "kept": 45}
        assert "905 kr." in self.text_of("pas")
        assert "Pas på biblioteket" in self.text_of("pas")
