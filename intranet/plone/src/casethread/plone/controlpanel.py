"""The control panel, in the browser and over REST."""

from __future__ import annotations

from AccessControl.PermissionRole import rolesForPermissionOn
from plone import api
from plone.app.registry.browser import controlpanel
from plone.restapi.controlpanels import RegistryConfigletPanel
from zope.component import adapter
from zope.interface import Interface

from casethread.plone import _, statements
from casethread.plone.interfaces import IBrowserLayer
from casethread.plone.settings import PREFIX, ISettings


class SettingsForm(controlpanel.RegistryEditForm):
    schema = ISettings
    schema_prefix = PREFIX
    label = _("panel_title", default="Casethread")

    @property
    def description(self) -> str:
        return " ".join(self.context.translate(each) for each in remarks())


class SettingsPanel(controlpanel.ControlPanelFormWrapper):
    form = SettingsForm


@adapter(Interface, IBrowserLayer)
class RestPanel(RegistryConfigletPanel):
    schema = ISettings
    schema_prefix = PREFIX
    configlet_id = "casethread"
    configlet_category_id = "Products"


def remarks() -> list[str]:
    """Whether statements can be signed, and what would let strangers read what is for staff."""
    said = []
    try:
        statements.signer()
        said.append(_("panel_ready", default="The private key is read: people can be signed for."))
    except statements.NotReady as error:
        said.append(
            _(
                "panel_not_ready",
                default="Communications and presence are not shown yet: ${why}.",
                mapping={"why": error.why},
            )
        )
    if "Anonymous" in rolesForPermissionOn("Add portal member", api.portal.get()):
        said.append(
            _(
                "panel_self_registration",
                default="Whoever likes can register as a member here, and members read what is "
                "for staff: give the permission \u201cView staff sections\u201d to another role.",
            )
        )
    return said
