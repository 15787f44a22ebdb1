"""The SharePoint site of a case, as far as clients of GetOrganized use it.

Sources: Microsoft, "Files and folders REST API reference" and "SP.Web.effectiveBasePermissions",
read 2026-11-22; the chunked upload as mtm-aarhus/oomtm (src/oomtm/go.py, June 2026) does it.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import FULL, READ_ONLY, FakeSystem, plain
from connector.sandbox.systems.getorganized_store import (
    DOCUMENT_COLUMNS,
    FakeCase,
    FakeDocument,
    Refused,
    Store,
)

DIGEST = "0x2F3C,20 Nov 2026 15:00:00 -0000"
_LIBRARY = "Dokumenter"
_FILES = re.compile(r"getfolderbyserverrelativeurl\('(?P<folder>[^']*)'\)/files", re.I)
_ADD = re.compile(
    r"getfolderbyserverrelativepath\(decodedurl=@p\)/files/add\(url=@f,overwrite=(true|false)\)",
    re.I,
)
_PART = re.compile(
    r"getfilebyserverrelativepath\(decodedurl=@u\)/(?P<what>start|continue|finish)upload"
    r"\(uploadid=guid'(?P<id>[0-9a-f-]{36})'(?:,fileoffset=(?P<offset>\d+))?\)",
    re.I,
)
_FILTER = re.compile(r"substringof\('(?P<text>[^']*)',\s*Name\)")
_ALL_RIGHTS, _READ_RIGHTS = 0x1B03C431AEF, 0x1000030041


class Site:
    """Answers for `<case url>/_api/...`."""

    def __init__(self, system: FakeSystem, store: Store) -> None:
        self.system = system
        self.store = store
        self.columns = list(DOCUMENT_COLUMNS)
        self.filters = True  # an older server may not know $filter here: everything is listed

    def answer(self, case: FakeCase, rest: str, request: Request) -> Response:
        """`rest` is the path after /_api/. Raises Refused."""
        if rest.lower() == "contextinfo" and request.method == "POST":
            return plain(200, {"d": {"GetContextWebInformation": {"FormDigestValue": DIGEST}}})
        if request.method == "POST":
            return self._write(case, rest.removeprefix("web/"), request)
        return self._read(case, rest, request)

    def _read(self, case: FakeCase, rest: str, request: Request) -> Response:
        if match := _FILES.fullmatch(rest.removeprefix("web/")):
            return self._files(case, match["folder"], request)
        if rest.lower() == "web/effectivebasepermissions":
            rights = _READ_RIGHTS if READ_ONLY in self.system.states else _ALL_RIGHTS
            return plain(200, {"High": str(rights >> 32), "Low": str(rights & 0xFFFFFFFF)})
        if rest.lower() == "site/usage":
            used = 1.0 if FULL in self.system.states else 0.25
            return plain(200, {"Storage": "1048576", "StoragePercentageUsed": used})
        if rest.lower() == "web/getlist(@l)/fields":
            if _query(request).get("@l") != f"'{case.url}/{_LIBRARY}'":
                raise Refused(404, "List does not exist.")
            rows = [
                {"InternalName": name, "Required": name == "Title"} for name in DOCUMENT_COLUMNS
            ]
            return plain(200, {"value": rows})
        raise Refused(404, "Cannot find resource for the request.")

    def _files(self, case: FakeCase, folder: str, request: Request) -> Response:
        inside = self._inside(case, folder)
        match = _FILTER.fullmatch(_query(request).get("$filter", ""))
        wanted = match["text"].lower() if match and self.filters else ""
        rows = []
        for each in self._library(case):
            if each.folder != inside or wanted not in each.name.lower():
                continue
            is_known = each.looks_until_id <= 0
            each.looks_until_id -= 1
            rows.append(
                {
                    "Name": each.name,
                    "Length": str(len(each.content)),
                    "TimeCreated": f"{each.created_at:%Y-%m-%dT%H:%M:%SZ}",
                    "ServerRelativeUrl": f"{folder}/{each.name}",
                    "ListItemAllFields": {"DocID": each.id if is_known else None},
                }
            )
        return plain(200, {"value": rows})

    def _library(self, case: FakeCase) -> list[FakeDocument]:
        """The documents of a site: those of its case and of the sub-cases in it."""
        return [doc for each in self.store.cases if each.url == case.url for doc in each.documents]

    def _inside(self, case: FakeCase, folder: str) -> str:
        """The folder within the library; "" for its root."""
        library = f"{case.url}/{_LIBRARY}".lower()
        if not f"{folder.lower()}/".startswith(f"{library}/"):
            raise Refused(404, "File Not Found.")
        return folder[len(library) :].strip("/")

    def _write(self, case: FakeCase, rest: str, request: Request) -> Response:
        if request.headers.get("x-requestdigest") != DIGEST:
            raise Refused(403, "The security validation for this page is invalid.")
        if case.is_locked:
            raise Refused(423, "The file is locked for exclusive use.")
        if case.is_closed:
            raise Refused(403, "Sagen er lukket.")
        if match := _ADD.fullmatch(rest):
            return self._add(case, request)
        if match := _PART.fullmatch(rest):
            return self._part(case, match, request)
        raise Refused(404, "Cannot find resource for the request.")

    def _add(self, case: FakeCase, request: Request) -> Response:
        name = _unquoted(_query(request), "@f")
        inside = self._inside(case, _unquoted(_query(request), "@p"))
        owner = next(
            (each for each in self.store.cases if each.url == case.url and each.folder == inside),
            case,
        )
        made = owner.named(name) or self.store.add_document(owner, name, b"")
        if made.is_final:
            raise Refused(500, "Dokumentet er endeligt.")
        made.folder, made.content, made.looks_until_id = inside, request.body, 2
        return plain(200, {"Name": made.name})

    def _part(self, case: FakeCase, match: re.Match[str], request: Request) -> Response:
        name = _unquoted(_query(request), "@u").rpartition("/")[2]
        made = next((each for each in self._library(case) if each.name == name), None)
        if made is None:
            raise Refused(404, "File Not Found.")
        what = match["what"].lower()
        if what == "start":
            made.upload, made.content = match["id"], request.body
            return plain(200, {"value": str(len(made.content))})
        if made.upload != match["id"] or int(match["offset"] or -1) != len(made.content):
            raise Refused(500, "The upload session does not know this part.")
        made.content += request.body
        if what == "finish":
            made.upload = ""
        return plain(200, {"value": str(len(made.content))})


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))


def _unquoted(query: dict[str, str], name: str) -> str:
    value = query.get(name, "")
    if len(value) < 2 or value[0] != "'" or value[-1] != "'":
        raise Refused(400, f"The parameter {name} is missing.")
    return value[1:-1].replace("''", "'")
