"""Styles and scripts: files of the program, never of people."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connector.ledger.access import Viewer
from connector.web import rules
from connector.web.page import NotFound

router = APIRouter()
FOLDER = Path(__file__).parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Name -> content, type and ETag; what is not here by name is not given out."""
    found = {}
    for path in FOLDER.iterdir():
        if path.suffix in TYPES:
            content = path.read_bytes()
            mark = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            found[path.name] = (content, TYPES[path.suffix], mark)
    return found


@router.get("/static/{name}", include_in_schema=False)
def static(
    request: Request,
    name: str,
    _viewer: Annotated[Viewer | None, Depends(rules.STATIC)],
) -> Response:
    """One file; browsers keep it and ask whether it changed."""
    found = _files().get(name)
    if found is None:
        raise NotFound("wrong.no_page")
    content, kind, mark = found
    kept = {"etag": mark, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=kept)
    return Response(content, media_type=kind, headers=kept)
