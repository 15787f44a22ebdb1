"""An edit as people read it: what the page said when we left it, beside what it says now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.article import LivePage
from connector.articles.comparing import difference, live_body
from connector.ledger.article_edits import TEXT, Edit
from connector.ledger.article_pages import html_left, kept_pages
from connector.ledger.article_versions import last_version

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


def texts_of(ledger: Ledger, edit: Edit) -> tuple[str, str]:
    """What the page said before and after the edit, as Markdown; both "" for one without text."""
    if edit.kind != TEXT:
        return "", ""
    kept = kept_pages(ledger, edit.site)
    addresses = {id: row.url for id, row in kept.items() if row.is_live}
    row, version = kept.get(edit.article), last_version(ledger, edit.site, edit.article)
    files = tuple(each.name for each in version.page.files) if version else ()
    url = row.url if row else ""
    left = html_left(ledger, edit.site, edit.article)
    pages = (LivePage(id=edit.article, ref="", url=url, html=html) for html in (left, edit.html))
    before, after = (live_body(page, addresses, files) for page in pages)
    if row is not None and edit.title != row.title:
        before, after = f"# {row.title}\n\n{before}", f"# {edit.title}\n\n{after}"
    return before, after


def difference_of(ledger: Ledger, edit: Edit) -> str:
    """A unified difference of the two; "" for an edit without text."""
    return difference(*texts_of(ledger, edit))
