"""The list "write or mend these": what stands on it, what it counts for and in which order."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from connector.article import CITIZEN, STAFF, Article, Section, Signal
from connector.articles.gap_words import advice, name_of, reasons
from connector.articles.gaps import CHECK, MEND, WRITE, Gap, gaps, masked, stems
from connector.ledger.subject_calls import SubjectCalls

TODAY = date(2026, 11, 20)


def article(name: str, title: str, subject: str = "", text: str = "", **changes: Any) -> Article:
    values = {"summary": "", "language": "da", "sections": (Section(key="", text=text),)}
    return Article(id=name, title=title, subject=subject, **values | changes)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def called(subject: str, days: int = 1, answered: int = 0, missed: int = 0) -> SubjectCalls:
    return SubjectCalls(subject=subject, day=ago(days), answered=answered, missed=missed)


_count = iter(range(10**6))


def signal(kind: str, days: int = 1, **values: Any) -> Signal:
    return Signal(key=f"k{next(_count)}", kind=kind, day=ago(days), **values)


MOVING = article("flytning", "Meld flytning", "23.05", "Du skal melde flytning senest 5 dage efter")
PASSPORT = article("pas", "Bestil pas", "23.03.00", "Pas bestilles i Borgerservice")


def found(*given: Any, articles: tuple[Article, ...] = (MOVING, PASSPORT)) -> list[Gap]:
    calls = [each for each in given if isinstance(each, SubjectCalls)]
    signals = [each for each in given if isinstance(each, Signal)]
    return gaps(articles, calls, signals, TODAY)


def test_nothing() -> None:
    """Without calls, votes and searches the list is empty."""
    assert found() == []
    assert found(signal("view", article="pas", count=9000), signal("vote", article="pas",
                 value="up", count=40)) == []  # fmt: skip


def test_score_of_calls() -> None:
    """A call counts 1, a missed one 1 more, and so does each more than in the 28 days before."""
    (line,) = found(
        called("23.05.01", answered=20, missed=10), called("23.05.01", days=30, answered=22)
    )

    assert (line.article, line.do, line.score) == ("flytning", CHECK, 30 + 10 + 8)
    assert (line.evidence.calls, line.evidence.calls_before) == (30, 22)


def test_fewer_calls_are_no_merit() -> None:
    """That fewer call than before takes nothing away from those who do."""
    (line,) = found(called("23.05.01", answered=20), called("23.05.01", days=30, answered=200))

    assert line.score == 20


def test_no_period_before() -> None:
    """Where calls are known for less than the two periods, none of them counts as new."""
    calls = [called("23.05.01", answered=20), called("23.05.01", days=30, answered=1)]
    (line,) = gaps([MOVING], calls, [], TODAY, ago(50))

    assert (line.score, line.evidence.calls_before) == (20, None)
    assert gaps([MOVING], calls, [], TODAY, ago(55))[0].score == 20 + 18


def test_windows() -> None:
    """Today and the 27 days before are the last period; older than 56 days is not looked at."""
    (line,) = found(
        called("29.03.01", days=0, answered=5),
        called("29.03.01", days=27, answered=5),
        called("29.03.01", days=28, answered=6),
        called("29.03.01", days=55, answered=6),
        called("29.03.01", days=56, answered=100),
        signal("search", days=28, value="tandpleje", count=50),
        signal("vote", days=28, article="pas", value="down", count=50),
    )

    assert (line.evidence.calls, line.evidence.calls_before) == (10, 12)
    assert line.evidence.since == ago(55)


def test_subject_without_article() -> None:
    """Calls on a subject that no article is about ask for one to be written."""
    (line,) = found(called("32.03.08", answered=7))

    assert (line.do, line.article, line.subject, line.score) == (WRITE, "", "32.03.08", 14)


@pytest.mark.parametrize(
    ("subject", "name"),
    [("23.05.01", "gruppe"), ("23.03.00", "pas"), ("23.03.12", "hoved"), ("27.18.02", "")],
)
def test_home_of_a_subject(subject: str, name: str) -> None:
    """Calls go to the article on the subject itself, else on its group, else on its main group."""
    articles = (article("gruppe", "x", "23.05"), PASSPORT, article("hoved", "y", "23"))
    (line,) = found(called(subject, answered=9), articles=articles)

    assert line.article == name


def test_two_articles_on_one_subject() -> None:
    """Calls count for the one that is read most; the other is named beside it. A translation is
    none of them."""
    articles = (
        article("a", "x", "23.05"),
        article("b", "y", "23.05"),
        article("b-en", "y", "23.05", language="en", translation_of="b"),
    )
    (line,) = found(
        called("23.05.00", answered=9), signal("view", article="b", count=3), articles=articles
    )

    assert (line.article, line.also) == ("b", ("x",))


def test_down_votes() -> None:
    """A down vote counts 3 and makes the line one to mend; up votes and views are beside it."""
    (line,) = found(
        signal("vote", article="pas", value="down", reason="Prisen mangler"),
        signal("vote", article="pas", value="down", days=3),
        signal("vote", article="pas", value="up", count=8),
        signal("view", article="pas", count=300),
        signal("view", article="pas", count=12, audience=STAFF),
    )
    its = line.evidence

    assert (line.do, line.score, its.since) == (MEND, 6, ago(3))
    assert (its.up, its.down, its.reasons) == (8, 2, 1)
    assert (its.citizen_views, its.staff_views) == (300, 12)


def test_searches_are_grouped() -> None:
    """Words in another order, form or spelling are one line; the commonest form stands first."""
    (line,) = found(
        signal("search", value="Ansøgning byggetilladelser", count=2),
        signal("search", value="byggetilladelse ansøgning", count=3),
        signal("search", value="BYGGETILLADELSEN, ansoegning", count=1),
    )

    assert (line.do, line.evidence.searches) == (WRITE, 6)
    assert line.words[0] == "byggetilladelse ansøgning"
    assert len(line.words) == 3


def test_words_that_an_article_has() -> None:
    """Words that stand in an article that was not found make it one to check."""
    (line,) = found(signal("search", value="flytninger", count=6))

    assert (line.do, line.article, line.words) == (CHECK, "flytning", ("flytninger",))


def test_words_in_a_staff_section() -> None:
    """What only staff may read is no answer to a citizen's search, and one to a colleague's."""
    inside = article("x", "Vejledning", sections=(Section(key="", text="ankestyrelsen",
                     audience=STAFF),))  # fmt: skip
    theirs = found(signal("search", value="ankestyrelsen", count=6), articles=(inside,))
    ours = found(
        signal("search", value="ankestyrelsen", count=6, audience=STAFF), articles=(inside,)
    )

    assert [each.article for each in theirs] == [""]
    assert [each.article for each in ours] == ["x"]


@pytest.mark.parametrize(
    "value", ["010190-1234 pas", "0101901234", "asta@borger.example", "37 50 00 01"]
)
def test_personal_words(value: str) -> None:
    """Words with a civil registration number, a telephone number or an address are not listed."""
    assert found(signal("search", value=value, count=90)) == []


def test_searched_once() -> None:
    """What one person searched for once is not listed, however much else is."""
    assert found(signal("search", value="asta prøve sygdom")) == []
    (line,) = found(
        signal("search", value="bestilles"), signal("vote", article="pas", value="down")
    )

    assert (line.article, line.words, line.evidence.searches) == ("pas", (), 0)


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 2), (2, 2), (4, 2), (5, 5), (80, 80)])
def test_few_are_alike(count: int, expected: int) -> None:
    """The score does not tell one citizen from four."""
    assert masked(count) == expected


def test_few_calls_alone_are_not_listed() -> None:
    """Under 5 calls make no line, whatever became of them."""
    for answered, missed in ((1, 0), (0, 1), (0, 4), (4, 0)):
        assert found(called("32.03.08", answered=answered, missed=missed)) == []


def test_order() -> None:
    """What weighs most stands first; equal scores stand in a fixed order."""
    lines = found(
        called("29.03.01", answered=5),
        called("29.05.01", answered=5),
        called("32.03.08", answered=50),
        signal("vote", article="pas", value="down", count=4),
    )

    assert [each.score for each in lines] == [100, 12, 10, 10]
    assert [each.subject for each in lines] == ["32.03.08", "23.03.00", "29.03.01", "29.05.01"]


def test_article_that_is_gone() -> None:
    """Votes on an article that is no longer there make no line."""
    assert found(signal("vote", article="borte", value="down", count=9)) == []


def test_stems() -> None:
    """Endings and spellings of a Danish word are one."""
    assert stems("børnehaven") == stems("boernehaver")
    assert stems("") == frozenset()
    assert CITIZEN != STAFF


def test_words_for_people() -> None:
    """Why and what to do, in both languages; under 5 has no number."""
    (line,) = found(called("23.05.01", answered=3), signal("search", value="flytninger", count=6))
    assert name_of(line) == "Meld flytning"
    assert list(reasons(line, "da")) == [
        "under 5 opkald på emnet de sidste 28 dage, 0 de 28 dage før",
        "6 søgninger uden fund: »flytninger«",
    ]
    assert advice(line, "da").startswith("Artiklen har ordene")

    (line,) = found(called("23.05.01", answered=1300, missed=2))
    assert list(reasons(line, "en"))[:2] == [
        "1,302 calls on the subject in the last 28 days, 0 in the 28 before",
        "under 5 of the calls were not taken",
    ]
    assert advice(line, "en").startswith("The article is there")

    (line,) = found(called("32.03.08", answered=7))
    assert name_of(line).startswith("32.03.08 ")
    (line,) = found(signal("search", value="gravsten", count=7))
    assert name_of(line) == "»gravsten«"
    assert advice(line, "da").startswith("Ingen artikel har ordene")


def test_how_long_they_waited() -> None:
    """What a call waited in queues on average, and how many calls were passed on."""
    day = SubjectCalls(subject="23.05.01", day=ago(1), answered=10, moved=6, waited_s=650)
    told = list(reasons(found(day)[0], "da"))

    assert "et opkald ventede 1:05 i kø i gennemsnit" in told
    assert "6 af opkaldene blev stillet videre" in told
