"""The program is killed, or its line cut, at requests of every adapter; the next run recovers.

A real process delivers what a ledger owes through each adapter: a voicemail with its sound, a chat,
a second version of it, and a void, on two cases. It is killed with SIGKILL before a request or
after its answer, or sees a broken line there; a new process then delivers what is left. Each entry
must be on its case once, whole, and the ledger must know it by the receipt that the system gives.

Every suite of a sink in the tests takes part; a system on loopback answers, Request Tracker a real
one. Some moments by default, others with KILL_SEED=n; KILL_ALL=1 for all. With CRASH_COUNTS=folder
what happened is counted there: scripts/crash-counts.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from connector.model import Receipt
from connector.ports import Sink
from tests import killing
from tests.contracts.sink import AUDIO
from tests.killing_sinks import ROUNDS, Nursery
from tests.owing import FIRST, ON_NUMBER, ON_OTHER, SECOND, SPOKEN
from tests.places import Moment, Place, Row, Tally
from tests.suites import Suite, sink_suites

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]

ALL = os.environ.get("KILL_ALL") == "1"
SEED = int(os.environ.get("KILL_SEED", "20261122"))
COUNTS = os.environ.get("CRASH_COUNTS", "")
KILLS, CUTS = 5, 2  # of each suite, when not all
REAL = {"request_tracker": (3, 2)}  # a real server takes its time


SUITES = sink_suites()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """The process that forks those that die."""
    with Nursery(tmp_path_factory.mktemp("nursery") / "output.txt") as started:
        yield started


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_kill_at_requests(
    suite: Suite, nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Killed or cut at a request or its answer: one whole entry each, on its case, as receipted."""
    place = Place(suite, nursery, tmp_path)
    with ExitStack() as stack:
        place.serve(stack, request)
        calm = _calm(place)
        for moment in _moments(place.tally, is_on_network=place.is_on_network):
            _disturb(place, moment, calm)
    _tell(suite, place.tally)
    if place.uses_steps and place.tally.kills >= KILLS:
        assert place.tally.with_steps, "no death left anything that the sink had to remember"


def _calm(place: Place) -> list[str]:
    """A run that nobody disturbs; what the suite then calls orphans, which is to be the same."""
    place.renew()
    place.tally.requests = place.live() or 0
    assert place.tally.requests >= ON_NUMBER + ON_OTHER
    place.uses_steps = any(row.steps for row in place.rows())
    _verify(place, "undisturbed")
    return _orphans(place)


def _moments(tally: Tally, *, is_on_network: bool) -> list[Moment]:
    """All, or some that are the same in every run of the tests."""
    numbers = range(1, tally.requests + 1)
    kills = [Moment(at, when, "killed") for at in numbers for when in ("before", "after")]
    # A disk says no before it does something; a line may break after it as well.
    whens = ("before", "after") if is_on_network else ("before",)
    cuts = [Moment(at, when, "cut") for at in numbers for when in whens]
    if ALL:
        return kills + cuts
    rng = random.Random(f"{SEED} {tally.suite}")
    some_kills, some_cuts = REAL.get(tally.suite.partition(":")[0], (KILLS, CUTS))
    return rng.sample(kills, some_kills) + rng.sample(cuts, some_cuts)


def _disturb(place: Place, moment: Moment, calm: list[str]) -> None:
    """One life that ends badly, and one that puts it right."""
    place.renew()
    count = place.live(moment)
    if moment.how == "killed":
        assert count is None or (moment.when == "after" and not place.is_on_network), moment
        place.tally.kills += count is None
        _after_death(place)
    else:
        assert count is not None, moment
        place.tally.cuts += 1
    place.live(rounds=ROUNDS)
    _verify(place, str(moment))
    assert _orphans(place) == calm, moment
    place.tally.recovered += 1


def _after_death(place: Place) -> None:
    """What the ledger knows then: nothing is called done that the system has no receipt for."""
    sink = place.hooks.make_sink()
    for row in place.rows():
        assert row.state in ("waiting", "sending", "done")
        if row.state == "done":
            assert _receipt(row) == sink.find(row.key, row.case_number)
        place.tally.on_the_way += row.state == "sending"
        place.tally.with_steps += row.state == "sending" and bool(row.steps)


def _verify(place: Place, told: str) -> None:
    """Each entry once on its case, with its sound; and the ledger's receipts are the system's."""
    hooks, rows = place.hooks, place.rows()
    sink = hooks.make_sink()
    if not sink.capabilities.can_find:
        place.tally.unsure += sum(row.state == "unsure" for row in rows)
        assert {row.state for row in rows} <= {"done", "unsure"}, told
        return
    assert [row.state for row in rows] == ["done"] * (ON_NUMBER + ON_OTHER), told
    for number, due in ((hooks.number, ON_NUMBER), (hooks.other_number, ON_OTHER)):
        found = len(hooks.documents(sink, number))
        place.tally.doubled += max(0, found - due)
        place.tally.lost += max(0, due - found)
        assert found == due, f"{told}: {found} entries on {number}"
    for row in rows:
        assert _receipt(row) == sink.find(row.key, row.case_number), told
        if row.case_number == hooks.number:
            _verify_content(place, sink, row, told)


def _verify_content(place: Place, sink: Sink, row: Row, told: str) -> None:
    """The words of this version and no others; the sound is there once."""
    text = place.hooks.read(sink, _receipt(row))
    for words in (FIRST, SECOND, SPOKEN):
        assert (words in text) == (words in row.content), f"{told}: {words}"
    if SPOKEN in row.content:
        assert _recordings(place, _receipt(row)).count(AUDIO) == 1, told


def _receipt(row: Row) -> Receipt:
    assert row.receipt, f"{row.key} is {row.state} without a receipt"
    return msgspec.json.decode(row.receipt, type=Receipt)


def _recordings(place: Place, receipt: Receipt) -> list[bytes]:
    if place.is_on_network:
        found: list[bytes] = place.hooks.recordings(receipt)
        return found
    page = place.hooks.folder / receipt.target
    return [path.read_bytes() for path in page.parent.glob(f"{page.stem}_*.wav")]


def _orphans(place: Place) -> list[str]:
    """What belongs to no entry. Of the folder journal `check` clears away what is hidden."""
    if place.is_on_network:
        return sorted(place.hooks.orphans())
    assert [finding.level for finding in place.hooks.make_sink().check()] == ["ok"]
    hidden = [path.name for path in place.hooks.folder.rglob(".*")]
    return sorted([*hidden, *map(str, killing.strays(place.hooks.folder))])


def _tell(suite: Suite, tally: Tally) -> None:
    print(f"\n{tally}")  # noqa: T201  shown with -s
    if COUNTS:
        (Path(COUNTS) / f"{suite.file_name}.json").write_bytes(msgspec.json.encode(tally))
