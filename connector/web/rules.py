"""Who may use a route: each route has exactly one of these rules; a test fails for one without.

A rule answers for the route alone. Which cases and communications are within it is decided by
connector/ledger/access.py.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request

from connector.ledger.access import Role, Viewer
from connector.web.page import NotSignedIn, Refused, Wrong, language_of
from connector.web.site import site_of
from connector.web.who import asker
from connector.web.words import say

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def sent_token(request: Request) -> str:
    """The CSRF token that came with the request, in its header or its form.

    Raises Wrong for a NUL in the address or a form: PostgreSQL holds none, and no person types one.
    The API checks its own fields.
    """
    if not request.url.path.startswith("/api/"):
        _refuse_nul(request.query_params.items())
    header = request.headers.get("x-csrf-token", "")
    if request.method in SAFE:
        return header
    if request.headers.get("content-type", "").startswith(FORMS):
        form = await request.form()
        _refuse_nul(form.items())
        value = form.get("csrf", "")
        return header or (value if isinstance(value, str) else "")
    return header


def _refuse_nul(fields: Iterable[tuple[str, object]]) -> None:
    for name, value in fields:
        if isinstance(value, str) and "\0" in value + name:
            raise Wrong("wrong.fields", fields=name.replace("\0", "")[:40])


class Rule:
    """A dependency that gives the viewer, or refuses."""

    def __init__(self, name: str, roles: frozenset[Role]) -> None:
        self.name = name
        self.roles = roles
        # What anybody said is shown to these roles; a program that reads it all is stopped.
        self.is_limited = bool(roles & {Role.CASE_WORKER, Role.RECORDS_MANAGER})

    def __call__(self, request: Request, token: Annotated[str, Depends(sent_token)] = "") -> Viewer:
        viewer = asker(request)
        if viewer is None:
            raise NotSignedIn("wrong.sign_in")
        if not viewer.roles:
            raise Refused("wrong.no_role")
        if not viewer.roles & self.roles:
            language = language_of(request)
            role = say(f"role.{min(self.roles)}", language)
            raise Refused("wrong.role", role=role)
        self._check_origin(request, token)
        if self.is_limited:
            site = site_of(request)
            site.limit("look", viewer.actor, site.web.looks_per_min)
        return viewer

    @staticmethod
    def _check_origin(request: Request, token: str) -> None:
        """A change that a browser's cookie asks for must come from a page of ours."""
        expected = getattr(request.state, "csrf", "")
        if request.method in SAFE or not expected:  # no cookie was used: nothing to be forged
            return
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused("wrong.csrf")
        if not hmac.compare_digest(token.encode(), expected.encode()):
            raise Refused("wrong.csrf")


class Public(Rule):
    """For everybody, signed in or not; gives the viewer where there is one."""

    def __call__(  # type: ignore[override]  # nobody may be there
        self, request: Request, token: Annotated[str, Depends(sent_token)] = ""
    ) -> Viewer | None:
        try:
            viewer = asker(request)
        except NotSignedIn:
            return None
        if viewer is not None:
            self._check_origin(request, token)
        return viewer


class Anybody(Rule):
    """For everybody; who it is is not even asked."""

    def __call__(  # type: ignore[override]  # nobody is looked for
        self,
        request: Request,  # noqa: ARG002  asked for nothing
    ) -> None:
        return None


def any_of(*roles: Role) -> Rule:
    """A rule for whoever has one of these roles."""
    return Rule(" or ".join(role.replace("_", " ") for role in roles), frozenset(roles))


PUBLIC = Public("public", frozenset(Role))
STATIC = Anybody("anybody", frozenset(Role))
SIGNED_IN = Rule("signed in", frozenset(Role))
CASE_WORKER = any_of(Role.CASE_WORKER, Role.RECORDS_MANAGER)
RECORDS_MANAGER = any_of(Role.RECORDS_MANAGER)
EDITOR = any_of(Role.EDITOR)
OPERATOR = any_of(Role.OPERATOR)
