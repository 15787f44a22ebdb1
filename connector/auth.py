"""Signing in to Graph as an app: where requests get their token from.

msal is imported at the first token, because importing it costs more than the rest of the program.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from connector.errors import ConfigError, Denied, Unavailable
from connector.typed import read_json

T = TypeVar("T")

# Sign-in hosts that Microsoft's own directory of clouds knows; asking it about others fails.
_MICROSOFT = frozenset(
    {
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
_MARGIN_S = 300.0  # a token is not used in its last five minutes: a long page may be under way
_JUST_RENEWED_S = 10.0  # threads refused together renew once

# Sources: Microsoft Entra, "authentication and authorization error codes", read 2026-11-21.
_WHAT_TO_DO: Mapping[str, str] = {
    "AADSTS7000222": (
        "the client secret has expired. Make a new one (Entra admin center, App registrations, the "
        "app, Certificates & secrets) and put it where the setting graph.secret_env or "
        "graph.secret_file points"
    ),
    "AADSTS7000215": (
        "the client secret is wrong. Often its id was copied instead of its value; the value is "
        "shown only once, when the secret is made"
    ),
    "AADSTS700016": "no app with this client_id is in this tenant. Look at graph.client_id",
    "AADSTS90002": "the tenant was not found. Look at graph.tenant and graph.authority",
    "AADSTS900023": "the tenant is neither an id nor a domain name. Look at graph.tenant",
    "AADSTS700027": (
        "the certificate is not known to the app, or its key is another one. Upload the public "
        "part under Certificates & secrets, or look at graph.certificate_file"
    ),
    "AADSTS1000502": "the certificate has expired. Upload a new one under Certificates & secrets",
    "AADSTS53003": (
        "a Conditional Access policy for workload identities blocks the app from this address"
    ),
    "AADSTS7000112": "the app is disabled in the tenant. An administrator must enable it",
}


def read_pem(file: Path, setting: str) -> str:
    """A certificate and its private key. Raises ConfigError, which names the setting."""
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        text = (
            f"{setting}: {file} cannot be read as a PEM file; it must hold the certificate and its "
            "private key"
        )
        raise ConfigError([text]) from error


class _Session(requests.Session):
    """What msal sends with: always with a time-out, never with settings from the environment."""

    def __init__(self, timeout_s: tuple[float, float], ca_bundle: str, proxy: str) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_bundle or True
        self.proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._timeout_s = timeout_s

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout_s
        return super().request(*args, **kwargs)


def token_source(
    *,
    auth: str,
    base_url: str,
    authority: str = "https://login.microsoftonline.com",
    tenant: str = "",
    client_id: str = "",
    secret: str = "",
    certificate_pem: str = "",
    certificate_thumbprint: str = "",
    static_token: str = "",
    ca_bundle: str = "",
    proxy: str = "",
    timeout_s: tuple[float, float] = (10.0, 60.0),
    monotonic: Callable[[], float] = time.monotonic,
    system: str = "graph",
) -> Callable[[bool], str]:
    """A function that gives the bearer token; with True a new one, because the last was refused.

    `auth` is "secret", "certificate" (PEM with private key and certificate) or "static" (a token
    that somebody else made). `authority` may hold the tenant already. Nothing is asked before the
    first call. The function raises Denied with what to do, or Unavailable. Safe from many threads.
    """
    if auth == "static":
        return _Static(static_token, system)
    credential: str | dict[str, str] = secret
    if auth == "certificate":
        credential = {
            "private_key": _blocks(certificate_pem, "PRIVATE KEY"),
            "public_certificate": _blocks(certificate_pem, "CERTIFICATE"),
        }
        if certificate_thumbprint:
            credential["thumbprint"] = certificate_thumbprint.replace(":", "")
    where = authority.rstrip("/")
    if tenant and not where.endswith("/" + tenant):
        where = f"{where}/{tenant}"
    parts = urlsplit(base_url)
    scope = f"{parts.scheme}://{parts.netloc}/.default"
    session = _Session(timeout_s, ca_bundle, proxy)
    return _SignIn(where, client_id, credential, scope, session, monotonic, system)


class _Roles(msgspec.Struct):
    roles: list[str] = []


def token_roles(token: str) -> frozenset[str]:
    """The `roles` claim of a token, empty when it holds none that can be read."""
    try:
        return frozenset(claims_of(token, _Roles).roles)
    except ValueError:
        return frozenset()


def claims_of(token: str, kind: type[T]) -> T:
    """What a JWT says of itself: only read, never trusted, the server decides. Raises ValueError
    for what is none."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    return read_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), kind)


def _blocks(pem: str, what: str) -> str:
    """The blocks of one kind in a PEM file, which may hold key and certificates in any order."""
    pattern = rf"-----BEGIN [A-Z ]*{what}-----.*?-----END [A-Z ]*{what}-----"
    return "\n".join(re.findall(pattern, pem, re.S)) + "\n"


class _Static:
    """A token from outside; there is no way to renew it."""

    def __init__(self, token: str, system: str) -> None:
        self._token, self._system = token, system

    def __call__(self, renew: bool) -> str:
        if renew or not self._token:
            raise Denied(
                f"{self._system}: the static token is refused or missing; give a new one",
                system=self._system,
                status=401,
            )
        return self._token


class _SignIn:
    """One app's token, kept until shortly before its end and renewed by one thread."""

    def __init__(
        self,
        authority: str,
        client_id: str,
        credential: str | dict[str, str],
        scope: str,
        session: _Session,
        monotonic: Callable[[], float],
        system: str,
    ) -> None:
        self._authority, self._client_id = authority, client_id
        self._credential, self._scope = credential, scope
        self._session, self._monotonic, self._system = session, monotonic, system
        self._lock = threading.Lock()
        self._app: Any = None
        self._token = ""
        self._good_until = 0.0
        self._renewed_at: float | None = None

    def __call__(self, renew: bool) -> str:
        token, now = self._token, self._monotonic()
        if token and not renew and now < self._good_until:
            return token
        with self._lock:
            now = self._monotonic()
            is_new = self._renewed_at is not None and now - self._renewed_at < _JUST_RENEWED_S
            if self._token and now < self._good_until and (is_new or not renew):
                return self._token
            return self._renew(now, renew)

    def _renew(self, now: float, is_refused: bool) -> str:
        result = self._ask(is_refused)
        token = result.get("access_token")
        if not isinstance(token, str):
            raise self._denied(str(result.get("error_description") or result.get("error") or ""))
        lifetime_s = float(result.get("expires_in") or 3600)
        self._token = token
        self._good_until = now + max(lifetime_s - _MARGIN_S, lifetime_s / 2)
        self._renewed_at = now
        return token

    def _ask(self, is_refused: bool) -> dict[str, Any]:
        """Ask msal; its own cache answers while it can, unless the token was refused."""
        from msal.exceptions import MsalServiceError

        try:
            if self._app is None:
                self._app = self._make_app()
            elif is_refused:
                self._app.remove_tokens_for_client()
            result: dict[str, Any] = self._app.acquire_token_for_client([self._scope])
        except requests.RequestException as error:
            raise Unavailable(
                f"{self._system}: no answer from the sign-in at {self._host} "
                f"({type(error).__name__}); look at graph.authority, proxy and ca_bundle",
                system=self._system,
            ) from error
        except MsalServiceError as error:
            # 5xx and 429 only; msal asks again when Retry-After, or a minute, is over.
            raise Unavailable(
                f"{self._system}: the sign-in at {self._host} cannot answer now ({error}); the "
                "next run tries again",
                system=self._system,
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            # msal raises ValueError for an authority it cannot discover and for an unreadable key.
            raise self._denied(str(error)) from error
        return result

    @property
    def _host(self) -> str:
        return urlsplit(self._authority).netloc

    def _make_app(self) -> Any:
        import msal

        return msal.ConfidentialClientApplication(
            self._client_id,
            authority=self._authority,
            client_credential=self._credential,
            instance_discovery=urlsplit(self._authority).hostname in _MICROSOFT,
            http_client=self._session,
        )

    def _denied(self, description: str) -> Denied:
        """A refused sign-in, with what to do. The description may hold ids, never the secret."""
        for code, text in _WHAT_TO_DO.items():
            # AADSTS7000222 begins with AADSTS700022: the colon or a space ends the code.
            if f"{code}:" in description or f"{code} " in f"{description} ":
                return Denied(f"{self._system}: {text} ({code})", system=self._system, status=401)
        first = description.strip().partition("\n")[0][:200]
        if "private" in first.lower() or "pem" in first.lower() or "key" in first.lower():
            first = "the key or certificate cannot be read; PEM with an unencrypted key is needed"
        return Denied(
            f"{self._system}: sign-in at {self._host} was refused: {first or 'no reason given'}",
            system=self._system,
            status=401,
        )
