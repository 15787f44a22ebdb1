"""`articles remind` and `articles links`: articles kept true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector import screen
from connector.commands import FAILED, Session, tell
from connector.commands.looking import JsonOption, say_json

if TYPE_CHECKING:
    from connector.articles.reminding import Planned
    from connector.ledger.outside_links import OutsideLink
    from connector.work import JobResult


def remind(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell who would be reminded; send and keep nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remind owners, units and the editor of articles to review, by mail, as files, or both.

    Each is told each thing once for each review date, in one mail a day.

    \b
    Examples:
      casethread articles remind --dry-run
      casethread articles remind
    """
    from connector.article_care import REMINDERS, plan_reminders
    from connector.article_work import ArticleLine
    from connector.work import run_job

    session: Session = ctx.obj
    if dry_run:
        _tell_plan(session, plan_reminders(ArticleLine(session.program)), as_json)
        return
    result = run_job(session.program, REMINDERS)
    if as_json:
        say_json({"outcome": result.outcome, **result.counts, "problems": result.problems})
    else:
        _tell_reminded(session, result)
    if not result.is_good:
        raise typer.Exit(FAILED)


def _tell_plan(session: Session, plan: Planned, as_json: bool) -> None:
    from connector.articles.reminders import shown

    if as_json:
        say_json({"letters": plan.letters, "homeless": plan.homeless})
        return
    if not plan.letters and not plan.homeless:
        screen.say(session.text("article.remind.none"))
        return
    told = [(one.to, each) for one in plan.letters for each in shown(one)]
    told += [("—", each) for each in plan.homeless]
    rows = [
        (
            to,
            each.article,
            session.text(f"article.step.{each.step}"),
            str(each.review_by or ""),
        )
        for to, each in told
    ]
    columns = ("to", "article", "step", "review_by")
    screen.table([session.text(f"article.remind.{name}") for name in columns], rows)
    screen.say(session.text("article.remind.would", count=len(plan.letters)))


def _tell_reminded(session: Session, result: JobResult) -> None:
    if not result.counts and not result.problems:
        screen.say(session.text("article.remind.none"))
    for name in ("sent", "kept", "told"):
        if result.counts.get(name):
            screen.say(session.text(f"article.remind.{name}", count=result.counts[name]))
    for problem in result.problems:
        screen.say(f"! {problem}")


def links(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Visit them all now; with pauses, so it takes a while.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="List those that work too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the links out of our articles that need mending, as the last night found them.

    A page that is gone is told at once, a server that does not answer after three nights in a row.

    \b
    Examples:
      casethread articles links
      casethread articles links --check
    """
    session: Session = ctx.obj
    if check:
        _check(session, is_quiet=as_json)
    found = _listed(session, everything=everything)
    if as_json:
        say_json(found)
        return
    if not found:
        screen.say(session.text("article.links.none"))
        return
    zone = session.program.zone
    rows = [
        (
            each.url,
            status_of(each, session.language),
            ", ".join(each.articles),
            f"{each.checked_at.astimezone(zone):%Y-%m-%d %H:%M}" if each.checked_at else "",
        )
        for each in found
    ]
    columns = ("url", "status", "articles", "when")
    screen.table([session.text(f"article.links.{name}") for name in columns], rows)


def status_of(link: OutsideLink, language: str) -> str:
    """How the last visit of a link ended, in words."""
    from connector.locale import text

    reason = link.reason or "code"
    values: dict[str, Any] = {
        "moved_to": link.moved_to,
        "code": link.code,
        "reason": text(f"article.link_reason.{reason}", language, code=link.code),
    }
    return text(f"article.link.{link.status}", language, **values)


def _listed(session: Session, *, everything: bool) -> list[OutsideLink]:
    from connector.articles.outside_links import is_broken
    from connector.ledger.outside_links import outside_links

    with session.program.ledger.read() as connection:
        known = outside_links(connection)
    return [each for each in known if everything or is_broken(each) or each.status == "moved"]


def _check(session: Session, *, is_quiet: bool) -> None:
    from connector.article_care import LINKS
    from connector.commands.syncing import Stop
    from connector.work import run_job

    stop = Stop(session.text("article.links.stopping")).listen()
    shown = None if is_quiet else screen.progress(session.language)
    try:
        result = run_job(session.program, LINKS, progress=shown, should_stop=stop)
    finally:
        if shown is not None:
            shown.close()
    if not is_quiet:
        for name in ("visited", "broken", "failing", "moved", "left"):
            if result.counts.get(name):
                screen.say(session.text(f"article.links.{name}", count=result.counts[name]))
    for problem in result.problems:
        tell(problem)
    if stop.signal:
        raise typer.Exit(stop.exit_code)
    if not result.is_good:
        raise typer.Exit(FAILED)
