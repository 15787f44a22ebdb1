"""The articles as their editors wrote them, for the portal: read again when they change."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connector.article import Article, ArticlePage
from connector.article_work import folders
from connector.articles.checking import check, refused
from connector.articles.mistakes import Mistake
from connector.articles.overview import Line, Standing, overview
from connector.articles.owners import Owners, owners_of
from connector.articles.reading import Folders, Library, read
from connector.articles.rendering import page_of
from connector.errors import ConfigError
from connector.ledger.article_edits import edits
from connector.ledger.article_pages import KeptPage, kept_pages

if TYPE_CHECKING:
    from fastapi import Request

    from connector.bootstrap import Program
    from connector.web.site import Site

OWNERS_LAST = timedelta(minutes=1)  # so long the directory is kept
Signature = tuple[tuple[str, int, int], ...]  # path, time of change in ns, size


class Shelved(msgspec.Struct, frozen=True):
    """What the folders hold; `why` says why there is nothing."""

    day: date
    library: Library
    mistakes: tuple[Mistake, ...] = ()
    why: str = ""

    @property
    def conflicts(self) -> frozenset[str]:
        """Ids of articles whose national and local texts both changed."""
        return frozenset(each.article for each in self.library.conflicts)

    @property
    def blocked(self) -> frozenset[str]:
        """Ids of articles that may not be published now."""
        return refused(self.library, self.mistakes)


class Shelf:
    """Safe to use from many threads; one of them reads at a time."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._library: tuple[Signature, Library, str] | None = None
        self._owners: tuple[datetime, Owners] | None = None
        self._kept: tuple[tuple[object, ...], Shelved] | None = None
        self._pages: dict[tuple[str, str], ArticlePage | None] = {}

    @property
    def folders(self) -> Folders:
        """Where the articles lie."""
        return folders(self._program.settings)

    def shelved(self, today: date) -> Shelved:
        """The articles as they are now. A look at every file's time, no more, when none changed."""
        with self._lock:
            signature, library, why = self._read()
            owners = self._owners_now()
            named = sorted({each.owner for each in library.articles.values()})
            state = (signature, today, tuple(owners.owner(upn) for upn in named))
            if self._kept is None or self._kept[0] != state:
                mistakes = check(library, today, owners.is_here)
                self._kept = (state, Shelved(today, library, mistakes, why))
                self._pages = {}
            return self._kept[1]

    def _read(self) -> tuple[Signature, Library, str]:
        signature = _signature(self.folders)
        if self._library is None or self._library[0] != signature:
            try:
                self._library = (signature, read(self.folders), "")
            except ConfigError as error:
                self._library = (signature, Library({}), str(error))
        return self._library

    def _owners_now(self) -> Owners:
        now = self._program.clock()
        if self._owners is None or now - self._owners[0] > OWNERS_LAST:
            self._owners = (now, owners_of(self._program.ledger))
        return self._owners[1]

    def _page(self, shelved: Shelved, article: Article, audience: str) -> ArticlePage | None:
        """What a site for this audience would show of an article, made once."""
        with self._lock:
            kept = self._kept
            pages = self._pages if kept is not None and kept[1] is shelved else {}
            key = (article.id, audience)
            if key not in pages:
                name = self._owners_now().shown_name
                pages[key] = page_of(article, shelved.library, audience, shelved.day, name)
            return pages[key]

    def overview(self, site: Site) -> tuple[Shelved, list[Line]]:
        """All that is there, and how each article stands on each site, by title."""
        today = site.target.today
        shelved = self.shelved(today)
        lines = overview(
            shelved.library.articles,
            [(each.name, each.audience) for each in site.settings.sites],
            _standings(site),
            lambda article, audience: self._page(shelved, article, audience),
            blocked=shelved.blocked,
            conflicts=shelved.conflicts,
            now=site.clock(),
            today=today,
            is_whole=shelved.library.is_whole and not shelved.why,
        )
        return shelved, lines

    def page_for(self, site: Site, article: Article, where: str) -> ArticlePage | None:
        """What the site of that name would show of the article; None: nothing, or no such site."""
        audiences = {each.name: each.audience for each in site.settings.sites}
        if where not in audiences:
            return None
        return self._page(self.shelved(site.target.today), article, audiences[where])


def shelf_of(request: Request) -> Shelf:
    """The shelf of the portal that this request came to."""
    found: Shelf = request.app.state.shelf
    return found


def _standings(site: Site) -> list[Standing]:
    """What we left on every site, with people's edits that nobody has decided about."""
    waiting: dict[tuple[str, str], list[int]] = {}
    for each in edits(site.ledger):
        waiting.setdefault((each.site, each.article), []).append(each.id)
    return [
        _standing(page, tuple(waiting.get((page.site, page.article), ())))
        for place in site.settings.sites
        for page in kept_pages(site.ledger, place.name).values()
    ]


def _standing(page: KeptPage, waiting: tuple[int, ...]) -> Standing:
    return Standing(
        site=page.site,
        article=page.article,
        title=page.title,
        url=page.url,
        state=page.state,
        digest=page.digest,
        published_at=page.published_at,
        pinned_source=page.pinned_source,
        edits=waiting,
    )


def _signature(folders: Folders) -> Signature:
    roots = [folders.local, *([folders.shared] if folders.shared is not None else [])]
    return tuple(sorted(seen for root in roots for seen in _files(root)))


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    for at, below, names in os.walk(root):
        below[:] = [name for name in below if name != ".git"]
        for name in names:
            path = Path(at) / name
            try:
                told = path.stat()
            except OSError:  # gone since it was listed, or a link to nothing
                continue
            yield str(path), told.st_mtime_ns, told.st_size
