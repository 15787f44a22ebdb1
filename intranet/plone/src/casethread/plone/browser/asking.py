"""What a page of ours needs to let the browser ask the connector; no Plone thread waits for it."""

from __future__ import annotations

import json
from urllib.parse import quote

from plone import api
from plone.app.layout.viewlets import ViewletBase
from Products.Five.browser import BrowserView
from Products.Five.browser.pagetemplatefile import ViewPageTemplateFile
from zope.i18n import translate
from zope.schema import ValidationError

from casethread.plone import _
from casethread.plone.content.case import is_case_number
from casethread.plone.content.knowledge import Knowledge
from casethread.plone.settings import settings

VIEW = "casethread.plone: View communications"

WORDS = {
    "asking": _("js_asking", default="Asking Casethread \u2026"),
    "away": _("js_away", default="Casethread does not answer right now. Try again later."),
    "refused": _("js_refused", default="Casethread does not know you, or you may not see this."),
    "unknown": _("js_unknown", default="There is no such case, or you may not see it."),
    "nothing": _("js_nothing", default="Nothing has been said on this case yet."),
    "nobody": _("js_nobody", default="Nobody is known here."),
    "more": _("js_more", default="Show more"),
    "again": _("js_again", default="Ask again"),
    "conversation": _("js_conversation", default="Conversation"),
    "call": _("js_call", default="Call"),
    "missed_call": _("js_missed_call", default="Missed call"),
    "voicemail": _("js_voicemail", default="Voicemail"),
    "incoming": _("js_incoming", default="incoming"),
    "outgoing": _("js_outgoing", default="outgoing"),
    "minutes": _("js_minutes", default="min"),
    "seconds": _("js_seconds", default="s"),
    "deleted": _("js_deleted", default="deleted"),
    "erased": _("js_erased", default="The content has been erased."),
    "files": _("js_files", default="Files"),
    "out_of_office": _("js_out_of_office", default="out of office"),
}


class Box(BrowserView):
    """A place on the page that the script fills."""

    _page = ViewPageTemplateFile("templates/box.pt")

    def __init__(self, context: object, request: object) -> None:
        super().__init__(context, request)
        site = api.portal.get().absolute_url()
        self.connector = (settings().connector_url or "").rstrip("/")
        self.token = f"{site}/@casethread-token"
        self.static = f"{site}/++plone++casethread.plone"
        self.language = api.portal.get_current_language(context)

    def __call__(self, ask: str, *, case: str = "", person: str = "", unit: str = "") -> str:
        """What asks for the "timeline" of a case, or for the "presence" of a person or a unit:
        of one's own where none is named."""
        return self._page(ask=ask, case=case, person=person, unit=unit)

    @property
    def words(self) -> str:
        """The script's words in the reader's language, as JSON."""
        told = {name: translate(text, context=self.request) for name, text in WORDS.items()}
        return json.dumps(told, ensure_ascii=False)

    def case_page(self, number: str) -> str:
        """The case in the connector's own portal."""
        return f"{self.connector}/cases/{quote(number)}"


class Communications(BrowserView):
    """@@communications?case=NUMBER: what was said on a case."""

    def __call__(self) -> str:
        self.box = Box(self.context, self.request)
        number = str(self.request.form.get("case") or "").strip()
        try:
            self.case = number if number and is_case_number(number) else ""
        except ValidationError:
            self.case = ""
        self.is_wrong = bool(number) and not self.case
        return self.index()


class CaseViewlet(ViewletBase):
    """The communications of the case that the content belongs to."""

    def update(self) -> None:
        super().update()
        self.case = (getattr(self.context, "case_number", None) or "").strip()
        self.is_shown = bool(self.case) and bool(api.user.has_permission(VIEW, obj=self.context))
        if self.is_shown:
            self.box = Box(self.context, self.request)


class Presence(BrowserView):
    """@@presence: who of one's own unit is free now."""

    def __call__(self) -> str:
        self.box = Box(self.context, self.request)
        return self.index()


class PresenceViewlet(ViewletBase):
    """Whether those who answer for an article are free now; for staff."""

    def update(self) -> None:
        super().update()
        fields = Knowledge(self.context)  # tells visitors no owner
        self.owner = fields.owner_upn or ""
        self.owner_name = fields.owner_name or ""
        self.unit = fields.owner_unit or ""
        self.is_shown = bool(self.owner or self.unit) and bool(
            api.user.has_permission(VIEW, obj=self.context)
        )
        if self.is_shown:
            self.box = Box(self.context, self.request)
