"""The two forms in which an article stands in Plone: our add-on's type, and an ordinary page.

Both say the same of themselves; the publisher asks for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Protocol

import msgspec

from connector.article import CITIZEN, UNIT, ArticlePage, PagePart
from connector.sites.fingerprints import fingerprint
from connector.sites.plone import blocks
from connector.sites.plone.answers import Blocks, Content, Found, moment
from connector.sites.plone.mark import Mark, read
from connector.sites.showing import needs_anchor
from connector.typed import convert, read_json

DIRECT, INSIDE = ("publish", "publish_externally"), ("publish_internally",)
"""Moves of the workflow that show a page to everybody, and to those who are signed in."""

Canonical = Callable[[str], str]
"""canonical(address in the site's text) -> the same for every way to write it."""


class Form(Protocol):
    """How a page is written and read."""

    @property
    def type(self) -> str:
        """Plone's name of it."""
        ...

    @property
    def seen_in(self) -> Collection[str]:
        """The states of the workflow in which readers see it."""
        ...

    @property
    def keeps_staff_apart(self) -> bool:
        """Whether it shows staff what it keeps from others."""
        ...

    def query(self) -> dict[str, str]:
        """What narrows a search for the type to pages of ours, or nearly."""
        ...

    def id_of(self, found: Found | Content) -> str:
        """The article's id; "" for a page that is not ours."""
        ...

    def mark_of(self, found: Found | Content) -> Mark:
        """What we kept with it."""
        ...

    def marked(self, page_id: str, mark: Mark) -> dict[str, object]:
        """The fields that hold the mark."""
        ...

    def fields(self, page: ArticlePage, parts: Sequence[PagePart], mark: Mark) -> dict[str, object]:
        """All fields that show the page, its links already the site's."""
        ...

    def html_of(self, content: Content) -> str:
        """What it shows, for people to compare."""
        ...

    def fingerprint_of(self, content: Content, canonical: Canonical) -> str:
        """Of what it shows now."""
        ...

    def expected(self, page: ArticlePage, parts: Sequence[PagePart]) -> str:
        """The fingerprint of a page whose links are canonical, before it is written."""
        ...


class _Section(msgspec.Struct, frozen=True):
    """A section as the add-on keeps it."""

    key: str = ""
    heading: str = ""
    html: str = ""
    audience: str = CITIZEN
    unit: str = ""


class KnowledgeArticle:
    """The add-on's type: it shows each reader the sections that are for them."""

    type = "KnowledgeArticle"
    seen_in: ClassVar[Collection[str]] = ("published", "internal")
    keeps_staff_apart = True

    def query(self) -> dict[str, str]:
        return {}

    def id_of(self, found: Found | Content) -> str:
        return (found.article_id or "") if found.type == self.type else ""

    def mark_of(self, found: Found | Content) -> Mark:
        return read(found.article_digest)

    def marked(self, page_id: str, mark: Mark) -> dict[str, object]:
        return {"article_id": page_id, "article_digest": mark.line()}

    def fields(self, page: ArticlePage, parts: Sequence[PagePart], mark: Mark) -> dict[str, object]:
        sections = [_section(part) for part in parts]
        return {
            **_common(page),
            **self.marked(page.id, mark),
            "parts": msgspec.json.encode(sections).decode(),
            "audience": page.audience if page.audience != UNIT else "staff",
            "subject_kle": page.subject,
            "subject_title": page.subject_title,
            "owner_upn": page.owner,
            "owner_name": page.owner_name,
            "owner_unit": page.unit,
            "review_by": page.review_by.isoformat() if page.review_by else None,
            "is_overdue": page.is_overdue,
            "article_source": page.source,
        }

    def html_of(self, content: Content) -> str:
        return "\n".join(section.html for section in _sections(content))

    def fingerprint_of(self, content: Content, canonical: Canonical) -> str:
        return _of_sections(content.title, content.description, _sections(content), canonical)

    def expected(self, page: ArticlePage, parts: Sequence[PagePart]) -> str:
        sections = [_section(part) for part in parts]
        return _of_sections(page.title, page.summary, sections, lambda value: value)


class Document:
    """An ordinary page of any Plone. Whoever may see it sees all of it: it takes no section for
    one unit, and those for staff only where the workflow keeps the page from visitors.

    Its id and our mark stand among its creators: searches list them, no template shows them, and
    they stay with a page that is moved or renamed. Tags would be shown to readers.

    Where the type has blocks (Volto's pages) they are written beside the text, and are what counts.
    """

    def __init__(self, *, has_blocks: bool = False) -> None:
        self._has_blocks = has_blocks

    type = "Document"
    seen_in: ClassVar[Collection[str]] = (
        "published", "visible", "internally_published", "externally_visible",
    )  # fmt: skip
    keeps_staff_apart = False
    _creator = "casethread"
    _id, _mark = "casethread:id ", "casethread:mark "

    def query(self) -> dict[str, str]:
        return {"Creator": self._creator}

    def id_of(self, found: Found | Content) -> str:
        return self._said(found, self._id) if found.type == self.type else ""

    def mark_of(self, found: Found | Content) -> Mark:
        return read(self._said(found, self._mark))

    def _said(self, found: Found | Content, begin: str) -> str:
        lines = [each for each in found.creators or () if each.startswith(begin)]
        return lines[0].removeprefix(begin) if lines else ""

    def marked(self, page_id: str, mark: Mark) -> dict[str, object]:
        lines = [self._creator, f"{self._id}{page_id}", f"{self._mark}{mark.line()}"]
        return {"creators": lines}

    def fields(self, page: ArticlePage, parts: Sequence[PagePart], mark: Mark) -> dict[str, object]:
        # plone.restapi unescapes what it is given (deserializer/dxfields.py, 10.0.4): without this
        # "&lt;script&gt;" in a text would become a script, and be cut out with what follows.
        escaped = _joined(parts).replace("&", "&amp;")
        text = {"data": escaped, "content-type": "text/html"}
        made = {**_common(page), **self.marked(page.id, mark), "text": text}
        return {**made, **blocks.fields_of(_joined(parts), page.id)} if self._has_blocks else made

    def html_of(self, content: Content) -> str:
        if self._has_blocks and content.blocks and content.blocks_layout:
            return blocks.html_of(content.blocks, content.blocks_layout.items)
        return content.text.data if content.text else ""

    def fingerprint_of(self, content: Content, canonical: Canonical) -> str:
        return fingerprint((content.title, content.description), self.html_of(content), canonical)

    def expected(self, page: ArticlePage, parts: Sequence[PagePart]) -> str:
        text = _joined(parts)
        if self._has_blocks:
            made = convert(blocks.fields_of(text, page.id), Blocks)
            text = blocks.html_of(made.blocks, made.blocks_layout.items)
        return fingerprint((page.title, page.summary), text)


def _common(page: ArticlePage) -> dict[str, object]:
    return {
        "title": page.title,
        "description": page.summary,
        "subjects": list(page.keywords),
        "language": page.language,
        "expires": moment(page.expires),
        "changeNote": f"Casethread {page.digest[:12]}",
    }


def _section(part: PagePart) -> _Section:
    return _Section(part.key, part.heading, part.html, part.audience, part.unit)


def _sections(content: Content) -> list[_Section]:
    """What the site gave; nothing where a person left what is no list of sections."""
    try:
        return read_json(content.parts or "[]", list[_Section])
    except msgspec.DecodeError:
        return []


def _of_sections(
    title: str, summary: str, sections: Sequence[_Section], canonical: Canonical
) -> str:
    about = [f"{each.key} {each.audience} {each.unit}" for each in sections]
    text = "\n".join(f"<div>{each.html}</div>" for each in sections)
    return fingerprint((title, summary, *about), text, canonical)


def _joined(parts: Sequence[PagePart]) -> str:
    """Sections as one text; each has its key as an id, for links that lead to it."""
    return "\n".join(
        f'<section id="{part.key}">{part.html}</section>' if needs_anchor(part) else part.html
        for part in parts
    )
