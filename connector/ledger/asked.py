"""Numbers to ask a register for that cannot list its cases: those that were mentioned, and anew
those whose answer has grown old.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.tables import asked_number, item, mention, register_case

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.batch import Batch

_HOUR_MS = 3_600_000
KNOWN_AGAIN_H = 12  # a case may close; its next message is decided by what is known then
UNKNOWN_AGAIN_H = 24  # a case may be made after its number was mentioned
RECENT_DAYS = 60  # what was mentioned long ago is not asked for for ever


def numbers_to_ask(connection: Connection, now: int, limit: int) -> list[str]:
    """Mentioned numbers that were never asked for, then those asked for longest ago.

    As they stand in `mention`: in the spellings that the linker looks up.
    """
    never = (
        sa.select(mention.c.number)
        .where(~sa.exists().where(asked_number.c.number == mention.c.number))
        .distinct()
        .order_by(mention.c.number)
        .limit(limit)
    )
    found = list(connection.execute(never).scalars())
    if len(found) < limit:
        found += connection.execute(_again(now).limit(limit - len(found))).scalars()
    return found


def _again(now: int) -> sa.Select[tuple[str]]:
    is_known = sa.exists().where(register_case.c.match == asked_number.c.number)
    is_recent = sa.exists().where(
        mention.c.number == asked_number.c.number,
        mention.c.item_id == item.c.id,
        item.c.sent_at > now - RECENT_DAYS * 24 * _HOUR_MS,
    )
    is_old = sa.or_(
        sa.and_(is_known, asked_number.c.asked_at <= now - KNOWN_AGAIN_H * _HOUR_MS),
        sa.and_(~is_known, asked_number.c.asked_at <= now - UNKNOWN_AGAIN_H * _HOUR_MS),
    )
    return (
        sa.select(asked_number.c.number)
        .where(is_old, is_recent)
        .order_by(asked_number.c.asked_at, asked_number.c.number)
    )


def note_asked(batch: Batch, numbers: Sequence[str]) -> None:
    """These were asked for now, whatever the answer was."""
    if not numbers:
        return
    insert = batch.ledger.insert(asked_number)
    batch.connection.execute(
        insert.on_conflict_do_update(
            index_elements=["number"], set_={"asked_at": insert.excluded.asked_at}
        ),
        [{"number": number, "asked_at": batch.now} for number in numbers],
    )
