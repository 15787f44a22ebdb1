"""Who may see what: the one place that decides, for pages, searches, lists, files and the API.

A case is seen by its caseworker, by those whom the register names, by its unit (a setting) and by
records managers; a restricted case only by its caseworker and those named. Something that was said
is seen with its case; while it waits for a person, with the cases that it may belong to; and by
those of us who took part in it, always. What is not said here is not allowed.

Everything is a condition of the database, so that no list can hold what its reader may not see.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.participants import UNNAMED
from connector.ledger.storable import storable
from connector.ledger.tables import (
    case_reader,
    item,
    item_person,
    register_case,
    suggestion,
    thread_person,
)
from connector.model import Case, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_case = msgspec.json.Decoder(Case).decode
# Aliases: a query that joins one of these tables itself must not change the condition. Made once:
# that costs more than asking the database.
_reader = case_reader.alias("seeing_reader")
_linked_case = register_case.alias("seen_case")
_other_case = register_case.alias("suggested_case")
_suggested = suggestion.alias("seen_suggestion")
_hidden_case = register_case.alias("restricted_case")
_against = suggestion.alias("hidden_suggestion")
_talker = thread_person.alias("seeing_talker")
_caller = item_person.alias("seeing_caller")


class Role(StrEnum):
    """What somebody may do in the portal."""

    CASE_WORKER = "case_worker"
    RECORDS_MANAGER = "records_manager"
    EDITOR = "editor"
    OPERATOR = "operator"


_SEES_CASES = frozenset({Role.CASE_WORKER, Role.RECORDS_MANAGER})


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks. Names are in lower case; a person may have several directory ids."""

    name: str  # as it is shown
    upn: str  # what the record of decisions says
    person: str = ""  # the directory id; "" for somebody whom the directory does not have
    persons: frozenset[str] = frozenset()  # every directory id of that person
    names: frozenset[str] = frozenset()  # user principal names, addresses, group ids
    unit: str = ""
    roles: frozenset[Role] = frozenset()
    sees_unit: bool = False  # the setting web.unit_sees_cases

    @property
    def actor(self) -> str:
        """Who it was, for the record: it outlives a change of name."""
        return self.upn or self.person or self.name


class Hidden(Exception):
    """There is no such case or item for this viewer: not there, or not to be seen by them."""


def visible_case(viewer: Viewer, columns: Any = register_case.c) -> sa.ColumnElement[bool]:
    """Rows of `register_case` that the viewer may see."""
    if not viewer.roles & _SEES_CASES:
        return sa.false()
    names = sorted(viewer.names)
    is_named = sa.exists().where(_reader.c.case_number == columns.number, _reader.c.name.in_(names))
    allowed = [sa.func.lower(columns.caseworker).in_(names), is_named]
    if Role.RECORDS_MANAGER in viewer.roles:
        allowed.append(columns.access == "")
    elif viewer.sees_unit and viewer.unit:
        allowed.append(sa.and_(columns.access == "", columns.department == viewer.unit))
    return sa.or_(*allowed)


def visible_item(viewer: Viewer, root: Any = item) -> sa.ColumnElement[bool]:
    """Rows of `item` (an alias is welcome), each a root, that the viewer may see."""
    if not viewer.roles & _SEES_CASES:
        return took_part(viewer, root)
    its = root.c
    on_case = sa.exists().where(
        _linked_case.c.number == its.case_number, visible_case(viewer, _linked_case.c)
    )
    # A waiting item is seen with a case it may belong to, unless one of them is restricted to
    # others: then it is for those who may see that one.
    suggests = sa.exists().where(
        _suggested.c.item_id == its.id,
        _other_case.c.number == _suggested.c.case_number,
        visible_case(viewer, _other_case.c),
    )
    is_hidden = sa.exists().where(
        _hidden_case.c.number == _against.c.case_number,
        _hidden_case.c.access != "",
        ~visible_case(viewer, _hidden_case.c),
    )
    suggests_hidden = sa.exists().where(
        _against.c.item_id == its.id,
        sa.or_(_against.c.case_number == UNNAMED, is_hidden),
    )
    return sa.or_(
        sa.and_(its.state == LinkState.LINKED.value, on_case),
        sa.and_(its.state == LinkState.WAITING.value, suggests, ~suggests_hidden),
        took_part(viewer, root),
    )


def took_part(viewer: Viewer, root: Any = item) -> sa.ColumnElement[bool]:
    """Rows of `item`, each a root, of what the viewer took part in."""
    if not viewer.persons or not viewer.roles:
        return sa.false()
    persons = sorted(viewer.persons)
    its = root.c
    return sa.or_(
        sa.exists().where(_talker.c.thread_id == its.thread_id, _talker.c.person.in_(persons)),
        sa.exists().where(_caller.c.item_id == its.id, _caller.c.person.in_(persons)),
    )


def case_for(connection: Connection, viewer: Viewer, number: str) -> Case:
    """The case of this number as the register writes it.

    Raises Hidden when there is none, and the same when the viewer may not see it.
    """
    if storable(number) != number:  # PostgreSQL would refuse the question itself
        raise Hidden(number)
    detail = connection.execute(
        sa.select(register_case.c.detail).where(
            register_case.c.number == number, visible_case(viewer)
        )
    ).scalar()
    if detail is None:
        raise Hidden(number)
    return _case(detail)


def may_see_item(connection: Connection, viewer: Viewer, root_id: int) -> bool:
    """Whether the viewer may see what was said; `root_id` is of its first version."""
    if not 0 < root_id < 2**63:
        return False
    found = connection.execute(
        sa.select(item.c.id).where(
            item.c.id == root_id, item.c.root_id == item.c.id, visible_item(viewer)
        )
    )
    return found.first() is not None
