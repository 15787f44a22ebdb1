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
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from zope.i18nmessageid import Message

from casethread.plone import _
from casethread.plone.settings import settings

LIFE_S = 60
RSA_BITS = 2048  # the connector believes no shorter key
KEY, KEY_FILE = "CASETHREAD_INTRANET_KEY", "CASETHREAD_INTRANET_KEY_FILE"


class NotReady(Exception):
    """No statement can be signed; `why` says what an administrator has to do."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


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
            _(
                "not_ready_settings",
                default="the control panel has no address of Casethread, or no name of this "
                "intranet",
            )
        )
    return Signer(portal=found.connector_url.rstrip("/"), name=found.intranet_name, key=_key())


def _key() -> Any:
    text = os.environ.get(KEY, "")
    file = os.environ.get(KEY_FILE, "")
    if not text and not file:
        raise NotReady(
            _(
                "not_ready_key",
                default="no private key: set ${name} where Plone is started",
                mapping={"name": KEY_FILE},
            )
        )
    try:
        return _read(text.replace("\\n", "\n").encode() if text else Path(file).read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Not the error's words: they may hold a part of the key.
        raise NotReady(
            _(
                "not_ready_pem",
                default="${name} is no private key in PEM of a sort that Casethread takes: "
                "Ed25519, P-256, or RSA of at least ${bits} bits",
                mapping={"name": KEY if text else KEY_FILE, "bits": str(RSA_BITS)},
            )
        ) from error


@lru_cache(maxsize=2)
def _read(pem: bytes) -> Any:
    key = load_pem_private_key(pem, password=None)
    _algorithm(key)
    return key


def _algorithm(key: Any) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    if isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS:
        return "RS256"
    raise ValueError(f"neither Ed25519, P-256 nor RSA of {RSA_BITS} bits")
