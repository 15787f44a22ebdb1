"""SharePoint: one row of a list for each communication, its transcript and files in a library.

Through office365-rest-python-client, which is imported when the site is first asked something.
Proven against the sandbox's SharePoint with that client; not yet run at a site.
"""

from __future__ import annotations

from connector.auth import token_source
from connector.errors import ConfigError
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.sites.sharepoint.presence import PresenceList, Published
from connector.sites.sharepoint.sink import SharePointSink
from connector.sites.sharepoint.site import Site, Tokens
from connector.sites.sharepoint.words import KIND, WORDS

__all__ = [
    "KIND",
    "WORDS",
    "PresenceList",
    "Published",
    "SharePointSink",
    "make_presence_list",
    "make_sink",
]

_AUTHORITY = "https://login.microsoftonline.com"


def make_sink(
    connection: Connection, words: Words, drafter: Drafter, tokens: Tokens | None = None
) -> SharePointSink:
    """A sink. Raises ConfigError for a set-up that cannot work. `tokens` replaces signing in."""
    site = Site(connection, words, tokens or _tokens(connection, words))
    return SharePointSink(connection, site, words, drafter)


def make_presence_list(
    connection: Connection, words: Words, tokens: Tokens | None = None
) -> PresenceList:
    """The list of who is free now. Raises ConfigError for a set-up that cannot work."""
    has_batch = words.text("connection", "sign_in") != "ntlm" and words.flag("presence", "batch")
    site = Site(connection, words, tokens or _tokens(connection, words))
    return PresenceList(site, words, has_batch)


def _tokens(connection: Connection, words: Words) -> Tokens | None:
    """How to get a token for SharePoint Online; None for a server of one's own (NTLM)."""
    name = connection.name
    if words.text("connection", "sign_in") == "ntlm":
        if not (connection.user and connection.secret):
            raise ConfigError([f'{name}: sign_in = "ntlm" needs user (DOMAIN\\user) and secret'])
        try:
            import requests_ntlm  # noqa: F401
        except ImportError as error:
            text = (
                f"{name}: a SharePoint server signs in with NTLM, which needs the package "
                "requests-ntlm; install casethread[sharepoint-server]"
            )
            raise ConfigError([text]) from error
        return None
    problems = []
    if not connection.certificate:
        problems.append(
            f"{name}: SharePoint Online takes an app's certificate only, and refuses a token got "
            "with a client secret; set certificate_file"
        )
    problems += [
        f"{name}: {what} is missing"
        for what, value in (("tenant", connection.tenant), ("client_id", connection.client_id))
        if not value
    ]
    if problems:
        raise ConfigError(problems)
    return token_source(
        auth="certificate",
        base_url=connection.url,
        authority=connection.token_url or _AUTHORITY,
        tenant=connection.tenant,
        client_id=connection.client_id,
        certificate_pem=connection.certificate,
        certificate_thumbprint=connection.thumbprint,
        ca_bundle=connection.ca_bundle,
        system=name,
    )
