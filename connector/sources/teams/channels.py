"""Channel messages of chosen teams. Off by default: channels are read by many, and seldom cases.

Facts: Microsoft Graph, "channels: getAllMessages", read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from connector.http import Graph
from connector.model import Finding, Page, Person
from connector.ports import Known
from connector.sources import rights
from connector.sources.teams.chats import HEADERS, messages_request, read_windows
from connector.sources.teams.windows import Span, plan


class Channels:
    """All channels of each of `teams`, replies included; a part is a team's id.

    The thread of a message is "team/channel/root message".
    """

    def __init__(
        self,
        graph: Graph,
        *,
        teams: Sequence[str],
        name: str = "teams.channels",
        initial_days: int = 30,
        since: datetime | None = None,
        overlap_h: float = 24.0,  # as for chats: the same export, the same lateness
        lag_min: float = 5.0,
        window_days: int = 0,
        reread_days: int = 0,
    ) -> None:
        self.name = name
        self._graph = graph
        self._teams = tuple(dict.fromkeys(teams))
        self._span = Span(
            lag=timedelta(minutes=lag_min),
            overlap=timedelta(hours=overlap_h),
            initial=timedelta(days=initial_days),
            start=since,
            longest=timedelta(days=window_days),
            deep=timedelta(days=reread_days),
        )

    def check(self) -> list[Finding]:
        """One page of the first team. The right needed is ChannelMessage.Read.All."""

        def attempt() -> None:
            if self._teams:
                window = plan(None, self._graph.server_now(), self._span)
                path = messages_request(_collection(self._teams[0]), window, top=1)
                self._graph.get(path, service="channels", headers=HEADERS)

        return rights.check(self._graph, self.name, rights.CHANNELS, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        del people  # teams are chosen in the configuration
        return list(self._teams)

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Messages and replies changed since the cursor's window was begun, with overlap."""
        del known
        yield from read_windows(
            self._graph, self.name, part, _collection(part), cursor, self._span, service="channels"
        )

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of an inline image."""
        return self._graph.stream(ref, service="messages")

    @property
    def in_flight(self) -> int:
        return self._graph.in_flight("channels")


def _collection(team: str) -> str:
    return f"teams/{quote(team, safe='')}/channels/getAllMessages"
