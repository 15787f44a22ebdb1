"""Pages from templates in the reader's language, and errors as pages or, under /api, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup, escape

from connector import locale
from connector.identity import mask_cpr
from connector.ledger.access import Role, Viewer
from connector.web import moments
from connector.web.failures import failure
from connector.web.telephone import readable_in
from connector.web.words import say

FOLDER = Path(__file__).parent
PROBLEM = "application/problem+json"  # RFC 9457

_SEES = frozenset({Role.CASE_WORKER, Role.RECORDS_MANAGER})
_MENU = (  # who sees it, where it leads, what it is called
    (_SEES, "/search", "portal.search"),
    (_SEES, "/todo", "portal.todo"),
    (_SEES, "/presence", "portal.presence"),
    (frozenset({Role.RECORDS_MANAGER}), "/records", "portal.records"),
    (frozenset({Role.EDITOR}), "/articles", "portal.articles"),
    (frozenset({Role.OPERATOR}), "/operations", "portal.operations"),
)


def menu(viewer: Viewer) -> list[tuple[str, str]]:
    """Address and word of what the viewer's roles let them use."""
    return [(address, key) for roles, address, key in _MENU if viewer.roles & roles]


class Problem(Exception):
    """What cannot be done, in words of the reader's language: `key` and its values."""

    status = 400

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values
        self.headers: dict[str, str] = {}
        self.members: dict[str, object] = {}  # what programs are told beside the words


class Wrong(Problem):
    """What was sent cannot be used."""


class NotSignedIn(Problem):
    """Nobody is signed in, or no longer."""

    status = 401

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.headers["www-authenticate"] = 'Bearer realm="casethread", Statement realm="casethread"'


class Refused(Problem):
    """The viewer may not do that, whatever it is about."""

    status = 403


class NotFound(Problem):
    """It is not there, or not for this viewer: the answer is the same."""

    status = 404


class Busy(Problem):
    """It is under way already."""

    status = 409


class Stale(Problem):
    """Somebody decided since the page was made."""

    status = 412


class TooOften(Problem):
    """The viewer, or the address, asks too often."""

    status = 429


class TooLarge(Problem):
    """More than is read."""

    status = 413


class Unready(Problem):
    """It cannot be done just now."""

    status = 503


def render(
    request: Request, template: str, viewer: Viewer | None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """The page that the template makes of the values."""
    text = _environment().get_template(template).render(_context(request, viewer), **values)
    return HTMLResponse(text, status_code=status)


def fragment(request: Request, template: str, viewer: Viewer | None, **values: Any) -> str:
    """The same as text, for a part of a page or a file to be downloaded."""
    return _environment().get_template(template).render(_context(request, viewer), **values)


def problem(request: Request, error: Problem) -> Response:
    """The answer to a request that failed, in the form that the asker understands."""
    language = language_of(request)
    detail = say(error.key, language, **error.values)
    title = say(f"wrong.heading.{error.status}", language)
    if is_api(request):
        body = {
            "type": f"urn:casethread:problem:{error.key}",
            "title": title,
            "status": error.status,
            "detail": detail,
            "instance": request.url.path,
            **error.members,
        }
        return JSONResponse(
            body, error.status, {"content-language": language, **error.headers}, PROBLEM
        )
    viewer = getattr(request.state, "viewer", None)
    page = render(request, "error.html", viewer, status=error.status, heading=title, detail=detail)
    page.headers.update(error.headers)
    return page


def is_api(request: Request) -> bool:
    """Whether a program asks, and not a person."""
    return request.url.path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))


def is_web(url: str) -> bool:
    """Whether an address of a journal may be followed from a page: a folder's file may not."""
    return url.lower().startswith(("https://", "http://"))


def language_of(request: Request) -> str:
    """What the reader chose, else what the browser asks for, else the settings' language."""
    chosen = request.cookies.get("language", "")
    if chosen in locale.LANGUAGES:
        return chosen
    wanted = request.headers.get("accept-language", "")
    ranked = []
    for place, part in enumerate(wanted.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        short = name.strip().lower()[:2]
        if short in locale.LANGUAGES:
            ranked.append((-_quality(quality), place, short))
    if ranked:
        return min(ranked)[2]
    return str(request.app.state.site.settings.language)


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def prepare() -> None:
    """Make every template ready, once for all processes: its first reader waits up to 100 ms."""
    for name in _environment().list_templates():
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        t=_say, moment=_moment, clock=_clock, day=_day, short=_short, age=_age, ago=_ago,
        length=moments.length,
        number=_number, csrf=_csrf, masked=mask_cpr, menu=menu,
        read=readable_in, failed=_failed,
    )  # fmt: skip
    return made


def _context(request: Request, viewer: Viewer | None) -> Mapping[str, Any]:
    site = request.app.state.site
    return {
        "request": request,
        "viewer": viewer,
        "site": site,
        "lang": language_of(request),
        "zone": site.zone,
        "csrf_token": getattr(request.state, "csrf", ""),
        "now": site.clock(),
    }


@pass_context
def _say(context: Mapping[str, Any], key: str, **values: object) -> str:
    return say(key, context["lang"], **values)


@pass_context
def _moment(context: Mapping[str, Any], when: datetime | int) -> Markup:
    moment = moments.aware(when)
    return _time(moment, moments.moment(moment, context["lang"], context["zone"]))


@pass_context
def _clock(context: Mapping[str, Any], when: datetime | int) -> Markup:
    moment = moments.aware(when)
    return _time(moment, moments.clock(moment, context["lang"], context["zone"]))


def _time(when: datetime, words: str) -> Markup:
    # Not Markup.format, which is ten times slower: a page of a case has hundreds of times.
    return Markup(f'<time datetime="{when.isoformat()}">{escape(words)}</time>')  # noqa: S704


@pass_context
def _day(context: Mapping[str, Any], when: Any) -> str:
    return moments.day(when, context["lang"], context["zone"])


@pass_context
def _short(context: Mapping[str, Any], when: date) -> str:
    return moments.short(when, context["lang"])


@pass_context
def _age(context: Mapping[str, Any], when: datetime | int) -> str:
    return moments.age(moments.aware(when), context["now"], context["lang"])


@pass_context
def _ago(context: Mapping[str, Any], when: datetime | int) -> str:
    return moments.ago(moments.aware(when), context["now"], context["lang"])


@pass_context
def _failed(context: Mapping[str, Any], text: str) -> str:
    return failure(text, context["lang"])


@pass_context
def _number(context: Mapping[str, Any], value: int) -> str:
    return locale.number(value, context["lang"])


@pass_context
def _csrf(context: Mapping[str, Any]) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(
        escape(context["csrf_token"])
    )
