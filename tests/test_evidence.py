"""How much evidence of one decision is kept, and what is told of the rest."""

from __future__ import annotations

import time

import msgspec
import pytest
import sqlalchemy as sa

from connector.commands import Session
from connector.commands.explaining import _evidence_line
from connector.ledger import Ledger
from connector.ledger.tables import link
from connector.ledger.take import take
from connector.ledger.views import waiting
from connector.linking.decision import MOST_EVIDENCE, strongest
from connector.linking.reasons import MORE, NOT_IN_REGISTER
from connector.linking.subject import Earlier
from connector.model import Decision, Evidence, LinkState
from tests.making import CASE, OTHER_CASE, add_cases, case, message, page, policy
from tests.talking import HELP, chat, judge

UNKNOWN = " ".join(f"27.45.04-P19-{n}-25" for n in range(4_500))


def proof(number: int, rule: str = "number") -> Evidence:
    return Evidence(rule=rule, case_number=f"27.45.04-P19-{number}-24", where="text")


@pytest.mark.parametrize(
    ("count", "kept", "left"),
    [(0, 0, ""), (MOST_EVIDENCE, 20, ""), (MOST_EVIDENCE + 1, 20, "1"), (10_000, 20, "9980")],
)
def test_how_much_is_kept(count: int, kept: int, left: str) -> None:
    """The first twenty in their order, and how many more there were; twice the same counts once."""
    everything = [proof(n) for n in range(count)]
    found = strongest([*everything, *everything])

    assert found[:kept] == tuple(everything[:kept])
    more = [] if not left else [Evidence(rule=MORE, case_number="", where="", found=left)]
    assert list(found[kept:]) == more


def test_every_rule_is_kept() -> None:
    """What only one piece says of a rule is not lost among many of another."""
    numbers = [proof(n) for n in range(100)]
    found = strongest(
        [*numbers, proof(1, "thread"), *numbers, proof(2, "phone"), proof(3, "phone")]
    )

    assert [each.rule for each in found] == ["number"] * 18 + ["thread", "phone", MORE]
    assert found[-2] == proof(2, "phone")
    assert found[-1].found == "83"


def test_hostile_message() -> None:
    """A message of thousands of numbers is decided quickly, by the one that is known, in few bytes.

    The thread that it stands in is still told of.
    """
    before = time.process_time()
    named = judge(chat(f"{UNKNOWN} sag {HELP.number}"), HELP)
    lost = judge(
        chat(UNKNOWN + " Har hun fået brevet?"),
        HELP,
        thread=Earlier(case_number=HELP.number, seconds_ago=60.0),
    )

    assert time.process_time() - before < 20
    assert (named.state, named.case_number) == (LinkState.LINKED, HELP.number)
    assert named.evidence[0].case_number == HELP.number
    assert lost.state is not LinkState.LINKED
    for decision in (named, lost):
        assert size(decision) < 5_000
        assert {each.note for each in decision.evidence if each.rule == "number"} >= {
            NOT_IN_REGISTER
        }
        assert int(decision.evidence[-1].found) > 4_400
    assert "thread" in {each.rule for each in lost.evidence}


def size(decision: Decision) -> int:
    return len(msgspec.json.encode(decision.evidence))


def test_row_in_the_ledger(ledger: Ledger) -> None:
    """What the ledger keeps stays small, and a person still sees the cases to choose from."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message(f"{CASE} {OTHER_CASE} {UNKNOWN[:40_000]}"))], policy())

    with ledger.read() as connection:
        row = connection.execute(sa.select(link)).one()
        (waits,) = waiting(connection, 10)
    assert row.rule == "several numbers"
    assert len(row.evidence) < 5_000
    assert waits.cases[:2] == (CASE, OTHER_CASE)
    assert len(waits.cases) == MOST_EVIDENCE


@pytest.mark.parametrize(
    ("language", "words"), [("en", "... and 9,980 more"), ("da", "... og 9.980 til")]
)
def test_how_it_is_told(language: str, words: str) -> None:
    """`casethread explain` says how many more there were."""
    session = Session(environ={"LC_ALL": f"{language}_DK.UTF-8"})
    more = Evidence(rule=MORE, case_number="", where="", found="9980")

    assert _evidence_line(session, more) == words
