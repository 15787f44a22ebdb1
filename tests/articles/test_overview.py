"""How an article stands on each site, from the source and the ledger; and texts side by side."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connector.article import CITIZEN, STAFF, Article, ArticlePage, Section, digest_of
from connector.articles.overview import STATES, Line, Standing, counts, overview
from connector.articles.side_by_side import ADDED, CHANGED, KEPT, REMOVED, Piece, pieces, rows
from connector.articles.wanting import said
from tests.timing import cpu_s

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def article(**changes: Any) -> Article:
    values: dict[str, Any] = {"id": "pas", "title": "Pas", "summary": "", "language": "da"}
    return Article(**values | {"sections": (Section(key="", text="x"),)} | changes)


def page_of(one: Article, audience: str) -> ArticlePage | None:
    if audience == CITIZEN and one.audience != CITIZEN:
        return None
    page = ArticlePage(
        id=one.id, title=one.title, summary=one.summary, language="da", parts=(),
        effective=one.valid_from, expires=one.valid_to,
    )  # fmt: skip
    return msgspec.structs.replace(page, digest=digest_of(page))


def put(one: Article, **changes: Any) -> Standing:
    page = page_of(one, STAFF)
    assert page is not None
    values: dict[str, Any] = {"site": "intranet", "article": one.id, "state": "published"}
    return Standing(**values | {"digest": page.digest, "title": one.title} | changes)


def found(*articles: Article, standings: tuple[Standing, ...] = (), **values: Any) -> list[Line]:
    more: dict[str, Any] = {"blocked": (), "conflicts": (), "now": NOW, "today": TODAY}
    return overview(
        {each.id: each for each in articles},
        [("intranet", STAFF), ("web", CITIZEN)],
        standings,
        page_of,
        **more | values,
    )


def states(line: Line) -> dict[str, str]:
    return {each.site: each.state for each in line.sites}


def test_states_of_a_site() -> None:
    """Live as it is in the source, waiting when it is not there or another text."""
    one = article()
    (line,) = found(one, standings=(put(one),))
    assert states(line) == {"intranet": "live", "web": "waiting"}
    assert line.states == {"live", "waiting"}

    (line,) = found(article(title="Nyt pas"), standings=(put(one),))
    assert states(line)["intranet"] == "waiting"


SOURCE = said(ArticlePage(id="pas", title="Pas", summary="", language="da", parts=()))


@pytest.mark.parametrize(
    ("standing", "expected"),
    [({"edits": (7,)}, "edited"), ({"pinned_source": SOURCE, "digest": "other"}, "live"),
     ({"pinned_source": "older", "digest": "other"}, "waiting"),
     ({"digest": "other"}, "waiting"), ({"state": "withdrawn"}, "waiting"),
     ({"state": "", "digest": ""}, "waiting")],
)  # fmt: skip
def test_what_the_ledger_knows(standing: dict[str, Any], expected: str) -> None:
    """A person's edit comes first; a version that was put back stands till the source changes."""
    one = article()
    (line,) = found(one, standings=(put(one, **standing),))

    assert states(line)["intranet"] == expected


def test_times() -> None:
    """Before its time it is planned; after it, withdrawn, or to be withdrawn."""
    early, late = article(valid_from=NOW + DAY), article(valid_to=NOW - DAY)

    assert set(states(found(early)[0]).values()) == {"planned"}
    assert found(early)[0].sites[0].effective == NOW + DAY
    assert set(states(found(late)[0]).values()) == {"withdrawn"}
    assert states(found(late, standings=(put(late),))[0])["intranet"] == "waiting"


def test_blocked() -> None:
    """What is blocked or in conflict stays live where it is, and is blocked where it is not."""
    one = article()
    (line,) = found(one, standings=(put(one, digest="old"),), blocked=("pas",))
    assert states(line) == {"intranet": "live", "web": "blocked"}
    assert line.states == {"live", "blocked"}
    (line,) = found(one, standings=(put(one),), blocked=("pas",), conflicts=("pas",))

    assert line.states == {"live", "conflict"}


def test_for_whom() -> None:
    """An article for staff is on no citizens' site; one that is overdue is that too."""
    one = article(audience=STAFF, review_by=TODAY - DAY)
    (line,) = found(one)

    assert states(line) == {"intranet": "waiting"}
    assert line.states == {"waiting", "overdue"}
    assert "overdue" not in found(article(review_by=TODAY))[0].states


def test_without_source() -> None:
    """A page whose source is gone is to be withdrawn, but not while the source is not whole."""
    one = article()
    (line,) = found(standings=(put(one),))
    assert (line.article, line.title, states(line)) == (None, "Pas", {"intranet": "waiting"})
    (line,) = found(standings=(put(one),), is_whole=False)
    assert states(line) == {"intranet": "live"}
    (line,) = found(blocked=("ulæselig",))

    assert line.id == "ulæselig"
    assert line.states == {"blocked"}


def test_order_and_counts() -> None:
    """By title; every state is counted, those of none too."""
    lines = found(
        article(id="b", title="å"), article(id="a", title="B"), article(id="c", title="b")
    )

    assert [each.id for each in lines] == ["a", "c", "b"]
    assert list(counts(lines)) == list(STATES)
    assert counts(lines)["waiting"] == 3


def kinds(left: str, right: str, **values: Any) -> list[str]:
    return [row.kind for row in rows(left, right, **values)]


def test_rows() -> None:
    """Equal lines near a change are shown, the rest are counted; blank lines are no lines."""
    left = "\n\n".join("abcdefghij")
    right = left.replace("f", "noget helt andet")
    given = rows(left, right)

    assert [row.kind for row in given] == [KEPT, KEPT, CHANGED, KEPT, KEPT]
    assert given[0].skipped == 3
    assert rows(left, left) == []
    assert len(rows(left, left, around=None)) == 10
    assert kinds("a", "a\nb") == [KEPT, ADDED]
    assert kinds("a\nb", "a") == [KEPT, REMOVED]
    assert kinds("", "a") == [ADDED]


def test_pieces() -> None:
    """Words that differ are marked; lines that have nothing in common are marked whole."""
    before, after = pieces("Åbent kl. 10-14 hver dag", "Åbent kl. 10-16 hver dag")

    assert [each.text for each in before if each.is_marked] == ["14"]
    assert [each.text for each in after if each.is_marked] == ["16"]
    assert "".join(each.text for each in after) == "Åbent kl. 10-16 hver dag"
    assert pieces("abc", "xyz") == ((Piece("abc", True),), (Piece("xyz", True),))
    assert pieces("", "xyz") == ((Piece("", True),), (Piece("xyz", True),))


def test_paragraph() -> None:
    """In a paragraph of 240 words one changed word is marked, and no other."""
    words = ["og" if number % 3 == 0 else f"ord{number}" for number in range(240)]
    after = [*words[:100], "nyt", *words[101:]]
    left, right = pieces(" ".join(words), " ".join(after))

    assert [each.text for each in left if each.is_marked] == [words[100]]
    assert [each.text for each in right if each.is_marked] == ["nyt"]


def test_hostile_lines() -> None:
    """Thousands of lines of the same few words are compared within seconds: it is done while
    somebody waits."""
    few = ["ord", "og", "til", "det"]
    left = "\n".join(few[number % 4] for number in range(4000))
    right = "\n".join(few[number * number % 4] for number in range(4000))

    assert cpu_s(lambda: rows(left, right)) < 3


def test_long_lines() -> None:
    """Lines of 2,400 characters are not compared word by word."""
    long = "ord " * 600

    assert pieces(long, long + "x")[1] == (Piece(long + "x", True),)
