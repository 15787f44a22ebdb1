"""Signing in through a provider over HTTP; and which of its tokens are believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigError, Denied, RemoteError, Throttled, Unavailable
from connector.sandbox.openid import OpenId as Provider
from connector.sandbox.openid_tokens import GRAPH, Mint, SigningKey
from connector.sandbox.openid_users import DemoUser
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import listen
from connector.web import openid_claims
from connector.web.openid import Attempt, OpenId
from connector.web.openid_claims import Claims, Expected, verified
from connector.web.openid_errors import SignInDenied, refused
from connector.web.openid_issuer import check_issuer, tenant_of
from connector.web.words import openid as words
from tests.conftest import Clock

TENANT = "6f1c2a52-9a0e-4a61-8b39-0d3c1f1b7a10"
OTHER_TENANT = "11111111-2222-3333-4444-555555555555"
BACK = "http://127.0.0.1:8080/signed-in"
BODIL = DemoUser(
    oid="0b6c8f1e-6c4e-4c52-9f0e-1f6a2f0c9a01",
    upn="bodil@nordvang.example",
    name="Bodil Ågaard",
    mail="Bodil@nordvang.example",
    department="Børn og Familie",
    roles=("CaseWorker",),
    groups=("aaaa", "bbbb"),
)


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@dataclass
class Scene:
    """A provider that runs, our client of it, and ways to put themselves between."""

    provider: Provider
    clock: Clock
    seconds: Seconds
    origin: str = ""
    asked: list[str] = field(default_factory=list)
    instead: Callable[[Request], Response | None] = lambda request: None
    client: OpenId = field(init=False)

    def handle(self, request: Request) -> Response:
        self.asked.append(request.path)
        return self.instead(request) or self.provider.handle(request)

    @property
    def issuer(self) -> str:
        return f"{self.origin}/{TENANT}/v2.0"

    @property
    def api(self) -> str:
        return self.provider.portal.client_id

    @property
    def mint(self) -> Mint:
        return self.provider.mint(self.origin)

    def make_client(self, **changed: Any) -> OpenId:
        given: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": self.api,
            "secret": self.provider.portal.secret,
            "redirect_uri": BACK,
            "clock": self.clock,
            "monotonic": self.seconds,
        }
        return OpenId(**{**given, **changed})

    def answer(self, attempt: Attempt, form: dict[str, str], **asked: str) -> dict[str, str]:
        """What the browser brings back after the page's form was sent."""
        with requests.Session() as browser:
            browser.trust_env = False
            url = self.client.authorize_url(attempt, **asked)
            assert browser.get(url).status_code == 200
            sent = browser.post(url, form, allow_redirects=False)
        return dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    def code(self, attempt: Attempt) -> str:
        return self.client.code_of(attempt, self.answer(attempt, {"user": BODIL.oid}))

    def signed_in(self) -> Claims:
        attempt = self.client.begin()
        return self.client.redeem(attempt, self.code(attempt))

    def id_claims(self, attempt: Attempt) -> dict[str, Any]:
        scope = frozenset({"openid", "profile", "email"})
        return self.mint.id_token(BODIL, self.api, attempt.nonce, scope)

    def given(self, attempt: Attempt, token: str, access: str = "a") -> Claims:
        """What comes of a token endpoint that answers with this ID token."""
        body = json.dumps({"id_token": token, "access_token": access}).encode()

        def instead(request: Request) -> Response | None:
            return Response(body=body) if request.path.endswith("/token") else None

        self.instead = instead
        return self.client.redeem(attempt, "code")

    def access_claims(self) -> dict[str, Any]:
        return self.mint.access_token(BODIL, self.provider.intranet.client_id, self.api, "access")

    def sign(self, claims: dict[str, Any], **head: str) -> str:
        return self.provider.keys[0].sign(claims, head)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture
def scene(key: SigningKey, clock: Clock) -> Iterator[Scene]:
    provider = Provider(tenant=TENANT, users=(BODIL,), clock=clock, keys=[key])
    made = Scene(provider, clock, Seconds())
    with listen(made.handle) as server:
        made.origin = server.origin
        made.client = made.make_client()
        yield made


# --- the flow


def test_sign_in(scene: Scene) -> None:
    """Address, page, click, code, token: the person that was clicked at is signed in."""
    claims = scene.signed_in()

    assert claims == Claims(
        subject=scene.mint.pairwise(scene.api, BODIL.oid),
        oid=BODIL.oid,
        name="Bodil Ågaard",
        upn="bodil@nordvang.example",
        mail="bodil@nordvang.example",
        roles=("CaseWorker",),
        groups=(),
        expires_at=scene.clock.now + timedelta(minutes=75),
    )


def test_asks_little(scene: Scene) -> None:
    """The document and the keys are asked for once a day, and nothing before the first use."""
    assert scene.asked == []
    for _ in range(3):
        scene.signed_in()
    published = [path for path in scene.asked if "openid-conf" in path or "/keys" in path]
    assert len(published) == 2

    scene.seconds.s += 86_400
    scene.signed_in()
    published = [path for path in scene.asked if "openid-conf" in path or "/keys" in path]
    assert len(published) == 4


def test_address(scene: Scene) -> None:
    """The address holds state, nonce, a S256 challenge and what was wished; not the verifier."""
    attempt = scene.client.begin()
    url = scene.client.authorize_url(attempt, language="da", login_hint="x@y", prompt="login")
    asked = dict(parse_qsl(urlsplit(url).query))
    digest = hashlib.sha256(attempt.verifier.encode()).digest()

    assert asked == {
        "client_id": scene.api,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": BACK,
        "scope": "openid profile email",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "ui_locales": "da",
        "login_hint": "x@y",
        "prompt": "login",
    }
    assert len({*_parts(scene.client.begin()), *_parts(attempt)}) == 6


def _parts(attempt: Attempt) -> tuple[str, str, str]:
    return attempt.state, attempt.nonce, attempt.verifier


def test_basic(scene: Scene) -> None:
    """A provider that takes Basic alone gets the secret so."""

    def instead(request: Request) -> Response | None:
        if not request.path.endswith("openid-configuration"):
            return None
        whole = json.loads(scene.provider.handle(request).body)
        del whole["token_endpoint_auth_methods_supported"]  # then it is Basic, Discovery 1.0 says
        return Response(body=json.dumps(whole).encode())

    scene.instead = instead

    assert scene.signed_in().oid == BODIL.oid


def test_sign_out(scene: Scene) -> None:
    """Signing out goes by the provider and back to us; a provider without it gives no address."""
    url = scene.client.sign_out_url("http://127.0.0.1:8080/signed-out")
    answer = requests.get(url, allow_redirects=False, timeout=5)
    assert answer.headers["location"] == "http://127.0.0.1:8080/signed-out"

    def instead(request: Request) -> Response | None:
        whole = json.loads(scene.provider.handle(request).body)
        del whole["end_session_endpoint"]
        return Response(body=json.dumps(whole).encode())

    scene.instead = instead
    assert scene.make_client().sign_out_url("x") == ""


def test_groups(scene: Scene) -> None:
    """Groups come as ids when the application is set up so."""
    scene.provider.claims = "groups"

    assert scene.signed_in().groups == ("aaaa", "bbbb")


def test_overage(scene: Scene) -> None:
    """Too many groups are refused with what to do: nobody is let in with fewer rights silently."""
    scene.provider.claims = "groups"
    scene.provider.users = (replace(BODIL, groups=tuple(str(n) for n in range(201))),)

    with pytest.raises(SignInDenied, match="use app roles or limit the groups claim to assigned"):
        scene.signed_in()


@pytest.mark.parametrize("extra", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_overage_forms(scene: Scene, extra: dict[str, Any]) -> None:
    """Both ways that Entra has of saying so are known, beside roles too."""
    attempt = scene.client.begin()

    with pytest.raises(SignInDenied) as caught:
        scene.given(attempt, scene.sign({**scene.id_claims(attempt), **extra}))

    assert caught.value.key == "openid.groups"


# --- what the browser brings back


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "c"},
        {"code": "c", "state": ""},
        {"code": "c", "state": "another's"},
        {"code": "c", "state": "ø"},
        {"error": "access_denied", "state": "another's"},
    ],
)
def test_state(scene: Scene, answer: dict[str, str]) -> None:
    """An answer to no sign-in of ours is refused before anything else of it is read."""
    with pytest.raises(SignInDenied, match="state") as caught:
        scene.client.code_of(scene.client.begin(), answer)

    assert caught.value.key == "openid.again"


def test_other_issuer(scene: Scene) -> None:
    """An answer that says it comes from another provider is refused (RFC 9207)."""
    attempt = scene.client.begin()
    answer = {"code": "c", "state": attempt.state}

    assert scene.client.code_of(attempt, {**answer, "iss": scene.issuer}) == "c"
    with pytest.raises(SignInDenied, match="another provider"):
        scene.client.code_of(attempt, {**answer, "iss": "https://evil.example"})


def test_no_code(scene: Scene) -> None:
    """An answer without a code is refused."""
    attempt = scene.client.begin()

    with pytest.raises(SignInDenied, match="no code"):
        scene.client.code_of(attempt, {"state": attempt.state})


def test_cancelled(scene: Scene) -> None:
    """Who cancels on the provider's page is told just that."""
    attempt = scene.client.begin()
    answer = scene.answer(attempt, {"cancel": "yes"})

    with pytest.raises(SignInDenied, match="AADSTS65004") as caught:
        scene.client.code_of(attempt, answer)

    assert caught.value.key == "openid.cancelled"


def test_silent(scene: Scene) -> None:
    """A silent sign-in that needs a person says so."""
    attempt = scene.client.begin()
    url = scene.client.authorize_url(attempt, prompt="none")
    sent = requests.get(url, allow_redirects=False, timeout=5)
    answer = dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    with pytest.raises(SignInDenied) as caught:
        scene.client.code_of(attempt, answer)

    assert caught.value.key == "openid.again"


@pytest.mark.parametrize(
    ("error", "description", "key", "what"),
    [
        ("access_denied", "AADSTS50105: The user Bodil", "openid.not_assigned", "Assign one"),
        ("invalid_request", "AADSTS50011: https://x", "openid.setup", "redirect URI"),
        ("access_denied", "AADSTS53003: blocked", "openid.policy", "Conditional Access"),
        ("invalid_client", "AADSTS7000222: expired", "openid.setup", "has expired"),
        ("consent_required", "", "openid.again", "once more"),
        ("made_up", "", "openid.setup", "web.client_id"),
        ("<b>", "", "openid.setup", "unknown error"),
    ],
)
def test_refusals(error: str, description: str, key: str, what: str) -> None:
    """A refusal becomes what the person reads and what the operator does, without its own text."""
    found = refused(error, description)

    assert isinstance(found, SignInDenied)
    assert found.key == key
    assert what in str(found)
    assert "Bodil" not in str(found)
    assert "<" not in str(found)


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_busy(error: str) -> None:
    """A provider that cannot answer now is unavailable, and nobody is denied."""
    assert isinstance(refused(error, ""), Unavailable)


def test_words() -> None:
    """What a person reads exists for every way to be refused, in both languages."""
    keys = {"again", "cancelled", "groups", "not_assigned", "policy", "setup", "token"}

    assert set(words.DA) == set(words.EN) == {f"openid.{key}" for key in keys}


# --- redeeming the code


def test_code_twice(scene: Scene) -> None:
    """A code that was used is refused, and the person may sign in again."""
    attempt = scene.client.begin()
    code = scene.code(attempt)
    scene.client.redeem(attempt, code)

    with pytest.raises(SignInDenied, match="AADSTS54005") as caught:
        scene.client.redeem(attempt, code)

    assert caught.value.key == "openid.again"


def test_code_late(scene: Scene) -> None:
    """A code that lay too long is refused in the same way."""
    attempt = scene.client.begin()
    code = scene.code(attempt)
    scene.clock.move(minutes=10)

    with pytest.raises(SignInDenied, match="invalid_grant AADSTS70008"):
        scene.client.redeem(attempt, code)


def test_code_of_other(scene: Scene) -> None:
    """A code that was caught is worth nothing to another attempt: its verifier differs."""
    code = scene.code(scene.client.begin())

    with pytest.raises(SignInDenied, match="AADSTS501481"):
        scene.client.redeem(scene.client.begin(), code)


def test_wrong_secret(scene: Scene) -> None:
    """A wrong secret is for the operator, and is not told."""
    attempt = scene.client.begin()
    code = scene.code(attempt)

    with pytest.raises(SignInDenied, match="client secret is wrong") as caught:
        scene.make_client(secret="hush").redeem(attempt, code)

    assert caught.value.key == "openid.setup"
    assert isinstance(caught.value, Denied)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b"oops", Unavailable),
        (503, b"", Unavailable),
        (429, b"{}", Throttled),
        (200, b"<html>", Unavailable),
        (200, b'{"access_token": "a"}', Unavailable),
        (200, b"[" * 100_000, Unavailable),
        (200, b" " * (1 << 20) + b'{"id_token": "x"}', Unavailable),
        (500, b'{"error": "invalid_client"}', Unavailable),
        (302, b"", Unavailable),
        (400, b"<html>", Unavailable),
        (400, b'{"error": "invalid_grant"}', SignInDenied),
        (400, b"{}", SignInDenied),
    ],
)
def test_token_endpoint_answers(
    scene: Scene, status: int, body: bytes, kind: type[RemoteError]
) -> None:
    """Whatever the token endpoint answers with becomes one of our errors."""
    attempt = scene.client.begin()
    scene.instead = lambda request: (
        Response(status=status, headers={"location": scene.origin}, body=body)
        if request.path.endswith("/token")
        else None
    )

    with pytest.raises(kind) as caught:
        scene.client.redeem(attempt, "code")

    assert type(caught.value) is kind


def test_silent_provider(scene: Scene) -> None:
    """A provider that breaks the line is unavailable; for five seconds it is not asked again."""
    scene.instead = lambda request: Response(cut_at=-1)
    for _ in range(3):
        with pytest.raises(Unavailable, match="no answer from"):
            scene.client.authorize_url(scene.client.begin())
    asked = len(scene.asked)
    scene.instead = lambda request: None
    scene.seconds.s += 5

    assert asked == 1
    assert scene.signed_in().oid == BODIL.oid


# --- the document and the issuer


@pytest.mark.parametrize(
    ("issuer", "what"),
    [
        ("http://login.example/t/v2.0", "https"),
        ("ftp://login.example", "https"),
        ("", "https"),
        ("https://", "https"),
        ("http://[::1", "https"),
        ("https://login.microsoftonline.com/common/v2.0", "every organisation"),
        ("https://login.microsoftonline.com/organizations/v2.0", "every organisation"),
        ("https://login.microsoftonline.com/consumers/v2.0", "every organisation"),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", "every organisation"),
        ("https://login.example/t?x=1", "issuer alone"),
        ("https://login.example/t/.well-known/openid-configuration", "issuer alone"),
    ],
)
def test_issuer_refused(issuer: str, what: str) -> None:
    """An issuer must be one organisation's, and over https outside this machine."""
    with pytest.raises(ConfigError, match=what):
        OpenId(issuer=issuer, client_id="c", secret="s", redirect_uri=BACK)


@pytest.mark.parametrize(
    ("issuer", "tenant"),
    [
        (f"https://login.microsoftonline.com/{TENANT}/v2.0", TENANT),
        ("https://login.example/realms/town", ""),
        ("https://login.example/", ""),
        ("http://localhost:9/realms/town", ""),
    ],
)
def test_issuer_taken(issuer: str, tenant: str) -> None:
    """The tenant is in Entra's issuer alone; other providers have none."""
    check_issuer(issuer)

    assert tenant_of(issuer) == tenant


def _document(scene: Scene, **changed: str) -> None:
    def instead(request: Request) -> Response | None:
        if not request.path.endswith("openid-configuration"):
            return None
        whole = {**json.loads(scene.provider.handle(request).body), **changed}
        return Response(body=json.dumps(whole).encode())

    scene.instead = instead


def test_document_of_other(scene: Scene) -> None:
    """A document that names another issuer is refused with what to write."""
    _document(scene, issuer="https://login.example/{tenantid}/v2.0")

    with pytest.raises(ConfigError, match=r"calls itself https://login\.example"):
        scene.client.authorize_url(scene.client.begin())


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"]
)
def test_document_plain(scene: Scene, name: str) -> None:
    """A document that sends secrets or people over plain http is refused."""
    _document(scene, **{name: "http://login.example/x"})

    with pytest.raises(ConfigError, match="no https address"):
        scene.client.authorize_url(scene.client.begin())


# --- forged ID tokens


def _pem(key: SigningKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = jwt.PyJWK({"kty": "RSA", "n": key.n, "e": key.e}).key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def _raw(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _hmac_signed(claims: dict[str, Any], kid: str, secret: bytes) -> str:
    signed = f"{_raw({'alg': 'HS256', 'kid': kid})}.{_raw(claims)}"
    mark = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def test_right_token(scene: Scene) -> None:
    """The token that the forgeries below are made of is believed."""
    attempt = scene.client.begin()

    assert scene.given(attempt, scene.sign(scene.id_claims(attempt))).oid == BODIL.oid


NOW_S = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"aud": "someone"}, "aud"),
        ({"aud": GRAPH}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://login.example/v2.0"}, "iss"),
        ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}, "iss"),
        ({"iss": None}, "iss"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": 1e300}, "exp is no time"),
        ({"nbf": NOW_S + 61}, "not valid yet"),
        ({"nbf": "never"}, "nbf is no time"),
        ({"iat": NOW_S + 61}, "not valid yet"),
        ({"iat": None}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "cannot be checked"),
        ({"nonce": "another's"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 7}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"tid": OTHER_TENANT}, "tenant"),
        ({"tid": None}, "tenant"),
        ({"azp": "someone"}, "azp"),
        ({"at_hash": "x"}, "at_hash"),
    ],
)
def test_wrong_claims(scene: Scene, changed: dict[str, Any], what: str) -> None:
    """A token that the provider signed, with one claim wrong or missing, is refused."""
    attempt = scene.client.begin()
    claims = {**scene.id_claims(attempt), **changed}
    kept = {name: value for name, value in claims.items() if value is not None}

    with pytest.raises(SignInDenied, match=what) as caught:
        scene.given(attempt, scene.sign(kept))

    assert caught.value.key == "openid.token"


@pytest.mark.parametrize("changed", [{"exp": NOW_S - 59}, {"nbf": NOW_S + 60}, {"iat": NOW_S + 60}])
def test_leeway(scene: Scene, changed: dict[str, int]) -> None:
    """Clocks that are a minute apart do no harm."""
    attempt = scene.client.begin()

    assert scene.given(attempt, scene.sign({**scene.id_claims(attempt), **changed})).oid


def test_several_audiences(scene: Scene) -> None:
    """A token for others too must say that it was made for us (azp)."""
    attempt = scene.client.begin()
    claims = {**scene.id_claims(attempt), "aud": [scene.api, "someone"]}

    with pytest.raises(SignInDenied, match="azp"):
        scene.given(attempt, scene.sign(claims))
    assert scene.given(attempt, scene.sign({**claims, "azp": scene.api})).oid


def test_at_hash(scene: Scene) -> None:
    """The access token that the ID token speaks of must be the one that came."""
    attempt = scene.client.begin()
    half = base64.urlsafe_b64encode(hashlib.sha256(b"the one").digest()[:16]).decode().rstrip("=")
    token = scene.sign({**scene.id_claims(attempt), "at_hash": half})

    assert scene.given(attempt, token, access="the one").oid
    with pytest.raises(SignInDenied, match="at_hash"):
        scene.given(attempt, token, access="another")


def test_unsigned(scene: Scene) -> None:
    """A token without a signature is refused, however `none` is spelled."""
    attempt = scene.client.begin()
    claims, kid = scene.id_claims(attempt), scene.provider.keys[0].kid

    for name in ("none", "None", "NONE", "nOnE", ""):
        token = f"{_raw({'alg': name, 'kid': kid})}.{_raw(claims)}."
        with pytest.raises(SignInDenied, match="algorithm"):
            scene.given(attempt, token)


def test_public_key_as_secret(scene: Scene) -> None:
    """A token signed with HS256 and the public key, which everybody has, is refused."""
    attempt = scene.client.begin()
    claims, own = scene.id_claims(attempt), scene.provider.keys[0]

    for secret in (_pem(own), own.n.encode(), json.dumps(own.jwk(scene.issuer)).encode()):
        with pytest.raises(SignInDenied, match="algorithm"):
            scene.given(attempt, _hmac_signed(claims, own.kid, secret))


def test_shared_secret_key(scene: Scene) -> None:
    """A key set with a shared secret in it, as no provider should publish, signs nothing."""
    attempt = scene.client.begin()
    key = {"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode()}
    _keys(scene, key)
    token = _hmac_signed(scene.id_claims(attempt), "oct", b"s" * 32)
    for alg in ("HS256", "RS256"):
        head = _raw({"alg": alg, "kid": "oct"})
        with pytest.raises(SignInDenied):
            _verified(scene, f"{head}.{token.partition('.')[2]}")


def _keys(scene: Scene, *keys: dict[str, Any]) -> None:
    body = json.dumps({"keys": keys}).encode()
    scene.instead = lambda request: Response(body=body) if "/keys" in request.path else None


def _verified(scene: Scene, token: str) -> dict[str, Any]:
    """The claims of a token for the portal, by the keys that are published now."""
    published = scene.make_client()._now
    expected = Expected(
        issuer=scene.issuer, audiences=(scene.api,), tenant=TENANT, now=scene.clock.now
    )
    return verified(token, published.key, expected)


def test_wrong_key(scene: Scene) -> None:
    """A token signed with somebody's own key under the provider's key id is refused."""
    attempt = scene.client.begin()
    token = SigningKey().sign(scene.id_claims(attempt), {"kid": scene.provider.keys[0].kid})

    with pytest.raises(SignInDenied, match="signature is wrong"):
        scene.given(attempt, token)


def test_own_key_in_head(scene: Scene) -> None:
    """A key or an address that a token brings with it is not used."""
    attempt = scene.client.begin()
    own = SigningKey()
    head: dict[str, Any] = {"jwk": own.jwk(""), "jku": f"{scene.origin}/evil", "x5u": "file:///"}

    with pytest.raises(SignInDenied, match="kid"):
        scene.given(attempt, own.sign(scene.id_claims(attempt), head))
    assert not [path for path in scene.asked if "evil" in path]


def test_changed_after_signing(scene: Scene) -> None:
    """Claims that were changed after the signature are refused."""
    attempt = scene.client.begin()
    head, _, mark = scene.sign(scene.id_claims(attempt)).split(".")
    body = _raw({**scene.id_claims(attempt), "roles": ["RecordsManager"]})

    with pytest.raises(SignInDenied, match="signature is wrong"):
        scene.given(attempt, f"{head}.{body}.{mark}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "....",
        "ø.ø.ø",
        "\ud800.a.b",
        "a" * 40_000,
        base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.",
        base64.urlsafe_b64encode(b"[]").decode() + ".e30.",
        base64.urlsafe_b64encode(b'{"alg":["RS256"],"kid":"x"}').decode() + ".e30.",
        base64.urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=") + ".e30.",
        base64.urlsafe_b64encode(b'{"alg":"RS256","kid":[]}').decode().rstrip("=") + ".e30.",
    ],
)
def test_garbage(scene: Scene, token: str) -> None:
    """What is no token is refused without asking the provider for anything."""
    with pytest.raises(SignInDenied):
        scene.client.verify_bearer(token, scene.api)

    assert scene.asked == []


def test_long_token(scene: Scene) -> None:
    """A token of more than 32 kB is not even looked at, whoever signed it."""
    token = scene.sign({**scene.access_claims(), "padding": "x" * 33_000})

    with pytest.raises(SignInDenied, match="too long"):
        scene.client.verify_bearer(token, scene.api)


def test_deep_token(scene: Scene) -> None:
    """Claims that are nested deeper than Python can read are refused like other garbage."""
    head = _raw({"alg": "RS256", "kid": scene.provider.keys[0].kid})
    body = base64.urlsafe_b64encode(b'{"ver":' + b"[" * 20_000).decode().rstrip("=")

    with pytest.raises(SignInDenied, match="not a signed JWT"):
        scene.client.verify_bearer(f"{head}.{body}.AAAA", scene.api)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_any_garbage(head: bytes, body: bytes, mark: bytes) -> None:
    """Whatever three parts say, they are refused as a token that is not believed."""
    token = ".".join(base64.urlsafe_b64encode(part).decode() for part in (head, body, mark))

    with pytest.raises(SignInDenied):
        openid_claims.header_of(token)


def test_other_client(scene: Scene) -> None:
    """An ID token that the person got at another application is refused."""
    attempt = scene.client.begin()
    scope = frozenset({"openid", "profile"})
    other = scene.provider.intranet.client_id
    claims = scene.mint.id_token(BODIL, other, attempt.nonce, scope)

    with pytest.raises(SignInDenied, match="aud"):
        scene.given(attempt, scene.sign(claims))


# --- keys


def test_rotation(scene: Scene) -> None:
    """A key that is new is asked for; a token with the old one is good as long as it is told."""
    scene.signed_in()
    old = scene.sign(scene.access_claims())
    scene.provider.rotate()
    scene.seconds.s += 60

    assert scene.signed_in().oid == BODIL.oid
    assert scene.client.verify_bearer(old, scene.api).oid == BODIL.oid


def test_withdrawn_key(scene: Scene) -> None:
    """A key that the provider withdrew signs nothing from the next look on."""
    scene.signed_in()
    old = scene.sign(scene.access_claims())
    scene.provider.rotate(keep=False)
    scene.seconds.s += 86_400

    with pytest.raises(SignInDenied, match="kid"):
        scene.client.verify_bearer(old, scene.api)


def test_unknown_keys(scene: Scene) -> None:
    """Unknown key ids make us ask once a minute at most: anybody can write one."""
    scene.signed_in()
    token = scene.sign(scene.access_claims(), kid="nobody's")

    def asked() -> int:
        for _ in range(5):
            with pytest.raises(SignInDenied, match="kid"):
                scene.client.verify_bearer(token, scene.api)
        return len([path for path in scene.asked if "/keys" in path])

    assert asked() == 1
    scene.seconds.s += 59
    assert asked() == 1
    scene.seconds.s += 1
    assert asked() == 2


def test_provider_away(scene: Scene) -> None:
    """Known keys serve for another day when the provider does not answer, and no longer."""
    token = scene.sign({**scene.access_claims(), "exp": NOW_S + 9_000})
    assert scene.client.verify_bearer(token, scene.api).oid
    scene.instead = lambda request: Response(status=503)

    scene.seconds.s += 90_000
    assert scene.client.verify_bearer(token, scene.api).oid
    scene.seconds.s += 90_000
    with pytest.raises(Unavailable):
        scene.client.verify_bearer(token, scene.api)


def test_others_do_not_wait(scene: Scene) -> None:
    """While one asks for an unknown key, those with a known one go on."""
    scene.signed_in()
    scene.seconds.s += 61
    reached, go_on = threading.Event(), threading.Event()
    went_on: list[bool] = []

    def instead(request: Request) -> Response | None:
        if "/keys" in request.path:
            reached.set()
            went_on.append(go_on.wait(10))
        return None

    scene.instead = instead
    strange = scene.sign(scene.access_claims(), kid="nobody's")
    denied: list[Exception] = []

    def ask() -> None:
        try:
            scene.client.verify_bearer(strange, scene.api)
        except SignInDenied as error:
            denied.append(error)

    one = threading.Thread(target=ask)
    one.start()
    try:
        assert reached.wait(10)
        assert scene.client.verify_bearer(scene.sign(scene.access_claims()), scene.api).oid
        with pytest.raises(SignInDenied, match="kid"):
            scene.client.verify_bearer(strange, scene.api)
    finally:
        go_on.set()
        one.join(10)
    assert len(denied) == 1
    assert went_on == [True]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"use": "enc"}, "not for such signatures"),
        ({"alg": "PS256"}, "not for such signatures"),
        ({"issuer": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"}, "another tenant's"),
        ({"kty": "EC"}, "cannot be checked"),
        ({"n": "AQAB"}, "cannot be checked"),
    ],
)
def test_wrong_keys(scene: Scene, changed: dict[str, str], what: str) -> None:
    """A key that is for something else, of another kind or of another tenant is not used."""
    token = scene.sign(scene.access_claims())
    _keys(scene, {**scene.provider.keys[0].jwk(scene.issuer), **changed})

    with pytest.raises(SignInDenied, match=what):
        _verified(scene, token)


@pytest.mark.parametrize("issuer", ["https://login.microsoftonline.com/{tenantid}/v2.0", ""])
def test_right_keys(scene: Scene, issuer: str) -> None:
    """A key of every tenant, or that names none, is used."""
    _keys(scene, scene.provider.keys[0].jwk(issuer))

    assert _verified(scene, scene.sign(scene.access_claims()))["oid"] == BODIL.oid


@pytest.mark.parametrize("algorithm", ["PS256", "ES256"])
def test_other_algorithms(scene: Scene, algorithm: str) -> None:
    """Providers that sign with PS256 or ES256 are understood."""
    own: Any
    if algorithm == "ES256":
        own = ec.generate_private_key(ec.SECP256R1())
        public = jwt.algorithms.ECAlgorithm.to_jwk(own.public_key(), as_dict=True)
    else:
        own = rsa.generate_private_key(65537, 2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
    _keys(scene, {**public, "kid": "k"})
    token = jwt.encode(scene.access_claims(), own, algorithm, headers={"kid": "k"})

    assert _verified(scene, token)["oid"] == BODIL.oid


# --- access tokens for our API


def test_bearer(scene: Scene) -> None:
    """A token that an application got in a person's name tells both."""
    claims = scene.client.verify_bearer(scene.sign(scene.access_claims()), scene.api)

    assert claims.oid == BODIL.oid
    assert claims.upn == BODIL.upn
    assert claims.roles == ("CaseWorker",)
    assert claims.client == scene.provider.intranet.client_id
    assert claims.scopes == ("access",)
    assert not claims.is_app


@pytest.mark.parametrize("audience", ["id", "uri"])
def test_old_bearer(scene: Scene, audience: str) -> None:
    """A v1.0 token is judged by v1.0's document and issuer, and may name the API's URI or id."""
    scene.provider.version = 1
    claims = scene.access_claims()
    if audience == "id":
        claims["aud"] = scene.api
    found = scene.client.verify_bearer(scene.sign(claims), scene.api)

    assert (found.oid, found.upn) == (BODIL.oid, BODIL.upn)
    assert found.client == scene.provider.intranet.client_id
    assert f"/{TENANT}/discovery/keys" in scene.asked


@pytest.mark.parametrize(
    ("issuer", "what"),
    [
        (f"https://sts.windows.net/{OTHER_TENANT}/", "iss"),
        ("", "iss"),
    ],
)
def test_old_bearer_of_other(scene: Scene, issuer: str, what: str) -> None:
    """A v1.0 token of another tenant is refused; so is one that borrows v2.0's issuer."""
    scene.provider.version = 1
    claims = {**scene.access_claims(), "iss": issuer or scene.issuer}

    with pytest.raises(SignInDenied, match=what):
        scene.client.verify_bearer(scene.sign(claims), scene.api)


def test_old_document_of_all(scene: Scene) -> None:
    """A v1.0 document whose issuer is a template is refused."""
    scene.provider.version = 1
    _document(scene, issuer="https://sts.windows.net/{tenantid}/")
    scene.client = scene.make_client()

    with pytest.raises(SignInDenied, match="every tenant"):
        scene.client.verify_bearer(scene.sign(scene.access_claims()), scene.api)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"aud": GRAPH}, "aud"),
        ({"aud": "api://someone"}, "aud"),
        ({"scp": "User.Read"}, "scope access"),
        ({"scp": "accessible"}, "scope access"),
        ({"scp": None}, "scope access"),
        ({"azp": None}, "no access token"),
        ({"azp": 7}, "no access token"),
        ({"nonce": "n"}, "no access token"),
        ({"tid": OTHER_TENANT}, "tenant"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"ver": "1.0"}, "iss"),
    ],
)
def test_wrong_bearer(scene: Scene, changed: dict[str, Any], what: str) -> None:
    """An access token with one thing wrong is refused."""
    claims = {**scene.access_claims(), **changed}
    kept = {name: value for name, value in claims.items() if value is not None}

    with pytest.raises(SignInDenied, match=what):
        scene.client.verify_bearer(scene.sign(kept), scene.api)


def test_id_token_as_bearer(scene: Scene) -> None:
    """An ID token is no access token, though it is for the same application."""
    for nonce in ("n", ""):
        claims = scene.mint.id_token(BODIL, scene.api, nonce, frozenset({"openid", "profile"}))
        with pytest.raises(SignInDenied, match="no access token"):
            scene.client.verify_bearer(scene.sign(claims), scene.api)


def test_id_token_with_azp(scene: Scene) -> None:
    """An ID token of a provider that writes azp into it, with roles, is still none."""
    claims = scene.mint.id_token(BODIL, scene.api, "", frozenset({"openid", "profile"}))

    with pytest.raises(SignInDenied, match="scope access"):
        scene.client.verify_bearer(scene.sign({**claims, "azp": scene.api}), scene.api)


def test_app_bearer(scene: Scene) -> None:
    """An application that signed in as itself is told apart from every person."""
    intranet = scene.provider.intranet
    form = {
        "grant_type": "client_credentials",
        "client_id": intranet.client_id,
        "client_secret": intranet.secret,
        "scope": f"api://{scene.api}/.default",
    }
    url = f"{scene.origin}/{TENANT}/oauth2/v2.0/token"
    token = requests.post(url, form, timeout=5).json()["access_token"]
    claims = scene.client.verify_bearer(token, scene.api)

    assert claims.is_app
    assert claims.client == intranet.client_id
    assert claims.roles == ("Service",)
    assert claims.upn == ""


def test_app_without_role(scene: Scene) -> None:
    """An application that was given no role gets nothing: Entra gives any a token for any API."""
    claims = scene.mint.app_token(scene.provider.intranet.client_id, scene.api, ())

    with pytest.raises(SignInDenied, match="no role"):
        scene.client.verify_bearer(scene.sign(claims), scene.api)


def test_other_provider(scene: Scene) -> None:
    """A provider that is not Entra has no tenant: its tokens carry client_id and scope."""
    issuer = f"{scene.origin}/realms/town"
    claims = {
        "iss": issuer,
        "aud": "casethread",
        "sub": "17",
        "exp": NOW_S + 60,
        "iat": NOW_S,
        "client_id": "intranet",
        "scope": "openid access",
        "preferred_username": "Bodil@nordvang.example",
        "groups": ["staff"],
    }
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
    }

    def instead(request: Request) -> Response:
        keys = {"keys": [scene.provider.keys[0].jwk("")]}
        body = document if request.path.endswith("openid-configuration") else keys
        return Response(body=json.dumps(body).encode())

    scene.instead = instead
    client = scene.make_client(issuer=issuer)
    found = client.verify_bearer(scene.sign(claims), "casethread")

    assert (found.subject, found.oid, found.upn) == ("17", "", "bodil@nordvang.example")
    assert found.groups == ("staff",)
    with pytest.raises(SignInDenied, match="aud"):
        client.verify_bearer(scene.sign({**claims, "aud": "api://casethread"}), "casethread")


def test_nothing_is_logged(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Neither tokens nor codes get into the log."""
    caplog.set_level(logging.DEBUG)
    attempt = scene.client.begin()
    code = scene.code(attempt)
    scene.client.redeem(attempt, code)

    assert code not in caplog.text
    assert scene.provider.portal.secret not in caplog.text
