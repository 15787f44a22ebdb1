"""A portal under measurement: its process, the people signed in to it, and what they ask."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

import msgspec

from bench.web_data import BIG_CASES, STAFF, Town, case_number
from bench.web_load import DECIDE, TODO, Asked, Plan, User, Want
from bench.web_queries import CASE_NUMBER, KINDS
from connector.ledger import Ledger, sessions
from connector.ledger.sessions import SignedIn
from connector.web.who import csrf_of

ROOT = Path(__file__).resolve().parents[1]
USERS, MANAGERS = 50, 5  # five of them keep the records and may see nearly everything
CASE, BIG_CASE = "case page", "case page, some hundred communications"
NEWEST, RELEVANCE = "search, newest first", "search, by relevance"
HOME, PRESENCE = "start page", "presence"
SHARES = {
    CASE: 30,
    BIG_CASE: 8,
    NEWEST: 21,
    RELEVANCE: 5,
    TODO: 14,
    DECIDE: 6,
    PRESENCE: 8,
    HOME: 8,
}
_DAY_MS = 86_400_000
_TICKS = os.sysconf("SC_CLK_TCK")


class Portal:
    """`bench.web_serve` in processes of its own, while the block lasts."""

    def __init__(self, ledger_url: str, folder: Path) -> None:
        self._url, self._folder = ledger_url, folder
        self._times = folder / "times.json"

    def __enter__(self) -> Portal:
        words = ["--ledger", self._url, "--folder", str(self._folder), "--times", str(self._times)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.web_serve", *words],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port: int = json.loads(self._process.stdout.readline())["port"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    @property
    def memory_mb(self) -> tuple[float, float]:
        """What the largest of the processes that answer holds now, and the most one ever did."""
        found = [_status(pid) for pid in self.answering]
        return max(it["VmRSS"] for it in found), max(it["VmHWM"] for it in found)

    @property
    def together_mb(self) -> float:
        """What all processes hold now; memory that several have is counted once."""
        return sum(_shares_mb(pid) for pid in {self._process.pid, *self.answering})

    @property
    def answering(self) -> list[int]:
        """The processes that answer: those that the first one started, or itself."""
        pid = self._process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(each) for each in found] or [pid]

    @property
    def cpu_s(self) -> float:
        """Processor time of all processes until now."""
        return sum(_cpu_s(pid) for pid in {self._process.pid, *self.answering})

    def asked(
        self, users: Sequence[User], phase: str, seconds: float, think_s: float
    ) -> list[Asked]:
        """Everything these users asked within so many seconds, as they saw it."""
        plan = Plan(self.port, tuple(users), seconds, think_s, phase)
        ended = subprocess.run(
            [sys.executable, "-m", "bench.web_load"],
            cwd=ROOT, input=msgspec.json.encode(plan), stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        return msgspec.json.decode(ended.stdout, type=list[Asked])

    def times(self) -> list[tuple[str, int, float]]:
        """All requests as the server saw them: "phase/kind", status, ms. Once it has ended."""
        lines = map(json.loads, self._times.read_text().splitlines())
        return [(str(kind), int(status), float(ms)) for kind, status, ms in lines]


def _status(pid: int) -> dict[str, float]:
    """The process's figures in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(value) / 1024 for name, value, _ in told}


def _shares_mb(pid: int) -> float:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in told if line.startswith("Pss:"))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def users(ledger: Ledger, town: Town, asked: Mapping[str, Sequence[str]]) -> list[User]:
    """Fifty people with a session: the workers of the largest cases, and five records managers."""
    rng = random.Random("web/users")
    made = []
    for n in range(USERS):
        is_manager = n >= USERS - MANAGERS
        place = (2 * n + 1 if is_manager else 2 * (n % BIG_CASES) + 2000 * (n // BIG_CASES)) % STAFF
        wants = _wants(rng, town, place, asked, is_manager=is_manager)
        made.append(_signed_in(ledger, town, place, wants, is_manager=is_manager))
    return made


def _signed_in(
    ledger: Ledger, town: Town, place: int, wants: Sequence[Want], *, is_manager: bool
) -> User:
    with ledger.write() as connection:
        token = sessions.begin(
            connection, who(town, place, is_manager=is_manager), now=ledger.now(), life_ms=_DAY_MS
        )
    return User(f"casethread={token}", csrf_of(token), tuple(wants))


def who(town: Town, place: int, *, is_manager: bool) -> SignedIn:
    """What the issuer says of one of the staff."""
    person = town.people[place]
    role = "RecordsManager" if is_manager else "CaseWorker"
    return SignedIn(
        subject=f"s{place}", oid=person.id, name=person.name, upn=person.upn, grants=(role,)
    )


def _wants(
    rng: random.Random, town: Town, place: int, asked: Mapping[str, Sequence[str]], *,
    is_manager: bool,
) -> list[Want]:  # fmt: skip
    mine = [case for case in range(BIG_CASES, town.case_count) if town.worker_of(case) == place]
    if is_manager:
        mine = rng.sample(range(BIG_CASES, town.case_count), 50)
    big = [place // 2] if not is_manager else list(range(BIG_CASES))
    paths = {
        CASE: [_case(case) for case in mine],
        BIG_CASE: [_case(case) for case in big],
        TODO: ["/todo"] if is_manager else ["/todo", "/todo?scope=unit"],
        DECIDE: ["/todo?scope=all" if is_manager else "/todo?scope=unit"],
        PRESENCE: ["/presence"],
        HOME: ["/"],
    }
    found = [Want(kind, SHARES[kind], tuple(its)) for kind, its in paths.items()]
    for order, sign in ((NEWEST, ""), (RELEVANCE, "relevance")):
        for kind in KINDS:
            if kind == CASE_NUMBER:
                texts = [case_number(case) for case in mine]
            else:
                texts = list(asked[kind])
            its = tuple(f"/search?{urlencode({'q': text, 'order': sign})}" for text in texts)
            found.append(Want(f"{order}: {kind}", SHARES[order] / len(KINDS), its))
    return found


def _case(place: int) -> str:
    return f"/cases/{quote(case_number(place))}"
