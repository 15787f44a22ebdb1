"""From [sites.NAME] to the publisher of that site, as systems.py does it for records systems."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.article import SiteAccess
from connector.auth import read_pem
from connector.errors import ConfigError
from connector.locale import text
from connector.settings_reader import secret_variable

if TYPE_CHECKING:
    from connector.ports import Publisher
    from connector.settings import Settings, Site

NEEDS_SECRET = ("plone",)  # a SharePoint app may have a certificate instead


def make_publishers(settings: Settings) -> Mapping[str, Publisher]:
    """The publishers by the names of their sites, in the order of the configuration."""
    return {each.name: make_publisher(each, settings) for each in settings.sites}


def make_publisher(site: Site, settings: Settings) -> Publisher:
    """The publisher of one site. No request is made yet.

    Raises ConfigError when a secret is missing or a certificate cannot be read.
    """
    module = importlib.import_module(f"connector.sites.{site.kind}")
    made: Publisher = module.make_publisher(access(site, settings))
    return made


def access(site: Site, settings: Settings) -> SiteAccess:
    """How to reach the site; errors as for `make_publisher`."""
    if site.kind in NEEDS_SECRET and not site.secret:
        variable = secret_variable("sites", site.name, "secret")
        setting = f"sites.{site.name}.secret_file"
        told = text("config.secret_missing", settings.language, variable=variable, setting=setting)
        raise ConfigError([told])
    return SiteAccess(
        name=site.name,
        url=site.url,
        # On this machine a place is a path, and paths start from the configuration's folder.
        place=str(settings.folder / site.place) if site.kind == "html" else site.place,
        audience=site.audience,
        language=site.language,
        time_zone=settings.time_zone,
        user=site.user,
        secret=site.secret.reveal(),
        tenant=site.tenant,
        client_id=site.client_id,
        certificate=_certificate(site),
        thumbprint=site.certificate_thumbprint,
        ca_bundle=str(site.ca_bundle or ""),
        authority=site.authority,
        timeout_s=site.timeout_s,
    )


def _certificate(site: Site) -> str:
    if site.certificate_file is None:
        return ""
    return read_pem(site.certificate_file, f"sites.{site.name}.certificate_file")
