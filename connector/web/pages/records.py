"""The records manager's figures: what was read and became of it, the items behind every number, and
how long it took.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.ledger.ages import BUCKETS, HOUR_MS, SPEEDS, Ages, ages, roots
from connector.ledger.figure_items import FATES, Found, items
from connector.ledger.figures import Counts, Group, figures, summed, total
from connector.ledger.tables import at
from connector.web import charts, moments, rules
from connector.web.exports import Cell, Form
from connector.web.page import Wrong, language_of, render
from connector.web.pages.records_asking import (
    Asked,
    departments,
    names,
    page_of,
    source_name,
    unit_name,
    units,
)
from connector.web.pages.records_sending import look, send
from connector.web.site import Site, site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, Depends(rules.RECORDS_MANAGER)]
Asking = Annotated[Asked, Depends()]
Text = Annotated[str, Query(max_length=80)]

# The columns of every table of figures, in their order; and what is stacked in a bar.
NUMBERS = (
    "read", "linked", "journaled", "owed", "failed", "waiting", "unlinked", "excluded",
)  # fmt: skip
STACKED = ("journaled", "owed", "failed", "waiting", "unlinked", "excluded")
_FIGURES = (
    ("records.col.day", 12), ("records.col.source", 14), ("records.col.unit", 18),
    ("records.col.kind", 16), *((f"records.num.{name}", 10) for name in NUMBERS),
)  # fmt: skip
_ITEMS = (
    ("records.col.number", 10), ("records.col.kind", 16), ("records.col.at", 18),
    ("records.col.source", 14), ("records.col.unit", 18), ("records.col.fate", 18),
    ("records.col.case", 22), ("records.col.visible", 14),
)  # fmt: skip
_TIMES = (
    ("records.col.kind", 20), ("records.num.linked", 10), ("records.num.journaled", 10),
    ("records.col.late", 12), ("records.col.median", 12), ("records.col.ninety", 12),
    *((f"records.bucket.{place}", 10) for place in range(len(BUCKETS) + 1)),
)  # fmt: skip


@router.get("/records")
def overview(request: Request, viewer: Manager, asked: Asking) -> Response:
    """Numbers by day, source and unit; each leads to its items."""
    site, language = site_of(request), language_of(request)
    staff = departments(site)
    with site.read() as connection:
        found = figures(connection, site.zone, staff, asked.period, asked.scope)
    by_day = summed(found, attrgetter("day"))
    return render(
        request,
        "records.html",
        viewer,
        **names(language),
        asked=asked,
        numbers=NUMBERS,
        whole=total(found),
        by_day=dict(reversed(by_day.items())),
        by_source=summed(found, attrgetter("source")),
        by_unit=summed(found, attrgetter("unit")),
        units=units(staff),
        chart=_chart(by_day, asked, language),
    )


def _chart(by_day: dict[date, Counts], asked: Asked, language: str) -> Any:
    parts = [charts.Part(name, say(f"records.num.{name}", language)) for name in STACKED]
    drawn = []
    for day in asked.period.days():
        counts = by_day.get(day, Counts())
        label = f"{day.day}.{day.month}." if language == "da" else f"{day.day}/{day.month}"
        drawn.append(charts.Bar(label, tuple(getattr(counts, name) for name in STACKED)))
    title = say("records.chart", language)
    told = say(
        "records.chart_told",
        language,
        first=moments.short(asked.period.first, language),
        last=moments.short(asked.period.last, language),
        count=sum(counts.read for counts in by_day.values()),
    )
    return charts.bars("days", title, told, parts, drawn)


@router.get("/records/figures.{format}")
def figures_file(request: Request, viewer: Manager, format: Form, asked: Asking) -> Response:
    """Every number by day, source, unit and kind."""
    site, language = site_of(request), language_of(request)
    staff = departments(site)

    def rows() -> Iterator[Sequence[Cell]]:
        with site.read() as connection:
            found = figures(connection, site.zone, staff, asked.period, asked.scope)
        for group, counts in sorted(found.items(), key=lambda pair: pair[0]):
            yield [*_group(group, language), *(getattr(counts, name) for name in NUMBERS)]

    more = [say("records.sums", language)]
    return send(request, viewer, format, "figures", _FIGURES, rows, asked=asked, more=more)


def _group(group: Group, language: str) -> list[Cell]:
    return [
        group.day,
        source_name(group.source, language),
        unit_name(group.unit, language),
        say(f"item.{group.kind}", language),
    ]


def _fates(fate: str) -> Any:
    if fate not in FATES:
        raise Wrong("records.wrong_fate", fate=fate)
    return FATES[fate]


@router.get("/records/items")
def item_list(
    request: Request,
    viewer: Manager,
    asked: Asking,
    fate: Text = "",
    speed: Text = "",
    after: Text = "",
) -> Response:
    """The items behind a number, a page at a time; `speed` is a number of the page of times."""
    site, language = site_of(request), language_of(request)
    fates = _fates(fate)
    try:
        found, has_more = page_of(_items(site, viewer, asked, fates, speed, after))
    except ValueError as error:
        raise Wrong("records.wrong_cursor") from error
    look(site, viewer, "items", how="page", count=len(found), fate=fate)
    return render(
        request,
        "records_items.html",
        viewer,
        **names(language),
        asked=asked,
        fate=fate,
        speed=speed,
        speed_name=_speed_name(speed, language),
        fates=[name for name in FATES if name],
        found=found,
        after=after,
        next=found[-1].cursor if has_more else "",
        units=units(departments(site)),
    )


def _items(
    site: Site, viewer: Viewer, asked: Asked, fates: Any, speed: str, after: str
) -> Generator[Found, None, None]:
    if speed and speed not in SPEEDS:
        raise Wrong("wrong.fields", fields="speed")
    staff = departments(site)
    with site.read() as connection:
        wanted = None
        if speed:
            wanted = roots(connection, site.zone, asked.period, speed, **_target(site))
        found = items(
            connection, site.zone, staff, asked.period, viewer,
            scope=asked.scope, fates=fates, after=after,
        )  # fmt: skip
        yield from (each for each in found if wanted is None or each.root in wanted)


def _target(site: Site) -> dict[str, int]:
    return {"target_days": site.settings.journal.target_days, "now": site.ledger.now()}


def _speed_name(speed: str, language: str) -> str:
    """What a number of the page of times counts; "" for none."""
    if speed.isdigit():
        return say(f"records.bucket.{speed}", language)
    names = {"journaled": "records.num.journaled", "late": "records.col.late"}
    return say(names[speed], language) if speed in names else ""


@router.get("/records/items.{format}")
def items_file(
    request: Request,
    viewer: Manager,
    format: Form,
    asked: Asking,
    fate: Text = "",
    speed: Text = "",
) -> Response:
    """All of the list."""
    site, language = site_of(request), language_of(request)
    fates = _fates(fate)

    def rows() -> Iterator[Sequence[Cell]]:
        for each in _items(site, viewer, asked, fates, speed, ""):
            seen = say("records.yes" if each.is_visible else "records.no", language)
            yield [
                each.root,
                say(f"item.{each.kind}", language),
                at(each.sent_at),
                source_name(each.source, language),
                unit_name(each.unit, language),
                say(f"records.num.{each.fate}", language),
                each.case_number,
                seen,
            ]

    more = [say(f"records.num.{fate}", language)] if fate else []
    more += [_speed_name(speed, language)] if speed else []
    return send(request, viewer, format, "items", _ITEMS, rows, asked=asked, more=more)


@router.get("/records/times")
def times(request: Request, viewer: Manager, asked: Asking) -> Response:
    """How long it took until the journal had it, by kind."""
    site, language = site_of(request), language_of(request)
    found = _ages(site, asked)
    told = say("records.times_told", language, count=found[0].journaled)
    drawn = [
        charts.Bar(say(f"records.bucket.{place}", language), (count,))
        for place, count in enumerate(found[0].buckets)
    ]
    part = charts.Part("journaled", say("records.num.journaled", language))
    return render(
        request,
        "records_times.html",
        viewer,
        **names(language),
        asked=asked,
        found=found,
        target_days=site.settings.journal.target_days,
        buckets=range(len(BUCKETS) + 1),
        hours=hours,
        chart=charts.bars("ages", say("records.times_chart", language), told, [part], drawn),
    )


def _ages(site: Site, asked: Asked) -> list[Ages]:
    with site.read() as connection:
        return ages(connection, site.zone, asked.period, **_target(site))


def hours(milliseconds: int | None) -> float | None:
    """Hours, for people to compare."""
    return None if milliseconds is None else milliseconds / HOUR_MS


@router.get("/records/times.{format}")
def times_file(request: Request, viewer: Manager, format: Form, asked: Asking) -> Response:
    """The same numbers."""
    site, language = site_of(request), language_of(request)

    def rows() -> Iterator[Sequence[Cell]]:
        for each in _ages(site, asked):
            kind = say(f"item.{each.kind}" if each.kind else "records.all", language)
            medians = hours(each.median_ms), hours(each.most_ms)
            yield [kind, each.linked, each.journaled, each.late, *medians, *each.buckets]

    target = site.settings.journal.target_days
    more = [say("records.target", language, count=target), say("records.in_hours", language)]
    return send(request, viewer, format, "times", _TIMES, rows, asked=asked, more=more)
