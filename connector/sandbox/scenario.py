"""What a misbehaviour is: hooks before and after the right answer, and a bounded memory."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from connector.sandbox.protocol import GraphError, Request, Response, encode, error_response
from connector.sandbox.view import View
from connector.sandbox.world import Json

MOST_KEYS = 100_000


@dataclass(slots=True)
class Memory:
    """How often each scenario has misbehaved. Bounded: when it is full, the server behaves."""

    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Json]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self, key: str, limit: int) -> bool:
        """True for the first `limit` questions about this key."""
        with self.lock:
            count = self.counts.get(key, 0)
            if count >= limit or len(self.counts) >= MOST_KEYS:
                return False
            self.counts[key] = count + 1
            return True

    def add(self, key: str, change: int) -> int:
        """Change a counter and give its new value."""
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + change
            return self.counts[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a misbehaviour looks at. `ask` gives the answer of a server that behaves."""

    request: Request
    view: View
    memory: Memory
    name: str
    answered: int
    ask: Callable[[Request], Response]

    @property
    def path(self) -> str:
        """The path after /v1.0."""
        return self.request.path.removeprefix("/v1.0")

    @property
    def listing(self) -> str:
        """The path without a function's arguments, which differ from day to day."""
        return re.sub(r"\([^)]*\)", "()", self.path)

    @property
    def is_read(self) -> bool:
        """Is it a GET below /v1.0."""
        return self.request.method == "GET" and self.request.path.startswith("/v1.0/")

    @property
    def is_later_page(self) -> bool:
        """Was a next link followed."""
        return "$skiptoken" in self.request.query or "$skip" in self.request.query

    @property
    def is_messages(self) -> bool:
        """Is it an export of chats or channels."""
        return self.path.endswith("/getAllMessages")

    def times(self, key: str, limit: int) -> bool:
        """True for the first `limit` questions of this scenario about this key."""
        return self.memory.times(f"{self.name}:{key}", limit)

    def refuse(
        self,
        status: int,
        code: str,
        message: str,
        inner: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """An answer in Graph's error shape."""
        error = GraphError(status, code, message, inner=inner, headers=headers)
        return error_response(error, "5a5d0000-0000-4000-8000-000000000000", "", self.view.now)


Before = Callable[[Scene], Response | None]
After = Callable[[Scene, Response], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One named misbehaviour. `issue` is where it was seen in public; `survives` what must happen.

    `survives` is one of: "all" everything arrives, in this run or the next; "part" one part is
    reported and the rest arrives; "stop" the run ends with a clear message.
    """

    name: str
    summary_en: str
    summary_da: str
    issue: str
    survives: str = "all"
    begin: Callable[[Scene], None] | None = None
    before: Before | None = None
    after: After | None = None
    sign_in: Before | None = None
    roles: Callable[[frozenset[str]], frozenset[str]] | None = None


def listing(response: Response) -> Json | None:
    """The body of a page as JSON; None for anything else."""
    if response.status != 200 or not response.headers.get("content-type", "").startswith(
        "application/json"
    ):
        return None
    body = json.loads(response.body)
    return body if isinstance(body, dict) and isinstance(body.get("value"), list) else None


def rewritten(response: Response, body: Json) -> Response:
    """The same answer with another body."""
    return replace(response, body=encode(body))


def one_in(many: int, text: str) -> bool:
    """A stable choice of one in `many` by a text."""
    return zlib.crc32(text.encode()) % many == 0


def each_row(change: Callable[[Scene, Json], None], wanted: Callable[[Scene], bool]) -> After:
    """An `after` that changes every row of the pages it wants."""

    def after(scene: Scene, response: Response) -> Response:
        body = listing(response) if wanted(scene) else None
        if body is None:
            return response
        for row in body["value"]:
            change(scene, row)
        return rewritten(response, body)

    return after


def again(request: Request, extra: str) -> str:
    """The address just asked, made different by a parameter that means nothing."""
    return f"{request.url}{'&' if '?' in request.url else '?'}{extra}"
