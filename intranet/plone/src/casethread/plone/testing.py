"""Layers for tests."""

from __future__ import annotations

import os

from plone.app.testing import (
    PLONE_FIXTURE,
    FunctionalTesting,
    IntegrationTesting,
    PloneSandboxLayer,
    applyProfile,
)
from plone.testing.zope import WSGI_SERVER_FIXTURE

import casethread.plone


class Layer(PloneSandboxLayer):
    defaultBases = (PLONE_FIXTURE,)  # noqa: N815

    def setUpZope(self, app: object, configurationContext: object) -> None:  # noqa: ARG002, N802, N803
        import plone.app.contenttypes
        import plone.restapi

        os.environ["zope_i18n_compile_mo_files"] = "true"  # noqa: SIM112  (Zope's own name)
        for package in (plone.app.contenttypes, plone.restapi, casethread.plone):
            self.loadZCML(package=package)

    def setUpPloneSite(self, portal: object) -> None:  # noqa: N802
        portal.portal_workflow.setDefaultChain("simple_publication_workflow")
        for profile in ("plone.app.contenttypes:default", "casethread.plone:default"):
            applyProfile(portal, profile)


FIXTURE = Layer()
INTEGRATION_TESTING = IntegrationTesting(bases=(FIXTURE,), name="Casethread:Integration")
FUNCTIONAL_TESTING = FunctionalTesting(
    bases=(FIXTURE, WSGI_SERVER_FIXTURE), name="Casethread:Functional"
)
