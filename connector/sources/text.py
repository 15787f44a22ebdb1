"""HTML of chats and mails -> plain text, as a person would read it aloud.

Not a renderer and not a sanitiser: mark-up goes, words stay in order, and what a number was cut by
(bold, a link, a soft hyphen) leaves no gap, because case numbers are looked for in the result.
A parser library was not taken: lxml needs five times the time for a chat message, and a million
of them are read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import msgspec

from connector.sources.text_links import Link

_BREAKS = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "table", "pre", "hr", "dd", "dt", "dl", "body"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "codeblock"}
    | {"html", "title", "address", "figure"}
)
_CELLS = frozenset({"td", "th"})
_STRUCK = frozenset({"s", "del", "strike"})  # as Markdown has it: who reads on must see it, too
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript"})
_INLINE = ("b", "i", "u", "strong", "em", "span", "font", "code", "at", "attachment")
_MEANINGS = {
    **dict.fromkeys(_BREAKS, "\n"), **dict.fromkeys(_CELLS, " "), **dict.fromkeys(_STRUCK, "~~")
}  # fmt: skip
_MARKS: dict[str, str] = {  # what a tag leaves in the text, looked up as it is mostly written
    written: _MEANINGS.get(tag, "")
    for tag in (*_MEANINGS, *_INLINE)
    for written in (tag, "/" + tag, tag + "/", tag + " /", tag.upper(), "/" + tag.upper())
}
_NAME = re.compile(r"/?\s*([A-Za-z][A-Za-z0-9:-]*)")
_ATTRIBUTE = re.compile(r"([A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_REPLY = "schema.skype.com/reply"
_INVISIBLE = ("\xad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")


class Plain(msgspec.Struct, frozen=True):
    """The words of some HTML; `quoted` stood in reply quotes, `images` are sources of images."""

    text: str
    quoted: str = ""
    images: tuple[str, ...] = ()


def plain(content: str, *, is_html: bool = True, with_addresses: bool = False) -> Plain:
    """The readable words of a body. Never fails: broken mark-up gives what can be found.

    `with_addresses`: a link whose words are not its address is followed by it, in brackets.
    """
    if not is_html:
        return Plain(_visible(content).strip())
    if "<" not in content:
        return Plain(_tidy(content.replace("\n", " ")))
    simple = _simple(content)
    return (
        Plain(_tidy(simple))
        if simple is not None
        else _Reader(with_addresses=with_addresses).read(content)
    )


def _simple(content: str) -> str | None:
    """The words of a body of ordinary tags, which nearly all chat messages are; None for others.

    Twice as fast as the careful walk, which gives the same for these bodies (a test compares).
    """
    parts = content.replace("\r", "").replace("\n", " ").split("<")
    out = [parts[0]]
    for part in parts[1:]:
        tag, closing, words = part.partition(">")
        mark = _MARKS.get(tag)
        if mark is None and tag.count('"') % 2 == 0:
            mark = _MARKS.get(tag.partition(" ")[0])
        if mark is None or not closing:
            return None
        out.append(mark + words)
    return "".join(out)


class _Reader:
    """One walk over the tags of one body. Linear in its length, also for hostile mark-up."""

    def __init__(self, *, with_addresses: bool = False) -> None:
        self._link = Link() if with_addresses else None
        self._out: list[str] = []
        self._quotes: list[str] = []
        self._images: list[str] = []
        self._quote_depth = 0
        self._skip_until = ""

    def read(self, content: str) -> Plain:
        pieces = iter(_pieces(content))
        self._add(next(pieces)[1])
        for tag, words in pieces:
            if self._skip_until:
                if tag.lower().lstrip().startswith(self._skip_until):
                    self._skip_until = ""
                    self._add(words)
                continue
            mark = _MARKS.get(tag)
            if mark is None:
                mark = self._meaning(tag)
            if mark:
                self._add(mark, is_mark=True)
            if words and not self._skip_until:
                self._add(words)
        self._end_link()
        self._add("", is_mark=True)
        quoted = _tidy("".join(self._quotes)) if self._quotes else ""
        return Plain(_tidy("".join(self._out)), quoted, tuple(self._images))

    def _add(self, words: str, *, is_mark: bool = False) -> None:
        if not is_mark and "\n" in words:
            words = words.replace("\r", "").replace("\n", " ")
        if self._link is not None:
            words = self._link.before(words) if is_mark else self._link.within(words)
        (self._quotes if self._quote_depth else self._out).append(words)

    def _meaning(self, tag: str) -> str:
        """What a tag that is not in the table of common ones leaves in the text."""
        found = _NAME.match(tag)
        if not found:
            return ""
        name = found[1].lower()
        is_closing = tag[0] == "/"
        if name in _SKIPPED and not is_closing and not tag.endswith("/"):
            self._skip_until = "/" + name
            return ""
        if name == "a":
            self._end_link()
            if self._link is not None and not is_closing:
                self._link.begin(_attributes(tag).get("href", ""))
            return ""
        if name == "blockquote":
            self._end_link()
            self._add("", is_mark=True)
            return self._blockquote(tag, is_closing)
        if name in ("img", "emoji", "readonly"):
            return self._image(name, tag)
        return _MEANINGS.get(name, "")

    def _end_link(self) -> None:
        if self._link is not None:
            self._link.end()

    def _blockquote(self, tag: str, is_closing: bool) -> str:
        """A reply quote goes to the quotes with all that is in it; other quotes are text."""
        if is_closing:
            self._quote_depth = max(0, self._quote_depth - 1)
        elif self._quote_depth or _REPLY in tag.lower():
            self._quotes.append("\n")
            self._quote_depth += 1
        return "\n"

    def _image(self, name: str, tag: str) -> str:
        """An emoji is its character; an image is remembered by its source."""
        attributes = {key: html.unescape(value) for key, value in _attributes(tag).items()}
        source = attributes.get("src", "")
        is_emoji = name == "emoji" or "emoji" in attributes.get("itemtype", "").lower()
        if is_emoji:
            return html.escape(attributes.get("alt", ""), quote=False)
        if source:
            self._images.append(source)
        return ""


def _attributes(tag: str) -> dict[str, str]:
    """The attributes of a tag as they are written, references and all."""
    return {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(tag)}


def _pieces(content: str) -> list[tuple[str, str]]:
    """(inside of a tag, words after it) in order; the first piece has no tag.

    A `<` that starts no tag is a word; a `>` inside a quoted attribute ends nothing; a comment ends
    with its arrow.
    """
    parts = content.split("<")
    pieces = [("", parts[0])]
    i, end = 1, len(parts)
    while i < end:
        part = parts[i]
        i += 1
        if part[:3] == "!--":
            while "-->" not in part and i < end:
                part, i = parts[i], i + 1
            pieces.append(("!", part.partition("-->")[2]))
            continue
        if not _opens_tag(part):
            first = i - 1
            while i < end and not _opens_tag(parts[i]):
                i += 1
            tag, words = pieces[-1]
            # All of a run at once: one after the other copies what was read before each time.
            pieces[-1] = (tag, "<".join((words, *parts[first:i])))
            continue
        tag, closing, words = part.partition(">")
        if '"' in tag and tag.count('"') & 1:
            tag, words = _to_closing_quote(tag, words)
        pieces.append((tag, words if closing else ""))
    return pieces


def _opens_tag(part: str) -> bool:
    return part != "" and (part[0].isalpha() or part[0] in "/!?")


def _to_closing_quote(tag: str, words: str) -> tuple[str, str]:
    """Move a `>` that stands inside a quoted attribute into the tag, if the quote closes."""
    inside, quote, rest = words.partition('"')
    more, closing, after = rest.partition(">")
    if quote and closing and more.count('"') % 2 == 0:
        return f"{tag}>{inside}{quote}{more}", after
    return tag, words


def _visible(words: str) -> str:
    """Without characters that nobody sees and that tear numbers apart; odd spaces become spaces."""
    if words.isascii():
        return words.replace("\x00", "") if "\x00" in words else words
    for mark in _INVISIBLE:
        if mark in words:
            words = words.replace(mark, "")
    if "\xa0" in words:
        words = words.replace("\xa0", " ")
    return words.replace("\x00", "")


def _tidy(words: str) -> str:
    """References read, invisible characters gone, at most one break and one space in a row."""
    if "&" in words:
        words = html.unescape(words)
    words = _visible(words)
    if "\n" in words:
        lines = [line.strip() for line in words.split("\n")]
        words = "\n".join([line for line in lines if line])
    if "\t" in words:
        words = words.replace("\t", " ")
    while "  " in words:  # halves each run; a regular expression looks at every space
        words = words.replace("  ", " ")
    return words.strip()


def card_text(content: object, *, limit: int = 2_000) -> str:
    """The words a card shows: titles, subtitles, texts, summaries, in order, cut at `limit`."""
    words: list[str] = []
    _collect(content, words.append, depth=0)
    return "\n".join(dict.fromkeys(words))[:limit]


_SHOWN = ("title", "subtitle", "summary", "text", "value")


def _collect(node: object, add: Callable[[str], None], depth: int) -> None:
    if depth > 12:  # a card nests five levels; deeper is an attack
        return
    if isinstance(node, list):
        for child in node[:200]:
            _collect(child, add, depth + 1)
    elif isinstance(node, dict):
        for key, child in node.items():
            if isinstance(child, str):
                if key in _SHOWN and child and not child.startswith(("http:", "https:")):
                    add(plain(child).text)
            else:
                _collect(child, add, depth + 1)
