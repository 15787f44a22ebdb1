"""What slow and remote journals need: the order of sending, steps on the way, numbers asked for.

Revision 0003, 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two columns and two indexes more for deliveries; a table of numbers asked for."""
    op.add_column(
        "delivery", sa.Column("made_at", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("delivery", sa.Column("steps", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE delivery SET made_at = COALESCE((SELECT v.made_at FROM entry_version v"
        " WHERE v.entry_id = delivery.entry_id AND v.version = delivery.version), 0)"
    )
    op.create_index(
        "ix_delivery_order",
        "delivery",
        ["sink", "state", "made_at", "entry_id", "version"],
        unique=False,
    )
    op.create_index(
        "ix_delivery_put_off", "delivery", ["sink", "state", "not_before"], unique=False
    )
    op.create_table(
        "asked_number",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_asked_number")),
    )
