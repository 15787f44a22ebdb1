"""Takes a person's last decision about an item back; what stood before stands again.

Nothing is deleted: what stood before is kept anew as a decision of the person who undid, and an
event says which decision was taken back. So one can undo step by step, and never in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch
from connector.ledger.callers import settle_calls
from connector.ledger.decisions import about, decision_of, decisions
from connector.ledger.events import event_row, record
from connector.ledger.linking import JOURNALED
from connector.ledger.links import BY_PERSON, BY_PRIVATE, Decided, apply
from connector.ledger.privacy import private_threads
from connector.ledger.tables import event, item
from connector.ledger.threads import FOREVER, settle_threads
from connector.ledger.withholding import REOPENED
from connector.model import Decision, Kind, LinkState
from connector.typed import decoder

UNDONE = "undone"  # action of the event


class Refusal(StrEnum):
    """Why there is nothing to undo."""

    NOTHING = "nothing"  # nobody decided anything about it
    RULE = "rule"  # a rule decided last
    PRIVATE = "private"  # its chat is private: that has a command of its own


class _Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What the detail of the event holds: rows of `link`."""

    link: int  # taken back
    as_link: int  # what stands instead


_undone = decoder(_Undone).decode


def undo(batch: Batch, root_id: int, *, actor: str, reason: str) -> Decision | Refusal:
    """Take the last decision back if it is a person's; gives what stands now.

    What a rule had decided before is open to rules again. What was journaled follows: voided on the
    case it leaves, added on the one it comes back to.

    Raises KeyError when there is no such item, or it goes with another: a sighting, a note.
    """
    its = batch.connection.execute(
        sa.select(item.c.thread_id, item.c.kind).where(item.c.id == root_id)
    ).one_or_none()
    if its is None or its.kind not in JOURNALED:
        raise KeyError(root_id)
    history = _history(batch, root_id)
    if not history:
        return Refusal.NOTHING
    last = history[-1]
    if last.rule != BY_PERSON:
        return Refusal.PRIVATE if last.rule == BY_PRIVATE else Refusal.RULE
    before = _before(batch, its.thread_id, history)
    decision = _restored(before, reason)
    (decided,) = about(batch, {root_id: decision})
    _apply(batch, decided, actor, last.id)
    return decision


def _history(batch: Batch, root_id: int) -> list[Any]:
    """The decisions that were not taken back, oldest first, each where it first stood."""
    rows = decisions(batch, [root_id]).get(root_id, [])
    details = batch.connection.execute(
        sa.select(event.c.detail).where(
            event.c.subject == f"item {root_id}", event.c.action == UNDONE
        )
    )
    undone = [_undone(detail) for detail in details.scalars()]
    gone = {each.link for each in undone} | {each.as_link for each in undone}
    return [row for row in rows if row.id not in gone]


def _before(batch: Batch, thread_id: int, history: Sequence[Any]) -> Any:
    """What stood before the last decision; None for nothing.

    That its chat was private counts only while it is, and nobody decided that it no longer is.
    """
    is_private = bool(private_threads(batch, {thread_id}))
    for row in reversed(history[:-1]):
        if row.rule == REOPENED or (row.rule == BY_PRIVATE and not is_private):
            continue
        return row
    return None


def _restored(before: Any, reason: str) -> Decision:
    """The earlier decision; its reason now also says why it is back."""
    if before is None:
        return Decision(state=LinkState.UNLINKED, rule="nothing", reason=reason)
    decision = decision_of(before)
    was = f" ({before.reason})" if before.rule == BY_PERSON and before.reason else ""
    return msgspec.structs.replace(decision, reason=reason + was)


def _apply(batch: Batch, decided: Decided, actor: str, taken_back: int) -> None:
    apply(batch, [decided], actor)
    now = decisions(batch, [decided.root_id])[decided.root_id][-1].id
    subject = f"item {decided.root_id}"
    row = event_row(batch.now, actor, UNDONE, subject, link=taken_back, as_link=now)
    record(batch.connection, [row])
    chat = decided.thread_id if decided.kind is Kind.MESSAGE else decided.chat_id
    if chat is not None:
        settle_threads(batch, {chat: (decided.sent_at, FOREVER)}, actor)
    settle_calls(batch, [decided], actor)
