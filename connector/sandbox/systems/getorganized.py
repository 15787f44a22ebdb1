"""GetOrganized in a box: its `_goapi` and the SharePoint sites of its cases.

Built from what public clients send and read (docs/systems/getorganized.md lists them). Where they
show nothing, the box does the least helpful thing: an unknown column is dropped without a word, a
name that is taken is an error 500, marking answers with an empty body.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from connector.model import Case
from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems import ntlm
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, FakeSystem, basic_user, plain
from connector.sandbox.systems.getorganized_site import Site
from connector.sandbox.systems.getorganized_store import (
    FakeCase,
    FakeDocument,
    Refused,
    Store,
    case_row,
    document_row,
    row_xml,
    set_row,
)

MOST_DIRECT_BYTES = 10 << 20
_API = re.compile(r"(?P<web>/.*?)?/_goapi/(?P<rest>.*?)/?")
_SITE = re.compile(r"(?P<url>/cases/[^/]+/[^/]+)/_api/(?P<rest>.+)")
_TOO_LARGE = b"<html><body><h2>HTTP Error 503. The service is unavailable.</h2></body></html>"
# POSTs that change nothing.
_READS = ("/findbycaseproperties", "/findcases", "/contextinfo")

Call = Callable[["FakeGetOrganized", dict[str, Any]], Response]


class FakeGetOrganized(FakeSystem):
    """Answers for one user, by NTLM, and by Basic when `takes_basic`.

    `finds_parts` lets a search for a number find those that contain it; `takes_base64` lets Bytes
    be one text; `lock_refusal` and `closed_refusal` are how it says that a case is locked or closed
    (not known from any client).
    """

    def __init__(self, user: str = "casethread", password: str = "fictional") -> None:  # noqa: S107
        super().__init__()
        self.user = user
        self.password = password
        self.takes_basic = True
        self.takes_base64 = False
        self.finds_parts = False
        self.marks = True  # false: marking is answered with success, and nothing happens
        self.lock_refusal = (500, "The file is locked for exclusive use by KOMMUNE\\anna.")
        self.closed_refusal = (500, "Sagen er lukket og kan ikke ændres.")
        self.store = Store()
        self.site = Site(self, self.store)
        self._challenges: dict[str, bytes] = {}  # by the connection that asked

    # -- who asks ----------------------------------------------------------------------------------

    def refusal(self, state: str, request: Request) -> Response:  # noqa: ARG002
        """FULL, READ_ONLY, EXPIRED."""
        if state == EXPIRED:
            return self._unauthorized()
        if state == READ_ONLY:
            return plain(403, {"Message": "Access denied. You do not have permission."})
        message = "This site has exceeded its storage quota limit (0x80070070)."
        return plain(500, {"Message": message})

    def is_write(self, request: Request) -> bool:
        """Searches and the form digest are POSTs that change nothing."""
        return request.method not in ("GET", "HEAD") and not request.path.lower().endswith(_READS)

    def _unauthorized(self, challenge: str = "") -> Response:
        ways = f"NTLM {challenge}".strip()
        return Response(status=401, headers={"www-authenticate": ways}, body=b"")

    def _signed_in(self, request: Request) -> Response | None:
        """None for somebody it knows, else the next step of signing in.

        NTLM signs in a connection: the proof must come by the one that was given the challenge.
        Here every request proves itself; a real server may let later ones on the connection pass.
        """
        if self.takes_basic and basic_user(request) == (self.user, self.password):
            return None
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            message = base64.b64decode(value, validate=True) if kind == "NTLM" else b""
        except binascii.Error:
            return self._unauthorized()
        if ntlm.message_type(message) == 1:
            challenge = secrets.token_bytes(8)
            self._challenges[request.peer] = challenge
            return self._unauthorized(base64.b64encode(ntlm.challenge_message(challenge)).decode())
        given = self._challenges.pop(request.peer, None)
        if given is not None and ntlm.proves(message, given, self.user, self.password):
            return None
        return self._unauthorized()

    # -- what is asked -----------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        """The answer on a good day."""
        if (refused := self._signed_in(request)) is not None:
            return refused
        try:
            return self._route(request)
        except Refused as error:
            return plain(error.status, {"Message": str(error)})

    def _route(self, request: Request) -> Response:
        if match := _SITE.fullmatch(request.path):
            for case in self.store.cases:
                if case.url.lower() == match["url"].lower() and not case.folder:
                    return self.site.answer(case, match["rest"], request)
            raise Refused(404, "FileNotFoundException")
        match = _API.fullmatch(request.path)
        rest = match["rest"].lower() if match else ""
        if request.method == "GET":
            return self._get(rest)
        call = _CALLS.get((request.method, rest))
        if call is None:
            raise Refused(404, "No HTTP resource was found that matches the request URI.")
        return call(self, _members(request))

    def _get(self, rest: str) -> Response:
        parts = rest.split("/")
        if parts[:2] == ["cases", "metadata"] and len(parts) in (3, 4):
            return plain(200, {"Metadata": row_xml(case_row(self.store.case(parts[2])))})
        if parts[:2] == ["documents", "metadata"] and len(parts) == 3:
            case, document = self.store.document(parts[2])
            return plain(200, {"Metadata": row_xml(document_row(case, document))})
        if parts[:2] == ["documents", "documentbytes"] and len(parts) == 3:
            content = self.store.document(parts[2])[1].content
            if len(content) > MOST_DIRECT_BYTES:  # 200 all the same
                return Response(headers={"content-type": "text/html"}, body=_TOO_LARGE)
            return Response(headers={"content-type": "application/octet-stream"}, body=content)
        raise Refused(404, "No HTTP resource was found that matches the request URI.")

    # -- cases -------------------------------------------------------------------------------------

    def find_by_properties(self, asked: dict[str, Any]) -> Response:
        """Cases of the prefixes whose fields are equal to, or contain, what is asked."""
        prefixes = {str(each).upper() for each in asked.get("casetypeprefixes", [])}
        most = int(asked.get("returncasesnumber", 25))
        found = [
            {"CaseID": case.id, "RelativeUrl": case.url, "ItemExists": True}
            for case in self.store.cases
            if case.id.split("-")[0] in prefixes
            and all(self._fits(case, field) for field in asked["fieldproperties"])
        ]
        return plain(200, {"CasesInfo": found[:most]})

    def _fits(self, case: FakeCase, field: dict[str, Any]) -> bool:
        name = str(field["InternalName"]).removeprefix("ows_")
        has = case_row(case).get(name, "").lower()
        wanted = str(field["Value"]).lower()
        is_part = field.get("ComparisonType", "Equal") == "Contains" or self.finds_parts
        return wanted in has if is_part else wanted == has

    def find_cases(self, asked: dict[str, Any]) -> Response:
        """Cases by a pattern of their number, as XML in JSON."""
        pattern = re.escape(str(asked["caseidfilter"])).replace(r"\*", ".*")
        start, count = int(asked.get("startitemindex", 0)), int(asked.get("itemcount", 30))
        hits = [each for each in self.store.cases if re.fullmatch(pattern, each.id)]
        rows = "".join(
            row_xml({"CaseID": each.id, "Name": each.row.get("Title", "")})
            .replace('<z:row xmlns:z="#RowsetSchema"', "<Case")
            .replace(" ows_", " ")
            for each in hits[start : start + count]
        )
        text = f'<Cases><ServiceStatus Status="Success" />{rows}</Cases>'
        return plain(200, {"ResultsXml": text})

    def create_case(self, asked: dict[str, Any]) -> Response:
        """A new case of a type."""
        made = FakeDocument(0, "", "", b"", self.store.now())
        set_row(made, str(asked["metadataxml"]), is_month_first=False)
        prefix = str(asked["casetypeprefix"])
        number = f"{prefix}-2026-{len(self.store.cases) + 33_831:06}"
        case = self.store.add_case(number, Title=made.row.get("Title", ""), CaseStatus="Åben")
        return plain(200, {"CaseID": case.id, "CaseRelativeUrl": case.url})

    def close_case(self, asked: dict[str, Any]) -> Response:
        """Close it."""
        case = self.store.case(str(asked["caseid"]))
        case.row["CaseStatus"], case.row["Lukket"] = "Lukket", "2026-11-20 14:56:05"
        return plain(200, {})

    # -- documents ---------------------------------------------------------------------------------

    def _writable(self, case: FakeCase) -> None:
        if case.is_locked:
            raise Refused(*self.lock_refusal)
        if case.is_closed:
            raise Refused(*self.closed_refusal)

    def add_to_case(self, asked: dict[str, Any]) -> Response:
        """A document with its bytes as a list of numbers."""
        case = self.store.case(str(asked["caseid"]))
        self._writable(case)
        content = asked["bytes"]
        if isinstance(content, str) and self.takes_base64:
            content = list(base64.b64decode(content))
        if not isinstance(content, list):
            raise Refused(400, "The request is invalid: Bytes.")
        name = str(asked["filename"])
        if re.search(r'[<>:"/\\|?*]', name):
            raise Refused(500, "The file name contains invalid characters.")
        made = case.named(name)
        if made is not None and (not asked.get("overwrite", True) or made.is_final):
            raise Refused(500, f"A file with the name {name} already exists.")
        blank = FakeDocument(0, name, "", b"", self.store.now())
        set_row(blank, str(asked.get("metadata") or ""), is_month_first=False)
        if made is None:
            made = self.store.add_document(case, name, b"")
        made.content = bytes(content)
        made.row.update(blank.row)
        made.folder = "/".join(filter(None, (case.folder, str(asked.get("folderpath") or ""))))
        return plain(200, {"DocId": made.id})

    def set_metadata(self, asked: dict[str, Any]) -> Response:
        """New metadata for a document that is not final. Dates are month first here."""
        case, document = self.store.document(asked["docid"])
        self._writable(case)
        if document.is_final:
            raise Refused(500, "Dokumentet er endeligt.")
        set_row(document, str(asked["metadataxml"]), is_month_first=True)
        return plain(200, {})

    def mark(self, asked: dict[str, Any]) -> Response:
        """Make documents records of their case; empty answer."""
        for number in asked["documentids"]:
            case, document = self.store.document(number)
            self._writable(case)
            if self.marks and not document.record_number:
                highest = max(each.record_number for each in case.documents)
                document.record_number = highest + 1
        return Response(status=200, body=b"")

    def finalize(self, asked: dict[str, Any]) -> Response:
        """Lock documents; says so in `Success`."""
        numbers = asked.get("documentids") or [asked.get("docid")]
        for number in numbers:
            case, document = self.store.document(number)
            self._writable(case)
            document.is_final = True
        return plain(200, {"Success": True, "Message": ""})

    def delete(self, asked: dict[str, Any]) -> Response:
        """Delete one; a record or a final document only by force."""
        case, document = self.store.document(asked["docid"])
        if (document.is_final or document.record_number) and not asked.get("forcedelete"):
            raise Refused(500, "Dokumentet er journaliseret.")
        case.documents.remove(document)
        return plain(200, {})

    # -- for tests and demonstrations --------------------------------------------------------------

    def hold(self, cases: list[Case]) -> None:
        """Hold exactly these cases."""
        self.store.cases.clear()
        for case in cases:
            self.store.hold(case)


_CALLS: dict[tuple[str, str], Call] = {
    ("POST", "cases"): FakeGetOrganized.create_case,
    ("POST", "cases/findbycaseproperties"): FakeGetOrganized.find_by_properties,
    ("POST", "cases/findcases"): FakeGetOrganized.find_cases,
    ("POST", "cases/closecase"): FakeGetOrganized.close_case,
    ("POST", "documents/addtocase"): FakeGetOrganized.add_to_case,
    ("POST", "documents/addtodocumentlibrary"): FakeGetOrganized.add_to_case,
    ("POST", "documents/metadata"): FakeGetOrganized.set_metadata,
    ("POST", "documents/markmultipleascaserecord/bydocumentid"): FakeGetOrganized.mark,
    ("POST", "documents/finalizemultiple/bydocumentid"): FakeGetOrganized.finalize,
    ("POST", "documents/finalize/bydocumentid"): FakeGetOrganized.finalize,
    ("DELETE", "documents/bydocumentid"): FakeGetOrganized.delete,
}


def _members(request: Request) -> dict[str, Any]:
    """The body's members, JSON or form, by their names in lower case. Raises Refused."""
    if "urlencoded" in request.headers.get("content-type", ""):
        form = parse_qs(request.body.decode(), keep_blank_values=True)
        return {name.lower(): values[-1] for name, values in form.items()}
    try:
        value = json.loads(request.body)
    except ValueError:
        # One client sends a form and calls it JSON.
        value = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    if not isinstance(value, dict) or not value:
        raise Refused(400, "The request is invalid.")
    return {str(name).lower(): each for name, each in value.items()}
