"""Installing sets the site up, upgrading brings an old one there, removing leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from plone import api
from plone.base.interfaces import INonInstallable
from zope.annotation.interfaces import IAnnotations
from zope.component import getAllUtilitiesRegisteredFor

from casethread.plone import counts, staff_index

PACKAGE = "casethread.plone"
PROFILE = f"{PACKAGE}:default"
INDEXES = {"article_id", "audience", "review_by", "subject_kle", staff_index.NAME}
COLUMNS = {"article_id", "article_digest", "audience", "is_overdue", "review_by", "subject_kle"}


def traces(portal):
    """All that the add-on has put anywhere in the site."""
    catalog = api.portal.get_tool("portal_catalog")
    workflow = api.portal.get_tool("portal_workflow")
    panel = api.portal.get_tool("portal_controlpanel")
    registry = api.portal.get_tool("portal_registry")
    from plone.browserlayer.utils import registered_layers

    return {
        "layer": [each for each in registered_layers() if PACKAGE in each.__identifier__],
        "types": [each for each in api.portal.get_tool("portal_types") if "Knowledge" in each],
        "workflow": [each for each in workflow.objectIds() if "casethread" in each],
        "binding": [each for each in workflow._chains_by_type if "Knowledge" in each],
        "indexes": sorted(INDEXES & set(catalog.indexes())),
        "columns": sorted(COLUMNS & set(catalog.schema())),
        "registry": [each for each in registry.records if PACKAGE in each],
        "panel": [each.id for each in panel.listActions() if "casethread" in each.id],
        "list": "articles" in api.portal.get_tool("portal_types")["Folder"].view_methods,
        "counts": counts.STORE in IAnnotations(portal),
        "versions": "KnowledgeArticle" in portal.portal_repository.getVersionableContentTypes(),
        "policies": "KnowledgeArticle" in portal.portal_repository._version_policy_mapping,
    }


def test_installed(portal):
    """All parts are there."""
    assert {name for name, found in traces(portal).items() if not found} == set()
    assert traces(portal)["indexes"] == sorted(INDEXES)


def test_uninstalled(portal, installer):
    """Nothing is left of it."""
    with api.env.adopt_roles(["Manager"]):
        assert installer.uninstall_product(PACKAGE)
    assert {name: found for name, found in traces(portal).items() if found} == {}


def test_again(portal, installer):
    """It can be removed and installed again."""
    with api.env.adopt_roles(["Manager"]):
        installer.uninstall_product(PACKAGE)
        installer.install_product(PACKAGE)
    assert {name for name, found in traces(portal).items() if not found} == set()


def test_not_offered(installer):
    """The list of add-ons offers it once: neither its removal nor its upgrades."""
    hidden = {
        profile
        for each in getAllUtilitiesRegisteredFor(INonInstallable)
        for profile in each.getNonInstallableProfiles()
    }
    offered = set(installer.get_install_profiles(PACKAGE)) - hidden
    assert offered == {PROFILE}


def test_upgrade(portal):
    """A site of 1000 gets the index, the counts and the settings; its articles are found."""
    setup = api.portal.get_tool("portal_setup")
    catalog = api.portal.get_tool("portal_catalog")
    with api.env.adopt_roles(["Manager"]):
        article = api.content.create(portal, "KnowledgeArticle", "pas", title="Pas")
        from casethread.plone.content.knowledge import Knowledge

        Knowledge(
            article
        ).parts = '[{"key": "a", "html": "<p>kanelsnegl</p>", "audience": "staff"}]'
        article.reindexObject()
        catalog.delIndex(staff_index.NAME)
        folder = api.portal.get_tool("portal_types")["Folder"]
        folder.view_methods = tuple(each for each in folder.view_methods if each != "articles")
        counts.drop_store()
        registry = api.portal.get_tool("portal_registry")
        for name in [each for each in registry.records if PACKAGE in each]:
            del registry.records[name]
        setup.setLastVersionForProfile(PROFILE, "1000")

        setup.upgradeProfile(PROFILE)
        assert setup.getLastVersionForProfile(PROFILE) == ("1001",)
        assert {name for name, found in traces(portal).items() if not found} == set()
        assert len(catalog(**{staff_index.NAME: "kanelsnegl"})) == 1


def test_upgrade_twice(portal):
    """Upgrading what is upgraded changes nothing."""
    setup = api.portal.get_tool("portal_setup")
    with api.env.adopt_roles(["Manager"]):
        counts.viewed("pas", is_staff=False)
        setup.setLastVersionForProfile(PROFILE, "1000")
        setup.upgradeProfile(PROFILE)
    assert [each.article for each in counts.signals("")[0]] == ["pas"]


@pytest.mark.parametrize("language", ["da", "en"])
def test_words(language):
    """Every text of the add-on stands in both languages, and no other does."""
    import re

    import casethread.plone

    folder = Path(casethread.plone.__file__).parent
    wanted = set()
    for file in folder.rglob("*.py"):
        wanted |= set(re.findall(r'_\(\s*"([a-z_]+)",\s*default=', file.read_text("utf-8")))
    for file in folder.rglob("*.pt"):
        wanted |= set(re.findall(r'i18n:translate="([a-z_]+)"', file.read_text("utf-8")))
    po = (folder / "locales" / language / "LC_MESSAGES" / "casethread.plone.po").read_text("utf-8")
    told = dict(re.findall(r'^msgid "([a-z_]+)"\nmsgstr "(.+)"$', po, re.MULTILINE))
    assert set(told) == wanted
