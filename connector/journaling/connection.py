"""How to reach a records system, as the settings of a sink say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One [sinks.NAME]: where the system is and as whom to sign in.

    `url` is the system's base address, `contacts_url` that of a second service (Open Klant). What
    a kind has no use for is empty. `adapter` is for tests that cut the line.
    """

    name: str
    url: str
    contacts_url: str = ""
    token_url: str = ""
    tenant: str = ""
    client_id: str = ""
    user: str = ""
    secret: str = ""  # never logged: this struct is not shown (`__repr__`)
    client_secret: str = ""  # of the client itself, where `user` signs in with `secret` through one
    contacts_secret: str = ""
    certificate: str = ""  # PEM: certificate and private key
    thumbprint: str = ""
    ca_bundle: str = ""
    timeout_s: float = 120.0
    in_flight: int = 4
    default_region: str = "DK"  # of telephone numbers without a country code
    time_zone: str = "Europe/Copenhagen"
    adapter: HTTPAdapter | None = None

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.url!r})"
