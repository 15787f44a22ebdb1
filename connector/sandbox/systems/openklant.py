"""A fake Open Klant: contact moments, what they are about, their attachments and the tasks left.

It answers as Open Klant 2.18.0 was seen to (Klantinteracties 0.9.0). Nothing in it is unique but a
contact's number: what is posted twice is there twice.
"""

from __future__ import annotations

import json
import uuid

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import EXPIRED, READ_ONLY, plain
from connector.sandbox.systems.zgw import fault
from connector.sandbox.world import Json

ROOT = "/klantinteracties/api/v1/"
LENGTHS = {"kanaal": 50, "onderwerp": 200, "inhoud": 1000, "taal": 3}
SUBJECT_ID = "onderwerpobject__onderwerpobjectidentificatorObjectId"
SUBJECT_TYPE = "onderwerpobject__onderwerpobjectidentificatorCodeObjecttype"
QUERIES = {
    "klantcontacten": {SUBJECT_ID, SUBJECT_TYPE, "nummer", "expand", "page", "pageSize"},
    "actoren": {"actoridentificatorObjectId", "page"},
}


class FakeOpenKlant:
    """One token, with every right: there are no smaller ones."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.contacts: list[Json] = []
        self.subjects: list[Json] = []  # "klantcontact" is the uuid
        self.attachments: list[Json] = []
        self.tasks: list[Json] = []
        self.actors: list[Json] = []
        self.is_away = False  # while Open Zaak answers

    def refusal(self, state: str) -> Response:
        """A token that was taken away, and a database that takes nothing."""
        if state == EXPIRED:
            return fault(401, "authentication_failed")
        if state == READ_ONLY:
            return fault(403, "permission_denied")
        return fault(500, "error")

    def answer(self, request: Request) -> Response:
        """The answer on a good day."""
        if self.is_away:
            return fault(503, "error")
        given = request.headers.get("authorization", "")
        if not given.startswith("Token "):
            return fault(401, "not_authenticated")
        if given != f"Token {self.token}":
            return fault(401, "authentication_failed")
        resource = request.path.removeprefix(ROOT).strip("/")
        if request.method == "GET" and resource in QUERIES:
            if set(request.query) - QUERIES[resource]:
                return fault(400, "unknown-parameters")
            return self._list(resource, request)
        if request.method != "POST":
            return fault(404, "not_found")
        return self._post(resource, json.loads(request.body))

    def _post(self, resource: str, value: Json) -> Response:
        if resource == "maak-klantcontact":
            return self._make(value)
        if resource == "onderwerpobjecten":
            return self._add(self.subjects, "klantcontact", value)
        if resource == "bijlagen":
            return self._add(self.attachments, "wasBijlageVanKlantcontact", value)
        if resource == "internetaken":
            return self._add_task(value)
        return fault(404, "not_found")

    def _list(self, resource: str, request: Request) -> Response:
        if resource == "actoren":
            wanted = request.query.get("actoridentificatorObjectId")
            found = [each for each in self.actors
                     if wanted in (None, each["actoridentificator"]["objectId"])]  # fmt: skip
        else:
            found = self._contacts(request)
        value = {"count": len(found), "next": None, "previous": None, "results": found}
        return plain(200, value, {"API-version": "0.9.0"})

    def _contacts(self, request: Request) -> list[Json]:
        """One row for each pair of a contact and a subject, for each filter on subjects."""
        rows = list(self.contacts)
        for parameter, field in ((SUBJECT_ID, "objectId"), (SUBJECT_TYPE, "codeObjecttype")):
            if parameter in request.query:
                rows = [
                    contact
                    for contact in rows
                    for subject in self.subjects
                    if subject["klantcontact"] == contact["uuid"]
                    # Without an identifier it is an earlier contact.
                    and (subject["onderwerpobjectidentificator"] or {}).get(field)
                    == request.query[parameter]
                ]
        return [self.shown(contact, request.query.get("expand", "")) for contact in rows]

    def shown(self, contact: Json, expand: str) -> Json:
        """A contact with what belongs to it: as ids, and whole where that was asked for."""
        key = contact["uuid"]
        belonging = {
            "gingOverOnderwerpobjecten": _of(self.subjects, "klantcontact", key),
            "omvatteBijlagen": _of(self.attachments, "wasBijlageVanKlantcontact", key),
            "leiddeTotInterneTaken": _of(self.tasks, "aanleidinggevendKlantcontact", key),
        }
        ids = {name: [{"uuid": each["uuid"]} for each in found]
               for name, found in belonging.items()}  # fmt: skip
        whole = {name: belonging[name] for name in expand.split(",") if name in belonging}
        return {**contact, **ids, **({"_expand": whole} if whole else {})}

    def _make(self, value: Json) -> Response:
        contact = value.get("klantcontact") or {}
        wrong = [(f"klantcontact.{name}", "required")
                 for name in ("kanaal", "onderwerp", "taal", "vertrouwelijk")
                 if contact.get(name) in (None, "")]  # fmt: skip
        wrong += [(f"klantcontact.{name}", "max_length") for name, most in LENGTHS.items()
                  if len(str(contact.get(name) or "")) > most]  # fmt: skip
        number = contact.get("nummer") or f"{len(self.contacts) + 1:010}"
        if not (number.isdigit() and len(number) <= 10):
            wrong.append(("klantcontact.nummer", "invalid"))
        if any(each["nummer"] == number for each in self.contacts):
            wrong.append(("klantcontact.nummer", "unique"))
        if wrong:
            return fault(400, "invalid", *wrong)
        made = {**contact, "uuid": str(uuid.uuid4()), "nummer": number,
                "betrokkene": value.get("betrokkene")}  # fmt: skip
        self.contacts.append(made)
        if subject := value.get("onderwerpobject"):
            self.subjects.append(
                {**subject, "uuid": str(uuid.uuid4()), "klantcontact": made["uuid"]}
            )
        return plain(201, {"klantcontact": self.shown(made, ""), "betrokkene": None,
                           "onderwerpobject": None})  # fmt: skip

    def _add(self, to: list[Json], field: str, value: Json) -> Response:
        key = (value.get(field) or {}).get("uuid")
        if not any(each["uuid"] == key for each in self.contacts):
            return fault(400, "invalid", (f"{field}.uuid", "does_not_exist"))
        made = {**value, "uuid": str(uuid.uuid4()), field: key}
        to.append(made)
        return plain(201, made)

    def _add_task(self, value: Json) -> Response:
        wrong = [(name, "required") for name in ("gevraagdeHandeling", "status")
                 if not value.get(name)]  # fmt: skip
        if "toegewezenAanActoren" not in value:
            wrong.append(("nonFieldErrors", "invalid"))
        known = {each["uuid"] for each in self.actors}
        wrong += [
            ("toegewezenAanActoren.0.uuid", "does_not_exist")
            for actor in value.get("toegewezenAanActoren", [])
            if actor["uuid"] not in known
        ]
        if wrong:
            return fault(400, "invalid", *wrong)
        return self._add(self.tasks, "aanleidinggevendKlantcontact", value)


def _of(held: list[Json], field: str, key: str) -> list[Json]:
    return [each for each in held if each[field] == key]
