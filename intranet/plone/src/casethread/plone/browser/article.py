"""The page of an article."""

from __future__ import annotations

from plone import api
from plone.app.layout.viewlets.common import ViewletBase
from Products.Five.browser import BrowserView

from casethread.plone import _, asking, finding
from casethread.plone.browser.words import day
from casethread.plone.content import knowledge
from casethread.plone.content.parts import CITIZEN, UNIT, Part
from casethread.plone.content.reader import is_staff
from casethread.plone.services.feedback import Wrong, vote
from casethread.plone.settings import settings


class Article(BrowserView):
    """An article with the sections that the reader may see, its badges and its feedback form."""

    def __call__(self) -> str:
        self.fields = knowledge.Knowledge(self.context)
        self.parts = knowledge.parts_for_reader(self.context)
        self.is_in_force = knowledge.is_in_force(self.context)
        self.is_staff = is_staff()
        if self.is_staff:
            # Not for a proxy to keep: there may be sections in it that visitors do not see.
            self.request.response.setHeader("Cache-Control", "private, no-store")
        return self.index()

    def html(self, part: Part) -> str:
        return knowledge.shown(self.context, part)

    def badge(self, part: Part) -> str:
        """Who else than the reader does not see this section; nothing for one that all see."""
        if part.audience == CITIZEN:
            return ""
        if part.audience == UNIT:
            return _("badge_unit", default="Only ${unit}", mapping={"unit": part.unit})
        return _("badge_staff", default="Only staff")

    def audience(self) -> str:
        return knowledge.AUDIENCE_WORDS[self.fields.audience]

    def source(self) -> str:
        return knowledge.SOURCE_WORDS[self.fields.article_source]

    def review_day(self) -> str:
        return day(self.fields.review_by) if self.fields.review_by else ""

    def is_overdue(self) -> bool:
        return finding.is_overdue(self.fields.is_overdue, self.fields.review_by)

    def question(self) -> str:
        return settings().feedback_question or _(
            "feedback_question", default="Did you find what you were looking for?"
        )

    def notice(self) -> str:
        return settings().feedback_notice or _(
            "feedback_notice", default="Do not write personal data. Nobody can answer you here."
        )

    def static(self) -> str:
        return f"{api.portal.get().absolute_url()}/++plone++casethread.plone"


class Feedback(BrowserView):
    """The feedback form is sent here: it works without scripts."""

    def __call__(self) -> object:
        if self.request.method != "POST":
            return self._back("")
        form = self.request.form
        try:
            vote(self.context, self.request, form.get("value"), str(form.get("reason") or ""))
        except Wrong:
            return self._back(_("feedback_choose", default="Choose yes or no."), "warning")
        except asking.TooOften:
            return self._back(
                _("feedback_often", default="There were many answers from here. Wait a minute."),
                "warning",
            )
        except asking.Foreign:
            self.request.response.setStatus(403)
            return ""
        return self._back(_("feedback_thanks", default="Thank you. The editors read your answer."))

    def _back(self, message: str, sort: str = "info") -> object:
        if message:
            api.portal.show_message(message, self.request, type=sort)
        return self.request.response.redirect(self.context.absolute_url())


class NoByline(ViewletBase):
    """Nothing where Plone names who made the page: a program did. Who answers for the article, and
    when it is reviewed, stands with its badges."""

    def render(self) -> str:
        return ""
