"""Reading the headers of an answer quickly gives what the standard library gives."""

from __future__ import annotations

import http.client
import io
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.wire import _Response, read_headers

NAMES = st.sampled_from(["Content-Type", "x-a", "Set-Cookie", "X b", "Content-Length", "", "Æ"])
VALUES = st.text(st.characters(min_codepoint=9, max_codepoint=255, exclude_characters="\n"))
BLOCKS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
    b"HTTP/1.0 200 OK\r\n\r\n{}",
    b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200\r\nno colon\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/2.0 200 OK\r\n\r\n",
    b"SMTP 200 OK\r\n\r\n",
    b"HTTP/1.1 20x OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 101 + b"\r\n",
    b"",
]


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from(["\r\n", "\n"]))
def test_headers(pairs: list[tuple[str, str]], end: str) -> None:
    """Any lines give the names and values that the standard library finds in them."""
    block = "".join(f"{name}: {value}{end}" for name, value in pairs) + end
    raw = block.encode("iso-8859-1")

    expected = http.client.parse_headers(io.BytesIO(raw))
    assert read_headers(io.BytesIO(raw)).items() == expected.items()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("raw", BLOCKS, ids=lambda raw: repr(raw[:40]))
def test_answers(raw: bytes, method: str) -> None:
    """Status, length, body and whether the line stays open, or the same error."""
    assert told(_Response, raw, method) == told(http.client.HTTPResponse, raw, method)


def told(kind: type[http.client.HTTPResponse], raw: bytes, method: str) -> object:
    """All that a client learns from an answer of this kind, or its error."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(raw)
        theirs.shutdown(socket.SHUT_WR)
        answer = kind(ours, method=method)
        try:
            answer.begin()
            seen = [getattr(answer, name) for name in ("status", "reason", "version", "length")]
            seen += [answer.headers.items(), answer.will_close, answer.chunked, answer.read()]
        except (http.client.HTTPException, ValueError) as error:
            return type(error), str(error)
        finally:
            answer.close()
        return seen
