"""How often one address may vote and be counted. Counted in this process alone: four processes let
four times as much through, which still stops a program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST_ADDRESSES = 10_000
A_MINUTE_S = 60.0


class Limit:
    """At most so many a minute for each address. Safe to use from many threads."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self._clock = most, clock
        self._seen: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Count one more; False when it is one too many."""
        now = self._clock()
        with self._lock:
            began, count = self._seen.get(address, (now, 0))
            if now - began >= A_MINUTE_S:
                began, count = now, 0
            if len(self._seen) >= MOST_ADDRESSES:
                self._seen.clear()  # rather than to grow; they begin anew
            self._seen[address] = (began, count + 1)
        return count < self.most

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._seen.clear()


VOTES = Limit(10)
VIEWS = Limit(120)  # looks, and searches that found nothing
