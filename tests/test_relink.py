"""All that is kept is linked once more after the rules were changed; people's word stands."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connector.defaults import defaults_dir
from connector.jobs import relink as job
from connector.jobs.relink import Change, Relinked, relink
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.policy import Policy
from connector.ledger.rehearsal import rehearsal
from connector.ledger.tables import item, link, register_case
from connector.ledger.take import take
from connector.linking.linker import make_linker
from connector.linking.patterns import compile_patterns
from connector.model import LinkState
from tests.conftest import Clock
from tests.making import CASE, NOON, OTHER_CASE, add_cases, case, message, page, policy
from tests.test_deliveries import FakeSink, send
from tests.test_links import states

GO = "GEO-2026-001234"


def with_patterns(*names: str) -> Policy:
    """The policy of a site with these patterns."""

    def table(name: str) -> dict[str, Any]:
        return tomllib.loads((defaults_dir() / "mappings" / name).read_text("utf-8"))

    linker = make_linker(table("case-numbers.toml"), table("subjects.toml"), names)
    scanner = compile_patterns(table("case-numbers.toml"), names)
    return policy(patterns=lambda: scanner, linker=lambda: linker)


NARROW, WIDE = with_patterns("kle"), with_patterns("kle", "go")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches even of few items."""
    monkeypatch.setattr(job, "STEP", 3)


def kept_links(ledger: Ledger) -> list[Any]:
    with ledger.read() as connection:
        return list(connection.execute(sa.select(link).order_by(link.c.id)))


def of_sort(result: Relinked) -> dict[str, int]:
    return {sort: count for sort, count in result.totals.items() if count}


@pytest.fixture
def town(ledger: Ledger) -> Ledger:
    """Chats that name cases in a way that the site reads later only."""
    add_cases(ledger, case(), case(GO), rules=NARROW)
    feed = [message(f"Om {GO.lower()}", n, thread=f"19:{n}@thread.v2") for n in range(7)]
    take(ledger, [page(*feed, message(f"Om {CASE}", 60))], NARROW)
    return ledger


def test_new_pattern(town: Ledger) -> None:
    """What names a case in the new way is linked; the rest is as it was."""
    result = relink(town, WIDE)

    assert of_sort(result) == {"linked": 7}
    assert result.looked_at == 8
    assert {state for _, state, _ in states(town)} == {"linked"}
    assert result.shown["linked"][0] == Change(1, "", GO, "number")


def test_twice(town: Ledger) -> None:
    """A second run changes nothing."""
    relink(town, WIDE)
    before = kept_links(town)
    again = relink(town, WIDE)

    assert of_sort(again) == {}
    assert before == kept_links(town)


def test_dry_run(town: Ledger) -> None:
    """A rehearsal tells the same and leaves everything as it was."""
    before = kept_links(town), states(town)
    with rehearsal(town) as forgetful:
        told = of_sort(relink(forgetful, WIDE))

    assert told == {"linked": 7}
    assert before == (kept_links(town), states(town))


def test_since(town: Ledger) -> None:
    """Only what was sent since then is looked at."""
    result = relink(town, WIDE, since=NOON + timedelta(minutes=5))

    assert (result.looked_at, of_sort(result)) == (3, {"linked": 2})


def test_all_sorts(ledger: Ledger) -> None:
    """Moved, unlinked, waiting and newly linked are told apart; a person's link stands."""
    texts = [f"Om {CASE} og {GO}", f"Om {CASE}", f"Om {OTHER_CASE} og {GO}", f"Om {OTHER_CASE}"]
    add_cases(ledger, case(), case(OTHER_CASE), case(GO), rules=NARROW)
    feed = [message(text, 1, thread=f"19:{n}@thread.v2") for n, text in enumerate(texts)]
    take(ledger, [page(*feed)], NARROW)
    with ledger.write() as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=NARROW, now=ledger.now())
        decide_by_person(batch, 4, state=LinkState.UNLINKED, case=None, actor="b", reason="no")
        connection.execute(sa.delete(register_case).where(register_case.c.number == CASE))
    result = relink(ledger, WIDE)

    assert of_sort(result) == {"moved": 1, "unlinked": 1, "waiting": 1}
    assert result.shown["moved"] == [Change(1, CASE, GO, "number")]
    assert result.shown["unlinked"][0][:3] == (2, CASE, "")
    assert result.shown["waiting"][0][:2] == (3, OTHER_CASE)
    assert states(ledger)[3][1] == "unlinked"


def test_journal_follows(town: Ledger) -> None:
    """What is linked anew is journaled by the next delivery."""
    sink = FakeSink()
    send(town, sink)
    relink(town, WIDE)
    send(town, sink)

    assert sorted({each.case_number for each in sink.entries.values()}) == [CASE, GO]


def test_register_in_other_spelling(ledger: Ledger) -> None:
    """The register's numbers are compared by the patterns of now: small letters are capitals."""
    add_cases(ledger, case(GO.lower()), rules=NARROW)
    take(ledger, [page(message(f"Om {GO}"))], NARROW)

    assert of_sort(relink(ledger, WIDE)) == {"linked": 1}
    assert states(ledger)[0][2] == GO.lower()


def test_many_shown(ledger: Ledger) -> None:
    """At most twenty of a sort are shown, all are counted."""
    add_cases(ledger, case(GO), rules=WIDE)
    feed = [message(f"Om {GO}", n, thread=f"19:{n}@thread.v2") for n in range(25)]
    take(ledger, [page(*feed)], NARROW)
    result = relink(ledger, WIDE)

    assert (result.totals["linked"], len(result.shown["linked"])) == (25, 20)


def test_excluded_and_erased(town: Ledger) -> None:
    """What is excluded, and what was erased, is not looked at."""
    with town.write() as connection:
        connection.execute(sa.update(item).where(item.c.id == 1).values(state="excluded"))
        connection.execute(sa.update(item).where(item.c.id == 2).values(raw=None, text=None))

    assert of_sort(relink(town, WIDE)) == {"linked": 5}


def test_erased_stays_waiting(ledger: Ledger) -> None:
    """What waited when it was erased waits still: there is nothing left to decide it by."""
    add_cases(ledger, case(), case(OTHER_CASE))
    take(ledger, [page(message(f"Om {CASE} og {OTHER_CASE}"))], NARROW)
    with ledger.write() as connection:
        connection.execute(sa.update(item).values(raw=None, text=None, detail=None))

    assert of_sort(relink(ledger, WIDE)) == {}
    assert states(ledger) == [(None, "waiting", None)]


def test_stopped_and_gone_on(town: Ledger) -> None:
    """Stopped after a batch, the next run does the rest."""
    turns = iter([False, True])
    first = relink(town, WIDE, should_stop=lambda: next(turns))
    second = relink(town, WIDE)

    assert (first.looked_at, first.is_whole, second.is_whole) == (3, False, True)
    assert of_sort(first) == {"linked": 3}
    assert of_sort(second) == {"linked": 4}


def test_long_thread(ledger: Ledger, clock: Clock) -> None:
    """A thread longer than a batch ends as if it had been taken with the new rules."""
    add_cases(ledger, case(), case(GO), rules=WIDE)
    texts = ["hej", f"Om {GO}", "ja", "nej", f"Nu {CASE}", "ok", "tak", "ja", "nej"]
    take(ledger, [page(*(message(text, n) for n, text in enumerate(texts)))], NARROW)
    clock.move(hours=1)
    relink(ledger, WIDE)
    after = states(ledger)
    take(ledger, [page(*(message(t, n, thread="19:z") for n, t in enumerate(texts)))], WIDE)

    twice = states(ledger)
    assert twice[::2] == twice[1::2]
    assert after == twice[::2]


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[Any] = []

    def begin(self, job: str, total: int | None) -> None:
        self.steps.append((job, total))

    def step(self, job: str, done: int, counts: dict[str, int]) -> None:
        self.steps.append(done)

    def end(self, job: str) -> None:
        self.steps.append(job)


def test_progress(town: Ledger) -> None:
    """The bar knows the whole and moves with each batch."""
    told = Told()
    relink(town, WIDE, progress=told)

    assert told.steps == [("relink", 8), 3, 6, 8, "relink"]
