"""SBSYS: the contracts of a sink and of a register against a fake of it, and what is its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO, ClassVar
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
from connector.sandbox.systems.base import LARGEST_BODY, parts, plain
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


# -- what is SBSYS's own --------------------------------------------------------------------------


class Site:
    """A running SBSYS with one open case, and sinks and registers on it."""

    def __init__(self, system: SbsysSystem, origin: str) -> None:
        self.system = system
        self.origin = origin
        self.case = system.add(SbsysCase(id=2, number=NUMBER, title="Hjælp i hjemmet"))

    def sink(self, *changes: tuple[str, str]) -> Sink:
        return make_sink(connection(self.origin), words(*changes), drafter())

    def register(self, *changes: tuple[str, str]) -> CaseRegister:
        return make_register(connection(self.origin), words(*changes))

    def asked(self) -> list[str]:
        """ "POST /api/sag/search" of every request so far, without sign-ins; then forgotten."""
        found = [f"{r.method} {r.path}" for r in self.system.requests if r.path != TOKEN_PATH]
        self.system.requests.clear()
        return found


@pytest.fixture
def site() -> Iterator[Site]:
    system = SbsysSystem()
    with listen(lambda r: system.handle(r), most_body_bytes=LARGEST_BODY) as listener:
        yield Site(system, listener.origin)


def on_write(site: Site, patch: pytest.MonkeyPatch, path: str, act: object) -> None:
    """Let `act(request)` happen just before a write to `path` is answered; it may answer itself."""
    answer = site.system.answer

    def answered(request: Request) -> Response:
        made = act(request) if request.path == path else None  # type: ignore[operator]
        return made or answer(request)

    patch.setattr(site.system, "answer", answered)


NOTE_PATH = "/api/journalarknote/create"
FILE_PATH = "/api/dokument/journaliser"


def test_a_voicemail_is_documents_and_then_a_note(site: Site):
    """Seven requests; the note names its document; a second put asks twice and writes nothing."""
    sink = site.sink()

    receipt = sink.put(entry("voicemail"), "CT-1", open_file)

    search, notes, documents = (
        "POST /api/sag/search",
        "GET /api/sag/2/journalarknotes",
        "GET /api/sag/2/dokumenter",
    )
    assert site.asked() == [
        search, notes, documents, f"POST {FILE_PATH}", documents, f"POST {NOTE_PATH}", notes,
    ]  # fmt: skip
    (document,) = site.case.documents
    (note,) = site.case.notes
    assert f"Dokument {document['DokumentID']}: " in note["Note"]
    assert document["DokumentNavn"].startswith("Telefonsvarerbesked")
    assert document["DokumentNavn"].endswith(", lydfil 1")
    assert "Carla" not in document["DokumentNavn"] + document["Beskrivelse"]
    assert receipt.at == datetime.fromisoformat(note["Oprettet"])
    assert sink.put(entry("voicemail"), "CT-1", open_file) == receipt
    assert site.asked() == [search, notes]


def test_a_chat_is_a_note_alone(site: Site):
    """Four requests; what a message said before an edit stands in the note."""
    site.sink().put(entry(), "CT-1", open_file)

    assert len(site.asked()) == 4
    assert site.case.documents == []
    assert "Tidligere tekst" in site.case.notes[0]["Note"]
    assert site.case.notes[0]["Note"].endswith("</p>")
    assert "Casethread CT-1 sha256:" in site.case.notes[0]["Note"].rpartition("<p>")[2]


def test_a_cut_entry_goes_on_without_a_second_upload(site: Site):
    """After a note that never came, the recording is found on the case and not sent again."""
    cutter = Cutter(site.origin, at=7, when="before", how="cut")  # sign-in, 5 requests, the note
    with pytest.raises(Unclear):
        make_sink(connection(site.origin, cutter), words(), drafter()).put(
            entry("voicemail"), "CT-1", open_file
        )
    assert (len(site.case.documents), site.case.notes) == (1, [])
    assert site.sink().find("CT-1", NUMBER) is None
    site.asked()

    site.sink().put(entry("voicemail"), "CT-1", open_file)

    assert f"POST {FILE_PATH}" not in site.asked()
    assert len(site.case.documents) == 1


@pytest.mark.parametrize(
    ("started", "setting", "expected"),
    [
        (STARTED, "offset", "2026-11-20T14:12:00+01:00"),
        (datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "offset", "2026-07-02T00:30:00+02:00"),
        (STARTED, "utc", "2026-11-20T13:12:00Z"),
    ],
)
def test_the_time_of_contact(site: Site, started: datetime, setting: str, expected: str):
    """The note's time of contact is the entry's start, winter and summer, as the site wants it."""
    sink = site.sink(('time = "offset"', f'time = "{setting}"'))

    sink.put(entry("call", started_at=started), "CT-1", open_file)

    assert site.case.notes[0]["KontaktTidspunkt"] == expected


def test_equal_files_are_two_documents(site: Site):
    """Two attachments with the same bytes are both there, once each, also when put again."""
    (file,) = entry("voicemail").files
    twice = entry("voicemail", files=(file, file))
    with pytest.MonkeyPatch.context() as patch:
        on_write(site, patch, NOTE_PATH, lambda request: Response(status=503))
        with pytest.raises(Unclear):
            site.sink().put(twice, "CT-1", open_file)

    site.sink().put(twice, "CT-1", open_file)

    assert [site.system.files[d["DokumentID"]] for d in site.case.documents] == [AUDIO, AUDIO]


def test_a_long_text_becomes_a_document(site: Site):
    """A text beyond the note's limit is cut in the note, which names the transcript."""
    line = Line(key="1", at=STARTED, who="Anna Prøvesen", text="<&>" * 3000 + " Slut.")
    sink = site.sink(("note = 30000", "note = 4000"))

    receipt = sink.put(entry("voicemail", lines=(line,)), "CT-1", open_file)

    page, audio = site.case.documents
    note = site.case.notes[0]["Note"]
    assert len(note) <= 4000
    assert f"hele udskriften er dokument {page['DokumentID']}" in note
    assert "Slut." not in note
    assert "Slut." in site.system.files[page["DokumentID"]].decode()
    assert site.system.files[audio["DokumentID"]] == AUDIO
    assert sink.find("CT-1", NUMBER) == receipt


def test_a_transcript_as_text(site: Site):
    """Where html is no known file type, the transcript is plain text."""
    site.system.file_types = {"txt"}
    html_sink = site.sink(('"when needed"\n', '"always"\n'))
    with pytest.raises(Rejected, match="file type") as caught:
        html_sink.put(entry(), "CT-1", open_file)
    assert caught.value.field == "files"

    site.sink(
        ('"when needed"\n', '"always"\n'), ('transcript_type = "html"', 'transcript_type = "txt"')
    ).put(entry(), "CT-1", open_file)

    (document,) = site.case.documents
    assert "Tak <b>&amp;</b>" in site.system.files[document["DokumentID"]].decode()


def test_what_a_document_tells(site: Site):
    """The part json holds what the site's mapping asks for; by default three members only."""
    sent: list[dict[str, object]] = []
    with pytest.MonkeyPatch.context() as patch:
        keep = lambda request: sent.append(json.loads(parts(request)["json"][1]))  # noqa: E731
        on_write(site, patch, FILE_PATH, keep)
        site.sink().put(entry("voicemail"), "CT-1", open_file)
        site.system.external_id_field = "Eksternid"
        site.sink(
            ('external_id = ""', 'external_id = "Eksternid"'),
            ('access_requests = "not sent"', 'access_requests = "no"'),
            ("inbound = 0", "inbound = 1"),
        ).put(entry("voicemail"), "CT-2", open_file)

    assert set(sent[0]) == {"SagID", "DokumentNavn", "Beskrivelse"}
    assert sent[1]["Eksternid"] == "CT-2-1"
    assert sent[1]["OmfattetAfAktindsigt"] is False
    assert sent[1]["DokumentArt"] == {"Id": 1}


def test_an_external_id_finds_what_a_person_changed(site: Site):
    """With an external id, a document is known again though its description was rewritten."""
    site.system.external_id_field = "EksternId"
    sink = site.sink(('external_id = ""', 'external_id = "EksternId"'))
    with pytest.MonkeyPatch.context() as patch:
        on_write(site, patch, NOTE_PATH, lambda request: Response(status=500))
        with pytest.raises(Unclear):
            sink.put(entry("voicemail"), "CT-1", open_file)
    site.case.documents[0]["Beskrivelse"] = "Besked om hjemmehjælp"

    sink.put(entry("voicemail"), "CT-1", open_file)

    assert len(site.case.documents) == 1


def test_a_member_that_is_not_known(site: Site):
    """A member that this version does not know rejects the entry, and nothing is written."""
    with pytest.raises(Rejected) as caught:
        site.sink(('external_id = ""', 'external_id = "EksternId"')).put(
            entry("voicemail"), "CT-1", open_file
        )

    assert caught.value.field == "files"
    assert "[document]" in str(caught.value)
    assert (site.case.documents, site.case.notes) == ([], [])


def test_a_file_that_is_too_large(site: Site):
    """A file that the web server refuses rejects this entry alone, and says which limit to set."""
    site.system.most_file_bytes = 500

    with pytest.raises(Rejected, match="file_mb") as caught:
        site.sink().put(entry("voicemail"), "CT-1", open_file)

    assert caught.value.field == "files"
    assert site.sink(("file_mb = 0", "file_mb = 25")).capabilities.max_file_bytes == 25_000_000
    assert site.sink().capabilities.max_file_bytes is None


def test_a_correction_leads_to_the_earlier_note(site: Site):
    """The second version names the first by key and by note."""
    site.sink().put(entry(), "CT-1", open_file)
    site.sink().put(entry(version=2, previous_key="CT-1"), "CT-2", open_file)

    first, second = site.case.notes
    assert f"Følger journalnotat {first['Id']}." in second["Note"]


def test_marks_of_others_do_not_count(site: Site):
    """A mark in a message is words; a person's copy of our note does not take its place."""
    quoted = mark("CT-9", "0" * 64)
    line = Line(key="1", at=STARTED, who="Anna Prøvesen", text=f"Se {quoted}")
    sink = site.sink()
    receipt = sink.put(entry(lines=(line,)), "CT-1", open_file)
    copy = {**site.case.notes[0], "Id": 999_999, "Uuid": "copy"}
    site.case.notes.insert(0, copy)

    assert sink.find("CT-9", NUMBER) is None
    assert sink.find("CT-1", NUMBER) == receipt


@pytest.mark.parametrize("switch", ["answers_with_text", "lists_in_results"])
def test_other_versions(site: Site, switch: str):
    """A note that is answered with text, lists that come as pages: the receipts are the same."""
    setattr(site.system, switch, True)
    sink = site.sink()

    receipt = sink.put(entry("voicemail"), "CT-1", open_file)

    assert sink.find("CT-1", NUMBER) == receipt
    assert (len(site.case.notes), len(site.case.documents)) == (1, 1)


def test_a_note_that_does_not_keep_our_mark(site: Site):
    """Taken and not found again: rejected, so that it is not written again and again."""
    site.system.rewrites_notes = True

    with pytest.raises(Rejected, match="look at the case") as caught:
        site.sink().put(entry(), "CT-1", open_file)

    assert caught.value.field == "key"
    assert len(site.case.notes) == 1


def test_an_answer_that_is_no_answer(site: Site, monkeypatch: pytest.MonkeyPatch):
    """200 with a page for people, and 200 that names no document, are unclear."""
    page = Response(headers={"content-type": "text/html"}, body=b"<html>Error</html>")
    empty = Response(headers={"content-type": "application/json"}, body=b'{"DokumentNavn":"x"}')
    on_write(site, monkeypatch, NOTE_PATH, lambda request: page)
    with pytest.raises(Unclear):
        site.sink().put(entry(), "CT-1", open_file)
    on_write(site, monkeypatch, FILE_PATH, lambda request: empty)
    with pytest.raises(Unclear, match="names no document"):
        site.sink().put(entry("voicemail"), "CT-2", open_file)
    monkeypatch.undo()

    site.sink().put(entry("voicemail"), "CT-2", open_file)

    assert (len(site.case.notes), len(site.case.documents)) == (1, 1)


@pytest.mark.parametrize("path", [NOTE_PATH, FILE_PATH])
def test_a_case_that_closes_meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch, path: str):
    """409 on a case that was open a moment ago: closed is told from a conflict by looking."""
    on_write(site, monkeypatch, path, lambda request: setattr(site.case, "state", "Afsluttet"))

    with pytest.raises(CaseClosed, match=NUMBER):
        site.sink().put(entry("voicemail"), "CT-1", open_file)

    site.case.state, site.case.held = "Aktiv", True
    monkeypatch.undo()
    with pytest.raises(CaseLocked):
        site.sink().put(entry("voicemail"), "CT-1", open_file)


@pytest.mark.parametrize(
    ("protected", "tries", "expected", "told"),
    [
        (True, "false", Rejected, "security set"),
        (False, "true", Rejected, "security set"),
        (False, "false", Denied, "right in the units"),
    ],
)
def test_a_case_the_account_may_not_open(
    site: Site, protected: bool, tries: str, expected: type[Exception], told: str
):
    """403 on one case is that entry's; not when the account may write nowhere, or nobody knows."""
    site.case.locked_out, site.case.is_protected = True, protected

    with pytest.raises(expected, match=told) as caught:
        site.sink(("try_writing = true", f"try_writing = {tries}")).put(entry(), "CT-1", open_file)

    assert '"casethread"' in str(caught.value)
    assert getattr(caught.value, "field", "case_number") == "case_number"


def test_a_file_that_goes_meanwhile(site: Site):
    """A recording that is pruned between hash and sending rejects the entry by its files."""
    opened: list[str] = []

    def once(sha256: str) -> BinaryIO:
        opened.append(sha256)
        return open_file(sha256 if len(opened) == 1 else "0")

    with pytest.raises(Rejected) as caught:
        site.sink().put(entry("voicemail"), "CT-1", once)

    assert caught.value.field == "files"


def test_a_hidden_case(site: Site):
    """A case that is kept from the account is said to be perhaps hidden, by the account's name."""
    site.case.hidden = True

    with pytest.raises(Rejected, match='hidden from the service account "casethread"') as caught:
        site.sink().put(entry(), "CT-1", open_file)

    assert caught.value.field == "case_number"


def test_a_number_on_two_cases(site: Site):
    """Two cases with one number: nothing is written, and both are named."""
    site.system.add(SbsysCase(id=7, number=NUMBER))

    with pytest.raises(Rejected, match="Id 2 and 7") as caught:
        site.sink().put(entry(), "CT-1", open_file)
    with pytest.raises(Rejected):
        site.register().lookup(NUMBER)

    assert caught.value.field == "case_number"
    assert site.case.notes == []


def test_hits_on_later_pages(site: Site):
    """The case is found among more hits than a page takes, though pages are short."""
    site.system.cases.clear()
    for at in range(10, 250):
        site.system.add(SbsysCase(id=at, number=f"{NUMBER}{at}"))
    site.system.add(SbsysCase(id=900, number=NUMBER))

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.remote_id == site.system.cases[900].uuid
    assert site.asked().count("POST /api/sag/search") == 3


@pytest.mark.parametrize("total", [None, 250])
def test_a_search_that_cannot_be_paged(site: Site, monkeypatch: pytest.MonkeyPatch, total: object):
    """Where Skip is passed over, "not found" on the first page is not believed."""
    for at in range(10, 250):
        site.system.add(SbsysCase(id=at, number=f"99.00.00-G01-1-24{at}"))
    search = site.system._search

    def first_page(body: dict[str, object]) -> Response:
        answer = json.loads(search({**body, "Skip": 0}).body)
        return plain(200, {**answer, "TotalNumberOfResults": total})

    monkeypatch.setattr(site.system, "_search", first_page)

    with pytest.raises(Unavailable, match="Skip"):
        site.register().lookup("99.00.00-G01-1-24")


@pytest.mark.parametrize(("kind", "path"), [("call", "journalarknotes"),
                                            ("voicemail", "dokumenter")])  # fmt: skip
def test_a_list_that_is_a_part_is_not_believed(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str, path: str
):
    """Who sees some of the notes or documents only does not write: the entry may be among the
    others. It is this case's entry that fails, and the run goes on."""
    answer = site.system.answer

    def cut(request: Request) -> Response:
        if request.path.endswith(path):
            return plain(200, {"Results": [], "TotalNumberOfResults": 120})
        return answer(request)

    monkeypatch.setattr(site.system, "answer", cut)

    with pytest.raises(Rejected, match="0 of 120") as caught:
        site.sink().put(entry(kind), "CT-1", open_file)

    assert caught.value.field == "case_number"
    assert (site.case.notes, site.case.documents) == ([], [])


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ('audio/wav; name="Besked fra Carla.wav"', "audio/wav"),
        ("audio/wav\r\nX-Evil: 1", "audio/wav"),
        ("lyd", "application/octet-stream"),
    ],
)
def test_a_content_type_brings_nothing_else_along(kind: str, sent: str):
    """Neither a name that stands in it nor a header of its own."""
    body, _ = wire.document_form({}, "a.wav", kind, b"sound")

    assert f"Content-Type: {sent}\r\n\r\n".encode() in body
    assert b"Carla" not in body
    assert b"Evil" not in body


def test_a_search_that_does_not_heed_the_number(site: Site):
    """Where Nummer is passed over, "not found" is not believed, and check says what to ask for."""
    site.system.searches_by_number = False
    for at in range(10, 700):
        site.system.add(SbsysCase(id=at, number=f"00.01.00-G01-{at}-24"))

    with pytest.raises(Unavailable, match="search by Nummer"):
        site.register().lookup("27.45.04-P19-99-24")
    (finding,) = [f for f in site.sink().check() if f.level == "error"]

    assert "Nummer" in finding.what
    assert "supplier" in finding.fix


def test_a_token_that_ended_is_renewed(site: Site):
    """A token that SBSYS no longer takes is fetched anew, once, and the work goes on."""
    sink = site.sink()
    receipt = sink.put(entry(), "CT-1", open_file)
    site.system.end_tokens()
    site.system.requests.clear()

    assert sink.find("CT-1", NUMBER) == receipt
    assert [r.path for r in site.system.requests].count(TOKEN_PATH) == 1


@pytest.mark.parametrize("member", ["client_secret", "secret", "client_id"])
def test_a_wrong_sign_in(site: Site, member: str):
    """A wrong password, client or client secret is Denied, and check says what to set."""
    wrong = msgspec.structs.replace(connection(site.origin), **{member: "wrong"})
    sink = make_sink(wrong, words(), drafter())

    with pytest.raises(Denied):
        sink.find("CT-1", NUMBER)
    (finding,) = sink.check()

    assert finding.level == "error"
    assert "client_secret" in finding.fix
    assert "wrong" not in finding.what + finding.fix + repr(wrong)


def test_a_case_is_never_replaced(site: Site):
    """Only searches, reads, notes and documents are asked for: no PUT, no PATCH, no DELETE."""
    sink = site.sink()
    sink.check()
    sink.put(entry("voicemail"), "CT-1", open_file)
    site.register().lookup(NUMBER)

    asked = site.asked()
    assert {line.split()[0] for line in asked} == {"GET", "POST"}
    posts = {line.split()[1] for line in asked if line.startswith("POST")}
    assert posts == {"/api/sag/search", NOTE_PATH, FILE_PATH}


def test_a_fault_names_its_field_and_no_content(site: Site):
    """Of a 400 the name of the field is told; what SBSYS repeats of the text is not."""
    with pytest.MonkeyPatch.context() as patch:
        fault = {
            "Message": "Carla Citat er ugyldig",
            "ModelState": {"model.KontaktTidspunkt": ["Carla Citat"]},
        }
        told = Response(status=400, body=json.dumps(fault).encode())
        on_write(site, patch, NOTE_PATH, lambda request: told)
        with pytest.raises(Rejected) as caught:
            site.sink().put(entry(), "CT-1", open_file)

    assert caught.value.field == "KontaktTidspunkt"
    assert "Carla" not in str(caught.value)


# -- check ----------------------------------------------------------------------------------------


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def test_check_proves_each_thing(site: Site):
    """One ok each for the sign-in, the search with reading, notes and documents."""
    found = site.sink().check()

    assert levels(found) == ["ok"] * 4
    assert NUMBER in found[1].what
    assert "notes" in found[2].what
    assert "documents" in found[3].what
    assert (site.case.notes, site.case.documents) == ([], [])


def test_check_on_an_empty_system(site: Site):
    """Without a case to search for, the search is not called proven."""
    site.system.cases.clear()

    found = site.sink().check()

    assert levels(found) == ["ok", "warning", "ok", "ok"]
    assert "case_number" in found[1].fix


def test_check_of_a_named_case(site: Site):
    """A case that the site names must be found."""
    sink = site.sink(('case_number = ""', f'case_number = "{NUMBER}"'))
    assert levels(sink.check()) == ["ok"] * 4
    site.case.hidden = True

    assert levels(sink.check()) == ["ok", "error"]


def test_check_names_a_template_that_cannot_be_used(site: Site, tmp_path: Path):
    """A broken template would stop every entry, so check says it, as a finding."""
    (tmp_path / "transcript.html.j2").write_text("{% if %}")
    broken = Drafter(load_mapping(MAPPINGS, "da"), tmp_path, lambda: STARTED)

    found = make_sink(connection(site.origin), words(), broken).check()

    assert "error" in levels(found)
    assert any("transcript.html.j2" in finding.what for finding in found)


@pytest.mark.parametrize(("status", "level"), [(500, "warning"), (404, "warning"), (403, "error")])
def test_check_of_the_trial(site: Site, monkeypatch: pytest.MonkeyPatch, status: int, level: str):
    """A trial that is not plainly refused for its case proves nothing; 403 is a missing right."""
    on_write(site, monkeypatch, NOTE_PATH, lambda request: Response(status=status))

    found = site.sink().check()

    assert levels(found) == ["ok", "ok", level, "ok"]
    assert found[2].fix


def test_check_without_trials(site: Site):
    """A site may leave the trials out; then nothing is posted but the search."""
    found = site.sink(("try_writing = true", "try_writing = false")).check()

    assert levels(found) == ["ok", "ok", "warning"]
    assert not {f"POST {NOTE_PATH}", f"POST {FILE_PATH}"} & set(site.asked())


def test_check_of_the_register_asks_for_the_user_names(site: Site):
    """Without a form for user names, caseworkers are not matched, and check says so."""
    assert levels(site.register().check()) == ["ok", "ok", "warning"]
    assert levels(site.register(UPN).check()) == ["ok", "ok"]


# -- the register ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protected", "security_set", "access"),
    [(False, None, ""), (False, 0, ""), (True, None, "restricted"), (None, None, "restricted"),
     (False, 104742, "restricted")],
)  # fmt: skip
def test_confidentiality(site: Site, protected: bool | None, security_set: int | None, access: str):
    """Protected, with a security set, or not said: restricted."""
    site.case.is_protected, site.case.security_set = protected, security_set

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.access == access


def test_a_case_that_cannot_be_opened_is_restricted(site: Site):
    """A case the search shows and that is 403 when opened does not stop the run."""
    site.case.locked_out = True

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert (case.access, case.title) == ("restricted", "Hjælp i hjemmet")


@pytest.mark.parametrize(
    ("state", "is_open"), [("Aktiv", True), ("Afsluttet", False), ("Passiv", False)]
)
def test_states(site: Site, state: str, is_open: bool):
    """A state the mapping does not call open is closed, for the register and for the sink."""
    site.case.state = state

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.is_open is is_open
    if not is_open:
        assert case.closed == date(2024, 3, 1)
        with pytest.raises(CaseClosed):
            site.sink().put(entry(), "CT-1", open_file)


def test_days_are_those_of_denmark(site: Site):
    """A case that arose at 23:30 UTC arose the day after, in Denmark."""
    site.case.opened = "2024-06-30T23:30:00.1234567+00:00"

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert case.opened == date(2024, 7, 1)


def test_people_of_a_case(site: Site):
    """Persons and companies, each once; no CPR number is read from the answer."""
    site.case.persons, site.case.companies = ("Carla Citat", "Dorte Drøm"), ("Eksempel ApS",)
    site.case.logon = "kim@kommune.example"

    case = site.register().lookup(NUMBER)

    assert case is not None
    assert [party.name for party in case.parties] == ["Carla Citat", "Dorte Drøm", "Eksempel ApS"]
    assert case.caseworker == "kim@kommune.example"
    assert "000000-0000" not in repr(case)


# -- mapping and wire -----------------------------------------------------------------------------


def test_the_mapping_names_every_word():
    """The shipped file holds each row, so an operator sees all there is to set."""
    shipped = load(TOML, [row._replace(default=None) for row in WORDS], "mappings/sbsys.toml")

    assert shipped.values == words().values
    assert Path(MAPPINGS / f"{KIND}.toml").exists()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3))
def test_a_note_gives_its_mark_back(texts: list[str]):
    """Whatever was said, the last mark in a note is ours, and no mark-up of a text is left."""
    body = wire.note_html(texts, mark("CT-ABC", "a" * 64))

    assert wire.Note(id=1, body=body).mark == ("CT-ABC", "a" * 64)
    assert (
        set(body.replace("<br/>", "").replace("<p>", "").replace("</p>", "")) & set("<>") == set()
    )
    spaced = body.replace("<p>", '<p style="a > b">').replace(" ", "&nbsp;")
    assert wire.Note(id=1, body=spaced).mark == ("CT-ABC", "a" * 64)


@given(st.integers(600_000_000, 3_700_000_000))
def test_times_come_back(seconds: int):
    """What is written as a time is read as the same second, with offset or in UTC."""
    zone = ZoneInfo("Europe/Copenhagen")
    moment = datetime.fromtimestamp(seconds, UTC)

    assert wire.read_time(wire.iso_time(moment, zone), zone) == moment
    assert wire.read_time(wire.iso_time(moment, None), zone) == moment


@pytest.mark.parametrize("written", ["", None, "0001-01-01T00:00:00+00:00", "i går"])
def test_no_time(written: str | None):
    """Nothing, .NET's nothing, and words are no time."""
    assert wire.read_time(written, ZoneInfo("Europe/Copenhagen")) is None
