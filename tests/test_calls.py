"""Sightings of one call are joined when time and people say so, and never when they contradict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.calls import (
    AMBIGUOUS,
    SEARCH_WINDOW_S,
    _merged,
    belongs_to_voicemail,
    judge,
    kind_of,
    match,
    merge,
    sort_of,
)
from connector.model import Call, Direction, Kind, Leg, Party

T0 = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)
CITIZEN = Party(phone="+4520123456", role="from")
MASKED = Party(phone="+4520123***", role="from")
METTE = Party(person="u-mette", name="Mette Holm", mail="mette@example.dk", role="to")
JENS = Party(person="u-jens", name="Jens Krogh", role="to")


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def record(key: str = "r1", start: float = 0, end: float = 200, **fields: object) -> Call:
    given: dict[str, object] = {
        "direction": Direction.INBOUND,
        "is_answered": True,
        "caller": CITIZEN,
        "callees": (METTE,),
        "legs": (leg("user", METTE, start, end),),
        **fields,
    }
    return Call(started_at=at(start), ended_at=at(end), same=(f"record:{key}",), **given)  # type: ignore[arg-type]


def row(key: str = "p1", start: float = 25, end: float = 200, **fields: object) -> Call:
    given: dict[str, object] = {
        "direction": Direction.INBOUND,
        "caller": MASKED,
        "callees": (msgspec.structs.replace(METTE, phone="+4559100001"),),
        **fields,
    }
    return Call(started_at=at(start), ended_at=at(end), same=(f"pstn:{key}",), **given)  # type: ignore[arg-type]


def event(key: str = "e1", start: float = 30, end: float = 205, *who: Party) -> Call:
    caller, *others = who or (METTE, JENS)
    return Call(
        started_at=at(start),
        ended_at=at(end),
        caller=caller,
        others=tuple(others),
        same=(f"chatcall:{key}",),
        thread="19:chat",
        is_answered=True,
        direction=Direction.INTERNAL,
    )


def mail(start: float = 40, caller: Party = CITIZEN) -> Call:
    return Call(
        started_at=at(start),
        ended_at=at(start),
        caller=caller,
        callees=(Party(mail="METTE@example.dk", role="to"),),
        is_answered=False,
        direction=Direction.INBOUND,
    )


def leg(role: str, who: Party, start: float, end: float, **fields: object) -> Leg:
    return Leg(role=role, who=who, started_at=at(start), ended_at=at(end), **fields)  # type: ignore[arg-type]


def known(*calls: Call) -> list[tuple[int, list[tuple[str, Call]]]]:
    return [(n, [("teams.x", call)]) for n, call in enumerate(calls, 1)]


def test_common_key() -> None:
    """A common key proves it, whatever the times say."""
    other = Call(started_at=at(9000), ended_at=at(9001), same=("x:1", "record:r1"))

    assert match(other, "teams.chats", known(record("r2"), record("r1"))) == 2


@pytest.mark.parametrize(
    ("one", "joined"),
    [
        (row(), True),
        (row(start=60), True),
        (row(start=61), False),
        (row(start=-60), True),
        (row(caller=CITIZEN), True),
        (row(caller=Party(phone="+4520124***")), False),
        (row(caller=Party(phone="+4530303030")), False),
        (row(caller=Party(phone="Anonym")), True),
        (row(callees=(JENS,)), False),
        (row(direction=Direction.OUTBOUND), False),
    ],
)
def test_record_and_row(one: Call, joined: bool) -> None:
    """A row joins a record of the same user that began within a minute, unless numbers differ."""
    assert match(one, "teams.pstn", known(record())) == (1 if joined else None)
    assert match(record(), "teams.calls", known(one)) == (1 if joined else None)


def test_queue_row_without_user() -> None:
    """A queue's row has no user: it joins by the outside number, and a person's row joins it."""
    queue = row(callees=(Party(phone="+4559100000", role="attendant"),), start=5)

    assert match(queue, "teams.pstn", known(record())) == 1
    assert (
        match(queue, "teams.pstn", known(record(caller=JENS, direction=Direction.INTERNAL))) is None
    )
    assert match(row("p2"), "teams.pstn", known(queue)) == 1


def test_two_rows_of_a_user_are_two_calls() -> None:
    """Two rows of one user are two calls, even in the same minute; so are two records."""
    assert match(row("p2"), "teams.pstn", known(row("p1"))) is None
    assert match(record("r2"), "teams.calls", known(record("r1"))) is None
    taken = [(1, [("teams.calls", record()), ("teams.pstn", row("p1"))])]
    assert match(row("p2", start=40), "teams.pstn", taken) is None


@pytest.mark.parametrize(
    ("one", "joined"),
    [
        (event(), True),
        (event(end=320), True),
        (event(end=321), False),
        (event("e1", 30, 205, JENS, Party(person="u-bo")), False),
        (event("e1", 90, 90), True),  # a call that has started: no length yet
        (event("e1", 130, 130), False),
    ],
)
def test_chat_event_and_record(one: Call, joined: bool) -> None:
    """A chat's event joins a record with a common participant that ended within two minutes."""
    meeting = record(caller=METTE, callees=(), others=(JENS,), direction=Direction.INTERNAL)

    assert match(one, "teams.chats", known(meeting)) == (1 if joined else None)
    assert match(meeting, "teams.calls", known(one)) == (1 if joined else None)


def test_more_people_in_common_wins() -> None:
    """Of two calls that an event fits, the one with more of its people is meant."""
    both = record("r1", end=230, caller=METTE, others=(JENS,), callees=())
    one = record("r2", end=206, caller=METTE, callees=())

    assert match(event(), "teams.chats", known(one, both)) == 2


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (mail(), record(is_answered=False, end=30), True),
        (mail(), row(is_answered=False), True),
        (mail(120), record(is_answered=False), True),
        (mail(121), record(is_answered=False), False),
        (mail(), record(is_answered=True), False),
        (mail(caller=Party(phone="+4530303030")), record(is_answered=False), False),
        (mail(), record(is_answered=False, callees=(JENS,), legs=()), False),
        (mail(caller=Party()), record(is_answered=False), False),
    ],
)
def test_missed_call_mail(one: Call, other: Call, joined: bool) -> None:
    """A missed-call mail joins the unanswered call of the same callee and number."""
    assert match(one, "mail", known(other)) == (1 if joined else None)


def test_direct_routing_journey() -> None:
    """Rows of one correlation are one journey; without it they stay apart."""
    first = Call(started_at=at(0), ended_at=at(9), same=("dr:c1",), caller=MASKED)
    second = msgspec.structs.replace(first, started_at=at(9), ended_at=at(200), callees=(METTE,))
    lone = msgspec.structs.replace(second, same=())

    assert match(second, "teams.direct_routing", known(first)) == 1
    assert match(lone, "teams.direct_routing", [(1, [("teams.direct_routing", lone)])]) is None


def test_nearest_wins() -> None:
    """A citizen who calls again within the minute: the row goes to the call it is nearest to."""
    first, again = record("r1", 0, 20), record("r2", 40, 240)

    assert match(row(start=55, end=240), "teams.pstn", known(first, again)) == 2
    assert match(row(start=8, end=20), "teams.pstn", known(first, again)) == 1


def test_equal_fit_abstains() -> None:
    """What fits two calls equally well joins neither, and a flag says so."""
    two = known(record("r1", 0, 200), record("r2", 2, 202))

    assert judge(row(), "teams.pstn", two) == (None, AMBIGUOUS)
    assert judge(row(), "teams.pstn", []) == (None, "")


def test_full_number_beats_masked() -> None:
    """A call whose whole number agrees is meant before one that only fits the mask."""
    masked = record("r1", 25, 200, caller=MASKED)

    assert match(row(caller=CITIZEN), "teams.pstn", known(masked, record("r2"))) == 2


def test_sorts() -> None:
    """What a sighting is follows from its keys, else from the name of its source."""
    plain = Call(started_at=T0, ended_at=T0)

    assert sort_of("x", msgspec.structs.replace(plain, same=("chatcall:1", "record:1"))) == "record"
    assert [
        sort_of(name, plain)
        for name in ("teams.direct_routing", "mail", "teams.chats", "lync_cdr", "sms")
    ] == [
        "dr",
        "mail",
        "event",
        "lync",
        "other",
    ]


def test_merge_takes_the_best_of_each() -> None:
    """Times and answer come from the record, the full number from whoever has it."""
    call = merge([("p", row()), ("r", record(caller=MASKED)), ("m", mail(100)), ("e", event())])

    assert (call.started_at, call.ended_at) == (at(0), at(200))
    assert call.is_answered is True
    assert call.direction is Direction.INBOUND
    assert call.caller.phone == "+4520123456"
    assert [party.person for party in call.callees] == ["u-mette"]
    assert call.callees[0].phone == "+4559100001"
    assert [party.person for party in call.others] == ["u-jens"]
    assert call.thread == "19:chat"
    assert call.same == ("chatcall:e1", "pstn:p1", "record:r1")


def test_a_record_that_cannot_tell() -> None:
    """When the record cannot tell whether it was answered, the next best source does."""
    assert (
        merge([("r", record(is_answered=None)), ("p", row(is_answered=True))]).is_answered is True
    )
    assert merge([("r", record(is_answered=None, went_to_voicemail=True))]).is_answered is False
    assert merge([("r", record(is_answered=None))]).is_answered is None


def test_journey_keeps_its_order() -> None:
    """The legs of attendant, queue and persons stay in order; a row's view adds none twice."""
    legs = (
        leg("attendant", CITIZEN, 0, 10),
        leg("queue", CITIZEN, 10, 40),
        leg("user", JENS, 40, 60, is_answered=False),
        leg("user", METTE, 60, 200, is_answered=True),
    )
    rows = Call(
        started_at=at(1),
        ended_at=at(199),
        caller=MASKED,
        same=("dr:c1",),
        legs=(leg("service", Party(phone="+4559100000"), 1, 40), leg("user", METTE, 61, 199)),
    )
    later = leg("user", Party(person="u-bo"), 200, 260)
    call = merge(
        [
            ("d", rows),
            ("r", record(legs=legs[::-1])),
            ("d", msgspec.structs.replace(rows, legs=(later,))),
        ]
    )

    assert call.legs == (*legs, later)


def test_kinds() -> None:
    """A call nobody answered is a missed call; one that cannot tell is a call."""
    assert kind_of(record(is_answered=False)) is Kind.MISSED_CALL
    assert kind_of(record(is_answered=None)) is Kind.CALL
    assert kind_of(record(is_answered=True)) is Kind.CALL


@pytest.mark.parametrize(
    ("call", "left", "belongs"),
    [
        (record(is_answered=False, end=30), mail(60), True),
        (record(is_answered=False, end=30), mail(630), True),
        (record(is_answered=False, end=30), mail(631), False),
        (record(is_answered=False, end=30), mail(-61), False),
        (record(is_answered=True), mail(60), False),
        (record(is_answered=False, caller=MASKED), mail(60), True),
        (record(is_answered=False, caller=Party(phone="+4530303030")), mail(60), False),
        (record(is_answered=False, callees=(JENS,), legs=()), mail(60), False),
        (record(is_answered=False, callees=(), legs=(), went_to_voicemail=True), mail(60), True),
        (record(is_answered=False, caller=Party(phone="Anonym")), mail(60), False),
    ],
)
def test_voicemail_of_a_call(call: Call, left: Call, belongs: bool) -> None:
    """A voicemail belongs to the unanswered call of the same two, left within ten minutes."""
    assert belongs_to_voicemail(call, left) is belongs


def test_search_window_covers_every_limit() -> None:
    """The ledger's first look is wider than every limit that is then applied."""
    assert SEARCH_WINDOW_S >= 600


def test_nothing_to_merge() -> None:
    """A call without a sighting is a mistake of the caller."""
    with pytest.raises(ValueError, match="sighting"):
        merge([])


PARTIES = st.sampled_from(
    [Party(), CITIZEN, MASKED, METTE, JENS, Party(phone="Anonym"), Party(mail="METTE@example.dk"),
     Party(phone="+4559100001"), Party(person="u-mette", phone="+4559100001"), Party(name="Bo")]
)  # fmt: skip
SECONDS = st.integers(0, 300)
LEGS = st.lists(
    st.builds(
        lambda role, who, start, length: leg(role, who, start, start + length),
        st.sampled_from(["user", "queue", "service", "phone"]),
        PARTIES,
        SECONDS,
        SECONDS,
    ),
    max_size=3,
).map(tuple)
CALLS = st.builds(
    lambda start, length, **fields: Call(
        started_at=at(start), ended_at=at(start + length), **fields
    ),
    SECONDS,
    SECONDS,
    direction=st.sampled_from(Direction),
    is_answered=st.sampled_from([None, True, False]),
    caller=PARTIES,
    callees=st.lists(PARTIES, max_size=2).map(tuple),
    others=st.lists(PARTIES, max_size=2).map(tuple),
    legs=LEGS,
    same=st.sampled_from([(), ("record:1",), ("dr:1",), ("pstn:1",), ("chatcall:1",)]),
    thread=st.sampled_from(["", "19:a", "19:b"]),
    went_to_voicemail=st.booleans(),
)
SIGHTINGS = st.lists(
    st.tuples(st.sampled_from(["teams.calls", "mail", "teams.chats"]), CALLS),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(SIGHTINGS.flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))))
def test_order_does_not_matter(pair: tuple[list[tuple[str, Call]], list[tuple[str, Call]]]) -> None:
    """Sightings in another order, or twice, make the same call."""
    seen, mixed = pair
    call = merge(seen)

    assert merge(mixed) == call
    assert merge([*seen, *mixed]) == call
    assert call.ended_at >= call.started_at
    assert {key for _, one in seen for key in one.same} == set(call.same)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["teams.calls", "mail", "teams.chats"]), CALLS)
def test_one_sighting_is_what_merging_makes_of_it(source: str, call: Call) -> None:
    """The short way for a call that was seen once says what the long one says."""
    assert merge([(source, call)]) == _merged([(source, call)])


@settings(max_examples=300, deadline=None)
@given(
    CALLS,
    st.lists(st.lists(st.tuples(st.just("teams.x"), CALLS), min_size=1, max_size=2), max_size=3),
)
def test_a_match_never_contradicts(one: Call, others: list[list[tuple[str, Call]]]) -> None:
    """What is joined without a common key goes the same way, in any order of candidates."""
    candidates = list(enumerate(others))
    without = [
        (n, seen) for n, seen in candidates if not any(set(one.same) & set(c.same) for _, c in seen)
    ]
    chosen = match(one, "teams.x", without)

    assert match(one, "teams.x", without[::-1]) == chosen
    if chosen is not None:
        ways = {call.direction for _, call in others[chosen]} | {one.direction}
        known_ways = ways - {Direction.UNKNOWN, Direction.INTERNAL}
        assert one.direction not in known_ways or len(known_ways) == 1
