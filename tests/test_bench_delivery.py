"""The benchmark of deliveries, on few entries: it sees what it says it sees."""

from __future__ import annotations

import threading

import requests

from bench import delivery, report
from bench.archive import ArchiveSink, serving


def test_the_program_and_the_plain_loop() -> None:
    """Both deliver everything once and in order, and the program more than one at once."""
    ours = delivery.program(90, delay_ms=5, in_flight=4)
    theirs = delivery.plain(90, delay_ms=0)

    assert (ours.wrong, theirs.wrong) == (0, 0)
    assert (ours.most, theirs.most) == (4, 1)
    assert min(ours.rate, ours.cpu_ms, theirs.rate, theirs.cpu_ms) > 0


def test_owed() -> None:
    """The time of a claim and the peak of memory are measured, and all is delivered after it."""
    found = delivery.owed(120)

    assert found[delivery.WRONG] == 0
    assert found[delivery.PEAK.format(120)] > 10
    assert found[delivery.CLAIMED.format(50, 120)] > 0


def test_the_archive_sees_two_of_a_case() -> None:
    """Two entries of one case at once are noted, in the order in which they were kept."""
    with serving(delay_ms=100) as address:
        paths = [f"{address}/cases/a/entries/{key}" for key in ("1", "2")]
        puts = [threading.Thread(target=requests.post, args=(path,)) for path in paths]
        for put in puts:
            put.start()
        for put in puts:
            put.join()
        sink = ArchiveSink(address, 1)
        log = sink.log()
        found = sink.find("2", "a")
        assert sink.find("3", "a") is None
        sink.close()
    assert log.twice == ["a"]
    assert sorted(log.keys["a"]) == ["1", "2"]
    assert found is not None


def test_differences() -> None:
    """A case whose entries are missing, doubled, or in another order is counted."""
    seen = {"a": ["1", "2"], "b": ["2", "1"], "c": ["1", "1"]}
    expected = {"a": ["1", "2"], "b": ["1", "2"], "c": ["1"], "d": ["1"]}
    assert delivery._differences(expected, seen) == 3


def test_goals() -> None:
    """The page tells which goals of delivery are met."""
    figures = {delivery.RATE.format(1): 1500.0, delivery.CPU.format(1): 0.7}
    made = report.Report("2026-11-21", "a machine", (), {}, delivery=figures)
    met = {goal.what: goal.is_met for goal in report.goals(made)}

    assert met[delivery.RATE.format(1)] is True
    assert met[delivery.CPU.format(1)] is False
    assert met[delivery.FAR_RATE] is None
    assert "1,500" in report.render(made)
