"""Who is free now: a unit, a colleague, a case's caseworker. Never a history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer, case_for
from connector.ledger.present import (
    Present,
    colleague_now,
    free_caseworker,
    old_after_s,
    unit_now,
    units,
)
from connector.ledger.tables import at
from connector.web import rules
from connector.web.api import models
from connector.web.api.answers import answer
from connector.web.api.fields import PLAIN, Asked, CaseNumber, Plain
from connector.web.page import NotFound, language_of
from connector.web.site import Site, site_of
from connector.web.words import say

router = APIRouter(prefix="/api/v1", tags=["presence"])


class AskedUnit(Asked):
    """Which unit."""

    unit: Plain = ""
    """The unit's name as the directory writes it; empty for one's own."""


@router.get(
    "/presence",
    operation_id="presence",
    summary="Who of a unit is free now",
    response_model=models.Presences,
)
def presence(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    asked: Annotated[AskedUnit, Query()],
) -> Response:
    """Everybody in the unit with their present state, those who are free first."""
    site = site_of(request)
    with site.read() as connection:
        known = units(connection)
        chosen = asked.unit or viewer.unit
        people = (
            unit_now(connection, chosen, site.ledger.now(), old_s=_old_s(site))
            if chosen in known
            else ()
        )
    if asked.unit and asked.unit not in known:
        raise NotFound("api.no_unit", unit=asked.unit)
    model = models.Presences(
        unit=chosen if chosen in known else "",
        units=known,
        is_read=site.settings.sources.presence.enabled,
        people=[told(each, language_of(request)) for each in people],
        time_zone=site.zone.key,
    )
    return answer(request, model)


@router.get(
    "/presence/{person}",
    operation_id="colleague",
    summary="Whether a colleague is free now",
    response_model=models.Present,
)
def colleague(
    request: Request,
    _viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    person: Annotated[
        str,
        Path(
            min_length=1,
            max_length=200,
            pattern=PLAIN,
            description="Directory id or user principal name.",
            examples=["bodil@nordvang.example"],
        ),
    ],
) -> Response:
    """One colleague with their present state."""
    site = site_of(request)
    with site.read() as connection:
        found = colleague_now(connection, person, site.ledger.now(), old_s=_old_s(site))
    if found is None:
        raise NotFound("api.no_person", person=person)
    return answer(request, told(found, language_of(request)))


@router.get(
    "/cases/{number:path}/caseworker-presence",
    operation_id="caseworkerPresence",
    summary="Whether a case's caseworker is free now",
    response_model=models.CaseworkerPresence,
)
def caseworker_presence(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    number: CaseNumber,
) -> Response:
    """The caseworker whom the register names, with their present state."""
    site = site_of(request)
    with site.read() as connection:
        case = case_for(connection, viewer, number)
        found = free_caseworker(connection, case, site.ledger.now(), old_s=_old_s(site))
    model = models.CaseworkerPresence(
        case_number=case.number,
        is_read=site.settings.sources.presence.enabled,
        caseworker=None if found is None else told(found, language_of(request)),
    )
    return answer(request, model)


def _old_s(site: Site) -> int:
    return old_after_s(site.settings.sources.presence.schedule.interval_s)


def told(each: Present, language: str) -> models.Present:
    """A colleague as the API tells of them."""
    seen = each.observed_at
    return models.Present(
        person=each.person,
        name=each.name,
        upn=each.upn,
        unit=each.unit,
        phones=list(each.phones),
        state=each.state.value,
        state_words=say(f"presence.{each.state.value}", language),
        activity=each.activity,
        is_free=each.is_free,
        is_old=each.is_old,
        is_out_of_office=each.is_out_of_office,
        message=each.message,
        observed_at=None if seen is None else at(seen),
    )
