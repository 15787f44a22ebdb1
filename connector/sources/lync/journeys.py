"""Which earlier session a row belongs to, when no key in it says so.

A blind transfer names who sent the caller on, not which session ended by it; forks of one ring may
come without a correlation id. Both stand near each other in the order of reading.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connector.model import Party
from connector.sources.lync.sessions import Session, own_key

FORK = timedelta(seconds=2)  # nobody dials the same person twice within it
PASSED_ON = timedelta(seconds=30)  # between the end of a session and what it was transferred to
_REMEMBERED = 20_000  # pairs of people; about 8 MB


class _Seen(NamedTuple):
    key: str
    began: datetime
    ended: datetime | None


class Journeys:
    """What was read so far in one run, in the order of keys."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._read = 0
        self._between: OrderedDict[frozenset[str], _Seen] = OrderedDict()
        self._rung: OrderedDict[tuple[str, str], _Seen] = OrderedDict()
        self._began_by: OrderedDict[str, str] = OrderedDict()  # correlation -> who called first

    def earlier(self, its: Session) -> tuple[str, ...]:
        """The keys of sessions that this one belongs to; it is remembered for the next."""
        if not its.is_call:
            return ()
        caller = _name(its.caller)
        forked, passed_on = self._forked(its, caller), self._passed_on(its, caller)
        self._remember(its, caller)
        if forked is None and passed_on is None:
            return ()
        found = {each.key for each in (forked, passed_on) if each is not None}
        return tuple(sorted([own_key(self._database, key) for key in found]))

    def _forked(self, its: Session, caller: str) -> _Seen | None:
        seen = self._rung.get((caller, _wanted(its))) if caller else None
        is_fork = seen is not None and abs(its.began - seen.began) <= FORK
        return seen if is_fork else None

    def _passed_on(self, its: Session, caller: str) -> _Seen | None:
        by = _name(its.referred)
        seen = self._between.get(frozenset((caller, by))) if caller and by else None
        if seen is None or seen.began > its.began:
            return None
        is_near = seen.ended is None or its.began <= seen.ended + PASSED_ON
        return seen if is_near else None

    def _remember(self, its: Session, caller: str) -> None:
        seen = _Seen(its.key, its.began, its.ended)
        callee = _name(its.callee)
        self._keep(frozenset((caller, callee)), seen)
        if its.correlation:
            # A response group's call to its agent is, for both, the caller's call with the agent.
            first = self._began_by.setdefault(its.correlation, caller)
            if first != caller:
                self._keep(frozenset((first, callee)), seen)
        ring = caller, _wanted(its)
        rung = self._rung.get(ring)
        if rung is None or abs(rung.began - its.began) > FORK:
            self._rung[ring] = seen
        self._read += 1
        if self._read % 1000 == 0:
            self._forget()

    def _keep(self, pair: frozenset[str], seen: _Seen) -> None:
        self._between[pair] = seen
        self._between.move_to_end(pair)

    def _forget(self) -> None:
        memories: tuple[OrderedDict[Any, Any], ...] = (self._between, self._rung, self._began_by)
        for memory in memories:
            while len(memory) > _REMEMBERED:
                memory.popitem(last=False)


def _name(party: Party) -> str:
    return party.person or party.mail or party.phone


def _wanted(its: Session) -> str:
    return _name(its.target) or _name(its.callee)
