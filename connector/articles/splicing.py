"""Changes of single sections and fields in the text of an article's file; the rest stays as it is.

Lines are those between line feeds, as the text of a draft has them.
"""

from __future__ import annotations

import re
from itertools import pairwise

from connector.articles import front_matter
from connector.articles.drafts import Draft

_FIELD = re.compile(r"[\w-]+[ \t]*:|#")  # or a comment; what follows a field else is its value


def places(draft: Draft) -> dict[str, tuple[int, int]]:
    """First line and line after of each section by its key, from 0."""
    starts = [part.section.line - 1 for part in draft.parts]
    spans = pairwise([*starts, draft.text.count("\n") + 1])
    return dict(zip((part.section.key for part in draft.parts), spans, strict=True))


def section_text(draft: Draft, key: str) -> str:
    """The lines of a section, its heading with them; "" when it is not there."""
    start, end = places(draft).get(key, (0, 0))
    return "\n".join(draft.text.split("\n")[start:end]).strip("\n")


def with_section(draft: Draft, key: str, new: str) -> str:
    """The text with another section under that key: "" removes it, one that is not there is added.

    What has no heading (key "") stands first; other new sections stand last.
    """
    lines = draft.text.split("\n")
    at = len(lines) if key else body_start(draft.text)
    start, end = places(draft).get(key, (at, at))
    blocks = ("\n".join(lines[:start]), new, "\n".join(lines[end:]))
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def with_field(text: str, name: str, new: str) -> str:
    """The text with another value of a field in its front matter; "" removes the field."""
    lines = text.split("\n")
    close = body_start(text) - 1
    is_it = re.compile(rf"{name}[ \t]*:")
    first = next((at for at in range(1, close) if is_it.match(lines[at])), close)
    after = min(first + 1, close)
    while after < close and not _FIELD.match(lines[after]):  # a value over several lines
        after += 1
    return "\n".join([*lines[:first], *([f"{name}: {quoted(new)}"] if new else []), *lines[after:]])


def body_start(text: str) -> int:
    """The first line below the front matter, from 0."""
    return front_matter.split(text).body_line - 1


def quoted(text: str) -> str:
    """A text as YAML takes it, whatever stands in it."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
