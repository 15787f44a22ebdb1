"""What is searched for: seven kinds of queries, twelve of each, and the same by plain SQL."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bench.web_words import vocabulary
from connector.ledger import Ledger
from connector.ledger.tables import item

EACH = 12
CASE_NUMBER = "case number"
KINDS = ("rare word", "middling word", "very common word", "two words", "phrase", "prefix of six",
         CASE_NUMBER)  # fmt: skip
Query = Callable[[Any, str, str], Sequence[Any]]


def queries(ledger: Ledger) -> dict[str, list[str]]:
    """What somebody types, by kind."""
    rng = random.Random("web/queries")
    words = vocabulary()
    long = [word for word in words[150:6000] if len(word) > 6]
    with ledger.read() as connection:
        texts = _some(connection, rng, item.c.text, item.c.kind == "message")
        numbers = _some(connection, rng, item.c.case_number, item.c.case_number.is_not(None))
    return {
        "rare word": rng.sample(words[len(words) // 2 :], EACH),
        "middling word": rng.sample(words[1000:4000], EACH),
        "very common word": rng.choices(words[:20], k=EACH),
        "two words": [" ".join(rng.sample(words[60:800], 2)) for _ in range(EACH)],
        "phrase": [f'"{_middle(text, rng)}"' for text in texts],
        "prefix of six": [f"{word[:6]}*" for word in rng.sample(long, EACH)],
        CASE_NUMBER: numbers,
    }


def _some(connection: Any, rng: random.Random, column: Any, which: Any) -> list[str]:
    """The column of twelve rows from everywhere in the ledger."""
    most = connection.execute(sa.select(sa.func.max(item.c.id))).scalar_one()
    found: list[str] = []
    while len(found) < EACH:
        place = rng.randrange(most)
        query = sa.select(column).where(item.c.id >= place, which).order_by(item.c.id).limit(1)
        found += connection.execute(query).scalars()
    return found


def _middle(text: str, rng: random.Random) -> str:
    """Two or three words that stand next to each other."""
    words = text.split()
    count = min(len(words), rng.choice((2, 3)))
    start = rng.randrange(len(words) - count + 1)
    return " ".join(words[start : start + count])


def plain(ledger: Ledger) -> Mapping[str, Query]:
    """The same by plain SQL, as somebody without us would write it: the newest, or the best, 20."""
    if ledger.is_sqlite:
        return {"newest": _sqlite("rowid DESC"), "relevance": _sqlite("rank")}
    return {"newest": _postgres("id DESC"), "relevance": _postgres("ts_rank(words, q) DESC")}


def _sqlite(order: str) -> Query:
    sql = f"SELECT rowid FROM item_search WHERE item_search MATCH ? ORDER BY {order} LIMIT 20"
    rows = "SELECT * FROM item WHERE id = ?"

    def run(connection: Any, _kind: str, text: str) -> Sequence[Any]:
        match = text if text[-1] in '"*' else " ".join(f'"{word}"' for word in text.split())
        found = connection.execute(sql, (match,)).fetchall()
        return [connection.execute(rows, row).fetchone() for row in found]

    return run


def _postgres(order: str) -> Query:
    def run(connection: Any, kind: str, text: str) -> Sequence[Any]:
        function, asked = "plainto_tsquery('danish', %s)", text
        if kind == "phrase":
            function, asked = "phraseto_tsquery('danish', %s)", text.strip('"')
        elif kind == "prefix of six":
            function, asked = "to_tsquery('simple', %s)", text.replace("*", ":*")
        sql = f"SELECT * FROM item, {function} q WHERE words @@ q ORDER BY {order} LIMIT 20"
        found: Sequence[Any] = connection.execute(sql, (asked,)).fetchall()
        return found

    return run
