"""Makes intranets' keys and statements for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_numbers = count(1)


def public_pem(key: Any) -> bytes:
    """The public half of a key as an intranet gives it to us."""
    made: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


class Intranet:
    """An intranet with a key of its own, and the statements it makes for a portal."""

    def __init__(self, name: str = "nordnet", sort: str = "EdDSA") -> None:
        self.name, self.algorithm = name, sort
        makers: Mapping[str, Callable[[], Any]] = {
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
        }
        self.key = makers[sort]()

    def give_key(self, folder: Path) -> None:
        """Put the public key where the portal looks for it."""
        folder.mkdir(exist_ok=True)
        (folder / f"{self.name}.pem").write_bytes(public_pem(self.key))

    def claims(self, portal: str, user: str, now: datetime, **changes: Any) -> dict[str, Any]:
        """What a right statement says; None takes a claim away."""
        at = int(now.timestamp())
        told: Mapping[str, Any] = {
            "iss": self.name,
            "aud": portal,
            "sub": user,
            "iat": at,
            "exp": at + 60,
            "jti": f"n{next(_numbers)}",
            **changes,
        }
        return {name: value for name, value in told.items() if value is not None}

    def state(self, portal: str, user: str, now: datetime, **changes: Any) -> str:
        """A signed statement."""
        return jwt.encode(self.claims(portal, user, now, **changes), self.key, self.algorithm)
