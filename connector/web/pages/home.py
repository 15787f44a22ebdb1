"""The start page: find a case, what waits for me, my cases where something was said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.ledger.mine import cases_with_news
from connector.ledger.todo import Count, count
from connector.web import rules
from connector.web.page import render
from connector.web.site import site_of
from connector.web.todo_forms import first_scope

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)]) -> Response:
    """What the viewer most likely came for."""
    site = site_of(request)
    waiting, cases = Count(waiting=0, late=0), []
    is_reader = bool(viewer.roles & rules.CASE_WORKER.roles)
    if is_reader:
        with site.read() as connection:
            waiting = count(connection, viewer, first_scope(viewer), site.target)
            cases = cases_with_news(connection, viewer, limit=15)
    return render(
        request,
        "home.html",
        viewer,
        waiting=waiting,
        whose=first_scope(viewer).value,  # the list that /todo opens
        cases=cases,
        is_reader=is_reader,
    )
