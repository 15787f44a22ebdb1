"""`sync --dry-run`: everything is read and decided, told, and nothing is kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector import screen

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.commands import Session
    from connector.ledger import Ledger
    from connector.ledger.rehearsal import Rehearsal
    from connector.ledger.views import Backlog
    from connector.work import JobResult

SHOWN = 20


def rehearse(
    session: Session, names: Sequence[str], stop: Callable[[], bool], *, as_json: bool
) -> list[JobResult]:
    """Run the jobs on a ledger that forgets, and tell what each journal would have been given.

    Attachments are not fetched, and nothing is given to a journal.
    """
    from connector.commands.syncing import work
    from connector.ledger import views
    from connector.ledger.rehearsal import suppose_files

    program = session.program
    started = time.monotonic()
    real = _ledger(session)
    with standing_in(program, real) as forgetful:
        reading = [name for name in names if name not in ("attachments", "deliver", "prune")]
        results = work(session, program, reading, stop)
        if "deliver" in names:
            suppose_files(forgetful)
            _write(program, stop)
        with forgetful.read() as connection:
            would = {
                sink.name: views.would_deliver(connection, sink.name)
                for sink in session.settings.sinks
            }
            backlog = views.backlog(connection)
        _tell(session, results, would, backlog, time.monotonic() - started, as_json)
    return results


@contextlib.contextmanager
def standing_in(program: Program, real: Ledger) -> Iterator[Rehearsal]:
    """The program with a rehearsal in place of its ledger."""
    from connector.ledger.rehearsal import rehearsal

    try:
        with rehearsal(real) as forgetful:
            program.ledger = forgetful
            yield forgetful
    finally:
        program.ledger = real


def _write(program: Program, stop: Callable[[], bool]) -> None:
    from connector.jobs.deliver import write_entries

    write_entries(program.ledger, program.policy(), program.title, stop)


def _ledger(session: Session) -> Ledger:
    """The ledger; one in memory when there is none yet, so that not even a file is made."""
    from connector.ledger import open_ledger

    file: Path | None = session.settings.ledger.database_file
    if file is not None and not file.exists():
        return open_ledger("sqlite:///:memory:")
    return session.program.ledger


def _tell(
    session: Session,
    results: Sequence[JobResult],
    would: dict[str, list[tuple[str, str, str, int]]],
    backlog: Backlog,
    seconds: float,
    as_json: bool,
) -> None:
    from connector.commands.summary import summary_lines, trouble_lines

    if as_json:
        from connector.commands.looking import say_json

        jobs = [{"job": each.job, "counts": each.counts} for each in results]
        fields = ("case", "kind", "title", "version")
        owed = {
            sink: [dict(zip(fields, each, strict=True)) for each in rows]
            for sink, rows in would.items()
        }
        say_json({"dry_run": True, "seconds": round(seconds, 1), "jobs": jobs, "would": owed})
        return
    screen.say(session.text("sync.dry_run"))
    for line in (*summary_lines(session, results, backlog), *trouble_lines(session, results)):
        screen.say(line)
    for sink, rows in would.items():
        screen.say(f"{len(rows)} {session.text('dry.would', sink=sink)}")
        for case, kind, title, _ in rows[:SHOWN]:
            screen.say(f"  {case}  {session.text(f'item.{kind}')}  {title}")
        if len(rows) > SHOWN:
            screen.say(f"  {session.text('summary.more', count=len(rows) - SHOWN)}")
