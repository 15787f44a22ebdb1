"""Who reads: the person who is signed in, or a visitor."""

from __future__ import annotations

from AccessControl import getSecurityManager
from plone import api

from casethread.plone.content.parts import EVERYBODY, Reader, units_of

VIEW_STAFF = "casethread.plone: View staff sections"
MODIFY = "Modify portal content"


def reader_of(article: object) -> Reader:
    """What the present user may see of this article."""
    manager = getSecurityManager()
    if manager.checkPermission(MODIFY, article):
        # Whoever may change it sees all of it: what one does not see, one would take away.
        return Reader(is_editor=True)
    if not manager.checkPermission(VIEW_STAFF, article):
        return EVERYBODY
    return Reader(is_staff=True, units=units_of(_groups(manager.getUser())))


def is_staff() -> bool:
    """Whether the present user may see staff sections on this site."""
    return bool(getSecurityManager().checkPermission(VIEW_STAFF, api.portal.get()))


def _groups(user: object) -> list[str]:
    """Ids and titles of the user's groups."""
    names = []
    pas = api.portal.get_tool("acl_users")
    for name in getattr(user, "getGroups", list)():
        names.append(name)
        group = pas.getGroupById(name)
        if group is not None:
            names.append(str(group.getProperty("title") or ""))
    return names
