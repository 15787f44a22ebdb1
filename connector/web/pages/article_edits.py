"""What a person changed on a live page beside our text, and an article whose texts both changed."""

from __future__ import annotations

from typing import Annotated

import fastapi
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connector.article import LivePage
from connector.articles.comparing import live_body
from connector.articles.settling import TAKE_LOCAL, TAKE_NATIONAL, settle
from connector.articles.side_by_side import pieces, rows
from connector.errors import ConfigError
from connector.ledger.access import Viewer
from connector.ledger.article_edits import DISMISSED, OPEN, Edit, decide_edit, edits
from connector.ledger.article_pages import kept_pages
from connector.ledger.article_versions import last_version
from connector.ledger.events import event_row, record
from connector.web import rules
from connector.web.article_shelf import shelf_of
from connector.web.article_text import readable
from connector.web.page import NotFound, Stale, Unready, Wrong, language_of, render
from connector.web.pages.articles import known
from connector.web.pages.records_audit import people
from connector.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Editor = Annotated[Viewer, Depends(rules.EDITOR)]
Field = Annotated[str, fastapi.Form(max_length=2000)]


@router.get("/articles/{article}/edits/{edit}")
def edit_page(request: Request, viewer: Editor, article: str, edit: int) -> Response:
    """Our text and the site's side by side, and what may be done about it."""
    site = site_of(request)
    line, _ = known(site, shelf_of(request), article)
    found = _found(site, article, edit)
    ours, theirs = _texts(site, found)
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


def _texts(site: Site, edit: Edit) -> tuple[str, str]:
    """What we put last on the site, and what stands there by the person's hand."""
    version = last_version(site.ledger, edit.site, edit.article)
    pages = kept_pages(site.ledger, edit.site)
    page = pages.get(edit.article)
    live = LivePage(
        id=edit.article, ref="", url=page.url if page is not None else "", html=edit.html
    )
    files = tuple(each.name for each in version.page.files) if version is not None else ()
    addresses = {id: each.url for id, each in pages.items() if each.is_live}
    theirs = live_body(live, addresses, files)
    head = f"# {edit.title}" if edit.title else ""
    if version is None:
        return "", f"{head}\n\n{theirs}".strip()
    ours = readable(version.page, tells_audience=False)
    summary = version.page.summary
    # Sites show the summary apart from the text, or not at all: then that is no difference.
    is_within = summary and summary in theirs
    told = [head or f"# {version.page.title}", "" if is_within else summary]
    told += [", ".join(version.page.keywords), theirs]
    return ours, "\n\n".join(filter(None, told))


@router.post("/articles/{article}/edits/{edit}")
def decide(
    request: Request, viewer: Editor, article: str, edit: int, does: Field = "", reason: Field = ""
) -> Response:
    """Let our text win at the next publishing; by name, with the reason."""
    site = site_of(request)
    found = _found(site, article, edit)
    if does != "dismiss":
        raise Wrong("articles.wrong.form")
    if not reason.strip():
        raise Wrong("articles.wrong.reason")
    actor = viewer.actor
    if not decide_edit(site.ledger, found, DISMISSED, actor=actor, reason=reason.strip()):
        raise Stale("articles.wrong.decided")
    return RedirectResponse(f"/articles/{article}/edits/{edit}", 303)


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
    request: Request, viewer: Editor, article: str, section: Field = "", take: Field = ""
) -> Response:
    """Let our section stand, or the shared one; written into the files at once, and by name."""
    site, shelf = site_of(request), shelf_of(request)
    known(site, shelf, article)
    if take not in (TAKE_LOCAL, TAKE_NATIONAL):
        raise Wrong("articles.wrong.form")
    try:
        settle(shelf.folders, article, section, take, site.target.today, language_of(request))
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
