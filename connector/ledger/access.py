"""Who may see what: the one place that decides, for pages, searches, lists, files and the API.

A case is seen by its caseworker, by those whom the register names, by its unit (a setting) and by
records managers; a restricted case only by its caseworker and those named. Something that was said
is seen with its case; while it waits for a person, with the cases that it may belong to; and by
those of us who took part in it, always. What is not said here is not allowed.

Everything is a condition of the database, so that no list can hold what its reader may not see. A
condition says "the viewer"; who that is comes with each asking, as `Viewer.values`. Without, the
database is not asked at all: SQLAlchemy raises StatementError.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

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
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_case = decoder(Case).decode
# A condition is kept for each sort and table, so an alias asked about is made once, too.
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
_NAMES = sa.bindparam("viewer_names", type_=sa.String, expanding=True)
_PERSONS = sa.bindparam("viewer_persons", type_=sa.String, expanding=True)
_UNIT = sa.bindparam("viewer_unit", type_=sa.String)


class Sort(NamedTuple):
    """What of a viewer gives a condition its form: few sorts, so each form is made once."""

    sees_cases: bool
    sees_all: bool
    sees_unit: bool
    took_part: bool  # may have


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

    @property
    def sort(self) -> Sort:
        """Which conditions are asked for this viewer."""
        sees_all = Role.RECORDS_MANAGER in self.roles
        return Sort(
            sees_cases=bool(self.roles & _SEES_CASES),
            sees_all=sees_all,
            sees_unit=self.sees_unit and bool(self.unit) and not sees_all,
            took_part=bool(self.persons and self.roles),
        )

    @property
    def values(self) -> dict[str, Any]:
        """Who "the viewer" is: the parameters of every query with a condition of this module."""
        return {
            "viewer_names": sorted(self.names),
            "viewer_persons": sorted(self.persons),
            "viewer_unit": self.unit,
        }


class Hidden(Exception):
    """There is no such case or item for this viewer: not there, or not to be seen by them."""


def visible_case(viewer: Viewer, cases: Any = register_case) -> sa.ColumnElement[bool]:
    """Rows of `register_case` (an alias is welcome) that the viewer may see."""
    return case_visible_to(viewer.sort, cases)


@cache
def case_visible_to(sort: Sort, cases: Any = register_case) -> sa.ColumnElement[bool]:
    """The same for whoever of this sort comes as the query's values."""
    if not sort.sees_cases:
        return sa.false()
    its = cases.c
    is_named = sa.exists().where(_reader.c.case_number == its.number, is_reader(_reader))
    allowed = [is_caseworker(cases), is_named]
    if sort.sees_all:
        allowed.append(its.access == "")
    elif sort.sees_unit:
        allowed.append(sa.and_(its.access == "", is_of_unit(cases)))
    return sa.or_(*allowed)


def visible_item(viewer: Viewer, root: Any = item) -> sa.ColumnElement[bool]:
    """Rows of `item` (an alias is welcome), each a root, that the viewer may see."""
    return visible_to(viewer.sort, root)


@cache
def visible_to(sort: Sort, root: Any = item) -> sa.ColumnElement[bool]:
    """The same for whoever of this sort comes as the query's values."""
    if not sort.sees_cases:
        return took_part_of(sort, root)
    its = root.c
    on_case = sa.exists().where(
        _linked_case.c.number == its.case_number, case_visible_to(sort, _linked_case)
    )
    # A waiting item is seen with a case it may belong to, unless one of them is restricted to
    # others: then it is for those who may see that one.
    suggests = sa.exists().where(
        _suggested.c.item_id == its.id,
        _other_case.c.number == _suggested.c.case_number,
        case_visible_to(sort, _other_case),
    )
    is_hidden = sa.exists().where(
        _hidden_case.c.number == _against.c.case_number,
        _hidden_case.c.access != "",
        ~case_visible_to(sort, _hidden_case),
    )
    suggests_hidden = sa.exists().where(
        _against.c.item_id == its.id,
        sa.or_(_against.c.case_number == UNNAMED, is_hidden),
    )
    return sa.or_(
        sa.and_(its.state == LinkState.LINKED.value, on_case),
        sa.and_(its.state == LinkState.WAITING.value, suggests, ~suggests_hidden),
        took_part_of(sort, root),
    )


def took_part(viewer: Viewer, root: Any = item) -> sa.ColumnElement[bool]:
    """Rows of `item`, each a root, of what the viewer took part in."""
    return took_part_of(viewer.sort, root)


@cache
def took_part_of(sort: Sort, root: Any = item) -> sa.ColumnElement[bool]:
    """The same for whoever of this sort comes as the query's values."""
    if not sort.took_part:
        return sa.false()
    its = root.c
    return sa.or_(
        sa.exists().where(_talker.c.thread_id == its.thread_id, is_person(_talker.c.person)),
        sa.exists().where(_caller.c.item_id == its.id, is_person(_caller.c.person)),
    )


@cache
def may_be_visible_to(sort: Sort, root: Any = item) -> sa.ColumnElement[bool]:
    """True of all that `visible_to` is true of, and of some more; much less to ask.

    Most of what people say is on no case and waits for none: a search that finds much of it need
    not ask about its cases. It decides nothing.
    """
    its = root.c
    own: sa.ColumnElement[bool] = sa.false()
    if sort.took_part:
        talks = sa.select(_talker.c.thread_id).where(is_person(_talker.c.person))
        calls = sa.select(_caller.c.item_id).where(is_person(_caller.c.person))
        own = sa.or_(its.thread_id.in_(talks), its.id.in_(calls))
    if not sort.sees_cases:
        return own
    return sa.or_(its.state.in_((LinkState.LINKED.value, LinkState.WAITING.value)), own)


def is_caseworker(cases: sa.FromClause = register_case) -> sa.ColumnElement[bool]:
    """Rows of `register_case` that are the viewer's own."""
    # The names are kept as Python folds them; lower() is what the index is made of.
    return sa.func.lower(cases.c.caseworker).in_(_NAMES)


def is_reader(readers: sa.FromClause = case_reader) -> sa.ColumnElement[bool]:
    """Rows of `case_reader` that name the viewer."""
    return readers.c.name.in_(_NAMES)


def is_of_unit(cases: sa.FromClause = register_case) -> sa.ColumnElement[bool]:
    """Rows of `register_case` of the viewer's unit."""
    return cases.c.department == _UNIT


def is_person(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Rows in whose column stands one of the viewer's directory ids."""
    return column.in_(_PERSONS)


def case_for(connection: Connection, viewer: Viewer, number: str) -> Case:
    """The case of this number as the register writes it.

    Raises Hidden when there is none, and the same when the viewer may not see it.
    """
    if storable(number) != number:  # PostgreSQL would refuse the question itself
        raise Hidden(number)
    values = {**viewer.values, "number": number}
    detail = connection.execute(_case_of(viewer.sort), values).scalar()
    if detail is None:
        raise Hidden(number)
    return _case(detail)


@cache
def _case_of(sort: Sort) -> sa.Select[Any]:
    is_it = register_case.c.number == sa.bindparam("number")
    return sa.select(register_case.c.detail).where(is_it, case_visible_to(sort))


def may_see_item(connection: Connection, viewer: Viewer, root_id: int) -> bool:
    """Whether the viewer may see what was said; `root_id` is of its first version."""
    if not 0 < root_id < 2**63:
        return False
    found = connection.execute(_root_of(viewer.sort), {**viewer.values, "root": root_id})
    return found.first() is not None


@cache
def _root_of(sort: Sort) -> sa.Select[Any]:
    is_it = sa.and_(item.c.id == sa.bindparam("root"), item.c.root_id == item.c.id)
    return sa.select(item.c.id).where(is_it, visible_to(sort))
