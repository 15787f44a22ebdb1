"""Where each part of a source was left, and which versions are kept already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.batch import chunks
from connector.ledger.storable import storable
from connector.ledger.tables import cursor, item, thread

if TYPE_CHECKING:
    from connector.ledger.store import Ledger
    from connector.ports import Known


def cursors_of(ledger: Ledger, source: str) -> dict[str, str]:
    """The cursor of each part of a source."""
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(cursor.c.part, cursor.c.value).where(cursor.c.source == source)
        )
        return {row.part: row.value for row in rows}


def known_versions(ledger: Ledger, *sources: str) -> Known:
    """Tells a source what of it is kept, so that it need not ask for the rest of it again.

    `sources` is its name, and those of others that show the same things under the same keys.
    """

    def known(within: str, wanted: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        # As `take` kept them; one that had to be changed is then simply not known.
        within = storable(within)
        with ledger.read() as connection:
            for some in chunks([storable(key) for key, _ in wanted]):
                rows = connection.execute(
                    sa.select(item.c.key, item.c.version)
                    .join(thread, thread.c.id == item.c.thread_id)
                    .where(
                        thread.c.source.in_(sources), thread.c.key == within, item.c.key.in_(some)
                    )
                )
                found.update((row.key, row.version) for row in rows)
        return found & set(wanted)

    return known
