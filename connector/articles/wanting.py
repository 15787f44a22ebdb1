"""What readers of one site should see by the source: pages, and what keeps them from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from connector.article import CITIZEN, ArticlePage, digest_of
from connector.articles.mistakes import ERROR, Mistake
from connector.articles.reading import Library
from connector.articles.rendering import page_of


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What readers of one site should see by the source. `blocked` is article -> why, in words."""

    pages: Callable[[str], ArticlePage | None]
    articles: frozenset[str]
    blocked: Mapping[str, str] = {}
    is_whole: bool = True  # false: an article that is missing may only be unreadable
    closed: frozenset[str] = frozenset()  # not for this audience, blocked or not


def wanted_of(
    library: Library,
    audience: str,
    now: datetime,
    mistakes: Iterable[Mistake] | None = None,
    *,
    time_zone: str = "Europe/Copenhagen",
    language: str = "da",
    owner_name: Callable[[str], str] = lambda _: "",
) -> Wanted:
    """From the library to pages for one audience. `mistakes` are those of checking: all of them."""
    today = now.astimezone(ZoneInfo(time_zone)).date()
    blocked = dict.fromkeys(sorted(library.blocked), "")
    for each in library.mistakes if mistakes is None else mistakes:
        if each.level == ERROR and each.article:
            told = each.text(language)
            before = blocked.get(each.article, "")
            blocked[each.article] = f"{before}; {told}" if before else told

    def page(id: str) -> ArticlePage | None:
        article = library.articles.get(id)
        if article is None:
            return None
        return page_of(article, library, audience, today, owner_name)

    return Wanted(
        pages=page,
        articles=frozenset(library.articles),
        blocked=blocked,
        is_whole=library.is_whole,
        closed=_closed(library, audience),
    )


def _closed(library: Library, audience: str) -> frozenset[str]:
    """Articles that nobody outside may see: they leave a citizens' site at once, whatever else."""
    if audience != CITIZEN:
        return frozenset()
    return frozenset(id for id, each in library.articles.items() if each.audience != CITIZEN)


def with_badge(page: ArticlePage, source: ArticlePage | None) -> ArticlePage:
    """An earlier page, overdue or not as the source is now."""
    if source is None or source.is_overdue == page.is_overdue:
        return page
    made = msgspec.structs.replace(page, is_overdue=source.is_overdue, review_by=source.review_by)
    return msgspec.structs.replace(made, digest=digest_of(made))


def said(page: ArticlePage) -> str:
    """A digest of what the source says, whatever day it is and whatever the owner is called."""
    return digest_of(msgspec.structs.replace(page, is_overdue=False, owner_name=""))
