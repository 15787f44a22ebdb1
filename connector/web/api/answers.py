"""How the API answers: JSON with a mark by which a change is seen, and each look kept before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.ledger.looks import record_look
from connector.web.api.models import Model
from connector.web.page import Problem, language_of
from connector.web.ranges import has_it
from connector.web.site import site_of

SESSION = "session"
VARY = "authorization, cookie, accept-language"


class Look(NamedTuple):
    """A look at content, to be kept. `shown` is how many things were shown; `detail` no content.

    Of a list, `items` are the communications in it and `cases` the cases that it names.
    """

    viewer: Viewer
    subject: str
    shown: int = 1
    detail: Mapping[str, str] = MappingProxyType({})
    items: Sequence[int] | None = None
    cases: Sequence[str] = ()


class Unconditional(Problem):
    """A change that does not say what it is to change."""

    status = 428


class Conflict(Problem):
    """What cannot be done as things stand."""

    status = 409


def via(request: Request) -> str:
    """How the viewer came: "session", "app ID" or "intranet NAME"."""
    return str(getattr(request.state, "via", SESSION))


def answer(
    request: Request, model: Model, *, look: Look | None = None, version: int | None = None
) -> Response:
    """The model as JSON; 304 without it when the asker has the same already.

    The ETag is a hash of what is answered, after `version` where there is one: what a change of it
    must name. A look is kept before content is given out, and not when nothing is.
    """
    body = model.model_dump_json().encode()
    headers = {"vary": VARY, "content-language": language_of(request)}
    digest = digest_of(body)
    mark = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    return marked(request, body, mark, headers, look)


def digest_of(body: bytes) -> str:
    """By which it is known that an answer is the same."""
    return hashlib.sha256(body).hexdigest()[:16]


def marked(
    request: Request, body: bytes, mark: str, headers: dict[str, str], look: Look | None = None
) -> Response:
    """The body under its mark, an ETag; 304 without it when the asker has the same already."""
    headers = {"etag": mark, **headers}
    if request.method == "GET" and has_it(request.headers.get("if-none-match", ""), mark):
        return Response(status_code=304, headers=headers)
    if look is not None:
        keep_look(request, look)
    return Response(body, headers=headers, media_type="application/json")


def keep_look(request: Request, look: Look) -> None:
    """Keep that the viewer looked, and by what."""
    site = site_of(request)
    # Not seen to the disk: of a look only the record would be lost with the machine's power.
    with site.write(durable=False) as connection:
        record_look(
            connection, look.viewer, look.subject, site.ledger.now(),
            items=look.items, cases=look.cases, how="api", via=via(request), count=look.shown,
            **look.detail,
        )  # fmt: skip


def etag(version: int) -> str:
    """What a change of this version names in If-Match."""
    return f'"{version}"'


def version_of(if_match: str | None) -> int:
    """The version that If-Match names; its form is checked. Raises Unconditional without one."""
    if if_match is None:
        raise Unconditional("api.if_match")
    return number_in(if_match)


def number_in(mark: str) -> int:
    """The version in a mark whose form is checked."""
    return int(mark.strip('"').partition("-")[0])
