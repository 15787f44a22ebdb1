"""What installing and removing does beside the profiles."""

from __future__ import annotations

from plone import api
from plone.base.interfaces import INonInstallable
from zope.interface import implementer

from casethread.plone import counts, staff_index

TYPE = "KnowledgeArticle"


@implementer(INonInstallable)
class Hidden:
    """Profiles that the list of add-ons does not offer."""

    def getNonInstallableProfiles(self) -> list[str]:  # noqa: N802  (Plone's name)
        return ["casethread.plone:uninstall", "casethread.plone.upgrades:1001"]

    def getNonInstallableProducts(self) -> list[str]:  # noqa: N802
        return ["casethread.plone.upgrades"]


def installed(_tool: object) -> None:
    """Make the index of staff sections, and the place of the counts."""
    staff_index.add()
    counts.make_store()


def removed(_tool: object) -> None:
    """Leave nothing: articles become private to editors, since their type is gone with its views.

    The articles themselves are the municipality's texts, and stay until somebody deletes them.
    """
    counts.drop_store()
    catalog = api.portal.get_tool("portal_catalog")
    versions = api.portal.get_tool("portal_repository")
    kept = [each for each in versions.getVersionableContentTypes() if each != TYPE]
    versions.setVersionableContentTypes(kept)
    versions._version_policy_mapping.pop(TYPE, None)
    versions._p_changed = True
    for index in (staff_index.NAME, "article_id", "audience", "review_by", "subject_kle"):
        if index in catalog.indexes():
            catalog.delIndex(index)
