"""What every sink must show. An adapter's test subclasses SinkContract and fills the hooks."""

from __future__ import annotations

import hashlib
import io
import threading
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO, ClassVar

import msgspec
import pytest

from connector.errors import CaseClosed, CaseLocked, Denied, Gone, Rejected, Unavailable, Unclear
from connector.mapping import KINDS
from connector.model import (
    About,
    Call,
    Direction,
    Entry,
    EntryFile,
    Evidence,
    Leg,
    Line,
    Party,
    Receipt,
)
from connector.ports import Sink

AUDIO = b"RIFF sound that is only bytes" * 40
NUMBER = "27.45.04-P19-12-24"
STARTED = datetime(2026, 11, 20, 13, 12, tzinfo=UTC)


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def open_file(sha256: str) -> BinaryIO:
    """A spool that holds one recording."""
    if sha256 != sha256_of(AUDIO):
        raise Gone(f"no {sha256}")
    return io.BytesIO(AUDIO)


def entry(kind: str = "conversation", **changes: object) -> Entry:
    """A fictional entry of each kind, complete enough that every part of it is written."""
    anna = Party(person="u-1", name="Anna Prøvesen", mail="anna@kommune.example", role="from")
    carla = Party(name="Carla Citat", phone="+4532100001", role="from")
    ended = STARTED + timedelta(minutes=3, seconds=20)
    made = Entry(
        id=f"entry-{kind}",
        version=1,
        kind=kind,
        case_number=NUMBER,
        started_at=STARTED,
        ended_at=ended,
        local_day=date(2026, 11, 20),
        time_zone="Europe/Copenhagen",
        direction=Direction.INBOUND,
        parties=(carla, anna),
        evidence=(Evidence(rule="number", case_number=NUMBER, where="text"),),
        linked_by="rule number",
        sources=("0" * 64,),
    )
    more: dict[str, object] = {
        "conversation": {
            "lines": (
                Line(key="1", at=STARTED, who="Anna Prøvesen", text=f"Om sag {NUMBER}"),
                Line(
                    key="2",
                    at=STARTED,
                    who="Carla Citat",
                    text="Tak <b>&amp;</b>",
                    edited_at=ended,
                    earlier=("Tak",),
                ),
                Line(key="3", at=ended, who="Anna Prøvesen", text="Fejl", deleted_at=ended),
            )
        },
        "call": {
            "duration_s": 200,
            "call": Call(
                started_at=STARTED,
                ended_at=ended,
                caller=carla,
                callees=(anna,),
                legs=(Leg(role="user", started_at=STARTED, ended_at=ended, who=anna),),
            ),
        },
        "missed_call": {"duration_s": 20},
        "voicemail": {
            "duration_s": 45,
            "text": "Ring venligst tilbage.",
            "files": (
                EntryFile(
                    name="Besked fra Carla.wav",
                    content_type="audio/wav",
                    sha256=sha256_of(AUDIO),
                    size_bytes=len(AUDIO),
                    role="audio",
                ),
            ),
        },
        "note": {
            "direction": Direction.INTERNAL,
            "parties": (Party(name="Bodil Bech", mail="bodil@kommune.example", role="author"),),
            "text": "Hun flytter den 1.\nBrevet skal sendes dertil <b>",
            "about": About(
                entry_id="ECALL",
                kind="call",
                started_at=STARTED - timedelta(hours=1),
                local_day=date(2026, 11, 20),
            ),
        },
    }[kind]
    return msgspec.structs.replace(made, **{**more, **changes})


class SinkContract:
    """The promises of connector/ports.py, Sink. Hooks come first; none of them is optional.

    `number` is the case of every entry; `other_number` another that need not exist.
    """

    number: ClassVar[str] = NUMBER
    other_number: ClassVar[str] = "27.45.04-P19-13-24"
    knows_cases: ClassVar[bool] = True  # false: a list that takes any number, open or not
    locks_cases: ClassVar[bool] = True  # false: nobody can lock a case there

    def entry(self, kind: str = "conversation", **changes: object) -> Entry:
        """An entry on this suite's case."""
        return entry(kind, **{"case_number": self.number, **changes})

    def make_sink(self) -> Sink:
        """A sink on an empty system, in which the case `number` exists and is open."""
        raise NotImplementedError

    def reopen(self, sink: Sink) -> Sink:
        """Another object on the same system, as after a restart of the program."""
        raise NotImplementedError

    def documents(self, sink: Sink, case_number: str) -> list[str]:
        """The entries a person sees on the case, one name each."""
        raise NotImplementedError

    def read(self, sink: Sink, receipt: Receipt) -> str:
        """The text a person reads at the receipt's target."""
        raise NotImplementedError

    def close_case(self, sink: Sink, case_number: str) -> None:
        raise NotImplementedError

    def lock_case(self, sink: Sink, case_number: str) -> None:
        raise NotImplementedError

    def fill_disk(self, sink: Sink) -> AbstractContextManager[None]:
        """While it lasts, the system has no room."""
        raise NotImplementedError

    def forbid_writing(self, sink: Sink) -> AbstractContextManager[None]:
        """While it lasts, the account may not write."""
        raise NotImplementedError

    def disconnect(self, sink: Sink) -> AbstractContextManager[None]:
        """While it lasts, the system is not there."""
        raise NotImplementedError

    def lose_reply(self, sink: Sink) -> AbstractContextManager[None]:
        """While it lasts, a write is carried out and its answer is lost."""
        raise NotImplementedError

    @pytest.fixture
    def sink(self) -> Sink:
        return self.make_sink()

    @pytest.mark.parametrize("kind", KINDS)
    def test_find_gives_the_receipt_of_put(self, sink: Sink, kind: str):
        """After put, find gives an equal receipt, to another process too; there is one document."""
        receipt = sink.put(self.entry(kind), "CT-1", open_file)

        assert receipt == sink.find("CT-1", self.number)
        assert receipt == self.reopen(sink).find("CT-1", self.number)
        assert receipt.key == "CT-1"
        assert receipt.at.tzinfo is UTC
        assert len(self.documents(sink, self.number)) == 1

    def test_find_knows_nothing_before_put(self, sink: Sink):
        """A key that was never put is not found, on a case with or without entries."""
        assert sink.find("CT-1", self.number) is None

        sink.put(self.entry(), "CT-1", open_file)

        assert sink.find("CT-2", self.number) is None
        assert sink.find("CT-", self.number) is None
        assert sink.find("CT-1", self.other_number) is None

    def test_a_key_makes_one_document(self, sink: Sink):
        """A second put of a known key writes nothing and returns the first receipt."""
        first = sink.put(self.entry(), "CT-1", open_file)
        text = self.read(sink, first)

        assert first == self.reopen(sink).put(self.entry(), "CT-1", open_file)
        assert len(self.documents(sink, self.number)) == 1
        assert text == self.read(sink, first)

    def test_a_key_has_one_content(self, sink: Sink):
        """A known key with another entry is rejected by its key, and the first one stands."""
        first = sink.put(self.entry(), "CT-1", open_file)

        with pytest.raises(Rejected) as caught:
            sink.put(self.entry(started_at=STARTED - timedelta(hours=1)), "CT-1", open_file)

        assert caught.value.field == "key"
        assert first == sink.find("CT-1", self.number)
        assert len(self.documents(sink, self.number)) == 1

    def test_many_threads_make_one_document(self, sink: Sink):
        """Eight puts of one key at once make one document and give one receipt."""
        start = threading.Barrier(8)
        receipts: list[Receipt] = []

        def put() -> None:
            start.wait()
            receipts.append(sink.put(self.entry(), "CT-1", open_file))

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [receipts[0]] * 8 == receipts
        assert len(self.documents(sink, self.number)) == 1

    def test_a_new_version_stands_beside_the_old(self, sink: Sink):
        """A later version is a document of its own; the earlier one is not changed."""
        first = sink.put(self.entry(), "CT-1", open_file)
        text = self.read(sink, first)

        second = sink.put(self.entry(version=2, previous_key="CT-1"), "CT-2", open_file)

        assert len(self.documents(sink, self.number)) == 2
        assert text == self.read(sink, first)
        assert first == sink.find("CT-1", self.number)
        assert "CT-1" in self.read(sink, second)

    def test_a_void_entry_says_why(self, sink: Sink):
        """Taking back writes a document with the reason and deletes nothing."""
        if not sink.capabilities.takes_void:
            return
        first = sink.put(self.entry(), "CT-1", open_file)

        void = self.entry(version=2, is_void=True, void_reason="Forkert sag.", previous_key="CT-1")
        receipt = sink.put(void, "CT-2", open_file)

        assert "Forkert sag." in self.read(sink, receipt)
        assert "CT-1" in self.read(sink, receipt)
        assert first == sink.find("CT-1", self.number)
        assert len(self.documents(sink, self.number)) == 2

    def test_a_note_is_read_and_taken_back(self, sink: Sink):
        """A note shows its lines, its author and its communication; it is corrected and voided."""
        first = sink.put(self.entry("note"), "CT-1", open_file)

        text = self.read(sink, first)
        for told in ("Hun flytter den 1.", "sendes dertil &lt;b&gt;", "Bodil Bech", "ECALL"):
            assert told in text
        assert first == sink.find("CT-1", self.number)
        if not sink.capabilities.takes_void:
            return
        edited = self.entry("note", version=2, text="Hun flytter den 2.", previous_key="CT-1")
        assert "Hun flytter den 2." in self.read(sink, sink.put(edited, "CT-2", open_file))
        void = self.entry(
            "note", version=3, text="", parties=(), is_void=True, previous_key="CT-2",
            void_reason="Notatet er tømt.",
        )  # fmt: skip
        receipt = sink.put(void, "CT-3", open_file)

        assert "Notatet er tømt." in self.read(sink, receipt)
        assert receipt == self.reopen(sink).find("CT-3", self.number)
        assert text == self.read(sink, first)
        assert len(self.documents(sink, self.number)) == 3

    def test_text_is_shown_as_it_was_written(self, sink: Sink):
        """Mark-up in a message is text to a reader and is never carried out."""
        line = Line(key="1", at=STARTED, who="<img src=x>", text="<script>alert(1)</script> æøå")
        receipt = sink.put(self.entry(lines=(line,)), "CT-1", open_file)

        text = self.read(sink, receipt)

        assert "<script" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text
        assert "æøå" in text

    def test_a_missing_attachment_is_rejected(self, sink: Sink):
        """An attachment that the spool lost rejects the entry by its files; nothing is written."""
        file = EntryFile(name="a.wav", sha256="f" * 64)

        with pytest.raises(Rejected) as caught:
            sink.put(self.entry("voicemail", files=(file,)), "CT-1", open_file)

        assert caught.value.field == "files"
        assert sink.find("CT-1", self.number) is None
        assert self.documents(sink, self.number) == []

    def test_a_changed_attachment_is_rejected(self, sink: Sink):
        """An attachment whose bytes are not those of its hash rejects the entry."""
        with pytest.raises(Rejected) as caught:
            sink.put(self.entry("voicemail"), "CT-1", lambda sha256: io.BytesIO(AUDIO[:-1]))

        assert caught.value.field == "files"
        assert self.documents(sink, self.number) == []

    def test_a_file_known_to_be_missing_is_told(self, sink: Sink):
        """A file without a hash does not stop the entry; its note is there to read."""
        file = EntryFile(name="a.png", note="Slettet hos Microsoft", role="image")

        receipt = sink.put(self.entry(files=(file,)), "CT-1", open_file)

        assert "Slettet hos Microsoft" in self.read(sink, receipt)

    def test_a_closed_case_takes_nothing_new(self, sink: Sink):
        """A closed case is CaseClosed for a new key, and still answers for a known one."""
        if not self.knows_cases:
            return
        first = sink.put(self.entry(), "CT-1", open_file)
        self.close_case(sink, self.number)

        with pytest.raises(CaseClosed, match=self.number):
            sink.put(self.entry(version=2), "CT-2", open_file)

        assert first == sink.put(self.entry(), "CT-1", open_file)
        assert first == sink.find("CT-1", self.number)

    def test_closed_locked_full_forbidden_and_away_are_told_apart(self, sink: Sink):
        """Each state of the system has its own error, and after each nothing is left behind."""
        number = self.number
        sink.put(self.entry(), "CT-1", open_file)
        texts = []
        for state, expected in (
            (self.fill_disk, Unavailable),
            (self.forbid_writing, Denied),
            (self.disconnect, Unavailable),
        ):
            with state(sink), pytest.raises(expected) as caught:
                sink.put(self.entry("voicemail"), "CT-2", open_file)
            assert type(caught.value) is expected
            assert caught.value.system == sink.name
            texts.append(str(caught.value))
            assert len(self.documents(sink, number)) == 1
            assert sink.find("CT-2", number) is None

        assert len(set(texts)) == 3
        if not (self.knows_cases and self.locks_cases):
            return
        self.lock_case(sink, number)
        with pytest.raises(CaseLocked) as locked:
            sink.put(self.entry("voicemail"), "CT-2", open_file)

        assert len({*texts, str(locked.value)}) == 4

    def test_it_goes_on_after_a_full_disk(self, sink: Sink):
        """When there is room again, the same put works."""
        with self.fill_disk(sink), pytest.raises(Unavailable):
            sink.put(self.entry("voicemail"), "CT-1", open_file)

        receipt = sink.put(self.entry("voicemail"), "CT-1", open_file)

        assert receipt == sink.find("CT-1", self.number)
        assert len(self.documents(sink, self.number)) == 1

    def test_a_lost_reply_is_unclear_and_find_tells_the_truth(self, sink: Sink):
        """A write whose answer is lost is Unclear; find then sees it, and put makes no second."""
        with self.lose_reply(sink), pytest.raises(Unclear):
            sink.put(self.entry(), "CT-1", open_file)

        receipt = self.reopen(sink).find("CT-1", self.number)

        assert receipt is not None
        assert receipt == sink.put(self.entry(), "CT-1", open_file)
        assert len(self.documents(sink, self.number)) == 1

    def test_errors_hold_no_content(self, sink: Sink):
        """No text, name or number of the entry stands in an error's message."""
        with self.fill_disk(sink), pytest.raises(Unavailable) as caught:
            sink.put(self.entry("voicemail"), "CT-1", open_file)

        for secret in ("Ring venligst", "Carla", "32100001"):
            assert secret not in str(caught.value)

    def test_check_is_fine_on_a_good_system(self, sink: Sink):
        """A sink that works says ok and nothing else, and check leaves no document."""
        assert {finding.level for finding in sink.check()} == {"ok"}
        assert self.documents(sink, self.number) == []

    def test_check_says_what_to_do(self, sink: Sink):
        """Each broken state is an error of check with a fix, never an exception."""
        for state in (self.fill_disk, self.forbid_writing, self.disconnect):
            with state(sink):
                findings = sink.check()
            errors = [finding for finding in findings if finding.level == "error"]
            assert errors
            assert all(finding.fix for finding in errors)
            assert {finding.system for finding in findings} == {sink.name}
