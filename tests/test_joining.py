"""A call seen by several sources is one item in the ledger, in whatever order they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.batch import item_of, select_items
from connector.ledger.tables import item, link
from connector.ledger.take import take
from connector.model import Call, Item, Kind, Party
from tests.making import CASE, NOON, add_cases, case, message, page, policy, sighting

MASKED = Party(phone="+4520000***", role="from")


def record(**changes: Any) -> Item:
    return sighting("call_records", call={"same": ("record:r1",)} | changes)


def row() -> Item:
    start = NOON + timedelta(seconds=12)
    end = start + timedelta(minutes=3)
    call = {"caller": MASKED, "same": ("pstn:p1",), "started_at": start, "ended_at": end}
    return sighting("pstn", call=call)


def chat_event() -> Item:
    end = NOON + timedelta(minutes=3, seconds=20)
    call = {
        "same": ("chatcall:c1",),
        "ended_at": end,
        "started_at": end - timedelta(minutes=3),
        "caller": Party(person="u1"),
        "callees": (),
        "direction": "unknown",
        "is_answered": None,
    }
    return sighting("chats", call=call, thread="19:meeting")


def calls(ledger: Ledger) -> list[Item]:
    with ledger.read() as connection:
        query = select_items().where(item.c.kind.in_(("call", "missed_call")), item.c.is_current)
        return [item_of(found) for found in connection.execute(query)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_sightings_one_call(ledger: Ledger, order: tuple[int, ...]) -> None:
    """Record, telephone row and chat event join to one call, in any order of arrival."""
    seen = [record(), row(), chat_event()]
    for index in order:
        take(ledger, [page(seen[index])], policy())

    (one,) = calls(ledger)
    assert one.call is not None
    assert one.call.caller.phone == "+4520000001"
    with ledger.read() as connection:
        joined = connection.execute(
            sa.select(item.c.call_id).where(item.c.kind == "sighting")
        ).scalars()
        assert len(set(joined)) == 1


def test_number_comes_later(ledger: Ledger) -> None:
    """A call whose number was masked is linked when a later sighting shows it in full."""
    add_cases(ledger, case())
    take(ledger, [page(row())], policy())
    take(ledger, [page(record())], policy())

    with ledger.read() as connection:
        query = sa.select(item.c.case_number).where(item.c.kind == "call", item.c.is_current)
        links = connection.execute(sa.select(link.c.rule, link.c.case_number)).all()
        assert len(connection.execute(query).all()) == 1
    assert [tuple(each) for each in links] == [("masked", CASE), ("phone", CASE)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_batch(ledger: Ledger, order: tuple[int, ...]) -> None:
    """The same in one transaction."""
    seen = [record(), row(), chat_event()]
    take(ledger, [page(*(seen[index] for index in order))], policy())

    assert len(calls(ledger)) == 1


def test_late_version(ledger: Ledger) -> None:
    """A later version of a call record changes the call it was joined into, and makes no other."""
    import msgspec

    first = record(is_answered=None, ended_at=NOON)
    take(ledger, [page(first)], policy())
    second = msgspec.structs.replace(
        record(), version="2", raw=b"{}", modified_at=NOON + timedelta(hours=1)
    )
    take(ledger, [page(second)], policy())

    (one,) = calls(ledger)
    assert (one.call.is_answered if one.call else None, one.duration_s) == (True, 180)
    assert one.version == "2"


def test_nothing_new_no_version(ledger: Ledger) -> None:
    """A sighting that adds nothing makes no version of the call."""
    take(ledger, [page(record())], policy())
    take(ledger, [page(record())], policy())

    assert [one.version for one in calls(ledger)] == ["1"]


def test_two_calls_stay_two(ledger: Ledger) -> None:
    """Two calls of one citizen five minutes apart are two calls."""
    first = sighting("call_records", 0, call={"same": ("record:a",)})
    second = sighting("call_records", 5, call={"same": ("record:b",)})
    take(ledger, [page(first, second)], policy())

    assert len(calls(ledger)) == 2


def test_journaled_call_has_its_sightings(ledger: Ledger) -> None:
    """The call is linked by its number, and its entry proves every sighting by hash."""
    from tests.test_deliveries import FakeSink, send

    add_cases(ledger, case())
    take(ledger, [page(record(), row())], policy())
    sink = FakeSink()
    send(ledger, sink)

    (entry,) = sink.entries.values()
    assert (entry.kind, entry.case_number, len(entry.sources)) == ("call", CASE, 2)
    assert entry.duration_s == 180


def test_sighting_after_delivery(ledger: Ledger) -> None:
    """A sighting that comes after the call was journaled makes the next version of its entry."""
    from tests.test_deliveries import FakeSink, send

    add_cases(ledger, case())
    take(ledger, [page(record())], policy())
    sink = FakeSink()
    send(ledger, sink)
    take(ledger, [page(row())], policy())
    send(ledger, sink)

    assert [len(entry.sources) for entry in sink.entries.values()] == [1, 2]


def test_voicemail_knows_its_call(ledger: Ledger) -> None:
    """A voicemail keeps the call that left it."""
    missed = record(is_answered=False, ended_at=NOON + timedelta(seconds=30))
    take(ledger, [page(missed)], policy())
    left = NOON + timedelta(seconds=60)
    mail = message(
        "Ring til mig",
        source="voicemail",
        thread="mailbox",
        kind=Kind.VOICEMAIL,
        sent_at=left,
        call=Call(
            started_at=left,
            ended_at=left,
            caller=Party(phone="+4520000001", role="from"),
            callees=(Party(person="u1", role="to"),),
        ),
    )
    take(ledger, [page(mail)], policy())

    with ledger.read() as connection:
        call_id = connection.execute(
            sa.select(item.c.call_id).where(item.c.kind == "voicemail")
        ).scalar_one()
        kind = connection.execute(sa.select(item.c.kind).where(item.c.id == call_id)).scalar_one()
    assert kind == "missed_call"
