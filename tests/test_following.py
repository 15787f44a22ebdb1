"""What one communication says of others: a meeting's subject, a chat's call, a call back."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.tables import item, link
from connector.ledger.take import take
from connector.model import Direction, Item, Kind, LinkState, Party
from tests.making import CASE, NOON, OTHER_CASE, add_cases, case, message, page, policy, sighting

MEETING = "19:meeting_abc@thread.v2"


def rows(ledger: Ledger) -> list[tuple[str, str, str | None, str | None]]:
    """(kind, state, case, rule) of everything that can be journaled, in order of time."""
    with ledger.read() as connection:
        query = (
            sa.select(item.c.kind, item.c.state, item.c.case_number, link.c.rule)
            .outerjoin(link, sa.and_(link.c.item_id == item.c.id, link.c.superseded_at.is_(None)))
            .where(item.c.id == item.c.root_id, item.c.kind != Kind.SIGHTING.value)
            .order_by(item.c.sent_at, item.c.id)
        )
        return [tuple(row) for row in connection.execute(query)]


def meeting(subject: str, minute: float = 5) -> Item:
    """A call in the meeting's chat, as the call record tells of it."""
    call: dict[str, Any] = {
        "direction": Direction.INTERNAL,
        "caller": Party(person="u2", role="from"),
        "callees": (Party(person="u1", role="to"),),
        "thread": MEETING,
        "subject": subject,
        "same": ("chatcall:m1",),
    }
    return sighting("call_records", minute, call=call)


def in_chat(minute: float = 5) -> Item:
    """The same call, as the chat tells of it."""
    call: dict[str, Any] = {
        "direction": Direction.INTERNAL,
        "caller": Party(person="u2", role="from"),
        "callees": (),
        "thread": MEETING,
        "same": ("chatcall:m1",),
    }
    return sighting("chats", minute, call=call, thread=MEETING)


def voicemail(text: str, minute: float) -> Item:
    """A voicemail from the number of `making.case`, in u1's mailbox."""
    parties = (Party(phone="+4520000001", role="from"), Party(person="u1", role="to"))
    return message(
        text,
        minute,
        source="voicemail",
        thread="u1",
        kind=Kind.VOICEMAIL,
        direction=Direction.INBOUND,
        sender="+4520000001",
        parties=parties,
    )


def call_back(minute: float, phone: str = "+4520000***") -> Item:
    """u1 calls a number, as the calling plan's row shows it."""
    call: dict[str, Any] = {
        "direction": Direction.OUTBOUND,
        "caller": Party(person="u1", role="from"),
        "callees": (Party(phone=phone, role="to"),),
    }
    return sighting("pstn", minute, call=call)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_meeting_subject_counts_for_its_chat(ledger: Ledger, order: tuple[int, ...]) -> None:
    """The number in a meeting's subject puts its call and what is said in its chat on the case."""
    add_cases(ledger, case())
    feed = [meeting(f"Opfølgning {CASE}"), in_chat(), message("Tak, noteret", 8, thread=MEETING)]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert rows(ledger) == [
        ("call", "linked", CASE, "number"),
        ("message", "linked", CASE, "thread"),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_call_in_the_chat_of_a_case(ledger: Ledger, order: tuple[int, ...]) -> None:
    """A call without words follows the chat that it is held in."""
    add_cases(ledger, case())
    feed = [message(f"Vi tager {CASE} nu", 0, thread=MEETING), in_chat(), meeting("Ugemøde")]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert rows(ledger)[1] == ("call", "linked", CASE, "thread")


def test_meeting_without_a_case(ledger: Ledger) -> None:
    """A meeting that names no case puts nothing on one."""
    add_cases(ledger, case())
    take(ledger, [page(meeting("Ugemøde"), in_chat(), source="call_records")], policy())
    take(ledger, [page(message("Tak", 8, thread=MEETING))], policy())

    assert [row[1] for row in rows(ledger)] == ["unlinked", "unlinked"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_call_back_in_any_order(ledger: Ledger, order: tuple[int, ...]) -> None:
    """A call back follows the voicemail's case, whichever source is read first."""
    # Two cases of the caller: neither the digits nor the number alone would do.
    add_cases(ledger, case(), case(OTHER_CASE))
    feed = [voicemail(f"Det er om sag {CASE}, ring til mig", 0), call_back(30)]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert rows(ledger) == [
        ("voicemail", "linked", CASE, "number"),
        ("call", "linked", CASE, "call-back"),
    ]


def missed_call(minute: float, phone: str = "+4520000***", person: str = "u1") -> Item:
    """A call to u1 that nobody answered, as the calling plan's row shows it."""
    call: dict[str, Any] = {
        "ended_at": NOON + timedelta(minutes=minute),
        "is_answered": False,
        "caller": Party(phone=phone, role="from"),
        "callees": (Party(person=person, role="to"),),
    }
    return sighting("pstn", minute, call=call)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_missed_call_voicemail_call_back(ledger: Ledger, order: tuple[int, ...]) -> None:
    """All three are on the voicemail's case, in whatever order they are read."""
    add_cases(ledger, case(), case(OTHER_CASE))
    feed = [missed_call(-2), voicemail(f"Det er om sag {CASE}, ring til mig", 0), call_back(30)]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert rows(ledger) == [
        ("missed_call", "linked", CASE, "missed call"),
        ("voicemail", "linked", CASE, "number"),
        ("call", "linked", CASE, "call-back"),
    ]


def test_missed_call_of_an_unlinked_voicemail(ledger: Ledger) -> None:
    """A missed call leaves the case with the voicemail, and comes back with it."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(missed_call(-2))], policy())
    take(ledger, [page(voicemail(f"Det er om sag {CASE}, ring til mig", 0))], policy())
    said = find(ledger, Kind.VOICEMAIL)

    for state, its in ((LinkState.UNLINKED, None), (LinkState.LINKED, case(OTHER_CASE))):
        with ledger.write() as connection:
            batch = Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())
            decide_by_person(batch, said, state=state, case=its, actor="vita", reason="")
        wanted = its.number if its else None
        assert (rows(ledger)[0][1] == "linked", rows(ledger)[0][2]) == (its is not None, wanted)


@pytest.mark.parametrize(
    ("minute", "phone", "person"),
    [(-11, "+4520000***", "u1"), (-2, "+4520001***", "u1"), (-2, "+4520000***", "u2"),
     (2, "+4520000***", "u1")],
)  # fmt: skip
def test_another_missed_call(ledger: Ledger, minute: float, phone: str, person: str) -> None:
    """Too long before, another number, another colleague, or after the voicemail: no link."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(missed_call(minute, phone, person))], policy())
    take(ledger, [page(voicemail(f"Det er om sag {CASE}, ring til mig", 0))], policy())

    assert [row[1] for row in rows(ledger) if row[0] == "missed_call"] != ["linked"]


def find(ledger: Ledger, kind: Kind) -> int:
    with ledger.read() as connection:
        query = sa.select(item.c.id).where(item.c.kind == kind.value, item.c.id == item.c.root_id)
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("minute", "phone"), [(130, "+4520000***"), (30, "+4520001***"), (-30, "+4520000***")]
)
def test_no_call_back(ledger: Ledger, minute: float, phone: str) -> None:
    """Too late, another number, or before the voicemail: nobody called back."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(voicemail(f"Det er om sag {CASE}, ring til mig", 0))], policy())
    take(ledger, [page(call_back(minute, phone))], policy())

    assert next(row for row in rows(ledger) if row[0] == "call")[3] != "call-back"


def test_a_register_with_four_digits_of_year(ledger: Ledger) -> None:
    """A thread and a call back follow the case however its register writes the number."""
    number = "27.45.04-P19-12-2024"
    add_cases(ledger, case(number), case(OTHER_CASE))
    take(ledger, [page(message(f"Om {CASE}", 0), message("Tak, noteret", 5))], policy())
    take(ledger, [page(voicemail(f"Det er om sag {CASE}, ring til mig", 10))], policy())
    take(ledger, [page(call_back(30))], policy())

    assert [row[2:] for row in rows(ledger)] == [
        (number, "number"),
        (number, "thread"),
        (number, "number"),
        (number, "call-back"),
    ]
