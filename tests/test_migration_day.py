"""People move from Lync to Teams at noon: nothing is lost, nothing is double, and a call that both
sides saw is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.batch import Detail
from connector.ledger.tables import item
from connector.model import Call
from connector.ports import Source
from connector.sandbox import Sandbox, build
from connector.sandbox.lync_cdr import LyncCdr
from connector.sandbox.lync_messages import fill_log, spoken
from connector.sandbox.municipality import Municipality
from connector.sandbox.protocol import Request
from connector.sandbox.world import Message as ChatMessage
from connector.sandbox.world import PhoneCall
from connector.sources.lync import ArchivedMessages, Database
from connector.sources.teams import CallRecords, Chats, Directory, DirectRouting, PstnCalls
from tests.fake_graph import TOKEN, Asked, FakeGraph, Reply, Time
from tests.lync_world import source
from tests.making import policy

NOW = Time().start
NOON = datetime(2026, 11, 17, 11, tzinfo=UTC)  # in Denmark
WORLD = build(seed=5, users=60, days=9, now=NOW)
BEFORE = tuple(call for call in WORLD.calls if call.start < NOON)
AFTER = tuple(call for call in WORLD.calls if call.start >= NOON)


@contextmanager
def teams(world: Municipality) -> Iterator[Callable[[], list[Source]]]:
    """The sources of Microsoft 365 for this part of the world; the directory is the first."""
    server = FakeGraph(lambda asked: answer(asked))
    sandbox = Sandbox(world, static_token=TOKEN, clock=server.time.now)

    def answer(asked: Asked) -> Reply:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        told = sandbox.handle(
            Request(
                method=asked.method,
                target=asked.target,
                headers=headers,
                body=asked.body,
                origin=server.origin,
            )
        )
        return Reply(told.status, told.body, dict(told.headers))

    graph = server.graph(attempts=3)
    yield lambda: [
        Directory(graph, name="directory"),
        CallRecords(graph),
        PstnCalls(graph),
        DirectRouting(graph),
        Chats(graph, name="chats", initial_days=9, lag_min=0),
    ]
    graph.close()
    server.close()


def part(calls: Sequence[PhoneCall], *, is_written: Callable[[datetime], bool]) -> Municipality:
    """The municipality with these calls and what was written at such times."""
    told = {event for call in calls for event in call.events}
    messages = tuple(
        message
        for message in WORLD.messages
        if (message.event is None and is_written(message.at))
        or (message.thread, message.key) in told
    )
    return replace(WORLD, calls=tuple(calls), messages=messages)


def lync_of(world: Municipality, folder: Path) -> list[Source]:
    """The sources of Lync for this part of the world."""
    LyncCdr(world, sa.create_engine(f"sqlite:///{folder / 'cdr.db'}")).show(NOW)
    fill_log(world, sa.create_engine(f"sqlite:///{folder / 'log.db'}"))
    log = Database("LcsLog", f"sqlite:///{folder / 'log.db'}")
    calls = source(f"sqlite:///{folder / 'cdr.db'}", now=NOW)
    return [calls, ArchivedMessages([log], initial_days=30, clock=lambda: NOW)]


def calls_in(ledger: Ledger) -> list[Call]:
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(item.c.detail).where(
                item.c.kind.in_(("call", "missed_call")), item.c.is_current
            )
        )
        found = [msgspec.json.decode(row.detail, type=Detail).call for row in rows]
    return [call for call in found if call is not None]


def messages_in(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        wanted = sa.select(item.c.text).where(item.c.kind == "message", item.c.is_current)
        return [str(row.text) for row in connection.execute(wanted)]


def words_of(text: str) -> str:
    return " ".join(text.split())


def last_words(message: ChatMessage) -> str:
    """What a message says now: Teams knows of edits and deletions, the archive the last text."""
    if message.at >= NOON and message.deleted_at is not None and message.deleted_at <= NOW:
        return "None"
    is_edited_later = message.edited_at is not None and message.edited_at > NOW
    is_first = message.at >= NOON and is_edited_later
    return words_of(spoken(message.first_html if is_first else message.html))


def near(call: PhoneCall, told: Call) -> bool:
    """The same call by its time and the person or number that began it."""
    begun = call.participants[0].key
    names = {party.person or party.phone for party in told.parties}
    apart = abs((told.started_at - call.start).total_seconds())
    return apart < 8 and (begun in names or any(name.endswith("***") for name in names))


def assert_each_once(ledger: Ledger, calls: Sequence[PhoneCall]) -> None:
    found = calls_in(ledger)
    lost = [call for call in calls if not any(near(call, told) for told in found)]
    assert lost == []
    assert len(found) == len(calls)


@pytest.mark.parametrize("lync_first", [True, False])
def test_moved_at_noon(ledger: Ledger, tmp_path: Path, lync_first: bool) -> None:
    """Calls and messages of the morning come from Lync, of the afternoon from Teams: each once,
    whichever is read first, and reading both again adds none."""
    morning = part(BEFORE, is_written=lambda at: at < NOON)
    afternoon = part(AFTER, is_written=lambda at: at >= NOON)
    written = [message for message in WORLD.messages if message.event is None]
    said = [message for message in written if message.sender in WORLD.person]
    with teams(afternoon) as made:
        directory, *online = made()
        own = lync_of(morning, tmp_path)
        collect(ledger, directory, policy())
        for _ in range(2):
            for each in [*own, *online] if lync_first else [*online, *own]:
                assert collect(ledger, each, policy()).taken.problems == 0

    assert_each_once(ledger, WORLD.calls)
    guests = [message for message in written if message not in said and message.at >= NOON]
    told = Counter(last_words(message) for message in [*said, *guests])
    assert Counter(words_of(text) for text in messages_in(ledger)) == told


@pytest.mark.parametrize("lync_first", [True, False])
def test_hybrid(ledger: Ledger, tmp_path: Path, lync_first: bool) -> None:
    """A call that passed through both is one call, with the legs of the better source."""
    both = part([call for call in AFTER if not call.join_url], is_written=lambda _at: False)
    with teams(both) as made:
        directory, records, *_ = made()
        calls, _log = lync_of(both, tmp_path)
        collect(ledger, directory, policy())
        for each in (calls, records) if lync_first else (records, calls):
            collect(ledger, each, policy())
    found = calls_in(ledger)

    assert_each_once(ledger, both.calls)
    assert all({"record", "lync"} <= {key.partition(":")[0] for key in c.same} for c in found)
    assert sum(call.is_answered is True for call in found) == sum(c.is_answered for c in both.calls)


def test_a_move_during_a_call(ledger: Ledger, tmp_path: Path) -> None:
    """A call that began in Lync and ends after noon belongs to Lync, and comes when it is over."""
    running = max(BEFORE, key=lambda call: call.end)
    cdr = LyncCdr(part(BEFORE, is_written=lambda _at: False),
                  sa.create_engine(f"sqlite:///{tmp_path / 'cdr.db'}"))  # fmt: skip
    url = f"sqlite:///{tmp_path / 'cdr.db'}"
    cdr.show(running.start + timedelta(seconds=1))
    with teams(part(AFTER, is_written=lambda _at: False)) as made:
        collect(ledger, made()[0], policy())
        collect(ledger, source(url, now=running.start + timedelta(seconds=1)), policy())
        before = len(calls_in(ledger))
        cdr.show(NOW)
        collect(ledger, source(url, now=NOW), policy())

    assert before < len(BEFORE)
    assert_each_once(ledger, BEFORE)
