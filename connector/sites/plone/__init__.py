"""Plone over plone.restapi: our add-on's articles where it is installed, ordinary pages otherwise.

Proven against a real Plone 6.2, which the tests start.
"""

from __future__ import annotations

from connector.article import SiteAccess
from connector.errors import ConfigError
from connector.sites.plone.publisher import PlonePublisher
from connector.sites.plone.service import Service

__all__ = ["KIND", "PlonePublisher", "make_publisher"]

KIND = "plone"


def make_publisher(access: SiteAccess) -> PlonePublisher:
    """A publisher into the folder `access.place` of a site. Raises ConfigError for what is missing;
    nothing is asked of the site yet."""
    problems = [
        f"{access.name}: {what} is missing"
        for what, value in (("url", access.url), ("user", access.user), ("secret", access.secret))
        if not value
    ]
    if problems:
        raise ConfigError(problems)
    return PlonePublisher(access, Service(access))
