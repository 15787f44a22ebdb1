"""EWS as XML: envelopes, faults, and items with just the properties that were asked for. Pure.

Shapes as in Microsoft's "EWS reference for Exchange", read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape

from lxml import etree

from connector.sandbox.ews_store import Address, File, Folder, Post, latest

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
T, M = f"{{{TYPES}}}", f"{{{MESSAGES}}}"
_SETS = {
    "UnifiedMessaging": "{4442858e-a9e3-4e80-b900-317a210cc15b}",
    "InternetHeaders": "{00020386-0000-0000-c000-000000000046}",
}
VERSIONS = {  # what a server of that year says of itself
    "2010": (14, 2, "Exchange2010_SP2"),
    "2013": (15, 0, "Exchange2013_SP1"),
    "2016": (15, 1, "Exchange2016"),
    "2019": (15, 2, "V2017_07_11"),
    "online": (15, 20, "V2018_01_08"),
}


_SCHEMAS = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
)
_LATER = ("Exchange2013", "Exchange2013_SP1")
_LATEST = ("Exchange2015", "Exchange2015_SP1", "Exchange2016")


def knows(version: str, schema: str) -> bool:
    """Whether a server of that year understands a request in a version of the schema."""
    known = _SCHEMAS + (_LATER if version != "2010" else ())
    return schema in known + (_LATEST if version not in ("2010", "2013") else ())


def envelope(body: str, version: str) -> bytes:
    """A SOAP answer."""
    major, minor, name = VERSIONS[version]
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><s:Header>'
        f'<t:ServerVersionInfo MajorVersion="{major}" MinorVersion="{minor}" MajorBuildNumber="247"'
        f' MinorBuildNumber="5" Version="{name}"/></s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def fault(code: str, text: str, values: Mapping[str, str] | None = None) -> str:
    """A refusal of the request as a whole."""
    extra = "".join(
        f'<t:Value Name="{name}">{value}</t:Value>' for name, value in (values or {}).items()
    )
    message = f'<t:MessageXml xmlns:t="{TYPES}">{extra}</t:MessageXml>' if extra else ""
    return (
        f'<s:Fault><faultcode xmlns:a="{TYPES}">a:{code}</faultcode>'
        f'<faultstring xml:lang="en-US">{escape(text)}</faultstring><detail>'
        f'<e:ResponseCode xmlns:e="{ERRORS}">{code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{ERRORS}">{escape(text)}</e:Message>{message}</detail></s:Fault>'
    )


def answer(operation: str, *messages: str) -> str:
    """The response to an operation, one message for each thing that was asked."""
    return (
        f"<m:{operation}Response><m:ResponseMessages>{''.join(messages)}</m:ResponseMessages>"
        f"</m:{operation}Response>"
    )


def success(operation: str, content: str) -> str:
    """One message that went well."""
    name = f"m:{operation}ResponseMessage"
    code = "<m:ResponseCode>NoError</m:ResponseCode>"
    return f'<{name} ResponseClass="Success">{code}{content}</{name}>'


def failure(operation: str, code: str, text: str, content: str = "") -> str:
    """One message that did not."""
    name = f"m:{operation}ResponseMessage"
    return (
        f'<{name} ResponseClass="Error"><m:MessageText>{escape(text)}</m:MessageText>'
        f"<m:ResponseCode>{code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        f"{content}</{name}>"
    )


# -- what was asked -------------------------------------------------------------------------------


def asked_fields(shape: etree._Element | None) -> tuple[str, ...]:
    """The fields of a shape: "item:Subject", or an extended property by Graph's id."""
    found = []
    for each in shape.iter() if shape is not None else ():
        if each.tag == T + "FieldURI":
            found.append(each.get("FieldURI", ""))
        elif each.tag == T + "ExtendedFieldURI":
            found.append(property_id(each))
    return tuple(found)


def property_id(field: etree._Element) -> str:
    """Graph's id of the property that an ExtendedFieldURI names."""
    kind = field.get("PropertyType", "")
    tag = field.get("PropertyTag")
    if tag:
        return f"{kind} 0x{int(tag, 0):04X}"
    group = field.get("PropertySetId") or _SETS.get(field.get("DistinguishedPropertySetId", ""), "")
    return f"{kind} {{{group.strip('{}').lower()}}} Name {field.get('PropertyName', '')}"


def _field_uri(name: str) -> str:
    kind, _, rest = name.partition(" ")
    group, named, word = rest.partition(" Name ")
    if not named:  # asked for as 0x001A, answered as 0x1a
        return (
            f'<t:ExtendedFieldURI PropertyTag="{int(rest, 16):#x}" PropertyType="{escape(kind)}"/>'
        )
    known = next((k for k, v in _SETS.items() if v == group.lower()), "")
    where = f'DistinguishedPropertySetId="{known}"' if known else f'PropertySetId="{group[1:-1]}"'
    return f'<t:ExtendedFieldURI {where} PropertyName="{escape(word)}" PropertyType="{kind}"/>'


# -- items ----------------------------------------------------------------------------------------


def item(post: Post, fields: tuple[str, ...], folder: str) -> str:
    """An item with the properties asked for, in the order of the schema."""
    wanted = frozenset(fields)
    parts = [f'<t:ItemId Id="{escape(post.id)}" ChangeKey="CQAAABYA"/>']
    if "item:ParentFolderId" in wanted:
        parts.append(f'<t:ParentFolderId Id="{folder}" ChangeKey="AQ"/>')
    parts += [make(post) for name, make in _SCHEMA if name in wanted and name[:5] == "item:"]
    own = {_same(name): value for name, value in _all_properties(post)}
    parts += [
        f"<t:ExtendedProperty>{_field_uri(name)}"
        f"<t:Value>{escape(own[_same(name)], quote=False)}</t:Value></t:ExtendedProperty>"
        for name in fields
        if " " in name and _same(name) in own
    ]
    parts += [make(post) for name, make in _SCHEMA if name in wanted and name[:5] != "item:"]
    return f"<t:Message>{''.join(parts)}</t:Message>"


def _same(name: str) -> str:
    kind, _, rest = name.lower().partition(" ")
    return f"{kind} {int(rest, 16)}" if rest.startswith("0x") else f"{kind} {rest}"


def _all_properties(post: Post) -> tuple[tuple[str, str], ...]:
    if post.search_key:
        return (*post.properties, ("Binary 0x300B", post.search_key))
    return post.properties


def _text(tag: str, value: str | None) -> str:
    return "" if value is None else f"<t:{tag}>{escape(value, quote=False)}</t:{tag}>"


def _mailbox(one: Address) -> str:
    return (
        f"<t:Mailbox>{_text('Name', one.name)}{_text('EmailAddress', one.address)}"
        f"<t:RoutingType>{one.routing}</t:RoutingType></t:Mailbox>"
    )


def _body(post: Post) -> str:
    body = escape(post.body, quote=False)
    return f'<t:Body BodyType="{post.body_type}">{body}</t:Body>'


def _has_attachments(post: Post) -> str:
    told = bool(post.files) if post.has_attachments is None else post.has_attachments
    return f"<t:HasAttachments>{str(told).lower()}</t:HasAttachments>"


def _headers(post: Post) -> str:
    rows = "".join(
        f'<t:InternetMessageHeader HeaderName="{escape(name)}">{escape(value)}'
        "</t:InternetMessageHeader>"
        for name, value in post.headers
    )
    return f"<t:InternetMessageHeaders>{rows}</t:InternetMessageHeaders>" if rows else ""


def _files(post: Post) -> str:
    rows = "".join(attachment(one) for one in post.files)
    return f"<t:Attachments>{rows}</t:Attachments>" if rows else ""


def attachment(one: File, content: str = "") -> str:
    """An attachment, with its content in Base64 when that was asked for."""
    return (
        f'<t:FileAttachment><t:AttachmentId Id="{escape(one.id)}"/>{_text("Name", one.name)}'
        f"{_text('ContentType', one.content_type)}<t:Size>{one.size_bytes}</t:Size>"
        f"<t:IsInline>false</t:IsInline>{content}</t:FileAttachment>"
    )


def _people(tag: str, people: tuple[Address, ...]) -> str:
    return f"<t:{tag}>{''.join(_mailbox(one) for one in people)}</t:{tag}>" if people else ""


_SCHEMA: tuple[tuple[str, Callable[[Post], str]], ...] = (
    ("item:ItemClass", lambda post: _text("ItemClass", post.item_class)),
    ("item:Subject", lambda post: _text("Subject", post.subject)),
    ("item:Body", _body),
    ("item:Attachments", _files),
    ("item:DateTimeReceived", lambda post: _text("DateTimeReceived", post.received)),
    ("item:Size", lambda post: f"<t:Size>{len(post.body)}</t:Size>"),
    ("item:InternetMessageHeaders", _headers),
    ("item:DateTimeSent", lambda post: _text("DateTimeSent", post.sent)),
    ("item:DateTimeCreated", lambda post: _text("DateTimeCreated", post.created)),
    ("item:HasAttachments", _has_attachments),
    ("message:ToRecipients", lambda post: _people("ToRecipients", post.to)),
    ("message:From", lambda post: _people("From", (post.sender,) if post.sender else ())),
    ("message:InternetMessageId", lambda post: _text("InternetMessageId", post.internet_id)),
    ("message:ReplyTo", lambda post: _people("ReplyTo", post.reply_to)),
)


def folder(one: Folder, fields: tuple[str, ...], now: datetime) -> str:
    """A folder with the properties asked for."""
    count, changed_at = latest(one, now)
    tag = "SearchFolder" if one.is_search else _folder_tag(one)
    parts = [f'<t:FolderId Id="{one.id}" ChangeKey="AQ"/>']
    if "folder:ParentFolderId" in fields:
        parts.append(f'<t:ParentFolderId Id="{one.parent}" ChangeKey="AQ"/>')
    if "folder:FolderClass" in fields:
        parts.append(_text("FolderClass", one.item_class))
    if "folder:DisplayName" in fields:
        parts.append(_text("DisplayName", one.name))
    if "folder:TotalCount" in fields:
        parts.append(f"<t:TotalCount>{count}</t:TotalCount>")
    parts += [
        f"<t:ExtendedProperty>{_field_uri(name)}<t:Value>{changed_at}</t:Value>"
        "</t:ExtendedProperty>"
        for name in fields
        if name.lower() == "systemtime 0x670a"
    ]
    return f"<t:{tag}>{''.join(parts)}</t:{tag}>"


def _folder_tag(one: Folder) -> str:
    return {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder"}.get(
        one.item_class, "Folder"
    )
