"""What a search leads to besides what was said: cases by number, telephone, name or words of their
title, and colleagues.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from connector.ledger.access import Viewer
from connector.ledger.case_words import cases_with
from connector.ledger.directory import directory
from connector.ledger.register import LedgerCases, find_case
from connector.ledger.search_query import HIDDEN, Query
from connector.ledger.search_words import tokens
from connector.ledger.timeline_rows import seen_cases
from connector.linking.keys import (
    masked_key,
    name_key,
    number_key,
    phone_key,
    plain_name,
    short_key,
)
from connector.model import Case, Person

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.linking.patterns import Scanner

MOST_CASES = 10
MOST_PEOPLE = 5
_MOST_NAMES = 4  # words of a name


class Leads(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that the viewer may see, and people of the directory.

    `is_part` when more cases have the words than are shown.
    """

    cases: tuple[Case, ...] = ()
    is_part: bool = False
    people: tuple[Person, ...] = ()


def leads(connection: Connection, query: Query, viewer: Viewer | None, scanner: Scanner) -> Leads:
    """Where a case number, a telephone number or a name that was typed leads to."""
    typed = [word for term in query.words.terms for word in term.typed if not term.is_unwanted]
    may_be_name = bool(typed) and len(typed) <= _MOST_NAMES and all(map(str.isalpha, typed))
    named = _cases(connection, query, viewer, scanner, " ".join(typed) if may_be_name else "")
    worded = cases_with(connection, viewer, query.text, query.words, most=MOST_CASES)
    cases = {each.number: each for each in (*named, *worded.cases)}
    return Leads(
        cases=tuple(cases.values())[:MOST_CASES],
        is_part=worded.is_part,
        people=_people(connection, typed) if may_be_name else (),
    )


def _cases(
    connection: Connection, query: Query, viewer: Viewer | None, scanner: Scanner, name: str
) -> tuple[Case, ...]:
    keys = [number_key(number) for number in query.numbers]
    keys += [short_key(hit.short) for hit in scanner.find(query.text) if hit.short]
    whole = {each[: -len(HIDDEN)] for each in query.phones if not each.endswith(HIDDEN)}
    for each in query.phones:
        prefix = each.removesuffix(HIDDEN)
        if prefix == each:
            keys.append(phone_key(each))
        elif prefix not in whole:  # a register knows whole numbers: who has one gives it whole
            keys.append(masked_key(prefix))
    if name and (key := name_key(name)):
        keys.append(key)
    found: dict[str, Case] = {}
    exact = find_case(connection, query.text, scanner) if query.text.strip() else None
    if exact is not None:
        found[exact.number] = exact
    for cases in LedgerCases(connection).find(keys).values():
        found.update((case.number, case) for case in cases)
    seen = seen_cases(connection, viewer, found.keys())
    return tuple(case for case in found.values() if case.number in seen)[:MOST_CASES]


def people_named(connection: Connection, name: str) -> tuple[Person, ...]:
    """People of the directory of whose name each of these words begins a word; five at most."""
    return _people(connection, list(tokens(name))) if name.strip() else ()


def _people(connection: Connection, typed: list[str]) -> tuple[Person, ...]:
    """Those of whose name each word typed begins a word; "Aage" is Åge."""
    wanted = [plain_name(word) for word in typed]
    named = (
        each
        for names, each in directory(connection).words
        if all(any(name.startswith(word) for name in names) for word in wanted)
    )
    return tuple(islice(named, MOST_PEOPLE))
