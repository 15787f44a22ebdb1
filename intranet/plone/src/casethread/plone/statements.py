"""Signs statements of who is signed in, for the connector (a JSON Web Token, RFC 7519).

The private key comes from the environment, and is never in the database or the registry:
CASETHREAD_INTRANET_KEY_FILE names a PEM file, or CASETHREAD_INTRANET_KEY is the PEM itself. The
connector has the public half as NAME.pem in its folder web.intranet_keys.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from casethread.plone.settings import settings

LIFE_S = 60
KEY, KEY_FILE = "CASETHREAD_INTRANET_KEY", "CASETHREAD_INTRANET_KEY_FILE"


class NotReady(Exception):
    """No statement can be signed; says what an administrator has to do."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs for one connector."""

    portal: str  # its address, which a statement is good for alone
    name: str  # ours: the name of the public key's file at the connector
    key: Any
    clock: Callable[[], float] = time.time

    def state(self, user: str) -> str:
        """A statement that this user asks, good for one use within LIFE_S."""
        now = int(self.clock())
        said = {
            "iss": self.name,
            "aud": self.portal,
            "sub": user,
            "iat": now,
            "exp": now + LIFE_S,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(said, self.key, _algorithm(self.key))


def signer() -> Signer:
    """Signs as this site is set up. Raises NotReady."""
    found = settings()
    if not found.connector_url or not found.intranet_name:
        raise NotReady(
            "the control panel has no address of Casethread, or no name of this intranet"
        )
    return Signer(portal=found.connector_url.rstrip("/"), name=found.intranet_name, key=_key())


def _key() -> Any:
    text = os.environ.get(KEY, "")
    file = os.environ.get(KEY_FILE, "")
    if not text and not file:
        raise NotReady(f"no private key: set {KEY_FILE} where Plone is started")
    try:
        return _read(text.replace("\\n", "\n").encode() if text else Path(file).read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Not the error's words: they may hold a part of the key.
        raise NotReady(f"{KEY if text else KEY_FILE} is no private key in PEM") from error


@lru_cache(maxsize=2)
def _read(pem: bytes) -> Any:
    key = load_pem_private_key(pem, password=None)
    _algorithm(key)
    return key


def _algorithm(key: Any) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key, EllipticCurvePrivateKey):
        return "ES256"
    if isinstance(key, RSAPrivateKey):
        return "RS256"
    raise ValueError("neither Ed25519, P-256 nor RSA")
