"""What a person changed on a live page beside our text, and an article whose texts both changed."""

from __future__ import annotations

from typing import Annotated

import fastapi
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connector.articles.edit_texts import texts_of
from connector.articles.edits import CannotTake, dismiss, take
from connector.articles.settling import TAKE_LOCAL, TAKE_NATIONAL, settle
from connector.articles.side_by_side import pieces, rows
from connector.errors import ConfigError
from connector.ledger.access import Viewer
from connector.ledger.article_edits import OPEN, Edit, edits
from connector.ledger.events import event_row, record
from connector.web import rules
from connector.web.article_shelf import shelf_of
from connector.web.page import NotFound, Stale, Unready, Wrong, language_of, render
from connector.web.pages.articles import known
from connector.web.pages.records_audit import people
from connector.web.site import Site, site_of
from connector.web.words import say

router = APIRouter(include_in_schema=False)
Editor = Annotated[Viewer, Depends(rules.EDITOR)]
Field = Annotated[str, fastapi.Form(max_length=2000)]


@router.get("/articles/{article}/edits/{edit}")
def edit_page(request: Request, viewer: Editor, article: str, edit: int) -> Response:
    """Our text and the site's side by side, and what may be done about it."""
    site = site_of(request)
    line, _ = known(site, shelf_of(request), article)
    found = _found(site, article, edit)
    ours, theirs = texts_of(site.ledger, found)
    return render(
        request,
        "articles_edit.html",
        viewer,
        line=line,
        edit=found,
        rows=rows(ours, theirs),
        is_open=found.decision == OPEN,
        who=people(site),
    )


def _found(site: Site, article: str, number: int) -> Edit:
    for each in edits(site.ledger, open_only=False):
        if each.id == number and each.article == article:
            return each
    raise NotFound("articles.wrong.edit", edit=number, article=article[:80])


@router.post("/articles/{article}/edits/{edit}")
def decide(
    request: Request, viewer: Editor, article: str, edit: int, does: Field = "", reason: Field = ""
) -> Response:
    """Take the edit into our files, or let our text win at the next publishing; by name."""
    site, shelf = site_of(request), shelf_of(request)
    found = _found(site, article, edit)
    if does not in ("take", "dismiss"):
        raise Wrong("articles.wrong.form")
    if does == "dismiss" and not reason.strip():
        raise Wrong("articles.wrong.reason")
    if found.decision != OPEN:
        raise Stale("articles.wrong.decided")
    actor = viewer.actor
    try:
        if does == "dismiss":
            dismiss(site.ledger, found, actor=actor, reason=reason.strip())
        else:
            library = shelf.shelved(site.target.today).library
            take(site.ledger, found, library, shelf.folders, actor=actor)
    except CannotTake as error:
        if error.key == "decided":
            raise Stale("articles.wrong.decided") from error
        why = _why(error, language_of(request))
        raise Wrong("articles.wrong.take", why=why) from error
    except OSError as error:
        raise Unready("articles.wrong.folder", why=error.strerror or str(error)) from error
    return RedirectResponse(f"/articles/{article}/edits/{edit}", 303)


def _why(error: CannotTake, language: str) -> str:
    values = dict(error.values)
    if "what" in values:
        values["what"] = say(f"articles.edit.{values['what']}", language)
    return say(f"article.edits.{error.key}", language, **values)


@router.get("/articles/{article}/conflict")
def conflict_page(request: Request, viewer: Editor, article: str) -> Response:
    """Each section that both sides changed: the national text then and now, and ours."""
    site = site_of(request)
    line, shelved = known(site, shelf_of(request), article)
    found = [each for each in shelved.library.conflicts if each.article == article]
    return render(
        request,
        "articles_conflict.html",
        viewer,
        line=line,
        conflicts=[
            (each, pieces(each.base, each.national)[1], pieces(each.base, each.local)[1])
            for each in found
        ],
        settled=request.query_params.get("settled") == "1",
    )


@router.post("/articles/{article}/conflict")
def settle_one(
    request: Request,
    viewer: Editor,
    article: str,
    section: Field = "",
    take: Field = "",
    seen: Field = "",
) -> Response:
    """Let our section stand, or the shared one; written into the files at once, and by name."""
    site, shelf = site_of(request), shelf_of(request)
    known(site, shelf, article)
    if take not in (TAKE_LOCAL, TAKE_NATIONAL):
        raise Wrong("articles.wrong.form")
    try:
        today, language = site.target.today, language_of(request)
        settle(shelf.folders, article, section, take, today, language, seen=seen)
    except ConfigError as error:
        raise Stale("articles.wrong.settled") from error
    except OSError as error:
        raise Unready("articles.wrong.folder", why=error.strerror or str(error)) from error
    with site.write() as connection:
        row = event_row(
            site.ledger.now(), viewer.actor, "article_settled", f"article {article}",
            section=section, take=take,
        )  # fmt: skip
        record(connection, [row])
    return RedirectResponse(f"/articles/{article}/conflict?settled=1", 303)
