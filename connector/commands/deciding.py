"""`link`, `unlink`, `retry`, `prune`: what a person decides, with the person's name beside it."""

from __future__ import annotations

from typing import Annotated

import typer

from connector import screen
from connector.commands import FAILED, Session, operator, tell
from connector.errors import ConfigError
from connector.model import Case, LinkState

ItemArgument = Annotated[
    int, typer.Argument(metavar="ITEM", help="The item's number, as status and history show it.")
]
AsOption = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who decided; else the user of this computer.")
]
ReasonOption = Annotated[str, typer.Option(help="Why, for the record.")]


def link(
    ctx: typer.Context,
    item: ItemArgument,
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case number.")],
    reason: ReasonOption = "",
    name: AsOption = "",
) -> None:
    """Put an item on a case. No rule changes that; only a person does.

    \b
    Example:
      casethread link 1204 27.45.04-P19-123-26 --reason "the caller said so"
    """
    session: Session = ctx.obj
    found = _case(session, case)
    if not found.is_open:
        tell(session.text("link.closed", case=found.number))
    root = _decide(session, item, LinkState.LINKED, found, name, reason)
    screen.say(session.text("link.done", item=root, case=found.number))


def unlink(
    ctx: typer.Context,
    item: ItemArgument,
    reason: ReasonOption = "",
    is_private: Annotated[
        bool, typer.Option("--private", help="It is nobody's case: never journal it.")
    ] = False,
    name: AsOption = "",
) -> None:
    """Take an item off its case, or say that it belongs to none. What was journaled is taken back.

    \b
    Examples:
      casethread unlink 1204 --reason "another Hansen"
      casethread unlink 1205 --private --reason "about lunch"
    """
    session: Session = ctx.obj
    state = LinkState.EXCLUDED if is_private else LinkState.UNLINKED
    root = _decide(session, item, state, None, name, reason)
    screen.say(session.text("link.removed", item=root))


def _case(session: Session, number: str) -> Case:
    """The case as the ledger or, when it is newer than the ledger's copy, the register knows it."""
    from connector.ledger.register import find_case

    program = session.program
    with program.ledger.read() as connection:
        found = find_case(connection, number, program.scanner)
    found = found or program.register.lookup(number.strip())
    if found is None:
        raise ConfigError([session.text("link.no_case", case=number)])
    return found


def _decide(
    session: Session, item: int, state: LinkState, case: Case | None, name: str, reason: str
) -> int:
    """Keep the decision; gives the item's own number (of its first version)."""
    from connector.ledger.batch import Batch
    from connector.ledger.linking import decide_by_person

    program = session.program
    root = root_of(session, item)
    policy = program.policy()
    ledger = program.ledger
    with ledger.write(durable=True) as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
        actor = name or operator()
        reason = reason or session.text("link.no_reason")
        decide_by_person(batch, root, state=state, case=case, actor=actor, reason=reason)
    return root


def root_of(session: Session, number: int) -> int:
    """The number of an item's first version. Raises ConfigError for what has no case of its own."""
    import sqlalchemy as sa

    from connector.ledger import tables
    from connector.ledger.linking import JOURNALED

    its = tables.item.c
    row = None
    if 0 < number < 2**63:
        with session.program.ledger.read() as connection:
            row = connection.execute(
                sa.select(its.root_id, its.kind, its.call_id).where(its.id == number)
            ).one_or_none()
    if row is None:
        raise ConfigError([session.text("link.no_item", item=number)])
    if row.kind not in JOURNALED:
        kind = session.text(f"item.{row.kind}")
        told = session.text("link.kind", item=number, kind=kind, call=row.call_id or "-")
        raise ConfigError([told])
    return int(row.root_id)


def retry(
    ctx: typer.Context,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Deliveries (CT-...); none is all that failed."),
    ] = None,
    name: AsOption = "",
) -> None:
    """Have deliveries tried again by the next sync. An unsure one must be named.

    \b
    Examples:
      casethread retry
      casethread retry CT-2QW4KX6P3Z5M7A2B4C6D8E2F3G
    """
    from connector.ledger import views
    from connector.ledger.deliveries import try_again

    session: Session = ctx.obj
    ledger = session.program.ledger
    wanted = list(dict.fromkeys(keys or []))
    with ledger.write(durable=True) as connection:
        unknown = views.unknown_keys(connection, wanted)
        known = [key for key in wanted if key not in unknown]
        count = 0
        if known or not wanted:
            count = try_again(connection, ledger.now(), name or operator(), keys=known)
    for key in unknown:
        tell(session.text("retry.unknown", delivery=key))
    screen.say(session.text("retry.done", count=count) if count else session.text("retry.none"))
    if unknown:
        raise typer.Exit(FAILED)


def prune(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Erase the content of what nobody linked within ledger.quarantine_days. That it was stays.

    \b
    Examples:
      casethread prune --dry-run
      casethread prune
    """
    session: Session = ctx.obj
    program = session.program
    if dry_run:
        from connector.jobs.prune import prune

        days = session.settings.ledger.quarantine_days
        pruned = prune(program.ledger, program.spool, quarantine_days=days, is_dry=True)
        screen.say(session.text("prune.would", count=pruned.items))
        return
    from connector.work import run_job

    shown = screen.progress(session.language)
    try:
        result = run_job(program, "prune", progress=shown)
    finally:
        shown.close()
    for problem in result.problems:
        tell(problem)
    if not result.is_good:
        raise typer.Exit(FAILED)
    screen.say(session.text("prune.done", count=result.counts.get("items", 0)))
