"""One file of an article, read: its fields and its sections, before anything is laid over it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.article import AUDIENCES, CITIZEN, UNIT, Section
from connector.articles import fields, front_matter
from connector.articles.markdown import Cut, attributes, cut, slug
from connector.articles.mistakes import Mistake, error

LARGEST_TEXT = 1_000_000  # bytes of one article's file; a long one has 50,000
HIDDEN = "hidden"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section of one file; in an overlay it may hide a national one or say where it stands."""

    section: Section
    text_line: int  # of the text's first line, in the file
    is_hidden: bool = False
    after: str = ""  # key of the section that a new one follows

    @property
    def said(self) -> tuple[str, str, str, str]:
        """What the section says and to whom: what is compared when texts are merged."""
        one = self.section
        return (one.heading, one.text, one.audience, one.unit)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was read. `fields` have their types and lack what could not be used."""

    path: Path
    shown: str  # the path as messages give it
    source: str  # NATIONAL or LOCAL: the folder it lies in
    fields: dict[str, Any]
    lines: dict[str, int]  # of the fields
    parts: tuple[Part, ...]
    mistakes: tuple[Mistake, ...]
    text: str = ""  # as it was read: what `lines` and the lines of sections count in
    guessed_id: str = ""

    @property
    def article(self) -> str:
        """The id that it is of, also when the rest is no good; "" if it cannot be told."""
        return _article(self.fields, self.guessed_id)

    @property
    def is_overlay(self) -> bool:
        """Whether it is laid over a national article."""
        return "overlays" in self.fields


def read_draft(path: Path, shown: str, source: str, zone: ZoneInfo) -> Draft:
    """The file at `path`. What is wrong with it is told in its mistakes, never raised."""
    text, fault = _text(path)
    return parse_draft(text, path=path, shown=shown, source=source, zone=zone, fault=fault)


def parse_draft(
    text: str,
    *,
    path: Path,
    shown: str,
    source: str,
    zone: ZoneInfo,
    fault: front_matter.Fault | None = None,
) -> Draft:
    """A file's text as a draft; `fault` is why there is none."""
    nothing = front_matter.FrontMatter({}, (fault,) if fault else (), "", 1)
    front = nothing if fault else front_matter.split(text)
    typed, faults = fields.typed(front.fields, zone)
    article = _article(typed, front.guessed_id)
    mistakes = [
        error(article, shown, one.line, one.key, **one.values) for one in (*front.faults, *faults)
    ]
    is_overlay = "overlays" in typed
    parts = _parts(front, article, shown, source, is_overlay, mistakes)
    return Draft(
        path=path,
        shown=shown,
        source=source,
        fields=typed,
        lines={name: value.line for name, value in front.fields.items()},
        parts=parts,
        mistakes=tuple(mistakes),
        text=text,
        guessed_id=front.guessed_id,
    )


def _article(typed: Mapping[str, Any], guessed_id: str) -> str:
    found = str(typed.get("overlays") or typed.get("id") or guessed_id)
    return found if fields.ID.fullmatch(found) else ""


def read_text(path: Path) -> str:
    """The text of a file as drafts have it; "" when it cannot be read."""
    return _text(path)[0]


def _text(path: Path) -> tuple[str, front_matter.Fault | None]:
    """The text of a file in UTF-8, line ends and letters in one form; or why it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_TEXT:
            size = f"{path.stat().st_size / 1e6:.1f}"
            return "", front_matter.Fault(0, "file_long", {"size": size, "most": "1"})
        content = path.read_bytes()
    except OSError as problem:
        return "", front_matter.Fault(0, "file_unreadable", {"why": problem.strerror or "?"})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        shown = content.splitlines()[line - 1].decode("cp1252", "replace").strip()[:60]
        return "", front_matter.Fault(line, "not_utf8", {"text": shown})
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        return "", front_matter.Fault(line, "no_text_file")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text), None


def _parts(
    front: front_matter.FrontMatter,
    article: str,
    shown: str,
    source: str,
    is_overlay: bool,
    mistakes: list[Mistake],
) -> tuple[Part, ...]:
    parts: list[Part] = []
    lines: dict[str, int] = {}  # of the keys that are taken
    offset = front.body_line - 1
    for one in cut(front.body):
        line = one.line + offset
        faults: list[front_matter.Fault] = []
        part = _part(one, offset, source, is_overlay, faults)
        if part.section.key in lines:
            key = part.section.key
            values = {"key": key, "line": str(lines[key])}
            faults.append(front_matter.Fault(line, "section_twice", values))
            part = _with_key(part, _free(key, lines))
        lines[part.section.key] = line
        parts.append(part)
        mistakes += [error(article, shown, each.line, each.key, **each.values) for each in faults]
    return tuple(parts)


def _with_key(part: Part, key: str) -> Part:
    section = msgspec.structs.replace(part.section, key=key)
    return msgspec.structs.replace(part, section=section)


def _free(key: str, taken: dict[str, int]) -> str:
    number = 2
    while f"{key}-{number}" in taken:
        number += 1
    return f"{key}-{number}"


def _part(
    one: Cut, offset: int, source: str, is_overlay: bool, faults: list[front_matter.Fault]
) -> Part:
    """A section with the meaning of what stands between its braces."""
    line = one.line + offset
    marked = attributes(one.attributes or "")
    key = "" if one.is_top else marked.key or slug(one.heading) or "afsnit"
    if marked.rest:
        faults.append(front_matter.Fault(line, "braces", {"text": marked.rest}))
    if marked.key and not fields.ID.fullmatch(marked.key):
        key = slug(marked.key) or "afsnit"
        values = {"key": marked.key, "suggestion": key}
        faults.append(front_matter.Fault(line, "key_not_allowed", values))
    known_marks = {*AUDIENCES, HIDDEN} if is_overlay else set(AUDIENCES)
    known_values = {"unit", "after"} if is_overlay else {"unit"}
    unknown = [f".{mark}" for mark in marked.marks if mark not in known_marks]
    unknown += [f"{name}=" for name in marked.values if name not in known_values]
    for name in unknown:
        is_overlays = name in (f".{HIDDEN}", "after=")
        key_of_fault = "braces_overlay" if is_overlays else "braces_unknown"
        faults.append(front_matter.Fault(line, key_of_fault, {"text": name}))
    audiences = [mark for mark in marked.marks if mark in AUDIENCES]
    if len(audiences) > 1:
        faults.append(front_matter.Fault(line, "audience_twice", {"text": " .".join(audiences)}))
    unit = marked.values.get("unit", "")
    default = UNIT if unit else CITIZEN
    section = Section(
        key=key,
        heading=one.heading,
        text=one.text,
        # Of two audiences the narrowest, so that a mistake shows nothing to those it is not for.
        audience=max(audiences, key=AUDIENCES.index, default=default),
        unit=unit,
        source=source,
        line=line,
    )
    return Part(
        section=section,
        text_line=one.text_line + offset,
        is_hidden=HIDDEN in marked.marks and is_overlay,
        after=marked.values.get("after", "") if is_overlay else "",
    )
