"""Chats that their members keep private: nothing of them is journaled, whatever case they name.

Somebody says so with a command, or a member with a word in the chat itself. What was said by whom
and when is kept as events; whether a chat is private follows from all of them in order of the time
they were said, so it does not matter in which order the messages arrive here. A chat stays private
until each who said so has taken it back, or a command has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks
from connector.ledger.events import event_row, record
from connector.ledger.linking import JOURNALED
from connector.ledger.merging import same_persons
from connector.ledger.tables import event, item, ms, private_thread, thread
from connector.ledger.threads import chats_of_calls
from connector.ledger.withholding import exclude, linked_of, reopen, roots_of
from connector.model import Direction, Kind, LinkState
from connector.typed import decoder

PRIVATE, NOT_PRIVATE = "private", "not_private"  # actions of events
# Sources whose threads can be private; the others list calls or mails.
TALK = ("chats", "channels", "lync_archive")
LONGEST_WORD = 40  # characters; a longer message is not even compared
_CALLS = (Kind.CALL, Kind.MISSED_CALL)
_ANY = sa.select(private_thread.c.thread_id).limit(1)


class Mark(NamedTuple):
    """Who keeps a chat private, and since when it was said."""

    actor: str
    said_at: int


def private_threads(batch: Batch, thread_ids: Collection[int]) -> set[int]:
    """Those of these threads that are private. One look at an empty table when none is."""
    if not thread_ids or batch.connection.execute(_ANY).first() is None:
        return set()
    found: set[int] = set()
    for some in chunks(sorted(set(thread_ids))):
        rows = batch.connection.execute(
            sa.select(private_thread.c.thread_id).where(private_thread.c.thread_id.in_(some))
        )
        found.update(row[0] for row in rows)
    return found


def keep_private(batch: Batch, new: Sequence[New]) -> Counter[LinkState]:
    """Heed the words of members, and exclude what arrived in a private chat.

    What no rule may decide about is marked `is_excluded`. To be called before the deciding, after
    the calls were joined: a call that a private chat saw is private too.
    """
    counts: Counter[LinkState] = Counter()
    for thread_id in _heed(batch, new):
        counts.update(_settle(batch, thread_id, batch.policy.private_reason))
    if not new or batch.connection.execute(_ANY).first() is None:
        return counts
    private = private_threads(batch, {each.thread_id for each in new})
    if not private and not any(each.item.kind in _CALLS for each in new):
        return counts  # a call stands in a list of calls, and not in the chat that saw it
    mine = [each for each in new if each.thread_id in private]
    calls = _private_calls(batch, new, mine)
    mine += [each for each in new if each.item.kind in _CALLS and each.root_id in calls]
    roots = {each.root_id for each in mine if each.item.kind in JOURNALED} | calls
    counts.update(exclude(batch, sorted(roots), batch.policy.private_reason))
    linked = linked_of(batch, sorted(roots))  # by a person, after the chat was marked
    for each in mine:
        each.is_excluded = each.is_excluded or each.root_id not in linked
    return counts


def _private_calls(batch: Batch, new: Sequence[New], mine: Sequence[New]) -> set[int]:
    """Joined calls among `new`, or with a sighting among `mine`, of a private chat."""
    own = [each for each in new if each.item.kind in _CALLS]
    calls = {each.root_id for each in own}
    chats = chats_of_calls(batch, own)
    private = private_threads(batch, set(chats.values()))
    sightings = sorted(each.id for each in mine if each.item.kind is Kind.SIGHTING)
    found = {root for root, chat in chats.items() if chat in private}
    for some in chunks(sightings):
        rows = batch.connection.execute(
            sa.select(item.c.call_id).where(item.c.id.in_(some), item.c.call_id.is_not(None))
        )
        found.update(row[0] for row in rows)
    for some in chunks(sorted(calls - found)):
        rows = batch.connection.execute(
            sa.select(item.c.call_id)
            .join(private_thread, private_thread.c.thread_id == item.c.thread_id)
            .where(item.c.call_id.in_(some), item.c.kind == Kind.SIGHTING.value)
            .distinct()
        )
        found.update(row[0] for row in rows)
    return found


def mark(batch: Batch, thread_id: int, *, actor: str, reason: str) -> Counter[LinkState]:
    """Keep a chat private from now on, all that was said in it before included."""
    _record(batch, thread_id, actor, PRIVATE, batch.now, by="command")
    return _settle(batch, thread_id, reason)


def unmark(batch: Batch, thread_id: int, *, actor: str, reason: str) -> Counter[LinkState]:
    """Let the rules decide about a chat again, whoever kept it private. People's links come back.

    Gives what was decided; nothing of what was erased meanwhile can be.
    """
    _record(batch, thread_id, actor, NOT_PRIVATE, batch.now, by="command")
    return _settle(batch, thread_id, reason)


def mark_of(connection: Any, thread_id: int) -> Any:
    """The row of `private_thread`; None when the chat is not private."""
    return connection.execute(
        sa.select(private_thread).where(private_thread.c.thread_id == thread_id)
    ).one_or_none()


def threads_named(connection: Any, key: str) -> list[int]:
    """The threads of chats and channels with this remote key: one, unless two sources share it."""
    rows = connection.execute(
        sa.select(thread.c.id).where(thread.c.key == key, thread.c.source.in_(TALK))
    )
    return [row[0] for row in rows]


# what was said


def _heed(batch: Batch, new: Sequence[New]) -> list[int]:
    """Keep who said one of the words; gives the threads it was said in."""
    policy = batch.policy
    if not policy.private_words and not policy.not_private_words:
        return []
    firsts = {word[0] for word in (*policy.private_words, *policy.not_private_words)}
    threads: dict[int, None] = {}
    for each in new:
        its = each.item
        # The first letter tells for nearly all of a million messages that it is no such word.
        if its.text.lstrip()[:1] not in firsts or len(its.text) > LONGEST_WORD:
            continue
        word = its.text.strip().casefold()
        is_private = word in policy.private_words
        if not is_private and word not in policy.not_private_words:
            continue
        if its.kind is not Kind.MESSAGE or its.is_deleted or not its.sender:
            continue
        if its.direction is not Direction.INTERNAL or policy.staff().is_guest(its.sender):
            continue  # only one of us may keep talk with a citizen from the file
        action = PRIVATE if is_private else NOT_PRIVATE
        said_at = ms(its.sent_at)
        _record(batch, each.thread_id, its.sender, action, said_at, by="word", item=each.root_id)
        threads[each.thread_id] = None
    return list(threads)


def _record(
    batch: Batch, thread_id: int, actor: str, action: str, said_at: int, **detail: object
) -> None:
    row = event_row(batch.now, actor, action, f"thread {thread_id}", said_at=said_at, **detail)
    record(batch.connection, [row])


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the detail of such an event holds."""

    said_at: int
    by: str  # command | word
    item: int = 0


_said = decoder(_Said).decode


def _marks(batch: Batch, thread_id: int) -> list[Mark]:
    """Who keeps the thread private now, the first of them first."""
    rows = batch.connection.execute(
        sa.select(event.c.id, event.c.actor, event.c.action, event.c.detail).where(
            event.c.subject == f"thread {thread_id}", event.c.action.in_((PRIVATE, NOT_PRIVATE))
        )
    ).all()
    same = same_persons(batch.connection)
    marks: dict[tuple[str, str], Mark] = {}
    for row, said in sorted(
        ((row, _said(row.detail)) for row in rows), key=lambda pair: (pair[1].said_at, pair[0].id)
    ):
        who = (said.by, same.get(row.actor, row.actor))
        if row.action == PRIVATE:
            marks.setdefault(who, Mark(row.actor, said.said_at))
        elif said.by == "command":
            marks.clear()
        else:
            marks.pop(who, None)
    return list(marks.values())


def _settle(batch: Batch, thread_id: int, reason: str) -> Counter[LinkState]:
    """Bring the thread into the state that follows from what was said."""
    marks = _marks(batch, thread_id)
    row = mark_of(batch.connection, thread_id)
    here = private_thread.c.thread_id == thread_id
    if not marks:
        if row is None:
            return Counter()
        batch.connection.execute(sa.delete(private_thread).where(here))
        return reopen(batch, thread_id, reason)
    values = {"actor": marks[0].actor, "at": marks[0].said_at}
    if row is not None:
        batch.connection.execute(sa.update(private_thread).where(here).values(**values))
        return Counter()
    # Two may say so at once, each in a transaction of its own.
    insert = batch.ledger.insert(private_thread).on_conflict_do_nothing()
    batch.connection.execute(insert, [{"thread_id": thread_id, "reason": reason, **values}])
    counts: Counter[LinkState] = Counter()
    for roots in roots_of(batch, thread_id):
        counts.update(exclude(batch, roots, reason, marks[0].actor))
    return counts
