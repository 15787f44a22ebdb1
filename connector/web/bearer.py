"""Who asks the API with a token: a person's access token, or an intranet's statement of its user.

`Authorization: Bearer ...` is an access token of the issuer that signs people in, given to an
application in a person's name. `Authorization: Statement ...` is a statement (statements.py).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import Request

from connector.errors import ConnectorError
from connector.ledger.sessions import SignedIn
from connector.web.openid_errors import SignInDenied
from connector.web.openid_issuer import is_guid
from connector.web.page import NotSignedIn, Refused, Unready
from connector.web.statements import NotBelieved, Statements

if TYPE_CHECKING:
    from connector.web.site import Site

log = logging.getLogger(__name__)
# What a statement may be used for beside reading: this only reads.
READS_BY_POST = frozenset({"/api/v1/search"})
READS = frozenset({"GET", "HEAD"})


def signed_in_by_token(request: Request, site: Site) -> SignedIn:
    """Who the Authorization header stands for.

    Raises NotSignedIn for one that is not believed, Refused for one that may not do this, TooOften
    for an address whose tokens are refused again and again, Unready while the issuer is away.
    """
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or not token:
        raise _refused(request, site, "api.scheme", "one Authorization header: SCHEME TOKEN")
    if scheme.lower() == "bearer":
        return _person(request, site, token.strip())
    if scheme.lower() == "statement":
        return _user(request, site, token.strip())
    raise _refused(request, site, "api.scheme", "the scheme is neither Bearer nor Statement")


def _person(request: Request, site: Site, token: str) -> SignedIn:
    """The person in whose name an application has an access token."""
    if not site.web.api_audience:
        raise _refused(request, site, "api.no_tokens", "web.api_audience is empty")
    try:
        claims = site.openid.verify_bearer(token, site.web.api_audience)
    except SignInDenied as error:
        raise _refused(request, site, error.key, str(error)) from error
    except ConnectorError as error:
        log.warning("api: %s", error, extra={"action": "sign_in_away"})
        raise Unready("wrong.issuer_away") from error
    if claims.is_app:
        raise Refused("api.app_only")  # an application acts for nobody: no look could be named
    request.state.via = f"app {claims.client}"
    return SignedIn(
        subject=claims.subject,
        oid=claims.oid,
        name=claims.name,
        upn=claims.upn,
        grants=(*claims.roles, *claims.groups),
    )


def _user(request: Request, site: Site, token: str) -> SignedIn:
    """The user whom an intranet names. It can say who it is, and nothing of what they may do."""
    statements: Statements = request.app.state.statements
    try:
        said = statements.read(token)
    except NotBelieved as error:
        raise _refused(request, site, "api.statement", str(error)) from error
    if request.method not in READS and request.url.path not in READS_BY_POST:
        raise Refused("api.reads_only")
    request.state.via = f"intranet {said.intranet}"
    user = said.user.lower()
    is_id = is_guid(user)
    return SignedIn(
        subject=said.user,
        oid=user if is_id else "",
        upn="" if is_id else said.user,
        intranet=said.intranet,
    )


def _refused(request: Request, site: Site, key: str, reason: str) -> NotSignedIn:
    """The answer to a token that is not believed. The reason is for the operator's log alone."""
    host = request.client.host if request.client else "?"
    log.warning("api: a token from %s is refused: %s", host, reason, extra={"action": "refused"})
    site.limit("token", host, site.web.sign_ins_per_min)
    error = NotSignedIn(key)
    error.headers["www-authenticate"] = (
        'Bearer realm="casethread", error="invalid_token", Statement realm="casethread"'
    )
    return error
