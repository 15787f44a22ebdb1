"""What could not be read: kept, counted, told, and closed when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from connector.ledger.batch import Batch
from connector.ledger.events import event_row, record
from connector.ledger.tables import problem
from connector.model import Problem


def keep(batch: Batch, broken: Sequence[Problem]) -> None:
    """Keep each problem once; seen again, it only counts."""
    if not broken:
        return
    unique = {(each.source, each.part, each.key, each.scope): each for each in broken}
    known = {
        tuple(row)
        for row in batch.connection.execute(
            sa.select(problem.c.source, problem.c.part, problem.c.key, problem.c.scope).where(
                problem.c.source.in_({each.source for each in broken})
            )
        )
    }
    insert = batch.ledger.insert(problem)
    insert = insert.on_conflict_do_update(
        index_elements=["source", "part", "key", "scope"],
        set_={
            "reason": insert.excluded.reason,
            "last_at": insert.excluded.last_at,
            "times": problem.c.times + 1,
        },
    )
    batch.connection.execute(
        insert,
        [
            {
                "source": each.source,
                "part": each.part,
                "key": each.key,
                "scope": each.scope,
                "reason": each.reason,
                "raw": each.raw or None,
                "first_at": batch.now,
                "last_at": batch.now,
            }
            for each in unique.values()
        ],
    )
    record(
        batch.connection,
        [
            event_row(batch.now, "casethread", "problem", _subject(key), reason=each.reason)
            for key, each in unique.items()
            if key not in known
        ],
    )


def _subject(key: tuple[str, str, str, str]) -> str:
    source, part, name, scope = key
    return f"part {source} {part}" if scope == "part" else f"unread {source} {part} {name}"


def close_parts(batch: Batch, parts: Iterable[tuple[str, str]]) -> None:
    """These parts could be read: what stood against them as a whole is over."""
    wanted = set(parts)
    sources = {source for source, _ in wanted}
    open_ = batch.connection.execute(
        sa.select(problem.c.id, problem.c.source, problem.c.part).where(
            problem.c.scope == "part", problem.c.source.in_(sources)
        )
    ).all()
    over = [row for row in open_ if (row.source, row.part) in wanted]
    if not over:
        return
    batch.connection.execute(sa.delete(problem).where(problem.c.id.in_([row.id for row in over])))
    record(
        batch.connection,
        [
            event_row(batch.now, "casethread", "problem_over", f"part {row.source} {row.part}")
            for row in over
        ],
    )
