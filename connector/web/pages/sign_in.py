"""Signing in by OpenID Connect, and out again; and the choice of language.

The browser keeps what a sign-in was begun with (state, nonce, verifier) in a cookie of its own that
no script can read and no other site sends: so an answer belongs to the browser that asked.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from connector import locale
from connector.errors import ConnectorError
from connector.ledger import sessions
from connector.ledger.access import Viewer
from connector.ledger.events import event_row, record
from connector.ledger.sessions import SignedIn
from connector.typed import decoder
from connector.web import rules
from connector.web.openid import Attempt
from connector.web.openid_errors import SignInDenied
from connector.web.page import Refused, Unready, Wrong, language_of, render
from connector.web.site import Site, site_of

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
BEGUN = "casethread_sign_in"
BEGUN_S = 600
SIGNED_IN_PATH = "/signed-in"


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in was begun with, and the page that was wanted."""

    attempt: Attempt
    back: str


_begun = decoder(Begun).decode


def address(path: str, query: str) -> str:
    """Where to sign in to come back to this page."""
    back = f"{path}?{query}" if query else path
    return "/sign-in?" + urlencode({"back": back}) if back != "/" else "/sign-in"


def local(back: str) -> str:
    """A path of this portal; "/" for anything that could lead elsewhere."""
    is_local = back.startswith("/") and not back.startswith("//") and "\\" not in back
    is_plain = all(character.isprintable() for character in back) and len(back) < 2000
    return back if is_local and is_plain else "/"


@router.get("/sign-in")
def sign_in(
    request: Request,
    viewer: Annotated[Viewer | None, Depends(rules.PUBLIC)],
    back: str = "/",
) -> Response:
    """Says why, and leads to the issuer."""
    if viewer is not None:
        return RedirectResponse(local(back), 303)
    return render(request, "sign_in.html", None, back=local(back), is_out=False)


@router.get("/sign-in/start")
def start(
    request: Request,
    _viewer: Annotated[Viewer | None, Depends(rules.PUBLIC)],
    back: str = "/",
) -> Response:
    """To the issuer, with what only this browser knows."""
    site = site_of(request)
    _limit(request, site, "sign-in")
    begun = Begun(attempt=site.openid.begin(), back=local(back))
    try:
        there = site.openid.authorize_url(begun.attempt, language=language_of(request))
    except ConnectorError as error:
        raise _away(error) from error
    answer = RedirectResponse(there, 303)
    _set(site, answer, _name(site), _packed(begun), BEGUN_S)
    return answer


@router.get(SIGNED_IN_PATH)
def signed_in(
    request: Request,
    _viewer: Annotated[Viewer | None, Depends(rules.STATIC)],
) -> Response:
    """The issuer's answer: a code that is redeemed for who it is."""
    site = site_of(request)
    _limit(request, site, "signed-in")  # its own count: who began has not had two attempts
    begun = _unpacked(request.cookies.get(_name(site), ""))
    if begun is None:
        raise Wrong("wrong.state")
    who = _redeemed(site, begun, dict(request.query_params))
    now = site.ledger.now()
    with site.write() as connection:
        sessions.end(connection, request.cookies.get(site.cookie, ""))
        token = sessions.begin(
            connection, who, now=now, life_ms=int(site.web.session_h * 3_600_000)
        )
        record(connection, [event_row(now, who.upn or who.subject, "signed_in", "portal")])
    answer = RedirectResponse(begun.back, 303)
    _set(site, answer, site.cookie, token, None)
    answer.delete_cookie(_name(site), path="/", secure=site.is_secure, httponly=True)
    return answer


def _redeemed(site: Site, begun: Begun, answer: dict[str, str]) -> SignedIn:
    try:
        claims = site.openid.redeem(begun.attempt, site.openid.code_of(begun.attempt, answer))
    except SignInDenied as error:
        log.warning("sign-in refused: %s", error, extra={"action": "sign_in_refused"})
        raise Refused(error.key) from error
    except ConnectorError as error:
        raise _away(error) from error
    return SignedIn(
        subject=claims.subject,
        oid=claims.oid,
        name=claims.name,
        upn=claims.upn,
        grants=(*claims.roles, *claims.groups),
    )


def _away(error: ConnectorError) -> Unready:
    """The reason is for the operator's log; the person is told to try again."""
    log.warning("sign-in: %s", error, extra={"action": "sign_in_away"})
    return Unready("wrong.issuer_away")


@router.post("/sign-out")
def sign_out(
    request: Request, _viewer: Annotated[Viewer | None, Depends(rules.PUBLIC)]
) -> Response:
    """Ends the session here, then at the issuer."""
    site = site_of(request)
    token = request.cookies.get(site.cookie, "")
    if token:
        with site.write() as connection:
            sessions.end(connection, token)
    try:
        there = site.openid.sign_out_url(site.web.url + "/signed-out")
    except ConnectorError:
        there = ""  # the issuer is away; here one is signed out all the same
    answer = RedirectResponse(there or "/signed-out", 303)
    answer.delete_cookie(site.cookie, path="/", secure=site.is_secure, httponly=True)
    return answer


@router.get("/signed-out")
def signed_out(
    request: Request, viewer: Annotated[Viewer | None, Depends(rules.PUBLIC)]
) -> Response:
    """Says that one is signed out."""
    return render(request, "sign_in.html", viewer, back="/", is_out=True)


@router.post("/language")
def language(
    request: Request,
    _viewer: Annotated[Viewer | None, Depends(rules.PUBLIC)],
    to: Annotated[str, Form()],
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keeps the reader's language in the browser for a year."""
    answer = RedirectResponse(local(back), 303)
    if to in locale.LANGUAGES:
        _set(site_of(request), answer, "language", to, 365 * 86_400)
    return answer


def _limit(request: Request, site: Site, step: str) -> None:
    host = request.client.host if request.client else "?"
    site.limit(step, host, site.web.sign_ins_per_min)


def _name(site: Site) -> str:
    return f"__Host-{BEGUN}" if site.is_secure else BEGUN


def _set(site: Site, answer: Response, name: str, value: str, life_s: int | None) -> None:
    answer.set_cookie(
        name, value, max_age=life_s, path="/", secure=site.is_secure, httponly=True, samesite="lax"
    )


def _packed(begun: Begun) -> str:
    return urlsafe_b64encode(msgspec.json.encode(begun)).decode()


def _unpacked(value: str) -> Begun | None:
    try:
        return _begun(urlsafe_b64decode(value))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
