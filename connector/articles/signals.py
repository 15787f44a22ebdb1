"""Reads what readers did on a site into the ledger: views, votes and searches, never who."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connector.ledger.article_signals import cursor_of, forget_signals, keep_signals
from connector.ledger.tables import at

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ports import Publisher


KEPT_DAYS = 400  # a year, to be compared with the same weeks of the year before, and a month


def collect(publisher: Publisher, ledger: Ledger) -> int:
    """Keep the site's signals since the last time; how many there were. Erase what is old.

    Each batch is kept with its cursor, so a run that is cut short goes on behind its last batch.
    Raises what the publisher raises; what was kept by then stays.
    """
    count = 0
    for signals, cursor in publisher.signals(cursor_of(ledger, publisher.name)):
        count += keep_signals(ledger, publisher.name, signals, cursor)
    forget_signals(ledger, at(ledger.now()).date() - timedelta(days=KEPT_DAYS))
    return count
