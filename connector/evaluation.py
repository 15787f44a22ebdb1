"""Judges the linker on a labelled sample: runs it, keeps its predictions, and counts.

Knows neither ledger nor settings, so that a municipality can try the rules on its own data before
anything is switched on. Reads through connector/evaluation_input.py; the words are in
connector/evaluation_report.py.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from connector.errors import ConfigError
from connector.evaluation_input import Expected, Sample
from connector.identity import mask_cpr
from connector.linking.communication import Communication
from connector.model import Decision, LinkState

# One decision on each, in their order; it may read on before it gives it.
Judge = Callable[[Iterable[Communication]], Iterator[Decision]]

LINKED, SUGGESTED, NONE = "linked", "suggested", "none"
SURE = 0.95  # of every interval
BANDS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)  # of confidence; each reaches to the next
EXCERPT = 120  # characters of a communication that is shown

_Z = 1.959963984540054  # of the normal distribution, for SURE
_STEP = 500  # communications between two calls of `progress`


class Proof(msgspec.Struct, frozen=True):
    """One piece of evidence, as predictions hold it."""

    rule: str
    case: str
    where: str
    found: str
    note: str


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the predictions. `state` is linked, suggested or none."""

    id: str | int
    case: str | None
    state: str
    confidence: float
    reason: str
    evidence: tuple[Proof, ...]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """`n` of `of`, with the 95 % interval after Wilson; no share of nothing."""

    n: int
    of: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Tally(msgspec.Struct, kw_only=True):
    """What became of the labelled communications of one kind, rule or label.

    `left` have a case and were not linked. `due` are those that the labels let be linked;
    `against_label` were linked rightly although the label leaves them to a person.
    """

    items: int = 0
    with_case: int = 0
    linked: int = 0
    right: int = 0
    wrong: int = 0
    suggested: int = 0
    suggested_right: int = 0
    left: int = 0
    due: int = 0
    due_right: int = 0
    against_label: int = 0

    def add(self, one: Judged, expected: Expected) -> None:
        """Count one more."""
        is_linked, is_due = one.state == LINKED, bool(expected.link and expected.case)
        self.items += 1
        self.with_case += bool(expected.case)
        self.linked += is_linked
        self.right += is_linked and one.is_right
        self.wrong += is_linked and not one.is_right
        self.suggested += one.state == SUGGESTED
        self.suggested_right += one.state == SUGGESTED and one.is_right
        self.left += bool(expected.case) and not is_linked
        self.due += is_due
        self.due_right += is_due and is_linked and one.is_right
        self.against_label += is_linked and one.is_right and expected.link is False


class Band(msgspec.Struct, kw_only=True):
    """The proposals, linked or suggested, whose confidence is at least `low`."""

    low: float
    items: int = 0
    right: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        """Of their confidence."""
        return self.total / self.items if self.items else 0.0


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One communication with what was expected and what was decided; case numbers as written."""

    id: str | int
    kind: str
    started: datetime
    expected: str
    case: str
    state: str
    rule: str
    confidence: float
    is_right: bool
    excerpt: str


class Result(msgspec.Struct, kw_only=True):
    """All counts. `states` and `rules` count every communication, the rest those with a label."""

    states: dict[str, int] = msgspec.field(default_factory=dict)
    rules: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    total: Tally = msgspec.field(default_factory=Tally)
    by_rule: dict[str, Tally] = msgspec.field(default_factory=dict)
    by_kind: dict[str, Tally] = msgspec.field(default_factory=dict)
    by_label: dict[str, Tally] = msgspec.field(default_factory=dict)
    bands: list[Band] = msgspec.field(
        default_factory=lambda: [Band(low=low) for low in BANDS],
    )
    wrong: list[Judged] = msgspec.field(default_factory=list)
    missed: list[Judged] = msgspec.field(default_factory=list)
    unknown_labels: list[str | int] = msgspec.field(default_factory=list)
    has_links: bool = False  # some label says whether a rule may link

    def scores(self) -> dict[str, Share]:
        """The figures by which a linker is judged."""
        t = self.total
        found = {
            "precision": share(t.right, t.linked),
            "recall": share(t.right, t.with_case),
            "recall_due": share(t.due_right, t.due),
            "abstained": share(t.items - t.linked, t.items),
            "first_suggestion": share(t.suggested_right, t.left),
            "against_label": share(t.against_label, t.linked),
        }
        if not self.has_links:
            del found["recall_due"], found["against_label"]
        return found


def share(n: int, of: int) -> Share:
    """A share with its interval: with few communications, the truth may be far from the figure.

    Source: E. B. Wilson, "Probable inference ...", JASA 22 (1927).
    """
    if not of:
        return Share(n=n, of=of)
    p, square = n / of, _Z * _Z
    middle = (p + square / (2 * of)) / (1 + square / of)
    reach = _Z / (1 + square / of) * math.sqrt(p * (1 - p) / of + square / (4 * of * of))
    return Share(n=n, of=of, share=p, low=max(0.0, middle - reach), high=min(1.0, middle + reach))


class Evaluation:
    """Asks `judge` about each sample and counts.

    `canonical` gives the spelling in which numbers are compared, `is_known` whether the register
    has a number in that spelling.
    """

    def __init__(
        self, judge: Judge, canonical: Callable[[str], str], is_known: Callable[[str], bool]
    ) -> None:
        self.result = Result()
        self._judge = judge
        self._canonical = canonical
        self._is_known = is_known

    def run(
        self,
        samples: Iterable[Sample],
        out: BinaryIO | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Result:
        """Judge all, in the order given. Predictions go to `out`, a JSON object a line."""
        encode = msgspec.json.Encoder().encode
        count, waiting = 0, deque[Sample]()

        def given() -> Iterator[Communication]:
            for sample in samples:
                waiting.append(sample)
                yield sample.its

        for count, decision in enumerate(self._judge(given()), 1):
            sample = waiting.popleft()
            prediction = predict(sample, decision)
            if out is not None:
                out.write(encode(prediction) + b"\n")
            self._count(sample, prediction, decision.rule)
            if progress is not None and count % _STEP == 0:
                progress(count)
        if progress is not None:
            progress(count)
        return self.result

    def _count(self, sample: Sample, prediction: Prediction, rule: str) -> None:
        its = self.result
        states = its.rules.setdefault(rule, {})
        for counts in (its.states, states):
            counts[prediction.state] = counts.get(prediction.state, 0) + 1
        expected = sample.expected
        if expected is None:
            return
        one = self._compare(sample, expected, prediction, rule)
        tallies = [its.total, its.by_rule.setdefault(rule, Tally())]
        tallies.append(its.by_kind.setdefault(one.kind, Tally()))
        if expected.rule:
            tallies.append(its.by_label.setdefault(expected.rule, Tally()))
        for tally in tallies:
            tally.add(one, expected)
        if one.case:
            band = next(band for band in reversed(its.bands) if one.confidence >= band.low)
            band.items += 1
            band.right += one.is_right
            band.total += one.confidence
        its.has_links |= expected.link is not None
        self._list(sample, expected, one)

    def _compare(
        self, sample: Sample, expected: Expected, prediction: Prediction, rule: str
    ) -> Judged:
        case = prediction.case or ""
        is_right = bool(case) and self._canonical(case) == self._canonical(expected.case)
        return Judged(
            id=sample.id,
            kind=sample.its.kind.value,
            started=sample.its.started,
            expected=expected.case,
            case=case,
            state=prediction.state,
            rule=rule,
            confidence=prediction.confidence,
            is_right=is_right,
            excerpt="" if is_right else excerpt(sample.its),
        )

    def _list(self, sample: Sample, expected: Expected, one: Judged) -> None:
        if one.state == LINKED and not one.is_right:
            self.result.wrong.append(one)
        if one.state != LINKED and expected.case and expected.link is not False:
            shown = msgspec.structs.replace(one, excerpt=excerpt(sample.its))
            self.result.missed.append(shown)
        if expected.case and not self._is_known(self._canonical(expected.case)):
            self.result.unknown_labels.append(sample.id)


def predict(sample: Sample, decision: Decision) -> Prediction:
    """A decision as a line of the predictions."""
    case = decision.case_number
    state = NONE
    if case and decision.state is LinkState.LINKED:
        state = LINKED
    elif case and decision.state is LinkState.WAITING:
        state = SUGGESTED
    is_proposed = state != NONE
    return Prediction(
        id=sample.id,
        case=case if is_proposed else None,
        state=state,
        confidence=decision.confidence if is_proposed else 0.0,
        reason=decision.reason,
        evidence=tuple(
            Proof(rule=e.rule, case=e.case_number, where=e.where, found=e.found, note=e.note)
            for e in decision.evidence
        ),
    )


def excerpt(its: Communication) -> str:
    """The beginning of what was said, on one line and without CPR numbers."""
    said = " ".join(f"{its.subject[:EXCERPT]} {its.text[: 4 * EXCERPT]}".split())
    return mask_cpr(said)[:EXCERPT]


@contextmanager
def replacing(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file to write that takes its name only when all went well; None for no path.

    Raises ConfigError when it cannot be written there.
    """
    if path is None:
        yield None
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigError([f"{path} cannot be written: {error.strerror}"]) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
