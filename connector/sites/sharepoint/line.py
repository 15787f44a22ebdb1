"""The line to SharePoint under office365-rest-python-client, and what its answers mean.

The library waits for an answer without end, retries on its own in places, follows redirects, takes
a page for people as an empty success, and knows one of the two codes of an expired form digest
(3.3.0, read 2026-11-22). So every request of it goes through `Line`, which signs it, bounds it, and
raises our errors, which the library lets through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from office365.runtime.client_request_exception import ClientRequestException
from office365.runtime.http.http_method import HttpMethod
from office365.runtime.http.request_options import RequestOptions
from office365.runtime.transport.base import BaseTransport
from office365.runtime.transport.requests_transport import RequestsTransport
from requests.adapters import HTTPAdapter

from connector.errors import Denied, Rejected, RemoteError, Throttled, Unavailable, Unclear
from connector.journaling.remote import Answer, Remote, retry_after_s

GRANT = (
    "SharePoint Online: give the app Sites.Selected (application, SharePoint and Graph) and the "
    "role write on this site, POST https://graph.microsoft.com/v1.0/sites/{site-id}/permissions "
    '{"roles":["write"],"grantedToIdentities":[{"application":{"id":"<client_id>",'
    '"displayName":"Casethread"}}]}; a server: Contribute for the account on the site'
)
# [MS-CSOMSPT] 2.2.1: a digest that is not the server's, and one that has expired.
_DIGEST = frozenset({"-2130575251", "-2130575252"})
_TAKEN = frozenset({"-2130575169", "-2130575257"})  # a unique value, a file's name
_SCAN = "-2147024860"


class DigestRefused(Exception):
    """The form digest is no longer good; nothing was done. The request is sent again with a new."""


class Taken(Rejected):
    """The key, or the file's name, is there already: somebody, or an earlier run, was first."""


class Session(requests.Session):
    """requests' session without what the surroundings might change, and without redirects."""

    def __init__(self, origin: str, ca_bundle: str, adapter: HTTPAdapter | None) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_bundle or True
        if adapter is not None:
            self.mount(origin, adapter)

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False
        return super().request(*args, **kwargs)


class Line(BaseTransport):
    """One thread's requests. `rules` gives the general meaning of an HTTP status.

    `token` gives the bearer token, anew with True; None when the session signs in (NTLM).
    """

    def __init__(
        self,
        session: Session,
        rules: Remote,
        token: Callable[[bool], str] | None,
        *,
        timeout_s: float,
        user_agent: str,
        full: tuple[str, ...],
    ) -> None:
        self._inner = RequestsTransport(session=session, timeout=(10.0, timeout_s))
        self._rules = rules
        self._token = token
        self._agent = user_agent
        self._full = tuple(each.lower() for each in full if each)

    @property
    def auth(self) -> Any:
        """Not None: the library leaves signing in to us."""
        return self

    def execute(self, request: RequestOptions) -> requests.Response:
        """Send it and give its good answer. Raises our errors, Taken and DigestRefused."""
        request.set_header("User-Agent", self._agent)
        response = self._send(request, renew=False)
        if response.status_code == 401 and self._token is not None:
            response = self._send(request, renew=True)
        if response.status_code < 200 or response.status_code >= 300:
            raise self._refusal(request, response)
        self._require_form(request, response)
        return response

    def _send(self, request: RequestOptions, *, renew: bool) -> requests.Response:
        if self._token is not None:
            request.set_header("Authorization", f"Bearer {self._token(renew)}")
        try:
            return self._inner.execute(request)
        except (requests.RequestException, OSError) as error:
            method = request.method.value
            raise self._rules.broken(error, method, is_read=is_read(request)) from error

    def _refusal(self, request: RequestOptions, response: requests.Response) -> Exception:
        status, name = response.status_code, self._rules.name
        fault = ClientRequestException.from_response(response)
        code = fault.hresult or ""
        about: dict[str, Any] = {"system": name, "status": status}
        if status == 403 and code in _DIGEST:
            return DigestRefused()
        if code in _TAKEN:
            return Taken(f"{name}: the key or the file's name is there already", **about)
        if code == _SCAN:
            text = (
                f"{name}: a list has more rows than SharePoint lets a query look through (the "
                "list view threshold, 5,000), and the column looked up is not indexed; "
                '"casethread check" tells which'
            )
            return Unavailable(text, **about)
        said = f"{code} {fault.message}".lower()
        if status != 401 and any(each in said for each in self._full):
            text = f"{name}: the site has no room left; ask for a larger storage quota"
            return Unavailable(text, **about)
        return self._by_status(request, response, about)

    def _by_status(
        self, request: RequestOptions, response: requests.Response, about: dict[str, Any]
    ) -> RemoteError:
        name = self._rules.name
        if response.status_code == 403:
            what = "read here" if is_read(request) else "write here"
            return Denied(f"{name}: the account may not {what}. {GRANT}", **about)
        if response.status_code == 401:
            what = "sign-in at SharePoint is refused; look at the certificate or the password"
            if "app only token" in response.text[:2000].lower():
                what = "SharePoint refuses tokens got with a client secret; use a certificate"
            return Denied(f"{name}: {what}", **about)
        answer = Answer(
            response.status_code,
            response.content,
            response.headers,
            request.method.value,
            request.url.partition("?")[0],
        )
        return self._rules.refusal(answer, is_read=is_read(request))

    def _require_form(self, request: RequestOptions, response: requests.Response) -> None:
        """Raises for what the library would take as an empty success, and for parts throttled."""
        kind = response.headers.get("Content-Type", "").lower()
        if request.url.lower().endswith("/$batch"):
            heads = [
                line for line in response.content.splitlines() if line.startswith(b"HTTP/1.1 ")
            ]
            if any(line[9:12] in (b"429", b"503") for line in heads):
                raise self._throttled_part(response.content)
            # The library leaves parts that are not answered as they are, without a word.
            if "multipart/mixed" in kind and len(heads) == _parts_of(request):
                return
        elif "/$value" in request.url.lower() or not response.content or "json" in kind:
            return
        raise lost(self._rules.name, request, "a page for people, or nothing known")

    def _throttled_part(self, body: bytes) -> Throttled:
        """A part of a batch that SharePoint asks to send later; the library would sleep on it."""
        waits = [
            wait
            for line in body.splitlines()
            if line.lower().startswith(b"retry-after:")
            and (wait := retry_after_s(line.partition(b":")[2].decode("latin-1"))) is not None
        ]
        text = f"{self._rules.name}: SharePoint asks for fewer requests"
        return Throttled(text, wait_s=max(waits, default=None), system=self._rules.name)


def _parts_of(request: RequestOptions) -> int:
    return request.data.count(b"application/http") if isinstance(request.data, bytes) else 0


def is_read(request: RequestOptions) -> bool:
    """Whether it changes nothing: a GET, or asking for a form digest."""
    return request.method == HttpMethod.Get or request.url.lower().endswith("/contextinfo")


def lost(name: str, request: RequestOptions, what: str) -> RemoteError:
    """An answer that says nothing: what was asked may have been done."""
    text = f"{name}: the answer to {request.method.value} is {what}"
    if is_read(request):
        return Unavailable(text, system=name)
    return Unclear(f"{text}; it is looked for there", system=name)
