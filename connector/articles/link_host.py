"""Which machine an address of the web leads to, and whether it may be asked.

An article is written by many hands; a link in it must not make this machine knock on doors of its
own network. So a name is resolved first, every address it has must be public, and the connection
goes to the very address that was looked at: a name that is answered differently a moment later
gains nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, quote, unquote, urlsplit

import msgspec

USER_AGENT = "casethread-links"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

# RFC 6052: IPv6 addresses that stand for an IPv4 one behind a translator.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublicError(Exception):
    """The address belongs to a network of somebody's own."""


class Place(msgspec.Struct, frozen=True):
    """An address of the web, taken apart and fit to be sent."""

    scheme: str
    host: str  # ASCII, lower case
    port: int
    path: str  # with the query, without the fragment

    @property
    def site(self) -> str:
        """What has one robots.txt: scheme, host and port."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host and port, the port left out where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address again."""
        return f"{self.site}{self.path}"


class Answer(msgspec.Struct, frozen=True):
    """What a server said: the head of it, and of the body no more than was asked for."""

    status: int
    location: str = ""
    retry_after: str = ""
    body: bytes = b""


def place_of(url: str) -> Place:
    """The parts of an http or https address. Raises ValueError for anything else."""
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    scheme = parts.scheme.lower()
    host = parts.hostname.rstrip(".")
    if not host.isascii():
        host = host.encode("idna").decode()  # UnicodeError is a ValueError
    query = f"?{parts.query}" if parts.query else ""
    path = quote((parts.path or "/") + query, safe="%/?:@!$&'()*+,;=~-._[]|")
    return Place(scheme, host, parts.port or (443 if scheme == "https" else 80), path)


def resolved(host: str, port: int) -> list[str]:
    """Every IP address that the name has, in the system's order. Raises OSError."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))


def may_ask(address: str, allowed: Sequence[Network]) -> bool:
    """Is this IP address public, or in a network that the operator allows by name?"""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return may_ask(str(ip.ipv4_mapped), allowed)
        if ip.sixtofour is not None:
            return may_ask(str(ip.sixtofour), allowed)
        if ip in _NAT64:
            return may_ask(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)), allowed)
    if any(ip.version == network.version and ip in network for network in allowed):
        return True
    return ip.is_global and not ip.is_multicast


class Caller:
    """Sends one request to one machine and reads the head of its answer.

    `deadline_s` ends the whole request, whatever the server still dribbles. Safe from many threads.
    Raises NotPublicError, OSError, ValueError and http.client.HTTPException.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 15.0,
        deadline_s: float = 40.0,
        allowed: Sequence[Network] = (),
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolved,
        proxy: str = "",
    ) -> None:
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._allowed = tuple(allowed)
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve
        self._proxy = urlsplit(proxy) if proxy else None

    def ask(self, method: str, place: Place, most_bytes: int = 0) -> Answer:
        """The answer to HEAD or GET; of its body at most `most_bytes`, the rest is never read."""
        live = self._connect(place)
        late = threading.Event()
        watch = threading.Timer(self._deadline_s, _cut, (live, late))
        watch.daemon = True
        watch.start()
        try:
            answer = self._ask_on(live, method, place, most_bytes)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise (TimeoutError(place.host) if late.is_set() else error) from error
        finally:
            watch.cancel()
            live.close()
        if late.is_set():  # what came before the cut may look like a whole answer
            raise TimeoutError(place.host)
        return answer

    def _connect(self, place: Place) -> socket.socket:
        addresses = self._looked_at(place)
        if self._proxy is not None:
            return self._through(self._proxy, place)
        failed: OSError = OSError(place.host)
        for address in addresses[:3]:
            try:
                plain = socket.create_connection((address, place.port), self._timeout_s)
            except OSError as error:
                failed = error
                continue
            if place.scheme == "http":
                return plain
            return self._tls.wrap_socket(
                plain, server_hostname=place.host, do_handshake_on_connect=False
            )
        raise failed

    def _looked_at(self, place: Place) -> Sequence[str]:
        """The addresses of the host, all of them public or allowed. Raises NotPublicError.

        Behind a proxy a name that only the proxy can resolve has none here; the proxy decides.
        """
        try:
            addresses = self._resolve(place.host, place.port)
        except socket.gaierror:
            if self._proxy is None:
                raise
            return ()
        if not addresses or not all(may_ask(each, self._allowed) for each in addresses):
            raise NotPublicError(place.host)
        return addresses

    def _through(self, proxy: SplitResult, place: Place) -> socket.socket:
        """A connection by way of the proxy: for https a tunnel, in which TLS is with the site."""
        where = (proxy.hostname or "", proxy.port or 80)
        if place.scheme == "http":
            return socket.create_connection(where, self._timeout_s)
        tunnel = http.client.HTTPSConnection(*where, timeout=self._timeout_s, context=self._tls)
        tunnel.set_tunnel(place.host, place.port, headers=self._for_proxy())
        tunnel.connect()
        live: socket.socket = tunnel.sock
        return live

    def _for_proxy(self) -> dict[str, str]:
        """The field that signs in to the proxy, when its address has a user."""
        if self._proxy is None or not self._proxy.username:
            return {}
        both = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}"
        return {"Proxy-Authorization": f"Basic {b64encode(both.encode()).decode()}"}

    def _ask_on(self, live: socket.socket, method: str, place: Place, most_bytes: int) -> Answer:
        if isinstance(live, ssl.SSLSocket):
            live.do_handshake()
        connection = http.client.HTTPConnection(place.host, place.port)
        connection.sock = live
        headers = {"Host": place.netloc, "User-Agent": USER_AGENT, "Accept": "*/*"}
        target = place.path
        if self._proxy is not None and place.scheme == "http":
            target = place.url
            headers |= self._for_proxy()
        connection.request(method, target, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        try:
            return Answer(
                status=answer.status,
                location=answer.getheader("Location", "").strip(),
                retry_after=answer.getheader("Retry-After", "").strip(),
                body=answer.read(most_bytes) if most_bytes else b"",
            )
        finally:
            answer.close()


def _cut(live: socket.socket, late: threading.Event) -> None:
    """End both directions at once, so that whoever reads wakes up."""
    late.set()
    with contextlib.suppress(OSError):
        # Not SSLSocket's own, which would take the cipher away under the reader.
        socket.socket.shutdown(live, socket.SHUT_RDWR)
