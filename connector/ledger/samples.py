"""A random control of what was journaled: drawn so that anybody can draw it again, and judged.

Drawn are the items with the smallest SHA-256 of "seed:number of the item" among all that fit. So
the same seed on the same ledger draws the same items, in the same order; nobody chooses, and
whoever doubts it can work it out.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Viewer, visible_item
from connector.ledger.days import Period
from connector.ledger.events import event_row, record
from connector.ledger.figure_items import items
from connector.ledger.figure_sorting import Fate
from connector.ledger.figures import Scope
from connector.ledger.tables import item, sample, sample_item
from connector.typed import read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST = 1000  # of a sample; more than anybody judges with care
QUESTIONS = ("case", "complete", "readable")
ANSWERS = ("yes", "no", "unsure")
Z = 1.959964  # of the normal distribution, for 95 % confidence


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What a sample was drawn from, kept with it."""

    first: str  # local days
    last: str
    source: str = ""
    unit: str = ""
    kind: str = ""
    population: int = 0  # journaled items that fit and that whoever drew may see
    hidden: int = 0  # items that fit, left out because whoever drew may not see them

    @property
    def first_day(self) -> date:
        """The first local day."""
        return date.fromisoformat(self.first)

    @property
    def last_day(self) -> date:
        """The last local day."""
        return date.fromisoformat(self.last)


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """A sample that is not kept yet: its items in the order in which they were drawn."""

    begins: int
    ends: int
    seed: str
    roots: tuple[int, ...]
    drawn: Drawn


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, and how many of it are judged."""

    id: int
    made_at: int
    actor: str
    seed: str
    size: int
    judged: int
    drawn: Drawn


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a sample with its verdict; `answers` is empty until somebody looked."""

    position: int
    root: int
    kind: str
    sent_at: int
    answers: dict[str, str]
    comment: str
    actor: str
    at: int | None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of those judged are right, and between what the share of all lies (95 %)."""

    question: str  # "" for those that are right in every way
    judged: int
    right: int
    low: float
    high: float


class Changed(Exception):
    """Somebody else judged it since it was shown."""


def draw(
    connection: Connection,
    zone: ZoneInfo,
    departments: Mapping[str, str],
    viewer: Viewer,
    period: Period,
    scope: Scope,
    *,
    size: int,
    seed: str,
) -> Draw:
    """Draw from what was journaled. Reads only: it may take a while, and nobody waits for it.

    Raises ValueError for a size that is not from 1 to MOST, or an empty seed.
    """
    if not 1 <= size <= MOST or not seed:
        raise ValueError("size or seed")
    roots, hidden = [], 0
    for each in items(
        connection, zone, departments, period, viewer, scope=scope, fates=(Fate.JOURNALED,)
    ):
        if each.is_visible:
            roots.append(each.root)
        else:
            hidden += 1
    drawn = Drawn(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        source=scope.source,
        unit=scope.unit,
        kind=scope.kind,
        population=len(roots),
        hidden=hidden,
    )
    begins, ends = period.bounds(zone)
    return Draw(
        begins=begins, ends=ends, seed=seed, roots=tuple(lowest(roots, seed, size)), drawn=drawn
    )


def lowest(roots: Iterable[int], seed: str, size: int) -> list[int]:
    """The `size` roots with the smallest hash, in the order of their hashes."""
    return heapq.nsmallest(size, roots, key=lambda root: _hash(seed, root))


def _hash(seed: str, root: int) -> bytes:
    return hashlib.sha256(f"{seed}:{root}".encode()).digest()


def keep(connection: Connection, made: Draw, *, actor: str, now: int) -> int:
    """Keep a sample that was drawn; gives its number."""
    inserted = connection.execute(
        sa.insert(sample).values(
            made_at=now,
            actor=actor,
            period_from=made.begins,
            period_to=made.ends,
            seed=made.seed,
            size=len(made.roots),
            detail=msgspec.json.encode(made.drawn).decode(),
        )
    ).inserted_primary_key
    assert inserted is not None  # noqa: S101  an INSERT of one row has one
    number = int(inserted[0])
    rows = [
        {"sample_id": number, "position": position, "item_id": root}
        for position, root in enumerate(made.roots, 1)
    ]
    if rows:
        connection.execute(sa.insert(sample_item), rows)
    told = event_row(now, actor, "sampled", f"sample {number}", size=len(rows), seed=made.seed)
    record(connection, [told])
    return number


def samples(connection: Connection) -> list[Sample]:
    """Every sample, the newest first."""
    rows = connection.execute(_SAMPLES.order_by(sample.c.id.desc())).all()
    return [_sample(row) for row in rows]


def sample_of(connection: Connection, number: int) -> Sample | None:
    """One sample; None when there is none of this number."""
    row = connection.execute(_SAMPLES.where(sample.c.id == number)).one_or_none()
    return None if row is None else _sample(row)


_judged_count = (
    sa.select(sa.func.count())
    .where(sample_item.c.sample_id == sample.c.id, sample_item.c.verdict != "")
    .correlate(sample)
    .scalar_subquery()
)
_SAMPLES = sa.select(sample, _judged_count.label("judged"))


def _sample(row: Any) -> Sample:
    return Sample(
        id=row.id,
        made_at=row.made_at,
        actor=row.actor,
        seed=row.seed,
        size=row.size,
        judged=row.judged,
        drawn=read_json(row.detail, Drawn),
    )


def judged(connection: Connection, number: int, viewer: Viewer) -> list[Judged]:
    """The items of a sample in the order in which they were drawn.

    A comment may tell what was said: it is "" for who may not, or no longer, see the item.
    """
    rows = connection.execute(
        sa.select(sample_item, item.c.kind, item.c.sent_at, visible_item(viewer).label("is_seen"))
        .join(item, item.c.id == sample_item.c.item_id)
        .where(sample_item.c.sample_id == number)
        .order_by(sample_item.c.position),
        viewer.values,
    ).all()
    return [
        Judged(
            position=row.position,
            root=row.item_id,
            kind=row.kind,
            sent_at=row.sent_at,
            answers=_answers(row.verdict),
            comment=row.comment if row.is_seen else "",
            actor=row.actor,
            at=row.at,
        )
        for row in rows
    ]


def _answers(verdict: str) -> dict[str, str]:
    return read_json(verdict, dict[str, str]) if verdict else {}


def judge(
    connection: Connection,
    number: int,
    position: int,
    *,
    answers: Mapping[str, str],
    comment: str,
    seen_at: int | None,
    actor: str,
    now: int,
) -> None:
    """Keep a verdict; an earlier one stays in the record of events, with who gave it.

    `seen_at` is the time of the verdict that was shown, None for none. Raises Changed when another
    was given since, KeyError when there is no such item, ValueError for an answer that is none.
    """
    if set(answers) != set(QUESTIONS) or not set(answers.values()) <= set(ANSWERS):
        raise ValueError("answers")
    its = sa.and_(sample_item.c.sample_id == number, sample_item.c.position == position)
    row = connection.execute(sa.select(sample_item).where(its).with_for_update()).one_or_none()
    if row is None:
        raise KeyError(position)
    if row.at != seen_at:
        raise Changed(position)
    verdict = {question: answers[question] for question in QUESTIONS}
    connection.execute(
        sa.update(sample_item)
        .where(its)
        .values(verdict=msgspec.json.encode(verdict).decode(), comment=comment, actor=actor, at=now)
    )
    subject = f"sample {number}"
    record(
        connection,
        [event_row(now, actor, "judged", subject, position=position, item=row.item_id, **verdict)],
    )


def shares(found: Sequence[Judged]) -> list[Share]:
    """For each question, and for all of them together, how many of those judged are right.

    Whoever is unsure does not say that it is right.
    """
    done = [each.answers for each in found if each.answers]
    told = [
        _share(question, [answers[question] == "yes" for answers in done]) for question in QUESTIONS
    ]
    return [*told, _share("", [set(answers.values()) == {"yes"} for answers in done])]


def _share(question: str, rights: Sequence[bool]) -> Share:
    low, high = wilson(sum(rights), len(rights))
    return Share(question=question, judged=len(rights), right=sum(rights), low=low, high=high)


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, by Wilson's score: true also near 0 and 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927). Without anything judged it says nothing: from 0 to 1.
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = right / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
