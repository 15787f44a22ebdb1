"""An SBSYS in a box: the Web API behind SBSIP, as its public clients know it.

What it does where no client tells: the search takes a number as a part of one (so a client must
compare), a note on an unknown case is 404, a full server is 507. Members of a search that it does
not know are passed over, as .NET does; members of a document's `json` break the call, as one
client warns. Nothing keeps one thing from being written twice.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, FakeSystem, parts, plain
from connector.sandbox.world import Json

TOKEN_PATH = "/auth/realms/sbsip/protocol/openid-connect/token"  # noqa: S105  an address
_SPACE = uuid.UUID("6f0d1c1e-55c8-4f0a-9b3e-5b5b595e5355")
_DOCUMENT_FIELDS = {"SagID", "DokumentNavn", "Beskrivelse", "OmfattetAfAktindsigt", "DokumentArt"}
_KLE = re.compile(r"(\d{2}\.\d{2}\.\d{2})-([A-Z]\d{2})-(\d+)-(\d{2})")
_ZONE = ZoneInfo("Europe/Copenhagen")


@dataclass(kw_only=True)
class SbsysCase:
    """A case. `held` makes every write a conflict; `hidden` keeps it from the account."""

    id: int
    number: str
    title: str = ""
    state: str = "Aktiv"
    is_protected: bool | None = False
    security_set: int | None = None
    logon: str = ""
    office: str = "Borgerservice"
    persons: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    opened: str = "2024-03-01T08:15:00.61+01:00"
    status_changed: str = "2024-03-01T08:15:00.437+01:00"
    held: bool = False
    hidden: bool = False
    locked_out: bool = False  # shown in a search, and 403 when opened
    notes: list[Json] = field(default_factory=list)
    documents: list[Json] = field(default_factory=list)

    @property
    def uuid(self) -> str:
        """SagIdentity, the same for the same number."""
        return str(uuid.uuid5(_SPACE, self.number))

    def row(self, *, whole: bool) -> Json:
        """The case as an answer; a search leaves out the number's parts."""
        row: Json = {
            "SagsTyper": [{"Id": 1, "Navn": "EmneSag"}],
            "SagsTitel": self.title,
            "Personer": [
                {"CprNummer": "000000-0000", "Id": 100 + at, "Navn": name}
                for at, name in enumerate(self.persons)
            ],
            "Firmaer": [{"Id": 200 + at, "Navn": name} for at, name in enumerate(self.companies)],
            "Id": self.id,
            "SagIdentity": self.uuid,
            "Opstaaet": self.opened,
            "Nummer": self.number,
            "SenesteStatusAendring": self.status_changed,
            "Oprettet": self.opened,
            "Ansaettelsessted": {"Id": 5, "Navn": self.office},
            "SagsStatus": {
                "Id": 6 if self.state == "Aktiv" else 9,
                "Navn": "Opstået" if self.state == "Aktiv" else "Afsluttet",
                "SagsTilstand": self.state,
                "RequireComments": False,
            },
        }
        if self.is_protected is not None:
            row["ErBeskyttet"] = self.is_protected
        if self.security_set is not None:
            row["SecuritySetId"] = self.security_set
        if self.logon:
            row["Behandler"] = {"LogonId": self.logon, "Id": 2, "Navn": "Kim Prøvesen"}
        if self.persons:
            row["PrimaryPart"] = {"PartId": 100, "PartType": "Person", "Navn": self.persons[0]}
        if whole and (match := _KLE.fullmatch(self.number)):
            row["SagsNummer"] = {
                "EmneplanNummer": {"Id": 1, "Nummer": match[1]},
                "Facet": {"ID": 1, "Nummer": match[2]},
                "SekvensNummer": int(match[3]),
                "Aarstal": 2000 + int(match[4]),
            }
        return row


class SbsysSystem(FakeSystem):
    """The Web API and its Keycloak on one origin. Settings of a site are attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[int, SbsysCase] = {}
        self.files: dict[int, bytes] = {}
        self.account = {
            "client_id": "casethread",
            "client_secret": "fictional-client",
            "username": "casethread",
            "password": "fictional",
        }
        self.now = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
        self.searches_by_number = True
        self.answers_with_text = False
        self.lists_in_results = False
        self.rewrites_notes = False
        self.external_id_field = ""
        self.file_types = {"html", "txt", "wav", "mp3", "m4a", "pdf", "png", "jpg"}
        self.most_file_bytes = 30_000_000
        self._tokens: set[str] = set()
        self._next_id = 1000

    def add(self, case: SbsysCase) -> SbsysCase:
        """Let a case be there."""
        self.cases[case.id] = case
        return case

    def case_of(self, number: str) -> SbsysCase | None:
        """The case of this number."""
        return next((case for case in self.cases.values() if case.number == number), None)

    def end_tokens(self) -> None:
        """Every token that was given ends now."""
        self._tokens.clear()

    # -- a bad day -------------------------------------------------------------------------------

    def is_write(self, request: Request) -> bool:
        return request.method != "GET" and request.path not in (TOKEN_PATH, "/api/sag/search")

    def refusal(self, state: str, request: Request) -> Response:
        if state == EXPIRED:
            if request.path == TOKEN_PATH:
                return plain(401, {"error": "invalid_grant", "error_description": "Invalid user"})
            return plain(401, {"Message": "Authorization has been denied for this request."})
        if state == READ_ONLY:
            return plain(403, {"Message": "Brugeren har ikke rettighed til handlingen."})
        return plain(507, {"Message": "Der er ikke plads."})

    # -- a good day ------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        if request.path == TOKEN_PATH:
            return self._token(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._tokens:
            return plain(401, {"Message": "Authorization has been denied for this request."})
        place = request.path.strip("/").split("/")
        match (request.method, *place):
            case ("GET", "api", "bruger", "me"):
                return plain(200, {"LogonId": self.account["username"], "Id": 7, "Navn": "Robot"})
            case ("POST", "api", "sag", "search"):
                return self._search(json.loads(request.body))
            case ("GET", "api", "sag", case_id, *rest):
                return self._read(case_id, rest)
            case ("POST", "api", "journalarknote", "create"):
                return self._create_note(json.loads(request.body))
            case ("POST", "api", "dokument", "journaliser"):
                return self._journalise(request)
        return plain(404, {"Message": "No HTTP resource was found that matches the request URI."})

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "password":
            return plain(400, {"error": "unsupported_grant_type"})
        if {name: form.get(name) for name in self.account} != self.account:
            return plain(401, {"error": "invalid_grant", "error_description": "Invalid user"})
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return plain(
            200, {"access_token": token, "expires_in": 300, "token_type": "Bearer", "scope": ""}
        )

    def _search(self, body: dict[str, Any]) -> Response:
        wanted = str(body.get("Nummer") or "") if self.searches_by_number else ""
        hits = [
            case.row(whole=False)
            for case in self.cases.values()
            if not case.hidden and wanted in case.number
        ]
        limit = int(body.get("Limit", 100))
        skip = int(body.get("Skip", 0))
        return plain(200, {"TotalNumberOfResults": len(hits), "Results": hits[skip : skip + limit]})

    def _read(self, case_id: str, rest: list[str]) -> Response:
        case = self.cases.get(int(case_id)) if case_id.isdigit() else None
        if case is None or case.hidden:
            return plain(404, {"Message": "Sagen findes ikke."})
        if case.locked_out:
            return plain(403, {"Message": "Brugeren har ikke adgang til sagen."})
        match rest:
            case []:
                return plain(200, case.row(whole=True))
            case ["journalarknotes"]:
                return self._listed(case.notes)
            case ["dokumenter"]:
                return self._listed(case.documents)
        return plain(404, {"Message": "No HTTP resource was found that matches the request URI."})

    def _listed(self, rows: list[Json]) -> Response:
        return plain(200, {"Results": rows} if self.lists_in_results else list(rows))

    # -- writing ---------------------------------------------------------------------------------

    def _refused(self, case_id: object) -> Response | None:
        """Why nothing may be written on a case; None when it may."""
        case = self.cases.get(case_id) if isinstance(case_id, int) else None
        if case is None or case.hidden:
            return plain(404, {"Message": "Sagen findes ikke."})
        if case.locked_out:
            return plain(403, {"Message": "Brugeren har ikke adgang til sagen."})
        if case.state != "Aktiv" or case.held:
            return plain(409, {"Message": "Sagen kan ikke ændres i sin nuværende tilstand."})
        return None

    def _create_note(self, body: dict[str, Any]) -> Response:
        faults = {}
        if not body.get("Overskrift") or len(body["Overskrift"]) > 255:
            faults["model.Overskrift"] = [f"Feltet er ugyldigt: {body.get('Overskrift')}"]
        if _time(body.get("KontaktTidspunkt")) is None:
            faults["model.KontaktTidspunkt"] = ["Feltet er ugyldigt."]
        if faults:
            return plain(400, {"Message": "The request is invalid.", "ModelState": faults})
        refused = self._refused(body.get("SagID"))
        if refused is not None:
            return refused
        note: Json = {
            "Id": self._id(),
            "Uuid": str(uuid.uuid4()),
            "SagID": body["SagID"],
            "Overskrift": body["Overskrift"],
            "Note": "<p>…</p>" if self.rewrites_notes else str(body.get("Note", "")),
            "KontaktTidspunkt": body["KontaktTidspunkt"],
            "Oprettet": self._moment(),
            "OprettetAf": {"LogonId": self.account["username"], "Id": 7, "Navn": "Robot"},
        }
        self.cases[body["SagID"]].notes.append(note)
        if self.answers_with_text:
            return Response(headers={"content-type": "text/plain"}, body=b"true")
        return plain(200, note)

    def _journalise(self, request: Request) -> Response:
        if len(request.body) > self.most_file_bytes:
            return Response(status=404, headers={"content-type": "text/html"}, body=b"<html>404")
        form = parts(request)
        if set(form) != {"file", "json"}:
            return plain(400, {"Message": "Multipart skal have delene file og json."})
        told = json.loads(form["json"][1])
        name, content = form["file"]
        known = _DOCUMENT_FIELDS | ({self.external_id_field} if self.external_id_field else set())
        if set(told) - known:
            return plain(400, {"Message": "Json-delen kunne ikke læses."})
        if not 0 < len(told.get("DokumentNavn", "")) <= 200:
            return plain(
                400,
                {"Message": "The request is invalid.", "ModelState": {"json.DokumentNavn": ["?"]}},
            )
        if len(told.get("Beskrivelse", "")) > 255 or name.rpartition(".")[2] not in self.file_types:
            return plain(400, {"Message": "Filtypen eller beskrivelsen kan ikke bruges."})
        refused = self._refused(told.get("SagID"))
        if refused is not None:
            return refused
        document = self._document(told, name, content)
        self.cases[told["SagID"]].documents.append(document)
        return plain(200, document)

    def _document(self, told: dict[str, Any], name: str, content: bytes) -> Json:
        document_id = self._id()
        self.files[document_id] = content
        return {
            "EksternId": told.get(self.external_id_field) if self.external_id_field else None,
            "SagID": told["SagID"],
            "DokumentID": document_id,
            "DokumentIdentity": str(uuid.uuid4()),
            "RegistreringsDato": self._moment(),
            "Beskrivelse": told.get("Beskrivelse"),
            "DokumentNavn": told["DokumentNavn"],
            "DokumentArt": told.get("DokumentArt"),
            "OmfattetAfAktindsigt": told.get("OmfattetAfAktindsigt", True),
            "Filer": [{"Id": str(uuid.uuid4()), "Filnavn": name, "ErPrimaerFil": True}],
            "Id": self._id(),
        }

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _moment(self) -> str:
        self.now += timedelta(seconds=1)
        return self.now.astimezone(_ZONE).isoformat(timespec="milliseconds")


def _time(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(written or ""))
    except ValueError:
        return None
