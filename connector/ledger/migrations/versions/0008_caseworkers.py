"""A case's caseworker as names are compared, which neither database's lower() does for all letters.

Revision 0008, 2026-11-22. SQLite's knows ASCII alone, PostgreSQL's what its locale knows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """The register's copy of the few names with other letters is written anew."""
    connection = op.get_bind()
    case = sa.table("register_case", sa.column("number"), sa.column("caseworker"))
    rows = connection.execute(sa.select(case.c.number, case.c.caseworker)).all()
    for number, name in rows:
        if not name.isascii() and name != name.casefold():
            connection.execute(
                sa.update(case).where(case.c.number == number).values(caseworker=name.casefold())
            )
