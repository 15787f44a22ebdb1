"""The links out of our articles, as they were when they were tried last."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.article_tables import outside_link
from connector.ledger.batch import chunks
from connector.ledger.tables import at, ms
from connector.typed import read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger


class OutsideLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address of the web that articles link to. `status` is how its last visit ended."""

    url: str  # without the fragment
    articles: tuple[str, ...]  # ids
    checked_at: datetime | None = None
    status: str = ""  # a word of connector.articles.link_visit; "" was never visited
    code: int = 0  # HTTP status of the last visit, 0 when there was none
    moved_to: str = ""
    reason: str = ""  # of status failing
    failed_since: datetime | None = None
    nights: int = 0  # that it failed in a row


class _Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    code: int = 0
    moved_to: str = ""
    reason: str = ""


def outside_links(connection: Connection) -> list[OutsideLink]:
    """All that are known, in the order of their addresses."""
    rows = connection.execute(sa.select(outside_link).order_by(outside_link.c.url))
    return [_link(row) for row in rows]


def keep_links(ledger: Ledger, links: Iterable[OutsideLink]) -> None:
    """Keep these as they are now, new or not."""
    rows = [_row(each) for each in links]
    if not rows:
        return
    insert = ledger.insert(outside_link)
    columns = {name: insert.excluded[name] for name in rows[0] if name != "url"}
    with ledger.write() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=["url"], set_=columns), rows)


def forget_links(ledger: Ledger, urls: Collection[str]) -> None:
    """No article links to these any more."""
    with ledger.write() as connection:
        for some in chunks(list(urls)):
            connection.execute(sa.delete(outside_link).where(outside_link.c.url.in_(some)))


def _link(row: sa.Row[tuple[object, ...]]) -> OutsideLink:
    detail = read_json(row.detail, _Detail)
    return OutsideLink(
        url=row.url,
        articles=tuple(read_json(row.articles, list[str])),
        checked_at=None if row.checked_at is None else at(row.checked_at),
        status=row.status,
        code=detail.code,
        moved_to=detail.moved_to,
        reason=detail.reason,
        failed_since=None if row.failed_since is None else at(row.failed_since),
        nights=row.nights,
    )


def _row(link: OutsideLink) -> dict[str, object]:
    detail = _Detail(code=link.code, moved_to=link.moved_to, reason=link.reason)
    return {
        "url": link.url,
        "checked_at": None if link.checked_at is None else ms(link.checked_at),
        "status": link.status,
        "detail": msgspec.json.encode(detail).decode(),
        "failed_since": None if link.failed_since is None else ms(link.failed_since),
        "nights": link.nights,
        "articles": msgspec.json.encode(link.articles).decode(),
    }
