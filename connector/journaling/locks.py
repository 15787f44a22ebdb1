"""One writer at a time for each case, within one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Locks:
    """Locks by name, a fixed number of them: two names may share one, which costs only a wait."""

    def __init__(self, count: int = 64) -> None:
        self._locks = [threading.Lock() for _ in range(count)]

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Nobody else in this process holds this name."""
        with self._locks[hash(name) % len(self._locks)]:
            yield
