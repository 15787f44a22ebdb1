"""A site's standing in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector.commands.articles_line import local_time

if TYPE_CHECKING:
    from connector.articles.standing import Standing
    from connector.commands import Session

_NAMED = ("edited", "blocked", "overdue", "pinned", "begun")
_COUNTED = ("new", "waiting", "withdrawn")
_SHOWN = 8  # ids in a line


def lines(session: Session, its: Standing) -> Iterator[str]:
    """What a person is told of one site."""
    audience = session.text(f"article.for.{its.audience}")
    live = len(its.live)
    yield session.text("article.status.site", site=its.site, audience=audience, count=live)
    for name in (*_COUNTED, *_NAMED):
        ids = getattr(its, name)
        if ids:
            some = ", ".join(ids[:_SHOWN]) + (" ..." if len(ids) > _SHOWN else "")
            yield "  " + session.text(f"article.status.{name}", count=len(ids), ids=some)
    if its.next:
        yield "  " + session.text("article.status.next")
        for due in its.next:
            when = local_time(session, due.at.isoformat())
            key = "article.status.shows" if due.shows else "article.status.hides"
            yield "    " + session.text(key, when=when, id=due.article)
    if its.last_published is None:
        yield "  " + session.text("article.status.never")
    else:
        when = local_time(session, its.last_published.isoformat())
        yield "  " + session.text("article.status.last", when=when)
