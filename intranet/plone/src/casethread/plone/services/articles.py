"""GET @articles?text=&audience=&subject=&b_start=: articles below here that the reader may see."""

from __future__ import annotations

from typing import Any

from plone.restapi.serializer.converters import json_compatible
from plone.restapi.services import Service

from casethread.plone.browser.searching import search


class Articles(Service):
    def reply(self) -> dict[str, Any]:
        found, total = search(self.context, self.request)
        return {
            "items": [
                {
                    "@id": each.url,
                    "title": each.title,
                    "description": each.summary,
                    "article_id": each.article_id,
                    "audience": each.audience,
                    "subject_kle": each.subject,
                    "review_by": json_compatible(each.review_by),
                    "is_overdue": each.is_overdue,
                }
                for each in found
            ],
            "items_total": total,
        }
