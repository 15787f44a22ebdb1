"""Each misbehaviour of the sandbox really happens, and a careful reader loses and doubles nothing.

The reader below is small and independent of the connector: it asks the sandbox without sockets.
The connector itself is held against the same scenarios elsewhere.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from connector.sandbox import ALL, Municipality, Request, Response, Sandbox, build, guide

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(days=20), NOW - timedelta(minutes=5)
ORIGIN = "https://127.0.0.1:1"
RUNS = 3
FULL = "singleValueExtendedProperties($filter=id eq 'String 0x001A')"


class Refused(Exception):
    """The whole reading is refused; a person must do something."""


class Later(Exception):
    """This part cannot be read now."""


class PartRefused(Exception):
    """This part alone is refused."""


def refuse(response: Response, target: str) -> None:
    """Raise for an answer that asking again does not better."""
    if response.status in (401, 402):
        raise Refused(str(response.status))
    if response.status == 403 and target.startswith("/v1.0/users/") and "mail" in target:
        raise PartRefused(target)
    if response.status in (400, 403, 404, 410):
        raise Later(f"{response.status} {response.body!r}")


def whole(response: Response) -> Any:
    """The JSON or the bytes of a good answer; None for one that is broken."""
    kind = response.headers.get("content-type", "")
    if response.cut_at is not None or response.status != 200 or kind.startswith("text/html"):
        return None
    if not kind.startswith("application/json"):
        return response.body
    is_packed = response.headers.get("content-encoding") == "gzip"
    try:
        return json.loads(gzip.decompress(response.body) if is_packed else response.body)
    except ValueError:
        return None


@dataclass
class Reader:
    """Reads everything, run after run, as a careful client does."""

    sandbox: Sandbox
    token: str = ""
    answers: list[tuple[Any, ...]] = field(default_factory=list)
    directory: str = ""
    mail_links: dict[str, str] = field(default_factory=dict)
    users: dict[str, str | None] = field(default_factory=dict)
    messages: dict[tuple[str, str], int] = field(default_factory=dict)
    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    records: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    mails: set[str] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    presences: set[str] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)

    def send(self, method: str, target: str, body: bytes = b"", prefer: str = "") -> Response:
        headers = {"authorization": f"Bearer {self.token}", "accept-encoding": "gzip"}
        headers["prefer"] = prefer
        request = Request(method=method, target=target, headers=headers, body=body, origin=ORIGIN)
        response = self.sandbox.handle(request)
        shown = {k: v for k, v in response.headers.items() if k != "request-id"}
        self.answers.append(
            (response.status, shown, response.body, response.cut_at, response.delay_s)
        )
        if response.release:
            response.release()
        return response

    def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        target = f"/{self.sandbox.tenant}/oauth2/v2.0/token"
        for _ in range(4):
            response = self.send("POST", target, urlencode(form).encode())
            if response.status < 500:
                break
        if response.status != 200:
            raise Refused(json.loads(response.body)["error_description"])
        self.token = json.loads(response.body)["access_token"]

    def get(self, link: str, *, method: str = "GET", body: bytes = b"", prefer: str = "") -> Any:
        """The JSON of an answer, asked again as long as a careful client would."""
        if not self.token:
            self.sign_in()
        target = link
        if link.startswith("http"):
            parts = urlsplit(link)
            if f"{parts.scheme}://{parts.netloc}" != ORIGIN:
                raise Later("a foreign host")
            target = f"{parts.path}?{parts.query}"
        for attempt in range(8):
            response = self.send(method, target, body, prefer)
            if response.status == 401 and attempt < 7:
                self.sign_in()
                continue
            refuse(response, target)
            value = whole(response)
            if value is not None:
                return value
        raise Later("no good answer")

    def pages(self, link: str, prefer: str = "") -> list[Any]:
        """All rows of a listing; Later when its links go round."""
        rows: list[Any] = []
        seen: set[str] = set()
        while link:
            body = self.get(link, prefer=prefer)
            rows += body["value"]
            self.last = body.get("@odata.deltaLink", "")
            link = body.get("@odata.nextLink", "")
            if link in seen or len(seen) > 500:
                raise Later("the links go round")
            seen.add(link)
        return rows

    def part(self, name: str, read: Any) -> None:
        try:
            read()
        except Later as error:
            self.problems.add(f"{name}: {error}")
        except PartRefused:
            self.problems.add(f"{name}: refused")

    def run(self) -> None:
        self.problems = set()
        self.part("directory", self.read_directory)
        for user in list(self.users):
            self.part(f"chats {user}", lambda user=user: self.read_chats(user))
            self.part(f"mail {user}", lambda user=user: self.read_mail(user))
        self.part("records", self.read_records)
        self.part("rows", self.read_rows)
        asked = json.dumps({"ids": sorted(self.users)}).encode()
        target = "/v1.0/communications/getPresencesByUserId"
        found = self.get(target, method="POST", body=asked)["value"]
        self.presences = {row["id"] for row in found}

    def read_directory(self) -> None:
        link = self.directory or "/v1.0/users/delta?$select=id,displayName,userPrincipalName"
        try:
            rows = self.pages(link)
        except Later:
            if self.directory:
                self.directory = ""
                return self.read_directory()
            rows, self.last = self.pages("/v1.0/users?$top=999"), ""
        for row in rows:
            self.users[row["id"]] = None if "@removed" in row else row["userPrincipalName"]
        self.directory = self.last
        return None

    def read_chats(self, user: str) -> None:
        query = (
            f"lastModifiedDateTime gt {SINCE:%Y-%m-%dT%H:%M:%S.000Z} "
            f"and lastModifiedDateTime lt {UNTIL:%Y-%m-%dT%H:%M:%S.000Z}"
        )
        link = f"/v1.0/users/{user}/chats/getAllMessages?" + urlencode(
            {"$top": "5", "$filter": query}, safe="$"
        )
        for row in self.pages(link, "include-unknown-enum-members"):
            if not isinstance(row["id"], str):
                self.problems.add("a row")
                continue
            key, etag = (row["chatId"], row["id"]), int(row["etag"])
            if etag > self.messages.get(key, -1):
                self.messages[key] = etag
                self.texts.setdefault(key, []).append(row["body"]["content"])

    def read_mail(self, user: str) -> None:
        base = f"/v1.0/users/{user}/mailFolders"
        folders = self.pages(base + "?$top=100")
        for folder in list(folders):
            if folder["childFolderCount"]:
                folders += self.pages(f"{base}/{folder['id']}/childFolders")
        for folder in folders:
            key = f"{base}/{folder['id']}/messages/delta"
            query = {"$select": "subject,internetMessageId,replyTo", "$expand": FULL}
            if not folder["totalItemCount"] and key not in self.mail_links:
                continue
            link = self.mail_links.get(key) or f"{key}?{urlencode(query, safe='$')}"
            try:
                rows = self.pages(link, 'IdType="ImmutableId", odata.maxpagesize=5')
            except Later:
                self.mail_links.pop(key, None)
                raise
            for row in rows:
                if "@removed" not in row:
                    self.mails.add(row["internetMessageId"])
                    self.read_sound(user, row)
            self.mail_links[key] = self.last

    def read_sound(self, user: str, row: Any) -> None:
        if "varerbesked" not in row["subject"] or row["id"] in self.sounds:
            return
        base = f"/v1.0/users/{user}/messages/{row['id']}/attachments"
        for one in self.pages(base + "?$select=id,name,contentType"):
            try:
                self.get(f"{base}/{one['id']}/$value")
            except (Later, PartRefused):
                self.problems.add("a sound")
                continue
            self.sounds.add(row["id"])

    def read_records(self) -> None:
        link = "/v1.0/communications/callRecords?" + urlencode(
            {"$filter": f"startDateTime ge {SINCE:%Y-%m-%dT%H:%M:%SZ}"}, safe="$"
        )
        for row in self.pages(link, "odata.maxpagesize=5"):
            if row["version"] > self.records.get(row["id"], (0, 0))[0]:
                self.part("record", lambda row=row: self.read_record(row))

    def read_record(self, row: Any) -> None:
        base = f"/v1.0/communications/callRecords/{row['id']}"
        body = self.get(base + "?$expand=sessions($expand=segments)")
        sessions = body["sessions"]
        if body.get("sessions@odata.nextLink"):
            sessions = sessions + self.pages(body["sessions@odata.nextLink"])
        people = self.get(base + "?$expand=participants_v2")
        found = people["participants_v2"]
        if people.get("participants_v2@odata.nextLink"):
            found = found + self.pages(people["participants_v2@odata.nextLink"])
        assert len({one["id"] for one in sessions}) == len(sessions)
        self.records[row["id"]] = (row["version"], len(sessions) * 1000 + len(found))

    def read_rows(self) -> None:
        for name in ("getPstnCalls", "getDirectRoutingCalls"):
            span = f"(fromDateTime={SINCE:%Y-%m-%d},toDateTime={NOW + timedelta(days=1):%Y-%m-%d})"
            for row in self.pages(f"/v1.0/communications/callRecords/{name}{span}"):
                self.rows[row["id"]] = row


@pytest.fixture(scope="module")
def town() -> Municipality:
    return build(seed=3, users=10, days=6, now=NOW)


@pytest.fixture(scope="module")
def calm(town: Municipality) -> Reader:
    """What an undisturbed reader has after the same number of runs."""
    reader = Reader(Sandbox(town))
    for _ in range(RUNS):
        reader.run()
    return reader


def expected_messages(town: Municipality) -> set[tuple[str, str]]:
    return {(m.thread, m.key) for m in town.messages if m.at < UNTIL}


def test_undisturbed(town: Municipality, calm: Reader) -> None:
    """Without a scenario the reader has every message, mail, record and row, each once."""
    assert set(calm.messages) == expected_messages(town)
    assert calm.mails == {mail.internet_id for mail in town.mails}
    assert calm.sounds == {mail.key for mail in town.mails if mail.sound}
    assert set(calm.records) == {call.key for call in town.calls}
    rows = {c.pstn["id"] for c in town.calls if c.pstn}
    assert set(calm.rows) == rows | {r["id"] for c in town.calls for r in c.direct}
    assert set(calm.users) == {p.key for p in town.staff + town.shared}
    assert calm.problems == set()


# A careful reader never triggers these two; they have tests of their own below.
QUIET = {"filter-needs-both-bounds", "picture-gone", "chat-foreign"}


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.survives == "all"])
def test_all_arrives(name: str, town: Municipality, calm: Reader) -> None:
    """The scenario happens, and after a few runs everything has arrived and nothing is double."""
    reader = Reader(Sandbox(town, scenario=(name,)))
    for _ in range(RUNS):
        reader.run()
    if name not in QUIET:
        assert reader.answers != calm.answers, "the scenario did nothing"
    assert set(reader.messages) == set(calm.messages)
    assert reader.mails == calm.mails
    assert reader.sounds == (set() if name == "attachment-forbidden" else calm.sounds)
    assert {k: v[1] for k, v in reader.records.items()} == {
        k: v[1] for k, v in calm.records.items()
    }
    assert set(reader.rows) == set(calm.rows)
    assert set(reader.users) == set(calm.users)


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.survives == "part"])
def test_part_is_refused(name: str, town: Municipality, calm: Reader) -> None:
    """One part stays refused and is reported every time; everything else arrives."""
    reader = Reader(Sandbox(town, scenario=(name,)))
    for _ in range(2):
        reader.run()
    assert reader.problems
    owner = town.staff[0].key
    lost = {m.internet_id for m in town.mails if m.mailbox == owner} if "mailbox" in name else set()
    assert reader.mails == calm.mails - lost
    if name == "records-without-detail":
        assert set(reader.records) < set(calm.records)
    else:
        assert set(reader.records) == set(calm.records)
    alone = {
        (m.thread, m.key)
        for m in town.messages
        if {p.key for p in town.chat[m.thread].members} == {owner}
    }
    assert set(reader.messages) >= set(calm.messages) - alone


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.survives == "stop"])
def test_reading_stops(name: str, town: Municipality) -> None:
    """The refusal lasts: no run reads any chat."""
    reader = Reader(Sandbox(town, scenario=(name,)))
    for _ in range(2):
        try:
            reader.run()
        except Refused:
            continue
        assert reader.problems
    assert not reader.messages


def test_edit_and_deletion_are_seen(town: Municipality) -> None:
    """An edit shows as a new version with the new text; a deletion as one with an empty text."""
    for name, shows in (("message-edited", "(rettet)"), ("message-deleted", "")):
        reader = Reader(Sandbox(town, scenario=(name,)))
        reader.run()
        before = {key: list(texts) for key, texts in reader.texts.items()}
        reader.run()
        changed = [key for key, texts in reader.texts.items() if len(texts) > len(before[key])]
        assert changed
        for key in changed:
            assert reader.texts[key][-1].endswith(shows) if shows else not reader.texts[key][-1]


def test_one_bound_is_refused(town: Municipality) -> None:
    """With filter-needs-both-bounds a filter of one bound is answered with 400."""
    reader = Reader(Sandbox(town, scenario=("filter-needs-both-bounds",)))
    query = urlencode({"$filter": "lastModifiedDateTime gt 2026-11-01T00:00:00Z"}, safe="$")
    with pytest.raises(Later, match="400"):
        reader.get(f"/v1.0/users/{town.staff[0].key}/chats/getAllMessages?{query}")


def test_pictures(town: Municipality) -> None:
    """A pasted picture is a PNG; with picture-gone it is 404, with chat-foreign 403."""
    found = next(m for m in town.messages if m.images and not m.deleted_at)
    path = (
        f"/v1.0/chats/{found.thread}/messages/{found.key}/hostedContents/{found.images[0]}/$value"
    )
    assert Reader(Sandbox(town)).get(path).startswith(b"\x89PNG")
    for name, status in (("picture-gone", "404"), ("chat-foreign", "403")):
        with pytest.raises(Later, match=status):
            Reader(Sandbox(town, scenario=(name,))).get(path)


def test_fifth_request_to_a_mailbox(town: Municipality) -> None:
    """With mailbox-concurrency the fifth at once is throttled; a finished one makes room."""
    sandbox = Sandbox(town, scenario=("mailbox-concurrency",), static_token="t")
    target = f"/v1.0/users/{town.staff[0].key}/mailFolders"
    request = Request(method="GET", target=target, headers={"authorization": "Bearer t"})
    open_ones = [sandbox.handle(request) for _ in range(4)]
    assert sandbox.handle(request).status == 429
    assert open_ones[0].release is not None
    open_ones[0].release()
    assert sandbox.handle(request).status == 200


def test_unknown_scenario(town: Municipality) -> None:
    """A scenario that does not exist is named in the error."""
    with pytest.raises(ValueError, match="no-such"):
        Sandbox(town, scenario=("no-such",))


def test_every_scenario_is_told() -> None:
    """Each scenario has its two summaries and a public place; there are at least thirty."""
    assert len(ALL) >= 30
    for scenario in ALL.values():
        assert scenario.summary_en
        assert scenario.summary_da
        assert scenario.issue
        assert scenario.survives in ("all", "part", "stop")


def test_page_is_current() -> None:
    """docs/scenarios.md is what the code says; write it anew with connector.sandbox.guide.write."""
    page = Path(__file__).parent.parent / "docs" / "scenarios.md"
    assert page.read_text(encoding="utf-8") == guide.page()
