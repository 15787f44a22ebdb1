"""Attacks by what goes wrong: an error must give away nothing that somebody said."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from connector.bootstrap import Program
from connector.ledger import open_ledger
from connector.log import Json, Lines
from connector.web.mishaps import BrokenOff
from connector.web.pages.sign_in import BEGUN
from tests.web.conftest import Client

Clients = Callable[..., Client]
SECRET = "Asta Prøve 010180-1234"


def broken(*_: object, **__: object) -> None:
    """As if a library said in its error what it was given."""
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise RuntimeError(SECRET) from error


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Everything that the log would hold, in both of its forms."""
    return "\n".join(form.format(each) for each in caplog.records for form in (Json(), Lines()))


def test_error_page(
    client: Clients, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page of an error of ours has the security headers, and the log the place, not the words.

    The server's own log gets nothing: the error does not reach it.
    """
    monkeypatch.setattr("connector.web.pages.home.cases_with_news", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client("bodil").get("/")

    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    text = logged(caplog)
    assert "Asta" not in answer.text + text
    assert "KeyError" in text
    assert "pages/home.py" in text


def test_error_in_the_middle(
    app: FastAPI, client: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that breaks off is not ended as if it were whole, nor are its words logged."""

    def halves() -> Iterator[bytes]:
        yield b"one half"
        broken()

    app.add_api_route("/half", lambda: StreamingResponse(halves()))
    with caplog.at_level(logging.DEBUG), pytest.raises(BrokenOff) as caught:
        client().get("/half")

    assert "Asta" not in logged(caplog) + str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_database_error_has_no_words(program: Program) -> None:
    """An error of the database says the statement, and nothing of what stood in it."""
    for ledger in (program.ledger, open_ledger("sqlite:///:memory:")):
        with (
            pytest.raises(sa.exc.OperationalError) as caught,
            ledger.engine.connect() as connection,
        ):
            connection.execute(sa.text("SELECT :words FROM nowhere"), {"words": SECRET})

        assert "Asta" not in str(caught.value)


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 10, "0" * 5000])
def test_endless_length(client: Clients, length: str) -> None:
    """A content-length with thousands of digits is refused, and no error."""
    headers = {"content-length": length}

    assert client("bodil").post("/language", headers=headers).status_code == 413


@pytest.mark.parametrize("inner", [b'{"x":' + b"[" * 20_000, b'{"back":' + b'{"a":' * 9_000])
def test_deep_cookie(client: Clients, inner: bytes) -> None:
    """What a browser sends as its sign-in may be nested without end: it is none, and no error."""
    one = client()
    one.cookies.set(BEGUN, urlsafe_b64encode(inner).decode())

    assert one.get("/signed-in?state=a&code=b").status_code == 400
