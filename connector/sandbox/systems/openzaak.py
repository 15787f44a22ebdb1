"""A fake Open Zaak: cases, case types and documents, with the faults of the real one.

It answers as Open Zaak 1.30.0 was seen to (Zaken 1.5.1, Documenten 1.4.2, Catalogi 1.3.1), and Open
Klant under /klantinteracties. A document's identifier is checked before it is written and is no
constraint of the database: `is_racing` skips the check, as the loser of a race does.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, FakeSystem, parts, plain
from connector.sandbox.systems.openklant import FakeOpenKlant
from connector.sandbox.systems.zgw import Fault, check_crs, fault, signed_by
from connector.sandbox.world import Json

LEVELS = (
    "openbaar", "beperkt_openbaar", "intern", "zaakvertrouwelijk", "vertrouwelijk",
    "confidentieel", "geheim", "zeer_geheim",
)  # fmt: skip
LENGTHS = {"identificatie": 40, "titel": 200, "auteur": 200, "beschrijving": 1000, "taal": 3,
           "bestandsnaam": 255, "formaat": 255}  # fmt: skip
REQUIRED = ("bronorganisatie", "creatiedatum", "titel", "auteur", "taal", "informatieobjecttype")
QUERIES = {
    "zaken": {"identificatie", "bronorganisatie", "einddatum__isnull", "page"},
    "enkelvoudiginformatieobjecten": {"identificatie", "bronorganisatie", "page"},
    "zaakinformatieobjecten": {"zaak", "informatieobject"},
    "rollen": {"zaak", "page"},
    "informatieobjecttypen": {"catalogus", "page"},
}
OWNER = "000000000"
PART_BYTES = 1_000


class FakeOpenZaak(FakeSystem):
    """Cases of one case type; one client with the least rights a connector needs.

    `most` is how confidential the client may see.
    """

    def __init__(
        self,
        client_id: str = "casethread",
        secret: str = "fictional",  # noqa: S107  everything here is
        token: str = "fictional-token",  # noqa: S107
    ) -> None:
        super().__init__()
        self.page_length = 100
        self.client_id, self.secret = client_id, secret
        self.klant = FakeOpenKlant(token)
        self.cases: dict[str, Json] = {}
        self.roles: list[Json] = []
        self.documents: dict[str, Json] = {}
        self.content: dict[str, bytes] = {}
        self.links: list[Json] = []
        self.users: list[str] = []  # who the writes of documents and links were made as
        self.most = "zaakvertrouwelijk"
        self.is_racing = False
        self.parts_over = 4 << 30  # how large the content of one request may be
        self.types = {"Contactverslag": "t-1", "Bijlage": "t-2"}
        self.type_ids = ["t-1", "t-2"]  # which of them the case type allows
        self.now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
        self.has_all_rights = False  # closed and confidential cases take everything from it
        self.searches_loosely = False  # a number is found where it begins another
        # What happens just before a document is put on a case.
        self.before_link: Callable[[], object] = lambda: None

    # -- what its owners do ----------------------------------------------------------------------

    def add_case(self, number: str, **more: object) -> str:
        """Register a case; its uuid. `more` are fields of a zaak."""
        key = self.case_id(number, str(more.get("bronorganisatie", OWNER)))
        self.cases[key] = {
            "uuid": key,
            "identificatie": number,
            "bronorganisatie": OWNER,
            "omschrijving": "",
            "startdatum": "2026-01-05",
            "einddatum": None,
            "vertrouwelijkheidaanduiding": "intern",
            "kenmerken": [],
            **more,
        }
        return key

    def case_id(self, number: str, organisation: str = OWNER) -> str:
        """The uuid of a case, the same in every run."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number} {organisation}"))

    def add_role(self, case: str, kind: str, generic: str, **more: object) -> None:
        """Somebody with a part in a case."""
        self.roles.append(
            {
                "zaak": case,
                "betrokkeneType": kind,
                "omschrijvingGeneriek": generic,
                "contactpersoonRol": None,
                "betrokkeneIdentificatie": None,
                **more,
            }
        )

    def close(self, number: str) -> None:
        """The case gets its end status. Documents whose rights of use are left open forbid it."""
        if any(each.get("indicatieGebruiksrecht") is None for each in self.linked(number)):
            raise ValueError("indicatiegebruiksrecht-unset")
        for case in self.cases.values():
            if case["identificatie"] == number:
                case["einddatum"] = "2026-11-21"

    def linked(self, number: str) -> list[Json]:
        """The documents on a case, as its caseworker sees them."""
        ids = {key for key, case in self.cases.items() if case["identificatie"] == number}
        return [self.documents[link["informatieobject"]] for link in self.links
                if link["zaak"] in ids]  # fmt: skip

    # -- requests --------------------------------------------------------------------------------

    def refusal(self, state: str, request: Request) -> Response:
        """A rotated secret, missing scopes, and a full disk as Django tells it: with 500."""
        if request.path.startswith("/klantinteracties/"):
            return self.klant.refusal(state)
        if state == EXPIRED:
            return fault(403, "invalid-jwt-signature", kind="PermissionDenied")
        if state == READ_ONLY:
            return fault(403, "permission_denied", kind="PermissionDenied")
        return fault(500, "error", kind="APIException")

    def answer(self, request: Request) -> Response:
        """Open Klant under its own path; all else needs a signed token of this hour."""
        if request.path.startswith("/klantinteracties/"):
            return self.klant.answer(request)
        try:
            user = signed_by(request, self.client_id, self.secret)
            if request.path.startswith("/zaken/"):
                check_crs(request, is_write=self.is_write(request))
            return self._route(request, user)
        except Fault as error:
            return error.response

    def _route(self, request: Request, user: str) -> Response:
        _, service, _, _, resource, *rest = [*request.path.split("/"), "", "", ""]
        rest = [each for each in rest if each]
        if request.method == "GET" and rest:
            return self._one(resource, rest, request)
        if request.method == "GET" and resource in QUERIES:
            if set(request.query) - QUERIES[resource]:
                raise Fault(400, "unknown-parameters", ("nonFieldErrors", "unknown-parameters"))
            return self._list(resource, request)
        if service in ("zaken", "documenten"):
            made: dict[tuple[str, int], Callable[[], Response]] = {
                ("enkelvoudiginformatieobjecten", 0): lambda: self._create(request, user),
                ("zaakinformatieobjecten", 0): lambda: self._link(request, user),
                ("enkelvoudiginformatieobjecten", 2): lambda: self._unlock(request, rest[0]),
                ("bestandsdelen", 1): lambda: self._part(request, rest[0]),
            }
            if act := made.get((resource, len(rest))):
                return act()
        raise Fault(404, "not_found", kind="NotFound")

    # -- reading ---------------------------------------------------------------------------------

    def _is_visible(self, case: Json) -> bool:
        level = case["vertrouwelijkheidaanduiding"]
        return self.has_all_rights or LEVELS.index(level) <= LEVELS.index(self.most)

    def _one(self, resource: str, rest: list[str], request: Request) -> Response:
        key, origin = rest[0], request.origin
        if resource == "zaken" and key in self.cases:
            if not self._is_visible(self.cases[key]):
                raise Fault(403, "permission_denied", kind="PermissionDenied")
            return plain(200, self._case(self.cases[key], origin))
        if resource == "zaaktypen" and key == "z-1":
            urls = [_url(origin, "catalogi", "informatieobjecttypen", each)
                    for each in self.type_ids]  # fmt: skip
            return plain(200, {"url": request.url, "identificatie": "HJEMMEHJAELP",
                               "informatieobjecttypen": urls})  # fmt: skip
        if resource == "informatieobjecttypen" and key in self.types.values():
            return plain(200, self._type(key, origin))
        if resource == "enkelvoudiginformatieobjecten" and key in self.documents:
            if rest[1:] == ["download"]:
                return self._download(key, request)
            return plain(200, self._document(self.documents[key], origin))
        raise Fault(404, "not_found", kind="NotFound")

    def _download(self, key: str, request: Request) -> Response:
        if "json" in request.headers.get("accept", ""):
            raise Fault(406, "not_acceptable", kind="NotAcceptable")
        kind = {"content-type": "application/octet-stream"}
        return Response(headers=kind, body=self.content[key])

    def _list(self, resource: str, request: Request) -> Response:
        query, origin = request.query, request.origin
        if resource == "zaakinformatieobjecten":  # not paged
            return plain(200, [self._linked(each, origin) for each in self.links
                               if all(value.endswith(f"/{each[name]}")
                                      for name, value in query.items())])  # fmt: skip
        if resource == "informatieobjecttypen":
            return self._page(request, (self._type(key, origin) for key in self.types.values()))
        if resource == "rollen":
            wanted = query.get("zaak", "").rpartition("/")[2]
            roles = [each for each in self.roles if wanted in ("", each["zaak"])
                     and self._is_visible(self.cases[each["zaak"]])]  # fmt: skip
            return self._page(request, (self._role(each, origin) for each in roles))
        held = self.cases if resource == "zaken" else self.documents
        shape = self._case if resource == "zaken" else self._document
        fields = [name for name in ("identificatie", "bronorganisatie") if name in query]
        found = [each for each in held.values()
                 if all(self._is_hit(each[name], query[name]) for name in fields)
                 and (resource != "zaken" or self._is_visible(each))]  # fmt: skip
        if "einddatum__isnull" in query:
            is_null = query["einddatum__isnull"] == "true"
            found = [each for each in found if (each["einddatum"] is None) == is_null]
        return self._page(request, (shape(each, origin) for each in found))

    def _is_hit(self, value: str, wanted: str) -> bool:
        return value == wanted or (self.searches_loosely and value.startswith(wanted))

    def _page(self, request: Request, found: Iterable[Json]) -> Response:
        whole, page = list(found), int(request.query.get("page", "1"))
        start = (page - 1) * self.page_length
        if page > 1 and start >= len(whole):
            raise Fault(404, "not_found", kind="NotFound")
        is_last = start + self.page_length >= len(whole)
        more = urlencode({**request.query, "page": str(page + 1)})
        next_url = f"{request.origin}{request.path}?{more}"
        value = {
            "count": len(whole),
            "next": None if is_last else next_url,
            "previous": None,
            "results": whole[start : start + self.page_length],
        }
        return plain(200, value, {"API-version": "1.5.1"})

    def _case(self, case: Json, origin: str) -> Json:
        return {
            **case,
            "url": _url(origin, "zaken", "zaken", case["uuid"]),
            "zaaktype": _url(origin, "catalogi", "zaaktypen", "z-1"),
        }

    def _role(self, role: Json, origin: str) -> Json:
        return {**role, "zaak": _url(origin, "zaken", "zaken", role["zaak"])}

    def _type(self, key: str, origin: str) -> Json:
        name = next(name for name, each in self.types.items() if each == key)
        return {
            "url": _url(origin, "catalogi", "informatieobjecttypen", key),
            "omschrijving": name,
            "concept": False,
            "beginGeldigheid": "2024-01-01",
            "eindeGeldigheid": None,
        }

    def _linked(self, link: Json, origin: str) -> Json:
        return {
            **link,
            "url": _url(origin, "zaken", "zaakinformatieobjecten", link["uuid"]),
            "zaak": _url(origin, "zaken", "zaken", link["zaak"]),
            "informatieobject": _url(
                origin, "documenten", "enkelvoudiginformatieobjecten", link["informatieobject"]
            ),
        }

    def _document(self, document: Json, origin: str) -> Json:
        """As it is read: without its lock, and without content until it is unlocked."""
        url = _url(origin, "documenten", "enkelvoudiginformatieobjecten", document["key"])
        deel = [
            {**each, "url": _url(origin, "documenten", "bestandsdelen", each["key"])}
            for each in document["bestandsdelen"]
        ]
        has_content = document["key"] in self.content
        hidden = {"key", "lock"}
        return {
            **{name: value for name, value in document.items() if name not in hidden},
            "url": url,
            "inhoud": f"{url}/download?versie=1" if has_content else None,
            "bestandsdelen": deel,
        }

    # -- writing ---------------------------------------------------------------------------------

    def _create(self, request: Request, user: str) -> Response:
        value = json.loads(request.body)
        type_id = str(value.get("informatieobjecttype", "")).rpartition("/")[2]
        level = value.get("vertrouwelijkheidaanduiding") or "zaakvertrouwelijk"
        # Rights come before the fields: a type that the client has no right to is 403, not 400.
        if type_id not in self.type_ids or LEVELS.index(level) > LEVELS.index(self.most):
            raise Fault(403, "permission_denied", kind="PermissionDenied")
        wrong = [(name, "required") for name in REQUIRED if not value.get(name)]
        wrong += [(name, "max_length") for name, most in LENGTHS.items()
                  if len(str(value.get(name) or "")) > most]  # fmt: skip
        if wrong:
            raise Fault(400, "invalid", *wrong)
        date.fromisoformat(value["creatiedatum"])
        self._check_unique(value)
        content = self._content_of(value)
        key = str(uuid.uuid4())
        document = {
            **{name: each for name, each in value.items() if name != "inhoud"},
            "key": key,
            "beginRegistratie": self.now.isoformat().replace("+00:00", "Z"),
            "versie": 1,
            "locked": content is None,
            "lock": "" if content is not None else uuid.uuid4().hex,
            "bestandsdelen": [] if content is not None else _parts(value["bestandsomvang"]),
        }
        self.documents[key] = document
        self.users.append(user)
        if content is not None:
            self.content[key] = content
        lock = {"lock": document["lock"]} if content is None else {}
        return plain(201, {**self._document(document, request.origin), **lock})

    def _check_unique(self, value: Json) -> None:
        same = [each for each in self.documents.values()
                if each["identificatie"] == value.get("identificatie")
                and each["bronorganisatie"] == value["bronorganisatie"]]  # fmt: skip
        if same and not self.is_racing:
            raise Fault(400, "invalid", ("identificatie", "identificatie-niet-uniek"))

    def _content_of(self, value: Json) -> bytes | None:
        """The bytes of a document; None when they come in parts."""
        if value.get("inhoud") is None:
            return None
        try:
            content = base64.b64decode(value["inhoud"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise Fault(400, "invalid", ("inhoud", "invalid-base64")) from error
        if len(content) != value.get("bestandsomvang"):
            raise Fault(400, "invalid", ("inhoud", "file-size"))
        if len(content) > self.parts_over:
            raise Fault(413, "too-large")
        return content

    def _link(self, request: Request, user: str) -> Response:
        self.before_link()
        value = json.loads(request.body)
        case = self.cases.get(str(value.get("zaak", "")).rpartition("/")[2])
        if case is None:
            raise Fault(400, "invalid", ("zaak", "object-does-not-exist"))
        if not self._is_visible(case):
            raise Fault(403, "permission_denied", kind="PermissionDenied")
        if case["einddatum"] is not None and not self.has_all_rights:
            raise Fault(403, "permission_denied", kind="ZaakClosed")
        key = str(value.get("informatieobject", "")).rpartition("/")[2]
        document = self.documents.get(key)
        if document is None:
            raise Fault(400, "invalid", ("informatieobject", "bad-url"))
        if document["informatieobjecttype"].rpartition("/")[2] not in self.type_ids:
            code = "missing-zaaktype-informatieobjecttype-relation"
            raise Fault(400, "invalid", ("nonFieldErrors", code))
        if any(each["zaak"] == case["uuid"] and each["informatieobject"] == key
               for each in self.links):  # fmt: skip
            raise Fault(400, "invalid", ("nonFieldErrors", "unique"))
        link = {"uuid": str(uuid.uuid4()), "zaak": case["uuid"], "informatieobject": key,
                "titel": value.get("titel", "")}  # fmt: skip
        self.links.append(link)
        self.users.append(user)
        return plain(201, self._linked(link, request.origin))

    def _part(self, request: Request, key: str) -> Response:
        form = parts(request)
        for document in self.documents.values():
            for part in document["bestandsdelen"]:
                if part["key"] != key:
                    continue
                if form.get("lock", ("", b""))[1].decode() != document["lock"]:
                    raise Fault(400, "invalid", ("nonFieldErrors", "incorrect-lock-id"))
                content = form["inhoud"][1]
                if len(content) != part["omvang"]:
                    raise Fault(400, "invalid", ("nonFieldErrors", "file-size"))
                part["voltooid"] = True
                self.content[key] = content
                return plain(200, {"url": request.url, "voltooid": True})
        raise Fault(404, "not_found", kind="NotFound")

    def _unlock(self, request: Request, key: str) -> Response:
        document = self.documents[key]
        if json.loads(request.body).get("lock") != document["lock"]:
            raise Fault(400, "invalid", ("nonFieldErrors", "incorrect-lock-id"))
        if not all(part["voltooid"] for part in document["bestandsdelen"]):
            raise Fault(400, "invalid", ("nonFieldErrors", "incomplete-upload"))
        if document["bestandsdelen"]:
            taken = [self.content.pop(each["key"]) for each in document["bestandsdelen"]]
            self.content[key] = b"".join(taken)
        document.update(locked=False, lock="", bestandsdelen=[])
        return Response(status=204)


def _parts(size_bytes: int) -> list[Json]:
    return [
        {"key": str(uuid.uuid4()), "volgnummer": number, "voltooid": False,
         "omvang": min(PART_BYTES, size_bytes - start)}
        for number, start in enumerate(range(0, size_bytes, PART_BYTES), 1)
    ]  # fmt: skip


def _url(origin: str, service: str, resource: str, key: str) -> str:
    return f"{origin}/{service}/api/v1/{resource}/{key}"
