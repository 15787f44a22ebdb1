"""Cuts a text into the tokens of spoken numbers: digits, signs, letters, corrections.

Words that mean nothing ("øh", "og så") are passed over; any other word ends a run of tokens.
"""

from __future__ import annotations

import re

from connector.linking.spoken_words import (
    ARTICLES,
    COMMON_LETTERS,
    LEADS,
    WORDS,
    Token,
    Word,
)

MAX_FILLERS = 8  # words that mean nothing, one after the other, inside one number

_WORD = re.compile(r"[^\W\d_]+|[0-9]+")
_AS_IN = re.compile(r",?\s(?:som\s(?:i\s)?|for\s|as\sin\s|like\s)\s?([^\W\d_]{2,20})")
_LINE = re.compile(r"[.,;:!?…\n()\"»«–—]")
_SIGN_OF = {".": ".", ",": ".", "-": "-", "‐": "-", "‑": "-", "–": "-", "/": "/", ":": ":"}


class Lexer:
    """Reads one run of tokens; after `read`, `end` is where the reading stopped."""

    def __init__(self, text: str, *, keep_words: bool) -> None:
        self.text = text
        self.end = 0
        self._keep_words = keep_words  # a word before the run may be the beginning of a number
        self._run: list[Token] = []
        self._begin(0)

    def read(self, low: int, must: int, most: int) -> list[Token]:
        """The run of tokens round the place `must`; at most `most` of them.

        Reading begins at `low`; what is found before a word of no meaning there is forgotten, as
        long as the place has not been passed.
        """
        text = self.text
        run = self._run = []
        self._begin(low)
        for match in _WORD.finditer(text, low):
            start, end = match.span()
            if start < self._after:
                continue
            if self._add(match.group(), start, end):
                self.end = max(end, self._after)
                if len(run) >= most:
                    return run
            elif start > must:
                self.end = start
                return run
            else:
                run.clear()
                self._begin(end)
                if self._keep_words:
                    run.append(Token(start, end, "word", match.group()))
        self.end = len(text)
        return run

    def _begin(self, at: int) -> None:
        self._after = at  # where the last word ended
        self._fillers = 0
        self._joined = self._paused = self._marked = False
        self._lead = ""

    def _add(self, raw: str, start: int, end: int) -> bool:
        """Take the word in; False when it ends the run."""
        gap = self.text[self._after : start]
        low = raw.lower()
        word = Word("number", raw, "w") if raw[0] in "0123456789" else self._meaning(raw, low, end)
        if word is None or len(raw) > 20:
            return False
        lead, self._lead = self._lead, low
        if gap != " ":
            self._between(gap, start, raw)
        self._after = end
        if word.kind in ("filler", "join", "marker"):
            self._fillers += 1
            self._joined |= word.kind == "join"
            self._marked = word.kind == "marker"
            return self._fillers <= MAX_FILLERS
        has_group = bool(self._run) and self._run[-1].kind != "sign"
        if low in ARTICLES and lead in LEADS and has_group and self._sign_follows(end):
            return True  # "tolv så kommer der en streg"
        if word.kind == "letter" or self._marked:
            self._after = self._spelling_end(word.letter, end)
        self._put(word, start, end)
        return True

    def _meaning(self, raw: str, low: str, end: int) -> Word | None:
        """What the word is here; None when nothing that belongs to a number."""
        letter = COMMON_LETTERS.get(low, "")
        if letter and (self._marked or self._spelling_end(letter, end) > end):
            return Word("letter", letter, "", letter)
        if raw == letter and raw not in "IO":
            return Word("letter", raw, "", raw)
        if raw == "I" and not self.text.startswith(" mean", end):
            return Word("letter", "I", "", "I")
        return WORDS.get(low)

    def _put(self, word: Word, start: int, end: int) -> None:
        run = self._run
        if word.kind == "correction" and run and run[-1].kind == "correction":
            run[-1] = run[-1]._replace(end=end)
        elif word.value == "-" and run and run[-1].value == "/" and run[-1].end + 1 == start:
            run[-1] = run[-1]._replace(end=end)  # "skrå streg"
        else:
            run.append(
                Token(
                    start, max(end, self._after), word.kind, word.value, word.place, word.letter,
                    word.is_english, self._joined, self._paused,
                )
            )  # fmt: skip
        self._fillers = 0
        self._joined = self._paused = self._marked = False

    def _between(self, gap: str, start: int, raw: str) -> None:
        """Signs between two words: a joint when they tie digits, a pause otherwise."""
        run = self._run
        last = run[-1] if run else None
        if last is not None and last.end == self._after and len(gap) <= 1:
            sign = _SIGN_OF.get(gap)
            is_digit = raw[0] in "0123456789"
            ties = last.place == "w" and (is_digit or (sign == "-" and len(raw) == 1))
            if sign and ties:
                run.append(Token(self._after, start, "sign", sign, written=True))
            if not gap or sign == "-" or (sign and ties):
                return
        self._paused |= _LINE.search(gap) is not None

    def _sign_follows(self, end: int) -> bool:
        following = _WORD.match(self.text, end + 1)
        word = WORDS.get(following.group().lower()) if following else None
        return word is not None and word.kind == "sign"

    def _spelling_end(self, letter: str, end: int) -> int:
        """Where "som i Peter" ends that stands after a letter; `end` when it does not."""
        match = _AS_IN.match(self.text, end)
        return match.end() if match and match[1][0].upper() == letter else end
