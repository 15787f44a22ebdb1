"""Makes the keys of the copied register anew, when the patterns that they are made by changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connector.ledger.batch import Batch
from connector.ledger.tables import case_key, register_case
from connector.linking.keys import keys_of
from connector.model import Case
from connector.typed import decoder

STEP = 500
_decode = decoder(Case).decode


def rekey(batch: Batch, after: str = "") -> str:
    """The next STEP cases in order of number; gives the last of them, "" when there are no more."""
    its = register_case.c
    rows: Sequence[Any] = batch.connection.execute(
        sa.select(its.number, its.match, its.detail)
        .where(its.number > after)
        .order_by(its.number)
        .limit(STEP)
    ).all()
    if not rows:
        return ""
    known = _known(batch, [row.number for row in rows])
    changed: dict[str, tuple[str, ...]] = {}
    for row in rows:
        number, *keys = keys_of(_decode(row.detail), batch.policy.scanner)
        if number != f"n:{row.match}" or set(keys) != known.get(row.number, set()):
            changed[row.number] = (number.removeprefix("n:"), *keys)
    _write(batch, changed)
    return str(rows[-1].number)


def _known(batch: Batch, numbers: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = batch.connection.execute(
        sa.select(case_key).where(case_key.c.case_number.in_(list(numbers)))
    )
    for row in rows:
        found.setdefault(row.case_number, set()).add(row.key)
    return found


def _write(batch: Batch, changed: Mapping[str, tuple[str, ...]]) -> None:
    """By number: how the linker compares it, and its other keys."""
    if not changed:
        return
    batch.connection.execute(
        sa.update(register_case)
        .where(register_case.c.number == sa.bindparam("its_number"))
        .values(match=sa.bindparam("its_match")),
        [{"its_number": number, "its_match": keys[0]} for number, keys in changed.items()],
    )
    batch.connection.execute(sa.delete(case_key).where(case_key.c.case_number.in_(list(changed))))
    rows = [
        {"key": key, "case_number": number} for number, keys in changed.items() for key in keys[1:]
    ]
    if rows:
        batch.connection.execute(sa.insert(case_key), rows)
