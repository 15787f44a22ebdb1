"""Reading a token: whose it is, and whether it can be believed. Nothing here asks the network.

Sources, read 2026-11-22: OpenID Connect Core 1.0, 3.1.3.7; Microsoft, "ID token claims reference",
"Access token claims reference", "Access tokens in the Microsoft identity platform".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
import msgspec

from connector.web.openid_errors import SignInDenied, not_believed

ALGORITHMS = ("RS256", "PS256", "ES256")  # signed with a key that the provider alone has
LEEWAY_S = 60
MOST_BYTES = 32_768  # a token with 200 groups has about 11,000
API_SCOPE = "access"  # what the app registration exposes to those who ask in a user's name

Key = Mapping[str, Any]  # a JSON Web Key
# PyJWT 2.10, the lowest we take, lets the RecursionError of deeply nested JSON through.
_UNREADABLE = (jwt.PyJWTError, ValueError, RecursionError)


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says of its bearer.

    `oid` is the directory's object id, "" from providers other than Entra. `name` and `mail` are
    for showing: their owner may be able to choose them. `upn` is in lower case. `client` is the
    application that asked for an access token; with `is_app` it is its own bearer, and no person.
    """

    subject: str
    oid: str
    name: str
    upn: str
    mail: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    expires_at: datetime
    client: str = ""
    scopes: tuple[str, ...] = ()
    is_app: bool = False


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must say. `tenant` is "" for a provider that has none."""

    issuer: str
    audiences: tuple[str, ...]
    tenant: str
    now: datetime


def header_of(token: str) -> Mapping[str, Any]:
    """The head of a token, before anything of it is believed. Raises SignInDenied."""
    if len(token) > MOST_BYTES:
        raise not_believed("it is too long")
    try:
        head: Mapping[str, Any] = jwt.get_unverified_header(token)
    except _UNREADABLE as error:
        raise not_believed("it is not a signed JWT") from error
    if head.get("alg") not in ALGORITHMS:
        raise not_believed(f"its algorithm is none of {', '.join(ALGORITHMS)}")
    if not isinstance(head.get("kid"), str):
        raise not_believed("it names no key (kid)")
    return head


def version_of(token: str) -> str:
    """The `ver` claim, unverified: it says by which keys and issuer the token is to be judged."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except _UNREADABLE as error:
        raise not_believed("it is not a signed JWT") from error
    return str(claims.get("ver", ""))


def verified(token: str, key_of: Callable[[str], Key], expected: Expected) -> dict[str, Any]:
    """The claims of a token that the provider signed for us and that is valid now.

    `key_of` gives the key with an id. Raises SignInDenied.
    """
    head = header_of(token)
    algorithm, key = head["alg"], key_of(head["kid"])
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        raise not_believed("its key is not for such signatures")
    issuer = str(key.get("issuer", ""))
    if issuer and expected.tenant and not _is_of(issuer, expected.tenant):
        raise not_believed("its key is another tenant's")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(dict(key), algorithm),
            algorithms=[algorithm],
            audience=expected.audiences,
            issuer=expected.issuer,
            # Times are judged below, by our own clock.
            options={
                "require": ["iss", "aud", "exp", "iat", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except _UNREADABLE as error:
        raise not_believed(_reason(error, expected)) from error
    _check_times(claims, expected.now)
    if expected.tenant and claims.get("tid") != expected.tenant:
        raise not_believed("it is of another tenant (tid)")
    return claims


def _is_of(issuer: str, tenant: str) -> bool:
    """Whether a key's issuer is this tenant, or Entra's template for every one."""
    return "{tenantid}" in issuer or tenant in issuer.split("/")


def _reason(error: Exception, expected: Expected) -> str:
    if isinstance(error, jwt.InvalidAudienceError):
        return f"it is not for {' or '.join(expected.audiences)} (aud)"
    if isinstance(error, jwt.InvalidIssuerError):
        return f"it is not from {expected.issuer} (iss)"
    if isinstance(error, jwt.InvalidSignatureError):
        return "its signature is wrong"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim}"
    return f"it cannot be checked ({type(error).__name__})"


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    at = now.timestamp()
    if at >= _seconds(claims, "exp") + LEEWAY_S:
        raise not_believed("it has expired (exp); if that cannot be, look at this machine's clock")
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims, name) > at + LEEWAY_S:
            raise not_believed(f"it is not valid yet ({name}); look at this machine's clock")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 << 40:
        raise not_believed(f"its {name} is no time")
    return float(value)


def signed_in(
    claims: Mapping[str, Any], *, nonce: str, client_id: str, access_token: str
) -> Claims:
    """What an ID token says of who signed in. Raises SignInDenied.

    `nonce` is the one that was sent; `access_token` what came along, for `at_hash`.
    """
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise not_believed("it does not answer this sign-in (nonce)")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise not_believed("it was made for another application (azp)")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token):
        raise not_believed("it does not belong to the access token (at_hash)")
    return _claims(claims)


def bearer(claims: Mapping[str, Any]) -> Claims:
    """What an access token says of its bearer: a person through an application, or one itself.

    An ID token for the same application is refused: whoever got it was not given the API with it.
    """
    client = next((claims[name] for name in ("azp", "appid", "client_id") if name in claims), None)
    if not isinstance(client, str) or not client or "nonce" in claims or "at_hash" in claims:
        raise not_believed("it is no access token")
    scopes = _words(claims.get("scp", claims.get("scope")))
    is_app = not scopes and (
        claims.get("idtyp") == "app" or ("oid" in claims and claims["oid"] == claims["sub"])
    )
    if not is_app and API_SCOPE not in scopes:
        raise not_believed(f"it has not the scope {API_SCOPE} (scp)")
    if is_app and not claims.get("roles"):
        raise not_believed("its application was given no role (roles)")
    return msgspec.structs.replace(_claims(claims), client=client, scopes=scopes, is_app=is_app)


def _claims(claims: Mapping[str, Any]) -> Claims:
    names = claims.get("_claim_names")
    if claims.get("hasgroups") or (isinstance(names, dict) and "groups" in names):
        raise SignInDenied(
            "openid.groups",
            "the person is in more groups than a token holds: use app roles or limit the groups "
            "claim to assigned groups (Entra admin center, App registrations, Token configuration)",
        )
    return Claims(
        subject=str(claims["sub"]),
        oid=_text(claims, "oid"),
        name=_text(claims, "name"),
        upn=_text(claims, "upn", "preferred_username", "unique_name").lower(),
        mail=_text(claims, "email").lower(),
        roles=_words(claims.get("roles")),
        groups=_words(claims.get("groups")),
        expires_at=datetime.fromtimestamp(_seconds(claims, "exp"), UTC),
    )


def _text(claims: Mapping[str, Any], *names: str) -> str:
    """The first of these claims that is a text with something in it."""
    found = (claims.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def _words(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with spaces between."""
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    return ()


def _half_hash(access_token: str) -> str:
    """`at_hash` for the algorithms we take, which all hash with SHA-256."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).decode().rstrip("=")
