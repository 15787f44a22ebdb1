"""Talking to a records system over HTTP: what was asked, what came back, what a fault means.

A read that finds no answer is Unavailable. A write whose answer is lost is Unclear, and so is a
write that was answered with 5xx: the system may have carried it out. Only a connection that was
never made proves that nothing was written.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter

from connector.errors import (
    CaseLocked,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.typed import read_json
from connector.wire import QuickAdapter

T = TypeVar("T")

GRACE_S = 60  # a server that is slow with what a dead process of ours sent is given this time
READS = frozenset({"GET", "HEAD"})
_FULL = frozenset({413, 507})
_LARGEST_BODY = 64 << 20
_LONGEST_WAIT_S = 86_400.0
_UNSAFE = re.compile(r"[^\x21-\x7e]")
_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
)


class Answer(msgspec.Struct, frozen=True):
    """What came back, its body whole. Header names are case-insensitive."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    method: str
    url: str

    @property
    def is_good(self) -> bool:
        """2xx. Some systems say so when they failed: the adapter looks into the body too."""
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        """A page for people, such as a proxy's error or a sign-in form."""
        kind = self.headers.get("Content-Type", "").lower()
        return "html" in kind or self.body.lstrip()[:14].lower().startswith(
            (b"<!doctype html", b"<html")
        )

    def decoded(self, type: type[T]) -> T:
        """The JSON body as `type`. Raises msgspec.DecodeError."""
        return read_json(self.body, type)


SignIn = Callable[[bool], Mapping[str, str]]
"""sign_in(renew) -> the headers that prove who asks; anew when `renew` is true."""


def no_sign_in(renew: bool) -> Mapping[str, str]:  # noqa: ARG001
    """A system that asks for nothing, or whose session signs in by itself (NTLM)."""
    return {}


class Remote:
    """A records system's address and how to sign in there. Safe from many threads.

    `refuse` makes an error of ours of an answer that the system uses in its own way (a closed case
    as 403), and may give None to leave it to the general rules. `session` makes what
    replaces the connections for ways to sign in that need several requests (NTLM): one for each
    thread, because the requests of one sign-in must go by one connection. `adapter` is for tests
    that cut a line.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        sign_in: SignIn = no_sign_in,
        refuse: Callable[[Answer], RemoteError | None] | None = None,
        ca_bundle: str = "",
        timeout_s: tuple[float, float] = (10.0, 120.0),
        in_flight: int = 4,
        session: Callable[[], requests.Session] | None = None,
        adapter: HTTPAdapter | None = None,
        user_agent: str = "casethread",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}".lower()
        self.name = name
        self._sign_in = sign_in
        self._refuse = refuse or (lambda _answer: None)
        self._verify: bool | str = ca_bundle or True
        self._timeout = urllib3.Timeout(connect=timeout_s[0], read=timeout_s[1])
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        self._make_session = session
        self._mounted = adapter
        self._own = threading.local()
        self._adapter = adapter or QuickAdapter(self.origin, in_flight + 4)

    # -- what adapters use ----------------------------------------------------------------------

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET; the answer is good, or one of our errors is raised."""
        return self.ask("GET", path, query=query, headers=headers)

    def json(
        self,
        method: str,
        path: str,
        type: type[T],
        *,
        value: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        is_read: bool = False,
    ) -> T:
        """Ask with a JSON value, if any, and take the answer as `type`.

        An answer that is no such JSON means Unavailable for a read, Unclear for a write.
        """
        body = None if value is None else msgspec.json.encode(value)
        extra = {**(headers or {})}
        if body is not None:
            extra.setdefault("Content-Type", "application/json")
        answer = self.ask(method, path, body=body, query=query, headers=extra, is_read=is_read)
        return self.read(answer, type, is_read=is_read)

    def read(self, answer: Answer, type: type[T], *, is_read: bool = False) -> T:
        """The JSON of an answer; errors as for `json`."""
        try:
            return answer.decoded(type)
        except msgspec.DecodeError as error:
            what = "a page for people" if answer.is_html else "not what its documentation says"
            text = f"{self.name}: the answer to {answer.method} is {what} (HTTP {answer.status})"
            raise self._lost(text, answer.method, answer.status, is_read=is_read) from error

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        is_read: bool = False,
    ) -> Answer:
        """One request and its good answer. `is_read` marks a POST or PUT that changes nothing.

        Raises Denied, Gone, CaseLocked, Throttled, Rejected (HTTP 4xx), Unavailable when nothing
        can have been written, Unclear when something may have been, and whatever `refuse` gives.
        """
        answer = self.send(method, path, body=body, query=query, headers=headers, is_read=is_read)
        if answer.is_good:
            return answer
        raise self._refuse(answer) or self.refusal(answer, is_read=is_read)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        is_read: bool = False,
    ) -> Answer:
        """One request and its answer, good or not; for adapters that read a refusal themselves.

        A 401 is tried once more with a new sign-in. No redirect is followed.
        """
        url = self.url(path, query)
        answer = self._once(method, url, body, headers or {}, renew=False, is_read=is_read)
        if answer.status == 401 and self._make_session is None:
            answer = self._once(method, url, body, headers or {}, renew=True, is_read=is_read)
        return answer

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address. Raises Rejected for one on another host, which would get our key."""
        url = path if "://" in path[:12] else f"{self.base_url}/{path.lstrip('/')}"
        if not url.lower().startswith((self.origin + "/", self.origin + "?")):
            host = urlsplit(url).netloc.rpartition("@")[2][:100]
            text = (
                f"{self.name}: the system pointed to another host ({host}); not followed, because "
                f"that host would be shown the key to {self.origin}"
            )
            raise Rejected(text, system=self.name, field="url")
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        return quote(url, safe="!#$%&'()*+,/:;=?@[]~") if _UNSAFE.search(url) else url

    def refusal(self, answer: Answer, *, is_read: bool = False) -> RemoteError:
        """What an answer that is not good means by the general rules of HTTP."""
        status = answer.status
        text = f"{self.name}: HTTP {status} to {answer.method} {urlsplit(answer.url).path[:120]}"
        about: dict[str, Any] = {"system": self.name, "status": status}
        if status in (401, 403):
            why = "the sign-in is refused" if status == 401 else "the account may not do this"
            return Denied(f"{text}: {why}", **about)
        if status in (404, 410):
            return Gone(f"{text}: it is not there, or is hidden from this account", **about)
        if status == 423:
            return CaseLocked(f"{text}: somebody is working on it; tried again later", **about)
        if status == 429 or (status == 503 and answer.headers.get("Retry-After")):
            wait_s = retry_after_s(answer.headers.get("Retry-After", ""))
            return Throttled(f"{text}: it asks for fewer requests", wait_s=wait_s, **about)
        if status in _FULL:
            return Unavailable(f"{text}: the system has no room", **about)
        if status >= 500 or status < 400:
            return self._lost(text, answer.method, status, is_read=is_read)
        return Rejected(f"{text}: it refuses what was sent", **about)

    def broken(self, error: Exception, method: str, *, is_read: bool = False) -> RemoteError:
        """What a fault of the line means; for adapters that talk through a library of its own."""
        if isinstance(error, _NEVER_SENT) or _was_never_sent(error):
            return Unavailable(self._no_connection(error), system=self.name)
        text = f"{self.name}: the answer to {method} was lost ({type(error).__name__})"
        return self._lost(text, method, None, is_read=is_read)

    def close(self) -> None:
        """Close the idle connections."""
        self._adapter.close()

    # -- one request ----------------------------------------------------------------------------

    def _lost(self, text: str, method: str, status: int | None, *, is_read: bool) -> RemoteError:
        """A fault after the request was sent."""
        if is_read or method in READS:
            return Unavailable(text, system=self.name, status=status)
        return Unclear(f"{text}; it is looked for there", system=self.name, status=status)

    def _once(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        renew: bool,
        is_read: bool,
    ) -> Answer:
        signed = self._sign_in(renew)
        try:
            response = self._send(method, url, body, {**self._headers, **headers, **signed})
            return self._whole(response, method, url)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self.broken(error, method, is_read=is_read) from error

    def _send(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> requests.Response:
        if (session := self._session()) is not None:
            return session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=self._timeout,  # type: ignore[arg-type]  # requests passes urllib3's on
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            )
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = method, url, body
        if body is not None:
            headers["Content-Length"] = str(len(body))
        elif method not in READS:
            headers["Content-Length"] = "0"
        prepared.headers = headers  # type: ignore[assignment]  # urllib3 takes any mapping
        return self._adapter.send(
            prepared,
            stream=True,
            timeout=self._timeout,  # type: ignore[arg-type]
            verify=self._verify,
            proxies={},
        )

    def _session(self) -> requests.Session | None:
        """This thread's own, None when requests sign in by a header."""
        if self._make_session is None:
            return None
        if not hasattr(self._own, "session"):
            self._own.session = self._make_session()
            if self._mounted is not None:
                self._own.session.mount(self.origin, self._mounted)
        session: requests.Session = self._own.session
        return session

    def _whole(self, response: requests.Response, method: str, url: str) -> Answer:
        try:
            blocks, size = [], 0
            for block in response.raw.stream(1 << 16, decode_content=True):
                size += len(block)
                if size > _LARGEST_BODY:
                    raise urllib3.exceptions.ProtocolError("the answer does not end")
                blocks.append(block)
            return Answer(response.status_code, b"".join(blocks), response.headers, method, url)
        except BaseException:
            response.raw.close()
            raise

    def _no_connection(self, error: Exception) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            return (
                f"{self.name}: the certificate of {self.origin} is not trusted; name its issuer's "
                "file as ca_bundle"
            )
        return f"{self.name}: there is no connection to {self.origin} ({type(error).__name__})"


def _was_never_sent(error: BaseException) -> bool:
    """Whether the connection was refused before anything went over it."""
    reason = error
    for _ in range(5):
        if isinstance(reason, urllib3.exceptions.NewConnectionError | ConnectionRefusedError):
            return True
        nested = getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)
        if not isinstance(nested, BaseException):
            return False
        reason = nested
    return False


def retry_after_s(text: str) -> float | None:
    """The seconds of a Retry-After header, or until its date; None when it says nothing.

    A day at most: what is kept for later is a time, and no server means the year 9999.
    """
    if text.strip().isdecimal():
        return min(_LONGEST_WAIT_S, float(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return min(_LONGEST_WAIT_S, max(0.0, (at - datetime.now(UTC)).total_seconds()))
