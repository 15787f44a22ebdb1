"""What a page says to its readers, as a hash: two pages that read the same have the same one.

Markup that a site or an editor's program adds (classes, ids, wrappers, other spaces) does not
count; words, headings, lists, tables, links, images and files do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser

_IGNORED = frozenset({"span", "div", "section", "article", "tbody", "thead", "figure", "picture"})
_SAME = {"b": "strong", "i": "em"}
_INLINE = frozenset(
    {"a", "strong", "em", "code", "abbr", "sub", "sup", "img", "small", "q", "cite"}
)
_SPACES = re.compile(r"\s+")
_SILENT = frozenset({"script", "style"})


def fingerprint(
    parts: Iterable[str], html: str, address: Callable[[str], str] = lambda value: value
) -> str:
    """The hex SHA-256 of plain texts (title, summary, hashes of files) and of a text in HTML.

    `address` makes of each `href` and `src` what tells two targets apart however the site writes
    them: a page's id for its address, a file's hash for its name.
    """
    reader = _Reader(address)
    reader.feed(html)
    reader.close()
    said = hashlib.sha256()
    for text in (*parts, reader.text()):
        said.update(_SPACES.sub(" ", text).strip().encode() + b"\x00")
    return said.hexdigest()


def plain(html: str) -> str:
    """The words of a text in HTML, blocks apart by a space."""
    reader = _Reader(lambda _value: "", is_plain=True)
    reader.feed(html)
    reader.close()
    return _SPACES.sub(" ", reader.text()).strip()


class _Reader(HTMLParser):
    def __init__(self, address: Callable[[str], str], *, is_plain: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self._address = address
        self._is_plain = is_plain
        self._pieces: list[str] = []
        self._silent = 0

    def text(self) -> str:
        """Everything read, block by block, without the spaces around blocks."""
        lines = "".join(self._pieces).split("\n")
        return "\n".join(
            line for line in (_SPACES.sub(" ", each).strip() for each in lines) if line
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        name = _SAME.get(tag, tag)
        if name in _IGNORED:
            return
        said = "".join(
            f" {key}={self._address(value) if key != 'alt' else value}"
            for key, value in sorted(attrs)  # programs put them in their own order
            if key in ("href", "src", "alt") and value is not None
        )
        self._mark(name, f"<{name}{said}>")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        name = _SAME.get(tag, tag)
        if name not in _IGNORED and name not in ("br", "img", "hr"):
            self._mark(name, f"</{name}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(_SPACES.sub(" ", data))

    def _mark(self, name: str, text: str) -> None:
        line = "" if name in _INLINE else "\n"
        self._pieces.append(line if self._is_plain else f"{line}{text}{line}")
