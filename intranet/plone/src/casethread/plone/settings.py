"""What an administrator sets in the control panel. No secret: those come from the environment."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from plone.registry.interfaces import IRegistry
from zope import schema
from zope.component import getUtility
from zope.interface import Interface

from casethread.plone import _

PREFIX = "casethread.plone"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class NotAnAddress(schema.ValidationError):
    __doc__ = _("error_address", default="https://NAME, and nothing after the name")


class NotAName(schema.ValidationError):
    __doc__ = _("error_name", default="Small letters, digits and hyphens")


def is_address(value: str) -> bool:
    """An address that a browser may send a statement to: https, but for this machine."""
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    bare = not parts.query and not parts.fragment and "@" not in parts.netloc
    if not (is_safe and parts.hostname and port_is_fine and bare and parts.path in ("", "/")):
        raise NotAnAddress(value)
    return True


def is_name(value: str) -> bool:
    """A name as the connector takes it."""
    if not _NAME.fullmatch(value):
        raise NotAName(value)
    return True


class ISettings(Interface):
    """The settings of the add-on."""

    connector_url = schema.TextLine(
        title=_("setting_connector_url", default="Address of Casethread"),
        description=_(
            "setting_connector_url_help",
            default="As people's browsers reach its portal (web.url there). The portal must name "
            "this intranet's address in web.intranet_origins.",
        ),
        required=False,
        constraint=is_address,
    )
    intranet_name = schema.TextLine(
        title=_("setting_intranet_name", default="Name of this intranet at Casethread"),
        description=_(
            "setting_intranet_name_help",
            default="The public key lies there as NAME.pem in the folder web.intranet_keys. The "
            "private key comes from the environment: CASETHREAD_INTRANET_KEY_FILE.",
        ),
        required=False,
        constraint=is_name,
    )
    feedback_question = schema.TextLine(
        title=_("setting_feedback_question", default="Question under an article"),
        description=_(
            "setting_feedback_question_help",
            default="Empty for: Did you find what you were looking for?",
        ),
        required=False,
    )
    feedback_notice = schema.Text(
        title=_("setting_feedback_notice", default="What is said beside the reason"),
        description=_(
            "setting_feedback_notice_help",
            default="Empty for: Do not write personal data. Nobody can answer you here.",
        ),
        required=False,
    )


def settings() -> ISettings:
    """The settings of this site."""
    return getUtility(IRegistry).forInterface(ISettings, prefix=PREFIX, check=False)
