"""What the provider publishes of itself: its addresses and its keys, asked for seldom.

Sources, read 2026-11-22: OpenID Connect Discovery 1.0; Microsoft, "OpenID Connect on the Microsoft
identity platform", "Signing key rollover".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from connector.errors import ConfigError, Unavailable
from connector.typed import read_json
from connector.web.openid_claims import Key
from connector.web.openid_errors import not_believed, unavailable
from connector.web.openid_issuer import check_address

T = TypeVar("T")

KEEP_S = 86_400.0  # Microsoft: keys may change at any time, look at least every 24 hours
AGAIN_S = 60.0  # an unknown key is looked for at most so often: anybody can name one
PAUSE_S = 5.0  # after a failure
MOST_BYTES = 1 << 20
TIMEOUT_S = (5.0, 10.0)


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """The discovery document, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, its body whole."""

    status: int
    body: bytes


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class Line:
    """How the provider is asked: always with a time-out, never redirected, never more than 1 MB."""

    def __init__(self, ca_bundle: str, proxy: str) -> None:
        self._verify: str | bool = ca_bundle or True
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}

    def ask(
        self,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET, or POST of a form. Raises Unavailable when no answer comes."""
        host = urlsplit(url).netloc
        try:
            with requests.Session() as session:
                session.trust_env = False
                session.verify, session.proxies = self._verify, self._proxies
                with session.request(
                    "GET" if form is None else "POST",
                    url,
                    data=form,
                    headers={"accept": "application/json", **(headers or {})},
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    body = b""
                    for chunk in response.iter_content(1 << 16):
                        body += chunk
                        if len(body) > MOST_BYTES:
                            raise unavailable(f"{host} answered with more than 1 MB")
                    return Answer(response.status_code, body)
        except (requests.RequestException, OSError) as error:
            raise unavailable(f"no answer from {host} ({type(error).__name__})") from error

    def get(self, url: str, kind: type[T]) -> T:
        """The JSON at an address. Raises Unavailable."""
        answer = self.ask(url)
        if answer.status != 200:
            raise unavailable(f"{url} answered with {answer.status}", answer.status)
        try:
            return read_json(answer.body, kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise unavailable(f"what {url} answered with is not what was asked for") from error


class Kept(Generic[T]):
    """Something that is asked for and then kept. Safe to use from many threads.

    While one asks, the others go on with what there is; so they do, for another day, when the
    provider does not answer.
    """

    def __init__(self, fetch: Callable[[], T], monotonic: Callable[[], float]) -> None:
        self._fetch, self._monotonic = fetch, monotonic
        self._lock = threading.Lock()
        self._value: T | None = None
        self._at = 0.0
        self._failed: tuple[float, Unavailable] | None = None

    def get(self, most_s: float = KEEP_S) -> T:
        """It, no older than `most_s` if that can be had. Raises Unavailable or ConfigError."""
        value = self._value
        if value is not None and self._monotonic() - self._at < most_s:
            return value
        if not self._lock.acquire(blocking=value is None):
            return value  # type: ignore[return-value]  # not None: else the lock was waited for
        try:
            return self._renewed(most_s)
        finally:
            self._lock.release()

    def _renewed(self, most_s: float) -> T:
        now, value = self._monotonic(), self._value
        if value is not None and now - self._at < most_s:
            return value
        try:
            if self._failed is not None and now - self._failed[0] < PAUSE_S:
                raise self._failed[1]
            self._value, self._at, self._failed = self._fetch(), now, None
        except Unavailable as error:
            if self._failed is None or error is not self._failed[1]:
                self._failed = (now, error)
            if value is None or now - self._at > 2 * KEEP_S:
                raise
            return value
        return self._value


class Published:
    """One issuer's document and keys. `issuer` is what the document must name itself.

    With `issuer` "" the document may name any, for the older document of the same provider.
    """

    def __init__(
        self, line: Line, address: str, issuer: str, monotonic: Callable[[], float]
    ) -> None:
        self._line, self._address, self._issuer = line, address, issuer
        self._document = Kept(self._fetch_document, monotonic)
        self._keys = Kept(self._fetch_keys, monotonic)

    @property
    def document(self) -> Provider:
        """The discovery document. Raises Unavailable, or ConfigError for a wrong issuer."""
        return self._document.get()

    def key(self, kid: str) -> Key:
        """The key with this id. Raises SignInDenied when the provider has none, Unavailable."""
        found = self._keys.get().get(kid) or self._keys.get(AGAIN_S).get(kid)
        if found is None:
            raise not_believed("the provider has no such key (kid)")
        return found

    def _fetch_document(self) -> Provider:
        url = f"{self._address}/.well-known/openid-configuration"
        document = self._line.get(url, Provider)
        if self._issuer and document.issuer != self._issuer:
            raise ConfigError(
                [f"web.issuer: the provider calls itself {document.issuer}; write exactly that"]
            )
        used = [document.authorization_endpoint, document.token_endpoint, document.jwks_uri]
        for address in (*used, *filter(None, [document.end_session_endpoint])):
            check_address(address)
        return document

    def _fetch_keys(self) -> Mapping[str, Key]:
        found = self._line.get(self.document.jwks_uri, _KeySet)
        return {key["kid"]: key for key in found.keys if isinstance(key.get("kid"), str)}
