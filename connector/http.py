"""Reading Graph over HTTP: one client for all sources, and the only place that repeats a request.

It keeps the rate of each service, four requests at once to one mailbox, and the token to the host
it was meant for. Every foreign error leaves here as one of ours.
"""

from __future__ import annotations

import logging
import math
import random
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests
import urllib3

from connector.errors import (
    CursorExpired,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
)
from connector.pace import RATES, Pace
from connector.wire import QuickAdapter

T = TypeVar("T")
log = logging.getLogger(__name__)

_AT_ONCE_PER_MAILBOX = 4  # Outlook's concurrency limit per app and mailbox, same page
_AGAIN = frozenset({408, 409, 423, 429, 500, 502, 503, 504, 509})
_THROTTLED = frozenset({429, 509})
_CURSOR_WORDS = ("syncstate", "resync", "invalidtoken", "invalid token", "skiptoken", "deltatoken")
_FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported,  # the one that is no HTTPError
    OSError,
)
_UNSAFE = re.compile(r"[^\x21-\x7e]")
_CHUNK = 1 << 16
_CAP_S = 60.0  # the longest single wait that we choose ourselves
_LATENCY_GUESS_S = 0.1  # before anything was measured


class Answer(msgspec.Struct, frozen=True):
    """A successful answer, its body whole and decoded."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Request(msgspec.Struct, frozen=True):
    method: str
    url: str
    service: str
    headers: Mapping[str, str]
    body: bytes | None = None
    mailbox: str = ""


class _About(TypedDict):
    system: str
    status: int
    request_id: str


class _AgainError(Exception):
    """A fault that is worth another try; `error` is raised when there is none left."""

    def __init__(self, error: RemoteError, wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s


class Graph:
    """A Graph-shaped service, read-only. All methods may be called from many threads.

    `token(renew)` gives the bearer token, a new one when `renew` is true. `rates` are requests a
    second for each service (0 = no limit), over the defaults in RATES. One call ends after
    `attempts` tries or `patience_s` seconds of waiting in all. Clock, sleep and chance are
    arguments so that tests need none of them.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[bool], str],
        *,
        timeout_s: tuple[float, float] = (10.0, 60.0),
        ca_bundle: str = "",
        proxy: str = "",
        rates: Mapping[str, float] | None = None,
        max_in_flight: int = 32,
        attempts: int = 6,
        patience_s: float = 300.0,
        max_body_bytes: int = 64 << 20,
        name: str = "graph",
        user_agent: str = "casethread",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()
        self.name = name
        self.max_in_flight = max_in_flight
        self._token = token  # never logged
        self._timeout = urllib3.Timeout(connect=timeout_s[0], read=timeout_s[1])
        self._verify: bool | str = ca_bundle or True
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._rates = {**RATES, **(rates or {})}
        self._attempts = max(1, attempts)
        self._patience_s = patience_s
        self._max_body_bytes = max_body_bytes
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._clock, self._monotonic = clock, monotonic
        self._sleep, self._chance = sleep, chance
        # One pool for all threads: a connection outlives the threads of one run.
        self._adapter = QuickAdapter(self._origin, max_in_flight + 4)
        self._paces: dict[str, Pace] = {}
        self._mailboxes: weakref.WeakValueDictionary[str, threading.Semaphore] = (
            weakref.WeakValueDictionary()
        )
        self._lock = threading.Lock()
        self._is_down = False
        self._date_text = ""
        self._server_offset: tuple[datetime, float] | None = None

    # -- what sources use ---------------------------------------------------------------------

    def get(
        self,
        path_or_link: str,
        service: str = "chats",
        headers: Mapping[str, str] | None = None,
        mailbox: str = "",
    ) -> Answer:
        """GET a path under the base URL, or a link as the server gave it; the answer is JSON.

        Raises Unavailable, Throttled, Denied, Gone, CursorExpired or Rejected.
        """
        return self.ask(path_or_link, _as_it_is, service=service, headers=headers, mailbox=mailbox)

    def ask(
        self,
        path_or_link: str,
        parse: Callable[[Answer], T],
        *,
        service: str = "chats",
        headers: Mapping[str, str] | None = None,
        mailbox: str = "",
        body: bytes | None = None,
    ) -> T:
        """What `parse` makes of the answer; an answer that it cannot decode is asked for again.

        With a `body` it is a POST, which must be a mere question. Errors as for `get`; an answer
        that stays undecodable is Unavailable.
        """
        extra = dict(headers) if headers else {}
        if body is not None:
            extra["Content-Type"] = "application/json"
        request = _Request(
            "GET" if body is None else "POST",
            self._url(path_or_link),
            service,
            extra,
            body,
            mailbox,
        )

        def take(response: requests.Response) -> T:
            content = _whole(response, self._max_body_bytes)
            ends = content.lstrip()[:1] + content.rstrip()[-1:]
            if ends not in (b"{}", b"[]"):
                raise _AgainError(self._unavailable("the answer is not whole JSON", response))
            try:
                return parse(Answer(response.status_code, content, response.headers))
            except msgspec.DecodeError as error:
                text = "the answer is cut or not what the documentation says"
                raise _AgainError(self._unavailable(text, response)) from error

        with self._place(mailbox):
            return self._repeat(request, take)

    def post_read(
        self, path: str, body: bytes, service: str = "presence", mailbox: str = ""
    ) -> Answer:
        """POST a question that changes nothing, such as getPresencesByUserId; safe to repeat."""
        return self.ask(path, _as_it_is, service=service, mailbox=mailbox, body=body)

    def stream(
        self,
        path: str,
        service: str = "messages",
        headers: Mapping[str, str] | None = None,
        mailbox: str = "",
    ) -> Iterator[bytes]:
        """The bytes at `path`, in chunks. A connection that is cut is Unavailable, never an end."""
        extra = {"Accept": "*/*", **(headers or {})}
        request = _Request("GET", self._url(path), service, extra, mailbox=mailbox)
        with self._place(mailbox):
            response = self._repeat(request, lambda response: response)
            try:
                yield from response.raw.stream(_CHUNK, decode_content=True)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise self._unavailable(
                    "the connection was cut in the content", response
                ) from error
            finally:
                response.raw.close()

    def in_flight(self, service: str) -> int:
        """How many requests are worth having under way: rate times latency, and a quarter more."""
        pace = self._pace(service)
        latencies = [p.latency_s for p in list(self._paces.values()) if p.latency_s]
        latency_s = pace.latency_s or (min(latencies) if latencies else _LATENCY_GUESS_S)
        wanted = math.ceil(1.25 * (pace.rate or 200.0) * latency_s)
        return max(1, min(self.max_in_flight, wanted))

    def server_now(self) -> datetime:
        """The server's time, from its newest Date header; never later than the local clock.

        Between answers it goes on with the monotonic clock, so a local clock that is set forward
        does not move the end of a window past what the server has.
        """
        local = self._clock()
        if self._server_offset is None:
            return local
        seen, at = self._server_offset
        return min(local, seen + timedelta(seconds=max(0.0, self._monotonic() - at)))

    def token(self) -> str:
        """The token that requests carry now; `check` reads the roles in it."""
        return self._token(False)

    def close(self) -> None:
        """Close the idle connections."""
        self._adapter.close()

    # -- one request ----------------------------------------------------------------------------

    def _url(self, path_or_link: str) -> str:
        """The full URL; a link to another scheme, host or port would get our token."""
        if "://" not in path_or_link[:12]:
            url = f"{self.base_url}/{path_or_link.lstrip('/')}"
        else:
            url = path_or_link
            start = url[: len(self._origin) + 1].lower()
            if start != self._origin + "/" and not self._is_same_origin(url):
                host = urlsplit(url).netloc.rpartition("@")[2][:100]
                raise Rejected(
                    f"{self.name}: the server pointed to another host ({host}); not followed, "
                    f"because that host would receive the access token for {self._origin}",
                    field="@odata.nextLink",
                    system=self.name,
                )
        if _UNSAFE.search(url):
            url = quote(url, safe="!#$%&'()*+,/:;=?@[]~")
        return url

    def _is_same_origin(self, url: str) -> bool:
        """Equal but for a default port that is written out."""
        ours, theirs = urlsplit(self._origin), urlsplit(url)
        if "@" in theirs.netloc or "\\" in theirs.netloc:
            return False
        usual = {"https": 443, "http": 80}
        try:
            ports = [p.port or usual.get(p.scheme) for p in (ours, theirs)]
        except ValueError:
            return False
        same = (ours.scheme, ours.hostname) == (theirs.scheme, theirs.hostname)
        return same and ports[0] == ports[1]

    def _pace(self, service: str) -> Pace:
        pace = self._paces.get(service)
        if pace is None:
            with self._lock:
                rate = self._rates.get(service, 0.0)
                pace = self._paces.setdefault(service, Pace(rate, self._monotonic))
        return pace

    def _place(self, mailbox: str) -> AbstractContextManager[Any]:
        """One of the four places of a mailbox; a mailbox nobody uses is forgotten."""
        if not mailbox:
            return nullcontext()
        with self._lock:
            semaphore = self._mailboxes.get(mailbox)
            if semaphore is None:
                semaphore = threading.Semaphore(_AT_ONCE_PER_MAILBOX)
                self._mailboxes[mailbox] = semaphore
        return semaphore

    def _repeat(self, request: _Request, take: Callable[[requests.Response], T]) -> T:
        """Send until `take` has what it wants, or tries or patience are at their end."""
        waited_s, renewed = 0.0, False
        pace = self._pace(request.service)
        for attempt in range(1, self._attempts + 1):
            waited_s += self._wait_turn(pace, waited_s)
            try:
                with self._translated():
                    response = self._send(request, pace)
                    if response.status_code == 401 and not renewed:
                        response.raw.close()
                        renewed = True
                        response = self._send(request, pace, renew=True)
                    result = self._judge(response, take)
            except _AgainError as fault:
                wait_s = self._wait_s(fault, attempt)
                # A mailbox has a limit of its own; any other is everybody's, so everybody waits.
                is_shared = isinstance(fault.error, Throttled) and not request.mailbox
                if is_shared:
                    pace.pause(wait_s)  # our own wait is in the next turn
                self._end_if_enough(fault, attempt, waited_s + wait_s)
                if not is_shared:
                    self._sleep(wait_s)
                    waited_s += wait_s
            else:
                self._note_up()
                return result
        raise AssertionError("the last attempt raises")  # pragma: no cover

    def _wait_turn(self, pace: Pace, waited_s: float) -> float:
        """Wait for the service's rate and pause; the seconds of pause, which cost patience."""
        wait_s, pause_s = pace.take()
        if waited_s + pause_s > self._patience_s:
            raise Throttled(
                f"{self.name}: the service asks to wait {pause_s:.0f} s; the next run goes on",
                wait_s=pause_s,
                system=self.name,
            )
        if wait_s > 0:
            self._sleep(wait_s)
        return pause_s

    def _wait_s(self, fault: _AgainError, attempt: int) -> float:
        """What the server said, else exponential back-off with full jitter."""
        if fault.wait_s is not None:
            return max(fault.wait_s, 0.05)
        return self._chance() * min(_CAP_S, 2.0**attempt)

    def _end_if_enough(self, fault: _AgainError, attempt: int, waited_s: float) -> None:
        """Raise the fault's error when there is no try or no patience left."""
        if attempt >= self._attempts or waited_s > self._patience_s:
            self._note_down(fault.error)
            raise fault.error from fault.__cause__
        log.debug(
            "request repeated",
            extra={"action": "request_repeated", "attempt": attempt, "status": fault.error.status},
        )

    def _send(self, request: _Request, pace: Pace, renew: bool = False) -> requests.Response:
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
        headers = {**self._headers, **request.headers}
        headers["Authorization"] = f"Bearer {self._token(renew)}"
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        prepared.headers = headers  # type: ignore[assignment]  # urllib3 takes any mapping
        begun = self._monotonic()
        response = self._adapter.send(
            prepared,
            stream=True,
            timeout=self._timeout,  # type: ignore[arg-type]  # requests passes urllib3's on
            verify=self._verify,
            proxies=self._proxies,
        )
        pace.measured(self._monotonic() - begun)
        self._note_date(response.headers.get("Date", ""))
        return response

    def _judge(self, response: requests.Response, take: Callable[[requests.Response], T]) -> T:
        if response.status_code < 300:
            try:
                return take(response)
            except BaseException:
                response.raw.close()
                raise
        try:
            body = _whole(response, 1 << 20)
        finally:
            response.raw.close()
        raise self._refusal(response, _Fault.of(body, response))

    def _refusal(self, response: requests.Response, fault: _Fault) -> Exception:
        """What a refused request means: one of ours, or another try."""
        status = response.status_code
        text = f"{self.name}: HTTP {status} {fault.code}".rstrip()
        if fault.request_id:
            text += f" (request-id {fault.request_id})"
        about = _About(system=self.name, status=status, request_id=fault.request_id)
        words = f"{fault.code} {fault.message}".lower()
        if status in _AGAIN:
            wait_s = _retry_after(response.headers.get("Retry-After", ""), self._clock())
            if status in _THROTTLED or (status == 503 and wait_s is not None):
                return _AgainError(Throttled(text, wait_s=wait_s, **about), wait_s)
            return _AgainError(Unavailable(text, **about), wait_s)
        if status in (401, 402, 403):
            return Denied(f"{text}: {_why_denied(status, fault)}", **about)
        if status == 410 or any(word in words for word in _CURSOR_WORDS):
            return CursorExpired(text, **about)
        if status == 404:
            return Gone(text, **about)
        return Rejected(text, field=fault.code, **about)

    def _unavailable(self, what: str, response: requests.Response) -> Unavailable:
        request_id = response.headers.get("request-id", "")
        text = (
            f"{self.name}: {what} (request-id {request_id})"
            if request_id
            else f"{self.name}: {what}"
        )
        return Unavailable(
            text, system=self.name, status=response.status_code, request_id=request_id
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Faults of the connection become ours; all of them are worth another try but bad TLS."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise Unavailable(
                f"{self.name}: the certificate of {self._origin} is not trusted; give its issuer "
                "as ca_bundle, or look for a proxy that opens TLS",
                system=self.name,
            ) from error
        except _FOREIGN as error:
            what = type(error).__name__
            text = f"{self.name}: no whole answer from {self._origin} ({what})"
            raise _AgainError(Unavailable(text, system=self.name)) from error

    # -- what is remembered -------------------------------------------------------------------

    def _note_date(self, text: str) -> None:
        if not text or text == self._date_text:
            return
        try:
            seen = parsedate_to_datetime(text)
        except ValueError:
            return
        self._date_text = text
        if seen.tzinfo is not None:
            self._server_offset = (seen.astimezone(UTC), self._monotonic())

    def _note_down(self, error: RemoteError) -> None:
        if not self._is_down:
            self._is_down = True
            extra = {"action": "outage_begins", "system": self.name, "status": error.status}
            log.warning("the service does not answer", extra=extra)

    def _note_up(self) -> None:
        if self._is_down:
            self._is_down = False
            log.warning(
                "the service answers again", extra={"action": "outage_ends", "system": self.name}
            )


class _Fault(msgspec.Struct, frozen=True):
    """What an error body says: the deepest code, the text beside it, and the id for support."""

    code: str = ""
    message: str = ""
    request_id: str = ""

    @staticmethod
    def of(body: bytes, response: requests.Response) -> _Fault:
        request_id = str(response.headers.get("request-id", ""))
        try:
            level = msgspec.json.decode(body).get("error")
        except (msgspec.DecodeError, AttributeError):
            return _Fault(request_id=request_id)
        code, texts = "", []
        while isinstance(level, dict):
            found = str(level.get("code") or "")
            # A throttled answer repeats its status as inner code; the outer word says more.
            code = found if found and not found.isdigit() else code
            texts.append(str(level.get("message") or ""))
            request_id = str(level.get("request-id") or request_id)
            level = level.get("innerError") or level.get("innererror")
        return _Fault(code[:100], " ".join(filter(None, texts))[:300], request_id[:100])


def _why_denied(status: int, fault: _Fault) -> str:
    """What to do about 401, 402 and 403, with Graph's own words."""
    if status == 401:
        return f"the sign-in is not accepted; look at tenant, app and its secret. {fault.message}"
    if status == 402:
        return f"Graph asks for payment or a licence for this call. {fault.message}"
    if "protected api" in fault.message.lower():
        return (
            "this is a protected API: Microsoft must approve the app for it (its form 'Request "
            f"access to protected APIs in Microsoft Teams'). {fault.message}"
        )
    return fault.message or "a permission is missing, or this object is closed to the app"


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _whole(response: requests.Response, limit: int) -> bytes:
    """The whole decoded body; a cut or an oversized one raises."""
    raw, headers = response.raw, response.headers
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length) <= limit and "Content-Encoding" not in headers:
        body: bytes = raw.read(decode_content=True)
        return body
    chunks, size = [], 0
    for chunk in raw.stream(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > limit:
            raise Rejected(f"an answer of more than {limit} bytes is not read", field="size")
        chunks.append(chunk)
    return b"".join(chunks)


def _retry_after(text: str, now: datetime) -> float | None:
    """Retry-After in seconds, from a number or an HTTP date; None when absent or unreadable."""
    text = text.strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if math.isfinite(float(text)) else None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
