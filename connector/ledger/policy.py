"""What the ledger needs to know to decide and to owe: settings turned into values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.linking.patterns import Scanner

if TYPE_CHECKING:
    from connector.linking.linker import Linker


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How items are linked and when they are journaled.

    `linker` makes the linker when the first item needs it: a sync without news never does.
    `aliases` are all the lower-case names (user principal names, addresses) of a directory id:
    those of earlier years, and those of entries that are the same person, too.
    """

    scanner: Scanner
    linker: Callable[[], Linker]
    zone: ZoneInfo
    quiet_s: int = 3600  # a conversation is written this long after its last message
    keeps_attachments: bool = True
    excluded: frozenset[str] = frozenset()  # directory ids of whom nothing is kept
    sinks: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # directory id -> display name
    upns: Mapping[str, str] = field(default_factory=dict)  # directory id -> user principal name
    aliases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # What a member of a chat writes, in lower case, to keep it private and to take that back.
    private_words: frozenset[str] = frozenset({"#privat", "#private"})
    not_private_words: frozenset[str] = frozenset({"#ikke-privat", "#not-private"})
    private_reason: str = "a member of the chat marked it as private"  # stands in the journal
