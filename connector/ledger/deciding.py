"""A person's word about what was said, as the portal and its API take it.

Each function is one step of a transaction that the caller opened with `durable`: it checks that the
viewer may see the items and the case, and that nobody decided meanwhile, and then keeps the word.
What is decided about is `Seen`: each item's root with the decision that stood when the viewer read
it (a row of `link`, 0 for none), which is the ETag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.access import (
    Hidden,
    Role,
    Viewer,
    case_for,
    took_part,
    visible_case,
    visible_item,
)
from connector.ledger.batch import Batch, chunks
from connector.ledger.decisions import decision_of
from connector.ledger.linking import JOURNALED, decide_all_by_person
from connector.ledger.links import BY_PERSON, BY_PRIVATE
from connector.ledger.participants import UNNAMED, suggested
from connector.ledger.privacy import TALK, mark, mark_of, unmark
from connector.ledger.register import find_case
from connector.ledger.tables import at, item, link, register_case, thread
from connector.ledger.undoing import Refusal, undo
from connector.ledger.waiting import WAITS
from connector.model import Case, Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.linking.patterns import Scanner

Seen = Mapping[int, int]
_OWN = (BY_PERSON, BY_PRIVATE)
# Asked once for each row of a list, so made once: to put it together takes longer than to run it.
_OWN_DECISION = sa.select(link).where(
    link.c.id == sa.bindparam("etag"),
    link.c.superseded_at.is_(None),
    link.c.actor == sa.bindparam("actor"),
)


class Stale(Exception):
    """Somebody, or a rule, decided since the viewer read it: what stands now."""

    def __init__(self, stands: Standing) -> None:
        super().__init__(f"item {stands.item} was decided meanwhile")
        self.stands = stands


class NotYours(Exception):
    """Only the viewer's own last decision can be taken back here."""


class ClosedCase(Exception):
    """The case takes no more entries; the viewer must say that it is meant nevertheless."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"case {case.number} is closed")
        self.case = case


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that stands about an item. The case is "" when the viewer may not see it."""

    item: int
    etag: int  # row of `link`
    state: LinkState
    case_number: str
    rule: str
    actor: str
    at: datetime


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided: the items with the decisions that stand now, and what came of it."""

    now: Mapping[int, int]  # as `Seen`
    followed: int = 0  # others of the same chats that waited before, and no longer do


def find_case_for(connection: Connection, viewer: Viewer, words: str, scanner: Scanner) -> Case:
    """The case that is meant by this number, however it is written.

    Raises Hidden when there is none, and the same when the viewer may not see it.
    """
    found = find_case(connection, words, scanner)
    if found is None:
        raise Hidden(words)
    return case_for(connection, viewer, found.number)


def put_on_case(
    batch: Batch, viewer: Viewer, seen: Seen, number: str, *, reason: str, even_closed: bool = False
) -> Done:
    """Put the items on the case of exactly this number.

    Raises Hidden, Stale, and ClosedCase unless `even_closed`.
    """
    _check_own(batch, viewer, seen)
    case = case_for(batch.connection, viewer, number)
    if not case.is_open and not even_closed:
        raise ClosedCase(case)
    return _decide(batch, viewer, seen, LinkState.LINKED, case, reason)


def no_case(batch: Batch, viewer: Viewer, seen: Seen, *, reason: str) -> Done:
    """The items belong to no case. Raises Hidden and Stale."""
    _check_own(batch, viewer, seen)
    return _decide(batch, viewer, seen, LinkState.UNLINKED, None, reason)


def keep_out(batch: Batch, viewer: Viewer, seen: Seen, *, reason: str) -> Done:
    """The items are never to be journaled, whatever they name. Raises Hidden and Stale."""
    _check_own(batch, viewer, seen)
    return _decide(batch, viewer, seen, LinkState.EXCLUDED, None, reason)


def keep_chat_private(batch: Batch, viewer: Viewer, root: int, etag: int, *, reason: str) -> Done:
    """Keep the whole chat of this message private; what of it was journaled is taken back.

    Raises Hidden for a chat that is not the viewer's to keep private, and Stale.
    """
    _check(batch, viewer, {root: etag})
    thread_id = private_thread_of(batch.connection, viewer, root)
    if thread_id is None:
        raise Hidden(root)
    before, own = (
        _waiting_in(batch.connection, [thread_id]),
        _waiting_of(batch.connection, {root: etag}),
    )
    mark(batch, thread_id, actor=viewer.actor, reason=reason)
    after = _waiting_in(batch.connection, [thread_id])
    return Done(now=etags(batch.connection, [root]), followed=max(0, before - own - after))


def private_thread_of(connection: Connection, viewer: Viewer, root: int) -> int | None:
    """The chat of this message when the viewer may keep it private, else None.

    Those who took part may, and records managers: it takes what was journaled off its cases, also
    off cases that somebody who only reads along does not know of.
    """
    row = connection.execute(
        sa.select(item.c.thread_id, took_part(viewer).label("is_own"))
        .join(thread, thread.c.id == item.c.thread_id)
        .where(
            item.c.id == root,
            item.c.root_id == item.c.id,
            item.c.kind == Kind.MESSAGE.value,
            thread.c.source.in_(TALK),
        ),
        viewer.values,
    ).one_or_none()
    if row is None or not (row.is_own or Role.RECORDS_MANAGER in viewer.roles):
        return None
    return int(row.thread_id)


def take_back(batch: Batch, viewer: Viewer, seen: Seen, *, reason: str) -> Done:
    """Take the viewer's own last decision about each item back; what stood before stands again.

    Raises Stale, and NotYours for what somebody else or a rule decided.
    """
    _lock(batch, seen)
    for root, etag in seen.items():
        # Before anything is told: what stands about others' items is not for who guesses a number.
        if not _decided(batch.connection, viewer, root, etag):
            raise NotYours(root)
    rows = _standing(batch, viewer, seen)
    for root in seen:
        row = rows.get(root)
        if row is None or row.rule not in _OWN:
            raise NotYours(root)
    for root in seen:
        if rows[root].rule == BY_PRIVATE:
            _take_mark_back(batch, viewer, root, reason)
        elif isinstance(undo(batch, root, actor=viewer.actor, reason=reason), Refusal):
            raise NotYours(root)
    return Done(now=etags(batch.connection, list(seen)))


def _decided(connection: Connection, viewer: Viewer, root: int, etag: int) -> bool:
    """Whether this was a decision of the viewer about this item."""
    its = sa.select(link.c.id).where(
        link.c.id == etag, link.c.item_id == root, link.c.actor == viewer.actor
    )
    return connection.execute(its).first() is not None


def standing(connection: Connection, viewer: Viewer, etag: int) -> Standing | None:
    """The decision in this row of `link` if it still stands and is the viewer's own, else None."""
    row = connection.execute(_OWN_DECISION, {"etag": etag, "actor": viewer.actor}).one_or_none()
    return None if row is None else _stands(connection, viewer, row)


def etags(connection: Connection, roots: Sequence[int]) -> dict[int, int]:
    """The decision that stands about each of these roots: a row of `link`, 0 for none."""
    found = dict.fromkeys(roots, 0)
    for some in chunks(sorted(roots)):
        rows = connection.execute(
            sa.select(link.c.item_id, link.c.id).where(
                link.c.item_id.in_(some), link.c.superseded_at.is_(None)
            )
        )
        found.update({row.item_id: row.id for row in rows})
    return found


def _check_own(batch: Batch, viewer: Viewer, seen: Seen) -> None:
    """Also that none is on a case that the viewer may not see.

    Who took part sees what was said, but does not take it off a case of others.
    """
    rows = _check(batch, viewer, seen)
    numbers = {row.case_number for row in rows.values() if row.state == LinkState.LINKED.value}
    hidden = batch.connection.execute(
        sa.select(register_case.c.number).where(
            register_case.c.number.in_(sorted(numbers)), ~visible_case(viewer)
        ),
        viewer.values,
    )
    others = frozenset(hidden.scalars())
    for root, row in rows.items():
        if row.state == LinkState.LINKED.value and row.case_number in others:
            raise Hidden(root)


def _check(batch: Batch, viewer: Viewer, seen: Seen) -> dict[int, Any]:
    """That the viewer may see all of them, and that what was seen stands: gives that."""
    _lock(batch, seen)
    visible = batch.connection.execute(
        sa.select(item.c.id).where(
            item.c.id.in_(sorted(seen)),
            item.c.root_id == item.c.id,
            item.c.kind.in_(sorted(JOURNALED)),
            visible_item(viewer),
        ),
        viewer.values,
    )
    for root in sorted(set(seen) - set(visible.scalars())):
        # What somebody decided may have taken it out of the viewer's sight: that is told.
        if not _saw(batch.connection, viewer, root, seen[root]):
            raise Hidden(root)
    return _standing(batch, viewer, seen)


def _lock(batch: Batch, seen: Seen) -> None:
    """Two who decide about the same chat at once: on PostgreSQL the second waits here.

    On SQLite a transaction that writes is alone.
    """
    its = sa.select(item.c.thread_id).where(item.c.id.in_(sorted(seen)))
    lock = sa.select(thread.c.id).where(thread.c.id.in_(its)).order_by(thread.c.id)
    batch.connection.execute(lock.with_for_update())


def _saw(connection: Connection, viewer: Viewer, root: int, etag: int) -> bool:
    """Whether the viewer could see the item while that decision stood: it waited for them."""
    row = connection.execute(
        sa.select(link).where(
            link.c.id == etag, link.c.item_id == root, link.c.state == LinkState.WAITING.value
        )
    ).one_or_none()
    if row is None:
        return False
    numbers = suggested(decision_of(row))
    if UNNAMED in numbers:
        return False
    cases = connection.execute(
        sa.select(register_case.c.access, visible_case(viewer).label("is_seen")).where(
            register_case.c.number.in_(numbers)
        ),
        viewer.values,
    ).all()
    return any(each.is_seen for each in cases) and all(
        each.is_seen or not each.access for each in cases
    )


def _standing(batch: Batch, viewer: Viewer, seen: Seen) -> dict[int, Any]:
    """The rows of `link` that stand about these. Raises Stale when one is another than was seen."""
    rows = batch.connection.execute(
        sa.select(link).where(link.c.item_id.in_(sorted(seen)), link.c.superseded_at.is_(None))
    )
    found = {row.item_id: row for row in rows}
    for root, etag in seen.items():
        row = found.get(root)
        if row is None and etag:
            raise Hidden(root)  # a decision is superseded, never deleted: no such item was seen
        if row is not None and row.id != etag:
            raise Stale(_stands(batch.connection, viewer, row))
    return found


def _stands(connection: Connection, viewer: Viewer, row: Any) -> Standing:
    number = row.case_number or ""
    try:
        number = case_for(connection, viewer, number).number if number else ""
    except Hidden:
        number = ""
    return Standing(
        item=row.item_id,
        etag=row.id,
        state=LinkState(row.state),
        case_number=number,
        rule=row.rule,
        actor=row.actor,
        at=at(row.at),
    )


def _decide(
    batch: Batch, viewer: Viewer, seen: Seen, state: LinkState, case: Case | None, reason: str
) -> Done:
    threads = _chats(batch.connection, seen)
    before = _waiting_in(batch.connection, threads)
    own = _waiting_of(batch.connection, seen)
    decide_all_by_person(
        batch, sorted(seen), state=state, case=case, actor=viewer.actor, reason=reason
    )
    after = _waiting_in(batch.connection, threads)
    return Done(now=etags(batch.connection, list(seen)), followed=max(0, before - own - after))


def _take_mark_back(batch: Batch, viewer: Viewer, root: int, reason: str) -> None:
    """The chat that the viewer marked as private with a command is so no longer."""
    thread_id = private_thread_of(batch.connection, viewer, root)
    known = None if thread_id is None else mark_of(batch.connection, thread_id)
    if thread_id is None or known is None or known.actor != viewer.actor:
        raise NotYours(root)
    unmark(batch, thread_id, actor=viewer.actor, reason=reason)


def _chats(connection: Connection, seen: Seen) -> list[int]:
    """The threads of the messages among these."""
    rows = connection.execute(
        sa.select(item.c.thread_id)
        .where(item.c.id.in_(sorted(seen)), item.c.kind == Kind.MESSAGE.value)
        .distinct()
    )
    return list(rows.scalars())


def _waiting_in(connection: Connection, threads: Sequence[int]) -> int:
    return _count(connection, item.c.thread_id.in_(threads))


def _waiting_of(connection: Connection, seen: Seen) -> int:
    """How many of the messages among these wait."""
    is_own = sa.and_(item.c.id.in_(sorted(seen)), item.c.kind == Kind.MESSAGE.value)
    return _count(connection, is_own)


def _count(connection: Connection, condition: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).where(WAITS, condition)
    return int(connection.execute(query).scalar_one())
