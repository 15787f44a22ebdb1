"""A fake cBrain F2 with the part of F2-REST 13 that its public documentation describes.

What the documentation leaves open is a switch here (`poe_status`, `spellings`), so that a client is
tried against each reading. Its addresses are its own: they must be followed, not built.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import (
    EXPIRED,
    FULL,
    READ_ONLY,
    FakeSystem,
    basic_user,
    parts,
    plain,
)
from connector.sandbox.systems.f2_pages import (
    case_page,
    document_element,
    matter_page,
    parties_page,
    structure_page,
)
from connector.sandbox.systems.f2_records import (
    REL,
    WARNING,
    XML,
    F2Error,
    FakeCase,
    FakeDocument,
    FakeMatter,
    OneTimeAddress,
    error_xml,
    matter_values,
)

ROOT = "/F2Rest"


class FakeF2(FakeSystem):
    """One client ("casethread-client", secret "fictional") that signs in as the user "casethread".

    `meanwhile` runs just before content is posted to a one-time address: what other people do in
    F2 at the worst moment. `infected` are beginnings of files that the virus scan finds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[int, FakeCase] = {}
        self.matters: dict[int, FakeMatter] = {}
        self.addresses: dict[str, OneTimeAddress] = {}
        self.tokens: set[str] = set()
        self.poe_status = 201
        self.spellings = ("plain", "spaced")
        self.is_loose = False  # a look-up answers with a case whose number begins so
        self.lags = False  # new akter are not in the structure of their case yet
        self.has_parties = True
        self.gives_reasons = True  # reason codes are optional
        self.infected: tuple[bytes, ...] = ()
        self.meanwhile: Callable[[], None] = lambda: None
        self.password = ""  # of the F2 user; "" when the client need not give it
        self.now = datetime(2026, 11, 20, 15, 31, 28)  # noqa: DTZ001  the server's local time
        self._ids = 1_046_443

    # -- what a test puts in ----------------------------------------------------------------------

    def add_case(self, number: str, **values: object) -> FakeCase:
        """A new case, its number as F2 shows it."""
        case = FakeCase(id=self._new_id(), number=number, **values)  # type: ignore[arg-type]
        self.cases[case.id] = case
        return case

    def case(self, number: str) -> FakeCase:
        """The case of this number, in any spelling."""
        wanted = number.replace(" ", "")
        return next(c for c in self.cases.values() if c.number.replace(" ", "") == wanted)

    def on_case(self, number: str) -> list[FakeMatter]:
        """The akter that people see on a case."""
        case = self.case(number)
        return [m for m in self.matters.values() if m.case_id == case.id and not m.binned]

    def forget_addresses(self) -> None:
        """One-time addresses are deleted by the server after some time."""
        self.addresses.clear()

    # -- FakeSystem -------------------------------------------------------------------------------

    def is_write(self, request: Request) -> bool:
        """Only posting content creates; asking for a token or a one-time address does not."""
        return request.method == "POST" and request.path.startswith(f"{ROOT}/poe/")

    def refusal(self, state: str, request: Request) -> Response:
        if state == EXPIRED:
            return error_xml(request, F2Error(401, "Authentication is required."))
        if state == READ_ONLY:
            return error_xml(request, F2Error(403, "The client may not do this."))
        return error_xml(request, F2Error(500, "Something is broken."))

    def answer(self, request: Request) -> Response:
        try:
            return self._route(request)
        except F2Error as error:
            if not self.gives_reasons:
                error.reason = ""
            return error_xml(request, error)

    def _route(self, request: Request) -> Response:
        path = request.path.removeprefix(ROOT)
        if path == "/ServiceIndex":
            return self._service_index(request)
        if path == "/oauth2/token":
            return self._token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise F2Error(401, "Authentication is required.")
        step, _, rest = path.strip("/").partition("/")
        routes: dict[tuple[str, str], Callable[[Request, str], Response]] = {
            ("GET", "find-case"): self._find_case,
            ("GET", "c"): self._case,
            ("GET", "cs"): self._structure,
            ("GET", "cp"): self._parties,
            ("GET", "m"): self._matter,
            ("GET", "d"): self._document,
            ("GET", "bytes"): self._content,
            ("POST", "factory"): self._factory,
            ("POST", "poe"): self._post_once,
        }
        if (request.method, step) not in routes:
            raise F2Error(404, "There is nothing here.")
        return routes[request.method, step](request, rest)

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    # -- signing in -------------------------------------------------------------------------------

    def _service_index(self, request: Request) -> Response:
        links = {
            "oauth2-token": "/oauth2/token",
            "case-by-case-number": "/find-case/{caseNumber}",
            "case-by-id": "/c/{id}",
            "matter-by-id": "/m/{id}",
            "create-matter": "/factory/free",
        }
        return plain(
            200,
            {
                REL + rel: {"href": f"{request.origin}{ROOT}{path}", "title": rel}
                for rel, path in links.items()
            },
        )

    def _token(self, request: Request) -> Response:
        if basic_user(request) != ("casethread-client", "fictional"):
            return plain(401, {"error": "invalid_client"})
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        is_user = form.get("username") == "casethread" and form.get("password", "") == self.password
        if form.get("grant_type") != "password" or not is_user:
            return plain(400, {"error": "invalid_grant"})
        token = hashlib.sha256(f"token {len(self.tokens)}".encode()).hexdigest()[:22]
        self.tokens.add(token)
        return plain(
            200,
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": 3600,
                "refresh_token": token[::-1],
            },
        )

    # -- cases ------------------------------------------------------------------------------------

    def _find_case(self, request: Request, _rest: str) -> Response:
        asked = unquote(request.target.rpartition("/")[2])
        spelling = "spaced" if " - " in asked else "plain"
        wanted = asked.replace(" ", "") if spelling in self.spellings else ""
        for case in self.cases.values():
            number = re.sub("[\u2013\u2014]", "-", case.number.replace(" ", ""))
            is_it = number == wanted or (self.is_loose and wanted and number.startswith(wanted))
            if is_it and not case.is_hidden:
                headers = {"location": f"{ROOT}/c/{case.id}"}
                return Response(status=302, headers=headers)
        raise F2Error(404, "Case not found.", "DossierCaseNotFound")

    def _known_case(self, rest: str) -> FakeCase:
        case = self.cases.get(int(rest)) if rest.isdecimal() else None
        if case is None or case.is_hidden:
            raise F2Error(404, "Case not found.", "DossierCaseNotFound")
        if case.is_forbidden:
            raise F2Error(403, "No read access.", "DossierNoReadAccess")
        return case

    def _case(self, request: Request, rest: str) -> Response:
        return case_page(self._known_case(rest), f"{request.origin}{ROOT}", self.has_parties)

    def _parties(self, _request: Request, rest: str) -> Response:
        return parties_page(self._known_case(rest))

    def _structure(self, request: Request, rest: str) -> Response:
        case = self._known_case(rest)
        shown = [m for m in self.matters.values() if m.case_id == case.id and not self.lags]
        return structure_page(case, shown, f"{request.origin}{ROOT}")

    # -- akter and documents ----------------------------------------------------------------------

    def _known_matter(self, rest: str) -> FakeMatter:
        matter = self.matters.get(int(rest)) if rest.isdecimal() else None
        if matter is None:
            raise F2Error(404, "Matter not found.", "DossierNotFound")
        return matter

    def _matter(self, request: Request, rest: str) -> Response:
        return self._matter_page(request, self._known_matter(rest), 200, {})

    def _matter_page(
        self, request: Request, m: FakeMatter, status: int, headers: Mapping[str, str]
    ) -> Response:
        number = self.cases[m.case_id].number if m.case_id else ""
        return matter_page(m, number, f"{request.origin}{ROOT}", status, headers)

    def _any_document(self, rest: str) -> FakeDocument:
        for matter in self.matters.values():
            for document in matter.documents:
                if str(document.id) == rest:
                    return document
        raise F2Error(404, "Document not found.", "DossierDocumentNotFound")

    def _document(self, request: Request, rest: str) -> Response:
        text = document_element(self._any_document(rest), f"{request.origin}{ROOT}")
        return Response(headers={"content-type": XML}, body=text.encode())

    def _content(self, _request: Request, rest: str) -> Response:
        return Response(body=self._any_document(rest).content)

    # -- posting once -----------------------------------------------------------------------------

    def _factory(self, request: Request, rest: str) -> Response:
        for state in (READ_ONLY, FULL):
            if state in self.states:
                return self.refusal(state, request)
        if request.body:
            raise F2Error(400, "The first POST is empty.")
        name = hashlib.sha256(f"poe {self._new_id()}".encode()).hexdigest()[:32]
        self.addresses[name] = OneTimeAddress(target=rest)
        headers = {"location": f"{ROOT}/poe/{name}"}
        return Response(status=self.poe_status, headers=headers)

    def _post_once(self, request: Request, rest: str) -> Response:
        address = self.addresses.get(rest)
        if address is None:
            raise F2Error(404, "Resource not found.")
        if address.made:
            return Response(status=303, headers={"location": address.made})
        self.meanwhile()
        sort, _, number = address.target.partition("-")
        if sort == "matter":
            return self._create_document(request, address, self._known_matter(number))
        return self._create_matter(request, address, int(number or 0))

    def _require_writable(self, case_id: int) -> None:
        case = self.cases.get(case_id)
        if case is None:
            return
        if case.is_hidden:
            raise F2Error(404, "Case not found.", "DossierCaseNotFound")
        if case.is_read_only:
            raise F2Error(403, "No write access.", "DossierNoWriteAccess")
        if case.is_locked:
            raise F2Error(423, "The case is open for edit.", "LockedByAnotherUser")
        if case.is_closed:
            raise F2Error(409, f"Case '{case.title}' is closed.", "DossierCaseClosed")

    def _create_matter(self, request: Request, address: OneTimeAddress, case_id: int) -> Response:
        self._require_writable(case_id)
        values = matter_values(request)
        matter_id = self._new_id()
        self.now += timedelta(seconds=1)
        matter = FakeMatter(
            id=matter_id,
            number=100_000 + matter_id % 100_000,
            case_id=case_id,
            values=values,
            created=self.now.isoformat(),
        )
        self.matters[matter_id] = matter
        address.made = f"{request.origin}{ROOT}/m/{matter_id}"
        return self._matter_page(request, matter, 201, {"location": address.made})

    def _create_document(
        self, request: Request, address: OneTimeAddress, matter: FakeMatter
    ) -> Response:
        self._require_writable(matter.case_id)
        form = parts(request)
        title = form.get("Title", ("", b""))[1].decode()
        if not title or len(title) > 255:
            raise F2Error(400, "Title is required, 255 characters at most.", "DossierBadTitle")
        if "File" not in form or form.keys() - {"Title", "Description", "File"}:
            raise F2Error(400, "The form is not as documented.")
        file_name, content = form["File"]
        file_type = file_name.rpartition(".")[2]
        if any(content.startswith(bad) for bad in self.infected):
            content, file_type = WARNING, "docx"
        document = FakeDocument(
            id=self._new_id(),
            title=title,
            description=form.get("Description", ("", b""))[1].decode(),
            file_type=file_type,
            content=content,
        )
        matter.documents.append(document)
        address.made = f"{request.origin}{ROOT}/d/{document.id}"
        body = document_element(document, f"{request.origin}{ROOT}").encode()
        headers = {"content-type": XML, "location": address.made}
        return Response(status=201, headers=headers, body=body)
