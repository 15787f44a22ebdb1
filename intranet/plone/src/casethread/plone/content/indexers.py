"""What the catalog knows of an article: nothing that only staff may read."""

from __future__ import annotations

import html
import re
from datetime import date

from plone.indexer import indexer

from casethread.plone.content.article import kept
from casethread.plone.content.knowledge import all_parts
from casethread.plone.content.parts import CITIZEN, EVERYBODY, STAFF, Part, seen_by
from casethread.plone.interfaces import IKnowledgeArticle

_TAG = re.compile(r"<[^>]*>")


@indexer(IKnowledgeArticle)
def article_id(article: object) -> str:
    return str(kept(article, "article_id") or "")


@indexer(IKnowledgeArticle)
def article_digest(article: object) -> str:
    return str(kept(article, "article_digest") or "")


@indexer(IKnowledgeArticle)
def audience(article: object) -> str:
    return str(kept(article, "audience") or CITIZEN)


@indexer(IKnowledgeArticle)
def is_overdue(article: object) -> bool:
    return bool(kept(article, "is_overdue"))


@indexer(IKnowledgeArticle)
def review_by(article: object) -> date | None:
    return kept(article, "review_by")


@indexer(IKnowledgeArticle)
def subject_kle(article: object) -> str:
    return str(kept(article, "subject_kle") or "")


@indexer(IKnowledgeArticle)
def searchable_text(article: object) -> str:
    """What everybody may find it by."""
    said = (article.getId(), article.title, article.description, *article.Subject())
    return " ".join(
        (
            *map(str, said),
            str(kept(article, "subject_title") or ""),
            *map(words_of, seen_by(EVERYBODY, all_parts(article))),
        )
    )


@indexer(IKnowledgeArticle)
def staff_text(article: object) -> str:
    """What only staff may find it by. The index answers nobody else (staff_index.py)."""
    return " ".join(words_of(part) for part in all_parts(article) if part.audience == STAFF)


def words_of(part: Part) -> str:
    """A section without its markup."""
    return html.unescape(_TAG.sub(" ", part.html))
