"""Items find their case, threads carry it on, people have the last word, and all of it is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.jobs.refresh import refresh
from connector.ledger import Ledger, open_ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.policy import Policy
from connector.ledger.tables import entry, event, item, link, thread
from connector.ledger.take import take
from connector.model import Case, Item, Kind, LinkState, Party
from tests.making import CASE, OTHER_CASE, add_cases, case, edited, message, page, policy


def states(ledger: Ledger) -> list[tuple[str, str, str | None]]:
    """(text, state, case) of every item, in order of time."""
    with ledger.read() as connection:
        query = (
            sa.select(item.c.text, item.c.state, item.c.case_number)
            .where(item.c.id == item.c.root_id)
            .order_by(item.c.sent_at, item.c.id)
        )
        return [tuple(row) for row in connection.execute(query)]


def person_says(
    ledger: Ledger, root: int, state: LinkState, its: Case | None, rules: Policy | None = None
) -> None:
    with ledger.write(durable=True) as connection:
        batch = Batch(
            ledger=ledger, connection=connection, policy=rules or policy(), now=ledger.now()
        )
        decide_by_person(batch, root, state=state, case=its, actor="bodil", reason="I was there")


class ListRegister:
    """A register of the cases it is given."""

    name = "list"
    can_list = True

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases

    def changes(self, cursor: str | None) -> Any:
        if cursor != str(len(self.cases)):
            yield list(self.cases), str(len(self.cases))


def test_number_known(ledger: Ledger) -> None:
    """A number that the register knows links; the evidence says where it stood."""
    add_cases(ledger, case())
    taken = take(ledger, [page(message(f"Det er sag {CASE}."))], policy())

    assert taken.linked == 1
    with ledger.read() as connection:
        row = connection.execute(sa.select(link)).one()
    assert (row.rule, row.case_number, row.actor) == ("number", CASE, "casethread")
    assert CASE in row.evidence


def test_number_unknown(ledger: Ledger) -> None:
    """A number that no register knows is no link."""
    taken = take(ledger, [page(message(f"Det er sag {CASE}."))], policy())

    assert (0, [(f"Det er sag {CASE}.", "unlinked", None)]) == (taken.linked, states(ledger))


def test_case_appears_later(ledger: Ledger) -> None:
    """A case that comes into the register later finds the items that named it."""
    take(ledger, [page(message(f"Sag {CASE}", 1), message("Tak", 2))], policy())
    result = refresh(ledger, ListRegister([case()]), policy())

    assert (result.changed, result.linked - 1) == (1, 1)
    assert [state for _, state, _ in states(ledger)] == ["linked", "linked"]


def test_register_read_twice(ledger: Ledger) -> None:
    """An unchanged register changes nothing, and nothing is decided again."""
    take(ledger, [page(message(f"Sag {CASE}"))], policy())
    refresh(ledger, ListRegister([case()]), policy())
    with ledger.read() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(link)).scalar()
    again = refresh(ledger, ListRegister([case()]), policy())

    with ledger.read() as connection:
        after = connection.execute(sa.select(sa.func.count()).select_from(link)).scalar()
    assert (0, before) == (again.read, after)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_thread_in_any_order(ledger: Ledger, order: tuple[int, ...]) -> None:
    """A thread carries its case on, in whatever order its messages arrive."""
    add_cases(ledger, case())
    feed = [
        message("Godmorgen", 0),
        message(f"Om {CASE}", 10),
        message("Hun ringer i morgen", 20),
        message("To dage senere", 60 * 50),
    ]
    for index in order:
        take(ledger, [page(feed[index])], policy())

    assert [
        ("Godmorgen", "unlinked", None),
        (f"Om {CASE}", "linked", CASE),
        ("Hun ringer i morgen", "linked", CASE),
        ("To dage senere", "unlinked", None),
    ] == states(ledger)


@pytest.mark.parametrize(("hours", "state"), [(30, "linked"), (20, "unlinked")])
def test_thread_time_is_a_setting(ledger: Ledger, hours: int, state: str) -> None:
    """How long a thread carries its case on is the policy's, longer or shorter than a day."""
    add_cases(ledger, case())
    feed = page(message(f"Om {CASE}", 0), message("ja", 60 * 25))
    take(ledger, [feed], policy(rules={"thread_quiet_s": hours * 3600}))

    assert ("ja", state) == states(ledger)[1][:2]


def test_two_cases_in_a_thread(ledger: Ledger) -> None:
    """Once a thread has dealt with two cases, what names none waits for a person."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(
        ledger,
        [page(message(f"Om {CASE}", 0), message("ja", 1), message(f"Så {OTHER_CASE}", 2))],
        policy(),
    )
    take(ledger, [page(message("og den anden?", 3))], policy())

    assert [state for _, state, _ in states(ledger)] == ["linked", "linked", "linked", "waiting"]


def test_edit_names_another_case(ledger: Ledger) -> None:
    """An edit that names another case moves the message, and both cases' entries are owed."""
    add_cases(ledger, case(), case(OTHER_CASE))
    first = message(f"Om {CASE}")
    take(ledger, [page(first)], policy())
    take(ledger, [page(edited(first, f"Om {OTHER_CASE}"))], policy())

    assert [(f"Om {CASE}", "linked", OTHER_CASE)] == states(ledger)
    with ledger.read() as connection:
        owed = connection.execute(sa.select(entry.c.case_number)).scalars().all()
    assert sorted([CASE, OTHER_CASE]) == sorted(owed)


def test_edit_that_names_nothing(ledger: Ledger) -> None:
    """An edit that takes the number out leaves the link: what was said was said."""
    add_cases(ledger, case())
    first = message(f"Om {CASE}")
    take(ledger, [page(first)], policy())
    take(ledger, [page(edited(first, "Om sagen"))], policy())

    assert [state for _, state, _ in states(ledger)] == ["linked"]


def test_person_decides(ledger: Ledger) -> None:
    """A person's link stands against the rules, teaches the thread, and is kept with actor."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message("Hej", 0), message("Hvad med hende?", 1))], policy())
    person_says(ledger, 1, LinkState.LINKED, case(OTHER_CASE))
    refresh(ledger, ListRegister([case(title="nyt navn")]), policy())

    assert [row[1:] for row in states(ledger)] == [("linked", OTHER_CASE)] * 2
    with ledger.read() as connection:
        rules = connection.execute(sa.select(link.c.rule, link.c.actor)).all()
    assert sorted(tuple(row) for row in rules) == [("person", "bodil"), ("thread", "bodil")]


def test_person_unlinks(ledger: Ledger) -> None:
    """After a person took it off the case, no rule and no later edit puts it back."""
    add_cases(ledger, case())
    first = message(f"Om {CASE}")
    take(ledger, [page(first)], policy())
    person_says(ledger, 1, LinkState.UNLINKED, None)
    take(ledger, [page(edited(first, f"Altså {CASE}"))], policy())
    refresh(ledger, ListRegister([case(title="nyt navn")]), policy())

    assert [state for _, state, _ in states(ledger)] == ["unlinked"]
    with ledger.read() as connection:
        actions = connection.execute(sa.select(event.c.action).order_by(event.c.id)).scalars().all()
        kept = connection.execute(sa.select(link.c.superseded_at).order_by(link.c.id)).all()
    assert list(actions) == ["linked", "unlinked"]
    assert [row[0] is None for row in kept] == [False, True]


def test_thread_follows_a_correction(ledger: Ledger) -> None:
    """When a person takes the naming message off the case, what followed it comes off too."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Om {CASE}", 0), message("ja", 1))], policy())
    person_says(ledger, 1, LinkState.UNLINKED, None)

    assert [state for _, state, _ in states(ledger)] == ["unlinked", "unlinked"]


def voicemail(phone: str, text: str = "Ring til mig") -> Item:
    return message(
        text,
        source="voicemail",
        thread="mailbox-u1",
        kind=Kind.VOICEMAIL,
        sender=phone,
        parties=(Party(phone=phone, role="from"), Party(person="u1", role="to")),
    )


def test_phone_of_one_open_case(ledger: Ledger) -> None:
    """A voicemail from a number on exactly one open case is on that case."""
    add_cases(ledger, case())
    take(ledger, [page(voicemail("+4520000001"))], policy())

    assert states(ledger) == [("Ring til mig", "linked", CASE)]


def test_phone_of_two_cases(ledger: Ledger) -> None:
    """A number on two open cases waits for a person, with both as candidates."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(voicemail("+4520000001"))], policy())

    assert states(ledger) == [("Ring til mig", "waiting", None)]
    with ledger.read() as connection:
        evidence = connection.execute(sa.select(link.c.evidence)).scalar_one()
    assert CASE in evidence
    assert OTHER_CASE in evidence


def test_phone_links_off(ledger: Ledger) -> None:
    """With linking by telephone switched off, a number alone is no evidence."""
    add_cases(ledger, case())
    take(ledger, [page(voicemail("+4520000001"))], policy(rules={"modes": {"phone": "never"}}))

    assert [state for _, state, _ in states(ledger)] == ["unlinked"]


@settings(max_examples=40)
@given(
    said=st.lists(
        st.tuples(
            st.integers(0, 80), st.sampled_from(["a", "b"]), st.sampled_from(["", CASE, OTHER_CASE])
        ),
        min_size=1,
        max_size=14,
        unique_by=lambda each: each[:2],
    ),
    seed=st.randoms(use_true_random=False),
)
def test_links_do_not_depend_on_batches(
    said: list[tuple[int, str, str]], seed: random.Random
) -> None:
    """One transaction, many, or another order: the same messages end on the same cases."""
    feed = [
        message(f"Om {number}" if number else "ja", 60 * hour, thread=name)
        for hour, name, number in said
    ]
    shuffled = list(feed)
    seed.shuffle(shuffled)
    cut = seed.randint(0, len(feed))
    found = []
    for batches in ([feed], [[each] for each in shuffled], [shuffled[:cut], shuffled[cut:]]):
        ledger = open_ledger("sqlite://")
        add_cases(ledger, case(), case(OTHER_CASE))
        for batch in batches:
            take(ledger, [page(*batch)], policy())
        with ledger.read() as connection:
            rows = connection.execute(
                sa.select(item.c.key, thread.c.key, item.c.state, item.c.case_number)
                .join(thread, thread.c.id == item.c.thread_id)
                .order_by(thread.c.key, item.c.key)
            ).all()
        found.append([tuple(row) for row in rows])
        ledger.close()

    assert found[0] == found[1]
    assert found[0] == found[2]


def test_long_thread(ledger: Ledger) -> None:
    """A thread of thousands of messages is walked through in pages, none forgotten."""
    add_cases(ledger, case())
    feed = [message("ja", minute=0.01 * n) for n in range(1, 2500)]
    take(ledger, [page(*feed)], policy())
    take(ledger, [page(message(f"Om {CASE}", 0))], policy())

    assert sum(state == "linked" for _, state, _ in states(ledger)) == 2500
