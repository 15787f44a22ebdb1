"""The applications that the OpenID provider knows, their addresses and their secrets.

Source: Microsoft, "Redirect URI (reply URL) restrictions and limitations", read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from connector.sandbox.openid_errors import Refusal
from connector.sandbox.protocol import Request

LOOPBACK = frozenset({"127.0.0.1", "localhost"})  # "[::1] is not currently supported"
LOOPBACK_PATHS = frozenset({"/signed-in", "/signed-out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A registered application. `app_roles` are its own permissions on the portal's API."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()  # besides loopback
    app_roles: tuple[str, ...] = ()


def application(
    tenant: str,
    name: str,
    *,
    redirect_uris: tuple[str, ...] = (),
    app_roles: tuple[str, ...] = (),
) -> Application:
    """An application whose id and secret follow from the tenant; they open nothing else."""
    return Application(
        client_id=str(uuid.uuid5(uuid.UUID(tenant), name)),
        secret=f"sandbox~{uuid.uuid5(uuid.UUID(tenant), f'{name} secret').hex}",
        redirect_uris=redirect_uris,
        app_roles=app_roles,
    )


def is_registered(address: str, asker: Application) -> bool:
    """Exactly one of the list, or loopback over http with a known path; the port does not count."""
    if address in asker.redirect_uris:
        return True
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    where = parts.hostname if port is None else f"{parts.hostname}:{port}"
    plain = f"http://{where}{parts.path}"
    return parts.hostname in LOOPBACK and parts.path in LOOPBACK_PATHS and address == plain


def authenticated(
    request: Request, form: Mapping[str, str], known: Callable[[str], Application]
) -> Application:
    """The client by its secret, in the form or as Basic. Raises Refusal."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(text, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise Refusal(7000218) from None
        client_id, _, secret = (unquote_plus(each) for each in pair.partition(":"))
    if not client_id:
        raise Refusal(900144, "client_id")
    asker = known(client_id)
    if not secret:
        raise Refusal(7000218)
    if not hmac.compare_digest(secret.encode(), asker.secret.encode()):
        raise Refusal(7000215)
    return asker
