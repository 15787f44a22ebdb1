"""Is this mail a voicemail or a missed-call notice, and what does it say? Pure.

By its message class first; the class can be lost on the way to an on-premises mailbox, then by the
Content-Class header, then by a recording together with the reply address, a sender that is a
telephone number, or a caller's number and a length. Never by a telephone property alone: other
features leave those properties on ordinary mails. Facts: Open Specifications
MS-OXOUM, MS-OXCMAIL, MS-OXPROPS, read 2026-11-21.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import quote

import msgspec

from connector.http import Answer
from connector.model import Attachment, Call, Direction, Item, Kind, Party, Problem
from connector.sources.teams.messages import moment
from connector.sources.text import plain
from connector.typed import read_json

_CLASS = "String 0x001A"
_DURATION, _NUMBER, _NAME, _ORDER = (
    "Integer 0x6801",
    "String 0x6802",
    "String 0x6803",
    "String 0x6805",
)
_UM = "{4442858E-A9E3-4E80-B900-317A210CC15B}"
_MIME = "{00020386-0000-0000-C000-000000000046}"
_CALLBACK = f"String {_UM} Name PstnCallbackTelephoneNumber"
_NOTE = f"String {_UM} Name UMAudioNotes"
_HEADER_NUMBER = f"String {_MIME} Name X-CallingTelephoneNumber"
_HEADER_DURATION = f"String {_MIME} Name X-VoiceMessageDuration"
_HEADER_ORDER = f"String {_MIME} Name X-AttachmentOrder"
_HEADER_CLASS = f"String {_MIME} Name content-class"
ASKED = (
    *(_CLASS, _DURATION, _NUMBER, _NAME, _ORDER, _CALLBACK, _NOTE),
    _HEADER_NUMBER,
    _HEADER_DURATION,
    _HEADER_ORDER,
    _HEADER_CLASS,
)
_WANTED = " or ".join(f"id eq '{one}'" for one in ASKED)
EXPAND = f"singleValueExtendedProperties($filter={quote(_WANTED, safe='')})"

_VOICEMAIL = (  # prefixes, in lower case
    "ipm.note.microsoft.voicemail",
    "ipm.note.rpmsg.microsoft.voicemail",
    "ipm.note.microsoft.voicemessage",
    "ipm.note.microsoft.exchange.voice",
)
_MISSED = "ipm.note.microsoft.missed.voice"
_CONTENT_CLASS = {"voice": "voicemail", "voice-ca": "voicemail", "missedcall": "missed"}
_NO_REPLY = "noreply@skype.voicemail.microsoft.com"
_PHONE = re.compile(r"^\+?[\d(][\d\s().*/-]{2,}$")
_SOUNDS = (".mp3", ".wav", ".wma", ".gsm", ".m4a", ".ogg", ".amr")


class Address(msgspec.Struct):
    """A name and an address, or what stands in its place (a telephone number)."""

    name: str | None = None
    address: str | None = None


class Recipient(msgspec.Struct, rename="camel"):
    """A sender or receiver."""

    email_address: Address | None = None


class Property(msgspec.Struct):
    """An extended property by Graph's name of it ("String 0x6802"); the value is always text."""

    id: str
    value: str | None = None


class Header(msgspec.Struct):
    """A line of the mail's head."""

    name: str
    value: str | None = None


class Body(msgspec.Struct, rename="camel"):
    """The words of a mail; the type is html or text."""

    content: str | None = None
    content_type: str | None = None


class Letter(msgspec.Struct, rename="camel"):
    """A mail; from a delta it has no text. Dates are text, because some are malformed."""

    id: str
    internet_message_id: str | None = None
    received_date_time: str | None = None
    sent_date_time: str | None = None
    sender: Recipient | None = msgspec.field(name="from", default=None)
    reply_to: list[Recipient] | None = None
    has_attachments: bool | None = None
    properties: list[Property] | None = msgspec.field(
        name="singleValueExtendedProperties", default=None
    )
    subject: str | None = None
    body: Body | None = None
    internet_message_headers: list[Header] | None = None
    removed: dict[str, object] | None = msgspec.field(name="@removed", default=None)


class File(msgspec.Struct, rename="camel"):
    """An attachment without its bytes."""

    id: str
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    is_inline: bool | None = None


class _Files(msgspec.Struct):
    value: list[File]


class _List(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class MailPage(msgspec.Struct, frozen=True):
    """One page of a folder's changes."""

    letters: tuple[Letter, ...] = ()
    problems: tuple[Problem, ...] = ()
    next: str = ""
    delta: str = ""


def parse_page(source: str, mailbox: str, answer: Answer) -> MailPage:
    """The mails on a page. Rows that only say "removed" are left out: nothing is deleted here."""
    page = read_json(answer.body, _List)
    letters, problems = [], []
    for raw in page.value:
        try:
            letter = read_json(raw, Letter)
        except msgspec.DecodeError as error:
            reason = f"mail not readable: {error}"
            problems.append(
                Problem(source=source, part=mailbox, key="", reason=reason, raw=bytes(raw))
            )
            continue
        if letter.removed is None:
            letters.append(letter)
    return MailPage(tuple(letters), tuple(problems), page.next or "", page.delta or "")


def parse_letter(answer: Answer) -> Letter:
    """One mail, opened."""
    return read_json(answer.body, Letter)


def parse_files(answer: Answer) -> list[File]:
    """The attachments of a mail."""
    return read_json(answer.body, _Files).value


@lru_cache(maxsize=1024)  # the same few for each of a hundred thousand mails
def property_key(text: str) -> tuple[str, str, str]:
    """(type, set, number or name) of a property id; answers write 0x1a where 0x001A was asked."""
    kind, _, rest = text.strip().partition(" ")
    group, name, word = rest.partition(" Name ")
    if name:
        return kind.lower(), group.strip("{} ").lower(), word.strip().lower()
    try:
        return kind.lower(), "", str(int(rest, 16))
    except ValueError:
        return kind.lower(), "", rest.lower()


_Properties = Mapping[tuple[str, str, str], str]


def _properties(letter: Letter) -> _Properties:
    return {property_key(one.id): one.value or "" for one in letter.properties or ()}


def _get(properties: _Properties, *names: str) -> str:
    """The first of these properties that has a value."""
    return next(filter(None, (properties.get(property_key(name), "") for name in names)), "")


def phone_in(text: str) -> str:
    """A telephone number, or "" for what stands in its place ("IPM.Note", a SIP address)."""
    text = text.strip().removeprefix("tel:")
    return text if _PHONE.match(text) and sum(c.isdigit() for c in text) >= 3 else ""


def _address(one: Recipient | None) -> str:
    found = one.email_address.address if one and one.email_address else None
    return (found or "").strip()


def key(letter: Letter) -> str:
    """What names the mail in its mailbox for ever."""
    return letter.internet_message_id or letter.id


def version(letter: Letter) -> str:
    """What the mail says of itself. Not changeKey, which changes when somebody only reads it."""
    properties = _properties(letter)
    said = [letter.received_date_time or "", _address(letter.sender)]
    said += [_get(properties, one) for one in (_CLASS, _DURATION, _NUMBER, _CALLBACK, _NOTE)]
    return hashlib.blake2b("\x1f".join(said).encode(), digest_size=8).hexdigest()


def content_class(letter: Letter) -> str:
    """The Content-Class header, in lower case, where it is known."""
    headers = {h.name.lower(): h.value or "" for h in letter.internet_message_headers or ()}
    found = headers.get("content-class", "") or _get(_properties(letter), _HEADER_CLASS)
    return found.strip().lower()


def duration_s(letter: Letter) -> int | None:
    """How long it took in seconds, None when that cannot be true."""
    return _seconds(_get(_properties(letter), _DURATION, _HEADER_DURATION))


def is_candidate(letter: Letter) -> bool:
    """Whether the mail is worth opening: it is one, or something about it says it may be."""
    properties = _properties(letter)
    if by_class(_get(properties, _CLASS)) or _by_content_class(_get(properties, _HEADER_CLASS)):
        return True
    if any(_address(one).lower() == _NO_REPLY for one in letter.reply_to or ()):
        return True
    if not letter.has_attachments:
        return False
    number = phone_in(_get(properties, _NUMBER, _HEADER_NUMBER)) or phone_in(
        _address(letter.sender)
    )
    return bool(number)


def by_class(text: str) -> str:
    """voicemail, missed or "", as a message class says."""
    text = text.lower()
    if text.startswith(_VOICEMAIL) or text.endswith(".microsoft.voicemail"):
        return "voicemail"
    return "missed" if text.startswith(_MISSED) else ""


def _by_content_class(text: str) -> str:
    return _CONTENT_CLASS.get(text.strip().lower(), "")


def _what(letter: Letter, properties: _Properties, files: Sequence[File]) -> tuple[str, str]:
    """(voicemail, missed or "", how that was seen)."""
    found = by_class(_get(properties, _CLASS))
    if found:
        return found, ""
    found = _by_content_class(content_class(letter))
    if found:
        return found, "class lost, known by Content-Class"
    has_sound = any(_is_sound(one) for one in files)
    if has_sound and any(_address(one).lower() == _NO_REPLY for one in letter.reply_to or ()):
        return "voicemail", "class lost, known by the reply address"
    if has_sound and phone_in(_address(letter.sender)):
        return "voicemail", "class lost, known by its sender's number"
    number = phone_in(_get(properties, _NUMBER, _HEADER_NUMBER))
    if has_sound and number and _seconds(_get(properties, _DURATION, _HEADER_DURATION)):
        return "voicemail", "class lost, known by its telephone properties and recording"
    return "", ""


def item(
    source: str,
    mailbox: str,
    row: Letter,
    letter: Letter,
    files: Sequence[File],
    raw: bytes,
    path: str,
    max_bytes: int,
) -> Item | None:
    """A voicemail, or a missed call as a sighting; None when the mail is neither after all.

    `row` is the mail as the delta gave it (the version is made of it), `letter` as opened; its
    attachments are at `path`. A protected voicemail is kept with a note: nobody can play it here.
    """
    properties = _properties(letter)
    what, flag = _what(letter, properties, files)
    at, odd = moment(letter.sent_date_time or letter.received_date_time)
    received, _ = moment(letter.received_date_time)
    at = at or received
    if not what or at is None:
        return None
    is_protected = "rpmsg" in _get(properties, _CLASS).lower()
    flags = [one for one in (flag, odd, "protected" if is_protected else "") if one]
    duration_s = _seconds(_get(properties, _DURATION, _HEADER_DURATION))
    call = _call(letter, properties, mailbox, at, duration_s, what == "voicemail")
    words, note = "", _get(properties, _NOTE)
    if letter.body and letter.body.content:
        words = plain(letter.body.content, is_html=letter.body.content_type != "text").text
    return Item(
        source=source,
        thread=mailbox,
        key=key(row),
        version=version(row),
        kind=Kind.VOICEMAIL if what == "voicemail" else Kind.SIGHTING,
        sent_at=at,
        modified_at=received or at,
        raw=raw,
        text=f"{words}\n{note}".strip() if note else words,
        subject=letter.subject or "",
        sender=call.caller.phone or call.caller.mail,
        sender_name=call.caller.name,
        direction=call.direction,
        parties=call.parties,
        attachments=_attachments(files, properties, path, max_bytes, is_protected),
        call=call,
        duration_s=duration_s if what == "voicemail" else 0,
        flags=tuple(flags),
    )


def _call(
    letter: Letter,
    properties: _Properties,
    mailbox: str,
    at: datetime,
    duration_s: int | None,
    is_voicemail: bool,
) -> Call:
    """The call that left it. It ended when the mail was sent."""
    address = _address(letter.sender)
    number = phone_in(_get(properties, _CALLBACK)) or phone_in(
        _get(properties, _NUMBER, _HEADER_NUMBER)
    )
    number = number or phone_in(address)
    who = letter.sender.email_address if letter.sender else None
    shown = who.name if who else ""
    name = _get(properties, _NAME) or shown or ""
    caller = Party(
        phone=number,
        name="" if phone_in(name) else name,
        mail=address if "@" in address and address.lower() != _NO_REPLY else "",
        role="from",
    )
    is_mail = "@" in mailbox
    callee = Party(person="" if is_mail else mailbox, mail=mailbox if is_mail else "", role="to")
    is_colleague = bool(caller.mail) and not number
    return Call(
        started_at=at - timedelta(seconds=duration_s or 0),
        ended_at=at,
        direction=Direction.INTERNAL if is_colleague else Direction.INBOUND,
        is_answered=False,
        caller=caller,
        callees=(callee,),
        went_to_voicemail=is_voicemail,
    )


def _seconds(text: str) -> int | None:
    try:
        seconds = int(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < 86_400 else None


def _is_sound(file: File) -> bool:
    kind = (file.content_type or "").lower()
    return kind.startswith("audio/") or (file.name or "").lower().endswith(_SOUNDS)


def _attachments(
    files: Sequence[File], properties: _Properties, path: str, max_bytes: int, is_protected: bool
) -> tuple[Attachment, ...]:
    """Recordings first, the newest first, as the order property says; then the rest."""
    order = [_as_stored(n) for n in _get(properties, _ORDER, _HEADER_ORDER).split(";")]

    def place(file: File) -> tuple[bool, int]:
        name = _as_stored(file.name or "")
        return not _is_sound(file), order.index(name) if name in order else len(order)

    return tuple([_attachment(f, path, max_bytes, is_protected) for f in sorted(files, key=place)])


def _as_stored(name: str) -> str:
    """A file name as servers keep it: "<1>.mp3" has been seen to become "_1_.mp3"."""
    return re.sub(r'[<>:"/\\|?*]', "_", name.strip().lower())


def _attachment(file: File, path: str, max_bytes: int, is_protected: bool) -> Attachment:
    ref, note = f"{path}/{quote(file.id, safe='')}", ""
    if is_protected and (file.name or "").lower().endswith(".rpmsg"):
        ref, note = "", "protected voicemail: only its recipient can open it, in Outlook"
    elif file.size is not None and file.size > max_bytes:
        ref, note = "", f"larger than {max_bytes >> 20} MB, not fetched"
    return Attachment(
        name=file.name or "attachment",
        ref=ref,
        content_type=file.content_type or "",
        size_bytes=None,  # Graph's size counts the attachment's properties too
        role="audio" if _is_sound(file) or is_protected else "file",
        note=note,
    )
