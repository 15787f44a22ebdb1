"""`articles gaps`: what readers miss and people still call about, as a ranked list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands.looking import JsonOption, say_json

if TYPE_CHECKING:
    from connector.articles.gaps import Gap
    from connector.commands import Session


def gaps(
    ctx: typer.Context,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(help="At most so many lines.", min=1)] = 20,
) -> None:
    """List which articles to write or mend first, and why, by votes, searches and calls.

    \b
    Examples:
      casethread articles gaps
      casethread articles gaps --json --limit 100
    """
    from connector.article_work import ArticleLine
    from connector.articles.gap_listing import listing
    from connector.articles.gap_words import advice, name_of, reasons

    session: Session = ctx.obj
    program = session.program
    line = ArticleLine(program)
    articles = line.library.articles.values()
    with program.ledger.read() as connection:
        found = listing(connection, program.zone, articles, line.today)
    if as_json:
        say_json([{"name": name_of(each), **_plain(each)} for each in found[:limit]])
        return
    language = session.language
    screen.say(session.text("article.gaps.title"))
    if not found:
        screen.say(session.text("article.gaps.none"))
    for place, each in enumerate(found[:limit], start=1):
        do = session.text(f"article.gap.do.{each.do}")
        values = {"place": place, "do": do, "name": name_of(each), "score": each.score}
        screen.say(session.text("article.gaps.line", **values))
        for reason in reasons(each, language):
            screen.say(f"       {reason}")
        screen.say(f"       → {advice(each, language)}")
    screen.say(session.text("article.gaps.formula"))


def _plain(gap: Gap) -> dict[str, object]:
    """For a program: citizens' counts under 5 are all told as 2, as in the score."""
    from connector.articles.gaps import masked

    its = gap.evidence
    return {
        "do": gap.do,
        "score": gap.score,
        "article": gap.article,
        "subject": gap.subject,
        "words": gap.words,
        "parts": its.parts,
        "calls": masked(its.calls),
        "calls_before": None if its.calls_before is None else masked(its.calls_before),
        "down": its.down,
        "up": its.up,
        "searches": masked(its.searches),
        "since": its.since,
    }
