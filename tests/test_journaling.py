"""What adapters of records systems share: waits, tokens, titles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.errors import Unavailable
from connector.journaling.draft import Drafter
from connector.journaling.remote import Remote, retry_after_s
from connector.journaling.token import Token
from connector.journals.folder import load_mapping
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import listen
from connector.sandbox.systems.base import plain
from tests.contracts.sink import entry, open_file

MAPPINGS = Path(__file__).parent.parent / "mappings"


@pytest.mark.parametrize(
    ("written", "wait_s"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("", None),
        ("soon", None),
        ("²", None),
        ("9" * 400, 86_400.0),
        ("99999999999999999999", 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Fri, 01 Jan 2021 00:00:00 GMT", 0.0),
    ],
)
def test_a_wait_is_a_time_to_come(written: str, wait_s: float | None):
    """Whatever a server writes, the wait can be kept in the ledger as a time."""
    assert retry_after_s(written) == wait_s


@pytest.mark.parametrize("expires_in", [3600, "3600", "", "an hour", "1e400"])
def test_a_token_lives_some_time(expires_in: object):
    """A lifetime that is no number is no reason to fall over."""

    def answer(_request: Request) -> Response:
        return plain(200, {"access_token": "fictional", "expires_in": expires_in})

    with listen(answer) as listener:
        remote = Remote(listener.origin, name="esdh")
        token = Token(remote, f"{listener.origin}/token", {}, monotonic=lambda: 0.0)

        assert token(False) == {"Authorization": "Bearer fictional"}


@pytest.mark.parametrize("title", ["", "  ", "\n\x07"])
def test_an_entry_has_a_title(title: str):
    """A title of nothing but blanks is none; the entry's kind and time stand there instead."""
    mapping = load_mapping(MAPPINGS, "da")
    drafter = Drafter(mapping, MAPPINGS / "templates", lambda: datetime(2026, 11, 20, tzinfo=UTC))

    made = drafter.draft(entry("call", title=title), "CT-1", open_file, "esdh")

    assert made.title.startswith("Telefonsamtale")


def test_a_certificate_that_is_not_trusted() -> None:
    """A system whose certificate nobody here knows is unavailable, and is told what to set."""
    system = Answering()
    with listen(system.handle, tls=True) as listener:
        stranger = Remote(listener.origin, name="esdh")
        with pytest.raises(Unavailable, match="ca_bundle"):
            stranger.ask("POST", "/note", body=b"{}")
        assert system.asked == 0

        friend = Remote(listener.origin, name="esdh", ca_bundle=listener.ca_file)
        assert friend.ask("POST", "/note", body=b"{}").status == 200


class Answering:
    """A server that says yes."""

    def __init__(self) -> None:
        self.asked = 0

    def handle(self, request: Request) -> Response:
        self.asked += 1
        return Response(headers={"content-type": "application/json"}, body=b"{}")
