"""An article made a page for one kind of reader. What is not for them never gets into it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date

import msgspec

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
from connector.articles.markdown import Parsed, inline_html, parse
from connector.articles.reading import Library

# Sanitised HTML: attributes stand in double quotes, within which there is no < or >.
_LINK = re.compile(r'<a href="(article:[^"]*|#[^"]*)">(.*?)</a>', re.DOTALL)
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
    parts = tuple(_part(section, article, library, audience) for section in sections)
    owner = "" if audience == CITIZEN else article.owner
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
        files=_files(article, sections, library),
        source=article.source,
        links=_links(parts),
    )
    return msgspec.structs.replace(page, digest=digest_of(page))


def is_shown(article: Article, audience: str) -> bool:
    """Whether a site for `audience` shows anything of the article."""
    return bool(_for(article, audience))


def _for(article: Article, audience: str) -> tuple[Section, ...]:
    """The sections that these readers may see."""
    if audience != CITIZEN:
        return article.sections
    if article.audience != CITIZEN:
        return ()
    return tuple(one for one in article.sections if one.audience == CITIZEN)


def _translated(article: Article, library: Library, audience: str) -> str:
    original = library.articles.get(article.translation_of)
    return original.id if original is not None and is_shown(original, audience) else ""


def _part(section: Section, article: Article, library: Library, audience: str) -> PagePart:
    def led(found: re.Match[str]) -> str:
        address = _address(html.unescape(found[1]), article, library, audience)
        return f'<a href="{html.escape(address)}">{found[2]}</a>' if address else found[2]

    heading, top = "", ""
    if section.key:
        inline = inline_html(section.heading)
        heading = _plain(inline)
        top = f'<h2 id="{html.escape(section.key)}">{_LINK.sub(led, inline)}</h2>\n'
    body = _LINK.sub(led, _parsed(section, library).html)
    is_closed = article.audience != CITIZEN and section.audience == CITIZEN
    return PagePart(
        key=section.key,
        heading=heading,
        html=(top + body).strip(),
        audience=article.audience if is_closed else section.audience,
        unit=section.unit,
    )


def _parsed(section: Section, library: Library) -> Parsed:
    found = library.parsed.get(section.text)
    return parse(section.text) if found is None else found


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


def _address(target: str, article: Article, library: Library, audience: str) -> str:
    """Where a link between articles leads for these readers; "" when they may not see it."""
    id, _, key = target.removeprefix("article:").partition("#")
    other = library.articles.get(id) if id else article
    sections = _for(other, audience) if other else ()
    anchor = f"#{key}" if key and any(one.key == key for one in sections) else ""
    if id in ("", article.id):
        return anchor
    return f"article:{id}{anchor}" if sections else ""


def _files(
    article: Article, sections: tuple[Section, ...], library: Library
) -> tuple[ArticleFile, ...]:
    """The files that these sections name; those of other sections are not for this reader."""
    if not article.files:
        return ()
    links = (link for section in sections for link in _parsed(section, library).links)
    named = {link.target.removeprefix("file:") for link in links}
    return tuple(one for one in article.files if one.name in named)


def _links(parts: tuple[PagePart, ...]) -> tuple[str, ...]:
    found = {each for part in parts for each in re.findall(r'href="article:([^"#]+)', part.html)}
    return tuple(sorted(found))
