"""Is this item for us, and what does it become? Voicemail, missed calls, saved conversations."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from lxml import etree

from connector.model import Call, Direction, Item, Kind, Party
from connector.ports import Known
from connector.sources import voicemail
from connector.sources.exchange import folders, history
from connector.sources.exchange.wire import Folder, Row
from connector.sources.teams.messages import moment
from connector.sources.voicemail import phone_in

if TYPE_CHECKING:
    from connector.sources.exchange.source import Exchange

_CONVERSATION = "ipm.note.microsoft.conversation"
_PLAIN = "ipm.note"
_SPOKEN = "ipm.note.microsoft.conversation.voice"
_MISSED = "ipm.note.microsoft.missed"
_TEAMS = "ipm.skypeteams"  # Teams keeps copies of its chats in a hidden folder; it is read itself
_NO_REPLY = "skype.voicemail.microsoft.com"
_CONTENT_CLASS = "voice-uc"


def what(row: Row, folder: Folder) -> str:
    """conversation, call, missed, voicemail (perhaps, when its class was lost) or ""."""
    kind = row.item_class.lower()
    if kind.startswith(_TEAMS):
        return ""
    if kind.startswith(_CONVERSATION):
        return "call" if kind.startswith(_SPOKEN) else "conversation"
    if voicemail.by_class(kind):
        return "voicemail"
    if kind.startswith(_MISSED):
        return "missed"
    if kind == _PLAIN and folders.is_history(folder):
        return "conversation"  # its class was lost, when the mailbox was moved perhaps
    if voicemail.content_class(row.letter) == _CONTENT_CLASS:
        return "call"
    return "voicemail" if _is_telephone(row) else ""


def is_conversation(row: Row, folder: Folder) -> bool:
    """Whether it holds messages: a saved conversation, or the notice of one that was missed."""
    return what(row, folder) in ("conversation", "missed")


def _is_telephone(row: Row) -> bool:
    """Worth opening. Whether there are attachments is not asked: servers have said no wrongly."""
    letter = row.letter
    if voicemail.is_candidate(msgspec.structs.replace(letter, has_attachments=True)):
        return True
    return _NO_REPLY in row.reply_names.lower()


def is_candidate(row: Row, folder: Folder, *, with_history: bool) -> bool:
    """Whether it must be opened; ordinary mail is not."""
    kind = what(row, folder)
    return bool(kind) and (with_history or kind not in ("conversation", "missed"))


def key(row: Row) -> str:
    """What names the item in its mailbox for ever. An item id changes when it is moved."""
    return row.letter.internet_message_id or row.search_key or row.id


def version(row: Row) -> str:
    """What the item says of itself. A conversation that a client saved again has another size."""
    told = voicemail.version(row.letter)
    if not row.item_class.lower().startswith(_CONVERSATION):
        return told
    return hashlib.blake2b(f"{told}/{row.size}".encode(), digest_size=8).hexdigest()


def made(
    source: Exchange, mailbox: str, folder: Folder, row: Row, opened: Row, now: datetime
) -> Sequence[Item]:
    """What an opened item becomes; nothing when it is ordinary mail after all."""
    if what(row, folder) == "call":
        return (_spoken(source, mailbox, row, opened, now),)
    found = _telephone(source, mailbox, row, opened, now)
    return () if found is None else (found,)


def _raw(opened: Row) -> bytes:
    """The item as it came, in JSON like all that is kept."""
    return msgspec.json.encode({"ews": opened.raw.decode()})


# -- voicemail and missed calls --------------------------------------------------------------------


def _telephone(source: Exchange, mailbox: str, row: Row, opened: Row, now: datetime) -> Item | None:
    letter, flags = _dated(opened.letter, now)
    path = f"ews/{quote(mailbox, safe='@')}"
    found = voicemail.item(
        source.name, mailbox, row.letter, letter, opened.files, _raw(opened), path, source.max_bytes
    )
    if found is None:
        return None
    said = transcript(opened.asr_data)
    text = found.text if not said or said in found.text else f"{found.text}\n{said}".strip()
    call = _with_owner(source, mailbox, found.call)
    attachments = tuple(
        msgspec.structs.replace(one, ref="", note="a mail within the mail, not fetched")
        if one.ref.endswith("/")
        else one
        for one in found.attachments
    )
    return msgspec.structs.replace(
        found,
        attachments=attachments,
        thread=source.thread(mailbox),
        key=key(row),
        version=version(row),
        text=text,
        call=call,
        parties=call.parties if call else found.parties,
        flags=(*found.flags, *flags),
    )


def _dated(letter: voicemail.Letter, now: datetime) -> tuple[voicemail.Letter, tuple[str, ...]]:
    """The letter with a date that can be read; without any it is the time of reading."""
    dates = (letter.sent_date_time, letter.received_date_time)
    good = next((text for text in dates if moment(text)[0] is not None), None)
    if good is not None:
        sent = dates[0] if moment(dates[0])[0] is not None else good
        received = dates[1] if moment(dates[1])[0] is not None else good
        flags = () if all(moment(text)[0] for text in dates) else ("malformed date",)
    else:
        sent = received = now.isoformat()
        flags = (history.NO_DATE,)
    return msgspec.structs.replace(letter, sent_date_time=sent, received_date_time=received), flags


def _with_owner(source: Exchange, mailbox: str, call: Call | None) -> Call | None:
    """The mailbox's owner, and a caller that the directory knows, under their directory ids."""
    if call is None:
        return None
    callee = Party(person=source.person_id(mailbox), mail=mailbox, role="to")
    caller = call.caller
    if caller.mail and source.person_id(caller.mail):
        caller = msgspec.structs.replace(caller, person=source.person_id(caller.mail))
    return msgspec.structs.replace(call, caller=caller, callees=(callee,))


_WORD = re.compile(r"\s+")


def transcript(asr_data: str) -> str:
    """The words of AsrData, Exchange's own transcript: XML in UTF-8, as Base64. "" without.

    Source: Open Specifications MS-OXOUM 2.2.4.3 (voice mail preview), read 2026-11-21.
    """
    if not asr_data:
        return ""
    try:
        data = base64.b64decode(asr_data)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
        root = etree.fromstring(data, parser=parser)
    except (binascii.Error, ValueError, etree.XMLSyntaxError):
        return ""
    if root is None:
        return ""
    words = [text for text in root.itertext() if text.strip()]
    return _WORD.sub(" ", " ".join(words)).strip()


# -- calls and conversations that a client saved ---------------------------------------------------


def _spoken(source: Exchange, mailbox: str, row: Row, opened: Row, now: datetime) -> Item:
    """A call that a client saved: who with, when and how long."""
    letter, flags = _dated(opened.letter, now)
    at = moment(letter.sent_date_time)[0] or now
    length_s = voicemail.duration_s(letter) or 0
    caller = _party(source, letter.sender, "from")
    callees = tuple(_party(source, one, "to") for one in opened.to)
    others = [each for each in (caller, *callees) if each.mail != mailbox]
    from_outside = any(each.phone for each in others)
    direction = Direction.INTERNAL
    if from_outside:
        direction = Direction.OUTBOUND if caller.mail == mailbox else Direction.INBOUND
    call = Call(
        started_at=at - timedelta(seconds=length_s),
        ended_at=at,
        direction=direction,
        is_answered=True if length_s else None,
        caller=caller,
        callees=callees,
    )
    return Item(
        source=source.name,
        thread=source.thread(mailbox),
        key=key(row),
        version=version(row),
        kind=Kind.SIGHTING,
        sent_at=call.started_at,
        modified_at=at,
        raw=_raw(opened),
        sender=caller.person or caller.phone or caller.mail,
        sender_name=caller.name,
        direction=direction,
        parties=call.parties,
        call=call,
        duration_s=length_s,
        flags=flags,
    )


def _party(source: Exchange, one: voicemail.Recipient | None, role: str) -> Party:
    its = one.email_address if one else None
    address = ((its.address or "") if its else "").strip().lower().removeprefix("sip:")
    name = (its.name or "") if its else ""
    phone = phone_in(address)
    return Party(
        person=source.person_id(address) if address and not phone else "",
        name="" if phone_in(name) else name,
        phone=phone,
        mail="" if phone else address,
        role=role,
    )


def conversations(
    source: Exchange, mailbox: str, opened: Sequence[tuple[Row, Row]], known: Known, now: datetime
) -> list[Item]:
    """Each copy as evidence, and the messages in them that no other copy had before."""
    copies, found = [], list[Item]()
    for row, item in opened:
        letter, flags = _dated(item.letter, now)
        item = msgspec.structs.replace(item, letter=letter)
        copy = history.read_copy(item, mailbox, source.zone, source.find, now)
        if row.item_class.lower() == _PLAIN and not copy.said:
            continue  # an ordinary mail that somebody put into the folder
        copies.append(copy)
        found.append(_evidence(source, mailbox, row, item, copy, flags))
        one = history.whole(source.name, copy)
        found += [one] if one else []
    messages = history.messages(source.name, copies, known, source.remembered)
    return found + history.with_ambiguity(messages, source.zone)


def _evidence(
    source: Exchange,
    mailbox: str,
    row: Row,
    opened: Row,
    copy: history.Copy,
    flags: tuple[str, ...],
) -> Item:
    """The copy as it came; it is not journaled itself, and is erased with the quarantine."""
    return Item(
        source=source.name,
        thread=source.thread(mailbox),
        key=key(row),
        version=version(row),
        kind=Kind.EVENT,
        sent_at=copy.saved_at,
        modified_at=copy.saved_at,
        raw=_raw(opened),
        sender=copy.starter.key,
        sender_name=copy.starter.name,
        direction=Direction.INTERNAL,
        parties=history.parties(copy.members, copy.starter),
        flags=flags,
    )
