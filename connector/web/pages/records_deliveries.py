"""Deliveries that failed or are unsure: what, where, since when, why; and what one says of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Annotated, Any

import fastapi
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from connector.ledger.access import Viewer
from connector.ledger.doubtful import Changed, Doubtful, confirm, doubtful, send_again
from connector.ledger.tables import at
from connector.ledger.views import TROUBLED
from connector.web import rules
from connector.web.exports import Cell, Form
from connector.web.page import Stale, Wrong, language_of, render
from connector.web.pages.case import case_address
from connector.web.pages.records_asking import names, page_of
from connector.web.pages.records_sending import look, send
from connector.web.site import Site, site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, Depends(rules.RECORDS_MANAGER)]
Text = Annotated[str, Query(max_length=200)]
Field = Annotated[str, fastapi.Form(max_length=500)]
DONE = ("again", "there", "missing")

_DELIVERIES = (
    ("records.col.since", 18), ("records.col.sink", 14), ("records.col.state", 14),
    ("records.col.case", 22), ("records.col.kind", 16), ("records.col.version", 8),
    ("records.col.tries", 8), ("records.col.reason", 40), ("records.col.key", 30),
)  # fmt: skip


@router.get("/records/deliveries")
def deliveries(
    request: Request, viewer: Manager, state: Text = "", after: Text = "", done: Text = ""
) -> Response:
    """What goes no further without a person, the oldest first."""
    site = site_of(request)
    found, has_more = page_of(_doubtful(site, viewer, state, after), 50)
    look(site, viewer, "deliveries", how="page", count=len(found))
    return render(
        request,
        "records_deliveries.html",
        viewer,
        **names(language_of(request)),
        found=found,
        state=state,
        states=TROUBLED,
        done=done if done in DONE else "",
        next=found[-1].cursor if has_more else "",
        case_address=case_address,
    )


def _doubtful(
    site: Site, viewer: Viewer, state: str, after: str
) -> Generator[Doubtful, None, None]:
    if state and state not in TROUBLED:
        raise Wrong("records.wrong_state", state=state)
    try:
        with site.read() as connection:
            yield from doubtful(connection, viewer, state=state, after=after)
    except ValueError as error:
        raise Wrong("records.wrong_cursor") from error


@router.post("/records/deliveries/{key}")
def decide(
    request: Request,
    key: str,
    viewer: Manager,
    does: Field = "",
    seen: Field = "",
    reference: Field = "",
) -> Response:
    """Again, there (under a reference) or missing; refused when it is not as the viewer saw it."""
    site = site_of(request)
    said: dict[str, Any] = {"actor": viewer.actor, "now": site.ledger.now()}
    if does not in DONE:
        raise Wrong("records.wrong_action")
    if does == "there" and not reference.strip():
        raise Wrong("records.no_reference")
    try:
        with site.write() as connection:
            if does == "there":
                confirm(connection, key, seen, reference=reference, **said)
            else:
                send_again(connection, key, seen, **said)
    except Changed as error:
        raise Stale("records.stale_delivery") from error
    return RedirectResponse(f"/records/deliveries?done={does}", 303)


@router.get("/records/deliveries.{format}")
def deliveries_file(
    request: Request,
    viewer: Manager,
    format: Form,
    state: Text = "",
) -> Response:
    """All of them."""
    site, language = site_of(request), language_of(request)

    def rows() -> Iterator[Sequence[Cell]]:
        for each in _doubtful(site, viewer, state, ""):
            yield [
                at(each.since),
                each.sink,
                say(f"records.state.{each.state}", language),
                each.case_number if each.is_visible else say("records.hidden", language),
                say(f"item.{each.kind}", language),
                each.version,
                each.tries,
                each.reason if each.is_visible else "",
                each.key,
            ]

    return send(request, viewer, format, "deliveries", _DELIVERIES, rows)
