"""What EWS answers, from XML to values; asking.py has what is asked. Pure.

The library's own models are not used for items: they turn a time with nine digits of fraction into
None without a word, and building them costs more than the rest of the reading.
Sources: Microsoft, "EWS reference for Exchange" and "Mailbox synchronization and EWS in Exchange",
and Open Specifications MS-OXOUM, MS-OXCFOLD and MS-OXPROPS, read 2026-11-21 and 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from lxml import etree

from connector.sources import voicemail

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
E = "{http://schemas.microsoft.com/exchange/services/2006/errors}"
Element: TypeAlias = Any  # an lxml element; lxml has no types

DISTINGUISHED = {
    "{4442858e-a9e3-4e80-b900-317a210cc15b}": "UnifiedMessaging",
    "{00020386-0000-0000-c000-000000000046}": "InternetHeaders",
}
# PidTagLocalCommitTimeMax: when something in the folder last changed (MS-OXCFOLD 2.2.2.2.1.13).
CHANGED_AT = "SystemTime 0x670A"
SEARCH_KEY = "Binary 0x300B"  # survives a move, which an item id does not
REPLY_NAMES = "String 0x0050"  # the reply addresses, as a listing can show them
ASR_DATA = "Binary {4442858E-A9E3-4E80-B900-317A210CC15B} Name AsrData"


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as a listing tells of it; `changed_at` is "" where the server does not say."""

    id: str
    name: str = ""
    item_class: str = ""
    count: int = -1
    changed_at: str = ""
    is_search: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An item in a listing, or opened: then with words, files and receivers."""

    id: str
    item_class: str
    letter: voicemail.Letter
    size: str = ""
    created: str = ""
    search_key: str = ""
    reply_names: str = ""
    asr_data: str = ""
    to: tuple[voicemail.Recipient, ...] = ()
    files: tuple[voicemail.File, ...] = ()
    raw: bytes = b""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a folder's changes. `count` is of changes of any kind; the round ends with none."""

    state: str
    rows: tuple[Row, ...] = ()
    broken: tuple[str, ...] = ()  # why a row could not be read
    count: int = 0
    deleted: int = 0


def code_of(message: Element) -> tuple[str, str]:
    """(response code, text) of a response message; the code is "NoError" when all went well."""
    code = message.findtext(M + "ResponseCode") or ""
    if message.get("ResponseClass") == "Success" and code in ("", "NoError"):
        return "NoError", ""
    return code or "no response code", message.findtext(M + "MessageText") or ""


def parse_folders(message: Element) -> tuple[list[Folder], int | None]:
    """A page of folders, and where the next page begins (None after the last)."""
    root = message.find(M + "RootFolder")
    listed = root.find(T + "Folders") if root is not None else None
    found = [
        _folder(one)
        for one in (listed if listed is not None else ())
        if one.find(T + "FolderId") is not None
    ]
    more = root.get("IndexedPagingOffset") if root is not None else None
    is_last = root is None or root.get("IncludesLastItemInRange", "true").lower() == "true"
    return found, None if is_last or more is None else int(more)


def _folder(element: Element) -> Folder:
    values = _properties(element.iterfind(_EXTENDED))
    count = element.findtext(T + "TotalCount") or ""
    return Folder(
        id=element.find(T + "FolderId").get("Id"),
        name=element.findtext(T + "DisplayName") or "",
        item_class=element.findtext(T + "FolderClass") or "",
        count=int(count) if count.isdigit() else -1,
        changed_at=values.get(voicemail.property_key(CHANGED_AT), ""),
        is_search=element.tag == T + "SearchFolder",
    )


def parse_changes(message: Element) -> Changes:
    """A page of changes. Deletes and read marks are only counted: nothing is removed here."""
    rows, broken, count, deleted = [], [], 0, 0
    changes = message.find(M + "Changes")
    for change in changes if changes is not None else ():
        count += 1
        if change.tag == T + "Delete":
            deleted += 1
        if change.tag not in (T + "Create", T + "Update"):
            continue
        try:
            rows.append(parse_row(change[0]))
        except (ValueError, AttributeError, LookupError, TypeError) as error:
            broken.append(f"{type(error).__name__} in a listed item")
    return Changes(
        state=message.findtext(M + "SyncState") or "",
        rows=tuple(rows),
        broken=tuple(broken),
        count=count,
        deleted=deleted,
    )


def parse_item(message: Element) -> Row:
    """An opened item, with its XML as it came. Raises ValueError when there is none to read."""
    items = message.find(M + "Items")
    if items is None or not len(items):
        raise ValueError("no item in the answer")
    element = items[0]
    row = parse_row(element)
    files = element.find(T + "Attachments")
    return msgspec.structs.replace(
        row,
        files=tuple(_files(files)) if files is not None else (),
        to=tuple(
            who
            for tag in ("ToRecipients", "CcRecipients")
            for who in _people(element.find(T + tag))
        ),
        raw=etree.tostring(element, with_tail=False),
    )


def parse_row(element: Element) -> Row:
    """What an item tells of itself. Times stay texts: some cannot be read as times.

    Raises LookupError for an item without an id.
    """
    parts, extended = {}, []
    for one in element:
        tag = one.tag
        if tag == _EXTENDED:
            extended.append(one)
        else:
            parts[tag] = one
    values = _properties(extended)

    def text(tag: str) -> str | None:
        one = parts.get(T + tag)
        return None if one is None else one.text

    subject = text("Subject")

    item_class = text("ItemClass") or ""
    received = _whole_seconds(text("DateTimeReceived"))
    sent = _whole_seconds(text("DateTimeSent"))
    created = _whole_seconds(text("DateTimeCreated"))
    told = text("HasAttachments")
    named = [voicemail.Property(id=_name(key), value=value) for key, value in values.items()]
    letter = voicemail.Letter(
        id=parts[T + "ItemId"].attrib["Id"],
        internet_message_id=text("InternetMessageId"),
        received_date_time=received or sent or created,
        sent_date_time=sent or received or created,
        sender=next(iter(_people(parts.get(T + "From"))), None),
        reply_to=list(_people(parts.get(T + "ReplyTo"))),
        has_attachments=told == "true" if told else None,
        properties=[voicemail.Property(id="String 0x001A", value=item_class), *named],
        subject=decoded(subject) if subject else subject,
        body=_body(parts.get(T + "Body")),
        internet_message_headers=_headers(parts.get(T + "InternetMessageHeaders")),
    )
    return Row(
        id=letter.id,
        item_class=item_class,
        letter=letter,
        size=text("Size") or "",
        created=created or "",
        search_key=values.get(_key(SEARCH_KEY), ""),
        reply_names=values.get(_key(REPLY_NAMES), ""),
        asr_data=values.get(_key(ASR_DATA), ""),
    )


_FRACTION = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(Z|[+-]\d\d:\d\d)?$")


def _whole_seconds(text: str | None) -> str | None:
    """A time without its fraction, of which nine digits have been seen."""
    found = _FRACTION.match(text) if text else None
    return f"{found[1]}{found[2] or 'Z'}" if found else text


_key = voicemail.property_key


@lru_cache(maxsize=1024)
def _name(key: tuple[str, str, str]) -> str:
    """Graph's id of a property again."""
    kind, group, word = key
    return f"{kind} {{{group}}} Name {word}" if group else f"{kind} 0x{int(word):04X}"


_EXTENDED = T + "ExtendedProperty"
_FIELD, _VALUE = T + "ExtendedFieldURI", T + "Value"


def _properties(extended: Iterable[Element]) -> dict[tuple[str, str, str], str]:
    """The extended properties by type, set, and number or name. One without a value is left out."""
    found = {}
    for one in extended:
        field, value = one.find(_FIELD), one.findtext(_VALUE)
        if field is not None and value:
            found[_property(tuple(field.items()))] = decoded(value)
    return found


def decoded(text: str) -> str:
    """A text that may be encoded as in a mail's head: "=?utf-8?q?S=C3=B8ren?=" (RFC 2047)."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text  # an unknown character set, or no such encoding at all


_SETS = {name: group.strip("{}") for group, name in DISTINGUISHED.items()}


@lru_cache(maxsize=1024)
def _property(attributes: tuple[tuple[str, str], ...]) -> tuple[str, str, str]:
    """Type, set, and number or name of the property that an ExtendedFieldURI names."""
    told = dict(attributes)
    kind, tag = told.get("PropertyType", "").lower(), told.get("PropertyTag")
    if tag:
        return kind, "", str(int(tag, 0))
    group = _SETS.get(told.get("DistinguishedPropertySetId", ""), "")
    group = group or told.get("PropertySetId", "").strip("{}").lower()
    return kind, group, told.get("PropertyName", "").lower()


def _people(parent: Element | None) -> Iterator[voicemail.Recipient]:
    for one in parent.iterfind(T + "Mailbox") if parent is not None else ():
        address = one.findtext(T + "EmailAddress") or ""
        if address[:3].lower() == "/o=":
            address = ""  # a name in Exchange's own directory, which tells us nothing
        yield voicemail.Recipient(
            email_address=voicemail.Address(name=_named(one), address=address)
        )


def _named(element: Element) -> str | None:
    name = element.findtext(T + "Name")
    return decoded(name) if name else name


def _headers(parent: Element | None) -> list[voicemail.Header] | None:
    if parent is None:
        return None
    return [
        voicemail.Header(name=one.get("HeaderName") or "", value=decoded(one.text or ""))
        for one in parent
    ]


def _body(element: Element | None) -> voicemail.Body | None:
    """The words. Text has been seen to come as HTML, so the words themselves decide."""
    if element is None or not element.text:
        return None
    told = element.get("BodyType", "").lower()
    is_html = told != "text" or bool(_HTML.search(element.text[:2000]))
    return voicemail.Body(content=element.text, content_type="html" if is_html else "text")


_HTML = re.compile(r"<(?:html|head|body|div|p|table|span|br)\b", re.I)


def _files(parent: Element) -> Iterator[voicemail.File]:
    for one in parent:
        key = one.find(T + "AttachmentId")
        size = one.findtext(T + "Size") or ""
        yield voicemail.File(
            # A mail in the mail has no bytes of its own.
            id=key.get("Id") if key is not None and one.tag == T + "FileAttachment" else "",
            name=_named(one),
            content_type=one.findtext(T + "ContentType"),
            size=int(size) if size.isdigit() else None,
            is_inline=one.findtext(T + "IsInline") == "true",
        )
