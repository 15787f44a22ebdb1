"""What is wrong between articles, and with their care: links, owners, dates, translations."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from connector.article import CITIZEN, Article
from connector.articles import subjects
from connector.articles.building import Origin
from connector.articles.inspecting import InnerLink
from connector.articles.mistakes import ERROR, Mistake, error, in_order, warning
from connector.articles.reading import Library


def check(
    library: Library, today: date, person: Callable[[str], bool] | None = None
) -> tuple[Mistake, ...]:
    """Everything that is wrong, what was found while reading included, in the order of the files.

    `person` tells whether a UPN is in the directory; without it nobody is looked up.
    """
    found = list(library.mistakes)
    for id, article in library.articles.items():
        found += _check(article, library.origins[id], library, today, person)
    return in_order(found)


def refused(library: Library, mistakes: Iterable[Mistake]) -> frozenset[str]:
    """The ids that may not be published now: what is live of them stays as it is."""
    wrong = {one.article for one in mistakes if one.level == ERROR and one.article}
    return library.blocked | wrong


def _check(
    article: Article,
    origin: Origin,
    library: Library,
    today: date,
    person: Callable[[str], bool] | None,
) -> Iterator[Mistake]:
    yield from _care(article, origin, today, person)
    for link in origin.links:
        yield from _link(article, link, library)
    if article.subject and not subjects.title(article.subject):
        path, line = _place(origin, "subject")
        yield warning(article.id, path, line, "subject_unknown", subject=article.subject)
    if article.translation_of:
        yield from _translation(article, origin, library)


def _care(
    article: Article, origin: Origin, today: date, person: Callable[[str], bool] | None
) -> Iterator[Mistake]:
    """Who answers for it, and until when it can be trusted."""
    id = article.id
    for name in ("summary", "unit", "owner", "review_by"):
        if not getattr(article, name):
            yield error(id, *_place(origin, name), f"no_{name}")
    if article.owner and person is not None and not person(article.owner):
        yield error(id, *_place(origin, "owner"), "owner_unknown", owner=article.owner)
    if article.review_by is not None and article.review_by < today:
        day = article.review_by.isoformat()
        yield error(id, *_place(origin, "review_by"), "review_past", day=day)
    begins, ends = article.valid_from, article.valid_to
    if begins is not None and ends is not None and ends <= begins:
        yield error(id, *_place(origin, "valid_to"), "valid_never")
    elif ends is not None and ends <= _begin_of(today, ends):
        day = ends.date().isoformat()
        yield warning(id, *_place(origin, "valid_to"), "expired", day=day)


def _begin_of(today: date, like: datetime) -> datetime:
    zone = like.tzinfo
    return datetime.combine(today, time(), zone if isinstance(zone, ZoneInfo) else like.tzinfo)


def _link(article: Article, link: InnerLink, library: Library) -> Iterator[Mistake]:
    target = library.articles.get(link.target)
    if target is None:
        if link.target not in library.blocked:  # its own file is told to be unreadable
            near = difflib.get_close_matches(link.target, library.articles, n=1, cutoff=0.7)
            key = "link_unknown_near" if near else "link_unknown"
            values = {"target": link.target, **({"meant": near[0]} if near else {})}
            yield error(article.id, link.path, link.line, key, **values)
        return
    section = next((one for one in target.sections if one.key == link.key), None)
    if link.key and section is None:
        keys = ", ".join(one.key for one in target.sections if one.key)
        values = {"target": link.target, "key": link.key, "keys": keys or "-"}
        yield error(article.id, link.path, link.line, "link_no_section", **values)
        return
    from_whom = next((one for one in article.sections if one.key == link.section), None)
    if article.audience != CITIZEN or from_whom is None or from_whom.audience != CITIZEN:
        return
    is_closed = target.audience != CITIZEN or (link.key and section.audience != CITIZEN)  # type: ignore[union-attr]
    if is_closed or all(one.audience != CITIZEN for one in target.sections):
        shown = f"{link.target}#{link.key}" if link.key else link.target
        yield error(article.id, link.path, link.line, "link_to_staff", target=shown)


def _translation(article: Article, origin: Origin, library: Library) -> Iterator[Mistake]:
    path, line = _place(origin, "translation_of")
    original = library.articles.get(article.translation_of)
    if original is None:
        if article.translation_of not in library.blocked:
            values = {"target": article.translation_of}
            yield error(article.id, path, line, "translation_of_unknown", **values)
    elif original.language == article.language:
        values = {"target": original.id, "language": article.language}
        yield error(article.id, path, line, "translation_same_language", **values)
    elif original.review_by and article.review_by and article.review_by < original.review_by:
        values = {"target": original.id, "day": original.review_by.isoformat()}
        yield warning(article.id, path, line, "translation_old", **values)


def _place(origin: Origin, field: str) -> tuple[str, int]:
    """Where a field stands, or where it should."""
    return origin.fields.get(field, (origin.path, 1))
