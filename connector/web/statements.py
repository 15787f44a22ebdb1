"""Statements of an intranet: which of its users asks. Signed by it, short-lived, good for one use.

A statement is a JSON Web Token (RFC 7519) signed with the intranet's private key. We have its
public key as NAME.pem in the folder web.intranet_keys; the name of the file is the issuer. Which
algorithm is right is decided by the key and never by the token: so a public key cannot be taken for
a shared secret, and an unsigned token is none.

Which statements were used is remembered by the portal's processes together, and no longer than they
live. So that none can be used again after a restart, a statement made before the portal was ready
for it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connector.web.common import Common

LIFE_S = 120  # from iat to exp at most
LEEWAY_S = 5  # two servers' clocks
MOST_CHARACTERS = 4096
MOST_REMEMBERED = 100_000  # in two minutes: 800 a second
RSA_BITS = 2048
_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti"]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


class NotBelieved(Exception):
    """A statement that is refused; the reason is for the operator's log."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says: this intranet's user is this person (directory id or UPN)."""

    intranet: str
    user: str


class Statements:
    """Reads statements for one portal. Safe to use from many threads.

    `folder` holds the public keys, and is read anew for each statement: a key that is taken away is
    worth nothing at once. `portal` is web.url, which a statement must be for.
    """

    def __init__(
        self,
        folder: Path | None,
        portal: str,
        clock: Callable[[], datetime],
        common: Common | None = None,
    ) -> None:
        self._folder, self._portal, self._clock = folder, portal, clock
        # Later than any statement that was used before this portal: those could be LEEWAY_S ahead.
        self._ready_at = clock().timestamp() + LEEWAY_S
        self._common = common or Common()

    def read(self, token: str) -> Said:
        """What the statement says; it is used up by this. Raises NotBelieved."""
        if len(token) > MOST_CHARACTERS:
            raise NotBelieved("it is too long")
        name = _issuer(token)
        key = self._key(name)
        claims = _verified(token, key, self._portal, name)
        now = self._clock().timestamp()
        ends = self._check_times(claims, now)
        user, number = claims["sub"], claims["jti"]
        if not 0 < len(user) <= 256 or not 0 < len(number) <= 128:
            raise NotBelieved("its sub or jti is empty or too long")
        refused = self._common.use(name, number, now, ends, MOST_REMEMBERED)
        if refused:
            raise NotBelieved(refused)
        return Said(intranet=name, user=user)

    def _key(self, name: str) -> PublicKey:
        files = {} if self._folder is None else _files(self._folder)
        file = files.get(name)
        if file is None:
            raise NotBelieved(f"web.intranet_keys has no {name}.pem")
        try:
            key = load_pem_public_key(file.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise NotBelieved(f"{name}.pem cannot be read as a public key in PEM") from error
        if isinstance(key, RSAPublicKey) and key.key_size < RSA_BITS:
            raise NotBelieved(f"{name}.pem is an RSA key of fewer than {RSA_BITS} bits")
        if isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1):
            raise NotBelieved(f"{name}.pem is on another curve than P-256")
        if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey):
            raise NotBelieved(f"{name}.pem is none of Ed25519, P-256 and RSA")
        return key

    def _check_times(self, claims: Mapping[str, Any], now: float) -> float:
        """When it ends, with the leeway."""
        made, ends = _seconds(claims, "iat"), _seconds(claims, "exp")
        if not 0 < ends - made <= LIFE_S:
            raise NotBelieved(f"it is not for 1 to {LIFE_S} seconds (iat, exp)")
        if made > now + LEEWAY_S:
            raise NotBelieved("it is made in the future (iat); look at both clocks")
        if ends + LEEWAY_S <= now:
            raise NotBelieved("it has expired (exp)")
        if made < self._ready_at:
            raise NotBelieved("it was made before this portal started (iat); make a new one")
        return ends + LEEWAY_S


def _files(folder: Path) -> Mapping[str, Path]:
    """Name -> file. Looked up here: no path is made of what came from outside."""
    try:
        return {each.stem: each for each in folder.iterdir() if each.suffix == ".pem"}
    except OSError as error:
        raise NotBelieved("the folder web.intranet_keys cannot be read") from error


def _issuer(token: str) -> str:
    """Whose statement it claims to be."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotBelieved("it is not a signed JWT") from error
    name = claims.get("iss")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NotBelieved("its issuer is no intranet's name (iss)")
    return name


def _verified(token: str, key: PublicKey, portal: str, name: str) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_algorithm(key)],
            audience=portal,
            issuer=name,
            # Times are judged by our own clock. One audience: a statement for us is for us alone.
            options={
                "require": _CLAIMS,
                "strict_aud": True,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise NotBelieved(f"{name}: {_reason(error, portal)}") from error
    return claims


def _algorithm(key: PublicKey) -> str:
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    return "RS256" if isinstance(key, RSAPublicKey) else "ES256"


def _reason(error: Exception, portal: str) -> str:
    if isinstance(error, jwt.InvalidAudienceError):
        return f"it is not for {portal} alone (aud)"
    if isinstance(error, jwt.InvalidSignatureError):
        return "its signature is wrong"
    if isinstance(error, jwt.InvalidAlgorithmError):
        return "its algorithm is not that of the key (alg)"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim}"
    return f"it cannot be checked ({type(error).__name__})"


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 << 40:
        raise NotBelieved(f"its {name} is no time")
    return float(value)
