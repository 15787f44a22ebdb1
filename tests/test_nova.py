"""KMD Nova against the Nova of the sandbox: the contracts, its switches, and what is its own."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import html
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest

from connector.defaults import defaults_dir
from connector.errors import (
    CaseClosed,
    ConfigError,
    Denied,
    Rejected,
    Unclear,
)
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter, read_mark
from connector.journaling.words import Words, load
from connector.journals.folder.sink import load_mapping
from connector.journals.nova import WORDS, make_register, make_sink, wire
from connector.journals.nova.answers import Party
from connector.journals.nova.register import parties_of
from connector.model import Case, CaseParty, Direction, Line, Receipt
from connector.ports import CaseRegister, NoSteps, Sink
from connector.sandbox.protocol import Response
from connector.sandbox.systems.base import READ_ONLY, FakeSystem
from connector.sandbox.systems.nova import (
    CLIENT,
    DUPLICATES,
    REFUSES,
    REPLACES,
    SECRET,
    TOKEN_PATH,
    Nova,
)
from connector.sandbox.systems.nova_rows import FakeCase
from tests.contracts.register import CASES
from tests.contracts.sink import AUDIO, STARTED, open_file
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter

NUMBER = "S2026-12345"
NEAR = "S2026-123456"
MAPPINGS = defaults_dir() / "mappings"


def words(*changes: tuple[str, str]) -> Words:
    """The shipped mapping with some lines changed."""
    text = (MAPPINGS / "nova.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load(text, WORDS, "nova.toml")


class Clock:
    """A clock that goes on by a second at each look, so that no two drafts are alike."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def drafter() -> Drafter:
    return Drafter(load_mapping(MAPPINGS, "da"), MAPPINGS / "templates", Clock())


def connection_to(origin: str, adapter: Cutter | None = None, **more: Any) -> Connection:
    about: dict[str, Any] = {
        "name": "esdh",
        "url": origin,
        "token_url": origin + TOKEN_PATH,
        "client_id": CLIENT,
        "secret": SECRET,
        "adapter": adapter,
    }
    return Connection(**{**about, **more})


class Unseen(list[Any]):
    """Notes that Nova takes and does not show."""

    count = 0  # type: ignore[assignment]

    def append(self, _note: Any) -> None:
        self.count += 1  # type: ignore[operator,assignment]


def note_text(note: dict[str, Any]) -> str:
    return base64.b64decode(note["journalNoteAttributes"]["note"]).decode()


class NovaContract(SystemContract):
    """The contract's hooks."""

    number = NUMBER
    other_number = "S2026-12346"
    repeats: ClassVar[str] = REFUSES
    system: Nova

    def make_system(self) -> FakeSystem:
        nova = Nova()
        nova.repeats = self.repeats
        # A number that holds ours: a careless search would take it.
        nova.cases = [FakeCase(number=NEAR), FakeCase(number=NUMBER)]
        return nova

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return connection_to(origin, adapter)

    def connect(self, connection: Connection, *changes: tuple[str, str]) -> Sink:
        return make_sink(connection, words(*changes), drafter())

    def sink_with(self, *changes: tuple[str, str]) -> Sink:
        return self.connect(self.connection(self.origin), *changes)

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        """The notes; a document without its note is no entry yet."""
        assert self.system.case(NEAR).notes == []
        assert self.system.case(NEAR).documents == []
        found = [case for case in self.system.cases if case.number == case_number]
        return [note["uuid"] for case in found for note in case.notes]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        """The note as a page shows plain text, and the transcript."""
        case = self.system.case(NUMBER)
        (note,) = [note for note in case.notes if note["uuid"] == receipt.target]
        assert note["journalNoteAttributes"]["format"] == "Text"
        page = self.system.uploads.get(wire.derived(receipt.key, "transcript"), ("", b""))[1]
        return html.escape(note_text(note)) + page.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        page = wire.derived(receipt.key, "transcript")
        known = {wire.derived(receipt.key, f"file {number}") for number in range(1, 9)}
        documents = self.system.case(NUMBER).documents
        ids = [document["documentUuid"] for document in documents]
        assert ids.count(page) == 1
        return [self.system.uploads[each][1] for each in ids if each in known]

    def orphans(self) -> list[str]:
        return self.system.unattached()

    def close_case(self, sink: Sink, case_number: str) -> None:
        self.system.close(case_number)

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self.system.case(case_number).is_locked = True


class TestNovaThatDuplicates(NovaContract):
    """The contract where a repeated UUID makes a second note or document."""

    repeats = DUPLICATES


class TestNovaThatReplaces(NovaContract):
    """The contract where a repeated UUID replaces what is there."""

    repeats = REPLACES


class TestNovaSink(NovaContract):
    """The contract where a repeated UUID is refused, and what is Nova's own."""

    # -- what is written --------------------------------------------------------------------------

    def test_what_a_voicemail_becomes(self):
        """One note with title, time, text and mark; transcript and sound beside it, as marked."""
        case = self.system.case(NUMBER)
        case.sensitivity = "Følsomme"

        receipt = self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)

        (note,) = case.notes
        about = note["journalNoteAttributes"]
        assert about["title"].startswith("Telefonsvarerbesked, 20-11-2026 14.12")
        assert about["journalNoteDate"] == "2026-11-20T14:12:00"
        assert about["journalNoteType"] == "Bruger"
        assert note["approved"]
        assert "Ring venligst tilbage." in note_text(note)
        mark = read_mark(note_text(note))
        assert mark
        assert mark[0] == "CT-1"
        page, sound = case.documents
        assert page["fileExtension"] == "html"
        assert sound["fileExtension"] == "wav"
        assert "(bilag 1)" in sound["title"]
        assert "Carla" not in sound["title"]
        assert {each["sensitivity"] for each in case.documents} == {"Følsomme"}
        assert {each["documentType"] for each in case.documents} == {"Indgående"}
        assert {each["securityUnit"]["losidentity"]["userkey"] for each in case.documents} == {"BS"}
        assert all(mark[1] in each["description"] for each in case.documents)
        assert receipt.target == note["uuid"] == str(uuid.UUID(note["uuid"]))
        assert receipt.at == datetime(2026, 11, 20, 14, 0, 1, 123456, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("how", "sent"),
        [
            ("local", "2026-07-01T14:12:00"),
            ("utc", "2026-07-01T12:12:00Z"),
            ("offset", "2026-07-01T14:12:00+02:00"),
        ],
    )
    def test_times_in_summer(self, how: str, sent: str):
        """A time of July is sent in summer time, in UTC or with its offset, as is set."""
        sink = self.sink_with(('time = "local"', f'time = "{how}"'))
        started = datetime(2026, 7, 1, 12, 12, tzinfo=UTC)

        sink.put(self.entry(started_at=started), "CT-1", open_file)

        case = self.system.case(NUMBER)
        assert case.notes[0]["journalNoteAttributes"]["journalNoteDate"] == sent
        assert case.documents[0]["documentDate"] == sent

    def test_author_unit_category_and_link_are_as_set(self):
        """The mapping's author, unit, category and address are sent and given."""
        sink = self.sink_with(
            ('author_id = ""', 'author_id = "AZ00001"'),
            ('author_name = ""', 'author_name = "Sagsrobot"'),
            ("security_unit_id = 0", "security_unit_id = 70002"),
            ('category = ""', 'category = "0d0d0d0d-0000-4000-8000-000000000002"'),
            (
                '[links]\nnote = ""',
                '[links]\nnote = "https://nova.example/{case_uuid}/{note_uuid}"',
            ),
        )

        receipt = sink.put(self.entry(direction=Direction.OUTBOUND), "CT-1", open_file)

        case = self.system.case(NUMBER)
        (document,) = case.documents
        assert case.notes[0]["journalNoteAttributes"]["journalNoteAuthor"] == "AZ00001"
        assert document["securityUnit"]["losidentity"]["administrativeunitid"] == 70002
        assert document["documentCategoryUuid"].endswith("2")
        assert document["documentType"] == "Udgående"
        assert receipt.url == f"https://nova.example/{case.uuid}/{receipt.target}"
        assert receipt == sink.find("CT-1", NUMBER)

    @pytest.mark.parametrize(
        ("own", "marked"),
        [
            ("IkkeFortrolige", "Fortrolige"),
            ("SærligFølsomme", "SærligFølsomme"),
            (None, "Fortrolige"),
        ],
    )
    def test_documents_are_never_marked_less_than_their_case(self, own: str | None, marked: str):
        """The case's marking or the least that is set, whichever is more."""
        self.system.case(NUMBER).sensitivity = own

        self.make_sink().put(self.entry(), "CT-1", open_file)

        assert self.system.case(NUMBER).documents[0]["sensitivity"] == marked

    def test_a_put_without_documents_is_one_write(self):
        """With transcript = "long", a short conversation is one note, in five requests."""
        sink = self.sink_with(('transcript = "always"', 'transcript = "long"'))

        sink.put(self.entry(), "CT-1", open_file)

        assert self.system.case(NUMBER).documents == []
        writes = [each for each in self.system.requests if self.system.is_write(each)]
        assert len(writes) == 1
        assert len(self.system.requests) == 5

    def test_a_long_note_is_cut_and_says_where_the_rest_is(self):
        """A note over the limit is cut; with "long" the transcript comes, with "never" it is
        refused before anything is written."""
        line = Line(key="1", at=STARTED, who="Anna Prøvesen", text="Meget lang. " * 400)
        short = ("note_chars = 30000", "note_chars = 1000")
        sink = self.sink_with(short, ('transcript = "always"', 'transcript = "long"'))
        receipt = sink.put(self.entry(lines=(line,)), "CT-1", open_file)

        (note,) = self.system.case(NUMBER).notes
        assert len(note_text(note)) <= 1000
        assert "Notatet er forkortet" in note_text(note)
        assert receipt == sink.find("CT-1", NUMBER)
        assert len(self.system.case(NUMBER).documents) == 1

        sink = self.sink_with(short, ('transcript = "always"', 'transcript = "never"'))
        with pytest.raises(Rejected) as caught:
            sink.put(self.entry(lines=(line,)), "CT-2", open_file)
        assert caught.value.field == "text"
        assert len(self.system.uploads) == 1

    def test_a_file_over_the_limit_is_refused_before_writing(self):
        """Capabilities tell the limit, and a file beyond it is Rejected by "files"."""
        sink = self.make_sink()
        assert sink.capabilities.max_file_bytes == 28_000_000
        (file,) = self.entry("voicemail").files
        sink.capabilities = msgspec.structs.replace(sink.capabilities, max_file_bytes=10)

        with pytest.raises(Rejected) as caught:
            sink.put(self.entry("voicemail", files=(file,)), "CT-1", open_file)

        assert caught.value.field == "files"
        assert self.system.uploads == {}

    # -- what goes wrong --------------------------------------------------------------------------

    @pytest.mark.parametrize("with_steps", [True, False])
    def test_a_file_that_was_taken_is_not_sent_again(self, with_steps: bool):
        """Cut off before the import, the next put imports; without its steps it sends once more
        at most, and there is one document either way."""
        steps = NoSteps()
        cutter = Cutter(self.origin, 9, "before")  # the import of the sound
        with pytest.raises(Unclear):
            self.connect(self.connection(self.origin, cutter)).put(
                self.entry("voicemail"), "CT-1", open_file, steps
            )
        uploads = self.uploads_sent()
        assert self.system.unattached() != []

        receipt = self.make_sink().put(
            self.entry("voicemail"), "CT-1", open_file, steps if with_steps else None
        )

        assert self.recordings(receipt) == [AUDIO]
        assert self.orphans() == []
        assert self.uploads_sent() - uploads == (0 if with_steps else 1)

    def uploads_sent(self) -> int:
        return sum("UploadFile" in request.path for request in self.system.requests)

    def test_a_taken_file_that_nova_threw_away_is_sent_again(self):
        """An upload that did not last until its import is repeated."""
        steps = NoSteps()
        steps.save(msgspec.json.encode([wire.derived("CT-1", "file 1")]).decode())

        receipt = self.make_sink().put(self.entry("voicemail"), "CT-1", open_file, steps)

        assert self.recordings(receipt) == [AUDIO]

    def test_a_file_that_arrived_damaged_is_told(self):
        """Bytes that do not come back as sent are Rejected by "files"; no note is written."""
        self.system.uploads[wire.derived("CT-1", "file 1")] = ("a.wav", AUDIO[:-1])
        nova = self.system
        nova.case(NUMBER).documents.append({"documentUuid": wire.derived("CT-1", "file 1")})

        with pytest.raises(Rejected) as caught:
            self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)

        assert caught.value.field == "files"
        assert nova.case(NUMBER).notes == []

    def test_a_spoilt_note_is_told_and_never_written_twice(self):
        """What does not come back as sent is Rejected by "text"; who puts it again, having looked,
        gets the receipt of the one note."""
        self.system.spoils_letters = True
        sink = self.make_sink()
        with pytest.raises(Rejected) as caught:
            sink.put(self.entry(), "CT-1", open_file)
        assert caught.value.field == "text"
        assert len(self.documents(sink, NUMBER)) == 1
        sink.put(self.entry(), "CT-1", open_file)
        assert len(self.documents(sink, NUMBER)) == 1

        fixed = self.sink_with(("plain_letters = false", "plain_letters = true"))
        receipt = fixed.put(self.entry(version=2, previous_key="CT-1"), "CT-2", open_file)

        assert receipt == fixed.find("CT-2", NUMBER)

    def test_padding_that_is_spoilt_is_avoided_when_set(self):
        """A site that spoils padding is noticed at the mark; with avoid_padding it is not met."""
        self.system.spoils_padding = True
        texts = [f"a{'b' * more}" for more in range(3)]
        lines = [Line(key="1", at=STARTED, who="Anna", text=text) for text in texts]
        sink = self.make_sink()
        spoilt = []
        for number, line in enumerate(lines):
            with contextlib.suppress(Rejected):
                sink.put(self.entry(lines=(line,)), f"CT-{number}", open_file)
                continue
            spoilt.append(f"CT-{number}")
        assert len(spoilt) == 2
        for key in spoilt:
            with pytest.raises(Rejected) as caught:
                sink.find(key, NUMBER)
            assert caught.value.field == "text"

        sink = self.sink_with(("avoid_padding = false", "avoid_padding = true"))
        for number, line in enumerate(lines, 10):
            receipt = sink.put(self.entry(lines=(line,)), f"CT-{number}", open_file)
            assert receipt == sink.find(f"CT-{number}", NUMBER)
        assert len(self.documents(sink, NUMBER)) == 6

    def test_a_case_that_closes_meanwhile(self):
        """A case closed between the look and the write is CaseClosed, whatever Nova calls it."""
        real, system = self.system.answer, self.system

        def closing(request: Any) -> Any:
            if "UploadFile" in request.path:
                system.close(NUMBER)
            return real(request)

        system.answer = closing  # type: ignore[method-assign]
        with pytest.raises(CaseClosed, match=NUMBER):
            self.make_sink().put(self.entry(), "CT-1", open_file)

    def test_a_state_that_is_not_known_counts_as_closed(self):
        """Nothing is journaled on a case whose state the mapping does not name."""
        self.system.case(NUMBER).state = "Sovende"

        with pytest.raises(CaseClosed):
            self.make_sink().put(self.entry(), "CT-1", open_file)

    def test_a_number_that_exists_twice(self):
        """Two cases of one number are Rejected by "case_number"; none of them is written to."""
        self.system.cases.append(FakeCase(number=NUMBER))

        with pytest.raises(Rejected, match="2 times") as caught:
            self.make_sink().put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"

    def test_a_hidden_case(self):
        """A case the account cannot see is told as one, with its number."""
        self.system.case(NUMBER).is_hidden = True
        sink = self.make_sink()

        with pytest.raises(Rejected, match="hidden") as caught:
            sink.put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"
        assert sink.find("CT-1", NUMBER) is None

    def test_a_missing_right_names_the_grant(self):
        """Denied says what to grant."""
        with self.system.being(READ_ONLY), pytest.raises(Denied, match="Document/Import"):
            self.make_sink().put(self.entry(), "CT-1", open_file)

    @pytest.mark.parametrize("pages_notes", [True, False])
    def test_a_case_with_many_notes(self, pages_notes: bool):
        """The note is found among more notes than one page holds, however Nova pages them."""
        self.system.pages_notes = pages_notes
        other = {"uuid": "", "approved": True, "journalNoteAttributes": {"title": "Andet"}}
        case = self.system.case(NUMBER)
        case.notes = [{**other, "uuid": str(uuid.uuid4())} for _ in range(25)]
        sink = self.sink_with(("page_rows = 500", "page_rows = 10"))

        receipt = sink.put(self.entry(), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert receipt == sink.put(self.entry(), "CT-1", open_file)
        assert len(case.notes) == 26

    def test_notes_that_cannot_all_be_read_stop_the_entry(self):
        """Who cannot see all notes does not write: the entry might be there."""
        case = self.system.case(NUMBER)
        case.notes = [
            {"uuid": str(uuid.uuid4()), "journalNoteAttributes": {"title": "Andet"}}
            for _ in range(3)
        ]
        real = self.system.answer

        def fewer(request: Any) -> Any:
            response = real(request)
            body = response.body.replace(b'"numberOfJournalNotes":3', b'"numberOfJournalNotes":9')
            return type(response)(status=response.status, headers=response.headers, body=body)

        self.system.answer = fewer  # type: ignore[method-assign]
        with pytest.raises(Rejected, match="only 3") as caught:
            self.make_sink().put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"
        assert len(case.notes) == 3

    def changed(self, old: bytes, new: bytes) -> None:
        """From now on Nova's answers say something else here."""
        real = self.system.answer

        def told(request: Any) -> Any:
            response = real(request)
            return dataclasses.replace(response, body=response.body.replace(old, new))

        self.system.answer = told  # type: ignore[method-assign]

    def test_a_case_that_does_not_tell_its_notes(self):
        """Where Nova does not say how many notes there are, "not there" is not known."""
        self.changed(b'"numberOfJournalNotes":0', b'"numberOfJournalNotes":null')

        with pytest.raises(Rejected, match="unknown number") as caught:
            self.make_sink().put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"
        assert self.system.case(NUMBER).documents == []

    def test_pages_without_a_word_on_more(self):
        """Where Nova does not say whether rows follow, a full page is not the last."""
        self.changed(b'"hasMoreRows":true', b'"hasMoreRows":null')
        sink, steps = self.sink_with(("page_rows = 500", "page_rows = 1")), NoSteps()
        sink.put(self.entry("voicemail"), "CT-1", open_file, steps)
        case = self.system.case(NUMBER)
        case.notes.clear()
        self.system.repeats = DUPLICATES

        sink.put(self.entry("voicemail"), "CT-1", open_file, steps)

        assert len(case.documents) == 2

    def test_a_note_that_is_taken_and_not_shown_is_not_sent_again(self):
        """First it is looked for; then a person looks, whose word is taken."""
        self.system.repeats = DUPLICATES
        sink, steps, case = self.make_sink(), NoSteps(), self.system.case(NUMBER)
        kept, case.notes = case.notes, Unseen()
        with pytest.raises(Unclear):
            sink.put(self.entry(), "CT-1", open_file, steps)
        with pytest.raises(Rejected, match="twice") as caught:
            sink.put(self.entry(), "CT-1", open_file, steps)
        assert caught.value.field == "key"
        assert case.notes.count == 1

        case.notes = kept
        receipt = sink.put(self.entry(), "CT-1", open_file, steps)

        assert receipt == sink.find("CT-1", NUMBER)

    @pytest.mark.parametrize("status", [413, 404])
    def test_a_file_beyond_the_web_server(self, status: int):
        """A file that is too large for what stands before Nova is that entry's error: the case is
        there, and the run goes on."""
        real = self.system.answer

        def limited(request: Any) -> Any:
            is_upload = "/UploadFile/" in request.path and AUDIO in request.body
            return Response(status=status) if is_upload else real(request)

        self.system.answer = limited  # type: ignore[method-assign]
        with pytest.raises(Rejected, match="file_mb") as caught:
            self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)

        assert caught.value.field == "files"

    def test_one_case_of_a_unit_that_is_shut(self):
        """Where the account may write elsewhere, a case that refuses it is that entry's error."""
        real = self.system.answer

        def shut(request: Any) -> Any:
            is_ours = self.system.case(NUMBER).uuid.encode() in request.body
            is_shut = self.system.is_write(request) and is_ours
            return Response(status=403) if is_shut else real(request)

        self.system.answer = shut  # type: ignore[method-assign]
        with pytest.raises(Rejected, match="Document/Import") as caught:
            self.make_sink().put(self.entry(), "CT-1", open_file)

        assert caught.value.field == "case_number"

    @pytest.mark.parametrize("created", ["0001-01-01T00:00:00", ""])
    def test_a_note_without_a_time_of_its_making(self, created: str):
        """The year 1 is .NET's "nothing"; the note's own date stands in."""
        sink = self.make_sink()
        sink.put(self.entry(), "CT-1", open_file)
        (note,) = self.system.case(NUMBER).notes
        note["journalNoteAttributes"]["createdTime"] = created

        receipt = sink.find("CT-1", NUMBER)

        assert receipt
        assert receipt.at == STARTED

    def test_a_token_that_ended_is_renewed(self):
        """A token that Nova no longer takes is replaced once, and the put goes on."""
        sink = self.make_sink()
        sink.put(self.entry(), "CT-1", open_file)
        self.system.tokens.clear()

        sink.put(self.entry(version=2), "CT-2", open_file)

        assert len(self.documents(sink, NUMBER)) == 2

    # -- check ------------------------------------------------------------------------------------

    def test_check_tries_padding_and_letters_on_the_trial_case(self):
        """With a trial case, check writes one note, once, and says which setting helps."""
        trial = FakeCase(number="S2026-00001")
        self.system.cases.append(trial)
        named = ('probe_case = ""', 'probe_case = "S2026-00001"')

        for _ in range(2):
            assert {each.level for each in self.sink_with(named).check()} == {"ok"}
        assert len(trial.notes) == 1

        for switch, setting in (
            ("spoils_padding", "avoid_padding"),
            ("spoils_letters", "plain_letters"),
        ):
            trial.notes.clear()
            setattr(self.system, switch, True)
            wrong = [each for each in self.sink_with(named).check() if each.level == "error"]
            assert len(wrong) == 1
            assert setting in wrong[0].fix
            changed = (f"{setting} = false", f"{setting} = true")
            assert {each.level for each in self.sink_with(named, changed).check()} == {"ok"}
            setattr(self.system, switch, False)

    def test_check_knows_that_documents_are_shut(self):
        """Notes alone are not enough: every entry looks at the case's documents first."""
        real = self.system.answer
        self.system.answer = lambda request: (  # type: ignore[method-assign]
            Response(status=403) if request.path == "/api/Document/GetList" else real(request)
        )

        (wrong,) = [each for each in self.make_sink().check() if each.level == "error"]

        assert "Document/GetList" in wrong.fix

    def test_what_nova_gives_as_nothing(self):
        """A note of others without any word, and a case without a state, end nothing else."""
        case = self.system.case(NUMBER)
        case.notes.append({"uuid": str(uuid.uuid4()), "journalNoteAttributes": None})
        sink = self.make_sink()
        assert sink.put(self.entry(), "CT-1", open_file)
        self.changed(b'"state":{"progressState":"Oplyst","fromDate"', b'"state":null,"x":{"y"')

        with pytest.raises(CaseClosed):
            sink.put(self.entry(), "CT-2", open_file)

    def test_check_knows_a_wrong_version(self):
        """An API version that Nova does not have is an error that names the setting."""
        (finding,) = self.sink_with(('version = "2.0-Case"', 'version = "9.0-Case"')).check()

        assert finding.level == "error"
        assert "version" in finding.fix

    def test_check_knows_a_wrong_secret(self):
        """A secret that is wrong is told at the sign-in."""
        wrong = connection_to(self.origin, secret="other")

        (finding,) = make_sink(wrong, words(), drafter()).check()

        assert finding.level == "error"
        assert "secret" in finding.fix


class TestNovaRegister(RegisterOf):
    """The register side."""

    cases = tuple(
        msgspec.structs.replace(case, number=number)
        for case, number in zip(CASES, (NUMBER, "S2026-12346"), strict=True)
    )
    system: Nova

    def make_system(self) -> FakeSystem:
        return Nova()

    def connection(self, origin: str) -> Connection:
        return connection_to(origin)

    def connect(self, connection: Connection) -> CaseRegister:
        upn = ('caseworker_upn = ""', 'caseworker_upn = "{racf_id}@kommune.example"')
        return make_register(connection, words(upn))

    def numbered(self, last: int) -> str:
        return f"S2026-{12340 + last}"

    def hold(self, cases: Sequence[Case]) -> None:
        self.system.cases = [held(case) for case in cases]

    def known(self, case: Case) -> Case:
        return msgspec.structs.replace(
            case,
            department=case.department or "Borgerservice",
            opened=date(2026, 1, 5),
            closed=None if case.is_open else date(2026, 1, 5),
            remote_id=held(case).uuid,
        )

    def test_classification_is_read(self):
        """KLE subject and facet come from the case's classification."""
        register = self.make_register(self.cases)
        row = self.system.case(NUMBER)
        row.kle_number, row.facet = "27.45.04", "P19"

        case = register.lookup(NUMBER)

        assert case
        assert (case.kle_subject, case.kle_facet) == ("27.45.04", "P19")

    def test_what_is_not_known_of_confidentiality_is_restricted(self):
        """No level, an unknown level and every level above the lowest: restricted."""
        register = self.make_register(self.cases)
        for level in (None, "Hemmelig", "Fortrolige", "Følsomme", "SærligFølsomme"):
            self.system.case(NUMBER).sensitivity = level
            case = register.lookup(NUMBER)
            assert case
            assert case.access == "restricted"

    def test_no_identification_is_asked_for(self):
        """CPR numbers are neither asked for nor sent."""
        register = self.make_register(self.cases)
        register.lookup(NUMBER)

        asked = [each.body for each in self.system.requests if "GetList" in each.path]
        assert asked
        assert all(b"identification" not in body for body in asked)

    def test_many_hits_are_paged(self):
        """The exact number is found behind more hits than a page has."""
        self.hold(self.cases)
        near = [FakeCase(number=f"{NUMBER}{more}") for more in range(25)]
        self.system.cases = near + self.system.cases
        register = make_register(
            connection_to(self.origin), words(("page_rows = 500", "page_rows = 10"))
        )

        case = register.lookup(NUMBER)

        assert case
        assert case.number == NUMBER


def held(case: Case) -> FakeCase:
    parties: list[dict[str, Any]] = [
        {
            "index": str(uuid.uuid4()),
            "name": party.name,
            "identificationType": "CprNummer",
            "identification": "0000000000",
            "participantRole": "Primær",
            "participantContactInformation": f"Tlf. {party.phone[3:]}[n]{party.mail}",
        }
        for party in case.parties
    ]
    racf = case.caseworker.partition("@")[0].upper()
    made = FakeCase(
        number=case.number,
        uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, case.number)),
        title=case.title,
        state="Oplyst" if case.is_open else "Afsluttet",
        sensitivity="Følsomme" if case.access else "IkkeFortrolige",
        caseworker={"racfId": racf, "fullName": "Kim Prøvesen"} if racf else None,
        parties=parties,
    )
    if case.department:
        made.unit = {**made.unit, "fullName": case.department}
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("32 10 00 01", [("+4532100001", "")]),
        ("Tlf. 32100001[n]Mobil +45 32 10 00 02", [("+4532100001", ""), ("+4532100002", "")]),
        ("carla.2@mail.example", [("", "carla.2@mail.example")]),
        ("tlf 32100001, carla@mail.example", [("+4532100001", "carla@mail.example")]),
        ("", [("", "")]),
        ("CVR 25 05 29 43 32100001", [("+4532100001", "")]),
        ("CVR-nr.: 32100001", [("", "")]),
        ("ny adresse 20-11-2026", [("", "")]),
        ("født 1.11.2026[n]+46 8 123 456 78", [("+46812345678", "")]),
    ],
)
def test_contact_information_is_read(text: str, expected: list[tuple[str, str]]):
    """Telephone numbers and an address are found in the free text of a party."""
    party = Party(name="Carla Citat", participant_contact_information=text)

    assert parties_of(party, "DK") == [
        CaseParty(name="Carla Citat", phone=phone, mail=mail) for phone, mail in expected
    ]


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "æøå", "😀 linje\nto "])
@pytest.mark.parametrize("avoid_padding", [True, False])
def test_notes_survive_their_encoding(text: str, avoid_padding: bool):
    """What is encoded reads the same again; with avoid_padding there is no "="."""
    written = wire.encode_note(text, avoid_padding=avoid_padding)

    assert wire.same_text(wire.decode_note(written), text)
    assert not (avoid_padding and "=" in written)


def test_a_note_that_comes_back_as_plain_text_is_read():
    """An answer that gives a note's text itself, with other line ends, is read all the same."""
    text = "En linje\nog en til\nCasethread CT-1 sha256:" + "0" * 64

    assert wire.same_text(wire.decode_note(text.replace("\n", "\r\n")), text)


def test_ids_never_change():
    """The UUIDs of a key are the same in every version of the program."""
    assert wire.derived("CT-1", "note") == "ea9a6c59-17ee-58e4-8921-4701baa4b626"
    assert uuid.UUID(wire.derived("CT-1", "note")).version == 5
    assert len({wire.derived(key, "note") for key in ("CT-1", "CT-2")}) == 2


def test_the_mapping_tells_all_its_mistakes():
    """Wrong values are told at once, each with its line."""
    text = (MAPPINGS / "nova.toml").read_text()
    text = text.replace('"Fortrolige"', '"Secret"').replace("page_rows = 500", "page_rows = 501")

    with pytest.raises(ConfigError) as caught:
        load(text, WORDS, "nova.toml")

    assert len(caught.value.problems) == 2
    assert all("nova.toml:" in problem for problem in caught.value.problems)


@pytest.mark.parametrize(
    "kind", ["audio/wav", "", "x", "audio/wav\r\nX-Evil: 1", "text/plain; a=b"]
)
def test_a_strange_content_type_stays_in_its_line(kind: str):
    """A content type that is none is sent as bytes; it never becomes a header of its own."""
    body, _ = wire.form("a.wav", b"sound", kind)

    head = body.split(b"\r\n\r\n")[0].split(b"\r\n")
    assert len(head) == 3
    assert head[2].startswith(b"Content-Type: ")
    assert b"Evil" not in body
