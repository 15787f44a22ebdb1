"""What all of the API keeps to: errors, marks, unknown parameters, its own description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from connector.bootstrap import Program
from connector.web.api import ROUTERS, openapi
from connector.web.readiness import LEAST_FREE_MB
from connector.web.site import Site
from tests.web import town
from tests.web.conftest import URL, Client, in_a_thread, token_for

LINE = f"/api/v1/cases/{town.BODILS}/timeline"


@pytest.fixture
def bodil(client: Callable[..., Client]) -> Client:
    return client("bodil")


def described() -> dict[str, Any]:
    return openapi.document([route for each in ROUTERS for route in each.routes])


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_health(client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may ask whether the portal can work; what stands in the way is told without
    secrets.
    """
    assert client().get("/api/v1/health").json() == {"status": "ready"}

    monkeypatch.setattr("connector.web.readiness.free_mb", lambda _: LEAST_FREE_MB - 1)
    answer = client().get("/api/v1/health")
    assert (answer.status_code, answer.headers["content-type"]) == (
        503, "application/problem+json",
    )  # fmt: skip


def test_me(bodil: Client) -> None:
    """A session stands for who signed in."""
    assert bodil.get("/api/v1/me").json() == {
        "name": "Bodil Bæk",
        "upn": "bodil@nordvang.example",
        "person": town.PEOPLE["bodil"].id,
        "unit": "Borgerservice",
        "roles": ["case_worker"],
        "sees_unit": True,
        "via": "session",
        "may_change": True,
        "time_zone": "Europe/Copenhagen",
    }


def test_nobody(client: Callable[..., Client]) -> None:
    """Who is not signed in is told how to ask, and led to no page."""
    answer = client().get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="casethread", Statement realm="casethread"'
    )
    assert answer.json() == {
        "type": "urn:casethread:problem:wrong.sign_in",
        "title": "Du skal logge på",
        "status": 401,
        "detail": "Din session er slut, eller du er ikke logget på.",
        "instance": "/api/v1/me",
    }


def test_language(bodil: Client) -> None:
    """Words are in the language that was asked for; the machine's word is the same."""
    seen = {}
    for language in ("da", "en-GB,da;q=0.5"):
        answer = bodil.get("/api/v1/cases/none", headers={"accept-language": language})
        seen[answer.headers["content-language"]] = answer.json()

    assert seen["da"]["type"] == seen["en"]["type"] == "urn:casethread:problem:wrong.hidden"
    assert seen["en"]["detail"] == "There is no case none, or you may not see it."
    assert seen["da"]["detail"] != seen["en"]["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/items/x", 404),
        ("/items/0", 404),
        ("/items/-1", 404),
        (f"/items/{2**53}", 404),
        ("/items/1e3", 404),
        ("/items/999999", 404),
        ("/items/1/files/-1", 404),
        (f"/items/1/files/{2**31}", 404),
        ("/items/999999/files/0", 404),
        (f"/cases/{'9' * 101}", 404),
        ("/cases/%00", 404),
        ("/cases/%0d%0aset-cookie:x=1", 404),
        ("/cases/%ff%fe", 404),
        ("/cases/..%2f..%2fetc%2fpasswd", 404),
        ("/presence/%00", 404),
        ("/presence?unit=%00", 422),
        (f"/cases/{town.BODILS}/timeline?limit=0", 422),
        (f"/cases/{town.BODILS}/timeline?limit=-1", 422),
        (f"/cases/{town.BODILS}/timeline?limit=201", 422),
        (f"/cases/{town.BODILS}/timeline?cursor=x", 422),
        (f"/cases/{town.BODILS}/timeline?cursor={'9' * 50_000}", 422),
        (f"/cases/{town.BODILS}/timeline?words={'x' * 50_000}", 422),
        (f"/cases/{town.BODILS}/timeline?from=0", 422),
        (f"/cases/{town.BODILS}/timeline?from=2026-13-01", 422),
        (f"/cases/{town.BODILS}/timeline?form=2026-11-01", 422),
        (f"/cases/{town.BODILS}/timeline?kind=note", 422),
        ("/todo?scope=everything", 422),
    ],
)  # fmt: skip
def test_wrong_requests(bodil: Client, path: str, status: int) -> None:
    """Whatever is sent that cannot be meant is refused in the one shape of errors."""
    answer = bodil.get(f"/api/v1{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (
        status, "application/problem+json",
    )  # fmt: skip
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "instance"}
    assert told["status"] == status
    assert "set-cookie" not in answer.headers


def test_query_of_a_megabyte(app: FastAPI, site: Site) -> None:
    """A query of any length is refused as any other that is too long."""
    query = b"words=" + b"%c3%a6" * 170_000
    cookie = f"{site.cookie}={token_for(site, 'bodil')}".encode()
    scope = {
        "type": "http", "method": "GET", "path": LINE, "raw_path": LINE.encode(),
        "query_string": query, "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", cookie)],
        "http_version": "1.1", "scheme": "http", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    in_a_thread(lambda: anyio.run(app, scope, receive, send))

    assert sent[0]["status"] == 422
    assert len(sent[1]["body"]) < 1000


def test_values_are_not_repeated(bodil: Client) -> None:
    """An error names the parameter and never its value: it may be what somebody said."""
    text = bodil.get(f"{LINE}?limit=hemmeligt").text

    assert "limit" in text
    assert "hemmeligt" not in text


@pytest.mark.parametrize("query", ["form=2026-11-01", "Limit=5", "limit[]=5", "cursor=&csrf=1"])
def test_unknown_parameters(bodil: Client, query: str) -> None:
    """A parameter with a slip in its name is refused: else a filter would show more than meant."""
    assert bodil.get(f"{LINE}?{query}").status_code == 422


def test_etag(bodil: Client) -> None:
    """What was read and did not change is not sent again; in another language it is another."""
    first = bodil.get(LINE)
    mark = first.headers["etag"]

    for header in (mark, f"W/{mark}", f'"x", {mark}', "*"):
        again = bodil.get(LINE, headers={"if-none-match": header})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)
    for headers in ({"if-none-match": '"x"'}, {"accept-language": "en", "if-none-match": mark}):
        assert bodil.get(LINE, headers=headers).status_code == 200


def test_methods(client: Callable[..., Client], bodil: Client) -> None:
    """An address says all that can be done there."""
    assert bodil.delete("/api/v1/items/1/note").headers["allow"] == "GET, PUT"
    assert bodil.put("/api/v1/me").headers["allow"] == "GET"
    assert bodil.put("/api/v1/me").status_code == 405


def test_no_other_origin(bodil: Client) -> None:
    """No page of another origin may read the API."""
    headers = {"origin": "https://intranet.example", "access-control-request-method": "GET"}
    answers = [
        bodil.get("/api/v1/me", headers=headers),
        bodil.options("/api/v1/me", headers=headers),
    ]

    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_changes_need_a_page_of_ours(bodil: Client) -> None:
    """With a session a change needs the token that a page of ours has."""
    headers = {"if-match": '"0"'}
    note = {"text": "x"}

    refused = bodil.put("/api/v1/items/999999/note", json=note, headers=headers)
    assert (refused.status_code, refused.json()["type"][-10:]) == (403, "wrong.csrf")
    headers["x-csrf-token"] = bodil.csrf
    assert bodil.put("/api/v1/items/999999/note", json=note, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"text": null}',
        b'{"text": 1}',
        b'{"text": "\\ud800"}',
        b'{"text": "x", "more": 1}',
        b'{"text": "' + b"x" * 20_001 + b'"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"text": ' + b"9" * 5000 + b"}",
    ],
)
def test_wrong_bodies(bodil: Client, body: bytes) -> None:
    """A body that cannot be read is refused, whatever it is made of."""
    headers = {
        "if-match": '"0"', "x-csrf-token": bodil.csrf, "content-type": "application/json",
    }  # fmt: skip
    answer = bodil.put("/api/v1/items/1/note", content=body, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_large(bodil: Client) -> None:
    """A body past the portal's limit is not read."""
    headers = {"x-csrf-token": bodil.csrf, "if-match": '"0"'}
    answer = bodil.put("/api/v1/items/1/note", content=b"x" * 1_100_000, headers=headers)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:casethread:problem:wrong.too_large"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_unexpected(app: FastAPI, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is answered with its number in the log, and nothing of what it was."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("hemmeligt")

    monkeypatch.setattr("connector.web.api.me.via", broken)
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as one:
        one.cookies.set(app.state.site.cookie, token_for(app.state.site, "bodil"))
        answer = one.get("/api/v1/me")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hemmeligt" not in answer.text


# the description


def test_description_is_served(client: Callable[..., Client]) -> None:
    """Everybody may read what the API can do; it is what the routes are."""
    answer = client().get("/api/v1/openapi.json")

    assert answer.json() == json.loads(json.dumps(described()))
    assert answer.json()["openapi"].startswith("3.1.")


def test_description_is_sent_once(client: Callable[..., Client]) -> None:
    """Who has the description is told that it is the same."""
    one = client()
    mark = one.get("/api/v1/openapi.json").headers["etag"]
    again = one.get("/api/v1/openapi.json", headers={"if-none-match": mark})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)


def test_description_is_kept() -> None:
    """docs/reference/openapi.json is the description; scripts/generate writes it."""
    kept = json.loads(Path("docs/reference/openapi.json").read_text(encoding="utf-8"))

    assert kept == json.loads(json.dumps(described()))


def test_every_route_is_described() -> None:
    """Each route has a name of its own, a summary, a documented answer and documented errors."""
    names = []
    for path, method, operation in operations():
        names.append(operation["operationId"])
        assert re.fullmatch(r"[a-z][A-Za-z]*", operation["operationId"])
        assert operation["summary"], path
        assert operation["description"], path
        errors = {each for each in operation["responses"] if each >= "4"}
        if operation["security"]:
            assert {"400", "401", "403", "404", "422", "429", "503"} <= errors, (path, method)
        assert "200" in operation["responses"]
    routes = [route for each in ROUTERS for route in each.routes if isinstance(route, APIRoute)]
    assert len(names) == len(set(names)) == len(routes)


def test_changes_are_conditional() -> None:
    """Whatever changes something wants If-Match, and says what becomes of a stale one."""
    for path, method, operation in operations():
        if method == "get" or path == "/api/v1/search":
            continue
        named = [each for each in operation.get("parameters", ()) if each["name"] == "If-Match"]
        assert [each["required"] for each in named] == [True], path
        assert {"409", "412", "428"} <= set(operation["responses"]), path


def test_who_may_ask_is_described() -> None:
    """All three ways to say who asks are described, and only what tells of nobody is open."""
    assert set(described()["components"]["securitySchemes"]) == {
        "accessToken", "statement", "session",
    }  # fmt: skip
    open_to_all = {path for path, _, operation in operations() if operation["security"] == []}
    assert open_to_all == {"/api/v1/health", "/api/v1/openapi.json"}


def test_every_field_is_there() -> None:
    """What is not known is null or empty, never left out: an answer's fields are all required."""
    schemas = described()["components"]["schemas"]
    answers = {
        ref
        for _, _, operation in operations()
        for ref in re.findall(
            r"schemas/(\w+)", json.dumps(operation["responses"]["200"].get("content", {}))
        )
    }
    for name in answers:
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
        assert schemas[name]["additionalProperties"] is False, name


def test_bounds_are_described() -> None:
    """The bounds of numbers in bodies stand in the description."""
    schemas = described()["components"]["schemas"]

    assert schemas["Seen"]["properties"]["item"]["maximum"] == 2**53 - 1
    assert schemas["SearchBody"]["properties"]["limit"]["maximum"] == 100


def test_page_names_every_route() -> None:
    """docs/reference/api.md names each operation by its path and method."""
    text = Path("docs/reference/api.md").read_text(encoding="utf-8")
    for path, method, operation in operations():
        line = f"| `{method.upper()} {path.removeprefix('/api/v1')}` | {operation['summary']} |"
        assert line in text
