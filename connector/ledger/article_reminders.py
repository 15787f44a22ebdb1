"""Which reminder of an article went to whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.article_tables import article_reminder
from connector.ledger.tables import at

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one article's ladder that was taken."""

    article: str
    step: str
    review_by: date | None
    at: datetime
    to_whom: str  # mail address


def reminders_sent(connection: Connection) -> list[Sent]:
    """All that were, oldest first."""
    rows = connection.execute(sa.select(article_reminder).order_by(article_reminder.c.sent_at))
    return [
        Sent(
            article=row.article,
            step=row.step,
            review_by=date.fromisoformat(row.review_by) if row.review_by else None,
            at=at(row.sent_at),
            to_whom=row.to_whom,
        )
        for row in rows
    ]


def keep_reminders(
    ledger: Ledger, steps: Iterable[tuple[str, str, date | None]], to_whom: str
) -> None:
    """Keep that these steps (article, step, review date) were told to this address, for good."""
    rows = [
        {
            "article": article,
            "step": step,
            "review_by": review_by.isoformat() if review_by else "",
            "sent_at": ledger.now(),
            "to_whom": to_whom,
        }
        for article, step, review_by in steps
    ]
    if not rows:
        return
    with ledger.write(durable=True) as connection:
        connection.execute(ledger.insert(article_reminder).on_conflict_do_nothing(), rows)
