"""The address of a link, told after its words where they do not say it."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

_FOLLOWED = re.compile(r"https?://[^/?#]|mailto:[^?]", re.IGNORECASE)
# In an attribute "&copy=2" is no reference, though "&copy" is one in a text (HTML, 13.2.5.73).
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SPACE = re.compile(r"\s|&nbsp;|&#160;")
_SCHEME = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


class Link:
    """The link that a reader of HTML is in, if any. Its address waits for the end of the word.

    A number that a link cuts ("27.45.04-<a>P19</a>-12-24") must stay whole.
    """

    def __init__(self) -> None:
        self._address = ""
        self._words: list[str] = []
        self._told = ""

    def begin(self, href: str) -> None:
        """A link begins; `href` as it is written."""
        self._address = "".join(_REFERENCE.sub(_read, href).split())
        if not _FOLLOWED.match(self._address):
            self._address = ""

    def end(self) -> None:
        """The link ends, if there is one."""
        if self._address:
            told = _told(self._address)
            if _plain(told) != _plain(html.unescape("".join(self._words))):
                self._told += f" ({html.escape(told, quote=False)})"
        self._address = ""
        self._words.clear()

    def within(self, words: str) -> str:
        """Words of the text, with the address after the first that ends."""
        if self._address:
            self._words.append(words)
        if not self._told:
            return words
        end = _SPACE.search(words)
        if end is None:
            return words
        told, self._told = self._told, ""
        return words[: end.start()] + told + words[end.start() :]

    def before(self, mark: str) -> str:
        """A break or a gap, after the address."""
        told, self._told = self._told, ""
        return told + mark


def _read(reference: re.Match[str]) -> str:
    return html.unescape(reference[0])


def _told(address: str) -> str:
    """As people read it: of a mail address no scheme."""
    return address[len("mailto:") :] if address[:7].lower() == "mailto:" else address


def _plain(words: str) -> str:
    """What two ways to write one address have in common."""
    found = unquote(_SCHEME.sub("", "".join(words.split()), count=1)).casefold()
    return found.removeprefix("www.").rstrip("/")
