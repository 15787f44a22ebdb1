"""Images and files of an article: visitors get those that a section for everybody shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote

from AccessControl.PermissionRole import rolesForPermissionOn
from plone import api

from casethread.plone.content.knowledge import all_parts
from casethread.plone.content.parts import CITIZEN, UNIT, Part

EDITORS = ("Manager", "Site Administrator", "Owner", "Editor", "Reviewer", "Contributor")
STAFF_ROLES = (*EDITORS, "Reader", "Member")
PERMISSIONS = ("View", "Access contents information")
_ADDRESS = re.compile(r"""\b(?:src|href|srcset|data|poster)\s*=\s*["']([^"']*)""", re.IGNORECASE)
_SEPARATOR = re.compile(r"[/?#@,\s]")


def guard(article: object) -> None:
    """Give each file of the article the readers of the sections that show it."""
    named = [(part, _names(part)) for part in all_parts(article)]
    for child in article.objectValues():
        parts = [part for part, names in named if names & {child.getId(), child.UID()}]
        if any(part.audience == CITIZEN for part in parts):
            _let_in(child, None)
        else:
            units = [part.unit for part in parts]
            is_units = bool(parts) and all(part.audience == UNIT for part in parts)
            _let_in(child, _roles(article, is_units), _groups(units) if is_units else ())


def _names(part: Part) -> frozenset[str]:
    """All that the section's addresses are made of: a file goes by its id or its UID there."""
    found = (unquote(each) for each in _ADDRESS.findall(part.html))
    return frozenset(name for each in found for name in _SEPARATOR.split(each))


def _roles(article: object, is_units: bool) -> list[str]:
    """Who sees a file that is not for everybody: of those who see the article, no more."""
    inside = rolesForPermissionOn("View", article)
    wanted = (*EDITORS, "Reader") if is_units else STAFF_ROLES
    return [role for role in wanted if role in inside or "Anonymous" in inside]


def _groups(units: Iterable[str]) -> list[str]:
    wanted = {unit.strip().casefold() for unit in units}
    return [
        group.getId()
        for group in api.group.get_groups()
        if {group.getId().casefold(), str(group.getProperty("title") or "").casefold()} & wanted
    ]


def _let_in(child: object, roles: list[str] | None, groups: Collection[str] = ()) -> None:
    """None: whoever sees the article. Touches the file only when something changes."""
    before = (getattr(child, "_View_Permission", None), _readers(child))
    for permission in PERMISSIONS:
        child.manage_permission(permission, roles or [], acquire=int(roles is None))
    for group in _readers(child) - set(groups):
        child.manage_delLocalRoles([group])
    for group in groups:
        child.manage_setLocalRoles(group, ["Reader"])
    if before != (getattr(child, "_View_Permission", None), _readers(child)):
        child.reindexObjectSecurity()


def _readers(child: object) -> set[str]:
    return {
        name
        for name, roles in child.get_local_roles()
        if tuple(roles) == ("Reader",) and api.group.get(name) is not None
    }
