"""`articles edits`: what people changed on the sites, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import Session, operator
from connector.commands.articles_line import SiteOption, local_time, say_difference
from connector.commands.looking import JsonOption, say_json
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.articles.edits import CannotTake, Taken
    from connector.ledger.article_edits import Edit

app = typer.Typer(
    help="What people changed on published pages: list, take into the source, or dismiss.",
    epilog="Example: casethread articles edits list",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The article's id.")]


@app.command("list")
def list_(ctx: typer.Context, site: SiteOption = "", as_json: JsonOption = False) -> None:
    """List the edits that wait for a decision, each with what it changed.

    \b
    Example:
      casethread articles edits list
    """
    from connector.ledger.article_edits import edits

    session: Session = ctx.obj
    found = edits(session.program.ledger, site)
    names = [each.name for each in session.settings.sites]
    if site and not found and site not in names:
        told = session.text("article.no_site", name=site, names=", ".join(names) or "-")
        raise ConfigError([told])
    if as_json:
        say_json(found)
        return
    if not found:
        screen.say(session.text("article.edits.none"))
    for each in found:
        _tell(session, each)


@app.command()
def take(ctx: typer.Context, id: IdArgument, site: SiteOption = "") -> None:
    """Write a person's edit into our source, as Markdown; of a shared article, as an overlay.

    \b
    Example:
      casethread articles edits take flytning
    """
    from connector.article_work import ArticleLine, folders
    from connector.articles.edits import CannotTake, open_edit
    from connector.articles.edits import take as take_over

    session: Session = ctx.obj
    ledger = session.program.ledger
    library = ArticleLine(session.program).library
    try:
        edit = open_edit(ledger, id, site)
        taken = take_over(ledger, edit, library, folders(session.settings), actor=operator())
    except CannotTake as error:
        raise _told(session, error) from error
    screen.say(
        session.text(
            "article.edits.taken", id=id, path=taken.path, sections=_sections(session, taken)
        )
    )


@app.command()
def dismiss(
    ctx: typer.Context,
    id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why; it is kept with your name.")],
    site: SiteOption = "",
) -> None:
    """Let our text win: it stands on the page again after the next publish.

    \b
    Example:
      casethread articles edits dismiss flytning --reason "Gebyret er ikke ændret"
    """
    from connector.articles.edits import CannotTake, open_edit
    from connector.articles.edits import dismiss as let_ours_win

    session: Session = ctx.obj
    ledger = session.program.ledger
    try:
        let_ours_win(ledger, open_edit(ledger, id, site), actor=operator(), reason=reason)
    except CannotTake as error:
        raise _told(session, error) from error
    screen.say(session.text("article.edits.dismissed", id=id))


def _told(session: Session, error: CannotTake) -> ConfigError:
    values = dict(error.values)
    if "what" in values:
        values["what"] = session.text(f"article.edits.{values['what']}")
    return ConfigError([session.text(f"article.edits.{error.key}", **values)])


def _tell(session: Session, edit: Edit) -> None:
    from connector.articles.edit_texts import difference_of
    from connector.ledger.tables import at

    when = at(edit.found_at if edit.changed_at is None else edit.changed_at)
    screen.say(
        session.text(
            "article.edits.item",
            id=edit.article,
            site=edit.site,
            what=session.text(f"article.edits.{edit.kind}"),
            who=edit.changed_by or session.text("article.edits.somebody"),
            when=local_time(session, when.isoformat()),
        )
    )
    for line in difference_of(session.program.ledger, edit).split("\n"):
        if line and not line.startswith(("---", "+++")):
            say_difference(line)


def _sections(session: Session, taken: Taken) -> str:
    told = []
    for change in taken.changes:
        if change.kind in ("title", "summary"):
            told.append(session.text(f"article.edits.part.{change.kind}"))
            continue
        name = change.heading or session.text("article.edits.first")
        told.append(session.text(f"article.edits.part.{change.kind}", name=name))
    return ", ".join(told)
