"""The things of the municipality as Graph writes them in JSON. Pure: value in, dictionary out."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from connector.sandbox import words
from connector.sandbox.audio import content_type
from connector.sandbox.people import account, ascii_name
from connector.sandbox.post import FOLDERS, folder_id
from connector.sandbox.world import Chat, End, Json, Mail, Message, PhoneCall, Segment, Staff, Team

GRAPH = "#microsoft.graph."
CALLS = GRAPH + "callRecords."


def stamp(at: datetime) -> str:
    """A time with milliseconds, as Teams writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def seconds(at: datetime) -> str:
    """A time in whole seconds, as Outlook and the directory write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def ticks(at: datetime) -> str:
    """A time with seven digits of fraction, as call records have."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}0Z"


def user(person: Staff) -> Json:
    """A directory entry with every property that can be selected."""
    local = person.upn.split("@")[0]
    return {
        "id": person.key,
        "accountEnabled": person.is_enabled,
        "businessPhones": [_spaced(person.phone)] if person.phone else [],
        "department": person.department,
        "displayName": person.name.strip(),
        "givenName": person.given or None,
        "imAddresses": [person.upn] if person.phone else [],
        "jobTitle": person.title or None,
        "mail": person.upn,
        "mobilePhone": None,
        "officeLocation": person.centre or None,
        "onPremisesImmutableId": b64encode(account(person).bytes_le).decode(),
        "onPremisesSamAccountName": ascii_name(local)[:20] if person.phone else None,
        "preferredLanguage": "da-DK",
        "proxyAddresses": [f"SMTP:{person.upn}"] + ([f"sip:{person.upn}"] if person.phone else []),
        "surname": person.surname,
        "userPrincipalName": person.upn,
        "userType": "Member",
    }


def _spaced(phone: str) -> str:
    return f"{phone[:3]} {phone[3:5]} {phone[5:7]} {phone[7:9]} {phone[9:]}"


def modified_at(message: Message, now: datetime) -> datetime:
    """When the message was last changed, as far as the server knows at `now`."""
    later = (message.edited_at, message.deleted_at, message.reacted_at)
    return max([message.at, *(at for at in later if at and at <= now)])


def message(it: Message, chat: Chat | None, names: Mapping[str, Staff], now: datetime) -> Json:
    """A chatMessage as it looks at `now`: edited, deleted or reacted to if that has happened."""
    is_edited = it.edited_at is not None and it.edited_at <= now
    is_deleted = it.deleted_at is not None and it.deleted_at <= now
    changed = modified_at(it, now)
    text = it.first_html if it.edited_at and not is_edited else it.html
    reacted = it.reacted_at if it.reacted_at and it.reacted_at <= now and not is_deleted else None
    return {
        "@odata.type": GRAPH + "chatMessage",
        "id": it.key,
        "replyToId": it.reply_to or None,
        "etag": str(int(changed.timestamp() * 1000)),
        "messageType": "systemEventMessage" if it.event else "message",
        "createdDateTime": stamp(it.at),
        "lastModifiedDateTime": stamp(changed),
        "lastEditedDateTime": stamp(it.edited_at) if it.edited_at and is_edited else None,
        "deletedDateTime": stamp(it.deleted_at) if it.deleted_at and is_deleted else None,
        "subject": None,
        "summary": None,
        "chatId": None if it.team else it.thread,
        "importance": "normal",
        "locale": "da-dk" if it.sender else "en-us",
        "webUrl": None,
        "channelIdentity": {"teamId": it.team, "channelId": it.channel} if it.team else None,
        "policyViolation": None,
        "eventDetail": it.event,
        "from": _sender(it, chat, names),
        "body": {
            "contentType": "html" if it.is_html and not is_deleted else "text",
            "content": "" if is_deleted else text,
        },
        "attachments": [] if is_deleted else list(it.attachments),
        "mentions": [] if is_deleted else [_mention(*mention) for mention in it.mentions],
        "reactions": [_reaction(it, reacted)] if reacted else [],
        "messageHistory": [],
    }


def _sender(it: Message, chat: Chat | None, names: Mapping[str, Staff]) -> Json | None:
    if not it.sender:
        return None
    person = names.get(it.sender)
    kind = "aadUser" if person else "anonymousGuest"
    name: str | None = person.name if person else None
    if chat and chat.guest and it.sender == chat.guest_key:
        name = chat.guest.name
    return {
        "application": None,
        "device": None,
        "user": {"id": it.sender, "displayName": name, "userIdentityType": kind},
    }


def _mention(number: int, text: str, key: str) -> Json:
    who = {"id": key, "displayName": text, "userIdentityType": "aadUser"}
    return {
        "id": number,
        "mentionText": text,
        "mentioned": {"application": None, "device": None, "conversation": None, "user": who},
    }


def _reaction(it: Message, at: datetime) -> Json:
    who = {"id": it.sender, "displayName": None, "userIdentityType": "aadUser"}
    return {
        "reactionType": "like",
        "displayName": None,
        "createdDateTime": stamp(at),
        "user": {"application": None, "device": None, "user": who},
    }


def chat(it: Chat, tenant: str) -> Json:
    """A chat's own settings."""
    return {
        "id": it.key,
        "topic": it.topic or None,
        "createdDateTime": stamp(it.created),
        "lastUpdatedDateTime": stamp(it.created),
        "chatType": it.kind,
        "webUrl": f"https://teams.microsoft.com/l/chat/{it.key}/0?tenantId={tenant}",
        "tenantId": tenant,
        "onlineMeetingInfo": {"calendarEventId": None, "joinWebUrl": it.join_url, "organizer": None}
        if it.join_url
        else None,
    }


def members(it: Chat, tenant: str) -> list[Json]:
    """The members of a chat; a guest is one without an account here."""
    found: list[Json] = [
        {
            "@odata.type": GRAPH + "aadUserConversationMember",
            "id": f"MCMjM{person.key}",
            "roles": ["owner"],
            "displayName": person.name,
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
            "userId": person.key,
            "email": person.upn,
            "tenantId": tenant,
        }
        for person in it.members
    ]
    if it.guest:
        found.append(
            {
                "@odata.type": GRAPH + "anonymousGuestConversationMember",
                "id": f"MCMjM{it.guest_key}",
                "roles": ["guest"],
                "displayName": it.guest.name,
                "visibleHistoryStartDateTime": stamp(it.created),
                "anonymousGuestId": it.guest_key,
            }
        )
    return found


def team(it: Team) -> Json:
    """A team."""
    return {
        "id": it.key,
        "displayName": it.name,
        "description": f"{it.name} i {words.NAME}",
        "visibility": "private",
        "isArchived": False,
    }


def channel(key: str, name: str) -> Json:
    """A channel."""
    return {"id": key, "displayName": name, "description": None, "membershipType": "standard"}


def _participant(end: End, names: Mapping[str, Staff]) -> Json:
    """organizer_v2 and participants_v2: a set of identities of which one is filled."""
    person = names.get(end.key)
    own = {"id": end.key, "displayName": person.name if person else None, "tenantId": None}
    kinds = ("application", "device", "user", "phone", "guest", "encrypted", "onPremises")
    identity: dict[str, Any] = dict.fromkeys(kinds)
    identity["user" if end.kind == "user" else "phone"] = own
    return {
        "id": end.key,
        "administrativeUnitInfos": [],
        "identity": {**identity, "endpointType": "default"},
    }


def record(it: PhoneCall, names: Mapping[str, Staff], version: int = 1) -> Json:
    """The header data of a call record, as the list gives it."""
    return {
        "id": it.key,
        "version": version,
        "type": it.kind,
        "modalities": ["audio", "video"] if it.join_url else ["audio"],
        "lastModifiedDateTime": ticks(it.end + timedelta(minutes=12 * version)),
        "startDateTime": ticks(it.start),
        "endDateTime": ticks(it.end),
        "joinWebUrl": it.join_url or None,
        "organizer": None,
        "participants": [],
        "organizer_v2": _participant(it.organizer, names),
    }


def participants(it: PhoneCall, names: Mapping[str, Staff]) -> list[Json]:
    """participants_v2 of a call record."""
    return [_participant(end, names) for end in it.participants]


def sessions(it: PhoneCall, names: Mapping[str, Staff], with_segments: bool) -> list[Json]:
    """The sessions of a call record, each with its segments when asked for."""
    return [_session(it, n, legs, names, with_segments) for n, legs in enumerate(it.sessions)]


def _session(
    it: PhoneCall,
    number: int,
    legs: tuple[Segment, ...],
    names: Mapping[str, Staff],
    with_segments: bool,
) -> Json:
    key = it.key if len(it.sessions) == 1 else f"{it.key[:-4]}{number:04x}"
    made: Json = {
        "id": key,
        "modalities": ["audio"],
        "startDateTime": ticks(legs[0].start),
        "endDateTime": ticks(legs[-1].end),
        "isTest": False,
        "failureInfo": _failure(legs[0].failure),
        "caller": _endpoint(legs[0].caller, names),
        "callee": _endpoint(legs[0].callee, names),
    }
    if with_segments:
        made["segments"] = [
            {
                "id": f"{key[:-8]}{n:04x}{key[-4:]}",
                "startDateTime": ticks(leg.start),
                "endDateTime": ticks(leg.end),
                "failureInfo": _failure(leg.failure),
                "caller": _endpoint(leg.caller, names),
                "callee": _endpoint(leg.callee, names),
                "media": [],
            }
            for n, leg in enumerate(legs)
        ]
    return made


def _failure(text: str) -> Json | None:
    stage, _, reason = text.partition(": ")
    return {"stage": stage, "reason": reason} if text else None


def _endpoint(end: End, names: Mapping[str, Staff]) -> Json:
    if end.kind == "service":
        agent = {
            "@odata.type": CALLS + "serviceUserAgent",
            "headerValue": None,
            "applicationVersion": None,
            "role": end.key,
        }
        return {"@odata.type": CALLS + "serviceEndpoint", "userAgent": agent}
    person = names.get(end.key)
    client = {
        "@odata.type": CALLS + "clientUserAgent",
        "headerValue": None,
        "applicationVersion": None,
        "platform": "windows" if person else "unknown",
        "productFamily": "teams" if person else "unknown",
        "azureADAppId": None,
        "communicationServiceId": None,
    }
    who: Json = {
        "id": end.key,
        "displayName": person.name if person else None,
        "tenantId": None,
        "@odata.type": CALLS + "userIdentity" if person else GRAPH + "identity",
    }
    if person:
        who["userPrincipalName"] = person.upn
    return {
        "@odata.type": CALLS + "participantEndpoint",
        "userAgent": client,
        "name": None,
        "feedback": None,
        "identity": None,
        "associatedIdentity": who,
    }


def row(it: Json) -> Json:
    """A PSTN or Direct Routing row: its times written with seven digits."""
    return {key: ticks(v) if isinstance(v, datetime) else v for key, v in it.items()}


def folder(mailbox: str, name: str, total: int) -> Json:
    """A mail folder."""
    known, shown, parent = next(entry for entry in FOLDERS if entry[0] == name)
    return {
        "id": folder_id(mailbox, known),
        "displayName": shown,
        "parentFolderId": folder_id(mailbox, parent),
        "childFolderCount": sum(1 for entry in FOLDERS if entry[2] == known),
        "unreadItemCount": 0,
        "totalItemCount": total,
        "isHidden": False,
    }


def mail(it: Mail, key: str, folder_name: str, names: Mapping[str, Staff], change_key: str) -> Json:
    """A message with everything except extended properties and attachments."""
    owner = names[it.mailbox]
    preview = " ".join(re.sub(r"<[^>]+>", " ", it.body).split())
    reply = [_recipient("", it.reply_to)] if it.reply_to else []
    return {
        "@odata.etag": f'W/"{change_key}"',
        "id": key,
        "createdDateTime": seconds(it.at),
        "lastModifiedDateTime": seconds(it.at),
        "changeKey": change_key,
        "categories": [],
        "receivedDateTime": seconds(it.at),
        "sentDateTime": seconds(it.at),
        "hasAttachments": bool(it.sound or it.other_file),
        "internetMessageId": it.internet_id,
        "subject": it.subject,
        "bodyPreview": preview[:255],
        "importance": "normal",
        "parentFolderId": folder_id(it.mailbox, folder_name),
        "conversationId": f"AAQkA{it.key[5:29]}",
        "isDeliveryReceiptRequested": None,
        "isReadReceiptRequested": False,
        "isRead": False,
        "isDraft": False,
        "webLink": f"https://outlook.office365.com/owa/?ItemID={key}",
        "inferenceClassification": "focused",
        "body": {"contentType": "html", "content": it.body},
        "sender": _recipient(it.sender_name, it.sender_mail),
        "from": _recipient(it.sender_name, it.sender_mail),
        "toRecipients": [_recipient(owner.name.strip(), owner.upn)],
        "ccRecipients": [],
        "bccRecipients": [],
        "replyTo": reply,
        "internetMessageHeaders": [{"name": n, "value": v} for n, v in it.headers],
        "flag": {"flagStatus": "notFlagged"},
    }


def _recipient(name: str, address: str) -> Json:
    return {"emailAddress": {"name": name or address, "address": address}}


def property_key(text: str) -> str:
    """A property id in one spelling, so that "String 0x001A" and "string 0x1a" are equal."""
    kind, _, rest = text.strip().partition(" ")
    if rest.lower().startswith("0x"):
        return f"{kind.lower()} {int(rest, 16):#x}"
    group, _, name = rest.partition(" Name ")
    return f"{kind.lower()} {group.lower()} {name}"


def properties(it: Mail, asked: Collection[str]) -> list[Json]:
    """The extended properties asked for that the mail has; ids come back in Exchange's spelling."""
    wanted = {property_key(text) for text in asked}
    own = (("String 0x1a", it.message_class), *it.properties)
    return [
        {"id": _respelled(name), "value": value}
        for name, value in own
        if property_key(name) in wanted
    ]


def _respelled(name: str) -> str:
    kind, _, rest = name.partition(" ")
    return f"{kind} {int(rest, 16):#x}" if rest.lower().startswith("0x") else name


def attachments(it: Mail) -> list[tuple[str, str, str, bool]]:
    """The attachments as (id, name, media type, is the recording), in order."""
    found: list[tuple[str, str, str, bool]] = []
    if it.other_file:
        kind = "image/png" if it.other_file.endswith(".png") else "application/pdf"
        found.append(("AAMkATother", it.other_file, kind, False))
    if it.sound and "rpmsg" in it.message_class.lower():
        found.append(
            ("AAMkATsealed", "message.rpmsg", "application/x-microsoft-rpmsg-message", True)
        )
    elif it.sound:
        name = f"audio.{it.sound.suffix}"
        place = len(found) if it.sound_at else 0
        found.insert(place, ("AAMkATaudio", name, content_type(it.sound), True))
    return found
