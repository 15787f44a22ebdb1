"""An intranet's page may let a browser read a case and presence, and nothing else, for its user."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from connector.bootstrap import Program
from connector.web.app import make_app
from tests.conftest import Clock
from tests.web import town
from tests.web.conftest import URL, no_issuer, token_for
from tests.web.stating import Intranet, public_pem

OURS = "https://intranet.nordvang.example"
THEIRS = "https://nordvang.example.evil.example"
CASE = town.BODILS
LINE = f"/api/v1/cases/{CASE}/timeline"
PRESENCE = "/api/v1/presence"
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def intranet(tmp_path: Path) -> Intranet:
    made = Intranet()
    made.give_key(tmp_path / "keys")
    return made


@pytest.fixture
def app(program: Program, tmp_path: Path, clock: Clock) -> FastAPI:
    """A portal that believes one intranet and has been up for a minute."""
    web = msgspec.structs.replace(
        program.settings.web, intranet_keys=tmp_path / "keys", intranet_origins=(OURS,)
    )
    program.settings = msgspec.structs.replace(program.settings, web=web)
    made = make_app(program, no_issuer())
    clock.move(minutes=1)
    return made


@pytest.fixture
def ask(app: FastAPI, intranet: Intranet, clock: Clock) -> Iterator[Callable[..., Any]]:
    """`ask(path, "bodil")` is what a browser with a new statement of hers is answered."""
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as one:

        def send(
            path: str, name: str = "", *, origin: str = OURS, method: str = "GET", **headers: str
        ) -> Any:
            if name:
                statement = intranet.state(URL, town.PEOPLE[name].upn, clock())
                headers.setdefault("authorization", f"Statement {statement}")
            if origin:
                headers["origin"] = origin
            return one.request(method, path, headers=headers)

        yield send


def beforehand(
    ask: Any, path: str, method: str = "GET", names: str = "authorization", **more: Any
) -> Any:
    """What a browser is answered when it asks whether it may ask."""
    asked = {"access-control-request-method": method, "access-control-request-headers": names}
    return ask(path, method="OPTIONS", **more, **asked)


def test_reads(ask: Any) -> None:
    """The intranet's page reads her case and who is free, in her name."""
    for path in (LINE, f"/api/v1/cases/{CASE}", PRESENCE, f"{PRESENCE}/bodil@nordvang.example"):
        answer = ask(path, "bodil")
        assert (answer.status_code, answer.headers.get(ALLOWED)) == (200, OURS), path
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


def test_beforehand(ask: Any) -> None:
    """The browser may ask by GET with the headers that are needed, and is told so for a while."""
    answer = beforehand(ask, LINE, names="authorization, Accept-Language")

    assert answer.status_code == 204
    assert answer.headers[ALLOWED] == OURS
    assert answer.headers["access-control-allow-methods"] == "GET"
    assert answer.headers["access-control-max-age"] == "600"


OTHERS = [THEIRS, "null", f"{OURS}:444", "http://intranet.nordvang.example", f"{OURS}/", ""]


@pytest.mark.parametrize("origin", OTHERS)
def test_other_origin(ask: Any, origin: str) -> None:
    """No other page is let read, not with a good statement either."""
    assert ALLOWED not in beforehand(ask, LINE, origin=origin).headers
    assert ALLOWED not in ask(LINE, "bodil", origin=origin).headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes(ask: Any, method: str) -> None:
    """Nothing that writes is let through, neither beforehand nor by itself."""
    assert ALLOWED not in beforehand(ask, LINE, method=method).headers
    answer = ask(LINE, "bodil", method=method)
    assert ALLOWED not in answer.headers
    assert answer.status_code in (403, 405)


def test_other_headers(ask: Any) -> None:
    """A page may not send a header that we have no need of."""
    assert ALLOWED not in beforehand(ask, LINE, names="authorization, x-csrf-token").headers


@pytest.mark.parametrize(
    "path",
    ["/api/v1/me", "/api/v1/search?q=pas", "/api/v1/todo", "/api/v1/items/1", "/records", "/",
     f"/cases/{CASE}", "/api/v1/casesx", "/api/v1/presence/a/b", "/sign-in"],
)  # fmt: skip
def test_other_addresses(ask: Any, path: str) -> None:
    """All other addresses stay closed to other sites' pages."""
    assert ALLOWED not in beforehand(ask, path).headers
    assert ALLOWED not in ask(path, "bodil").headers


def test_no_cookie(ask: Any, app: FastAPI) -> None:
    """A session of the portal is not looked at when another site's page asks."""
    site = app.state.site
    cookie = f"{site.cookie}={token_for(site, 'bodil')}"

    assert ask(LINE, origin="", cookie=cookie).status_code == 200
    assert ask(LINE, cookie=cookie).status_code == 401


def test_rights(ask: Any) -> None:
    """Who may not see the case does not see it by way of the intranet, whatever their roles."""
    for name in ("carl", "rita"):
        answer = ask(LINE, name)
        assert (answer.status_code, answer.headers[ALLOWED]) == (404, OURS), name


def forged(claims: dict[str, Any], intranet: Intranet) -> dict[str, str]:
    """Statements that somebody made who has not the intranet's private key."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    stranger = Intranet()
    return {
        "unsigned": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.",
        "public key as secret": _hs256(claims, public_pem(intranet.key)),
        "another key": jwt.encode(claims, stranger.key, "EdDSA"),
        "another issuer": jwt.encode({**claims, "iss": "sydnet"}, intranet.key, "EdDSA"),
        "another portal": jwt.encode({**claims, "aud": THEIRS}, intranet.key, "EdDSA"),
        "expired": jwt.encode(
            {**claims, "iat": claims["iat"] - 300, "exp": claims["iat"] - 200},
            intranet.key,
            "EdDSA",
        ),
        "an hour": jwt.encode({**claims, "exp": claims["iat"] + 3600}, intranet.key, "EdDSA"),
    }


def _hs256(claims: dict[str, Any], secret: bytes) -> str:
    import hashlib
    import hmac

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    said = f"{part(json.dumps({'alg': 'HS256'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{said}.{part(hmac.new(secret, said.encode(), hashlib.sha256).digest())}"


def test_forged(ask: Any, intranet: Intranet, clock: Clock) -> None:
    """No statement holds that the intranet did not sign, for us, now; the page is told only 401."""
    claims = intranet.claims(URL, town.PEOPLE["bodil"].upn, clock())
    for how, statement in forged(claims, intranet).items():
        answer = ask(LINE, authorization=f"Statement {statement}")
        assert answer.status_code == 401, how


def test_once(ask: Any, intranet: Intranet, clock: Clock) -> None:
    """A statement that was used is worth nothing to whoever reads it after."""
    statement = f"Statement {intranet.state(URL, town.PEOPLE['bodil'].upn, clock())}"

    assert ask(LINE, authorization=statement).status_code == 200
    assert ask(LINE, authorization=statement).status_code == 401


def test_roles(ask: Any, intranet: Intranet, clock: Clock) -> None:
    """Roles that a statement claims give nothing."""
    statement = intranet.state(
        URL, town.PEOPLE["carl"].upn, clock(), roles=["RecordsManager"], groups=["RecordsManager"]
    )
    assert ask(LINE, authorization=f"Statement {statement}").status_code == 404


def test_look(ask: Any, program: Program) -> None:
    """What was read through the intranet stands in the record of looks, with who and by which."""
    import sqlalchemy as sa

    from connector.ledger.tables import event

    assert ask(LINE, "bodil").status_code == 200
    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.detail).order_by(event.c.id)
        ).all()
    assert any("bodil" in str(row.actor) and "nordnet" in str(row) for row in rows), rows[-3:]


NONE = ["*", "null", "x", "https://", f"{OURS}/", f"{OURS}/plone", "https://User@x.example",
        "http://intranet.nordvang.example"]  # fmt: skip


@pytest.mark.parametrize("origin", NONE)
def test_setting(origin: str, tmp_path: Path) -> None:
    """What no browser sends as an origin, or anybody on the network may pose as, is refused."""
    from tests.test_settings import problems

    found = problems(f'[web]\nintranet_origins = ["{origin}"]\n', tmp_path)
    assert any("intranet_origins" in each for each in found), found
