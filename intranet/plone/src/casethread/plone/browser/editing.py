"""A form in which an editor changes the text of an article's sections on the live page.

The connector finds such a change before it publishes again, overwrites nothing, and lets an editor
take it into the source or dismiss it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from plone import api
from plone.locking.interfaces import ILockable
from plone.protect import CheckAuthenticator
from Products.Five.browser import BrowserView
from zope.event import notify
from zope.lifecycleevent import ObjectModifiedEvent

from casethread.plone import _
from casethread.plone.content.knowledge import AUDIENCE_WORDS, Knowledge, all_parts, made_safe
from casethread.plone.content.parts import Part, write_parts

_AROUND = re.compile(
    r"\s*(</?(?:p|h[1-6]|[uod]l|li|d[td]|table|caption|t(?:head|body|foot|r|h|d)|div|section"
    r"|blockquote|figure|figcaption|hr)\b[^>]*>)\s*"
)


class Sections(BrowserView):
    """@@edit-sections: one field for each section; who it is for is changed at its source alone."""

    def __call__(self) -> object:
        self.lock = self._lock()
        if self.lock or self.request.method != "POST":
            return self.index()
        CheckAuthenticator(self.request)
        parts = all_parts(self.context)
        changed = tuple(self._changed(number, part) for number, part in enumerate(parts))
        if changed == parts:
            return self._back(_("sections_same", default="Nothing was changed."))
        Knowledge(self.context).parts = write_parts(changed)
        notify(ObjectModifiedEvent(self.context))
        return self._back(_("sections_saved", default="The sections are saved."))

    def parts(self) -> tuple[Part, ...]:
        return all_parts(self.context)

    def title(self, part: Part) -> str:
        return part.heading or _("sections_first", default="Before the first heading")

    def audience(self, part: Part) -> str:
        return part.unit or AUDIENCE_WORDS[part.audience]

    def _changed(self, number: int, part: Part) -> Part:
        """The section as the form has it; one that the form does not have stays as it is."""
        # Both: another who edited meanwhile may have added a section before this one.
        if self.request.form.get(f"key-{number}") != part.key:
            return part
        html = self.request.form.get(f"html-{number}")
        if html is None:
            return part
        html = made_safe(html.replace("\r\n", "\n"))
        return part if _bare(html) == _bare(part.html) else replace(part, html=html)

    def _lock(self) -> str:
        """Who else has the article open; empty when nobody has."""
        lockable = ILockable(self.context, None)
        if lockable is None or lockable.can_safely_unlock():
            return ""
        return ", ".join(each["creator"] for each in lockable.lock_info())

    def _back(self, message: str) -> object:
        api.portal.show_message(message, self.request)
        return self.request.response.redirect(self.context.absolute_url())


def _bare(html: str) -> str:
    """Without space around blocks: the editor in the browser (TinyMCE) sets each on its own line,
    also in a section that nobody touched."""
    return _AROUND.sub(r"\1", html).strip()
