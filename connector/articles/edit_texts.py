"""An edit as people read it: what the page said when we left it, beside what it says now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.article import LivePage
from connector.articles.comparing import Link, difference, markdown, page_text, site_links
from connector.ledger.article_edits import Edit
from connector.ledger.article_pages import KeptPage, html_left, kept_pages
from connector.ledger.article_versions import Version, last_version

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


def texts_of(
    ledger: Ledger, edit: Edit, kept: Mapping[str, KeptPage] | None = None
) -> tuple[str, str]:
    """What the page said when we left it, and what it says by the person's hand, as Markdown.

    `kept` are the site's pages, when they are at hand.
    """
    kept = kept_pages(ledger, edit.site) if kept is None else kept
    version = last_version(ledger, edit.site, edit.article)
    link = links_of(edit, kept, version)

    def text(title: str, html: str) -> str:
        return "\n\n".join(filter(None, (title and f"# {title}", markdown(html, link))))

    title = kept[edit.article].title if edit.article in kept else ""
    left, now = html_left(ledger, edit.site, edit.article), text(edit.title or title, edit.html)
    if not left and version is not None:  # the site does not tell what it showed
        return page_text(version.page), now
    return text(title, left), now


def links_of(edit: Edit, kept: Mapping[str, KeptPage], version: Version | None) -> Link:
    """From an address on the edited page to what our source would say. `version` is our last."""
    row = kept.get(edit.article)
    addresses = {id: page.url for id, page in kept.items() if page.is_live}
    files = tuple(each.name for each in version.page.files) if version else ()
    live = LivePage(id=edit.article, ref="", url=row.url if row else "")
    return site_links(live, addresses, files)


def difference_of(ledger: Ledger, edit: Edit, kept: Mapping[str, KeptPage] | None = None) -> str:
    """A unified difference of the two; "" for an edit without text, as of a deleted page."""
    return difference(*texts_of(ledger, edit, kept)) if edit.html else ""
