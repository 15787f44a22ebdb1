"""Open Zaak with Open Klant: the contracts of a sink and of a register, and what is its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter

from connector.errors import CaseClosed, Denied, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.remote import Answer
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.openzaak import WORDS, make_register, make_sink
from connector.journals.openzaak.service import Signer, refuse, sure, zaak_service
from connector.journals.openzaak.zaken import Types, find_case
from connector.model import Case, CaseParty, Line, Party, Receipt
from connector.ports import CaseRegister, NoSteps, Sink
from connector.sandbox.systems.base import FakeSystem, plain
from connector.sandbox.systems.openzaak import PART_BYTES, FakeOpenZaak
from connector.sandbox.systems.zgw import fault
from connector.wire import QuickAdapter
from tests.contracts.register import CASES, listed
from tests.contracts.sink import AUDIO, STARTED, open_file, sha256_of
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter, Killed

MAPPINGS = Path(__file__).parent.parent / "mappings"
FILE = MAPPINGS / "openzaak.toml"
NUMBER = "ZAAK-2026-0000000001"
OTHER = "ZAAK-2026-0000000002"


@cache
def program_words() -> Words:
    return load(FILE.read_text(encoding="utf-8"), WORDS, "openzaak.toml")


def words(**changes: dict[str, object]) -> Words:
    """The program's own mapping, with some words changed: case={"organisation": ...}."""
    own = program_words()
    return Words(own.name, {key: {**value, **changes.get(key, {})}
                            for key, value in own.values.items()})  # fmt: skip


class Meddling(HTTPAdapter):
    """The connections to `origin`; `before` and `after` each request something else happens."""

    def __init__(
        self,
        origin: str,
        before: Callable[[requests.PreparedRequest], None] = lambda _request: None,
        after: Callable[[requests.PreparedRequest], None] = lambda _request: None,
    ) -> None:
        super().__init__()
        self.inner = QuickAdapter(origin, 4)
        self.before, self.after = before, after

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.before(request)
        response = self.inner.send(request, *args, **kwargs)
        self.after(request)
        return response


@cache
def drafter() -> Drafter:
    mapping = load_mapping(MAPPINGS, "da")
    return Drafter(mapping, MAPPINGS / "templates", lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))


class OpenZaakSuite(SystemContract):
    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = OTHER
    locks_cases: ClassVar[bool] = False
    system: FakeOpenZaak

    def connect_with(self, **changes: dict[str, object]) -> Sink:
        """A sink whose mapping has other words."""
        self.changes = changes
        return self.make_sink()

    def made(self, resource: str) -> int:
        """How many requests made such a thing, or tried to."""
        return sum(each.method == "POST" and each.path.endswith(f"/{resource}")
                   for each in self.system.requests)  # fmt: skip

    def words(self) -> Words:
        return words(**getattr(self, "changes", {}))

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
        """Documents without a case; a locked one without content is what an upload left."""
        linked = {each["informatieobject"] for each in self.system.links}
        return [each["identificatie"] for key, each in self.system.documents.items()
                if key not in linked and not each["locked"]]  # fmt: skip


class TestOpenZaakSink(OpenZaakSuite):
    """Documents alone."""

    def test_requests_of_a_put(self):
        """Ten at first, six when the types are known, three for a known key; three more a file."""
        sink = self.make_sink()
        counts = []
        for key, kind in (
            ("CT-1", "call"),
            ("CT-2", "call"),
            ("CT-2", "call"),
            ("CT-3", "voicemail"),
        ):
            before = len(self.system.requests)
            sink.put(self.entry(kind), key, open_file)
            counts.append(len(self.system.requests) - before)

        assert counts == [10, 6, 3, 9]

    def test_what_a_document_says(self):
        """Our key, our mark, the day, the hash, the language in three letters; no name."""
        sink = self.make_sink()
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)

        page = self.system.documents[receipt.target]
        (file,) = (each for each in self.system.linked(NUMBER) if each is not page)
        assert (page["identificatie"], file["identificatie"]) == ("CT-1", "CT-1-01")
        assert page["beschrijving"].startswith("Casethread CT-1 sha256:")
        assert receipt.sha256 == sha256_of(self.system.content[receipt.target])
        assert file["integriteit"]["waarde"] == sha256_of(AUDIO)
        assert (page["creatiedatum"], page["taal"]) == ("2026-11-20", "dan")
        assert file["titel"] == f"{page['titel']}: lyd-01.wav"
        assert "Carla" not in str([page, file])
        assert "Besked fra Carla.wav" in self.read(sink, receipt)
        assert page["vertrouwelijkheidaanduiding"] == "intern"

    def test_a_hidden_case(self):
        """A case beyond the application's rights is refused by its number, and may be hidden."""
        sink = self.make_sink()
        self.system.add_case(OTHER, vertrouwelijkheidaanduiding="geheim")

        assert sink.find("CT-1", OTHER) is None
        with pytest.raises(Rejected, match="hidden from the service account") as caught:
            sink.put(self.entry(case_number=OTHER), "CT-1", open_file)
        assert caught.value.field == "case_number"
        assert self.system.documents == {}

    def test_a_number_of_two_organisations(self):
        """A number that exists twice is refused with what to set; once set, the right one is it."""
        sink = self.make_sink()
        other = self.system.add_case(NUMBER, bronorganisatie="517439943")

        with pytest.raises(Rejected, match="organisation") as caught:
            sink.put(self.entry(), "CT-1", open_file)
        assert caught.value.field == "case_number"

        self.connect_with(case={"organisation": "517439943"}).put(self.entry(), "CT-1", open_file)
        assert [each["zaak"] for each in self.system.links] == [other]

    def test_other_hits_are_not_the_case(self):
        """A search that gives more than was asked for finds only the number that was meant."""
        self.system.add_case(NUMBER + "1")
        self.system.searches_loosely = True

        self.make_sink().put(self.entry(), "CT-1", open_file)
        with pytest.raises(Rejected):
            self.make_sink().put(self.entry(case_number=NUMBER[:-1]), "CT-2", open_file)

        assert [each["zaak"] for each in self.system.links] == [self.system.case_id(NUMBER)]

    def test_a_case_that_closes_meanwhile(self):
        """Refused at the link: CaseClosed; reopened, the same documents are linked."""
        sink = self.make_sink()
        sink.put(self.entry("call"), "CT-0", open_file)
        self.system.before_link = lambda: self.system.close(NUMBER)
        with pytest.raises(CaseClosed, match=NUMBER):
            sink.put(self.entry("voicemail"), "CT-1", open_file)
        assert self.documents(sink, NUMBER) == ["CT-0"]
        uploaded = self.made("enkelvoudiginformatieobjecten")

        self.system.before_link = lambda: None
        self.system.cases[self.system.case_id(NUMBER)]["einddatum"] = None
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert self.orphans() == []
        assert self.made("enkelvoudiginformatieobjecten") == uploaded

    @pytest.mark.parametrize("has_all_rights", [False, True])
    def test_a_closed_case_gets_no_document(self, has_all_rights: bool):
        """Nothing is made for it, also by an application that the system would not refuse."""
        sink = self.make_sink()
        self.system.has_all_rights = has_all_rights
        self.system.close(NUMBER)

        with pytest.raises(CaseClosed):
            sink.put(self.entry("voicemail"), "CT-1", open_file)
        assert self.system.documents == {}

    def test_it_goes_on_at_the_link(self):
        """A document without its link is no entry; it is linked and not uploaded again."""
        first = self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)
        self.system.links.clear()
        assert self.make_sink().find("CT-1", NUMBER) is None

        assert first == self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)

        assert self.made("enkelvoudiginformatieobjecten") == 2
        assert self.orphans() == []

    def test_two_documents_of_one_key(self):
        """What a race of two processes left: always the older one, and never a third."""
        sink = self.make_sink()
        first = sink.put(self.entry(), "CT-1", open_file)
        older = self.system.documents[first.target]
        younger = {**older, "key": "0", "beginRegistratie": "2026-11-21T09:00:01Z"}
        self.system.documents = {"0": younger, **self.system.documents}
        self.system.content["0"] = b""

        assert first == sink.find("CT-1", NUMBER)
        assert first == sink.put(self.entry(), "CT-1", open_file)
        assert len(self.system.documents) == 2

    def test_another_process_was_faster(self):
        """A key that another process took since the look-up: its document is used."""
        other = self.make_sink()
        first: list[Receipt] = []

        def take(request: requests.PreparedRequest) -> None:
            if request.method == "POST" and not first:
                first.append(other.put(self.entry(), "CT-1", open_file))

        adapter = Meddling(self.origin, before=take)
        receipt = self.connect(self.connection(self.origin, adapter)).put(
            self.entry(), "CT-1", open_file
        )

        assert [receipt] == first
        assert len(self.system.documents) == len(self.system.links) == 1

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", ["cut", "killed"])
    def test_a_cut_at_every_request_of_parts(self, when: str, how: str):
        """The same when the recording goes in parts; what is left behind is locked and empty."""
        self.changes = {"limits": {"single_upload_kb": 1}}
        self.test_a_cut_at_every_request("voicemail", when, how)

    def test_parts_go_on(self):
        """After a crash among the parts, those that came are not sent again, nor another file."""
        steps = NoSteps()
        sink = self.connect_with(limits={"single_upload_kb": 1})

        def cut(request: requests.PreparedRequest) -> None:
            if request.method == "PUT":
                raise Killed

        adapter = Meddling(self.origin, after=cut)
        with pytest.raises(Killed):
            self.connect(self.connection(self.origin, adapter)).put(
                self.entry("voicemail"), "CT-1", open_file, steps
            )
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file, steps)

        sent = [each for each in self.system.requests if each.method == "PUT"]
        assert len(sent) == -(-len(AUDIO) // PART_BYTES) == 2
        assert self.recordings(receipt) == [AUDIO]
        assert len(self.system.documents) == 2

    def test_a_lock_that_nobody_knows(self):
        """An upload whose lock was lost stays behind; another is made beside it, and named."""
        sink = self.connect_with(limits={"single_upload_kb": 1})

        def cut(request: requests.PreparedRequest) -> None:
            if request.method == "PUT":
                raise Killed

        adapter = Meddling(self.origin, before=cut)
        with pytest.raises(Killed):
            self.connect(self.connection(self.origin, adapter)).put(
                self.entry("voicemail"), "CT-1", open_file, NoSteps()
            )
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file, NoSteps())

        named = {each["identificatie"]: each["locked"] for each in self.system.documents.values()}
        assert named == {"CT-1": False, "CT-1-01": True, "CT-1-01.2": False}
        assert self.recordings(receipt) == [AUDIO]

    def test_a_type_that_the_case_does_not_allow(self):
        """Refused by its type, with its name, before anything is written."""
        sink = self.connect_with(types={"file": "Lydfil"})
        with pytest.raises(Rejected, match="Lydfil") as caught:
            sink.put(self.entry("voicemail"), "CT-1", open_file)
        assert caught.value.field == "type"
        assert self.system.documents == {}

    @pytest.mark.parametrize(
        ("user", "linked_by", "expected"),
        [
            ("service", "Anna Prøvesen", "casethread"),
            ("worker", "Anna Prøvesen", "Anna Prøvesen"),
            ("worker", "rule number", "casethread"),
        ],
    )
    def test_who_the_audit_trail_names(self, user: str, linked_by: str, expected: str):
        """The service account, unless the mapping says the worker and a worker approved it."""
        sink = self.connect_with(document={"user": user})
        receipt = sink.put(self.entry(linked_by=linked_by), "CT-1", open_file)

        assert set(self.system.users) == {expected}
        if linked_by == "Anna Prøvesen":
            assert linked_by in self.read(sink, receipt)

    def test_a_known_key_with_another_file(self):
        """A document that has the identifier of our file, and not its content, is not taken."""
        self.system.now = datetime(2026, 11, 20, tzinfo=UTC)
        self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)
        for document in self.system.documents.values():
            if document["identificatie"] == "CT-1-01":
                document["integriteit"] = {"algoritme": "sha_256", "waarde": "0" * 64}
        self.system.links.clear()

        with pytest.raises(Rejected) as caught:
            self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)
        assert caught.value.field == "files"

    def test_a_wrong_clock_or_secret(self):
        """Both are Denied, and the message names clock and secret."""
        connection = self.connection(self.origin)
        other = msgspec.structs.replace(connection, secret="another")
        with pytest.raises(Denied, match="clock"):
            self.connect(other).find("CT-1", NUMBER)
        late = zaak_service(connection, Signer("casethread", "fictional", "", lambda: 1.0))
        with pytest.raises(Denied, match="jwt-expired"):
            late.get("zaken/api/v1/zaken", object)

    def refusing(self, is_refused: Callable[[Any, dict[str, Any]], bool]) -> None:
        """From now on these writes are beyond the application's rights."""
        answer = self.system.answer

        def answered(request: Any) -> Any:
            value = json.loads(request.body) if request.method == "POST" else {}
            if is_refused(request, value):
                return fault(403, "permission_denied", kind="PermissionDenied")
            return answer(request)

        self.system.answer = answered  # type: ignore[method-assign]

    @pytest.mark.parametrize("what", ["level", "type of the case"])
    def test_a_case_beyond_the_rights(self, what: str):
        """A case that may be read and not written to, while others may: that entry's error."""
        self.system.most = "vertrouwelijk"
        key = self.system.add_case(NUMBER, vertrouwelijkheidaanduiding="vertrouwelijk")
        self.system.add_case(OTHER)
        shown = self.system._case
        self.system._case = lambda case, origin: {  # type: ignore[method-assign]
            **shown(case, origin), "zaaktype": f"{origin}/catalogi/api/v1/zaaktypen/z-1"
            + ("" if case["uuid"] == key else "?other")}  # fmt: skip
        self.refusing(
            lambda request, value: (
                value.get("vertrouwelijkheidaanduiding") == "vertrouwelijk"
                if what == "level"
                else request.path.endswith("zaakinformatieobjecten")
                and key in value.get("zaak", "")
            )
        )
        sink = self.make_sink()

        with pytest.raises(Rejected, match=r"zaken\.bijwerken") as caught:
            sink.put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"
        assert self.system.documents == {}
        assert sink.put(self.entry(case_number=OTHER), "CT-2", open_file)

    def test_threads_and_a_type_that_is_not_allowed(self):
        """Each of many threads gets the same refusal, and none a fault of the program."""
        service = zaak_service(self.connection(self.origin), Signer("casethread", "fictional", "",
                                                                    time.time))  # fmt: skip
        types, found = Types(service), find_case(service, NUMBER, "")
        assert found
        start, told = threading.Barrier(8), list[str]()

        def ask() -> None:
            for _ in range(5):
                start.wait()
                try:
                    types.url(found, "Samtale")
                except Exception as error:  # noqa: BLE001
                    told.append(type(error).__name__)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert set(told) == {"Rejected"}

    def test_a_limit_that_was_raised_meanwhile(self):
        """An upload in parts that was cut off is not taken for the file, whatever the limit is."""
        small, steps = {"single_upload_kb": 1}, NoSteps()

        def cut(request: requests.PreparedRequest) -> None:
            if "/bestandsdelen/" in str(request.url):
                raise Killed

        adapter = Meddling(self.origin, before=cut)
        self.changes = {"limits": small}
        with pytest.raises(Killed):
            self.connect(self.connection(self.origin, adapter)).put(
                self.entry("voicemail"), "CT-1", open_file, steps
            )
        self.changes = {}

        receipt = self.make_sink().put(self.entry("voicemail"), "CT-1", open_file, steps)

        assert self.recordings(receipt) == [AUDIO]

    def test_addresses_of_another_host(self):
        """Where Open Zaak gives out another address than ours, check says it, and no entry is
        failed for it: the run ends."""
        shown = self.system._case
        self.system._case = lambda case, _: shown(case, "http://intern.example")  # type: ignore[method-assign]
        sink = self.make_sink()

        assert any(each.level == "error" and "intern.example" in each.what
                   for each in sink.check())  # fmt: skip
        with pytest.raises(Denied, match=r"intern\.example"):
            sink.put(self.entry(), "CT-1", open_file)

    def test_pages_that_do_not_end(self):
        """A list whose next page is always the same one is given up."""
        page = self.system._page

        def endless(request: Any, found: Any) -> Any:
            value = json.loads(page(request, found).body)
            return plain(200, {**value, "next": f"{request.origin}{request.path}?page=1"})

        self.system._page = endless  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="do not end"):
            self.make_sink().find("CT-1", NUMBER)

    @pytest.mark.parametrize("section", ["case", "document"])
    def test_an_organisation_that_is_no_number(self, section: str):
        """Every entry would be refused for it, so check says it."""
        found = self.connect_with(**{section: {"organisation": "Kommunen"}}).check()

        assert any(each.level == "error" and f"[{section}] organisation" in each.what
                   for each in found)  # fmt: skip

    def test_check_names_what_is_missing(self):
        """A type that is not there, a level beyond the rights, no case to try on: each by name."""
        self.system.most = "intern"
        self.system.cases.clear()
        sink = self.connect_with(types={"call": "Samtale"}, document={"confidentiality": "geheim"})
        told = sink.check()

        missing = next(each for each in told if "Samtale" in each.what)
        assert (missing.level, "Bijlage, Contactverslag" in missing.fix) == ("error", True)
        denied = [each for each in told if "documenten.aanmaken" in each.fix]
        assert [each.level for each in denied] == ["error", "error"]
        assert [each.level for each in told if "no open case" in each.what] == ["warning"]
        assert self.system.documents == {}


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
            about = [(each["onderwerpobjectidentificator"] or {}).get("objectId", "earlier")
                     for each in klant.subjects
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

    def test_requests_of_a_put(self):
        """Four more than without Open Klant; a voicemail six: one more attachment, and the task."""
        sink = self.make_sink()
        sink.put(self.entry("call"), "CT-0", open_file)
        counts = []
        for key, kind in (("CT-1", "call"), ("CT-2", "voicemail"), ("CT-2", "voicemail")):
            before = len(self.system.requests)
            sink.put(self.entry(kind), key, open_file)
            counts.append(len(self.system.requests) - before)

        assert counts == [6 + 4, 9 + 6, 3]

    def test_what_a_contact_says(self):
        """Channel, local time with its offset, a short text that tells where the whole one is."""
        long = "Det var en lang samtale. " * 400
        line = Line(key="1", at=STARTED, who="Anna Prøvesen", text=long)
        self.make_sink().put(self.entry(lines=(line,)), "CT-1", open_file)

        (contact,) = self.system.klant.contacts
        assert contact["plaatsgevondenOp"] == "2026-11-20T14:12:00+01:00"
        assert (contact["kanaal"], contact["taal"]) == ("chat", "dan")
        assert len(contact["inhoud"]) <= 1000
        assert contact["inhoud"].endswith("Hele teksten står i dokumentet.")
        assert contact["betrokkene"]["contactnaam"]["achternaam"] == "Carla Citat"
        assert contact["betrokkene"]["initiator"] is True

    def test_summer_time(self):
        """A call in July is told in July's time."""
        self.make_sink().put(
            self.entry("call", started_at=datetime(2026, 7, 1, 12, tzinfo=UTC)), "CT-1", open_file
        )

        (contact,) = self.system.klant.contacts
        assert contact["plaatsgevondenOp"] == "2026-07-01T14:00:00+02:00"

    @pytest.mark.parametrize(
        ("kind", "reached", "tasks"),
        [("conversation", True, 0), ("call", True, 0), ("missed_call", False, 0),
         ("voicemail", False, 1)],
    )  # fmt: skip
    def test_a_voicemail_leaves_a_task(self, kind: str, reached: bool, tasks: int):
        """To ring back, for the actor that the mapping names; other kinds leave none."""
        klant = self.system.klant
        klant.actors.append({"uuid": "a-1", "actoridentificator": {"objectId": "borgerservice"}})
        sink = self.connect_with(callback={"actor": "borgerservice"})
        sink.put(self.entry(kind), "CT-1", open_file)

        assert klant.contacts[0]["indicatieContactGelukt"] is reached
        assert [each["gevraagdeHandeling"] for each in klant.tasks] == ["Ring tilbage"] * tasks
        assert all(each["toegewezenAanActoren"] == [{"uuid": "a-1"}] for each in klant.tasks)

    def test_a_note_is_no_contact(self):
        """It is a document on the case; the call that it is about is the contact."""
        sink = self.make_sink()

        receipt = sink.put(self.entry("note"), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert self.system.klant.contacts == []

    def test_a_correction_leaves_no_second_task(self):
        """The task of the first version stands; nobody is asked to ring back twice."""
        sink = self.make_sink()
        sink.put(self.entry("voicemail"), "CT-1", open_file)
        later = self.entry("voicemail", version=2, text="Ring i morgen.", previous_key="CT-1")

        sink.put(later, "CT-2", open_file)

        assert len(self.system.klant.contacts) == 2
        assert len(self.system.klant.tasks) == 1

    @pytest.mark.parametrize("role", ["queue", "attendant", "voicemail", "bot"])
    def test_a_queue_is_nobody(self, role: str):
        """A queue or a machine that took part is not written down as the citizen."""
        queue = Party(name="Omstilling", role=role)
        citizen = Party(name="Carla\x00Citat", phone="+4532100001", role="from")
        sink = self.make_sink()

        sink.put(self.entry("call", parties=(queue, citizen)), "CT-1", open_file)

        (contact,) = self.system.klant.contacts
        assert contact["betrokkene"]["contactnaam"]["achternaam"] == "Carla Citat"

    def test_a_later_version_points_to_the_earlier(self):
        """Its contact is about the earlier contact too; taking back leaves no task."""
        sink, klant = self.make_sink(), self.system.klant
        sink.put(self.entry("voicemail"), "CT-1", open_file)
        void = self.entry(
            "voicemail", version=2, is_void=True, void_reason="Forkert.", previous_key="CT-1"
        )
        sink.put(void, "CT-2", open_file)

        earlier, later = (each["uuid"] for each in klant.contacts)
        pointing = [each for each in klant.subjects if each["wasKlantcontact"]]
        assert [(each["klantcontact"], each["wasKlantcontact"]["uuid"]) for each in pointing] == [
            (later, earlier)
        ]
        assert len(klant.tasks) == 1

    def test_open_klant_is_away(self):
        """The entry waits as a whole; when it is back, nothing is there twice."""
        self.system.klant.is_away = True
        sink = self.make_sink()
        with pytest.raises(Unavailable):
            sink.put(self.entry("voicemail"), "CT-1", open_file)
        assert self.documents(sink, NUMBER) == []
        uploaded = self.made("enkelvoudiginformatieobjecten")

        self.system.klant.is_away = False
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert self.orphans() == []
        assert self.made("enkelvoudiginformatieobjecten") == uploaded == 2
        self.system.klant.is_away = True
        assert [each.level for each in sink.check()].count("error") == 1

    def test_a_refused_token(self):
        """A wrong token of Open Klant is Denied, and check says which token to make."""
        connection = msgspec.structs.replace(
            self.connection(self.origin), contacts_secret="another"
        )
        sink = self.connect(connection)
        with pytest.raises(Denied):
            sink.put(self.entry(), "CT-1", open_file)
        (error,) = (each for each in sink.check() if each.level == "error")
        assert "contacts_secret" in error.fix

    def test_a_channel_that_is_too_long(self):
        """A word of the mapping that Open Klant refuses is named by its field."""
        sink = self.connect_with(channels={"conversation": "k" * 51})
        with pytest.raises(Rejected, match="max_length") as caught:
            sink.put(self.entry(), "CT-1", open_file)
        assert caught.value.field == "kanaal"

    def test_an_unknown_actor_is_a_warning(self):
        """check names the actor that is not there."""
        findings = self.connect_with(callback={"actor": "nobody"}).check()
        assert [each.level for each in findings if '"nobody"' in each.what] == ["warning"]


class OpenZaakCases(RegisterOf):
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


class TestOpenZaakRegister(OpenZaakCases):
    """Cases with their roles, listed whole."""

    def test_pages_are_followed(self):
        """A listing of several pages gives every case once, with its own roles."""
        self.system.page_length = 2
        cases = [Case(number=self.numbered(last), title=f"Sag {last}") for last in range(1, 6)]

        assert listed(self.make_register(cases))[0] == [self.known(case) for case in cases]

    @pytest.mark.parametrize(
        ("level", "access"),
        [("openbaar", ""), ("zaakvertrouwelijk", ""), ("vertrouwelijk", "restricted"),
         ("", "restricted"), ("nyt niveau", "restricted")],
    )  # fmt: skip
    def test_confidentiality(self, level: str, access: str):
        """Above the level of the mapping, or unknown: restricted."""
        self.system.has_all_rights = True
        self.system.add_case(NUMBER, vertrouwelijkheidaanduiding=level)
        found = self.connect(self.connection(self.origin)).lookup(NUMBER)
        assert found is not None
        assert found.access == access

    def test_kle_and_names(self):
        """KLE from the mark of its source; organisations and contact persons by their names."""
        marks = [{"kenmerk": "4711", "bron": "Andet"}, {"kenmerk": "27.45.04-P19", "bron": "KLE"}]
        key = self.system.add_case(NUMBER, kenmerken=marks)
        self.system.add_role(key, "niet_natuurlijk_persoon", "initiator",
                             betrokkeneIdentificatie={"statutaireNaam": "Prøve ApS"})  # fmt: skip
        self.system.add_role(key, "natuurlijk_persoon", "belanghebbende",
                             contactpersoonRol={"naam": "Carla Citat",
                                                "telefoonnummer": "ring ikke"})  # fmt: skip
        self.system.add_role(key, "natuurlijk_persoon", "beslisser",
                             contactpersoonRol={"naam": "Ikke Part"})  # fmt: skip

        found = self.connect(self.connection(self.origin)).lookup(NUMBER)

        assert found is not None
        assert (found.kle_subject, found.kle_facet) == ("27.45.04", "P19")
        assert found.parties == (CaseParty(name="Prøve ApS"), CaseParty(name="Carla Citat"))

    def test_the_caseworker_by_identifier(self):
        """The identifier with the domain of the mapping makes the user principal name."""
        key = self.system.add_case(NUMBER)
        self.system.add_role(key, "medewerker", "behandelaar",
                             betrokkeneIdentificatie={"identificatie": "kim"})  # fmt: skip
        changed = words(
            case={"caseworker_from": "identifier", "caseworker_domain": "kommune.example"}
        )
        found = make_register(self.connection(self.origin), changed).lookup(NUMBER)

        assert found is not None
        assert found.caseworker == "kim@kommune.example"

    def test_a_number_of_two_organisations(self):
        """No guess: the number is refused with what to set."""
        self.system.add_case(NUMBER)
        self.system.add_case(NUMBER, bronorganisatie="517439943")
        with pytest.raises(Rejected, match="organisation"):
            self.connect(self.connection(self.origin)).lookup(NUMBER)

    def test_a_listing_gives_no_number_of_two_organisations(self):
        """One of them would lend the other its parties and its access."""
        self.system.add_case(NUMBER, vertrouwelijkheidaanduiding="intern")
        self.system.add_case(NUMBER, bronorganisatie="517439943")
        self.system.add_case(OTHER)

        found, _ = listed(self.connect(self.connection(self.origin)))

        assert [case.number for case in found] == [OTHER]


class TestOpenZaakLookup(OpenZaakCases):
    """Cases looked up by number only."""

    def words(self) -> Words:
        return words(case={"list_all": False})


@pytest.mark.parametrize(
    ("error", "found", "expected"),
    [
        (Unclear("lost"), "there", None),
        (Unclear("lost"), None, Unclear),
        (Unclear("after", status=500), "there", None),
        (Unclear("after", status=500), None, Unavailable),
        (Unclear("gateway", status=504), None, Unclear),
        (Denied("no"), "there", Denied),
    ],
)
def test_sure(error: RemoteError, found: str | None, expected: type[RemoteError] | None):
    """A lost answer is looked up; a 500 that left nothing is no longer unclear, a 504 is."""

    def write() -> str:
        raise error

    if expected is None:
        assert sure(write, lambda: found) == found
        return
    with pytest.raises(expected) as caught:
        sure(write, lambda: found)
    assert type(caught.value) is expected


def test_a_file_beyond_the_proxy():
    """413 is about this file, and says which setting makes it go in parts."""
    answer = Answer(413, b"<html>", {}, "POST", "https://openzaak.example/documenten/api/v1/x")
    error = refuse("esdh", answer)
    assert isinstance(error, Rejected)
    assert error.field == "files"
    assert "single_upload_kb" in str(error)
