"""`cases import` and `cases list`: the register."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector import screen
from connector.commands import FAILED, Session, tell

app = typer.Typer(
    help="The case register.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A CSV file to check and put in place of the register's cases.csv; "
            "without it, cases.csv as it is.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
) -> None:
    """Read cases into the register and the ledger; what waited for one of them is linked.

    \b
    The columns (a header line first; comma, semicolon or tab; UTF-8 or Windows-1252):
      number          Case number. Required.
      title           The case's title.
      status          open or closed (also åben, lukket, afsluttet).
      opened, closed  2026-11-20 or 20-11-2026.
      caseworker_upn  The case worker's user principal name.
      department      Department.
      party_name, party_phone, party_email
                      The parties, in the same order; several are divided by |.
      kle_subject, kle_facet
                      For example 27.45.04 and P19.
      access          restricted, or empty.
      readers         User principal names or group ids that may see the case too, divided by |.

    \b
    Examples:
      casethread cases import export-from-esdh.csv
      casethread cases import
    """
    from connector.work import run_job

    session: Session = ctx.obj
    if file is not None:
        _copy(session, file)
    shown = screen.progress(session.language)
    try:
        result = run_job(session.program, "register", progress=shown)
    finally:
        shown.close()
    for problem in result.problems:
        tell(problem)
    if not result.is_good:
        raise typer.Exit(FAILED)
    counts = result.counts
    changed = counts.get("changed", 0)
    screen.say(session.text("cases.read", count=counts.get("read", 0), changed=changed))
    if counts.get("linked"):
        screen.say(session.text("summary.linked", count=counts["linked"]))


def _copy(session: Session, file: Path) -> None:
    from connector.journals.folder import import_cases

    made = import_cases(file, session.settings.register.path)
    screen.say(session.text("cases.imported", count=made.cases))
    if made.lines_left_out:
        screen.say(session.text("cases.skipped", count=made.lines_left_out))
    for finding in made.problems:
        screen.say(f"  - {finding.what} {finding.fix}".rstrip())
    if made.problem_count > len(made.problems):
        more = made.problem_count - len(made.problems)
        screen.say(f"  {session.text('summary.more', count=more)}")


@app.command("list")
def list_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="Part of the number, title or case worker.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """List cases as the ledger knows them.

    \b
    Example:
      casethread cases list boligstøtte
    """
    from connector.ledger.register import list_cases

    session: Session = ctx.obj
    asked = " ".join(words or [])
    with session.program.ledger.read() as connection:
        found = list_cases(connection, limit=limit, words=asked)
    if as_json:
        from connector.commands.looking import say_json

        say_json(found)
        return
    if not found:
        screen.say(session.text("cases.none", words=asked))
        return
    rows = [
        (
            case.number,
            session.text("history.open" if case.is_open else "history.closed"),
            case.title,
            case.caseworker,
        )
        for case in found
    ]
    columns = ("cases.number", "status.state", "cases.title", "cases.worker")
    screen.table([session.text(name) for name in columns], rows)
