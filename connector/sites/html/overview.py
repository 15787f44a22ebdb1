"""What a static site shows of all its articles: start page, search, and a feed of changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

import msgspec

from connector.article import SiteAccess
from connector.errors import Rejected
from connector.sites.fingerprints import plain
from connector.sites.html.drawing import (
    FEED,
    HOME,
    INDEX,
    SEARCH,
    SEARCH_PAGE,
    STYLE,
    asset,
    drawn,
    feed_time,
)
from connector.sites.html.folder import Folder
from connector.sites.html.mark import Written
from connector.sites.html.words import words
from connector.sites.showing import PUBLISHED

OURS = b"casethread:overview"
"""Stands in each of these files, and tells them from others of the same name."""

_FEED_ENTRIES = 50
_WORD = re.compile(r"[^\W_]+")
_LETTERS = {ord(a): b for a, b in zip("æäøöåđ", "aaooad", strict=True)} | {ord("ß"): "ss"}
_ORDER = {ord(a): b for a, b in zip("æäøöå", "{{||}", strict=True)}  # "{" comes after "z"
_TWINS = (("ae", "a"), ("oe", "o"), ("aa", "a"))


class Overview:
    """Made anew from the pages that are there: it does not matter which run wrote them."""

    def __init__(self, folder: Folder, access: SiteAccess, now: datetime) -> None:
        self._folder = folder
        self._access = access
        self._now = now

    def write(self) -> None:
        """Write what differs. Raises Rejected when a file that is not ours is in the way."""
        if taken := strangers(self._folder):
            text = (
                f"{self._access.name}: {', '.join(taken)} in {self._access.place} is not ours and "
                "is not overwritten; move it, or choose a folder of its own for the articles"
            )
            raise Rejected(text, system=self._access.name, field="place")
        pages = [page for page in self._folder.pages() if page.mark.state == PUBLISHED]
        ordered = sorted(pages, key=lambda page: (alphabetical(page.mark.title), page.path))
        for name, content in self._files(ordered).items():
            self._folder.write(name, content)

    def _files(self, pages: list[Written]) -> dict[str, bytes]:
        language = self._access.language
        title = words(language)["title"]
        newest = sorted(pages, key=lambda page: page.mark.changed, reverse=True)[:_FEED_ENTRIES]
        updated = newest[0].mark.changed if newest else self._now
        kept = self._folder.content(FEED)
        made: dict[str, bytes | str] = {
            STYLE: asset(STYLE),
            SEARCH: asset(SEARCH),
            INDEX: index(pages),
            HOME: drawn("home.html", HOME, language, subjects=by_subject(pages), title=title),
            SEARCH_PAGE: drawn("search.html", SEARCH_PAGE, language, pages=pages),
        }
        if newest or kept is None:  # an empty feed would be another one with each run
            made[FEED] = drawn(
                "feed.xml", FEED, language, title=title, pages=newest, site=self._site(),
                updated=feed_time(updated), time=feed_time, name=self._access.name,
            )  # fmt: skip
        return {
            name: text if isinstance(text, bytes) else text.encode() for name, text in made.items()
        }

    def _site(self) -> str:
        """The site's address, with a slash at its end; "" for a folder without one."""
        return f"{self._access.url.rstrip('/')}/" if self._access.url else ""


def strangers(folder: Folder) -> list[str]:
    """Files that are in the way: named like ours, and not ours."""
    names = (HOME, SEARCH_PAGE, FEED, STYLE, SEARCH, INDEX)
    found = ((name, folder.content(name)) for name in names)
    return [name for name, content in found if content is not None and OURS not in content[:600]]


def by_subject(pages: Iterable[Written]) -> list[tuple[str, list[Written]]]:
    """(subject, its pages) in order of the alphabet; those without a subject last, as ""."""
    groups: dict[str, list[Written]] = {}
    for page in pages:
        groups.setdefault(page.mark.subject_title or page.mark.subject, []).append(page)
    return sorted(groups.items(), key=lambda group: (not group[0], alphabetical(group[0])))


def alphabetical(text: str) -> str:
    """Sorts as a Danish dictionary does: æ, ø and å after z."""
    lowered = unicodedata.normalize("NFC", text).lower()
    return lowered.translate(_ORDER)


def folded(text: str) -> str:
    """Letters as a search compares them; casethread-search.js does the same with what is asked.

    "børnehave", "boernehave" and "bornehave" become one word, and so do "å" and "aa".
    """
    lowered = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    bare = unicodedata.normalize("NFD", lowered)
    plain_letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    for twin, single in _TWINS:
        plain_letters = plain_letters.replace(twin, single)
    return plain_letters


class _Entry(msgspec.Struct, frozen=True):
    """Of the search: u where, t title, s summary, k words that weigh more, w the others."""

    u: str
    t: str
    s: str
    k: str
    w: str


def index(pages: Iterable[Written]) -> bytes:
    """A script that holds every article's words: it is loaded without a server, too."""
    entries = []
    for page in pages:
        mark = page.mark
        heavy = _words(f"{mark.title} {' '.join(mark.keywords)} {mark.subject_title}")
        light = _words(f"{mark.summary} {plain(page.article)}") - heavy
        entries.append(_Entry(page.path, mark.title, mark.summary, _line(heavy), _line(light)))
    # JSON is a part of JavaScript since ES2019, U+2028 and U+2029 included.
    listed = msgspec.json.encode(entries).replace(b"</", b"<\\/")
    return b"/* " + OURS + b" */\nwindow.casethreadIndex = " + listed + b";\n"


def _words(text: str) -> set[str]:
    return {folded(word) for word in _WORD.findall(text)}


def _line(found: set[str]) -> str:
    return " ".join(sorted(found))
