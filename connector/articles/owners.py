"""Who answers for an article today, as the directory has it.

An article names its owner by user principal name. People marry, move to another domain and leave;
the directory knows, and so nobody is reminded at an address that no one reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from connector.model import Person

if TYPE_CHECKING:
    from connector.ledger.store import Ledger

HERE, LEFT, UNKNOWN = "here", "left", "unknown"
"""In the directory; not in it any more, or never; nobody can say, for no directory is read."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of an article: the name as written, and who that is."""

    upn: str  # as the article has it; "" for none
    state: str  # HERE, LEFT or UNKNOWN
    name: str = ""
    mail: str = ""


class Owners:
    """The directory as owners are looked up in it, read once."""

    def __init__(
        self, people: Iterable[Person] = (), names: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """`names` are all that each person (by id) has or had, in lower case."""
        names = names or {}
        claims = sorted(
            (_rank(each, name), name, each.id, each)
            for each in people
            for name in {*_current(each), *names.get(each.id, ())}
        )
        self._known: dict[str, Person] = {}
        for _, name, _, each in claims:
            self._known.setdefault(name, each)

    def owner(self, upn: str) -> Owner:
        """Who has this user principal name. Without a directory the name is the mail address."""
        if not upn or not self._known:
            return Owner(upn=upn, state=UNKNOWN, name=upn, mail=upn)
        person = self._known.get(upn.casefold())
        if person is None:
            return Owner(upn=upn, state=LEFT, name=upn)
        if not person.is_enabled or person.is_removed:
            return Owner(upn=upn, state=LEFT, name=person.name or upn)
        mail = person.mail or person.upn
        return Owner(upn=upn, state=HERE, name=person.name or person.upn, mail=mail)

    def is_here(self, upn: str) -> bool:
        """Whether an article may name this owner: true also when nobody can say."""
        return self.owner(upn).state != LEFT

    def shown_name(self, upn: str) -> str:
        """What a page calls the owner; "" for one who is not in the directory."""
        owner = self.owner(upn)
        return owner.name if owner.state == HERE else ""

    def name(self, upn: str) -> str:
        """The owner's name, the user principal name when it is not known."""
        return self.owner(upn).name


def owners_of(ledger: Ledger) -> Owners:
    """The owners as the ledger's directory has them now, by every name they have or had."""
    from connector.ledger.merging import names_of
    from connector.ledger.people import everybody

    with ledger.read() as connection:
        return Owners(everybody(connection), names_of(connection))


def _current(person: Person) -> set[str]:
    return {name.casefold() for name in (person.upn, person.mail) if name}


def _rank(person: Person, name: str) -> int:
    """A name goes to who has it now, before who had it, before who is gone."""
    if not person.is_enabled or person.is_removed:
        return 2
    return 0 if name in _current(person) else 1
