"""What the linker is given: one communication, from the ledger or from a file to be judged by."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Shape(StrEnum):
    """What a communication is, as far as linking goes."""

    CHAT = "chat"
    CALL = "call"
    MISSED_CALL = "missed_call"
    VOICEMAIL = "voicemail"
    MEETING = "meeting"


class Participant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody who takes part. Our own staff have a `upn`; people from outside do not.

    `role` is from, to, transferred_to, organizer or attendee. `phone` is E.164, or a masked number
    that ends in asterisks, `department` as the directory has it for our own.
    """

    role: str = ""
    upn: str = ""
    mail: str = ""
    phone: str = ""
    name: str = ""
    department: str = ""


class Communication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One message, call or voicemail, in the words that the rules use.

    `quoted` is what a source already told apart from the sender's own words; what stands quoted in
    `text` itself is found by the linker. `started` is an aware time in UTC.
    """

    id: str
    kind: Shape
    started: datetime
    direction: str = ""  # inbound, outbound or internal
    participants: tuple[Participant, ...] = ()
    subject: str = ""
    text: str = ""
    quoted: str = ""
    files: tuple[str, ...] = ()  # names of attached files
    thread_id: str = ""
