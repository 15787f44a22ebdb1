"""Changes of single sections and fields written into an article's file, the rest left as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.article import CITIZEN, UNIT, Section
from connector.articles.drafts import Draft, Part
from connector.articles.splicing import body_start, places, with_field
from connector.articles.taking import ADDED, CHANGED, HIDDEN, SUMMARY, TITLE, Change

_HEADING = re.compile(r"^(##\s+)(.*?)(\s*\{[^{}]*\})?\s*$")


def rewritten(draft: Draft, changes: Sequence[Change]) -> str:
    """The text of a file of our own article with these changes."""
    lines = draft.text.split("\n")
    ends = {key: end for key, (_, end) in places(draft).items()}
    added = _added(changes)
    for part in reversed(draft.parts):
        key = part.section.key
        lines[ends[key] : ends[key]] = added.pop(key, [])
        change = next((c for c in changes if c.key == key and c.kind in (CHANGED, HIDDEN)), None)
        if change is None:
            continue
        start = part.section.line - 1 if part.section.heading else part.text_line - 1
        if change.kind == HIDDEN:
            lines[start : ends[key]] = []
            continue
        head = [_headed(lines[start], change.heading, key), ""] if part.section.heading else []
        lines[start : ends[key]] = [*head, *change.text.split("\n"), ""]
    first = body_start(draft.text)
    lines[first:first] = added.pop("", [])
    for rest in added.values():
        lines += rest
    return _with_fields(_tidy(lines), changes)


def _added(changes: Sequence[Change]) -> dict[str, list[str]]:
    """The lines of new sections by the key of the section in the file that they come after.

    One that follows a new one stands behind it, after the same section.
    """
    follows: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for each in changes:
        if each.kind == ADDED:
            follows[each.key] = key = follows.get(each.after, each.after)
            found.setdefault(key, []).extend(["", *_section(each.heading, "", each.text), ""])
    return found


def overlaid(draft: Draft, changes: Sequence[Change], sections: Sequence[Section]) -> str:
    """The text of an overlay with these changes laid over the national article's sections."""
    lines = draft.text.split("\n")
    known = {part.section.key: part for part in draft.parts}
    ends = {key: end for key, (_, end) in places(draft).items()}
    theirs = {section.key: section for section in sections}
    new: list[str] = []
    old = [c for c in changes if c.kind in (CHANGED, ADDED, HIDDEN)]
    for change in sorted(old, key=lambda c: _line(known.get(c.key)), reverse=True):
        written = _laid(change, theirs.get(change.key))
        part = known.get(change.key)
        if part is not None:
            start = part.section.line - 1 if part.section.heading else part.text_line - 1
            if part.section.heading and change.kind == CHANGED:  # what its braces say stays
                written[0] = _headed(lines[start], change.heading, change.key)
            lines[start : ends[change.key]] = [*written, ""]
        elif not change.key:
            at = body_start(draft.text)
            lines[at:at] = ["", *written, ""]
        else:
            new += ["", *written]
    return _with_fields(_tidy([*lines, *new]), changes)


def _line(part: Part | None) -> int:
    return part.section.line if part is not None else 0


def _headed(line: str, heading: str, key: str) -> str:
    """A heading's line with other words; its key stays."""
    found = _HEADING.match(line)
    if found is None or found[2].strip() == heading:
        return line
    return f"{found[1]}{heading}{found[3] or f' {{#{key}}}'}"


def _section(heading: str, braces: str, text: str) -> list[str]:
    return [f"## {heading}{braces}", "", *text.split("\n")]


def _laid(change: Change, section: Section | None) -> list[str]:
    """A section of an overlay."""
    if not change.key:
        return change.text.split("\n")
    marks = [f"#{change.key}"]
    if change.kind == HIDDEN:
        marks.append(".hidden")
    if section is not None and section.audience != CITIZEN and change.kind == CHANGED:
        marks.append(f".{section.audience}")
    if section is not None and section.unit and section.audience == UNIT:
        marks.append(f'unit="{section.unit}"')
    if change.kind == ADDED and change.after:
        marks.append(f"after={change.after}")
    heading = change.heading or (section.heading if section else change.key)
    text = "" if change.kind == HIDDEN else change.text
    return _section(heading, f" {{{' '.join(marks)}}}", text)


def _with_fields(text: str, changes: Sequence[Change]) -> str:
    """The text with another title or summary in the front matter."""
    for change in changes:
        if change.kind in (TITLE, SUMMARY):
            text = with_field(text, change.kind, change.text)
    return text


def _tidy(lines: Sequence[str]) -> str:
    """No two empty lines after one another outside code, one line end at the end."""
    made: list[str] = []
    is_code = False
    for line in lines:
        is_code ^= line.startswith(("```", "~~~"))
        if is_code or line.strip() or (made and made[-1].strip()):
            made.append(line)
    return "\n".join(made).rstrip("\n") + "\n"
