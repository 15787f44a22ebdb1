"""The trials: a pull, a sync in which little changed, a far server, a kill. Peers take turns."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench import data, measure, peers, store

FRESH_USERS, FRESH_EACH = 5, 3
DELAY_MS = 150


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one peer in one trial."""

    trial: str  # pull | quiet | few | far | kill
    peer: str
    messages: int
    round: int = 0
    exit_code: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    requests: int = 0
    served: int = 0  # messages the server sent
    in_flight: int = 0  # most requests that waited for the delayed server at once
    missing: int = 0
    surplus: int = 0
    killed_at: int = 0  # per cent of the messages
    kept_at_kill: int = 0
    served_twice: int = 0
    facts: dict[str, int] = {}

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds for 1,000 messages of the data set."""
        return self.cpu_s * 1000 / self.messages

    @property
    def rate(self) -> float:
        """Messages a second, start of the program included."""
        return self.messages / self.wall_s if self.wall_s else 0.0


Say = Callable[[str], None]


class Bench:
    """Where things are kept, who runs, and what was found so far."""

    def __init__(self, cache: Path, who: Sequence[peers.Peer], say: Say) -> None:
        self.cache = cache
        self.work = cache / "work"
        self.log = cache / "bench.log"
        self.who = who
        self.env = peers.environment(cache)
        self.say = say
        self.results: list[Result] = []
        self.failures: list[str] = []
        self._broken: set[str] = set()

    def fresh_folder(self, peer: peers.Peer, server: measure.Server, source: data.DataSet) -> Path:
        """An empty folder in which the peer may begin from nothing."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        peer.prepare(self.work, server.base, source, self.env)
        return self.work

    def once(
        self,
        peer: peers.Peer,
        server: measure.Server,
        kill_when: Callable[[], bool] | None = None,
    ) -> tuple[measure.Cost, dict[str, int]]:
        """One run in the work folder, with what the server was asked for meanwhile."""
        server.control(reset=1)
        cost = measure.run(
            peer.command(self.work, server.base),
            folder=self.work,
            log=self.log,
            env=self.env,
            kill_when=kill_when,
        )
        if cost.exit_code and kill_when is None:
            tail = self.log.read_text(errors="replace").splitlines()[-15:]
            raise RuntimeError(f"{peer.name}: exit {cost.exit_code}\n" + "\n".join(tail))
        return cost, server.stats()

    def turn(self, peer: peers.Peer, trial: Callable[[], None]) -> None:
        """Runs a peer's part of a trial; a peer that fails is left out from then on."""
        if peer.name in self._broken:
            return
        try:
            trial()
        except RuntimeError as error:
            self._broken.add(peer.name)
            self.failures.append(str(error))
            self.say(f"{peer.name} failed and is left out")

    def keep(
        self,
        trial: str,
        peer: peers.Peer,
        source: data.DataSet,
        cost: measure.Cost,
        stats: dict[str, int],
        **more: int,
    ) -> Result:
        """Checks the store against the generator and keeps the result."""
        fresh = FRESH_USERS * FRESH_EACH if trial == "few" else 0
        check = peer.check(self.work, source, fresh)
        facts = {}
        if peer.name == peers.PROGRAM:
            facts = store.ledger_facts(self.work / "casethread.db")
            facts |= {"made with a number": source.with_case}
        result = Result(
            trial=trial, peer=peer.name, messages=source.messages, exit_code=cost.exit_code,
            wall_s=cost.wall_s, cpu_s=cost.cpu_s, peak_mb=cost.peak_mb,
            requests=stats["requests"], served=stats["messages"], in_flight=stats["in_flight"],
            missing=check.missing, surplus=check.surplus, facts=facts, **more,
        )  # fmt: skip
        self.results.append(result)
        return result


def pulls(bench: Bench, source: data.DataSet, rounds: int, *, then_quiet: bool) -> None:
    """Everything from nothing; then, in the same store, a sync without and one with little news."""
    # The plain script again at the end: the speed of a shared machine changes within a round.
    turns = [*bench.who, *bench.who[:1]] if len(bench.who) > 1 else bench.who
    for number in range(1, rounds + 1):
        for peer in turns:
            bench.say(f"pull {source.messages:,}, round {number} of {rounds}: {peer.name}")
            bench.turn(peer, lambda p=peer, n=number: _pull(bench, source, p, n, then_quiet))  # type: ignore[misc]


def _pull(
    bench: Bench, source: data.DataSet, peer: peers.Peer, number: int, then_quiet: bool
) -> None:
    # A server for each: fresh messages of one peer's turn must not reach the next.
    with measure.serving(source.folder) as server:
        bench.fresh_folder(peer, server, source)
        bench.keep("pull", peer, source, *bench.once(peer, server), round=number)
        if then_quiet:
            bench.keep("quiet", peer, source, *bench.once(peer, server), round=number)
            server.control(fresh_users=FRESH_USERS, fresh_each=FRESH_EACH)
            bench.keep("few", peer, source, *bench.once(peer, server), round=number)


def far(bench: Bench, source: data.DataSet, rounds: int) -> None:
    """Everything from nothing, from a server that waits before each answer."""
    for number in range(1, rounds + 1):
        for peer in bench.who:
            if peer.name == peers.PLAIN and (number > 1 or source.messages > data.SIZES[0]):
                continue  # a minute of waiting that tells nothing new
            bench.say(f"far server, {source.messages:,}, round {number}: {peer.name}")
            bench.turn(peer, lambda p=peer, n=number: _far(bench, source, p, n))  # type: ignore[misc]


def _far(bench: Bench, source: data.DataSet, peer: peers.Peer, number: int) -> None:
    with measure.serving(source.folder) as server:
        bench.fresh_folder(peer, server, source)
        server.control(delay_ms=DELAY_MS)
        bench.keep("far", peer, source, *bench.once(peer, server), round=number)


def kills(bench: Bench, source: data.DataSet, at_per_cent: Sequence[int]) -> None:
    """SIGKILL when the server has sent this share of the messages; then the same command again."""
    for per_cent in at_per_cent:
        for peer in bench.who:
            bench.say(f"kill at {per_cent} % of {source.messages:,}: {peer.name}")
            bench.turn(peer, lambda p=peer, n=per_cent: _kill(bench, source, p, n))  # type: ignore[misc]


def _kill(bench: Bench, source: data.DataSet, peer: peers.Peer, per_cent: int) -> None:
    with measure.serving(source.folder) as server:
        bench.fresh_folder(peer, server, source)
        enough = source.messages * per_cent // 100
        cost, before = bench.once(peer, server, lambda: server.stats()["messages"] >= enough)
        kept = _kept(bench, peer, source) if cost.exit_code < 0 else source.messages
        again, after = bench.once(peer, server)
        bench.keep(
            "kill", peer, source, again, after, killed_at=per_cent, kept_at_kill=kept,
            served_twice=before["messages"] + after["messages"] - source.messages,
        )  # fmt: skip


def _kept(bench: Bench, peer: peers.Peer, source: data.DataSet) -> int:
    """Rows in the store that a kill left behind; looked at in a copy, for looking repairs it."""
    copy = bench.cache / "killed"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in bench.work.glob("*.db*"):
        shutil.copy(file, copy)
    kept = peer.check(copy, source, 0).kept
    shutil.rmtree(copy)
    return kept


def warm_up(bench: Bench) -> None:
    """Each peer once on a few messages: compiles its modules and shows whether it works at all."""
    source = data.data_set(bench.cache, messages=420)
    for peer in bench.who:
        bench.say(f"warming up: {peer.name}")
        bench.turn(peer, lambda p=peer: _warm(bench, source, p))  # type: ignore[misc]


def _warm(bench: Bench, source: data.DataSet, peer: peers.Peer) -> None:
    with measure.serving(source.folder) as server:
        bench.fresh_folder(peer, server, source)
        cost, _ = bench.once(peer, server)
        check = peer.check(bench.work, source, 0)
    if cost.exit_code or check.missing or check.surplus:
        raise RuntimeError(f"{peer.name}: {check} after reading {source.messages} messages")
