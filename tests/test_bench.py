"""The benchmark's data and server, on 500 messages: a wrong yardstick measures nothing."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from bench import data, measure, peers, reference, report, store
from bench.server import BadRequest, Site, load
from bench.trials import Result

MESSAGES, USERS = 500, 6


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> data.DataSet:
    return data.data_set(tmp_path_factory.mktemp("bench"), MESSAGES, USERS)


@pytest.fixture(scope="module")
def server(source: data.DataSet) -> Iterator[measure.Server]:
    with measure.serving(source.folder) as started:
        yield started


@pytest.fixture
def site(source: data.DataSet) -> Site:
    site = Site(load(source.folder))
    site.base = "http://127.0.0.1:1"
    return site


def window(site: Site, feed: data.Feed, query: str = "") -> list[dict[str, object]]:
    """All rows that the server gives for a query, its next links followed."""
    path, found = f"/v1.0/users/{feed.id}/chats/getAllMessages", []
    while True:
        page = json.loads(b"".join(site.answer(path, query, "")))
        assert len(page["value"]) == page["@odata.count"] <= 50
        found += page["value"]
        if "@odata.nextLink" not in page:
            return found
        query = page["@odata.nextLink"].partition("?")[2]


def between(after: str, before: str) -> str:
    return urlencode(
        {"$filter": f"lastModifiedDateTime gt {after} and lastModifiedDateTime lt {before}"}
    )


def test_same_data(source: data.DataSet, tmp_path: Path) -> None:
    """Two runs of the generator give the same bytes."""
    again = data.data_set(tmp_path, MESSAGES, USERS)
    assert again.rows.read_bytes() == source.rows.read_bytes()
    assert again.cases.read_bytes() == source.cases.read_bytes()


def test_shape(source: data.DataSet) -> None:
    """Messages are whole, unique, of the promised size, and dated before the fixed day."""
    rows = [json.loads(row) for row in store.rows(source)]
    assert len({(row["chatId"], row["id"]) for row in rows}) == MESSAGES
    assert 1400 < source.rows.stat().st_size / MESSAGES < 1800
    assert 600 < sum(len(row["body"]["content"]) for row in rows) / MESSAGES < 720
    assert max(row["lastModifiedDateTime"] for row in rows) < "2026-11-18"
    assert sum("drejer" in row["body"]["content"] for row in rows) == source.with_case > 0
    assert 0.3 < source.number_like / MESSAGES < 0.5


def test_windows(site: Site, source: data.DataSet) -> None:
    """Any window gives just the rows strictly inside it, in pages of at most 50."""
    for feed in source.feeds:
        whole = window(site, feed)
        assert len(whole) == feed.count
        times = [str(row["lastModifiedDateTime"]) for row in whole]
        assert times == sorted(times)
        low, high = times[7], times[-5]
        inside = window(site, feed, between(low, high))
        assert inside == [row for row in whole if low < str(row["lastModifiedDateTime"]) < high]
        assert window(site, feed, between("2026-11-18T12:00:00.000Z", "2027-01-01T00:00:00Z")) == []


def test_fresh(site: Site, source: data.DataSet) -> None:
    """New messages appear for the first users only, after all others, inside a recent window."""
    site.feeds.add_fresh(users=2, each=3, now_ms=1_800_000_000_000)
    recent = between("2027-01-15T00:00:00.000Z", "2027-01-15T23:00:00.000Z")
    counts = [len(window(site, feed, recent)) for feed in source.feeds]
    assert counts == [3, 3, 0, 0, 0, 0]
    assert len(window(site, source.feeds[0])) == source.feeds[0].count + 3


def test_refusals(site: Site, source: data.DataSet) -> None:
    """A filter that Graph would refuse, an unknown user and an unknown path are refused."""
    feed = source.feeds[0].id
    only_after = urlencode({"$filter": "lastModifiedDateTime gt 2026-11-01T00:00:00Z"})
    for path, query, status in (
        (f"/v1.0/users/{feed}/chats/getAllMessages", only_after, 400),
        (f"/v1.0/users/{feed[::-1]}/chats/getAllMessages", "", 404),
        ("/v1.0/groups", "", 404),
    ):
        with pytest.raises(BadRequest) as refused:
            site.answer(path, query, "")
        assert refused.value.status == status


def test_directory(server: measure.Server, source: data.DataSet) -> None:
    """The directory comes in pages, and its delta link then tells of no change."""
    session = reference.new_session()
    headers = {"Prefer": "odata.maxpagesize=4"}
    first = session.get(f"{server.base}/users/delta", headers=headers, timeout=5).json()
    second = session.get(first["@odata.nextLink"], headers=headers, timeout=5).json()
    ids = [user["id"] for user in first["value"] + second["value"]]
    assert ids == [feed.id for feed in source.feeds]
    assert session.get(second["@odata.deltaLink"], timeout=5).json()["value"] == []
    assert requests.get(f"{server.base}/users", timeout=5).status_code == 401


@pytest.mark.parametrize("threads", [1, 4])
def test_reference(
    server: measure.Server, source: data.DataSet, tmp_path: Path, threads: int
) -> None:
    """The plain script stores every message once; run again it asks once a user and adds none."""
    file = tmp_path / "plain.db"
    for served in (MESSAGES, 0):
        server.control(reset=1)
        with sqlite3.connect(file) as db:
            db.executescript(reference.SCHEMA)
            if threads == 1:
                reference.run_plain(db, server.base)
            else:
                reference.run_threads(db, server.base, threads)
        assert server.stats()["messages"] == served
        assert store.check_reference(file, source) == store.Check(MESSAGES, 0, 0)
    assert server.stats()["requests"] == USERS + 1


def test_compare() -> None:
    """What is missing and what is there twice or unknown is counted, apart from what is new."""
    assert store.compare([1, 2, 3], [1, 1, 4], 0) == store.Check(kept=3, missing=2, surplus=2)
    assert store.compare([1, 2], [1, 2, 9], 1) == store.Check(kept=3, missing=0, surplus=0)


def test_late_answers(server: measure.Server, source: data.DataSet) -> None:
    """With a delay the server lets requests wait side by side, and says how many did."""
    server.control(reset=1, delay_ms=60)
    link = f"{server.base}/users/{source.feeds[0].id}/chats/getAllMessages"
    sessions = [reference.new_session() for _ in range(8)]
    readers = [threading.Thread(target=one.get, args=(link,)) for one in sessions]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert server.stats()["in_flight"] > 1
    server.control(delay_ms=0)
    for session in sessions:
        session.close()


def test_goals() -> None:
    """The page tells a goal that is met from one that is not and one that was not measured."""
    results = [
        Result(trial="pull", peer=peer, messages=1000, round=1, cpu_s=cpu, wall_s=1, requests=421)
        for peer, cpu in ((peers.PLAIN, 0.07), (peers.PROGRAM, 0.12))
    ]
    results.append(
        Result(trial="quiet", peer=peers.PROGRAM, messages=1000, round=1, cpu_s=0.9, requests=421)
    )
    made = report.Report("2026-11-21", "a machine", tuple(results), {})
    met = {goal.what: goal.is_met for goal in report.goals(made)}
    assert met["pull of 1,000: CPU s per 1,000"] is True
    assert met["no-change sync, 420 users: CPU s"] is False
    assert met["read again after SIGKILL"] is None
    assert "1.71" in report.render(made)


def test_page(tmp_path: Path) -> None:
    """Only what stands between the markers is replaced."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write(page, report.Report("2026-11-21", "a machine", (), {}))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text
    assert "a machine" in text
