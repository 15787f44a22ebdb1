"""Takes pages into the ledger: items, links, what is owed and the cursors, in one transaction.

This is the hot path: a million messages go through it. Everything is done for the whole batch at a
time; only what is rare (an edit, a call seen twice) goes row by row. What items need is loaded with
the first of them: most of the work of a sync without news is loading modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector.ledger import people, problems
from connector.ledger.batch import Batch
from connector.ledger.policy import Policy
from connector.ledger.storable import storable
from connector.ledger.tables import cursor
from connector.model import Item, LinkState, Page, Problem

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


@dataclass(slots=True)
class Taken:
    """What one transaction did."""

    read: int = 0
    new: Counter[str] = field(default_factory=Counter)  # by kind
    linked: int = 0
    waiting: int = 0
    problems: int = 0


def take(ledger: Ledger, pages: Sequence[Page], policy: Policy) -> Taken:
    """Keep the pages and everything that follows from them; the pages' cursors are safe after it.

    Taking the same page again changes nothing. Raises Unavailable when the database cannot take it
    now; nothing is kept then.
    """
    items = [storable(each) for page in pages for each in page.items if isinstance(each, Item)]
    broken = [storable(each) for page in pages for each in page.items if isinstance(each, Problem)]
    taken = Taken(read=len(items), problems=len(broken))
    if items:
        policy.staff()  # it reads the ledger: better before the transaction than within
    with ledger.write() as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
        if items:
            _take_items(batch, items, taken)
        renamed = people.keep_people(
            batch, [storable(each) for page in pages for each in page.people]
        )
        if renamed:
            _look_again_at(batch, renamed)
        presences = [storable(each) for page in pages for each in page.presences]
        people.keep_presences(batch, presences)
        problems.keep(batch, broken)
        keep_cursors(batch, pages)
    return taken


def _take_items(batch: Batch, items: Sequence[Item], taken: Taken) -> None:
    from connector.ledger import calls
    from connector.ledger.items import keep_items
    from connector.ledger.linking import decide_batch
    from connector.ledger.privacy import keep_private

    new = keep_items(batch, items)
    taken.new.update(each.item.kind.value for each in new)
    for made in calls.join(batch, new):
        # A further sighting makes a further version of a call, not another call.
        taken.new[made.item.kind.value] += made.id == made.root_id
        new.append(made)
    keep_private(batch, new)
    counts = decide_batch(batch, new)
    taken.linked, taken.waiting = counts[LinkState.LINKED], counts[LinkState.WAITING]


def _look_again_at(batch: Batch, ids: Sequence[str]) -> None:
    """Calls of people whose names were not known before: a caseworker may have taken part."""
    from connector.ledger.linking import look_again
    from connector.ledger.merging import calls_with, names_of

    roots = calls_with(batch, ids)
    if not roots:
        return
    everybody = people.everybody(batch.connection)
    upns = {each.id: each.upn for each in everybody if each.upn}
    departments = {each.id: each.department for each in everybody if each.department}
    known = batch.policy.staff()
    now = replace(
        known,
        upns={**known.upns, **upns},
        aliases=names_of(batch.connection),
        departments={**known.departments, **departments},
    )
    look_again(replace(batch, policy=replace(batch.policy, staff=lambda: now)), roots)


def keep_cursors(batch: Batch, pages: Sequence[Page]) -> None:
    """The newest cursor of each part. Its earlier refusals are over once it could be read."""
    newest = {(page.source, page.part): page.cursor for page in pages if page.cursor is not None}
    if not newest:
        return
    insert = batch.ledger.insert(cursor)
    insert = insert.on_conflict_do_update(
        index_elements=["source", "part"],
        set_={"value": insert.excluded.value, "kept_at": insert.excluded.kept_at},
    )
    batch.connection.execute(
        insert,
        [
            {"source": source, "part": part, "value": value, "kept_at": batch.now}
            for (source, part), value in newest.items()
        ],
    )
    problems.close_parts(batch, newest.keys())
