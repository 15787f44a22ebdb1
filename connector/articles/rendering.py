"""An article made a page for one kind of reader. What is not for them never gets into it."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
import nh3

from connector.article import (
    CITIZEN,
    Article,
    ArticleFile,
    ArticlePage,
    PagePart,
    Section,
    digest_of,
)
from connector.articles import subjects
from connector.articles.markdown import SCHEME, facts, parser
from connector.articles.reading import Library

if TYPE_CHECKING:
    from markdown_it.token import Token

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p",
    "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "span": {"lang"},
    "h2": {"id"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "article", "file"}
_MARKUP = re.compile(r"<[^>]*>")


def page_of(
    article: Article,
    library: Library,
    audience: str,
    today: date,
    owner_name: Callable[[str], str] = lambda _: "",
) -> ArticlePage | None:
    """What a site for `audience` shows of the article on `today`; None: nothing of it.

    Citizens see sections for citizens alone, and the unit but not the person that owns it.
    """
    sections = _for(article, audience)
    if not sections:
        return None
    is_open = audience == CITIZEN
    parts = tuple(_part(section, article, library, audience) for section in sections)
    owner = "" if is_open else article.owner
    page = ArticlePage(
        id=article.id,
        title=article.title,
        summary=article.summary,
        language=article.language,
        parts=parts,
        audience=article.audience,
        subject=article.subject,
        subject_title=subjects.title(article.subject),
        keywords=article.keywords,
        unit=article.unit,
        owner=owner,
        owner_name=owner_name(owner) if owner else "",
        review_by=article.review_by,
        is_overdue=article.review_by is not None and article.review_by < today,
        effective=article.valid_from,
        expires=article.valid_to,
        translation_of=_translated(article, library, audience),
        files=_files(article, sections),
        source=article.source,
        links=_links(parts),
    )
    return msgspec.structs.replace(page, digest=digest_of(page))


def is_shown(article: Article, audience: str) -> bool:
    """Whether a site for `audience` shows anything of the article."""
    return bool(_for(article, audience))


def _for(article: Article, audience: str) -> tuple[Section, ...]:
    if audience != CITIZEN:
        return article.sections
    if article.audience != CITIZEN:
        return ()
    return tuple(one for one in article.sections if one.audience == CITIZEN)


def _translated(article: Article, library: Library, audience: str) -> str:
    original = library.articles.get(article.translation_of)
    return original.id if original is not None and is_shown(original, audience) else ""


def _part(section: Section, article: Article, library: Library, audience: str) -> PagePart:
    shown = _Reader(article, library, audience)
    heading, top = "", ""
    if section.key:
        inline = _clean(_render(parser().parseInline(section.heading), shown)).strip()
        heading = _plain(inline)
        top = f'<h2 id="{html.escape(section.key)}">{inline}</h2>\n'
    body = _clean(_render(parser().parse(section.text), shown)).strip()
    is_closed = article.audience != CITIZEN and section.audience == CITIZEN
    return PagePart(
        key=section.key,
        heading=heading,
        html=(top + body).strip(),
        audience=article.audience if is_closed else section.audience,
        unit=section.unit,
    )


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


class _Reader:
    """What the readers of one page may follow."""

    def __init__(self, article: Article, library: Library, audience: str) -> None:
        self._article = article
        self._library = library
        self._audience = audience

    def address(self, written: str) -> str:
        """The target of a link as a publisher expects it; "" when these readers may not see it."""
        target = unquote(written)
        if target.startswith("#"):
            return self._inner("", target[1:])
        scheme = SCHEME.match(target)
        if scheme is None:
            return f"file:{unicodedata.normalize('NFC', target)}" if target else ""
        if scheme[1].lower() != "article":
            return written
        id, _, key = target[scheme.end() :].partition("#")
        return self._inner(id, key)

    def _inner(self, id: str, key: str) -> str:
        article = self._library.articles.get(id or self._article.id)
        sections = _for(article, self._audience) if article else ()
        anchor = f"#{key}" if key and any(one.key == key for one in sections) else ""
        if id in ("", self._article.id):
            return anchor
        return f"article:{id}{anchor}" if sections else ""


def _render(tokens: list[Token], reader: _Reader) -> str:
    """The HTML of parsed Markdown, its links and images led where they go."""
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if token.children:
            token.children = _led(token.children, reader)
    return str(parser().renderer.render(tokens, parser().options, {}))


def _led(tokens: list[Token], reader: _Reader) -> list[Token]:
    """The inline tokens with their addresses; a link that leads nowhere is its words alone."""
    led: list[Token] = []
    keeps: list[bool] = []  # of the links that are open now
    for token in tokens:
        if token.type == "link_open":
            address = reader.address(str(token.attrs.get("href", "")))
            keeps.append(bool(address))
            token.attrs["href"] = address
        elif token.type == "image":
            token.attrs["src"] = reader.address(str(token.attrs.get("src", "")))
        is_left_out = token.type in ("link_open", "link_close") and not keeps[-1]
        if token.type == "link_close":
            keeps.pop()
        if not is_left_out:
            led.append(token)
    return led


def _clean(markup: str) -> str:
    return nh3.clean(
        markup, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None
    )


def _files(article: Article, sections: tuple[Section, ...]) -> tuple[ArticleFile, ...]:
    """The files that these sections name; those of other sections are not for this reader."""
    links = (link for section in sections for link in facts(section.text).links)
    named = {unicodedata.normalize("NFC", link.target.removeprefix("file:")) for link in links}
    return tuple(one for one in article.files if one.name in named)


def _links(parts: tuple[PagePart, ...]) -> tuple[str, ...]:
    found = {each for part in parts for each in re.findall(r'href="article:([^"#]+)', part.html)}
    return tuple(sorted(found))
