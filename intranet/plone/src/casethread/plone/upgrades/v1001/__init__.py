"""1000 -> 1001: the index of staff sections, the counts, the settings and their panel."""

from __future__ import annotations

from casethread.plone.setuphandlers import installed

PROFILE = "profile-casethread.plone:default"


def upgrade(setup: object) -> None:
    """Bring a site of 1000 to what a new one has. Articles are not touched."""
    for step in ("plone.app.registry", "controlpanel"):
        setup.runImportStepFromProfile(PROFILE, step, run_dependencies=False)
    installed(setup)
