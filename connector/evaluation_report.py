"""What `casethread evaluate` tells: for a person in 80 columns, for a program as one value."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connector import locale, screen
from connector.evaluation import LINKED, NONE, SUGGESTED, Band, Judged, Result, Share, Tally
from connector.evaluation_input import Fault

SHOWN = 20  # lines of a list of faults or notes; --json has all
_NAMED = 5  # numbers or ids that a note names
_WIDTH = 78


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read before anything was judged."""

    items: int
    labelled: int
    cases: int
    patterns: Sequence[str]
    patterns_from: str = "given"  # | configured | found (by the register's numbers) | none (fits)
    configuration: str = ""  # the file whose rules were used; "" for the program's own
    faults: Sequence[Fault] = ()
    register_notes: Sequence[str] = ()
    doubled: Sequence[str] = ()
    is_sorted: bool = True
    without_zone: int = 0


class Teller:
    """Tells in one language; `say` takes a line."""

    def __init__(self, language: str, say: Callable[[str], object] = screen.say) -> None:
        self._language = language
        self._say = say

    def tell(self, reading: Reading, result: Result, *, with_missed: bool) -> None:
        """What was read, the scores, the tables, and every wrong link."""
        self.tell_reading(reading, result)
        self._states(reading, result)
        if not result.total.items:
            self._rules(result)
            return
        self._scores(result)
        self._tallies("rule", result.by_rule, self._rule)
        self._tallies("kind", result.by_kind, lambda kind: self._text(f"evaluate.kind.{kind}"))
        self._tallies("label", result.by_label, str)
        self._bands(result.bands)
        self._list("wrong", result.wrong)
        if with_missed:
            self._list("missed", result.missed)

    def tell_reading(self, reading: Reading, result: Result) -> None:
        """What was read, and what in it a person should look at."""
        used = "evaluate.rules" if reading.configuration else "evaluate.rules_ours"
        self._say(screen.printable(self._text(used, path=reading.configuration)))
        counts = {name: getattr(reading, name) for name in ("items", "labelled", "cases")}
        numbers = {name: locale.number(count, self._language) for name, count in counts.items()}
        self._say(self._text("evaluate.read", **numbers))
        for line in notes(reading, result, self._language):
            self._wrapped(line)
        if reading.faults:
            self._say("")
            self._say(self._text("evaluate.faults", count=len(reading.faults)))
            self._some([fault_text(fault, self._language) for fault in reading.faults])
        if reading.register_notes:
            self._say("")
            self._say(self._text("evaluate.notes"))
            self._some(reading.register_notes)

    def _states(self, reading: Reading, result: Result) -> None:
        self._say("")
        labels = {state: self._text(f"evaluate.state.{state}") for state in STATES}
        width = max(map(len, labels.values()))
        for state, words in labels.items():
            of = self._text(
                "evaluate.of",
                n=locale.number(result.states.get(state, 0), self._language),
                of=locale.number(reading.items, self._language),
            )
            self._say(f"{words:<{width}}  {of}")

    def _scores(self, result: Result) -> None:
        self._say("")
        scores = result.scores()
        names = {name: self._text(f"evaluate.{name}") for name in scores}
        width = max(map(len, names.values()))
        for name, share in scores.items():
            percent = "-" if share.share is None else f"{self._percent(share.share)} %"
            self._say(f"{names[name]:<{width}}  {percent:>8}  {self._interval(share)}".rstrip())
            self._wrapped(self._text(f"evaluate.{name}.about"), "    ")
        self._wrapped(self._text("evaluate.about_interval"))

    def _interval(self, share: Share) -> str:
        n, of = (locale.number(count, self._language) for count in (share.n, share.of))
        if share.low is None or share.high is None:
            return self._text("evaluate.of", n=n, of=of)
        low, high = self._percent(share.low), self._percent(share.high)
        return self._text("evaluate.interval", n=n, of=of, low=low, high=high)

    def _rules(self, result: Result) -> None:
        """Without labels: how often each rule decided what."""
        rows = [
            (self._rule(rule), *(str(states.get(state, 0)) for state in STATES))
            for rule, states in sorted(result.rules.items(), key=lambda pair: -_sum(pair[1]))
        ]
        self._headed("by_rule", ("rule", "linked", "suggested", "none"), rows)

    def _tallies(self, what: str, tallies: Mapping[str, Tally], name: Callable[[str], str]) -> None:
        # The reasons have the longest names; whether there is a case says little of a reason.
        first = ("items",) if what == "rule" else ("items", "with_case")
        fields = (*first, "linked", "right", "wrong", "suggested", "suggested_right")
        rows = [
            (name(key), *(str(getattr(tally, field)) for field in fields))
            for key, tally in sorted(
                tallies.items(), key=lambda pair: _order(pair[0], pair[1], what)
            )
        ]
        self._headed(f"by_{what}", (what, *fields[:-1], "right"), rows)

    def _bands(self, bands: Sequence[Band]) -> None:
        ends = [*(band.low for band in bands[1:]), 1.0]
        rows = [
            (
                f"{band.low:.2f}-{end:.2f}".replace(".", self._point),
                str(band.items),
                f"{self._percent(band.mean)} %",
                f"{self._percent(band.right / band.items)} %",
            )
            for band, end in zip(bands, ends, strict=True)
            if band.items
        ]
        self._headed("calibration", ("confidence", "items", "mean", "share"), rows)

    def _headed(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table with its figures to the right. Rich's own would cut names in 80 columns."""
        if not rows:
            return
        self._say("")
        self._say(self._text(f"evaluate.{title}"))
        lines = [[self._text(f"evaluate.column.{name}") for name in columns], *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for name, *figures in lines:
            cells = [f"{cell:>{width}}" for cell, width in zip(figures, widths[1:], strict=True)]
            self._say("  ".join([f"{name:<{widths[0]}}", *cells]))

    def _list(self, what: str, listed: Sequence[Judged]) -> None:
        self._say("")
        if not listed:
            self._say(self._text(f"evaluate.{what}_none"))
            return
        self._say(self._text(f"evaluate.{what}", count=len(listed)) + ":")
        for one in listed:
            kind = self._text(f"evaluate.kind.{one.kind}")
            head = (str(one.id), kind, f"{one.started:%Y-%m-%d %H:%M} UTC", self._by(one))
            self._wrapped("  ".join(head), "  ", hanging="    ")
            self._wrapped(self._verdict(one), "    ")
            if one.excerpt:
                self._wrapped(f'"{one.excerpt}"', "    ")

    def _verdict(self, one: Judged) -> str:
        expected = one.expected or self._text("evaluate.case_none")
        got = "evaluate.linked_to" if one.state == LINKED else "evaluate.suggested_to"
        key = got if one.case else "evaluate.suggested_none"
        shown = (self._text("evaluate.expected", case=expected), self._text(key, case=one.case))
        return ", ".join(shown)

    def _by(self, one: Judged) -> str:
        confidence = round(100 * one.confidence)
        return self._text("evaluate.by", rule=self._rule(one.rule), confidence=confidence)

    def _rule(self, rule: str) -> str:
        return rule_text(rule, self._language)

    def _some(self, lines: Sequence[str]) -> None:
        for line in lines[:SHOWN]:
            self._wrapped(f"- {line}", "  ", hanging="    ")
        if len(lines) > SHOWN:
            self._say("  " + self._text("evaluate.more", count=len(lines) - SHOWN))

    def _wrapped(self, line: str, indent: str = "", hanging: str | None = None) -> None:
        rest = indent if hanging is None else hanging
        shown = screen.printable(line)
        for part in textwrap.wrap(shown, _WIDTH, initial_indent=indent, subsequent_indent=rest):
            self._say(part)

    def _text(self, key: str, **values: object) -> str:
        return locale.text(key, self._language, **values)

    def _percent(self, share: float) -> str:
        return f"{100 * share:.1f}".replace(".", self._point)

    @property
    def _point(self) -> str:
        return "," if self._language == "da" else "."


STATES = (LINKED, SUGGESTED, NONE)


def notes(reading: Reading, result: Result, language: str) -> Iterator[str]:
    """What a person should know before believing the figures."""

    def text(key: str, **values: object) -> str:
        return locale.text(f"evaluate.{key}", language, **values)

    patterns = ", ".join(reading.patterns)
    how = "patterns" if reading.patterns_from == "given" else f"patterns_{reading.patterns_from}"
    yield text(how, patterns=patterns)
    if not reading.items and not reading.faults:
        yield text("empty")
    if not reading.cases:
        yield text("no_cases")
    if not reading.is_sorted:
        yield text("unsorted")
    if reading.without_zone:
        yield text("without_zone", count=reading.without_zone)
    if 0 < reading.labelled < reading.items:
        yield text("unlabelled", count=reading.items - reading.labelled)
    if reading.doubled:
        yield text("doubled", count=len(reading.doubled), numbers=_few(reading.doubled))
    if result.unknown_labels:
        ids = _few([str(each) for each in result.unknown_labels])
        yield text("unknown_labels", count=len(result.unknown_labels), ids=ids)


def fault_text(fault: Fault, language: str) -> str:
    """A line that is not used, in a person's words."""
    return locale.text(f"evaluate.fault.{fault.what}", language, line=fault.line, **fault.values)


def rule_text(rule: str, language: str) -> str:
    """What people call a rule; its own name when there is no word for it."""
    key = f"rule.{rule}"
    return locale.text(key, language) if key in locale.texts(language) else rule


def as_value(
    reading: Reading, result: Result, language: str, *, with_missed: bool
) -> dict[str, Any]:
    """Everything as a value for JSON; shares are between 0 and 1, times are UTC."""
    value = {
        "items": reading.items,
        "labelled": reading.labelled,
        "cases": reading.cases,
        "configuration": reading.configuration or None,
        "patterns": list(reading.patterns),
        "states": {state: result.states.get(state, 0) for state in STATES},
        "rules": result.rules,
        "scores": result.scores() if result.total.items else {},
        "total": result.total,
        "by_rule": result.by_rule,
        "by_kind": result.by_kind,
        "by_label": result.by_label,
        "calibration": [
            {"low": band.low, "items": band.items, "mean": band.mean, "right": band.right}
            for band in result.bands
        ],
        "wrong": result.wrong,
        "notes": [*notes(reading, result, language), *reading.register_notes],
        "doubled": list(reading.doubled),
        "unknown_labels": result.unknown_labels,
        "faults": [
            {"line": fault.line, "what": fault_text(fault, language)} for fault in reading.faults
        ],
    }
    return value | ({"missed": result.missed} if with_missed else {})


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _sum(states: Mapping[str, int]) -> int:
    return sum(states.values())


def _order(name: str, tally: Tally, what: str) -> tuple[Any, ...]:
    """Label rules by number, all else with the most frequent first."""
    if what == "label":
        return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
    return (-tally.linked, -tally.items, name)
