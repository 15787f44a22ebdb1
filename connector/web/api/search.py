"""Search over all that the viewer may see. What must be in no address is asked for by POST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from connector.identity import mask_cpr
from connector.ledger import search_query
from connector.ledger.access import Viewer
from connector.ledger.search_leads import Leads, leads
from connector.ledger.search_query import BadPlace
from connector.ledger.searching import Answer, search
from connector.model import Case, Kind, LinkState
from connector.web import rules
from connector.web.api import models_search as models
from connector.web.api.answers import Conflict, Look, answer
from connector.web.api.models_search import AskedSearch, SearchBody
from connector.web.page import NotFound, Wrong
from connector.web.pages import search as its_page
from connector.web.pages.case import case_address
from connector.web.site import site_of

router = APIRouter(prefix="/api/v1", tags=["search"])
Worker = Annotated[Viewer, Depends(rules.CASE_WORKER)]
# Of a colleague's name: nobody has it, or several.
_OF_COLLEAGUE = {"search.no_colleague": NotFound, "search.colleagues": Conflict}


@router.get(
    "/search",
    operation_id="search",
    summary="Search in what was said",
    response_model=models.Search,
    responses={409: {"description": "The colleague's name is that of several."}},
)
def by_address(
    request: Request, viewer: Worker, asked: Annotated[AskedSearch, Query()]
) -> Response:
    """Newest first, or by relevance. A question with a CPR number is refused: use POST."""
    if _form(asked).has_cpr:
        raise Wrong("api.cpr_in_address")
    return _answered(request, viewer, asked)


@router.post(
    "/search",
    operation_id="searchByBody",
    summary="The same, with the question in the body",
    response_model=models.Search,
    responses={409: {"description": "The colleague's name is that of several."}},
)
def by_body(request: Request, viewer: Worker, asked: SearchBody) -> Response:
    """For what must be in no address, where logs would keep it. It changes nothing."""
    return _answered(request, viewer, asked)


def _answered(request: Request, viewer: Viewer, asked: AskedSearch) -> Response:
    site = site_of(request)
    site.limit("search", viewer.actor, site.web.searches_per_min)
    form = _form(asked)
    with site.read() as connection:
        try:
            query = its_page.query_of(connection, site, form)
        except Wrong as error:
            sort = _OF_COLLEAGUE.get(error.key)
            if sort is None:
                raise
            raise sort(error.key, **error.values) from error
        try:
            found = search(
                connection, query, viewer, limit=asked.limit, cursor=asked.cursor,
                is_sqlite=site.ledger.is_sqlite,
            )  # fmt: skip
        except BadPlace as error:
            raise Wrong("api.cursor") from error
        led = Leads() if asked.cursor else leads(connection, query, viewer, site.program.scanner)
    look = Look(
        viewer,
        "search",
        len(found.hits),
        its_page.sought(form, query),
        items=[each.item for each in found.hits],
        cases=[each.number for each in led.cases],
    )
    return answer(request, _told(query, found, led, site.zone.key), look=look)


def _form(asked: AskedSearch) -> its_page.Asked:
    """The same as the fields of the page's form."""
    return its_page.Asked(
        q=asked.q.strip(),
        kind=tuple(asked.kind),
        first=asked.first_day.isoformat() if asked.first_day else "",
        last=asked.last_day.isoformat() if asked.last_day else "",
        colleague=asked.colleague.strip(),
        unit=asked.unit.strip(),
        state=asked.state,
        case=asked.case.strip(),
        order=asked.order if asked.order == its_page.BY_RELEVANCE else "",
        cursor=asked.cursor,
    )


def _told(query: search_query.Query, found: Answer, led: Leads, zone: str) -> models.Search:
    return models.Search(
        cases=[_case(each) for each in led.cases],
        people=[
            models.PersonFound(person=each.id, name=each.name, upn=each.upn, unit=each.department)
            for each in led.people
        ],
        hits=[
            models.Hit(
                item=each.item,
                kind=Kind(each.kind),
                at=each.at,
                who=mask_cpr(each.who),
                state=LinkState(each.state),
                case_number=each.case_number or "",
                excerpt=[models.Piece(text=text, is_hit=is_hit) for text, is_hit in each.parts],
                href=case_address(each.case_number, each.item)
                if each.case_number
                else f"/items/{each.item}",
            )
            for each in found.hits
        ],
        count=found.count,
        next=found.cursor,
        looked_back_to=found.looked_back_to,
        by_arrival=found.by_arrival,
        is_part=found.is_part,
        left_out=list(query.words.left_out),
        time_zone=zone,
    )


def _case(each: Case) -> models.CaseFound:
    return models.CaseFound(
        number=each.number,
        title=mask_cpr(each.title),
        is_open=each.is_open,
        caseworker=each.caseworker,
        href=case_address(each.number),
    )
