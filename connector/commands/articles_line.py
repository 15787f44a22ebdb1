"""`articles plan`, `publish` and `status`: what would be done on the sites, doing it, how it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import FAILED, Session, operator, tell
from connector.commands.looking import JsonOption, say_json
from connector.errors import Busy, ConfigError, RemoteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.article_work import ArticleLine
    from connector.articles.planning import Plan, Step
    from connector.articles.publishing import Result

IdArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="Only these articles; none is all.")
]
SiteOption = Annotated[str, typer.Option("--site", help="Only this site of the configuration.")]
WithdrawOption = Annotated[
    bool,
    typer.Option(
        "--withdraw-all",
        help="Withdraw pages though the source is empty, cannot all be read, or lacks most of "
        "what is published.",
    ),
]

DID = (
    *("created", "changed", "links", "withdrawn", "edited", "blocked", "waiting", "held"),
    *("locked", "denied", "rejected", "kept"),
)
KINDS = {
    "create": "created",
    "change": "changed",
    "withdraw": "withdrawn",
    "keep": "kept",
    "edited": "edited",
    "blocked": "blocked",
    "waiting": "waiting",
    "held": "held",
}
_SIGNS = {"create": "+", "change": "~", "withdraw": "-", "edited": "!", "blocked": "x"}
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def plan(
    ctx: typer.Context,
    ids: IdArgument = None,
    site: SiteOption = "",
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Do not show how the text differs.")
    ] = False,
    withdraw_all: WithdrawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show page by page what publishing would create, change and withdraw. Writes nothing there.

    \b
    Examples:
      casethread articles plan
      casethread articles plan flytning --site intranet
    """
    session: Session = ctx.obj
    line = line_with(session, ids or [])
    plans, stopped = [], []
    for publisher in line.sites(site):
        try:
            plans.append(line.look(publisher, only=ids or [], withdraw_all=withdraw_all))
        except (RemoteError, Busy) as error:
            stopped.append(f"{publisher.name}: {_without_name(publisher.name, str(error))}")
    if as_json:
        say_json([_plain(each) for each in plans])
    else:
        _tell_plans(session, plans, shows_text=not no_text)
    for told in stopped:
        tell(told)
    if stopped:
        raise typer.Exit(FAILED)


def publish(
    ctx: typer.Context,
    ids: IdArgument = None,
    site: SiteOption = "",
    withdraw_all: WithdrawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Publish what is new, changed or due, on every site. A second run does nothing.

    A page that somebody edited on the site is shown and left as it is. Stopped in the middle, the
    next run goes on.

    \b
    Examples:
      casethread articles publish
      casethread articles publish flytning pas
    """
    from connector.commands.syncing import Stop

    session: Session = ctx.obj
    line = line_with(session, ids or [])
    stop = Stop(session.text("sync.stopping")).listen()
    shown = screen.progress(session.language)
    try:
        results = list(
            line.publish(
                site=site,
                only=ids or [],
                withdraw_all=withdraw_all,
                actor=operator(),
                progress=shown,
                should_stop=stop,
            )
        )
    finally:
        shown.close()
    if as_json:
        say_json([_plain_result(each) for each in results])
    else:
        for each in results:
            _tell_result(session, each)
    if stop():
        tell(session.text("sync.interrupted"))
        raise typer.Exit(stop.exit_code)
    if any(each.outcome != "done" for each in results):
        raise typer.Exit(FAILED)


def status(ctx: typer.Context, site: SiteOption = "", as_json: JsonOption = False) -> None:
    """How each site is, as it was seen last: what is shown, waits, is edited, blocked or overdue.

    Asks no site; "articles plan" does.

    \b
    Example:
      casethread articles status
    """
    from connector.article_work import ArticleLine
    from connector.articles.standing import standing

    session: Session = ctx.obj
    line = ArticleLine(session.program)
    found = [
        standing(line.library, line.mistakes, publisher, line.program.ledger, line.program.clock())
        for publisher in line.sites(site)
    ]
    if as_json:
        say_json(found)
        return
    from connector.article_care import link_warnings
    from connector.commands.articles_status import lines

    for each in found:
        for text in lines(session, each):
            screen.say(text)
    wrong = len(link_warnings(line))
    if wrong:
        screen.say(session.text("article.links.mend", count=wrong, command=session.command))


def line_with(session: Session, ids: Sequence[str]) -> ArticleLine:
    """The article line; raises ConfigError for an article that is nowhere."""
    from connector.article_work import ArticleLine
    from connector.ledger.article_pages import kept_page

    line = ArticleLine(session.program)
    wrong = [
        id
        for id in ids
        if id not in line.library.articles
        and not any(kept_page(line.program.ledger, each, id) for each in line.publishers)
    ]
    if wrong:
        raise ConfigError([session.text("article.unknown", id=id) for id in wrong])
    return line


def _tell_plans(session: Session, plans: Sequence[Plan], *, shows_text: bool) -> None:
    for each in plans:
        _tell_plan(session, each, shows_text=shows_text)
    if any(each.of("create", "change", "withdraw") for each in plans):
        screen.say()
        screen.say(session.text("article.plan.publish", command=session.command))


def _tell_plan(session: Session, plan: Plan, *, shows_text: bool) -> None:
    counts: dict[str, int] = {}
    for step in plan.steps:
        key = KINDS[step.kind]
        counts[key] = counts.get(key, 0) + 1
    told = did(session, counts) or session.text("article.plan.nothing")
    screen.say(session.text("article.plan.title", site=plan.site, counts=told))
    for problem in plan.problems:
        screen.say("  " + session.text(f"article.guard.{problem}"))
    for step in plan.steps:
        if step.kind != "keep":
            _tell_step(session, step, shows_text=shows_text)


def _tell_step(session: Session, step: Step, *, shows_text: bool) -> None:
    kind = session.text(f"article.kind.{step.kind}")
    why = why_words(session, step.why, step.detail)
    why = f" ({why})" if why else ""
    screen.say(f"{_SIGNS.get(step.kind, '·')} {step.article} · {step.title} · {kind}{why}")
    if step.kind == "edited":
        command = session.command
        screen.say("    " + session.text("article.plan.edited", command=command, id=step.article))
    if shows_text and step.difference:
        for text in step.difference.split("\n"):
            if not text.startswith(("---", "+++")):
                say_difference(text)


def say_difference(text: str) -> None:
    """One line of a difference: its sign tells what it is, a colour as well at a terminal."""
    colour = _COLOURS.get(text[:1], "")
    if not colour or not sys.stdout.isatty():
        screen.say(f"    {text}")
        return
    sys.stdout.write(f"    {colour}{screen.printable(text)}\x1b[0m\n")


def why_words(session: Session, why: str, detail: str = "") -> str:
    """A reason in words; "" for one that says nothing more than the kind."""
    key = f"article.why.{why}"
    if not why or (why == "blocked" and not detail):
        return ""
    when = local_time(session, detail) if why == "early" else ""
    return session.text(key, when=when, detail=detail)


def local_time(session: Session, moment: str) -> str:
    """A moment as ISO text, on the municipality's clock, to the minute."""
    from datetime import datetime

    if not moment:
        return ""
    local = datetime.fromisoformat(moment).astimezone(session.program.zone)
    return f"{local:%Y-%m-%d %H:%M}"


def did(session: Session, counts: Mapping[str, int]) -> str:
    """Counts in words, what was done first."""
    return ", ".join(
        session.text(f"article.did.{name}", count=counts[name]) for name in DID if counts.get(name)
    )


def _tell_result(session: Session, result: Result) -> None:
    told = did(session, result.counts)
    key = "article.publish.done" if told else "article.publish.nothing"
    if told or not result.stopped:
        screen.say(session.text(key, site=result.site, counts=told))
    for problem in result.problems:
        screen.say(f"  - {problem}")
    if result.stopped:
        reason = _without_name(result.site, result.stopped).rstrip(".")
        tell(session.text("article.publish.stopped", site=result.site, reason=reason))


def _without_name(site: str, told: str) -> str:
    """What an error says without the site's name, with which most begin."""
    return told.removeprefix(f"{site}: ")


def _plain_result(result: Result) -> dict[str, object]:
    return {
        "site": result.site,
        "outcome": result.outcome,
        "counts": result.counts,
        "problems": result.problems,
        "stopped": result.stopped,
    }


def _plain(plan: Plan) -> dict[str, object]:
    steps = [
        {
            "kind": step.kind,
            "article": step.article,
            "title": step.title,
            "why": step.why,
            "detail": step.detail,
            "url": step.live.url if step.live else "",
            "difference": step.difference,
        }
        for step in plan.steps
    ]
    return {"site": plan.site, "steps": steps, "problems": list(plan.problems)}
