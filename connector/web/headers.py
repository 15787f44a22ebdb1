"""What every answer carries, and which requests are not even looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import Request

from connector.web import page
from connector.web.cross_origin import CrossOrigin

if TYPE_CHECKING:
    from connector.web.site import Site

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

MOST_BODY_BYTES = 1_000_000  # forms and decisions; nothing is uploaded here
ANY_HOST = ("/healthz", "/readyz", "/metrics")  # asked for by address, not by name
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FIXED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


class Headers:
    """Adds the security headers; refuses foreign host names and what is announced as too large."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], site: Site) -> None:
        self.app = CrossOrigin(app, site)
        host = urlsplit(site.web.url).hostname or ""
        self.hosts = LOOPBACK | {host}
        issuer = urlsplit(site.web.issuer)
        # Signing out posts a form whose answer leads to the issuer.
        forms = f"'self' {issuer.scheme}://{issuer.netloc}" if issuer.netloc else "'self'"
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
            f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
        )
        self.fixed = {**FIXED, "content-security-policy": policy, "cache-control": "no-store"}
        if site.is_secure:
            self.fixed["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = list(message["headers"]) + [
                    (name.encode(), value.encode())
                    for name, value in self.fixed.items()
                    if name.encode() not in there
                ]
            await send(message)

        wrong = self._wrong_with(scope)
        app = self.app if wrong is None else page.problem(_nameless(scope), wrong)
        await app(scope, receive, with_headers)

    def _wrong_with(self, scope: Scope) -> page.Problem | None:
        given = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
        host = host_of(given.get("host", b"").decode("latin-1"))
        if host not in self.hosts and scope["path"] not in ANY_HOST:
            return page.Wrong("wrong.host")
        length = given.get("content-length", b"0")
        if not length.isdigit() or len(length) > 9 or int(length) > MOST_BODY_BYTES:
            return page.TooLarge("wrong.too_large")
        return None


def _nameless(scope: Scope) -> Request:
    """The request without the host that it names: it may be none, and nothing may go by it."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return Request({**scope, "headers": headers})


def host_of(header: str) -> str:
    """The name in a Host header, without its port; "" when it is none."""
    try:
        return urlsplit("//" + header).hostname or ""
    except ValueError:
        return ""
