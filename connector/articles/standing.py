"""How a site stands, from the source and the ledger alone: no request is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connector.article import Article
from connector.articles.checking import refused
from connector.articles.reading import Library, Mistake
from connector.articles.rendering import is_shown
from connector.ledger.article_edits import edits
from connector.ledger.article_pages import WITHDRAWN, kept_pages
from connector.ledger.tables import at

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Publisher

NEXT_TIMES = 10  # that are told


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """When something happens by itself. `shows` is false for a withdrawal."""

    at: datetime
    article: str
    shows: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One site: ids of articles by how they are, and what comes next."""

    site: str
    audience: str
    live: tuple[str, ...]
    withdrawn: tuple[str, ...]
    waiting: tuple[str, ...]  # for their time
    new: tuple[str, ...]  # to be shown, and not there yet
    edited: tuple[str, ...]
    blocked: tuple[str, ...]
    overdue: tuple[str, ...]
    pinned: tuple[str, ...]
    begun: tuple[str, ...]
    next: tuple[Due, ...]
    last_published: datetime | None = None


def standing(
    library: Library,
    mistakes: Iterable[Mistake],
    publisher: Publisher,
    ledger: Ledger,
    now: datetime,
    time_zone: str = "Europe/Copenhagen",
) -> Standing:
    """How the site was when it was seen last, beside what the source says now."""
    today = now.astimezone(ZoneInfo(time_zone)).date()
    kept = kept_pages(ledger, publisher.name)
    shown = {
        id: article
        for id, article in library.articles.items()
        if is_shown(article, publisher.audience)
    }
    blocked = refused(library, mistakes)
    live = [id for id, row in kept.items() if row.is_live]
    waiting = [
        id for id, each in shown.items() if each.valid_from is not None and each.valid_from > now
    ]
    over = [id for id, each in shown.items() if each.valid_to is not None and each.valid_to <= now]
    published = [row.published_at for row in kept.values() if row.published_at is not None]
    return Standing(
        site=publisher.name,
        audience=publisher.audience,
        live=tuple(sorted(live)),
        withdrawn=tuple(sorted(id for id, row in kept.items() if row.state == WITHDRAWN)),
        waiting=tuple(sorted(waiting)),
        new=tuple(sorted({*shown} - {*live, *waiting, *over, *blocked})),
        edited=tuple(sorted({each.article for each in edits(ledger, publisher.name)})),
        blocked=tuple(sorted(blocked & ({*shown} | {*live} | (blocked - {*library.articles})))),
        overdue=tuple(
            sorted(id for id in live if id in shown and (by := shown[id].review_by) and by < today)
        ),
        pinned=tuple(sorted(id for id, row in kept.items() if row.pinned is not None)),
        begun=tuple(sorted(id for id, row in kept.items() if row.intent)),
        next=tuple(sorted(_due(shown, now), key=lambda each: (each.at, each.article))[:NEXT_TIMES]),
        last_published=at(max(published)) if published else None,
    )


def _due(shown: dict[str, Article], now: datetime) -> Iterator[Due]:
    for id, article in shown.items():
        for moment, shows in ((article.valid_from, True), (article.valid_to, False)):
            if moment is not None and moment > now:
                yield Due(at=moment, article=id, shows=shows)
