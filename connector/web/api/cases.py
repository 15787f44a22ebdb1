"""A case, and what was said on it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field

from connector.identity import CPR, is_cpr
from connector.ledger.access import Viewer, case_for
from connector.ledger.present import free_caseworker, old_after_s
from connector.ledger.timeline import BadCursor, Wanted, timeline
from connector.web import rules
from connector.web.api import models_case
from connector.web.api.answers import Look, answer
from connector.web.api.fields import LARGEST, Asked, CaseNumber, Day, Limit, Plain
from connector.web.api.presence import told
from connector.web.page import Wrong, language_of
from connector.web.pages.case import case_address, in_order
from connector.web.site import site_of
from connector.web.telling import Telling

router = APIRouter(prefix="/api/v1", tags=["cases"])
Seeing = Annotated[Viewer, Depends(rules.CASE_WORKER)]


class AskedLine(Asked):
    """What of a case is wanted; what is left out leaves nothing out."""

    kind: list[Literal["conversation", "call", "missed_call", "voicemail"]] = Field(
        [], max_length=4
    )
    """Only these."""
    first_day: Day | None = Field(None, alias="from", examples=["2026-11-01"])
    """Not before this local day."""
    last_day: Day | None = Field(None, alias="to", examples=["2026-11-30"])
    """Not after this local day."""
    who: Plain = ""
    """Part of a name, address or number of somebody in it."""
    words: Plain = ""
    """All of these words, each anywhere in what was said."""
    order: Literal["newest", "oldest"] = "newest"
    """Which comes first."""
    item: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    """Begin a little before the entry with this communication."""
    limit: Limit = 40
    """The most entries. A page with long conversations has fewer."""
    cursor: Annotated[str, Field(pattern=r"^([ab]-?[0-9]{1,17}-[0-9]{1,17})?$")] = ""
    """`next` or `previous` of another page of the same question."""

    def wanted(self) -> Wanted:
        """The same for the ledger. Raises Wrong for a CPR number, which must be in no address, and
        for a period that ends before it begins.
        """
        if any(is_cpr(match[0]) for text in (self.who, self.words) for match in CPR.finditer(text)):
            raise Wrong("case.cpr_in_address")
        return in_order(
            Wanted(
                kinds=frozenset(self.kind),
                first_day=self.first_day,
                last_day=self.last_day,
                who=self.who.strip(),
                words=self.words.strip(),
                order=self.order,
            )
        )


@router.get(
    "/cases/{number:path}/timeline",
    operation_id="timeline",
    summary="What was said on a case",
    response_model=models_case.Timeline,
)
def case_timeline(
    request: Request, viewer: Seeing, number: CaseNumber, asked: Annotated[AskedLine, Query()]
) -> Response:
    """A case's communications on one line of time, a page at a time.

    A call, a missed call and a voicemail stand alone; the messages of a chat stand together by
    local day, as they are journaled.
    """
    site = site_of(request)
    wanted = asked.wanted()
    with site.read() as connection:
        case = case_for(connection, viewer, number)
        try:
            line = timeline(
                connection, case.number, site.zone, viewer, wanted=wanted, cursor=asked.cursor,
                item=asked.item, parties=case.parties, limit=asked.limit,
            )  # fmt: skip
        except BadCursor as error:
            raise Wrong("api.cursor") from error
    tell = Telling(language_of(request), site.settings.folder)
    model = models_case.Timeline.model_validate(line, context=tell)
    model.time_zone = site.zone.key
    return answer(request, model, look=Look(viewer, f"case {case.number}", len(line.entries)))


@router.get(
    "/cases/{number:path}",
    operation_id="case",
    summary="A case",
    response_model=models_case.CaseHead,
)
def case(request: Request, viewer: Seeing, number: CaseNumber) -> Response:
    """What the register knows of a case, and whether its caseworker is free now."""
    site = site_of(request)
    old_s = old_after_s(site.settings.sources.presence.schedule.interval_s)
    with site.read() as connection:
        found = case_for(connection, viewer, number)
        worker = free_caseworker(connection, found, site.ledger.now(), old_s=old_s)
    model = models_case.CaseHead(
        case=models_case.Case.model_validate(found),
        caseworker=None if worker is None else told(worker, language_of(request)),
        href=case_address(found.number),
        time_zone=site.zone.key,
    )
    return answer(request, model, look=Look(viewer, f"case {found.number}", 0))
