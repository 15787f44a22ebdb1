"""`note`: what a case worker writes down of what was said."""

from __future__ import annotations

from typing import Annotated

import typer

from connector import locale, screen
from connector.commands import Session, operator
from connector.commands.correcting import deciding
from connector.commands.deciding import AsOption, ItemArgument, root_of
from connector.errors import ConfigError


def note(
    ctx: typer.Context,
    item: ItemArgument,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='The note, in quotes; "" takes it back.')
    ],
    name: AsOption = "",
) -> None:
    """Write down what was said in a call, voicemail or conversation on a case. It is journaled.

    The note stands on the case of the item and goes where the item goes. Written anew, it replaces
    the text before, which stays readable.

    \b
    Examples:
      casethread note 1204 "She moves on the 1st and wants the letter sent there." --as "Bodil Bech"
      casethread note 1204 ""
    """
    from connector.ledger.notes import LONGEST, NoteRefused, cleaned, keep_note

    session: Session = ctx.obj
    root = root_of(session, item)
    actor = name or operator()
    try:
        with deciding(session) as batch:
            kept = keep_note(batch, root, text, actor=actor, actor_name=actor)
    except NoteRefused as error:
        most = locale.number(LONGEST, session.language)
        told = session.text(f"note.{error.why.value}", item=root, most=most, name=actor)
        raise ConfigError([told]) from error
    _tell(session, kept, is_there=bool(cleaned(text)))


def _tell(session: Session, kept: int, *, is_there: bool) -> None:
    """Where the note stands now. A conversation's may stand at another of its messages."""
    import sqlalchemy as sa

    from connector.ledger.tables import item

    with session.program.ledger.read() as connection:
        row = connection.execute(
            sa.select(item.c.call_id, item.c.case_number).where(item.c.id == kept)
        ).one()
    key = "note.done" if is_there else "note.taken_back"
    screen.say(session.text(key, note=kept, item=row.call_id, case=row.case_number))
