"""Before and after a publishing: counted on the same days, told with spread, never as a cause."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector.article import Article, Section, Signal
from connector.articles.effect import FEWER, MORE, SAME, TOO_LITTLE, Effect, History, effect, is_of
from connector.ledger.days import Period
from connector.ledger.subject_calls import SubjectCalls
from connector.workdays import is_workday

DAY = timedelta(days=1)
PUBLISHED = date(2026, 9, 15)
UNTIL = date(2026, 11, 20)
ARTICLE = Article(
    id="pas", title="Bestil pas", summary="", language="da", subject="23.03",
    sections=(Section(key="", text="Foto og fingeraftryk"),),
)  # fmt: skip


def days(first: int, last: int) -> list[date]:
    return [PUBLISHED + n * DAY for n in range(first, last + 1)]


def calls(before: int, after: int, subject: str = "23.03.00") -> list[SubjectCalls]:
    """So many calls on each working day; the double on every other one, none on the next."""
    found = []
    for side, count in ((days(-28, -1), before), (days(1, 28), after)):
        for place, day in enumerate([each for each in side if is_workday(each)]):
            found.append(SubjectCalls(subject=subject, day=day, answered=2 * count * (place % 2)))
    return found


def looked(
    given: list[SubjectCalls],
    signals: list[Signal] | None = None,
    until: date = UNTIL,
    since: date = PUBLISHED - 100 * DAY,
) -> Effect:
    return effect(ARTICLE, PUBLISHED, Period(since, until), History(given, signals or []))


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(20, 4, FEWER), (4, 20, MORE), (10, 10, SAME), (10, 9, SAME)]
)
def test_verdict(before: int, after: int, expected: str) -> None:
    """A large difference is told, one within the spread of days is not."""
    found = looked(calls(before, after))

    assert found.verdict == expected
    assert (found.before.workdays, found.after.workdays) == (20, 20)
    assert found.before.mean == before
    assert found.before.spread == pytest.approx(before * 1.026, rel=0.01)


def test_day_of_publishing_is_left_out() -> None:
    """The day itself is half before and half after, so it is in neither."""
    on_the_day = SubjectCalls(subject="23.03.00", day=PUBLISHED, answered=500)
    found = looked([*calls(10, 10), on_the_day])

    assert (found.before.calls, found.after.calls) == (200, 200)


def test_no_working_days() -> None:
    """Calls at weekends and on holidays are not counted: one side could have more of them."""
    saturday = SubjectCalls(subject="23.03.00", day=date(2026, 9, 19), answered=500)

    assert looked([*calls(10, 10), saturday]).after.calls == 200


def test_other_subjects() -> None:
    """Calls on everything else stand beside it, for the same working days."""
    found = looked([*calls(10, 10), *calls(30, 15, "27.18.02"), *calls(5, 5, "23.0")])

    assert (found.before.others, found.after.others) == (35, 20)


@pytest.mark.parametrize(
    ("given", "until"),
    [
        (calls(10, 10), PUBLISHED + 13 * DAY),  # nine working days
        (calls(0, 0), UNTIL),
        ([SubjectCalls(subject="23.03.00", day=PUBLISHED + DAY, answered=9)], UNTIL),
    ],
)
def test_too_little(given: list[SubjectCalls], until: date) -> None:
    """Under ten working days on a side, or under ten calls, says nothing."""
    assert looked(given, until=until).verdict == TOO_LITTLE


def test_before_anything_was_read() -> None:
    """Days before the first call that is known are not days without calls."""
    found = looked(calls(0, 20), since=PUBLISHED - 5 * DAY)

    assert found.before.workdays == 3
    assert found.verdict == TOO_LITTLE


def test_few_calls_are_no_proof() -> None:
    """From one call a day to none in half of the days is chance, however steady the days were."""
    steady = [
        SubjectCalls(subject="23.03.00", day=day, answered=1)
        for day in [*days(-28, -1), *days(1, 28)[:14]]
        if is_workday(day)
    ]

    assert looked(steady).verdict == SAME


def vote(day: date, value: str, count: int) -> Signal:
    return Signal(
        key=f"{day}{value}", kind="vote", day=day, article="pas", value=value, count=count
    )


def test_votes_and_searches() -> None:
    """The share of down votes and the searches in vain for words that the article has by now."""
    signals = [
        vote(PUBLISHED - DAY, "down", 6),
        vote(PUBLISHED - DAY, "up", 2),
        vote(PUBLISHED + DAY, "down", 1),
        vote(PUBLISHED + DAY, "up", 3),
        Signal(key="s", kind="search", day=PUBLISHED - 2 * DAY, value="fingeraftrykket", count=7),
        Signal(key="t", kind="search", day=PUBLISHED - 2 * DAY, value="kørekort", count=9),
        Signal(key="u", kind="search", day=PUBLISHED - 40 * DAY, value="fingeraftryk", count=9),
        Signal(key="v", kind="search", day=PUBLISHED + 2 * DAY, value="!?", count=9),
    ]
    found = looked(calls(10, 10), signals)

    assert found.before.down_share == 0.75
    assert found.after.down_share is None  # four votes
    assert (found.before.searches, found.after.searches) == (7, 0)


def test_within() -> None:
    """23.03.00 is within 23.03, 23.030 is not, and no subject holds everything."""
    assert is_of("23.03.00", "23.03")
    assert is_of("23.03", "23.03")
    assert not is_of("23.030", "23.03")
    assert not is_of("23.03.00", "")
