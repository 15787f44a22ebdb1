"""The linker as a whole: made once from the tables, asked about one communication at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from connector.linking.communication import Communication
from connector.linking.decision import decide
from connector.linking.inquiry import Tools
from connector.linking.keys import CaseFinder
from connector.linking.patterns import Hit, Scanner, compile_patterns
from connector.linking.reading import Reader
from connector.linking.rules import Rules
from connector.linking.subject import Earlier, Recent, Subject
from connector.linking.topic import Topics, compile_topics
from connector.model import Decision


class Linker:
    """Reads communications and decides. Holds no state; safe to share between threads."""

    def __init__(
        self,
        scanner: Scanner,
        topics: Topics,
        rules: Rules,
        zone: ZoneInfo,
        own_domains: Iterable[str] = (),
    ) -> None:
        self.scanner = scanner
        self.topics = topics
        self.rules = rules
        self._tools = Tools(scanner, topics, rules, zone)
        self._reader = Reader(scanner, own_domains)

    def read(self, its: Communication) -> Subject:
        """What the communication says of itself."""
        return self._reader.read(its)

    def find(self, text: str) -> tuple[Hit, ...]:
        """Case numbers in a text, written or said."""
        return self._reader.find(text)

    def decide(
        self,
        subject: Subject,
        cases: CaseFinder,
        earlier: Earlier | None = None,
        recent: Sequence[Recent] = (),
    ) -> Decision:
        """Linked, waiting for a person, or unlinked; see connector/linking/decision.py."""
        return decide(subject, cases, self._tools, earlier, recent)


def make_linker(
    numbers: Mapping[str, Any],
    subjects: Mapping[str, Any],
    patterns: Sequence[str] = (),
    *,
    rules: Rules | None = None,
    zone: ZoneInfo | None = None,
    own_domains: Iterable[str] = (),
) -> Linker:
    """From mappings/case-numbers.toml and mappings/subjects.toml, given as dictionaries.

    Raises ConfigError with every problem of a table at once.
    """
    return Linker(
        compile_patterns(numbers, patterns),
        compile_topics(subjects),
        rules or Rules(),
        zone or ZoneInfo("Europe/Copenhagen"),
        own_domains,
    )
