"""The Graph calls for call records, PSTN rows and Direct Routing rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.sandbox import wire
from connector.sandbox.protocol import (
    GraphError,
    Request,
    Response,
    encode,
    json_response,
    link,
    seal,
)
from connector.sandbox.view import Handler, View, month_ago, page, parse_time, skip_state
from connector.sandbox.world import Json, PhoneCall

ROWS_A_PAGE = 1000
SPACE = "microsoft.graph.callRecords"
RECORDS_A_PAGE = 60
FILTER = re.compile(r"^startDateTime (gt|lt|ge|le) ([0-9TZ:.+-]+)$")
BY_PERSON = re.compile(r"^participants_v2/any\(p:\s*p/id eq '([^']+)'\)$")


def _visible(view: View) -> list[PhoneCall]:
    oldest = month_ago(view.now)
    return [
        call
        for call in view.town.calls
        if call.visible_at <= view.now
        and call.start >= oldest
        and call.key not in view.hidden_calls
    ]


def _fits(call: PhoneCall, text: str) -> bool:
    for part in re.split(r"\s+and\s+", text.strip()) if text else ():
        person = BY_PERSON.match(part)
        if person:
            if all(end.key != person[1] for end in call.participants):
                return False
            continue
        found = FILTER.match(part.strip())
        if not found:
            raise GraphError(400, "BadRequest", "Invalid filter clause.", inner="InvalidFilter")
        limit, start = parse_time(found[2]), call.start
        kept = {
            "gt": start > limit,
            "ge": start >= limit,
            "lt": start < limit,
            "le": start <= limit,
        }
        if not kept[found[1]]:
            return False
    return True


def _header(view: View, call: PhoneCall) -> Json:
    return wire.record(call, view.index.people, view.versions.get(call.key, 1))


def records(view: View, request: Request, _names: Mapping[str, str]) -> Response:
    """GET /communications/callRecords: header data only, 60 a page, filter on the start."""
    state = skip_state(request, "records") or {"o": 0, "f": request.query.get("$filter", "")}
    found = [call for call in _visible(view) if _fits(call, str(state["f"]))]
    wanted = re.search(r"odata\.maxpagesize=(\d+)", request.prefer)
    asked = int(wanted[1]) if wanted else RECORDS_A_PAGE
    size = max(1, min(RECORDS_A_PAGE, asked, view.most_rows))
    at = int(state["o"])
    rows = [encode(_header(view, call)) for call in found[at : at + size]]
    more = {"k": "records", "o": at + size, "f": state["f"]} if at + size < len(found) else None
    return page(request, rows, "communications/callRecords", next_state=more, keep=())


def _record(view: View, key: str) -> PhoneCall:
    call = view.index.calls.get(key)
    gone = call is None or call.visible_at > view.now or call.start < month_ago(view.now)
    if call is None or gone or key in view.hidden_calls:
        raise GraphError(404, "NotFound", "The call record was not found.")
    return call


def record(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /communications/callRecords/{id} with $expand; nested pages have links of their own."""
    call = _record(view, names["record"])
    expand = request.query.get("$expand", "")
    body: Json = {
        "@odata.context": f"{request.origin}/v1.0/$metadata#communications/callRecords/$entity"
    }
    body.update(_header(view, call))
    base = f"{request.origin}/v1.0/communications/callRecords('{call.key}')"
    is_bare = call.key in view.bare_calls
    if "participants_v2" in expand:
        people = [] if is_bare else wire.participants(call, view.index.people)
        body["participants_v2"] = people[: view.participant_page]
        if len(people) > view.participant_page:
            token = seal({"k": "people", "o": view.participant_page})
            body["participants_v2@odata.nextLink"] = link(
                base, "/participants_v2", {"$skiptoken": token}
            )
    if "sessions" in expand:
        with_segments = "segments" in expand
        parts = [] if is_bare else wire.sessions(call, view.index.people, with_segments)
        body["sessions"] = parts[: view.nested_page]
        if len(parts) > view.nested_page:
            query = {"$skiptoken": seal({"k": "sessions", "o": view.nested_page})}
            more = {"$expand": "segments", **query} if with_segments else query
            body["sessions@odata.nextLink"] = link(base, "/sessions", more)
    return json_response(body)


def sessions(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /communications/callRecords/{id}/sessions, with $expand=segments."""
    call = _record(view, names["record"])
    with_segments = "segments" in request.query.get("$expand", "")
    parts = wire.sessions(call, view.index.people, with_segments)
    return _part(
        request, "sessions", [] if call.key in view.bare_calls else parts, view.nested_page
    )


def participants(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /communications/callRecords/{id}/participants_v2."""
    call = _record(view, names["record"])
    people = [] if call.key in view.bare_calls else wire.participants(call, view.index.people)
    return _part(request, "people", people, view.participant_page)


def _part(request: Request, kind: str, parts: list[Json], size: int) -> Response:
    at = int((skip_state(request, kind) or {"o": 0})["o"])
    more = {"k": kind, "o": at + size} if at + size < len(parts) else None
    rows = [encode(part) for part in parts[at : at + size]]
    return page(
        request, rows, "communications/callRecords/" + kind, next_state=more, keep=("$expand",)
    )


def _range(names: Mapping[str, str], *, is_inclusive: bool) -> tuple[datetime, datetime]:
    """The two bounds; a plain date as the last bound means that whole day when inclusive."""
    low, high = parse_time(names["low"]), parse_time(names["high"])
    if "T" not in names["high"] and is_inclusive:
        high += timedelta(days=1, microseconds=-1)
    if high - low > timedelta(days=91):
        raise GraphError(400, "BadRequest", "The time range must not exceed 90 days.")
    return low, high


def _rows(view: View, request: Request, found: list[Json], context: str) -> Response:
    text = request.query.get("$skip", "0")
    if not text.isdigit():
        raise GraphError(400, "BadRequest", "Invalid value for $skip.")
    at, size = int(text), min(ROWS_A_PAGE, view.most_rows)
    shown = found[at : at + size]
    head: Json = {
        "@odata.context": f"{request.origin}/v1.0/$metadata#Collection({SPACE}.{context})",
        "@odata.count": len(shown),
        "value": [wire.row(row) for row in shown],
    }
    if at + size < len(found):
        path = request.target.split("?", 1)[0]
        head["@odata.nextLink"] = link(request.origin, path, {"$skip": str(at + size)})
    return json_response(head)


def pstn(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET getPstnCalls(fromDateTime=..,toDateTime=..): both bounds inclusive."""
    low, high = _range(names, is_inclusive=True)
    rows = [call.pstn for call in view.town.calls if call.pstn and call.visible_at <= view.now]
    found = sorted(
        (r for r in rows if low <= r["startDateTime"] <= high), key=lambda r: r["startDateTime"]
    )
    return _rows(view, request, found, "pstnCallLogRow")


def direct_routing(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET getDirectRoutingCalls(...): the last bound is exclusive."""
    low, high = _range(names, is_inclusive=False)
    rows = [row for call in view.town.calls if call.visible_at <= view.now for row in call.direct]
    found = sorted(
        (r for r in rows if low <= r["inviteDateTime"] < high), key=lambda r: r["inviteDateTime"]
    )
    return _rows(view, request, found, "directRoutingLogRow")


RECORDS = ("CallRecords.Read.All",)
ROWS = ("CallRecords.Read.All", "CallRecord-PstnCalls.Read.All")
BASE = "/communications/callRecords"

SPAN = "(fromDateTime={low},toDateTime={high})"

ROUTES: tuple[tuple[str, str, Handler, tuple[str, ...]], ...] = (
    ("GET", BASE, records, RECORDS),
    ("GET", f"{BASE}/getPstnCalls{SPAN}", pstn, ROWS),
    ("GET", f"{BASE}/{SPACE}.getPstnCalls{SPAN}", pstn, ROWS),
    ("GET", f"{BASE}/getDirectRoutingCalls{SPAN}", direct_routing, ROWS),
    ("GET", f"{BASE}/{SPACE}.getDirectRoutingCalls{SPAN}", direct_routing, ROWS),
    ("GET", BASE + "/{record}", record, RECORDS),
    ("GET", BASE + "/{record}/sessions", sessions, RECORDS),
    ("GET", BASE + "/{record}/participants_v2", participants, RECORDS),
)
