"""SBSYS: the contracts of a sink and of a register against a fake of it, and what is its own."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.defaults import defaults_dir
from connector.errors import CaseClosed, CaseLocked, Denied, Rejected, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter, mark
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.sbsys import KIND, WORDS, make_register, make_sink, wire
from connector.model import Case, CaseParty, Finding, Line, Receipt
from connector.ports import CaseRegister, Sink
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import listen
from connector.sandbox.systems.base import LARGEST_BODY, FakeSystem, parts
from connector.sandbox.systems.sbsys import TOKEN_PATH, SbsysCase, SbsysSystem
from tests.contracts.register import CASES
from tests.contracts.sink import AUDIO, NUMBER, STARTED, entry, open_file
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter

MAPPINGS = defaults_dir() / "mappings"
TOML = (MAPPINGS / "sbsys.toml").read_text(encoding="utf-8")
UPN = ('caseworker_upn = ""', 'caseworker_upn = "{logon}@kommune.example"')


def words(*changes: tuple[str, str]) -> Words:
    """The shipped mapping, with lines replaced as a site would."""
    text = TOML
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load(text, WORDS, "mappings/sbsys.toml")


def connection(origin: str, adapter: Cutter | None = None) -> Connection:
    return Connection(
        name="esdh",
        url=origin,
        token_url=origin + TOKEN_PATH,
        client_id="casethread",
        client_secret="fictional-client",
        user="casethread",
        secret="fictional",
        adapter=adapter,
    )


def drafter() -> Drafter:
    return Drafter(
        load_mapping(MAPPINGS, "da"),
        MAPPINGS / "templates",
        lambda: datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
    )


def is_ours(document: dict[str, object]) -> bool:
    return "Casethread" in str(document["Beskrivelse"])


class TestSink(SystemContract):
    """The contract, on a case among others with similar numbers."""

    system: SbsysSystem

    def make_system(self) -> SbsysSystem:
        system = SbsysSystem()
        # Two cases whose numbers hold this one, and which the search gives as hits.
        system.add(SbsysCase(id=1, number=f"{NUMBER}0", title="En anden"))
        system.add(SbsysCase(id=2, number=NUMBER, title="Hjælp i hjemmet"))
        system.add(SbsysCase(id=3, number=f"1{NUMBER}", title="En tredje"))
        return system

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(), drafter())

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return connection(origin, adapter)

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        case = self.system.case_of(case_number)
        return [note["Overskrift"] for note in case.notes] if case else []

    def read(self, sink: Sink, receipt: Receipt) -> str:
        case = self.system.case_of(NUMBER)
        assert case
        (note,) = [n for n in case.notes if receipt.target.endswith(n["Uuid"])]
        pages = [
            self.system.files[document["DokumentID"]].decode()
            for document in case.documents
            if f" {receipt.key} " in document["Beskrivelse"] and ".html" in document["Beskrivelse"]
        ]
        return "\n".join([note["Note"], *pages])

    def recordings(self, receipt: Receipt) -> list[bytes]:
        case = self.system.case_of(NUMBER)
        assert case
        return [
            self.system.files[document["DokumentID"]]
            for document in case.documents
            if f" {receipt.key} " in document["Beskrivelse"]
            and ".html" not in document["Beskrivelse"]
        ]

    def orphans(self) -> list[str]:
        """Documents with our mark on a case that holds no note with the same key."""
        return [
            document["Beskrivelse"]
            for case in self.system.cases.values()
            for document in case.documents
            if is_ours(document)
            and not any(document["Beskrivelse"].split()[2] in note["Note"] for note in case.notes)
        ]

    def close_case(self, sink: Sink, case_number: str) -> None:
        case = self.system.case_of(case_number)
        assert case
        case.state = "Afsluttet"

    def lock_case(self, sink: Sink, case_number: str) -> None:
        case = self.system.case_of(case_number)
        assert case
        case.held = True


class TestRegister(RegisterOf):
    """The contract; SBSYS gives no telephone number or mail address with a case."""

    system: SbsysSystem
    cases: ClassVar[tuple[Case, ...]] = CASES

    def make_system(self) -> SbsysSystem:
        return SbsysSystem()

    def connect(self, connection: Connection) -> CaseRegister:
        return make_register(connection, words(UPN))

    def connection(self, origin: str) -> Connection:
        return connection(origin)

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.cases.clear()
        for at, case in enumerate(cases, 1):
            self.system.add(
                SbsysCase(
                    id=at,
                    number=case.number,
                    title=case.title,
                    state="Aktiv" if case.is_open else "Afsluttet",
                    is_protected=case.access == "restricted",
                    logon=case.caseworker.partition("@")[0],
                    office=case.department,
                    persons=tuple(party.name for party in case.parties),
                )
            )

    def known(self, case: Case) -> Case:
        subject, facet = case.number.split("-")[:2]
        return msgspec.structs.replace(
            case,
            parties=tuple(CaseParty(name=party.name) for party in case.parties),
            opened=date(2024, 3, 1),
            closed=None if case.is_open else date(2024, 3, 1),
            kle_subject=subject,
            kle_facet=facet,
            remote_id=SbsysCase(id=0, number=case.number).uuid,
        )
