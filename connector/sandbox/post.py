"""Mailboxes: voicemail in every known guise, missed-call notices, ordinary mail and traps."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Final

from connector.sandbox import words
from connector.sandbox.phone import Exchange, Left
from connector.sandbox.world import (
    CaseFile,
    Draw,
    Mail,
    PhoneCall,
    Right,
    Sound,
    Staff,
    right_by_phone,
)

MAILS_PER_USER_DAY = 0.15
NO_REPLY: Final = "noreply@skype.voicemail.microsoft.com"
CALLBACK: Final = "String {4442858e-a9e3-4e80-b900-317a210cc15b} Name PstnCallbackTelephoneNumber"
HEADERS: Final = "String {00020386-0000-0000-c000-000000000046} Name "
FOLDERS: Final = (  # well-known name, Danish display name, parent
    ("inbox", "Indbakke", "msgfolderroot"),
    ("drafts", "Kladder", "msgfolderroot"),
    ("sentitems", "Sendt post", "msgfolderroot"),
    ("deleteditems", "Slettet post", "msgfolderroot"),
    ("outbox", "Udbakke", "msgfolderroot"),
    ("junkemail", "Uønsket mail", "msgfolderroot"),
    ("archive", "Arkiv", "msgfolderroot"),
    ("voicemail", "Telefonbeskeder", "inbox"),
)
ORDINARY = Right(case=None, why="an ordinary mail, not a telephone message")


def folder_id(mailbox: str, name: str) -> str:
    """The opaque id of a folder."""
    return "AAMkF" + base64.urlsafe_b64encode(f"{mailbox}/{name}".encode()).decode().rstrip("=")


def mails(room: Exchange, queues: dict[str, Staff], days: int) -> tuple[Mail, ...]:
    """All mail in all mailboxes, by mailbox and time."""
    draw = room.draw
    made = [_voicemail(room, left, queues) for left in room.left]
    made += [_missed(room, call) for call in room.calls if _tells_by_mail(draw, call)]
    made += [
        _ordinary(draw, draw.dice.choice(room.people))
        for _ in range(int(len(room.people) * days * MAILS_PER_USER_DAY))
    ]
    return tuple(sorted(made, key=lambda mail: (mail.mailbox, mail.at, mail.key)))


def _key(draw: Draw) -> str:
    return "AAkAL" + base64.urlsafe_b64encode(draw.dice.randbytes(33)).decode()


def _transcript(room: Exchange, left: Left) -> tuple[str, Right]:
    """What the recording says, written out; sometimes with a case number."""
    dice = room.draw.dice
    if left.citizen is None:
        text = dice.choice(words.VOICEMAIL).format(p="mig fra afdelingen")
        return text, Right(case=None, why="a message among colleagues, no case is named")
    right = right_by_phone(left.citizen.phone, room.owners)
    if not left.citizen.name:
        return dice.choice(words.VOICEMAIL_UNKNOWN), right
    own: list[CaseFile] = room.owners.get(left.citizen.phone, [])
    if own and dice.random() < 0.25:
        case = dice.choice(own)
        said = case.number if dice.random() < 0.6 else case.number.replace("-", " - ").lower()
        text = dice.choice(words.VOICEMAIL_NUMBER).format(p=left.citizen.name, n=said)
        return text, Right(case=case.number, why="the number is said in the voicemail")
    return dice.choice(words.VOICEMAIL).format(p=left.citizen.name), right


def _voicemail(room: Exchange, left: Left, queues: dict[str, Staff]) -> Mail:
    dice = room.draw.dice
    text, right = _transcript(room, left)
    caller = left.call.organizer
    colleague = next((p for p in room.people if p.key == caller.key), None)
    number = "" if colleague else caller.key
    address = colleague.upn if colleague else number
    seconds = max(3, round((left.call.end - left.call.sessions[-1][-1].start).total_seconds()))
    suffix = "wav" if dice.random() < 0.1 else "mp3"
    title = f"{address} {left.at:%Y-%m-%d %H%M%S} {dice.randrange(10**6)}"
    owner = queues[left.queue] if left.queue else left.owner
    message_class, headers, properties, reply_to = _guise(
        room.draw, number or f"sip:{address}", seconds
    )
    file = f"audio.{suffix}"
    if properties and dice.random() < 0.8:
        properties = (*properties, ("String 0x6805", file))
    return Mail(
        mailbox=owner.key,
        key=_key(room.draw),
        internet_id=f"<{room.draw.guid()}@{words.DOMAIN}>",
        folder=dice.choices(("inbox", "junkemail", "voicemail"), (80, 10, 10))[0],
        at=left.at.replace(microsecond=0),
        subject=f"Telefonsvarerbesked fra {colleague.name if colleague else number}",
        sender_name=colleague.name if colleague else number,
        sender_mail=address,
        body=_body(text, seconds),
        kind="voicemail",
        right=right,
        message_class=message_class,
        reply_to=reply_to,
        headers=headers,
        properties=properties,
        sound=Sound(seconds=seconds, suffix=suffix, title=title),
        sound_at=1 if dice.random() < 0.1 else 0,
        other_file="logo.png" if dice.random() < 0.15 else "",
        call=left.call.key,
    )


def _body(text: str, seconds: int) -> str:
    return (
        "<html><body><div>Du har modtaget en telefonsvarerbesked.</div>"
        f"<div><p>{text}</p></div><div>Varighed: 00:{seconds:02d}</div></body></html>"
    )


Pairs = tuple[tuple[str, str], ...]


def _guise(draw: Draw, number: str, seconds: int) -> tuple[str, Pairs, Pairs, str]:
    """How the mail shows what it is: class, headers, extended properties, reply-to."""
    roll = draw.dice.random()
    base = "IPM.Note.Microsoft.Voicemail.UM"
    headers: Pairs = (("Content-Class", "voice-ca"), ("X-CallingTelephoneNumber", number))
    full: Pairs = (
        ("Integer 0x6801", str(seconds)),
        ("String 0x6802", number),
        (CALLBACK, number),
        (HEADERS + "X-CallingTelephoneNumber", number),
        (HEADERS + "X-VoiceMessageDuration", str(seconds)),
    )
    if roll < 0.60:
        return f"{base}.CA", headers, full, NO_REPLY
    if roll < 0.70:
        return base, (("Content-Class", "voice"),), full[:2], NO_REPLY
    if roll < 0.75:
        return f"{base}.CA".lower(), headers, full, NO_REPLY
    if roll < 0.85:  # the class was lost on the way; the header tells
        return "IPM.Note", headers, full[3:], NO_REPLY
    if roll < 0.92:  # class and header lost; only the reply address and the audio tell
        return "IPM.Note", (), (), NO_REPLY
    if roll < 0.97:
        return f"{base}.CA", (), (), NO_REPLY
    return f"IPM.Note.rpmsg.{'Microsoft.Voicemail.UM.CA'}", headers, full[:2], NO_REPLY


def _tells_by_mail(draw: Draw, call: PhoneCall) -> bool:
    """Some users are not "Teams only": a call they missed is told of by mail too."""
    ends_plainly = len(call.sessions) == 1 and len(call.sessions[0]) == 1
    return (
        not call.is_answered
        and ends_plainly
        and call.organizer.kind == "phone"
        and draw.dice.random() < 0.4
    )


def _missed(room: Exchange, call: PhoneCall) -> Mail:
    number = call.organizer.key
    owner = next(end.key for end in call.participants if end.kind == "user")
    return Mail(
        mailbox=owner,
        key=_key(room.draw),
        internet_id=f"<{room.draw.guid()}@{words.DOMAIN}>",
        folder="inbox",
        at=(call.end + timedelta(seconds=room.draw.dice.randint(2, 40))).replace(microsecond=0),
        subject=f"Ubesvaret opkald fra {number}",
        sender_name=number,
        sender_mail=number,
        body=f"<html><body><div>Du har et ubesvaret opkald fra {number}.</div></body></html>",
        kind="missed",
        right=call.right,
        message_class="IPM.Note.Microsoft.Missed.Voice",
        headers=(("Content-Class", "missedcall"),),
        properties=(("String 0x6802", number),),
        call=call.key,
    )


def _ordinary(draw: Draw, owner: Staff) -> Mail:
    """A mail that is none of it; one in twelve was recalled once and has false properties."""
    dice = draw.dice
    subject, body = dice.choice(words.MAILS)
    trap: Pairs = ()
    if dice.random() < 0.08:
        trap = (
            ("String 0x6802", "IPM.Note"),
            ("Integer 0x6801", "1"),
            ("Integer 0x6804", "0"),
            (HEADERS + "X-CallingTelephoneNumber", "IPM.Note"),
            (HEADERS + "X-VoiceMessageDuration", "1"),
        )
    return Mail(
        mailbox=owner.key,
        key=_key(draw),
        internet_id=f"<{draw.guid()}@{words.DOMAIN}>",
        folder=dice.choices(("inbox", "archive", "sentitems", "deleteditems"), (70, 15, 10, 5))[0],
        at=draw.moment().replace(microsecond=0),
        subject=subject,
        sender_name="Nordvang Intra",
        sender_mail=f"intra@{words.DOMAIN}",
        body=f"<html><body><p>{body}</p></body></html>",
        kind="ordinary",
        right=ORDINARY,
        headers=(("X-CallingTelephoneNumber", "IPM.Note"),) if trap else (),
        properties=trap,
        other_file="dokument.pdf" if dice.random() < 0.2 else "",
    )
