"""What stands on each site, as we left it, and what was begun there.

Each request that writes to a site has its row here before it is sent. A run that was cut short
leaves `intent`; the next one finds out what became of it and settles it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.article import ArticlePage, LivePage
from connector.ledger.article_tables import article_edit, article_page, article_version
from connector.ledger.events import event_row, record
from connector.ledger.storable import storable

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

PUT, WITHDRAW = "put", "withdraw"
PUBLISHED, WITHDRAWN = "published", "withdrawn"


class KeptPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a site as we left it. Times are milliseconds. `state` "" is: never answered yet."""

    site: str
    article: str
    ref: str = ""
    url: str = ""
    title: str = ""
    version: str = ""
    digest: str = ""
    fingerprint: str = ""
    state: str = ""
    links: Mapping[str, str] = {}  # article -> its address when this was put; "" for none
    intent: str = ""
    intent_version: int | None = None
    pinned: int | None = None
    pinned_source: str = ""
    published_at: int | None = None
    checked_at: int | None = None

    @property
    def is_live(self) -> bool:
        """Readers reach it, as far as we know."""
        return self.state == PUBLISHED

    def as_left(self) -> LivePage:
        """The page as the site had it when we left it."""
        return LivePage(
            id=self.article,
            ref=self.ref,
            url=self.url,
            version=self.version,
            digest=self.digest,
            fingerprint=self.fingerprint,
            state=self.state,
            title=self.title,
        )


_COLUMNS = [column for column in article_page.columns if column.name != "html"]


def kept_pages(ledger: Ledger, site: str) -> dict[str, KeptPage]:
    """Every page of a site by the id of its article."""
    with ledger.read() as connection:
        rows = connection.execute(sa.select(*_COLUMNS).where(article_page.c.site == site))
        return {row.article: _kept(row) for row in rows}


def kept_page(ledger: Ledger, site: str, article: str) -> KeptPage | None:
    """One page; None when nothing was ever begun there."""
    with ledger.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(_is(site, article))).one_or_none()
    return None if row is None else _kept(row)


def html_left(ledger: Ledger, site: str, article: str) -> str:
    """What the site's page showed when we left it, as HTML; "" when that is not known."""
    chosen = sa.select(article_page.c.html).where(_is(site, article))
    with ledger.read() as connection:
        return str(connection.execute(chosen).scalar() or "")


def _kept(row: Any) -> KeptPage:
    values = {**row._mapping, "links": msgspec.json.decode(row.links)}
    return KeptPage(**values)


def _is(site: str, article: str) -> sa.ColumnElement[bool]:
    return sa.and_(article_page.c.site == site, article_page.c.article == article)


def begin_put(
    ledger: Ledger, site: str, page: ArticlePage, *, actor: str, why: str, is_again: bool = False
) -> int:
    """Note that this page is about to be put; gives the id of its version.

    `is_again` is for the same page once more, for its links' sake: that is no new version.
    """
    with ledger.write(durable=True) as connection:
        version = _last_version(connection, site, page) if is_again else None
        if version is None:
            version = _add_version(connection, ledger.now(), site, page, actor, why)
        _write(ledger, connection, site, page.id, intent=PUT, intent_version=version)
    return version


def begin_withdraw(ledger: Ledger, site: str, article: str) -> None:
    """Note that this page is about to be taken from its readers."""
    with ledger.write(durable=True) as connection:
        _write(ledger, connection, site, article, intent=WITHDRAW, intent_version=None)


def settle_put(
    ledger: Ledger,
    site: str,
    live: LivePage,
    digest: str,
    links: Mapping[str, str],
    *,
    actor: str,
    version: int | None = None,
) -> None:
    """The site has the page: what it is like there, and which addresses its links have."""
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        if version is not None:
            connection.execute(
                sa.update(article_version)
                .where(article_version.c.id == version, article_version.c.done_at.is_(None))
                .values(done_at=now)
            )
        values = {**_seen(live), "digest": digest, "fingerprint": live.fingerprint}
        values |= {"html": storable(live.html)}
        values |= {"links": msgspec.json.encode(links).decode(), "published_at": now}
        values |= {"state": PUBLISHED, "checked_at": now, "intent": "", "intent_version": None}
        _write(ledger, connection, site, live.id, **values)
        connection.execute(
            sa.update(article_edit)
            .where(
                article_edit.c.site == site,
                article_edit.c.article == live.id,
                article_edit.c.decision.in_(("taken", "dismissed")),
                article_edit.c.applied_at.is_(None),
            )
            .values(applied_at=now)
        )
        record(connection, [event_row(now, actor, "article_put", f"article {live.id}", site=site)])


def settle_withdraw(ledger: Ledger, site: str, live: LivePage, *, actor: str) -> None:
    """The page is hidden, and what it shows now is what we left."""
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        values = {**_seen(live), "fingerprint": live.fingerprint}
        if live.html:  # a list of pages does not read them
            values |= {"html": storable(live.html)}
        values |= {"state": WITHDRAWN, "checked_at": now, "intent": "", "intent_version": None}
        _write(ledger, connection, site, live.id, **values)
        about = f"article {live.id}"
        record(connection, [event_row(now, actor, "article_withdrawn", about, site=site)])


def forget_intent(ledger: Ledger, site: str, article: str) -> None:
    """What was begun did not happen: its version never was, and the page is as before."""
    with ledger.write(durable=True) as connection:
        connection.execute(
            sa.delete(article_version).where(
                article_version.c.site == site,
                article_version.c.article == article,
                article_version.c.done_at.is_(None),
            )
        )
        connection.execute(
            sa.update(article_page).where(_is(site, article)).values(intent="", intent_version=None)
        )
        connection.execute(
            sa.delete(article_page).where(_is(site, article), article_page.c.state == "")
        )


def note_seen(ledger: Ledger, site: str, live: LivePage) -> None:
    """The page shows what we left, though its version or address is another."""
    with ledger.write() as connection:
        _write(ledger, connection, site, live.id, **_seen(live), checked_at=ledger.now())


def note_lost(ledger: Ledger, site: str, article: str) -> None:
    """The page is gone from the site, and it may be: nothing is known of it any more."""
    with ledger.write(durable=True) as connection:
        values = {"state": WITHDRAWN, "version": "", "fingerprint": "", "ref": "", "url": ""}
        _write(ledger, connection, site, article, **values, intent="", intent_version=None)


def pin(ledger: Ledger, site: str, article: str, number: int | None, source: str) -> None:
    """Let an earlier version stand until the source is no longer `source`; None lets it go."""
    with ledger.write(durable=True) as connection:
        values = {"pinned": number, "pinned_source": source if number is not None else ""}
        connection.execute(sa.update(article_page).where(_is(site, article)).values(**values))


def _seen(live: LivePage) -> dict[str, Any]:
    live = storable(live)
    return {"ref": live.ref, "url": live.url, "title": live.title, "version": live.version}


def _write(
    ledger: Ledger, connection: Connection, site: str, article: str, **values: object
) -> None:
    insert = ledger.insert(article_page).values(site=site, article=article, **values)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["site", "article"], set_=values)
    )


def _last_version(connection: Connection, site: str, page: ArticlePage) -> int | None:
    """The id of the newest version when it is this very page."""
    row = connection.execute(
        sa.select(article_version.c.id, article_version.c.digest)
        .where(article_version.c.site == site, article_version.c.article == page.id)
        .order_by(article_version.c.number.desc())
        .limit(1)
    ).one_or_none()
    return int(row.id) if row is not None and row.digest == page.digest else None


def _add_version(
    connection: Connection, now: int, site: str, page: ArticlePage, actor: str, why: str
) -> int:
    newest = connection.execute(
        sa.select(sa.func.max(article_version.c.number)).where(
            article_version.c.site == site, article_version.c.article == page.id
        )
    ).scalar()
    made = connection.execute(
        sa.insert(article_version).values(
            article=page.id,
            site=site,
            number=(newest or 0) + 1,
            at=now,
            actor=actor,
            why=why,
            content=msgspec.json.encode(page).decode(),
            digest=page.digest,
        )
    ).inserted_primary_key
    assert made is not None  # noqa: S101  an insert of one row gives its key
    return int(made[0])
