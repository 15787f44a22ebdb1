"""Who is free now, for people who look for a colleague: the present state only, never a history.

A state is what the source said at `observed_at`. One that has not been read for a while says
nothing any more, and is not told as if it did.

Values of Graph: "presence resource type", read 2026-11-22. It lists them in lower camel case while
the service answers "Available"; case is therefore ignored, and a value that is new is "unknown".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.identity import normalise_phone
from connector.ledger.directory import ids_named
from connector.ledger.merging import IN_LIKE, same_persons
from connector.ledger.tables import ms, person, presence
from connector.model import Case, Person, Presence
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

OLD_S = 5 * 60  # of a state that is read every minute or two: several readings were missed
OLDEST_S = 30 * 60  # however seldom it is read, after this it is nobody's state now


class State(StrEnum):
    """How somebody can be reached, in the order in which people are listed."""

    FREE = "free"
    BUSY = "busy"
    DO_NOT_DISTURB = "do_not_disturb"
    AWAY = "away"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


_ORDER = {state: place for place, state in enumerate(State)}
_STATES = {
    "available": State.FREE,
    "availableidle": State.AWAY,  # signed in, and the keyboard has been still for a while
    "busy": State.BUSY,
    "busyidle": State.BUSY,
    "inacall": State.BUSY,
    "inameeting": State.BUSY,
    "donotdisturb": State.DO_NOT_DISTURB,
    "focusing": State.DO_NOT_DISTURB,
    "presenting": State.DO_NOT_DISTURB,
    "away": State.AWAY,
    "berightback": State.AWAY,
    "offline": State.OFFLINE,
}
ACTIVITIES = frozenset(
    {
        "berightback",
        "focusing",
        "inacall",
        "inaconferencecall",
        "inameeting",
        "inactive",
        "offwork",
        "outofoffice",
        "presenting",
        "urgentinterruptionsonly",
    }
)


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague and how they can be reached. `observed_at` is ms; None when nobody looked."""

    person: str
    name: str
    upn: str
    unit: str
    phones: tuple[str, ...]
    state: State
    activity: str  # one of ACTIVITIES; "" when it adds nothing to the state
    observed_at: int | None
    is_old: bool  # too long ago to say anything: `state` is UNKNOWN
    is_out_of_office: bool  # as the colleague's own automatic reply says
    message: str  # what the colleague wrote for everybody to see

    @property
    def is_free(self) -> bool:
        """Free now, and at work."""
        return self.state is State.FREE and not self.is_out_of_office


def old_after_s(interval_s: int) -> int:
    """When a state is old, if it is read every `interval_s` seconds: two readings were missed."""
    return min(max(OLD_S, 2 * interval_s + 60), OLDEST_S)


def units(connection: Connection) -> list[str]:
    """The units that have somebody in the directory now."""
    everybody = map(_of_unit, connection.execute(_EVERYBODY).scalars().all())
    found = {each.department for each in everybody if _is_shown(each)}
    return sorted(found - {""}, key=str.casefold)


def unit_now(
    connection: Connection, unit: str, now: int, *, old_s: int = OLD_S
) -> tuple[Present, ...]:
    """Everybody in this unit with their present state, those who are free first.

    Somebody with several directory entries stands once, by the entry that they go by.
    """
    same = same_persons(connection)
    # The unit as it stands in the JSON: the database gives one unit's rows and not the directory.
    written = msgspec.json.encode({"department": unit}).decode()[1:-1]
    people = [
        each
        for each in map(_person, _holding(connection, written))
        if each.department == unit and _is_shown(each) and each.id not in same
    ]
    states = _states(connection, {each.id for each in people}, same)
    found = [_present(each, states.get(each.id), now, old_s) for each in people]
    return tuple(sorted(found, key=_place))


def free_caseworker(
    connection: Connection, case: Case, now: int, *, old_s: int = OLD_S
) -> Present | None:
    """The case's caseworker with their present state; None when the directory does not have them.

    The register may know them by any name that they have or had.
    """
    goes_by = ids_named(connection, case.caseworker) if case.caseworker else frozenset()
    return _one_now(connection, goes_by, now, old_s)


def colleague_now(
    connection: Connection, name: str, now: int, *, old_s: int = OLD_S
) -> Present | None:
    """Somebody with their present state, by directory id or any address that they have or had.

    None for nobody, for a closed account, and for an address that passed from one to another.
    """
    by_id = sa.select(person.c.directory_id).where(person.c.directory_id == name).limit(1)
    if name and connection.execute(by_id).first() is not None:
        goes_by = frozenset({same_persons(connection).get(name, name)})
    else:
        goes_by = ids_named(connection, name) if name else frozenset()
    return _one_now(connection, goes_by, now, old_s)


def _one_now(
    connection: Connection, goes_by: frozenset[str], now: int, old_s: int
) -> Present | None:
    if len(goes_by) != 1:  # nobody, or a name that has passed from one to another
        return None
    row = connection.execute(_ENTRY_NOW, {"directory_id": next(iter(goes_by))}).scalar()
    if row is None or not _is_shown(found := _person(row)):
        return None
    same = same_persons(connection)
    return _present(found, _states(connection, {found.id}, same).get(found.id), now, old_s)


class _OfUnit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The part of a directory entry that tells of its unit: read of the whole directory."""

    department: str = ""
    is_enabled: bool = True
    is_removed: bool = False


_of_unit = decoder(_OfUnit).decode
_person = decoder(Person).decode
_presence = decoder(Presence).decode
# Made once: to put a statement together takes longer than to run it.
_EVERYBODY = sa.select(person.c.detail).where(person.c.valid_to.is_(None))
_HOLDING = _EVERYBODY.where(person.c.detail.contains(sa.bindparam("text"), escape="/"))
_ENTRY_NOW = _EVERYBODY.where(person.c.directory_id == sa.bindparam("directory_id"))
_STATES_OF = (
    sa.select(presence.c.detail)
    .where(presence.c.person.in_(sa.bindparam("people", expanding=True)))
    .order_by(presence.c.observed_at)
)


def _holding(connection: Connection, text: str) -> Iterable[str]:
    return connection.execute(_HOLDING, {"text": text.translate(IN_LIKE)}).scalars()


def _is_shown(each: Person | _OfUnit) -> bool:
    """A closed account is nobody's who could be called."""
    return each.is_enabled and not each.is_removed


def _states(
    connection: Connection, wanted: set[str], same: Mapping[str, str]
) -> dict[str, Presence]:
    """The newest state of each of these people, under whichever of their entries it was read."""
    entries = wanted | {number for number, goes_by in same.items() if goes_by in wanted}
    rows = connection.execute(_STATES_OF, {"people": sorted(entries)}).scalars()
    return {same.get(each.person, each.person): each for each in map(_presence, rows)}


def _present(each: Person, state: Presence | None, now: int, old_s: int) -> Present:
    observed_at = ms(state.observed_at) if state is not None else None
    is_old = observed_at is not None and now - observed_at > old_s * 1000
    told = state if state is not None and not is_old else None
    activity = told.activity.casefold() if told is not None else ""
    return Present(
        person=each.id,
        name=each.name or each.upn or each.mail or each.id,
        upn=each.upn,
        unit=each.department,
        phones=_callable(each.phones),
        state=_STATES.get(told.availability.casefold(), State.UNKNOWN) if told else State.UNKNOWN,
        activity=activity if activity in ACTIVITIES else "",
        observed_at=observed_at,
        is_old=is_old,
        # A holiday does not end because presence was not read for an hour.
        is_out_of_office=state is not None
        and (state.is_out_of_office or activity == "outofoffice"),
        message=told.message if told is not None else "",
    )


def _callable(phones: Sequence[str]) -> tuple[str, ...]:
    """Numbers that any telephone takes, in E.164, each once; directories write them with spaces."""
    whole = (normalise_phone(each).e164 for each in phones)
    return tuple(dict.fromkeys(filter(None, whole)))


def _place(each: Present) -> tuple[bool, int, str]:
    return (not each.is_free, _ORDER[each.state], each.name.casefold())
