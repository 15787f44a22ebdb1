"""The tokens of the OpenID provider, with the claims that Entra ID gives them, signed with RS256.

Sources, read 2026-11-22: Microsoft, "ID token claims reference", "Access token claims reference",
"Access tokens in the Microsoft identity platform" (v1.0 and v2.0, issuers, keys).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.sandbox.openid_users import DemoUser
from connector.sandbox.world import Json

LIFE = timedelta(minutes=75)  # the average of Entra's 60 to 90 minutes
GRAPH = "00000003-0000-0000-c000-000000000000"  # Microsoft Graph's application id
MOST_GROUPS = 200  # in a JWT; above it the claim is left out and `_claim_names` says so
STS = "https://sts.windows.net"  # issuer of v1.0 tokens


class SigningKey:
    """An RSA key of 2048 bits; `kid` is a thumbprint of its public part."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa

        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        self.n, self.e = _number(numbers.n), _number(numbers.e)
        # RFC 7638: the members that are required, in this order, without spaces.
        thumbprint = f'{{"e":"{self.e}","kty":"RSA","n":"{self.n}"}}'
        self.kid = _text(hashlib.sha256(thumbprint.encode()).digest())

    def jwk(self, issuer: str) -> Json:
        """The public part, as the keys endpoint tells it."""
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "n": self.n,
            "e": self.e,
            "issuer": issuer,
        }

    def sign(self, claims: Json, header: Mapping[str, str] | None = None) -> str:
        """A JWT. `header` is added to, or replaces, what is usual."""
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.hashes import SHA256

        head = {"typ": "JWT", "alg": "RS256", "kid": self.kid, **(header or {})}
        signed = f"{_part(head)}.{_part(claims)}"
        mark = self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_text(mark)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """Makes the claims of one tenant's tokens.

    `claims` says what the application is set up to be told: "roles" (app roles) or "groups".
    `version` is the API's accessTokenAcceptedVersion.
    """

    tenant: str
    origin: str
    now: datetime
    claims: str = "roles"
    version: int = 2
    serial: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def issuer(self) -> str:
        """The issuer of v2.0 tokens."""
        return f"{self.origin}/{self.tenant}/v2.0"

    def id_token(self, user: DemoUser, client: str, nonce: str, scope: frozenset[str]) -> Json:
        """The claims of an ID token (v2.0) for `client`; `profile` and `email` add theirs."""
        made = {
            **self._frame(self.issuer, client),
            "sub": self.pairwise(client, user.oid),
            "ver": "2.0",
        }
        if nonce:
            made["nonce"] = nonce
        if "profile" in scope:
            made |= {"oid": user.oid, "name": user.name, "preferred_username": user.upn}
        if "email" in scope:
            made["email"] = user.mail
        return {**made, **self._rights(user)}

    def access_token(self, user: DemoUser, client: str, audience: str, scopes: str) -> Json:
        """The claims of an access token in a user's name, for the API `audience`."""
        made = {
            **self._access_frame(client, audience),
            "sub": self.pairwise(audience, user.oid),
            "oid": user.oid,
            "name": user.name,
            "scp": scopes,
            **self._rights(user),
        }
        if self.version == 1:
            return {**made, "upn": user.upn, "unique_name": user.upn}
        return {**made, "preferred_username": user.upn}

    def app_token(self, client: str, audience: str, roles: tuple[str, ...]) -> Json:
        """The claims of an access token of an application itself: no `scp`, `roles` instead."""
        service = str(uuid.uuid5(uuid.UUID(self.tenant), f"service principal/{client}"))
        return {
            **self._access_frame(client, audience),
            "sub": service,
            "oid": service,
            "idtyp": "app",
            "roles": list(roles),
        }

    def pairwise(self, client: str, oid: str) -> str:
        """The subject: another one for each application."""
        return _text(hashlib.sha256(f"{self.tenant}/{client}/{oid}".encode()).digest())

    def _frame(self, issuer: str, audience: str) -> Json:
        at = int(self.now.timestamp())
        return {
            "aud": audience,
            "iss": issuer,
            "iat": at,
            "nbf": at,
            "exp": at + int(LIFE.total_seconds()),
            "tid": self.tenant,
            "uti": self.serial,
        }

    def _access_frame(self, client: str, audience: str) -> Json:
        if self.version == 1:
            frame = self._frame(f"{STS}/{self.tenant}/", f"api://{audience}")
            return {**frame, "appid": client, "appidacr": "1", "ver": "1.0"}
        return {
            **self._frame(self.issuer, audience),
            "azp": client,
            "azpacr": "1",
            "ver": "2.0",
        }

    def _rights(self, user: DemoUser) -> Json:
        if self.claims == "roles":
            return {"roles": list(user.roles)} if user.roles else {}
        if len(user.groups) <= MOST_GROUPS:
            return {"groups": list(user.groups)}
        where = f"https://graph.windows.net/{self.tenant}/users/{user.oid}/getMemberObjects"
        return {
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": where}},
        }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _part(value: Mapping[str, object]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))
