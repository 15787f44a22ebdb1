"""Finds articles: what everybody may find, and for staff also by the words of staff sections.

Sections for one unit are found by nobody's words: who finds a word learns that it is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from plone import api
from plone.base.utils import safe_text
from Products.ZCTextIndex.ParseTree import ParseError

from casethread.plone import counts
from casethread.plone.content.parts import AUDIENCES
from casethread.plone.content.reader import is_staff
from casethread.plone.staff_index import NAME as STAFF_TEXT

BATCH = 20
MOST_CHARACTERS = 200
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for. Empty leaves nothing out."""

    text: str = ""
    audience: str = ""
    subject: str = ""  # KLE number, or the beginning of one
    start: int = 0
    path: str = ""  # of the folder to look in


@dataclass(frozen=True, kw_only=True)
class Found:
    """One article in a list."""

    title: str
    summary: str
    url: str
    article_id: str
    audience: str
    subject: str
    review_by: date | None
    is_overdue: bool


def wanted_of(form: dict[str, object], path: str) -> Wanted:
    """The question of a form or an address. What makes no sense is left out."""
    audience = str(form.get("audience") or "")
    start = str(form.get("b_start") or "0")
    return Wanted(
        text=safe_text(str(form.get("text") or "")).strip()[:MOST_CHARACTERS],
        audience=audience if audience in AUDIENCES else "",
        subject=re.sub(r"[^0-9.]", "", str(form.get("subject") or ""))[:12],
        start=int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 0,
        path=path,
    )


def find(wanted: Wanted) -> tuple[Sequence[Found], int]:
    """A batch of articles that the present user may see, best first, and how many there are."""
    brains = _brains(wanted)
    batch = brains[wanted.start : wanted.start + BATCH]
    return [_found(brain) for brain in batch], len(brains)


def _brains(wanted: Wanted) -> Sequence[object]:
    catalog = api.portal.get_tool("portal_catalog")
    query: dict[str, object] = {"portal_type": "KnowledgeArticle"}
    if wanted.path:
        query["path"] = wanted.path
    if wanted.audience:
        query["audience"] = wanted.audience
    if wanted.subject:
        query["subject_kle"] = {
            "query": (wanted.subject, wanted.subject + "\uffff"),
            "range": "min:max",
        }
    words = " AND ".join(f"{word}*" for word in _WORD.findall(wanted.text))
    if not words:
        return [] if wanted.text else catalog(**query, sort_on="sortable_title")
    indexes = ["SearchableText", STAFF_TEXT] if is_staff() else ["SearchableText"]
    by_rid: dict[int, object] = {}
    for index in indexes:
        try:
            for brain in catalog(**query, **{index: words}):
                by_rid.setdefault(brain.getRID(), brain)
        except ParseError:  # words that are too common alone
            continue
    return list(by_rid.values())


def _found(brain: object) -> Found:
    return Found(
        title=brain.Title or brain.getId,
        summary=brain.Description,
        url=brain.getURL(),
        article_id=brain.article_id or "",
        audience=brain.audience or "",
        subject=brain.subject_kle or "",
        review_by=brain.review_by or None,
        is_overdue=is_overdue(brain.is_overdue, brain.review_by or None),
    )


def is_overdue(said: object, review_by: date | None) -> bool:
    """Said so by the connector, or the day has come since it last looked."""
    return bool(said) or (review_by is not None and review_by < counts.today())
