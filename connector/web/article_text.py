"""What a page of an article says as lines, for people to compare."""

from __future__ import annotations

import msgspec

from connector.article import CITIZEN, ArticlePage
from connector.articles.comparing import body_text


def readable(page: ArticlePage | None) -> str:
    """All that a page says, and whom each section is for when not for everybody; "" for none."""
    if page is None:
        return ""
    told = [f"# {page.title}", page.summary, ", ".join(page.keywords)]
    for part in page.parts:
        told.append(body_text(msgspec.structs.replace(page, parts=(part,))))
        if part.audience != CITIZEN:
            told.append(f"({part.audience} {part.unit}".rstrip() + ")")
    return "\n\n".join(filter(None, told))
