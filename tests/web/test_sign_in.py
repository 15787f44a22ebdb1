"""Signing in as people do it, against a real provider; sessions; and attacks on both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger.tables import event, web_session
from connector.sandbox.openid import OpenId as Provider
from connector.sandbox.openid_users import DemoUser
from connector.sandbox.server import listen
from connector.web.app import make_app
from connector.web.openid import OpenId
from connector.web.pages.sign_in import BEGUN, local
from connector.web.site import Site
from tests.conftest import Clock
from tests.web import town
from tests.web.conftest import URL, Client

TENANT = "6f1c2a52-9a0e-4a61-8b39-0d3c1f1b7a10"


def demo_user(name: str, *roles: str) -> DemoUser:
    person = town.PEOPLE[name]
    return DemoUser(
        oid=person.id, upn=person.upn, name=person.name, mail="", department=person.department,
        roles=roles, groups=(),
    )  # fmt: skip


@dataclass
class Door:
    """The portal with a real provider behind it, and a browser of each."""

    site: Site
    client: Client
    provider: Provider

    def begin(self, back: str = "/") -> str:
        """Where the portal sends the browser."""
        answer = self.client.get("/sign-in/start", params={"back": back})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def choose(self, there: str, name: str = "bodil") -> str:
        """The provider's page is sent with one click; where it leads back to."""
        with requests.Session() as browser:
            browser.trust_env = False
            assert browser.get(there).status_code == 200
            sent = browser.post(there, {"user": town.PEOPLE[name].id}, allow_redirects=False)
        back = urlsplit(sent.headers["location"])
        return f"{back.path}?{back.query}"

    def sign_in(self, name: str = "bodil", back: str = "/") -> Any:
        return self.client.get(self.choose(self.begin(back), name))

    @property
    def sessions(self) -> int:
        with self.site.read() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(web_session)).scalar_one()
            )


@pytest.fixture
def door(tmp_path: Path, clock: Clock, filled: Path) -> Iterator[Door]:
    """Bodil, Rita and somebody without a role can sign in."""
    users = (
        demo_user("bodil", "CaseWorker"),
        demo_user("rita", "RecordsManager"),
        demo_user("erik"),
    )
    provider = Provider(tenant=TENANT, users=users, clock=clock)
    with listen(provider.handle) as server:
        issuer = f"{server.origin}/{TENANT}/v2.0"
        shutil.copy(filled, tmp_path / "ledger.db")
        program = Program(settings=town.settings(tmp_path, URL, issuer=issuer), clock=clock)
        openid = OpenId(
            issuer=issuer,
            client_id=provider.portal.client_id,
            secret=provider.portal.secret,
            redirect_uri=f"{URL}/signed-in",
            clock=clock,
        )
        app = make_app(program, openid)
        with Client(app, base_url=URL, follow_redirects=False) as client:
            client.headers["accept-language"] = "da"
            yield Door(app.state.site, client, provider)
        program.close()


def test_signs_in(door: Door) -> None:
    """One click at the provider, and Bodil sees the page that she asked for first."""
    asked = door.client.get("/?q=bump")
    answer = door.sign_in(
        "bodil", back=parse_qs(urlsplit(asked.headers["location"]).query)["back"][0]
    )

    assert asked.status_code == 303
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=bump")
    assert "Bodil Bæk" in door.client.get("/").text


def test_cookie(door: Door) -> None:
    """The session's cookie is for this host alone, and no script reads it."""
    cookie = door.sign_in().headers.get_list("set-cookie")[0]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_cookie_over_https(clock: Clock, tmp_path: Path) -> None:
    """Behind https it is sent over https only, and no other host can set one of its name."""
    program = Program(settings=town.settings(tmp_path, "https://sag.kommune.example"), clock=clock)
    site = make_app(program, object()).state.site  # type: ignore[arg-type]

    assert (site.is_secure, site.cookie) == (True, "__Host-casethread")
    program.close()


def test_sign_in_is_recorded(door: Door) -> None:
    """That somebody signed in is an event."""
    door.sign_in()
    with door.site.read() as connection:
        rows = connection.execute(sa.select(event.c.actor).where(event.c.action == "signed_in"))
        assert rows.scalars().all() == ["bodil@nordvang.example"]


def test_new_token_at_each_sign_in(door: Door) -> None:
    """A session that was there before (fixed by somebody else) is over after signing in."""
    door.sign_in()
    first = door.client.cookies.get(door.site.cookie)
    door.sign_in()

    assert door.client.cookies.get(door.site.cookie) != first
    assert door.sessions == 1


def test_sign_out(door: Door) -> None:
    """Signing out ends the session here and at the provider; the old cookie opens nothing."""
    door.sign_in()
    token = door.client.cookies.get(door.site.cookie)
    from connector.web.who import csrf_of

    out = door.client.post("/sign-out", data={"csrf": csrf_of(token)})
    door.client.cookies.set(door.site.cookie, token)

    assert out.status_code == 303
    assert out.headers["location"].startswith(door.site.web.issuer.removesuffix("/v2.0"))
    assert door.client.get("/").status_code == 303


def test_sign_out_needs_the_form(door: Door) -> None:
    """Another site cannot sign somebody out."""
    door.sign_in()

    assert door.client.post("/sign-out", data={"csrf": "0"}).status_code == 403
    assert door.sessions == 1


def test_without_role(door: Door) -> None:
    """Who has no role in the program is told so, and sees nothing."""
    door.sign_in("erik")
    answer = door.client.get("/")

    assert answer.status_code == 403
    assert "ingen rolle" in answer.text


@pytest.mark.parametrize("change", [{"state": "x"}, {"state": ""}, {"code": "x"}])
def test_wrong_answers(door: Door, change: dict[str, str]) -> None:
    """An answer with another state or a made-up code signs nobody in."""
    back = urlsplit(door.choose(door.begin()))
    query = {name: values[0] for name, values in parse_qs(back.query).items()} | change
    answer = door.client.get("/signed-in", params=query)

    assert answer.status_code == 403
    assert door.sessions == 0


def test_answer_of_another_browser(door: Door) -> None:
    """A link with somebody else's code does not sign the victim in as them (login CSRF)."""
    back = door.choose(door.begin())
    door.client.cookies.clear()

    assert door.client.get(back).status_code == 400
    assert door.sessions == 0


def test_answer_twice(door: Door) -> None:
    """The provider's answer works once."""
    back = door.choose(door.begin())
    begun = door.client.cookies.get(BEGUN)
    assert door.client.get(back).status_code == 303
    door.client.cookies.set(BEGUN, begun)

    assert door.client.get(back).status_code == 403


def test_cancelled(door: Door) -> None:
    """Who changes their mind at the provider is told so in plain words."""
    there = door.begin()
    state = parse_qs(urlsplit(there).query)["state"][0]
    answer = door.client.get("/signed-in", params={"error": "access_denied", "state": state})

    assert answer.status_code == 403
    assert "afbrudt" in answer.text


def test_provider_away(door: Door, tmp_path: Path, clock: Clock) -> None:
    """While the provider is away the page says so; no trace of the reason is shown to people."""
    openid = OpenId(
        issuer="http://127.0.0.1:9/t/v2.0", client_id="x", secret="y",
        redirect_uri=f"{URL}/signed-in", clock=clock,
    )  # fmt: skip
    app = make_app(door.site.program, openid)
    with Client(app, base_url=URL, follow_redirects=False) as client:
        answer = client.get("/sign-in/start")

    assert answer.status_code == 503
    assert "127.0.0.1:9" not in answer.text


def test_too_often(door: Door) -> None:
    """So many sign-ins a minute from one address, and it must wait."""
    codes = [door.client.get("/sign-in/start").status_code for _ in range(21)]
    last = door.client.get("/sign-in/start")

    assert codes[:20] == [303] * 20
    assert last.status_code == 429
    assert 1 <= int(last.headers["retry-after"]) <= 60


def test_a_sign_in_is_counted_once(door: Door) -> None:
    """Who begins and comes back has made one attempt: the limit's twenty can all be used."""
    for _ in range(20):
        assert door.sign_in().status_code == 303
        door.client.cookies.delete("casethread")

    assert door.client.get("/sign-in/start").status_code == 429


@pytest.mark.parametrize(("minutes", "is_in"), [(59, True), (62, False)])
def test_idle(door: Door, clock: Clock, minutes: float, is_in: bool) -> None:
    """A session that is not used for an hour (a setting) is over."""
    door.sign_in()
    clock.move(minutes=minutes)

    assert (door.client.get("/").status_code == 200) is is_in


def test_longest_session(door: Door, clock: Clock) -> None:
    """However busy somebody is, after four hours (a setting) they sign in again, and
    have the roles that the issuer gives them then.
    """
    door.sign_in()
    codes = []
    for _ in range(10):
        clock.move(minutes=30)
        codes.append(door.client.get("/").status_code)

    assert codes[:7] == [200] * 7
    assert codes[8] == 303


@pytest.mark.parametrize(
    ("back", "leads"),
    [
        ("/cases/27.18.02-P25-14-26?kind=call", "/cases/27.18.02-P25-14-26?kind=call"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
        ("evil", "/"),
        ("", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_leads_back_here_only(back: str, leads: str) -> None:
    """After signing in nobody is led to another site."""
    assert local(back) == leads


@pytest.mark.parametrize("forged", ["", "x", "a" * 5000, "é", "../../etc", "' OR 1=1 --"])
def test_forged_session(client: Callable[..., Client], site: Site, forged: str) -> None:
    """A made-up session is none."""
    one = client()
    one.cookies.set(site.cookie, forged.encode("ascii", "ignore").decode())

    assert one.get("/").status_code == 303


@pytest.mark.parametrize("change", [{"is_removed": True}, {"is_enabled": False}])
def test_person_who_left(
    client: Callable[..., Client], program: Program, change: dict[str, bool]
) -> None:
    """Somebody whom the directory no longer has, or has disabled, has no role, whatever the session
    says.
    """
    from connector.ledger.take import take
    from connector.model import Page
    from tests.making import policy

    one = client("bodil")
    gone = msgspec.structs.replace(town.PEOPLE["bodil"], **change)
    take(program.ledger, [Page(source="directory", part="users", people=(gone,))], policy())

    assert town.BODILS not in one.get("/").text
    assert one.get(f"/cases/{town.BODILS}").status_code == 403
