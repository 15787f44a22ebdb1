"""Attempts that were denied: content that was asked for and not shown is kept as an event.

A slip of the hand and a search through numbers look alike here; who reads the list sees which it
was. So that nobody can flood the ledger, only the first few of a person's minute are kept, and once
that there were more.
"""

from __future__ import annotations

import logging

from fastapi import Request

from connector.errors import ConnectorError
from connector.identity import mask_cpr
from connector.ledger.access import Viewer
from connector.ledger.looks import record_denied
from connector.ledger.register import find_case
from connector.ledger.storable import storable
from connector.screen import printable
from connector.web.site import site_of

log = logging.getLogger(__name__)
# What a denial is told by, and why it was one. A form that is refused, or a job, is none.
WHY = {
    "wrong.hidden": "hidden",
    "wrong.hidden_item": "hidden",
    "file.hidden": "hidden",
    "looks.refused": "role",
    "wrong.no_role": "role",
    "wrong.role": "role",
}
PER_MINUTE = 10  # of one person
MOST_TEXT = 60  # characters of what somebody typed where a case number belongs
MORE = "more"


def keep(request: Request, key: str, typed: str = "") -> None:
    """Keep that the one who is signed in was denied this. Never raises: the answer is no anyway.

    `key` is what they are told; `typed` the case that a form or an address asked for.
    """
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    why = WHY.get(key)
    if viewer is None or why is None:
        return
    site = site_of(request)
    more = ""
    if not site.is_within("denied", viewer.actor, PER_MINUTE):
        if not site.is_within("denied more", viewer.actor, 1):
            return
        more = MORE
    try:
        with site.write(durable=False) as connection:
            about = _about(request, typed)
            if about.startswith("case "):
                case = find_case(connection, about[5:], site.program.scanner)
                about = about if case is None else f"case {case.number}"
            told = {"why": why, "how": more, "via": getattr(request.state, "via", "")}
            given = {name: value for name, value in told.items() if value}
            record_denied(connection, viewer, about, site.ledger.now(), **given)
    except ConnectorError:
        log.warning("portal: a denial was not kept", extra={"action": "denial_lost"})


def _about(request: Request, typed: str) -> str:
    """What was asked for: a case, an item, a file, else the page by its route."""
    parts = request.path_params
    number = typed or str(parts.get("number", ""))
    if number.strip(" -"):
        plain = printable(mask_cpr(storable(number)))
        return f"case {plain[:MOST_TEXT].strip()}"
    for name in ("root", "item"):
        if str(parts.get(name, "")).isdigit():
            return f"item {parts[name]}"
    if "version" in parts:
        return f"file {parts['version']}/{parts.get('position', '')}"
    route = request.scope.get("route")
    return f"page {getattr(route, 'path', '-')}"
