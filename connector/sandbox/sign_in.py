"""The token endpoint: good enough for real msal, with a secret or with a certificate."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl

from connector.sandbox.protocol import Request, Response, json_response
from connector.sandbox.world import Json

LIFE_S = 3599
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CODES = {
    "AADSTS7000215": (401, "invalid_client", "Invalid client secret provided."),
    "AADSTS7000222": (401, "invalid_client", "The provided client secret keys are expired."),
    "AADSTS700016": (400, "unauthorized_client", "Application was not found in the directory."),
    "AADSTS90002": (400, "invalid_request", "Tenant not found."),
    "AADSTS700027": (401, "invalid_client", "The signing certificate is not registered."),
    "AADSTS700024": (401, "invalid_client", "Client assertion is not within its valid time range."),
    "AADSTS1002012": (400, "invalid_scope", "The provided value for scope is not valid."),
    "AADSTS900144": (400, "invalid_request", "A parameter is missing in the request body."),
}  # fmt: skip


def _part(value: Json) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_part(text: str) -> Json:
    """One part of a JWT as JSON; empty when it is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def token(
    seed: int, tenant: str, client: str, roles: frozenset[str], now: datetime, serial: int
) -> str:
    """An access token of JWT shape with the granted roles; its signature is the sandbox's own."""
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int(now.timestamp()) + LIFE_S + 1,
        "appid": client,
        "idtyp": "app",
        "oid": client,
        "roles": sorted(roles),
        "tid": tenant,
        "uti": f"sandbox{serial}",
        "ver": "1.0",
    }
    signed = f"{_part({'typ': 'JWT', 'alg': 'HS256', 'kid': 'sandbox'})}.{_part(claims)}"
    return f"{signed}.{_mark(seed, signed)}"


def _mark(seed: int, signed: str) -> str:
    digest = hashlib.sha256(f"{seed}/{signed}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@lru_cache(maxsize=64)
def claims_of(seed: int, text: str) -> Json | None:
    """The claims of a token that this sandbox made; None for any other text."""
    signed, _, mark = text.rpartition(".")
    if signed.count(".") != 1 or mark != _mark(seed, signed):
        return None
    return read_part(signed.split(".")[1])


def refusal(code: str, now: datetime) -> Response:
    """An error of the token endpoint."""
    status, error, text = CODES[code]
    body = {
        "error": error,
        "error_description": f"{code}: {text} Trace ID: 0 Timestamp: {now:%Y-%m-%d %H:%M:%SZ}",
        "error_codes": [int(code.removeprefix("AADSTS"))],
        "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        "error_uri": f"https://login.microsoftonline.com/error?code={code.removeprefix('AADSTS')}",
    }
    return json_response(body, status)


def configuration(request: Request, tenant: str) -> Response:
    """The OpenID configuration that msal asks for."""
    base = f"{request.origin}/{tenant}"
    return json_response(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }
    )


def check(request: Request, client: str, secret: str, certificate: bytes, wall: datetime) -> str:
    """The code of what is wrong with a token request; "" when nothing is."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    if form.get("grant_type") != "client_credentials":
        return "AADSTS900144"
    if form.get("client_id") != client:
        return "AADSTS700016"
    if not form.get("scope", "").endswith("/.default"):
        return "AADSTS1002012"
    if form.get("client_assertion_type") == ASSERTION:
        return _check_assertion(form.get("client_assertion", ""), client, certificate, wall)
    return "" if form.get("client_secret") == secret else "AADSTS7000215"


def _check_assertion(text: str, client: str, certificate: bytes, wall: datetime) -> str:
    """A signed assertion: signature by the registered certificate, issuer, audience and time."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    signed, _, mark = text.rpartition(".")
    head, _, body = signed.partition(".")
    claims = read_part(body)
    if not certificate or claims.get("iss") != client or claims.get("sub") != client:
        return "AADSTS700027"
    key = load_pem_x509_certificate(certificate).public_key()
    if not isinstance(key, RSAPublicKey):
        return "AADSTS700027"
    signature = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
    try:
        key.verify(signature, signed.encode(), *_algorithm(str(read_part(head).get("alg"))))
    except InvalidSignature:
        return "AADSTS700027"
    expires = datetime.fromtimestamp(int(claims.get("exp", 0)), UTC)
    return (
        "" if wall < expires and "/oauth2/v2.0/token" in str(claims.get("aud")) else "AADSTS700024"
    )


def _algorithm(name: str):  # type: ignore[no-untyped-def]  # a pair of cryptography's own types
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    if name.startswith("PS"):
        return padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32), SHA256()
    return padding.PKCS1v15(), SHA256()
