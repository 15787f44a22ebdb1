"""python -m bench: measures a quarter of an hour and writes docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from bench import data, peers, report, trials

Step = Callable[[trials.Bench], None]
ROOT = Path(__file__).resolve().parents[1]


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures a sync of chats next to a plain script.",
        epilog="Example: python -m bench --full --date 2026-11-21",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round, 20,160 messages; prints, writes no page"
    )
    parser.add_argument(
        "--full", action="store_true", help="also 1,008,000 messages (6 GB of disk)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each trial (default 3)")
    parser.add_argument(
        "--date",
        type=lambda text: date.fromisoformat(text).isoformat(),
        default=datetime.now(UTC).date().isoformat(),
        help="the date to write beside the figures (default today)",
    )
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench", help="where data is kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--only", choices=peers.names(), action="append", help="only this reader")
    parser.add_argument(
        "--again", action="store_true", help="write the page again from the last run's results"
    )
    return parser.parse_args(words)


def plan(given: argparse.Namespace) -> list[Step]:
    """The trials in order, each a step of the progress bar."""
    small, middle, large = data.SIZES

    def on(
        size: int, trial: Callable[..., None], *rest: object, **more: object
    ) -> Callable[[trials.Bench], None]:
        def step(bench: trials.Bench) -> None:
            bench.say(f"data: {size:,} messages")
            trial(bench, data.data_set(bench.cache, size), *rest, **more)

        return step

    if given.quick:
        return [
            trials.warm_up,
            on(small, trials.pulls, 1, then_quiet=True),
            on(small, trials.far, 1),
            on(small, trials.kills, (50,)),
        ]
    steps = [
        trials.warm_up,
        on(small, trials.pulls, given.rounds, then_quiet=True),
        on(middle, trials.pulls, given.rounds, then_quiet=False),
        on(small, trials.far, given.rounds),
        on(middle, trials.far, 1),
        on(middle, trials.kills, (30, 60, 90)),
    ]
    return [*steps, on(large, trials.pulls, 1, then_quiet=False)] if given.full else steps


def case_numbers(bench: trials.Bench) -> dict[str, float]:
    """Microseconds to look for case numbers in one message; empty when that cannot be done."""
    try:
        from bench.scanning import scanning
    except ImportError as error:
        bench.failures.append(f"case numbers: {error}")
        return {}
    return scanning(data.data_set(bench.cache, data.SIZES[0]))


def linking(bench: trials.Bench, *, quick: bool) -> dict[str, float]:
    """The linker and its register; empty when one of them cannot run."""
    from bench import linking

    try:
        return linking.linking(many_cases=0 if quick else linking.MANY_CASES)
    except RuntimeError as error:
        bench.failures.append(str(error))
        return {}


def delivering(bench: trials.Bench, *, quick: bool) -> dict[str, float]:
    """Deliveries to a system over HTTP; empty when that cannot run."""
    from bench import delivery

    try:
        return delivery.delivering(quick=quick)
    except RuntimeError as error:
        bench.failures.append(str(error))
        return {}


def measure_all(given: argparse.Namespace) -> report.Report:
    """Runs every trial with a progress bar; what is found is kept as JSON after each of them."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    given.cache.mkdir(parents=True, exist_ok=True)
    with Progress(*columns, console=Console(stderr=True)) as progress:
        steps = plan(given)
        task = progress.add_task("", total=len(steps) + 3)
        bench = trials.Bench(
            given.cache,
            [peer for peer in peers.peers() if not given.only or peer.name in given.only],
            lambda text: progress.update(task, description=text),
        )
        bench.say("case numbers")
        scanned = case_numbers(bench)
        progress.advance(task)
        bench.say("linking")
        linked = linking(bench, quick=given.quick)
        progress.advance(task)
        bench.say("delivery")
        delivered = delivering(bench, quick=given.quick)
        for step in steps:
            progress.advance(task)
            step(bench)
            found = report.Report(
                given.date, report.machine(), tuple(bench.results), scanned,
                tuple(bench.failures), linked, delivered,
            )  # fmt: skip
            kept_in(given).write_bytes(msgspec.json.encode(found))
        progress.advance(task)
    return found


def kept_in(given: argparse.Namespace) -> Path:
    """Where results are kept; a quick run leaves those of the last whole run alone."""
    name = "results-quick.json" if given.quick else "results.json"
    cache: Path = given.cache
    return cache / name


def main() -> int:
    """Exit code 0 when every reader worked and nothing was missing or doubled, else 1."""
    given = parse()
    if datetime.now(UTC) < data.NOW:
        sys.stderr.write(f"The clock is before {data.NOW:%Y-%m-%d}, the day of the data: set it.\n")
        return 2
    if given.again:
        kept = kept_in(given).read_bytes()
        found = msgspec.json.decode(kept, type=report.Report)
    else:
        found = measure_all(given)
    print(report.render(found))
    if not given.quick:
        report.write(given.page, found)
    wrong = any(result.missing or result.surplus for result in found.results)
    return 1 if found.failures or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
