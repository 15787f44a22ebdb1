"""Turns results into docs/performance.md: what was measured, on what, and which goals are met."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median

import msgspec

from bench import delivery, linking
from bench.peers import PLAIN, PROGRAM, THREADS
from bench.trials import DELAY_MS, FRESH_EACH, FRESH_USERS, Result

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
_PEERS = (PLAIN, THREADS, PROGRAM)
_TO_PLAIN = 1.9  # 0.13 s where the goal was set, next to 0.07 s for the plain script


class Report(msgspec.Struct, frozen=True):
    """Everything that the table is made of; kept as JSON beside the data."""

    date: str
    machine: str
    results: tuple[Result, ...]
    case_numbers: dict[str, float]  # as bench/scanning.py gives them
    failures: tuple[str, ...] = ()
    linking: dict[str, float] = {}  # as bench/linking.py gives them
    delivery: dict[str, float] = {}  # as bench/delivery.py gives them


class Goal(msgspec.Struct, frozen=True):
    """A goal with what was reached; `is_met` is None when it was not measured."""

    what: str
    goal: str
    reached: str
    is_met: bool | None


def machine() -> str:
    """One line: processor, cores, memory, and the versions that matter."""
    about = Path("/proc/cpuinfo").read_text()
    models = [
        line.split(": ", 1)[1] for line in about.splitlines() if line.startswith("model name")
    ]
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("requests", "msgspec", "sqlalchemy")
    )
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, "
        f"{memory_kb / 2**20:.0f} GiB; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {libraries}; {platform.system()} {platform.release()}"
    )


def render(report: Report) -> str:
    """The Markdown between the markers."""
    sizes = sorted({result.messages for result in report.results})
    parts = [
        f"Measured {report.date} on: {report.machine}.",
        "Figures are medians with (lowest-highest) of the rounds. "
        "A ratio is taken within a round and compares CPU with the plain script's, "
        "which runs before and after the others.",
        _section("Goals", _goal_table(goals(report))),
    ]
    parts += [
        _section(f"Pull of {size:,} messages", _pull_table(report, "pull", size)) for size in sizes
    ]
    parts.append(_section("Sync in which nothing changed", _quiet_table(report, "quiet")))
    news = f"Sync with {FRESH_USERS * FRESH_EACH} new messages from {FRESH_USERS} users"
    parts.append(_section(news, _quiet_table(report, "few")))
    wait = f"Server that waits {DELAY_MS} ms before each answer"
    parts += [
        _section(f"{wait}, {size:,} messages", _pull_table(report, "far", size)) for size in sizes
    ]
    parts.append(_section("SIGKILL, then the same command again", _kill_table(report)))
    parts.append(_section("What the program did besides", _facts_table(report)))
    parts.append(_section("Case numbers", _scan_table(report)))
    parts.append(_section("Linking", _linking_table(report)))
    parts.append(_section("Delivery", _delivery_table(report)))
    if report.failures:
        parts.append("Left out, because it failed:\n\n" + "\n".join(_quote(report.failures)))
    return "\n\n".join(part for part in parts if part)


def write(page: Path, report: Report) -> None:
    """Puts the table between the markers of the page; the words round it stay."""
    old = page.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{render(report)}\n{END}{after}", encoding="utf-8")


def goals(report: Report) -> list[Goal]:
    """Each goal of the issue with what this run reached."""
    program = [result for result in report.results if result.peer == PROGRAM]
    pulled = [result for result in program if result.trial == "pull"]
    found = [_cpu_goal(pulled), _ratio_goal(report), *_far_goals(program)]
    found += _memory_goals(pulled)
    quiet = [result for result in program if result.trial == "quiet"]
    killed = [result for result in program if result.trial == "kill"]
    found += [
        _at_most("no-change sync, 420 users: CPU s", 0.6, [r.cpu_s for r in quiet], "{:.2f}"),
        _at_most("the same: requests", 421, [r.requests for r in quiet], "{:.0f}", max),
        _at_most(
            "read again after SIGKILL", 2500, [r.served_twice for r in killed], "{:,.0f}", max
        ),
        _at_most("missing or doubled in any run", 0, [_wrong(r) for r in program], "{:,.0f}", max),
    ]
    scanned = [value for name, value in report.case_numbers.items() if name == "all patterns"]
    found.append(_at_most("case numbers, all patterns: µs a message", 20, scanned, "{:.1f}"))
    return found + _linking_goals(report) + _delivery_goals(report)


def _wrong(result: Result) -> int:
    return result.missing + abs(result.surplus)


def _cpu_goal(pulled: Sequence[Result]) -> Goal:
    size = max((r.messages for r in pulled if r.messages <= 200_000), default=0)
    costs = [r.cpu_per_thousand for r in pulled if r.messages == size]
    return _at_most(f"pull of {size:,}: CPU s per 1,000", 0.13, costs, "{:.3f}")


def _ratio_goal(report: Report) -> Goal:
    sizes = {r.messages for r in report.results if r.trial == "pull" and r.peer == PROGRAM}
    size = max((each for each in sizes if each <= 200_000), default=0)
    ratios = _ratios(report.results, "pull", PROGRAM, size)
    return _at_most("the same, times the plain script's", _TO_PLAIN, ratios, "{:.2f}")


def _far_goals(program: Sequence[Result]) -> list[Goal]:
    far = [r for r in program if r.trial == "far"]
    size = max((r.messages for r in far), default=0)
    rates = [r.rate for r in far if r.messages == size]
    what = f"server after {DELAY_MS} ms, {size:,}: messages/s"
    flights = [r.in_flight for r in far if r.messages == size]
    return [
        _goal(what, "at least 5,000", rates, "{:,.0f}", lambda value: value >= 5000),
        _at_most("the same: requests in flight", 32, flights, "{:.0f}", max),
    ]


def _memory_goals(pulled: Sequence[Result]) -> list[Goal]:
    peaks = {r.messages: r.peak_mb for r in pulled}
    large = [peak for size, peak in peaks.items() if size >= 1_000_000]
    middle = [peak for size, peak in peaks.items() if 100_000 <= size < 1_000_000]
    grown = [large[0] / middle[0]] if large and middle else []
    return [
        _at_most("peak memory, 1 million messages: MB", 160, large, "{:.0f}"),
        _at_most("the same, times that of 100,800", 1.1, grown, "{:.2f}"),
    ]


def _linking_goals(report: Report) -> list[Goal]:
    rate = [value for name, value in report.linking.items() if name == linking.RATE]
    short = [value for name, value in report.linking.items() if name == linking.SHORT_RATE]
    peak_name = linking.PEAK.format(linking.MANY_CASES)
    peak = [value for name, value in report.linking.items() if name == peak_name]
    return [
        _goal(linking.RATE, "at least 20,000", rate, "{:,.0f}", lambda value: value >= 20_000),
        _goal(linking.SHORT_RATE, "at least 20,000", short, "{:,.0f}", lambda v: v >= 20_000),
        _at_most(peak_name, 500, peak, "{:.0f}"),
    ]


def _delivery_goals(report: Report) -> list[Goal]:
    def measured(name: str) -> list[float]:
        return [report.delivery[name]] if name in report.delivery else []

    # One in flight is what suits a system that answers at once; four are in the table beside it.
    at_once, far = delivery.RATE.format(1), delivery.FAR_RATE
    cpu, peak = delivery.CPU.format(1), delivery.PEAK.format(delivery.OWED)
    wrong = delivery.WRONG
    return [
        _goal(at_once, "at least 1,400", measured(at_once), "{:,.0f}", lambda rate: rate >= 1400),
        _at_most(cpu, 0.65, measured(cpu), "{:.2f}"),
        _goal(far, "at least 600", measured(far), "{:,.0f}", lambda rate: rate >= 600),
        _at_most(peak, 200, measured(peak), "{:.0f}"),
        _at_most(wrong, 0, measured(wrong), "{:.0f}"),
    ]


def _at_most(
    what: str,
    limit: float,
    values: Sequence[float],
    form: str,
    choose: Callable[[Sequence[float]], float] = median,
) -> Goal:
    return _goal(what, f"at most {limit:,}", values, form, lambda value: value <= limit, choose)


def _goal(
    what: str,
    goal: str,
    values: Sequence[float],
    form: str,
    is_met: Callable[[float], bool],
    choose: Callable[[Sequence[float]], float] = median,
) -> Goal:
    if not values:
        return Goal(what, goal, "not measured", None)
    return Goal(what, goal, form.format(choose(values)), is_met(choose(values)))


def _goal_table(found: Sequence[Goal]) -> str:
    words = {True: "yes", False: "**no**", None: "-"}
    lines = [[goal.what, goal.goal, goal.reached, words[goal.is_met]] for goal in found]
    return _table(["what", "goal", "reached", "met"], lines)


def _pull_table(report: Report, trial: str, size: int) -> str:
    lines = []
    for peer in _PEERS:
        runs = [r for r in report.results if (r.trial, r.peer, r.messages) == (trial, peer, size)]
        if runs:
            ratios = _ratios(report.results, trial, peer, size)
            lines.append(
                [peer, _spread([r.rate for r in runs], "{:,.0f}"),
                 _spread([r.cpu_per_thousand for r in runs], "{:.3f}"), _spread(ratios, "{:.2f}"),
                 _spread([r.peak_mb for r in runs], "{:.0f}"),
                 _spread([r.requests for r in runs], "{:.0f}"),
                 str(max(r.in_flight for r in runs) or "-"),
                 _differences(runs)]
            )  # fmt: skip
    head = ["reader", "messages/s", "CPU s per 1,000", "ratio", "peak MB", "requests", "in flight"]
    return _table([*head, "missing / doubled"], lines)


def _quiet_table(report: Report, trial: str) -> str:
    lines = []
    for peer in _PEERS:
        runs = [r for r in report.results if (r.trial, r.peer) == (trial, peer)]
        if runs:
            ratios = _ratios(report.results, trial, peer, runs[0].messages)
            lines.append(
                [peer, _spread([r.cpu_s for r in runs], "{:.2f}"),
                 _spread([r.wall_s for r in runs], "{:.2f}"), _spread(ratios, "{:.2f}"),
                 _spread([r.requests for r in runs], "{:.0f}"),
                 _spread([r.served for r in runs], "{:.0f}"), _differences(runs)]
            )  # fmt: skip
    head = ["reader", "CPU s", "wall s", "ratio", "requests", "messages sent", "missing / doubled"]
    return _table(head, lines)


def _kill_table(report: Report) -> str:
    lines = [
        [r.peer, f"{r.messages:,}", f"{r.killed_at} %", f"{r.kept_at_kill:,}",
         f"{r.served_twice:,}", _differences([r])]
        for r in report.results if r.trial == "kill"
    ]  # fmt: skip
    head = ["reader", "messages", "killed at", "kept by then", "read again", "missing / doubled"]
    return _table(head, lines)


def _facts_table(report: Report) -> str:
    runs = {r.messages: r for r in report.results if r.trial == "pull" and r.facts}
    names = list(dict.fromkeys(name for r in runs.values() for name in r.facts))
    lines = [[f"{size:,}", *(f"{r.facts[name]:,}" for name in names)] for size, r in runs.items()]
    return _table(["messages", *names], lines)


def _scan_table(report: Report) -> str:
    lines = [[name, f"{value:.1f}"] for name, value in report.case_numbers.items()]
    return _table(["looking for case numbers in 650 characters", "µs a message"], lines)


def _linking_table(report: Report) -> str:
    lines = [
        [name, f"{value:.1f}" if value < 100 else f"{value:,.0f}"]
        for name, value in report.linking.items()
    ]
    return _table(["communications, and a register in memory", "reached"], lines)


def _delivery_table(report: Report) -> str:
    lines = [
        [name, f"{value:.2f}" if value < 10 else f"{value:,.0f}"]
        for name, value in report.delivery.items()
    ]
    return _table(["entries of 1.9 KB to a system on loopback, on SQLite", "reached"], lines)


def _ratios(results: Iterable[Result], trial: str, peer: str, size: int) -> list[float]:
    """CPU of the peer over CPU of the plain script in each round that both ran."""
    cpu: dict[tuple[str, int], list[float]] = {}
    for run in results:
        if run.trial == trial and run.messages == size:
            cpu.setdefault((run.peer, run.round), []).append(run.cpu_s)
    return [
        mean(costs) / mean(cpu[PLAIN, number])
        for (name, number), costs in cpu.items()
        if name == peer and (PLAIN, number) in cpu
    ]


def _differences(runs: Sequence[Result]) -> str:
    return f"{max(r.missing for r in runs)} / {max((r.surplus for r in runs), key=abs)}"


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return "-"
    low, high = form.format(min(values)), form.format(max(values))
    middle = form.format(median(values))
    return middle if low == high else f"{middle} ({low}-{high})"


def _section(title: str, table: str) -> str:
    return f"### {title}\n\n{table}" if table else ""


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def _quote(failures: Sequence[str]) -> list[str]:
    return ["```text", *failures, "```"]
