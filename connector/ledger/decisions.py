"""Kept decisions as values again: rows of `link`, to be made to stand once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks, known, select_items, versions_of
from connector.ledger.links import Decided
from connector.ledger.tables import item, link
from connector.ledger.threads import chats_of_calls
from connector.model import Decision, Evidence, Kind, LinkState
from connector.typed import decoder

_evidence = decoder(tuple[Evidence, ...]).decode


def decision_of(row: Any) -> Decision:
    """The decision that a row of `link` keeps."""
    return Decision(
        state=LinkState(row.state),
        case_number=row.case_number or "",
        rule=row.rule,
        confidence=row.confidence / 100,
        reason=row.reason,
        evidence=_evidence(row.evidence),
    )


def decisions(batch: Batch, roots: Sequence[int]) -> dict[int, list[Any]]:
    """Every row of `link` about these roots, oldest first: the last one stands."""
    found: dict[int, list[Any]] = {}
    for some in chunks(roots):
        rows = batch.connection.execute(
            sa.select(link).where(link.c.item_id.in_(some)).order_by(link.c.id)
        )
        for row in rows:
            found.setdefault(row.item_id, []).append(row)
    return found


def about(batch: Batch, wanted: Mapping[int, Decision]) -> list[Decided]:
    """Decisions by root, each with what `apply` needs to know of the item it is about."""
    found = []
    for some in chunks(sorted(wanted)):
        rows = batch.connection.execute(
            sa.select(item.c.id, item.c.thread_id, item.c.kind, item.c.sent_at).where(
                item.c.id.in_(some)
            )
        ).all()
        chats = _chats(batch, [row.id for row in rows if row.kind != Kind.MESSAGE.value])
        found += [
            Decided(
                root_id=row.id,
                thread_id=row.thread_id,
                kind=Kind(row.kind),
                sent_at=row.sent_at,
                decision=wanted[row.id],
                chat_id=chats.get(row.id),
                is_again=True,
            )
            for row in rows
        ]
    return found


def _chats(batch: Batch, roots: Sequence[int]) -> dict[int, int]:
    """By root of a call: the thread of the chat that it happened in."""
    if not roots:
        return {}
    query = select_items().where(item.c.is_current, versions_of(roots))
    return chats_of_calls(batch, [known(row) for row in batch.connection.execute(query)])
