"""What was seen in each look, so that a case's looks are found where it was then.

Revision 0007, 2026-11-22. The looks of the past are brought along by what the decisions say of the
time; of searches it is not known what they showed.
"""

# No `from __future__ import annotations`: Alembic loads this file outside sys.modules, where
# msgspec could not look the names up again.
import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
STEP = 5000


class _Detail(msgspec.Struct):
    items: tuple[int, ...] = ()


def upgrade() -> None:
    """One table more."""
    op.create_table(
        "look",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "at", "event_id", name=op.f("pk_look")),
    )
    op.execute(
        "INSERT INTO look (what, at, event_id) SELECT subject, at, id FROM event "
        "WHERE action = 'looked' AND subject LIKE 'case %'"
    )
    op.execute(
        "INSERT INTO look (what, at, event_id) SELECT coalesce(("
        "SELECT 'case ' || link.case_number FROM link "
        "WHERE link.item_id = CAST(substr(event.subject, 6) AS BIGINT) "
        "AND link.state = 'linked' AND link.at <= event.at "
        "AND (link.superseded_at IS NULL OR link.superseded_at > event.at) "
        "ORDER BY link.id DESC LIMIT 1), subject), at, id FROM event "
        "WHERE action = 'looked' AND subject LIKE 'item %'"
    )
    _bring_lists()


def _bring_lists() -> None:
    """What stood on the list of what waits was on no case."""
    connection = op.get_bind()
    event = sa.table("event", sa.column("id"), sa.column("at"), sa.column("action"),
                     sa.column("subject"), sa.column("detail"))  # fmt: skip
    look = sa.table("look", sa.column("what"), sa.column("at"), sa.column("event_id"))
    query = sa.select(event.c.id, event.c.at, event.c.detail).where(
        event.c.action == "looked", event.c.subject == "todo"
    )
    last = 0
    while rows := connection.execute(
        query.where(event.c.id > last).order_by(event.c.id).limit(STEP)
    ).all():
        last = rows[-1].id
        found = [
            {"what": f"item {root}", "at": row.at, "event_id": row.id}
            for row in rows
            for root in set(msgspec.json.decode(row.detail, type=_Detail).items)
        ]
        if found:
            connection.execute(sa.insert(look), found)
