"""Many people at a portal, each with a connection and a session, from a process of its own.

    python -m bench.web_load < plan.json > times.json

Each waits `think_s` on average between two requests (none at 0), for `seconds` in all. What is
asked is drawn from the user's own wants. A "decide" takes the first of the to-do list off it and
puts it back: both are measured, and the ledger is as it was.
"""

from __future__ import annotations

import http.client
import random
import re
import sys
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

DECIDE, UNDO, TODO = "decide", "undo", "to do"
_SEEN = re.compile(r'name="seen" value="([0-9:,]+)"')
_HTML = {"content-type": "application/x-www-form-urlencoded", "accept-language": "da"}


class Want(msgspec.Struct, frozen=True):
    """A sort of request, how often it is made, and the addresses of which one is drawn."""

    kind: str
    weight: float
    paths: tuple[str, ...]


class User(msgspec.Struct, frozen=True):
    """Somebody signed in."""

    cookie: str
    csrf: str
    wants: tuple[Want, ...]


class Plan(msgspec.Struct, frozen=True):
    """What is to be asked of the portal at this port."""

    port: int
    users: tuple[User, ...]
    seconds: float
    think_s: float
    phase: str  # stands before each kind in the server's own times
    most: int = 1_000_000  # things that each user does


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """One request as its sender saw it."""

    kind: str
    status: int
    ms: float
    size: int

    @property
    def is_wrong(self) -> bool:
        """An answer that its sender did not ask for. A decision on what another has just decided
        is refused, and rightly so: several people take from the front of one list here."""
        expected = (200, 303, 412) if self.kind in (DECIDE, UNDO) else (200, 303)
        return self.status not in expected


class Person(threading.Thread):
    """One user's browser."""

    def __init__(self, plan: Plan, place: int, start: float) -> None:
        super().__init__()
        self.plan, self.user = plan, plan.users[place]
        self.rng = random.Random(f"{plan.phase}/{place}")
        self.start_at, self.asked = start, list[Asked]()
        self.location = ""  # where the last answer sent the browser
        self.connection = http.client.HTTPConnection("127.0.0.1", plan.port, timeout=120)

    def run(self) -> None:
        """Ask until the time is over."""
        wants, plan = self.user.wants, self.plan
        weights = [want.weight for want in wants]
        until = self.start_at + plan.seconds
        time.sleep(self.rng.random() * plan.think_s)
        for _ in range(plan.most):
            if time.perf_counter() >= until:
                break
            want = self.rng.choices(wants, weights)[0]
            if want.kind == DECIDE:
                self._decide(self.rng.choice(want.paths))
            else:
                self._ask(want.kind, self.rng.choice(want.paths))
            if plan.think_s:
                time.sleep(min(self.rng.expovariate(1 / plan.think_s), 4 * plan.think_s))
        self.connection.close()

    def _ask(self, kind: str, path: str, form: dict[str, str] | None = None) -> str:
        headers = {"cookie": self.user.cookie, "x-bench": f"{self.plan.phase}/{kind}", **_HTML}
        body = urlencode({"csrf": self.user.csrf, **form}) if form is not None else None
        began = time.perf_counter()
        method = "POST" if form is not None else "GET"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except ConnectionError:  # left idle, and closed by the server: browsers ask again, too
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        page = answer.read()
        self.location = answer.headers.get("location", "").partition("#")[0]
        ms = (time.perf_counter() - began) * 1000
        self.asked.append(Asked(kind, answer.status, ms, len(page)))
        return page.decode()

    def _decide(self, path: str) -> None:
        """No case for the first of the list; then the word is taken back."""
        page = self._ask(TODO, path)
        seen = _SEEN.findall(page.partition('action="/todo/decide"')[2])
        if not seen:
            return
        place = len(self.asked)
        self._ask(DECIDE, "/todo/decide", {"seen": seen[0], "scope": "mine", "do": "none"})
        if self.asked[place].status != 303:
            return
        link = self._undone(seen[0])
        if link:
            self._ask(UNDO, "/todo/undo", {"seen": link, "scope": "mine"})

    def _undone(self, seen: str) -> str:
        """The decision as it stands now: the list that follows offers to take it back."""
        item = seen.partition(":")[0]
        page = self._ask(TODO, self.location)
        found = _SEEN.findall(page.partition('action="/todo/undo"')[2])
        return next((each for each in found if each.startswith(f"{item}:")), "")


def run(plan: Plan) -> Sequence[Asked]:
    """All users at once; everything that was asked."""
    start = time.perf_counter()
    people = [Person(plan, place, start) for place in range(len(plan.users))]
    for each in people:
        each.start()
    for each in people:
        each.join()
    return [asked for each in people for asked in each.asked]


def main() -> None:
    """A plan from standard input, times to standard output."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(run(plan)))


if __name__ == "__main__":
    main()
