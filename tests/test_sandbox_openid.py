"""The sandbox's OpenID provider: it signs in as Entra does, and refuses as Entra does."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
import requests
from typer.testing import CliRunner

from connector.cli import make_app
from connector.sandbox import Municipality, build
from connector.sandbox.openid import OpenId, for_municipality
from connector.sandbox.openid_clients import Application
from connector.sandbox.openid_tokens import GRAPH, MOST_GROUPS, SigningKey
from connector.sandbox.openid_users import demo_users
from connector.sandbox.server import listen
from tests.conftest import Clock

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HERE = "http://127.0.0.1:8080/signed-in"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")


@pytest.fixture(scope="module")
def town() -> Municipality:
    return build(seed=5, users=60, days=3, now=NOW)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@dataclass
class Box:
    """A running provider, and a browser that has its cookies."""

    provider: OpenId
    origin: str
    browser: requests.Session

    @property
    def base(self) -> str:
        return f"{self.origin}/{self.provider.tenant}"

    def authorize(self, **changed: str | None) -> requests.Response:
        """Ask to sign in as the portal does; None leaves a parameter out."""
        return self.browser.get(self.authorize_url(**changed), allow_redirects=False)

    def authorize_url(self, **changed: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": self.provider.portal.client_id,
            "response_type": "code",
            "redirect_uri": HERE,
            "scope": "openid profile email",
            "state": "s/1",
            "nonce": "n1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }
        kept = {name: value for name, value in asked.items() if value is not None}
        return f"{self.base}/oauth2/v2.0/authorize?{urlencode(kept)}"

    def code(self, **changed: str | None) -> str:
        """A code for the first user, by the button of the page."""
        form = {"user": self.provider.users[0].oid}
        answer = self.browser.post(self.authorize_url(**changed), form, allow_redirects=False)
        return brought(answer)["code"]

    def token(
        self, *, application: Application | None = None, **changed: str | None
    ) -> requests.Response:
        asker = application or self.provider.portal
        asked: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": asker.client_id,
            "client_secret": asker.secret,
            "redirect_uri": HERE,
            "code_verifier": VERIFIER,
            **changed,
        }
        form = {name: value for name, value in asked.items() if value is not None}
        return requests.post(f"{self.base}/oauth2/v2.0/token", form, timeout=5)

    def read(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token, its signature checked by the published keys."""
        keys = requests.get(f"{self.base}/discovery/v2.0/keys", timeout=5).json()
        kid = jwt.get_unverified_header(token)["kid"]
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        key = jwt.PyJWKSet.from_dict(keys)[kid]
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], audience=audience, options=options
        )
        return claims


def brought(answer: requests.Response) -> dict[str, str]:
    """What a redirect brings back to the client."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@contextmanager
def running(provider: OpenId) -> Iterator[Box]:
    with listen(provider.handle) as server, requests.Session() as browser:
        browser.trust_env = False
        yield Box(provider, server.origin, browser)


@pytest.fixture
def box(town: Municipality, clock: Clock, key: SigningKey) -> Iterator[Box]:
    provider = OpenId(
        tenant=town.tenant,
        users=demo_users(town),
        redirect_uris=("https://portal.example/signed-in",),
        clock=clock,
        keys=[key],
    )
    with running(provider) as made:
        yield made


class _Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[Mapping[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


# --- who there is


def test_users(town: Municipality) -> None:
    """There is a case worker, a colleague of the unit, one of another, and the other three jobs."""
    users = demo_users(town)

    assert [user.roles for user in users] == [
        ("CaseWorker",),
        ("CaseWorker",),
        ("CaseWorker",),
        ("RecordsManager",),
        ("Editor", "CaseWorker"),
        ("Operator",),
    ]
    assert len({user.oid for user in users}) == 6
    assert users[1].department == users[0].department != users[2].department
    assert all(town.person[user.oid].upn == user.upn for user in users)


def _richness(town: Municipality, until: datetime) -> Mapping[str, tuple[int, int]]:
    """Kinds and number of communications of each open, unrestricted case, by the truth."""
    kinds = {"message": "message", "event": "message", "mail": "", "missed_call_mail": ""}
    at = {each.key: each.at for each in (*town.messages, *town.channel_messages, *town.mails)}
    at |= {each.key: each.start for each in town.calls}
    found: dict[str, list[str]] = {each.number: [] for each in town.cases()}
    for row in town.truth():
        kind = kinds.get(row["kind"], row["kind"])
        when = at[row.get("id") or row.get("record") or row["key"]]
        if kind and row["case"] and when <= until:
            found[row["case"]].append(kind)
    able = [each.number for each in town.cases() if each.is_open and not each.access]
    return {number: (len(set(found[number])), len(found[number])) for number in able}


@pytest.mark.parametrize("hours", [0, 54])
def test_first_user(town: Municipality, hours: int) -> None:
    """The first has the case with most kinds of communication, then most of it, up to a time."""
    until = NOW - timedelta(hours=hours)
    rich = _richness(town, until)
    first = demo_users(town, until=until)[0]
    own = [
        rich[each.number]
        for each in town.cases()
        if each.caseworker.key == first.oid
        if each.number in rich
    ]

    assert max(own) == max(rich.values())
    assert max(own) > (1, 1)


@pytest.mark.parametrize("changed", [{"is_open": False}, {"access": "restricted"}])
def test_first_user_may_look(town: Municipality, changed: Mapping[str, Any]) -> None:
    """A closed or a restricted case makes nobody the first, however much was said about it."""
    first = demo_users(town)[0]
    files = tuple(
        replace(each, **changed) if each.caseworker.key == first.oid else each
        for each in town.cases()
    )

    assert demo_users(replace(town, case_files=files))[0].oid != first.oid


@pytest.mark.parametrize("count", [3, 4, 5, 6, 9])
def test_users_of_few(count: int) -> None:
    """In a small municipality somebody has several jobs; each role is held, and nobody is twice."""
    users = demo_users(build(seed=1, users=count, days=1, now=NOW))
    held = {role for user in users for role in user.roles}

    assert held == {"CaseWorker", "RecordsManager", "Editor", "Operator"}
    assert len({user.oid for user in users}) == len(users) == min(count, 6)


# --- signing in


def test_discovery(box: Box) -> None:
    """The document names itself and addresses that are served."""
    document = box.browser.get(f"{box.base}/v2.0/.well-known/openid-configuration").json()

    assert document["issuer"] == f"{box.base}/v2.0"
    assert document["subject_types_supported"] == ["pairwise"]
    assert box.browser.get(document["jwks_uri"]).json()["keys"][0]["kty"] == "RSA"
    assert box.browser.get(document["authorization_endpoint"]).status_code == 400
    assert box.browser.post(document["token_endpoint"]).status_code == 400
    assert box.browser.get(document["end_session_endpoint"]).status_code == 200
    older = box.browser.get(f"{box.base}/.well-known/openid-configuration").json()
    assert older["issuer"] == f"https://sts.windows.net/{box.provider.tenant}/"


def test_other_tenant(box: Box) -> None:
    """Another tenant is not found."""
    answer = box.browser.get(f"{box.origin}/common/v2.0/.well-known/openid-configuration")

    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [90002]


def test_page(box: Box) -> None:
    """The page has a button for each user, named by name, job and unit, and needs no script."""
    answer = box.authorize()
    page = _Page(answer.text)

    buttons = [one["value"] for one in page.all("button") if one["name"] == "user"]
    assert buttons == [user.oid for user in box.provider.users]
    assert len(page.all("form")) == len(buttons) + 1
    assert page.all("html")[0]["lang"] == "da"
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("title")) == 1
    assert "arkivmedarbejder" in page.words
    assert not page.all("script")
    assert not page.all("style")
    style = box.browser.get(box.origin + str(page.all("link")[0]["href"]))
    assert style.headers["content-type"] == "text/css"


@pytest.mark.parametrize(
    ("asked", "browser", "lang"),
    [
        (None, "en-GB,en;q=0.9,da;q=0.8", "en"),
        (None, "fr, da;q=0.5", "da"),
        ("da", "en", "da"),
        ("en-US", "da", "en"),
        (None, "fr", "da"),
    ],
)
def test_language(box: Box, asked: str | None, browser: str, lang: str) -> None:
    """ui_locales comes before the browser's languages; without either it is Danish."""
    box.browser.headers["accept-language"] = browser
    page = _Page(box.authorize(ui_locales=asked).text)

    assert page.all("html")[0]["lang"] == lang
    assert ("Sign in" in page.words) == (lang == "en")


def test_flow(box: Box) -> None:
    """One click gives a code, and the code an ID token and an access token."""
    user = box.provider.users[0]
    answer = box.browser.post(box.authorize_url(), {"user": user.oid}, allow_redirects=False)
    told = brought(answer)
    given = box.token(code=told["code"])
    claims = box.read(given.json()["id_token"], box.provider.portal.client_id)

    assert answer.headers["location"].startswith(HERE + "?")
    assert told["state"] == "s/1"
    assert given.headers["cache-control"] == "no-store"
    assert given.json()["token_type"] == "Bearer"
    assert claims | {"uti": "", "sub": ""} == {
        "aud": box.provider.portal.client_id,
        "iss": f"{box.base}/v2.0",
        "iat": int(NOW.timestamp()),
        "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 75 * 60,
        "tid": box.provider.tenant,
        "uti": "",
        "sub": "",
        "ver": "2.0",
        "nonce": "n1",
        "oid": user.oid,
        "name": user.name,
        "preferred_username": user.upn,
        "email": user.mail,
        "roles": ["CaseWorker"],
    }
    graph = box.read(given.json()["access_token"], GRAPH)
    assert graph["aud"] == GRAPH


def test_scopes(box: Box) -> None:
    """Without profile and email their claims are missing; without openid there is no ID token."""
    few = box.token(code=box.code(scope="openid")).json()
    none = box.token(code=box.code(scope="profile")).json()

    claims = box.read(few["id_token"], box.provider.portal.client_id)
    assert not {"oid", "name", "preferred_username", "email"} & set(claims)
    assert "id_token" not in none


def test_basic(box: Box) -> None:
    """The secret may come as Basic, both halves form-encoded."""
    form = {
        "grant_type": "authorization_code",
        "code": box.code(),
        "redirect_uri": HERE,
        "code_verifier": VERIFIER,
    }
    asker = box.provider.portal
    pair = f"{asker.client_id}:{asker.secret.replace('~', '%7E')}"
    head = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    answer = requests.post(f"{box.base}/oauth2/v2.0/token", form, headers=head, timeout=5)
    head["authorization"] = "Basic ~~~"
    bad = requests.post(f"{box.base}/oauth2/v2.0/token", form, headers=head, timeout=5)

    assert answer.status_code == 200
    assert bad.json()["error_codes"] == [7000218]


def test_pairwise(box: Box) -> None:
    """Two applications get two subjects for one person, and the same object id."""
    intranet = box.provider.intranet
    own = box.token(code=box.code()).json()["id_token"]
    code = box.code(client_id=intranet.client_id)
    other = box.token(application=intranet, code=code).json()["id_token"]
    first = box.read(own, box.provider.portal.client_id)
    second = box.read(other, intranet.client_id)

    assert first["sub"] != second["sub"]
    assert first["oid"] == second["oid"]


# --- staying signed in, hints, signing out


def test_silent(box: Box) -> None:
    """prompt=none answers login_required when nobody is signed in, and a code when one is."""
    before = brought(box.authorize(prompt="none"))
    box.code()
    after = brought(box.authorize(prompt="none"))

    assert before["error"] == "login_required"
    assert "AADSTS50058" in before["error_description"]
    assert before["state"] == "s/1"
    assert "code" in after


def test_stays_signed_in(box: Box) -> None:
    """Who is signed in is not asked again, unless the client wants the page."""
    box.code()

    assert "code" in brought(box.authorize())
    for prompt in ("login", "select_account", "consent"):
        assert box.authorize(prompt=prompt).status_code == 200


def test_hint(box: Box) -> None:
    """A hint leaves one button; a hint at nobody leaves all; select_account leaves it out."""
    second = box.provider.users[1]

    def buttons(**asked: str) -> int:
        return box.authorize(**asked).text.count('name="user"')

    assert buttons(login_hint=second.upn.upper()) == 1
    assert buttons(login_hint="nobody@nordvang.example") == 6
    assert buttons(login_hint=second.upn, prompt="select_account") == 6


def test_hint_at_other(box: Box) -> None:
    """A hint at somebody else is not answered with the one who is signed in."""
    box.code()
    second = box.provider.users[1].upn

    assert box.authorize(login_hint=second).status_code == 200
    assert brought(box.authorize(login_hint=second, prompt="none"))["error"] == "login_required"


def test_cookie_path(box: Box) -> None:
    """The cookie is the tenant's path's: the portal, on another port of the host, never gets it."""
    box.code()
    cookie = next(iter(box.browser.cookies))

    assert cookie.path == f"/{box.provider.tenant}"


def test_cancel(box: Box) -> None:
    """Who cancels is sent back with access_denied."""
    answer = box.browser.post(box.authorize_url(), {"cancel": "yes"}, allow_redirects=False)

    assert brought(answer)["error"] == "access_denied"


def test_stranger(box: Box) -> None:
    """A form that names no user of the tenant gives no code."""
    answer = box.browser.post(box.authorize_url(), {"user": "x"}, allow_redirects=False)

    assert brought(answer)["error"] == "interaction_required"


def test_sign_out(box: Box) -> None:
    """Signing out ends the session, and goes back to a registered address only."""
    address = f"{box.base}/oauth2/v2.0/logout"
    back = "http://localhost:1234/signed-out"
    box.code()
    kept = dict(box.browser.cookies)
    gone = box.browser.get(
        address, params={"post_logout_redirect_uri": back}, allow_redirects=False
    )
    foreign = box.browser.get(address, params={"post_logout_redirect_uri": "https://evil.example/"})

    assert gone.headers["location"] == back
    assert not box.browser.cookies
    box.browser.cookies.update(kept)  # whoever kept a copy is not signed in by it
    assert brought(box.authorize(prompt="none"))["error"] == "login_required"
    assert "Du er logget af" in foreign.text


# --- what is refused before anybody is asked


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/signed-in",
        "http://127.0.0.1:8080/other",
        "http://127.0.0.1:8080/SIGNED-IN",
        "http://127.0.0.1:8080/signed-in?next=x",
        "http://127.0.0.1:8080/signed-in#x",
        "https://127.0.0.1:8080/signed-in",
        "http://127.0.0.1@evil.example/signed-in",
        "http://user@127.0.0.1:8080/signed-in",
        "http://127.0.0.1.evil.example/signed-in",
        "http://127.0.0.1:x/signed-in",
        "http://[::1]:8080/signed-in",
        "https://portal.example/signed-in/",
        "javascript:alert(1)",
    ],
)
def test_unregistered(box: Box, address: str) -> None:
    """An address that is not registered is told to the person, and nobody is sent there."""
    answer = box.authorize(redirect_uri=address)

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "AADSTS50011" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:5000/signed-in",
        "http://localhost/signed-in",
        "https://portal.example/signed-in",
    ],
)
def test_registered(box: Box, address: str) -> None:
    """Loopback is known on any port, and an address of the list as it stands there."""
    assert box.authorize(redirect_uri=address).status_code == 200


def test_page_escapes(box: Box) -> None:
    """What a request says is shown as text."""
    answer = box.authorize(redirect_uri="https://x.example/<script>alert(1)</script>")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": None}, 900144),
        ({"redirect_uri": None}, 900144),
        ({"client_id": "someone"}, 700016),
    ],
)
def test_shown(box: Box, changed: Mapping[str, str | None], code: int) -> None:
    """Without a client and an address that are known the error is shown."""
    answer = box.authorize(**changed)

    assert answer.status_code == 400
    assert f"AADSTS{code}:" in answer.text


@pytest.mark.parametrize(
    ("changed", "error", "code"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"scope": None}, "invalid_request", 900144),
        ({"response_type": "id_token"}, "unsupported_response_type", 70005),
        ({"response_mode": "fragment"}, "invalid_request", 70007),
        ({"prompt": "always"}, "invalid_request", 90023),
        ({"scope": "openid Mail.Read"}, "invalid_scope", 70011),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge_method": "plain"}, "invalid_request", 501491),
        ({"code_challenge": None}, "invalid_request", 501491),
        ({"code_challenge_method": None}, "invalid_request", 501491),
    ],
)
def test_sent_back(box: Box, changed: Mapping[str, str | None], error: str, code: int) -> None:
    """Other mistakes are told to the client."""
    told = brought(box.authorize(**changed))

    assert told["error"] == error
    assert f"AADSTS{code}:" in told["error_description"]
    assert told["state"] == "s/1"


# --- what the token endpoint refuses


def _no(answer: requests.Response) -> tuple[int, str, int]:
    body = answer.json()
    assert re.match(rf"AADSTS{body['error_codes'][0]}: ", body["error_description"])
    return answer.status_code, body["error"], body["error_codes"][0]


def test_code_once(box: Box) -> None:
    """A code works once."""
    code = box.code()

    assert box.token(code=code).status_code == 200
    assert _no(box.token(code=code)) == (400, "invalid_grant", 54005)


def test_code_expires(box: Box, clock: Clock) -> None:
    """A code works for ten minutes."""
    first, second = box.code(), box.code()
    clock.move(minutes=9, seconds=59)
    in_time = box.token(code=first).status_code
    clock.move(seconds=1)

    assert in_time == 200
    assert _no(box.token(code=second)) == (400, "invalid_grant", 70008)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"code_verifier": "w" * 43}, (400, "invalid_grant", 501481)),
        ({"code_verifier": None}, (400, "invalid_grant", 501481)),
        ({"redirect_uri": "http://localhost/signed-in"}, (400, "invalid_grant", 500112)),
        ({"redirect_uri": None}, (400, "invalid_request", 900144)),
        ({"client_secret": "guess"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None}, (401, "invalid_client", 7000218)),
        ({"client_id": "someone"}, (400, "unauthorized_client", 700016)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"grant_type": None}, (400, "invalid_request", 900144)),
        ({"code": "guess"}, (400, "invalid_grant", 9002313)),
        ({"code": None}, (400, "invalid_request", 900144)),
    ],
)
def test_token_refused(
    box: Box, changed: Mapping[str, str | None], expected: tuple[int, str, int]
) -> None:
    """A token request with one thing wrong is refused with Entra's code for it."""
    assert _no(box.token(**{"code": box.code(), **changed})) == expected


def test_code_of_other(box: Box) -> None:
    """A code does not work for another application."""
    answer = box.token(application=box.provider.intranet, code=box.code())

    assert _no(answer) == (400, "invalid_grant", 9002313)


def test_wrong_try_uses_up(box: Box) -> None:
    """A code is used up by a wrong verifier too: nobody gets to guess twice."""
    code = box.code()
    box.token(code=code, code_verifier="w" * 43)

    assert _no(box.token(code=code)) == (400, "invalid_grant", 54005)


# --- access tokens for the portal's API


def test_api_token(box: Box) -> None:
    """An application gets a token for the API in a person's name."""
    provider, intranet = box.provider, box.provider.intranet
    scope = f"openid api://{provider.portal.client_id}/access"
    code = box.code(client_id=intranet.client_id, scope=scope)
    token = box.token(application=intranet, code=code).json()["access_token"]
    claims = box.read(token, provider.portal.client_id)

    assert claims["scp"] == "access"
    assert claims["azp"] == intranet.client_id
    assert claims["preferred_username"] == provider.users[0].upn
    assert claims["ver"] == "2.0"
    assert "nonce" not in claims


def test_old_token(box: Box) -> None:
    """With version 1 the token has v1.0's issuer, audience and names."""
    box.provider.version = 1
    api, intranet = box.provider.portal.client_id, box.provider.intranet
    code = box.code(client_id=intranet.client_id, scope=f"{api}/access")
    token = box.token(application=intranet, code=code).json()["access_token"]
    claims = box.read(token, f"api://{api}")

    assert claims["iss"] == f"https://sts.windows.net/{box.provider.tenant}/"
    assert claims["appid"] == intranet.client_id
    assert claims["upn"] == claims["unique_name"] == box.provider.users[0].upn
    assert claims["ver"] == "1.0"


def test_app_token(box: Box) -> None:
    """An application may sign in as itself: roles instead of scopes, and no person."""
    api = box.provider.portal.client_id
    form = {"grant_type": "client_credentials", "scope": f"api://{api}/.default"}
    token = box.token(application=box.provider.intranet, **form).json()["access_token"]
    claims = box.read(token, api)
    wrong = box.token(grant_type="client_credentials", scope="https://graph.microsoft.com/.default")

    assert claims["roles"] == ["Service"]
    assert claims["oid"] == claims["sub"]
    assert "scp" not in claims
    assert _no(wrong) == (400, "invalid_scope", 70011)


# --- groups instead of roles


@pytest.mark.parametrize(("claims", "has_groups"), [("groups", True), ("overage", False)])
def test_groups(town: Municipality, claims: str, has_groups: bool) -> None:
    """Groups come as ids; with more than 200 of them only a pointer comes."""
    provider = for_municipality(town, claims=claims)
    with running(provider) as box:
        token = box.token(code=box.code()).json()["id_token"]
        told = box.read(token, provider.portal.client_id)

    assert "roles" not in told
    assert ("groups" in told) == has_groups
    assert ("_claim_names" in told) == (not has_groups)
    assert (len(provider.users[0].groups) > MOST_GROUPS) == (not has_groups)


def test_most_groups(town: Municipality) -> None:
    """Two hundred groups still fit."""
    provider = for_municipality(town, claims="groups")
    first = provider.users[0]
    many = replace(first, groups=tuple(str(n) for n in range(MOST_GROUPS)))
    provider.users = (many, *provider.users[1:])
    with running(provider) as box:
        token = box.token(code=box.code()).json()["id_token"]

        assert len(box.read(token, provider.portal.client_id)["groups"]) == MOST_GROUPS


def test_rotation(box: Box) -> None:
    """A new key signs at once; the old one goes on being told, or not, as a test wants."""
    old = box.provider.keys[0].kid
    new = box.provider.rotate().kid
    token = box.token(code=box.code()).json()["id_token"]
    told = {key["kid"] for key in box.browser.get(f"{box.base}/discovery/keys").json()["keys"]}
    box.provider.rotate(keep=False)

    assert jwt.get_unverified_header(token)["kid"] == new
    assert told == {old, new}
    assert len(box.browser.get(f"{box.base}/discovery/keys").json()["keys"]) == 1


# --- the command


def test_serve(tmp_path: Path) -> None:
    """`sandbox serve` says where to sign in, on a port of its own and over plain http."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "connector.cli", "sandbox", "serve", "--json"),
            *("--users", "6", "--days", "1", "--openid-claims", "groups", "--while-stdin"),
            *("--openid-redirect", "https://portal.example/signed-in"),
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    try:
        told = ""
        for line in child.stdout:
            told += line.decode()
            if line.strip() == b"}":
                break
        where = json.loads(told)
        issuer = where["openid_issuer"]
        document = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
        asked = {
            "client_id": where["openid_client_id"],
            "redirect_uri": "https://portal.example/signed-in",
            "response_type": "code",
            "scope": "openid",
        }
        page = requests.get(document["authorization_endpoint"], asked, timeout=5)
    finally:
        child.communicate(timeout=30)  # its standard input ends, and so does it

    assert child.returncode == 0
    assert issuer == f"{document['issuer']}"
    assert urlsplit(issuer).scheme == "http"
    assert issuer.split("/")[2] != where["base_url"].split("/")[2]
    assert where["openid_client_secret"].startswith("sandbox~")
    assert _Page(page.text).all("form")


def test_serve_port_taken() -> None:
    """A port that is taken is named with the option that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["sandbox", "serve", "--users", "3", "--days", "1", "--no-tls"]
        told = CliRunner().invoke(make_app(), [*words, "--openid-port", str(port)])

    assert told.exit_code == 1
    assert f"127.0.0.1:{port}" in told.output
    assert "--openid-port" in told.output


def test_serve_tells(tmp_path: Path) -> None:
    """Without --json it says what to write, and which variable the secret belongs in."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "connector.cli", "sandbox", "serve"),
            *("--users", "6", "--days", "1", "--while-stdin"),
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    told = ""
    for line in child.stdout:
        told += line.decode()
        if "CASETHREAD_WEB_CLIENT_SECRET" in told:
            break
    child.communicate(timeout=30)

    assert re.search(r'\[web\]\n  issuer = "http://127.0.0.1:\d+/[0-9a-f-]{36}/v2.0"', told)
    assert "CASETHREAD_WEB_CLIENT_SECRET=sandbox~" in told
