"""What readers did with articles: counts by day as the sites give them, and an editor's answers.

A site gives the same signal again with a new count; its row is then replaced, so reading from an
older cursor changes nothing. Words that people typed lose what looks like a CPR number before they
are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.article import CITIZEN, STAFF, Signal
from connector.identity import mask_cpr
from connector.ledger.article_tables import article_answer, article_signal, article_signal_cursor
from connector.ledger.storable import storable
from connector.ledger.tables import at, ms

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

KEPT_DAYS = 400  # a year, to be compared with the same weeks of the year before, and a month
MOST_REASON = 2000  # characters of a voter's words that are kept
MOST_VALUE = 200  # of what was searched for
MOST_ANSWER = 2000
_DATA = ("kind", "day", "count", "article", "audience", "value", "reason", "at")
KINDS = ("view", "vote", "search")
_VOTE = "vote"
_MOST_COUNT = 2**31 - 1  # of the column


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an editor said or did about a vote."""

    actor: str
    at: int  # milliseconds since the epoch
    text: str
    is_done: bool


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """A vote with what editors said about it, the oldest answer first."""

    site: str
    signal: Signal
    answers: tuple[Answer, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether an editor has dealt with it: what was said last counts.

        A voter who votes anew since has not been heard yet.
        """
        if not self.answers or not self.answers[-1].is_done:
            return False
        return self.signal.at is None or ms(self.signal.at) <= self.answers[-1].at


def cursor_of(ledger: Ledger, site: str) -> str:
    """Up to where a site's signals were read; "" at first."""
    query = sa.select(article_signal_cursor.c.cursor).where(article_signal_cursor.c.site == site)
    with ledger.read() as connection:
        return str(connection.execute(query).scalar() or "")


def keep_signals(ledger: Ledger, site: str, signals: Iterable[Signal], cursor: str) -> int:
    """Keep a batch and where it ended, both or neither; how many were kept.

    What a site tells of a kind that nobody knows is left out.
    """
    # The last of a key counts: PostgreSQL takes no row twice in one statement.
    rows = {each.key: _row(site, each) for each in signals if each.kind in KINDS}
    with ledger.write() as connection:
        if rows:
            insert = ledger.insert(article_signal)
            upsert = insert.on_conflict_do_update(
                index_elements=["site", "key"],
                set_={name: insert.excluded[name] for name in _DATA},
            )
            connection.execute(upsert, list(rows.values()))
        insert = ledger.insert(article_signal_cursor)
        keep = insert.on_conflict_do_update(
            index_elements=["site"], set_={"cursor": insert.excluded.cursor}
        )
        connection.execute(keep, {"site": site, "cursor": storable(cursor)})
    return len(rows)


def _row(site: str, signal: Signal) -> dict[str, Any]:
    return {
        "site": site,
        "key": storable(signal.key),
        "kind": signal.kind,
        "day": signal.day.isoformat(),
        "count": min(max(signal.count, 0), _MOST_COUNT),
        "article": storable(signal.article),
        "audience": STAFF if signal.audience == STAFF else CITIZEN,
        "value": mask_cpr(storable(signal.value))[:MOST_VALUE],
        "reason": mask_cpr(storable(signal.reason))[:MOST_REASON],
        "at": ms(signal.at) if signal.at is not None else None,
    }


def forget_signals(ledger: Ledger) -> int:
    """Erase what is older than KEPT_DAYS, with the answers to it; how many signals it was."""
    first = at(ledger.now()).date() - timedelta(days=KEPT_DAYS)
    old = article_signal.c.day < first.isoformat()
    its = sa.select(article_signal.c.key).where(
        old,
        article_signal.c.site == article_answer.c.site,
        article_signal.c.key == article_answer.c.key,
    )
    with ledger.write() as connection:
        connection.execute(sa.delete(article_answer).where(its.exists()))
        return connection.execute(sa.delete(article_signal).where(old)).rowcount


def signals_between(connection: Connection, first: date, last: date) -> list[Signal]:
    """All sites' signals of these days; without the down votes that an editor has dealt with."""
    its = article_signal.c
    query = sa.select(article_signal).where(
        its.day.between(first.isoformat(), last.isoformat()), ~_is_settled()
    )
    return [_signal(row) for row in connection.execute(query.order_by(its.day, its.site, its.key))]


def _is_settled() -> sa.ColumnElement[bool]:
    """Whether the newest answer to a signal says that it is done."""
    newest = (
        sa.select(article_answer.c.is_done)
        .where(
            article_answer.c.site == article_signal.c.site,
            article_answer.c.key == article_signal.c.key,
            article_answer.c.at >= sa.func.coalesce(article_signal.c.at, 0),
        )
        .order_by(article_answer.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.and_(
        article_signal.c.kind == _VOTE,
        article_signal.c.value == "down",
        sa.func.coalesce(newest, sa.false()),
    )


def all_votes_between(connection: Connection, first: date, last: date) -> list[Signal]:
    """Votes and searches of these days, dealt with or not: what a comparison over time needs."""
    its = article_signal.c
    query = sa.select(article_signal).where(
        its.day.between(first.isoformat(), last.isoformat()), its.kind != "view"
    )
    return [_signal(row) for row in connection.execute(query)]


def votes_on(connection: Connection, article: str, limit: int = 200) -> list[Vote]:
    """The newest votes on an article that say something: down, or with a reason."""
    its = article_signal.c
    query = (
        sa.select(article_signal)
        .where(
            its.article == article,
            its.kind == _VOTE,
            its.count > 0,
            sa.or_(its.value == "down", its.reason != ""),
        )
        .order_by(its.day.desc(), sa.func.coalesce(its.at, 0).desc(), its.site, its.key)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    answers = _answers(connection, [row.key for row in rows])
    return [
        Vote(
            site=row.site, signal=_signal(row), answers=tuple(answers.get((row.site, row.key), ()))
        )
        for row in rows
    ]


def _answers(connection: Connection, keys: Sequence[str]) -> dict[tuple[str, str], list[Answer]]:
    query = (
        sa.select(article_answer)
        .where(article_answer.c.key.in_(keys))
        .order_by(article_answer.c.id)
    )
    found: dict[tuple[str, str], list[Answer]] = {}
    for row in connection.execute(query):
        answer = Answer(actor=row.actor, at=row.at, text=row.text, is_done=row.is_done)
        found.setdefault((row.site, row.key), []).append(answer)
    return found


def keep_answer(
    connection: Connection, site: str, key: str, *, actor: str, now: int, text: str, is_done: bool
) -> bool:
    """Keep an editor's answer to a vote; False when there is no such vote."""
    its = article_signal.c
    site, key = storable((site, key))
    query = sa.select(its.key).where(its.site == site, its.key == key, its.kind == _VOTE)
    if connection.execute(query).first() is None:
        return False
    row = {
        "site": site, "key": key, "actor": actor, "at": now, "is_done": is_done,
        "text": mask_cpr(storable(text))[:MOST_ANSWER],
    }  # fmt: skip
    connection.execute(sa.insert(article_answer).values(**row))
    return True


def tallies(connection: Connection, article: str, first: date, last: date) -> dict[str, int]:
    """How often an article was read by citizens and by staff, and how it was voted on."""
    its = article_signal.c
    query = (
        sa.select(its.kind, its.audience, its.value, sa.func.sum(its.count))
        .where(its.article == article, its.day.between(first.isoformat(), last.isoformat()))
        .group_by(its.kind, its.audience, its.value)
    )
    found = {"citizen": 0, "staff": 0, "up": 0, "down": 0}
    for kind, audience, value, count in connection.execute(query):
        name = audience if kind == "view" else value
        if name in found:
            found[name] += int(count)
    return found


def _signal(row: Any) -> Signal:
    return Signal(
        key=row.key,
        kind=row.kind,
        day=date.fromisoformat(row.day),
        count=row.count,
        article=row.article,
        audience=row.audience,
        value=row.value,
        reason=row.reason,
        at=at(row.at) if row.at is not None else None,
    )
