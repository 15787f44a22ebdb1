"""What the ledger needs to know to decide and to owe: settings turned into values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.identity import is_guest

if TYPE_CHECKING:
    from connector.linking.communication import Participant
    from connector.linking.linker import Linker
    from connector.linking.patterns import Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Our own people, and their guests, by directory id.

    `aliases` are all the lower-case names (user principal names, addresses) of an id: those of
    earlier years, and those of entries that are the same person, too.
    """

    names: Mapping[str, str] = field(default_factory=dict)  # as they are shown
    upns: Mapping[str, str] = field(default_factory=dict)  # user principal names
    aliases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)  # as the directory has them now
    excluded: frozenset[str] = frozenset()  # those of whom nothing is kept
    # By (id, role): each writes many messages, and is the same participant in all of them.
    participants: dict[tuple[str, str], tuple[Participant, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def is_guest(self, who: str) -> bool:
        """Whether the directory has this id as somebody from another organisation."""
        return is_guest(self.upns.get(who, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How items are linked and when they are journaled.

    What costs something to make is a function, to be asked when the first item needs it: a sync
    without news never does. Each gives the same value whenever it is asked.
    """

    patterns: Callable[[], Scanner]
    linker: Callable[[], Linker]
    zone: ZoneInfo
    staff: Callable[[], Staff] = Staff
    quiet_s: int = 3600  # a conversation is written this long after its last message
    keeps_attachments: bool = True
    sinks: tuple[str, ...] = ()
    # What a member of a chat writes, in lower case, to keep it private and to take that back.
    private_words: frozenset[str] = frozenset({"#privat", "#private"})
    not_private_words: frozenset[str] = frozenset({"#ikke-privat", "#not-private"})
    private_reason: str = "a member of the chat marked it as private"  # stands in the journal
    emptied_reason: str = "the author took the note back"  # the same

    @property
    def scanner(self) -> Scanner:
        """Finds case numbers."""
        return self.patterns()

    @property
    def names(self) -> Mapping[str, str]:
        """Directory id -> the name that is shown."""
        return self.staff().names
