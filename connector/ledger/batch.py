"""What one write transaction carries with it, and rows of `item` as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import sqlalchemy as sa

from connector.ledger.policy import Policy
from connector.ledger.tables import at, item, thread
from connector.model import Call, Direction, Item, Kind, LinkState, Party
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One write transaction: where to write, by which rules, at what time."""

    ledger: Ledger
    connection: Connection
    policy: Policy
    now: int


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The members of model.Item that have no column of their own."""

    direction: Direction = Direction.INTERNAL
    reply_to: str = ""
    mentions: tuple[str, ...] = ()
    quoted: str = ""
    parties: tuple[Party, ...] = ()
    call: Call | None = None
    duration_s: int | None = None
    edited_at: datetime | None = None
    flags: tuple[str, ...] = ()


class New(msgspec.Struct, kw_only=True, gc=False):
    """A version to decide about: just arrived, or looked at again."""

    id: int
    root_id: int
    thread_id: int
    item: Item
    is_current: bool = True
    is_excluded: bool = False
    is_known: bool = False  # its root stood in the ledger before, perhaps with a link


NO_DETAIL = Detail()
_decode_detail = decoder(Detail).decode


def chunks(values: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    """The values, `size` at a time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def detail_of(row: Any) -> Detail:
    """The `detail` column as a value."""
    return _decode_detail(row.detail) if row.detail else NO_DETAIL


def written_at(row: Any) -> datetime:
    """When the words of a later version were written: as the source says, else its last change."""
    return detail_of(row).edited_at or at(row.modified_at)


def unread_edit_at(versions: Iterable[Any]) -> datetime | None:
    """When a text was edited before it was first read; None when its first words are kept.

    `versions` are those of one root in order of time.
    """
    first = next((row for row in versions if not row.is_deleted), None)
    return detail_of(first).edited_at if first is not None else None


ITEM_COLUMNS = (
    item.c.id,
    item.c.root_id,
    item.c.thread_id,
    item.c.key,
    item.c.version,
    item.c.kind,
    item.c.sent_at,
    item.c.modified_at,
    item.c.is_current,
    item.c.is_deleted,
    item.c.sender,
    item.c.sender_name,
    item.c.subject,
    item.c.text,
    item.c.sha256,
    item.c.detail,
    item.c.call_id,
    item.c.state,
    item.c.case_number,
    thread.c.source,
    thread.c.key.label("thread_key"),
)


def select_items() -> sa.Select[Any]:
    """Every column of an item but the bytes as received, with its thread."""
    return sa.select(*ITEM_COLUMNS).join_from(item, thread, thread.c.id == item.c.thread_id)


def versions_of(roots: Sequence[int] | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """Every version of these roots, in words that let both databases use an index.

    Only rows of which the root is another are indexed by it; an OR that does not say so is a look
    at every item there is.
    """
    later = sa.and_(item.c.root_id.in_(roots), item.c.root_id != item.c.id)
    return sa.or_(item.c.id.in_(roots), later)


def roots_on(case_number: str | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """Every root that is on this case, in words that let both databases use the index of cases.

    Told `root_id = id`, PostgreSQL 18 believes that skipping through the index of all roots is
    cheap, and reads the whole of it: 200 ms of a million instead of one.
    """
    return sa.and_(item.c.case_number == case_number, item.c.root_id - item.c.id == 0)


def among(column: sa.Column[int], *, is_sqlite: bool) -> sa.ColumnElement[bool]:
    """Whether it is one of the `numbers`.

    For PostgreSQL they are one value: then the statement is the same for any count of them, and is
    planned once. To plan it took as long as to run it. SQLite goes through all items for a list
    that it does not see.
    """
    if is_sqlite:
        return column.in_(sa.bindparam("numbers", expanding=True))
    return column == sa.any_(sa.bindparam("numbers", type_=sa.ARRAY(sa.BigInteger)))


def item_of(row: Any) -> Item:
    """An item as it was taken, without `raw` and attachments."""
    detail = detail_of(row)
    return Item(
        source=row.source,
        thread=row.thread_key,
        key=row.key,
        version=row.version,
        kind=Kind(row.kind),
        sent_at=at(row.sent_at),
        modified_at=at(row.modified_at),
        raw=b"",
        text=row.text or "",
        subject=row.subject or "",
        sender=row.sender,
        sender_name=row.sender_name,
        direction=detail.direction,
        is_deleted=row.is_deleted,
        reply_to=detail.reply_to,
        mentions=detail.mentions,
        quoted=detail.quoted,
        parties=detail.parties,
        call=detail.call,
        duration_s=detail.duration_s,
        edited_at=detail.edited_at,
        flags=detail.flags,
    )


def known(row: Any) -> New:
    """A row to look at again."""
    return New(
        id=row.id,
        root_id=row.root_id,
        thread_id=row.thread_id,
        item=item_of(row),
        is_current=row.is_current,
        is_excluded=row.state == LinkState.EXCLUDED.value,
        is_known=True,
    )
