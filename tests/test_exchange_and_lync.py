"""Exchange and Lync read into one ledger: what both know of is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.sandbox.ews_store import store_of
from connector.sources.exchange import Exchange
from tests.ews_town import ZONE, people_of, serving
from tests.lync_world import NOW, WORLD, filled
from tests.lync_world import source as call_details
from tests.making import policy
from tests.test_lync_calls import CALLS, MEETINGS, is_of, joined, know


@pytest.mark.parametrize("lync_first", [True, False])
def test_exchange_and_lync_in_one_ledger(ledger: Ledger, tmp_path: Path, lync_first: bool) -> None:
    """A call that Lync counted and of which Exchange has the voicemail or the notice is one call,
    whichever is read first and however often."""
    filled(tmp_path / "cdr.db")
    know(ledger)
    with serving(store_of(WORLD)) as town:
        town.clock.now = lambda: NOW  # type: ignore[method-assign]
        people = [each.mail for each in people_of(WORLD)]
        mailboxes = Exchange(
            town.client(),
            zone=ZONE,
            clock=town.clock.now,
            initial_days=400,
            history=False,
            mailboxes=people,
        )
        calls = call_details(f"sqlite:///{tmp_path / 'cdr.db'}")
        for _ in range(2):
            for each in (calls, mailboxes) if lync_first else (mailboxes, calls):
                assert collect(ledger, each, policy()).taken.problems == 0
    found = joined(ledger)
    assert Counter(sum(is_of(one, call) for one in found) for call in CALLS) == {1: len(CALLS)}
    assert len(found) == len(CALLS) + len(MEETINGS)
