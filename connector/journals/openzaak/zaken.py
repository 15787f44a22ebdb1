"""Cases and their types, as Open Zaak gives them; one case by its number."""

from __future__ import annotations

from datetime import date

import msgspec

from connector.errors import Rejected
from connector.journals.openzaak.service import Service

ZAKEN = "zaken/api/v1"


class Mark(msgspec.Struct):
    """A kenmerk: another register's word for the case."""

    kenmerk: str = ""
    bron: str = ""


class Zaak(msgspec.Struct, rename="camel"):
    """A case."""

    url: str
    uuid: str
    identificatie: str
    zaaktype: str = ""
    bronorganisatie: str = ""
    omschrijving: str = ""
    startdatum: date | None = None
    einddatum: date | None = None
    vertrouwelijkheidaanduiding: str = ""
    kenmerken: list[Mark] = []


class CaseType(msgspec.Struct):
    """A zaaktype: which types of document it allows."""

    informatieobjecttypen: list[str] = []


class DocumentType(msgspec.Struct, rename="camel"):
    """An informatieobjecttype, or one version of it."""

    url: str
    omschrijving: str
    concept: bool = False
    begin_geldigheid: str = ""
    einde_geldigheid: str | None = None


def find_case(service: Service, number: str, organisation: str) -> Zaak | None:
    """The case of exactly this number, None when there is none or the account may not see it.

    Raises Rejected with field "case_number" when two organisations have it.
    """
    query = {"identificatie": number}
    if organisation:
        query["bronorganisatie"] = organisation
    found = [
        each for each in service.every(f"{ZAKEN}/zaken", Zaak, query)
        if each.identificatie == number
    ] if number else []  # fmt: skip
    if len(found) > 1:
        text = (
            f"{service.name}: {len(found)} cases have the number {number}, one for each "
            "organisation; set [case] organisation in the mapping to the one that is meant"
        )
        raise Rejected(text, system=service.name, field="case_number")
    return found[0] if found else None


class Types:
    """The types of documents by name, asked for once; they change with years, not with entries."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._allowed: dict[str, list[str]] = {}
        self._types: dict[str, DocumentType] = {}

    def url(self, case: Zaak, name: str) -> str:
        """The address of the type of this name that the case's type allows, the newest version.

        Raises Rejected with field "type" when it allows none of that name.
        """
        urls = self._allowed.get(case.zaaktype)
        if urls is None:
            urls = self._service.get(case.zaaktype, CaseType).informatieobjecttypen
            self._allowed[case.zaaktype] = urls
        types = [self._type(url) for url in urls]
        fitting = [each for each in types if each.omschrijving == name and not each.concept]
        if not fitting:
            # Asked again, once somebody has added it; another thread may have seen to that.
            self._allowed.pop(case.zaaktype, None)
            text = (
                f"{self._service.name}: the type of case {case.identificatie} allows no document "
                f'type "{name}"; add it to the case type, or name another under [types]'
            )
            raise Rejected(text, system=self._service.name, field="type")
        newest = max(fitting, key=lambda each: (not each.einde_geldigheid, each.begin_geldigheid))
        return newest.url

    def _type(self, url: str) -> DocumentType:
        if url not in self._types:
            self._types[url] = self._service.get(url, DocumentType)
        return self._types[url]
