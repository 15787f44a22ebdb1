"""Random controls: draw one, judge what it holds, and read what it says of all the rest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import fastapi
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connector.ledger.access import Viewer, case_for, may_see_item
from connector.ledger.looks import record_look
from connector.ledger.samples import (
    ANSWERS,
    MOST,
    QUESTIONS,
    Changed,
    Judged,
    Sample,
    draw,
    judge,
    judged,
    keep,
    sample_of,
    samples,
    shares,
)
from connector.ledger.tables import at
from connector.web import moments, rules
from connector.web.exports import Cell, Form
from connector.web.page import NotFound, Stale, Wrong, language_of, render
from connector.web.pages.case import case_address, seen_entry, shared
from connector.web.pages.records_asking import Asked, departments, names, unit_name, units
from connector.web.pages.records_audit import people
from connector.web.pages.records_sending import send
from connector.web.site import Site, site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, Depends(rules.RECORDS_MANAGER)]
Field = Annotated[str, fastapi.Form(max_length=200)]
SIZE = 50

_SAMPLE = (
    ("records.col.position", 7), ("records.col.number", 10), ("records.col.kind", 16),
    ("records.col.at", 18), *((f"records.ask.{name}", 14) for name in QUESTIONS),
    ("records.col.comment", 34), ("records.col.actor", 18), ("records.col.judged", 18),
)  # fmt: skip


@router.get("/records/samples")
def sample_list(request: Request, viewer: Manager, asked: Annotated[Asked, Depends()]) -> Response:
    """Those that were drawn, and the form for a new one."""
    site = site_of(request)
    with site.read() as connection:
        found = samples(connection)
    return render(
        request,
        "records_samples.html",
        viewer,
        **names(language_of(request)),
        asked=asked,
        found=found,
        seed=secrets.token_hex(4),
        size=SIZE,
        most=MOST,
        units=units(departments(site)),
        who=people(site),
    )


@router.post("/records/samples")
def draw_one(
    request: Request,
    viewer: Manager,
    first: Annotated[str, fastapi.Form(alias="from", max_length=20)] = "",
    last: Annotated[str, fastapi.Form(alias="to", max_length=20)] = "",
    source: Field = "",
    unit: Field = "",
    kind: Field = "",
    size: Annotated[int, fastapi.Form()] = SIZE,
    seed: Annotated[str, fastapi.Form(max_length=64)] = "",
) -> Response:
    """Draw it, and show it."""
    site = site_of(request)
    asked = Asked(request, first, last, source, unit, kind)
    if not 1 <= size <= MOST:
        raise Wrong("records.wrong_size", most=MOST)
    seed = seed.strip() or secrets.token_hex(4)
    staff = departments(site)
    with site.read() as connection:
        made = draw(
            connection, site.zone, staff, viewer, asked.period, asked.scope, size=size, seed=seed
        )
    with site.write() as connection:
        number = keep(connection, made, actor=viewer.actor, now=site.ledger.now())
    return RedirectResponse(f"/records/samples/{number}", 303)


def _known(site: Site, viewer: Viewer, number: int) -> tuple[Sample, list[Judged]]:
    """The sample and its items. Raises NotFound."""
    if not 0 < number < 2**63:
        raise NotFound("records.no_sample", sample=number)
    with site.read() as connection:
        its = sample_of(connection, number)
        if its is None:
            raise NotFound("records.no_sample", sample=number)
        return its, judged(connection, number, viewer)


@router.get("/records/samples/{sample}.{format}")
def sample_file(request: Request, sample: int, format: Form, viewer: Manager) -> Response:
    """The sample with its verdicts and its result."""
    site, language = site_of(request), language_of(request)
    its, found = _known(site, viewer, sample)
    who = people(site)

    def rows() -> Iterator[Sequence[Cell]]:
        for each in found:
            answers = [each.answers.get(question, "") for question in QUESTIONS]
            yield [
                each.position,
                each.root,
                say(f"item.{each.kind}", language),
                at(each.sent_at),
                *(say(f"records.answer.{one}", language) if one else "" for one in answers),
                each.comment,
                who(each.actor) if each.actor else "",
                at(each.at) if each.at is not None else None,
            ]

    more = [*_method(its, who(its.actor), language), *_result(found, language)]
    return send(request, viewer, format, "sample", _SAMPLE, rows, more=more)


def _method(its: Sample, name: str, language: str) -> list[str]:
    drawn = its.drawn
    unit = unit_name(drawn.unit, language) if drawn.unit else say("records.all", language)
    return [
        say("records.drawn", language, sample=its.id, name=name, unit=unit,
            first=moments.short(drawn.first_day, language),
            last=moments.short(drawn.last_day, language)),
        say("records.drawn_from", language, count=drawn.population, size=its.size, seed=its.seed),
        *([say("records.drawn_hidden", language, count=drawn.hidden)] if drawn.hidden else []),
        say("records.method", language, seed=its.seed),
    ]  # fmt: skip


def _result(found: Sequence[Judged], language: str) -> list[str]:
    return [
        say(
            "records.result_line",
            language,
            what=say(f"records.ask.{each.question or 'all'}", language),
            right=each.right,
            judged=each.judged,
            low=percent(each.low),
            high=percent(each.high),
        )
        for each in shares(found)
    ]


def percent(share: float) -> int:
    """Whole per cent."""
    return round(share * 100)


@router.get("/records/samples/{sample}")
def sample_page(request: Request, sample: int, viewer: Manager) -> Response:
    """Its items with their verdicts, and what they say of all the rest."""
    site, language = site_of(request), language_of(request)
    its, found = _known(site, viewer, sample)
    who = people(site)
    return render(
        request,
        "records_sample.html",
        viewer,
        **names(language),
        sample=its,
        found=found,
        shares=shares(found),
        questions=QUESTIONS,
        method=_method(its, who(its.actor), language),
        next_open=next((each.position for each in found if not each.answers), None),
        percent=percent,
        who=who,
    )


@router.get("/records/samples/{sample}/{position}")
def sample_item(request: Request, sample: int, position: int, viewer: Manager) -> Response:
    """One item with the form to judge it."""
    site = site_of(request)
    its, found = _known(site, viewer, sample)
    each = _at(found, position)
    return _show(request, viewer, its, each, status=200)


def _at(found: Sequence[Judged], position: int) -> Judged:
    for each in found:
        if each.position == position:
            return each
    raise NotFound("records.no_sample_item", position=position)


def _show(
    request: Request, viewer: Viewer, its: Sample, each: Judged, *, status: int, **more: Any
) -> Response:
    """The item as the viewer may see it now; the look is kept first."""
    site = site_of(request)
    with site.read() as connection:
        is_visible = may_see_item(connection, viewer, each.root)
        entry = seen_entry(connection, site, viewer, each.root) if is_visible else None
        number = entry.case_number if entry is not None else ""
        case = case_for(connection, viewer, number) if number else None
    if entry is not None:
        with site.write(durable=False) as connection:
            record_look(
                connection, viewer, f"item {each.root}", site.ledger.now(),
                how="sample", sample=its.id,
            )  # fmt: skip
    language = language_of(request)
    return render(
        request,
        "records_sample_item.html",
        viewer,
        status=status,
        **(shared(request) | names(language)),
        sample=its,
        each=each,
        entry=entry,
        case=case,
        case_link=case_address(entry.case_number, each.root) if entry else "",
        questions=QUESTIONS,
        answers=ANSWERS,
        who=people(site),
        **more,
    )


@router.post("/records/samples/{sample}/{position}")
def judge_one(
    request: Request,
    sample: int,
    position: int,
    viewer: Manager,
    case: Field = "",
    complete: Field = "",
    readable: Field = "",
    comment: Annotated[str, fastapi.Form(max_length=4000)] = "",
    seen_at: Annotated[str, fastapi.Form(max_length=20)] = "",
) -> Response:
    """Keep the verdict, and go to the next that has none."""
    site = site_of(request)
    _, found = _known(site, viewer, sample)
    each = _at(found, position)
    with site.read() as connection:
        if not may_see_item(connection, viewer, each.root):
            raise NotFound("wrong.hidden_item", item=each.root)
    answers = {"case": case, "complete": complete, "readable": readable}
    if not set(answers.values()) <= set(ANSWERS):
        raise Wrong("records.answer_all")
    if seen_at and not seen_at.isdecimal():
        raise Wrong("records.answer_all")
    try:
        with site.write() as connection:
            judge(
                connection, sample, position, answers=answers, comment=comment.strip(),
                seen_at=int(seen_at) if seen_at else None,
                actor=viewer.actor, now=site.ledger.now(),
            )  # fmt: skip
    except Changed as error:
        raise Stale("records.stale_verdict") from error
    return RedirectResponse(_next(sample, position, found), 303)


def _next(sample: int, position: int, found: Sequence[Judged]) -> str:
    """The next one without a verdict after this; the sample's page when there is none."""
    rest = [each.position for each in found if not each.answers and each.position != position]
    later = [place for place in rest if place > position] or rest
    return f"/records/samples/{sample}/{later[0]}" if later else f"/records/samples/{sample}"
