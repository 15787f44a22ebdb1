"""What every publisher makes of a page before it writes it: its state, its links, its files."""

from __future__ import annotations

import hashlib
import html as html_entities
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime

from connector.article import CITIZEN, STAFF, ArticleFile, ArticlePage, PagePart
from connector.errors import Gone, Rejected
from connector.ports import OpenFile

PUBLISHED, WITHDRAWN, DRAFT = "published", "withdrawn", "draft"

# Sanitised HTML: "<" begins a tag wherever it stands, and attributes stand in double quotes, in
# which ">" may stand.
_TAG = re.compile(r'<[a-zA-Z][^"<>]*(?:"[^"]*"[^"<>]*)*>')
_LINK = re.compile(r'\s(href|src)="(article|file):([^"]*)"')
_MONTHS = {
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "en": "January February March April May June July August September October November December",
}
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")


def state_at(page: ArticlePage, now: datetime) -> str:
    """Whether readers may see the page at this time: published, draft (not yet), withdrawn."""
    if page.expires is not None and page.expires <= now:
        return WITHDRAWN
    if page.effective is not None and page.effective > now:
        return DRAFT
    return PUBLISHED


def day(value: date, language: str) -> str:
    """ "1. marts 2027", "1 March 2027"; in English where the language is none of ours."""
    name = language if language in _MONTHS else "en"
    month = _MONTHS[name].split()[value.month - 1]
    return f"{value.day}{'.' if name == 'da' else ''} {month} {value.year}"


def resolved(
    text: str, article: Callable[[str, str], str | None], file: Callable[[str], str]
) -> str:
    """Sanitised HTML with the site's addresses in the place of `article:ID#KEY` and `file:NAME`.

    `article(id, key)` gives an address or None, which leaves the link's words without a link;
    `file(name)` gives a file's address.
    """

    def address(match: re.Match[str]) -> str:
        attribute, kind, value = match[1], match[2], html_entities.unescape(match[3])
        if kind == "file":
            found: str | None = file(value)
        else:
            found = article(*_id_and_key(value))
        return f' {attribute}="{html_entities.escape(found)}"' if found else ""

    return _TAG.sub(lambda tag: _LINK.sub(address, tag[0]), text)


def articles_in(texts: Iterable[str]) -> set[str]:
    """The ids of the articles that these texts link to."""
    return {_id_and_key(value)[0] for value in _targets(texts, "article")}


def files_in(texts: Iterable[str]) -> set[str]:
    """The names of the files that these texts show or link to."""
    return set(_targets(texts, "file"))


def _targets(texts: Iterable[str], kind: str) -> Iterator[str]:
    for text in texts:
        for tag in _TAG.findall(text):
            for link in _LINK.findall(tag):
                if link[1] == kind:
                    yield html_entities.unescape(link[2])


def _id_and_key(value: str) -> tuple[str, str]:
    id_, _, key = value.partition("#")
    return id_, key


def needs_anchor(part: PagePart) -> bool:
    """Whether links to the section lead nowhere yet: its heading does not carry its key as id."""
    return bool(part.key) and f'id="{html_entities.escape(part.key)}"' not in part.html


def content_of(file: ArticleFile, open_file: OpenFile, system: str) -> bytes:
    """The bytes of a page's file. Raises Rejected (field "files") when they are not those meant."""
    try:
        with open_file(file.sha256) as stream:
            content = stream.read()
    except (Gone, FileNotFoundError) as error:
        text = f"{system}: {file.name} is not there any more; put the file back beside its article"
        raise Rejected(text, system=system, field="files") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        text = f"{system}: {file.name} was changed while it was being published; publish again"
        raise Rejected(text, system=system, field="files")
    return content


def checked_id(page: ArticlePage, system: str) -> str:
    """The article's id. Raises Rejected (field "id") for one that cannot be part of an address."""
    if not _ID.match(page.id):
        text = (
            f"{system}: the id of article {page.id!r} cannot be part of an address; write it with "
            "small letters a to z, digits and hyphens"
        )
        raise Rejected(text, system=system, field="id")
    return page.id


def refuse_staff_text(page: ArticlePage, audience: str, system: str) -> None:
    """A site for citizens takes nothing that is not for them, whoever asks.

    Raises Rejected (field "audience").
    """
    if audience == STAFF:
        return
    if page.audience != CITIZEN or any(part.audience != CITIZEN for part in page.parts):
        text = (
            f"{system}: the page of {page.id} holds text for staff, and this site is for citizens; "
            "nothing was written"
        )
        raise Rejected(text, system=system, field="audience")
