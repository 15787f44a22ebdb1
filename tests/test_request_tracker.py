"""Request Tracker: the contracts of sink and register against a real RT 5, and what is its own."""

from __future__ import annotations

import base64
import io
import itertools
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import msgspec
import pytest

from connector.errors import ConfigError, Denied, Rejected, Unavailable
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.journals.request_tracker import KIND, WORDS, make_register, make_sink, wire
from connector.journals.request_tracker.entries import Proof, read_proof, sent_type
from connector.journals.request_tracker.service import Service
from connector.model import Case, CaseParty, EntryFile, Finding, Line, Receipt
from connector.ports import CaseRegister, NoSteps, Sink
from connector.sandbox.protocol import Request, Response
from tests.contracts.register import listed
from tests.contracts.sink import NUMBER, STARTED, open_file, sha256_of
from tests.contracts.system import RegisterOf, SystemContract
from tests.cutting import Cutter
from tests.rt_server import PASSWORD, ROOT, Gateway, RealRt

REQUESTS = 5  # of a first put: case, look-up, comment, and twice to read it back
MAPPING = ROOT / "mappings" / f"{KIND}.toml"


def words(**changes: str) -> Words:
    """The words of the file that is shipped, with one of its states meaning "locked"."""
    text = MAPPING.read_text(encoding="utf-8")
    for old, new in {"locked = []": 'locked = ["stalled"]', **changes}.items():
        assert old in text
        text = text.replace(old, new)
    return load(text, WORDS, MAPPING.name)


def clock() -> datetime:
    return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def drafter() -> Drafter:
    folder = ROOT / "mappings"
    return Drafter(load_mapping(folder, "da"), folder / "templates", clock)


@pytest.fixture(scope="module")
def rt(request_tracker: RealRt) -> RealRt:
    """RT with one open case."""
    request_tracker.ask("POST", "ticket", ticket(NUMBER))
    request_tracker.keep()
    return request_tracker


def ticket(number: str, **more: object) -> dict[str, object]:
    return {"Queue": "Sager", "Subject": "Hjælp", "CustomFields": {"Sagsnummer": number}, **more}


def attachments(rt: RealRt, target: str) -> dict[str, bytes]:
    """The parts of a comment by file name, "" for its text; as RT's owner reads them."""
    parts = rt.ask("GET", f"transaction/{target}/attachments?fields=Filename,ContentType")["items"]
    found = {}
    for part in parts:
        if not part["ContentType"].startswith("multipart/"):
            content = rt.ask("GET", f"attachment/{part['id']}").get("Content") or ""
            found[part["Filename"]] = base64.b64decode(content)
    return found


def comments(rt: RealRt, number: str) -> list[int]:
    """The comments on the tickets of a case number, from the database itself."""
    found = rt.sql(
        "SELECT id FROM Transactions WHERE Type = 'Comment' AND ObjectType = 'RT::Ticket' AND "
        "ObjectId IN (SELECT ObjectId FROM ObjectCustomFieldValues WHERE ObjectType = 'RT::Ticket'"
        " AND Content = ?)",
        number,
    )
    return [number for (number,) in found]


class TestRequestTrackerJournal(SystemContract):
    """The sink side keeps the contract."""

    rt: RealRt

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _real(cls, rt: RealRt) -> None:
        cls.rt = rt

    def make_system(self) -> Gateway:
        self.rt.restore()
        return Gateway(self.rt)

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return Connection(name="rt", url=origin, secret=self.rt.token, adapter=adapter)

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(), drafter())

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [str(number) for number in comments(self.rt, case_number)]

    def read(self, sink: Sink, receipt: Receipt) -> str:
        found = attachments(self.rt, receipt.target)
        page = next(content for name, content in found.items() if name.endswith(".html"))
        return page.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        found = attachments(self.rt, receipt.target)
        return [content for name, content in found.items() if name and not name.endswith(".html")]

    def orphans(self) -> list[str]:
        found = self.rt.sql(
            "SELECT id FROM Attachments WHERE TransactionId NOT IN (SELECT id FROM Transactions)"
        )
        return [str(number) for (number,) in found]

    def close_case(self, sink: Sink, case_number: str) -> None:
        self._set_status(case_number, "resolved")

    def lock_case(self, sink: Sink, case_number: str) -> None:
        self._set_status(case_number, "stalled")

    def _set_status(self, case_number: str, status: str) -> None:
        query = urlencode({"query": f"CF.{{Sagsnummer}} = '{case_number}'"})
        (found,) = self.rt.ask("GET", f"tickets?{query}")["items"]
        self.rt.ask("PUT", f"ticket/{found['id']}", {"Status": status})

    # -- its own ----------------------------------------------------------------------------------

    @pytest.mark.crash
    def test_killed_for_real(self):
        """A process killed with SIGKILL at each request or its answer leaves one whole entry."""
        kills = 0
        for when in ("before", "after"):
            for at in itertools.count(1):
                self.system = self.make_system()
                command = [sys.executable, "-m", "tests.rt_killed", self.origin, self.rt.token]
                ended = subprocess.run([*command, str(at), when], cwd=ROOT, timeout=60)
                if ended.returncode == 0:
                    break
                assert ended.returncode == -signal.SIGKILL
                kills += 1
                self.recovered("voicemail", NoSteps(), f"killed {when} request {at}")
        assert kills == 2 * REQUESTS

    def test_requests_of_a_put(self):
        """A put is five requests, a known key three; what was written is not sent again."""
        sink = self.make_sink()
        counts = []
        for _ in range(2):
            before = len(self.system.requests)
            sink.put(self.entry("voicemail"), "CT-1", open_file)
            counts.append(len(self.system.requests) - before)

        assert counts == [REQUESTS, 3]

    def test_a_comment_that_cannot_be_read_is_not_written_again(self):
        """Without ShowTicketComments RT takes the comment; it is written once, and named."""
        steps = NoSteps()
        with self.rt.without_right("ShowTicketComments"):
            for _ in range(2):
                with pytest.raises(Denied, match="ShowTicketComments"):
                    self.make_sink().put(self.entry(), "CT-1", open_file, steps)
                assert len(comments(self.rt, NUMBER)) == 1
            (error,) = _errors(self.make_sink())
            assert "ShowTicketComments" in error.fix

        self.recovered("conversation", steps, "the right was granted")

    @pytest.mark.parametrize("answer", [Response(status=503), Response(cut_at=-1)])
    def test_a_hidden_comment_and_a_bad_line(self, answer: Response):
        """When RT cannot say whether the comment of the last run is hidden, none is written."""
        steps = NoSteps()
        with self.rt.without_right("ShowTicketComments"):
            with pytest.raises(Denied):
                self.make_sink().put(self.entry(), "CT-1", open_file, steps)

            def bad(request: Request) -> Response:
                if "/transaction/" in request.path:
                    return answer
                return Gateway.answer(self.system, request)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(self.system, "answer", bad)
                with pytest.raises(Unavailable):
                    self.make_sink().put(self.entry(), "CT-1", open_file, steps)

        assert len(comments(self.rt, NUMBER)) == 1

    def test_a_key_that_rt_dropped(self):
        """Without ModifyCustomField RT drops the key and says 201; the entry is found all the
        same, and check tells."""
        with self.rt.without_right("ModifyCustomField"):
            self.make_sink().put(self.entry("voicemail"), "CT-1", open_file)
            (error,) = _errors(self.make_sink())

        kept = self.rt.sql("SELECT * FROM ObjectCustomFieldValues WHERE Content LIKE '%CT-1%'")
        assert kept == []
        assert "ModifyCustomField" in error.fix
        self.recovered("voicemail", NoSteps(), "found by the name of the transcript")
        assert self.make_sink().find("CT-", NUMBER) is None

    @pytest.mark.parametrize("right", ["SeeCustomField", "ShowTicket"])
    def test_a_case_that_is_hidden(self, right: str):
        """Without the rights to see, the case is not found; the message says that it may be so."""
        sink = self.make_sink()
        with self.rt.without_right(right):
            with pytest.raises(Rejected, match="hidden") as caught:
                sink.put(self.entry(), "CT-1", open_file)
            problems = [each for each in sink.check() if each.level != "ok"]

        assert caught.value.field == "case_number"
        assert problems
        assert comments(self.rt, NUMBER) == []

    @pytest.mark.parametrize(
        ("old", "name"),
        [
            ('"Sagsnummer" ', "Sagsnumre"),
            ('"Journalnøgle" ', "Nøgle"),
            ('"Journalbevis" ', "Bevis"),
            ('"KLE-emne"', "Emne"),
            ('["Sager"]', "Byggesager"),
        ],
    )
    def test_check_finds_names_that_rt_does_not_know(self, old: str, name: str):
        """RT answers a query for an unknown field with no hits; check finds the wrong name."""
        new = f'["{name}"]' if old.startswith("[") else f'"{name}"'
        sink = make_sink(self.connection(self.origin), words(**{old: new}), drafter())

        assert any(name in each.what and each.fix for each in sink.check() if each.level == "error")

    def test_check_without_a_case_to_try(self):
        """Without a ticket for trying out, check says what it did not try."""
        changed = words(**{'"Casethread-check"': '"nothing"'})
        findings = make_sink(self.connection(self.origin), changed, drafter()).check()

        (told,) = [each for each in findings if each.level != "ok"]
        assert (told.level, "not tried" in told.what) == ("warning", True)

    def test_one_ticket_that_takes_no_comment(self):
        """A right that is missing on one queue is the error of its cases; other cases go on."""
        self.rt.ask("POST", "queue", {"Name": "Lukket kreds"})
        self.rt.load_initialdata("Lukket kreds")
        self.rt.ask("POST", "ticket", {**ticket("A-1"), "Queue": "Lukket kreds"})
        both = words(**{'["Sager"]': '["Sager", "Lukket kreds"]'})
        sink = make_sink(self.connection(self.origin), both, drafter())
        where = "ObjectType = 'RT::Queue' AND RightName = 'CommentOnTicket' AND ObjectId = ?"
        queue = self.rt.ask("GET", "queue/Lukket kreds".replace(" ", "%20"))["id"]

        with self.rt.without("ACL", where, queue), pytest.raises(Rejected) as caught:
            sink.put(self.entry(case_number="A-1"), "CT-1", open_file)

        assert caught.value.field == "case_number"
        assert "CommentOnTicket" in str(caught.value)
        assert sink.put(self.entry(), "CT-2", open_file)

    def test_a_number_on_two_tickets(self):
        """A number that stands twice is refused with both tickets; what was journaled is found."""
        sink = self.make_sink()
        first = sink.put(self.entry(), "CT-1", open_file)
        second = self.rt.ask("POST", "ticket", ticket(NUMBER))["id"]

        with pytest.raises(Rejected, match=f", {second};") as caught:
            sink.put(self.entry(), "CT-2", open_file)

        assert caught.value.field == "case_number"
        assert first == sink.find("CT-1", NUMBER) == sink.put(self.entry(), "CT-1", open_file)

    def test_a_number_is_compared_exactly(self):
        """RT finds a number in other letters too; it is not taken for the case."""
        self.rt.ask("POST", "ticket", ticket("s2026-1"))

        with pytest.raises(Rejected, match="no case S2026-1"):
            self.make_sink().put(self.entry(case_number="S2026-1"), "CT-1", open_file)

    def test_a_number_with_quotes(self):
        """Quotes and backslashes in a number are part of it and of no query."""
        number = "A' OR ''='\\ {b}"
        self.rt.ask("POST", "ticket", ticket(number))
        sink = self.make_sink()

        receipt = sink.put(self.entry(case_number=number), "CT-1", open_file)

        assert receipt == sink.find("CT-1", number)
        assert comments(self.rt, NUMBER) == []

    def test_201_without_an_entry(self):
        """RT on a full file system said 201 and kept nothing (seen on 5.0.3); it is noticed."""
        said = b'["Comments added","Custom fields updated"]'
        place = {"content-type": "application/json", "location": "/REST/2.0/transaction/99999"}

        def lie(request: Request) -> Response:
            if request.method == "POST":
                return Response(status=201, headers=place, body=said)
            return Gateway.answer(self.system, request)

        sink = self.make_sink()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lie)
            with pytest.raises(Unavailable, match="full"):
                sink.put(self.entry(), "CT-1", open_file)

        self.recovered("conversation", NoSteps(), "after an empty 201")

    def test_an_entry_whose_file_rt_dropped(self):
        """An entry without all its files is not found, and is not written a second time."""
        sink = self.make_sink()
        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)
        gone = "TransactionId = ? AND Filename LIKE '%.wav'"

        with self.rt.without("Attachments", gone, receipt.target):
            assert sink.find("CT-1", NUMBER) is None
            with pytest.raises(Rejected, match="DropLongAttachments") as caught:
                sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert caught.value.field == "files"
        assert comments(self.rt, NUMBER) == [int(receipt.target)]

    @pytest.mark.parametrize("content_type", ["text/plain", "text/html", "message/rfc822", "", "x"])
    def test_files_keep_their_bytes(self, content_type: str):
        """RT writes texts anew as UTF-8; what we send keeps its bytes whatever it is called."""
        content = "Ærø\r\n".encode("latin-1")
        file = EntryFile(name="a.txt", content_type=content_type, sha256=sha256_of(content))

        receipt = self.make_sink().put(
            self.entry(files=(file,)), "CT-1", lambda _sha256: io.BytesIO(content)
        )

        assert self.recordings(receipt) == [content]

    def test_an_empty_file_is_left_out(self):
        """RT refuses an empty file; the entry is written without it and is whole."""
        file = EntryFile(name="tom.txt", sha256=sha256_of(b""))

        receipt = self.make_sink().put(
            self.entry(files=(file,)), "CT-1", lambda _sha256: io.BytesIO(b"")
        )

        assert self.recordings(receipt) == []
        assert "tom.txt" in self.read(self.make_sink(), receipt)

    def test_more_files_than_a_page_shows(self, monkeypatch: pytest.MonkeyPatch):
        """An entry with more files than RT lists at once is whole."""
        monkeypatch.setattr(wire, "PER_PAGE", 2)
        (file,) = self.entry("voicemail").files
        sink = self.make_sink()

        receipt = sink.put(self.entry(files=(file,) * 4), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert len(self.recordings(receipt)) == 4

    @pytest.mark.parametrize("limit", ["file_bytes = 10000000", "entry_bytes = 50000000"])
    def test_files_that_are_too_large(self, limit: str):
        """Files beyond a limit of the mapping are refused before anything is sent."""
        limited = words(**{limit: f"{limit.split()[0]} = 1000"})
        sink = make_sink(self.connection(self.origin), limited, drafter())

        with pytest.raises(Rejected, match=f"{limit.split()[0]} .1000") as caught:
            sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert caught.value.field == "files"
        assert self.system.requests == []

    def test_a_later_version_leads_to_the_earlier(self):
        """The comment of a later version holds the address of the earlier comment."""
        sink = self.make_sink()
        first = sink.put(self.entry(), "CT-1", open_file)

        second = sink.put(self.entry(version=2, previous_key="CT-1"), "CT-2", open_file)

        assert first.url in attachments(self.rt, second.target)[""].decode()

    def test_a_user_and_a_password(self):
        """With a user, RT is signed in to by password; a wrong one is Denied."""
        connection = Connection(name="rt", url=self.origin, user="casethread", secret=PASSWORD)
        assert self.connect(connection).find("CT-1", NUMBER) is None

        wrong = msgspec.structs.replace(connection, secret="wrong")
        with pytest.raises(Denied, match="sign-in"):
            self.connect(wrong).find("CT-1", NUMBER)

    def test_people_see_text_as_text(self):
        """RT's own page shows the comment, with mark-up as text."""
        line = Line(key="1", at=STARTED, who="Anna", text="<script>alert(1)</script> æøå")
        receipt = self.make_sink().put(self.entry(lines=(line,)), "CT-1", open_file)

        page = self.rt.page("Ticket/History.html?id=" + receipt.url.split("id=")[1].split("#")[0])

        assert f"txn-{receipt.target}" in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page


def _errors(sink: Sink) -> list[Finding]:
    return [finding for finding in sink.check() if finding.level == "error"]


class TestRequestTrackerRegister(RegisterOf):
    """The register side keeps the contract."""

    rt: RealRt

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _real(cls, rt: RealRt) -> None:
        cls.rt = rt

    def make_system(self) -> Gateway:
        self.rt.restore()
        self.held: dict[str, int] = {}
        return Gateway(self.rt)

    def connection(self, origin: str) -> Connection:
        return Connection(name="rt", url=origin, secret=self.rt.token)

    def connect(self, connection: Connection) -> CaseRegister:
        return make_register(connection, words())

    def known(self, case: Case) -> Case:
        """With the ticket's dates and number."""
        return msgspec.structs.replace(
            case,
            opened=date(2026, 1, 5),
            closed=None if case.is_open else date(2026, 2, 4),
            remote_id=str(self.held[case.number]),
        )

    def hold(self, cases: Sequence[Case]) -> None:
        """The owner makes tickets and deletes others."""
        for case in cases:
            if case.number not in self.held:
                self.held[case.number] = int(self.rt.ask("POST", "ticket", _ticket_of(case))["id"])
        keep = [self.held[case.number] for case in cases]
        marks = ",".join("?" * len(keep))
        self.rt.sql(
            f"UPDATE Tickets SET Status = 'deleted' WHERE id NOT IN ({marks}) AND Subject != "
            "'Casethread check'",
            *keep,
        )
        # Half an hour before midnight in UTC is the next day in Denmark.
        self.rt.sql("UPDATE Tickets SET Created = '2026-01-05 08:00:00'")
        self.rt.sql("UPDATE Tickets SET Resolved = '2026-02-03 23:30:00' WHERE Status = 'resolved'")

    # -- its own ----------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("said", "access"),
        [("", ""), ("nej", ""), ("Nej ", ""), ("ja", "restricted"), ("måske", "restricted")],
    )
    def test_what_is_confidential(self, said: str, access: str):
        """Only what is listed as open is open; an unknown word is restricted."""
        fields = {"Sagsnummer": "A-1", **({"Fortrolig": said} if said else {})}
        self.rt.ask("POST", "ticket", {**ticket("A-1"), "CustomFields": fields})

        case = self.connect(self.connection(self.origin)).lookup("A-1")

        assert case is not None
        assert case.access == access

    def test_check_reads_no_more_than_a_page(self, monkeypatch: pytest.MonkeyPatch):
        """However many cases there are, check asks for one page of them."""
        register = self.make_register([Case(number=f"A-{number}") for number in range(5)])
        monkeypatch.setattr(wire, "PER_PAGE", 2)
        self.system.requests.clear()

        (counted,) = [each for each in register.check() if " cases in " in each.what]

        assert counted.level == "ok"
        assert "or more" in counted.what
        assert len([r for r in self.system.requests if r.path.endswith("/tickets")]) == 2

    @pytest.mark.parametrize(
        ("closed", "is_open", "warned"),
        [('["resolved"]', False, 0), ('["Resolved"]', False, 0), ('["rejected"]', True, 1)],
    )
    def test_what_is_closed(self, closed: str, is_open: bool, warned: int):
        """States are compared without case; one that RT counts as done and the mapping does not
        name is told by check."""
        self.hold([Case(number="A-1", is_open=False)])
        changed = words(**{'closed = ["resolved", "rejected"]': f"closed = {closed}"})
        register = make_register(self.connection(self.origin), changed)

        case = register.lookup("A-1")

        assert case is not None
        assert case.is_open == is_open
        warnings = [each for each in register.check() if each.level == "warning"]
        assert len([each for each in warnings if "resolved" in each.what]) == warned

    @pytest.mark.parametrize("cursor", ["[12,34]", "2026-01-01", "2026-01-01T00:00:00Z x"])
    def test_a_cursor_of_another_kind(self, cursor: str):
        """What another register left behind is no cursor: everything is listed."""
        register = self.make_register([Case(number="A-1")])

        assert len(listed(register, cursor)[0]) == 1

    def test_a_hidden_field_makes_a_case_restricted(self):
        """A case whose confidentiality cannot be read is restricted."""
        self.rt.ask("POST", "ticket", ticket("A-1"))
        changed = words(**{'"Fortrolig"': '"Findes ikke"'})

        case = make_register(self.connection(self.origin), changed).lookup("A-1")

        assert case is not None
        assert case.access == "restricted"

    def test_requestors_are_parties(self):
        """Who asked by the ticket is a party, with name and mail."""
        person = {"Name": "eva", "RealName": "Eva Eksempel", "EmailAddress": "eva@mail.example"}
        self.rt.ask("POST", "user", person)
        self.rt.ask("POST", "ticket", ticket("A-1", Requestor="eva@mail.example"))

        case = self.connect(self.connection(self.origin)).lookup("A-1")

        assert case is not None
        assert case.parties == (CaseParty(name="Eva Eksempel", mail="eva@mail.example"),)

    def test_a_number_on_two_tickets_is_refused(self):
        """A number that stands twice is no case, and both tickets are named."""
        numbers = [self.rt.ask("POST", "ticket", ticket("A-1"))["id"] for _ in range(2)]

        with pytest.raises(Rejected, match=", ".join(numbers)):
            self.connect(self.connection(self.origin)).lookup("A-1")

    def test_many_pages(self, monkeypatch: pytest.MonkeyPatch):
        """Pages are asked for from the last number on, each case comes once; then only the
        changed one."""
        cases = [Case(number=f"A-{number}", title="Sag") for number in range(5)]
        register = self.make_register(cases)
        monkeypatch.setattr(wire, "PER_PAGE", 2)

        found, cursor = listed(register)
        self.rt.sql(
            "UPDATE Tickets SET LastUpdated = '2036-07-01 12:00:00' WHERE id = ?", self.held["A-3"]
        )
        changed, later = listed(register, cursor)

        assert found == [self.known(case) for case in cases]
        assert changed == [self.known(cases[3])]
        assert listed(register, later) == ([], later)


def _ticket_of(case: Case) -> dict[str, object]:
    """A ticket that holds what the case says."""
    fields = {
        "Sagsnummer": case.number,
        "Sagsbehandler": case.caseworker,
        "Afdeling": case.department,
        "Fortrolig": "ja" if case.access else "nej",
        "Sagens parter": [f"{each.name}; {each.phone}; {each.mail}" for each in case.parties],
    }
    return {
        "Queue": "Sager",
        "Subject": case.title,
        "Status": "open" if case.is_open else "resolved",
        "CustomFields": {name: value for name, value in fields.items() if value},
    }


def test_the_setup_can_be_loaded_again(rt: RealRt):
    """Loaded a second time for another queue, our file adds that queue and doubles nothing."""
    rt.restore()
    rt.load_initialdata("Byggesager")

    fields = rt.sql("SELECT Name, COUNT(*) FROM CustomFields GROUP BY Name, LookupType")
    assert {count for _name, count in fields} == {1}
    queue = rt.ask("GET", "queue/Byggesager", token=rt.token)
    assert len(queue["TicketCustomFields"]) == 7
    assert len(queue["TicketTransactionCustomFields"]) == 2


# Without a server


def test_the_proof_line():
    """The last proof of a text counts; one without its tail is none."""
    mark = f"Casethread CT-1 sha256:{'a' * 64}"
    said = f"Citat: Casethread CT-9 sha256:{'b' * 64} files:9 bytes:9\n{mark} files:2 bytes:70"

    assert read_proof(said) == Proof("CT-1", "a" * 64, 2, 70)
    assert read_proof(mark) is None
    assert read_proof("") is None


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("audio/wav", "audio/wav"),
        ("image/png; name=x", "image/png"),
        ("TEXT/plain", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("evil\r\nX: y", "application/octet-stream"),
    ],
)
def test_sent_types(given: str, sent: str):
    """A type that RT would work on, or that is none, is sent as bytes."""
    assert sent_type(given) == sent


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Sagsnummer" ', '"Sags}nummer" ', "case_number"),
        ('"Journalnøgle"', '""', "key"),
        ('["Sager"]', "[]", "names"),
        ('separator = ";"', 'separator = ""', "separator"),
    ],
)
def test_names_that_cannot_be_asked_for(old: str, new: str, told: str):
    """A name that would end the query, and a missing one, are mistakes of the mapping."""
    with pytest.raises(ConfigError, match=told):
        make_sink(Connection(name="rt", url="https://rt.example"), words(**{old: new}), drafter())


@pytest.mark.parametrize("url", ["https://rt.example", "https://rt.example/rt/REST/2.0/"])
def test_both_addresses_are_taken(url: str):
    """The address may be that for people or that of REST 2.0."""
    service = Service(Connection(name="rt", url=url), words())

    assert service.web == url.removesuffix("/REST/2.0/")
    assert service.remote.base_url == f"{service.web}/REST/2.0"
