"""What a file of ours says about itself: whose page it is, its state, and as what we left it.

It stands in the file's head, so that a page that was moved by hand is still known, and nothing
beside the files has to be kept.
"""

from __future__ import annotations

import hashlib
import html
import re
from datetime import datetime

import msgspec

from connector.typed import read_json

_MARK = re.compile(rb'<meta name="casethread" content="([^"]*)">')
_LEFT = re.compile(rb'(<meta name="casethread-left" content=")([0-9a-f]{64})?(">)')
_BEGIN, _END = "<!-- casethread: article -->", "<!-- casethread: end of article -->"
_BODY = re.compile(r"<body[^>]*>(.*?)(?:</body>|\Z)", re.S | re.I)


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one page: what lists are made of, and what a second run compares."""

    id: str
    digest: str
    state: str
    changed: datetime  # when what it says was last changed by us; UTC
    title: str = ""  # "" while no reader may see the page, and so for all below
    summary: str = ""
    language: str = "da"
    subject: str = ""
    subject_title: str = ""
    keywords: tuple[str, ...] = ()


class Written(msgspec.Struct, frozen=True):
    """A file of ours as it is now."""

    path: str  # within the site, with "/"
    content: bytes
    mark: Mark

    @property
    def version(self) -> str:
        """The hex SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def article(self) -> str:
        """The HTML between our marks; the whole body where somebody took the marks away."""
        return article_of(self.content.decode(errors="replace"))

    @property
    def is_as_left(self) -> bool:
        """Whether nobody changed the file since it was written here."""
        found = _LEFT.search(self.content)
        return found is not None and found[2] == _left(self.content)


def encoded(mark: Mark) -> str:
    """What stands in the `content` of the file's first mark, not yet escaped."""
    return msgspec.json.encode(mark, order="deterministic").decode()


def sealed(text: str) -> bytes:
    """The file's bytes, with the hash of all the others in its second mark."""
    content = text.encode()
    return _LEFT.sub(lambda match: match[1] + _left(content) + match[3], content, count=1)


def _left(content: bytes) -> bytes:
    blank = _LEFT.sub(lambda match: match[1] + match[3], content, count=1)
    return hashlib.sha256(blank).hexdigest().encode()


def read(path: str, content: bytes) -> Written | None:
    """A file of ours, or None for any other."""
    found = _MARK.search(content)
    if found is None:
        return None
    try:
        mark = read_json(html.unescape(found[1].decode()), Mark)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Written(path, content, mark)


def article_of(text: str) -> str:
    """What a reader reads of a whole page."""
    _, begin, rest = text.partition(_BEGIN)
    inner, end, _ = rest.partition(_END)
    if begin and end:
        return inner
    body = _BODY.search(text)
    return body[1] if body else text
