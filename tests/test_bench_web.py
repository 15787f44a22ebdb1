"""The portal's benchmark, on few communications: it sees what it says it sees."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bench import web, web_data, web_fill, web_portal, web_queries, web_report, web_words
from bench.web_load import DECIDE, TODO, UNDO
from bench.web_site import settings
from connector.bootstrap import Program
from connector.ledger.tables import item, suggestion


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A municipality with few cases and short lists of words."""
    monkeypatch.setattr(web_words, "POOL", 20_000)
    monkeypatch.setattr(web_fill, "Town", lambda: web_data.Town(2_000))
    monkeypatch.setattr(web_queries, "EACH", 2)


@pytest.mark.usefixtures("small")
def test_a_small_portal(tmp_path: Path) -> None:
    """A ledger is filled once; the portal answers everything asked, and undoes what was decided."""
    url = web_fill.sqlite_ledger(tmp_path, 3000)
    path = Path(url.removeprefix("sqlite:///"))
    made = path.stat().st_ino
    assert web_fill.sqlite_ledger(tmp_path, 3000) == url
    assert path.stat().st_ino == made

    program = Program(settings=settings(tmp_path, url))
    ledger, town = program.ledger, web_data.Town(2_000)
    with ledger.read() as connection:
        said = sa.select(sa.func.count()).where(
            item.c.root_id == item.c.id, item.c.kind != "sighting"
        )
        assert connection.execute(said).scalar_one() == 3000
        waits = set(connection.execute(sa.select(suggestion.c.item_id)).scalars())
    asked = web_queries.queries(ledger)
    users = web_portal.users(ledger, town, asked)
    with web_portal.Portal(url, tmp_path) as portal:
        managers = users[-2:]
        web.alone(portal, managers[:1] * 5, each=1)
        one = web.load(portal, managers, web.FLAT_OUT, 0, 1.0, 0)
        assert portal.memory_mb[1] >= portal.memory_mb[0] > 20
    server = {each.kind: each for each in web.by_phase(portal.times())[web.ALONE]}
    with ledger.read() as connection:
        left = set(connection.execute(sa.select(suggestion.c.item_id)).scalars())
    program.close()

    assert one.wrong == 0, [each for each in one.asked if each.is_wrong]
    assert one.requests > 0
    # Which cases an item may be of is found anew when a decision is taken back, not that it waits.
    assert left == waits
    assert waits
    assert {DECIDE, UNDO, TODO, web_portal.CASE, web_portal.NEWEST} <= set(server)


@pytest.mark.usefixtures("small")
def test_the_index_holds_the_words(tmp_path: Path) -> None:
    """What was said is found by its words, and every index is there again after the filling."""
    url = web_fill.sqlite_ledger(tmp_path, 500)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    number, text = connection.execute(
        "SELECT id, text FROM item WHERE kind = 'message' LIMIT 1"
    ).fetchone()
    found = connection.execute(
        "SELECT rowid FROM item_search WHERE item_search MATCH ?", (f'"{text}"',)
    ).fetchall()
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert (number,) in found
    assert {"ix_item_case", "ix_item_root_sent", "ix_thread_person_thread"} <= names


def test_quantiles() -> None:
    """Of twenty times the nineteenth is the 95th percentile; of one it is that one."""
    twenty = [float(place) for place in range(1, 21)]
    assert web_report.quantile(twenty, 0.95) == 19
    assert web_report.quantile(twenty, 0.5) == 10
    assert web_report.quantile([7.0], 0.95) == 7


def test_timings() -> None:
    """A kind with parts is told whole and in parts; searches alone are told together as well."""
    found = {each.kind: each for each in web.timings([("a: x", 1.0), ("a: y", 3.0), ("b", 9.0)])}
    assert [found[kind].count for kind in ("a: x", "a: y", "a", "b")] == [1, 1, 2, 1]
    assert found["a"].worst == 3.0
    searched = web.timings([("phrase", 1.0), ("rare word", 2.0)])
    assert [each.kind for each in searched] == ["phrase", "rare word", "all"]


def test_errors_are_no_times() -> None:
    """A refusal, however quick, is not counted as an answer."""
    times = [("alone/to do", 200, 5.0), ("alone/to do", 429, 0.1), ("warm/to do", 200, 90.0)]
    assert [each.p50 for each in web.by_phase(times)["alone"]] == [5.0]


def test_goals(tmp_path: Path) -> None:
    """The page tells which goals are met, and keeps the words round the section."""
    slow = web_report.Timing("all", 9, 50.0, 70.0, 80.0)
    quick = web_report.Timing(web_portal.CASE, 9, 50.0, 99.0, 180.0)
    engine = web_report.Engine(name="SQLite", count=1_000_000, filled_s=1, size_mb=2)
    engine.searches = {"case worker": {"newest": [slow], "relevance": [slow]}}
    engine.server = {"reading": [quick]}
    engine.peak_mb = 299
    met = {goal.what: goal.is_met for goal in web_report.goals(engine)}
    assert met[f"{web_portal.CASE}: p95 ms on the server"] is True
    assert met["query of a search, newest first, prefixes included: p95 ms"] is False
    assert met["most memory of the web process: MB"] is True
    assert met[f"{TODO}: p95 ms on the server"] is None

    page = tmp_path / "page.md"
    page.write_text(f"before\n{web_report.BEGIN}\nold\n{web_report.END}\nafter\n")
    web_report.write(page, web_report.Results("2026-11-22", "a machine", [engine]))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| case page | - | 50.0 / 99.0 |" in text
