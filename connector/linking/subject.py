"""What a communication says of itself, read once and ready for the rules."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from connector.linking.communication import Shape
from connector.linking.patterns import Hit
from connector.linking.relayed import Relayed
from connector.linking.remarks import Remark

READ_CHARS = 100_000  # of a text, without its mark-up; some forty pages


class Naming(NamedTuple):
    """A proposed case number and how it was named."""

    hit: Hit
    where: str  # text | subject | link | file | quoted
    remark: Remark = Remark.NONE
    is_spoken: bool = False
    is_mended: bool = False  # letters in digit places were read as digits


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A communication as the rules see it.

    `named` stands in the sender's own words, subject, file names or links of our own; a number
    that a correction put another in place of is left out. `phones` are whole outside numbers in
    E.164, `masked` what is known of the others. `workers` are the user principal names, in lower
    case, of our staff who take part, `receivers` those of them it went to.
    """

    kind: Shape
    started: datetime
    direction: str = ""
    text: str = ""  # own words, plain
    named: tuple[Naming, ...] = ()
    quoted: tuple[Naming, ...] = ()
    phones: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    workers: frozenset[str] = frozenset()
    receivers: frozenset[str] = frozenset()
    relayed: Relayed | None = None
    names: tuple[str, ...] = ()  # of persons, in its own words
    is_cut: bool = False  # only the first READ_CHARS of it were read
    departments: frozenset[str] = frozenset()  # of `workers`, in the spelling of `department_key`

    @property
    def is_plain(self) -> bool:
        """It holds nothing to go by; at most its thread says which case it belongs to."""
        return not (self.names_something or self.relayed or self.names or self.is_cut)

    @property
    def names_something(self) -> bool:
        """It names a number, or somebody from outside takes part."""
        return bool(self.named or self.quoted or self.phones or self.masked or self.mails)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every spelling of every case number in it, each once."""
        if not self.named and not self.quoted:
            return ()
        return tuple(
            dict.fromkeys(
                number for each in (*self.named, *self.quoted) for number in each.hit.numbers
            )
        )

    @property
    def is_phone(self) -> bool:
        """A call, answered or not, or a voicemail."""
        return self.kind in PHONE


# No set: to hash a member of an enumeration takes longer than to compare it with three.
PHONE = (Shape.CALL, Shape.MISSED_CALL, Shape.VOICEMAIL)


class Earlier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an earlier communication linked this thread to.

    `is_direct`: nothing was said since then, so that "yes, do that" answers it. `has_drifted`: it
    was about something else.
    """

    case_number: str
    seconds_ago: float
    cases_in_thread: int = 1
    has_drifted: bool = False
    is_direct: bool = True


class Recent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A communication with the same telephone number that was linked shortly before."""

    case_number: str
    kind: Shape
    seconds_ago: float
    workers: frozenset[str] = frozenset()
