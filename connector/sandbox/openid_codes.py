"""The authorization codes of the OpenID provider: used once, short-lived, bound to who asked."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.sandbox.openid_errors import Refusal
from connector.sandbox.openid_users import DemoUser

CODE_LIFE = timedelta(minutes=10)  # "typically, they expire after about 10 minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code stands for. `challenge` is the S256 code challenge, "" when none was sent."""

    user: DemoUser
    client_id: str
    redirect_uri: str
    scope: frozenset[str]
    nonce: str
    challenge: str
    expires_at: datetime


@dataclass(slots=True)
class Codes:
    """The codes that were given out. May be used from many threads."""

    _grants: dict[str, Grant] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, grant: Grant) -> str:
        """A new code for `grant`."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._grants[code] = grant
        return code

    def take(self, form: Mapping[str, str], client_id: str, now: datetime) -> Grant:
        """What the code of a token request stands for. Raises Refusal.

        The code is used up by a right and by a wrong attempt alike.
        """
        for name in ("code", "redirect_uri"):
            if not form.get(name):
                raise Refusal(900144, name)
        grant = self._used_up(form["code"])
        if grant.client_id != client_id:
            raise Refusal(9002313)
        if now >= grant.expires_at:
            raise Refusal(70008)
        if form["redirect_uri"] != grant.redirect_uri:
            raise Refusal(500112)
        if challenge(form.get("code_verifier", "")) != grant.challenge:
            raise Refusal(501481)
        return grant

    def _used_up(self, code: str) -> Grant:
        with self._lock:
            if code in self._used:
                raise Refusal(54005)
            grant = self._grants.pop(code, None)
            if grant is None:
                raise Refusal(9002313)
            self._used.add(code)
        return grant


def challenge(verifier: str) -> str:
    """S256 of a verifier; "" of none, which is right when no challenge was sent."""
    if not verifier:
        return ""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
