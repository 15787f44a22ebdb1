"""Persons that are one: directory entries that somebody said are the same, and may take back.

A new directory after a merger of municipalities, a second account, a name changed at marriage: the
one person has two ids. A merge has a reason and a name; taking it back ends its row and deletes
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.identity import People
from connector.ledger.batch import Batch, chunks
from connector.ledger.events import event_row, record
from connector.ledger.tables import item, person, person_merge
from connector.model import Kind, Person
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MERGED, UNMERGED = "merged", "unmerged"  # actions of events
CALLS_LOOKED_BACK_MS = 90 * 86_400_000
MOST_CALLS = 5000
_CALLS = (Kind.CALL.value, Kind.MISSED_CALL.value, Kind.VOICEMAIL.value)
_decode = decoder(Person).decode
IN_LIKE = str.maketrans({"/": "//", "%": "/%", "_": "/_"})  # for LIKE ... ESCAPE '/'
# Asked for nearly every page, so made once: to put it together takes longer than to run it.
_MERGES = (
    sa.select(
        person_merge.c.directory_id,
        person_merge.c.same_as,
        person_merge.c.reason,
        person_merge.c.actor,
        person_merge.c.at,
    )
    .where(person_merge.c.ended_at.is_(None))
    .order_by(person_merge.c.id)
)


class Refusal(StrEnum):
    """Why two persons are not merged, or not parted."""

    SELF = "self"  # they are one already
    TAKEN = "taken"  # the first goes by another already
    SINGLE = "single"  # it is merged into nobody


class Merge(NamedTuple):
    """A merge that stands."""

    directory_id: str
    same_as: str
    reason: str
    actor: str
    at: int


def merges(connection: Connection) -> list[Merge]:
    """The merges that stand, oldest first."""
    return [Merge(*row) for row in connection.execute(_MERGES)]


def same_persons(connection: Connection) -> Mapping[str, str]:
    """Directory id -> the id that the person goes by; only those that go by another."""
    return resolved({each.directory_id: each.same_as for each in merges(connection)})


def resolved(direct: Mapping[str, str]) -> dict[str, str]:
    """Chains followed to their end: {a: b, b: c} gives {a: c, b: c}.

    `merge` makes no circle; a ledger that has one nevertheless must not hang, and one of it stands
    for all.
    """
    found = {}
    for first in direct:
        seen = {first}
        last = direct[first]
        while last in direct and last not in seen:
            seen.add(last)
            last = direct[last]
        if last in seen:
            last = min(_circle(direct, last))
        if last != first:
            found[first] = last
    return found


def _circle(direct: Mapping[str, str], start: str) -> set[str]:
    found = {start}
    while direct[start] not in found:
        start = direct[start]
        found.add(start)
    return found


def names_of(connection: Connection) -> Mapping[str, frozenset[str]]:
    """Directory id -> every name the person has or had, in lower case.

    User principal names, mail and SIP addresses; those of earlier domains and of entries that are
    the same person too. A case's caseworker is one of these.
    """
    same = same_persons(connection)
    rows = connection.execute(sa.select(person.c.directory_id, person.c.detail)).all()
    found: dict[str, frozenset[str]] = {}
    for number, detail in rows:
        goes_by = same.get(number, number)
        names = names_in(detail)
        found[goes_by] = found[goes_by] | names if goes_by in found else names
    ids = {row[0] for row in rows} | set(same) if same else found
    return {each: found.get(same.get(each, each), frozenset()) for each in ids}


def names_of_one(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """The same of one person, of whom `ids` are all entries: at each sign-in, without the rest."""
    rows = connection.execute(
        sa.select(person.c.detail).where(person.c.directory_id.in_(sorted(ids)))
    )
    return frozenset().union(*(names_in(detail) for detail in rows.scalars()))


class _Names(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The part of a directory entry that is asked for here: a policy is made for every job."""

    upn: str = ""
    mail: str = ""
    sip: str = ""


_read_names = decoder(_Names).decode


def names_in(detail: bytes | str) -> frozenset[str]:
    """Every name of one entry of the directory, in lower case."""
    its = _read_names(detail)
    upn, mail, sip = its.upn.casefold(), its.mail.casefold(), its.sip.casefold()
    if sip:
        sip = sip.removeprefix("sips:").removeprefix("sip:")
    return frozenset(filter(None, (upn, mail, sip)))


def find_person(connection: Connection, key: str) -> Person | None:
    """The one person with this directory id, UPN, mail, SIP address or telephone number.

    The directory as it is now goes before what it was. None for nobody, and for several.
    """
    rows = connection.execute(
        sa.select(person.c.directory_id, person.c.detail, person.c.valid_to).order_by(
            person.c.id.desc()
        )
    ).all()
    there = {row.directory_id for row in rows if row.valid_to is None}
    same = same_persons(connection)
    now = People(
        _decode(row.detail)
        for row in rows
        if row.valid_to is None and same.get(row.directory_id) not in there
    )
    return now.find(key) or People(_decode(row.detail) for row in rows).find(key)


def merge(batch: Batch, one: str, other: str, *, actor: str, reason: str) -> Refusal | None:
    """From now on the person `one` goes by `other`; both are directory ids. None: it is done."""
    _alone(batch)
    same = same_persons(batch.connection)
    if same.get(one, one) == same.get(other, other):
        return Refusal.SELF
    if one in same:
        return Refusal.TAKEN
    batch.connection.execute(
        sa.insert(person_merge).values(
            directory_id=one, same_as=other, reason=reason, actor=actor, at=batch.now
        )
    )
    _record(batch, actor, MERGED, one, other)
    return None


def unmerge(batch: Batch, one: str, *, actor: str, reason: str) -> Merge | Refusal:
    """The person `one` goes by itself again. Gives the merge that is over."""
    _alone(batch)
    over = [each for each in merges(batch.connection) if each.directory_id == one]
    if not over:
        return Refusal.SINGLE
    its = person_merge.c
    batch.connection.execute(
        sa.update(person_merge)
        .where(its.directory_id == one, its.ended_at.is_(None))
        .values(ended_at=batch.now, ended_by=actor, ended_reason=reason)
    )
    _record(batch, actor, UNMERGED, one, over[0].same_as)
    return over[0]


def _alone(batch: Batch) -> None:
    """Nobody else merges until this transaction ends: two halves of a circle could meet."""
    if not batch.ledger.is_sqlite:
        batch.connection.exec_driver_sql("LOCK TABLE person_merge IN SHARE ROW EXCLUSIVE MODE")


def _record(batch: Batch, actor: str, action: str, one: str, other: str) -> None:
    row = event_row(batch.now, actor, action, f"person {one}", same_as=other)
    record(batch.connection, [row])


def calls_with(batch: Batch, ids: Sequence[str]) -> list[int]:
    """Roots of calls and voicemails that one of these directory ids took part in, newest first.

    Of the last 90 days and at most MOST_CALLS: `casethread relink` looks at all there is.
    """
    # In parts: SQLite takes no more than a thousand terms, and a directory has more people.
    found = [row for some in chunks(ids) for row in _calls_with(batch, some)]
    found.sort(key=lambda row: (row.sent_at, row.id), reverse=True)
    return list(dict.fromkeys(row.root_id for row in found))[:MOST_CALLS]


def _calls_with(batch: Batch, ids: Sequence[str]) -> Sequence[Any]:
    names = [each.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for each in ids]
    has_one = [item.c.detail.like(f'%"{name}"%', escape="\\") for name in names]
    return batch.connection.execute(
        sa.select(item.c.root_id, item.c.sent_at, item.c.id)
        .where(
            item.c.kind != Kind.MESSAGE.value,
            item.c.kind.in_(_CALLS),
            item.c.is_current,
            item.c.sent_at >= batch.now - CALLS_LOOKED_BACK_MS,
            sa.or_(*has_one),
        )
        .order_by(item.c.sent_at.desc(), item.c.id.desc())
        .limit(MOST_CALLS)
    ).all()
