"""How every article stands on every site, by the source and the ledger; no site is asked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime

import msgspec

from connector.article import Article, ArticlePage
from connector.articles.wanting import said

# In the order in which editors should look at them; an article may stand in several.
CONFLICT, EDITED, BLOCKED, OVERDUE, WAITING, PLANNED, WITHDRAWN, LIVE = (
    "conflict", "edited", "blocked", "overdue", "waiting", "planned", "withdrawn", "live",
)  # fmt: skip
STATES = (CONFLICT, EDITED, BLOCKED, OVERDUE, WAITING, PLANNED, WITHDRAWN, LIVE)
PUBLISHED = "published"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A page as the ledger has it: what we put there last, and who changed it since."""

    site: str
    article: str
    title: str = ""
    url: str = ""
    state: str = ""  # published | withdrawn | "": never put
    digest: str = ""
    published_at: int | None = None  # milliseconds since the epoch
    pinned_source: str = ""  # of one that was put back: the source that it stands instead of
    edits: tuple[int, ...] = ()  # ids of people's edits that nobody has decided about


class OnSite(msgspec.Struct, frozen=True, kw_only=True):
    """How an article stands on one site."""

    site: str
    state: str  # edited | blocked | waiting | planned | withdrawn | live
    standing: Standing | None = None
    effective: datetime | None = None  # of a planned one


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One article of the list. `article` is None when its source is gone or cannot be read."""

    id: str
    title: str
    article: Article | None
    states: frozenset[str]
    sites: tuple[OnSite, ...]


Making = Callable[[Article, str], ArticlePage | None]
"""making(article, audience of a site) -> the page that it would show; None: nothing of it."""


def overview(
    articles: Mapping[str, Article],
    sites: Iterable[tuple[str, str]],
    standings: Iterable[Standing],
    making: Making,
    *,
    blocked: Collection[str],
    conflicts: Collection[str],
    now: datetime,
    today: date,
    is_whole: bool = True,
) -> list[Line]:
    """Every article there is, or that stands somewhere, by title. `sites`: name and audience.

    Unless the source `is_whole`, what is missing in it is not going to be withdrawn.
    """
    known = {(each.site, each.article): each for each in standings}
    places, stopped = list(sites), {*blocked, *conflicts}
    ids = {*articles, *(each.article for each in known.values()), *blocked}
    found = []
    for id in ids:
        article = articles.get(id)
        is_stopped = id in stopped or (article is None and not is_whole)
        on_sites = [
            _on_site(article, known.get((name, id)), name, audience, making, now, is_stopped)
            for name, audience in places
        ]
        there = tuple(each for each in on_sites if each is not None)
        states = {each.state for each in there}
        if id in stopped:
            states = states - {BLOCKED} | {CONFLICT if id in conflicts else BLOCKED}
        if article is not None and article.review_by is not None and article.review_by < today:
            states.add(OVERDUE)
        title = article.title if article is not None else _title(there) or id
        found.append(
            Line(id=id, title=title, article=article, states=frozenset(states), sites=there)
        )
    return sorted(found, key=lambda each: (each.title.casefold(), each.id))


def _on_site(
    article: Article | None,
    standing: Standing | None,
    site: str,
    audience: str,
    making: Making,
    now: datetime,
    is_blocked: bool,
) -> OnSite | None:
    page = making(article, audience) if article is not None else None
    if page is None and (standing is None or not standing.state):
        return None  # nothing of it is for these readers, and nothing ever was
    state = _state(page, standing, now, is_blocked)
    effective = page.effective if page is not None and state == PLANNED else None
    return OnSite(site=site, state=state, standing=standing, effective=effective)


def _state(
    page: ArticlePage | None, standing: Standing | None, now: datetime, is_blocked: bool
) -> str:
    if standing is not None and standing.edits:
        return EDITED
    is_out = standing is not None and standing.state == PUBLISHED
    is_over = page is not None and page.expires is not None and page.expires <= now
    if page is None or is_over:
        if is_out and not (is_blocked and page is None):
            return WAITING  # to be withdrawn
        return LIVE if is_out else WITHDRAWN
    if page.effective is not None and now < page.effective:
        return PLANNED
    if is_blocked:  # what stands stays as it is
        return LIVE if is_out else BLOCKED
    is_same = standing is not None and (
        standing.digest == page.digest or standing.pinned_source == said(page)
    )
    return LIVE if is_out and is_same else WAITING


def _title(there: Iterable[OnSite]) -> str:
    return next((each.standing.title for each in there if each.standing is not None), "")


def counts(lines: Iterable[Line]) -> dict[str, int]:
    """How many articles stand in each state, in the order of STATES."""
    found = dict.fromkeys(STATES, 0)
    for line in lines:
        for state in line.states:
            found[state] += 1
    return found
