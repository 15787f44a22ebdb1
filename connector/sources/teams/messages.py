"""One chatMessage, as chats and channels give it -> one Item. Pure; the hot path of the program.

A million messages pass through here, so a row is decoded once, straight into typed fields, and the
bytes that came are kept as they are.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec

from connector.http import Answer
from connector.model import Attachment, Call, Direction, Item, Kind, Party, Problem
from connector.sources.text import card_text, plain
from connector.typed import convert, decoder

Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_STAFF = frozenset({"aadUser", "onPremiseAadUser"})
_REAL = frozenset({"message"})
_LEADS_AWAY = re.compile(r"[/\\?#%\s]")  # decoded, it would be read as more than one name
_HOSTED = re.compile(r"/((?:chats|teams|users)/[^?#]*?/hostedContents/[^/?#]+/\$value)", re.I)


class _User(msgspec.Struct, rename="camel"):
    id: str | None = None
    display_name: str | None = None
    user_identity_type: str | None = None


class _Sender(msgspec.Struct, rename="camel"):
    user: _User | None = None
    application: _User | None = None
    device: _User | None = None


class _Body(msgspec.Struct, rename="camel"):
    content_type: str | None = None
    content: str | None = None


class _Attachment(msgspec.Struct, rename="camel"):
    id: str | None = None
    content_type: str | None = None
    content_url: str | None = None
    content: str | None = None
    name: str | None = None


class _Mention(msgspec.Struct, rename="camel"):
    mentioned: _Sender | None = None


class _Channel(msgspec.Struct, rename="camel"):
    team_id: str = ""
    channel_id: str = ""


class _Participant(msgspec.Struct):
    participant: _Sender | None = None


class _Event(msgspec.Struct, rename="camel"):
    type: str = msgspec.field(name="@odata.type", default="")
    call_id: str | None = None
    call_duration: str | None = None
    call_recording_duration: str | None = None
    call_event_type: str | None = None
    call_participants: list[_Participant] | None = None
    initiator: _Sender | None = None


class _Message(msgspec.Struct, rename="camel"):
    id: str
    created_date_time: Moment
    etag: str | None = None
    message_type: str | None = None
    last_modified_date_time: Moment | None = None
    last_edited_date_time: Moment | None = None
    deleted_date_time: Moment | None = None
    reply_to_id: str | None = None
    subject: str | None = None
    chat_id: str | None = None
    channel_identity: _Channel | None = None
    sender: _Sender | None = msgspec.field(name="from", default=None)
    body: _Body | None = None
    attachments: list[_Attachment] | None = None
    mentions: list[_Mention] | None = None
    event_detail: _Event | None = None


class _List(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class ListPage(msgspec.Struct, frozen=True):
    """One page of messages: items and problems in the server's order, and the next link or ""."""

    items: tuple[Item | Problem, ...]
    next: str = ""


_decode_list = decoder(_List).decode
_decode_message = decoder(_Message).decode


def parse_messages(source: str, part: str, answer: Answer) -> ListPage:
    """A page of messages. A row that cannot be read is a `Problem` where it stood.

    Raises msgspec.DecodeError when the page as a whole is not JSON, or not a list.
    """
    page = _decode_list(answer.body)
    return ListPage(
        tuple([parse_message(source, part, bytes(raw)) for raw in page.value]), page.next or ""
    )


def parse_message(source: str, part: str, raw: bytes) -> Item | Problem:
    """One message from the bytes as they came."""
    try:
        return _item(source, _decode_message(raw), raw, ())
    except msgspec.DecodeError:
        return _second_try(source, part, raw)


def _item(source: str, row: _Message, raw: bytes, flags: tuple[str, ...]) -> Item:
    created = row.created_date_time
    if created.tzinfo is not UTC:
        created = created.astimezone(UTC)
    thread = _thread(row)
    modified = row.last_modified_date_time or created
    if modified.tzinfo is not UTC:
        modified = modified.astimezone(UTC)
    is_deleted = row.deleted_date_time is not None and row.deleted_date_time.year > 1900
    if row.event_detail is not None or row.message_type not in _REAL:
        found = _event(source, row, raw, thread, created, modified, flags)
        if found is not None:
            return found
        flags = (*flags, f"unknown enum: {row.message_type}")
    body = row.body
    text, quoted = "", ""
    images: tuple[str, ...] = ()
    if body is not None and body.content:
        words = plain(body.content, is_html=body.content_type != "text", with_addresses=True)
        text, quoted, images = words.text, words.quoted, words.images
    sender, name, direction = _who(row.sender)
    attachments: tuple[Attachment, ...] = ()
    if row.attachments or images:
        text, quoted, attachments = _with_attachments(row, images, text, quoted)
    return Item(
        source=source,
        thread=thread,
        key=row.id,
        version=row.etag or modified.isoformat(),
        kind=Kind.MESSAGE,
        sent_at=created,
        modified_at=modified,
        edited_at=_edited_at(row),
        raw=raw,
        text=text,
        subject=row.subject or "",
        sender=sender,
        sender_name=name,
        direction=direction,
        is_deleted=is_deleted,
        reply_to=row.reply_to_id or "",
        mentions=_mentions(row.mentions) if row.mentions else (),
        quoted=quoted,
        attachments=attachments,
        flags=flags,
    )


def _edited_at(row: _Message) -> datetime | None:
    """When its words were last changed; reactions do not count. The time of sending is no edit."""
    edited = row.last_edited_date_time
    if edited is None or edited <= row.created_date_time:
        return None
    return edited.astimezone(UTC)


def _thread(row: _Message) -> str:
    """The chat, or "team/channel/root message"; the id alone is unique only inside it."""
    if row.chat_id:
        return row.chat_id
    if row.channel_identity is not None:
        channel = row.channel_identity
        return f"{channel.team_id}/{channel.channel_id}/{row.reply_to_id or row.id}"
    raise msgspec.ValidationError("neither chatId nor channelIdentity is there")


def _who(sender: _Sender | None) -> tuple[str, str, Direction]:
    """(directory id or other id, name, direction). A guest or a telephone comes from outside."""
    if sender is None:
        return "", "", Direction.UNKNOWN
    user = sender.user
    if user is not None:
        staff = user.user_identity_type in _STAFF or user.user_identity_type is None
        direction = Direction.INTERNAL if staff else Direction.INBOUND
        return user.id or "", user.display_name or "", direction
    other = sender.application or sender.device
    if other is not None:
        return other.id or "", other.display_name or "", Direction.INTERNAL
    return "", "", Direction.UNKNOWN


def _mentions(mentions: list[_Mention]) -> tuple[str, ...]:
    ids = [m.mentioned.user.id for m in mentions if m.mentioned and m.mentioned.user]
    return tuple([i for i in dict.fromkeys(ids) if i])


# -- attachments ------------------------------------------------------------------------------


def _with_attachments(
    message: _Message, images: tuple[str, ...], text: str, quoted: str
) -> tuple[str, str, tuple[Attachment, ...]]:
    """(text with what cards show, quoted with what was quoted, the attachments)."""
    found = [_image(message, source, i) for i, source in enumerate(images, 1)]
    for row in message.attachments or ():
        kind = row.content_type or ""
        if kind.lower().endswith("messagereference"):
            quoted = f"{quoted}\n{_referenced(row.content)}".strip()
        elif kind.startswith("application/vnd.microsoft.card"):
            shown = card_text(_json(row.content))
            text = f"{text}\n{shown}".strip() if shown else text
            found.append(Attachment(name=row.name or "card", content_type=kind, role="card"))
        else:
            note = "" if row.content_url else "no address was given"
            found.append(
                Attachment(
                    name=row.name or "",
                    content_type=kind,
                    url=row.content_url or "",
                    note=note,
                )
            )
    return text, quoted, tuple([one for one in found if one is not None])


def _image(message: _Message, source: str, number: int) -> Attachment | None:
    """An image in the text. Only the path is kept, so that our token cannot go to another host.

    The sender writes the HTML: a path that leads out of this conversation, to another chat or
    somebody's mailbox, would have us journal with our rights what the sender may not see.
    """
    found = _HOSTED.search(source)
    if found and _is_of(message, found[1]):
        return Attachment(name=f"image-{number}", ref=found[1], role="image")
    if found:
        note = "the image is said to be of another conversation"
        return Attachment(name=f"image-{number}", role="image", note=note)
    if source.startswith(("http:", "https:")):
        return Attachment(
            name=f"image-{number}", url=source, role="image", note="on another server"
        )
    return None


def _is_of(message: _Message, path: str) -> bool:
    """Whether a path to hosted content stays in the message's own chat or channel."""
    words = [unquote(word).casefold() for word in path.split("/")]
    if any(word in ("", ".", "..") or _LEADS_AWAY.search(word) for word in words):
        return False
    if message.chat_id:
        return ["chats", message.chat_id.casefold()] in (words[:2], words[2:4])
    channel = message.channel_identity or _Channel()
    home = ["teams", channel.team_id, "channels", channel.channel_id]
    return words[:4] == [word.casefold() for word in home]


def _referenced(content: str | None) -> str:
    """The words of a quoted or forwarded message."""
    reference = _json(content)
    if not isinstance(reference, dict):
        return ""
    words = reference.get("messagePreview") or reference.get("originalMessageContent") or ""
    return plain(words, with_addresses=True).text if isinstance(words, str) else ""


def _json(content: str | None) -> Any:
    try:
        return msgspec.json.decode(content or "null")
    except msgspec.DecodeError:
        return None


# -- system events ----------------------------------------------------------------------------


def _event(
    source: str,
    row: _Message,
    raw: bytes,
    thread: str,
    created: datetime,
    modified: datetime,
    flags: tuple[str, ...],
) -> Item | None:
    """A system event; None when the row is a message of a type that is new to us."""
    detail = row.event_detail
    if detail is None and row.body and row.body.content not in (None, "", "<systemEventMessage/>"):
        return None
    call = _call(created, detail, thread) if detail is not None and detail.call_id else None
    what = detail.type.rpartition(".")[2] if detail is not None else row.message_type or "event"
    initiator = _who(detail.initiator if detail is not None else row.sender)
    return Item(
        source=source,
        thread=thread,
        key=row.id,
        version=row.etag or modified.isoformat(),
        kind=Kind.EVENT if call is None else Kind.SIGHTING,
        sent_at=created,
        modified_at=modified,
        raw=raw,
        text="" if call is not None else what.removesuffix("EventMessageDetail"),
        sender=initiator[0],
        sender_name=initiator[1],
        parties=call.parties if call is not None else (),
        call=call,
        duration_s=call.duration_s if call is not None else None,
        flags=flags,
    )


def _call(created: datetime, detail: _Event, thread: str) -> Call | None:
    """What a chat's event tells of a call. Only its end tells how long it was.

    That `callId` equals a call record's id is documented nowhere; it joins events with each other.
    """
    what = detail.type.rpartition(".")[2]
    is_answered: bool | None = None
    started = ended = created
    people = [_party(p.participant) for p in detail.call_participants or () if p.participant]
    caller = _party(detail.initiator, role="from")
    others = tuple([p for p in people if p.person != caller.person or not p.person])
    if what.startswith("callEnded"):
        length = iso_duration(detail.call_duration)
        started = created - length
        is_answered = True if len(people) > 1 and length else None
    elif what.startswith("callRecording"):
        started = ended = created - iso_duration(detail.call_recording_duration)
    elif not what.startswith("callStarted"):
        return None
    return Call(
        started_at=started,
        ended_at=ended,
        direction=Direction.INTERNAL if not _outsiders(detail) else Direction.UNKNOWN,
        is_answered=is_answered,
        caller=caller,
        others=others,
        same=(f"chatcall:{detail.call_id}",),
        thread=thread,
    )


def _outsiders(detail: _Event) -> bool:
    everybody = [detail.initiator, *(p.participant for p in detail.call_participants or ())]
    return any(_who(one)[2] is Direction.INBOUND for one in everybody)


def _party(sender: _Sender | None, role: str = "attendee") -> Party:
    who, name, _ = _who(sender)
    is_phone = bool(sender and sender.user and sender.user.user_identity_type == "phoneUser")
    return Party(
        person="" if is_phone else who, name=name, phone=who if is_phone else "", role=role
    )


_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")


def iso_duration(text: str | None) -> timedelta:
    """An ISO 8601 duration such as PT1H2M3.5S; zero when absent or of another form."""
    found = _DURATION.match(text or "")
    if not found:
        return timedelta(0)
    days, hours, minutes, seconds = (float(n or 0) for n in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


# -- rows that are not as the schema says --------------------------------------------------------

_NO_T = re.compile(r"^(\d{4}-\d\d-\d\d)[ _]?(\d\d:\d\d:\d\d)")
_DATES = ("createdDateTime", "lastModifiedDateTime", "lastEditedDateTime", "deletedDateTime")


def _second_try(source: str, part: str, raw: bytes) -> Item | Problem:
    """Read a row with patience: broken dates, lone surrogates, members of an unexpected type."""
    try:
        row = json.loads(raw.decode("utf-8", "replace"))
        flags = _mend(row)
        return _item(source, convert(row, _Message), raw, flags)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        # msgspec.ValidationError is a ValueError; its text names the member, not its content.
        reason = str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__
        return Problem(
            source=source,
            part=part,
            key=_key_of(raw),
            reason=f"message not readable: {reason}",
            raw=raw,
        )


def _mend(row: dict[str, Any]) -> tuple[str, ...]:
    """Put what can be told into the form that the schema promises; says what was odd."""
    flags: dict[str, None] = {}
    if isinstance(row["id"], int):
        row["id"] = str(row["id"])
    for member in _DATES:
        value = row.get(member)
        if value is None:
            continue
        at, flag = moment(value)
        if flag:
            flags[flag] = None
        row[member] = at
    if not row.get("createdDateTime"):
        created = datetime.fromtimestamp(int(row["id"]) / 1000, UTC)
        if created.year < 2015:  # before Teams: not a time
            raise msgspec.ValidationError("no date that can be read, and none in the id")
        row["createdDateTime"] = created
        flags["date taken from the id"] = None
    if isinstance(row.get("etag"), int):
        row["etag"] = str(row["etag"])
    for member in ("attachments", "mentions"):
        if member in row and not isinstance(row[member], list):
            row[member] = None
            flags[f"unexpected form: {member}"] = None
    return _clean(row, flags)


def _clean(row: dict[str, Any], flags: dict[str, None]) -> tuple[str, ...]:
    """Lone surrogates cannot be stored in any database; U+FFFD stands in for them."""
    body = row.get("body")
    if isinstance(body, dict) and isinstance(body.get("content"), str):
        text = body["content"]
        fixed = text.encode("utf-8", "replace").decode()
        if fixed != text:
            body["content"] = fixed
            flags["characters replaced"] = None
    return tuple(flags)


def moment(text: object) -> tuple[datetime | None, str]:
    """(time in UTC or None, what was odd about it). A missing T and a missing zone are mended.

    Dates without T stand in Microsoft's own examples of system messages.
    """
    if not isinstance(text, str):
        return None, "malformed date"
    try:
        at = datetime.fromisoformat(text)
        flag = ""
    except ValueError:
        try:
            at = datetime.fromisoformat(_NO_T.sub(r"\1T\2", text))
        except ValueError:
            return None, "malformed date"
        flag = "malformed date"
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC), flag or "date without zone"
    return at.astimezone(UTC), flag


_ID = re.compile(rb'"id"\s*:\s*"([^"\\]{1,200})"')


def _key_of(raw: bytes) -> str:
    found = _ID.search(raw)
    return found[1].decode("utf-8", "replace") if found else ""
