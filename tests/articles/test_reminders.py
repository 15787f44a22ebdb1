"""Who is reminded of which article, and when: worked out without a ledger or a mail server."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.article import Article
from connector.articles.owners import Owners
from connector.articles.reminders import Ladder, Letter, Reminder, letters, reminders_due, shown
from tests.articles.writing import article, person

HANNE, UNIT, EDITOR = "hanne.holm@kommunen.example", "bs@kommunen.example", "red@kommunen.example"
REVIEW = date(2026, 12, 1)
LADDER = Ladder(unit_mails={"Borgerservice": UNIT}, editor_mail=EDITOR)
HERE = Owners([person(HANNE), person("somebody.else@kommunen.example")])
AWAY = Owners([person("somebody.else@kommunen.example")])


def told(days: int, owners: Owners = HERE, one: Article | None = None) -> list[tuple[str, str]]:
    """(step, to) of what is due so many days after the review date."""
    its = one or article(review_by=REVIEW)
    due = reminders_due([its], owners, LADDER, (), REVIEW + timedelta(days=days))
    return [(each.step, each.to) for each in due]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-15, []),
        (-14, [("soon", HANNE)]),
        (-1, [("soon", HANNE)]),
        (0, [("due", HANNE)]),
        (13, [("due", HANNE)]),
        (14, [("due", HANNE), ("unit", UNIT)]),
        (29, [("due", HANNE), ("unit", UNIT)]),
        (30, [("due", HANNE), ("editor", EDITOR), ("unit", UNIT)]),
        (400, [("due", HANNE), ("editor", EDITOR), ("unit", UNIT)]),
    ],
)
def test_ladder(days: int, expected: list[tuple[str, str]]) -> None:
    """The owner before the date and on it, the unit after 14 days, the editor after 30."""
    assert told(days) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-200, [("left", UNIT)]),
        (-3, [("soon", UNIT)]),
        (0, [("due", UNIT)]),
        (30, [("due", UNIT), ("editor", EDITOR), ("unit", UNIT)]),
    ],
)
def test_owner_left(days: int, expected: list[tuple[str, str]]) -> None:
    """What an owner who left should be told, the unit is told; and that at once, at any time."""
    assert told(days, AWAY) == expected


def test_owner_left_without_review_date() -> None:
    """That an owner has left is told also of an article without a review date, which else rests."""
    assert told(0, AWAY, article(review_by=None)) == [("left", UNIT)]
    assert told(0, HERE, article(review_by=None)) == []


def test_unit_without_mailbox() -> None:
    """What is meant for a unit without a mailbox goes to the editor."""
    assert told(14, one=article(review_by=REVIEW, unit="Havnen")) == [
        ("due", HANNE),
        ("unit", EDITOR),
    ]


def test_nobody_to_tell() -> None:
    """Without mailbox and editor there is nobody to tell, and that is told apart."""
    its = article(review_by=REVIEW, owner="")
    due = reminders_due([its], HERE, Ladder(), (), REVIEW)

    assert [(each.step, each.to) for each in due] == [("due", "")]
    assert letters(due) == ([], due)


def test_no_owner_named() -> None:
    """An article without an owner goes to its unit."""
    assert told(0, one=article(review_by=REVIEW, owner="")) == [("due", UNIT)]


def test_unit_named_in_other_case() -> None:
    """The unit's name is compared without regard to case."""
    assert told(14, one=article(review_by=REVIEW, unit="BORGERSERVICE"))[1] == ("unit", UNIT)


def test_once_for_each_date() -> None:
    """A step that was taken is not due again, until the review date is moved."""
    its = article(review_by=REVIEW)
    due = reminders_due([its], HERE, LADDER, (), REVIEW)
    taken = {each.key for each in due}

    assert reminders_due([its], HERE, LADDER, taken, REVIEW + timedelta(days=3)) == []
    later = article(review_by=REVIEW + timedelta(days=90))
    assert reminders_due([later], HERE, LADDER, taken, REVIEW + timedelta(days=90))


def test_one_letter_each() -> None:
    """Each address gets one letter with all its articles, the most overdue first."""
    those = [
        article("pas", review_by=REVIEW),
        article("pension", review_by=REVIEW - timedelta(days=20)),
        article("flytning", review_by=REVIEW, owner="Somebody.Else@kommunen.example"),
    ]
    ready, homeless = letters(reminders_due(those, HERE, LADDER, (), REVIEW))

    assert homeless == []
    assert [(one.to, [each.article for each in one.reminders]) for one in ready] == [
        (HANNE, ["pension", "pas"]),
        (UNIT, ["pension"]),
        ("somebody.else@kommunen.example", ["flytning"]),
    ]


def test_one_letter_a_day() -> None:
    """Who got a letter today waits until tomorrow, however the address is cased."""
    due = reminders_due([article(review_by=REVIEW)], HERE, LADDER, (), REVIEW)

    assert letters(due, {HANNE.upper()}) == ([], [])


def test_an_article_once_in_a_letter() -> None:
    """An article that reaches one reader by two steps is named once, by the higher step."""
    its = article(review_by=REVIEW - timedelta(days=40))
    ready, _ = letters(reminders_due([its], AWAY, LADDER, (), REVIEW))
    unit = next(one for one in ready if one.to == UNIT)

    assert {each.step for each in unit.reminders} == {"due", "unit"}
    assert [each.step for each in shown(unit)] == ["unit"]


@given(
    st.lists(
        st.tuples(st.integers(-60, 90), st.sampled_from([HANNE, "", "away@kommunen.example"])),
        max_size=8,
    ),
    st.lists(st.integers(1, 40), max_size=12),
)
def test_nothing_twice_and_nothing_lost(those: list[tuple[int, str]], steps: list[int]) -> None:
    """However often and late the job runs: no step is told twice, and one letter a day at most."""
    articles = [
        article(f"a{n}", owner=owner, review_by=REVIEW + timedelta(days=days))
        for n, (days, owner) in enumerate(those)
    ]
    today, taken = REVIEW - timedelta(days=80), set[tuple[str, str, date | None]]()
    sent: list[Reminder] = []
    for step in [*steps, 400, 1, 1]:
        today += timedelta(days=step)
        written: set[str] = set()
        for _ in range(2):  # the job runs twice on this day
            ready, _ = letters(reminders_due(articles, HERE, LADDER, taken, today), written)
            _take(ready, sent, taken, written)

    keys = [each.key for each in sent]
    assert len(keys) == len(set(keys))
    assert {each.article for each in sent if each.step == "editor"} == {a.id for a in articles}


def _take(
    ready: list[Letter],
    sent: list[Reminder],
    taken: set[tuple[str, str, date | None]],
    written: set[str],
) -> None:
    for letter in ready:
        assert letter.to.casefold() not in written
        written.add(letter.to.casefold())
        sent += letter.reminders
        taken |= {each.key for each in letter.reminders}
