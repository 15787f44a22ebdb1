"""A Graph-shaped server on loopback: a function from request to reply, and broken lines."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connector.http import Graph

TOKEN = "a-token-that-must-not-travel"


@dataclass(frozen=True)
class Asked:
    """What a client asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes back. `cut` closes the connection after so many bytes of the body."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    is_chunked: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Time:
    """A clock that only moves when somebody sleeps or says so. `chance` is always one."""

    def __init__(self) -> None:
        self.start = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.passed_s = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed_s - 1000.0)


class FakeGraph:
    """A running server: what was asked of it, and how many connections were opened."""

    def __init__(self, reply: Callable[[Asked], Reply]) -> None:
        self.reply = reply
        self.requests: list[Asked] = []
        self.connections = 0
        self.time = Time()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one write for an answer

            def setup(self) -> None:
                fake.connections += 1
                super().setup()

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                asked = Asked(self.command, self.path, dict(self.headers), body)
                fake.requests.append(asked)
                self._send(fake.reply(asked))

            do_POST = do_GET  # noqa: N815  the name that the base class calls

            def _send(self, reply: Reply) -> None:
                content = reply.content
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.is_chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if reply.is_chunked:
                    size = len(content)
                    content = b"%x\r\n%s\r\n" % (size, content)
                    content += b"" if reply.cut is not None else b"0\r\n\r\n"
                self.wfile.write(content[: reply.cut] if reply.cut is not None else content)
                if reply.cut is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.base_url = f"{self.origin}/v1.0"

    def graph(self, **settings: Any) -> Graph:
        """A client whose waiting takes no time."""
        time = self.time
        settings = {
            "token": lambda renew: TOKEN,
            "clock": time.now,
            "monotonic": time.monotonic,
            "sleep": time.sleep,
            "chance": lambda: 1.0,
            **settings,
        }
        return Graph(settings.pop("base_url", self.base_url), settings.pop("token"), **settings)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def serving(reply: Callable[[Asked], Reply]) -> Iterator[FakeGraph]:
    """A server for the length of a test."""
    fake = FakeGraph(reply)
    try:
        yield fake
    finally:
        fake.close()


def one_after_another(*replies: Reply) -> Callable[[Asked], Reply]:
    """Each reply once, the last for ever."""
    rest = list(replies)

    def reply(asked: Asked) -> Reply:
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return reply


def fault(code: str, message: str = "", inner: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An error body in Graph's form."""
    return {"error": {"code": code, "message": message, "innerError": dict(inner or {})}}


def date_header(at: datetime) -> dict[str, str]:
    """The Date header of a server whose clock says `at`."""
    return {"Date": format_datetime(at, usegmt=True)}
