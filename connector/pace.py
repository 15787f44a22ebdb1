"""How fast one may ask: the rate of each service, its pauses and its latency."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

# Requests a second, per app and tenant. Source: Microsoft Graph, "Service-specific throttling
# limits" (text of 2023 to 2025, read 2026-11-21).
RATES: Mapping[str, float] = {
    "directory": 50.0,  # 3,500 units in 10 s in the smallest tenant; a listing costs 1 or 2
    "chats": 200.0,  # export of messages: 200 a second
    "channels": 200.0,  # the same export limit, counted apart
    "messages": 20.0,  # one chat or channel message and what hangs on it: 20 a second
    "teams": 30.0,  # other reads of Teams: 30 a second
    "call_records": 75.0,  # 1,500 in 20 s
    "presence": 50.0,  # 1,500 in 30 s, the lower of two published numbers
    "mail": 200.0,  # 10,000 in 10 min and 4 at once are per mailbox; no limit over all mailboxes
}

_BURST_S = 0.1  # so much of a second may go at once; the limits count in windows of seconds
_LONGEST_PAUSE_S = 3600.0  # whatever a server says, it is asked again within the hour


class Pace:
    """One service's rate, its shared pause and its latency. Safe from many threads."""

    def __init__(self, rate: float, monotonic: Callable[[], float]) -> None:
        self.rate = rate
        self.latency_s = 0.0
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next = 0.0
        self._paused_until = 0.0

    def take(self) -> tuple[float, float]:
        """Book the next free moment: (seconds until then, seconds of that because of a pause).

        Moments are handed out in the order of asking, so no thread starves.
        """
        with self._lock:
            now = self._monotonic()
            pause = max(0.0, self._paused_until - now)
            if not self.rate:
                return pause, pause
            at = max(now + pause, self._next)
            self._next = at + 1.0 / self.rate
            return max(pause, at - now - (0.0 if pause else _BURST_S)), pause

    def pause(self, wait_s: float) -> None:
        """Let nobody use the service for `wait_s` seconds."""
        with self._lock:
            until = self._monotonic() + min(wait_s, _LONGEST_PAUSE_S)
            self._paused_until = max(self._paused_until, until)

    def measured(self, latency_s: float) -> None:
        """Follow the latency: down fast, up slowly, so that our own load does not raise it."""
        old = self.latency_s
        weight = 0.5 if latency_s < old else 0.05
        self.latency_s = old + weight * (latency_s - old) if old else latency_s
