"""What people ask of the ledger is answered from both databases alike, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.errors import Rejected
from connector.jobs.deliver import write_entries
from connector.ledger import Ledger, views
from connector.ledger.batch import Batch
from connector.ledger.deliveries import Outcome, exchange, settle
from connector.ledger.explaining import explain
from connector.ledger.history import history
from connector.ledger.linking import decide_by_person
from connector.ledger.rehearsal import rehearsal
from connector.ledger.runs import running
from connector.ledger.search_query import read_query
from connector.ledger.searching import search
from connector.ledger.tables import event, item, register_case, run
from connector.ledger.take import take
from connector.model import Attachment, LinkState, Problem, Receipt
from tests.conftest import Clock
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    edited,
    message,
    page,
    policy,
    scanner,
    sighting,
)

ZONE = ZoneInfo("Europe/Copenhagen")
NAMES: Mapping[str, str] = {"u1": "Bodil Bech"}


@pytest.fixture
def talk(ledger: Ledger) -> Ledger:
    """A case with a chat of two messages (one edited), a call seen twice, and one that waits."""
    add_cases(ledger, case(), case(OTHER_CASE, parties=()))
    first = message(f"Om sag {CASE}: hun flytter", thread="19:a@thread.v2")
    later = edited(first, f"Om sag {CASE}: hun flytter i maj")
    reply = message("Fint, jeg ringer", minute=2, thread="19:a@thread.v2")
    unclear = message(f"{CASE} eller {OTHER_CASE}?", minute=9, thread="19:b@thread.v2")
    record = sighting(minute=30, call={"same": ("record:1",)})
    row = sighting("pstn", minute=30, call={"same": ("record:1",)})
    for each in (first, later, reply, unclear, record, row):
        take(ledger, [page(each)], policy())
    return ledger


def _written(ledger: Ledger, clock: Clock) -> None:
    clock.move(days=1)
    write_entries(ledger, policy(), lambda entry: f"{entry.kind} {entry.local_day}")


def _settled(ledger: Ledger, state: str, reason: str = "") -> None:
    """Every delivery that waits becomes so."""
    with running(ledger, "deliver") as opened:
        for each in exchange(ledger, "journal", opened.id, (), 50):
            receipt = None
            if state == "done":
                receipt = Receipt(key=each.key, target=f"t/{each.key}", at=NOON, url="file:///t")
            outcome = Outcome(key=each.key, state=state, reason=reason, receipt=receipt)
            settle(ledger, [outcome], opened.id)


def test_history_order(talk: Ledger) -> None:
    """A case's history is one line of time over chats and calls."""
    with talk.read() as connection:
        found = history(connection, CASE, ZONE, NAMES)

    assert [each.kind for each in found] == ["message", "message", "call"]
    assert [each.at for each in found] == sorted(each.at for each in found)


def test_history_edit(talk: Ledger) -> None:
    """A message shows its newest words, and what it said before."""
    with talk.read() as connection:
        first = history(connection, CASE, ZONE, NAMES)[0]

    assert first.text.endswith("i maj")
    assert [each.text for each in first.earlier] == [f"Om sag {CASE}: hun flytter"]


def test_history_edit_before_the_first_reading(talk: Ledger) -> None:
    """A message that was edited before it was read says when; nobody knows its words before."""
    at = NOON + timedelta(minutes=21)
    take(
        talk,
        [page(message(f"Sag {CASE} igen", 20, thread="19:a@thread.v2", edited_at=at))],
        policy(),
    )

    with talk.read() as connection:
        found = history(connection, CASE, ZONE, NAMES)

    assert [each.unread_edit_at for each in found if each.text.endswith("igen")] == [at]
    assert [each.unread_edit_at for each in found].count(None) == len(found) - 1


def test_history_deleted(talk: Ledger) -> None:
    """A message that was deleted keeps its words and shows when it was deleted."""
    first = message(f"Om sag {CASE}: hun flytter", thread="19:a@thread.v2")
    gone = edited(first, "", minutes=60, is_deleted=True)
    take(talk, [page(gone)], policy())

    with talk.read() as connection:
        found = history(connection, CASE, ZONE, NAMES)[0]

    assert found.text.endswith("i maj")
    assert found.deleted_at == gone.modified_at
    assert not found.is_erased


def test_history_call(talk: Ledger) -> None:
    """A call tells who called whom and how long it took."""
    with talk.read() as connection:
        call = history(connection, CASE, ZONE, NAMES)[-1]

    assert (call.who, call.others, call.duration_s) == ("+4520000001", ("Bodil Bech",), 180)
    assert (call.rule, call.confidence, call.actor) == ("phone", 99, "casethread")


def test_history_journaled(talk: Ledger, clock: Clock) -> None:
    """Each message of a conversation tells where the conversation is journaled."""
    _written(talk, clock)
    _settled(talk, "done")

    with talk.read() as connection:
        found = history(connection, CASE, ZONE, NAMES)

    places = [[(place.sink, place.state) for place in each.journaled] for each in found]
    assert places == [[("journal", "done")]] * 3
    assert found[0].journaled == found[1].journaled


def test_history_of_nothing(talk: Ledger) -> None:
    """A case on which nothing was said has an empty history."""
    with talk.read() as connection:
        assert history(connection, OTHER_CASE, ZONE, NAMES) == []


def test_status(talk: Ledger, clock: Clock) -> None:
    """The state tells what waits for a person, with the cases it may belong to."""
    found = views.status(talk)

    assert found.backlog.waiting == 1
    assert found.waiting[0].cases == (CASE, OTHER_CASE)
    assert found.oldest_waiting_at == found.waiting[0].sent_at
    assert found.cases == 2
    assert found.newest_at is not None


def test_status_of_nothing(ledger: Ledger) -> None:
    """A new ledger has a state too."""
    found = views.status(ledger)

    assert found.newest_at is None
    assert found.backlog == views.Backlog(waiting=0, owed=0, failed=0, unsure=0, problems=0)


@pytest.mark.parametrize("state", ["failed", "unsure"])
def test_status_trouble(talk: Ledger, clock: Clock, state: str) -> None:
    """What goes no further without a person is listed with its reason and its key."""
    _written(talk, clock)
    _settled(talk, state, "the case is closed")

    found = views.status(talk)

    assert {each.state for each in found.troubles} == {state}
    assert {each.reason for each in found.troubles} == {"the case is closed"}
    assert getattr(found.backlog, state) == len(found.troubles) == 2
    assert found.deliveries == {"journal": {state: 2}}


def test_status_problem(ledger: Ledger) -> None:
    """What could not be read is listed with how often it was met."""
    broken = Problem(source="chats", part="u1", key="17", reason="no date; ask the sender")
    take(ledger, [page(broken, source="chats")], policy())
    take(ledger, [page(broken, source="chats")], policy())

    found = views.status(ledger)

    assert [(each.key, each.times) for each in found.problems] == [("17", 2)]
    assert found.backlog.problems == 1


def test_status_runs(ledger: Ledger) -> None:
    """An open run of a live process is running; a closed one has its outcome and figures."""
    with running(ledger, "chats") as opened:
        assert [each.outcome for each in views.status(ledger).jobs] == ["running"]
        opened.counts = {"read": 3}

    (job,) = views.status(ledger).jobs
    assert (job.outcome, job.counts) == ("done", {"read": 3})


def test_status_dead_run(ledger: Ledger) -> None:
    """A run whose process is gone is told as one that died, before anybody has cleaned up."""
    with running(ledger, "chats"), ledger.write() as connection:
        connection.execute(sa.update(run).values(pid=2**22 + 1, process_started="1"))

        assert [each.outcome for each in _statuses(ledger, connection)] == ["died"]


def _statuses(ledger: Ledger, connection: sa.Connection) -> list[views.JobState]:
    from connector.ledger.runs import latest

    return [views.job_state(row, ledger.now()) for row in latest(connection)]


def test_richest_case(talk: Ledger) -> None:
    """The case with the most kinds of communication is the one to show."""
    with talk.read() as connection:
        assert views.richest_case(connection) == CASE


def test_richest_case_of_some(talk: Ledger) -> None:
    """Of some people's cases only theirs are shown, and no restricted one."""
    with talk.write() as connection:
        connection.execute(sa.update(register_case).values(caseworker="Asger@x.example"))
        assert views.richest_case(connection, ["asger@X.example"]) == CASE
        assert views.richest_case(connection, ["bodil@x.example"]) == ""
        connection.execute(sa.update(register_case).values(access="restricted"))
        assert views.richest_case(connection, ["asger@x.example"]) == ""


def test_explain_item(talk: Ledger) -> None:
    """An item is explained with its evidence, rule and actor, and what the patterns find now."""
    with talk.read() as connection:
        number = history(connection, CASE, ZONE, NAMES)[0].item
        (found,) = explain(connection, str(number), scanner())

    assert found.decisions[0].rule == "number"
    assert found.decisions[0].evidence[0].case_number == CASE
    assert [(hit.number, hit.is_case) for hit in found.hits] == [(CASE, True)]
    assert found.versions == 2


def test_explain_later_version(talk: Ledger) -> None:
    """The number of a later version explains the same item."""
    with talk.read() as connection:
        root = history(connection, CASE, ZONE, NAMES)[0].item
        later = connection.execute(
            sa.select(item.c.id).where(item.c.root_id == root, item.c.id != root)
        ).scalar_one()

        assert explain(connection, str(later), scanner()) == explain(
            connection, str(root), scanner()
        )


def test_explain_call(talk: Ledger) -> None:
    """A call names every sighting that was joined into it."""
    with talk.read() as connection:
        number = history(connection, CASE, ZONE, NAMES)[-1].item
        (found,) = explain(connection, str(number), scanner())

    assert sorted(each.source for each in found.sightings) == ["call_records", "pstn"]


def test_explain_superseded(talk: Ledger) -> None:
    """A decision that a person overruled stays to be seen."""
    with talk.read() as connection:
        number = history(connection, CASE, ZONE, NAMES)[0].item
    with _batch(talk) as batch:
        decide_by_person(
            batch, number, state=LinkState.UNLINKED, case=None, actor="karen", reason="not her"
        )

    with talk.read() as connection:
        (found,) = explain(connection, str(number), scanner())

    newest, before = found.decisions
    assert (newest.actor, newest.rule, newest.reason) == ("karen", "person", "not her")
    assert before.superseded_at is not None
    assert before.case_number == CASE


@contextmanager
def _batch(ledger: Ledger) -> Iterator[Batch]:
    with ledger.write() as connection:
        yield Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())


def test_explain_delivery(talk: Ledger, clock: Clock) -> None:
    """The key of a delivery, or the id of its entry, explains every message of the conversation."""
    _written(talk, clock)
    _settled(talk, "done")
    with talk.read() as connection:
        first = history(connection, CASE, ZONE, NAMES)[0]
        found = explain(connection, first.journaled[0].key, scanner())

    assert len(found) == 2
    assert found[0].deliveries == first.journaled


@pytest.mark.parametrize("name", ["0", "999999", "99999999999999999999999", "E404", "' OR 1=1", ""])
def test_explain_unknown(talk: Ledger, name: str) -> None:
    """What is no item, entry or delivery has no explanation."""
    with talk.read() as connection:
        assert explain(connection, name, scanner()) == []


def test_search(talk: Ledger) -> None:
    """Words are found wherever they stand in a text, with the case beside them."""
    with talk.read() as connection:
        found = search(
            connection,
            read_query("flytter maj", scanner()),
            None,
            limit=5,
            is_sqlite=talk.is_sqlite,
        ).hits

    assert [each.case_number for each in found] == [CASE]
    assert "i maj" in found[0].excerpt


def test_search_newest_first(ledger: Ledger) -> None:
    """The newest arrivals are told first, and no more than asked for."""
    items = [message(f"budget nummer {n}", minute=n) for n in range(6)]
    take(ledger, [page(*items)], policy())

    with ledger.read() as connection:
        found = search(
            connection, read_query("budget", scanner()), None, limit=3, is_sqlite=ledger.is_sqlite
        ).hits

    assert [each.at for each in found] == [NOON + timedelta(minutes=n) for n in (5, 4, 3)]


@pytest.mark.parametrize(
    "words", ['"', "a AND", "NEAR(", "text:x", "-P19-", "*", "x' OR '1'='1", "(", "^a", "c++"]
)
def test_search_signs(talk: Ledger, words: str) -> None:
    """No sign in what is searched for is taken for the search language."""
    with talk.read() as connection:
        found = search(
            connection, read_query(words, scanner()), None, limit=5, is_sqlite=talk.is_sqlite
        ).hits

    assert len(found) <= 5


def test_rehearsal_sees_itself(talk: Ledger) -> None:
    """In a rehearsal, what was done before is there; after it, nothing of it is."""
    with rehearsal(talk) as forgetful:
        take(forgetful, [page(message(f"ny om {CASE}", minute=50))], policy())
        with running(forgetful, "chats"), forgetful.read() as connection:
            assert len(history(connection, CASE, ZONE, NAMES)) == 4

    with talk.read() as connection:
        assert len(history(connection, CASE, ZONE, NAMES)) == 3
        assert connection.execute(sa.select(sa.func.count()).select_from(run)).scalar_one() == 0


def test_rehearsal_undoes_an_error(talk: Ledger) -> None:
    """What fails within a rehearsal is undone alone, and the rehearsal goes on."""

    def write_badly(forgetful: Ledger) -> None:
        with forgetful.write() as connection:
            connection.execute(sa.update(item).values(sender="x"))
            raise RuntimeError

    with rehearsal(talk) as forgetful:
        with pytest.raises(RuntimeError):
            write_badly(forgetful)

        with forgetful.read() as connection:
            senders = set(connection.execute(sa.select(item.c.sender)).scalars())

    assert "x" not in senders


def test_rehearsal_leaves_no_event(talk: Ledger) -> None:
    """A rehearsal that ends with an error has kept nothing either."""
    with talk.read() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(event)).scalar_one()

    def rehearse_badly() -> None:
        with rehearsal(talk) as forgetful:
            take(forgetful, [page(message(f"ny om {CASE}", minute=50))], policy())
            raise Rejected("no")

    with pytest.raises(Rejected):
        rehearse_badly()

    with talk.read() as connection:
        after = connection.execute(sa.select(sa.func.count()).select_from(event)).scalar_one()
    assert before == after


def test_would_deliver(ledger: Ledger, clock: Clock) -> None:
    """What a journal would be given is known without giving it anything."""
    from connector.ledger.rehearsal import suppose_files

    add_cases(ledger, case())
    file = Attachment(name="a.png", ref="x", role="image")
    take(ledger, [page(message(f"se {CASE}", attachments=(file,)))], policy())
    clock.move(days=1)
    with rehearsal(ledger) as forgetful:
        suppose_files(forgetful)
        write_entries(forgetful, policy(), lambda entry: f"titel {entry.kind}")
        with forgetful.read() as connection:
            would = views.would_deliver(connection, "journal")

    assert would == [(CASE, "conversation", "titel conversation", 1)]
    assert views.status(ledger).deliveries == {}
