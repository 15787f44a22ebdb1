"""1000 -> 1001: the index of staff sections, the counts, the settings and their panel."""

from __future__ import annotations

from plone import api

from casethread.plone.setuphandlers import installed

PROFILE = "profile-casethread.plone:default"


def upgrade(setup: object) -> None:
    """Bring a site of 1000 to what a new one has. Articles are not touched."""
    for step in ("plone.app.registry", "controlpanel"):
        setup.runImportStepFromProfile(PROFILE, step, run_dependencies=False)
    _offer_list()
    installed(setup)


def _offer_list() -> None:
    """Let folders be shown as a list of articles; the rest of their type is the site's own."""
    folder = api.portal.get_tool("portal_types")["Folder"]
    if "articles" not in folder.view_methods:
        folder.view_methods = (*folder.view_methods, "articles")
