"""What the API can do, as OpenAPI 3.1: made of the routes themselves, and of what all share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from connector.web import rules
from connector.web.api.answers import digest_of, marked
from connector.web.api.models import Problem
from connector.web.page import PROBLEM

router = APIRouter(prefix="/api/v1", tags=["portal"])
PATH = "/api/v1/openapi.json"
VERSION = "1.0.0"  # of the interface: a change that breaks nobody raises the second number

_ABOUT = """\
What was said to and by a municipality's staff, on the case it belongs to: the same as the portal's
pages, for programs.

**Who asks.** Every request is a person's. A program sends that person's access token
(`Authorization: Bearer ...`), an intranet a statement that it signed
(`Authorization: Statement ...`), and a page of the portal its session. What the person may not see
is answered as if it did not exist. Each look at what was said is kept, with who, when and by what.

**Errors** are `application/problem+json` (RFC 9457). `type` is the machine's word, `detail` is for
people, in Danish or English by `Accept-Language`.

**Changes.** What was read has an `etag`; a change names it in `If-Match` and is refused with 412
when somebody was first. A read with `If-None-Match` is answered with 304 when nothing changed.

**Pages.** `next` is the cursor of the next page, empty at the end. Cursors are not to be made.

Times are in UTC (RFC 3339); days are days of `time_zone`. Unknown parameters are refused.
"""
_SCHEMES = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the issuer that signs people in, for the audience "
        "web.api_audience, in a person's name (scope `access`). A token of an application alone "
        "is refused.",
    },
    "statement": {
        "type": "http",
        "scheme": "statement",
        "bearerFormat": "JWT",
        "description": "A JWT that an intranet signed (EdDSA, ES256 or RS256): `iss` its name, "
        "`aud` the portal's web.url, `sub` the user's directory id or user principal name, `iat`, "
        "`exp` at most 120 s later, `jti`. Good for one request, and for reading alone.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-casethread",
        "description": "A signed-in browser's; a change then needs the header X-CSRF-Token too.",
    },
}
_ERRORS = {
    "400": "It cannot be read, or not be done as it stands.",
    "401": "Nobody, or a token that is not valid.",
    "403": "The person has not the role, or may not do it in this way.",
    "404": "It is not there, or not to be seen by this person: the answer is the same.",
    "422": "A parameter or a member of the body is not right; which, stands in `detail`.",
    "429": "Too often; `Retry-After` says how long to wait.",
    "503": "Not just now.",
}
_CHANGE = {
    "409": "It cannot be done as things stand.",
    "412": "Somebody was first: what was named in If-Match no longer stands.",
    "428": "If-Match is missing.",
}


@router.get("/openapi.json", operation_id="openapi", summary="This description")
def openapi(
    request: Request,
    _anybody: Annotated[None, Depends(rules.STATIC)],
) -> Response:
    """The API as OpenAPI 3.1. For everybody: it tells of nobody."""
    body, mark = _encoded()
    return marked(request, body, mark, {})


@cache
def _encoded() -> tuple[bytes, str]:
    """The document, and its ETag."""
    from connector.web.api import ROUTERS

    body = msgspec.json.encode(document([route for each in ROUTERS for route in each.routes]))
    return body, f'"{digest_of(body)}"'


def openapi_text() -> str:
    """The same as docs/reference/openapi.json keeps it."""
    return msgspec.json.format(_encoded()[0], indent=1).decode() + "\n"


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The whole description."""
    made = get_openapi(
        title="Casethread",
        version=VERSION,
        openapi_version="3.1.0",
        description=_ABOUT,
        license_info={"name": "MPL-2.0", "identifier": "MPL-2.0"},
        routes=routes,
    )
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["securitySchemes"] = _SCHEMES
    public = {each.path_format for each in routes if isinstance(each, APIRoute) and is_public(each)}
    for path, method, operation in _operations(made):
        _complete(operation, method, is_open=path in public)
    return made


def is_public(route: APIRoute) -> bool:
    """Whether nobody is asked who they are."""
    return any(each.call is rules.STATIC for each in route.dependant.dependencies)


def _operations(made: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete(operation: dict[str, Any], method: str, *, is_open: bool) -> None:
    """Say what every operation of its sort can answer, and who may ask."""
    errors = {"503": _ERRORS["503"]} if is_open else _ERRORS
    if _names_version(operation):
        errors = errors | _CHANGE
    answers = {status: each for status, each in operation["responses"].items() if status != "422"}
    if method == "get" and not is_open and "206" not in answers:
        answers["304"] = {"description": "The asker has it already (If-None-Match)."}
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status, words in errors.items():
        answers[status] = {"description": words}
    for status in answers.keys() - {"416"}:  # of a file's bytes, without a body
        if status >= "4":
            answers[status]["content"] = {PROBLEM: schema}
    operation["responses"] = dict(sorted(answers.items()))
    operation["security"] = [] if is_open else [{name: []} for name in _SCHEMES]


def _names_version(operation: Mapping[str, Any]) -> bool:
    for each in operation.get("parameters", ()):
        if each["name"] == "If-Match":
            each["required"] = True  # FastAPI would answer 422 where 428 tells what to do
            each["schema"] = next(s for s in each["schema"]["anyOf"] if s.get("type") != "null")
            return True
    return False
