"""A request and a response as values, Graph's error shape, and opaque paging tokens."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode

from connector.sandbox.world import Json


@lru_cache(maxsize=1024)  # asked several times for one request
def _query(target: str) -> Mapping[str, str]:
    parts = target.split("?", 1)
    return dict(parse_qsl(parts[1], keep_blank_values=True)) if len(parts) > 1 else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked. Header names are in lower case; `origin` is "https://host:port"."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = "https://127.0.0.1"
    peer: str = ""  # the connection it came by, "127.0.0.1:50123"

    @property
    def path(self) -> str:
        """The path, unquoted."""
        return unquote(self.target.split("?", 1)[0])

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters, unquoted."""
        return _query(self.target)

    @property
    def prefer(self) -> str:
        """The Prefer header in lower case; "" without."""
        return self.headers.get("prefer", "").lower()

    @property
    def url(self) -> str:
        """The whole address that was asked."""
        return self.origin + self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes back; and how badly: cut after so many bytes, late, or with no answer at all."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None
    is_chunked: bool = False
    delay_s: float = 0.0
    release: Callable[[], object] | None = None  # called when the answer has left


class GraphError(Exception):
    """A refusal, turned into Graph's error body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.inner = inner
        self.headers = dict(headers or {})


def encode(value: Json) -> bytes:
    """JSON as UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_response(
    value: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    kind = {"content-type": "application/json;odata.metadata=minimal;charset=utf-8"}
    return Response(status=status, headers={**kind, **(headers or {})}, body=encode(value))


def error_response(error: GraphError, request_id: str, client_id: str, now: datetime) -> Response:
    """Graph's error body, with the ids that support asks for."""
    inner: Json = {
        "date": f"{now:%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": client_id,
    }
    if error.inner:
        inner = {"code": error.inner, **inner}
    body = {"error": {"code": error.code, "message": str(error), "innerError": inner}}
    return json_response(body, error.status, error.headers)


def seal(state: Json) -> str:
    """An opaque token that holds `state`; a token that was tampered with is refused."""
    raw = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(zlib.crc32(raw).to_bytes(4, "big") + raw).decode().rstrip("=")


def unseal(token: str) -> Json | None:
    """What `seal` put in, or None when it is not such a token."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
            return None
        state = json.loads(raw[4:])
    except (binascii.Error, ValueError):
        return None
    return state if isinstance(state, dict) else None


def link(origin: str, path: str, query: Mapping[str, str]) -> str:
    """An absolute address with a query, "$" left readable as Graph does."""
    return f"{origin}{path}?{urlencode(query, safe='$')}" if query else f"{origin}{path}"
