"""A page of ours as HTML, from the templates beside this module."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from connector.article import CITIZEN, UNIT, ArticlePage, PagePart
from connector.sites.html.mark import Mark, encoded, sealed
from connector.sites.html.words import words
from connector.sites.showing import day, needs_anchor

STYLE, SEARCH, INDEX = "casethread.css", "casethread-search.js", "casethread-index.js"
HOME, SEARCH_PAGE, FEED = "index.html", "search.html", "feed.xml"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = day
    return made


def asset(name: str) -> bytes:
    """A file that pages load, as it comes with the program."""
    return (Path(__file__).parent / "assets" / name).read_bytes()


def relative(target: str, page: str) -> str:
    """The address of a file of the site within a page of the site, both paths from its root."""
    return quote(posixpath.relpath(target, posixpath.dirname(page) or "."))


def drawn(template: str, path: str, language: str, **values: object) -> str:
    """A whole file. `path` is where it will lie: its links are relative, so that it can be moved
    with the folder and read from a disk."""

    def to(target: str) -> str:
        return relative(target, path)

    return (
        _environment()
        .get_template(template)
        .render(
            w=words(language), language=language, to=to, style=STYLE, home=HOME,
            search=SEARCH_PAGE, feed=FEED, search_script=SEARCH, search_index=INDEX, **values
        )
    )  # fmt: skip


def article_page(
    page: ArticlePage,
    parts: Sequence[PagePart],
    path: str,
    mark: Mark,
    zone: ZoneInfo,
    address: Callable[[str], str | None],
    *,
    show_owner: bool,
) -> bytes:
    """The file of an article that readers may see. `parts` have this site's addresses in them."""
    original = address(page.translation_of) if page.translation_of else None
    shown = [
        (part, Markup(part.html), _badge(part, page.language), needs_anchor(part))  # noqa: S704
        for part in parts
    ]
    text = drawn(
        "article.html", path, page.language, page=page, parts=shown, mark=encoded(mark),
        changed=mark.changed.astimezone(zone).date(), original=original, show_owner=show_owner,
    )  # fmt: skip
    return sealed(text)


def _badge(part: PagePart, language: str) -> str:
    """Who else than everybody a section is for, in words; the page is on a site for staff."""
    if part.audience == CITIZEN:
        return ""
    known = words(language)
    if part.audience == UNIT:
        return known["unit_only"].format(unit=part.unit)
    return known["staff"]


def hidden_page(path: str, mark: Mark, language: str) -> bytes:
    """The file of an article that no reader may see now: its address, and nothing of it."""
    said = words(language)[mark.state]
    return sealed(drawn("hidden.html", path, language, said=said, mark=encoded(mark)))


def feed_time(at: datetime) -> str:
    """RFC 3339, as Atom wants it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
