"""A web server of this machine with everything that a link can lead to: good, bad and endless."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

BIG = 10_000_000_000  # bytes that the largest answer promises


class Web:
    """What the server answers, and what it was asked: (method, path) in order."""

    def __init__(self) -> None:
        self.robots: str | int = 404
        self.asked: list[tuple[str, str]] = []
        self.open = 0  # answers that are not over
        self.at_once = 0  # of slow ones: asked, and nothing said yet
        self.most_at_once = 0
        self.sent_bytes = 0
        self.lock = threading.Condition()  # told when an answer begins or ends
        self.is_over = threading.Event()
        self.url = ""
        self.retry_after = "3600"
        self.agents: set[str] = set()
        self.hosts: set[str] = set()
        self.signed_in: set[str] = set()  # to a proxy


class _Handler(BaseHTTPRequestHandler):
    web: ClassVar[Web]

    def do_HEAD(self) -> None:
        self._answer()

    def do_CONNECT(self) -> None:
        """A proxy that makes tunnels to this machine alone."""
        with self.web.lock:
            self.web.asked.append((self.command, self.path))
            self.web.signed_in.add(self.headers.get("Proxy-Authorization", ""))
        host, _, port = self.path.partition(":")
        if host != "localhost":
            self.send_error(403)
            return
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(other, self.connection), daemon=True)
            back.start()
            _pump(self.connection, other)
            back.join(5)
        self.close_connection = True

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        web = self.web
        with web.lock:
            web.asked.append((self.command, self.path))
            web.agents.add(self.headers.get("User-Agent", ""))
            if "Proxy-Authorization" in self.headers:
                web.signed_in.add(self.headers["Proxy-Authorization"])
            web.hosts.add(self.headers.get("Host", ""))
            web.open += 1
        try:
            self._do()
        except OSError:
            self.close_connection = True
        finally:
            with web.lock:
                web.open -= 1
                web.lock.notify_all()

    def _do(self) -> None:  # noqa: C901  a table of paths
        name, _, rest = self.path.lstrip("/").partition("/")
        if self.path == "/robots.txt":
            self._robots()
        elif name == "status":
            self._head(int(rest))
        elif name in ("301", "302", "308"):
            self._head(int(name), location=f"/{rest}")
        elif name == "to":  # to/PORT/...
            port, _, path = rest.partition("/")
            self._head(302, location=f"http://127.0.0.1:{port}/{path}")
        elif name == "private":
            self._head(302, location="http://10.0.0.1/")
        elif name == "loop":
            self._head(302, location=f"/loop/{len(rest) + 1}x" if len(rest) < 40 else "/loop/x")
        elif name == "nohead":
            self._head(405 if self.command == "HEAD" else 200)
        elif name == "busy":
            self._head(429, retry_after=self.web.retry_after)
        elif name == "once":
            first = sum(path == self.path for _, path in self.web.asked) == 1
            self._head(503 if first else 200, retry_after="7")
        elif name == "big":
            self._big()
        elif name == "drip":
            self._drip()
        elif name == "rubbish":
            self.wfile.write(b"\x00\xff rubbish\r\n\r\n")
        elif name == "slow":
            self._slow()
        else:
            self._head(200)

    def _robots(self) -> None:
        if isinstance(self.web.robots, int):
            self._head(self.web.robots, location="/robots.txt")
            return
        body = self.web.robots.encode()
        self._head(200, body=body)

    def _head(
        self, code: int, body: bytes = b"", *, location: str = "", retry_after: str = ""
    ) -> None:
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _slow(self) -> None:
        """Counted only until it answers: what comes after may overlap with the next request.

        It waits a moment for a second one, so that one that should not come is seen.
        """
        web = self.web
        with web.lock:
            web.at_once += 1
            web.most_at_once = max(web.most_at_once, web.at_once)
            web.lock.notify_all()
            web.lock.wait_for(lambda: web.at_once > 1, 0.05)
            web.at_once -= 1
        self._head(200)

    def _big(self) -> None:
        """Ten gigabytes to GET; HEAD is refused, so that GET is needed."""
        if self.command == "HEAD":
            self._head(501)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(BIG))
        self.end_headers()
        block = b"x" * 65536
        while self.web.sent_bytes < BIG:
            self.web.sent_bytes += self.wfile.write(block)

    def _drip(self) -> None:
        """A header that never ends, a letter at a time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.web.is_over.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Everything from one to the other, then the end."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def web_server(certificate: Path | None = None) -> Iterator[Web]:
    """A server on a free port of loopback; `web.url` is where. With a certificate it speaks TLS."""
    web = Web()
    handler = type("Handler", (_Handler,), {"web": web})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        web.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
