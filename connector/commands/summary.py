"""What a sync did, told to a person: read, linked, waiting, journaled, failed, where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connector import screen
from connector.ledger import views
from connector.work import ARTICLES

if TYPE_CHECKING:
    from connector.commands import Session
    from connector.work import JobResult

KINDS = ("message", "call", "missed_call", "voicemail")
SHOWN_PROBLEMS = 5


def as_values(session: Session, results: Sequence[JobResult], seconds: float) -> dict[str, object]:
    """The same as numbers, for a program."""
    with session.program.ledger.read() as connection:
        owed = views.backlog(connection)
    return {
        "seconds": round(seconds, 1),
        "new": dict(_new(results)),
        "linked": sum(each.counts.get("linked", 0) for each in results),
        "journaled": _journaled(results),
        "backlog": owed,
        "jobs": [
            {
                "job": each.job,
                "outcome": each.outcome,
                "counts": each.counts,
                "problems": each.problems,
            }
            for each in results
        ],
    }


def tell_summary(session: Session, results: Sequence[JobResult], seconds: float) -> None:
    """The summary on standard output."""
    with session.program.ledger.read() as connection:
        backlog = views.backlog(connection)
        case = views.example_case(connection)
    for line in summary_lines(session, results, backlog):
        screen.say(line)
    for line in trouble_lines(session, results):
        screen.say(line)
    screen.say(session.text("summary.took", seconds=f"{seconds:.1f}"))
    for sink in session.settings.sinks:
        place = sink.path if sink.kind == "folder" else f"{sink.name} ({sink.url})"
        screen.say(session.text("summary.look_journal", path=place))
    if case:
        screen.say(session.text("summary.look_case", command=session.command, case=case))
    if backlog.waiting or backlog.failed or backlog.unsure or backlog.problems:
        screen.say(session.text("summary.look_waiting", command=session.command))


def summary_lines(
    session: Session, results: Sequence[JobResult], backlog: views.Backlog
) -> Iterator[str]:
    """One line for each figure that is not nought."""
    new = _new(results)
    yield session.text("summary.title")
    read = ", ".join(session.text(f"kind.{kind}", count=new[kind]) for kind in KINDS if new[kind])
    yield f"  {session.text('summary.read')}: {read or session.text('sync.nothing_new')}"
    figures = {
        "summary.linked": sum(each.counts.get("linked", 0) for each in results),
        "summary.waiting": backlog.waiting,
        "summary.journaled": _journaled(results),
        "summary.owed": backlog.owed,
        "summary.failed": backlog.failed + backlog.unsure,
        "summary.problems": backlog.problems,
    }
    for key, count in figures.items():
        if count:
            yield f"  {session.text(key, count=count)}"
    for each in results:
        did = screen.did(each.job, each.counts, session.language) if each.job in ARTICLES else ""
        if did:
            yield f"  {screen.label(each.job, session.language)}: {did}"


def trouble_lines(session: Session, results: Sequence[JobResult]) -> Iterator[str]:
    for each in results:
        if each.is_good:
            continue
        name = screen.label(each.job, session.language)
        outcome = session.text(f"outcome.{each.outcome}")
        yield f"{name}: {outcome}"
        for problem in each.problems[:SHOWN_PROBLEMS]:
            yield f"  - {problem}"
        if len(each.problems) > SHOWN_PROBLEMS:
            more = len(each.problems) - SHOWN_PROBLEMS
            yield f"  {session.text('summary.more', count=more)}"


def _new(results: Sequence[JobResult]) -> Counter[str]:
    new: Counter[str] = Counter()
    for each in results:
        for name, count in each.counts.items():
            if name.startswith("new_"):
                new[name.removeprefix("new_")] += count
    return new


def _journaled(results: Sequence[JobResult]) -> int:
    return sum(each.counts.get("done", 0) for each in results if each.job == "deliver")
