"""A case as a ZIP archive: a page to read offline, the same for programs, and the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from connector.errors import Gone
from connector.filetypes import passive_name
from connector.journaling.names import case_folder_name
from connector.web.page import FOLDER, fragment
from connector.web.site import Site, site_of
from connector.web.zipping import archive

if TYPE_CHECKING:
    from connector.ledger.access import Viewer
    from connector.ledger.timeline_values import File, Timeline

BLOCK_BYTES = 1 << 16
STYLES = ("style.css", "case.css")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")


def export(request: Request, viewer: Viewer, values: Mapping[str, Any]) -> Response:
    """The archive as a download, sent while it is made."""
    site = site_of(request)
    line: Timeline = values["line"]
    number: str = values["case"].number
    names = file_names(site, line)
    page = fragment(
        request,
        "case_export.html",
        viewer,
        **{
            **values,
            "file_address": lambda file: names.get((file.item, file.position), ""),
            "case_address": lambda number: f"{site.web.url}/cases/{quote(number, safe='/')}",
            "is_archive": True,
        },
    )
    data = {"case": values["case"], "files": _listed(line, names), "timeline": line}
    files = [
        ("index.html", [page.encode()]),
        ("communications.json", [msgspec.json.format(msgspec.json.encode(data), indent=1)]),
        *((name, [(FOLDER / "static" / name).read_bytes()]) for name in STYLES),
        *_contents(site, line, names),
    ]
    made_at = site.clock().astimezone(site.zone)
    blocks = archive(files, made_at=made_at, sums="SHA256SUMS")
    name = f"{case_folder_name(number)}_{made_at:%Y-%m-%d}.zip"  # ASCII, and safe everywhere
    return StreamingResponse(
        blocks,
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def file_names(site: Site, line: Timeline) -> dict[tuple[int, int], str]:
    """Where the archive has each file whose bytes are here.

    They are numbered, and keep nothing of the foreign name but a short extension: no path and no
    person's name comes in by it. What would run scripts when it is opened is called .txt too.
    """
    kept = [file for file in files_of(line) if file.state == "kept" and _is_here(site, file)]
    return {
        (file.item, file.position): passive_name(f"files/{n:04}{_extension(file.name)}")
        for n, file in enumerate(kept, 1)
    }


def _is_here(site: Site, file: File) -> bool:
    try:
        site.program.spool.open(file.sha256).close()
    except Gone:
        return False
    return True


def files_of(line: Timeline) -> Iterator[File]:
    """Every file of every entry."""
    for entry in line.entries:
        yield from entry.files
        for message in entry.messages:
            yield from message.files


def _extension(name: str) -> str:
    base, dot, end = name.rpartition(".")
    extension = f".{end.lower()}" if base and dot else ""
    return extension if _EXTENSION.fullmatch(extension) else ".bin"


def _listed(line: Timeline, names: Mapping[tuple[int, int], str]) -> list[dict[str, object]]:
    """Which file of the archive is which file of a communication."""
    return [
        {"path": name, "item": file.item, "name": file.name, "sha256": file.sha256}
        for file in files_of(line)
        if (name := names.get((file.item, file.position)))
    ]


def _contents(
    site: Site, line: Timeline, names: Mapping[tuple[int, int], str]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    for file in files_of(line):
        name = names.get((file.item, file.position))
        if name:
            yield name, _blocks(site, file.sha256)


def _blocks(site: Site, sha256: str) -> Iterator[bytes]:
    with site.program.spool.open(sha256) as file:
        while block := file.read(BLOCK_BYTES):
            yield block
