"""The bytes of attachments: recordings to be played in a page, files to be downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO
from urllib.parse import quote

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from connector.errors import Gone
from connector.filetypes import passive_name
from connector.identity import mask_cpr_in_name
from connector.ledger.access import Viewer, may_see_item
from connector.ledger.looks import LOOKED, record_look
from connector.ledger.tables import attachment, event, item
from connector.web import rules
from connector.web.page import NotFound
from connector.web.ranges import Unsatisfiable, asked_range, has_it
from connector.web.site import site_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

router = APIRouter(include_in_schema=False)
BLOCK_BYTES = 1 << 16
ONE_LOOK_MS = 10 * 60_000  # the pieces of a recording within so long are one look
# What a browser shows in the page. No SVG and no HTML: they can hold scripts.
SHOWN = {
    "audio/mpeg": "audio/mpeg", "audio/mp3": "audio/mpeg", "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/ogg": "audio/ogg",
    "audio/mp4": "audio/mp4", "audio/x-m4a": "audio/mp4", "image/png": "image/png",
    "image/jpeg": "image/jpeg", "image/gif": "image/gif", "image/webp": "image/webp",
}  # fmt: skip
# What is downloaded under its own type, so that the right program opens it.
SENT = frozenset({"application/pdf", "text/plain"})
UNKNOWN = "application/octet-stream"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_PATH = re.compile(r'[/\\:*?"<>|]')
FIXED = {
    "x-content-type-options": "nosniff",
    # Also who opens the address itself runs nothing that the file may hold.
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cache-control": "private, no-store",
    "accept-ranges": "bytes",
}


@router.get("/files/{version}/{position}")
@router.head("/files/{version}/{position}")
def file(
    request: Request,
    version: int,
    position: int,
    viewer: Annotated[Viewer, Depends(rules.SIGNED_IN)],
) -> Response:
    """One attachment of one version of an item."""
    return give(request, viewer, version, position)


def give(request: Request, viewer: Viewer, version: int, position: int) -> Response:
    """All of an attachment, or the range that is asked for. Raises NotFound and says why."""
    site = site_of(request)
    with site.read() as connection:
        row = _row(connection, viewer, version, position)
        is_known = _looked_lately(connection, viewer, row, site.ledger.now())
    if row.state != "kept":
        raise NotFound(f"file.{row.state}", name=row.name, note=row.note or "-")
    try:
        content = site.program.spool.open(row.sha256)
    except Gone as error:
        raise NotFound("file.gone", name=row.name) from error
    try:
        if has_it(
            request.headers.get("if-none-match", ""), _mark(row)
        ):  # nothing is shown: no look
            content.close()
            return Response(status_code=304, headers={**FIXED, "etag": _mark(row)})
        if request.method != "HEAD" and not is_known:
            with site.write(durable=False) as connection:
                record_look(
                    connection, viewer, f"item {row.root_id}", site.ledger.now(),
                    how=row.role, file=_name_of(row),
                )  # fmt: skip
        return _answer(request, row, content)
    except BaseException:
        content.close()
        raise


def _mark(row: Any) -> str:
    return f'"{row.sha256}"'


def _name_of(row: Any) -> str:
    return f"{row.item_id}/{row.position}"


def _looked_lately(connection: Connection, viewer: Viewer, row: Any, now: int) -> bool:
    """Whether a look by this viewer is kept already: a player asks for a recording in pieces."""
    details = connection.execute(
        sa.select(event.c.detail).where(
            event.c.subject == f"item {row.root_id}",
            event.c.action == LOOKED,
            event.c.actor == viewer.actor,
            event.c.at > now - ONE_LOOK_MS,
        )
    ).scalars()
    return any(msgspec.json.decode(each).get("file") == _name_of(row) for each in details)


def _row(connection: Connection, viewer: Viewer, version: int, position: int) -> Any:
    """The attachment, if the viewer may see what it belongs to. Raises NotFound."""
    row = None
    if 0 < version < 2**63 and 0 <= position < 2**31:
        row = connection.execute(
            sa.select(attachment, item.c.root_id)
            .join(item, item.c.id == attachment.c.item_id)
            .where(attachment.c.item_id == version, attachment.c.position == position)
        ).one_or_none()
    if row is None or not may_see_item(connection, viewer, row.root_id):
        raise NotFound("file.hidden")
    return row


def _answer(request: Request, row: Any, content: BinaryIO) -> Response:
    size_bytes = os.fstat(content.fileno()).st_size
    mark = _mark(row)
    headers = {**FIXED, "etag": mark, "content-disposition": disposition(row)}
    wanted = request.headers.get("range", "")
    condition = request.headers.get("if-range", mark)
    try:
        # Another version than the one that the asker has a piece of is sent whole.
        span = asked_range(wanted, size_bytes) if wanted and condition == mark else None
    except Unsatisfiable:
        content.close()
        headers["content-range"] = f"bytes */{size_bytes}"
        return Response(status_code=416, headers=headers, media_type=UNKNOWN)
    first, last = span or (0, size_bytes - 1)
    headers["content-length"] = str(last - first + 1)
    if span:
        headers["content-range"] = f"bytes {first}-{last}/{size_bytes}"
    status, kind = 206 if span else 200, media_type(row.content_type)
    if request.method == "HEAD":
        content.close()
        return Response(status_code=status, headers=headers, media_type=kind)
    blocks = _blocks(content, first, last - first + 1)
    return StreamingResponse(blocks, status, headers, kind)


def _blocks(content: BinaryIO, first: int, count: int) -> Iterator[bytes]:
    with content:
        content.seek(first)
        while count > 0 and (block := content.read(min(BLOCK_BYTES, count))):
            count -= len(block)
            yield block


def media_type(told: str) -> str:
    """The type that a file is sent under: one of a few, whatever the source said."""
    plain = told.split(";")[0].strip().lower()
    return SHOWN.get(plain) or (plain if plain in SENT else UNKNOWN)


def disposition(row: Any) -> str:
    """Content-Disposition with a name in ASCII and, as RFC 6266 has it, the real one in UTF-8.

    What would run scripts when it is opened from the disk is called .txt too.
    """
    is_shown = media_type(row.content_type) in SHOWN.values()
    name = passive_name(safe_name(row.name))
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    kind = "inline" if is_shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def safe_name(name: str) -> str:
    """The last part of a name as it came, without anything that a file system or header obeys; a
    CPR number in it is masked, because it would stand in the reader's folder of downloads.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = _PATH.sub("_", _CONTROL.sub("", last)).strip(" .")
    return mask_cpr_in_name(plain)[:120].encode("utf-8", "ignore").decode() or "file"
