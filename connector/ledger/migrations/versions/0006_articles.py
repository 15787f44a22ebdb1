"""The article line: what stands on each site, every version, people's edits, signals, reminders.

Revision 0006, 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Eight tables; none of what is there changes."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _make_pages(row_id)
    _make_edits(row_id)
    _make_signals(row_id)
    _make_care()


def _make_pages(row_id: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "article_page",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.String(64), server_default="", nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(12), server_default="", nullable=False),
        sa.Column("links", sa.Text(), server_default="{}", nullable=False),
        sa.Column("intent", sa.String(12), server_default="", nullable=False),
        sa.Column("intent_version", sa.BigInteger(), nullable=True),
        sa.Column("pinned", sa.Integer(), nullable=True),
        sa.Column("pinned_source", sa.String(64), server_default="", nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "article", name=op.f("pk_article_page")),
    )
    op.create_table(
        "article_version",
        sa.Column("id", row_id, nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
    )
    op.create_index(
        "uq_article_version_number", "article_version", ["site", "article", "number"], unique=True
    )


def _make_edits(row_id: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "article_edit",
        sa.Column("id", row_id, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(12), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_edit")),
    )
    op.create_index("ix_article_edit_page", "article_edit", ["site", "article"], unique=False)


def _make_signals(row_id: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "article_signal",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(12), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "key", name=op.f("pk_article_signal")),
    )
    op.create_index("ix_article_signal_article", "article_signal", ["article", "day"], unique=False)
    op.create_index("ix_article_signal_day", "article_signal", ["day", "kind"], unique=False)
    op.create_table(
        "article_signal_cursor",
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_article_signal_cursor")),
    )
    op.create_table(
        "article_answer",
        sa.Column("id", row_id, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_answer")),
    )
    op.create_index("ix_article_answer_signal", "article_answer", ["site", "key"], unique=False)


def _make_care() -> None:
    op.create_table(
        "article_reminder",
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("review_by", sa.String(10), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("to_whom", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article", "step", "review_by", name=op.f("pk_article_reminder")),
    )
    op.create_table(
        "outside_link",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("failed_since", sa.BigInteger(), nullable=True),
        sa.Column("nights", sa.Integer(), server_default="0", nullable=False),
        sa.Column("articles", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_outside_link")),
    )
