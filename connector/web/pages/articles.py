"""The editors' list of articles, and one article with what became of it and what readers say."""

from __future__ import annotations

from typing import Annotated, Any

import fastapi
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from connector import locale
from connector.article import ArticlePage
from connector.articles import subjects
from connector.articles.fields import ID
from connector.articles.gaps import periods
from connector.articles.mistakes import ERROR
from connector.articles.outside_links import found_in, link_mistakes
from connector.articles.overview import STATES, Line, counts
from connector.articles.side_by_side import Row, rows
from connector.ledger.access import Viewer
from connector.ledger.article_edits import edits
from connector.ledger.article_signals import keep_answer, tallies, votes_on
from connector.ledger.article_versions import Version, versions_of
from connector.ledger.outside_links import outside_links
from connector.web import rules
from connector.web.article_shelf import Shelf, shelf_of
from connector.web.article_text import readable
from connector.web.page import NotFound, Wrong, is_web, language_of, render
from connector.web.pages.records_audit import people
from connector.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Editor = Annotated[Viewer, Depends(rules.EDITOR)]
Text = Annotated[str, Query(max_length=80)]
Field = Annotated[str, fastapi.Form(max_length=200)]
PAGE = 100  # articles on a page of the list
VERSIONS = 30  # of each site that are listed
SHOWN_STATES = ("conflict", "edited", "blocked", "overdue")  # that are told beside a site's own


@router.get("/articles")
def article_list(
    request: Request,
    viewer: Editor,
    state: Text = "",
    where: Text = "",
    q: Text = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Every article by title, or those in one state, on one site, or with these words."""
    site, shelf = site_of(request), shelf_of(request)
    if state and state not in STATES:
        raise Wrong("articles.wrong.form")
    shelved, lines = shelf.overview(site)
    places = [each.name for each in site.settings.sites]
    there = [each for each in lines if _is_on(each, where) and _has(each, q)]
    found = [each for each in there if not state or _is_in(each, state, where)]
    first = (page - 1) * PAGE
    return render(
        request,
        "articles.html",
        viewer,
        why=shelved.why if site.settings.sites or shelved.mistakes else "",
        has_any=bool(lines),
        found=found[first : first + PAGE],
        count=len(found),
        counts=counts(there),
        state=state,
        where=where,
        q=q,
        page=page,
        has_more=first + PAGE < len(found),
        places=places,
        shown_states=SHOWN_STATES,
    )


def _is_on(line: Line, where: str) -> bool:
    return not where or any(each.site == where for each in line.sites)


def _is_in(line: Line, state: str, where: str) -> bool:
    """Whether it is in that state; with a site chosen, there."""
    if where and state not in ("conflict", "blocked", "overdue"):
        return any(each.site == where and each.state == state for each in line.sites)
    return state in line.states


def _has(line: Line, words: str) -> bool:
    said = f"{line.title} {line.id}".casefold()
    return all(word in said for word in words.casefold().split())


@router.get("/articles/{article}")
def article_page(
    request: Request,
    viewer: Editor,
    article: str,
    where: Text = "",
    older: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    newer: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """What it is, where it stands, what readers say, and every version with its differences."""
    site, shelf, language = site_of(request), shelf_of(request), language_of(request)
    line, shelved = known(site, shelf, article)
    versions = {
        name: found
        for name in _sites_of(site, line)
        if (found := versions_of(site.ledger, name, article))
    }
    now, _ = periods(site.target.today)
    with site.read() as connection:
        votes = votes_on(connection, article)
        read = tallies(connection, article, now.first, now.last)
        outside = outside_links(connection)
    found_links = {article: found_in(shelved.library).get(article, ())}
    mine = [each for each in shelved.mistakes if each.article == article]
    mine += link_mistakes(found_links, outside)
    return render(
        request,
        "articles_one.html",
        viewer,
        line=line,
        article=line.article,
        subject=subjects.title(line.article.subject) if line.article is not None else "",
        paths=[_shown(site, each) for each in line.article.paths] if line.article else [],
        place=lambda mistake: _shown(site, mistake.place()),
        is_web=is_web,
        conflicts=[each for each in shelved.library.conflicts if each.article == article],
        errors=[each for each in mine if each.level == ERROR],
        warnings=[each for each in mine if each.level != ERROR],
        edits=[each for each in edits(site.ledger, open_only=False) if each.article == article],
        votes=votes,
        numbers={name: locale.number(count, language) for name, count in read.items()},
        versions={name: found[:VERSIONS] for name, found in versions.items()},
        compared=_compared(site, shelf, line, versions, where, older, newer) if where else None,
        where=where,
        older=older,
        newer=newer,
        who=people(site),
        kept=request.query_params.get("kept") == "1",
    )


def known(site: Site, shelf: Shelf, article: str) -> tuple[Line, Any]:
    """The article of that id with all that is on the shelf. Raises NotFound."""
    shelved, lines = shelf.overview(site)
    for line in lines:
        if line.id == article:
            return line, shelved
    raise NotFound("articles.wrong.none", article=article[:80])


def _shown(site: Site, path: str) -> str:
    """A path as people know it: from the configuration's folder, when it lies in there."""
    return path.removeprefix(f"{site.settings.folder}/")


def _sites_of(site: Site, line: Line) -> list[str]:
    """The sites of the settings, and those where it stands though they are set up no more."""
    names = [each.name for each in site.settings.sites]
    return list(dict.fromkeys([*names, *(each.site for each in line.sites)]))


def _compared(
    site: Site,
    shelf: Shelf,
    line: Line,
    versions: dict[str, list[Version]],
    where: str,
    older: int,
    newer: int,
) -> list[Row]:
    """The differences between two versions on a site; 0 is what the source would show now."""
    by_number: dict[int, ArticlePage | None] = {
        each.number: each.page for each in versions.get(where, ())
    }
    by_number[0] = shelf.page_for(site, line.article, where) if line.article is not None else None
    if older not in by_number or newer not in by_number:
        raise NotFound("articles.wrong.version")
    return rows(*(readable(by_number[number]) for number in (older, newer)))


@router.post("/articles/{article}/votes")
def answer(
    request: Request,
    viewer: Editor,
    article: str,
    at: Field = "",
    key: Annotated[str, fastapi.Form(max_length=500)] = "",
    text: Annotated[str, fastapi.Form(max_length=2000)] = "",
    does: Field = "",
) -> Response:
    """Keep what the editor answers to a vote, or that it is done, or open again."""
    site = site_of(request)
    if does not in ("keep", "finish", "again") or not ID.fullmatch(article):
        raise Wrong("articles.wrong.form")
    if does == "keep" and not text.strip():
        raise Wrong("articles.wrong.empty")
    with site.write() as connection:
        is_kept = keep_answer(
            connection, at, key, actor=viewer.actor, now=site.ledger.now(),
            text=text.strip(), is_done=does == "finish",
        )  # fmt: skip
    if not is_kept:
        raise NotFound("articles.wrong.vote")
    return RedirectResponse(f"/articles/{article}?kept=1#feedback", 303)
