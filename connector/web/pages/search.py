"""Search over all that the viewer may see. A CPR number that is searched for is in no address.

The form is sent by POST; what may stand in an address is answered by a redirect to one, so that it
can be kept and gone back to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup, escape
from pydantic import BaseModel, Field

from connector.identity import CPR, holds_cpr
from connector.ledger import search_query
from connector.ledger.access import Viewer
from connector.ledger.looks import record_look
from connector.ledger.merging import find_person
from connector.ledger.mine import units_seen
from connector.ledger.register import find_case
from connector.ledger.search_leads import Leads, leads, people_named
from connector.ledger.search_query import BadPlace, days, read_query
from connector.ledger.searching import Answer, numbers_asked_for, search
from connector.model import Kind
from connector.web import rules
from connector.web.page import Wrong, render
from connector.web.pages.case import case_address
from connector.web.site import Site, site_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

router = APIRouter(include_in_schema=False)
PAGE = 20
KINDS = tuple(kind.value for kind in search_query.SEARCHED)
STATES = ("linked", "waiting")
BY_RELEVANCE = "relevance"
NOTICES = {"cpr": "search.cpr_in_address", "empty": "search.empty"}  # why nothing was searched


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form, as they were filled in."""

    q: str = ""
    kind: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    colleague: str = ""
    unit: str = ""
    state: str = ""
    case: str = ""
    order: str = ""
    cursor: str = ""

    def pairs(self, **more: str) -> list[tuple[str, str]]:
        """Name and value of each field that is filled in, as forms and addresses have them."""
        fields: Mapping[str, str] = {
            "q": self.q,
            "from": self.first,
            "to": self.last,
            "colleague": self.colleague,
            "unit": self.unit,
            "state": self.state,
            "case": self.case,
            "order": self.order,
            **more,
        }
        found = [(name, value) for name, value in fields.items() if value]
        return found + [("kind", kind) for kind in self.kind]

    def address(self, **more: str) -> str:
        """The page that answers this."""
        return "/search?" + urlencode(self.pairs(**more))

    @property
    def has_cpr(self) -> bool:
        """Whether something in it may be a CPR number, however it is written."""
        values = [value for _, value in self.pairs()]
        return any(holds_cpr(value) or CPR.search(value) for value in values)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the text and the order was chosen."""
        return self != Asked(q=self.q, order=self.order, cursor=self.cursor)


class Fields(BaseModel):
    """The same as it comes: what nobody can have chosen is taken for not chosen."""

    q: str = Field("", max_length=400)
    kind: list[Annotated[str, Field(max_length=20)]] = Field([], max_length=20)
    first: str = Field("", alias="from", max_length=20)
    last: str = Field("", alias="to", max_length=20)
    colleague: str = Field("", max_length=200)
    unit: str = Field("", max_length=200)
    state: str = Field("", max_length=20)
    case: str = Field("", max_length=100)
    order: str = Field("", max_length=20)
    cursor: str = Field("", max_length=200)
    why: str = Field("", max_length=20)  # of a redirect to an empty form

    @property
    def asked(self) -> Asked:
        """Without blanks round the words; all kinds are as good as none."""
        values = self.model_dump(exclude={"kind", "why"})
        values = {name: value.strip() for name, value in values.items()}
        kinds = tuple(kind for kind in KINDS if kind in self.kind)
        values["kind"] = () if len(kinds) == len(KINDS) else kinds
        if values["state"] not in STATES:
            values["state"] = ""
        if values["order"] != BY_RELEVANCE:
            values["order"] = ""
        return Asked(**values)


@router.get("/search")
def look(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    fields: Annotated[Fields, Query()],
) -> Response:
    """The form, and what an address asks for; a CPR number does not stay in the address."""
    asked = fields.asked
    if asked.has_cpr:
        return RedirectResponse("/search?why=cpr", 303)
    return _answered(request, viewer, asked, NOTICES.get(fields.why, ""))


@router.post("/search")
def send(
    request: Request,
    viewer: Annotated[Viewer, Depends(rules.CASE_WORKER)],
    fields: Annotated[Fields, Form()],
) -> Response:
    """What the form asks for: by an address, where it may stand in one."""
    asked = fields.asked
    if not asked.pairs():
        return RedirectResponse("/search?why=empty", 303)
    if not asked.has_cpr:
        more = {"cursor": asked.cursor} if asked.cursor else {}
        return RedirectResponse(asked.address(**more), 303)
    return _answered(request, viewer, asked)


def _answered(request: Request, viewer: Viewer, asked: Asked, notice: str = "") -> Response:
    site = site_of(request)
    if not asked.pairs():
        return _page(request, viewer, asked, notice=notice)
    site.limit("search", viewer.actor, site.web.searches_per_min)
    with site.read() as connection:
        query = query_of(connection, site, asked)
        try:
            answer = search(
                connection,
                query,
                viewer,
                limit=PAGE,
                cursor=asked.cursor,
                is_sqlite=site.ledger.is_sqlite,
            )
        except BadPlace as error:
            raise Wrong("search.bad_cursor") from error
        led = Leads() if asked.cursor else leads(connection, query, viewer, site.program.scanner)
    _record(site, viewer, asked, query, answer, led)
    return _page(request, viewer, asked, query=query, answer=answer, led=led)


def _record(
    site: Site,
    viewer: Viewer,
    asked: Asked,
    query: search_query.Query,
    answer: Answer,
    led: Leads,
) -> None:
    """Who searched for what and was shown what, before it is shown."""
    with site.write(durable=False) as connection:
        record_look(
            connection,
            viewer,
            "search",
            site.ledger.now(),
            items=[each.item for each in answer.hits],
            cases=[each.number for each in led.cases],
            hits=len(answer.hits),
            **sought(asked, query),
        )


def sought(asked: Asked, query: search_query.Query) -> dict[str, str]:
    """What is kept of what was searched for: nothing of a field with a CPR number."""
    fields = {
        "words": (asked.q, query.shown),
        "case": (asked.case, query.case_number),
        "colleague": (asked.colleague, query.colleague),
    }
    return {
        name: meant
        for name, (typed, meant) in fields.items()
        if meant and not (holds_cpr(typed) or CPR.search(typed))
    }


def query_of(connection: Connection, site: Site, asked: Asked) -> search_query.Query:
    """The fields as a search. Raises Wrong for what cannot be meant."""
    first, last = _day(asked.first), _day(asked.last)
    if first and last and last < first:
        raise Wrong("search.bad_period")
    start, end = days(site.zone, first, last)
    number = asked.case
    if number:
        found = find_case(connection, number, site.program.scanner)
        number = found.number if found is not None else number
    filters: dict[str, Any] = {
        "kinds": tuple(Kind(kind) for kind in asked.kind) or search_query.SEARCHED,
        "sent_from": start,
        "sent_to": end,
        "colleague": _colleague(connection, asked.colleague),
        "unit": asked.unit,
        "state": asked.state,
        "case_number": number,
        "by_relevance": asked.order == BY_RELEVANCE,
    }
    return read_query(asked.q, site.program.scanner, **filters)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Wrong("search.bad_day", text=text) from error


def _colleague(connection: Connection, name: str) -> str:
    """The directory id of whom the name or address means."""
    if not name:
        return ""
    exact = find_person(connection, name)
    if exact is not None:
        return exact.id
    found = people_named(connection, name)
    if len(found) != 1:
        raise Wrong("search.colleagues" if found else "search.no_colleague", name=name)
    return found[0].id


def _page(
    request: Request,
    viewer: Viewer,
    asked: Asked,
    *,
    query: search_query.Query | None = None,
    answer: Answer | None = None,
    led: Leads | None = None,
    notice: str = "",
) -> Response:
    """The whole page; for htmx, which asks for more of the list, only that."""
    is_part = request.headers.get("hx-request") == "true" and bool(asked.cursor)
    units: list[str] = []
    if not is_part:
        with site_of(request).read() as connection:
            units = units_seen(connection, viewer)
    return render(
        request,
        "parts/search_hits.html" if is_part else "search.html",
        viewer,
        asked=asked,
        query=query,
        answer=answer,
        led=led,
        notice=notice,
        units=units,
        kinds=KINDS,
        states=STATES,
        case_address=case_address,
        marked=_marking(query),
    )


def _marking(query: search_query.Query | None) -> Callable[[str], Markup]:
    """Marks the telephone number that was asked for in the name of who called."""
    numbers = numbers_asked_for(query) if query is not None else None

    def marked(who: str) -> Markup:
        found = numbers.search(who) if numbers is not None else None
        if found is None:
            return escape(who)
        begin, end = found.span()
        return Markup("{}<mark>{}</mark>{}").format(who[:begin], who[begin:end], who[end:])

    return marked
