"""What follows when a chat becomes private, or is no longer: its items are excluded and given back.

The marks themselves are in privacy.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks
from connector.ledger.decisions import about, decision_of, decisions
from connector.ledger.linking import JOURNALED, look_again
from connector.ledger.links import BY_PERSON, BY_PRIVATE, apply
from connector.ledger.tables import item, link
from connector.model import Decision, Evidence, Kind, LinkState

REOPENED = "no longer private"  # the rule of what the rules may decide again
STEP = 1000  # items of a long chat at a time
_KINDS = tuple(sorted(kind.value for kind in JOURNALED))


def roots_of(batch: Batch, thread_id: int) -> Iterator[list[int]]:
    """All that may be journaled of a thread, and the calls that were seen in it."""
    here = item.c.thread_id == thread_id
    calls = sa.select(item.c.call_id).where(
        here, item.c.kind == Kind.SIGHTING.value, item.c.call_id.is_not(None)
    )
    wanted = sa.or_(sa.and_(here, item.c.kind.in_(_KINDS)), item.c.id.in_(calls))
    after = 0
    while True:
        query = sa.select(item.c.id).where(wanted, item.c.id == item.c.root_id, item.c.id > after)
        rows = batch.connection.execute(query.order_by(item.c.id).limit(STEP)).scalars().all()
        if rows:
            yield list(rows)
        if len(rows) < STEP:
            return
        after = rows[-1]


def exclude(batch: Batch, roots: Sequence[int], reason: str, actor: str = "") -> Counter[LinkState]:
    """Take these off their cases and from the rules. What a private chat has excluded stays so,

    and what a person put on a case after that too.
    """
    counts: Counter[LinkState] = Counter()
    for some in chunks(roots):
        ever = sa.select(link.c.item_id).where(link.c.item_id.in_(some), link.c.rule == BY_PRIVATE)
        # A mark that is set anew (`actor` is given) takes all; an arrival only what is new.
        kept = item.c.state == LinkState.EXCLUDED.value
        if not actor:
            kept = sa.or_(kept, item.c.id.in_(ever))
        rows = batch.connection.execute(sa.select(item.c.id).where(item.c.id.in_(some), ~kept))
        evidence = Evidence(rule=BY_PRIVATE, case_number="", where="thread", note=actor)
        decision = Decision(
            state=LinkState.EXCLUDED,
            rule=BY_PRIVATE,
            confidence=1.0,
            reason=reason,
            evidence=(evidence,),
        )
        decided = about(batch, dict.fromkeys(rows.scalars(), decision))
        counts.update(apply(batch, decided, actor or "casethread"))
    return counts


def linked_of(batch: Batch, roots: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(roots):
        rows = batch.connection.execute(
            sa.select(item.c.id).where(item.c.id.in_(some), item.c.state == LinkState.LINKED.value)
        )
        found.update(row[0] for row in rows)
    return found


def reopen(batch: Batch, thread_id: int, reason: str) -> Counter[LinkState]:
    """Give what the mark excluded back: to the person who had decided about it, else to the rules.

    All of it is given back before any of it is decided, because a thread is decided as a whole.
    """
    counts: Counter[LinkState] = Counter()
    for roots in roots_of(batch, thread_id):
        counts.update(_give_back(batch, roots, reason))
    roots = [root for some in roots_of(batch, thread_id) for root in some]
    counts.update(look_again(batch, roots))
    return counts


def _give_back(batch: Batch, roots: Sequence[int], reason: str) -> Counter[LinkState]:
    before = decisions(batch, roots)
    by_actor: dict[str, dict[int, Decision]] = {}
    for root, rows in before.items():
        if rows[-1].rule != BY_PRIVATE:
            continue
        was = rows[-2] if len(rows) > 1 else None
        if was is not None and was.rule == BY_PERSON:
            by_actor.setdefault(was.actor, {})[root] = decision_of(was)
        else:
            again = Decision(state=LinkState.UNLINKED, rule=REOPENED, reason=reason)
            by_actor.setdefault("casethread", {})[root] = again
    counts: Counter[LinkState] = Counter()
    for actor, wanted in by_actor.items():
        counts.update(apply(batch, about(batch, wanted), actor))
    return counts
