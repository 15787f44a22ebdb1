"""What is owed is written once per change, sent in order, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO

import msgspec
import pytest
import sqlalchemy as sa

from connector.errors import (
    CaseClosed,
    Denied,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.jobs.deliver import Delivered, deliver, write_entries
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.deliveries import try_again
from connector.ledger.linking import decide_by_person
from connector.ledger.runs import running
from connector.ledger.tables import attachment, delivery, entry_version, event
from connector.ledger.take import take
from connector.model import Attachment, Call, Capabilities, Case, Entry, Kind, LinkState, Receipt
from tests.conftest import Clock
from tests.making import CASE, NOON, OTHER_CASE, add_cases, case, edited, message, page, policy


class FakeSink:
    """A sink in memory that fails as it is told: one error for each coming put."""

    name = "journal"

    def __init__(self, *, can_find: bool = True) -> None:
        self.capabilities = Capabilities(can_find=can_find)
        self.entries: dict[str, Entry] = {}
        self.puts: list[str] = []
        self.errors: list[BaseException | None] = []
        self.loses_answers = False
        self.find_error: RemoteError | None = None

    def find(self, key: str, case_number: str) -> Receipt | None:
        if self.find_error is not None:
            raise self.find_error
        return self._receipt(key) if key in self.entries else None

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: Callable[[str], BinaryIO],
        steps: object = None,
    ) -> Receipt:
        self.puts.append(key)
        error = self.errors.pop(0) if self.errors else None
        if error is not None and not self.loses_answers:
            raise error
        self.entries.setdefault(key, entry)
        if error is not None:
            raise error
        return self._receipt(key)

    def _receipt(self, key: str) -> Receipt:
        return Receipt(key=key, target=f"doc-{key}", at=self.entries[key].started_at)


def no_files(sha256: str) -> BinaryIO:
    raise AssertionError("no files here")


def title(entry: Entry) -> str:
    return f"{entry.kind} {entry.local_day}"


def send(ledger: Ledger, sink: FakeSink) -> Delivered:
    """Write what is due and deliver it, as the job does."""
    with running(ledger, "deliver") as run:
        write_entries(ledger, policy(), title)
        return deliver(ledger, sink, run, no_files)


def states(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        query = sa.select(delivery.c.state).order_by(delivery.c.entry_id, delivery.c.version)
        return list(connection.execute(query).scalars())


@pytest.fixture
def owing(ledger: Ledger) -> Ledger:
    """A ledger that owes one conversation of two messages."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message(f"Om {CASE}", 0), message("Tak", 5))], policy())
    return ledger


def test_conversation(owing: Ledger) -> None:
    """The messages of a thread, case and local day are one entry."""
    sink = FakeSink()
    result = send(owing, sink)

    (entry,) = sink.entries.values()
    assert (result.done, states(owing)) == (1, ["done"])
    assert [f"Om {CASE}", "Tak"] == [line.text for line in entry.lines]
    assert (
        entry.kind,
        entry.case_number,
        entry.title,
    ) == ("conversation", CASE, "conversation 2026-11-18")


def test_nothing_due_twice(owing: Ledger) -> None:
    """A second delivery run writes and sends nothing."""
    sink = FakeSink()
    send(owing, sink)
    again = send(owing, sink)

    assert (again.done, len(sink.puts)) == (0, 1)


def test_days_are_local(ledger: Ledger) -> None:
    """A message after midnight in Denmark belongs to the next day's entry, summer and winter."""
    add_cases(ledger, case())
    late = message(f"Om {CASE}", 12 * 60 - 1)  # 23:59 in Denmark
    later = message(f"Om {CASE}", 12 * 60)  # midnight
    take(ledger, [page(late, later)], policy())
    sink = FakeSink()
    send(ledger, sink)

    assert {"2026-11-18", "2026-11-19"} == {str(e.local_day) for e in sink.entries.values()}


def test_quiet_time(ledger: Ledger, clock: Clock) -> None:
    """A conversation that still goes on is written when it has been quiet for its time."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", sent_at=clock.now))], policy())
    sink = FakeSink()
    send(ledger, sink)
    assert sink.entries == {}

    clock.move(minutes=61)
    send(ledger, sink)
    assert len(sink.entries) == 1


def test_late_message_is_a_version(owing: Ledger) -> None:
    """A message that comes late makes the next version, which names the one before."""
    sink = FakeSink()
    send(owing, sink)
    take(owing, [page(message("Ja, det gør jeg", 7))], policy())
    send(owing, sink)

    first, second = sink.entries.values()
    assert (first.version, second.version) == (1, 2)
    assert next(iter(sink.entries)) == second.previous_key
    assert len(second.lines) == 3


def test_edit_and_deletion_show(owing: Ledger) -> None:
    """An edit keeps the earlier words, a deletion keeps them and its time."""
    sink = FakeSink()
    first, second = message(f"Om {CASE}", 0), message("Tak", 5)
    take(owing, [page(edited(first, f"Om {CASE}!"), edited(second, "", is_deleted=True))], policy())
    send(owing, sink)

    one, two = list(sink.entries.values())[-1].lines
    assert ((f"Om {CASE}",), f"Om {CASE}!") == (one.earlier, one.text)
    assert one.edited_at is not None
    assert (two.text, two.deleted_at is not None) == ("Tak", True)


def test_edit_before_the_first_reading(owing: Ledger) -> None:
    """What is journaled says of an edited message that its earlier words were not read."""
    sink = FakeSink()
    at = NOON + timedelta(minutes=9)
    take(owing, [page(message("Ja, det gør jeg", 7, edited_at=at))], policy())
    send(owing, sink)

    line = list(sink.entries.values())[-1].lines[-1]
    assert (line.edited_at, line.unread_edit_at, line.earlier) == (at, at, ())


def test_same_matter_no_version(owing: Ledger) -> None:
    """A change that leaves the content as it was makes no version."""
    sink = FakeSink()
    send(owing, sink)
    with owing.write() as connection:
        connection.execute(sa.text("UPDATE entry SET due_at = 0"))
    send(owing, sink)

    assert len(sink.puts) == 1


def unlink(
    ledger: Ledger, root: int, state: LinkState = LinkState.UNLINKED, its: Case | None = None
) -> None:
    with ledger.write(durable=True) as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())
        decide_by_person(batch, root, state=state, case=its, actor="bodil", reason="wrong citizen")


def test_moved_entry_is_voided(owing: Ledger) -> None:
    """What moves to another case is voided on the first with the reason and added on the second."""
    sink = FakeSink()
    send(owing, sink)
    unlink(owing, 1, LinkState.LINKED, case(OTHER_CASE))
    send(owing, sink)

    by_case = {(e.case_number, e.version): e for e in sink.entries.values()}
    assert by_case[CASE, 2].is_void
    assert by_case[CASE, 2].void_reason == "wrong citizen"
    assert len(by_case[OTHER_CASE, 1].lines) == 2


def test_back_after_void(owing: Ledger) -> None:
    """What comes back after a void is a new version with its content."""
    sink = FakeSink()
    send(owing, sink)
    unlink(owing, 1)
    send(owing, sink)
    unlink(owing, 1, LinkState.LINKED, case())
    send(owing, sink)

    assert [entry.is_void for entry in sink.entries.values()] == [False, True, False]
    assert len(list(sink.entries.values())[2].lines) == 2


def test_unlinked_before_delivery(owing: Ledger) -> None:
    """What was taken off its case before it was ever written is never sent."""
    unlink(owing, 1)
    sink = FakeSink()
    send(owing, sink)

    assert sink.entries == {}


def test_waits_for_files(ledger: Ledger) -> None:
    """An entry waits until its attachments are fetched, or known not to be had."""
    add_cases(ledger, case())
    file = Attachment(name="billede.png", ref="r", role="image")
    take(ledger, [page(message(f"Om {CASE}", attachments=(file,)))], policy())
    sink = FakeSink()
    send(ledger, sink)
    assert sink.entries == {}

    with ledger.write() as connection:
        connection.execute(sa.update(attachment).values(state="missing", note="gone (404)"))
    send(ledger, sink)
    (entry,) = sink.entries.values()
    assert entry.missing == ("billede.png: gone (404)",)


REFUSALS = [
    (Rejected("bad title", field="title"), "failed"),
    (CaseClosed("the case is closed"), "failed"),
    (Unavailable("down"), "waiting"),
    (Throttled("slow", wait_s=40), "waiting"),
    (Denied("no right"), "waiting"),
]


@pytest.mark.parametrize(("error", "state"), REFUSALS, ids=lambda v: type(v).__name__)
def test_refusals(owing: Ledger, error: RemoteError, state: str) -> None:
    """Each refusal leads to what must happen next, and is told."""
    sink = FakeSink()
    sink.errors = [error]
    result = send(owing, sink)

    assert [state] == states(owing)
    assert str(error) in result.problems[0]
    assert isinstance(error, Unavailable | Denied) == (result.stopped is not None)


def test_waits_as_told(owing: Ledger, clock: Clock) -> None:
    """A delivery that must wait is not tried before its time, and then it is."""
    sink = FakeSink()
    sink.errors = [Throttled("slow", wait_s=600)]
    send(owing, sink)
    send(owing, sink)
    assert len(sink.puts) == 1

    clock.move(seconds=601)
    send(owing, sink)
    assert states(owing) == ["done"]


@pytest.mark.parametrize("arrived", [True, False])
def test_lost_answer(owing: Ledger, clock: Clock, arrived: bool) -> None:
    """After a lost answer the sink is asked; what arrived is not sent again, what did not is."""
    sink = FakeSink()
    sink.errors = [Unclear("time-out")]
    sink.loses_answers = arrived
    send(owing, sink)
    clock.move(hours=1)
    send(owing, sink)

    assert states(owing) == ["done"]
    assert (1 if arrived else 2) == len(sink.puts)


def test_unsure_stays(owing: Ledger) -> None:
    """When the sink cannot be asked, the delivery waits for a person, never sent by itself."""
    sink = FakeSink(can_find=False)
    sink.errors = [Unclear("time-out")]
    for _ in range(3):
        send(owing, sink)
    assert (states(owing), len(sink.puts)) == (["unsure"], 1)

    with owing.write() as connection:
        assert try_again(connection, owing.now(), "bodil") == 0
        key = connection.execute(sa.select(delivery.c.key)).scalar_one()
        assert try_again(connection, owing.now(), "bodil", keys=[key]) == 1
    send(owing, sink)
    assert states(owing) == ["done"]


def test_the_same_doubt_is_told_once(owing: Ledger) -> None:
    """An unsure delivery is asked about in each run; only news of it is an event."""
    sink = FakeSink()
    sink.errors = [Unclear("time-out")]
    sink.find_error = Unavailable("down")
    for _ in range(4):
        assert send(owing, sink).unsure == 1
    with owing.read() as connection:
        told = sa.select(sa.func.count()).where(event.c.action == "delivery_unsure")
        assert connection.execute(told).scalar_one() == 1

    sink.find_error = None
    assert send(owing, sink).done == 1
    assert states(owing) == ["done"]


def test_retry_failed(owing: Ledger) -> None:
    """A person's retry sends a failed delivery again under the same key."""
    sink = FakeSink()
    sink.errors = [Rejected("closed")]
    send(owing, sink)
    send(owing, sink)
    assert len(sink.puts) == 1

    with owing.write() as connection:
        try_again(connection, owing.now(), "bodil")
    send(owing, sink)
    assert (states(owing), len(set(sink.puts))) == (["done"], 1)


def test_order_of_versions(owing: Ledger) -> None:
    """A version waits while an earlier one of its entry is on the way."""
    sink = FakeSink()
    sink.errors = [Unavailable("down")]
    send(owing, sink)
    take(owing, [page(message("Ok, tak", 9))], policy())
    send(owing, sink)

    assert (states(owing), len(sink.puts)) == (["waiting", "waiting"], 1)


def test_content_is_proved(owing: Ledger) -> None:
    """The SHA-256 of each version is that of its content, which never changes afterwards."""
    import hashlib

    send(owing, FakeSink())
    take(owing, [page(message("Ok, tak", 9))], policy())
    send(owing, FakeSink())
    with owing.read() as connection:
        rows: list[Any] = list(connection.execute(sa.select(entry_version)))

    assert len(rows) == 2
    for row in rows:
        assert row.sha256 == hashlib.sha256(row.content.encode()).hexdigest()
        assert row.version == msgspec.json.decode(row.content, type=Entry).version


def test_keys_do_not_depend_on_the_ledger(
    owing: Ledger, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> None:
    """A ledger built anew owes the same entries under the same keys, so nothing is doubled."""
    from connector.ledger import open_ledger

    sink = FakeSink()
    send(owing, sink)
    path = tmp_path_factory.mktemp("new") / "ledger.db"
    other = open_ledger(f"sqlite:///{path}", clock=clock)
    add_cases(other, case())
    take(other, [page(message("noget andet", 99, thread="19:z"))], policy())
    take(other, [page(message(f"Om {CASE}", 0), message("Tak", 5))], policy())
    second = FakeSink()
    send(other, second)
    other.close()

    assert list(sink.entries) == list(second.entries)


@pytest.mark.parametrize(("told", "shown"), [(None, None), (13, 13)])
def test_a_voicemail_of_unknown_length(ledger: Ledger, told: int | None, shown: int | None) -> None:
    """A voicemail that does not say how long it is has no length, in journal and history; not 0."""
    from connector.ledger.history import history

    add_cases(ledger, case())
    call = Call(started_at=NOON, ended_at=NOON)
    spoken = message(f"Det er sag {CASE}", kind=Kind.VOICEMAIL, call=call, duration_s=told)
    take(ledger, [page(spoken)], policy())
    sink = FakeSink()
    send(ledger, sink)

    (entry,) = sink.entries.values()
    with ledger.read() as connection:
        (row,) = history(connection, CASE, policy().zone, {})
    assert (entry.duration_s, row.duration_s) == (shown, shown)
