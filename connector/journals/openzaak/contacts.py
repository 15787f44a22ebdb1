"""Contact moments in Open Klant: what a call centre sees of an entry.

A contact is made together with its first subject, our key, in one request that is carried out whole
or not at all. So it is always found again by its key, and whatever is still missing is added: the
case it was about, its documents, the task. Nothing there refuses a second one, so each is looked
for first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from connector.journaling.draft import Draft, clean, shorten
from connector.journaling.words import Words
from connector.journals.openzaak.service import Service, sure
from connector.journals.openzaak.zaken import Zaak
from connector.model import Direction, Entry, Party

API = "klantinteracties/api/v1"
# Characters that no text field of the system takes; line ends and tabs stay.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MACHINES = frozenset({"queue", "attendant", "voicemail", "bot"})
_BY_SUBJECT = "onderwerpobject__onderwerpobjectidentificatorObjectId"


class Identifier(msgspec.Struct, rename="camel"):
    """What something is in its own register."""

    object_id: str = ""
    code_objecttype: str = ""


class Id(msgspec.Struct):
    """Something by its id alone."""

    uuid: str


class Subject(msgspec.Struct, rename="camel"):
    """What a contact was about: a case, our key, an earlier contact."""

    onderwerpobjectidentificator: Identifier | None = None
    was_klantcontact: Id | None = None


class Attachment(msgspec.Struct):
    """A document of a contact."""

    bijlageidentificator: Identifier | None = None


class Expanded(msgspec.Struct, rename="camel"):
    """What was asked for besides."""

    ging_over_onderwerpobjecten: list[Subject] = []
    omvatte_bijlagen: list[Attachment] = []


class Contact(msgspec.Struct, rename="camel"):
    """A contact with what belongs to it."""

    uuid: str
    nummer: str | None = ""
    expanded: Expanded = msgspec.field(default_factory=Expanded, name="_expand")
    leidde_tot_interne_taken: list[Id] = []

    def is_about(self, object_id: str, object_type: str) -> bool:
        """Whether this object is one of its subjects."""
        return any(
            each.onderwerpobjectidentificator is not None
            and each.onderwerpobjectidentificator.object_id == object_id
            and each.onderwerpobjectidentificator.code_objecttype == object_type
            for each in self.expanded.ging_over_onderwerpobjecten
        )

    def follows(self, earlier: str) -> bool:
        """Whether the contact of this uuid is one of its subjects."""
        subjects = self.expanded.ging_over_onderwerpobjecten
        return any(each.was_klantcontact == Id(earlier) for each in subjects)

    def has_document(self, uuid: str) -> bool:
        """Whether this document is one of its attachments."""
        return any(
            each.bijlageidentificator is not None and each.bijlageidentificator.object_id == uuid
            for each in self.expanded.omvatte_bijlagen
        )


class _Made(msgspec.Struct):
    klantcontact: Contact


class Contacts:
    """Writes contacts; `time_zone` is that of their time of day."""

    def __init__(self, service: Service, words: Words, time_zone: str) -> None:
        self.service = service
        self.words = words
        self._zone = ZoneInfo(time_zone)

    def find(self, key: str) -> Contact | None:
        """The contact of this key with all that belongs to it; the first when there are several.

        One filter on subjects: with two the list repeats each contact (seen in 2.18.0).
        """
        query = {_BY_SUBJECT: key, "expand": "gingOverOnderwerpobjecten,omvatteBijlagen"}
        found = [
            each
            for each in self.service.every(f"{API}/klantcontacten", Contact, query)
            if each.is_about(key, self._text("key_type"))
        ]
        return min(found, key=lambda each: (each.nummer or "", each.uuid), default=None)

    def put(self, draft: Draft, case: Zaak, documents: Sequence[str]) -> None:
        """Make the contact of a draft, or what is missing of it. `documents` are uuids."""
        key = draft.key
        contact = self.find(key)
        if contact is None:
            contact = sure(lambda: self._make(draft), lambda: self.find(key))
        self._put_on_case(contact, key, case)
        previous = draft.entry.previous_key
        earlier = self.find(previous) if previous else None
        if earlier is not None:
            self._follow(contact, key, earlier)
        for uuid in documents:
            if not contact.has_document(uuid):
                self._attach(contact, key, uuid)
        # The task of an earlier version is this one's too: nobody shall ring back twice.
        is_asked = earlier is not None and bool(earlier.leidde_tot_interne_taken)
        is_wanted = draft.entry.kind in self.words.list("callback", "kinds")
        if is_wanted and not draft.entry.is_void and not is_asked:
            self._call_back(contact, key)

    def actor(self) -> str:
        """The uuid of the actor whose tasks call-backs are; "" when none is set, or it is unknown.

        Its identifier is [callback] actor.
        """
        wanted = self.words.text("callback", "actor")
        if not wanted:
            return ""
        query = {"actoridentificatorObjectId": wanted}
        found = self.service.every(f"{API}/actoren", Id, query)
        return next((each.uuid for each in found), "")

    def _make(self, draft: Draft) -> Contact:
        """The contact and our key, in one."""
        words, entry = self.words, draft.entry
        contact = {
            "kanaal": words.text("channels", entry.kind),
            "onderwerp": shorten(draft.title, words.number("limits", "contact_subject")),
            "inhoud": shorten(
                _UNSAFE.sub(" ", draft.text),
                words.number("limits", "contact_text"),
                f"… {self._text('more')}",
            ),
            "indicatieContactGelukt": entry.kind in ("call", "conversation"),
            "taal": self._text("language"),
            "vertrouwelijk": words.flag("contact", "confidential"),
            "plaatsgevondenOp": entry.started_at.astimezone(self._zone).isoformat(),
        }
        value: dict[str, object] = {
            "klantcontact": contact,
            "onderwerpobject": {
                "wasKlantcontact": None,
                "onderwerpobjectidentificator": self._identifier(draft.key, "key"),
            },
        }
        party = _outside(entry) if words.flag("contact", "with_party") else None
        if party is not None:
            value["betrokkene"] = _participant(party, entry)
        return self.service.post(f"{API}/maak-klantcontact", value, _Made).klantcontact

    def _put_on_case(self, contact: Contact, key: str, case: Zaak) -> None:
        """Make the case one of the contact's subjects."""
        case_type = self._text("case_type")
        if not contact.is_about(case.uuid, case_type):
            value = {
                "klantcontact": {"uuid": contact.uuid},
                "wasKlantcontact": None,
                "onderwerpobjectidentificator": self._identifier(case.uuid, "case"),
            }
            self._add(
                "onderwerpobjecten", value, key, lambda now: now.is_about(case.uuid, case_type)
            )

    def _follow(self, contact: Contact, key: str, earlier: Contact) -> None:
        """Point from a later version to the contact of the earlier one."""
        if not contact.follows(earlier.uuid):
            value = {
                "klantcontact": {"uuid": contact.uuid},
                "wasKlantcontact": {"uuid": earlier.uuid},
                "onderwerpobjectidentificator": None,
            }
            self._add("onderwerpobjecten", value, key, lambda now: now.follows(earlier.uuid))

    def _attach(self, contact: Contact, key: str, uuid: str) -> None:
        value = {
            "wasBijlageVanKlantcontact": {"uuid": contact.uuid},
            "bijlageidentificator": self._identifier(uuid, "document"),
        }
        self._add("bijlagen", value, key, lambda now: now.has_document(uuid))

    def _call_back(self, contact: Contact, key: str) -> None:
        """A task for somebody to ring back, unless there is one."""
        if contact.leidde_tot_interne_taken:
            return
        actor = self.actor()
        value = {
            "aanleidinggevendKlantcontact": {"uuid": contact.uuid},
            "toegewezenAanActoren": [{"uuid": actor}] if actor else [],
            "gevraagdeHandeling": self.words.text("callback", "action"),
            "toelichting": "",
            "status": self.words.text("callback", "status"),
        }
        self._add("internetaken", value, key, lambda now: bool(now.leidde_tot_interne_taken))

    def _add(
        self, resource: str, value: object, key: str, is_there: Callable[[Contact], bool]
    ) -> None:
        """Post what belongs to a contact; when the answer is lost, see whether it came."""

        def look() -> Id | None:
            now = self.find(key)
            return Id(now.uuid) if now is not None and is_there(now) else None

        sure(lambda: self.service.post(f"{API}/{resource}", value, Id), look)

    def _identifier(self, object_id: str, what: str) -> dict[str, str]:
        register = "key_register" if what == "key" else "register"
        return {
            "objectId": object_id,
            "codeObjecttype": self._text(f"{what}_type"),
            "codeRegister": self._text(register),
            "codeSoortObjectId": self._text(f"{what}_id"),
        }

    def _text(self, key: str) -> str:
        return self.words.text("contact", key)


def _outside(entry: Entry) -> Party | None:
    """The first party with a name that is a person, and not one of ours."""
    named = (party for party in entry.parties
             if party.name and not party.person and party.role not in _MACHINES)  # fmt: skip
    return next(named, None)


def _participant(party: Party, entry: Entry) -> dict[str, object]:
    """A party as Open Klant keeps it; the whole name as surname: it cannot be taken apart."""
    return {
        "wasPartij": None,
        "rol": "klant",
        "organisatienaam": "",
        "initiator": entry.direction is Direction.INBOUND,
        "contactnaam": {
            "voorletters": "",
            "voornaam": "",
            "voorvoegselAchternaam": "",
            "achternaam": shorten(clean(party.name), 200),
        },
    }
