"""Changes of single sections and fields in the text of an article's file; the rest stays as it is.

Lines are those between line feeds, as `drafts.read_text` gives them.
"""

from __future__ import annotations

from connector.articles import front_matter
from connector.articles.drafts import Draft


def section_text(text: str, draft: Draft, key: str) -> str:
    """The lines of a section, its heading with them; "" when it is not there."""
    place = _place_of(text, draft, key)
    return "\n".join(text.split("\n")[place[0] : place[1]]).strip("\n") if place else ""


def with_section(text: str, draft: Draft, key: str, new: str) -> str:
    """The text with another section under that key: "" removes it, one that is not there is added.

    What has no heading (key "") stands first; other new sections stand last.
    """
    lines = text.split("\n")
    place = _place_of(text, draft, key)
    if place is None:
        first = front_matter.split(text).body_line - 1
        place = (len(lines), len(lines)) if key else (first, first)
    blocks = ("\n".join(lines[: place[0]]), new, "\n".join(lines[place[1] :]))
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def with_field(text: str, draft: Draft, name: str, new: str) -> str:
    """The text with another value of a field in its front matter; "" removes the field."""
    lines = text.split("\n")
    written = [f"{name}: {quoted(new)}"] if new else []
    if name not in draft.lines:
        return "\n".join([lines[0], *written, *lines[1:]])
    first = draft.lines[name] - 1
    end = next(at for at in range(1, len(lines)) if lines[at].rstrip() == "---")
    after = min([line - 1 for line in draft.lines.values() if line - 1 > first], default=end)
    return "\n".join([*lines[:first], *written, *lines[after:]])


def quoted(text: str) -> str:
    """A text as YAML takes it, whatever stands in it."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _place_of(text: str, draft: Draft, key: str) -> tuple[int, int] | None:
    """First line and line after of a section, from 0."""
    starts = [(part.section.line - 1, part.section.key) for part in draft.parts]
    for index, (first, each) in enumerate(starts):
        if each == key:
            is_last = index + 1 == len(starts)
            return first, len(text.split("\n")) if is_last else starts[index + 1][0]
    return None
