"""An article made a page for one kind of reader. What is not for them never gets into it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date
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
    heading, top = "", ""
    if section.key:
        inline = _clean(parser().renderInline(section.heading))
        heading = _plain(inline)
        top = f'<h2 id="{html.escape(section.key)}">{inline}</h2>\n'
    body = _resolved(parser().render(section.text), library, audience)
    staff = article.audience != CITIZEN and section.audience == CITIZEN
    return PagePart(
        key=section.key,
        heading=heading,
        html=_clean(top + body).strip(),
        audience=article.audience if staff else section.audience,
        unit=section.unit,
    )


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


_HREF = re.compile(r'<a href="article:([^"#]*)(#[^"]*)?"[^>]*>(.*?)</a>', re.DOTALL)
_FILE = re.compile(r'(<(?:a href|img src)=")([^"]*)(")')


def _resolved(markup: str, library: Library, audience: str) -> str:
    """Files named as the publisher expects; a link to what this reader may not see is its text."""

    def article_link(found: re.Match[str]) -> str:
        target = library.articles.get(unquote(found[1]))
        if target is None or not is_shown(target, audience):
            return found[3]
        return found[0]

    def file_link(found: re.Match[str]) -> str:
        target = found[2]
        if SCHEME.match(target) or target.startswith(("#", "/")) or not target:
            return found[0]
        return f"{found[1]}file:{target}{found[3]}"

    return _FILE.sub(file_link, _HREF.sub(article_link, markup))


def _clean(markup: str) -> str:
    return nh3.clean(
        markup, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None
    )


def _files(article: Article, sections: tuple[Section, ...]) -> tuple[ArticleFile, ...]:
    """The files that these sections name; those of other sections are not for this reader."""
    named = {
        link.target.removeprefix("file:")
        for section in sections
        for link in facts(section.text).links
    }
    return tuple(one for one in article.files if one.name in named)


def _links(parts: tuple[PagePart, ...]) -> tuple[str, ...]:
    found = {each for part in parts for each in re.findall(r'href="article:([^"#]+)', part.html)}
    return tuple(sorted(found))
