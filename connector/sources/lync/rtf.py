"""Rich text -> the words in it. Linear, and never fails: what is not understood is left out.

Clients of 2007 to 2013 send instant messages as RTF. Source: Rich Text Format specification 1.9.1,
the control words that a chat window writes.
"""

from __future__ import annotations

import re

from connector.sources.lync.values import clean

_TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})? ?"  # a control word
    r"|\\'([0-9a-f]{2})"  # a byte of the code page
    r"|\\([^a-z])"  # a sign
    r"|([{}])"
    r"|[\r\n]+"
    r"|([^\\{}\r\n]+)",
    re.I,
)
_SKIPPED = frozenset(
    {
        *("fonttbl", "colortbl", "stylesheet", "info", "pict", "generator", "object"),
        *("header", "footer", "listtable", "listoverridetable", "rsidtbl", "xmlnstbl", "filetbl"),
    }
)
_SIGNS = {
    "par": "\n",
    "line": "\n",
    "sect": "\n",
    "row": "\n",
    "tab": "\t",
    "cell": " ",
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "~": "\u00a0",
    "_": "-",
    "-": "",
    "\\": "\\",
    "{": "{",
    "}": "}",
    "\n": "\n",
    "\r": "\n",
}
_PAGES = {437: "cp437", 850: "cp850", 1250: "cp1250", 1252: "cp1252", 65001: "utf-8"}


def rtf_text(rtf: str) -> str:
    """The readable words of some RTF; text that is no RTF comes back as it is."""
    if not rtf.lstrip().startswith("{\\rtf"):
        return rtf.strip()
    return clean(_Walk().read(rtf))


class _Walk:
    """One pass over the tokens; a group inherits what is set round it."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._stack: list[tuple[bool, int]] = []
        self._is_skipped = False
        self._unicode_skip = 1  # how many plain signs stand in for a \u character
        self._to_skip = 0
        self._page = "cp1252"
        self._bytes = bytearray()

    def read(self, rtf: str) -> str:
        for match in _TOKEN.finditer(rtf):
            word, value, byte, sign, brace, text = match.groups()
            if byte is None:
                self._flush()
            if word:
                self._word(word.lower(), int(value) if value else None)
            elif byte:
                self._byte(int(byte, 16))
            elif sign:
                self._sign(sign)
            elif brace:
                self._group(brace)
            elif text:
                self._text(text)
        self._flush()
        lines = [line.strip() for line in "".join(self._out).split("\n")]
        return "\n".join(lines).strip()

    def _group(self, brace: str) -> None:
        if brace == "{":
            self._stack.append((self._is_skipped, self._unicode_skip))
        elif self._stack:
            self._is_skipped, self._unicode_skip = self._stack.pop()
        self._to_skip = 0

    def _word(self, word: str, value: int | None) -> None:
        if word in _SKIPPED:
            self._is_skipped = True
        elif word == "u" and value is not None:
            if not self._is_skipped:
                self._out.append(chr(value % 0x10000))
            self._to_skip = self._unicode_skip
        elif word == "uc" and value is not None:
            self._unicode_skip = max(0, min(value, 10))
        elif word == "ansicpg" and value is not None:
            self._page = _PAGES.get(value, "cp1252")
        elif word in _SIGNS and not self._is_skipped:
            self._out.append(_SIGNS[word])

    def _sign(self, sign: str) -> None:
        if sign == "*":  # "a reader that does not know this group may skip it"
            self._is_skipped = True
        elif not self._is_skipped:
            self._out.append(_SIGNS.get(sign, ""))

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        elif not self._is_skipped:
            self._bytes.append(value)

    def _text(self, text: str) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        if not self._is_skipped:
            self._out.append(text[skipped:])

    def _flush(self) -> None:
        if self._bytes:
            self._out.append(self._bytes.decode(self._page, "replace"))
            self._bytes.clear()
