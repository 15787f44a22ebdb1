"""Signing in with a token that an OAuth 2 endpoint gives for a while."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from connector.errors import Denied
from connector.journaling.remote import Remote, SignIn


def basic(user: str, password: str) -> SignIn:
    """Signing in with a name and a password in every request (HTTP Basic)."""
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return lambda _renew: {"Authorization": f"Basic {value}"}


class Token:
    """A bearer token from an OAuth 2 token endpoint, renewed a minute before it ends.

    `remote` is the host of the endpoint `url`, which may be another than the system's. `form` holds
    the grant's fields, its secret among them; `headers` may sign in the client (Basic). Used as
    `sign_in`. Raises Denied when the endpoint refuses.
    """

    def __init__(
        self,
        remote: Remote,
        url: str,
        form: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        monotonic: Callable[[], float],
    ) -> None:
        self._remote = remote
        self._url = url
        self._form = form
        self._extra = dict(headers or {})
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __call__(self, renew: bool) -> Mapping[str, str]:
        """The Authorization header."""
        with self._lock:
            if renew or not self._token or self._monotonic() >= self._until:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def _fetch(self) -> None:
        extra = {"Content-Type": "application/x-www-form-urlencoded", **self._extra}
        body = urlencode(self._form).encode()
        answer = self._remote.send("POST", self._url, body=body, headers=extra, is_read=True)
        if answer.status in (400, 401, 403):
            text = (
                f"{self._remote.name}: the sign-in at {urlsplit(self._url).netloc} is refused "
                f"(HTTP {answer.status}); look at user, client_id and the secret, and whether they "
                "have expired"
            )
            raise Denied(text, system=self._remote.name, status=answer.status)
        if not answer.is_good:
            raise self._remote.refusal(answer, is_read=True)
        granted = self._remote.read(answer, _Granted, is_read=True)
        self._token = granted.access_token
        self._until = self._monotonic() + max(10.0, _seconds(granted.expires_in) - 60.0)


def _seconds(written: float | str) -> float:
    """How long a token lives; five minutes when the endpoint writes what is no number."""
    try:
        return float(written)
    except ValueError:
        return 300.0


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float | str = 300.0
