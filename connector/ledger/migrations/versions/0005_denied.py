"""An index for what was denied, which the records manager reads beside the looks.

Revision 0005, 2026-11-22.
"""

from __future__ import annotations

from alembic import op

from connector.ledger.tables import DENIED_INDEXES

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One partial index more."""
    for statement in DENIED_INDEXES:
        op.execute(statement)
