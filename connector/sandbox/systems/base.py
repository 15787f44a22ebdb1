"""What all the records systems of the sandbox have in common: their bad days."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from connector.sandbox.protocol import Request, Response, encode, json_response
from connector.sandbox.server import Listener, listen
from connector.sandbox.world import Json

LARGEST_BODY = 400_000_000  # byte arrays as lists of numbers are four times as large

# The states a system may be in for a while.
FULL = "full"  # no room left
READ_ONLY = "read only"  # the account may look, and not write
AWAY = "away"  # no answer at all
LOSES_ANSWERS = "loses answers"  # a write is carried out and its answer is lost
FAILS_AFTER = "fails after"  # a write is carried out and answered with 500
DOWN = "down"  # 503 to everything
THROTTLED = "throttled"  # 429 to everything, with Retry-After
HTML = "html"  # a page for people with status 200, instead of what was asked
EXPIRED = "expired"  # the account's password or secret has expired


class FakeSystem:
    """A system that answers one request at a time. Subclasses give `answer` and `refusal`.

    `states` are the bad days it has now; `requests` is what was asked, for tests to count.
    """

    def __init__(self) -> None:
        self.states: set[str] = set()
        self.requests: list[Request] = []
        self.lock = threading.RLock()

    # -- what a system is ------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        """The answer on a good day."""
        raise NotImplementedError

    def is_write(self, request: Request) -> bool:
        """Whether a request changes something; systems that search by POST or PUT say so."""
        return request.method not in ("GET", "HEAD")

    def refusal(self, state: str, request: Request) -> Response:
        """How this system puts FULL, READ_ONLY or EXPIRED."""
        raise NotImplementedError

    # -- its bad days ----------------------------------------------------------------------------

    @contextmanager
    def being(self, state: str) -> Iterator[None]:
        """The system is in this state for a while."""
        self.states.add(state)
        try:
            yield
        finally:
            self.states.discard(state)

    def handle(self, request: Request) -> Response:
        """The answer on any day."""
        with self.lock:
            self.requests.append(request)
            early = self._bad_day(request)
            if early is not None:
                return early
            response = self.answer(request)
            if self.is_write(request) and response.status < 300:
                if LOSES_ANSWERS in self.states:
                    return Response(cut_at=-1)
                if FAILS_AFTER in self.states:
                    return json_response({"message": "Internal Server Error"}, 500)
            return response

    def _bad_day(self, request: Request) -> Response | None:
        if AWAY in self.states:
            return Response(cut_at=-1)
        if DOWN in self.states:
            return json_response({"message": "down for maintenance"}, 503)
        if THROTTLED in self.states:
            return json_response({"message": "too many requests"}, 429, {"retry-after": "7"})
        if HTML in self.states:
            page = b"<!DOCTYPE html><html><body><h1>An error has occurred</h1></body></html>"
            return Response(headers={"content-type": "text/html; charset=utf-8"}, body=page)
        if EXPIRED in self.states:
            return self.refusal(EXPIRED, request)
        for state in (READ_ONLY, FULL):
            if state in self.states and self.is_write(request):
                return self.refusal(state, request)
        return None

    def serve(self, *, tls: bool = False) -> Listener:
        """Start answering on loopback; the listener is a context manager."""
        return listen(self.handle, tls=tls, most_body_bytes=LARGEST_BODY)


def plain(
    status: int, value: Json | list[Json], headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer without OData's extras."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Response(status=status, headers={**kind, **(headers or {})}, body=encode(value))  # type: ignore[arg-type]


def parts(request: Request) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart form by name: (file name or "", bytes)."""
    kind = request.headers.get("content-type", "")
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + request.body)
    found: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = (part.get_filename() or "", content)
    return found


def basic_user(request: Request) -> tuple[str, str] | None:
    """Name and password of HTTP Basic, None without."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return None
    return name, password
