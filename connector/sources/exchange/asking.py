"""What is asked of EWS, as XML. Pure.

Sources: Microsoft, "EWS reference for Exchange" and "Mailbox synchronization and EWS in Exchange",
and Open Specifications MS-OXOUM and MS-OXPROPS, read 2026-11-21 and 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml import etree

from connector.sources import voicemail
from connector.sources.exchange.wire import (
    ASR_DATA,
    CHANGED_AT,
    DISTINGUISHED,
    REPLY_NAMES,
    SEARCH_KEY,
    Element,
    M,
    T,
)

MOST_CHANGES = 512  # the server's limit for a page of changes
FOLDERS_A_PAGE = 500
_FOLDER_FIELDS = (
    *("folder:FolderClass", "folder:DisplayName", "folder:TotalCount"),
    CHANGED_AT,
)
_EXTENDED = tuple(name for name in voicemail.ASKED if name != "String 0x001A")
# What a listing tells of each item: no words of anybody, only what shows whether it is for us.
ROW_FIELDS = (
    *("item:ItemClass", "item:DateTimeReceived", "item:Size", "item:DateTimeSent"),
    *("item:DateTimeCreated", "item:HasAttachments", "message:From", "message:InternetMessageId"),
    *_EXTENDED,
    *(SEARCH_KEY, REPLY_NAMES),
)
ITEM_FIELDS = (
    *("item:ItemClass", "item:Subject", "item:Body", "item:Attachments", "item:DateTimeReceived"),
    *("item:InternetMessageHeaders", "item:DateTimeSent", "item:DateTimeCreated"),
    *("item:HasAttachments", "message:ToRecipients", "message:CcRecipients", "message:From"),
    *("message:InternetMessageId", "message:ReplyTo"),
    *_EXTENDED,
    *(SEARCH_KEY, ASR_DATA),
)


def _element(name: str, **attributes: str) -> Element:
    return etree.Element(name, attributes)


def _child(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    made = etree.SubElement(parent, name, attributes)
    made.text = text
    return made


def _field(parent: Element, name: str) -> None:
    """A field by EWS's name, or a property by Graph's id of it ("String 0x6802")."""
    kind, space, rest = name.partition(" ")
    if not space:
        _child(parent, T + "FieldURI", FieldURI=name)
        return
    group, named, word = rest.partition(" Name ")
    if not named:
        _child(
            parent, T + "ExtendedFieldURI", PropertyTag=f"0x{int(rest, 16):04X}", PropertyType=kind
        )
        return
    known = DISTINGUISHED[group.lower()]
    _child(
        parent,
        T + "ExtendedFieldURI",
        DistinguishedPropertySetId=known,
        PropertyName=word,
        PropertyType=kind,
    )


def _shape(parent: Element, tag: str, fields: Iterable[str], *, is_html: bool = False) -> None:
    shape = _child(parent, M + tag)
    _child(shape, T + "BaseShape", "IdOnly")
    if is_html:
        _child(shape, T + "BodyType", "HTML")
    more = _child(shape, T + "AdditionalProperties")
    for name in fields:
        _field(more, name)


def folders_request(mailbox: str, offset: int) -> Element:
    """All folders of a mailbox, a page of them. `mailbox` is "" when it is impersonated."""
    request = _element(M + "FindFolder", Traversal="Deep")
    _shape(request, "FolderShape", _FOLDER_FIELDS)
    _child(
        request,
        M + "IndexedPageFolderView",
        MaxEntriesReturned=str(FOLDERS_A_PAGE),
        Offset=str(offset),
        BasePoint="Beginning",
    )
    parents = _child(request, M + "ParentFolderIds")
    _root(parents, mailbox)
    return request


def root_request(mailbox: str) -> Element:
    """The root of a mailbox's mail: the smallest thing that shows whether it can be read."""
    request = _element(M + "GetFolder")
    _shape(request, "FolderShape", ("folder:DisplayName",))
    _root(_child(request, M + "FolderIds"), mailbox)
    return request


def _root(parent: Element, mailbox: str) -> None:
    root = _child(parent, T + "DistinguishedFolderId", Id="msgfolderroot")
    if mailbox:
        _child(_child(root, T + "Mailbox"), T + "EmailAddress", mailbox)


def sync_request(folder: str, state: str, most: int = MOST_CHANGES) -> Element:
    """The changes of one folder after a state; an empty state means from the beginning."""
    request = _element(M + "SyncFolderItems")
    _shape(request, "ItemShape", ROW_FIELDS)
    _child(_child(request, M + "SyncFolderId"), T + "FolderId", Id=folder)
    if state:
        _child(request, M + "SyncState", state)
    _child(request, M + "MaxChangesReturned", str(most))
    return request


def items_request(ids: Sequence[str]) -> Element:
    """Some items, opened."""
    request = _element(M + "GetItem")
    _shape(request, "ItemShape", ITEM_FIELDS, is_html=True)
    parent = _child(request, M + "ItemIds")
    for key in ids:
        _child(parent, T + "ItemId", Id=key)
    return request
