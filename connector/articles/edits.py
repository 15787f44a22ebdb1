"""A person's edit of a live page decided by name: taken into the source, or dismissed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connector.article import LOCAL
from connector.articles.drafts import Draft, parse_draft
from connector.articles.edit_texts import links_of
from connector.articles.mistakes import ERROR
from connector.articles.reading import Folders, Library, keep_base, read_drafts
from connector.articles.rewriting import overlaid, rewritten
from connector.articles.taking import TITLE, Change, changes
from connector.durable import replace_durable
from connector.errors import ConnectorError
from connector.ledger.article_edits import DISMISSED, TAKEN, TEXT, Edit, decide_edit, edits
from connector.ledger.article_pages import html_left, kept_pages
from connector.ledger.article_versions import last_version

if TYPE_CHECKING:
    from connector.ledger.store import Ledger


class CannotTake(ConnectorError):
    """An edit cannot be decided so; `key` ends a word key that says why, with `values`."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was written into which file."""

    path: Path
    changes: tuple[Change, ...]


def open_edit(ledger: Ledger, article: str, site: str = "") -> Edit:
    """The edit of this article that waits for a decision. Raises CannotTake for none, or two."""
    found = [each for each in edits(ledger, site) if each.article == article]
    if not found:
        raise CannotTake("not_found", id=article)
    if len({each.site for each in found}) > 1:
        sites = ", ".join(sorted({each.site for each in found}))
        raise CannotTake("which", id=article, sites=sites)
    return found[0]


def dismiss(ledger: Ledger, edit: Edit, *, actor: str, reason: str) -> None:
    """Let our text win with the next publishing. Raises CannotTake when it was decided already."""
    if not decide_edit(ledger, edit, DISMISSED, actor=actor, reason=reason):
        raise CannotTake("decided", id=edit.article)


def changes_in(ledger: Ledger, edit: Edit) -> list[Change]:
    """What the person changed, section by section; empty when the site tells too little."""
    version = last_version(ledger, edit.site, edit.article)
    if version is None:
        return []
    kept = kept_pages(ledger, edit.site)
    row, link = kept.get(edit.article), links_of(edit, kept, version)
    left = html_left(ledger, edit.site, edit.article)
    found = changes(version.page, left, edit.html, link)
    if edit.title and row is not None and edit.title != row.title:
        found.insert(0, Change(kind=TITLE, text=edit.title))
    return found


def take(ledger: Ledger, edit: Edit, library: Library, folders: Folders, *, actor: str) -> Taken:
    """Write the live text into our source: into our article, or as an overlay of the national one.

    Raises CannotTake when there is no text to take, and ConfigError as reading does.
    """
    if edit.kind != TEXT:
        raise CannotTake("only_text", id=edit.article, what=edit.kind)
    article = library.articles.get(edit.article)
    if article is None:
        raise CannotTake("no_source", id=edit.article)
    found = changes_in(ledger, edit)
    if not found:
        raise CannotTake("nothing", id=edit.article)
    drafts = read_drafts(folders)
    ours = drafts.local.get(edit.article) or drafts.overlays.get(edit.article)
    national = drafts.national.get(edit.article)
    if ours is None and national is None:  # gone since the library was read
        raise CannotTake("no_source", id=edit.article)
    draft = ours or _new_overlay(folders, edit.article)
    sections = article.sections
    text = overlaid(draft, found, sections) if draft.is_overlay else rewritten(draft, found)
    _refuse_broken(draft, text, edit, folders)
    if ours is None and national is not None:
        keep_base(folders, national)
    replace_durable(draft.path, text.encode())
    if not decide_edit(ledger, edit, TAKEN, actor=actor):
        raise CannotTake("decided", id=edit.article)
    return Taken(path=draft.path, changes=tuple(found))


def _new_overlay(folders: Folders, article: str) -> Draft:
    """An overlay with nothing in it yet. Raises CannotTake when its file is another article's."""
    path = folders.local / f"{article}.md"
    if path.exists():
        raise CannotTake("would_break", id=article, path=str(path))
    return _read(f"---\noverlays: {article}\n---\n", path, folders)


def _read(text: str, path: Path, folders: Folders) -> Draft:
    zone = ZoneInfo(folders.time_zone)
    return parse_draft(text, path=path, shown=str(path), source=LOCAL, zone=zone)


def _refuse_broken(draft: Draft, text: str, edit: Edit, folders: Folders) -> None:
    """Raises CannotTake when the text would break the file: it is not written then."""

    def faults(of: Draft) -> set[str]:
        return {each.key for each in of.mistakes if each.level == ERROR}

    if faults(_read(text, draft.path, folders)) - faults(draft):
        raise CannotTake("would_break", id=edit.article, path=str(draft.path))
