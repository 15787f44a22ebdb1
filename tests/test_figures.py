"""What the records manager is told: every number adds up, and leads to exactly its items."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import Rejected, Unclear
from connector.ledger import Ledger, open_ledger
from connector.ledger.access import Role, Viewer
from connector.ledger.ages import BUCKETS, ages
from connector.ledger.batch import Batch
from connector.ledger.corrections import Correction, corrections
from connector.ledger.days import Period, bounds
from connector.ledger.doubtful import Changed, Doubtful, confirm, doubtful, send_again
from connector.ledger.figure_items import FATES, Found, items
from connector.ledger.figure_sorting import UNKNOWN_UNIT, Fate
from connector.ledger.figures import Counts, Group, Scope, figures, summed, total
from connector.ledger.linking import decide_by_person
from connector.ledger.looks import record_look
from connector.ledger.looks_report import Look, Withholding, looks
from connector.ledger.runs import running
from connector.ledger.tables import delivery, event, item
from connector.ledger.take import take
from connector.model import Case, Item, Kind, LinkState, Party
from tests.conftest import Clock
from tests.making import (
    CASE,
    NOON,
    OTHER_CASE,
    add_cases,
    case,
    message,
    page,
    policy,
    scanner,
    sighting,
)
from tests.test_deliveries import FakeSink, send

ZONE = ZoneInfo("Europe/Copenhagen")
UNITS = {"u1": "Borgerservice", "u2": "Teknik", "u3": "Borgerservice"}
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
MANAGER = Viewer(name="Rita", upn="rita@kommune.example", roles=frozenset({Role.RECORDS_MANAGER}))
SECRET = "27.24.06-P19-9-26"


def counted(ledger: Ledger, period: Period = WEEK, **scope: str) -> dict[Group, Counts]:
    with ledger.read() as connection:
        return figures(connection, ZONE, UNITS, period, Scope(**scope))


def listed(ledger: Ledger, fate: str = "", period: Period = WEEK, **scope: str) -> list[Found]:
    with ledger.read() as connection:
        found = items(
            connection, ZONE, UNITS, period, MANAGER, scope=Scope(**scope), fates=FATES[fate]
        )
        return list(found)


def decide(
    ledger: Ledger, root: int, number: str = "", state: str = "", why: str = "heard"
) -> None:
    """A person puts an item on a case, or says what else it is."""
    with ledger.write() as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())
        decide_by_person(
            batch,
            root,
            state=LinkState(state) if state else LinkState.LINKED,
            case=Case(number=number) if number else None,
            actor="bodil",
            reason=why,
        )


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """Two messages on a case, one that waits, one on none, one excluded, and a call of Teknik's."""
    add_cases(
        ledger,
        case(department="Borgerservice", parties=()),
        case(OTHER_CASE, parties=()),
        case(SECRET, parties=(), access="restricted", department="Teknik"),
    )
    call = {"callees": (Party(person="u2", role="to"),), "caller": Party(phone="+4520000009")}
    take(
        ledger,
        [
            page(message(f"Om {CASE}", 0), message("Tak", 5)),
            page(message("Frokost?", 6, thread="19:b@thread.v2", sender="u2")),
            page(message("Gave", 7, thread="19:c@thread.v2", sender="u9")),
            page(sighting(call=call)),
        ],
        policy(),
    )
    decide(ledger, 4, state="excluded")
    return ledger


def test_figures(told: Ledger) -> None:
    """Each thing stands once, under its source, its unit and its day, with what became of it."""
    send(told, FakeSink())
    found = counted(told)

    lines = {(g.source, g.unit, g.kind): (c.journaled, c.unlinked, c.excluded)
             for g, c in found.items()}  # fmt: skip
    assert lines == {
        ("chats", "Borgerservice", "message"): (2, 0, 0),
        ("chats", "Teknik", "message"): (0, 1, 0),
        ("chats", UNKNOWN_UNIT, "message"): (0, 0, 1),
        ("calls", "Teknik", "call"): (0, 1, 0),
    }
    assert {group.day for group in found} == {date(2026, 11, 18)}


def test_how_far_the_journal_is(told: Ledger) -> None:
    """On a case is not journaled: first it is owed, when the delivery fails a person looks, and
    only the journal's confirmation makes it journaled.
    """
    fates = []
    sink = FakeSink()
    for error in (Rejected("journal: no", system="journal"), None):
        fates.append(total(counted(told)))
        sink.errors = [error]
        send(told, sink)
        fates.append(total(counted(told)))
        with told.write() as connection:
            connection.execute(sa.update(delivery).values(state="waiting", not_before=0))
    with told.write() as connection:
        connection.execute(sa.update(delivery).values(state="done"))
    fates.append(total(counted(told)))

    assert [(c.owed, c.failed, c.journaled) for c in fates] == [
        (2, 0, 0), (0, 2, 0), (2, 0, 0), (0, 0, 2), (0, 0, 2),
    ]  # fmt: skip
    assert {2} == {each.linked for each in fates}


def test_a_second_journal(ledger: Ledger, clock: Clock) -> None:
    """What only one of two journals has confirmed is not journaled."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}"))], policy())
    send(ledger, FakeSink())
    with ledger.write() as connection:
        row = connection.execute(sa.select(delivery)).one()._asdict()
        other = row | {"key": "CT-OTHER", "sink": "other", "state": "waiting"}
        connection.execute(sa.insert(delivery).values(**other))

    assert (total(counted(ledger)).owed, total(counted(ledger)).journaled) == (1, 0)


def test_a_later_message_is_owed(told: Ledger) -> None:
    """When a conversation goes on, it is owed again until its new version is confirmed."""
    sink = FakeSink()
    send(told, sink)
    take(told, [page(message("Ja, det gør jeg", 9))], policy())
    assert (total(counted(told)).owed, total(counted(told)).journaled) == (3, 0)
    send(told, sink)

    assert (total(counted(told)).owed, total(counted(told)).journaled) == (0, 3)


def test_unit_of_most(ledger: Ledger) -> None:
    """Talk between units is counted where most of those who took part work."""
    take(ledger, [page(message("a"), message("b", 1, sender="u2"), message("c", 2, sender="u3"))],
         policy())  # fmt: skip

    assert {"Borgerservice"} == {group.unit for group in counted(ledger)}


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 1), 24)]
)
def test_days_where_clocks_change(ledger: Ledger, day: date, hours: int) -> None:
    """A day holds what was said on it by the local clock, also when it has 23 or 25 hours."""
    begins, ends = bounds(day, ZONE)
    assert hours * 3_600_000 == ends - begins
    first = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    last = first + timedelta(milliseconds=ends - begins - 1)
    at = (first - timedelta(milliseconds=1), first, last, last + timedelta(milliseconds=1))
    take(ledger, [page(*(message(str(n), sent_at=when) for n, when in enumerate(at)))], policy())

    found = counted(ledger, Period(day - timedelta(days=1), day + timedelta(days=1)))
    assert [counts.read for counts in summed(found, lambda g: g.day).values()] == [1, 2, 1]


def test_scope(told: Ledger) -> None:
    """A source, a unit and a kind can be asked for alone, and together."""
    assert total(counted(told, unit="Teknik")).read == 2
    assert total(counted(told, unit="Teknik", kind="call")).read == 1
    assert total(counted(told, source="calls")).read == 1
    assert total(counted(told, unit="Ukendt by")).read == 0


def test_no_others_are_counted(told: Ledger) -> None:
    """Sightings, events and later versions are not things that were said."""
    with told.read() as connection:
        kinds = list(connection.execute(sa.select(item.c.kind)).scalars())

    assert (len(kinds), total(counted(told)).read) == (6, 5)
    assert "sighting" in kinds


def test_list_is_paged(told: Ledger) -> None:
    """A list goes on after any of its rows, and holds each once, oldest first."""
    whole = listed(told)
    with told.read() as connection:
        after = [
            [each.root for each in items(connection, ZONE, UNITS, WEEK, MANAGER, after=one.cursor)]
            for one in whole
        ]

    roots = [each.root for each in whole]
    assert [roots[place + 1 :] for place in range(len(roots))] == after
    assert sorted(whole, key=lambda each: each.sent_at) == whole


def test_restricted(told: Ledger) -> None:
    """A case that the manager may not see is counted, and its item shown without the case."""
    decide(told, 1, SECRET)
    found = {each.root: each for each in listed(told, "linked")}

    assert (found[1].is_visible, found[1].case_number) == (False, "")
    assert found[1].unit == "Teknik"


def test_no_cursor(told: Ledger) -> None:
    """A cursor that is none is refused."""
    with told.read() as connection, pytest.raises(ValueError, match="invalid literal"):
        next(items(connection, ZONE, UNITS, WEEK, MANAGER, after="x"))


THREADS = st.sampled_from(["19:a@thread.v2", "19:b@thread.v2"])
SAID = st.tuples(
    st.integers(0, 5 * 24 * 60),  # minutes from the day before clocks change
    THREADS,
    st.sampled_from(["u1", "u2", "u9"]),
    st.sampled_from(["", CASE, OTHER_CASE, "call"]),
    st.sampled_from(["", "", CASE, OTHER_CASE, "excluded", "unlinked", "waiting"]),
)


@given(st.lists(SAID, max_size=10), st.integers(0, 3))
@settings(max_examples=25)
def test_every_number_has_its_items(said: list[Any], troubles: int) -> None:
    """Whatever happened: the sums hold, nothing is left out, and each number has as many items."""
    ledger = open_ledger("sqlite://", clock=Clock(datetime(2026, 10, 30, tzinfo=UTC)))
    add_cases(ledger, case(department="Borgerservice"), case(OTHER_CASE, parties=()))
    start = datetime(2026, 10, 24, 3, tzinfo=UTC)
    for number, (minute, thread, sender, about, _) in enumerate(said):
        take(ledger, [page(_said(number, start, minute, thread, sender, about))], policy())
    with ledger.read() as connection:
        roots = connection.execute(_ROOTS).scalars().all()
    for root, (*_, says) in zip(roots, said, strict=False):
        if says:
            is_case = says in (CASE, OTHER_CASE)
            decide(ledger, root, says if is_case else "", "" if is_case else says)
    sink = FakeSink(can_find=False)
    sink.errors = [Rejected("no", system="journal"), None, Unclear("lost", system="journal")]
    sink.errors = sink.errors[:troubles]
    send(ledger, sink)
    period = Period(date(2026, 10, 23), date(2026, 10, 30))
    found = counted(ledger, period)

    every = listed(ledger, "", period)
    assert sorted(roots) == sorted(each.root for each in every)
    for group, counts in found.items():
        scope = {"source": group.source, "unit": group.unit, "kind": group.kind}
        day = Period(group.day, group.day)
        for fate in FATES:
            expected = getattr(counts, fate or "read")
            assert expected == len(listed(ledger, fate, day, **scope)), (group, fate)
    ledger.close()


_ROOTS = (
    sa.select(item.c.id)
    .where(item.c.root_id == item.c.id, item.c.kind.in_(("message", "call")))
    .order_by(item.c.id)
)


def _said(number: int, start: datetime, minute: int, thread: str, sender: str, about: str) -> Item:
    at = start + timedelta(minutes=minute)
    if about == "call":
        callee = Party(person=sender, role="to")
        call = {"started_at": at, "ended_at": at + timedelta(minutes=1), "callees": (callee,)}
        call["caller"] = Party(phone=f"+45200001{number:02d}")
        return sighting(call=call, key=f"call-{number}")
    text = f"Om {about}" if about else "Hej"
    return message(text, sent_at=at, thread=thread, sender=sender, key=f"m{number}")


def test_ages(ledger: Ledger, clock: Clock) -> None:
    """How long it took runs from what was said to the last journal's confirmation."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", 0), message("Tak", 30))], policy())
    take(ledger, [page(message("Frokost", 1, thread="19:b@thread.v2"))], policy())
    send(ledger, FakeSink())
    with ledger.read() as connection:
        every, talk = ages(connection, ZONE, WEEK, target_days=1, now=ledger.now())

    # Said on Wednesday at 12:00 and 12:30 in Denmark, confirmed on Friday at 13:00.
    hour = 3_600_000
    assert (talk.linked, talk.journaled, talk.late) == (2, 2, 2)
    assert (48.5 * hour, 49 * hour) == (talk.median_ms, talk.most_ms)
    assert talk.buckets == (0, 0, 0, 0, 2, 0, 0)
    assert ("", talk.buckets) == (every.kind, every.buckets)
    assert len(BUCKETS) + 1 == 7


def test_ages_of_what_is_not_journaled(ledger: Ledger, clock: Clock) -> None:
    """What is not confirmed has no age, and is late once its target is past."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", 0))], policy())
    late = []
    for _ in range(3):
        with ledger.read() as connection:
            (talk,) = ages(connection, ZONE, WEEK, target_days=2, now=ledger.now())[1:]
        late.append((talk.journaled, talk.median_ms, talk.late))
        clock.move(days=1)  # Friday, on which the second working day ends; then a weekend

    assert late == [(0, None, 0), (0, None, 1), (0, None, 1)]


def test_ages_of_a_later_message(ledger: Ledger, clock: Clock) -> None:
    """A message that came later counts to the version that holds it, the others to the first."""
    add_cases(ledger, case())
    sink = FakeSink()
    take(ledger, [page(message(f"Om {CASE}", 0))], policy())
    send(ledger, sink)
    clock.move(days=3)
    take(ledger, [page(message("Ja, det gør jeg", 60))], policy())
    send(ledger, sink)
    with ledger.read() as connection:
        talk = ages(connection, ZONE, WEEK, target_days=2, now=ledger.now())[1]

    assert (talk.median_ms, talk.most_ms) == (49 * 3_600_000, 120 * 3_600_000)
    assert talk.late == 1


def changes(ledger: Ledger, viewer: Viewer = MANAGER, after: str = "") -> list[Correction]:
    with ledger.read() as connection:
        return list(corrections(connection, ZONE, WEEK, viewer, after=after))


def test_moved(told: Ledger, clock: Clock) -> None:
    """What moved after it was journaled stands with both cases, who, why, and what was told."""
    sink = FakeSink()
    send(told, sink)
    clock.move(hours=1)
    decide(told, 1, OTHER_CASE, why="the other Hansen")
    follower, first = changes(told)  # the newest first: the second message followed the first
    clock.move(hours=1)
    send(told, sink)
    (_, told_now) = changes(told)

    assert (
        first.from_case, first.to_case, first.actor, first.reason,
    ) == (CASE, OTHER_CASE, "bodil", "the other Hansen")  # fmt: skip
    assert (follower.actor, follower.to_case) == ("bodil", OTHER_CASE)
    assert (first.is_void, first.is_told, first.told_at) == (None, False, None)
    assert (True, True, told.now()) == (told_now.is_void, told_now.is_told, told_now.told_at)
    assert [first.root] == [each.root for each in changes(told, after=follower.cursor)]


def test_part_of_a_conversation(told: Ledger, clock: Clock) -> None:
    """When one message of several leaves a case, its entry is written anew and not taken back."""
    sink = FakeSink()
    send(told, sink)
    clock.move(hours=1)
    decide(told, 2, state="unlinked", why="private")
    clock.move(hours=1)
    send(told, sink)
    (one,) = changes(told)

    assert (one.is_void, one.is_told, one.to_case, one.to_state) == (False, True, "", "unlinked")


def test_nothing_was_journaled(told: Ledger) -> None:
    """What moved before anything was written is no correction of a journal."""
    decide(told, 1, OTHER_CASE)

    assert changes(told) == []


def test_restricted_correction(told: Ledger, clock: Clock) -> None:
    """Of a move to a case that the manager may not see: that, when and who; not where, not why."""
    send(told, FakeSink())
    clock.move(hours=1)
    decide(told, 1, SECRET, why="the child")
    *_, one = changes(told)  # the other message followed

    assert (one.is_visible, one.from_case, one.to_case, one.reason) == (False, "", "", "")
    assert one.actor == "bodil"


def seen(ledger: Ledger, **only: str) -> list[Look]:
    with ledger.read() as connection:
        withholding = Withholding(connection, MANAGER, scanner())
        return list(looks(connection, ZONE, WEEK, withholding, **only))


def test_looks(told: Ledger, clock: Clock) -> None:
    """Who looked at what is found by person, and by case with all that is on it."""
    other = Viewer(name="Carl Ølgård", upn="carl@kommune.example")
    with told.write() as connection:
        for viewer, subject in ((MANAGER, f"case {CASE}"), (other, "item 1"), (other, "search")):
            record_look(connection, viewer, subject, told.now(), how="page")
            clock.move(minutes=1)

    assert ["search", "item 1", f"case {CASE}"] == [each.subject for each in seen(told)]
    assert [each.subject for each in seen(told, who="ølgård")] == ["search", "item 1"]
    assert ["item 1", f"case {CASE}"] == [each.subject for each in seen(told, case=CASE)]
    assert [each.subject for each in seen(told, case=CASE, who="CARL@")] == ["item 1"]
    newest = seen(told)[0]
    assert (newest.name, newest.how) == ("Carl Ølgård", {"how": "page"})
    assert len(seen(told, after=newest.cursor)) == 2


def troubles(ledger: Ledger, **only: str) -> list[Doubtful]:
    with ledger.read() as connection:
        return list(doubtful(connection, MANAGER, **only))


@pytest.fixture
def unsure(told: Ledger) -> Ledger:
    """One delivery of which the journal cannot say whether it has it."""
    sink = FakeSink(can_find=False)
    sink.errors = [Unclear("journal: no answer", system="journal")]
    send(told, sink)
    return told


def test_confirmed(unsure: Ledger) -> None:
    """A person saw it in the journal: it is done, under what the journal calls it, by whom."""
    (one,) = troubles(unsure)
    assert (one.state, one.case_number) == ("unsure", CASE)
    with unsure.write() as connection:
        confirm(connection, one.key, one.seen, reference=" 4711 ", actor="rita", now=unsure.now())

    with unsure.read() as connection:
        row = connection.execute(sa.select(delivery)).one()
        told_of = connection.execute(sa.select(event).where(event.c.action == "confirmed")).one()
    assert (row.state, row.reason) == ("done", "")
    assert '"target":"4711"' in row.receipt
    assert ("rita", f"delivery {one.key}") == (told_of.actor, told_of.subject)
    assert total(counted(unsure)).journaled == 2
    assert troubles(unsure) == []


def test_not_there(unsure: Ledger) -> None:
    """It is not there: it is sent again."""
    (one,) = troubles(unsure)
    with unsure.write() as connection:
        send_again(connection, one.key, one.seen, actor="rita", now=unsure.now())
    sink = FakeSink()
    send(unsure, sink)

    assert [one.key] == sink.puts
    assert troubles(unsure) == []


def test_stale_decision(unsure: Ledger, clock: Clock) -> None:
    """Who decides on what they saw is refused when somebody decided meanwhile."""
    (one,) = troubles(unsure)
    with unsure.write() as connection:
        send_again(connection, one.key, one.seen, actor="rita", now=unsure.now())
    with unsure.write() as connection, pytest.raises(Changed):
        confirm(connection, one.key, one.seen, reference="1", actor="rolf", now=unsure.now())
    with unsure.write() as connection, pytest.raises(Changed):
        send_again(connection, "CT-NONE", one.seen, actor="rolf", now=unsure.now())


def test_run_has_it_in_hand(unsure: Ledger) -> None:
    """While a run asks the journal about it, nobody else decides."""
    (one,) = troubles(unsure)
    with running(unsure, "deliver") as run, unsure.write() as connection:
        connection.execute(sa.update(delivery).values(run_id=run.id))
        with pytest.raises(Changed):
            send_again(connection, one.key, one.seen, actor="rita", now=unsure.now())


def test_a_reference_is_needed(unsure: Ledger) -> None:
    """Nobody says that it is there without saying where; a failed one is not confirmed at all."""
    (one,) = troubles(unsure)
    with unsure.write() as connection, pytest.raises(ValueError, match="reference"):
        confirm(connection, one.key, one.seen, reference=" ", actor="rita", now=unsure.now())
    with unsure.write() as connection:
        connection.execute(sa.update(delivery).values(state="failed"))
    (one,) = troubles(unsure, state="failed", sink="journal")
    with unsure.write() as connection, pytest.raises(Changed):
        confirm(connection, one.key, one.seen, reference="1", actor="rita", now=unsure.now())
    assert troubles(unsure, sink="other") == []


def test_doubtful_on_a_restricted_case(told: Ledger) -> None:
    """A delivery to a case that the manager may not see stands there without the case."""
    decide(told, 1, SECRET)
    sink = FakeSink()
    sink.errors = [Rejected("no", system="journal"), Rejected("no", system="journal")]
    send(told, sink)
    found = {each.case_number for each in troubles(told)}

    assert {"", CASE} >= found
    assert "" in found


def test_groups_are_ordered(told: Ledger) -> None:
    """Sums come in the order of what they are about."""
    assert list(itertools.chain(sorted({g.unit for g in counted(told)}))) == list(
        summed(counted(told), lambda group: group.unit)
    )
    assert set(Fate) == {Fate(name) for name in Counts.__struct_fields__}
    assert Kind.CALL.value in {group.kind for group in counted(told)}
    assert NOON.date() in {group.day for group in counted(told)}
