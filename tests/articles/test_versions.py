"""An earlier version stands again at the same address, until the source says something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.articles.versions import CannotRollBack, RolledBack, release, roll_back
from connector.errors import Unavailable
from connector.ledger import Ledger, open_ledger
from connector.ledger.article_pages import kept_page
from connector.ledger.article_versions import versions_of
from tests.articles.line import Line, page
from tests.articles.memory_site import while_
from tests.conftest import Clock


@pytest.fixture
def line(clock: Clock) -> Iterator[Line]:
    """An article whose second version is live."""
    ledger = open_ledger("sqlite:///:memory:", clock=clock)
    made = Line(ledger, clock)
    made.want(page("pas", "Første."), page("affald"))
    made.publish()
    made.want(page("pas", "Anden."))
    made.publish()
    yield made
    ledger.close()


def back(line: Line, number: int | None = None) -> RolledBack:
    """Roll the article back."""
    return roll_back(line.wanted(), line.site, line.ledger, line.clock(), "pas", number)


def pinned(ledger: Ledger) -> int | None:
    """The number of the version that is kept."""
    row = kept_page(ledger, "intra", "pas")
    return row.pinned if row else None


def test_the_version_before(line: Line) -> None:
    """It stands at the same address, as a version of its own, and stays there."""
    url = line.place.of("pas").url

    rolled = back(line)

    assert (rolled.number, rolled.new) == (1, 3)
    assert "Første." in line.shown("pas")
    assert line.place.of("pas").url == url
    assert [each.why for each in versions_of(line.ledger, "intra", "pas")] == [
        "rollback",
        "text",
        "new",
    ]
    assert line.publish().counts == {"kept": 2}
    assert "Første." in line.shown("pas")


def test_until_the_source_changes(line: Line) -> None:
    """The next text of the source is published as always, and nothing is kept any more."""
    back(line)
    line.want(page("pas", "Tredje."))

    assert line.publish().counts == {"kept": 1, "changed": 1}
    assert "Tredje." in line.shown("pas")
    assert pinned(line.ledger) is None


def test_a_badge_lets_it_stand(line: Line) -> None:
    """That the review is overdue is no change of what the source says: the old text gets it."""
    back(line)
    line.want(page("pas", "Anden.", is_overdue=True))

    assert line.publish().counts == {"kept": 1, "changed": 1}
    assert "Første." in line.shown("pas")
    assert pinned(line.ledger) == 1


def test_let_go(line: Line) -> None:
    """Released, the source's text comes back with the next run; once is enough."""
    back(line)

    assert release(line.ledger, "intra", "pas")
    assert not release(line.ledger, "intra", "pas")
    line.publish()

    assert "Anden." in line.shown("pas")


def test_a_number_that_is_none(line: Line) -> None:
    """The numbers that there are, are told."""
    with pytest.raises(CannotRollBack) as caught:
        back(line, 7)

    assert (caught.value.key, caught.value.values["numbers"]) == ("none", "1, 2")


def test_a_page_that_is_not_there(line: Line) -> None:
    """What is not shown cannot be rolled back."""
    line.pages["pas"] = None
    line.publish()

    with pytest.raises(CannotRollBack) as caught:
        back(line, 1)

    assert caught.value.key == "not_live"


def test_a_page_that_somebody_edited(line: Line) -> None:
    """That is decided first; their text stands."""
    line.place.edit("pas", "Også om aftenen.")

    with pytest.raises(CannotRollBack) as caught:
        back(line)

    assert caught.value.key == "edited"
    assert "aftenen" in line.shown("pas")


def test_a_site_that_is_away(line: Line) -> None:
    """Nothing is kept back when the version did not get there."""
    with while_(line.place, is_read_only=True):
        rolled = back(line)

    assert rolled.result.outcome != "done"
    assert pinned(line.ledger) is None
    assert "Anden." in line.shown("pas")


def test_a_second_one_that_does_not_get_there(line: Line) -> None:
    """The version that stands is still kept: the next run does not put the source's text."""
    back(line, 1)
    with while_(line.place, is_read_only=True):
        assert back(line, 2).result.outcome != "done"

    assert pinned(line.ledger) == 1
    assert line.publish().counts == {"kept": 2}


def test_a_site_that_breaks_off_afterwards(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is there, and only the site's own lists are not: it stays there."""

    def away() -> None:
        raise Unavailable("intra: does not answer", system="intra")

    monkeypatch.setattr(line.site, "finish", away)

    assert back(line).result.stopped
    assert pinned(line.ledger) == 1
    assert line.publish().counts == {"kept": 2}
    assert "Første." in line.shown("pas")
