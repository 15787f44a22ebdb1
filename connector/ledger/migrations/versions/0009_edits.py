"""Messages that were edited before they were read say so.

Revision 0009, 2026-11-22. The time of an edit is taken from the bytes as received, where they are
still kept: what was read before is not read again for it, as its version is the same.
"""

# No `from __future__ import annotations`: Alembic loads this file outside sys.modules, where
# msgspec could not look the names up again.
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
STEP = 1000
EDITED = rb'"lastEditedDateTime":"', rb'"lastEditedDateTime": "'  # Graph writes no space; others do


class _Message(msgspec.Struct, rename="camel"):
    created_date_time: datetime
    last_edited_date_time: datetime


def upgrade() -> None:
    """`detail` of edited chat and channel messages gets the time; no table changes."""
    connection = op.get_bind()
    has = "instr(raw, {}) > 0" if connection.dialect.name == "sqlite" else "position({} in raw) > 0"
    query = sa.text(
        "SELECT id, raw, detail FROM item WHERE id > :after AND kind = 'message' "  # noqa: S608
        f"AND ({has.format(':one')} OR {has.format(':two')}) ORDER BY id LIMIT :step"
    )
    update = sa.text("UPDATE item SET detail = :detail WHERE id = :id")
    values = {"one": EDITED[0], "two": EDITED[1], "step": STEP}
    rows: Sequence[Any] = connection.execute(query, {**values, "after": 0}).all()
    while rows:
        told = [{"id": row.id, "detail": detail} for row in rows if (detail := _detail(row))]
        if told:
            connection.execute(update, told)
        rows = connection.execute(query, {**values, "after": rows[-1].id}).all()


def _detail(row: Any) -> str:
    """The detail with the time of the edit; "" when the bytes tell of none."""
    try:
        message = msgspec.json.decode(bytes(row.raw), type=_Message)
        if message.last_edited_date_time <= message.created_date_time:
            return ""
    except (msgspec.DecodeError, TypeError):  # odd dates; one without a zone cannot be compared
        return ""
    detail = msgspec.json.decode(row.detail) if row.detail else {}
    detail["edited_at"] = message.last_edited_date_time.astimezone(UTC)
    return msgspec.json.encode(detail).decode()
