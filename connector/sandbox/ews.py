"""An Exchange server on loopback that speaks EWS, for the demo and the tests.

A service account signs in (NTLM, Basic or a bearer token) and reads mailboxes by impersonation or
as a delegate. Operations and their order of elements as in Microsoft's "EWS reference for
Exchange"; what a real server did beside that is in ews_scenarios.py.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from connector.sandbox import ews_xml as xml
from connector.sandbox.ews_store import Folder, Mailbox, Store, changes_after, stamp
from connector.sandbox.ews_xml import M, T
from connector.sandbox.protocol import Request, Response, seal, unseal
from connector.sandbox.server import Listener, listen
from connector.sandbox.systems import ntlm
from connector.sandbox.systems.base import basic_user

PATH = "/EWS/Exchange.asmx"
MOST_CHANGES = 512
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
CHALLENGE = bytes(range(8))


class Refused(Exception):
    """The request as a whole is answered with a SOAP fault."""

    def __init__(self, code: str, text: str, values: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.values = values or {}


@dataclass(slots=True)
class Call:
    """One request, read: the operation, the mailbox it acts on, and the arguments."""

    operation: str
    body: etree._Element
    mailbox: str  # impersonated, or named in a folder id; "" for the service account's own
    is_impersonated: bool
    request: Request


Before = Callable[["Exchange", Call], str | Response | None]
After = Callable[["Exchange", Call, str], str]


@dataclass(slots=True)
class Exchange:
    """The server. `rights` is "impersonation", "delegate" or "" (neither was granted).

    `before` and `after` misbehave: what is asked is given to each, and what is to be answered.
    """

    store: Store
    user: str = "svc-casethread"
    password: str = "sandkasse"  # noqa: S105  a made-up server's
    token: str = ""
    auth: tuple[str, ...] = ("ntlm", "basic", "bearer")
    rights: str = "impersonation"
    version: str = "2010"
    scope: Callable[[str], bool] = bool  # the mailboxes that the right covers; all with a name
    before: list[Before] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    asked: list[Call] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    counts: dict[str, int] = field(default_factory=dict)
    _signed_in: set[str] = field(default_factory=set)
    _kept: dict[tuple[int, tuple[str, ...], str], str] = field(default_factory=dict)

    def serve(self, *, tls: bool = False) -> Listener:
        """Start answering on loopback; the listener is a context manager."""
        return listen(self.handle, tls=tls)

    def times(self, key: str, limit: int) -> bool:
        """True for the first `limit` questions about this key."""
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key] <= limit

    # -- a request ---------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """The answer to one request."""
        if request.path.lower() != PATH.lower():
            return Response(status=404)
        refusal = self._sign_in(request)
        if refusal is not None:
            return refusal
        try:
            call = self._read(request)
            self.asked.append(call)
            body = self._answer(call)
        except Refused as error:
            fault = xml.fault(error.code, str(error), error.values)
            return _soap(xml.envelope(fault, self.version), 500)
        except etree.XMLSyntaxError:
            return Response(status=400)
        return body if isinstance(body, Response) else _soap(xml.envelope(body, self.version))

    def _answer(self, call: Call) -> str | Response:
        for misbehave in self.before:
            early = misbehave(self, call)
            if early is not None:
                return early
        body = OPERATIONS[call.operation](self, call)
        for change in self.after:
            body = change(self, call, body)
        return body

    def _read(self, request: Request) -> Call:
        root = etree.fromstring(request.body, parser=_PARSER)
        body = root.find(f"{{{xml.SOAP}}}Body")
        schema = root.find(f".//{T}RequestServerVersion")
        if schema is None or not xml.knows(self.version, schema.get("Version", "")):
            raise Refused("ErrorInvalidServerVersion", "The specified server version is invalid.")
        if body is None or not len(body) or etree.QName(body[0]).localname not in OPERATIONS:
            raise Refused("ErrorInvalidRequest", "The request is invalid.")
        sid = root.find(f".//{T}ConnectingSID")
        named = sid[0].text if sid is not None and len(sid) else None
        if named is None:
            delegated = body.find(f".//{T}Mailbox/{T}EmailAddress")
            named = delegated.text if delegated is not None else None
        return Call(
            operation=etree.QName(body[0]).localname,
            body=body[0],
            mailbox=(named or "").lower(),
            is_impersonated=sid is not None,
            request=request,
        )

    # -- signing in --------------------------------------------------------------------------------

    def _sign_in(self, request: Request) -> Response | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and "bearer" in self.auth and self.token:
            return None if value == self.token else self._unauthorized()
        if kind.lower() == "basic" and "basic" in self.auth:
            name, password = basic_user(request) or ("", "")
            is_right = name.split("\\")[-1].lower() == self.user.lower()
            return None if is_right and password == self.password else self._unauthorized()
        if "ntlm" not in self.auth:
            return self._unauthorized()
        return self._ntlm(request, kind, value)

    def _ntlm(self, request: Request, kind: str, value: str) -> Response | None:
        """NTLM signs a connection in, not a request."""
        if not kind:
            return None if request.peer in self._signed_in else self._unauthorized()
        message = base64.b64decode(value)
        if ntlm.message_type(message) == 1:
            text = base64.b64encode(ntlm.challenge_message(CHALLENGE)).decode()
            return Response(status=401, headers={"www-authenticate": f"NTLM {text}"})
        if ntlm.proves(message, CHALLENGE, self.user, self.password):
            self._signed_in.add(request.peer)
            return None
        return self._unauthorized()

    def _unauthorized(self) -> Response:
        kinds = {"ntlm": "NTLM", "basic": 'Basic realm="mail"', "bearer": "Bearer"}
        offered = ", ".join(kinds[each] for each in self.auth)
        return Response(status=401, headers={"www-authenticate": offered})

    # -- what an operation looks at ----------------------------------------------------------------

    def box(self, call: Call) -> Mailbox:
        """The mailbox the call is about, or the refusal of it."""
        address = call.mailbox or self._owner(call)
        is_allowed = self.scope(address)
        if call.is_impersonated and not (is_allowed and self.rights == "impersonation"):
            raise Refused(
                "ErrorImpersonateUserDenied",
                "The account does not have permission to impersonate the requested user.",
            )
        if not call.is_impersonated and not (is_allowed and self.rights == "delegate"):
            raise Refused("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        box = self.store.mailboxes.get(address)
        if box is None:
            raise Refused(
                "ErrorNonExistentMailbox",
                "The SMTP address has no mailbox associated with it.",
            )
        if box.state:
            raise Refused(box.state, "The mailbox cannot be opened now.")
        return box

    def _owner(self, call: Call) -> str:
        """The mailbox that holds the first folder or item of a delegate's request."""
        asked = {each.get("Id") for each in call.body.iter() if each.get("Id")}
        for box in self.store.mailboxes.values():
            for folder in box.folders.values():
                if folder.id in asked or not asked.isdisjoint(folder.posts):
                    return box.address
                if any(file.id in asked for post in folder.posts.values() for file in post.files):
                    return box.address
        return ""

    def folder(self, box: Mailbox, element: etree._Element) -> Folder | None:
        """The folder that a FolderId or DistinguishedFolderId names."""
        name = element.get("Id", "")
        if element.tag == T + "DistinguishedFolderId":
            name = self.store.folder_id(box, name)
        return box.folders.get(name)

    def rendered(self, post: object, fields: tuple[str, ...], folder: str) -> str:
        """An item's XML, kept: the same items are asked for with the same properties."""
        key = (id(post), fields, folder)
        found = self._kept.get(key)
        if found is None:
            found = xml.item(post, fields, folder)  # type: ignore[arg-type]
            if len(self._kept) < 100_000:
                self._kept[key] = found
        return found


def _soap(body: bytes, status: int = 200) -> Response:
    return Response(status=status, headers={"content-type": "text/xml; charset=utf-8"}, body=body)


# -- operations ------------------------------------------------------------------------------------


def convert_id(_server: Exchange, _call: Call) -> str:
    """ConvertId, which clients send with a wrong id just to read the server's version."""
    return xml.answer(
        "ConvertId", xml.failure("ConvertId", "ErrorInvalidIdMalformed", "Id is malformed.")
    )


def _parents(server: Exchange, call: Call, box: Mailbox, tag: str) -> list[str]:
    """The ids of the folders that were asked for; the root of all stands for itself."""
    asked = call.body.find(M + tag)
    found = []
    for element in asked if asked is not None else ():
        name = element.get("Id", "")
        is_named = element.tag == T + "DistinguishedFolderId"
        if is_named and name not in ("msgfolderroot", "inbox", "junkemail", "deleteditems"):
            raise Refused("ErrorInvalidRequest", f"The folder name {name} is not known here.")
        found.append(server.store.folder_id(box, name) if is_named else name)
    return found


def _inside(box: Mailbox, parent: str, *, is_deep: bool) -> list[Folder]:
    """The folders in a folder; deep: those in these too, each after its parent."""
    found = []
    for folder in box.folders.values():
        if folder.parent == parent:
            found.append(folder)
            found += _inside(box, folder.id, is_deep=True) if is_deep else []
    return found


def find_folder(server: Exchange, call: Call) -> str:
    """FindFolder, shallow or deep, by pages."""
    box = server.box(call)
    fields = xml.asked_fields(call.body.find(M + "FolderShape"))
    view = call.body.find(M + "IndexedPageFolderView")
    size = int(view.get("MaxEntriesReturned", "1000")) if view is not None else 1000
    at = int(view.get("Offset", "0")) if view is not None else 0
    is_deep = call.body.get("Traversal") == "Deep"
    parent = _parents(server, call, box, "ParentFolderIds")[0]
    found = _inside(box, parent, is_deep=is_deep)
    now = server.store.clock()
    rows = "".join(xml.folder(one, fields, now) for one in found[at : at + size])
    is_last = at + size >= len(found)
    more = "" if is_last else f' IndexedPagingOffset="{at + size}"'
    root = (
        f'<m:RootFolder{more} TotalItemsInView="{len(found)}" '
        f'IncludesLastItemInRange="{str(is_last).lower()}"><t:Folders>{rows}</t:Folders>'
        "</m:RootFolder>"
    )
    return xml.answer("FindFolder", xml.success("FindFolder", root))


def get_folder(server: Exchange, call: Call) -> str:
    """GetFolder by id or by name."""
    box = server.box(call)
    fields = xml.asked_fields(call.body.find(M + "FolderShape"))
    messages = []
    for name in _parents(server, call, box, "FolderIds"):
        folder = box.folders.get(name)
        if name == server.store.folder_id(box, "msgfolderroot"):
            folder = Folder(id=name, name="Øverste niveau", item_class="IPF.Note", parent="")
        if folder is None:
            messages.append(xml.failure("GetFolder", "ErrorFolderNotFound", "No such folder."))
            continue
        row = xml.folder(folder, fields, server.store.clock())
        messages.append(xml.success("GetFolder", f"<m:Folders>{row}</m:Folders>"))
    return xml.answer("GetFolder", *messages)


def sync_folder_items(server: Exchange, call: Call) -> str:
    """SyncFolderItems: the changes after a state, oldest first, and the state after them."""
    box = server.box(call)
    with server.store.lock:
        return _sync(server, call, box)


def _sync(server: Exchange, call: Call, box: Mailbox) -> str:
    name = "SyncFolderItems"
    where = call.body.find(M + "SyncFolderId")
    folder = server.folder(box, where[0]) if where is not None else None
    if folder is None or folder.is_search:
        code = "ErrorSyncFolderNotFound" if folder is None else "ErrorInvalidOperation"
        nothing = "<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>"
        return xml.answer(name, xml.failure(name, code, "The folder cannot be read.", nothing))
    told = call.body.findtext(M + "SyncState")
    state = unseal(told) if told else {"n": 0}
    if state is None:
        nothing = "<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>"
        return xml.answer(
            name, xml.failure(name, "ErrorInvalidSyncStateData", "The state is invalid.", nothing)
        )
    size = min(int(call.body.findtext(M + "MaxChangesReturned") or "100"), MOST_CHANGES)
    fields = xml.asked_fields(call.body.find(M + "ItemShape"))
    now = server.store.clock()
    rows, number = "", int(state["n"])
    if state.get("f", folder.id) != folder.id:  # another folder's: what it had is gone from here
        rows, number = _foreign(box, str(state["f"]), number), 0
    changes = changes_after(folder, number, now)
    for change, what, key, _at in changes[:size]:
        rows += _change(server, folder, what, key, fields)
        number = change
    is_last = len(changes) <= size
    content = (
        f"<m:SyncState>{seal({'f': folder.id, 'n': number, 't': stamp(now)})}</m:SyncState>"
        f"<m:IncludesLastItemInRange>{str(is_last).lower()}</m:IncludesLastItemInRange>"
        f"<m:Changes>{rows}</m:Changes>"
    )
    return xml.answer(name, xml.success(name, content))


def _foreign(box: Mailbox, folder: str, number: int) -> str:
    known = box.folders.get(folder)
    gone = [row[2] for row in known.log if row[0] <= number] if known else []
    return "".join(_deleted(key) for key in gone)


def _deleted(key: str) -> str:
    return f'<t:Delete><t:ItemId Id="{key}" ChangeKey="CQ"/></t:Delete>'


def _change(server: Exchange, folder: Folder, what: str, key: str, fields: tuple[str, ...]) -> str:
    post = folder.posts.get(key)
    if what == "read":
        return (
            f'<t:ReadFlagChange><t:ItemId Id="{key}" ChangeKey="CQ"/><t:IsRead>true</t:IsRead>'
            "</t:ReadFlagChange>"
        )
    if what == "delete" or post is None:
        return _deleted(key)
    tag = "Create" if what == "create" else "Update"
    return f"<t:{tag}>{server.rendered(post, fields, folder.id)}</t:{tag}>"


def get_item(server: Exchange, call: Call) -> str:
    """GetItem: one message for each id, in order. One malformed id refuses all of them."""
    box = server.box(call)
    fields = xml.asked_fields(call.body.find(M + "ItemShape"))
    ids = [one.get("Id", "") for one in call.body.iterfind(f"{M}ItemIds/{T}ItemId")]
    if any(not _is_well_formed(key) for key in ids):
        raise Refused("ErrorInvalidIdMalformed", "Id is malformed.")
    messages = []
    for key in ids:
        found = server.store.find(box, key)
        if found is None:
            text = "The specified object was not found in the store."
            messages.append(xml.failure("GetItem", "ErrorItemNotFound", text, "<m:Items/>"))
        elif found[1].is_broken:
            text = "Content conversion failed."
            code = "ErrorMimeContentConversionFailed"
            messages.append(xml.failure("GetItem", code, text, "<m:Items/>"))
        else:
            row = server.rendered(found[1], fields, found[0].id)
            messages.append(xml.success("GetItem", f"<m:Items>{row}</m:Items>"))
    return xml.answer("GetItem", *messages)


def _is_well_formed(key: str) -> bool:
    return key.startswith("AA")


def get_attachment(server: Exchange, call: Call) -> str:
    """GetAttachment: the bytes in Base64."""
    box = server.box(call)
    messages = []
    for one in call.body.iterfind(f"{M}AttachmentIds/{T}AttachmentId"):
        key = one.get("Id", "")
        messages.append(_attachment(box, key))
    return xml.answer("GetAttachment", *messages)


def _attachment(box: Mailbox, key: str) -> str:
    for folder in box.folders.values():
        for file in [file for post in folder.posts.values() for file in post.files]:
            if file.id == key:
                data = base64.b64encode(file.content()).decode()
                row = xml.attachment(file, f"<t:Content>{data}</t:Content>")
                return xml.success("GetAttachment", f"<m:Attachments>{row}</m:Attachments>")
    return xml.failure("GetAttachment", "ErrorItemNotFound", "The attachment is gone.")


def key_of(text: str) -> str:
    """A well-formed item id made of any text."""
    return "AAMk" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


OPERATIONS: dict[str, Callable[[Exchange, Call], str]] = {
    "ConvertId": convert_id,
    "FindFolder": find_folder,
    "GetFolder": get_folder,
    "SyncFolderItems": sync_folder_items,
    "GetItem": get_item,
    "GetAttachment": get_attachment,
}
