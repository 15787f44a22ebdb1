"""What happened on an article's subject after it was published: before and after, not cause. Pure.

28 days before and up to 28 after the day of publishing, which is in neither. Calls are counted on
Danish working days and told per working day with their standard deviation, since days differ.
All other subjects are told for the same days: what changed there too is hardly the article's doing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import sqrt

import msgspec

from connector.article import Article, Signal
from connector.articles.gaps import DAYS, stems, text_of
from connector.ledger.days import Period
from connector.ledger.subject_calls import SubjectCalls
from connector.workdays import is_workday

LEAST_WORKDAYS = 10  # on each side: two weeks, so that every weekday is there twice
LEAST_CALLS = 10  # on both sides together
LEAST_VOTES = 5  # on each side, before shares of them are told

FEWER, MORE, SAME, TOO_LITTLE = "fewer", "more", "same", "too_little"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the day of publishing."""

    period: Period
    workdays: int = 0
    calls: int = 0  # on the subject, on working days
    mean: float = 0.0  # calls a working day
    spread: float = 0.0  # standard deviation of the working days
    others: float = 0.0  # calls a working day on all other subjects
    votes: int = 0
    down: int = 0
    searches: int = 0  # without a hit, for words that the article has by now

    @property
    def down_share(self) -> float | None:
        """Of the votes; None when too few voted to tell."""
        return self.down / self.votes if self.votes >= LEAST_VOTES else None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Before and after one publishing of one article."""

    article: str
    title: str
    subject: str
    published: date
    before: Side
    after: Side
    verdict: str  # fewer | more | same | too_little: of the calls
    is_changed_again: bool = False  # it was published again before 28 days had passed


class History:
    """What happened day by day, counted once for all articles: a thousand are looked at together.

    `calls` are by subject, `votes` by article and value, `searches` without a hit by their stems.
    """

    def __init__(self, calls: Iterable[SubjectCalls], signals: Iterable[Signal]) -> None:
        self.calls: dict[date, Counter[str]] = defaultdict(Counter)
        self.votes: dict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.searches: dict[date, Counter[frozenset[str]]] = defaultdict(Counter)
        for each in calls:
            self.calls[each.day][each.subject] += each.calls
        self.subjects = {subject for counts in self.calls.values() for subject in counts}
        for signal in signals:
            if signal.kind == "vote":
                self.votes[signal.day][signal.article, signal.value] += signal.count
            elif signal.kind == "search" and (words := stems(signal.value)):
                self.searches[signal.day][words] += signal.count


def effect(
    article: Article,
    published: date,
    known: Period,
    history: History,
    *,
    is_changed_again: bool = False,
) -> Effect:
    """Before and after `published`, as far as days are `known`: whole, and with calls read.

    `history` holds at least all of the days around.
    """
    day = timedelta(days=1)
    before = Period(max(published - DAYS * day, known.first), published - day)
    after = Period(max(published + day, known.first), min(published + DAYS * day, known.last))
    said = stems(text_of(article, article.audience)) if history.searches else frozenset()
    sides = [_side(article, said, period, history) for period in (before, after)]
    return Effect(
        article=article.id,
        title=article.title,
        subject=article.subject,
        published=published,
        before=sides[0],
        after=sides[1],
        verdict=verdict(*sides),
        is_changed_again=is_changed_again,
    )


def _side(article: Article, said: frozenset[str], period: Period, history: History) -> Side:
    days = list(period.days())
    workdays = [day for day in days if is_workday(day)]
    subjects = [each for each in history.subjects if is_of(each, article.subject)]
    own = [sum(history.calls[day][each] for each in subjects) for day in workdays]
    everything = sum(history.calls[day].total() for day in workdays)
    up, down = (sum(history.votes[day][article.id, to] for day in days) for to in ("up", "down"))
    searches = sum(
        count for day in days for words, count in history.searches[day].items() if words <= said
    )
    count = len(workdays)
    mean = sum(own) / count if count else 0.0
    return Side(
        period=period,
        workdays=count,
        calls=sum(own),
        mean=mean,
        spread=_deviation(own, mean),
        others=(everything - sum(own)) / count if count else 0.0,
        votes=up + down,
        down=down,
        searches=searches,
    )


def is_of(subject: str, wanted: str) -> bool:
    """Whether a subject is the wanted one, or within it when that is a group."""
    return bool(wanted) and (subject == wanted or subject.startswith(wanted + "."))


def _deviation(counts: Sequence[int], mean: float) -> float:
    if len(counts) < 2:
        return 0.0
    return sqrt(sum((count - mean) ** 2 for count in counts) / (len(counts) - 1))


def verdict(before: Side, after: Side) -> str:
    """Whether calls a working day differ by more than chance does: two standard errors, about 95 %.

    A day's variance is taken as no less than its mean, as for events that know nothing of each
    other (Poisson): two quiet weeks may look steadier than they are.
    """
    if min(before.workdays, after.workdays) < LEAST_WORKDAYS:
        return TOO_LITTLE
    if before.calls + after.calls < LEAST_CALLS:
        return TOO_LITTLE
    variance = sum(max(side.spread**2, side.mean) / side.workdays for side in (before, after))
    difference = after.mean - before.mean
    if abs(difference) <= 2 * sqrt(variance):
        return SAME
    return FEWER if difference < 0 else MORE
