"""The directory in memory, for what each page asks of it: names by account, people by name, and
whose an address is or was.

To read 2,000 people anew took a third of a search and a fifth of the to-do page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from connector.ledger.merging import names_in, same_persons
from connector.ledger.people import everybody
from connector.ledger.tables import person
from connector.linking.keys import plain_name

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from connector.model import Person

_ALL = sa.select(person.c.directory_id, person.c.detail)
_NEWEST = sa.select(sa.func.max(person.c.id))


class Directory:
    """Everybody's entry as it is now, removed people too, in the order they came."""

    def __init__(self, mark: int | None, people: tuple[Person, ...]) -> None:
        self.mark, self.people = mark, people

    @cached_property
    def names(self) -> dict[str, str]:
        """Names by user principal name, in lower case."""
        return {upn: each.name for upn, each in self.by_upn.items()}

    @cached_property
    def by_upn(self) -> dict[str, Person]:
        """Entries by user principal name, in lower case: of who is there before who was removed,
        because a name is given to somebody else in the end; else the first."""
        found: dict[str, Person] = {}
        for each in self.people:
            upn = each.upn.casefold()
            known = found.get(upn)
            if upn and (known is None or (known.is_removed and not each.is_removed)):
                found[upn] = each
        return found

    @cached_property
    def words(self) -> tuple[tuple[tuple[str, ...], Person], ...]:
        """The words of each name, spelled plainly, of those who are not removed."""
        spelled = ((tuple(plain_name(each.name).split()), each) for each in self.people)
        return tuple((words, each) for words, each in spelled if words and not each.is_removed)


class _Ever(NamedTuple):
    """Directory ids by every name that they have or had."""

    mark: int | None
    ids: Mapping[str, frozenset[str]]


_ever: WeakKeyDictionary[Engine, _Ever] = WeakKeyDictionary()
_known: WeakKeyDictionary[Engine, Directory] = WeakKeyDictionary()


def directory(connection: Connection) -> Directory:
    """The directory as this transaction sees it; read again when an entry was added.

    Each change of the directory adds an entry (connector/ledger/people.py), so the highest number
    tells whether there was one. For transactions that only read: one that writes entries and then
    rolls back would leave them here.
    """
    mark = connection.execute(_NEWEST).scalar()
    known = _known.get(connection.engine)
    if known is None or known.mark != mark:
        known = _known[connection.engine] = Directory(mark, tuple(everybody(connection)))
    return known


def ids_named(connection: Connection, name: str) -> frozenset[str]:
    """Directory ids that have or had this user principal name, mail or SIP address.

    Each is the id that the person goes by. A name that passed from one to another has several. From
    memory: to look through all entries took PostgreSQL 15 ms of each page of a case. For
    transactions that only read, as above.
    """
    mark = connection.execute(_NEWEST).scalar()
    known = _ever.get(connection.engine)
    if known is None or known.mark != mark:
        ids: dict[str, set[str]] = defaultdict(set)
        for number, detail in connection.execute(_ALL):
            for each in names_in(detail):
                ids[each].add(number)
        frozen = {each: frozenset(its) for each, its in ids.items()}
        known = _ever[connection.engine] = _Ever(mark, frozen)
    found = known.ids.get(name.casefold(), frozenset())
    same = same_persons(connection) if found else {}
    return frozenset(same.get(each, each) for each in found)
