"""The mailboxes of an Exchange server against the contract of all sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from requests.adapters import HTTPAdapter

from connector.model import Person
from connector.ports import Source
from connector.sandbox.ews import Call, Refused
from connector.sandbox.ews import Exchange as Server
from connector.sandbox.protocol import Request, Response
from tests.contracts.source import WAIT_S, SourceContract
from tests.ews_town import Town, people_of, serving, whole_town

TOWN, STORE = whole_town()
BUSY = {"BackOffMilliseconds": f"{WAIT_S * 1000:.0f}"}


class TestExchange(SourceContract):
    """The hooks, over the sandbox's Exchange with real exchangelib."""

    right: ClassVar[str] = "ApplicationImpersonation"

    @pytest.fixture(autouse=True)
    def _server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self._fault = "well"
        self._timeouts: list[object] = []
        self._spoiled = ""
        plain_send = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: Any, **settings: Any) -> Any:
            self._timeouts.append(settings.get("timeout"))
            return plain_send(adapter, request, **settings)

        monkeypatch.setattr(HTTPAdapter, "send", send)
        plain_handle = Server.handle

        def handle(server: Server, request: Request) -> Response:
            early = self._line(request)
            return early or plain_handle(server, request)

        monkeypatch.setattr(Server, "handle", handle)
        with serving(STORE, before=[self._misbehave]) as town:
            self.town: Town = town
            yield
        if self._spoiled:
            self._mend()

    def _line(self, _request: Request) -> Response | None:
        if self._fault == "refused":
            return Response(status=401, headers={"www-authenticate": "Basic realm=x"})
        if self._fault == "down":
            return Response(status=500, body=b"Runtime Error")
        if self._fault == "cut":
            return Response(body=b"<s:Envelope xmlns:s='x'>" * 9, cut_at=40)
        return None

    def _misbehave(self, _server: Server, call: Call) -> None:
        if self._fault == "throttled":
            raise Refused("ErrorServerBusy", "The server cannot service this request.", BUSY)
        if self._fault == "forbidden":
            raise Refused("ErrorImpersonateUserDenied", "No permission to impersonate.")
        if self._fault == "forgets" and call.body.findtext("{*}SyncState"):
            raise Refused("ErrorInvalidSyncStateData", "The state is invalid.")

    def make(self) -> Source:
        first = TOWN.staff[0].upn
        others = [each.upn for each in (*TOWN.staff[1:], *TOWN.shared)]
        return self.town.source(mailboxes=[first, *others])

    def people(self) -> list[Person]:
        return people_of(TOWN)

    def fail(self, how: str) -> None:
        self._fault = how

    def spoil(self) -> None:
        """The server cannot convert one voicemail, whichever it is."""
        part = self._longest[type(self)]
        _box, folder, post = next(
            found
            for found in STORE.posts()
            if found[0].address == part and "voicemail" in found[2].item_class.lower()
        )
        folder.posts[post.id] = replace(post, is_broken=True)
        self._spoiled = post.id
        self._where = folder

    def _mend(self) -> None:
        self._where.posts[self._spoiled] = replace(
            self._where.posts[self._spoiled], is_broken=False
        )

    def forget_cursors(self) -> None:
        self._fault = "forgets"

    def timeouts(self) -> list[object]:
        return self._timeouts

    def asked(self) -> int:
        return self.town.asked()

    def windows_by_time(self) -> bool:
        """A folder that has not changed since it was read out is not asked, so its state is not
        missed; tests/test_ews_seen.py forgets those of folders that are."""
        return True
