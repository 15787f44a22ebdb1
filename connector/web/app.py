"""The portal as one application: its pages, its API, its errors and what every answer carries."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Match

from connector.errors import ConnectorError
from connector.ledger.access import Hidden
from connector.web import api, denials, headers, page
from connector.web.article_shelf import Shelf
from connector.web.common import Common
from connector.web.metrics import Metrics
from connector.web.mishaps import Mishaps
from connector.web.pages import (
    article_edits,
    article_gaps,
    articles,
    case,
    files,
    health,
    home,
    looks,
    operations,
    presence,
    records,
    records_audit,
    records_deliveries,
    records_samples,
    search,
    sign_in,
    static,
    todo,
)
from connector.web.runner import Runner
from connector.web.site import Site
from connector.web.statements import Statements
from connector.web.watch import Watch
from connector.web.who import Known
from connector.work import JOBS

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.web.openid import OpenId

log = logging.getLogger(__name__)
FOLDER = Path(__file__).parent
ROUTERS = (
    article_gaps.router,  # before the page of one article, which takes every name
    articles.router,
    article_edits.router,
    looks.router,  # before the case page, which takes every address below /cases/
    case.router,
    files.router,
    health.router,
    home.router,
    operations.router,
    presence.router,
    records.router,
    records_audit.router,
    records_deliveries.router,
    records_samples.router,
    search.router,
    sign_in.router,
    static.router,
    todo.router,
    *api.ROUTERS,
)


def make_app(program: Program, openid: OpenId, common: Common | None = None) -> FastAPI:
    """The portal on this program's ledger. Reads nothing yet.

    `common` is what it shares with other processes that answer at the same socket.
    """
    common = common or Common()
    app = FastAPI(
        title="Casethread",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.site = Site(program=program, openid=openid, common=common)
    app.state.known = Known()
    web = program.settings.web
    app.state.statements = Statements(web.intranet_keys, web.url, program.clock, common)
    app.state.metrics = Metrics(
        lambda: program.ledger, JOBS, [each.name for each in program.settings.sinks], common
    )
    app.state.runner = Runner(program, common)
    app.state.shelf = Shelf(program)
    # Each route was analysed when its module was read; include_router() does it all again for every
    # application, at the first request that gets so far: a quarter of a second.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    _answer_errors(app)
    # Counted as it comes, where no length is told. Not FastAPI's own max_body_size: that answers
    # outside the layers below, without their headers.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=headers.MOST_BODY_BYTES)
    app.add_middleware(Mishaps)
    app.add_middleware(headers.Headers, site=app.state.site)
    app.add_middleware(Watch, metrics=app.state.metrics)  # the outermost
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(page.Problem)
    def problem(request: Request, error: page.Problem) -> Response:
        if isinstance(error, page.NotSignedIn) and not page.is_api(request):
            return _to_sign_in(request, error)
        denials.keep(request, error.key, str(error.values.get("case", "")))
        return page.problem(request, error)

    @app.exception_handler(Hidden)
    def hidden(request: Request, error: Hidden) -> Response:
        wrong = page.NotFound("wrong.hidden", case=str(error))
        denials.keep(request, wrong.key, str(error))
        return page.problem(request, wrong)

    @app.exception_handler(RequestValidationError)
    def fields(request: Request, error: RequestValidationError) -> Response:
        # Never the values: they may be what somebody said.
        if any(each["loc"][0] == "path" for each in error.errors()):
            return page.problem(request, page.NotFound("wrong.no_page"))
        names = sorted({".".join(map(str, each["loc"][1:])) for each in error.errors()})
        wrong = page.Wrong("wrong.fields", fields=", ".join(filter(None, names)) or "-")
        wrong.status = 422
        return page.problem(request, wrong)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        key = {405: "wrong.method", 413: "wrong.too_large"}.get(error.status_code, "wrong.no_page")
        wrong = page.Problem(key)
        wrong.status = error.status_code if error.status_code in (400, 404, 405, 413) else 400
        wrong.headers.update(error.headers or {})
        if error.status_code == 405:
            wrong.headers["Allow"] = ", ".join(_methods_of(request))
        return page.problem(request, wrong)

    @app.exception_handler(ConnectorError)
    def ours(request: Request, error: ConnectorError) -> Response:
        log.warning("portal: %s", error, extra={"action": "portal_unavailable"})
        return page.problem(request, page.Unready("wrong.unavailable"))


def _methods_of(request: Request) -> list[str]:
    """What can be done at this address: a framework's own answer names one route's methods."""
    routes = (route for router in ROUTERS for route in router.routes)
    found = (
        route.methods or ()
        for route in routes
        if isinstance(route, APIRoute) and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted({method for methods in found for method in methods})


def _to_sign_in(request: Request, error: page.Problem) -> Response:
    """A person who opens a page is asked to sign in, and comes back to it; a form is not resent."""
    if request.method not in ("GET", "HEAD") or request.headers.get("hx-request"):
        answer = page.problem(request, error)
        if request.headers.get("hx-request"):
            answer.headers["hx-redirect"] = "/sign-in"
        return answer
    return RedirectResponse(sign_in.address(request.url.path, request.url.query), 303)
