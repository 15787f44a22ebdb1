"""Who of us took part in what: by person, so that everybody finds their own.

A chat's or channel's participants are those who wrote in it or were mentioned; of a chat of two,
both (its name tells). Somebody who only read along in a group is not known to us. A call's and a
voicemail's are its parties.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger.batch import chunks
from connector.ledger.tables import item_person, suggestion, thread_person
from connector.linking.reasons import HIDDEN
from connector.model import Decision, Item, Kind, LinkState

if TYPE_CHECKING:
    from connector.ledger.batch import Batch, New

# A chat of two is named after both: "19:<id>_<id>@unq.gbl.spaces".
_CHAT_OF_TWO = re.compile(r"19:([0-9a-f-]{36})_([0-9a-f-]{36})@unq\.gbl\.spaces")
UNNAMED = ""  # stands for a restricted case that the evidence does not name
_CALLS = frozenset({Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL})


def keep_participants(batch: Batch, new: Sequence[New]) -> None:
    """Remember who took part in these items. What is excluded by a setting leaves no trace."""
    talks: set[tuple[str, int]] = set()
    calls: set[tuple[str, int]] = set()
    for each in new:
        if each.is_excluded:
            continue
        if each.item.kind is Kind.MESSAGE:
            number = each.thread_id
            talks.update((who, number) for who in talkers(each.item))
        elif each.item.kind in _CALLS:
            calls.update((who, each.root_id) for who in callers(each.item))
    for table, pairs in ((thread_person, talks), (item_person, calls)):
        if pairs:
            names = [column.name for column in table.columns]
            batch.ledger.insert_many(batch.connection, table, names, sorted(pairs))


def talkers(its: Item) -> Iterable[str]:
    """Directory ids of those who took part in a message; a mail address or number is no id."""
    if its.sender and "@" not in its.sender and its.sender[0] != "+":
        yield its.sender
    yield from its.mentions
    yield from both_of(its.thread)


def both_of(thread: str) -> tuple[str, ...]:
    """Directory ids of the two in a chat of two, by its name; none of another chat."""
    both = _CHAT_OF_TWO.fullmatch(thread)
    return both.groups() if both else ()


def callers(its: Item) -> Iterable[str]:
    """Directory ids of the parties of a call or voicemail."""
    parties = (*its.parties, *(its.call.parties if its.call is not None else ()))
    yield from (party.person for party in parties if party.person)


def keep_suggestions(batch: Batch, decided: Iterable[tuple[int, Decision]]) -> None:
    """For each root that waits now, the cases its evidence points to; for the others none."""
    wanted = dict(decided)
    for some in chunks(sorted(wanted)):
        batch.connection.execute(sa.delete(suggestion).where(suggestion.c.item_id.in_(some)))
    rows = [
        {"item_id": root, "case_number": number}
        for root, decision in wanted.items()
        if decision.state is LinkState.WAITING
        for number in suggested(decision)
    ]
    if rows:
        batch.connection.execute(sa.insert(suggestion), rows)


def suggested(decision: Decision | Any) -> list[str]:
    """The case numbers that the evidence names, the best first, each once; at the end UNNAMED when

    it points to a restricted case without naming it.
    """
    numbers = [decision.case_number, *(each.case_number for each in decision.evidence)]
    unnamed = [UNNAMED] if any(each.note == HIDDEN for each in decision.evidence) else []
    return [number for number in dict.fromkeys(numbers) if number] + unnamed
