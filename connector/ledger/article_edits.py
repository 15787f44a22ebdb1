"""What people changed on live pages: found, kept whole, and decided by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.article import LivePage
from connector.ledger.article_tables import article_edit
from connector.ledger.events import event_row, record
from connector.ledger.storable import storable
from connector.ledger.tables import ms

if TYPE_CHECKING:
    from connector.ledger.store import Ledger

TEXT, DELETED, HIDDEN, SHOWN = "text", "deleted", "withdrawn", "shown"
"""What a person did: wrote, deleted the page, hid it, or showed it again after we had hidden it."""
OPEN, TAKEN, DISMISSED, GONE = "", "taken", "dismissed", "gone"


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A person's change of a live page. Times are milliseconds."""

    id: int = 0
    site: str
    article: str
    version: str
    fingerprint: str
    kind: str
    title: str
    html: str
    changed_by: str
    changed_at: int | None
    found_at: int = 0
    decision: str = OPEN
    reason: str = ""
    actor: str = ""
    decided_at: int | None = None
    applied_at: int | None = None

    @property
    def allows_ours(self) -> bool:
        """A person let our text win, and it has not been put since."""
        return self.decision in (TAKEN, DISMISSED) and self.applied_at is None


def edit_of(site: str, live: LivePage, kind: str) -> Edit:
    """The change as it was found. What tells it from others: what was done, and what it shows."""
    return Edit(
        site=site,
        article=live.id,
        version=live.version,
        fingerprint=live.fingerprint if kind == TEXT else f"{kind} {live.fingerprint}".strip(),
        kind=kind,
        title=live.title,
        html=live.html,
        changed_by=live.changed_by,
        changed_at=None if live.changed_at is None else ms(live.changed_at),
    )


def edits(ledger: Ledger, site: str = "", *, open_only: bool = True) -> list[Edit]:
    """Changes of a site, or of all: those that wait for a decision, or all, newest first."""
    wanted = sa.select(article_edit).order_by(article_edit.c.found_at.desc(), article_edit.c.id)
    if site:
        wanted = wanted.where(article_edit.c.site == site)
    if open_only:
        wanted = wanted.where(article_edit.c.decision == OPEN)
    with ledger.read() as connection:
        return [_edit(row) for row in connection.execute(wanted)]


def latest_edits(ledger: Ledger, site: str) -> dict[tuple[str, str], Edit]:
    """The newest row of each (article, fingerprint): what was decided about it."""
    rows = edits(ledger, site, open_only=False)
    return {(each.article, each.fingerprint): each for each in sorted(rows, key=lambda e: e.id)}


def keep_edit(ledger: Ledger, edit: Edit) -> bool:
    """Keep a change that was found; false when it waits for its decision already.

    Other open changes of the page are over: the page has this one on top of them. They stay.
    """
    here = sa.and_(article_edit.c.site == edit.site, article_edit.c.article == edit.article)
    same = article_edit.c.fingerprint == edit.fingerprint
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        is_open = article_edit.c.decision == OPEN
        known = connection.execute(sa.select(article_edit.c.id).where(here, same, is_open)).first()
        connection.execute(
            sa.update(article_edit)
            .where(here, is_open, sa.not_(same))
            .values(decision=GONE, decided_at=now)
        )
        if known is not None:
            return False
        values = msgspec.structs.asdict(storable(edit)) | {"found_at": now}
        del values["id"]
        connection.execute(sa.insert(article_edit).values(**values))
    return True


def close_edits(ledger: Ledger, site: str, article: str) -> int:
    """The page is as we left it: what waited about it is over. Gives how many."""
    with ledger.write(durable=True) as connection:
        return connection.execute(
            sa.update(article_edit)
            .where(
                article_edit.c.site == site,
                article_edit.c.article == article,
                article_edit.c.decision == OPEN,
            )
            .values(decision=GONE, decided_at=ledger.now())
        ).rowcount


def decide_edit(ledger: Ledger, edit: Edit, decision: str, *, actor: str, reason: str = "") -> bool:
    """Take it or dismiss it, by name; false when somebody decided meanwhile."""
    now = ledger.now()
    with ledger.write(durable=True) as connection:
        done = connection.execute(
            sa.update(article_edit)
            .where(article_edit.c.id == edit.id, article_edit.c.decision == OPEN)
            .values(decision=decision, reason=storable(reason), actor=actor, decided_at=now)
        ).rowcount
        if done:
            about = f"article {edit.article}"
            action = f"article_edit_{decision}"
            record(connection, [event_row(now, actor, action, about, site=edit.site)])
    return bool(done)


def _edit(row: Any) -> Edit:
    return Edit(**row._mapping)
