"""cBrain F2: the contracts of a sink and of a register on the fake, and what is F2's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals import f2
from connector.journals.folder.sink import load_mapping
from connector.model import Case, CaseParty, Receipt
from connector.ports import CaseRegister, Sink
from connector.sandbox.systems.f2 import FakeF2
from connector.sandbox.systems.f2_records import FakeMatter, FakeParty
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter

NUMBER = "2026-1170"
MAPPINGS = Path(__file__).parent.parent / "mappings"


def words(**changes: object) -> Words:
    """The words of mappings/f2.toml; `changes` as section__key=value."""
    found = load((MAPPINGS / "f2.toml").read_text(encoding="utf-8"), f2.WORDS, "f2.toml")
    values = {section: dict(keys) for section, keys in found.values.items()}
    for place, value in changes.items():
        section, key = place.split("__")
        values[section][key] = value
    return Words(found.name, values)


def drafter() -> Drafter:
    mapping = load_mapping(MAPPINGS, "da")
    return Drafter(mapping, MAPPINGS / "templates", lambda: datetime(2026, 11, 20, 15, tzinfo=UTC))


def connection(origin: str, adapter: Cutter | None = None) -> Connection:
    return Connection(
        name="esdh",
        url=f"{origin}/F2Rest",
        client_id="casethread-client",
        user="casethread",
        secret="fictional",
        adapter=adapter,
    )


class TestF2Sink(SystemContract):
    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = "2026-1171"
    system: FakeF2

    # -- hooks ----------------------------------------------------------------------------------

    def make_system(self) -> FakeF2:
        system = FakeF2()
        system.add_case("2026 - 1170", title="Hjælp i hjemmet")
        return system

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return connection(origin, adapter)

    def connect(self, connection: Connection, **changes: object) -> Sink:
        return f2.make_sink(connection, words(**changes), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [str(matter.values["Title"]) for matter in self.system.on_case(case_number)]

    def matter(self, receipt: Receipt) -> FakeMatter:
        return self.system.matters[int(receipt.target)]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        matter = self.matter(receipt)
        pages = [d.content.decode() for d in matter.documents if d.file_type == "html"]
        return "\n".join([str(matter.values["Text"]), *pages])

    def recordings(self, receipt: Receipt) -> list[bytes]:
        return [d.content for d in self.matter(receipt).documents if d.file_type == "wav"]

    def orphans(self) -> list[str]:
        """Akter on no case: the factory of the service index makes such."""
        return [str(m.values["Title"]) for m in self.system.matters.values() if not m.case_id]

    def close_case(self, sink: Sink, case_number: str) -> None:
        self.system.case(case_number).is_closed = True

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self.system.case(case_number).is_locked = True


CASES = (
    Case(
        number=NUMBER,
        title="Hjælp i hjemmet",
        opened=date(2026, 11, 2),
        caseworker="kim@kommune.example",
        department="Borgerservice",
        parties=(
            CaseParty(name="Carla Citat", phone="+4532100001", mail="carla@mail.example"),
            CaseParty(name="Dorte Drøm", phone="+4532100002"),
        ),
        kle_subject="27.45.04",
        kle_facet="P19",
    ),
    Case(
        number="2026-1171",
        title="Lukket, sag",
        is_open=False,
        opened=date(2026, 11, 2),
        access="restricted",
    ),
)


class TestF2Register(RegisterOf):
    cases: ClassVar[tuple[Case, ...]] = CASES
    system: FakeF2

    def make_system(self) -> FakeF2:
        return FakeF2()

    def connection(self, origin: str) -> Connection:
        return connection(origin)

    def connect(self, connection: Connection, **changes: object) -> CaseRegister:
        return f2.make_register(connection, words(**changes))

    def numbered(self, last: int) -> str:
        return f"2026-{last}"

    def known(self, case: Case) -> Case:
        """With F2's own id and the day F2 created it."""
        held = {c.number.replace(" ", ""): str(c.id) for c in self.system.cases.values()}
        return msgspec.structs.replace(
            case, remote_id=held.get(case.number, ""), opened=date(2026, 11, 2)
        )

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.cases.clear()
        for case in cases:
            parties = [
                FakeParty(name=party.name, mail=party.mail, phone=party.phone.removeprefix("+45"))
                for party in case.parties
            ]
            if case.department:
                unit = FakeParty(
                    name=case.department, sort="Organization", relation="ResponsibleUnit"
                )
                parties.append(unit)
            user = FakeParty(name="Kim", sort="User", mail=case.caseworker)
            self.system.add_case(
                case.number.replace("-", " - "),
                title=case.title,
                is_closed=not case.is_open,
                responsible=user if case.caseworker else None,
                groups=["Sikkerhedsgruppe"] if case.access else [],
                parties=parties,
                keyword=case.kle_subject,
                process=case.kle_facet,
            )
