"""An earlier version of a page put back at the same address, until the source says something else.

Only the page changes. The source is as it was: a pin remembers what it said, and the next change
there is published as always.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from connector.articles.planning import CHANGE, EDITED, Plan, Step, plan
from connector.articles.publishing import PROGRAM, Result, publish
from connector.articles.wanting import Wanted, said
from connector.errors import ConnectorError
from connector.ledger.article_pages import KeptPage, kept_page, pin
from connector.ledger.article_versions import Version, versions_of

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Publisher


class CannotRollBack(ConnectorError):
    """`key` ends a word key that says why, with `values`."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """Which version stands now, the number that it has as the newest, and what publishing did."""

    number: int
    new: int
    result: Result


def earlier(
    ledger: Ledger, site: str, article: str, number: int | None = None
) -> tuple[KeptPage, Version]:
    """What stands now, and the version of this number; without one, the last that is another.

    Raises CannotRollBack when there is none.
    """
    versions = versions_of(ledger, site, article)
    row = kept_page(ledger, site, article)
    if row is None or not row.is_live:
        raise CannotRollBack("not_live", id=article, site=site)
    for each in versions:
        if each.number == number or (number is None and each.digest != row.digest):
            return row, each
    if number is None:
        raise CannotRollBack("no_other", id=article, site=site)
    numbers = ", ".join(str(each.number) for each in reversed(versions)) or "-"
    raise CannotRollBack("none", id=article, site=site, number=str(number), numbers=numbers)


def roll_back(
    wanted: Wanted,
    publisher: Publisher,
    ledger: Ledger,
    now: datetime,
    article: str,
    number: int | None = None,
    *,
    actor: str = PROGRAM,
) -> RolledBack:
    """Put an earlier version live and keep it there; the site's lock is the caller's.

    Raises CannotRollBack, and as the publisher when the page cannot be read.
    """
    site = publisher.name
    row, version = earlier(ledger, site, article, number)
    made = plan(wanted, publisher, ledger, now, only=[article])
    step = next(iter(made.steps), None)
    if step is None or step.kind == EDITED or step.live is None:
        key = "edited" if step is not None and step.kind == EDITED else "not_live"
        raise CannotRollBack(key, id=article, site=site)
    source = wanted.pages(article) if article in wanted.articles else None
    back = Step(
        kind=CHANGE,
        article=article,
        title=version.page.title,
        page=version.page,
        live=step.live,
        why="rollback",
        seen=step.seen,
        is_pinned=True,
    )
    pin(ledger, site, article, version.number, said(source) if source is not None else "")
    made = Plan(site=site, steps=(back,), made_at=now)
    result = publish(made, publisher, ledger, actor=actor)
    if not result.writes:  # what was kept before is kept still
        pin(ledger, site, article, row.pinned, row.pinned_source)
    newest = versions_of(ledger, site, article)[0].number
    return RolledBack(number=version.number, new=newest, result=result)


def release(ledger: Ledger, site: str, article: str) -> bool:
    """Let the source's text be published again; false when no earlier version was kept."""
    row = kept_page(ledger, site, article)
    if row is None or row.pinned is None:
        return False
    pin(ledger, site, article, None, "")
    return True
