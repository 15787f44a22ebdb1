"""`sync`: read, link and journal once. `run`: the same on schedule, until it is stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import FAILED, INTERRUPTED, TERMINATED, Session, tell
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.work import JobResult


class Stop:
    """Ctrl-C and SIGTERM as a question: finish the page in hand; asked twice, end at once."""

    def __init__(self, notice: str) -> None:
        self._notice = notice
        self.signal = 0

    def listen(self) -> Stop:
        """Take over both signals for the rest of this process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)
        return self

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            os._exit(128 + number)
        self.signal = number
        tell(self._notice)

    def __call__(self) -> bool:
        return bool(self.signal)

    @property
    def exit_code(self) -> int:
        """What the process ends with after it was stopped."""
        return TERMINATED if self.signal == signal.SIGTERM else INTERRUPTED


def sync(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Jobs to run: register, directory, chats, channels, call_records, pstn, "
            "direct_routing, voicemail, lync_cdr, lync_archive, presence, attachments, deliver, "
            "prune, articles, article_links, article_reminders. None is all that read and journal.",
        ),
    ] = None,
    once: Annotated[  # noqa: ARG001  accepted to say what is meant anyway
        bool, typer.Option("--once", help="One pass, then stop. This is what sync does anyway.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Tell what would be linked and journaled, and keep nothing. While it runs, "
            "nobody else can write to the ledger.",
        ),
    ] = False,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Read again from this day instead of from the end.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Tell the result as JSON.")] = False,
) -> None:
    """Read what is new, find its cases and journal it, once.

    \b
    Examples:
      casethread sync
      casethread sync chats deliver
      casethread sync --dry-run --since 2026-11-01
    """
    from connector.work import sync_jobs

    session: Session = ctx.obj
    program = session.program
    wanted = sync_jobs(program, names or [])
    if since:
        program.since = parse_since(since, session)
    stop = Stop(session.text("sync.stopping")).listen()
    if dry_run:
        from connector.commands.rehearsing import rehearse

        results = rehearse(session, wanted, stop, as_json=as_json)
    else:
        started = time.monotonic()
        results = work(session, program, wanted, stop)
        _tell_results(session, results, time.monotonic() - started, as_json)
    if stop():
        tell(session.text("sync.interrupted"))
        raise typer.Exit(stop.exit_code)
    if not all(each.is_good for each in results):
        raise typer.Exit(FAILED)


def work(
    session: Session, program: Program, names: Sequence[str], stop: Callable[[], bool]
) -> list[JobResult]:
    """Run the jobs with their progress on the screen."""
    from connector.work import run_jobs

    shown = screen.progress(session.language)
    try:
        return run_jobs(program, names, progress=shown, should_stop=stop)
    finally:
        shown.close()


def _tell_results(
    session: Session, results: Sequence[JobResult], seconds: float, as_json: bool
) -> None:
    from connector.commands.summary import as_values, tell_summary

    if as_json:
        import msgspec

        screen.say(msgspec.json.encode(as_values(session, results, seconds)).decode())
    else:
        tell_summary(session, results, seconds)


def parse_since(words: str, session: Session) -> datetime:
    """A day or time of the municipality's clock as UTC. Raises ConfigError for anything else."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError as error:
        raise ConfigError([session.text("sync.bad_date", value=words)]) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=session.program.zone)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:  # the first and the last day there are
        raise ConfigError([session.text("sync.bad_date", value=words)]) from error
    if moment > session.program.clock():
        raise ConfigError([session.text("sync.future", value=words)])
    return moment


def run(ctx: typer.Context) -> None:
    """Sync by the schedules in the configuration, until Ctrl-C or SIGTERM.

    SIGTERM ends it with 0 once the page in hand is kept, as service managers expect. A second
    daemon on the same ledger is refused with 2.

    \b
    Example:
      casethread --config /srv/casethread run
    """
    from connector import log
    from schedulers import embedded

    session: Session = ctx.obj
    program = session.program
    log.set_up(session.settings.log, is_service=True, is_debug=session.is_debug)
    stop = Stop(session.text("sync.stopping")).listen()
    tell(session.text("run.started"))
    embedded.run(program, stop)
    tell(session.text("run.stopped"))
    if stop.signal == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)
