"""GetOrganized: the contracts of a sink and of a register, and what is its own."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar
from urllib.parse import unquote
from xml.etree import ElementTree

import msgspec
import pytest

from connector.errors import (
    CaseClosed,
    CaseLocked,
    ConfigError,
    Denied,
    Rejected,
    RemoteError,
    Unavailable,
    Unclear,
)
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.remote import Answer
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.getorganized import WORDS, make_register, make_sink, rows
from connector.journals.getorganized.refusals import refusal
from connector.journals.getorganized.words import names_of
from connector.model import Case, Direction, EntryFile, Receipt
from connector.ports import CaseRegister, Sink
from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import FAILS_AFTER, LOSES_ANSWERS, READ_ONLY
from connector.sandbox.systems.getorganized import FakeGetOrganized
from tests.contracts.register import CASES
from tests.contracts.sink import AUDIO, open_file, sha256_of
from tests.contracts.system import RegisterOf, SystemContract

MAPPINGS = Path(__file__).parent.parent / "mappings"
NUMBER = "GEO-2026-033830"
LAST_STEP = "/_goapi/Documents/FinalizeMultiple/ByDocumentId"


def drafter() -> Drafter:
    def clock() -> datetime:
        return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    return Drafter(load_mapping(MAPPINGS, "da"), MAPPINGS / "templates", clock)


def words(**changes: dict[str, object]) -> Words:
    """The mapping of the program, with some sections changed; signing in with Basic."""
    text = (MAPPINGS / "getorganized.toml").read_text(encoding="utf-8")
    read = load(text, WORDS, "mappings/getorganized.toml")
    changes.setdefault("connection", {"sign_in": "basic"})
    changes["documents"] = {"index_wait_s": 0, **changes.get("documents", {})}
    values = {name: {**keys, **changes.get(name, {})} for name, keys in read.values.items()}
    return Words(read.name, values)


def large(part_bytes: int = 500) -> dict[str, object]:
    """Everything but the shortest file goes in parts."""
    return {"direct_bytes": 100, "part_bytes": part_bytes}


class TestSink(SystemContract):
    """The sink side keeps the contract, small documents in one piece."""

    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = "GEO-2026-033831"
    system: FakeGetOrganized
    changes: ClassVar[dict[str, dict[str, object]]] = {}

    def make_system(self) -> FakeGetOrganized:
        system = FakeGetOrganized()
        system.store.add_case(NUMBER, Title="Byggesag", CaseStatus="Åben")
        return system

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(**self.changes), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        case = self.system.store.case(case_number)
        return [each.name for each in case.documents if each.name.endswith(".html")]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        return self.system.store.document(receipt.target)[1].content.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        case, page = self.system.store.document(receipt.target)
        return [each.content for each in case.documents if each is not page]

    def orphans(self) -> list[str]:
        case = self.system.store.case(NUMBER)
        return [
            each.name
            for each in case.documents
            if not (each.record_number and each.is_final and each.row["Beskrivelse"])
        ]

    def close_case(self, sink: Sink, case_number: str) -> None:
        self.system.store.case(case_number).row["CaseStatus"] = "Lukket"

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self.system.store.case(case_number).is_locked = True

    @contextmanager
    def lose_reply(self, sink: Sink):
        """Of the steps of a put, the answer to the last is lost: the entry is whole then."""
        answer = self.system.answer

        def lost(request: Request) -> Response:
            response = answer(request)
            return Response(cut_at=-1) if request.path == LAST_STEP else response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lost)
            yield


class TestLargeFiles(TestSink):
    """The same contract when page and recording go in parts through the SharePoint site.

    Of few parts each: the crash tests cut at every request.
    """

    changes: ClassVar[dict[str, dict[str, object]]] = {"documents": large(5000)}

    @pytest.mark.parametrize("kind", ["voicemail"])  # a conversation's requests are among these
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", ["killed"])  # TestSink does it with a cut line as well
    def test_a_cut_at_every_request(self, kind: str, when: str, how: str):
        """Killed at each request of an upload in parts, then recovered: one whole entry."""
        super().test_a_cut_at_every_request(kind, when, how)


class TestRegister(RegisterOf):
    """The register side keeps the contract: one case by its number."""

    system: FakeGetOrganized
    cases: ClassVar[tuple[Case, ...]] = tuple(
        msgspec.structs.replace(
            case,
            number=f"GEO-2026-03383{at}",
            department="Byg og Miljø",
            kle_subject="02.34.02",
            kle_facet="P19",
            opened=date(2026, 3, 29),
            closed=None if case.is_open else date(2026, 10, 25),
        )
        for at, case in enumerate(CASES)
    )

    def known(self, case: Case) -> Case:
        """A party has a name alone; no more than one is shown."""
        parties = tuple(type(each)(name=each.name) for each in case.parties[:1])
        return msgspec.structs.replace(case, parties=parties)

    def numbered(self, last: int) -> str:
        return f"GEO-2026-0340{last}"

    def make_system(self) -> FakeGetOrganized:
        return FakeGetOrganized()

    def connect(self, connection: Connection) -> CaseRegister:
        case = {"caseworker": "{login}@kommune.example"}
        return make_register(connection, words(case=case))

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.hold(list(cases))

    def test_a_search_that_finds_parts_is_compared(self):
        """A server that finds every number holding the one asked for changes nothing."""
        register = self.make_register([*self.cases, Case(number="GEO-2026-033830-001")])
        self.system.finds_parts = True

        assert register.lookup("GEO-2026-033830") == self.known(self.cases[0])
        assert register.lookup("GEO-2026-03383") is None

    def test_a_number_that_exists_twice(self):
        """Two sites with one number: neither is taken, and the message says what to set."""
        register = self.make_register([self.cases[0], self.cases[0]])
        self.system.store.cases[1].url = "/cases/OLD1/GEO-2026-033830"

        with pytest.raises(Rejected, match="url_start") as caught:
            register.lookup("GEO-2026-033830")
        assert caught.value.field == "case_number"

        told = make_register(self.connection(self.origin), words(case={"url_start": "/cases/GEO"}))
        assert told.lookup("GEO-2026-033830") is not None

    def test_unknown_confidentiality_is_restricted(self):
        """A case without a category, or with one the mapping does not know, is restricted."""
        register = self.make_register(self.cases[:1])
        for category in ("", "Noget helt andet"):
            self.system.store.cases[0].row["CaseCategory"] = category
            case = register.lookup(self.cases[0].number)
            assert case is not None
            assert case.access == "restricted"

    def test_an_unknown_status_is_not_open(self):
        """A status that the mapping does not know is not written on."""
        register = self.make_register(self.cases[:1])
        self.system.store.cases[0].row["CaseStatus"] = "Under oprydning"

        case = register.lookup(self.cases[0].number)

        assert case is not None
        assert not case.is_open

    def test_nothing_of_the_contact_but_the_name_is_read(self):
        """CCMContactData holds a CPR number; it goes nowhere."""
        register = self.make_register(self.cases[:1])
        self.system.store.cases[0].row["CCMContactData"] = "Carla Citat;#42;#311299XXXX;#;#"

        case = register.lookup(self.cases[0].number)

        assert case is not None
        assert b"311299" not in msgspec.json.encode(case)


class Own:
    """What is GetOrganized's own, on one served system."""

    number = NUMBER

    @pytest.fixture(autouse=True)
    def _served(self):
        self.system = FakeGetOrganized()
        self.case = self.system.store.add_case(NUMBER, Title="Byggesag", CaseStatus="Åben")
        with self.system.serve() as listener:
            self.origin = listener.origin
            yield

    def connection(self, **changes: Any) -> Connection:
        made = Connection(name="esdh", url=self.origin, user="casethread", secret="fictional")
        return msgspec.structs.replace(made, **changes)

    def sink(self, sleep=lambda _s: None, **changes: dict[str, object]) -> Sink:
        return make_sink(self.connection(), words(**changes), drafter(), sleep)

    def entry(self, kind: str = "conversation", **changes: object):
        return SystemContract.entry(self, kind, **changes)  # type: ignore[arg-type]

    def paths(self) -> list[str]:
        """What was asked, without addresses and numbers."""
        return [
            f"{each.method} {unquote(each.target).split('?')[0].rsplit('/_', 1)[-1]}"
            for each in self.system.requests
        ]


class TestSteps(Own):
    """What is sent, what is stored, and what is done again."""

    def test_the_requests_of_a_first_put(self):
        """A conversation is found, added, journalised, finalised and read back: eight requests."""
        self.sink().put(self.entry(), "CT-1", open_file)

        assert self.paths()[3:6] == [
            "POST goapi/Documents/AddToCase",
            "POST goapi/Documents/MarkMultipleAsCaseRecord/ByDocumentId",
            "POST goapi/Documents/Finalize" + "Multiple/ByDocumentId",
        ]
        assert len(self.paths()) == 8
        self.system.requests.clear()

        self.sink().put(self.entry(), "CT-1", open_file)

        assert len(self.paths()) == 3

    def test_bytes_are_numbers_and_nothing_is_overwritten(self):
        """The proven form: a list of numbers, Overwrite false, the case by its number."""
        self.sink().put(self.entry("voicemail"), "CT-1", open_file)

        bodies = [
            json.loads(each.body) for each in self.system.requests if "AddToCase" in each.target
        ]
        assert bytes(bodies[0]["Bytes"]) == AUDIO
        assert [each["Overwrite"] for each in bodies] == [False, False]
        assert {each["CaseId"] for each in bodies} == {NUMBER}
        assert bodies[1]["FileName"] == "2026-11-20_1412_telefonsvarer_CT-1.html"

    def test_base64_by_setting_alone(self):
        """Base64 is sent when the mapping says so, and a server that takes none of it refuses."""
        sink = self.sink(documents={"bytes": "base64"})
        with pytest.raises(Rejected):
            sink.put(self.entry(), "CT-1", open_file)
        assert self.case.documents == []

        self.system.takes_base64 = True
        receipt = sink.put(self.entry(), "CT-1", open_file)

        assert receipt == self.sink().find("CT-1", NUMBER)

    @pytest.mark.parametrize(
        ("started_at", "day"),
        [
            (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), "2026-11-21"),  # winter: UTC+1
            (datetime(2026, 7, 31, 22, 30, tzinfo=UTC), "2026-08-01"),  # summer: UTC+2
            (datetime(2026, 7, 31, 21, 30, tzinfo=UTC), "2026-07-31"),
        ],
    )
    @pytest.mark.parametrize("documents", [{}, large()])
    def test_the_date_is_the_local_day(
        self, started_at: datetime, day: str, documents: dict[str, object]
    ):
        """The day in Denmark, in both forms of date: day first on adding, month first later."""
        self.sink(documents=documents).put(self.entry(started_at=started_at), "CT-1", open_file)

        assert self.case.documents[0].row["Dato"] == f"{day} 00:00:00"

    def test_what_stands_in_the_metadata(self):
        """Title, direction and mark; quotes and angle brackets of a title survive the XML."""
        title = "Anna's \"sag\" <1> & 'mere'"
        self.sink().put(self.entry(title=title, direction=Direction.OUTBOUND), "CT-1", open_file)

        row = self.case.documents[0].row
        assert row["Title"] == title
        assert row["Korrespondance"] == "Udgående"
        assert row["CCMMustBeOnPostList"] == "0"
        assert row["Beskrivelse"].startswith("Casethread CT-1 sha256:")

    def test_a_mark_in_the_title(self):
        """Without a field to spare the mark ends the title, which is cut to make room."""
        fields = {"mark": "ows_Title"}
        receipt = self.sink(fields=fields).put(self.entry(title="😀" * 400), "CT-1", open_file)

        title = self.case.documents[0].row["Title"]
        assert title.endswith(f"[Casethread CT-1 sha256:{receipt.sha256}]")
        assert len(title.encode("utf-16-le")) <= 2 * 255
        assert receipt == self.sink(fields=fields).find("CT-1", NUMBER)

    def test_a_field_that_does_not_exist_is_noticed(self):
        """The server drops an unknown field without a word; the entry is then not called written,
        and a corrected mapping goes on with the same document."""
        with pytest.raises(Rejected, match="ows_Findesikke") as caught:
            self.sink(fields={"mark": "ows_Findesikke"}, finish={"finalize": "no"}).put(
                self.entry(), "CT-1", open_file
            )

        assert caught.value.field == "mark"
        assert self.sink().find("CT-1", NUMBER) is None

        receipt = self.sink().put(self.entry(), "CT-1", open_file)

        assert receipt == self.sink().find("CT-1", NUMBER)
        assert len(self.case.documents) == 1

    def test_success_that_did_nothing_is_noticed(self):
        """Marking that is answered with 200 and changes nothing does not count."""
        self.system.marks = False
        with pytest.raises(Unclear, match="not journalised"):
            self.sink().put(self.entry(), "CT-1", open_file)
        assert self.sink().find("CT-1", NUMBER) is None

        self.system.marks = True
        self.sink().put(self.entry(), "CT-1", open_file)

        assert self.case.documents[0].record_number == 1
        assert len(self.case.documents) == 1

    @pytest.mark.parametrize("body", [b'{"Success": false, "Message": "Nej"}', b'{"DocId": 0}'])
    @pytest.mark.parametrize("step", ["AddToCase", "MarkMultiple", "FinalizeMultiple"])
    def test_a_200_that_says_no(self, step: str, body: bytes):
        """A false Success flag and an id of 0 are no success, whatever the status."""
        answer = self.system.answer

        def no(request: Request) -> Response:
            is_it = step in request.path
            kind = {"content-type": "application/json"}
            return Response(headers=kind, body=body) if is_it else answer(request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", no)
            with pytest.raises((Rejected, Unclear)):
                self.sink().put(self.entry(), "CT-1", open_file)
            assert self.sink().find("CT-1", NUMBER) is None

        self.sink().put(self.entry(), "CT-1", open_file)

        assert len(self.case.documents) == 1

    def test_a_recording_that_was_answered_and_not_kept(self):
        """An id for a document that is not there: the entry is not called written, by put or by
        find, until the recording is there."""
        answer = self.system.answer

        def lie(request: Request) -> Response:
            if "AddToCase" in request.path and b"_lyd-01" in request.body:
                kind = {"content-type": "application/json"}
                return Response(headers=kind, body=b'{"DocId": 215999}')
            if "MarkMultiple" in request.path or "Finalize" in request.path:
                numbers = json.loads(request.body)["DocumentIds"]
                kept = [each for each in numbers if each != 215999]
                body = json.dumps({"DocumentIds": kept}).encode()
                request = dataclasses.replace(request, body=body)
            return answer(request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lie)
            with pytest.raises(Unclear):
                self.sink().put(self.entry("voicemail"), "CT-1", open_file)
            assert self.sink().find("CT-1", NUMBER) is None

        receipt = self.sink().put(self.entry("voicemail"), "CT-1", open_file)

        assert receipt == self.sink().find("CT-1", NUMBER)
        assert sorted(len(each.content) for each in self.case.documents)[0] == len(AUDIO)
        assert len(self.case.documents) == 2

    @pytest.mark.parametrize("state", [LOSES_ANSWERS, FAILS_AFTER])
    def test_each_step_in_turn_is_lost(self, state: str):
        """Every write of a put is answered badly once: each put gets one step further, and none
        is done twice."""
        tries = 0
        with self.system.being(state):
            while self.sink().find("CT-1", NUMBER) is None:
                tries += 1
                with pytest.raises(Unclear):
                    self.sink().put(self.entry("voicemail"), "CT-1", open_file)

        assert tries == 4  # recording, page, marking, finalising
        assert [each.record_number for each in self.case.documents] == [1, 2]

    @pytest.mark.parametrize(
        ("finish", "is_record", "is_final"),
        [
            ({"finalize": "single"}, True, True),
            ({"finalize": "no"}, True, False),
            ({"mark_as_record": False, "finalize": "no"}, False, False),
        ],
    )
    def test_how_far_it_goes_is_a_setting(
        self, finish: dict[str, object], is_record: bool, is_final: bool
    ):
        """Journalising and finalising are two steps, and each is left out by the mapping."""
        receipt = self.sink(finish=finish).put(self.entry("voicemail"), "CT-1", open_file)

        for each in self.case.documents:
            assert (bool(each.record_number), each.is_final) == (is_record, is_final)
        assert receipt == self.sink(finish=finish).find("CT-1", NUMBER)

    def test_a_server_that_cannot_filter_by_name(self):
        """Other documents on the case, and keys that begin alike, are not mistaken for ours."""
        self.system.site.filters = False
        self.system.store.add_document(self.case, "Brev_CT-1_.pdf.html", b"x")
        self.sink().put(self.entry("call"), "CT-11", open_file)

        assert self.sink().find("CT-1", NUMBER) is None

        self.sink(documents={"filter_by_name": False}).put(self.entry(), "CT-12", open_file)
        assert not any("$filter" in each.target for each in self.system.requests[-3:])

    def test_a_sub_case_has_its_own_folder(self):
        """A sub-case lies in its parent's library, in a folder named by the end of its number."""
        sub = self.system.store.add_case(f"{NUMBER}-001", CaseStatus="Åben")
        for documents in ({}, large()):
            key = f"CT-{len(documents)}"
            entry = self.entry(case_number=sub.id)
            receipt = self.sink(documents=documents).put(entry, key, open_file)
            assert receipt == self.sink().find(key, sub.id)
            assert self.sink().find(key, NUMBER) is None

        assert {each.folder for each in sub.documents} == {"001"}

    def test_too_large_a_file_is_refused_before_anything_is_sent(self):
        """Over the site's limit: the entry's files, and nothing was written."""
        sink = self.sink(documents={"most_bytes": len(AUDIO) - 1})
        assert sink.capabilities.max_file_bytes == len(AUDIO) - 1

        with pytest.raises(Rejected) as caught:
            sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert caught.value.field == "files"
        assert self.system.requests == []


class TestUploadInParts(Own):
    """Over 10 MB: SharePoint's upload, the late document id, and the metadata afterwards."""

    def put_large(self, content: bytes, documents: dict[str, object], sleep=lambda _s: None):
        file = EntryFile(
            name="lang.wav", sha256=sha256_of(content), size_bytes=len(content), role="audio"
        )

        def opened(_sha256: str) -> BinaryIO:
            return io.BytesIO(content)

        sink = self.sink(sleep=sleep, documents=documents)
        return sink.put(self.entry("voicemail", files=(file,)), "CT-1", opened)

    def test_over_ten_megabytes(self):
        """The program's own limit: 21 MB go in three parts of at most 10, and arrive whole."""
        content = bytes(range(256)) * (21 << 12)
        waits: list[float] = []

        self.put_large(content, {}, waits.append)

        recording = self.case.documents[0]
        assert recording.content == content
        assert recording.row["Dato"] == "2026-11-20 00:00:00"
        assert recording.is_final
        sizes = [len(each.body) for each in self.system.requests if "Upload(" in each.target]
        assert sizes == [10 << 20, 10 << 20, 1 << 20]
        assert len(waits) >= 1  # the id was late

    @pytest.mark.parametrize("size_bytes", [101, 499, 500, 501, 999, 1000, 1001])
    def test_parts_of_every_size(self, size_bytes: int):
        """Sizes round the edges of parts arrive whole."""
        content = bytes(at % 251 for at in range(size_bytes))

        self.put_large(content, large())

        assert self.case.documents[0].content == content

    def test_an_index_that_takes_too_long(self):
        """No id in time: this run ends; the next finds the file whole and sends it no more."""
        content = b"x" * 1500
        with pytest.raises(Unavailable, match="no document id yet") as caught:
            self.put_large(content, {**large(), "index_tries": 1})
        assert type(caught.value) is CaseLocked  # other cases do not wait for it
        self.system.requests.clear()

        self.put_large(content, large())

        targets = [unquote(each.target) for each in self.system.requests]
        assert not any("Upload(" in each and "_lyd-01" in each for each in targets)
        assert len(self.case.documents[0].content) == 1500


class TestRefusals(Own):
    """Closed, locked and forbidden, whatever words the server has for it."""

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            ((500, "Sagen er lukket og kan ikke ændres."), CaseClosed),
            ((403, "The case is closed."), CaseClosed),
            ((423, ""), CaseLocked),
            ((500, "The document is checked out by KOMMUNE\\anna."), CaseLocked),
            ((403, "Access denied."), Denied),
            ((404, "No such case."), Rejected),
            ((500, "Object reference not set to an instance of an object."), Unclear),
            ((500, "ExecuteReader requires an open connection. Its state is closed."), Unclear),
            ((500, "The connection is closed."), Unclear),
        ],
    )
    def test_a_case_that_changes_meanwhile(
        self, answer: tuple[int, str], expected: type[RemoteError]
    ):
        """What is refused after the case was found open."""
        self.case.is_locked = True
        self.system.lock_refusal = answer

        with pytest.raises(expected) as caught:
            self.sink().put(self.entry(), "CT-1", open_file)

        assert type(caught.value) is expected
        assert caught.value.status == answer[0]
        assert "anna" not in str(caught.value)
        if expected is not Unclear:
            assert NUMBER in str(caught.value)

    def test_one_case_that_may_not_be_written_on(self):
        """403 on one case is that case's error when the account may write on another."""
        self.system.store.add_case("GEO-2026-033899", CaseStatus="Åben")
        self.case.is_locked = True
        self.system.lock_refusal = (403, "Access denied.")
        check = {"case_number": "GEO-2026-033899"}

        with pytest.raises(Rejected, match=NUMBER) as caught:
            self.sink(check=check).put(self.entry(), "CT-1", open_file)
        assert caught.value.field == "case_number"

        with self.system.being(READ_ONLY), pytest.raises(Denied):
            self.sink(check=check).put(self.entry(), "CT-1", open_file)

    def test_a_case_without_the_library(self):
        """One case of another template is that case's error; the run goes on with the others."""
        with pytest.raises(Rejected, match="library") as caught:
            self.sink(documents={"library": "Akter"}).put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"

    def test_a_page_of_a_proxy_tells_nothing_of_a_case(self):
        """Words in a page for people are not the server's about the case."""
        page = b"<html><body>The case is closed by the upstream.</body></html>"
        answer = Answer(502, page, {"Content-Type": "text/html"}, "POST", "https://esdh.example/")

        assert refusal(answer, NUMBER, words(), "esdh") is None

    def test_the_words_are_a_setting(self):
        """A site's own word for a closed case is taken from the mapping."""
        self.case.is_locked = True
        self.system.lock_refusal = (500, "Kabinettet er forseglet.")

        with pytest.raises(CaseClosed):
            self.sink(errors={"closed": ["forseglet"]}).put(self.entry(), "CT-1", open_file)


class TestCheck(Own):
    """What check proves, and what it tells to do."""

    def whats(self, level: str, **changes: dict[str, object]) -> str:
        findings = self.sink(**changes).check()
        assert all(each.fix for each in findings if each.level != "ok")
        return "\n".join(each.what for each in findings if each.level == level)

    def test_fields_that_do_not_exist(self):
        """The mark's field is an error, because nothing can be written without it."""
        assert "ows_Intet" in self.whats("warning", fields={"date": "ows_Intet"})
        assert "ows_Intet" in self.whats("error", fields={"mark": "ows_Intet"})
        assert "ows_Status" in self.whats("warning", case={"status": "ows_Status"})

    def test_no_case_to_look_at(self):
        """Signed in, but no case is seen: what to ask for, or to set."""
        self.system.store.cases.clear()

        assert "case_number" in self.whats("error")

    def test_a_case_by_setting(self):
        """[check] case_number chooses the case, and nothing else is looked at."""
        self.system.store.add_case("BOR-2026-000001", CaseStatus="Åben")

        assert "BOR-2026-000001" in self.whats("ok", check={"case_number": "BOR-2026-000001"})

    def test_a_mapping_that_cannot_work(self):
        """Field names and forms of dates are looked at when the sink is made, all at once."""
        with pytest.raises(ConfigError) as caught:
            names_of(
                words(
                    fields={"mark": "", "fixed": ["Art"], "date_on_adding": "%d/%m"},
                    state={"final": "Finalized"},
                    case={"status": "", "open_values": []},
                    documents={"library": " "},
                )
            )
        assert len(caught.value.problems) == 7


class TestNtlm(Own):
    """The way real installations sign in: challenge and response."""

    def put(self, **changes: Any) -> Receipt:
        ntlm = {"sign_in": "ntlm"}
        sink = make_sink(self.connection(**changes), words(connection=ntlm), drafter())
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)
        assert receipt == sink.find("CT-1", NUMBER)
        assert {each.level for each in sink.check()} == {"ok"}
        return receipt

    @pytest.mark.parametrize("user", ["casethread", "KOMMUNE\\casethread"])
    def test_a_put_by_ntlm(self, user: str):
        """A voicemail is journaled; the password never leaves, Basic is refused."""
        self.system.takes_basic = False

        self.put(user=user)

        sent = " ".join(each.headers.get("authorization", "") for each in self.system.requests)
        assert "NTLM TlRMTVNTUAAD" in sent  # NTLMSSP, type 3
        assert "Basic" not in sent

    def test_many_threads_by_ntlm(self):
        """Challenge and proof go by one connection, also when eight threads use the register."""
        self.system.takes_basic = False
        ntlm = words(connection={"sign_in": "ntlm"})
        register = make_register(self.connection(), ntlm)

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _at: register.lookup(NUMBER), range(40)))

        assert [case.number for case in found if case] == [NUMBER] * 40

    def test_a_wrong_password(self):
        """Denied, once: no account is locked by trying again and again."""
        with pytest.raises(Denied):
            self.put(secret="forkert")

        assert len(self.system.requests) == 3
        assert self.case.documents == []

    def test_an_unknown_user(self):
        """Denied as well."""
        with pytest.raises(Denied):
            self.put(user="KOMMUNE\\en-anden")


@pytest.mark.parametrize("value", ["", "<!DOCTYPE a [<!ENTITY b 'c'>]><z>&b;</z>", "<z:row"])
def test_metadata_that_is_none(value: str):
    """What is no row, or declares entities, is refused and never expanded."""
    with pytest.raises(ValueError, match="row of metadata"):
        rows.read_row(value)


def test_a_row_is_xml_whatever_it_holds():
    """Every character comes back, but for those that XML cannot hold."""
    value = "a\x00b<>&\"'\n\ufffe 😀 æøå"

    root = ElementTree.fromstring(rows.row_xml({"ows_Title": value, "ows_Tom": ""}))

    assert root.attrib == {"ows_Title": "a b<>&\"'\n  😀 æøå"}


@pytest.mark.parametrize(
    ("written", "name", "login"),
    [
        ("6548;#Anna Prøvesen(az0001)", "Anna Prøvesen", "az0001"),
        ("18;#IB_TEAM", "IB_TEAM", ""),
        ("7;#Kim Prøvesen(kp01);#9;#Bo Bekendt(bb02)", "Kim Prøvesen", "kp01"),
        ("anna@kommune.example", "anna@kommune.example", ""),
        ("", "", ""),
    ],
)
def test_people_fields(written: str, name: str, login: str):
    """Forms of a people field that public metadata shows."""
    assert rows.owner(written) == (name, login)
