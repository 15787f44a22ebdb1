"""Which pages of other sites a browser lets read our answers: those of the intranets we know.

They may ask for a case, what was said on it, and who is free now: by GET, and with a statement of
who asks (bearer.py), for a cookie of ours is never looked at when another site's page asks. All
else stays as a browser has it anyway: other sites read nothing.
Source: Fetch standard, "HTTP extensions" (CORS protocol), read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.web.site import Site

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

OPEN = re.compile(r"/api/v1/(presence(/[^/]+)?|cases/.+)")
READS = frozenset({"GET", "HEAD"})
HEADERS = frozenset({"accept", "accept-language", "authorization"})
ASKED_AGAIN_S = 600  # so long a browser need not ask whether it may ask


class CrossOrigin:
    """Answers the browser's question beforehand, and lets it hand our answer to the page."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], site: Site) -> None:
        self.app, self.site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not OPEN.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        known = len(origins) == 1 and origins[0] in self.site.web.intranet_origins
        if scope["method"] == "OPTIONS" and known and _may_ask(scope):
            await _answer_beforehand(send, origins[0])
            return

        async def with_origin(message: Any) -> None:
            if message["type"] == "http.response.start":
                # Whether or not it is known: a cache must not give one page another's answer.
                message["headers"] = [*message["headers"], (b"vary", b"Origin")]
                if known and scope["method"] in READS:
                    allowed = (b"access-control-allow-origin", origins[0].encode("latin-1"))
                    message["headers"].append(allowed)
            await send(message)

        await self.app(_without_cookie(scope) if known else scope, receive, with_origin)


def _may_ask(scope: Scope) -> bool:
    """Whether what the page wants to send is a GET with headers that we need."""
    given = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    wanted = given.get("access-control-request-headers", "").lower()
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    return given.get("access-control-request-method") in READS and names <= HEADERS


async def _answer_beforehand(send: Send, origin: str) -> None:
    headers = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": ", ".join(sorted(HEADERS)),
        "access-control-max-age": str(ASKED_AGAIN_S),
        "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        "content-length": "0",
    }
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b""})


def _without_cookie(scope: Scope) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": headers}
