"""Who: the directory with validity dates, and the present presence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch
from connector.ledger.merging import merge, same_persons
from connector.ledger.tables import person, person_merge, presence
from connector.model import Person, Presence
from connector.typed import decoder, read_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.store import Ledger

ONE_ACCOUNT = "one account of Active Directory"  # a merge's reason


def keep_people(batch: Batch, people: Sequence[Person]) -> list[str]:
    """A changed entry ends the validity of the old one; a removed person stays, marked so.

    Gives the ids of those who have a name that they did not have before.
    """
    if not people:
        return []
    newest = {each.id: each for each in people}
    known = {
        row.directory_id: (row.id, row.detail)
        for row in batch.connection.execute(
            sa.select(person.c.id, person.c.directory_id, person.c.detail).where(
                person.c.valid_to.is_(None)
            )
        )
    }
    ended, begun, renamed = [], [], []
    for number, each in newest.items():
        old = known.get(number)
        if each.is_removed and old is not None:
            # A removal carries nothing but the id: keep what was known of the person.
            before = read_json(old[1], Person)
            each = msgspec.structs.replace(before, is_removed=True, is_enabled=False)
        detail = msgspec.json.encode(each).decode()
        if old is not None and old[1] == detail:
            continue
        if old is not None:
            ended.append(old[0])
        if old is None or _names(read_json(old[1], Person)) != _names(each):
            renamed.append(number)
        begun.append({"directory_id": number, "valid_from": batch.now, "detail": detail})
    if ended:
        batch.connection.execute(
            sa.update(person).where(person.c.id.in_(ended)).values(valid_to=batch.now)
        )
    if begun:
        batch.connection.execute(sa.insert(person), begun)
        entries = {number: detail for number, (_, detail) in known.items()}
        _join_accounts(batch, entries | {each["directory_id"]: each["detail"] for each in begun})
    return renamed


def _join_accounts(batch: Batch, entries: Mapping[str, str]) -> None:
    """An account of the own directory and the one in the cloud that was made of it are one person.

    So what was said before a move to Microsoft 365 is the same person's as what is said after it.
    What somebody took apart stays apart.
    """
    accounts = [
        (read_json(detail, Person).account, number)
        for number, detail in entries.items()
        if '"account":' in detail
    ]
    pairs = {pair for pair in accounts if pair[0] in entries and pair[0] != pair[1]}
    if not pairs:
        return
    merged = sa.select(person_merge.c.directory_id, person_merge.c.same_as)
    pairs -= {(one, other) for one, other in batch.connection.execute(merged)}
    for account, number in sorted(pairs):
        merge(batch, account, number, actor="casethread", reason=ONE_ACCOUNT)


def _names(each: Person) -> tuple[str, str, str]:
    return each.upn, each.mail, each.sip


def keep_presences(batch: Batch, presences: Sequence[Presence]) -> None:
    """The present state only: a history per person would be surveillance."""
    if not presences:
        return
    insert = batch.ledger.insert(presence)
    insert = insert.on_conflict_do_update(
        index_elements=["person"],
        set_={"observed_at": insert.excluded.observed_at, "detail": insert.excluded.detail},
        where=presence.c.observed_at <= insert.excluded.observed_at,
    )
    newest = {each.person: each for each in presences}
    batch.connection.execute(
        insert,
        [
            {
                "person": each.person,
                "observed_at": int(each.observed_at.timestamp() * 1000),
                "detail": msgspec.json.encode(each).decode(),
            }
            for each in newest.values()
        ],
    )


def directory(ledger: Ledger) -> list[Person]:
    """Everybody in the directory as it is now, removed people too.

    Who goes by another entry that is there is not named twice.
    """
    with ledger.read() as connection:
        same, people = same_persons(connection), everybody(connection)
    ids = {each.id for each in people}
    return [each for each in people if same.get(each.id, each.id) not in ids - {each.id}]


def entry_of(connection: Connection, directory_id: str) -> Person | None:
    """The directory's entry of this id as it is now, removed or not; None when there is none."""
    detail = connection.execute(
        sa.select(person.c.detail).where(
            person.c.directory_id == directory_id, person.c.valid_to.is_(None)
        )
    ).scalar()
    return None if detail is None else read_json(detail, Person)


def everybody(connection: Connection) -> list[Person]:
    """The same within a transaction."""
    rows = connection.execute(
        sa.select(person.c.detail).where(person.c.valid_to.is_(None)).order_by(person.c.id)
    )
    decode = decoder(Person).decode
    return [decode(row[0]) for row in rows]


def presences(ledger: Ledger) -> list[Presence]:
    """The present state of everybody it was read for."""
    with ledger.read() as connection:
        decode = decoder(Presence).decode
        return [decode(row[0]) for row in connection.execute(sa.select(presence.c.detail))]
