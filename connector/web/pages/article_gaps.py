"""What readers miss as a ranked list, and what happened after articles were published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connector.articles import subjects
from connector.articles.effect import TOO_LITTLE
from connector.articles.gap_listing import effects, listing
from connector.articles.gap_words import advice, name_of, reasons
from connector.articles.gaps import FEW, Evidence, Gap, periods
from connector.ledger.access import Viewer
from connector.web import charts, rules
from connector.web.article_shelf import shelf_of
from connector.web.page import language_of, render
from connector.web.site import site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Editor = Annotated[Viewer, Depends(rules.EDITOR)]
MOST = 50  # lines that are shown
DRAWN = 12  # lines in the chart
PARTS = tuple(Evidence().parts)


@router.get("/articles/gaps")
def gaps_page(request: Request, viewer: Editor) -> Response:
    """Write or mend these, the weightiest first, with why and what to do."""
    site, language = site_of(request), language_of(request)
    today = site.target.today
    shelved = shelf_of(request).shelved(today)
    with site.read() as connection:
        found = listing(connection, site.zone, shelved.library.articles.values(), today)[:MOST]
    _, before = periods(today)
    return render(
        request,
        "articles_gaps.html",
        viewer,
        found=found,
        first=before.first,
        parts=PARTS,
        name_of=name_of,
        reasons=lambda gap: list(reasons(gap, language)),
        advice=lambda gap: advice(gap, language),
        chart=_chart(found[:DRAWN], language) if found else "",
    )


def _chart(found: list[Gap], language: str) -> Any:
    parts = [charts.Part(name, say(f"articles.part.{name}", language)) for name in PARTS]
    drawn = [
        charts.Bar(str(place), tuple(gap.evidence.parts[name] for name in PARTS))
        for place, gap in enumerate(found, start=1)
    ]
    told = say("articles.gaps_told", language, count=len(found))
    return charts.bars("gaps", say("articles.gaps_chart", language), told, parts, drawn)


@router.get("/articles/effect")
def effect_page(request: Request, viewer: Editor) -> Response:
    """Before and after each publishing of the last half year."""
    site, language = site_of(request), language_of(request)
    today = site.target.today
    shelved = shelf_of(request).shelved(today)
    with site.read() as connection:
        found = effects(connection, site.zone, shelved.library.articles, today)
    return render(
        request,
        "articles_effect.html",
        viewer,
        found=[each for each in found if each.verdict != TOO_LITTLE][:MOST],
        early=[each for each in found if each.verdict == TOO_LITTLE],
        few=FEW,
        decimal=lambda value: decimal(value, language),
        percent=lambda share: percent(share, language),
        title=subjects.title,
    )


def decimal(value: float, language: str) -> str:
    """One decimal, with the language's sign: 1,5 or 1.5."""
    text = f"{value:.1f}"
    return text.replace(".", ",") if language == "da" else text


def percent(share: float | None, language: str) -> str:
    """A whole per cent; a dash for what is not told."""
    if share is None:
        return say("articles.effect.none", language)
    return f"{round(100 * share)} %" if language == "da" else f"{round(100 * share)}%"
