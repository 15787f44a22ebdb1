"""`articles versions` and `articles rollback`: what was published, and an earlier version again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import FAILED, WRONG_USE, Session, operator, tell
from connector.commands.articles_line import SiteOption, line_with, local_time, why_words
from connector.commands.looking import JsonOption, say_json
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.article_work import ArticleLine
    from connector.articles.versions import RolledBack

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The article's id.")]


def versions(
    ctx: typer.Context, id: IdArgument, site: SiteOption = "", as_json: JsonOption = False
) -> None:
    """List every version of an article that was published, newest first.

    \b
    Example:
      casethread articles versions flytning
    """
    from connector.article_work import ArticleLine
    from connector.ledger.article_versions import versions_of
    from connector.ledger.tables import at

    session: Session = ctx.obj
    line = ArticleLine(session.program)
    found = [
        each
        for publisher in line.sites(site)
        for each in versions_of(session.program.ledger, publisher.name, id)
    ]
    if not found:
        line_with(session, [id])  # an article that is nowhere is told, not an empty table
    if as_json:
        say_json(found)
        return
    rows = [
        (
            each.site,
            str(each.number),
            local_time(session, at(each.done_at or each.at).isoformat()),
            each.actor,
            why_words(session, each.why),
            each.page.title,
        )
        for each in found
    ]
    names = ("site", "number", "at", "actor", "why", "title")
    screen.table([session.text(f"article.versions.{name}") for name in names], rows)


def rollback(
    ctx: typer.Context,
    id: IdArgument,
    to: Annotated[
        int | None,
        typer.Option(help="The number of the version; without it, the last that was another."),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Let the source's text be published again.")
    ] = False,
    site: SiteOption = "",
) -> None:
    """Put an earlier version back at the same address, until the source changes.

    \b
    Examples:
      casethread articles rollback flytning
      casethread articles rollback flytning --to 3 --site intranet
      casethread articles rollback flytning --release
    """
    from connector.article_work import ArticleLine
    from connector.articles.versions import CannotRollBack

    session: Session = ctx.obj
    if release and to is not None:
        raise ConfigError([session.text("article.rollback.release_alone")])
    line = ArticleLine(session.program)
    if release:
        _release(session, line, id, site)
        return
    done, refused = 0, []
    for publisher in line.sites(site):
        try:
            rolled = line.roll_back(publisher, id, to, actor=operator())
        except CannotRollBack as error:
            refused.append(session.text(f"article.rollback.{error.key}", **error.values))
            continue
        done += _tell(session, publisher.name, id, rolled)
    for told in refused:
        tell(told)
    if not done:
        raise typer.Exit(WRONG_USE if refused else FAILED)


def _tell(session: Session, site: str, id: str, rolled: RolledBack) -> int:
    """Tell what became of it on one site; gives 1 when it stands there."""
    if rolled.result.outcome != "done":
        for told in (rolled.result.stopped, *rolled.result.problems):
            if told:
                tell(f"{site}: {told}")
        return 0
    numbers = {"number": rolled.number, "new": rolled.new}
    screen.say(
        session.text("article.rollback.done", id=id, site=site, command=session.command, **numbers)
    )
    return 1


def _release(session: Session, line: ArticleLine, id: str, site: str) -> None:
    from connector.articles.versions import release

    names = [each.name for each in line.sites(site)]
    freed = [name for name in names if release(session.program.ledger, name, id)]
    if not freed:
        raise ConfigError([session.text("article.rollback.not_pinned", id=id)])
    for name in freed:
        screen.say(session.text("article.rollback.released", id=id, site=name))
