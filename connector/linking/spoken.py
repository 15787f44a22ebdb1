"""Finds case numbers that were spoken: in voicemail transcripts, and in chats that quote them.

Words become tokens, tokens are shared over the groups of each pattern's shape, and what comes out
is written down and given to the same scanner that reads written numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from connector.identity import is_cpr
from connector.linking.patterns import MAX_REPEATS, Hit, Pattern, Scanner
from connector.linking.spoken_contexts import announced, is_amount, is_other
from connector.linking.spoken_fits import Fit, Fitter
from connector.linking.spoken_gate import any_number_from, flattened, number_from, run_from
from connector.linking.spoken_shapes import Shape, shapes
from connector.linking.spoken_tokens import Lexer
from connector.linking.spoken_words import Token

_TRANSCRIPT = 20_000  # characters; longer ones are looked at as quickly as messages
MAX_WAYS = 4  # ways to read one spoken number that are offered
_MARGIN = 4  # cost above the best at which a way is not worth offering
_MOST = 256  # tokens looked at in one go: bounds the memory
_LONGEST = 48  # tokens of one spoken number, with corrections
_PHONE_DIGITS = 8
_RUNS_ON = 8  # cost of a number right behind, after a pause
_UNCLEAN = 8  # cost of a number right before or behind


class Speech:
    """Reads spoken numbers with the enabled patterns. Safe to share between threads."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._scanner = Scanner(patterns)
        self._shapes: tuple[Shape, ...] = shapes(patterns)
        self._with_words = any(shape[0].kind != "digits" for shape in self._shapes)

    def find(self, text: str, *, is_speech: bool = False) -> tuple[Hit, ...]:
        """All spoken numbers, in order of place; `raw` is the words as they stand in the text.

        A transcript (`is_speech`) of usual length is looked at more closely than a chat message.

        A number that can be read in several ways gives up to MAX_WAYS hits, the likeliest first.
        Time grows with the length of the text, no faster.
        """
        flat = flattened(text)
        search = any_number_from if is_speech and len(text) <= _TRANSCRIPT else number_from
        place = search(flat, 0)
        return tuple(self._all(text, flat, place, search)) if place >= 0 else ()

    def _all(
        self, text: str, flat: str, place: int, search: Callable[[str, int], int]
    ) -> Iterator[Hit]:
        lexer = Lexer(text, keep_words=self._with_words)
        seen: set[str] = set()
        count = done = 0
        while place >= 0:
            run = lexer.read(run_from(flat, place, done), place, _MOST)
            is_cut = len(run) >= _MOST
            last = len(run) - _LONGEST if is_cut else len(run)
            reader = _Reader(text, run, self._shapes, self._scanner)
            for hit in reader.hits(done, last):
                if count < MAX_REPEATS or hit.number not in seen:
                    count += 1
                    seen.add(hit.number)
                    yield hit
            done = max(reader.done, run[last].start) if is_cut else max(lexer.end, place + 1)
            place = search(flat, done)


class _Reader:
    """The numbers in one run of tokens."""

    def __init__(
        self, text: str, run: Sequence[Token], shapes: Sequence[Shape], scanner: Scanner
    ) -> None:
        self._text = text
        self._run = run
        self._scanner = scanner
        self._fitter = Fitter(run, shapes)
        self._ahead = _marks_ahead(run)
        self._label = ""  # what the words before the run announce
        self.done = 0  # place in the text behind the last hit

    def hits(self, low: int, last: int) -> Iterator[Hit]:
        """The hits that begin at the place `low` or later, at a token before `last`."""
        at, after = 0, -1
        while at < last:
            found: list[tuple[Fit, Hit]] = []
            if self._run[at].start >= low:
                found = self._at(at, after)
            for _, hit in found:
                yield hit
            if found:
                at = after = max(fit.end for fit, _ in found)
                self.done = self._run[at - 1].end
            else:
                at += 1

    def _at(self, at: int, after: int) -> list[tuple[Fit, Hit]]:
        """What can begin at this token; `after` is where the hit before ended."""
        run = self._run
        if run[at].kind in ("sign", "correction"):
            return []
        # A label touches the run's first word; everywhere else a letter or a sign must be near.
        is_first = at == 0 or run[at - 1].kind == "word"
        if is_first:
            self._label = announced(self._text, run[at].start)
        label = self._label if is_first or self._label == "other" else ""
        if label in ("", "other") and self._ahead[at] - at > _LONGEST // 3:
            return []
        is_clean = self._is_clean_start(at, after)
        if not is_clean and not self._is_marked(at):
            return []
        ways: list[tuple[int, Fit]] = []
        for fit in self._fitter.fits(at):
            end_cost = self._end_cost(at, fit)
            if end_cost is None or not self._is_evidence(at, fit, label):
                continue
            if not is_clean and fit.unsaid(".-/:"):
                continue
            ways.append((fit.cost + end_cost + (0 if is_clean else _UNCLEAN), fit))
        return self._offered(at, ways, label in ("case", "number"))

    def _offered(
        self, at: int, ways: list[tuple[int, Fit]], is_labelled: bool
    ) -> list[tuple[Fit, Hit]]:
        """The likeliest ways as hits, in order of cost, then of the longer last group."""
        ways.sort(key=lambda way: (way[0], -len(way[1].parts[-1].text), way[1].written))
        found: dict[str, tuple[Fit, Hit]] = {}
        seen: set[str] = set()
        for cost, fit in ways:
            if cost > ways[0][0] + _MARGIN or len(seen) >= MAX_WAYS:
                break
            start, end = self._run[at].start, self._run[fit.end - 1].end
            hits = self._as_written(fit.written, is_labelled)
            if hits:
                seen.add(hits[0].number)
            for hit in hits:
                place = {"raw": self._text[start:end], "start": start, "end": end}
                said = msgspec.structs.replace(hit, labelled=is_labelled, **place)
                found.setdefault(hit.number, (fit, said))
        return list(found.values())

    def _as_written(self, written: str, is_labelled: bool) -> list[Hit]:
        """What the scanner finds in the number as one writes it."""
        label = "sag " if is_labelled else ""
        hits = self._scanner.find(label + written)
        return [h for h in hits if h.start == len(label) and h.end == len(label) + len(written)]

    def _is_marked(self, at: int) -> bool:
        """A group with a sign behind it and none before: a number may begin in midst of words."""
        signs = [token.kind == "sign" for token in self._run[at - 1 : at + 4]]
        return not signs[0] and any(signs)

    def _is_clean_start(self, at: int, after: int) -> bool:
        """Nothing that belongs to another number stands right before."""
        if at in (0, after) or self._run[at].paused or self._run[at].joined:
            return True
        before = self._run[at - 1]
        is_article = before.place == "d" and before.value == "1"  # "det er en syvogtyve punktum"
        return is_article or before.kind in ("correction", "word") or at - 1 == after

    def _end_cost(self, at: int, fit: Fit) -> int | None:
        """What stands right behind the number; None when it goes on."""
        run, end = self._run, fit.end
        if end == len(run) or run[end].kind in ("correction", "letter", "word"):
            return 0
        if run[end].kind == "sign":
            if end + 1 == len(run) or run[end + 1].kind == "sign":
                return 0
            if run[end].paused or run[end + 1].paused:
                return 0
            end += 1
        if self._is_again(at, fit, end):
            return 0
        if run[end - 1].kind == "sign":
            return None
        if run[end].paused or run[end].joined:
            return _RUNS_ON
        is_whole = fit.parts[-1].words == 1 and not fit.unsaid(".-/:")
        return _UNCLEAN if is_whole else None

    def _is_again(self, at: int, fit: Fit, end: int) -> bool:
        """Whether the number that began at `at` begins once more: people say it twice."""
        return self._run[end].value[:1] == self._run[at].value[:1] and any(
            other.written == fit.written for other in self._fitter.fits(end)
        )

    def _is_evidence(self, at: int, fit: Fit, label: str) -> bool:
        """Whether this is said as a case number is, and not as some other number."""
        if self._is_plain_writing(at, fit):
            return False
        if fit.shape[0].kind != "digits":
            return self._is_code(at, fit, label)
        if fit.has_letters():
            return not _ends_as_phone(fit)
        digits = fit.digits
        if label == "other" or is_amount(self._text, self._run[fit.end - 1].end):
            return False
        if len(digits) == _PHONE_DIGITS and fit.unsaid("."):
            return False
        if (fit.said() < 2 or fit.unsaid("-/:")) and is_cpr(digits):
            return False
        if fit.said() == 0:
            # Digits alone: only right behind a label, and a short number only behind "sagsnummer".
            is_phone = len(digits) == _PHONE_DIGITS or digits.startswith("45")
            enough = label == "number" or (label == "case" and len(fit.parts) > 3)
            return enough and not is_phone
        return label in ("case", "number") or not fit.unsaid("-/:")

    def _is_code(self, at: int, fit: Fit, label: str) -> bool:
        """A number that begins with letters, like GEO-2022-033830."""
        first = self._run[at]
        if label == "other" or (first.kind == "word" and is_other(first.value)):
            return False
        is_spelled = first.kind == "letter" and fit.parts[0].words > 1
        return bool(label) or fit.said() > 0 or is_spelled

    def _is_plain_writing(self, at: int, fit: Fit) -> bool:
        """Written with its signs, as the scanner reads it; nothing was said."""
        tokens = self._run[at : fit.end]
        return all(
            t.place == "w" or t.written or (t.kind == "letter" and t.end - t.start == 1)
            for t in tokens
        ) and bool(self._scanner.find(self._text[tokens[0].start : tokens[-1].end]))


def _marks_ahead(run: Sequence[Token]) -> list[int]:
    """For each token where the next sign or letter stands; beyond the run when there is none."""
    found = [0] * (len(run) + 1)
    near = found[len(run)] = len(run) + _LONGEST
    for place in range(len(run) - 1, -1, -1):
        if run[place].kind == "sign" or run[place].letter:
            near = place
        found[place] = near
    return found


def _ends_as_phone(fit: Fit) -> bool:
    """ "27 45 04 P 19. Tolv fireogtredive ...": a KLE code, and eight digits in pairs or singly."""
    tail = fit.parts[-2:]
    digits = len("".join(part.text for part in tail))
    words = sum(part.words for part in tail)
    return digits == _PHONE_DIGITS and words in (4, 8) and not any(part.sign for part in tail)
