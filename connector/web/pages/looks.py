"""A caseworker's own look at who looked at the case, where `web.owner_sees_looks` allows it."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer, case_for
from connector.ledger.days import Period
from connector.ledger.looks_report import Withholding, looks, roots_of
from connector.model import Case
from connector.web import rules
from connector.web.page import Refused, render
from connector.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
MOST = 500
DAYS = 365


def sees_looks(site: Site, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may see who looked at the case from its page."""
    return site.web.owner_sees_looks and case.caseworker.casefold() in viewer.names


@router.get("/cases/{number:path}/looks")
def case_looks(
    request: Request, number: str, viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)]
) -> Response:
    """Who looked at the case or anything on it within a year, the newest first."""
    site = site_of(request)
    today = site.clock().astimezone(site.zone).date()
    period = Period(today - timedelta(days=DAYS), today)
    with site.read() as connection:
        case = case_for(connection, viewer, number)
        if not sees_looks(site, viewer, case):
            raise Refused("looks.refused")
        withholding = Withholding(connection, viewer, site.program.scanner)
        its = looks(connection, site.zone, period, withholding, case=case.number)
        found = list(islice(its, MOST))
        now_on = frozenset(roots_of(connection, case.number))
    return render(
        request,
        "case_looks.html",
        viewer,
        case=case,
        found=found,
        most=MOST,
        items_of=lambda each: each.items_at(case.number, now_on),
    )
