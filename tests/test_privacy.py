"""A private chat stays out of the journal, whoever marked it and whatever arrives when."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from connector.jobs.deliver import write_entries
from connector.jobs.refresh import refresh
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.merging import merge
from connector.ledger.policy import Policy
from connector.ledger.privacy import mark, private_threads, threads_named, unmark
from connector.ledger.tables import entry, event, item, link, private_thread, thread
from connector.ledger.take import take
from connector.model import Direction, LinkState
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
    sighting,
)
from tests.test_deliveries import FakeSink, send
from tests.test_links import ListRegister, states

CHAT = "19:a@thread.v2"


def batch_of(ledger: Ledger, connection: Any, rules: Policy | None = None) -> Batch:
    return Batch(ledger=ledger, connection=connection, policy=rules or policy(), now=ledger.now())


def set_private(ledger: Ledger, *, is_undone: bool = False, chat: str = CHAT) -> int:
    """Mark, or unmark, by command; gives how many items that decided about."""
    with ledger.write() as connection:
        (number,) = threads_named(connection, chat)
        change = unmark if is_undone else mark
        counts = change(batch_of(ledger, connection), number, actor="vita", reason="lunch")
        return sum(counts.values())


def is_private(ledger: Ledger) -> bool:
    with ledger.read() as connection:
        return connection.execute(sa.select(private_thread)).first() is not None


def all_states(ledger: Ledger) -> list[str]:
    return [state for _, state, _ in states(ledger)]


@pytest.fixture
def journaled(ledger: Ledger) -> tuple[Ledger, FakeSink]:
    """A chat on a case, its entry in the journal."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", 0), message("Hun ringer", 1))], policy())
    sink = FakeSink()
    send(ledger, sink)
    assert [each.is_void for each in sink.entries.values()] == [False]
    return ledger, sink


def test_marked_by_command(journaled: tuple[Ledger, FakeSink]) -> None:
    """All of the chat leaves its case; what was journaled is voided with the reason."""
    ledger, sink = journaled
    count = set_private(ledger)
    send(ledger, sink)

    assert (count, all_states(ledger)) == (2, ["excluded", "excluded"])
    (void,) = [each for each in sink.entries.values() if each.is_void]
    assert (void.case_number, void.void_reason) == (CASE, "lunch")


def test_later_messages(journaled: tuple[Ledger, FakeSink]) -> None:
    """What comes later is excluded at once, though it names a case; other chats are not."""
    ledger, _ = journaled
    set_private(ledger)
    other = message(f"Sag {CASE}", 3, thread="19:b@thread.v2")
    taken = take(ledger, [page(message(f"Igen {CASE}", 2), other)], policy())

    assert taken.linked == 1
    assert all_states(ledger) == ["excluded", "excluded", "excluded", "linked"]


def test_edit_in_private_chat(journaled: tuple[Ledger, FakeSink]) -> None:
    """An edit that names a case changes nothing."""
    ledger, _ = journaled
    set_private(ledger)
    first = message("Frokost?", 5)
    take(ledger, [page(first)], policy())
    take(ledger, [page(edited(first, f"Om {CASE}"))], policy())

    assert {"excluded"} == set(all_states(ledger))


def test_marked_again(journaled: tuple[Ledger, FakeSink]) -> None:
    """A second mark changes nothing."""
    ledger, _ = journaled
    set_private(ledger)

    assert set_private(ledger) == 0


def test_undone(journaled: tuple[Ledger, FakeSink]) -> None:
    """Once the mark is gone the rules decide again, also about what came meanwhile."""
    ledger, sink = journaled
    set_private(ledger)
    take(ledger, [page(message("tak", 2))], policy())
    send(ledger, sink)
    set_private(ledger, is_undone=True)
    send(ledger, sink)

    assert all_states(ledger) == ["linked"] * 3
    newest = max(sink.entries.values(), key=lambda each: each.version)
    assert (newest.is_void, len(newest.lines)) == (False, 3)
    assert not is_private(ledger)


def test_undone_mark_gives_persons_links_back(ledger: Ledger) -> None:
    """What a person had linked before is on that case again, by that person."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message("Frokost?"))], policy())
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        its = case(OTHER_CASE)
        decide_by_person(batch, 1, state=LinkState.LINKED, case=its, actor="bodil", reason="said")
    set_private(ledger)
    set_private(ledger, is_undone=True)

    assert states(ledger) == [("Frokost?", "linked", OTHER_CASE)]
    with ledger.read() as connection:
        row = connection.execute(sa.select(link).where(link.c.superseded_at.is_(None))).one()
    assert (row.rule, row.actor, row.reason) == ("person", "bodil", "said")


def test_person_links_in_private_chat(journaled: tuple[Ledger, FakeSink]) -> None:
    """What a person puts on a case after the mark stays there when more arrives."""
    ledger, _ = journaled
    set_private(ledger)
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        decide_by_person(batch, 1, state=LinkState.LINKED, case=case(), actor="b", reason="")
    take(ledger, [page(message("mere", 4), edited(message(f"Om {CASE}", 0), "Rettet"))], policy())

    assert all_states(ledger) == ["linked", "excluded", "excluded"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_word_in_any_order(ledger: Ledger, order: tuple[int, ...]) -> None:
    """A member's word makes the whole chat private, whenever it arrives here."""
    add_cases(ledger, case())
    feed = [message(f"Om {CASE}", 0), message(" #Privat ", 1), message(f"Og {CASE}", 2)]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert all_states(ledger) == ["excluded"] * 3
    with ledger.read() as connection:
        (actor,) = connection.execute(sa.select(private_thread.c.actor)).one()
    assert actor == "u1"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_word_taken_back_in_any_order(ledger: Ledger, order: tuple[int, ...]) -> None:
    """The later word counts, whichever arrives first."""
    add_cases(ledger, case())
    feed = [message(f"Om {CASE}", 0), message("#privat", 1), message("#ikke-privat", 2)]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert not is_private(ledger)
    assert all_states(ledger)[0] == "linked"


def test_words_in_one_batch(ledger: Ledger) -> None:
    """Both words and all else in one page come to the same."""
    add_cases(ledger, case())
    feed = [message(f"Om {CASE}", 0), message("#privat", 1), message("#ikke-privat", 2)]
    take(ledger, [page(*feed, message("#privat", 3))], policy())

    assert all_states(ledger) == ["excluded"] * 4


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Det her er #privat"),
        ({}, "#privatliv"),
        ({}, ""),
        ({"direction": Direction.INBOUND}, "#privat"),
        ({"direction": Direction.UNKNOWN}, "#privat"),
        ({"sender": ""}, "#privat"),
        ({"is_deleted": True}, "#privat"),
    ],
)
def test_no_word(ledger: Ledger, changes: dict[str, Any], text: str) -> None:
    """A word within a sentence marks nothing, nor does one from outside the organisation."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", 0), message(text, 1, **changes))], policy())

    assert not is_private(ledger)
    assert all_states(ledger)[0] == "linked"


def test_only_who_marked_takes_back(ledger: Ledger) -> None:
    """Another member's word takes nothing back; each takes back what is theirs."""
    take(ledger, [page(message("#privat", 0), message("#private", 1, sender="u2"))], policy())
    take(ledger, [page(message("#ikke-privat", 2, sender="u3"))], policy())
    take(ledger, [page(message("#not-private", 3))], policy())
    assert is_private(ledger)
    take(ledger, [page(message("#ikke-privat", 4, sender="u2"))], policy())

    assert not is_private(ledger)


def test_same_person_takes_back(ledger: Ledger) -> None:
    """Under another id the person is still who marked it."""
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        assert merge(batch, "u1", "u2", actor="vita", reason="new account") is None
    take(ledger, [page(message("#privat", 0))], policy())
    take(ledger, [page(message("#ikke-privat", 1, sender="u2"))], policy())

    assert not is_private(ledger)


def test_command_takes_members_word_back(ledger: Ledger, clock: Clock) -> None:
    """The command ends every mark before it; a word said after it counts again."""
    take(ledger, [page(message("#privat", 0))], policy())
    set_private(ledger, is_undone=True)
    assert not is_private(ledger)
    clock.move(days=1)
    take(ledger, [page(message("#privat", sent_at=clock()))], policy())

    assert is_private(ledger)


def test_words_are_a_setting(ledger: Ledger) -> None:
    """Without words nobody marks a chat from within; with others, those do."""
    none = policy(private_words=frozenset(), not_private_words=frozenset())
    take(ledger, [page(message("#privat", 0))], none)
    assert not is_private(ledger)
    take(ledger, [page(message("#Ikke-Sag", 1))], policy(private_words=frozenset({"#ikke-sag"})))

    assert is_private(ledger)


def in_chat(source: str, minutes: int = 3, **changes: Any) -> Any:
    """A sighting of a call of so many minutes in the chat, as that source gives it."""
    ended_at = NOON + timedelta(minutes=5 + minutes)
    values = {"same": ("chatcall:1",), "thread": CHAT, "ended_at": ended_at}
    thread_ = {"thread": CHAT} if source == "chats" else {}
    return sighting(source, 5, call=values, **thread_, **changes)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_call_in_private_chat(ledger: Ledger, order: tuple[int, ...]) -> None:
    """A call in a private chat is private too, whichever source tells of it first."""
    worker = "bodil@kommune.example"
    rules = policy(upns={"u1": worker}, aliases={"u1": frozenset({worker})})
    add_cases(ledger, case())
    feed = [message("#privat", 0), in_chat("chats"), in_chat("call_records")]
    for index in order:
        take(ledger, [page(feed[index])], rules)

    with ledger.read() as connection:
        query = sa.select(item.c.state).where(item.c.kind == "call", item.c.id == item.c.root_id)
        assert list(connection.execute(query).scalars()) == ["excluded"]


def test_call_elsewhere(ledger: Ledger) -> None:
    """A call of the same people outside the chat is decided as ever."""
    worker = "bodil@kommune.example"
    rules = policy(upns={"u1": worker}, aliases={"u1": frozenset({worker})})
    add_cases(ledger, case())
    take(ledger, [page(message("#privat", 0)), page(sighting("pstn", 90))], rules)

    with ledger.read() as connection:
        query = sa.select(item.c.state).where(item.c.kind == "call")
        assert list(connection.execute(query).scalars()) == ["linked"]


def test_call_is_given_back(ledger: Ledger) -> None:
    """With the mark the exclusion of the chat's call ends."""
    worker = "bodil@kommune.example"
    rules = policy(upns={"u1": worker}, aliases={"u1": frozenset({worker})})
    add_cases(ledger, case())
    take(ledger, [page(message("#privat", 0)), page(in_chat("chats"))], rules)
    take(ledger, [page(message("#ikke-privat", 7))], rules)

    with ledger.read() as connection:
        query = sa.select(item.c.state).where(item.c.kind == "call", item.c.id == item.c.root_id)
        assert list(connection.execute(query).scalars()) == ["linked"]


def test_other_lists_are_no_chats(ledger: Ledger) -> None:
    """The list of calls has a thread too, but it cannot be made private."""
    take(ledger, [page(sighting()), page(message("hej"))], policy())
    with ledger.read() as connection:
        assert threads_named(connection, "calls") == []
        assert len(threads_named(connection, CHAT)) == 1


def test_long_chat(ledger: Ledger) -> None:
    """A chat longer than one step is excluded whole, and given back whole."""
    add_cases(ledger, case())
    feed = [message(f"Om {CASE}" if n == 0 else "ok", n / 100) for n in range(2100)]
    take(ledger, [page(*feed)], policy())
    count = set_private(ledger)

    assert count == 2100
    assert {"excluded"} == set(all_states(ledger))
    set_private(ledger, is_undone=True)
    assert {"linked"} == set(all_states(ledger))


def test_one_look_when_none_is_private(ledger: Ledger) -> None:
    """Where no chat is private, a batch costs one query, however many threads it has."""
    feed = [message("hej", n, thread=f"19:{n}@thread.v2") for n in range(600)]
    take(ledger, [page(*feed)], policy())
    with ledger.read() as connection:
        asked: list[str] = []
        numbers = set(connection.execute(sa.select(thread.c.id)).scalars())
        sa.event.listen(
            connection, "before_cursor_execute", lambda *values: asked.append(values[2])
        )

        assert set() == private_threads(batch_of(ledger, connection), numbers)
    assert len(asked) == 1


def test_events(ledger: Ledger) -> None:
    """Who marked and who took back is on record, without a word of what was said."""
    take(ledger, [page(message("#privat", 0))], policy())
    set_private(ledger, is_undone=True)
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(event.c.actor, event.c.action, event.c.detail)
            .where(event.c.subject.like("thread %"))
            .order_by(event.c.id)
        ).all()

    assert [row[:2] for row in rows] == [("u1", "private"), ("vita", "not_private")]
    assert not any("#privat" in row.detail or "lunch" in row.detail for row in rows)


def test_nothing_is_owed(ledger: Ledger) -> None:
    """What never was journaled leaves no trace in the journal."""
    add_cases(ledger, case())
    take(ledger, [page(message("#privat", 0), message(f"Om {CASE}", 1))], policy())
    write_entries(ledger, policy(), lambda _: "t")
    with ledger.read() as connection:
        assert connection.execute(sa.select(entry).where(entry.c.version > 0)).all() == []


def test_case_appears_later(ledger: Ledger) -> None:
    """A case that comes into the register finds nothing in a private chat, edited or not."""
    feed = [message(f"Om {CASE}", 0), message(f"Se {CASE}", 1)]
    take(ledger, [page(*feed)], policy())
    take(ledger, [page(edited(feed[0], f"Altså om {CASE}"))], policy())
    set_private(ledger)
    refresh(ledger, ListRegister([case()]), policy())

    assert all_states(ledger) == ["excluded", "excluded"]


def test_neighbouring_call(ledger: Ledger) -> None:
    """A linked call with the same number leaves the private call before it alone."""
    worker = "bodil@kommune.example"
    rules = policy(upns={"u1": worker}, aliases={"u1": frozenset({worker})})
    take(ledger, [page(in_chat("chats"))], rules)
    take(ledger, [page(message("#privat", 0))], rules)
    take(ledger, [page(in_chat("call_records", minutes=4))], rules)
    add_cases(ledger, case())
    take(ledger, [page(sighting("pstn", 60))], rules)

    with ledger.read() as connection:
        query = sa.select(item.c.state).where(item.c.kind == "call", item.c.id == item.c.root_id)
        states_ = list(connection.execute(query.order_by(item.c.sent_at)).scalars())
    assert states_ == ["excluded", "linked"]


def test_call_of_a_chat_that_does_not_show_it(ledger: Ledger) -> None:
    """A call record names the chat of its call; the chat itself need not tell of it."""
    worker = "bodil@kommune.example"
    rules = policy(upns={"u1": worker}, aliases={"u1": frozenset({worker})})
    add_cases(ledger, case())
    take(ledger, [page(message("#privat", 0))], rules)
    take(ledger, [page(in_chat("call_records"))], rules)

    with ledger.read() as connection:
        query = sa.select(item.c.state).where(item.c.kind == "call")
        assert list(connection.execute(query).scalars()) == ["excluded"]
