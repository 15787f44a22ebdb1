"""Who is free now in a unit: the present state, how old it is, and how to reach them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.ledger.present import old_after_s, unit_now, units
from connector.web import rules
from connector.web.page import render
from connector.web.site import Site, site_of
from connector.web.telephone import readable

router = APIRouter(include_in_schema=False)
REFRESH_S = 30


@router.get("/presence")
def presence(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    unit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The viewer's own unit, or the one asked for; its table alone when the page asks again."""
    site = site_of(request)
    asked = unit or viewer.unit
    with site.read() as connection:
        known = units(connection)
        chosen = asked if asked in known else ""
        people = unit_now(connection, chosen, site.ledger.now(), old_s=_old_s(site))
    is_part = request.headers.get("hx-request") == "true"
    return render(
        request,
        "parts/presence_table.html" if is_part else "presence.html",
        viewer,
        people=people if chosen else (),
        unit=chosen,
        units=known,
        is_read=site.settings.sources.presence.enabled,
        refresh_s=REFRESH_S,
        chat=chat,
        readable=readable,
    )


def _old_s(site: Site) -> int:
    return old_after_s(site.settings.sources.presence.schedule.interval_s)


def chat(upn: str) -> str:
    """The address that opens a chat with this person in Teams.

    Source: Microsoft Teams, "Deep link to a workflow: start a new chat", read 2026-11-22.
    """
    return f"https://teams.microsoft.com/l/chat/0/0?users={quote(upn, safe='@')}"
