"""Full-text search in what was said: FTS5 on SQLite, a tsvector on PostgreSQL. Reads only."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.tables import at, item

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

EXCERPT = 160
_WORD = re.compile(r"\w+")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One item that holds the words. `state` and `case_number` are its root's."""

    item: int
    kind: str
    at: datetime
    who: str
    state: str
    case_number: str | None
    excerpt: str


def search(connection: Connection, words: str, *, limit: int, is_sqlite: bool) -> list[Found]:
    """Items whose subject or text holds all the words, newest arrivals first.

    The words are quoted, so that no sign in them is taken for the search language.
    """
    asked = _WORD.findall(words)
    if not asked:
        return []
    hit = sa.table("item_search", sa.column("rowid"))
    source: sa.FromClause = item
    if is_sqlite:
        source = hit.join(item, item.c.id == hit.c.rowid)
    query = (
        sa.select(
            item.c.root_id,
            item.c.kind,
            item.c.sent_at,
            item.c.sender,
            item.c.sender_name,
            item.c.subject,
            item.c.text,
            _root.c.state,
            _root.c.case_number,
        )
        .select_from(source.join(_root, _root.c.id == item.c.root_id))
        .where(_is_said())
        .limit(limit)
    )
    if is_sqlite:
        # By rowid and not by rank: a thousand times faster, and the newest is what people look for.
        matches = sa.literal_column("item_search").op("MATCH")(fts_query(words))
        query = query.where(matches).order_by(hit.c.rowid.desc())
    else:
        asked_for = sa.func.plainto_tsquery("danish", words)
        query = query.where(sa.literal_column("item.words").op("@@")(asked_for))
        query = query.order_by(item.c.id.desc())
    rows = connection.execute(query)
    return [_found(row, asked) for row in rows]


_root = item.alias("root")


def _is_said() -> sa.ColumnElement[bool]:
    """What is said now: the current version, or the last words of something deleted."""
    newer = item.alias("newer")
    of_same = sa.and_(newer.c.root_id == item.c.root_id, newer.c.id != item.c.id)
    is_deleted_now = sa.exists().where(of_same, newer.c.is_current, newer.c.is_deleted)
    was_edited = sa.exists().where(
        of_same, ~newer.c.is_deleted, newer.c.modified_at > item.c.modified_at
    )
    return sa.or_(item.c.is_current, sa.and_(is_deleted_now, ~was_edited))


def fts_query(words: str) -> str:
    """The words for FTS5: each in quotes, all of them wanted."""
    return " ".join(f'"{word}"' for word in _WORD.findall(words))


def _found(row: Any, asked: list[str]) -> Found:
    text = " ".join(filter(None, (row.subject, row.text)))
    return Found(
        item=row.root_id,
        kind=row.kind,
        at=at(row.sent_at),
        who=row.sender_name or row.sender,
        state=row.state,
        case_number=row.case_number,
        excerpt=excerpt(" ".join(text.split()), asked),
    )


def excerpt(text: str, asked: list[str]) -> str:
    """The part of the text round the first of the words."""
    folded = text.casefold()
    places = [folded.find(word.casefold()) for word in asked]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, first - EXCERPT // 3)
    shown = text[start : start + EXCERPT]
    return f"{'…' if start else ''}{shown}{'…' if start + EXCERPT < len(text) else ''}"
