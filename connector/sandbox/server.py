"""A thin HTTP/1.1 server round a sandbox: keep-alive, TLS, and the ways a line breaks."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from connector.sandbox.protocol import Request, Response
from connector.sandbox.sandbox import Sandbox

LOG_LENGTH = 500_000  # requests remembered, for tests to count
BODY_LIMIT = 4_000_000
LONGEST_END_S = 5.0  # that closing waits for connections


@dataclass(slots=True)
class Listener:
    """A running server. A context manager; `close` ends it."""

    origin: str  # "http://127.0.0.1:port"
    ca_file: str  # PEM of the self-signed certificate; "" without TLS
    requests: deque[str]
    stopping: threading.Event
    _http: ThreadingHTTPServer
    _thread: threading.Thread
    _folder: TemporaryDirectory[str] | None

    def close(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(slots=True, kw_only=True)
class Server(Listener):
    """A running sandbox of Graph."""

    sandbox: Sandbox
    base_url: str
    authority: str

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.sandbox.tenant

    @property
    def client_id(self) -> str:
        """The application's id."""
        return self.sandbox.client_id

    @property
    def client_secret(self) -> str:
        """The application's secret."""
        return self.sandbox.client_secret


@dataclass(slots=True)
class _Shared:
    """What the handlers of all connections share."""

    handle: Callable[[Request], Response]
    most_body_bytes: int
    origin: str = ""
    requests: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    stopping: threading.Event = field(default_factory=threading.Event)
    sockets: set[socket.socket] = field(default_factory=set)


class _Http(ThreadingHTTPServer):
    daemon_threads = True  # one that hangs must not keep the program from ending
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], shared: _Shared, context: ssl.SSLContext | None
    ) -> None:
        self.shared = shared
        self.context = context
        self.connections: set[threading.Thread] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking any name server who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = (
            str(self.server_address[0]),
            int(self.server_address[1]),
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for the connection; the base class forgets its daemon threads."""
        self.shared.sockets.add(request)
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self.connections.add(thread)
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.discard(threading.current_thread())

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The TLS handshake is made in the connection's own thread."""
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context is None:
                super().finish_request(request, client_address)
                return
            with self.context.wrap_socket(request, server_side=True) as wrapped:
                self.shared.sockets.add(wrapped)
                try:
                    super().finish_request(wrapped, client_address)
                finally:
                    self.shared.sockets.discard(wrapped)
        except OSError:
            return  # the client went away, or does not trust us: its own affair
        finally:
            self.shared.sockets.discard(request)

    def server_close(self) -> None:
        """End the open connections too, and wait for their threads."""
        for one in list(self.shared.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        super().server_close()
        until = time.monotonic() + LONGEST_END_S
        for thread in list(self.connections):
            thread.join(max(0.0, until - time.monotonic()))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    wbufsize = -1  # head and body leave in one piece

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are kept for tests, and no address of a person belongs in a log."""

    def _serve(self) -> None:
        shared = self.server.shared
        length = int(self.headers.get("content-length") or 0)
        if length > shared.most_body_bytes:
            self.close_connection = True
            return
        body = self.rfile.read(length) if length else b""
        shared.requests.append(f"{self.command} {self.path}")
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            origin=shared.origin,
            peer=f"{self.client_address[0]}:{self.client_address[1]}",
        )
        response = shared.handle(request)
        try:
            if response.delay_s and shared.stopping.wait(response.delay_s):
                self.close_connection = True
                return
            self._send(response)
        finally:
            if response.release:
                response.release()

    def _send(self, response: Response) -> None:
        if response.cut_at is not None and response.cut_at < 0:  # no answer at all
            self.close_connection = True
            return
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        body = response.body
        if response.is_chunked:
            self.send_header("transfer-encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif response.status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if response.cut_at is not None:
            body = body[: response.cut_at]
            self.close_connection = True
        self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815  the base class asks for these names


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, tls: bool = False) -> Server:
    """Start serving a sandbox of Graph; see `listen`. msal only signs in over https."""
    running = listen(sandbox.handle, host, port, tls=tls)
    return Server(
        running.origin,
        running.ca_file,
        running.requests,
        running.stopping,
        running._http,
        running._thread,
        running._folder,
        sandbox=sandbox,
        base_url=f"{running.origin}/v1.0",
        authority=f"{running.origin}/{sandbox.tenant}",
    )


def listen(
    handle: Callable[[Request], Response],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: bool = False,
    most_body_bytes: int = BODY_LIMIT,
) -> Listener:
    """Answer requests with `handle` from a thread of its own; port 0 takes a free one.

    With `tls` a self-signed certificate is made; `ca_file` is what a client has to trust. Raises
    OSError when the port is taken.
    """
    folder = TemporaryDirectory(prefix="sandbox-") if tls else None
    pem = self_signed(Path(folder.name), host) if folder else None
    context = None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem[0], pem[1])
    shared = _Shared(handle, most_body_bytes)
    http = _Http((host, port), shared, context)
    shared.origin = f"{'https' if tls else 'http'}://{host}:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), name="sandbox", daemon=True)
    thread.start()
    return Listener(
        origin=shared.origin,
        ca_file=str(pem[0]) if pem else "",
        requests=shared.requests,
        stopping=shared.stopping,
        _http=http,
        _thread=thread,
        _folder=folder,
    )


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """A self-signed certificate for `host` and localhost, and its key, as PEM files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Casethread sandbox")])
    today = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    with contextlib.suppress(ValueError):
        names.append(x509.IPAddress(ip_address(host)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private
