"""Readers vote, are counted and search in vain; the connector is told of it, and never who."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import transaction
from plone import api
from tests.conftest import EDITOR, INSIDE, NEIGHBOUR, STAFF

from casethread.plone import counts, limits


def signals(site, since=""):
    """All batches that the connector is given, and the last cursor."""
    found = []
    while True:
        told = site.get("/@casethread-signals", "admin", since=since).json()
        found += told["signals"]
        since = told["cursor"]
        if not told["more"]:
            return found, since


def told(site, kind):
    return [each for each in signals(site)[0] if each["kind"] == kind]


def test_vote(site, publish):
    """A vote reaches the connector with its reason, its audience and no name."""
    publish()
    assert site.post("/pas/@feedback", value="down", reason="Prisen mangler").status_code == 204
    assert site.post("/pas/@feedback", STAFF, value="up").status_code == 204

    votes = told(site, "vote")
    said = {(each["audience"], each["value"], each["reason"], each["article"]) for each in votes}
    assert said == {("citizen", "down", "Prisen mangler", "pas"), ("staff", "up", "", "pas")}
    assert all(each["day"] == str(counts.today()) and each["at"] for each in votes)
    assert STAFF not in json.dumps(votes)
    assert "127.0.0.1" not in json.dumps(votes)


def test_one_vote(site, publish):
    """A user, and on one day a visitor, has one vote: the new one takes the place of the old."""
    publish()
    for user in (None, STAFF):
        for value in ("up", "down", "down"):
            assert site.post("/pas/@feedback", user, value=value).status_code == 204
    assert [each["value"] for each in told(site, "vote")] == ["down", "down"]
    assert site.post("/pas/@feedback", NEIGHBOUR, value="up").status_code == 204
    assert len(told(site, "vote")) == 3


def test_next_day(site, publish, monkeypatch):
    """The day after, a user's vote still replaces the old; a visitor's is another one."""
    publish()
    for user in (None, STAFF):
        site.post("/pas/@feedback", user, value="down")
    first = {each["key"] for each in told(site, "vote")}
    tomorrow = counts.today() + timedelta(days=1)
    monkeypatch.setattr(counts, "today", lambda: tomorrow)
    for user in (None, STAFF):
        site.post("/pas/@feedback", user, value="up")
    votes = told(site, "vote")
    assert len(votes) == 3
    assert len({each["key"] for each in votes} - first) == 1
    users = next(each for each in votes if each["audience"] == "staff")
    assert (users["value"], users["day"]) == ("up", str(tomorrow))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_foreign_page(site, publish, headers):
    """A page of another site cannot make a browser vote or be counted."""
    publish()
    for user in (None, STAFF):
        assert site.post("/pas/@feedback", user, headers, value="up").status_code == 403
        assert site.post("/pas/@article-view", user, headers).status_code == 403
        assert site.get("/@articles", user, headers=headers, text="ubåd").status_code == 200
    assert signals(site)[0] == []
    form = site.session().post(
        f"{site.url}/pas/@@article-feedback", data={"value": "up"}, headers=headers, timeout=20
    )
    assert form.status_code == 403


def test_form(site, publish):
    """The form works without scripts, thanks its reader, and asks again when nothing is chosen."""
    publish()
    browser = site.session()
    browser.headers["Accept"] = "text/html"
    form = f"{site.url}/pas/@@article-feedback"
    told_back = browser.post(form, data={"reason": "x"}, timeout=20)
    assert "Choose yes or no" in told_back.text
    answered = browser.post(form, data={"value": "up", "reason": "Tak"}, timeout=20)
    assert "Thank you" in answered.text
    assert told(site, "vote")[0]["reason"] == "Tak"
    assert browser.get(form, timeout=20).url == f"{site.url}/pas"


@pytest.mark.parametrize("said", [{}, {"value": "maybe"}, {"value": "up", "reason": ["x"]},
                                  {"value": "up", "reason": "x" * 5000}])  # fmt: skip
def test_wrong_vote(site, publish, said):
    """What is no vote is refused with what is wrong, and nothing is kept."""
    publish()
    answer = site.post("/pas/@feedback", **said)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert signals(site)[0] == []


def test_personal_numbers(site, publish):
    """A CPR number or a telephone number in a reason, or in a search, is not kept."""
    publish()
    site.post("/pas/@feedback", value="down", reason="Jeg er 010190-1234, ring 37 50 00 01, kl. 12")
    site.get("/@articles", text="0101901234 pasfornyelse")
    text = json.dumps(signals(site)[0])
    for number in ("010190", "1234", "37 50", "3750"):
        assert number not in text
    assert "kl. 12" in text
    assert "pasfornyelse" in text


def test_often(site, publish):
    """One address may vote ten times a minute, and is then told to wait."""
    publish()
    codes = [site.post("/pas/@feedback", value="up").status_code for _ in range(12)]
    assert codes == [204] * 10 + [429] * 2


def test_odd_reason(site, publish):
    """Half a character in a reason is not told on: the connector could not read what is."""
    publish()
    said = {"value": "down", "reason": "Hvad\ud800 er\x00 prisen?\nTak \U0001f642"}
    assert site.post("/pas/@feedback", **said).status_code == 204
    assert told(site, "vote")[0]["reason"] == "Hvad  er  prisen?\nTak \U0001f642"


def test_often_searched(site, monkeypatch):
    """Searches in vain of one address are counted up to a limit; they are answered all the same."""
    monkeypatch.setattr(limits.VIEWS, "most", 2)
    codes = [site.get("/@articles", text="ubåd").status_code for _ in range(4)]
    assert codes == [200] * 4
    assert [each["count"] for each in told(site, "search")] == [2]


def test_views(site, publish):
    """Looks are counted by day, article and audience; fetching a page alone counts nothing."""
    publish()
    site.page("/pas")
    for user in (None, None, STAFF):
        assert site.post("/pas/@article-view", user).status_code == 204
    seen = {(each["audience"], each["count"], each["article"]) for each in told(site, "view")}
    assert seen == {("citizen", 2, "pas"), ("staff", 1, "pas")}


def test_searches(site, publish):
    """A search that finds nothing is counted by its words; one that finds something is not."""
    publish()
    for _ in range(2):
        site.get("/@articles", text="  Parkerings  bøde ")
    site.page("/@@articles", text="parkerings bøde")
    site.get("/@articles", STAFF, text=INSIDE)
    site.get("/@articles", text="pas")
    site.get("/@articles", text="pas", audience="unit")
    found = {(each["value"], each["count"], each["audience"]) for each in told(site, "search")}
    assert found == {("parkerings bøde", 3, "citizen"), ("pas", 1, "citizen")}


def test_cursor(site, publish, monkeypatch):
    """Batches give every signal once; later only the last days come again: they may grow."""
    monkeypatch.setattr(counts, "BATCH", 2)
    publish()
    for days in (5, 4, 3, 0):
        when = date(2026, 11, 20) - timedelta(days=days)
        monkeypatch.setattr(counts, "today", lambda when=when: when)
        site.post("/pas/@article-view")
        site.get("/@articles", text=f"ord{days}")
    found, cursor = signals(site)
    keys = [each["key"] for each in found]
    assert len(keys) == len(set(keys)) == 8
    again, _ = signals(site, cursor)
    assert {each["day"] for each in again} == {"2026-11-20"}
    site.post("/pas/@article-view")
    grown = [each for each in signals(site, cursor)[0] if each["kind"] == "view"]
    assert [each["count"] for each in grown] == [2]


def test_odd_words(site, monkeypatch):
    """Whatever a visitor searches for, the connector can go on from there."""
    monkeypatch.setattr(counts, "BATCH", 1)
    for odd in ("ord\x00et", "ord\x07et|nr", "\u2028andet", "\x7f\x85ordet", "<b>&ordet"):
        assert site.get("/@articles", text=odd).status_code == 200
    found, _ = signals(site)
    assert len(found) == 5
    assert all(each["value"].isprintable() for each in found)


def test_wrong_cursor(site):
    """A cursor that is not ours is refused, not read from the beginning."""
    assert site.get("/@casethread-signals", "admin", since="x").status_code == 400


def test_who_reads(site):
    """Only who has the permission reads the signals."""
    for user in (None, STAFF, EDITOR):
        assert site.get("/@casethread-signals", user).status_code == 401


def test_forgotten(site, publish, monkeypatch):
    """Counts of more than 400 days ago are dropped."""
    publish()
    monkeypatch.setattr(counts, "today", lambda: date(2025, 1, 1))
    site.post("/pas/@article-view")
    monkeypatch.setattr(counts, "today", lambda: date(2026, 11, 20))
    site.post("/pas/@article-view")
    assert {each["day"] for each in told(site, "view")} == {"2026-11-20"}


def test_voters_forgotten(portal, monkeypatch):
    """With a user's vote of more than 400 days ago goes what told that it was theirs."""
    monkeypatch.setattr(counts, "today", lambda: date(2025, 1, 1))
    counts.voted("pas", True, STAFF, True, counts.UP, "")
    counts.voted("bil", True, STAFF, True, counts.UP, "")
    monkeypatch.setattr(counts, "today", lambda: date(2026, 2, 1))
    counts.voted("bil", True, STAFF, True, counts.DOWN, "")
    assert len(counts._tree("votes")) == 2
    monkeypatch.setattr(counts, "today", lambda: date(2026, 11, 20))
    counts.viewed("pas", is_staff=False)
    assert {each.article for each in counts.signals("")[0] if each.kind == "vote"} == {"bil"}
    assert len(counts._tree("votes")) == 1


def test_many_words(site, monkeypatch):
    """A program that searches at random fills no database."""
    monkeypatch.setattr(counts, "MOST_SEARCHES_A_DAY", 3)
    for number in range(6):
        site.get("/@articles", text=f"ordet{'x' * number}")
    site.get("/@articles", text="ordet")
    assert len(told(site, "search")) == 3


def test_conflicts(functional_portal):
    """Two who look at once are both counted: neither has to try again."""
    with api.env.adopt_roles(["Manager"]):
        counts.viewed("pas", is_staff=False)
        transaction.commit()
        db = functional_portal._p_jar.db()
        path = "/".join(functional_portal.getPhysicalPath())
        managers = [transaction.TransactionManager() for _ in range(2)]
        for manager in managers:
            root = db.open(manager).root()["Application"]
            store = root.unrestrictedTraverse(path).__annotations__[counts.STORE]
            store["signals"][f"{counts.today()}|view|pas|citizen"].change(1)
        for manager in managers:
            manager.commit()
        functional_portal._p_jar.sync()
        assert counts.signals("")[0][0].count == 3


def test_limit():
    """A minute later an address begins anew; others are not held back by it."""
    now = [0.0]
    limit = limits.Limit(2, clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b")
    now[0] = 60.0
    assert limit.allows("a")
