"""Who asks, and whether the portal can work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.web import rules
from connector.web.api.answers import answer, via
from connector.web.api.models import Health, Me
from connector.web.page import Unready, language_of
from connector.web.readiness import unready
from connector.web.site import site_of
from connector.web.words import say

router = APIRouter(prefix="/api/v1", tags=["portal"])


@router.get("/health", operation_id="health", summary="Whether it can work", response_model=Health)
def health(request: Request, _anybody: Annotated[None, Depends(rules.STATIC)]) -> Response:
    """The ledger answers and there is room on the disk; else 503 with the reason.

    For everybody, signed in or not.
    """
    wrong = unready(site_of(request))
    if wrong:
        language = language_of(request)
        raise Unready("health.unready", reasons=" ".join(say(key, language) for key in wrong))
    return answer(request, Health(status="ready"))


@router.get("/me", operation_id="me", summary="Who asks", response_model=Me)
def me(request: Request, viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)]) -> Response:
    """Who the token, statement or session stands for, and what they may do."""
    how = via(request)
    told = Me(
        name=viewer.name,
        upn=viewer.upn,
        person=viewer.person,
        unit=viewer.unit,
        roles=sorted(viewer.roles),
        sees_unit=viewer.sees_unit,
        via=how,
        may_change=not how.startswith("intranet "),
        time_zone=site_of(request).zone.key,
    )
    return answer(request, told)
