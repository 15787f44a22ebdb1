"""Which addresses may sign people in."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from connector.errors import ConfigError

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EVERYBODY = frozenset({"common", "organizations", "consumers"})  # Entra's, for any tenant


def check_issuer(issuer: str) -> None:
    """Raises ConfigError for an issuer that is no single organisation's, or not over https."""
    check_address(issuer)
    parts = urlsplit(issuer)
    if parts.query or parts.fragment or issuer.endswith("/.well-known/openid-configuration"):
        raise ConfigError(["web.issuer: write the issuer alone, without query or document"])
    if _EVERYBODY & set(parts.path.split("/")) or "{" in issuer:
        raise ConfigError(
            [
                f"web.issuer: {issuer} lets people of every organisation in; write your own "
                "tenant's: https://login.microsoftonline.com/TENANT-ID/v2.0"
            ]
        )


def check_address(address: str) -> None:
    """Raises ConfigError for an address that is neither https nor on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
        raise ConfigError(
            [f"web.issuer: {address} is no https address; http is for this machine alone"]
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tenant_of(issuer: str) -> str:
    """The tenant's id in an issuer as Entra writes it, ".../TENANT-ID/v2.0"; "" for others."""
    parts = urlsplit(issuer).path.strip("/").split("/")
    return parts[0] if len(parts) == 2 and parts[1] == "v2.0" and _GUID.fullmatch(parts[0]) else ""


def is_guid(text: str) -> bool:
    """Whether a text is an id as Entra writes them."""
    return _GUID.fullmatch(text) is not None
