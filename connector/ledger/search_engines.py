"""The words asked for in the languages of the two databases: FTS5's MATCH and PostgreSQL's tsquery.

Each is asked for at least what is wanted; what it gives is held against the words themselves
(search_words.py). Only letters and digits of what somebody typed get into a query, in quotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connector.ledger.search_words import (
    SNOWBALL_ENDINGS,
    Term,
    Words,
    canonical,
    forms_of,
    spellings,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_MOST_PHRASES = 16
_DANISH: Any = sa.literal_column("'danish'::regconfig")
_SIMPLE: Any = sa.literal_column("'simple'::regconfig")


def fts_query(words: Words) -> str:
    """For FTS5, which takes case and diacritics off by itself; "" when nothing is wanted."""
    return " AND ".join(f"({' OR '.join(_fts_forms(term))})" for term in words.wanted)


def _fts_forms(term: Term) -> Iterable[str]:
    if term.is_prefix:
        return [f'"{text}" *' for text in _as_typed(term.typed[0])]
    if not term.is_phrase:
        return [f'"{form}"' for form in forms_of(term.typed[0])]
    ways = [_as_typed(word) for word in term.typed]
    count = 1
    for each in ways:
        count *= len(each)
    if count <= _MOST_PHRASES:
        return [f'"{" ".join(row)}"' for row in product(*ways)]
    each_word = (f"({' OR '.join(quoted(way))})" for way in ways)
    return [f"({' AND '.join(each_word)})"]


def _as_typed(word: str) -> tuple[str, ...]:
    """The word itself in every spelling."""
    readings = dict.fromkeys((canonical(word), word))
    return tuple(dict.fromkeys(text for reading in readings for text in spellings(reading)))


def quoted(texts: Iterable[str]) -> list[str]:
    """Each in the quotes of FTS5."""
    return [f'"{text}"' for text in texts]


class TsQuery:
    """For PostgreSQL. `loose` finds by the index; `strict`, where there is one, sorts out the rest.

    None for `loose`: PostgreSQL keeps none of the words, for all are too common ("og", "at").
    """

    def __init__(self, connection: Connection, words: Words) -> None:
        self._kept = _kept_as(connection, words)
        self.loose: Any = None
        self.strict: Any = None
        for term in words.wanted:
            loose, strict = self._term(term)
            self.loose = _both(self.loose, loose)
            self.strict = _both(self.strict, strict)

    def _term(self, term: Term) -> tuple[Any, Any]:
        if term.is_prefix:
            return _beginning(term.typed[0]), None
        if term.is_phrase:
            return self._in_a_row(term)
        return self._any(forms_of(term.typed[0])), None

    def _any(self, forms: tuple[str, ...]) -> Any:
        """One of these words; None where PostgreSQL leaves one of them out of its index.

        Each stem once: the planner adds their frequencies up, and goes through the whole table for
        what it takes for common.
        """
        stems = dict.fromkeys(self._kept[form] for form in forms)
        if "" in stems:
            return None
        return sa.func.to_tsquery(_SIMPLE, " | ".join(f"'{stem}'" for stem in _signed(stems)))

    def _in_a_row(self, term: Term) -> tuple[Any, Any]:
        """All of the words, or the whole as PostgreSQL reads it: a number with points, an address.

        In a row is at a distance of one, or of two round a word with a hyphen, which counts as one
        more; stop words and numbers with signs are not counted alike, and are not held to it.
        """
        whole = sa.func.phraseto_tsquery(_DANISH, term.raw.replace("\0", " "))
        each = [self._any(_as_typed(word)) for word in term.typed]
        loose = strict = None
        for one in each:
            loose = _both(loose, one)
        for (word, one), (after, other) in pairwise(zip(term.typed, each, strict=True)):
            if one is not None and other is not None and (word + after).isalpha():
                near = [sa.func.tsquery_phrase(one, other, distance) for distance in (1, 2)]
                strict = _both(strict, near[0].op("||")(near[1]))
        either = None if loose is None else loose.op("||")(whole)
        return either, None if strict is None else strict.op("||")(whole)


def _both(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one.op("&&")(other)


def _signed(forms: Iterable[str]) -> list[str]:
    """PostgreSQL reads the 14 of "12-14" as a number below zero."""
    return [sign + form for form in forms for sign in (("", "-") if form.isdecimal() else ("",))]


def _beginning(typed: str) -> Any:
    """Words that begin so. PostgreSQL keeps their stems, and a stem may end before the beginning.

    "forend*" must find "forendes", which is kept as "for".
    """
    asked: dict[str, None] = {}
    for text in _as_typed(typed):
        asked[f"'{text}':*"] = None
        for end in range(2, len(text)):
            rest = text[end:]
            doubled = rest[1:] if rest[0] == text[end - 1] else "?"
            if any(each.startswith((rest, doubled)) for each in SNOWBALL_ENDINGS):
                asked[f"'{text[:end]}'"] = None
    return sa.func.to_tsquery(_SIMPLE, " | ".join(asked))


def _kept_as(connection: Connection, words: Words) -> dict[str, str]:
    """What PostgreSQL keeps of each form: its own stem of it, or "" for a stop word."""
    forms = {
        form
        for term in words.wanted
        if not term.is_prefix
        for word in term.typed
        for form in (_as_typed(word) if term.is_phrase else forms_of(word))
    }
    if not forms:
        return {}
    asked = sa.func.unnest(sa.bindparam("forms", sorted(forms), type_=_TEXTS)).column_valued("form")
    rows = connection.execute(sa.select(asked, sa.func.ts_lexize(_STEMMER, asked)))
    return {form: stems[0] if stems else "" for form, stems in rows}


_TEXTS = sa.ARRAY(sa.Text)
_STEMMER: Any = sa.literal_column("'danish_stem'::regdictionary")
