"""The list "write or mend these" and the effects of publishings, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connector.article import Article
from connector.articles.effect import Effect, History, effect
from connector.articles.gaps import DAYS, Gap, gaps, periods
from connector.ledger.article_signals import all_votes_between, signals_between
from connector.ledger.article_tables import article_version
from connector.ledger.days import Period, bounds, day_of
from connector.ledger.subject_calls import first_day, subject_calls

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

LOOKS_BACK = 180  # days: publishings older than that are no longer told


def listing(
    connection: Connection, zone: ZoneInfo, articles: Iterable[Article], today: date
) -> list[Gap]:
    """The lines of today, what weighs most first."""
    now, before = periods(today)
    calls = subject_calls(connection, zone, Period(before.first, now.last))
    signals = signals_between(connection, now.first, now.last)
    return gaps(articles, calls, signals, today, first_day(connection, zone))


def effects(
    connection: Connection, zone: ZoneInfo, articles: Mapping[str, Article], today: date
) -> list[Effect]:
    """Before and after each publishing of an article that has a subject, the newest first.

    Publishings on several sites on one day are one.
    """
    published = _publishings(connection, zone, today - timedelta(days=LOOKS_BACK))
    wanted = [(day, id) for day, id in published if id in articles and articles[id].subject]
    if not wanted:
        return []
    around = Period(min(day for day, _ in wanted) - timedelta(days=DAYS), today)
    calls = subject_calls(connection, zone, around)
    history = History(calls, all_votes_between(connection, around.first, around.last))
    begins = first_day(connection, zone) or today
    until = today - timedelta(days=1)  # today is not over
    return [
        effect(
            articles[id],
            day,
            Period(begins, until),
            history,
            is_changed_again=any(
                other == id and day < later <= day + timedelta(days=DAYS) for later, other in wanted
            ),
        )
        for day, id in sorted(wanted, key=lambda each: (-each[0].toordinal(), each[1]))
    ]


def _publishings(connection: Connection, zone: ZoneInfo, first: date) -> set[tuple[date, str]]:
    """Local day and article of every version that a site has had since `first`."""
    query = sa.select(article_version.c.done_at, article_version.c.article).where(
        article_version.c.done_at >= bounds(first, zone)[0]
    )
    return {(day_of(row.done_at, zone), row.article) for row in connection.execute(query)}
