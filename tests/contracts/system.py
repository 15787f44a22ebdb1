"""What every adapter of a records system on the network must show, beyond the Sink contract.

A test subclasses SystemContract, which serves a fake system on loopback and puts it through its bad
days; and RegisterOf, the same for the register side.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

import pytest

from connector.errors import (
    Denied,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.journaling.connection import Connection
from connector.model import Case, Line, Receipt
from connector.ports import CaseRegister, NoSteps, Sink
from connector.sandbox.server import listen
from connector.sandbox.systems.base import (
    AWAY,
    DOWN,
    EXPIRED,
    FAILS_AFTER,
    FULL,
    HTML,
    LARGEST_BODY,
    LOSES_ANSWERS,
    READ_ONLY,
    THROTTLED,
    FakeSystem,
)
from tests.contracts.register import RegisterContract
from tests.contracts.sink import AUDIO, STARTED, SinkContract, open_file
from tests.cutting import Cutter, Killed

# One character of each plane that has any for text, a right-to-left mark and combining marks.
EVERY_PLANE = "Æøå \u202eabc\u202c e\u0301 中文 😀 𠀀 \U00030000 \U000e0041 \U0010fffd \x07 <&>\"'"


class SystemContract(SinkContract):
    """Hooks: `make_system`, `connect`, and those of SinkContract that look into the system."""

    system: FakeSystem

    # -- hooks ----------------------------------------------------------------------------------

    def make_system(self) -> FakeSystem:
        """An empty system in which the case `number` exists, is open and may be written to."""
        raise NotImplementedError

    def connect(self, connection: Connection) -> Sink:
        """A sink on the system that the connection leads to."""
        raise NotImplementedError

    def connection(self, origin: str, adapter: Cutter | None = None) -> Connection:
        """How to reach the system at this origin; `adapter` must be passed on."""
        return Connection(
            name="esdh", url=origin, user="casethread", secret="fictional", adapter=adapter
        )

    def recordings(self, receipt: Receipt) -> list[bytes]:
        """The bytes of the entry's attachments, as the system holds them (not the transcript)."""
        raise NotImplementedError

    def orphans(self) -> list[str]:
        """What lies in the system without belonging to a case: files whose link never came."""
        raise NotImplementedError

    # -- what they rest on ------------------------------------------------------------------------

    @pytest.fixture(autouse=True)
    def _serving(self) -> Iterator[None]:
        self.system = self.make_system()
        with listen(lambda r: self.system.handle(r), most_body_bytes=LARGEST_BODY) as listener:
            self.origin = listener.origin
            yield

    def make_sink(self) -> Sink:
        return self.connect(self.connection(self.origin))

    def reopen(self, sink: Sink) -> Sink:
        return self.make_sink()

    def fill_disk(self, sink: Sink) -> AbstractContextManager[None]:
        return self.system.being(FULL)

    def forbid_writing(self, sink: Sink) -> AbstractContextManager[None]:
        return self.system.being(READ_ONLY)

    def disconnect(self, sink: Sink) -> AbstractContextManager[None]:
        return self.system.being(AWAY)

    def lose_reply(self, sink: Sink) -> AbstractContextManager[None]:
        return self.system.being(LOSES_ANSWERS)

    # -- crashes ----------------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", ["conversation", "voicemail"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", ["cut", "killed"])
    def test_a_cut_at_every_request(self, kind: str, when: str, how: str):
        """Cut or killed at each request or its answer, then recovered: one whole entry."""
        cuts = 0
        for at in itertools.count(1):
            self.system = self.make_system()
            cutter = Cutter(self.origin, at, when, how)
            steps = NoSteps()
            with contextlib.suppress(RemoteError, Killed):
                self.connect(self.connection(self.origin, cutter)).put(
                    self.entry(kind), "CT-1", open_file, steps
                )
            if cutter.count < at:
                break
            cuts += 1
            self.recovered(kind, steps, f"{how} {when} request {at}")
        assert cuts >= 2

    def recovered(self, kind: str, steps: NoSteps, told: str) -> None:
        """What the next run does: ask, then put; there must be one entry, with its files."""
        later = self.make_sink()
        receipt = later.find("CT-1", self.number)
        if receipt is None:
            receipt = later.put(self.entry(kind), "CT-1", open_file, steps)
        assert receipt == later.find("CT-1", self.number), told
        assert len(self.documents(later, self.number)) == 1, told
        assert self.recordings(receipt) == ([AUDIO] if kind == "voicemail" else []), told
        assert self.orphans() == [], told

    def test_500_may_mean_done(self):
        """A write that is answered with 500 is Unclear; afterwards there is one entry."""
        sink = self.make_sink()
        with self.system.being(FAILS_AFTER), pytest.raises(Unclear):
            sink.put(self.entry("voicemail"), "CT-1", open_file)

        self.recovered("voicemail", NoSteps(), "after 500")

    # -- bad days ---------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("state", "expected"),
        [(DOWN, Unavailable), (HTML, RemoteError), (EXPIRED, Denied), (THROTTLED, Throttled)],
    )
    def test_a_bad_day_passes(self, state: str, expected: type[RemoteError]):
        """Down, a page for people, an expired password, throttled: told apart, nothing written."""
        sink = self.make_sink()
        with self.system.being(state):
            with pytest.raises(expected) as caught:
                sink.put(self.entry(), "CT-1", open_file)
            with pytest.raises(expected):
                sink.find("CT-1", self.number)
            assert {finding.level for finding in sink.check()} == {"error"}
        assert caught.value.system == sink.name
        assert self.documents(sink, self.number) == []
        if isinstance(caught.value, Throttled):
            assert caught.value.wait_s == 7

        receipt = sink.put(self.entry(), "CT-1", open_file)

        assert receipt == sink.find("CT-1", self.number)

    def test_an_unknown_case(self):
        """A case that is not there, or that the account cannot see: one entry's error, with the
        number and that it may be hidden."""
        if not self.knows_cases:
            return
        sink = self.make_sink()

        with pytest.raises(RemoteError, match=self.other_number) as caught:
            sink.put(self.entry(case_number=self.other_number), "CT-1", open_file)

        assert getattr(caught.value, "field", "") == "case_number"

    # -- limits -----------------------------------------------------------------------------------

    def test_a_long_entry_is_whole(self):
        """A title and a text beyond every limit: the short forms are cut, the text is whole."""
        sink = self.make_sink()
        said = "Det var en lang samtale. " * 400 + "Slut på samtalen."
        line = Line(key="1", at=STARTED, who="Anna Prøvesen", text=said)

        receipt = sink.put(self.entry(lines=(line,), title="T" * 400), "CT-1", open_file)

        assert "Slut på samtalen." in self.read(sink, receipt)
        assert len(self.documents(sink, self.number)) == 1

    def test_every_plane_of_unicode(self):
        """Letters of every plane, control characters and mark-up in title, text and file name."""
        sink = self.make_sink()
        line = Line(key="1", at=STARTED, who=EVERY_PLANE, text=EVERY_PLANE)
        (file,) = self.entry("voicemail").files
        named = type(file)(name=f'{EVERY_PLANE}:*?"<>|/\\#%.wav', sha256=file.sha256, role="audio")

        receipt = sink.put(
            self.entry("voicemail", title=EVERY_PLANE, lines=(line,), files=(named,)),
            "CT-1",
            open_file,
        )

        assert receipt == self.reopen(sink).find("CT-1", self.number)
        assert self.recordings(receipt) == [AUDIO]
        assert "😀" in self.read(sink, receipt)


class RegisterOf(RegisterContract):
    """The register side of a system. Hooks: `make_system`, `connect`, `hold`."""

    system: FakeSystem
    broken: ClassVar[str] = AWAY

    def make_system(self) -> FakeSystem:
        """An empty system."""
        raise NotImplementedError

    def connect(self, connection: Connection) -> CaseRegister:
        """The register of the system that the connection leads to."""
        raise NotImplementedError

    def hold(self, cases: Sequence[Case]) -> None:
        """Let the system hold exactly these cases."""
        raise NotImplementedError

    def connection(self, origin: str) -> Connection:
        """How to reach the system at this origin."""
        return Connection(name="esdh", url=origin, user="casethread", secret="fictional")

    @pytest.fixture(autouse=True)
    def _serving(self) -> Iterator[None]:
        self.system = self.make_system()
        with listen(lambda r: self.system.handle(r), most_body_bytes=LARGEST_BODY) as listener:
            self.origin = listener.origin
            yield

    def make_register(self, cases: Sequence[Case]) -> CaseRegister:
        self.hold(cases)
        return self.connect(self.connection(self.origin))

    def change(self, register: CaseRegister, cases: Sequence[Case]) -> None:
        self.hold(cases)

    def break_register(self, register: CaseRegister) -> AbstractContextManager[None]:
        return self.system.being(self.broken)
