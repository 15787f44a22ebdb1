"""A static folder for the citizens' site: files alone, for any web server, readable from a disk."""

from __future__ import annotations

from connector.article import SiteAccess
from connector.sites.html.publisher import HtmlPublisher

__all__ = ["KIND", "HtmlPublisher", "make_publisher"]

KIND = "html"


def make_publisher(access: SiteAccess) -> HtmlPublisher:
    """A publisher into the folder `access.place`, which must be there."""
    return HtmlPublisher(access)
