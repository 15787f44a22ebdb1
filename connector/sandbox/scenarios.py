"""Named misbehaviours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.sandbox.protocol import Request, Response
from connector.sandbox.view import View


@dataclass(slots=True)
class Memory:
    """How often each scenario has misbehaved, by key. Bounded: old keys go when there are many."""

    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, object] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self, key: str, limit: int) -> bool:
        """True for the first `limit` questions about this key."""
        with self.lock:
            count = self.counts.get(key, 0)
            if len(self.counts) < 100_000 or key in self.counts:
                self.counts[key] = count + 1
            return count < limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a misbehaviour may look at."""

    request: Request
    view: View
    memory: Memory
    name: str
    answered: int
    ask: Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One misbehaviour."""

    name: str
    summary_en: str
    summary_da: str
    issue: str
    begin: Callable[[Scene], None] | None = None
    before: Callable[[Scene], Response | None] | None = None
    after: Callable[[Scene, Response], Response] | None = None
    sign_in: Callable[[Scene], Response | None] | None = None


ALL: dict[str, Scenario] = {}
