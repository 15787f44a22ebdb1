"""Signing in through an OpenID Connect provider, and reading the access tokens it gives to others.

The flow is the authorization code flow with PKCE, state and nonce, as a client with a secret.
Sources, read 2026-11-22: OpenID Connect Core 1.0; RFC 7636; RFC 9207; Microsoft, "OAuth 2.0
authorization code flow".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote_plus, urlencode

import msgspec

from connector.errors import Throttled
from connector.typed import read_json
from connector.web import openid_claims
from connector.web.openid_claims import Claims, Expected
from connector.web.openid_errors import SYSTEM, SignInDenied, not_believed, refused, unavailable
from connector.web.openid_issuer import check_issuer, is_guid, tenant_of
from connector.web.openid_provider import Answer, Line, Provider, Published

SCOPE = "openid profile email"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in under way, of one browser: no script and no other site may read or set it."""

    state: str
    nonce: str
    verifier: str  # PKCE's


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class _Error(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


class OpenId:
    """One provider. Safe to use from many threads; nothing is asked before the first use.

    `issuer` is a single organisation's; `redirect_uri` is where the provider sends people back to.
    Raises ConfigError for an issuer that cannot be used.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        secret: str,
        redirect_uri: str,
        ca_bundle: str = "",
        proxy: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        check_issuer(issuer)
        self.issuer, self.client_id, self.redirect_uri = issuer, client_id, redirect_uri
        self.tenant = tenant_of(issuer)
        self._secret, self._clock = secret, clock
        self._line = Line(ca_bundle, proxy)
        self._now = Published(self._line, issuer.rstrip("/"), issuer, monotonic)
        # v1.0 access tokens are checked by the v1.0 document, Microsoft says.
        older = issuer.removesuffix("/v2.0")
        self._older = Published(self._line, older, "", monotonic) if self.tenant else None

    def begin(self) -> Attempt:
        """A new sign-in."""
        return Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )

    def authorize_url(
        self, attempt: Attempt, *, language: str = "", login_hint: str = "", prompt: str = ""
    ) -> str:
        """Where the browser goes to sign in. Raises Unavailable or ConfigError.

        `prompt` is "", "select_account", "login" or "none" (then nothing is shown, and the answer
        may be that a person must sign in).
        """
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": self.redirect_uri,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        given = {"ui_locales": language, "login_hint": login_hint, "prompt": prompt}
        asked |= {name: value for name, value in given.items() if value}
        return _with(self._now.document.authorization_endpoint, asked)

    def code_of(self, attempt: Attempt, answer: Mapping[str, str]) -> str:
        """The code in what the browser brought back. Raises SignInDenied or Unavailable.

        Nothing else of the answer is read before its state is right: anybody can make a link to us.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInDenied("openid.again", "the answer belongs to no sign-in under way (state)")
        if answer.get("iss", self.issuer) != self.issuer:
            raise not_believed("another provider answered (iss)")
        if "error" in answer:
            raise refused(answer["error"], answer.get("error_description", ""))
        if not answer.get("code"):
            raise not_believed("the answer has no code")
        return answer["code"]

    def redeem(self, attempt: Attempt, code: str) -> Claims:
        """Who signed in. Raises SignInDenied, Unavailable or ConfigError. A code works once."""
        document = self._now.document
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = self._identify(document, form)
        tokens = _tokens(self._line.ask(document.token_endpoint, form, headers))
        claims = openid_claims.verified(
            tokens.id_token, self._now.key, self._expected(self.issuer, self.client_id)
        )
        return openid_claims.signed_in(
            claims,
            nonce=attempt.nonce,
            client_id=self.client_id,
            access_token=tokens.access_token,
        )

    def verify_bearer(self, token: str, audience: str) -> Claims:
        """Whose access token this is; `audience` is our API's id or its URI.

        Takes Entra's v1.0 and v2.0, and other providers' JWTs. Raises SignInDenied or Unavailable.
        """
        openid_claims.header_of(token)
        published, issuer = self._now, self.issuer
        if self._older is not None and openid_claims.version_of(token) == "1.0":
            published, issuer = self._older, self._older.document.issuer
            if self.tenant not in issuer.split("/"):
                raise not_believed("its issuer is for every tenant (iss)")
        # The URI that Entra proposes holds the id; v1.0 tokens say the one or the other.
        names = (audience, f"api://{audience}") if is_guid(audience) else (audience,)
        expected = self._expected(issuer, *names)
        return openid_claims.bearer(openid_claims.verified(token, published.key, expected))

    def sign_out_url(self, back: str) -> str:
        """Where the browser goes to sign out there too, then to `back`; "" when there is none."""
        address = self._now.document.end_session_endpoint
        told = {"post_logout_redirect_uri": back, "client_id": self.client_id}
        return _with(address, told) if address else ""

    def _expected(self, issuer: str, *audiences: str) -> Expected:
        return Expected(issuer=issuer, audiences=audiences, tenant=self.tenant, now=self._clock())

    def _identify(self, document: Provider, form: dict[str, str]) -> Mapping[str, str]:
        """Our id and secret: in the form where the provider takes that, else as Basic."""
        if "client_secret_post" in document.token_endpoint_auth_methods_supported:
            form |= {"client_id": self.client_id, "client_secret": self._secret}
            return {}
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret)}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _tokens(answer: Answer) -> _Tokens:
    """What the token endpoint gave, or why not."""
    if answer.status == 429:
        raise Throttled(f"{SYSTEM}: the provider asks us to wait", system=SYSTEM, status=429)
    if answer.status >= 500:
        raise unavailable(f"the provider answered with {answer.status}", answer.status)
    try:
        if answer.status == 200:
            return read_json(answer.body, _Tokens)
        said = read_json(answer.body, _Error)
    except (msgspec.DecodeError, RecursionError) as error:
        raise unavailable(
            f"the provider's answer ({answer.status}) cannot be read", answer.status
        ) from error
    raise refused(said.error, said.error_description)


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
