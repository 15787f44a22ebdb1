"""Keeps items: every version once, which of them is current, their words findable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, Detail, New, chunks
from connector.ledger.participants import keep_participants
from connector.ledger.policy import Policy
from connector.ledger.tables import attachment, item, ms, thread
from connector.model import Attachment, Direction, Item, Kind, LinkState, content_sha256

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

THREADS_REMEMBERED = 20_000  # about 4 MB
NOTHING_TO_FETCH = ("card", "quote")  # they stand in the message itself
UNLINKED, EXCLUDED = LinkState.UNLINKED.value, LinkState.EXCLUDED.value


def keep_items(batch: Batch, items: Sequence[Item]) -> list[New]:
    """Insert what is not there yet, and say which of the items that was."""
    if not items:
        return []
    threads = thread_ids(batch, {(each.source, each.thread) for each in items})
    numbers = batch.ledger.item_numbers(batch.connection, len(items))
    excluded = batch.policy.staff().excluded
    wanted = [
        New(
            id=number,
            root_id=number,
            thread_id=threads[each.source, each.thread],
            item=each,
            is_excluded=bool(excluded) and _is_excluded(each, excluded),
        )
        for number, each in zip(numbers, items, strict=True)
    ]
    rows = [_row(batch, each) for each in wanted]
    count = batch.ledger.insert_many(batch.connection, item, COLUMNS, rows)
    new = wanted
    if count != len(rows):
        inserted = _inserted(batch.connection, numbers)
        new = [each for each in wanted if each.id in inserted]
    _order_versions(batch, new)
    _index_words(batch, new)
    _keep_attachments(batch, new)
    keep_participants(batch, new)
    return new


def _is_excluded(each: Item, excluded: frozenset[str]) -> bool:
    """Somebody of whom nothing is kept wrote it, took part in the call, or owns the mailbox."""
    parties = (*each.parties, *(each.call.parties if each.call is not None else ()))
    return (
        each.sender in excluded
        or each.thread in excluded
        or any(party.person in excluded for party in parties)
    )


def _inserted(connection: Connection, numbers: Sequence[int]) -> set[int]:
    found = connection.execute(
        sa.select(item.c.id).where(item.c.id.between(numbers[0], numbers[-1]))
    )
    return {row[0] for row in found}


def thread_ids(batch: Batch, wanted: AbstractSet[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The number of each thread, given as (source, key); new ones get one."""
    cache = batch.ledger.thread_ids
    known = {name: cache[name] for name in wanted if name in cache}
    found = _find_threads(batch.connection, wanted - known.keys())
    if len(cache) > THREADS_REMEMBERED:
        cache.clear()
    cache.update(found)  # only those seen by a SELECT before this transaction wrote any
    known.update(found)
    missing = wanted - known.keys()
    if missing:
        batch.connection.execute(
            batch.ledger.insert(thread).on_conflict_do_nothing(),
            [{"source": source, "key": key} for source, key in sorted(missing)],
        )
        known.update(_find_threads(batch.connection, missing))
    return known


def _find_threads(
    connection: Connection, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    by_source: dict[str, list[str]] = {}
    for source, key in wanted:
        by_source.setdefault(source, []).append(key)
    found: dict[tuple[str, str], int] = {}
    for source, keys in by_source.items():
        for some in chunks(keys, 500):
            rows = connection.execute(
                sa.select(thread.c.key, thread.c.id).where(
                    thread.c.source == source, thread.c.key.in_(some)
                )
            )
            found.update({(source, key): number for key, number in rows})
    return found


COLUMNS = (
    "id",
    "root_id",
    "thread_id",
    "key",
    "version",
    "kind",
    "sent_at",
    "modified_at",
    "taken_at",
    "is_current",
    "is_deleted",
    "sender",
    "sender_name",
    "subject",
    "text",
    "raw",
    "sha256",
    "detail",
    "state",
)


def _row(batch: Batch, new: New) -> tuple[Any, ...]:
    """COLUMNS of an item. Words of an excluded person are not kept, only that they were."""
    each = new.item
    sent_at = ms(each.sent_at)
    is_kept = not new.is_excluded
    return (
        new.id,
        new.id,
        new.thread_id,
        each.key,
        each.version,
        str(each.kind),  # in a third of the time of its `value`
        sent_at,
        sent_at if each.modified_at is each.sent_at else ms(each.modified_at),
        batch.now,
        True,
        each.is_deleted,
        each.sender,
        each.sender_name,
        (each.subject or None) if is_kept else None,
        (each.text or None) if is_kept else None,
        each.raw if is_kept else None,
        content_sha256(each.raw),
        _detail(each) if is_kept else None,
        UNLINKED if is_kept else EXCLUDED,
    )


def _detail(each: Item) -> str | None:
    if (
        each.direction is Direction.INTERNAL
        and not each.mentions
        and not each.parties
        and not each.reply_to
        and not each.quoted
        and each.call is None
        and each.duration_s is None
        and each.edited_at is None
        and not each.flags
    ):
        return None
    detail = Detail(
        direction=each.direction,
        reply_to=each.reply_to,
        mentions=each.mentions,
        quoted=each.quoted,
        parties=each.parties,
        call=each.call,
        duration_s=each.duration_s,
        edited_at=each.edited_at,
        flags=each.flags,
    )
    return msgspec.json.encode(detail).decode()


def _order_versions(batch: Batch, new: Sequence[New]) -> None:
    """Where a key now has several versions, say which is current and which was first."""
    if not new:
        return
    other = item.alias("other")
    rows = batch.connection.execute(
        sa.select(item.c.id, other.c.id, other.c.root_id, other.c.modified_at, other.c.version)
        .join(
            other,
            sa.and_(
                other.c.thread_id == item.c.thread_id,
                other.c.key == item.c.key,
                other.c.id != item.c.id,
            ),
        )
        .where(item.c.id.between(new[0].id, new[-1].id))
    ).all()
    by_id = {each.id: each for each in new}
    others: dict[int, list[Any]] = {}
    for row in rows:
        if row[0] in by_id:
            others.setdefault(row[0], []).append(row)
    for number, versions in others.items():
        _order_one(batch, by_id[number], versions, by_id)


def _order_one(batch: Batch, each: New, others: Sequence[Any], by_id: dict[int, New]) -> None:
    root = min([each.id, *(row[2] for row in others), *(row[1] for row in others)])
    ranked = [(ms(each.item.modified_at), _rank(each.item.version), each.id)]
    ranked += [(row[3], _rank(row[4]), row[1]) for row in others]
    current = max(ranked)[2]
    numbers = [number for _, _, number in ranked]
    each.root_id, each.is_current = root, each.id == current
    for number in numbers:
        if number in by_id:
            by_id[number].root_id = root
            by_id[number].is_current = number == current
    batch.connection.execute(
        sa.update(item)
        .where(item.c.id.in_(numbers))
        .values(root_id=root, is_current=item.c.id == current)
    )


def _rank(version: str) -> int:
    return int(version) if version.isdigit() else 0


def _index_words(batch: Batch, new: Sequence[New]) -> None:
    """Make the new texts findable. PostgreSQL does it by itself (a generated column)."""
    if not batch.ledger.is_sqlite:
        return
    rows = [
        (each.id, each.item.subject, each.item.text)
        for each in new
        if (each.item.text or each.item.subject)
        and each.item.kind is not Kind.SIGHTING
        and not each.is_excluded
    ]
    if rows:
        batch.connection.exec_driver_sql(
            "INSERT INTO item_search (rowid, subject, text) VALUES (?, ?, ?)", rows
        )


def _keep_attachments(batch: Batch, new: Sequence[New]) -> None:
    rows = []
    for each in new:
        if not each.item.attachments or each.is_excluded:
            continue
        for position, file in enumerate(each.item.attachments):
            state, note = _attachment_state(file, batch.policy)
            rows.append(
                {
                    "item_id": each.id,
                    "position": position,
                    "source": each.item.source,
                    "name": file.name,
                    "ref": file.ref,
                    "content_type": file.content_type,
                    "role": file.role,
                    "url": file.url,
                    "size_bytes": file.size_bytes,
                    "state": state,
                    "note": file.note or note,
                }
            )
    if rows:
        batch.connection.execute(sa.insert(attachment), rows)


def _attachment_state(file: Attachment, policy: Policy) -> tuple[str, str]:
    """What is to be done about an attachment, and why it is missing when it is."""
    if not file.ref:
        if file.url or file.role in NOTHING_TO_FETCH:
            return "linked", ""
        return "missing", "the source gave no address for it"
    if policy.keeps_attachments:
        return "waiting", ""
    return "missing", "attachments are not kept (setting)"
