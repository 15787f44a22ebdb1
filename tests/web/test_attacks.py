"""Attacks on the frame of the portal: foreign hosts, forms and files, too much, too strange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from tests.web.conftest import Client, in_a_thread

Clients = Callable[..., Client]


def test_headers(client: Clients) -> None:
    """Every page may load only what is its own, be framed by nobody, and be kept nowhere."""
    headers = client("bodil").get("/").headers
    policy = headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "", "127.0.0.1.evil.example", "["]
)
def test_foreign_host(client: Clients, host: str) -> None:
    """A request for another host's name (DNS rebinding, a poisoned link) is not answered."""
    answer = client("bodil").get("/", headers={"host": host})

    assert answer.status_code == 400
    assert "Portalen har et andet navn" in answer.text
    assert "Bodil" not in answer.text
    assert "evil" not in answer.text
    its = client("bodil").get("/api/v1/me", headers={"host": host})
    assert (its.status_code, its.json()["type"]) == (400, "urn:casethread:problem:wrong.host")
    assert_guarded(answer)
    assert_guarded(its)


def assert_guarded(answer: Any) -> None:
    """The answer has what every answer carries."""
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options"):
        assert answer.headers[name]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/....//app.py",
        "/static/style.css%00.py", "/static/", "/static/C:%5Cwindows", "/static/app.py",
        "/static/words", "/static/%ff",
    ],
)  # fmt: skip
def test_static_gives_its_own_files_only(client: Clients, path: str) -> None:
    """No way of writing a path leads out of the folder of styles and scripts."""
    answer = client().get(path)

    assert answer.status_code in (303, 404)
    assert "import" not in answer.text


def test_large_body(client: Clients) -> None:
    """A body above one megabyte is refused, said or not said beforehand."""
    one = client("bodil")

    def parts() -> Any:
        for _ in range(30):
            yield b"x" * 100_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    for content in (b"x" * 1_100_000, parts()):
        answer = one.post("/language", content=content, headers=kind)
        assert answer.status_code == 413
        assert "Det er for stort at sende." in answer.text
        assert_guarded(answer)


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999", "a", "²"])
def test_wrong_length(app: FastAPI, length: str) -> None:
    """A content-length that is no plain number is refused before anything is read."""
    import anyio

    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/language", "raw_path": b"/language",
        "query_string": b"", "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080), "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8080"), (b"content-length", length.encode("latin-1"))],
    }  # fmt: skip
    in_a_thread(lambda: anyio.run(app, scope, receive, send))

    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_form_of_another_site(client: Clients, headers: dict[str, str]) -> None:
    """A browser that says that another site sent the form is believed, even with the token."""
    one = client("bodil")

    assert one.post("/language", data={"to": "en"}, headers=headers).status_code == 403
    assert one.post("/language", data={"to": "en"}).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 40, "æøå"])
def test_form_without_its_token(client: Clients, token: str) -> None:
    """A form that does not know the session's token changes nothing."""
    one = client("bodil")
    one.csrf = ""

    assert one.post("/language", data={"to": "en", "csrf": token}).status_code == 403


def test_token_of_another_session(client: Clients) -> None:
    """The token of one person's forms is worth nothing with another's cookie."""
    one, other = client("bodil"), client("carl")
    one.csrf, other.csrf = other.csrf, one.csrf

    assert one.post("/language", data={"to": "en"}).status_code == 403


@pytest.mark.parametrize("language", ["en", "da", "../da", "<script>", ""])
def test_language(client: Clients, language: str) -> None:
    """Only a language that there is is kept."""
    answer = client("bodil").post("/language", data={"to": language, "back": "//evil.example"})

    assert answer.headers.get("location", "/") == "/"
    assert ("set-cookie" in answer.headers) is (language in ("en", "da"))


@pytest.mark.parametrize(
    "wanted", ["en", "en;q=0.9,da;q=1", "*", "da-DK", ";;;", "en;q=x", "å" * 50]
)
def test_strange_languages(client: Clients, wanted: str) -> None:
    """Whatever language a browser asks for, it gets a page."""
    headers = {"accept-language": wanted.encode("latin-1", "ignore")}

    assert client("bodil").get("/", headers=headers).status_code == 200  # type: ignore[arg-type]


def test_error_pages(client: Clients) -> None:
    """What is not there is a page in the reader's language for people."""
    answer = client("bodil").get("/nowhere")

    assert answer.status_code == 404
    assert "Der er ingen side" in answer.text


@pytest.mark.parametrize(
    "path", ["/search?q=a%00b", "/cases/27.18.02-P25-14-26?who=%00", "/todo?scope=%00", "/?%00=a"]
)
def test_nul_in_an_address(client: Clients, path: str) -> None:
    """A NUL, which PostgreSQL cannot hold, is refused before any database is asked."""
    assert client("bodil").get(path).status_code == 400


def test_nul_in_a_form(client: Clients) -> None:
    """The same in a form."""
    assert client("bodil").post("/language", data={"to": "da\0"}).status_code == 400
