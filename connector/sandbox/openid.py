"""An OpenID provider that answers as Entra ID's v2.0 endpoint does, for the made-up municipality.

It signs in by one click instead of a password, and over plain http, so that a browser opens it
without a warning; it is for loopback only. Where it differs from Entra: `response_mode` is `query`
only, no refresh tokens, no consent page, no userinfo endpoint.

Sources, read 2026-11-22: Microsoft, "OAuth 2.0 authorization code flow", "OpenID Connect on the
Microsoft identity platform", "Redirect URI (reply URL) restrictions and limitations".
"""

from __future__ import annotations

import re
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from connector.sandbox import openid_pages as pages
from connector.sandbox.municipality import Municipality
from connector.sandbox.openid_clients import Application, application, authenticated, is_registered
from connector.sandbox.openid_codes import CODE_LIFE, Codes, Grant
from connector.sandbox.openid_errors import Refusal
from connector.sandbox.openid_tokens import GRAPH, LIFE, STS, Mint, SigningKey
from connector.sandbox.openid_users import DemoUser, demo_users, with_many_groups
from connector.sandbox.protocol import Request, Response, json_response

COOKIE = "sandbox_sso"
PLAIN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
PROMPTS = frozenset({"", "none", "login", "select_account", "consent"})
CLAIMS = ("roles", "groups", "overage")  # what an app is set up to be told of people's rights
TOO_MANY = 201


@dataclass(slots=True, kw_only=True)
class OpenId:
    """The provider of one tenant. `handle` may be called from many threads.

    `claims` is one of CLAIMS; "overage" makes everybody a member of too many groups. `version` is
    that of access tokens, 1 or 2. `redirect_uris` are the portal's, besides loopback.
    """

    tenant: str
    users: tuple[DemoUser, ...]
    redirect_uris: tuple[str, ...] = ()
    claims: str = "roles"
    version: int = 2
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey()])
    portal: Application = field(init=False)
    intranet: Application = field(init=False)
    _codes: Codes = field(default_factory=Codes)
    _sessions: dict[str, DemoUser] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.claims == "overage":
            self.users = with_many_groups(self.users, TOO_MANY)
        self.portal = application(self.tenant, "portal", redirect_uris=self.redirect_uris)
        self.intranet = application(self.tenant, "intranet", app_roles=("Service",))

    def rotate(self, *, keep: bool = True) -> SigningKey:
        """Sign with a new key from now on; the old ones go on being told unless `keep` is false."""
        with self._lock:
            self.keys = [SigningKey(), *(self.keys if keep else ())]
            return self.keys[0]

    def mint(self, origin: str) -> Mint:
        """What makes this tenant's claims now."""
        told = "roles" if self.claims == "roles" else "groups"
        return Mint(
            tenant=self.tenant,
            origin=origin,
            now=self.clock(),
            claims=told,
            version=self.version,
        )

    def handle(self, request: Request) -> Response:
        """The answer to one request."""
        tenant, _, rest = request.path.lstrip("/").partition("/")
        routes = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._configuration,
            ("GET", ".well-known/openid-configuration"): self._old_configuration,
            ("GET", "discovery/v2.0/keys"): self._keys,
            ("GET", "discovery/keys"): self._keys,
            ("GET", "oauth2/v2.0/authorize"): self._authorize,
            ("POST", "oauth2/v2.0/authorize"): self._authorize,
            ("POST", "oauth2/v2.0/token"): self._token,
            ("GET", "oauth2/v2.0/logout"): self._logout,
            ("POST", "oauth2/v2.0/logout"): self._logout,
            ("GET", "style.css"): _style,
        }
        answer = routes.get((request.method, rest))
        if tenant != self.tenant:
            return Refusal(90002).response(self.clock())
        return answer(request) if answer else Response(status=404)

    def _configuration(self, request: Request) -> Response:
        base = f"{request.origin}/{self.tenant}"
        return json_response(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "scopes_supported": sorted(PLAIN_SCOPES),
                "issuer": f"{base}/v2.0",
                "request_uri_parameter_supported": False,
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "http_logout_supported": True,
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid"],
            }
        )

    def _old_configuration(self, request: Request) -> Response:
        """The v1.0 document; v1.0 access tokens are checked by it."""
        base = f"{request.origin}/{self.tenant}"
        return json_response(
            {
                "issuer": f"{STS}/{self.tenant}/",
                "authorization_endpoint": f"{base}/oauth2/authorize",
                "token_endpoint": f"{base}/oauth2/token",
                "jwks_uri": f"{base}/discovery/keys",
            }
        )

    def _keys(self, request: Request) -> Response:
        issuer = self.mint(request.origin).issuer
        return json_response({"keys": [key.jwk(issuer) for key in self.keys]})

    def _authorize(self, request: Request) -> Response:
        lang, style = self._look(request)
        try:
            asker, target = self._asked_by(request.query)
        except Refusal as refusal:
            return pages.wrong(refusal.described(self.clock()), lang, style)
        try:
            scope = self._valid(request.query)
            user, is_new = self._who(request)
            if user is None:
                return pages.choose(self._hinted(request.query), lang, style)
        except Refusal as refusal:
            told = {"error": refusal.error, "error_description": refusal.described(self.clock())}
            return _back(target, told, request.query)
        answer = {"code": self._codes.give(self._grant(user, asker, target, scope, request.query))}
        answer["session_state"] = str(uuid.uuid5(uuid.UUID(self.tenant), user.oid))
        return _back(target, answer, request.query, self._cookie(user) if is_new else "")

    def _asked_by(self, query: Mapping[str, str]) -> tuple[Application, str]:
        """Who asks, and where to answer. A refusal here is shown, and not sent to an address."""
        for name in ("client_id", "redirect_uri"):
            if not query.get(name):
                raise Refusal(900144, name)
        asker = self._known(query["client_id"])
        if not is_registered(query["redirect_uri"], asker):
            raise Refusal(50011, query["redirect_uri"])
        return asker, query["redirect_uri"]

    def _known(self, client_id: str) -> Application:
        for each in (self.portal, self.intranet):
            if each.client_id == client_id:
                return each
        raise Refusal(700016)

    def _valid(self, query: Mapping[str, str]) -> frozenset[str]:
        """The scopes of a request that can be answered."""
        for name in ("response_type", "scope"):
            if not query.get(name):
                raise Refusal(900144, name)
        if query["response_type"] != "code":
            raise Refusal(70005, query["response_type"])
        if query.get("response_mode", "query") != "query":
            raise Refusal(70007, query["response_mode"])
        if query.get("prompt", "") not in PROMPTS:
            raise Refusal(90023, query["prompt"])
        challenge = query.get("code_challenge", "")
        if not re.fullmatch(r"[A-Za-z0-9_.~-]{43,128}|", challenge) or (
            # Entra takes `plain` and no challenge at all too; nothing of ours may rely on that.
            bool(challenge) != (query.get("code_challenge_method") == "S256")
        ):
            raise Refusal(501491)
        scope = frozenset(query["scope"].split())
        for unknown in sorted(scope - PLAIN_SCOPES - self._api_scopes()):
            raise Refusal(70011, unknown)
        return scope

    def _api_scopes(self) -> frozenset[str]:
        api = self.portal.client_id
        return frozenset({f"api://{api}/access", f"{api}/access"})

    def _who(self, request: Request) -> tuple[DemoUser | None, bool]:
        """Who signs in, and whether that is new; nobody means that the page is to be shown."""
        if request.method == "POST":
            form = _form(request)
            if "cancel" in form:
                raise Refusal(65004)
            user = next((each for each in self.users if each.oid == form.get("user")), None)
            if user is None:
                raise Refusal(16000)
            return user, True
        prompt, hint = request.query.get("prompt", ""), request.query.get("login_hint", "").lower()
        user = self._sessions.get(_cookie_of(request))
        if user is not None and hint and hint != user.upn:
            user = None
        if prompt == "none" and user is None:
            raise Refusal(50058)
        return (user if prompt in ("", "none") else None), False

    def _hinted(self, query: Mapping[str, str]) -> Sequence[DemoUser]:
        """The user that is hinted at, as Entra fills in the name; else everybody."""
        hint = query.get("login_hint", "").lower()
        if not hint or query.get("prompt") == "select_account":
            return self.users
        return [user for user in self.users if user.upn == hint] or self.users

    def _grant(
        self,
        user: DemoUser,
        asker: Application,
        target: str,
        scope: frozenset[str],
        query: Mapping[str, str],
    ) -> Grant:
        return Grant(
            user=user,
            client_id=asker.client_id,
            redirect_uri=target,
            scope=scope,
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            expires_at=self.clock() + CODE_LIFE,
        )

    def _token(self, request: Request) -> Response:
        try:
            form = _form(request)
            asker = authenticated(request, form, self._known)
            kind = form.get("grant_type", "")
            if not kind:
                raise Refusal(900144, "grant_type")
            if kind == "authorization_code":
                body = self._redeemed(request, form, asker)
            elif kind == "client_credentials":
                body = self._for_itself(request, form, asker)
            else:
                raise Refusal(70003, kind)
        except Refusal as refusal:
            return refusal.response(self.clock())
        life_s = int(LIFE.total_seconds()) - 1
        body |= {"token_type": "Bearer", "expires_in": life_s, "ext_expires_in": life_s}
        return json_response(body, headers={"cache-control": "no-store"})

    def _redeemed(
        self, request: Request, form: Mapping[str, str], asker: Application
    ) -> dict[str, str | int]:
        grant = self._codes.take(form, asker.client_id, self.clock())
        mint, key = self.mint(request.origin), self.keys[0]
        api = sorted(grant.scope & self._api_scopes())
        audience, scopes = (self.portal.client_id, "access") if api else (GRAPH, "User.Read")
        access = mint.access_token(grant.user, asker.client_id, audience, scopes)
        body: dict[str, str | int] = {
            "access_token": key.sign(access),
            "scope": " ".join(api) or "openid profile email",
        }
        if "openid" in grant.scope:
            claims = mint.id_token(grant.user, asker.client_id, grant.nonce, grant.scope)
            body["id_token"] = key.sign(claims)
        return body

    def _for_itself(
        self, request: Request, form: Mapping[str, str], asker: Application
    ) -> dict[str, str | int]:
        api = self.portal.client_id
        if form.get("scope") not in (f"api://{api}/.default", f"{api}/.default"):
            raise Refusal(70011, form.get("scope", ""))
        claims = self.mint(request.origin).app_token(asker.client_id, api, asker.app_roles)
        return {"access_token": self.keys[0].sign(claims)}

    def _logout(self, request: Request) -> Response:
        with self._lock:
            self._sessions.pop(_cookie_of(request), None)
        asked = {**_form(request), **request.query}
        target = asked.get("post_logout_redirect_uri", "")
        gone = f"{COOKIE}=; Path=/{self.tenant}; Max-Age=0; HttpOnly; SameSite=Lax"
        if any(is_registered(target, each) for each in (self.portal, self.intranet)):
            return _back(target, {}, asked, gone)
        shown = pages.signed_out(*self._look(request))
        return Response(headers={**shown.headers, "set-cookie": gone}, body=shown.body)

    def _cookie(self, user: DemoUser) -> str:
        """A session here. Its path is the tenant's: all ports of a host share their cookies."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._sessions[key] = user
        return f"{COOKIE}={key}; Path=/{self.tenant}; HttpOnly; SameSite=Lax"

    def _look(self, request: Request) -> tuple[str, str]:
        asked = request.query.get("ui_locales", "")
        lang = pages.language(asked, request.headers.get("accept-language", ""))
        return lang, f"/{self.tenant}/style.css"


def for_municipality(
    municipality: Municipality,
    *,
    until: datetime | None = None,
    redirect_uris: tuple[str, ...] = (),
    claims: str = "roles",
) -> OpenId:
    """The provider in which the municipality's demo users are, see `demo_users`."""
    return OpenId(
        tenant=municipality.tenant,
        users=demo_users(municipality, until=until),
        redirect_uris=redirect_uris,
        claims=claims,
    )


def _style(_: Request) -> Response:
    return Response(headers={"content-type": "text/css"}, body=pages.STYLE.encode())


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _cookie_of(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _back(
    target: str, answer: Mapping[str, str], asked: Mapping[str, str], cookie: str = ""
) -> Response:
    """A redirect to the client, with the state it gave."""
    told = dict(answer)
    if "state" in asked:
        told["state"] = asked["state"]
    joint = "&" if "?" in target else "?"
    headers = {
        "location": f"{target}{joint}{urlencode(told)}" if told else target,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
    if cookie:
        headers["set-cookie"] = cookie
    return Response(status=302, headers=headers)
