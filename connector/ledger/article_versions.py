"""Every page that was ever put, by article and site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.article import ArticlePage
from connector.ledger.article_tables import article_version
from connector.typed import read_json

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a page. `done_at` is None while nobody knows whether the site has it."""

    id: int
    article: str
    site: str
    number: int
    at: int  # ms
    done_at: int | None
    actor: str
    why: str
    digest: str
    page: ArticlePage


def versions_of(ledger: Ledger, site: str, article: str) -> list[Version]:
    """The versions of an article on a site, newest first, those that the site has."""
    return _found(
        ledger,
        article_version.c.site == site,
        article_version.c.article == article,
        article_version.c.done_at.is_not(None),
    )


def version_by_id(ledger: Ledger, id: int) -> Version | None:
    """One version, settled or not."""
    return next(iter(_found(ledger, article_version.c.id == id)), None)


def last_version(ledger: Ledger, site: str, article: str) -> Version | None:
    """What we put last and the site has."""
    return next(iter(versions_of(ledger, site, article)), None)


def _found(ledger: Ledger, *conditions: sa.ColumnElement[bool]) -> list[Version]:
    chosen = sa.select(article_version).where(*conditions)
    with ledger.read() as connection:
        return [_version(row) for row in connection.execute(chosen.order_by(*_NEWEST))]


_NEWEST = (article_version.c.number.desc(),)


def _version(row: Any) -> Version:
    values = dict(row._mapping)
    page = read_json(values.pop("content"), ArticlePage)
    return Version(**values, page=page)
