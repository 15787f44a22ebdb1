"""Runs jobs by name: one at a time, each as a run in the ledger, with its result in words.

The command line, the embedded scheduler and the distributed workers all come through here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.bootstrap import DIRECTORIES, SOURCES, unknown_names
from connector.errors import (
    Busy,
    ConfigError,
    ConnectorError,
    LedgerError,
    RemoteError,
)
from connector.ledger.runs import DONE_BY_SINK, Run, running
from connector.progress import Progress

if TYPE_CHECKING:
    from datetime import datetime

    from connector.article_work import ArticleLine
    from connector.bootstrap import Program
    from connector.jobs.relink import Relinked

log = logging.getLogger(__name__)

BEFORE = ("register",)
AFTER = ("attachments", "deliver")
UPKEEP = ("prune",)
ARTICLES = ("articles", "article_links", "article_reminders")  # only where there are articles
JOBS = (*BEFORE, *SOURCES, *AFTER, *UPKEEP, *ARTICLES)


@dataclass(slots=True)
class JobResult:
    """What one job did. `outcome` is done, partly (some of it failed), failed or busy."""

    job: str
    outcome: str = "done"
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing failed."""
        return self.outcome == "done"


def sync_jobs(program: Program, names: Sequence[str] = ()) -> list[str]:
    """The jobs of a sync in their order: all that are enabled, or those named.

    Whose chats and mailboxes there are, the directory tells: it is read before the first of them.
    Raises ConfigError for a name that is no job, or a source that is switched off.
    """
    names = names or [*BEFORE, *program.enabled_sources(), *AFTER]
    wrong = unknown_names(names, JOBS)
    if wrong:
        raise ConfigError(
            [f"{name}: there is no such job; choose of {', '.join(JOBS)}" for name in wrong]
        )
    names = [*names, *_first_of_all(program, names)]
    order = JOBS
    if "register" in names and not program.register.can_list:
        # It is asked for numbers: after those that are read now.
        order = (*SOURCES, *BEFORE, *AFTER, *UPKEEP, *ARTICLES)
    return [name for name in order if name in names]


def _first_of_all(program: Program, names: Sequence[str]) -> list[str]:
    """The readings of the directory, where a source is asked for and nobody is known yet."""
    from connector.ledger.people import directory

    wanted = [name for name in DIRECTORIES if name in program.enabled_sources()]
    if set(wanted) & set(names) or not set(SOURCES).difference(DIRECTORIES).intersection(names):
        return []
    return [] if directory(program.ledger) else wanted


def run_jobs(
    program: Program,
    names: Iterable[str],
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[JobResult]:
    """Run these jobs one after the other. A job that fails does not keep the others from running.

    Raises LedgerError and ConfigError, which no later job could survive.
    """
    results = []
    for name in names:
        if should_stop():
            break
        results.append(run_job(program, name, progress=progress, should_stop=should_stop))
    return results


def relink(
    program: Program,
    *,
    since: datetime | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Relinked:
    """Link all that is kept once more, as a run of its own. Raises Busy while another does."""
    from connector.jobs.relink import relink as link_again

    with running(program.ledger, "relink") as run:
        result = link_again(
            program.ledger,
            program.policy(),
            since=since,
            progress=progress,
            should_stop=should_stop,
        )
        run.counts = result.counts()
        run.outcome = "done" if result.is_whole else "partly"
    return result


def run_job(
    program: Program,
    name: str,
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> JobResult:
    """Run one job and keep what it did as a run of the ledger."""
    result = JobResult(job=name)
    try:
        with running(program.ledger, name) as run:
            _do(program, name, run, result, progress, should_stop)
            run.counts = result.counts
            run.reason = "; ".join(result.problems[:3])
            run.outcome = result.outcome
    except Busy as error:
        result.outcome, result.problems = "busy", [str(error)]
    except (ConfigError, LedgerError):
        raise
    except ConnectorError as error:
        result.outcome = "failed"
        result.problems.append(str(error))
        log.warning("job failed", extra={"action": "job_failed", "job": name})
    return result


def _do(
    program: Program,
    name: str,
    run: Run,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    if name == "register":
        from connector.jobs.refresh import refresh

        refreshed = refresh(program.ledger, program.register, program.policy(), progress=progress)
        result.counts = refreshed.counts()
        result.problems = refreshed.problems
        result.outcome = "partly" if refreshed.problems else "done"
    elif name == "attachments":
        _fetch(program, result, progress, should_stop)
    elif name == "deliver":
        _deliver(program, run, result, progress, should_stop)
    elif name == "prune":
        from connector.jobs.prune import prune

        pruned = prune(
            program.ledger,
            program.spool,
            quarantine_days=program.settings.ledger.quarantine_days,
            runs_days=program.settings.ledger.runs_days,
            progress=progress,
            should_stop=should_stop,
        )
        result.counts = pruned.counts()
    elif name in ARTICLES:
        _care(program, name, result, progress, should_stop)
    else:
        _collect(program, name, result, progress, should_stop)


def _care(
    program: Program,
    name: str,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    """Publish articles, visit the links that lead out of them, or remind who answers for them."""
    from connector import article_care
    from connector.article_work import ArticleLine

    line = ArticleLine(program)
    if name == "articles":
        _publish_articles(line, result, progress, should_stop)
        return
    if name == article_care.LINKS:
        result.counts = article_care.check_all_links(line, progress, should_stop).counts()
        return
    reminded = article_care.send_reminders(line, progress)
    result.counts, result.problems = reminded.counts(), reminded.problems
    if reminded.stopped is not None:
        result.outcome = "failed"
    elif reminded.problems:
        result.outcome = "partly"


def _publish_articles(
    line: ArticleLine,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    """Publish what is new, due or expired on every site, and read what its readers did there."""
    outcomes = []
    for each in line.run(progress, should_stop) if line.settings.sites else ():
        outcomes.append(each.outcome)
        for key, count in each.counts.items():
            result.counts[key] = result.counts.get(key, 0) + count
        stopped = [each.stopped] if each.stopped else []
        name = f"{each.site}: "  # most errors of a site begin with it
        told = (*stopped, *each.problems)
        result.problems += [name + one.removeprefix(name) for one in told]
    if outcomes and all(outcome == "failed" for outcome in outcomes):
        result.outcome = "failed"
    elif any(outcome != "done" for outcome in outcomes):
        result.outcome = "partly"


def _collect(
    program: Program,
    name: str,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    from connector.jobs.collect import collect

    collected = collect(
        program.ledger,
        program.source(name),
        program.policy(),
        progress=progress,
        batch_items=program.settings.ledger.batch_items,
        ahead_items=program.settings.ledger.reread_limit_items,
        should_stop=should_stop,
        is_from_start=program.since is not None,
    )
    result.counts = collected.counts()
    result.problems = [f"{each.part}: {each.reason}" for each in collected.refused]
    if collected.stopped is not None or len(collected.refused) == collected.parts > 0:
        result.outcome = "failed"
    elif result.problems or collected.taken.problems:
        result.outcome = "partly"
    if name == "presence" and result.outcome != "failed":
        _publish_presence(program, result)


def _publish_presence(program: Program, result: JobResult) -> None:
    """Show the present state where the settings say so; the list holds that and nothing else."""
    from connector.ledger.people import directory, presences

    for shown in program.presence_lists:
        try:
            published = shown.publish(presences(program.ledger), directory(program.ledger))
        except RemoteError as error:
            result.outcome = "partly"
            result.problems.append(str(error))
        else:
            result.counts["shown"] = published.made + published.changed + published.removed
            if published.reasons:
                result.outcome = "partly"
                result.problems += published.reasons


def _fetch(
    program: Program,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    from connector.jobs.fetch import fetch

    fetched = fetch(
        program.ledger,
        program.enabled_sources(),
        program.source,
        program.spool,
        max_bytes=program.settings.journal.max_file_mb * 1_000_000,
        progress=progress,
        should_stop=should_stop,
    )
    result.counts = fetched.counts()
    if fetched.stopped is not None:
        result.outcome, result.problems = "failed", [str(fetched.stopped)]


def _deliver(
    program: Program,
    run: Run,
    result: JobResult,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> None:
    from connector.jobs.deliver import deliver, write_entries
    from connector.ledger.outages import note_sink

    policy = program.policy()
    written = write_entries(program.ledger, policy, program.title, should_stop)
    result.counts = {"written": written}
    for sink in program.sinks.values():
        delivered = deliver(
            program.ledger,
            sink,
            run,
            program.spool.open,
            progress=progress,
            should_stop=should_stop,
        )
        for key, count in delivered.counts().items():
            result.counts[key] = result.counts.get(key, 0) + count
        result.counts[DONE_BY_SINK + sink.name] = delivered.done
        result.problems += [f"{sink.name}: {problem}" for problem in delivered.problems]
        reason = str(delivered.stopped) if delivered.stopped is not None else ""
        note_sink(program.ledger, sink.name, reason=reason, took=delivered.done)
        if reason:
            result.outcome = "failed"
        elif delivered.problems and result.outcome == "done":
            result.outcome = "partly"
