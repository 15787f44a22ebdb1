"""What waits for a person, as people are shown it: who with whom, what was said, which cases.

A case that the viewer may not see is not named, nor is what points to it. CPR numbers are masked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from connector.identity import mask_cpr
from connector.ledger import waiting_rows
from connector.ledger.access import Viewer
from connector.ledger.batch import detail_of
from connector.ledger.history import shown
from connector.ledger.tables import at, ms
from connector.ledger.waiting_rows import MESSAGE
from connector.ledger.waiting_rows import WAITS as WAITS  # what the lists ask for
from connector.linking.reasons import HIDDEN
from connector.model import Case, Evidence, Kind, Party
from connector.typed import decoder
from connector.workdays import oldest_in_time, workdays_after, workdays_between

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST_TEXT = 4000  # characters of one item
MOST_NAMES = 8  # of those who took part in a chat
_ZERO = time()
_SPOKEN = (Kind.MESSAGE.value, Kind.VOICEMAIL.value)
_evidence = decoder(tuple[Evidence, ...]).decode
_case = decoder(Case).decode


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """By when it should be decided: so many working days after the day it was said."""

    days: int
    zone: ZoneInfo
    today: date

    def due(self, said_at: datetime) -> date:
        """The last day in time."""
        return workdays_after(said_at.astimezone(self.zone).date(), self.days)

    def late_days(self, due: date) -> int:
        """Working days since; 0 in time."""
        return workdays_between(due, self.today)

    @property
    def late_before(self) -> int:
        """What was said before this (epoch ms) is late: the start of the oldest day in time."""
        day = oldest_in_time(self.today, self.days)
        return ms(datetime.combine(day, _ZERO, self.zone))


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """A case that the evidence points to, and that the viewer may see.

    `also` are the other messages of the same chat that wait with this case, to be decided together:
    their roots, each with the decision that stands (a row of `link`).
    """

    case: Case
    evidence: tuple[Evidence, ...]
    also: tuple[tuple[int, int], ...] = ()


class Why(StrEnum):
    """What the viewer may be told of why a person must decide.

    A rule's sentence says much of a case: that it is closed, restricted, one of several. So of a
    case that the viewer may not see no more is told than that.
    """

    RULE = "rule"  # the rule's sentence
    HIDDEN = "hidden"  # it points to cases that the viewer may not see, and to no other
    PARTLY = "partly"  # it points to such as they may see, too; those alone are spoken of


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said, and that a person must decide about. CPR numbers are masked."""

    item: int  # its root
    etag: int  # the decision that stands: a row of `link`
    kind: Kind
    direction: str
    at: datetime
    due: date
    late_days: int  # working days; 0 in time
    who: str
    others: tuple[str, ...]
    duration_s: int | None
    subject: str
    text: str
    is_erased: bool
    audio: tuple[int, int] | None  # of a voicemail: version and position of the recording
    may_be_private: bool  # the viewer may keep the whole chat private
    why: Why
    rule: str  # "" when it is about a case that the viewer may not see
    case_number: str  # the one that the rule found; "" for none, and for one that is not named
    suggested: tuple[Suggested, ...]
    evidence: tuple[Evidence, ...]  # that names no case which the viewer may see

    @property
    def has_best(self) -> bool:
        """Whether the first suggested case stands out: its evidence is not the next one's, too."""
        if len(self.suggested) < 2:
            return bool(self.suggested)
        first, second = (
            [(each.rule, each.where, each.note) for each in one.evidence]
            for one in self.suggested[:2]
        )
        return first != second


def waiting_items(
    connection: Connection, viewer: Viewer, roots: Sequence[int], target: Target
) -> Iterator[Waiting]:
    """These roots in this order, without those that no longer wait. The viewer may see all."""
    if not roots:
        return
    rows = waiting_rows.current(connection, roots)
    links = waiting_rows.links(connection, roots)
    cases = _Cases(connection, viewer, links.values())
    also = waiting_rows.alike(connection, viewer, rows.values())
    people = _People(connection, rows.values())
    own = waiting_rows.own_chats(connection, viewer, rows.values())
    audio = waiting_rows.audio(connection, rows.values())
    for root in roots:
        if root in links and root in rows:
            yield _waiting(rows[root], links[root], target, cases, also, people, own, audio)


def _waiting(
    row: Any,
    stands: Any,
    target: Target,
    cases: _Cases,
    also: Mapping[tuple[int, str], Mapping[int, int]],
    people: _People,
    own: Collection[int],
    audio: Mapping[int, tuple[int, int]],
) -> Waiting:
    detail = detail_of(row)
    duration_s = detail.duration_s
    if duration_s is None and detail.call is not None:
        duration_s = detail.call.duration_s or None  # a voicemail may not say how long it is
    who, others = people.of(row)
    due = target.due(at(row.sent_at))
    evidence = _evidence(stands.evidence)
    suggested = cases.of(stands.case_number, evidence)
    why = cases.why(stands.case_number, evidence)
    return Waiting(
        item=row.root_id,
        etag=stands.id,
        kind=Kind(row.kind),
        direction=detail.direction.value,
        at=at(row.sent_at),
        due=due,
        late_days=target.late_days(due),
        who=who,
        others=others,
        duration_s=duration_s,
        subject=mask_cpr(row.subject or ""),
        text=mask_cpr((row.text or "")[:MOST_TEXT]) if row.kind in _SPOKEN else "",
        is_erased=row.is_erased,
        audio=audio.get(row.id),
        may_be_private=row.root_id in own,
        why=why,
        rule=stands.rule if why is Why.RULE else "",
        case_number=cases.told(stands.case_number),
        suggested=tuple(
            Suggested(
                case=case,
                evidence=tuple(each for each in evidence if each.case_number == case.number),
                also=_without(also.get((row.thread_id, case.number), {}), row.root_id),
            )
            for case in suggested
        ),
        evidence=tuple(each for each in evidence if cases.is_unknown(each)),
    )


def _without(also: Mapping[int, int], root: int) -> tuple[tuple[int, int], ...]:
    return tuple(pair for pair in also.items() if pair[0] != root) if root in also else ()


class _Cases:
    """The cases that decisions name, as far as the viewer may see them."""

    def __init__(self, connection: Connection, viewer: Viewer, links: Iterable[Any]) -> None:
        numbers = {each.case_number for each in links if each.case_number}
        for each in links:
            numbers.update(piece.case_number for piece in _evidence(each.evidence))
        self._hidden: set[str] = set()
        self._seen: dict[str, Case] = {}
        for row in waiting_rows.cases(connection, viewer, numbers - {""}):
            if row.is_seen:
                self._seen[row.number] = _case(row.detail)
            else:
                self._hidden.add(row.number)

    def of(self, number: str | None, evidence: Sequence[Evidence]) -> list[Case]:
        """The suggested cases, the likeliest first."""
        numbers = dict.fromkeys((number or "", *(each.case_number for each in evidence)))
        return [self._seen[each] for each in numbers if each in self._seen]

    def told(self, number: str | None) -> str:
        """The number, unless the viewer may not see the case."""
        return number if number and number not in self._hidden else ""

    def why(self, number: str | None, evidence: Sequence[Evidence]) -> Why:
        """What may be told of why it waits."""
        if number not in self._hidden and not any(map(self._is_hidden, evidence)):
            return Why.RULE
        return Why.PARTLY if self.of(number, evidence) else Why.HIDDEN

    def is_unknown(self, each: Evidence) -> bool:
        """Whether it names no case: a number that the register does not have, or none at all."""
        return each.case_number not in self._seen and not self._is_hidden(each)

    def _is_hidden(self, each: Evidence) -> bool:
        return each.note == HIDDEN or each.case_number in self._hidden


class _People:
    """Who took part in these items, by name."""

    def __init__(self, connection: Connection, rows: Iterable[Any]) -> None:
        rows = list(rows)
        threads = [row.thread_id for row in rows if row.kind == MESSAGE]
        self._talkers = waiting_rows.talkers(connection, threads)
        ids = {each for talkers in self._talkers.values() for each in talkers}
        ids.update(row.sender for row in rows)
        ids.update(party.person for row in rows for party in _parties(row))
        found = waiting_rows.people(connection, ids - {""})
        self._names = {row.directory_id: _named(row.detail).name for row in found}

    def of(self, row: Any) -> tuple[str, tuple[str, ...]]:
        """Who it came from, and the others; a name may be written with a CPR number in it."""
        call = detail_of(row).call
        who = row.sender_name or self._names.get(row.sender, "") or row.sender
        if call is not None and row.kind != Kind.VOICEMAIL.value:
            who = who or shown(call.caller, self._names)
        others = [shown(party, self._names) for party in _parties(row)]
        if row.kind == MESSAGE:
            others += [self._names.get(each, "") for each in self._talkers.get(row.thread_id, ())]
        once = dict.fromkeys(name for name in others if name and name != who)
        return mask_cpr(who), tuple(map(mask_cpr, tuple(once)[:MOST_NAMES]))


class _Named(msgspec.Struct):
    name: str = ""


_named = decoder(_Named).decode


def _parties(row: Any) -> tuple[Party, ...]:
    detail = detail_of(row)
    if detail.call is not None and row.kind != Kind.VOICEMAIL.value:
        return detail.call.parties
    return detail.parties
