"""All sources of the platform against the sandbox municipality, through the contract suite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from connector.model import Person
from connector.ports import Source
from connector.sandbox import Sandbox, build
from connector.sandbox.protocol import Request
from connector.sources.mail import Voicemail
from connector.sources.teams import (
    CallRecords,
    Channels,
    Chats,
    Directory,
    DirectRouting,
    PresenceStates,
    PstnCalls,
)
from tests.contracts.source import WAIT_S, SourceContract, nothing_known
from tests.fake_graph import TOKEN, Asked, FakeGraph, Reply, Time, fault

FAULTS = {
    "refused": Reply(401, fault("InvalidAuthenticationToken")),
    "forbidden": Reply(403, fault("Forbidden", "Missing role permissions")),
    "throttled": Reply(429, fault("TooManyRequests"), {"Retry-After": f"{WAIT_S:.0f}"}),
    "down": Reply(500, fault("generalException")),
    "cut": Reply(200, b'{"value": [1, 2, 3]}', cut=7),
}
WORLD = build(seed=3, users=12, days=9, now=Time().start)
KEPT = ("content-type", "request-id", "client-request-id")


class GraphSource(SourceContract):
    """The hooks, over the sandbox behind a server that can be told to fail."""

    row_key = "id"  # the member that makes a row unreadable when it is a number in a list

    @pytest.fixture(autouse=True)
    def _server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self._fault: str = "well"
        self._spoiled = self._forgets = False
        self._broken = ""
        self._timeouts: list[object] = []
        plain_send = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: Any, **settings: Any) -> Any:
            self._timeouts.append(settings.get("timeout"))
            return plain_send(adapter, request, **settings)

        monkeypatch.setattr(HTTPAdapter, "send", send)
        self.server = FakeGraph(self._reply)
        self.sandbox = Sandbox(WORLD, static_token=TOKEN, clock=self.server.time.now)
        self.graph = self.server.graph(attempts=3)
        yield
        self.graph.close()
        self.server.close()

    def _reply(self, asked: Asked) -> Reply:
        if self._fault != "well":
            return FAULTS[self._fault]
        if self._forgets and re.search(r"token=", asked.target):
            return Reply(400, fault("BadRequest", "", {"code": "syncStateNotFound"}))
        headers = {name.lower(): value for name, value in asked.headers.items()}
        response = self.sandbox.handle(
            Request(
                method=asked.method,
                target=asked.target,
                headers=headers,
                body=asked.body,
                origin=self.server.origin,
            )
        )
        body = self._spoil(asked, response.body) if self._spoiled else response.body
        kept = {n: v for n, v in response.headers.items() if n.lower() in KEPT}
        return Reply(response.status, body, kept)

    def _spoil(self, asked: Asked, body: bytes) -> bytes:
        """Break one row, the same wherever it is met."""
        try:
            tree = json.loads(body)
        except ValueError:
            return body
        rows = tree.get("value") if isinstance(tree, dict) else None
        for row in rows if isinstance(rows, list) else []:
            if self.is_item(asked, row) and self._broken in ("", str(row["id"])):
                self._broken = str(row["id"])
                self.spoil_row(row)
        return json.dumps(tree).encode()

    def is_item(self, asked: Asked, row: Any) -> bool:
        return isinstance(row, dict) and "id" in row

    def spoil_row(self, row: dict[str, Any]) -> None:
        row.clear()
        row["id"] = ["not", "a", "key"]

    def people(self) -> list[Person]:
        directory = Directory(self.graph)
        return [p for page in directory.changes("users", None, nothing_known) for p in page.people]

    def fail(self, how: str) -> None:
        self._fault = how

    def spoil(self) -> None:
        self._spoiled = True

    def forget_cursors(self) -> None:
        self._forgets = True

    def timeouts(self) -> list[object]:
        return self._timeouts

    def asked(self) -> int:
        return len(self.server.requests)


class TestDirectory(GraphSource):
    has_items = False

    def make(self) -> Source:
        return Directory(self.graph)


class TestChats(GraphSource):
    def make(self) -> Source:
        return Chats(self.graph, initial_days=9, window_days=1)

    def windows_by_time(self) -> bool:
        return True


class TestChannels(GraphSource):
    def make(self) -> Source:
        return Channels(self.graph, teams=[WORLD.teams[0].key], initial_days=9, window_days=1)

    def windows_by_time(self) -> bool:
        return True


class TestCallRecords(GraphSource):
    def make(self) -> Source:
        return CallRecords(self.graph)

    def windows_by_time(self) -> bool:
        return True


class TestPstn(GraphSource):
    def make(self) -> Source:
        return PstnCalls(self.graph)

    def windows_by_time(self) -> bool:
        return True


class TestDirectRouting(GraphSource):
    def make(self) -> Source:
        return DirectRouting(self.graph)

    def windows_by_time(self) -> bool:
        return True


class TestVoicemail(GraphSource):
    def make(self) -> Source:
        return Voicemail(self.graph)

    def is_item(self, asked: Asked, row: Any) -> bool:
        return super().is_item(asked, row) and "microsoft.voicemail" in str(row).lower()


class TestPresence(GraphSource):
    has_items = False
    gives_anew = True
    keeps_cursor = False

    def make(self) -> Source:
        return PresenceStates(self.graph)


def test_world_is_fixed() -> None:
    """The world of these tests does not depend on today."""
    assert WORLD.now == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert WORLD.now - timedelta(days=9) < WORLD.now
