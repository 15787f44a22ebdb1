"""A person's decision is taken back, step by step, and what was journaled follows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.policy import Policy
from connector.ledger.privacy import mark, unmark
from connector.ledger.tables import event, item, link
from connector.ledger.take import take
from connector.ledger.undoing import Refusal, undo
from connector.model import Decision, Direction, Kind, LinkState, Party
from tests.making import CASE, OTHER_CASE, add_cases, case, edited, message, page, policy, sighting
from tests.test_deliveries import FakeSink, send
from tests.test_links import states

WORKER = "bodil@kommune.example"
RULES = policy(upns={"u1": WORKER}, aliases={"u1": frozenset({WORKER})})


def batch_of(ledger: Ledger, connection: Any, rules: Policy = RULES) -> Batch:
    return Batch(ledger=ledger, connection=connection, policy=rules, now=ledger.now())


def says(
    ledger: Ledger, number: str = "", state: LinkState = LinkState.LINKED, root: int = 1
) -> None:
    """A person's decision."""
    its = case(number) if number else None
    with ledger.write() as connection:
        batch = batch_of(ledger, connection)
        decide_by_person(batch, root, state=state, case=its, actor="bodil", reason="I heard it")


def take_back(ledger: Ledger, root: int = 1) -> Decision | Refusal:
    with ledger.write() as connection:
        return undo(batch_of(ledger, connection), root, actor="vita", reason="the wrong one")


def standing(ledger: Ledger, root: int = 1) -> Any:
    """The row of `link` that stands."""
    with ledger.read() as connection:
        query = sa.select(link).where(link.c.item_id == root, link.c.superseded_at.is_(None))
        return connection.execute(query).one()


@pytest.fixture
def linked(ledger: Ledger) -> Ledger:
    """One message, linked by its number."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message(f"Om {CASE}"))], RULES)
    return ledger


@pytest.mark.parametrize("state", [LinkState.UNLINKED, LinkState.EXCLUDED, LinkState.LINKED])
def test_back_to_the_rule(linked: Ledger, state: LinkState) -> None:
    """State, case, rule, confidence and evidence are as the rule left them."""
    before = standing(linked)
    says(linked, OTHER_CASE if state is LinkState.LINKED else "", state)
    result = take_back(linked)

    now = standing(linked)
    assert isinstance(result, Decision)
    assert (result.state, result.case_number) == (LinkState.LINKED, CASE)
    for name in ("state", "case_number", "rule", "confidence", "evidence"):
        assert getattr(before, name) == getattr(now, name)
    assert (now.actor, now.reason) == ("vita", "the wrong one")
    assert [(f"Om {CASE}", "linked", CASE)] == states(linked)


def test_back_to_nothing(ledger: Ledger) -> None:
    """An item that no rule had linked is on no case again."""
    add_cases(ledger, case())
    take(ledger, [page(message("hej"))], RULES)
    says(ledger, CASE)
    take_back(ledger)

    assert states(ledger) == [("hej", "unlinked", None)]
    assert Refusal.NOTHING is take_back(ledger)


def test_rules_decide_again(linked: Ledger) -> None:
    """What is a rule's again changes with the message."""
    says(linked, OTHER_CASE)
    take_back(linked)
    take(linked, [page(edited(message(f"Om {CASE}"), f"Nej, om {OTHER_CASE}"))], RULES)

    assert [row[1:] for row in states(linked)] == [("linked", OTHER_CASE)]


def test_journal_follows(linked: Ledger) -> None:
    """The entry is void on the case it leaves, and on the one it returns to it stands again."""
    sink = FakeSink()
    send(linked, sink)
    says(linked, OTHER_CASE)
    send(linked, sink)
    take_back(linked)
    send(linked, sink)

    stands = {(each.case_number, each.version): each.is_void for each in sink.entries.values()}
    assert stands == {
        (CASE, 1): False,
        (CASE, 2): True,
        (CASE, 3): False,
        (OTHER_CASE, 1): False,
        (OTHER_CASE, 2): True,
    }
    (void,) = [
        each for each in sink.entries.values() if each.is_void and each.case_number == OTHER_CASE
    ]
    assert "the wrong one" in void.void_reason


def test_step_by_step(linked: Ledger) -> None:
    """Each undo goes one decision further back, to the rule's, and no further."""
    says(linked, OTHER_CASE)
    says(linked, "", LinkState.EXCLUDED)
    says(linked, OTHER_CASE)
    found = []
    for _ in range(4):
        result = take_back(linked)
        found.append(result if isinstance(result, Refusal) else result.state.value)

    assert found == ["excluded", "linked", "linked", Refusal.RULE]
    assert [row[1:] for row in states(linked)] == [("linked", CASE)]


def test_undo_then_decide(linked: Ledger) -> None:
    """After an undo one decides anew, and that can be undone as well."""
    says(linked, OTHER_CASE)
    take_back(linked)
    says(linked, "", LinkState.UNLINKED)
    take_back(linked)

    assert [row[1:] for row in states(linked)] == [("linked", CASE)]
    assert Refusal.RULE is take_back(linked)


def test_reason_is_kept(linked: Ledger) -> None:
    """An earlier decision of a person keeps that person's reason, beside why it is back."""
    says(linked, OTHER_CASE)
    says(linked, "", LinkState.UNLINKED)
    take_back(linked)

    now = standing(linked)
    assert (now.rule, now.case_number, now.actor) == ("person", OTHER_CASE, "vita")
    assert now.reason == "the wrong one (I heard it)"


def test_rule_decided(linked: Ledger) -> None:
    """A rule's decision is not undone; nothing changes."""
    before = standing(linked)

    assert Refusal.RULE is take_back(linked)
    assert before == standing(linked)


def test_nobody_decided(ledger: Ledger) -> None:
    """Where nobody decided there is nothing to undo; what is not there is an error."""
    take(ledger, [page(message("hej"))], RULES)

    assert Refusal.NOTHING is take_back(ledger)
    with pytest.raises(KeyError):
        take_back(ledger, 99)


def test_private_chat(linked: Ledger) -> None:
    """The mark of a chat is not one item's to undo, also after a person's decision in it."""
    says(linked, OTHER_CASE)
    with linked.write() as connection:
        mark(batch_of(linked, connection), 1, actor="vita", reason="lunch")
    assert Refusal.PRIVATE is take_back(linked)
    says(linked, CASE)
    take_back(linked)

    assert [row[1:] for row in states(linked)] == [("excluded", None)]


def test_no_longer_private(linked: Ledger) -> None:
    """What a mark did that is gone does not come back with an undo."""
    with linked.write() as connection:
        mark(batch_of(linked, connection), 1, actor="vita", reason="lunch")
    says(linked, OTHER_CASE)
    with linked.write() as connection:
        unmark(batch_of(linked, connection), 1, actor="vita", reason="work")
    take_back(linked)

    assert [row[1:] for row in states(linked)] == [("linked", CASE)]


def test_thread_follows(ledger: Ledger) -> None:
    """What followed the person's link goes back with it."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message(f"Om {CASE}", 0), message("ja", 1), message("nej", 2))], RULES)
    says(ledger, OTHER_CASE, root=2)
    assert [row[2] for row in states(ledger)][:2] == [CASE, OTHER_CASE]
    take_back(ledger, 2)

    assert [row[2] for row in states(ledger)] == [CASE] * 3


def test_call(ledger: Ledger) -> None:
    """A call returns to the case of its telephone number."""
    add_cases(ledger, case(), case(OTHER_CASE, parties=()))
    take(ledger, [page(sighting())], RULES)
    with ledger.read() as connection:
        (root,) = connection.execute(sa.select(item.c.id).where(item.c.kind == "call")).scalars()
    assert standing(ledger, root).case_number == CASE
    says(ledger, OTHER_CASE, root=root)
    take_back(ledger, root)

    now = standing(ledger, root)
    assert (now.case_number, now.state) == (CASE, "linked")
    assert "phone" in now.rule


def test_event(linked: Ledger) -> None:
    """Who undid which decision is on record."""
    says(linked, OTHER_CASE)
    theirs = standing(linked).id
    take_back(linked)
    with linked.read() as connection:
        row = connection.execute(sa.select(event).where(event.c.action == "undone")).one()

    assert (row.actor, row.subject) == ("vita", "item 1")
    assert f'"link":{theirs},' in row.detail


def test_call_back_follows(ledger: Ledger) -> None:
    """The call back that followed a person's link of the voicemail leaves the case with it."""
    add_cases(ledger, case(parties=()))
    outside, worker = Party(phone="+45200000***", role="from"), Party(person="u1", role="to")
    left = message(
        "Ring til mig",
        source="voicemail",
        thread="u1",
        kind=Kind.VOICEMAIL,
        direction=Direction.INBOUND,
        sender="",
        parties=(outside, worker),
    )
    take(ledger, [page(left)], RULES)
    says(ledger, CASE)
    back = {
        "direction": Direction.OUTBOUND,
        "caller": Party(person="u1", role="from"),
        "callees": (Party(phone="+45200000***", role="to"),),
    }
    take(ledger, [page(sighting(minute=30, call=back))], RULES)
    with ledger.read() as connection:
        (root,) = connection.execute(sa.select(item.c.id).where(item.c.kind == "call")).scalars()
    assert (standing(ledger, root).rule, standing(ledger, root).case_number) == ("call-back", CASE)
    take_back(ledger)

    assert standing(ledger, root).state == "unlinked"
