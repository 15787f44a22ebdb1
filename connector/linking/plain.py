"""Mark-up out of a text. Whose words it is made of: `parts`, in connector.linking.quoting.

Chats and mails are made plain where they are read; this is for texts that come without that: a
customer's own sample, a pasted mail, a transcript. The tables here and in connector.sources.text
say the same (a test compares); that module knows that its input is HTML, this one must not take a
"<" for a tag where a person wrote one.
"""

from __future__ import annotations

import html
import re

from connector.linking.quoting import Part, parts
from connector.linking.regexes import DASHES

__all__ = ["Part", "parts", "plain"]

BREAKS = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "table", "pre", "hr", "dd", "dt", "dl", "body"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "codeblock"}
    | {"html", "title", "address", "figure"}
)
CELLS = frozenset({"td", "th"})
STRUCK = frozenset({"s", "del", "strike"})
SKIPPED = frozenset({"script", "style", "head", "template", "noscript"})
_INLINE = frozenset(
    {"b", "i", "u", "s", "strong", "em", "span", "font", "a", "code", "at", "attachment", "wbr"}
    | {"small", "big", "sub", "sup", "mark", "del", "ins", "strike", "tt", "kbd", "label", "img"}
    | {"emoji", "readonly", "tbody", "thead", "tfoot", "col", "colgroup", "meta", "link", "center"}
    | {"cite", "q", "abbr", "time", "nobr", "caption", "base", "input", "button", "form", "main"}
    | {"systemeventmessage", "blockquote"}
)
_KNOWN = BREAKS | CELLS | SKIPPED | _INLINE
_HIDING = SKIPPED | {"!--"}

INVISIBLE = "\xad\u200b\u200c\u200d\u2060\ufeff\x00\u200e\u200f"
_SPACES = "\xa0\u202f\u2007"
_HYPHEN = "\u2011"  # does not break: Outlook puts it into numbers
_PLAINER = str.maketrans(
    dict.fromkeys(INVISIBLE, "") | dict.fromkeys(_SPACES, " ") | {_HYPHEN: "-"}
)

# "~~27.45.04-P19-12-24~~", as the sources and Markdown write what is struck out; "~~~" is a line.
_STRUCK_OUT = re.compile(r"(?<!~)~~(?!~)[^~]{1,2000}~~(?!~)")
_NAME = re.compile(r"(/?)([A-Za-z][A-Za-z0-9]{0,19}(?::[A-Za-z][A-Za-z0-9]{0,15})?)(?=[\s/>])")
# "27.45.<br>04-P19-12-24": a break after a point, where the rest of a number follows.
_TORN = re.compile(
    r"(?<=[0-9]\.)\n(?=[0-9]{2}(?:\.\n?[0-9]{2})?"
    rf"\s{{0,3}}[{DASHES}]\s{{0,3}}[^\W\d_]\s?[0-9]{{2}})"
)


def plain(text: str) -> str:
    """The readable words: no tags, references, or signs that nobody sees; a tag of a block breaks.

    A number that was cut by mark-up is whole again. What is struck out goes: the writer took it
    back, and a number in it names no case. What stands in a block quote gets "> " in front
    of its lines, as in a mail. Text without mark-up and odd signs is given back as it is, its line
    breaks too. Never fails; broken mark-up stays as it stands.
    """
    tags = "<" in text
    if tags:
        text, tags = _without_tags(text)
    if "&" in text:
        text = html.unescape(text)
    if _has_odd(text):
        text = text.translate(_PLAINER)
    if "~~" in text:
        text = _STRUCK_OUT.sub("", text.replace("~~~~", ""))  # one right after the other is one
    return _TORN.sub("", _tidy(text)) if tags else text


def _has_odd(text: str) -> bool:
    # One "in" after the other, written out: a loop over them costs three times as much.
    return "\x00" in text or (
        not text.isascii()
        and (
            "\xa0" in text or "\xad" in text or "\u200b" in text or "\u2011" in text
            or "\ufeff" in text or "\u200c" in text or "\u200d" in text or "\u2060" in text
            or "\u200e" in text or "\u200f" in text or "\u202f" in text or "\u2007" in text
        )
    )  # fmt: skip


def _tidy(text: str) -> str:
    while "  " in text:  # halves each run; a regular expression looks at every space
        text = text.replace("  ", " ")
    lines = [line.strip() for line in text.split("\n")]
    return "\n".join([line for line in lines if line])


def _without_tags(text: str) -> tuple[str, bool]:
    """The words of a text with tags in it, and whether there were any. Linear in its length."""
    pieces = text.split("<")
    page = _Page(pieces[0])
    unclosed: set[str] = set()  # looked for once: to look again for each would be quadratic
    i, end = 1, len(pieces)
    while i < end:
        piece = pieces[i]
        i += 1
        name, closing, words = _opening(piece)
        if not name:
            page.words("<" + piece)
            continue
        if name in _HIDING and not closing and name not in unclosed:
            ends = _ending(pieces, i - 1, name)
            if ends < end:
                mark = "-->" if name == "!--" else ">"
                i, words = ends + 1, pieces[ends].partition(mark)[2]
            else:
                unclosed.add(name)
        page.tag(name, closing, words)
    return page.text(), page.has_tags


def _ending(pieces: list[str], start: int, name: str) -> int:
    """Where a comment, a script or the like ends; the number of pieces when it never does."""
    if name == "!--":
        return next((i for i in range(start, len(pieces)) if "-->" in pieces[i]), len(pieces))
    wanted = "/" + name
    for i in range(start, len(pieces)):
        if pieces[i][:1] == "/" and pieces[i][: len(wanted)].lower() == wanted:
            return i
    return len(pieces)


def _opening(piece: str) -> tuple[str, bool, str]:
    """Name of the tag that a piece begins with ("" for none), whether it closes, words after it."""
    if piece.startswith("!--"):
        return "!--", False, piece[3:]
    match = _NAME.match(piece)
    name = match[2].lower() if match else ""
    if match is None or not (name in _KNOWN or ":" in name):
        return "", False, ""
    inside, end, words = piece.partition(">")
    if not end:
        return "", False, ""
    if inside.count('"') % 2:  # a ">" inside a quoted attribute ends nothing
        _, quote, rest = words.partition('"')
        tail, end, after = rest.partition(">")
        if quote and end and tail.count('"') % 2 == 0:
            words = after
    return name, bool(match[1]), words


class _Page:
    """Words as they are read, those of block quotes apart until the quote ends."""

    def __init__(self, words: str) -> None:
        self.has_tags = False
        self._out = [words]
        self._quote: list[str] = []
        self._depth = 0

    def words(self, words: str) -> None:
        (self._quote if self._depth else self._out).append(words)

    def tag(self, name: str, is_closing: bool, words: str) -> None:
        self.has_tags = True
        if name == "blockquote":
            self._blockquote(is_closing)
        elif name in BREAKS:
            self.words("\n")
        elif name in CELLS:
            self.words(" ")
        elif name in STRUCK:
            self.words("~~")
        self.words(words)

    def _blockquote(self, is_closing: bool) -> None:
        if self._depth:
            self.words("\n")
        if not is_closing:
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            if not self._depth:
                self._flush()

    def _flush(self) -> None:
        lines = _tidy("".join(self._quote)).split("\n")
        self._out.append("\n" + "".join(f"> {line}\n" for line in lines if line))
        self._quote = []

    def text(self) -> str:
        if self._quote:
            self._flush()
        return "".join(self._out)
