"""Asking one of the services: signing in, paging, and what its faults mean.

Open Zaak and Open Klant share one shape of error (`code`, `type`, `invalidParams`). What happened
is decided by the codes, never by the words, which are Dutch and free.
Source: answers of Open Zaak 1.30.0 and Open Klant 2.18.0, 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from connector.errors import CaseClosed, Denied, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.remote import Answer, Remote

T = TypeVar("T")

CRS = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}
# A clock that is a little ahead of the server's must not make a token of the future.
_EARLY_S = 30
# Something of this key, or this link, is there already.
_THERE = frozenset({"identificatie-niet-uniek", "unique"})


class Invalid(Rejected):
    """A refusal of fields (HTTP 400); `codes` say why."""

    codes: frozenset[str] = frozenset()


class Param(msgspec.Struct):
    """One field that was refused."""

    name: str = ""
    code: str = ""


class Fault(msgspec.Struct, rename="camel"):
    """The body of a refusal."""

    type: str = ""
    code: str = ""
    invalid_params: list[Param] = []


class Paged(msgspec.Struct, Generic[T]):
    """One page of a list."""

    results: list[T]
    next: str | None = None
    count: int = 0


class Signer:
    """Signs every request with a token of its own (JWT, HS256), because one lives for an hour only.

    The user in it stands in the audit trail of Open Zaak: `user`, unless somebody is `acting`.
    """

    def __init__(self, client_id: str, secret: str, user: str, clock: Callable[[], float]) -> None:
        self._client_id = client_id
        self._secret = secret.encode()
        self._user = user
        self._clock = clock
        self._local = threading.local()

    @contextmanager
    def acting(self, user: str) -> Iterator[None]:
        """What this thread does meanwhile is done as this user; "" leaves the service account."""
        self._local.user = user
        try:
            yield
        finally:
            self._local.user = ""

    def __call__(self, renew: bool) -> Mapping[str, str]:  # noqa: ARG002  always new
        """The Authorization header."""
        user = getattr(self._local, "user", "") or self._user
        claims = {
            "iss": self._client_id,
            "iat": int(self._clock()) - _EARLY_S,
            "client_id": self._client_id,
            "user_id": user,
            "user_representation": user,
        }
        head = _part({"typ": "JWT", "alg": "HS256"})
        signed = f"{head}.{_part(claims)}"
        proof = hmac.new(self._secret, signed.encode(), hashlib.sha256).digest()
        return {"Authorization": f"Bearer {signed}.{_text(proof)}"}


class Service:
    """Open Zaak or Open Klant. Paths are below the base address; answers become structs."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.name = remote.name
        self.version = ""  # the API-version of the last answer that told one

    def get(self, path: str, type: type[T], query: Mapping[str, str] | None = None) -> T:
        """One thing. Denied for an address on another host: so it is with every case."""
        try:
            answer = self.remote.get(path, query, _extra(path))
        except Rejected as error:
            if error.field != "url":
                raise
            text = f"{error}; set url to the address that the system itself gives out"
            raise Denied(text, system=self.name) from error
        self.version = answer.headers.get("API-version", "") or self.version
        return self.remote.read(answer, type, is_read=True)

    def every(
        self, path: str, type: type[T], query: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        """All things of a list, page by page."""
        page = self.get(path, Paged[type], query)  # type: ignore[valid-type]
        seen: set[str] = set()
        while True:
            yield from page.results
            if not page.next:
                return
            if page.next in seen:
                raise Unavailable(f"{self.name}: the pages of a list do not end", system=self.name)
            seen.add(page.next)
            page = self.get(page.next, Paged[type])  # type: ignore[valid-type]

    def post(self, path: str, value: object, type: type[T]) -> T:
        """Make something. Raises Invalid with the codes of the fields that are refused."""
        return self.remote.json("POST", path, type, value=value, headers=_extra(path))

    def send(self, method: str, path: str, body: bytes, content_type: str) -> None:
        """Send something whose answer does not matter."""
        headers = {"Content-Type": content_type, **_extra(path)}
        self.remote.ask(method, path, body=body, headers=headers)


def zaak_service(connection: Connection, signer: Signer) -> Service:
    """Open Zaak, signed in by `signer`."""
    return _service(connection, connection.url, signer)


def contact_service(connection: Connection) -> Service:
    """Open Klant, with its token."""
    sign = {"Authorization": f"Token {connection.contacts_secret}"}
    return _service(connection, connection.contacts_url, lambda _renew: sign)


def _service(
    connection: Connection, url: str, sign_in: Callable[[bool], Mapping[str, str]]
) -> Service:
    return Service(
        Remote(
            url,
            name=connection.name,
            sign_in=sign_in,
            refuse=lambda answer: refuse(connection.name, answer),
            ca_bundle=connection.ca_bundle,
            timeout_s=(10.0, connection.timeout_s),
            in_flight=connection.in_flight,
            adapter=connection.adapter,
        )
    )


def refuse(name: str, answer: Answer) -> RemoteError | None:
    """What a refusal means here; None for what HTTP's own rules say well enough."""
    about: dict[str, Any] = {"system": name, "status": answer.status}
    where = f"{answer.method} {urlsplit(answer.url).path[:120]}"
    if answer.status == 413:
        text = (
            f"{name}: a file is too large for one request; lower [limits] single_upload_kb in the "
            "mapping, or let the server in front of Open Zaak take larger ones"
        )
        return Rejected(text, field="files", **about)
    try:
        found = answer.decoded(Fault)
    except msgspec.DecodeError:
        return None
    if found.type.rstrip("/").endswith("/ZaakClosed"):
        return CaseClosed(f"{name}: the case is closed", field="case_number", **about)
    if answer.status == 403 and "jwt" in found.code:
        text = (
            f"{name}: the signature is refused ({found.code}); look at client_id and secret, and "
            "at this server's clock: a signature is good for an hour"
        )
        return Denied(text, **about)
    if answer.status == 400 and found.code:
        params = [f"{param.name}: {param.code}" for param in found.invalid_params]
        told = ", ".join(params)[:200] or found.code[:100]
        field = found.invalid_params[0].name.rpartition(".")[2] if found.invalid_params else ""
        error = Invalid(f"{name}: {where} refuses {told}", field=field[:100], **about)
        error.codes = frozenset(param.code for param in found.invalid_params)
        return error
    return None


def sure(write: Callable[[], T], look: Callable[[], T | None]) -> T:
    """A write; and when its answer is lost, or says "already there", what is found instead.

    A 500 with nothing to be found is Unavailable: the request was undone. A lost answer, or one of
    a server in between (502 to 504), stays Unclear: the request may still be at work.
    """
    try:
        return write()
    except Invalid as error:
        found = look() if error.codes & _THERE else None
        if found is None:
            raise
        return found
    except Unclear as error:
        try:
            found = look()
        except RemoteError:
            raise error from None
        if found is not None:
            return found
        if error.status == 500:
            text = f"{error}; it is not there: the system may have no room, or its log says why"
            raise Unavailable(text, system=error.system, status=500) from error
        raise


def _extra(path: str) -> Mapping[str, str]:
    """Zaken alone asks for the coordinate system, although nothing here has coordinates."""
    return CRS if "/zaken/api/" in f"/{path}" else {}


def _part(value: object) -> str:
    return _text(msgspec.json.encode(value))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
