"""Addresses in the text of pages in Plone: written as `resolveuid/UID`, which follows what moves.

An ordinary page's text is given back with the addresses of now; ours with what was written. Both
are read here as what they lead to, so that a page that was moved changes no other's fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import unquote, urljoin

from connector.sites.plone.files import INTERNAL, OPEN, Files

_FILE = re.compile(rf"#({OPEN}|{INTERNAL})/")
_UID = re.compile(r"(?:.*/)?resolveuid/([0-9a-f]{32})(?:/[^#]*)?(#.*)?\Z", re.I)


_FILE_UID = re.compile(rf"resolveuid/([0-9a-f]{{32}})#(?:{OPEN}|{INTERNAL})/", re.I)


class Links:
    """`article_at(UID or address)` gives an article's id, "" for what is none of ours."""

    def __init__(self, site_url: str, files: Files, article_at: Callable[[str], str]) -> None:
        self._site = site_url
        self._files = files
        self._article_at = article_at

    def canonical(self, value: str, page_url: str) -> str:
        """What an address in a page leads to: "article:ID#KEY", "file:NAME", or as it is."""
        if found := _UID.match(value):
            uid, key = found[1].lower(), found[2] or ""
            if is_file(key):
                return f"file:{key[1:]}"
            id_ = self._article_at(uid)
            return f"article:{id_}{key}" if id_ else value
        url, mark, key = urljoin(f"{page_url}/", value).partition("#")
        if url == page_url or not url.startswith(f"{self._site}/"):
            return value
        url = unquote(url)
        if name := self._files.name_of_url(url):
            return f"file:{name}"
        id_ = self._article_at(url)
        return f"article:{id_}{mark}{key}" if id_ else value


def files_are_there(html: str, uids: Collection[str]) -> bool:
    """Whether a text shows none but these files: one that was removed, and put again, is another
    object under the same name."""
    return all(uid.lower() in uids for uid in _FILE_UID.findall(html))


def is_file(key: str) -> bool:
    """Whether the fragment of an address names one of our files: it says which one it was also
    when that is removed, as those of a withdrawn page are."""
    return _FILE.match(key) is not None


def to_uid(uid: str, key: str = "") -> str:
    """The address of something on the site, wherever it is moved; `key` a section or a file."""
    return f"resolveuid/{uid}#{key}" if key else f"resolveuid/{uid}"
