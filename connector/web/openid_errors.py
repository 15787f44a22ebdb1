"""A sign-in that came to nothing: what the person reads, and what the operator must do.

Source of words and codes: Microsoft, "OAuth 2.0 authorization code flow" and "Microsoft Entra
authentication and authorization error codes", read 2026-11-22; OpenID Connect Core 1.0, 3.1.2.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.errors import Denied, RemoteError, Unavailable

SYSTEM = "openid"

# OAuth's word: the key of what the person reads.
_WORDS: Mapping[str, str] = {
    "access_denied": "openid.cancelled",
    "login_required": "openid.again",
    "interaction_required": "openid.again",
    "consent_required": "openid.again",
    "invalid_grant": "openid.again",
}
_BUSY = frozenset({"server_error", "temporarily_unavailable"})
# Codes change, Microsoft says: they only make a message better, nothing depends on them.
_CODES: Mapping[str, tuple[str, str]] = {
    "AADSTS7000215": (
        "openid.setup",
        "the client secret is wrong. Often its id was copied instead of its value",
    ),
    "AADSTS7000222": ("openid.setup", "the client secret has expired. Make a new one"),
    "AADSTS700016": ("openid.setup", "no app with this id is in the tenant. Look at web.client_id"),
    "AADSTS50011": (
        "openid.setup",
        "the redirect URI is not registered. Add web.url followed by /signed-in to the app (Entra "
        "admin center, App registrations, Authentication, platform Web)",
    ),
    "AADSTS50105": (
        "openid.not_assigned",
        "the person has no role in the app. Assign one (Entra admin center, Enterprise "
        "applications, Users and groups)",
    ),
    "AADSTS65001": (
        "openid.setup",
        "nobody has consented to the app. An administrator grants consent under API permissions",
    ),
    "AADSTS53000": ("openid.policy", "Conditional Access wants a compliant device"),
    "AADSTS53003": ("openid.policy", "a Conditional Access policy blocks the sign-in"),
}


class SignInDenied(Denied):
    """A sign-in or a token is refused. `key` is what the person reads, see words/openid.py."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{SYSTEM}: {message}", system=SYSTEM, status=401)
        self.key = key


def not_believed(reason: str) -> SignInDenied:
    """A token that cannot be believed."""
    return SignInDenied("openid.token", f"the token is refused: {reason}")


def unavailable(reason: str, status: int | None = None) -> Unavailable:
    """The provider cannot answer now."""
    return Unavailable(
        f"{SYSTEM}: {reason}; look at web.issuer and web.ca_bundle, or wait",
        system=SYSTEM,
        status=status,
    )


def refused(error: str, description: str) -> RemoteError:
    """What the provider said no with, as ours. The description is read for its code and not told
    on: it may hold the person's name.
    """
    error = error if re.fullmatch(r"[a-z_]{1,40}", error) else "unknown error"
    found = re.search(r"AADSTS\d+", description)
    code = found.group() if found else ""
    if error in _BUSY:
        return unavailable(f"the provider cannot answer now ({error} {code})")
    key, what = _CODES.get(code, ("", ""))
    key = key or _WORDS.get(error, "openid.setup")
    what = what or _advice(key)
    return SignInDenied(key, f"the provider refused with {error} {code}: {what}")


def _advice(key: str) -> str:
    return {
        "openid.cancelled": "the person stopped, or may not use the app",
        "openid.again": "the person signs in once more",
    }.get(key, "look at web.client_id, web.client_secret_file and the app registration")
