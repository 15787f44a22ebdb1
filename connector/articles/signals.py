"""Reads what readers did on a site into the ledger: views, votes and searches, never who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.ledger.article_signals import cursor_of, forget_signals, keep_signals

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ports import Publisher


def collect(publisher: Publisher, ledger: Ledger) -> int:
    """Keep the site's signals since the last time; how many there were. Erase what is old.

    Each batch is kept with its cursor, so a run that is cut short goes on behind its last batch.
    Raises what the publisher raises; what was kept by then stays.
    """
    count = 0
    for signals, cursor in publisher.signals(cursor_of(ledger, publisher.name)):
        count += keep_signals(ledger, publisher.name, signals, cursor)
    forget_signals(ledger)
    return count
