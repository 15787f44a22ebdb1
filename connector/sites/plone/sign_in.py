"""Signing in to Plone: a token of some hours from @login, or the password with every request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from connector.auth import claims_of
from connector.errors import Denied, RemoteError
from connector.journaling.remote import Remote
from connector.journaling.token import basic
from connector.sites.plone.answers import Made

_EARLY_S = 300.0
_UNKNOWN_LIFE_S = 3600.0


class SignIn:
    """Used as a Remote's `sign_in`. A site without @login is signed in to with Basic.

    A token is renewed well before its end: to one that has ended Plone does not say so, it answers
    as to a visitor.
    """

    def __init__(
        self,
        remote: Remote,
        user: str,
        secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._remote = remote
        self._user = user
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] = {}
        self._until = 0.0

    def __call__(self, renew: bool) -> Mapping[str, str]:
        """The Authorization header. Raises Denied when name or password are refused."""
        with self._lock:
            if renew or not self._headers or self._clock() >= self._until:
                self._sign_in()
            return self._headers

    def _sign_in(self) -> None:
        body = msgspec.json.encode({"login": self._user, "password": self._secret})
        answer = self._remote.send(
            "POST", "@login", body=body, headers={"Content-Type": "application/json"}, is_read=True
        )
        if answer.status in (404, 405, 501):
            self._headers = basic(self._user, self._secret)(False)
            self._until = float("inf")
            return
        if answer.status in (400, 401, 403):
            text = (
                f"{self._remote.name}: the sign-in as {self._user} is refused (HTTP "
                f"{answer.status}); look at user and secret_file, and whether the account is there"
            )
            raise Denied(text, system=self._remote.name, status=answer.status)
        if not answer.is_good:
            error: RemoteError = self._remote.refusal(answer, is_read=True)
            raise error
        token = self._remote.read(answer, Made, is_read=True).token
        self._headers = {"Authorization": f"Bearer {token}"}
        self._until = _end_of(token, self._clock()) - _EARLY_S


class _Claims(msgspec.Struct):
    exp: float = 0.0


def _end_of(token: str, now: float) -> float:
    """When a token ends, in seconds of the epoch; an hour from now when it does not say."""
    try:
        end = claims_of(token, _Claims).exp
    except ValueError:
        end = 0.0
    return end or now + _UNKNOWN_LIFE_S
