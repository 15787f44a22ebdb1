"""How well a text answers: for the order by relevance, the same on both databases. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from connector.ledger.search_words import Words, lowered, spans_of, tokens

_NEAR = 60  # signs: words so near each other belong together
_LONG = 2000  # signs: from here on a text says a bit of everything


def score(words: Words, subject: str, text: str) -> int:
    """Larger is better; texts that hold all the words are given.

    A word counts by how often it is there (the third time hardly), more in the subject, more as it
    was typed than in another form; words near each other count more; a long text counts less.
    """
    total = 0.0
    first_places = []
    plain_subject, plain_text = lowered(subject), lowered(text)
    as_typed = frozenset(tokens(subject)) | frozenset(tokens(text))
    for term in words.wanted:
        in_text = spans_of(term, plain_text)
        in_subject = spans_of(term, plain_subject)
        total += math.log2(1 + min(3, len(in_text))) + 1.5 * bool(in_subject)
        total += 0.5 * as_typed.issuperset(term.typed)
        if in_text:
            first_places.append(in_text[0][0])
    total += _nearness(first_places)
    return round(1000 * total / (1 + len(text) / _LONG))


def _nearness(places: Sequence[int]) -> float:
    if len(places) < 2:
        return 0.0
    apart = (max(places) - min(places)) / (len(places) - 1)
    return 2.0 * _NEAR / (_NEAR + apart)
