"""Cases by words of their title, by their parties' names and by their number without its signs.

A word that is typed begins a word of the case, or is a form of one; "Aage" is Åge. The words stand
in a table of their own, spelled without Danish letters, so that both databases find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.access import Sort, Viewer, case_visible_to, is_caseworker
from connector.ledger.search_words import LEAST_PREFIX, Words, forms_of, tokens
from connector.ledger.tables import case_word, register_case
from connector.linking.keys import plain_name
from connector.model import Case
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST_KEPT = 60  # words of a case
MOST_TYPED = 6  # more is a text, and no title
MOST_OWN = 500  # cases of a viewer's own
LOOKED = 2000  # cases with the words that are looked through for such as the viewer may see
LOOKED_FIRST = 20_000  # cases with the rarest word that are looked through for the other words
LEAST_NUMBER = 6  # letters and digits of a case number that is typed without its signs
_LAST = "\U0010ffff"  # behind every letter
_SIGNS = re.compile(r"[\W_]+")
_case = decoder(Case).decode


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that the viewer may see, their own first; `is_part` when there may be more."""

    cases: tuple[Case, ...] = ()
    is_part: bool = False


class Range(msgspec.Struct, frozen=True):
    """A word that is typed, as the table is asked for it: what begins so, and its other forms."""

    first: str
    behind: str  # the same as `first` for a word that is too short to begin others
    forms: tuple[str, ...]


def words_of(case: Case) -> tuple[str, ...]:
    """What the case is found by, each once."""
    texts = (case.title, *(party.name for party in case.parties))
    words = (word for text in texts for word in tokens(plain_name(text)))
    return tuple(dict.fromkeys((squeezed(case.number), *words)))[:MOST_KEPT]


def squeezed(number: str) -> str:
    """A case number's letters and digits: "27 18 02 P25 14 26" is 27.18.02-P25-14-26."""
    return _SIGNS.sub("", number.casefold())


def cases_with(
    connection: Connection, viewer: Viewer | None, text: str, words: Words, *, most: int
) -> Found:
    """Cases of this number, or with all of these words; at most `most`. None sees all."""
    asked = ranges(words)
    number = squeezed(text)
    numbered = [number] if len(number) >= LEAST_NUMBER and re.search(r"\d", number) else []
    by_number = _cases(connection, viewer, [Range("", "", tuple(numbered))]) if numbered else []
    if not asked or len(asked) > MOST_TYPED:
        return Found(cases=tuple(by_number[:most]))
    own = _cases(connection, viewer, asked, is_own=True) if viewer is not None else []
    counts = [_count(connection, each) for each in asked]
    rarest = min(range(len(asked)), key=counts.__getitem__)
    asked.insert(0, asked.pop(rarest))
    others = _cases(connection, viewer, asked) if counts[rarest] else []
    found = {each.number: each for each in (*by_number, *own, *others)}
    return Found(
        cases=tuple(found.values())[:most],
        is_part=counts[rarest] > (LOOKED if len(asked) == 1 else LOOKED_FIRST) or len(found) > most,
    )


def ranges(words: Words) -> list[Range]:
    """The words that must be there, as the table is asked for them."""
    typed = dict.fromkeys(word for term in words.wanted for word in term.typed)
    return [_range(word) for word in typed]


def _range(word: str) -> Range:
    first = plain_name(word)
    forms = dict.fromkeys((first, *map(plain_name, forms_of(word))))
    if len(first) < LEAST_PREFIX or not first[0].isalpha():
        return Range(first, first, tuple(forms))
    others = tuple(form for form in forms if not form.startswith(first))
    return Range(first, first + _LAST, others)


def _cases(
    connection: Connection, viewer: Viewer | None, asked: Sequence[Range], *, is_own: bool = False
) -> list[Case]:
    """In order of number; one more than can be shown is never needed."""
    sort = None if viewer is None else viewer.sort
    values = _values(asked) | (viewer.values if viewer is not None else {})
    query = _own(sort, len(asked)) if is_own and sort is not None else _all(sort, len(asked))
    return [_case(detail) for detail in connection.execute(query, values).scalars()]


def _count(connection: Connection, asked: Range) -> int:
    """How many cases have the word; one more than LOOKED_FIRST for more."""
    return int(connection.execute(_COUNT, _values([asked])).scalar_one())


def _values(asked: Iterable[Range]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, each in enumerate(asked):
        values |= {
            f"first{place}": each.first,
            f"behind{place}": each.behind,
            f"forms{place}": list(each.forms),
        }
    return values


def _has(place: int, words: Any) -> sa.ColumnElement[bool]:
    word = words.c.word
    begins = sa.and_(
        word >= sa.bindparam(f"first{place}", type_=sa.Text),
        word < sa.bindparam(f"behind{place}", type_=sa.Text),
    )
    return sa.or_(begins, word.in_(sa.bindparam(f"forms{place}", type_=sa.Text, expanding=True)))


def _on_case(place: int, number: Any) -> sa.ColumnElement[bool]:
    """Rows of which the case of this number has the word."""
    words = case_word.alias(f"word{place}")
    return sa.exists().where(words.c.case_number == number, _has(place, words))


@cache
def _own(sort: Sort, count: int) -> sa.Select[Any]:
    """The viewer's own cases: few, and found from their side.

    With a limit within: else PostgreSQL reads all cases with the words first, half a second.
    """
    cases = register_case.alias("own_case")
    mine = sa.select(cases.c.number).where(is_caseworker(cases)).limit(MOST_OWN)
    is_mine = register_case.c.number.in_(mine)
    query = sa.select(register_case.c.detail).where(is_mine, case_visible_to(sort))
    query = query.where(*(_on_case(place, register_case.c.number) for place in range(count)))
    return query.order_by(register_case.c.number).limit(_SHOWN)


@cache
def _all(sort: Sort | None, count: int) -> sa.Select[Any]:
    """Those that the first word leads to, with all the others."""
    some = sa.select(case_word.c.case_number).where(_has(0, case_word))
    if count > 1:
        first = some.limit(LOOKED_FIRST).subquery()
        others = (_on_case(place, first.c.case_number) for place in range(1, count))
        some = sa.select(first.c.case_number).where(*others)
    query = sa.select(register_case.c.detail).where(register_case.c.number.in_(some.limit(LOOKED)))
    if sort is not None:
        query = query.where(case_visible_to(sort))
    return query.limit(_SHOWN)


_SHOWN = 11
_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(case_word.c.case_number).where(_has(0, case_word)).limit(LOOKED_FIRST + 1).subquery()
)
