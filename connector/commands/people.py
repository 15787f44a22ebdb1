"""`people list`, `people merge`, `people unmerge`: who is one person under two names."""

from __future__ import annotations

from typing import Annotated

import typer

from connector import screen
from connector.commands import Session, operator
from connector.commands.correcting import deciding
from connector.commands.deciding import AsOption
from connector.errors import ConfigError
from connector.model import Person

app = typer.Typer(
    help="The people in the directory, and who of them is one person.",
    epilog="Example: casethread people list bech",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
KEY = "Directory id, user principal name, mail or SIP address, or telephone number"


@app.command("list")
def list_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Part of the name, a key, the department or the office."),
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """List people as the ledger knows them, and whom they go by after a merge.

    \b
    Examples:
      casethread people list bech
      casethread people list "Center for Velfærd" --limit 500
    """
    from connector.ledger.merging import merges, resolved
    from connector.ledger.people import everybody

    session: Session = ctx.obj
    ledger = session.program.ledger
    asked = " ".join(words or []).casefold()
    with ledger.read() as connection:
        people = {each.id: each for each in everybody(connection)}
        stand = {each.directory_id: each for each in merges(connection)}
    same = resolved({each.directory_id: each.same_as for each in stand.values()})
    found = [each for each in people.values() if asked in _words(each)][:limit]
    if as_json:
        from connector.commands.looking import say_json

        say_json([{"person": each, "goes_by": same.get(each.id, each.id)} for each in found])
        return
    if not found:
        screen.say(session.text("people.none", words=asked))
        return
    rows = []
    for each in found:
        goes_by = people.get(same.get(each.id, ""))
        why = f" ({stand[each.id].reason})" if each.id in stand else ""
        told = f"{goes_by.upn or goes_by.id}{why}" if goes_by is not None else ""
        rows.append((each.name, each.upn, each.department, each.id, told))
    columns = ("people.name", "people.upn", "people.department", "people.id", "people.goes_by")
    screen.table([session.text(name) for name in columns], rows)


def _words(each: Person) -> str:
    parts = (each.name, each.upn, each.mail, each.sip, *each.phones, each.department, each.office)
    return " ".join((*parts, each.id)).casefold()


@app.command()
def merge(
    ctx: typer.Context,
    one: Annotated[str, typer.Argument(metavar="A", help=f"{KEY}: who goes by B from now on.")],
    other: Annotated[str, typer.Argument(metavar="B", help="The same of the one who stays.")],
    reason: Annotated[str, typer.Option(help="Why they are one person, for the record.")],
    name: AsOption = "",
) -> None:
    """Say that two directory entries are one person, so that both are the caseworker of a case.

    \b
    Example:
      casethread people merge bb@gammel.example bodil.bech@ny.example --reason "new domain"
    """
    from connector.ledger import merging

    session: Session = ctx.obj
    if not reason.strip():
        raise ConfigError([session.text("people.no_reason")])
    first, second = _person(session, one), _person(session, other)
    with deciding(session) as batch:
        refused = merging.merge(batch, first.id, second.id, actor=name or operator(), reason=reason)
    if refused is not None:
        said = session.text(f"people.{refused.value}", one=_name(first), other=_name(second))
        raise ConfigError([said])
    screen.say(session.text("people.merged", one=_name(first), other=_name(second)))
    _look_again(session, first.id, second.id)


@app.command()
def unmerge(
    ctx: typer.Context,
    one: Annotated[str, typer.Argument(metavar="A", help=f"{KEY}: the A of the merge.")],
    reason: Annotated[str, typer.Option(help="Why they are not one person, for the record.")] = "",
    name: AsOption = "",
) -> None:
    """Take a merge back: the person goes by its own name again. That there was one stays on record.

    \b
    Example:
      casethread people unmerge bb@gammel.example --reason "another Bodil Bech"
    """
    from connector.ledger import merging

    session: Session = ctx.obj
    first = _person(session, one)
    said = reason or session.text("link.no_reason")
    with deciding(session) as batch:
        over = merging.unmerge(batch, first.id, actor=name or operator(), reason=said)
    if isinstance(over, merging.Refusal):
        raise ConfigError([session.text(f"people.{over.value}", one=_name(first))])
    screen.say(session.text("people.unmerged", one=_name(first)))
    _look_again(session, first.id, over.same_as)


def _person(session: Session, key: str) -> Person:
    from connector.ledger.merging import find_person

    with session.program.ledger.read() as connection:
        found = find_person(connection, key)
    if found is None:
        raise ConfigError([session.text("people.unknown", value=key)])
    return found


def _name(person: Person) -> str:
    return person.upn or person.name or person.id


def _look_again(session: Session, *ids: str) -> None:
    """Decide again about calls these took part in: their caseworkers have other names now."""
    from connector.ledger.batch import chunks
    from connector.ledger.linking import look_again
    from connector.ledger.merging import calls_with
    from connector.model import LinkState

    with deciding(session) as batch:
        roots = calls_with(batch, ids)
    linked = 0
    for some in chunks(roots):
        with deciding(session) as batch:
            linked += look_again(batch, some)[LinkState.LINKED]
    screen.say(session.text("people.looked", count=len(roots)))
    if linked:
        screen.say(session.text("summary.linked", count=linked))
