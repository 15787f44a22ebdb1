"""Who asks the API with a token: a person through an application, an intranet's user, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from connector.bootstrap import Program
from connector.errors import Unavailable
from connector.ledger.tables import event
from connector.ledger.take import take
from connector.model import Page
from connector.web.app import make_app
from connector.web.openid_claims import Claims
from connector.web.openid_errors import SignInDenied, not_believed
from tests.conftest import Clock
from tests.making import add_cases, policy
from tests.web import town
from tests.web.conftest import URL, Client
from tests.web.stating import Intranet

AUDIENCE = "api://casethread"


def claims_of(name: str, **changes: Any) -> Claims:
    """What an access token of one of the town's people says."""
    its = town.signed_in(name)
    values: dict[str, Any] = {
        "subject": its.subject,
        "oid": its.oid,
        "name": its.name,
        "upn": its.upn,
        "mail": "",
        "roles": its.grants,
        "groups": (),
        "expires_at": datetime(2026, 11, 20, 13, tzinfo=UTC),
        "client": "app-7",
        "scopes": ("access",),
    }
    return Claims(**(values | changes))


class Issuer:
    """Knows a few tokens; how true ones are told from others is tested in test_openid.py."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def verify_bearer(self, token: str, audience: str) -> Claims:
        self.asked.append((token, audience))
        match token.split("-"):
            case ["true", name]:
                return claims_of(name)
            case ["app"]:
                return claims_of("rita", is_app=True, scopes=())
            case ["groups"]:
                raise SignInDenied("openid.groups", "too many groups")
            case ["away"]:
                raise Unavailable("openid: no answer", system="openid")
        raise not_believed("its signature is wrong")


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def intranet(tmp_path: Path) -> Intranet:
    made = Intranet()
    made.give_key(tmp_path / "keys")
    return made


@pytest.fixture
def app(program: Program, issuer: Issuer, tmp_path: Path, clock: Clock) -> FastAPI:
    """A portal that takes tokens and statements, and has been up for a minute."""
    web = msgspec.structs.replace(
        program.settings.web, api_audience=AUDIENCE, intranet_keys=tmp_path / "keys"
    )
    program.settings = msgspec.structs.replace(program.settings, web=web)
    made = make_app(program, issuer)  # type: ignore[arg-type]
    clock.move(minutes=1)
    return made


@pytest.fixture
def ask(app: FastAPI) -> Iterator[Callable[..., Any]]:
    """`ask("Bearer x", "/me")` is what the API answers."""
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as one:

        def send(authorization: str, path: str, method: str = "GET", **more: Any) -> Any:
            headers = {"authorization": authorization, **more.pop("headers", {})}
            return one.request(method, f"/api/v1{path}", headers=headers, **more)

        yield send


@pytest.fixture
def state(intranet: Intranet, clock: Clock) -> Callable[..., str]:
    """`state("bodil")` is a header with a new statement that she asks."""

    def make(name: str, by: Intranet = intranet, **changes: Any) -> str:
        return "Statement " + by.state(URL, town.PEOPLE[name].id, clock(), **changes)

    return make


def test_person(ask: Any, issuer: Issuer) -> None:
    """An access token stands for its person, with the roles that it says and the directory has."""
    told = ask("Bearer true-bodil", "/me").json()

    assert (told["upn"], told["roles"], told["unit"], told["via"], told["may_change"]) == (
        "bodil@nordvang.example", ["case_worker"], "Borgerservice", "app app-7", True,
    )  # fmt: skip
    assert issuer.asked == [("true-bodil", AUDIENCE)]


def test_application(ask: Any) -> None:
    """An application acts for nobody, whatever its roles: it is told of the statement."""
    answer = ask("Bearer app", "/me", headers={"accept-language": "en"})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "statement" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("authorization", "status", "key"),
    [
        ("Bearer forged", 401, "openid.token"),
        ("Bearer groups", 401, "openid.groups"),
        ("Bearer away", 503, "wrong.issuer_away"),
        ("Bearer ", 401, "api.scheme"),
        ("Bearer", 401, "api.scheme"),
        ("", 401, "wrong.sign_in"),
        ("Basic Ym9kaWw6eA==", 401, "api.scheme"),
        ("Statement x.y.z", 401, "api.statement"),
        ("statement x", 401, "api.statement"),
        ("Bearer \xe6\xf8\xe5", 401, "openid.token"),
        ("Statement \xe6\xf8\xe5", 401, "api.statement"),
    ],
)
def test_refused(ask: Any, authorization: str, status: int, key: str) -> None:
    """What is no token that holds is refused as a problem that says how to ask."""
    answer = ask(authorization.encode("latin-1"), "/me")

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:casethread:problem:{key}")
    if status == 401:
        assert answer.headers["www-authenticate"].startswith('Bearer realm="casethread"')
        assert 'Statement realm="casethread"' in answer.headers["www-authenticate"]


def test_two_headers(app: FastAPI) -> None:
    """Two Authorization headers are none: it could not be said who asks."""
    both = [("authorization", "Bearer true-rita"), ("authorization", "Bearer true-bodil")]
    with TestClient(app, base_url=URL) as one:
        assert one.get("/api/v1/me", headers=both).status_code == 401


def test_no_audience(ask: Any, program: Program, issuer: Issuer) -> None:
    """Without an audience in the settings no access token is even looked at."""
    web = msgspec.structs.replace(program.settings.web, api_audience="")
    program.settings = msgspec.structs.replace(program.settings, web=web)

    assert ask("Bearer true-bodil", "/me").json()["type"].endswith("api.no_tokens")
    assert issuer.asked == []


def test_not_for_pages(app: FastAPI) -> None:
    """A token opens the API and no page of the portal."""
    with TestClient(app, base_url=URL, follow_redirects=False) as one:
        answer = one.get("/", headers={"authorization": "Bearer true-bodil"})

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_token_before_cookie(client: Callable[..., Client]) -> None:
    """With a token the session is not looked at: neither for who asks, nor when it is refused."""
    rita = client("rita")

    bodil = {"authorization": "Bearer true-bodil"}
    assert rita.get("/api/v1/me", headers=bodil).json()["upn"] == "bodil@nordvang.example"
    assert rita.get("/api/v1/me", headers={"authorization": "Bearer no"}).status_code == 401


def test_limited(ask: Any, program: Program) -> None:
    """An address whose tokens are refused again and again must wait; those that hold need not."""
    most = program.settings.web.sign_ins_per_min
    statuses = [ask("Bearer forged", "/me").status_code for _ in range(most + 1)]

    assert statuses == [401] * most + [429]
    assert "retry-after" in ask("Statement x", "/me").headers
    assert ask("Bearer true-bodil", "/me").status_code == 200


# statements


def test_user(ask: Any, state: Callable[..., str]) -> None:
    """A statement stands for the user of the directory, as a case worker who reads their own."""
    told = ask(state("bodil"), "/me").json()

    assert (told["upn"], told["roles"], told["sees_unit"], told["via"], told["may_change"]) == (
        "bodil@nordvang.example", ["case_worker"], False, "intranet nordnet", False,
    )  # fmt: skip


def test_user_by_name(ask: Any, intranet: Intranet, clock: Clock) -> None:
    """The user may be named by user principal name too."""
    statement = intranet.state(URL, "BODIL@nordvang.example", clock())

    assert ask(f"Statement {statement}", "/me").json()["person"] == town.PEOPLE["bodil"].id


def test_once(ask: Any, state: Callable[..., str]) -> None:
    """A statement is good for one request."""
    header = state("bodil")

    assert [ask(header, "/me").status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("claim", ["roles", "groups", "grants", "role", "scp"])
def test_no_rights_by_word(ask: Any, state: Callable[..., str], claim: str) -> None:
    """What an intranet says of rights is not believed: it makes nobody a records manager."""
    told = ask(state("carl", **{claim: ["RecordsManager", "Operator", "CaseWorker"]}), "/me").json()

    assert told["roles"] == ["case_worker"]


def test_records_manager_by_intranet(ask: Any, state: Callable[..., str]) -> None:
    """Even a records manager is through an intranet no more than a case worker."""
    assert ask(state("rita"), "/me").json()["roles"] == ["case_worker"]
    assert ask(state("rita"), f"/cases/{town.BODILS}").status_code == 404


def test_own_cases(ask: Any, state: Callable[..., str]) -> None:
    """Through an intranet one sees one's own cases and those where one is named, no unit's."""
    seen = {
        name: [ask(state(name), f"/cases/{number}").status_code for number in (
            town.BODILS, town.CARLS, town.SECRET)]
        for name in ("bodil", "bent", "carl")
    }  # fmt: skip

    assert seen == {
        "bodil": [200, 404, 404],
        "bent": [404, 404, 200],  # of bodil's unit; the register names him on the restricted case
        "carl": [404, 200, 200],
    }


def test_group_of_case_workers(ask: Any, state: Callable[..., str], program: Program) -> None:
    """A case that the register opens to the group of case workers is not opened by a statement: the
    intranet cannot know who is in the group.
    """
    web = msgspec.structs.replace(
        program.settings.web, case_workers=("11111111-1111-4111-8111-111111111111",)
    )
    program.settings = msgspec.structs.replace(program.settings, web=web)
    case = msgspec.structs.replace(
        town.cases()[2], readers=("11111111-1111-4111-8111-111111111111",)
    )
    add_cases(program.ledger, case)

    assert ask(state("bodil"), f"/cases/{town.SECRET}").status_code == 404
    assert ask(state("carl"), f"/cases/{town.SECRET}").status_code == 200


@pytest.mark.parametrize("change", [{"is_enabled": False}, {"is_removed": True}])
def test_who_has_left(
    ask: Any, state: Callable[..., str], program: Program, change: dict[str, bool]
) -> None:
    """Somebody whose account is closed or gone has no role, whatever the intranet says."""
    gone = msgspec.structs.replace(town.PEOPLE["bodil"], **change)
    page = Page(source="directory", part="users", cursor="d", people=(gone,))
    take(program.ledger, [page], policy())

    assert ask(state("bodil"), "/me").status_code == 403


@pytest.mark.parametrize("user", ["nobody@nordvang.example", "x", "\u0000", "%", "bodil"])
def test_unknown_user(ask: Any, intranet: Intranet, clock: Clock, user: str) -> None:
    """Somebody whom the directory does not have has no role."""
    assert ask(f"Statement {intranet.state(URL, user, clock())}", "/me").status_code == 403


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/items/1/note", "/todo/1/decision"])
def test_reads_only(ask: Any, state: Callable[..., str], method: str, path: str) -> None:
    """With a statement nothing is changed."""
    answer = ask(state("bodil"), path, method, json={"text": "x"}, headers={"if-match": '"0"'})

    assert answer.status_code in (403, 405)
    if answer.status_code == 403:
        assert answer.json()["type"].endswith("api.reads_only")


def test_other_portal(ask: Any, intranet: Intranet, clock: Clock) -> None:
    """A statement for another portal is refused here."""
    token = intranet.state("https://other.example", town.PEOPLE["bodil"].id, clock())

    assert ask(f"Statement {token}", "/me").status_code == 401


def test_scheme_matters(ask: Any, state: Callable[..., str]) -> None:
    """A statement is no access token, and is not taken as one."""
    assert ask(state("bodil").replace("Statement", "Bearer"), "/me").status_code == 401


def test_no_csrf_with_tokens(ask: Any) -> None:
    """A token needs no CSRF header: no browser adds it by itself."""
    answer = ask(
        "Bearer true-bodil", "/items/999999/note", "PUT", json={"text": "x"},
        headers={"if-match": '"0"'},
    )  # fmt: skip

    assert answer.status_code == 404


def test_looks_say_by_what(ask: Any, state: Callable[..., str], program: Program) -> None:
    """Each look is kept with who it was and through what."""
    ask(state("bodil"), f"/cases/{town.BODILS}/timeline")
    ask("Bearer true-bodil", f"/cases/{town.BODILS}/timeline")

    with program.ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.subject, event.c.detail)
            .where(event.c.action == "looked")
            .order_by(event.c.id)
        ).all()
    assert [(row.actor, row.subject) for row in rows] == [
        ("bodil@nordvang.example", f"case {town.BODILS}")
    ] * 2
    assert [msgspec.json.decode(row.detail)["via"] for row in rows] == [
        "intranet nordnet", "app app-7",
    ]  # fmt: skip


def test_log_has_no_token(
    ask: Any, state: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why a token is refused, and holds nothing of it."""
    header = state("bodil", aud="https://other.example")
    ask(header, "/me")

    assert "it is not for http://127.0.0.1:8080 alone (aud)" in caplog.text
    assert header.split()[1] not in caplog.text
    assert town.PEOPLE["bodil"].id not in caplog.text
