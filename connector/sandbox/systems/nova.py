"""A KMD Nova in a box: the part of its ESDH API that public clients show.

Sources: PyPI itk-dev-shared-components 2.17.4 (kmd_nova) and mtm-aarhus/oomtm (src/oomtm/nova.py),
both read 2026-11-22. Member names count in any case and unknown members are passed over, as the
clients' habits prove. What no client shows (error bodies, what a repeated UUID does) is a switch.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, FakeSystem, parts, plain
from connector.sandbox.systems.nova_rows import (
    FakeCase,
    case_json,
    is_asked,
    lower,
    picked,
    shown,
)

TOKEN_PATH = "/realms/NovaIntegration/protocol/openid-connect/token"  # noqa: S105  an address
CLIENT = "casethread"
SECRET = "fictional"  # noqa: S105
VERSIONS = {"1.0-Case", "2.0-Case"}
SENSITIVITIES = ("IkkeFortrolige", "Fortrolige", "Følsomme", "SærligFølsomme")
CLOSED_STATE = "Afsluttet"

# What a UUID that is there already does in a second Update, Import or UploadFile. An uploaded file
# lies at its UUID, so a second one can be refused or replace it, and is never a second file.
REFUSES = "refuses"
DUPLICATES = "duplicates"
REPLACES = "replaces"

_READS = {"/api/Case/GetList", "/api/Document/GetList", "/api/Document/GetFile", TOKEN_PATH}
_LOCAL = ZoneInfo("Europe/Copenhagen")


class Refusal(Exception):
    """A refusal in the shape of the framework that Nova is written in (problem details)."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status


class Nova(FakeSystem):
    """The API with its cases. The switches stand for what differs or is not known."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: list[FakeCase] = []
        self.uploads: dict[str, tuple[str, bytes]] = {}
        self.tokens: set[str] = set()
        self.repeats = REFUSES
        self.pages_notes = True  # with a case's UUID, paging counts its notes
        self.spoils_padding = False
        self.spoils_letters = False
        self.refuses_closed = True
        self.longest_title = 255
        self.now = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
        self._serial = 0

    # -- for tests ------------------------------------------------------------------------------

    def case(self, number: str) -> FakeCase:
        """The case of this number."""
        return next(case for case in self.cases if case.number == number)

    def close(self, number: str) -> None:
        """The case is closed, today."""
        case = self.case(number)
        case.state, case.state_since = CLOSED_STATE, f"{self._local():%Y-%m-%dT00:00:00}"

    def unattached(self) -> list[str]:
        """The uploaded files that no document of a case uses."""
        used = {document["documentUuid"] for case in self.cases for document in case.documents}
        return sorted(set(self.uploads) - used)

    # -- the system -----------------------------------------------------------------------------

    def is_write(self, request: Request) -> bool:
        return request.path not in _READS

    def refusal(self, state: str, request: Request) -> Response:
        if state == EXPIRED:
            if request.path == TOKEN_PATH:
                return plain(401, {"error": "invalid_client"})
            return Response(status=401, headers={"www-authenticate": "Bearer"})
        if state == READ_ONLY:
            return Response(status=403)
        return _problem(507, "Insufficient Storage")

    def answer(self, request: Request) -> Response:
        if request.path == TOKEN_PATH and request.method == "POST":
            return self._token(request)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.tokens:
            return Response(status=401, headers={"www-authenticate": "Bearer"})
        try:
            if request.query.get("api-version") not in VERSIONS:
                raise Refusal(400, "Unsupported API version")
            return self._called(request)
        except Refusal as refusal:
            return _problem(refusal.status, str(refusal))

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode()))
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return plain(401, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials" or form.get("scope") != "client":
            return plain(400, {"error": "invalid_request"})
        self._serial += 1
        token = f"token-{self._serial}"
        self.tokens.add(token)
        return plain(200, {"access_token": token, "expires_in": 300, "token_type": "Bearer"})

    def _called(self, request: Request) -> Response:
        steps = request.path.strip("/").split("/")
        if request.method == "POST" and steps[:3] == ["api", "Document", "UploadFile"]:
            return self._upload(request, steps[3:])
        asked = _body(request)
        common = asked.get("common") or {}
        if not _is_uuid(common.get("transactionid")):
            raise Refusal(400, "transactionId is required")
        match (request.method, *steps[1:]):
            case ("PUT", "Case", "GetList"):
                return self._case_list(asked)
            case ("PATCH", "Case", "Update"):
                return self._update(asked)
            case ("POST", "Case", "Import"):
                return self._import_case(asked)
            case ("POST", "Document", "Import"):
                return self._import_document(asked)
            case ("PUT", "Document", "GetList"):
                return self._document_list(asked)
            case ("PUT", "Document", "GetFile"):
                return self._file(str(common.get("uuid")))
        raise Refusal(404, "Not Found")

    # -- cases ----------------------------------------------------------------------------------

    def _case_list(self, asked: dict[str, Any]) -> Response:
        start, rows = _paging(asked, most=500)
        wanted = asked.get("casegetoutput") or {}
        by_uuid = (asked.get("common") or {}).get("uuid")
        found = [case for case in self.cases if not case.is_hidden and is_asked(case, asked)]
        if by_uuid and self.pages_notes and "journalnotes" in wanted:
            page, more = found, False
            notes = slice(start - 1, start - 1 + rows)
        else:
            page, more = found[start - 1 : start - 1 + rows], len(found) > start - 1 + rows
            notes = slice(None)
        paging = {"startRow": start, "numberOfRows": len(page), "hasMoreRows": more}
        cases = [shown(case_json(case, notes), wanted) for case in page]
        return plain(200, {"pagingInformation": paging, "cases": cases})

    def _update(self, asked: dict[str, Any]) -> Response:
        case = self._writable(str(asked["common"].get("uuid")))
        if "state" in asked:
            case.state, case.state_since = asked["state"], f"{self._local():%Y-%m-%dT%H:%M:%S}"
        for note in asked.get("journalnotes") or []:
            self._take_note(case, note)
        return Response(status=200)

    def _take_note(self, case: FakeCase, note: dict[str, Any]) -> None:
        about = note.get("journalnoteattributes") or {}
        title, content = about.get("title"), str(about.get("note") or "")
        if not _is_uuid(note.get("uuid")) or not title or len(title) > self.longest_title:
            raise Refusal(400, "The journal note is not valid")
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            raise Refusal(400, "note is not base64") from None
        self.now += timedelta(seconds=1)
        made = {
            "uuid": note["uuid"],
            "approved": bool(note.get("approved")),
            "journalNoteAttributes": {
                "title": title,
                "format": about.get("format"),
                "note": self._kept(content),
                "journalNoteDate": about.get("journalnotedate"),
                "journalNoteAuthor": about.get("journalnoteauthor"),
                "journalNoteType": about.get("journalnotetype"),
                "createdTime": f"{self._local():%Y-%m-%dT%H:%M:%S}.1234567",
            },
        }
        self._add(case.notes, made, "uuid")

    def _kept(self, content: str) -> str:
        """The note as it is kept: with the faults that a client has reported, when switched on."""
        if self.spoils_padding and content.endswith("="):
            content = content[:-4]
        if self.spoils_letters:
            text = base64.b64decode(content).decode().encode().decode("cp1252", "replace")
            content = base64.b64encode(text.encode()).decode()
        return content

    def _import_case(self, asked: dict[str, Any]) -> Response:
        about, classes = asked["caseattributes"], asked.get("caseclassification") or {}
        made = FakeCase(
            number=f"S2026-{10_000 + len(self.cases)}",
            uuid=asked["common"]["uuid"],
            title=about["title"],
            opened=about["casedate"],
            state=asked["state"],
            state_since=about["casedate"],
            sensitivity=asked["sensitivity"],
            kle_number=classes["klenumber"]["code"],
            facet=classes["proceedingfacet"]["code"],
        )
        if worker := (asked.get("caseworker") or {}).get("kspidentity"):
            made.caseworker = {
                "novaUserId": str(uuid.uuid4()),
                "racfId": worker["racfid"],
                "fullName": worker["fullname"],
            }
        for name in ("securityunit", "responsibledepartment"):
            unit = (asked.get(name) or {}).get("losidentity") or {}
            spelt = {"fullname": "fullName", "userkey": "userKey"}
            spelt["administrativeunitid"] = "administrativeUnitId"
            made.unit = {**made.unit, **{spelt[key]: value for key, value in unit.items()}}
        made.parties = [
            {
                "index": str(uuid.uuid4()),
                "name": party.get("name"),
                "identificationType": party["identificationtype"],
                "identification": party["identification"],
                "participantRole": party["participantrole"],
            }
            for party in asked.get("caseparties") or []
        ]
        self.cases.append(made)
        return Response(status=200)

    # -- documents --------------------------------------------------------------------------------

    def _upload(self, request: Request, ids: list[str]) -> Response:
        if len(ids) != 2 or not all(_is_uuid(each) for each in ids):
            raise Refusal(400, "UploadFile takes a transaction and a document")
        file = parts(request).get("file")
        if file is None or not file[0]:
            raise Refusal(400, "file is required")
        if ids[1] in self.uploads and self.repeats == REFUSES:
            raise Refusal(409, "The document is there already")
        self.uploads[ids[1]] = file
        return Response(status=200)

    def _import_document(self, asked: dict[str, Any]) -> Response:
        case = self._writable(str(asked.get("caseuuid")))
        number = asked["common"].get("uuid")
        if number not in self.uploads:
            raise Refusal(400, "The file was not uploaded")
        title = asked.get("title")
        if not title or len(title) > self.longest_title:
            raise Refusal(400, "title is not valid")
        if asked.get("sensitivity") not in SENSITIVITIES:
            raise Refusal(400, "sensitivity is not valid")
        name = self.uploads[number][0]
        made = {
            "documentUuid": number,
            "documentNumber": f"D2026-{10_000 + sum(len(each.documents) for each in self.cases)}",
            "title": title,
            "sensitivity": asked["sensitivity"],
            "documentType": asked.get("documenttype"),
            "description": asked.get("description"),
            "approved": bool(asked.get("approved")),
            "documentDate": asked.get("documentdate"),
            "fileExtension": name.rpartition(".")[2],
            "documentCategoryUuid": asked.get("documentcategoryuuid"),
            "securityUnit": asked.get("securityunit"),
            "accessToDocuments": bool(asked.get("accesstodocuments")),
        }
        self._add(case.documents, made, "documentUuid")
        return Response(status=200)

    def _document_list(self, asked: dict[str, Any]) -> Response:
        start, rows = _paging(asked, most=10_000) if "paging" in asked else (1, 10_000)
        found = [
            document
            for case in self.cases
            if not case.is_hidden
            and asked.get("caseuuid") in (None, case.uuid)
            and asked.get("casenumber") in (None, case.number)
            for document in case.documents
        ]
        first = max(start, 1) - 1
        page = found[first : first + rows]
        wanted = {"documentuuid": True, "documentnumber": True, **(asked.get("getoutput") or {})}
        more = len(found) > first + rows
        paging = {"startRow": start, "numberOfRows": len(page), "hasMoreRows": more}
        documents = [picked(document, wanted) for document in page]
        return plain(200, {"pagingInformation": paging, "documents": documents})

    def _file(self, number: str) -> Response:
        used = {document["documentUuid"] for case in self.cases for document in case.documents}
        if number not in used:
            raise Refusal(404, "Not Found")
        kind = {"content-type": "application/octet-stream"}
        return Response(status=200, headers=kind, body=self.uploads[number][1])

    # -- what both rest on ------------------------------------------------------------------------

    def _writable(self, number: str) -> FakeCase:
        case = next((case for case in self.cases if case.uuid == number), None)
        if case is None or case.is_hidden:
            raise Refusal(404, "Not Found")
        if case.is_locked:
            raise Refusal(423, "Locked")
        if case.state == CLOSED_STATE and self.refuses_closed:
            raise Refusal(400, "The case is closed")
        return case

    def _add(self, rows: list[dict[str, Any]], made: dict[str, Any], key: str) -> None:
        known = [row for row in rows if row[key] == made[key]]
        if known and self.repeats == REFUSES:
            raise Refusal(409, "It is there already")
        if known and self.repeats == REPLACES:
            known[0].update(made)
            return
        rows.append(made)

    def _local(self) -> datetime:
        return self.now.astimezone(_LOCAL)


def _problem(status: int, title: str) -> Response:
    return plain(
        status,
        {"type": f"https://httpstatuses.io/{status}", "title": title, "status": status},
        {"content-type": "application/problem+json; charset=utf-8"},
    )


def _body(request: Request) -> dict[str, Any]:
    """The JSON with all member names in lower case."""
    try:
        value = json.loads(request.body)
    except ValueError:
        raise Refusal(400, "The body is no JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "The body is no object")
    lowered: dict[str, Any] = lower(value)
    return lowered


def _is_uuid(value: object) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def _paging(asked: dict[str, Any], most: int) -> tuple[int, int]:
    paging = asked.get("paging") or {}
    start, rows = paging.get("startrow", 0), paging.get("numberofrows", 0)
    if not 1 <= rows <= most:
        raise Refusal(400, f"numberOfRows must be 1 to {most}")
    return start, rows
