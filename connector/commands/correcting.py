"""`private`, `undo`, `relink`: what was decided is decided otherwise, in one go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import Session, operator, tell
from connector.commands.deciding import AsOption, ItemArgument, ReasonOption, root_of
from connector.errors import ConfigError
from connector.model import LinkState

if TYPE_CHECKING:
    from connector.jobs.relink import Change, Relinked
    from connector.ledger.batch import Batch

ChatOption = Annotated[
    str, typer.Option("--chat", metavar="KEY", help="The chat's own key, as explain shows it.")
]


@contextmanager
def deciding(session: Session) -> Iterator[Batch]:
    """A transaction for a person's word, on the disk when it ends."""
    from connector.ledger.batch import Batch

    program = session.program
    ledger, policy = program.ledger, program.policy()
    with ledger.write(durable=True) as connection:
        yield Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())


def private(
    ctx: typer.Context,
    item: Annotated[
        int | None, typer.Argument(metavar="[ITEM]", help="Any message of the chat.")
    ] = None,
    chat: ChatOption = "",
    is_undone: Annotated[
        bool, typer.Option("--undo", help="The chat is no longer private: the rules decide again.")
    ] = False,
    reason: ReasonOption = "",
    name: AsOption = "",
) -> None:
    """Keep a whole chat private: nothing in it is journaled, what was is taken back.

    A member does the same in the chat itself, with a message of nothing but #privat, and takes it
    back with #ikke-privat (settings linking.private_words, linking.not_private_words).

    \b
    Examples:
      casethread private 1205 --reason "colleagues about their summer house"
      casethread private --chat 19:2da4c29f6d7041eca70b638b43d45437@thread.v2
      casethread private 1205 --undo --reason "it was about the case after all"
    """
    from connector.ledger import privacy

    session: Session = ctx.obj
    thread_id = _thread(session, item, chat)
    actor = name or operator()
    with deciding(session) as batch:
        known = privacy.mark_of(batch.connection, thread_id)
        is_idle = (known is None) if is_undone else (known is not None)
        if not is_idle:
            change = privacy.unmark if is_undone else privacy.mark
            said = reason or session.text("link.no_reason")
            counts = change(batch, thread_id, actor=actor, reason=said)
    if is_idle:
        screen.say(session.text("private.was_not" if is_undone else "private.was"))
    elif is_undone:
        linked = counts[LinkState.LINKED]
        screen.say(session.text("private.undone", count=linked))
    else:
        screen.say(session.text("private.done", count=counts[LinkState.EXCLUDED]))


def _thread(session: Session, item: int | None, chat: str) -> int:
    """The row number of the chat that is meant. Raises ConfigError when there is not one."""
    from connector.ledger.privacy import threads_named

    if (item is None) == (not chat):
        raise ConfigError([session.text("private.which")])
    if item is not None:
        return _thread_of(session, item)
    with session.program.ledger.read() as connection:
        found = threads_named(connection, chat.strip())
    if len(found) != 1:
        raise ConfigError([session.text("private.no_chat", chat=chat)])
    return found[0]


def _thread_of(session: Session, number: int) -> int:
    import sqlalchemy as sa

    from connector.ledger.privacy import TALK
    from connector.ledger.tables import item, thread

    row = None
    if 0 < number < 2**63:
        with session.program.ledger.read() as connection:
            row = connection.execute(
                sa.select(item.c.thread_id, item.c.kind, thread.c.source)
                .join(thread, thread.c.id == item.c.thread_id)
                .where(item.c.id == number)
            ).one_or_none()
    if row is None:
        raise ConfigError([session.text("link.no_item", item=number)])
    if row.source not in TALK:
        kind = session.text(f"item.{row.kind}")
        raise ConfigError([session.text("private.no_talk", item=number, kind=kind)])
    return int(row.thread_id)


def undo(
    ctx: typer.Context, item: ItemArgument, reason: ReasonOption = "", name: AsOption = ""
) -> None:
    """Take a person's last decision about an item back; what stood before stands again.

    Done again, it takes the decision before that back too. What was journaled follows: it is taken
    back from the case that the item leaves and journaled on the one it returns to. Where a rule had
    decided before, rules may decide again.

    \b
    Example:
      casethread undo 1204 --reason "the wrong Hansen"
    """
    from connector.ledger.undoing import Refusal
    from connector.ledger.undoing import undo as take_back

    session: Session = ctx.obj
    root = root_of(session, item)
    said = reason or session.text("undo.no_reason")
    with deciding(session) as batch:
        now = take_back(batch, root, actor=name or operator(), reason=said)
    if isinstance(now, Refusal):
        raise ConfigError([session.text(f"undo.{now.value}", item=root)])
    if now.state is LinkState.LINKED:
        screen.say(session.text("undo.linked", item=root, case=now.case_number))
        return
    state = session.text(f"state.{now.state.value}")
    screen.say(session.text("undo.done", item=root, state=state))


def relink(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only what was sent since this day.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Tell what would change, and change nothing. While it runs, nobody else can "
            "write to the ledger.",
        ),
    ] = False,
) -> None:
    """Find the case of all that is kept once more, after a pattern or a rule was changed.

    What a person decided stands. What moves to another case is taken back from the first and
    journaled on the second by the next delivery. Look with --dry-run first.

    \b
    Examples:
      casethread relink --dry-run
      casethread relink --since 2026-11-01
    """
    from connector.commands.syncing import Stop, parse_since

    session: Session = ctx.obj
    program = session.program
    moment = parse_since(since, session) if since else None
    stop = Stop(session.text("sync.stopping")).listen()
    shown = screen.progress(session.language)
    try:
        if dry_run:
            from connector.commands.rehearsing import standing_in
            from connector.jobs.relink import relink as link_again

            policy = program.policy()
            with standing_in(program, program.ledger) as forgetful:
                result = link_again(
                    forgetful, policy, since=moment, progress=shown, should_stop=stop
                )
        else:
            from connector.work import relink as work_again

            result = work_again(program, since=moment, progress=shown, should_stop=stop)
    finally:
        shown.close()
    _tell(session, result, is_dry=dry_run)
    if stop():
        tell(session.text("relink.stopped"))
        raise typer.Exit(stop.exit_code)


def _tell(session: Session, result: Relinked, *, is_dry: bool) -> None:
    if is_dry:
        screen.say(session.text("relink.dry"))
    screen.say(session.text("relink.looked", count=result.looked_at))
    if not any(result.totals.values()):
        screen.say(session.text("relink.nothing"))
    for sort, count in result.totals.items():
        if not count:
            continue
        screen.say(session.text(f"relink.{sort}", count=count))
        for each in result.shown[sort]:
            screen.say(f"  {_line(session, each)}")
        if count > len(result.shown[sort]):
            more = count - len(result.shown[sort])
            screen.say(f"  {session.text('summary.more', count=more)}")


def _line(session: Session, change: Change) -> str:
    """Item, from, to, rule."""
    from connector.commands.looking import rule_name

    none = session.text("state.unlinked")
    moved = f"{change.before or none} → {change.after or none}"
    return f"[{change.item}]  {moved}  ({rule_name(session, change.rule)})"
