"""A page of call detail taken at once leaves the ledger that the slow way leaves, row by row too.

The slow way merges every call of one sighting as if there were several, asks every rule about every
call, and keeps no decision back that would change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.ledger import Ledger, open_ledger
from connector.ledger.policy import Policy
from connector.ledger.tables import call_key, event, item, link, metadata
from connector.ledger.take import take
from connector.model import Case, CaseParty, Item
from connector.sandbox import build
from tests.contracts.source import nothing_known
from tests.lync_world import NOW, filled, items, people, source
from tests.making import add_cases, page, policy

BATCH = 150  # rows taken at once: some call's sessions come to stand in two batches
WORLD = build(seed=11, users=160, days=9, now=NOW)
STAFF = people(WORLD)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Nine days of the municipality's sessions, in the order of reading."""
    file = tmp_path_factory.mktemp("cdr") / "cdr.db"
    filled(file, world=WORLD)
    its = source(f"sqlite:///{file}")
    its.parts(STAFF)
    return items(list(its.changes("LcsCDR/sessions", None, nothing_known)))


def cases_of(rows: Sequence[Item]) -> list[Case]:
    """Open cases of some callers: of the first, the caseworker is whoever took the call."""
    upns = {each.id: each.upn for each in STAFF}
    taken = {
        row.call.caller.phone: row.call.callees[0].person
        for row in rows
        if row.call is not None and row.call.caller.phone and row.call.callees
    }
    return [
        Case(
            number=f"27.45.04-P19-{number}-24",
            title="Flytning",
            caseworker=upns.get(worker, "") if number % 2 else "",
            parties=(CaseParty(name=f"Borger {number}", phone=caller),),
        )
        for number, (caller, worker) in enumerate(sorted(taken.items())[::3], start=1)
    ]


def own_policy() -> Policy:
    names = {each.id: each.name for each in STAFF}
    return policy(upns={each.id: each.upn for each in STAFF}, names=names)


def fill(ledger: Ledger, rows: Sequence[Item], size: int) -> None:
    rules = own_policy()
    add_cases(ledger, *cases_of(rows), rules=rules)
    for start in range(0, len(rows), size):
        take(ledger, [page(*rows[start : start + size], part="LcsCDR/sessions")], rules)


def made_slowly(rows: Sequence[Item], file: Path, size: int) -> Ledger:
    """A ledger filled without any of the short ways."""
    ledger = open_ledger(f"sqlite:///{file}", clock=lambda: NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector.calls._alone", lambda _call: None)
        patch.setattr("connector.linking.decision._is_of_strangers", lambda *_: False)
        patch.setattr("connector.ledger.linking._changes_nothing", lambda *_: False)
        fill(ledger, rows, size)
    return ledger


def every_row(ledger: Ledger) -> dict[str, list[str]]:
    """All there is, row numbers and all."""
    with ledger.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in metadata.tables.items()
        }


def what_is_told(ledger: Ledger) -> dict[str, list[Any]]:
    """Calls, sightings, links and events in remote names: without the order of arrival.

    Not who took part: of a call that grows row by row, each of its versions told somebody.
    """
    root = item.alias("root")
    call = item.alias("call")
    queries = {
        "calls": sa.select(root.c.key, item.c.kind, item.c.detail, root.c.state, root.c.case_number)
        .join(root, root.c.id == item.c.root_id)
        .where(item.c.is_current, item.c.kind.in_(("call", "missed_call"))),
        "sightings": sa.select(item.c.key, item.c.sha256, item.c.detail, call.c.key)
        .join(call, call.c.id == item.c.call_id)
        .where(item.c.kind == "sighting"),
        "links": sa.select(item.c.key, link.c.state, link.c.case_number, link.c.rule)
        .add_columns(link.c.reason, link.c.evidence)
        .join(item, item.c.id == link.c.item_id)
        .where(link.c.superseded_at.is_(None)),
        "events": sa.select(item.c.key, event.c.actor, event.c.action, event.c.detail)
        .join(item, sa.literal("item ") + sa.cast(item.c.id, sa.Text) == event.c.subject)
        .where(item.c.state == event.c.action),
        "keys": sa.select(call_key.c.key, item.c.key).join(item, item.c.id == call_key.c.call_id),
    }
    with ledger.read() as connection:
        return {
            name: sorted({tuple(row) for row in connection.execute(query)}, key=repr)
            for name, query in queries.items()
        }


def test_every_row_as_the_slow_way_makes_it(rows: list[Item], tmp_path: Path) -> None:
    """Every table of the ledger is the same to the last row number."""
    slow = made_slowly(rows, tmp_path / "slow.db", BATCH)
    fast = open_ledger(f"sqlite:///{tmp_path / 'fast.db'}", clock=lambda: NOW)
    fill(fast, rows, BATCH)

    found = every_row(fast)
    for ledger in (slow, fast):
        assert every_row(ledger) == found
        ledger.close()
    assert len(found["item"]) > len(rows) > 4 * BATCH
    states = {each.split("'")[1] for each in found["link"]}
    assert states == {"linked", "waiting"}


def test_row_by_row(rows: list[Item], ledger: Ledger, tmp_path: Path) -> None:
    """Calls, sightings, links and events are those that one row after another makes."""
    some = rows[: 2 * BATCH]
    slow = made_slowly(some, tmp_path / "slow.db", 1)
    fill(ledger, some, BATCH)

    expected, found = what_is_told(slow), what_is_told(ledger)
    slow.close()
    assert all(expected.values())
    for name, told in expected.items():
        assert found[name] == told, name
