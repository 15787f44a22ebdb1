"""What linking needs: keys of cases, chats of calls, private chats, persons that are one.

Revision 0002, 2026-11-22. The copy of the case register is emptied, because its keys are made from
the cases; the next sync reads the register anew before it links anything.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Four tables for one; the register is read again."""
    op.create_table(
        "case_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "case_number", name=op.f("pk_case_key")),
    )
    op.create_index("ix_case_key_case", "case_key", ["case_number"], unique=False)
    op.create_table(
        "chat_call",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "call_id", name=op.f("pk_chat_call")),
    )
    op.create_table(
        "private_thread",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_private_thread")),
    )
    op.create_table(
        "person_merge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("directory_id", sa.Text(), nullable=False),
        sa.Column("same_as", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merge")),
    )
    op.create_index("ix_person_merge_directory", "person_merge", ["directory_id"], unique=False)
    op.drop_table("case_phone")
    op.execute("DELETE FROM register_case")
    op.execute("DELETE FROM cursor WHERE source LIKE 'register.%'")
