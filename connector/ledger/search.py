"""Full-text search over what is kept, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.tables import at, item

if TYPE_CHECKING:
    from connector.ledger.store import Ledger

_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An item that has all the words."""

    item_id: int  # its root
    kind: str
    at: datetime
    who: str
    subject: str
    text: str
    case_number: str


def find(ledger: Ledger, words: str, *, limit: int = 20) -> list[Hit]:
    """The newest items that hold all the words, the last of them as a beginning of a word.

    Only what is said now counts: of an edited message its newest words, of a deleted one the last.
    Whatever is typed is taken as words: no query language, nothing to get wrong.
    """
    wanted = _WORDS.findall(words)
    if not wanted:
        return []
    rows = _rows(ledger, wanted, limit)
    return [
        Hit(
            item_id=row.root_id,
            kind=row.kind,
            at=at(row.sent_at),
            who=row.sender_name or row.sender,
            subject=row.subject or "",
            text=row.text or "",
            case_number=row.case_number or "",
        )
        for row in rows
    ]


def _rows(ledger: Ledger, wanted: list[str], limit: int) -> list[sa.Row[tuple[object, ...]]]:
    root = item.alias("root")
    index = sa.table("item_search", sa.column("rowid"))
    source: sa.FromClause = item
    if ledger.is_sqlite:
        source = index.join(item, item.c.id == index.c.rowid)
    query = (
        sa.select(
            item.c.root_id,
            item.c.kind,
            item.c.sent_at,
            item.c.sender,
            item.c.sender_name,
            item.c.subject,
            item.c.text,
            root.c.case_number,
        )
        .select_from(source.join(root, root.c.id == item.c.root_id))
        .where(_is_said())
        .limit(limit)
    )
    if ledger.is_sqlite:
        match = " ".join(f'"{word}"' for word in wanted) + "*"
        matches = sa.text("item_search MATCH :match").bindparams(match=match)
        query = query.where(matches).order_by(index.c.rowid.desc())
    else:
        tsquery = " & ".join(f"'{word}'" for word in wanted) + ":*"
        matches = sa.text("item.words @@ to_tsquery('danish', :match)").bindparams(match=tsquery)
        query = query.where(matches).order_by(item.c.id.desc())
    with ledger.read() as connection:
        return list(connection.execute(query))


def _is_said() -> sa.ColumnElement[bool]:
    """The current version, or the last words of something deleted."""
    newer = item.alias("newer")
    of_same = sa.and_(newer.c.root_id == item.c.root_id, newer.c.id != item.c.id)
    is_deleted_now = sa.exists().where(of_same, newer.c.is_current, newer.c.is_deleted)
    was_edited = sa.exists().where(
        of_same, ~newer.c.is_deleted, newer.c.modified_at > item.c.modified_at
    )
    return sa.or_(item.c.is_current, sa.and_(is_deleted_now, ~was_edited))
