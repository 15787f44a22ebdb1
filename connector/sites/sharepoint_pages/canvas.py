"""An article's page as SharePoint lays it out, and what a page there says. Pure.

Text goes into text web parts, whose editor knows no images: an image is a web part of its own.
Source: Microsoft Graph, "Create a page" (supported web parts), read 2026-11-22.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connector.article import CITIZEN, UNIT, ArticlePage, PagePart
from connector.sites.fingerprints import fingerprint
from connector.sites.sharepoint_pages.wire import PartData, Properties, SitePage, WebPart
from connector.sites.sharepoint_pages.words import words
from connector.sites.showing import day

_IMAGE = "d1d91016-032f-456d-98a4-721247c305e8"
_BLOCK = re.compile(r"<p>\s*(<img\b[^<>]*>)\s*</p>")
_OPENS = re.compile(r"<(?:ul|ol|dl|blockquote|table|details|div)\b")
_CLOSES = re.compile(r"</(?:ul|ol|dl|blockquote|table|details|div)>")
_IMG = re.compile(r"<img\b[^<>]*>")
_ATTRIBUTE = re.compile(r'\s(src|alt)="([^"]*)"')


def marker(article: str) -> str:
    """The id of the first web part of an article's page: what tells that the page is ours."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"casethread:article:{article}"))


def shown(page: ArticlePage, parts: Sequence[PagePart], original: str) -> dict[str, Any]:
    """The content of a page that shows the article; the parts hold the site's addresses.

    `original` is the address of the page that this one translates, "" for none.
    """
    texts = [_foreword(page, original), *(_mark(part, page.language) + part.html for part in parts)]
    pieces = [piece for text in texts for piece in _pieces(text)]
    return _content(page.id, page.title, page.summary, pieces)


def hidden(article: str, title: str, word: str, language: str) -> dict[str, Any]:
    """The content of a page that shows nothing of the article: withdrawn, or before its time."""
    return _content(article, title, "", [f"<p>{words(language)[word]}</p>"])


def print_of_content(content: dict[str, Any], address: Callable[[str], str]) -> str:
    """The fingerprint of content that is to be sent."""
    (section,) = content["canvasLayout"]["horizontalSections"]
    text = "".join(
        part["innerHtml"]
        if "innerHtml" in part
        else _img(
            part["data"]["serverProcessedContent"]["imageSources"][0]["value"],
            part["data"]["properties"]["altText"],
        )
        for part in section["columns"][0]["webparts"]
    )
    return fingerprint((content["title"], content["description"]), text, address)


def print_of(page: SitePage, address: Callable[[str], str]) -> str:
    """The fingerprint of a page as it is there."""
    return fingerprint((page.title or "", page.description or ""), html_of(page), address)


def html_of(page: SitePage) -> str:
    """What a page there says, its web parts after one another; a foreign one by its name."""
    return "\n".join(_html_of(part) for part in page.web_parts)


def _html_of(part: WebPart) -> str:
    if part.inner_html is not None:
        return part.inner_html
    data = part.data or PartData()
    sources = data.server_processed_content.image_sources if data.server_processed_content else []
    if not sources:
        return f"<p>[{html.escape(data.title or part.web_part_type or '?')}]</p>"
    its = data.properties or Properties()
    caption = f"<p>{html.escape(its.caption_text)}</p>" if its.caption_text else ""
    return _img(sources[0].value, its.alt_text or "") + caption


def is_marked(page: SitePage, article: str) -> bool:
    """Whether the page was made for this article."""
    return any((part.id or "").lower() == marker(article) for part in page.web_parts)


def _foreword(page: ArticlePage, original: str) -> str:
    """Whose it is and until when it holds; the warning first when that is past."""
    its = words(page.language)
    told = []
    if page.unit:
        told.append(its["unit"].format(unit=html.escape(page.unit)))
    if page.owner_name or page.owner:
        told.append(its["owner"].format(owner=html.escape(page.owner_name or page.owner)))
    if page.review_by is not None:
        on = day(page.review_by, page.language)
        if page.is_overdue:
            told.insert(0, f"<strong>{its['overdue'].format(day=on)}</strong>")
        else:
            told.append(its["review"].format(day=on))
    if original:
        told.append(f'<a href="{html.escape(original)}">{its["original"]}</a>')
    summary = f"<p><strong>{html.escape(page.summary)}</strong></p>" if page.summary else ""
    return summary + (f"<p>{' · '.join(told)}</p>" if told else "")


def _mark(part: PagePart, language: str) -> str:
    """In words, whom a section is for; nothing for everybody."""
    if part.audience == CITIZEN:
        return ""
    its = words(language)
    text = its["staff"]
    if part.audience == UNIT and part.unit:
        text = its["unit_only"].format(unit=html.escape(part.unit))
    return f"<p><em>{text}</em></p>"


def _pieces(text: str) -> Iterator[str]:
    """Texts, and images between them; an image within a sentence or a list comes after its text."""
    start = 0
    for match in _BLOCK.finditer(text):
        before = text[: match.start()]
        if len(_OPENS.findall(before)) == len(_CLOSES.findall(before)):
            yield from _apart(text[start : match.start()])
            yield match[1]
            start = match.end()
    yield from _apart(text[start:])


def _apart(text: str) -> Iterator[str]:
    if words_only := _IMG.sub("", text).strip():
        yield words_only
    yield from _IMG.findall(text)


def _content(article: str, title: str, summary: str, pieces: list[str]) -> dict[str, Any]:
    if not pieces or _IMG.fullmatch(pieces[0]):
        pieces = ["<p></p>", *pieces]  # the mark is a text web part
    parts = [_web_part(article, number, piece) for number, piece in enumerate(pieces)]
    column = {"id": "1", "width": 12, "webparts": parts}
    section = {"layout": "oneColumn", "id": "1", "emphasis": "none", "columns": [column]}
    return {
        "title": title,
        "description": summary,
        "titleArea": {
            "layout": "plain",
            "textAlignment": "left",
            "showAuthor": False,
            "title": title,
        },
        "canvasLayout": {"horizontalSections": [section]},
    }


def _web_part(article: str, number: int, piece: str) -> dict[str, Any]:
    key = uuid.uuid5(uuid.UUID(marker(article)), str(number)) if number else marker(article)
    if not _IMG.fullmatch(piece):
        return {
            "@odata.type": "#microsoft.graph.textWebPart",
            "id": str(key),
            "innerHtml": piece,
        }
    said = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(piece)}
    source = {"key": "imageSource", "value": said.get("src", "")}
    return {
        "@odata.type": "#microsoft.graph.standardWebPart",
        "id": str(key),
        "webPartType": _IMAGE,
        "data": {
            "dataVersion": "1.9",
            "title": "Image",
            "properties": {"imageSourceType": 2, "altText": said.get("alt", "")},
            "serverProcessedContent": {"imageSources": [source]},
        },
    }


def _img(source: str, alt: str) -> str:
    return f'<p><img src="{html.escape(source)}" alt="{html.escape(alt)}"></p>'
