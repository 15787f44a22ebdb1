"""Turns the portal's times into its section of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bench.report import Goal, _goal_table, _table
from bench.web_load import DECIDE, TODO, UNDO, Asked
from bench.web_portal import BIG_CASE, CASE, HOME, NEWEST, PRESENCE, RELEVANCE
from bench.web_queries import KINDS

BEGIN, END = "<!-- portal: begin -->", "<!-- portal: end -->"
PAGES = (CASE, BIG_CASE, NEWEST, RELEVANCE, TODO, DECIDE, UNDO, PRESENCE, HOME)
MILLION = 1_000_000


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds of one kind of request."""

    kind: str
    count: int
    p50: float
    p95: float
    worst: float

    @staticmethod
    def of(kind: str, times: Sequence[float]) -> Timing:
        """Of these times; there is at least one."""
        its = sorted(times)
        return Timing(kind, len(its), quantile(its, 0.5), quantile(its, 0.95), its[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of these that so large a share of them is not above."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


class Load(msgspec.Struct, frozen=True):
    """One round of many people at once."""

    phase: str
    requests: int
    wrong: int  # answered by anything but a page or a redirect
    rate: float  # requests a second
    cpu_ms: float  # of the web process, each request
    asked: tuple[Asked, ...] = ()


class Engine(msgspec.Struct):
    """What was measured on one ledger."""

    name: str
    count: int
    filled_s: float
    size_mb: float
    plain: dict[str, list[Timing]] = {}  # by order
    searches: dict[str, dict[str, list[Timing]]] = {}  # by viewer and order
    cpu_ms: dict[str, float] = {}
    server: dict[str, list[Timing]] = {}  # by phase
    client: dict[str, list[Timing]] = {}
    loads: list[Load] = []
    start_mb: float = 0
    memory_mb: float = 0
    peak_mb: float = 0  # of one process
    processes: int = 1  # that answer
    together_mb: float = 0  # of all at the end; what they share is counted once

    @property
    def title(self) -> str:
        """As it is headed."""
        return f"{self.name}, {self.count:,} communications"


class Results(msgspec.Struct):
    """Everything the section is made of."""

    date: str = ""
    machine: str = ""
    engines: list[Engine] = []


def render(results: Results) -> str:
    """The Markdown between the markers."""
    parts = [f"Measured {results.date} on: {results.machine}."]
    for engine in sorted(results.engines, key=lambda each: (each.count, each.name != "SQLite")):
        parts.append(f"### {engine.title}")
        if engine.count >= MILLION:
            parts.append(_goal_table(goals(engine)))
        parts += [_facts(engine), _pages(engine), _searches(engine)]
    return "\n\n".join(parts)


def write(page: Path, results: Results) -> None:
    """Put the section between its markers; the words round it stay."""
    old = page.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{render(results)}\n{END}{after}", encoding="utf-8")


def goals(engine: Engine) -> list[Goal]:
    """The goals with what was reached while fifty people read what they get."""
    reading = {each.kind: each for each in engine.server.get("reading", ())}
    found = [
        _goal(
            f"{kind}: p95 ms on the server", limit, [reading[kind].p95] if kind in reading else []
        )
        for kind, limit in (
            (CASE, 100),
            (BIG_CASE, 100),
            (NEWEST, 100),
            (RELEVANCE, 300),
            (TODO, 150),
        )
    ]
    queries = [_all(its["newest"]).p95 for its in engine.searches.values()]
    found.append(_goal("query of a search, newest first, prefixes included: p95 ms", 60, queries))
    return [
        *found,
        _goal(
            "most memory of the web process: MB", 300, [engine.peak_mb] if engine.peak_mb else []
        ),
    ]


def _goal(what: str, limit: float, values: Sequence[float]) -> Goal:
    if not values:
        return Goal(what, f"at most {limit:,}", "not measured", None)
    return Goal(what, f"at most {limit:,}", f"{max(values):,.0f}", max(values) <= limit)


def _facts(engine: Engine) -> str:
    if not engine.loads:
        return "This run was ended before its end: what it did not come to is not there."
    lines = [
        [f"{each.phase}, round {n + 1}", f"{each.requests:,}", str(each.wrong), f"{each.rate:.1f}",
         f"{each.cpu_ms:.1f}"]
        for phase in ("reading", "flat out")
        for n, each in enumerate(load for load in engine.loads if load.phase == phase)
    ]  # fmt: skip
    head = ["fifty people", "requests", "failed", "requests/s", "CPU ms a request"]
    memory = (
        f"The ledger takes {engine.size_mb:,.0f} MB. The web process: {engine.start_mb:.0f} MB at "
        f"the start, at most {engine.memory_mb:.0f} MB while fifty people read, "
        f"{engine.peak_mb:.0f} MB while they did nothing but ask."
    )
    if engine.processes > 1:
        memory += (
            f" That is the largest of {engine.processes} that answer; with the one that keeps them "
            f"going they took {engine.together_mb:.0f} MB at the end."
        )
    return f"{memory}\n\n{_table(head, lines)}"


def _pages(engine: Engine) -> str:
    phases = ("alone", "reading", "flat out")
    server = {phase: _by_kind(engine.server.get(phase, ())) for phase in phases}
    client = {phase: _by_kind(engine.client.get(phase, ())) for phase in phases}
    kinds = [
        *PAGES,
        *(f"{NEWEST}: {kind}" for kind in KINDS),
        *(f"{RELEVANCE}: {kind}" for kind in KINDS),
    ]
    lines = [
        [kind, *(_p(server[phase].get(kind)) for phase in phases),
         *(_p(client[phase].get(kind)) for phase in phases[1:]),
         f"{engine.cpu_ms[kind]:.0f}" if kind in engine.cpu_ms else "-"]
        for kind in kinds
    ]  # fmt: skip
    head = ["p50 / p95, ms", "alone", "fifty, server", "flat out, server", "fifty, client",
            "flat out, client", "CPU ms alone"]  # fmt: skip
    return _table(head, lines)


def _searches(engine: Engine) -> str:
    lines = []
    for order in ("newest", "relevance"):
        columns = [_by_kind(engine.plain.get(order, ()))]
        columns += [_by_kind(its.get(order, ())) for its in engine.searches.values()]
        lines += [
            [f"{order}: {kind}", *(_p(column.get(kind)) for column in columns)]
            for kind in (*KINDS, "all")
        ]
    return _table(["query alone, p50 / p95, ms", "plain SQL", *engine.searches], lines)


def _by_kind(timings: Sequence[Timing]) -> Mapping[str, Timing]:
    return {each.kind: each for each in timings}


def _all(timings: Sequence[Timing]) -> Timing:
    return next(each for each in timings if each.kind == "all")


def _p(timing: Timing | None) -> str:
    return "-" if timing is None else f"{timing.p50:.1f} / {timing.p95:.1f}"
