"""SharePoint Online's modern pages through Microsoft Graph, with a list that says what they are.

Proven against the sandbox's pages alone; not yet run at a site. What is unproven is told in
docs/how-to/articles-sharepoint.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

from connector.article import SiteAccess
from connector.auth import token_source
from connector.errors import ConfigError
from connector.sites.sharepoint_pages.graph import Graph, Tokens, root_of
from connector.sites.sharepoint_pages.publisher import PagesPublisher

__all__ = ["KIND", "PagesPublisher", "make_publisher"]

KIND = "sharepoint_pages"
_AUTHORITIES = {
    "graph.microsoft.us": "https://login.microsoftonline.us",
    "dod-graph.microsoft.us": "https://login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
}


def make_publisher(
    access: SiteAccess,
    tokens: Tokens | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    adapter: HTTPAdapter | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> PagesPublisher:
    """A publisher into the Site Pages of `access.url`. No request is made yet.

    `tokens` replaces signing in, `adapter` the connections, `sleep` waiting, for tests. Raises
    ConfigError for a set-up that cannot work.
    """
    graph = Graph(access, tokens or _tokens(access), adapter, sleep)
    return PagesPublisher(access, graph, clock)


def _tokens(access: SiteAccess) -> Tokens:
    """How the app signs in: with its certificate, or with its secret when it has none."""
    problems = [
        f"{access.name}: {what} is missing"
        for what, value in (
            ("url", access.url),
            ("tenant", access.tenant),
            ("client_id", access.client_id),
            ("certificate_file (or secret_file)", access.certificate or access.secret),
        )
        if not value
    ]
    if access.place:
        text = (
            f"{access.name}: place must be empty: Graph makes pages in Site Pages itself, not in "
            "its folders"
        )
        problems.append(text)
    if problems:
        raise ConfigError(problems)
    root = root_of(access.url)
    host = urlsplit(root).hostname or ""
    return token_source(
        auth="certificate" if access.certificate else "secret",
        base_url=root,
        authority=access.authority or _AUTHORITIES.get(host, "https://login.microsoftonline.com"),
        tenant=access.tenant,
        client_id=access.client_id,
        secret=access.secret,
        certificate_pem=access.certificate,
        certificate_thumbprint=access.thumbprint,
        ca_bundle=access.ca_bundle,
        system=access.name,
    )
