"""The register side of Open Zaak: cases with their parties.

The system tells no date of change that could be asked for, so a listing is always a whole one, and
its hash tells whether anything changed. With many thousands of cases that takes minutes (a page of
100 is a request, and the roles of all cases are as many pages again or more): `list_all` switches
it off, and cases are then only looked up by number.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from connector.identity import normalise_phone
from connector.journaling.words import Words
from connector.journals.openzaak import checks
from connector.journals.openzaak.rows import LEVELS
from connector.journals.openzaak.service import Service
from connector.journals.openzaak.zaken import ZAKEN, Zaak, find_case
from connector.model import Case, CaseParty, Finding

BATCH_CASES = 5_000


class ContactPerson(msgspec.Struct):
    """How to reach whoever has a role."""

    naam: str = ""
    emailadres: str = ""
    telefoonnummer: str = ""


class Identity(msgspec.Struct, rename="camel"):
    """Who has a role, as far as we want to know: no citizen number is read."""

    identificatie: str = ""
    naam: str = ""
    voornamen: str = ""
    voorvoegsel_geslachtsnaam: str = ""
    geslachtsnaam: str = ""
    statutaire_naam: str = ""


class Role(msgspec.Struct, rename="camel"):
    """A part that somebody has in a case (rol)."""

    zaak: str
    betrokkene_type: str = ""
    omschrijving_generiek: str = ""
    afwijkende_naam_betrokkene: str = ""
    contactpersoon_rol: ContactPerson | None = None
    betrokkene_identificatie: Identity | None = None

    @property
    def person(self) -> ContactPerson:
        """The contact person; empty when none is told."""
        return self.contactpersoon_rol or ContactPerson()

    @property
    def name(self) -> str:
        """What the party is called; "" when it is told by reference only."""
        who = self.betrokkene_identificatie or Identity()
        given = [who.voornamen, who.voorvoegsel_geslachtsnaam, who.geslachtsnaam]
        whole = " ".join(part for part in given if part)
        return (
            self.afwijkende_naam_betrokkene
            or whole
            or who.statutaire_naam
            or self.person.naam
            or who.naam
        )


class OpenZaakRegister:
    """Cases of all organisations, or of [case] organisation."""

    def __init__(self, service: Service, words: Words, region: str) -> None:
        self.name = service.name
        self.can_list = words.flag("case", "list_all")
        self._service = service
        self._words = words
        self._region = region

    def check(self) -> list[Finding]:
        """Is it readable, and how many cases the application may see."""
        return checks.register_findings(self._service, self._words)

    def lookup(self, number: str) -> Case | None:
        """The case of this number, in two requests. Rejected when two organisations have it."""
        found = find_case(self._service, number, self._words.text("case", "organisation"))
        if found is None:
            return None
        roles = list(self._service.every(f"{ZAKEN}/rollen", Role, {"zaak": found.url}))
        return self._case(found, roles)

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """All cases, 5,000 at a time, when any of them changed; the cursor is their hash.

        A number that two organisations have is left out: `lookup` refuses it too.
        """
        if not self.can_list:
            return
        roles: dict[str, list[Role]] = defaultdict(list)
        for role in self._service.every(f"{ZAKEN}/rollen", Role):
            roles[role.zaak].append(role)
        organisation = self._words.text("case", "organisation")
        query = {"bronorganisatie": organisation} if organisation else None
        found = {each.url: each for each in self._service.every(f"{ZAKEN}/zaken", Zaak, query)}
        counts = Counter(each.identificatie for each in found.values())
        cases = [
            self._case(each, roles.get(each.url, ()))
            for each in found.values()
            if counts[each.identificatie] == 1
        ]
        known = hashlib.sha256(msgspec.json.encode(cases)).hexdigest()
        if known == cursor:
            return
        for start in range(0, max(1, len(cases)), BATCH_CASES):
            is_last = start + BATCH_CASES >= len(cases)
            yield cases[start : start + BATCH_CASES], known if is_last else None

    def _case(self, zaak: Zaak, roles: Sequence[Role]) -> Case:
        wanted = self._words.list("case", "party_roles")
        subject, facet = self._kle(zaak)
        return Case(
            number=zaak.identificatie,
            title=zaak.omschrijving,
            is_open=zaak.einddatum is None,
            opened=zaak.startdatum,
            closed=zaak.einddatum,
            caseworker=self._caseworker(roles),
            department=_department(roles),
            parties=tuple(self._party(r) for r in roles if r.omschrijving_generiek in wanted),
            access=self._access(zaak),
            kle_subject=subject,
            kle_facet=facet,
            remote_id=zaak.uuid,
        )

    def _caseworker(self, roles: Sequence[Role]) -> str:
        """The user principal name of the first member of staff who handles the case."""
        wanted = self._words.list("case", "caseworker_roles")
        for role in roles:
            if role.betrokkene_type != "medewerker" or role.omschrijving_generiek not in wanted:
                continue
            if self._words.text("case", "caseworker_from") == "mail":
                return role.person.emailadres
            identifier = (role.betrokkene_identificatie or Identity()).identificatie
            domain = self._words.text("case", "caseworker_domain")
            return f"{identifier}@{domain}" if domain and identifier else identifier
        return ""

    def _party(self, role: Role) -> CaseParty:
        written = role.person.telefoonnummer
        phone = normalise_phone(written, self._region).e164 if written else ""
        return CaseParty(name=role.name, phone=phone, mail=role.person.emailadres)

    def _access(self, zaak: Zaak) -> str:
        """ "" up to the level of [case] open_to_all_until; a level we do not know is restricted."""
        level = zaak.vertrouwelijkheidaanduiding
        most = LEVELS.index(self._words.text("case", "open_to_all_until"))
        return "" if level in LEVELS[: most + 1] else "restricted"

    def _kle(self, zaak: Zaak) -> tuple[str, str]:
        """KLE subject and facet from the mark of that source: "27.45.04 P19" or "27.45.04-P19"."""
        source = self._words.text("case", "kle_source")
        for mark in zaak.kenmerken:
            if mark.bron == source:
                subject, _, facet = mark.kenmerk.replace("-", " ").partition(" ")
                return subject, facet.strip()
        return "", ""


def _department(roles: Sequence[Role]) -> str:
    """The unit that has a part in the case."""
    units = (r.betrokkene_identificatie for r in roles
             if r.betrokkene_type == "organisatorische_eenheid")  # fmt: skip
    return next((unit.naam or unit.identificatie for unit in units if unit is not None), "")
