"""What waits for a person: who sees it, by when it is due, and what a person's word does."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.access import Hidden, Role, Viewer
from connector.ledger.batch import Batch
from connector.ledger.deciding import (
    ClosedCase,
    Done,
    NotYours,
    Stale,
    etags,
    find_case_for,
    keep_chat_private,
    keep_out,
    no_case,
    put_on_case,
    standing,
    take_back,
)
from connector.ledger.people import keep_people
from connector.ledger.tables import event, item, link, private_thread
from connector.ledger.take import take
from connector.ledger.todo import Scope, Todo, count, decided_since, how_many, midnight, todo
from connector.ledger.waiting import Target, Waiting, Why
from connector.model import LinkState, Party, Person
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

ZONE = ZoneInfo("Europe/Copenhagen")
TODAY = date(2026, 11, 20)
WORKER = frozenset({Role.CASE_WORKER})
THIRD_CASE = "27.45.04-P19-77-25"
BOTH = f"Om {CASE} og {OTHER_CASE}"
RULES = policy()


def viewer(upn: str = "bodil@kommune.example", person: str = "u1", **changes: Any) -> Viewer:
    """A caseworker of the unit "Borgerservice"."""
    values: dict[str, Any] = {
        "name": upn.partition("@")[0].title(),
        "upn": upn,
        "person": person,
        "persons": frozenset({person}) if person else frozenset(),
        "names": frozenset({upn}),
        "unit": "Borgerservice",
        "roles": WORKER,
        "sees_unit": True,
    }
    return Viewer(**(values | changes))


BODIL = viewer()
VITA = viewer("vita@kommune.example", "u2", unit="Jobcenter")
KAJ = viewer("kaj@kommune.example", "u3")
RUTH = viewer("ruth@kommune.example", "u4", unit="", roles=frozenset({Role.RECORDS_MANAGER}))


@pytest.fixture
def waiting(ledger: Ledger) -> Ledger:
    """One message of u1 that names two cases: Bodil's, and Vita's of another unit."""
    add_cases(
        ledger,
        case(department="Borgerservice"),
        case(OTHER_CASE, caseworker="vita@kommune.example", department="Jobcenter", parties=()),
    )
    take(ledger, [page(message(BOTH))], RULES)
    return ledger


def target(days: int = 3, today: date = TODAY) -> Target:
    return Target(days=days, zone=ZONE, today=today)


def listed(ledger: Ledger, who: Viewer = BODIL, scope: Scope = Scope.MINE, **options: Any) -> Todo:
    with ledger.read() as connection:
        return todo(connection, who, scope, target(), **options)


def first(ledger: Ledger, who: Viewer = BODIL, scope: Scope = Scope.MINE) -> Waiting:
    return listed(ledger, who, scope).items[0]


def seen(*items: Waiting) -> dict[int, int]:
    return {each.item: each.etag for each in items}


def batch_of(ledger: Ledger, connection: Any) -> Batch:
    return Batch(ledger=ledger, connection=connection, policy=RULES, now=ledger.now())


def put(ledger: Ledger, who: Viewer, what: dict[int, int], number: str = CASE, **more: Any) -> Done:
    with ledger.write(durable=True) as connection:
        batch = batch_of(ledger, connection)
        return put_on_case(batch, who, what, number, reason="decided", **more)


def dismiss(ledger: Ledger, who: Viewer, what: dict[int, int]) -> Done:
    with ledger.write(durable=True) as connection:
        return no_case(batch_of(ledger, connection), who, what, reason="decided")


def back(ledger: Ledger, who: Viewer, what: Any) -> Done:
    with ledger.write(durable=True) as connection:
        return take_back(batch_of(ledger, connection), who, what, reason="taken back")


def hide(ledger: Ledger, who: Viewer, its: Waiting) -> Done:
    with ledger.write(durable=True) as connection:
        batch = batch_of(ledger, connection)
        return keep_chat_private(batch, who, its.item, its.etag, reason="private")


def states(ledger: Ledger) -> list[tuple[str, str | None]]:
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(item.c.state, item.c.case_number)
            .where(item.c.id == item.c.root_id)
            .order_by(item.c.id)
        )
        return [(row.state, row.case_number) for row in rows]


# the list


def test_an_item_with_its_cases(waiting: Ledger) -> None:
    """An item shows who said what and when, and each case with what points to it."""
    its = first(waiting, RUTH, Scope.ALL)

    assert (its.who, its.text, its.at) == ("Bodil Bech", BOTH, NOON)
    assert [each.case.number for each in its.suggested] == [CASE, OTHER_CASE]
    assert [each.evidence[0].found for each in its.suggested] == [CASE, OTHER_CASE]
    assert its.rule == "several numbers"
    assert its.evidence == ()


def test_hidden_suggestion_is_not_named(waiting: Ledger) -> None:
    """Another unit's case is not named to a caseworker, nor is what points to it."""
    its = first(waiting, BODIL)

    assert [each.case.number for each in its.suggested] == [CASE]
    assert its.evidence == ()


@pytest.mark.parametrize("access", ["", "restricted"])
@pytest.mark.parametrize("is_open", [True, False])
def test_hidden_case_is_told_alike(ledger: Ledger, access: str, *, is_open: bool) -> None:
    """Who took part learns that a case is hidden from them, and not what kind of case it is."""
    add_cases(
        ledger,
        case(OTHER_CASE, access=access, caseworker="vita@kommune.example", is_open=is_open),
        case("27.45.04-P19-99-24", caseworker="vita@kommune.example", is_open=is_open),
    )
    take(ledger, [page(message(f"{OTHER_CASE} eller 27.45.04-P19-99-24"))], RULES)
    its = first(ledger, BODIL)

    assert (its.why, its.rule, its.case_number) == (Why.HIDDEN, "", "")
    assert (its.suggested, its.evidence) == ((), ())


def test_partly_hidden(waiting: Ledger) -> None:
    """Of several cases, one of them hidden, it is not told that there are several."""
    assert (first(waiting, BODIL).why, first(waiting, BODIL).rule) == (Why.PARTLY, "")
    assert first(waiting, RUTH, Scope.ALL).why is Why.RULE


def test_restricted_suggestion_hides_the_item(ledger: Ledger) -> None:
    """What may belong to a restricted case is seen by those who may see that case only.

    And by those who took part, who are not told of the case.
    """
    add_cases(
        ledger,
        case(department="Borgerservice", caseworker="kaj@kommune.example"),
        case(OTHER_CASE, access="restricted", caseworker="vita@kommune.example", parties=()),
    )
    take(ledger, [page(message(BOTH))], RULES)

    assert listed(ledger, KAJ).items == ()
    assert listed(ledger, RUTH, Scope.ALL).items == ()
    own = first(ledger, BODIL)
    assert [each.case.number for each in own.suggested] == [CASE]
    assert OTHER_CASE not in repr(own).replace(own.text, "")


def test_mine_and_my_units(waiting: Ledger) -> None:
    """A colleague sees it in the unit's list only; another unit's caseworker by the own case."""
    assert len(listed(waiting, BODIL).items) == 1  # took part, and a case is hers
    assert len(listed(waiting, VITA).items) == 1  # a case is hers
    assert listed(waiting, KAJ).items == ()
    assert len(listed(waiting, KAJ, Scope.UNIT).items) == 1
    assert (
        listed(waiting, viewer("x@kommune.example", "u9", sees_unit=False), Scope.UNIT).items == ()
    )


def test_participant_only(ledger: Ledger) -> None:
    """Who took part sees it, though all cases it may belong to are others'."""
    add_cases(
        ledger,
        case(department="Jobcenter", caseworker="vita@kommune.example"),
        case(OTHER_CASE, caseworker="vita@kommune.example", department="Jobcenter", parties=()),
    )
    take(ledger, [page(message(BOTH))], RULES)
    its = first(ledger, BODIL)

    assert its.suggested == ()
    assert (its.text, its.why) == (BOTH, Why.HIDDEN)


def test_operator_sees_nothing(waiting: Ledger) -> None:
    """An operator has no list of what others said."""
    operator = viewer("op@kommune.example", "u8", roles=frozenset({Role.OPERATOR}))
    assert listed(waiting, operator, Scope.ALL).items == ()


def test_calls(ledger: Ledger) -> None:
    """A call that waits is listed with both parties, how long it was, and for who took it."""
    add_cases(
        ledger,
        case(department="Borgerservice"),
        case(OTHER_CASE, department="Borgerservice"),
    )
    take(ledger, [page(sighting(call={"callees": (Party(person="u3", name="Kaj Holm"),)}))], RULES)
    its = first(ledger, KAJ)

    assert (its.kind, its.who, its.others) == ("call", "+4520000001", ("Kaj Holm",))
    assert its.duration_s == 180
    assert {each.case.number for each in its.suggested} == {CASE, OTHER_CASE}


def test_names_from_the_directory(waiting: Ledger) -> None:
    """Those in a chat who only were mentioned are named as the directory names them."""
    with waiting.write() as connection:
        keep_people(batch_of(waiting, connection), [Person(id="u2", name="Vita Lund")])
    take(waiting, [page(message("Se her", 1, mentions=("u2",)))], RULES)

    assert first(waiting).others == ("Vita Lund",)


def test_cpr_is_masked(waiting: Ledger) -> None:
    """The last four digits of a CPR number do not stand in the list."""
    take(waiting, [page(message(f"{BOTH}, cpr 010190-1234", 1, thread="19:b@thread.v2"))], RULES)
    assert [each.text[-11:] for each in listed(waiting).items][1] == "010190-****"


def test_cpr_in_a_name_is_masked(waiting: Ledger) -> None:
    """Nor does one that somebody is called by, as the sender or among the others."""
    take(waiting, [page(message(BOTH, 1, sender_name="Asta 010190-1234"),
                        message(BOTH, 2, mentions=("u2",)))], RULES)  # fmt: skip
    with waiting.write() as connection:
        keep_people(batch_of(waiting, connection), [Person(id="u2", name="Vita 020280-4321")])
    its = listed(waiting).items

    assert its[1].who == "Asta 010190-****"
    assert "Vita 020280-****" in its[2].others
    assert not [name for each in its for name in (each.who, *each.others) if "-4321" in name]


def test_erased(waiting: Ledger) -> None:
    """What the quarantine erased is said to be erased."""
    with waiting.write() as connection:
        connection.execute(sa.update(item).values(text=None, raw=None))
    its = first(waiting)
    assert (its.text, its.is_erased) == ("", True)


def test_pages_and_counts(waiting: Ledger) -> None:
    """The oldest comes first; each page goes on after the one before; the late ones are counted."""
    for day in range(1, 5):
        at = NOON - timedelta(days=day)
        take(waiting, [page(message(BOTH, sent_at=at, thread=f"19:{day}@thread.v2"))], RULES)
    one = listed(waiting, limit=3)
    two = listed(waiting, limit=3, cursor=one.next)

    times = [each.at for each in (*one.items, *two.items)]
    assert times == [NOON - timedelta(days=day) for day in (4, 3, 2, 1, 0)]
    assert two.next == ""
    # On Friday 20 what was said on Saturday 14 to Monday 16 is late: due on Wednesday, Thursday.
    assert (one.count.waiting, one.count.late) == (5, 3)
    with waiting.read() as connection:
        assert count(connection, BODIL, Scope.MINE, target()) == one.count
        assert how_many(connection, BODIL, Scope.MINE, 100) == 5
        assert how_many(connection, BODIL, Scope.MINE, 3) == 3


def test_an_unknown_cursor(waiting: Ledger) -> None:
    """A cursor that no list gave is refused."""
    with pytest.raises(ValueError, match="cursor"):
        listed(waiting, cursor="1;drop")


def test_due(waiting: Ledger) -> None:
    """Said on Wednesday 18: due on Monday 23, a working day late on Tuesday."""
    with waiting.read() as connection:
        early, late = (
            todo(connection, BODIL, Scope.MINE, target(today=day)).items[0]
            for day in (date(2026, 11, 23), date(2026, 11, 24))
        )
    assert (early.due, early.late_days, late.late_days) == (date(2026, 11, 23), 0, 1)


# deciding


def test_accept(waiting: Ledger) -> None:
    """The case stands with the person's name, and the item is on no list any more."""
    its = first(waiting)
    done = put(waiting, BODIL, seen(its))

    assert states(waiting) == [("linked", CASE)]
    assert listed(waiting).items == ()
    with waiting.read() as connection:
        row = connection.execute(sa.select(link).where(link.c.id == done.now[its.item])).one()
    assert (row.actor, row.rule, row.reason) == ("bodil@kommune.example", "person", "decided")


def test_no_case_and_kept_out(waiting: Ledger) -> None:
    """Not a case leaves it without one; kept out, no rule ever links it."""
    its = first(waiting)
    done = dismiss(waiting, BODIL, seen(its))
    assert states(waiting) == [("unlinked", None)]
    with waiting.write() as connection:
        keep_out(batch_of(waiting, connection), BODIL, done.now, reason="lunch")
    assert states(waiting) == [("excluded", None)]


def test_forbidden_case(waiting: Ledger) -> None:
    """Nobody puts anything on a case that they may not see: it is as if it were not there."""
    its = first(waiting)
    with pytest.raises(Hidden):
        put(waiting, BODIL, seen(its), OTHER_CASE)
    with pytest.raises(Hidden):
        put(waiting, BODIL, seen(its), "99.99.99-P19-1-26")
    assert states(waiting) == [("waiting", None)]


def test_forbidden_item(waiting: Ledger) -> None:
    """Nobody decides about what they may not see, whatever they guess."""
    its = first(waiting)
    stranger = viewer("x@kommune.example", "u9", unit="Vej og park")
    for root, etag in ((its.item, its.etag), (its.item, 0), (9999, 0), (9999, its.etag)):
        with pytest.raises(Hidden):
            dismiss(waiting, stranger, {root: etag})
    assert states(waiting) == [("waiting", None)]


def test_closed_case(waiting: Ledger) -> None:
    """A closed case asks once more."""
    add_cases(waiting, case(department="Borgerservice", is_open=False))
    its = first(waiting)
    with pytest.raises(ClosedCase):
        put(waiting, BODIL, seen(its))
    put(waiting, BODIL, seen(its), even_closed=True)
    assert states(waiting) == [("linked", CASE)]


def test_number_as_people_write_it(waiting: Ledger) -> None:
    """A number is found however it is written, and not when the case is another unit's."""
    with waiting.read() as connection:
        found = find_case_for(connection, BODIL, " sag 27.45.04 - p19 - 12 - 24 ", scanner())
        assert found.number == CASE
        with pytest.raises(Hidden):
            find_case_for(connection, BODIL, OTHER_CASE, scanner())


def test_stale(waiting: Ledger) -> None:
    """The second to decide is told what the first decided, and changes nothing."""
    its = first(waiting)
    put(waiting, VITA, seen(its), OTHER_CASE)
    with pytest.raises(Stale) as told:
        put(waiting, BODIL, seen(its))

    stands = told.value.stands
    assert (stands.state, stands.actor) == (LinkState.LINKED, "vita@kommune.example")
    assert stands.case_number == ""  # it went to a case that Bodil may not see
    assert states(waiting) == [("linked", OTHER_CASE)]


def test_stale_for_who_no_longer_sees_it(waiting: Ledger) -> None:
    """Who saw it waiting is told that it was decided, though they may not see it any more."""
    its = first(waiting, KAJ, Scope.UNIT)
    dismiss(waiting, BODIL, seen(its))
    with pytest.raises(Stale) as told:
        dismiss(waiting, KAJ, seen(its))
    assert told.value.stands.state is LinkState.UNLINKED


def test_double_click(waiting: Ledger) -> None:
    """The same word twice is kept once."""
    its = first(waiting)
    put(waiting, BODIL, seen(its))
    with pytest.raises(Stale):
        put(waiting, BODIL, seen(its))
    with waiting.read() as connection:
        query = sa.select(sa.func.count()).where(link.c.rule == "person")
        assert connection.execute(query).scalar_one() == 1


def test_two_at_once(waiting: Ledger) -> None:
    """Of two who decide at the same moment one is heard and the other is told."""
    its = first(waiting)
    start, heard, told, broken = threading.Barrier(8), [], [], []

    def decide(who: Viewer, number: str) -> None:
        start.wait()
        try:
            heard.append(put(waiting, who, seen(its), number))
        except Stale as error:
            told.append(error.stands.actor)
        except Exception as error:  # noqa: BLE001 - a thread's error is to be seen
            broken.append(error)

    pairs = [(BODIL, CASE), (VITA, OTHER_CASE)] * 4
    threads = [threading.Thread(target=decide, args=pair) for pair in pairs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert broken == []
    assert (len(heard), len(told)) == (1, 7)
    assert len(set(told)) == 1


# the rest of a chat


@pytest.fixture
def chatting(waiting: Ledger) -> Ledger:
    """Three more messages of the same chat that name both cases, and one of another chat."""
    more = [message(BOTH, minute) for minute in (500, 1000, 1500)]
    take(waiting, [page(*more, message(BOTH, 1, thread="19:b@thread.v2"))], RULES)
    return waiting


def test_with_the_rest_of_the_chat(chatting: Ledger) -> None:
    """The others of the chat that wait with the same case are decided with it, and no others."""
    its = first(chatting)
    also = dict(its.suggested[0].also)
    assert len(also) == 3
    put(chatting, BODIL, {its.item: its.etag} | also)

    assert [state for state, _ in states(chatting)].count("linked") == 4
    assert len(listed(chatting).items) == 1


def test_all_of_it_or_nothing(chatting: Ledger) -> None:
    """When one of them was decided meanwhile none is."""
    its = first(chatting)
    also = dict(its.suggested[0].also)
    dismiss(chatting, VITA, {max(also): also[max(also)]})
    with pytest.raises(Stale):
        put(chatting, BODIL, {its.item: its.etag} | also)
    assert "linked" not in [state for state, _ in states(chatting)]


def test_undo_with_the_rest_of_the_chat(chatting: Ledger) -> None:
    """Taken back, all of them wait again with the cases they had."""
    before = listed(chatting)
    its = before.items[0]
    done = put(chatting, BODIL, {its.item: its.etag} | dict(its.suggested[0].also))
    back(chatting, BODIL, done.now)

    after = listed(chatting)
    assert [each.item for each in after.items] == [each.item for each in before.items]
    assert [each.rule for each in after.items] == [each.rule for each in before.items]
    assert [len(each.suggested[0].also) for each in after.items] == [3, 0, 3, 3, 3]


def test_who_follows_is_counted(waiting: Ledger) -> None:
    """Others of the chat that no longer wait, because they follow, are told."""
    take(waiting, [page(message("Tak, det gør vi", 2), message("Så er det aftalt", 3))], RULES)
    its = first(waiting)
    waited = sum(state == "waiting" for state, _ in states(waiting)) - 1
    done = put(waiting, BODIL, seen(its))
    still = sum(state == "waiting" for state, _ in states(waiting))
    assert done.followed == waited - still


# undo


def test_undo(waiting: Ledger) -> None:
    """Taken back, it waits again with the same cases."""
    its = first(waiting)
    for decide in (put, dismiss):
        done = decide(waiting, BODIL, seen(first(waiting)))
        back(waiting, BODIL, done.now)
        now = first(waiting)
        assert (now.item, now.rule, now.suggested) == (its.item, its.rule, its.suggested)


def test_undo_only_the_own(waiting: Ledger) -> None:
    """Nobody takes a colleague's decision back here, nor a rule's."""
    its = first(waiting)
    with pytest.raises(NotYours):
        back(waiting, BODIL, seen(its))
    done = put(waiting, BODIL, seen(its))
    with pytest.raises(NotYours):
        back(waiting, VITA, done.now)
    assert states(waiting) == [("linked", CASE)]


def test_undo_twice(waiting: Ledger) -> None:
    """A second undo of the same decision takes nothing more back."""
    done = put(waiting, BODIL, seen(first(waiting)))
    back(waiting, BODIL, done.now)
    with pytest.raises(Stale):
        back(waiting, BODIL, done.now)
    for guess in (5, 0):
        with pytest.raises(NotYours):
            back(waiting, BODIL, {9999: guess})


def test_undo_tells_nothing_to_who_guesses(waiting: Ledger) -> None:
    """Who guesses a number is not told what stands about it, who decided that, or that it is."""
    done = put(waiting, BODIL, seen(first(waiting)))
    ((item, etag),) = done.now.items()
    for guess in (0, etag - 1, etag, etag + 1):
        with pytest.raises(NotYours):
            back(waiting, VITA, {item: guess})


def test_own_decision_is_shown(waiting: Ledger) -> None:
    """What one decided can be told again from its row, by nobody else, and not once undone."""
    its = first(waiting)
    done = put(waiting, BODIL, seen(its))
    number = done.now[its.item]
    with waiting.read() as connection:
        told = standing(connection, BODIL, number)
        assert told is not None
        assert (told.item, told.case_number) == (its.item, CASE)
        assert standing(connection, VITA, number) is None
    back(waiting, BODIL, done.now)
    with waiting.read() as connection:
        assert standing(connection, BODIL, number) is None


# private


def test_private_chat(chatting: Ledger) -> None:
    """Who took part keeps the whole chat private, and may take that back."""
    done = hide(chatting, BODIL, first(chatting))
    assert [state for state, _ in states(chatting)].count("excluded") == 4
    assert done.followed == 3
    back(chatting, BODIL, done.now)
    assert {state for state, _ in states(chatting)} == {"waiting"}
    with chatting.read() as connection:
        assert connection.execute(sa.select(private_thread)).first() is None


def test_private_chat_of_others(chatting: Ledger) -> None:
    """Who only sees a message because of a case cannot take the whole chat off all its cases."""
    with pytest.raises(Hidden):
        hide(chatting, VITA, first(chatting, VITA))
    hide(chatting, RUTH, first(chatting, RUTH, Scope.ALL))
    assert [state for state, _ in states(chatting)].count("excluded") == 4


def test_no_private_list_of_calls(ledger: Ledger) -> None:
    """A call stands in a list of calls; that list is no chat to keep private."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(sighting())], RULES)
    with pytest.raises(Hidden):
        hide(ledger, BODIL, first(ledger))


# progress


def test_progress(chatting: Ledger) -> None:
    """Counted are today's own decisions that stand."""
    day = midnight(chatting.clock(), ZONE)
    its = first(chatting)
    done = put(chatting, BODIL, {its.item: its.etag} | dict(its.suggested[0].also))
    with chatting.read() as connection:
        assert decided_since(connection, BODIL, day) == 4
        assert decided_since(connection, VITA, day) == 0
        assert decided_since(connection, BODIL, day + timedelta(days=1)) == 0
    back(chatting, BODIL, done.now)
    with chatting.read() as connection:
        assert decided_since(connection, BODIL, day) == 0


def test_on_the_record(waiting: Ledger) -> None:
    """A decision and its undoing are events with the lasting name of who did it."""
    done = put(waiting, BODIL, seen(first(waiting)))
    back(waiting, BODIL, done.now)
    with waiting.read() as connection:
        query = sa.select(event.c.action).where(event.c.actor == BODIL.upn).order_by(event.c.id)
        assert connection.execute(query).scalars().all() == ["linked", "waiting", "undone"]
        assert etags(connection, list(done.now)) != done.now
