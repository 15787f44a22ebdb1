"""SharePoint: the contract of a sink, and what is its own, through the real client library."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connector.errors import ConfigError, Denied, Rejected, Throttled, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Drafter
from connector.journaling.words import Words, load
from connector.journals.folder import load_mapping
from connector.model import Direction, Person, Presence, Receipt
from connector.ports import Sink
from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import READ_ONLY
from connector.sandbox.systems.sharepoint import FakeSharePoint
from connector.sandbox.systems.sharepoint_store import FakeList
from connector.sites.sharepoint import WORDS, SharePointSink, make_presence_list, make_sink
from tests.contracts.sink import AUDIO, NUMBER, STARTED, entry, open_file, sha256_of
from tests.contracts.system import SystemContract
from tests.cutting import Cutter

MAPPINGS = Path(__file__).parent.parent / "mappings"
TOKEN = "a-fictional-token"
LIST = "/sites/journal/lists/casethread"
LIBRARY = "/sites/journal/casethreadfiles"


def drafter() -> Drafter:
    def clock() -> datetime:
        return datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    return Drafter(load_mapping(MAPPINGS, "da"), MAPPINGS / "templates", clock)


def words(**changes: dict[str, object]) -> Words:
    """The mapping of the program, with some sections changed."""
    text = (MAPPINGS / "sharepoint.toml").read_text(encoding="utf-8")
    read = load(text, WORDS, "mappings/sharepoint.toml")
    values = {name: {**keys, **changes.get(name, {})} for name, keys in read.values.items()}
    return Words(read.name, values)


def tokens(renew: bool) -> str:
    return TOKEN


def online() -> FakeSharePoint:
    """A site without our lists."""
    system = FakeSharePoint()
    system.tokens.add(TOKEN)
    return system


@pytest.fixture(scope="module")
def prepared() -> FakeSharePoint:
    """A site with our lists, made by the sink itself."""
    system = online()
    with system.serve() as listener:
        connection = Connection(name="sharepoint", url=f"{listener.origin}/sites/journal")
        make_sink(connection, words(), drafter(), tokens).prepare()
    return system


class TestSink(SystemContract):
    """The sink keeps the contract on a site whose lists are there."""

    system: FakeSharePoint
    knows_cases: ClassVar[bool] = False
    locks_cases: ClassVar[bool] = False
    changes: ClassVar[dict[str, dict[str, object]]] = {}
    template: FakeSharePoint

    @pytest.fixture(autouse=True)
    def _serving(self, prepared: FakeSharePoint):
        self.template = prepared
        yield from super()._serving.__wrapped__(self)  # type: ignore[attr-defined]

    def make_system(self) -> FakeSharePoint:
        system = online()
        system.store = copy.copy(self.template.store)
        system.store.lists = copy.deepcopy(self.template.store.lists)
        system.store.folders = set(self.template.store.folders)
        system.store.files = {}
        return system

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        return Connection(
            name="sharepoint",
            url=f"{origin}/sites/journal",
            user="casethread",
            secret="fictional",
            adapter=adapter,
        )

    def connect(self, connection: Connection) -> Sink:
        return make_sink(connection, words(**self.changes), drafter(), tokens)

    def rows(self) -> list[dict[str, Any]]:
        found = self.system.store.lists.get(LIST)
        return list(found.rows.values()) if found else []

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        return [row["CtKey"] for row in self.rows() if row["CtCase"] == case_number]

    def path(self, receipt: Receipt) -> str:
        return receipt.url.removeprefix(self.origin).lower()

    def read(self, sink: Sink, receipt: Receipt) -> str:
        return self.system.store.files[self.path(receipt)].content.decode()

    def recordings(self, receipt: Receipt) -> list[bytes]:
        files = self.system.store.files.items()
        return [
            file.content
            for path, file in files
            if path != self.path(receipt) and f"_{receipt.key.lower()}_" in path
        ]

    def orphans(self) -> list[str]:
        keys = {row["CtKey"] for row in self.rows()}
        return [
            path
            for path, file in self.system.store.files.items()
            if file.library.rows[file.item].get("CtKey") not in keys
        ]

    @contextmanager
    def lose_reply(self, sink: Sink):
        """Of the steps of a put, the answer to the last is lost: the entry is whole then."""
        answer = self.system.answer

        def lost(request: Request) -> Response:
            response = answer(request)
            is_row = request.method == "POST" and request.path.lower().endswith("/items")
            return Response(cut_at=-1) if is_row else response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lost)
            yield


class TestFirstUse(TestSink):
    """The same contract on a site without lists: they are made with the first entry."""

    def make_system(self) -> FakeSharePoint:
        return online()

    def test_check_is_fine_on_a_good_system(self):
        """Without lists check warns that they will be made, and makes nothing."""
        findings = self.make_sink().check()

        assert {each.level for each in findings} == {"ok", "warning"}
        assert self.system.store.lists == {}

    @pytest.mark.parametrize("kind", ["conversation"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", ["killed"])  # TestSink does it with a cut line as well
    def test_a_cut_at_every_request(self, kind: str, when: str, how: str):
        """Killed at each request of making the lists: the next run finishes them, and one entry."""
        super().test_a_cut_at_every_request(kind, when, how)
        assert self.system.store.lists[LIST].columns["CtKey"].is_unique


class TestParts(TestSink):
    """The same contract when page and recording go in parts."""

    changes: ClassVar[dict[str, dict[str, object]]] = {"documents": {"part_bytes": 3000}}

    @pytest.mark.parametrize("kind", ["voicemail"])
    @pytest.mark.parametrize("when", ["after"])
    @pytest.mark.parametrize("how", ["killed"])
    def test_a_cut_at_every_request(self, kind: str, when: str, how: str):
        """Killed after each request of an upload in parts, then recovered: one whole entry."""
        self.changes = {"documents": {"part_bytes": 5000}}
        super().test_a_cut_at_every_request(kind, when, how)


class Own:
    """What is SharePoint's own, on one served site with its lists."""

    @pytest.fixture(autouse=True)
    def _served(self, prepared: FakeSharePoint) -> Iterator[None]:
        self.system = online()
        self.system.store = copy.copy(prepared.store)
        self.system.store.lists = copy.deepcopy(prepared.store.lists)
        self.system.store.folders = set(prepared.store.folders)
        self.system.store.files = {}
        with self.system.serve() as listener:
            self.origin = listener.origin
            yield

    @property
    def rows(self) -> FakeList:
        return self.system.store.lists[LIST]

    def connection(self, **changes: Any) -> Connection:
        given = {"name": "sharepoint", "url": f"{self.origin}/sites/journal", **changes}
        return Connection(**given)

    def sink(self, **changes: dict[str, object]) -> SharePointSink:
        return make_sink(self.connection(), words(**changes), drafter(), tokens)

    def calls(self) -> list[str]:
        """What was asked, without the site and what stands in brackets."""
        return [
            f"{each.headers.get('x-http-method', each.method)} "
            f"{re.sub(r'[(].*[)]', '()', each.path.partition('/_api/')[2]).lower()}"
            for each in self.system.requests
        ]


class TestWritten(Own):
    """What is sent, and what stands there afterwards."""

    def test_the_requests_of_a_put(self):
        """A conversation: look, send, mark, row, read back; the first of a day makes folders."""
        sink = self.sink()
        sink.put(entry(), "CT-1", open_file)
        self.system.requests.clear()

        sink.put(entry(), "CT-2", open_file)

        assert len(self.calls()) == 5
        self.system.requests.clear()
        sink.put(entry("voicemail"), "CT-3", open_file)
        assert len(self.calls()) == 7
        self.system.requests.clear()
        sink.put(entry("voicemail"), "CT-3", open_file)
        assert len(self.calls()) == 1

    def test_the_row(self):
        """Kind, case, UTC, direction, length, parties, link, version, key and hash."""
        summer = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)
        receipt = self.sink().put(
            entry("call", started_at=summer, direction=Direction.OUTBOUND), "CT-1", open_file
        )

        (row,) = self.rows.rows.values()
        assert row["CtStarted"] == "2026-07-31T22:30:00Z"
        assert (row["CtKind"], row["CtDirection"]) == ("Telefonsamtale", "udgående")
        assert row["CtDuration"] == 200
        assert row["CtCase"] == NUMBER
        assert "Carla Citat, +4532100001" in row["CtParties"]
        assert "Anna Prøvesen" in row["CtParties"]
        assert row["CtLink"]["Url"] == receipt.url
        assert (row["CtVersion"], row["CtVoid"], row["CtFiles"]) == (1, False, 1)
        assert row["CtHash"] == receipt.sha256

    def test_a_void_row(self):
        """Void, why, and the key it takes back stand in columns of their own."""
        void = entry(version=2, is_void=True, void_reason="Forkert sag.", previous_key="CT-1")
        self.sink().put(void, "CT-2", open_file)

        (row,) = self.rows.rows.values()
        assert (row["CtVoid"], row["CtReason"], row["CtPrevious"]) == (True, "Forkert sag.", "CT-1")

    def test_each_file_carries_key_case_and_hash(self):
        """Page and recording lie in a folder of the day, found by key and case number."""
        self.sink().put(entry("voicemail"), "CT-1", open_file)

        library = self.system.store.lists[LIBRARY]
        assert {row["CtKey"] for row in library.rows.values()} == {"CT-1"}
        assert {row["CtCase"] for row in library.rows.values()} == {NUMBER}
        assert sha256_of(AUDIO) in {row["CtHash"] for row in library.rows.values()}
        assert all("/2026/2026-11-20/" in path for path in self.system.store.files)

    def test_microsoft_can_tell_who_asks(self):
        """The User-Agent is as Microsoft asks for, so that we are told apart when throttled."""
        self.sink(connection={"organisation": "Prøve 中"}).find("CT-1", NUMBER)

        agents = {each.headers["user-agent"] for each in self.system.requests}
        assert agents == {"NONISV|Pr?ve ?|Casethread/0.1.0"}

    def test_a_column_that_is_not_taken(self):
        """Setting a file's columns answers 200; the column that was refused is looked at."""
        del self.system.store.lists[LIBRARY].columns["CtHash"]

        with pytest.raises(Rejected, match="CtHash"):
            self.sink().put(entry(), "CT-1", open_file)
        assert self.rows.rows == {}

    def test_upper_and_lower_case_are_two_keys_of_one_row(self):
        """SharePoint takes "ct-1" for "CT-1": never found for it, and never a second row."""
        self.sink().put(entry(), "CT-1", open_file)

        assert self.sink().find("ct-1", NUMBER) is None


class TestResumed(Own):
    """What was begun is gone on with."""

    def fail(self, path_end: str) -> Any:
        """A monkeypatch under which requests ending so are not answered, and not done."""
        answer = self.system.answer
        patch = pytest.MonkeyPatch()

        def failing(request: Request) -> Response:
            if request.path.lower().endswith(path_end):
                return Response(cut_at=-1)
            return answer(request)

        patch.setattr(self.system, "answer", failing)
        return patch

    def test_nothing_is_sent_twice(self):
        """Cut before the row: the next put sends no file again, and makes the row alone."""
        patch = self.fail("/items")
        with pytest.raises((Unavailable, Unclear)):
            self.sink().put(entry("voicemail"), "CT-1", open_file)
        patch.undo()
        answer = self.system.answer
        with pytest.MonkeyPatch.context() as lost:
            lost.setattr(
                self.system,
                "answer",
                lambda r: (
                    Response(cut_at=-1)
                    if r.method == "POST" and r.path.endswith("/items")
                    else answer(r)
                ),
            )
            with pytest.raises(Unclear):
                self.sink().put(entry("voicemail"), "CT-1", open_file)
        contents = {path: id(file) for path, file in self.system.store.files.items()}
        self.rows.rows.clear()
        self.system.requests.clear()

        receipt = self.sink().put(entry("voicemail"), "CT-1", open_file)

        assert receipt == self.sink().find("CT-1", NUMBER)
        assert contents == {path: id(file) for path, file in self.system.store.files.items()}
        sent = [each for each in self.system.requests if "overwrite=true" in each.target]
        assert sent == []

    @pytest.mark.parametrize("left", [b"", AUDIO[:-1], AUDIO[:-1] + b"?"])
    def test_a_file_that_is_not_whole_is_sent_again(self, left: bytes):
        """An unmarked file of our name with another size or other bytes: its bytes are replaced."""
        patch = self.fail("/validateupdatelistitem")
        with pytest.raises(Unclear):
            self.sink().put(entry("voicemail"), "CT-1", open_file)
        patch.undo()
        (file,) = self.system.store.files.values()
        file.content = left

        self.sink().put(entry("voicemail"), "CT-1", open_file)

        assert next(each.content for each in self.system.store.files.values()) == AUDIO
        assert len(self.system.store.files) == 2

    def test_a_whole_file_without_columns_is_only_marked(self):
        """An unmarked file with our bytes is not sent again."""
        patch = self.fail("/validateupdatelistitem")
        with pytest.raises(Unclear):
            self.sink().put(entry("voicemail"), "CT-1", open_file)
        patch.undo()
        self.system.requests.clear()

        self.sink().put(entry("voicemail"), "CT-1", open_file)

        sent = [each for each in self.system.requests if "overwrite=true" in each.target]
        assert sent == []

    def test_files_of_other_content_under_the_key(self):
        """Marked files of another entry are not touched: the key is rejected."""
        patch = self.fail("/items")
        with pytest.raises((Unavailable, Unclear)):
            self.sink().put(entry(), "CT-1", open_file)
        patch.undo()
        answer = self.system.answer
        with pytest.MonkeyPatch.context() as lost:
            lost.setattr(
                self.system,
                "answer",
                lambda r: (
                    Response(cut_at=-1)
                    if r.method == "POST" and r.path.endswith("/items")
                    else answer(r)
                ),
            )
            with pytest.raises(Unclear):
                self.sink().put(entry(), "CT-1", open_file)
        self.rows.rows.clear()

        with pytest.raises(Rejected) as caught:
            self.sink().put(entry(linked_by="en anden"), "CT-1", open_file)
        assert caught.value.field == "key"

    def test_another_process_was_first(self):
        """Two sinks that both saw no row: the second is refused by the unique key, and reads."""
        first, second = self.sink(), self.sink()
        start = threading.Barrier(2)
        receipts: list[Receipt] = []

        def put(sink: SharePointSink) -> None:
            start.wait()
            receipts.append(sink.put(entry(), "CT-1", open_file))

        look = self.sink()
        inner = second._site.add_row

        def late(*args: Any) -> None:
            look.put(entry(), "CT-1", open_file)
            inner(*args)

        second._site.add_row = late  # type: ignore[method-assign]
        receipts.append(second.put(entry(), "CT-1", open_file))

        assert receipts == [first.find("CT-1", NUMBER)]
        assert len(self.rows.rows) == 1


class TestLarge(Own):
    """Above SharePoint's thresholds."""

    def fill(self, where: FakeList, count: int) -> None:
        for number in range(1, count + 1):
            where.rows[number] = {**dict.fromkeys(where.columns), "Id": number, "ID": number}
        where.last_id = count

    def test_a_list_beyond_the_view_threshold(self):
        """5,001 rows and files: looked up by indexed columns and addresses, so nothing changes."""
        self.fill(self.rows, 5_001)
        self.fill(self.system.store.lists[LIBRARY], 5_001)

        receipt = self.sink().put(entry("voicemail"), "CT-1", open_file)

        assert receipt == self.sink().find("CT-1", NUMBER)
        assert {each.level for each in self.sink().check()} == {"ok"}

    def test_an_index_that_somebody_took_away(self):
        """Then a query is refused above 5,000 rows; check says so before and after."""
        self.rows.columns["CtKey"].is_indexed = False
        self.fill(self.rows, 4_999)
        (bad,) = [each for each in self.sink().check() if each.level == "error"]
        assert "CtKey" in bad.what
        self.fill(self.rows, 5_001)

        with pytest.raises(Unavailable, match="not indexed"):
            self.sink().find("CT-1", NUMBER)
        self.sink().prepare()

        assert self.sink().find("CT-1", NUMBER) is None
        assert self.rows.columns["CtKey"].is_indexed

    def test_a_key_column_that_somebody_took_away(self):
        """Rows without their keys: nothing is written, or everything would be written twice."""
        self.sink().put(entry(), "CT-1", open_file)
        del self.rows.columns["CtKey"]

        with pytest.raises(Denied, match="CtKey"):
            self.sink().put(entry(), "CT-1", open_file)
        assert len(self.rows.rows) == 1

    def test_too_late_for_an_index(self):
        """Above 20,000 rows nothing can be indexed: another list is asked for."""
        self.rows.columns["CtKey"].is_indexed = False
        self.fill(self.rows, 20_001)

        with pytest.raises(Rejected, match="20001 rows"):
            self.sink().prepare()
        errors = [each for each in self.sink().check() if each.level == "error"]
        assert [each.fix for each in errors if "new list" in each.fix]

    def test_indexes_are_made_with_the_list(self):
        """Within SharePoint's 20, each with its column, internal names without labels in them."""
        indexed = {each.name for each in self.rows.columns.values() if each.is_indexed}

        assert {"CtKey", "CtCase", "CtStarted"} <= indexed
        assert len(indexed) <= 20
        assert self.rows.columns["CtKey"].title == "Nøgle"


class TestLine(Own):
    """Signing in, throttling, digests, and answers that say less than they seem to."""

    @pytest.mark.parametrize(
        ("status", "wait", "expected"), [(429, "12", 12.0), (503, "30", 30.0), (429, "", None)]
    )
    def test_throttled(self, status: int, wait: str, expected: float | None):
        """Retry-After is told on, at a write as well: a refused request did nothing."""
        sink = self.sink()
        sink.find("CT-1", NUMBER)
        self.system.throttles = [(status, wait)]

        with pytest.raises(Throttled) as caught:
            sink.put(entry(), "CT-1", open_file)
        assert caught.value.wait_s == expected
        assert len(self.system.requests) == 3

    def test_an_expired_digest(self):
        """A digest that has expired is renewed, and the same is sent again, once."""
        sink = self.sink()
        sink.put(entry(), "CT-1", open_file)
        now = self.system.store.clock()
        self.system.store.clock = lambda: now + timedelta(minutes=31)

        assert sink.put(entry(), "CT-2", open_file) == sink.find("CT-2", NUMBER)
        assert self.calls().count("POST contextinfo") == 2

    def test_a_digest_of_another_server(self):
        """The other code of a digest that is no longer good means the same."""
        sink = self.sink()
        sink.put(entry(), "CT-1", open_file)
        self.system.digests.clear()

        assert sink.put(entry(), "CT-2", open_file) == sink.find("CT-2", NUMBER)

    def test_a_digest_that_is_never_good(self):
        """It is tried once again and then given up."""
        sink = self.sink()
        sink.find("CT-1", NUMBER)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "digests", _Forgetful())
            with pytest.raises(Unavailable, match="digest"):
                sink.put(entry(), "CT-1", open_file)
        assert self.system.store.files == {}

    def test_an_old_token_is_renewed_once(self):
        """A token that is refused is asked for anew; a second refusal is Denied."""
        asked: list[bool] = []

        def renewed(renew: bool) -> str:
            asked.append(renew)
            return TOKEN if renew else "an-old-token"

        sink = make_sink(self.connection(), words(), drafter(), renewed)
        assert sink.find("CT-1", NUMBER) is None
        assert True in asked
        self.system.tokens = {"another"}
        with pytest.raises(Denied, match="sign-in"):
            sink.find("CT-1", NUMBER)

    def test_a_time_out_is_set(self):
        """The library waits without end; here an answer that does not come is Unavailable."""
        sink = make_sink(self.connection(timeout_s=0.2), words(), drafter(), tokens)
        answer = self.system.answer
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                self.system,
                "answer",
                lambda r: _late(answer(r)) if r.method == "GET" else answer(r),
            )
            with pytest.raises(Unavailable, match="Timeout"):
                sink.find("CT-1", NUMBER)

    def test_a_redirect_is_not_followed(self):
        """A redirect, such as to a sign-in page, is no answer."""
        target = {"location": f"{self.origin}/elsewhere"}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", lambda r: Response(status=302, headers=target))
            with pytest.raises(Unavailable):
                self.sink().find("CT-1", NUMBER)
        assert all("elsewhere" not in each.target for each in self.system.requests)

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b'{"d":5}', b'{"d":{"results":[7]}}', b'{"d":{"results":[{}]}}']
    )
    def test_answers_that_trip_the_library(self, body: bytes):
        """JSON of another shape is one of our errors, or nothing found; never a trace."""
        kind = {"content-type": "application/json;odata=verbose"}
        sink = self.sink()
        sink.find("CT-1", NUMBER)
        answer = self.system.answer
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                self.system,
                "answer",
                lambda r: Response(headers=kind, body=body) if r.method == "GET" else answer(r),
            )
            with suppress(Unavailable):
                assert sink.find("CT-1", NUMBER) is None
        assert self.rows.rows == {}

    def test_the_grant_is_named(self):
        """Denied and check tell the exact grant to ask for."""
        with self.system.being(READ_ONLY):
            with pytest.raises(Denied, match=r"POST https://graph.microsoft.com/v1.0/sites/"):
                self.sink().put(entry(), "CT-1", open_file)
            fixes = [each.fix for each in self.sink().check() if each.level == "error"]
        assert all("Sites.Selected" in each for each in fixes)

    def test_lists_that_may_not_be_made(self):
        """Without the right to make lists the message says who can; without `make` nobody tries."""
        self.system.store.lists.clear()
        self.system.may_manage = False

        with pytest.raises(Denied, match="fullcontrol"):
            self.sink().put(entry(), "CT-1", open_file)
        with pytest.raises(Rejected, match="there is no list"):
            self.sink(lists={"make": False}).put(entry(), "CT-1", open_file)

    def test_500_at_the_row(self):
        """A 500 to the row may mean done: Unclear, and the row is found."""
        sink = self.sink()
        answer = self.system.answer

        def failing(request: Request) -> Response:
            response = answer(request)
            is_row = request.method == "POST" and request.path.endswith("/items")
            return Response(status=500) if is_row else response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", failing)
            with pytest.raises(Unclear):
                sink.put(entry(), "CT-1", open_file)
        assert sink.find("CT-1", NUMBER) is not None


class _Forgetful(dict[str, datetime]):
    def get(self, *_: Any) -> Any:
        return None


def _late(response: Response) -> Response:
    return Response(
        status=response.status, headers=response.headers, body=response.body, delay_s=1.0
    )


class TestServer(Own):
    """SharePoint Server: NTLM on every request, no batch."""

    @pytest.fixture(autouse=True)
    def _ntlm(self, _served: None) -> None:
        self.system.tokens.clear()
        self.system.has_batch = False
        self.ntlm = words(connection={"sign_in": "ntlm"})

    def test_a_put_by_ntlm(self):
        """The real NTLM client signs in, and everything is the same."""
        connection = self.connection(user="KOMMUNE\\casethread", secret="fictional")
        sink = make_sink(connection, self.ntlm, drafter())

        receipt = sink.put(entry("voicemail"), "CT-1", open_file)

        assert receipt == sink.find("CT-1", NUMBER)
        assert {each.level for each in sink.check()} == {"ok"}

    def test_a_wrong_password(self):
        """Denied, and nothing is written."""
        connection = self.connection(user="KOMMUNE\\casethread", secret="wrong")
        with pytest.raises(Denied):
            make_sink(connection, self.ntlm, drafter()).put(entry(), "CT-1", open_file)
        assert self.rows.rows == {}

    def test_presence_one_by_one(self):
        """A server without batch gets one request a row."""
        connection = self.connection(user="KOMMUNE\\casethread", secret="fictional")
        presence = make_presence_list(connection, self.ntlm)

        assert presence.publish([free("u-1"), free("u-2")], STAFF).made == 2


@pytest.fixture(scope="module")
def pem() -> str:
    """A made-up certificate and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "casethread-test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (certificate.public_bytes(serialization.Encoding.PEM) + private).decode()


class TestCertificate:
    """SharePoint Online over TLS, signed in by real msal with a certificate."""

    @pytest.fixture(autouse=True)
    def _served(self, pem: str) -> Iterator[None]:
        self.system = FakeSharePoint()
        self.system.certificate = pem.encode()
        with self.system.serve(tls=True) as listener:
            self.connection = Connection(
                name="sharepoint",
                url=f"{listener.origin}/sites/journal",
                token_url=listener.origin,
                tenant="fictional.example",
                client_id=self.system.client_id,
                certificate=pem,
                ca_bundle=listener.ca_file,
            )
            yield

    def test_a_put_with_a_certificate(self):
        """One token serves the whole put; its scope is the SharePoint host's."""
        sink = make_sink(self.connection, words(), drafter())

        assert sink.put(entry(), "CT-1", open_file) == sink.find("CT-1", NUMBER)

        asked = [each for each in self.system.requests if each.path.endswith("/token")]
        assert len(asked) == 1
        assert b"%2F.default" in asked[0].body

    def test_a_certificate_that_is_not_registered(self):
        """Denied with what to do, before SharePoint is asked."""
        changed = msgspec.structs.replace(self.connection, client_id="another-app")
        with pytest.raises(Denied):
            make_sink(changed, words(), drafter()).find("CT-1", NUMBER)
        assert all("/_api/" not in each.path for each in self.system.requests)

    def test_a_token_got_with_a_secret(self):
        """SharePoint refuses it whatever the app may do; the message says so."""
        self.system.secret_tokens.add("secret-token")
        sink = make_sink(self.connection, words(), drafter(), lambda _renew: "secret-token")
        with pytest.raises(Denied, match="client secret"):
            sink.find("CT-1", NUMBER)

    def test_a_host_whose_certificate_is_not_trusted(self):
        """Nothing is sent; ca_bundle is named."""
        changed = msgspec.structs.replace(self.connection, ca_bundle="")
        with pytest.raises(Unavailable, match="ca_bundle"):
            make_sink(changed, words(), drafter(), tokens).put(entry(), "CT-1", open_file)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"client_id": "app", "tenant": "t", "client_secret": "s"}, "certificate only"),
        ({"certificate": "PEM", "tenant": "t"}, "client_id is missing"),
        ({"certificate": "PEM", "client_id": "app"}, "tenant is missing"),
    ],
)
def test_a_set_up_that_cannot_work(given: dict[str, str], told: str):
    """A client secret, or no tenant: told at the start, with what to set."""
    connection = Connection(name="sharepoint", url="https://prove.example/sites/journal", **given)
    with pytest.raises(ConfigError, match=told):
        make_sink(connection, words(), drafter())


STAFF = [
    Person(id=f"u-{number}", name=f"Person {number}", upn=f"p{number}@kommune.example")
    for number in range(1, 251)
]


def free(person: str, availability: str = "Available", minute: int = 0, **more: Any) -> Presence:
    seen = datetime(2026, 11, 20, 13, minute, tzinfo=UTC)
    return Presence(
        person=person, availability=availability, activity=availability, observed_at=seen, **more
    )


class TestPresence(Own):
    """Who is free now: the present state alone."""

    URL = "/sites/journal/lists/casethreadpresence"

    def presence(self, **changes: dict[str, object]):
        return make_presence_list(self.connection(), words(**changes), tokens)

    def shown(self) -> dict[str, str]:
        rows = self.system.store.lists[self.URL].rows.values()
        return {row["CtPerson"]: row["CtAvailability"] for row in rows}

    @pytest.mark.parametrize("batch", [True, False])
    def test_rows_follow_the_present(self, batch: bool):
        """Made, changed, removed when gone; the same again writes nothing."""
        presence = self.presence(presence={"batch": batch})
        first = presence.publish([free("u-1"), free("u-2"), free("u-3")], STAFF)
        assert (first.made, first.changed, first.removed) == (3, 0, 0)
        assert self.shown() == dict.fromkeys(("u-1", "u-2", "u-3"), "Available")

        second = presence.publish([free("u-1", "Busy", 5), free("u-2")], STAFF)
        assert (second.made, second.changed, second.removed, second.left) == (0, 1, 1, 0)
        assert self.shown() == {"u-1": "Busy", "u-2": "Available"}
        self.system.requests.clear()

        third = presence.publish([free("u-1", "Busy", 5), free("u-2")], STAFF)
        assert (third.made, third.changed, third.removed) == (0, 0, 0)
        assert [each.method for each in self.system.requests] == ["GET"]

    def test_the_last_observation_counts(self):
        """Of two presences of a person the later one is shown; a late older one changes nothing."""
        presence = self.presence()
        presence.publish([free("u-1", "Busy", 5), free("u-1", "Away", 3)], STAFF)
        assert self.shown() == {"u-1": "Busy"}

    def test_nobody_who_left_is_shown(self):
        """A removed person, and one the directory does not know, have no row."""
        left = Person(id="u-9", name="Person 9", is_removed=True)
        published = self.presence().publish(
            [free("u-9"), free("u-x"), free("u-1")], [*STAFF[:1], left]
        )

        assert published.made == 1
        assert self.shown() == {"u-1": "Available"}

    def test_many_go_in_few_requests(self):
        """250 people take three batches, and a second round of changes three more."""
        presence = self.presence()
        presence.publish([], STAFF)
        self.system.requests.clear()

        published = presence.publish([free(each.id) for each in STAFF], STAFF)

        assert published.made == 250
        assert self.calls().count("POST $batch") == 3
        assert len(self.shown()) == 250

    def test_a_row_that_is_refused_does_not_stop_the_others(self):
        """A failure within a batch of 200: the row is counted and told, the rest is written."""
        presence = self.presence()
        presence.publish([free("u-1")], STAFF)
        where = self.system.store.lists[self.URL]
        where.columns["CtActivity"].max_length = 10

        long = Presence(
            person="u-2", availability="Busy", activity="InAConferenceCall", observed_at=STARTED
        )
        published = presence.publish([free("u-1"), long, free("u-3")], STAFF)

        assert (published.made, published.left) == (1, 1)
        assert "HTTP 400" in published.reasons[0]
        assert "Conference" not in published.reasons[0]
        assert set(self.shown()) == {"u-1", "u-3"}

    def test_a_part_that_is_throttled(self):
        """A 429 within a batch is Throttled with its wait, at once; the next call finishes."""
        presence = self.presence()
        presence.publish([], STAFF)
        self.system.throttled_parts = {1}
        with pytest.raises(Throttled) as caught:
            presence.publish([free("u-1"), free("u-2"), free("u-3")], STAFF)
        assert caught.value.wait_s == 7
        self.system.throttled_parts = set()

        presence.publish([free("u-1"), free("u-2"), free("u-3")], STAFF)

        assert set(self.shown()) == {"u-1", "u-2", "u-3"}
        assert len(self.system.store.lists[self.URL].rows) == 3

    def test_parts_without_an_answer(self):
        """A batch answered with fewer parts than were sent is Unclear."""
        presence = self.presence()
        presence.publish([], STAFF)
        answer = self.system.answer

        def shorter(request: Request) -> Response:
            response = answer(request)
            if not request.path.endswith("$batch"):
                return response
            boundary = response.headers["content-type"].partition("boundary=")[2].encode()
            head = response.body.split(b"--" + boundary)[1]
            body = b"--" + boundary + head + b"--" + boundary + b"--"
            return Response(headers=response.headers, body=body)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.system, "answer", shorter)
            with pytest.raises(Unclear):
                presence.publish([free("u-1"), free("u-2")], STAFF)

    def test_two_rows_of_a_person(self):
        """A list in which somebody made a second row: one stays."""
        presence = self.presence()
        presence.publish([free("u-1")], STAFF)
        where = self.system.store.lists[self.URL]
        where.rows[99] = {**where.rows[1], "Id": 99, "ID": 99}
        where.last_id = 99

        assert presence.publish([free("u-1")], STAFF).removed == 1
        assert len(where.rows) == 1

    def test_forbidden(self):
        """No right to write is Denied with the grant, within a batch too."""
        presence = self.presence()
        presence.publish([], STAFF)
        with self.system.being(READ_ONLY), pytest.raises(Denied, match="write"):
            presence.publish([free("u-1")], STAFF)
