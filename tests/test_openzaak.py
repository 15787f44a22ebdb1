"""Open Zaak with Open Klant: the contracts of a sink and of a register, and what is its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.openzaak import WORDS, make_register, make_sink
from connector.model import Case, Receipt
from connector.ports import CaseRegister, Sink
from connector.sandbox.systems.base import FakeSystem
from connector.sandbox.systems.openzaak import FakeOpenZaak
from tests.contracts.register import CASES
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter

MAPPINGS = Path(__file__).parent.parent / "mappings"
FILE = MAPPINGS / "openzaak.toml"
NUMBER = "ZAAK-2026-0000000001"
OTHER = "ZAAK-2026-0000000002"


def words(**changes: dict[str, object]) -> Words:
    """The program's own mapping, with some words changed: case={"organisation": ...}."""
    own = load(FILE.read_text(encoding="utf-8"), WORDS, "openzaak.toml")
    return Words(own.name, {key: {**value, **changes.get(key, {})}
                            for key, value in own.values.items()})  # fmt: skip


def drafter() -> Drafter:
    mapping = load_mapping(MAPPINGS, "da")
    return Drafter(mapping, MAPPINGS / "templates", lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))


class OpenZaakSuite(SystemContract):
    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = OTHER
    locks_cases: ClassVar[bool] = False
    system: FakeOpenZaak

    def words(self) -> Words:
        return words()

    def make_system(self) -> FakeSystem:
        system = FakeOpenZaak()
        system.add_case(NUMBER)
        return system

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, self.words(), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [each["identificatie"] for each in self.system.linked(case_number)
                if each["formaat"] == "text/html"]  # fmt: skip

    def read(self, sink: Sink, receipt: Receipt) -> str:
        return self.system.content[receipt.target].decode()

    def close_case(self, sink: Sink, case_number: str) -> None:
        self.system.close(case_number)

    def recordings(self, receipt: Receipt) -> list[bytes]:
        return [self.system.content[each["key"]] for each in self.system.linked(NUMBER)
                if each["identificatie"].startswith(f"{receipt.key}-")]  # fmt: skip

    def orphans(self) -> list[str]:
        linked = {each["informatieobject"] for each in self.system.links}
        return [each["identificatie"] for key, each in self.system.documents.items()
                if key not in linked]  # fmt: skip


class TestOpenZaakSink(OpenZaakSuite):
    """Documents alone."""


class TestWithOpenKlant(OpenZaakSuite):
    """Documents, and a contact moment for each entry."""

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return msgspec.structs.replace(
            super().connection(origin, adapter),
            contacts_url=origin,
            contacts_secret="fictional-token",
        )

    def orphans(self) -> list[str]:
        """Documents without a case, and contacts that are not whole or there twice."""
        klant, found = self.system.klant, super().orphans()
        case = next(iter(self.system.cases))
        for contact in klant.contacts:
            about = [each["onderwerpobjectidentificator"]["objectId"] for each in klant.subjects
                     if each["klantcontact"] == contact["uuid"]]  # fmt: skip
            if sorted(about) != sorted(["CT-1", case]):
                found.append(f"contact about {about}")
        attached = sorted(each["bijlageidentificator"]["objectId"] for each in klant.attachments)
        if attached != sorted(self.system.documents):
            found.append(f"attached {attached}")
        is_voicemail = len(self.system.documents) > 1
        if (len(klant.contacts), len(klant.tasks)) != (1, int(is_voicemail)):
            found.append(f"{len(klant.contacts)} contacts, {len(klant.tasks)} tasks")
        return found


class TestOpenZaakRegister(RegisterOf):
    """Cases with their roles, listed whole."""

    cases: ClassVar[tuple[Case, ...]] = tuple(
        msgspec.structs.replace(case, number=f"ZAAK-2026-{last:010}")
        for last, case in enumerate(CASES, 1)
    )
    system: FakeOpenZaak

    def words(self) -> Words:
        return words()

    def make_system(self) -> FakeSystem:
        system = FakeOpenZaak()
        system.most = "zeer_geheim"
        return system

    def connect(self, connection: Connection) -> CaseRegister:
        return make_register(connection, self.words())

    def numbered(self, last: int) -> str:
        return f"ZAAK-2026-{last:010}"

    def known(self, case: Case) -> Case:
        """With the id and the dates that the fake gives every case."""
        closed = datetime(2026, 11, 21, tzinfo=UTC).date()
        return msgspec.structs.replace(
            case,
            opened=datetime(2026, 1, 5, tzinfo=UTC).date(),
            closed=None if case.is_open else closed,
            remote_id=self.system.case_id(case.number),
        )

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.cases.clear()
        self.system.roles.clear()
        for case in cases:
            level = "geheim" if case.access else "intern"
            key = self.system.add_case(
                case.number, omschrijving=case.title, vertrouwelijkheidaanduiding=level
            )
            if not case.is_open:
                self.system.close(case.number)
            if case.caseworker:
                self.system.add_role(key, "medewerker", "behandelaar",
                                     contactpersoonRol={"emailadres": case.caseworker})  # fmt: skip
            if case.department:
                self.system.add_role(key, "organisatorische_eenheid", "behandelaar",
                                     betrokkeneIdentificatie={"naam": case.department})  # fmt: skip
            for party in case.parties:
                given, _, name = party.name.partition(" ")
                self.system.add_role(
                    key, "natuurlijk_persoon", "initiator",
                    contactpersoonRol={"emailadres": party.mail, "naam": "",
                                       "telefoonnummer": party.phone.removeprefix("+45")},
                    betrokkeneIdentificatie={"voornamen": given, "geslachtsnaam": name,
                                             "inpBsn": ""},
                )  # fmt: skip


class TestOpenZaakLookup(TestOpenZaakRegister):
    """Cases looked up by number only."""

    def words(self) -> Words:
        return words(case={"list_all": False})
