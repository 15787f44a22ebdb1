"""`articles new`, `check`, `import` and `merge`: the source of the articles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import FAILED, Session
from connector.commands.looking import JsonOption, say_json
from connector.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date

    from connector.articles.building import Conflict
    from connector.articles.mistakes import Mistake
    from connector.articles.reading import Folders
    from connector.articles.writing import Head

UnitOption = Annotated[str, typer.Option(metavar="NAME", help="The unit that owns it.")]
OwnerOption = Annotated[str, typer.Option(metavar="UPN", help="Who answers for it.")]


def new(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="[TITLE]", help="The title, in quotes.")] = "",
    unit: UnitOption = "",
    owner: OwnerOption = "",
    is_staff: Annotated[bool, typer.Option("--staff", help="For staff alone.")] = False,
    over: Annotated[
        str, typer.Option(metavar="ID", help="Lay it over this national article.")
    ] = "",
) -> None:
    """Begin an article: a file with its fields, named by an id that is made of the title.

    With --over it is ours over a national article: its sections replace, add to or hide theirs.

    \b
    Examples:
      casethread articles new "Meld flytning"
      casethread articles new --over pas --unit Borgerservice
      casethread articles new "Nøgler til rådhuset" --staff --unit Borgerservice
    """
    from connector.articles.writing import Head, id_of, write_new, year_after

    session: Session = ctx.obj
    if bool(title) == bool(over):
        raise ConfigError([session.text("article.new.one_of")])
    words = " ".join(title.split())
    head = Head(
        id=id_of(words),
        title=words,
        language=session.settings.language,
        audience="staff" if is_staff else "citizen",
        unit=unit,
        owner=owner,
        review_by=None if over else year_after(_today(session)),  # theirs holds until ours is set
    )
    if over:
        _begin_overlay(session, over, head)
        return
    how, inside = session.text("article.new.heading"), session.text("article.new.staff")
    body = f"## {how} {{#how}}\n" + ("" if is_staff else f"\n## {inside} {{#staff .staff}}\n")
    path = write_new(_folders(session), head, body, session.language)
    screen.say(session.text("article.new.done", path=_short(str(path)), command=session.command))


def _begin_overlay(session: Session, over: str, head: Head) -> None:
    from connector.articles.reading import base_path
    from connector.articles.writing import write_overlay

    folders = _folders(session)
    path, keys = write_overlay(folders, over, head, session.language)
    base = _short(str(base_path(folders, over)))
    values = {"path": _short(str(path)), "base": base, "keys": ", ".join(keys)}
    screen.say(session.text("article.new.over", **values))


def check(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Only these articles.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the articles: fields, links, images, owners, dates. Exit code 1 when one has an error.

    An article with an error is not published; what is live of it stays as it is.

    \b
    Examples:
      casethread articles check
      casethread articles check flytning pas
      casethread articles check --json
    """
    from connector.article_care import link_warnings
    from connector.article_work import ArticleLine
    from connector.articles.mistakes import ERROR, in_order

    session: Session = ctx.obj
    line = ArticleLine(session.program)
    found = in_order([*line.mistakes, *link_warnings(line)])
    if ids:
        _need_known(session, ids, {*line.library.articles, *line.library.blocked})
        found = tuple(each for each in found if each.article in ids)
    errors = sum(1 for each in found if each.level == ERROR)
    if as_json:
        say_json([_plain(session, each) for each in found])
    else:
        _tell_mistakes(session, found)
        count = len(ids) if ids else len(line.library.articles)
        warnings = len(found) - errors
        values = {"count": count, "errors": errors, "warnings": warnings}
        screen.say(session.text("article.check.sum", **values))
    if errors:
        raise typer.Exit(FAILED)


def _need_known(session: Session, ids: Sequence[str], known: set[str]) -> None:
    unknown = [id for id in ids if id not in known]
    if unknown:
        raise ConfigError([session.text("article.check.unknown", id=id) for id in unknown])


def _tell_mistakes(session: Session, found: Sequence[Mistake]) -> None:
    rows = [
        (
            _short(each.place()),
            session.text(f"article.check.{each.level}"),
            each.text(session.language),
        )
        for each in found
    ]
    if rows:
        columns = ("where", "level", "told")
        screen.table([session.text(f"article.check.{name}") for name in columns], rows)


def _plain(session: Session, each: Mistake) -> dict[str, object]:
    return {
        "article": each.article,
        "path": each.path,
        "line": each.line,
        "level": each.level,
        "key": each.key,
        "text": each.text(session.language),
    }


def import_(
    ctx: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="The folder of pages, as .html or .md files; images beside them come along.",
            exists=True,
            file_okay=False,
        ),
    ],
    unit: UnitOption = "",
    owner: OwnerOption = "",
    is_staff: Annotated[bool, typer.Option("--staff", help="For staff alone.")] = False,
) -> None:
    """Make articles of pages that were written elsewhere. Nothing that is there is overwritten.

    Titles, sections, images and links between the pages are taken over. The owner, the unit, the
    subject and the review date are left open: `articles check` asks for them. What no article may
    hold, such as a script or a frame of another site, is left out, and told.

    \b
    Examples:
      casethread articles import gammel-hjemmeside
      casethread articles import wiki --unit "Byg og Miljø" --staff
    """
    from connector.articles.importing import import_folder
    from connector.articles.writing import Head

    session: Session = ctx.obj
    head = Head(
        id="",
        title="",
        language=session.settings.language,
        audience="staff" if is_staff else "citizen",
        unit=unit,
        owner=owner,
    )
    found = list(import_folder(source, _folders(session), head, session.language))
    rows = []
    for each in found:
        became = _short(each.path)
        if each.why:
            became = session.text(f"article.import.{each.why}", id=each.id, path=became)
        elif each.left_out:
            what = ", ".join(each.left_out)
            became = session.text("article.import.without", path=became, what=what)
        rows.append((_short(each.source), became))
    if rows:
        columns = ("source", "became")
        screen.table([session.text(f"article.import.{name}") for name in columns], rows)
    made = sum(1 for each in found if not each.why)
    if not made:
        screen.say(session.text("article.import.none", folder=str(source)))
        raise typer.Exit(FAILED)
    screen.say(session.text("article.import.sum", count=made, command=session.command))


def merge(
    ctx: typer.Context,
    article: Annotated[
        str, typer.Argument(metavar="[ID]", help="The article; without it, all conflicts.")
    ] = "",
    take: Annotated[str, typer.Option(metavar="national|local", help="Whose section stands.")] = "",
    section: Annotated[
        str | None,
        typer.Option(metavar="KEY", help='The section; "" is what has no heading.'),
    ] = None,
    is_accepted: Annotated[
        bool,
        typer.Option("--accept", help="All our sections stand over the national text of today."),
    ] = False,
) -> None:
    """Show what both the national editor and we changed, side by side, and decide about it.

    Until somebody decides, the article is not published, and its live page stays as it is. A
    section of ours that gives way is kept in .base/removed.

    \b
    Examples:
      casethread articles merge
      casethread articles merge flytning
      casethread articles merge flytning --take local --section frist
      casethread articles merge flytning --accept
    """
    from connector.articles.settling import accept, conflicts_of, settle

    session: Session = ctx.obj
    folders = _folders(session)
    found = conflicts_of(folders, article)
    if not take and not is_accepted:
        some = [each for each in found if section in (None, each.section)]
        _tell_conflicts(session, some, article)
        return
    sections = [each.section for each in found]
    if is_accepted and article and not take and section is None:
        written: tuple[Path, ...] = (accept(folders, article, session.language),)
    elif _names_a_side(article, take, is_accepted) and (section is not None or len(sections) < 2):
        key = next(iter(sections), "") if section is None else section
        written = settle(folders, article, key, take, _today(session), session.language)
    else:
        raise ConfigError([session.text("article.merge.take", sections=", ".join(sections) or "-")])
    for path in written:
        screen.say(session.text("article.merge.wrote", path=_short(str(path))))
    left = len(conflicts_of(folders, article))
    key = "article.merge.left" if left else "article.merge.settled"
    screen.say(session.text(key, count=left, id=article))


def _names_a_side(article: str, take: str, is_accepted: bool) -> bool:
    return bool(article) and take in ("national", "local") and not is_accepted


def _tell_conflicts(session: Session, found: Sequence[Conflict], article: str) -> None:
    if not found:
        screen.say(session.text("article.merge.none"))
    elif article:
        for each in found:
            _tell_conflict(session, each)
    else:
        rows = [
            (each.article, _name_of(session, each), ", ".join(map(_short, each.paths)))
            for each in found
        ]
        columns = ("article", "section", "files")
        screen.table([session.text(f"article.merge.{name}") for name in columns], rows)
        screen.say(session.text("article.merge.how", command=session.command))


def _name_of(session: Session, conflict: Conflict) -> str:
    return conflict.section or session.text("article.merge.top")


def _tell_conflict(session: Session, conflict: Conflict) -> None:
    """The three texts beside each other: a terminal's width in three, or one after the other."""
    import shlex

    from connector.commands.columns import beside

    values = {"id": conflict.article, "section": _name_of(session, conflict)}
    screen.say(session.text("article.merge.title", **values))
    names = ("base", "national", "local")
    heads = [session.text(f"article.merge.{name}") for name in names]
    absent = session.text("article.merge.absent")
    texts = [text or absent for text in (conflict.base, conflict.national, conflict.local)]
    for line in beside(heads, texts):
        screen.say(line)
    key = shlex.quote(conflict.section)
    told = session.text(
        "article.merge.choose", command=session.command, id=conflict.article, name=key
    )
    for line in told.split("\n"):
        screen.say(line)
    screen.say()


def _folders(session: Session) -> Folders:
    from connector.article_work import folders

    return folders(session.settings)


def _today(session: Session) -> date:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return datetime.now(UTC).astimezone(ZoneInfo(session.settings.time_zone)).date()


def _short(path: str) -> str:
    """A path as one would write it from here."""
    near = os.path.relpath(path) if path else ""
    return path if near.startswith(os.pardir) else near
