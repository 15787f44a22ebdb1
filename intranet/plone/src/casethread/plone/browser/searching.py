"""A page that lists and searches the articles below a folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlencode

from plone import api
from Products.Five.browser import BrowserView

from casethread.plone import asking, counts, finding, limits
from casethread.plone.content.knowledge import AUDIENCE_WORDS
from casethread.plone.content.parts import CITIZEN, STAFF
from casethread.plone.content.reader import is_staff


def search(context: object, request: object) -> tuple[Sequence[finding.Found], int]:
    """What is found below here. A search without a hit is counted, as a look or a vote is."""
    asked = wanted(context, request)
    found, total = finding.find(asked)
    if asked.text and not asked.start and not total:
        with suppress(asking.Foreign, asking.TooOften):
            asking.take_write(request, limits.VIEWS)
            counts.searched_in_vain(asked.text, is_staff())
    return found, total


def wanted(context: object, request: object) -> finding.Wanted:
    """The question that the address asks."""
    return finding.wanted_of(request.form, "/".join(context.getPhysicalPath()))


class Articles(BrowserView):
    """@@articles"""

    def __call__(self) -> str:
        self.wanted = wanted(self.context, self.request)
        self.found, self.total = search(self.context, self.request)
        self.is_staff = is_staff()
        return self.index()

    def audiences(self) -> list[dict[str, object]]:
        """What staff may choose between; for visitors there is one kind alone."""
        if not self.is_staff:
            return []
        return [
            {"value": each, "title": AUDIENCE_WORDS[each], "chosen": each == self.wanted.audience}
            for each in (CITIZEN, STAFF)
        ]

    def audience_title(self, each: finding.Found) -> str:
        return AUDIENCE_WORDS.get(each.audience, "")

    def next_address(self) -> str:
        """The address of the next batch; empty when this is the last."""
        start = self.wanted.start + finding.BATCH
        if start >= self.total:
            return ""
        asked = {
            "text": self.wanted.text,
            "audience": self.wanted.audience,
            "subject": self.wanted.subject,
            "b_start": start,
        }
        return f"{self.context.absolute_url()}/@@articles?{urlencode(asked)}"

    def static(self) -> str:
        return f"{api.portal.get().absolute_url()}/++plone++casethread.plone"
