"""Is a page as we left it? Found out with as few requests as that takes.

The site's version tells for most pages. Where it is another, the page is read and its fingerprint
compared; where a run was cut short, what it was about to put is compared as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from connector.article import ArticlePage, LivePage
from connector.articles.comparing import says_the_same
from connector.errors import Gone
from connector.ledger.article_edits import DELETED, HIDDEN, SHOWN, TEXT, Edit, edit_of
from connector.ledger.article_pages import PUBLISHED, PUT, WITHDRAW, WITHDRAWN, KeptPage
from connector.ledger.article_versions import Version, last_version, version_by_id

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Publisher


class Sight(StrEnum):
    """What was seen of a page."""

    NOTHING = "nothing"  # it is not there, and should not be
    OURS = "ours"  # as we left it
    EDITED = "edited"  # a person changed, hid, showed or deleted it
    FOREIGN = "foreign"  # it bears our article's id, but we know nothing of it


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it is. `digest` is of the ArticlePage that stands there, where that is known."""

    sight: Sight
    live: LivePage | None = None
    digest: str = ""
    edit: Edit | None = None
    # What is to be written down: put | withdraw (it did happen), forget (it did not), seen, lost
    news: str = ""
    version: int | None = None  # article_version.id that turned out to stand there

    @property
    def is_persons(self) -> bool:
        """It is not as we left it."""
        return self.sight in (Sight.EDITED, Sight.FOREIGN)

    @property
    def is_news(self) -> bool:
        """The ledger should know."""
        return bool(self.news) or self.edit is not None


def see(
    row: KeptPage | None,
    live: LivePage | None,
    page: ArticlePage | None,
    publisher: Publisher,
    ledger: Ledger,
    addresses: Mapping[str, str],
) -> Seen:
    """The page `live` of the listing, None when it has none, beside what we left there.

    `page` is what should stand there: of a page that the ledger does not know, it tells whether
    the page is ours. Raises as `Publisher.read`.
    """
    if live is None:
        return _missing(row, publisher)
    if row is None or not row.state:
        return _unknown(row, live, page, publisher, ledger, addresses)
    forget = "forget" if row.intent else ""
    if live.version and live.version == row.version and live.state == row.state:
        news = forget or ("seen" if live.url != row.url or live.ref != row.ref else "")
        live = msgspec.structs.replace(live, fingerprint=row.fingerprint)
        return Seen(sight=Sight.OURS, live=live, digest=row.digest, news=news)
    try:
        full = live if live.html and live.fingerprint else publisher.read(live)
    except Gone:
        return _missing(row, publisher)
    if full.fingerprint == row.fingerprint and full.state == row.state:
        return Seen(sight=Sight.OURS, live=full, digest=row.digest, news=forget or "seen")
    return _cut_short(row, full, ledger, addresses) or _edited(row, full, publisher.name)


def _missing(row: KeptPage | None, publisher: Publisher) -> Seen:
    """The site has no such page."""
    if row is None:
        return Seen(sight=Sight.NOTHING)
    if not row.is_live:
        news = "forget" if not row.state else "lost" if row.ref else ""
        return Seen(sight=Sight.NOTHING, news=news)
    edit = edit_of(publisher.name, LivePage(id=row.article, ref="", url=row.url), DELETED)
    edit = msgspec.structs.replace(
        edit, title=row.title, fingerprint=f"{DELETED} {row.fingerprint}"
    )
    return Seen(sight=Sight.EDITED, edit=edit)


def _unknown(
    row: KeptPage | None,
    live: LivePage,
    page: ArticlePage | None,
    publisher: Publisher,
    ledger: Ledger,
    addresses: Mapping[str, str],
) -> Seen:
    """A page with our article's id that we have no memory of, or only of having begun it."""
    full = publisher.read(live)
    begun = version_by_id(ledger, row.intent_version) if row and row.intent_version else None
    if begun is not None and full.state != PUBLISHED:
        return Seen(sight=Sight.OURS, live=full, news="forget")  # made, and nobody saw it yet
    # One that the source does not know is not ours to take: another program's, perhaps.
    candidates = [begun.page] if begun else []
    candidates += [page] if page is not None else []
    if candidates and _is_ours(full, candidates, addresses):
        if begun is None:
            return Seen(sight=Sight.OURS, live=full, digest=full.digest, news="put")
        return _put_or_not(full, begun)
    edit = edit_of(publisher.name, full, TEXT)
    return Seen(sight=Sight.EDITED if row else Sight.FOREIGN, live=full, edit=edit)


def _cut_short(
    row: KeptPage, full: LivePage, ledger: Ledger, addresses: Mapping[str, str]
) -> Seen | None:
    """What a run that was cut short did after all; None when that explains nothing.

    Without such a run, a page that is as we left it, but not as the ledger has it: an older copy of
    the ledger was restored.
    """
    aimed = {PUT: PUBLISHED, WITHDRAW: WITHDRAWN}.get(row.intent, row.state)
    if full.state not in (row.state, aimed):
        return None
    last = last_version(ledger, row.site, row.article)
    begun = version_by_id(ledger, row.intent_version) if row.intent_version else None
    candidates = [each.page for each in (begun, last) if each is not None]
    if full.fingerprint != row.fingerprint and not _is_ours(full, candidates, addresses):
        return None
    if row.intent == WITHDRAW and full.state == WITHDRAWN:
        return Seen(sight=Sight.OURS, live=full, news="withdraw")
    if row.intent == PUT and begun is not None:
        return _put_or_not(full, begun)
    return Seen(sight=Sight.OURS, live=full, digest=full.digest, news="put")


def _put_or_not(full: LivePage, begun: Version) -> Seen:
    """The text is ours; whether all of what was begun is there."""
    if full.state == PUBLISHED and full.digest == begun.digest:
        return Seen(sight=Sight.OURS, live=full, digest=begun.digest, news="put", version=begun.id)
    return Seen(sight=Sight.OURS, live=full, news="forget")


def _is_ours(full: LivePage, pages: Iterable[ArticlePage], addresses: Mapping[str, str]) -> bool:
    """Whether nobody but us wrote what the page says: the site tells, else its text."""
    if full.is_as_left is not None:
        return full.is_as_left
    return any(says_the_same(full, page, addresses) for page in pages)


def _edited(row: KeptPage, full: LivePage, site: str) -> Seen:
    edit = edit_of(site, full, kind_of(row.state, full))
    return Seen(sight=Sight.EDITED, live=full, edit=edit)


def kind_of(state: str, live: LivePage) -> str:
    """What a person did to a page that we left in this state."""
    if live.state == state:
        return TEXT
    return SHOWN if live.state == PUBLISHED else HIDDEN
