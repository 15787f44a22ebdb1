"""Several new pages in one request, where the site has our add-on: all of them are made, or none.

Creating a page and moving it to its readers are two requests, and each writes some hundred objects
of the catalog anew. Twenty pages in one transaction write them once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import uuid4

import msgspec

from connector.article import ArticlePage
from connector.errors import Denied, Gone, PageLocked, Rejected
from connector.sites.plone.answers import Content
from connector.sites.plone.service import Service

MOST = 20  # pages: one or two seconds of Plone's, far from any time-out; the add-on takes 50
MOST_CHARACTERS = 1_000_000  # of all their sections


class NewPage(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `name` stands for the page's UID in the text of those made with it."""

    name: str
    move: str  # of the workflow, that shows it to its readers
    article: dict[str, object]


class _Asked(msgspec.Struct, frozen=True):
    articles: Sequence[NewPage]


class _Made(msgspec.Struct, frozen=True):
    items: tuple[Content, ...]


class Together:
    """Making pages at once in one folder, as long as the site takes them so."""

    def __init__(self, service: Service, place: str) -> None:
        self._service = service
        self._url = f"{place}/@casethread-articles"
        self.most = MOST

    def fitting(self, pages: Iterable[ArticlePage]) -> list[ArticlePage]:
        """Those that one request may hold."""
        found: list[ArticlePage] = []
        left = MOST_CHARACTERS
        for page in pages:
            left -= sum(len(part.html) for part in page.parts)
            if left < 0 or len(found) == MOST:
                break
            found.append(page)
        return found

    def make(self, pages: Sequence[NewPage]) -> Sequence[Content]:
        """All of them as they are then, or none: when one is refused the site wrote nothing, and
        which one it was is not told here. Raises as a write."""
        try:
            asked = _Asked(articles=pages)
            return self._service.write("POST", self._url, asked, _Made).items
        except Gone:
            self.most = 1  # an add-on from before it took them so
        except (Denied, Rejected, PageLocked):
            pass
        return ()


def new_name() -> str:
    """A name that stands in no text by chance: the form of a UID."""
    return uuid4().hex
