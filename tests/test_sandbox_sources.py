"""The program's own sources against each misbehaviour: nothing is lost and nothing is double.

The sources read the sandbox over a real line, a run a day, as the schedule does, and must end with
what they have of a server that behaves.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from connector.errors import ConnectorError, CursorExpired, Denied, Gone, RemoteError
from connector.http import Graph
from connector.model import Item, Kind, Person, Problem
from connector.ports import Source
from connector.sandbox import ALL, Municipality, Request, Sandbox, Server, build, serve
from connector.sandbox.scenario import one_in
from connector.sources.mail import Voicemail
from connector.sources.teams import CallRecords, Chats, Directory, DirectRouting, PstnCalls

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RUNS = 3
Key = tuple[str, str, str]


class Time:
    """A clock that only moves when somebody sleeps or a day passes."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept_s = 0.0
        self.lock = threading.Lock()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.slept_s

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept_s += seconds


@dataclass
class Reading:
    """What all sources gave, run after run."""

    server: Server
    time: Time
    versions: dict[Key, list[str]] = field(default_factory=dict)
    items: dict[Key, Item] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    problems: list[list[Problem]] = field(default_factory=list)
    errors: list[list[ConnectorError]] = field(default_factory=list)
    cursors: dict[tuple[str, str], str | None] = field(default_factory=dict)
    lost_bytes: int = 0

    def token(self, renew: bool) -> str:
        """Sign in at the sandbox's token endpoint."""
        if renew or not getattr(self, "kept", ""):
            sandbox = self.server.sandbox
            form = urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": sandbox.client_id,
                    "client_secret": sandbox.client_secret,
                    "scope": "https://graph.microsoft.com/.default",
                }
            )
            target = f"/{sandbox.tenant}/oauth2/v2.0/token"
            for _ in range(4):
                answer = sandbox.handle(Request(method="POST", target=target, body=form.encode()))
                if answer.status == 200:
                    break
            if answer.status != 200:
                raise Denied("no token")
            self.kept = str(answer.body).split('"access_token":"')[1].split('"')[0]
        return self.kept

    def known(self, source: str) -> object:
        def ask(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
            return {
                (key, version)
                for key, version in pairs
                if version in self.versions.get((source, thread, key), ())
            }

        return ask

    def run(self) -> None:
        self.problems.append([])
        self.errors.append([])
        graph = Graph(
            self.server.base_url,
            self.token,
            rates={},
            clock=self.time.now,
            monotonic=self.time.monotonic,
            sleep=self.time.sleep,
            timeout_s=(5, 5),
        )
        since = NOW - timedelta(days=8)
        sources: list[Source] = [
            Directory(graph),
            Chats(graph, since=since),
            CallRecords(graph),
            PstnCalls(graph),
            DirectRouting(graph),
            Voicemail(graph, since=since),
        ]
        for source in sources:
            for part in self.parts(source):
                self.read(source, part)
        graph.close()

    def parts(self, source: Source) -> list[str]:
        """The parts of a source; of mailboxes only those with mail, and the first, to save time."""
        town = self.server.sandbox.municipality
        owners = {mail.mailbox for mail in town.mails} | {town.staff[0].key}
        found = source.parts(list(self.people.values()))
        return [part for part in found if part in owners] if "mail" in source.name else found

    def read(self, source: Source, part: str) -> None:
        key = (source.name, part)
        try:
            for page in source.changes(part, self.cursors.get(key), self.known(source.name)):  # type: ignore[arg-type]
                for item in page.items:
                    self.take(source, item)
                for person in page.people:
                    self.people[person.id] = person
                if page.cursor is not None:
                    self.cursors[key] = page.cursor
        except CursorExpired:
            self.cursors[key] = None
        except RemoteError as error:
            self.errors[-1].append(error)

    def take(self, source: Source, item: Item | Problem) -> None:
        if isinstance(item, Problem):
            self.problems[-1].append(item)
            return
        key = (item.source, item.thread, item.key)
        seen = self.versions.setdefault(key, [])
        if item.version not in seen:
            seen.append(item.version)
        if key not in self.items or item.modified_at >= self.items[key].modified_at:
            self.items[key] = item
        for file in item.attachments:
            if file.ref and item.kind is Kind.VOICEMAIL:
                try:
                    assert b"".join(source.content(file.ref))
                except (Gone, RemoteError):
                    self.lost_bytes += 1


# What happens to a message within its first hours is seen by runs that are hours apart.
SOON = {"message-edited", "message-deleted", "message-vanishes", "etag-goes-back"}


def read_all(town: Municipality, names: Sequence[str]) -> Reading:
    """All runs, a day apart."""
    step = timedelta(hours=1) if SOON.intersection(names) else timedelta(days=1)
    time = Time()
    sandbox = Sandbox(town, scenario=names, clock=time.now, most_rows=4)
    with serve(sandbox) as server:
        reading = Reading(server, time)
        for _ in range(RUNS):
            reading.run()
            time.at += step
    return reading


@pytest.fixture(scope="module")
def town() -> Municipality:
    return build(seed=4, users=8, days=3, now=NOW)


@pytest.fixture(scope="module")
def calm(town: Municipality) -> Reading:
    return read_all(town, ())


def test_calm(town: Municipality, calm: Reading) -> None:
    """Of a server that behaves the sources have everything that the truth names, and no more."""
    by_source: dict[str, set[str]] = {}
    for source, _thread, key in calm.items:
        by_source.setdefault(source, set()).add(key)
    assert by_source["teams.chats"] == {m.key for m in town.messages}
    chats = {(thread, key) for source, thread, key in calm.items if source == "teams.chats"}
    assert chats == {(m.thread, m.key) for m in town.messages}
    assert by_source["teams.call_records"] == {c.key for c in town.calls}
    mails = {i.key for i in calm.items.values() if i.source == "mail.voicemail"}
    assert len(mails) == len([m for m in town.mails if m.kind != "ordinary"])
    assert set(calm.people) == {p.key for p in town.staff + town.shared}
    assert calm.problems == [[]] * RUNS
    assert calm.errors == [[]] * RUNS


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.survives == "all"])
def test_nothing_is_lost(name: str, town: Municipality, calm: Reading) -> None:
    """After a few daily runs the sources have the same items as of a server that behaves."""
    reading = read_all(town, (name,))
    assert set(calm.items) - set(reading.items) == set()
    assert set(reading.items) - set(calm.items) == set()
    assert set(reading.people) == set(calm.people)
    assert reading.errors[-1] == []


@pytest.mark.parametrize("name", ["mailbox-forbidden", "mailbox-missing", "chats-forbidden"])
def test_one_part_is_refused(name: str, town: Municipality, calm: Reading) -> None:
    """The refused part is one problem a run and keeps no cursor; everything else arrives."""
    reading = read_all(town, (name,))
    owner = town.staff[0].key
    for run in reading.problems:
        assert [(problem.scope, problem.part) for problem in run] == [("part", owner)]
    assert reading.errors == [[]] * RUNS
    source = "teams.chats" if name == "chats-forbidden" else "mail.voicemail"
    assert reading.cursors.get((source, owner)) is None
    lost = {key for key, item in calm.items.items() if source == key[0] and item.thread == owner}
    assert set(reading.items) == set(calm.items) - lost


def test_record_without_detail(town: Municipality, calm: Reading) -> None:
    """A record whose detail is gone is kept from its header and flagged; others are whole."""
    gone = {call.key for call in town.calls if one_in(3, call.key)}
    assert gone
    reading = read_all(town, ("records-without-detail",))
    assert set(reading.items) == set(calm.items)
    records = {k[2]: item for k, item in reading.items.items() if k[0] == "teams.call_records"}
    assert {key for key, item in records.items() if item.flags} == gone
    assert reading.errors == [[]] * RUNS


@pytest.mark.parametrize(
    "name",
    [n for n, s in ALL.items() if s.survives == "stop"],
)
def test_refusal_is_told(name: str, town: Municipality) -> None:
    """What no run can read is an error or a problem each time, and no cursor moves."""
    reading = read_all(town, (name,))
    for errors, problems in zip(reading.errors, reading.problems, strict=True):
        assert errors or problems
        assert all(isinstance(error, Denied) for error in errors)
        assert all(problem.scope == "part" for problem in problems)
    assert not [key for key in reading.items if key[0] == "teams.chats"]
    moved = {key[0] for key, cursor in reading.cursors.items() if cursor is not None}
    assert "teams.chats" not in moved


def test_edits_are_versions(town: Municipality, calm: Reading) -> None:
    """An edited message has one more version than in a calm reading, and its new text."""
    reading = read_all(town, ("message-edited",))
    grown = [k for k, seen in reading.versions.items() if len(seen) > len(calm.versions[k])]
    assert grown
    assert all(reading.items[key].text.endswith("(rettet)") for key in grown)


def test_deletions_keep_the_item(town: Municipality, calm: Reading) -> None:
    """A deleted message is a new version that is marked deleted; the old version was kept."""
    reading = read_all(town, ("message-deleted",))
    grown = [k for k, seen in reading.versions.items() if len(seen) > len(calm.versions[k])]
    assert grown
    assert all(reading.items[key].is_deleted for key in grown)


def test_foreign_host_gets_no_token(town: Municipality) -> None:
    """A next link to another host is not followed; the part is reported, and read the next day."""
    reading = read_all(town, ("next-link-foreign",))
    assert all("graph.microsoft.example" not in line for line in reading.server.requests)
    assert reading.errors[-1] == []
