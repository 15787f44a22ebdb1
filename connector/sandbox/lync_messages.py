"""The municipality's chats as Lync's archiving role kept them: exported files, and LcsLog's tables.

The inside of an exported file is not documented, so both forms that a mail of a conversation can
have are written: the words of all in one body, and a mail within the mail for each message. The
tables are those that published scripts read.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.header import Header
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from pathlib import Path

import sqlalchemy as sa

from connector.sandbox import words
from connector.sandbox.lync_rows import step
from connector.sandbox.municipality import Municipality
from connector.sandbox.world import Chat, Json, Staff
from connector.sandbox.world import Message as ChatMessage

KINDS = ("text/plain", "text/html", "text/rtf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What was written in one chat on one day."""

    chat: Chat
    day: str
    messages: tuple[ChatMessage, ...]


def talks(world: Municipality) -> list[Talk]:
    """The conversations, in the order of their first message."""
    found: dict[tuple[str, str], list[ChatMessage]] = {}
    for message in world.messages:
        if message.event is None and message.sender in world.person:
            found.setdefault((message.thread, message.at.date().isoformat()), []).append(message)
    made = [
        Talk(chat=world.chat[thread], day=day, messages=tuple(some))
        for (thread, day), some in found.items()
    ]
    return sorted(made, key=lambda talk: (talk.messages[0].at, talk.chat.key))


def export(
    world: Municipality,
    folder: Path,
    *,
    copies: float = 0.2,
    broken: int = 0,
    until: datetime | None = None,
) -> int:
    """Write a file for each conversation; returns how many messages are in them.

    A share of `copies` stands in a second file, as when two people's archives are exported; so many
    files as `broken` are no mail at all. With `until` only what was over by then, and of that only
    what is not there yet: the job that a site runs every night.
    """
    dice = random.Random(f"{world.seed}/export")
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for number, talk in enumerate(talks(world)):
        mail = _nested(world, talk, dice) if number % 2 else _single(world, talk, dice)
        has_copy = dice.random() < copies
        if until is not None and not _is_due(talk, folder / f"{number:06}.eml", until):
            continue
        count += len(talk.messages) if number % 2 else 1
        names = [f"{number:06}.eml", *([f"{number:06}-copy.eml"] if has_copy else ())]
        for name in names:
            (folder / name).write_bytes(mail.as_bytes())
            os.utime(folder / name, (talk.messages[-1].at.timestamp(),) * 2)
    for number in range(broken):
        (folder / f"broken-{number}.eml").write_bytes(b"\x00\xff\xfe not a mail")
    return count


def _is_due(talk: Talk, file: Path, until: datetime) -> bool:
    return talk.messages[-1].at <= until and not file.exists()


def _single(world: Municipality, talk: Talk, dice: random.Random) -> Message:
    """All that was written in one body."""
    lines = [
        f"[{message.at:%H:%M:%S}] {world.person[message.sender].name}: {spoken(message.html)}"
        for message in talk.messages
    ]
    mail = _body("\n".join(lines), dice.choice(KINDS))
    first = talk.messages[0]
    _head(
        mail, world.person[first.sender], talk.chat.members, first.at, f"{talk.chat.key}/{talk.day}"
    )
    mail["Subject"] = Header(talk.chat.topic or "Samtale", "utf-8").encode()
    return mail


def _nested(world: Municipality, talk: Talk, dice: random.Random) -> Message:
    """A mail within the mail for each message."""
    outer = MIMEMultipart("digest")
    for message in talk.messages:
        mail = _body(spoken(message.html), dice.choice(KINDS))
        key = f"{message.thread}/{message.key}"
        _head(mail, world.person[message.sender], talk.chat.members, message.at, key)
        mail["X-Conversation-ID"] = talk.chat.key
        outer.attach(MIMEMessage(mail))
    return outer


def _body(text: str, kind: str) -> Message:
    if kind == "text/html":
        told = text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
        return MIMEText(f"<html><body>{told}</body></html>", "html", "utf-8")
    if kind == "text/rtf":
        mail = EmailMessage()
        mail.set_content(_rtf(text).encode("ascii"), "text", "rtf")
        return mail
    return MIMEText(text, "plain", "utf-8")


def _rtf(text: str) -> str:
    """The text in RTF: signs beyond ASCII as numbers with 16 bits, an emoji as two of them."""
    plain = text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    signs = [c if c.isascii() else _units(c) for c in plain]
    body = "".join(signs).replace("\n", "\\par\r\n")
    return (
        f"{{\\rtf1\\ansi\\ansicpg1252\\uc1{{\\fonttbl{{\\f0 Segoe UI;}}}}\\f0\\fs20 {body}\\par}}"
    )


def _units(sign: str) -> str:
    units = struct.iter_unpack("<h", sign.encode("utf-16-le", "surrogatepass"))
    return "".join(f"\\u{unit}?" for (unit,) in units)


def _head(mail: Message, sender: Staff, members: Iterable[Staff], at: datetime, key: str) -> None:
    mail["Message-ID"] = f"<{key}@{words.DOMAIN}>".replace(":", "-")
    mail["Date"] = format_datetime(at)
    mail["From"] = _address(sender)
    mail["To"] = ", ".join(_address(each) for each in members if each != sender)


def _address(person: Staff) -> str:
    """A name as RFC 2047 writes it, and the SIP address."""
    return f"{Header(person.name, 'utf-8').encode()} <{person.upn}>"


def spoken(html: str) -> str:
    """The words of a chat message, without its mark-up; good enough for made-up text."""
    text = html.replace("<br>", "\n").replace("</p><p>", "\n")
    while "<" in text and ">" in text[text.index("<") :]:
        begin = text.index("<")
        text = text[:begin] + text[text.index(">", begin) + 1 :]
    text = text.replace("&nbsp;", "\u00a0").replace("&lt;", "<").replace("&gt;", ">")
    return text.replace("&amp;", "&").strip() or "ok"


def log_tables(*, seq: bool = True) -> sa.MetaData:
    """The tables of LcsLog as published scripts name them; `seq` with the number of a message."""
    meta = sa.MetaData()
    sa.Table(
        "Users",
        meta,
        sa.Column("UserId", sa.Integer, primary_key=True),
        sa.Column("UserUri", sa.String(450)),
    )
    sa.Table(
        "ContentTypes",
        meta,
        sa.Column("ContentTypeId", sa.Integer, primary_key=True),
        sa.Column("ContentType", sa.String(256)),
    )
    sa.Table(
        "Messages",
        meta,
        sa.Column("MessageIdTime", sa.DateTime),
        *([sa.Column("MessageIdSeq", sa.Integer)] if seq else []),
        sa.Column("SessionIdTime", sa.DateTime),
        *(sa.Column(name, sa.Integer) for name in ("SessionIdSeq", "FromId", "ToId")),
        sa.Column("ContentTypeId", sa.Integer),
        sa.Column("Body", sa.Text),
        sa.Column("Toast", sa.Boolean),
    )
    sa.Table(
        "ConferenceMessages",
        meta,
        sa.Column("MessageId", sa.Integer, primary_key=True),
        sa.Column("SessionIdTime", sa.DateTime),
        sa.Column("Date", sa.DateTime),
        *(sa.Column(name, sa.Integer) for name in ("FromId", "ContentTypeId")),
        sa.Column("Body", sa.Text),
    )
    sa.Table(
        "ConferenceMessageRecipientList",
        meta,
        sa.Column("MessageId", sa.Integer),
        sa.Column("UserId", sa.Integer),
    )
    return meta


def fill_log(world: Municipality, engine: sa.Engine, *, seq: bool = True) -> int:
    """Fill a database with the same chats; returns how many messages there are."""
    dice = random.Random(f"{world.seed}/log")
    meta = log_tables(seq=seq)
    meta.create_all(engine)
    users = {person.key: number for number, person in enumerate(world.staff, 1)}
    rows: dict[str, list[Json]] = {name: [] for name in meta.tables}
    rows["Users"] = [{"UserId": users[each.key], "UserUri": each.upn} for each in world.staff]
    rows["ContentTypes"] = [
        {"ContentTypeId": n, "ContentType": kind} for n, kind in enumerate(KINDS, 1)
    ]
    for talk in talks(world):
        for name, row in _log_rows(talk, users, dice, len(rows["ConferenceMessages"])):
            rows[name].append(row)
    with engine.begin() as connection:
        for name, some in rows.items():
            known = set(meta.tables[name].c.keys())
            kept = [{key: row[key] for key in row if key in known} for row in some]
            if kept:
                connection.execute(sa.insert(meta.tables[name]), kept)
    return len(rows["Messages"]) + len(rows["ConferenceMessages"])


def _log_rows(
    talk: Talk, users: dict[str, int], dice: random.Random, before: int
) -> Iterator[tuple[str, Json]]:
    begun = step(talk.messages[0].at.replace(tzinfo=None))
    for place, message in enumerate(talk.messages):
        kind = dice.randint(1, 3)
        text = spoken(message.html)
        at = step(message.at.replace(tzinfo=None) + timedelta(milliseconds=place))
        body = _rtf(text) if kind == 3 else f"<span>{text}</span>" if kind == 2 else text
        row: Json = {
            "FromId": users[message.sender],
            "ContentTypeId": kind,
            "Body": body,
            "SessionIdTime": begun,
        }
        others = [users[each.key] for each in talk.chat.members if each.key != message.sender]
        if talk.chat.kind == "oneOnOne":
            to = others[0] if others else None
            more = {"MessageIdTime": at, "MessageIdSeq": 1, "SessionIdSeq": 1, "ToId": to}
            yield "Messages", {**row, **more, "Toast": False}
            continue
        number = before + place + 1
        yield "ConferenceMessages", {**row, "MessageId": number, "Date": at}
        for other in others:
            yield "ConferenceMessageRecipientList", {"MessageId": number, "UserId": other}
