"""What the ledger keeps of the article line, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from connector.articles.edits import dismiss, open_edit
from connector.ledger import Ledger
from connector.ledger.article_edits import DISMISSED, GONE, edits, latest_edits
from connector.ledger.article_pages import html_left, kept_page, kept_pages
from connector.ledger.article_versions import versions_of
from tests.articles.line import Line, link, page
from tests.conftest import Clock


def test_a_page_from_first_to_last(ledger: Ledger, clock: Clock) -> None:
    """Put, changed, edited, dismissed and withdrawn: each leaves what the next needs."""
    line = Line(ledger, clock)
    line.want(page("pas", link("affald")), page("affald"))
    line.publish()

    kept = kept_pages(ledger, "intra")
    assert {id: row.state for id, row in kept.items()} == dict.fromkeys(kept, "published")
    assert kept["pas"].links == {"affald": kept["affald"].url}
    assert kept["pas"].intent == ""
    assert "Sådan gør du" in html_left(ledger, "intra", "pas")

    line.place.edit("pas", "Også om aftenen.")
    line.look()
    line.look()
    assert len(edits(ledger)) == 1
    clock.now += timedelta(minutes=5)
    dismiss(ledger, open_edit(ledger, "pas"), actor="anna", reason="nej")
    line.publish()
    (edit,) = edits(ledger, open_only=False)
    assert (edit.decision, edit.actor, edit.reason) == (DISMISSED, "anna", "nej")
    assert edit.applied_at == edit.decided_at
    assert [each.number for each in versions_of(ledger, "intra", "pas")] == [2, 1]

    line.pages.pop("pas")
    line.publish()
    row = kept_page(ledger, "intra", "pas")
    assert row is not None
    assert row.state == "withdrawn"


def test_withdrawn_as_a_person_left_it(ledger: Ledger, clock: Clock) -> None:
    """A page withdrawn with a person's words on it: an edit after that is told apart from those."""
    line = Line(ledger, clock)
    line.want(page("pas"), page("affald"))
    line.publish()
    line.place.edit("pas", "Også om aftenen.")
    line.look()
    dismiss(ledger, open_edit(ledger, "pas"), actor="anna", reason="nej")
    line.pages.pop("pas")
    line.publish()

    assert "Også om aftenen." in html_left(ledger, "intra", "pas")


def test_a_later_edit_closes_the_one_before(ledger: Ledger, clock: Clock) -> None:
    """One edit of a page is open at a time: the last, which has the others' text as well."""
    line = Line(ledger, clock)
    line.want(page("pas"))
    line.publish()
    for text in ("Om aftenen.", "Og søndag."):
        line.place.edit("pas", text)
        line.look()

    decisions = [edit.decision for edit in latest_edits(ledger, "intra").values()]

    assert sorted(decisions) == ["", GONE]
    assert "aftenen" in edits(ledger)[0].html
    assert "søndag" in edits(ledger)[0].html


def test_sites_do_not_mix(ledger: Ledger, clock: Clock) -> None:
    """Two sites with the same article have their own pages, versions and edits."""
    one, two = Line(ledger, clock), Line(ledger, clock, name="borger")
    for each in (one, two):
        each.want(page("pas"))
    one.publish()
    assert kept_pages(ledger, "borger") == {}
    two.publish()
    two.want(page("pas", "Ny."))
    two.publish()
    one.place.edit("pas", "Om aftenen.")
    one.look()

    assert len(versions_of(ledger, "intra", "pas")) == 1
    assert len(versions_of(ledger, "borger", "pas")) == 2
    assert edits(ledger, "borger") == []
    assert len(edits(ledger, "intra")) == 1


def test_signs_that_no_database_keeps(ledger: Ledger, clock: Clock) -> None:
    """A person's text and reason may hold NUL: it is left out, and the rest is kept."""
    line = Line(ledger, clock)
    line.want(page("pas"))
    line.publish()
    line.place.edit("pas", "Om\0 aftenen.")
    next(iter(line.place.pages.values())).title = "Pas\0 og kort"
    line.look()

    edit = open_edit(ledger, "pas")
    assert edit.title == "Pas og kort"
    assert "Om aftenen." in edit.html
    dismiss(ledger, edit, actor="anna", reason="ne\0j")
    assert edits(ledger, open_only=False)[0].reason == "nej"
