"""The words of a saved conversation: who said what at which time of day. Pure.

Clients wrote several layouts: a line "Anna Hansen [10:15]:" before the words (2010), or a table of
name, words and time in which what is the same as above is left empty (2013 and later). Old ones
wrote RTF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from connector.sources.exchange.saved_times import CLOCK, DAY, Clock, read
from connector.sources.lync.rtf import rtf_text
from connector.sources.text import plain

_CELL = "\ue000"  # of nobody's alphabet, and no white space to be stripped
_END_OF_CELL = re.compile(r"</t[dh]\s*>", re.I)
_HEAD = re.compile(
    rf"^(?P<name>[^\[\]\n]{{1,80}}?)\s*[\[(]\s*(?P<when>(?:{DAY}[,\s]*\s)?{CLOCK})\s*[\])]\s*:?"
    r"\s*(?P<words>.*)$"
)
_BARE_HEAD = re.compile(  # "Anna Hansen 10:15:" on a line of its own
    rf"^(?P<name>[^\d\[\]\n:]{{2,80}}?)\s+(?P<when>(?:{DAY}[,\s]*\s)?{CLOCK})\s*:$"
)


class Line(msgspec.Struct, frozen=True):
    """One message of a copy, as it was written there."""

    name: str
    clock: Clock
    words: str


def lines(body: str, *, is_html: bool = True) -> list[Line]:
    """The messages of a saved conversation in their order; none when it has another layout."""
    if body.lstrip().startswith("{\\rtf"):
        body, is_html = rtf_text(body), False
    if is_html and _END_OF_CELL.search(body):
        found = list(_of_table(plain(_END_OF_CELL.sub(_CELL + r"\g<0>", body)).text))
        if found:
            return found
    return list(_of_lines(plain(body, is_html=is_html).text.replace(_CELL, " ")))


def _of_table(text: str) -> Iterator[Line]:
    """Rows of name, words and time. A row without them goes on with those above."""
    name, clock = "", None
    for row in text.split("\n"):
        cells = [cell.strip() for cell in row.split(_CELL)]
        if cells and not cells[-1]:
            cells.pop()
        cells += [""] * (3 - len(cells))
        at = read(cells[2])
        if len(cells) != 3 or not cells[1] or (cells[2] and at is None):
            continue
        name, clock = cells[0].rstrip(":") or name, at or clock
        if name and clock is not None:
            yield Line(name, clock, cells[1])


def _of_lines(text: str) -> Iterator[Line]:
    """Head lines with a name and a time, and the words until the next one."""
    name, clock, words = "", None, list[str]()
    for row in text.split("\n"):
        found = _head(row.strip())
        at = read(found["when"]) if found else None
        if found is None or at is None:
            words.append(row)
            continue
        if name and clock is not None and any(words):
            yield Line(name, clock, "\n".join(words).strip())
        name, clock = found["name"].strip(), at
        words = [found.groupdict().get("words") or ""]
    if name and clock is not None and any(words):
        yield Line(name, clock, "\n".join(words).strip())


def _head(row: str) -> re.Match[str] | None:
    """A head line; that most rows are none is seen without an expression."""
    if "[" in row or "(" in row:
        found = _HEAD.match(row)
        if found:
            return found
    return _BARE_HEAD.match(row) if row.endswith(":") else None
