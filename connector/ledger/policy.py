"""What the ledger needs to know to decide and to owe: settings turned into values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.linking import Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How items are linked and when they are journaled."""

    scanner: Scanner
    zone: ZoneInfo
    thread_s: int = 24 * 3600  # how long a thread carries its case on
    quiet_s: int = 3600  # a conversation is written this long after its last message
    links_by_phone: bool = True
    keeps_attachments: bool = True
    excluded: frozenset[str] = frozenset()  # directory ids of whom nothing is kept
    sinks: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # directory id -> display name
    upns: Mapping[str, str] = field(default_factory=dict)  # directory id -> user principal name
