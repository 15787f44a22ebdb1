"""What is owed to the journals: entries, their versions, and when each is due.

An entry is a call, a missed call, a voicemail or a note; or a conversation: the messages of one
thread that belong to one case on one local day. Its id is made of remote names only, so that a
ledger that had to be built again owes the same entries under the same keys.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks, select_items, versions_of
from connector.ledger.composition import compose
from connector.ledger.events import event_row, record
from connector.ledger.tables import at, attachment, delivery, entry, entry_version, item, ms, thread
from connector.model import Entry, Kind, LinkState, entry_json
from connector.typed import read_json

CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A change to what a case has: an item joined it, left it, or has a new version."""

    kind: Kind
    thread_id: int
    root_id: int
    case_number: str
    sent_at: int
    reason: str = ""
    changed_at: int = 0  # of an edit; later than sent_at


def token(*parts: object) -> str:
    """26 letters and digits that stand for these parts: 128 bits, safe in names and searches."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=")


def delivery_key(entry_id: str, version: int, sink: str) -> str:
    """The key a sink stores: the same for every try, another for each version."""
    return f"CT-{token(entry_id, version, sink)}"


def owe(batch: Batch, owed: Sequence[Owed]) -> None:
    """Mark the entries that these changes touch as due, each once, at its time."""
    if not owed:
        return
    names = _names(batch, owed)
    rows: dict[str, dict[str, Any]] = {}
    for each in owed:
        row = _row(batch, each, names)
        other = rows.get(row["id"])
        if other is not None:
            row["started_at"] = min(row["started_at"], other["started_at"])
            row["due_at"] = max(row["due_at"], other["due_at"])
            row["reason"] = other["reason"] or row["reason"]
        rows[row["id"]] = row
    insert = batch.ledger.insert(entry)
    new = insert.excluded
    insert = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "kind": new.kind,  # a missed call may turn out to have been answered
            "due_at": sa.case((entry.c.due_at > new.due_at, entry.c.due_at), else_=new.due_at),
            "started_at": sa.case(
                (entry.c.started_at < new.started_at, entry.c.started_at), else_=new.started_at
            ),
            # The first reason is a person's; what follows from it for the thread comes after.
            "reason": sa.case((entry.c.reason != "", entry.c.reason), else_=new.reason),
        },
    )
    batch.connection.execute(insert, list(rows.values()))


def _names(batch: Batch, owed: Sequence[Owed]) -> dict[int, tuple[str, str]]:
    """The remote name of each thread (of a conversation) or item (of anything else)."""
    names: dict[int, tuple[str, str]] = {}
    threads = {each.thread_id for each in owed if each.kind is Kind.MESSAGE}
    for some in chunks(sorted(threads)):
        rows = batch.connection.execute(
            sa.select(thread.c.id, thread.c.source, thread.c.key).where(thread.c.id.in_(some))
        )
        names.update({row.id: (row.source, row.key) for row in rows})
    roots = {each.root_id for each in owed if each.kind is not Kind.MESSAGE}
    for some in chunks(sorted(roots)):
        rows = batch.connection.execute(
            sa.select(item.c.id, thread.c.source, thread.c.key.label("within"), item.c.key)
            .join(thread, thread.c.id == item.c.thread_id)
            .where(item.c.id.in_(some))
        )
        names.update({-row.id: (row.source, f"{row.within}\0{row.key}") for row in rows})
    return names


def _row(batch: Batch, each: Owed, names: dict[int, tuple[str, str]]) -> dict[str, Any]:
    is_message = each.kind is Kind.MESSAGE
    day = at(each.sent_at).astimezone(batch.policy.zone).date().isoformat()
    source, name = names[each.thread_id if is_message else -each.root_id]
    last = max(each.sent_at, each.changed_at)
    return {
        "id": "E" + token(source, name, each.case_number, day if is_message else ""),
        "kind": CONVERSATION if is_message else each.kind.value,
        "case_number": each.case_number,
        "thread_id": each.thread_id if is_message else None,
        "item_id": None if is_message else each.root_id,
        "day": day,
        "started_at": each.sent_at,
        "due_at": last + batch.policy.quiet_s * 1000 if is_message else last,
        "reason": each.reason,
    }


def write_due(batch: Batch, title: Callable[[Entry], str], limit: int = 200) -> int:
    """Write the next version of entries that are due, and owe it to every sink.

    Gives how many entries were looked at; call again until it is 0. An entry whose attachments are
    still to be fetched waits for them.
    """
    rows = batch.connection.execute(
        sa.select(entry)
        .where(entry.c.due_at <= batch.now, ~_waits_for_files())
        .order_by(entry.c.due_at, entry.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        _write_one(batch, row, title)
    return len(rows)


def _waits_for_files() -> sa.Exists:
    """Some attachment of the entry's items has not been fetched yet."""
    return (
        sa.exists()
        .where(
            attachment.c.state == "waiting",
            attachment.c.item_id == item.c.id,
            item.c.case_number == entry.c.case_number,
            sa.or_(
                item.c.id == entry.c.item_id,
                sa.and_(item.c.thread_id == entry.c.thread_id),
            ),
        )
        .correlate(entry)
    )


def _write_one(batch: Batch, row: Any, title: Callable[[Entry], str]) -> None:
    items = _items(batch, row)
    if not items and (row.version == 0 or row.is_void):
        batch.connection.execute(
            sa.update(entry).where(entry.c.id == row.id).values(due_at=None, reason="")
        )
        return
    previous = _previous(batch, row)
    made = compose(batch, row, items, previous)
    matter = hashlib.sha256(entry_json(made)).hexdigest()
    if matter == row.sha256:
        batch.connection.execute(
            sa.update(entry).where(entry.c.id == row.id).values(due_at=None, reason="")
        )
        return
    version = row.version + 1
    made = msgspec.structs.replace(made, version=version)
    made = msgspec.structs.replace(made, title=title(made))
    content = entry_json(made)
    batch.connection.execute(
        sa.insert(entry_version).values(
            entry_id=row.id,
            version=version,
            made_at=batch.now,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content.decode(),
        )
    )
    batch.connection.execute(
        sa.update(entry)
        .where(entry.c.id == row.id)
        .values(due_at=None, version=version, sha256=matter, is_void=made.is_void, reason="")
    )
    _owe_to_sinks(batch, made)


def _owe_to_sinks(batch: Batch, made: Entry) -> None:
    batch.connection.execute(
        batch.ledger.insert(delivery).on_conflict_do_nothing(),
        [
            {
                "key": delivery_key(made.id, made.version, sink),
                "entry_id": made.id,
                "version": made.version,
                "sink": sink,
                "case_number": made.case_number,
                "state": "waiting",
                "changed_at": batch.now,
                "made_at": batch.now,
            }
            for sink in batch.policy.sinks
        ],
    )
    record(
        batch.connection,
        [
            event_row(
                batch.now,
                "casethread",
                "voided" if made.is_void else "written",
                f"entry {made.id}",
                case=made.case_number,
                version=made.version,
            )
        ],
    )


def _items(batch: Batch, row: Any) -> list[Any]:
    """Every version of every item of an entry, in order of time."""
    query = select_items().order_by(item.c.sent_at, item.c.root_id, item.c.modified_at, item.c.id)
    if row.item_id is not None:
        root = batch.connection.execute(
            sa.select(item.c.state, item.c.case_number).where(item.c.id == row.item_id)
        ).one()
        if root.state != LinkState.LINKED.value or root.case_number != row.case_number:
            return []
        versions = list(batch.connection.execute(query.where(versions_of([row.item_id]))))
        return [] if _is_emptied_note(versions) else versions
    start, end = day_bounds(row.day, batch)
    roots = [
        found[0]
        for found in batch.connection.execute(
            sa.select(item.c.id).where(
                item.c.thread_id == row.thread_id,
                item.c.sent_at >= start,
                item.c.sent_at < end,
                item.c.case_number == row.case_number,
                item.c.state == LinkState.LINKED.value,
                item.c.id == item.c.root_id,
            )
        )
    ]
    found: list[Any] = []
    for some in chunks(roots):
        found += batch.connection.execute(query.where(versions_of(some))).all()
    return sorted(found, key=lambda each: (each.sent_at, each.root_id, each.modified_at, each.id))


def _is_emptied_note(versions: Sequence[Any]) -> bool:
    """A note without words is none: its entry is taken back. A deleted message keeps its words."""
    return any(
        each.kind == Kind.NOTE.value and each.is_current and each.is_deleted for each in versions
    )


def day_bounds(day: str, batch: Batch) -> tuple[int, int]:
    """First and last millisecond (exclusive) of a local day: 23, 24 or 25 hours."""
    first = date.fromisoformat(day)
    begins = datetime.combine(first, time(), tzinfo=batch.policy.zone)
    ends = datetime.combine(first + timedelta(days=1), time(), tzinfo=batch.policy.zone)
    return ms(begins), ms(ends)


def _previous(batch: Batch, row: Any) -> Entry | None:
    if row.version == 0:
        return None
    content = batch.connection.execute(
        sa.select(entry_version.c.content).where(
            entry_version.c.entry_id == row.id, entry_version.c.version == row.version
        )
    ).scalar_one()
    return read_json(content, Entry)
