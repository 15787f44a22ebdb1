"""The Graph calls for mailboxes: folders, messages, delta by folder, attachments. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from connector.sandbox import audio, wire
from connector.sandbox.post import FOLDERS, folder_id
from connector.sandbox.protocol import GraphError, Request, Response, encode, json_response, unseal
from connector.sandbox.view import Handler, View, page, parse_time, skip_state
from connector.sandbox.world import Json, Mail

FULL = frozenset({"Mail.Read", "Mail.ReadWrite"})
HIDDEN = ("body", "bodyPreview", "uniqueBody", "internetMessageHeaders")
PROPERTY = re.compile(r"id eq '([^']+)'")
HAS_PROPERTY = re.compile(
    r"singleValueExtendedProperties/[Aa]ny\(ep:\s*ep/id eq '([^']+)' and "
    r"(?:startswith\(ep/value,\s*'([^']*)'\)|ep/value (eq|ne) (?:'([^']*)'|null))\)"
)
RECEIVED = re.compile(r"receivedDateTime (ge|gt|lt|le) ([0-9TZ:.+-]+)")


def _mailbox(view: View, key: str) -> str:
    return view.staff(key).key


def _folder_of(view: View, mail: Mail) -> str:
    return view.moved[mail.key][1] if mail.key in view.moved else mail.folder


def _own(view: View, mailbox: str, folder: str | None = None) -> list[Mail]:
    return [
        mail
        for mail in view.index.mails.get(mailbox, [])
        if mail.at <= view.now and (folder is None or _folder_of(view, mail) == folder)
    ]


def _folder(mailbox: str, key: str) -> str:
    """The well-known name of a folder given by id or by name."""
    for name, _shown, _parent in FOLDERS:
        if key.lower() == name or key == folder_id(mailbox, name):
            return name
    raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _folders(view: View, request: Request, mailbox: str, parent: str) -> Response:
    names = [name for name, _shown, of in FOLDERS if of == parent]
    size, at = (
        int(request.query.get("$top", "10")),
        int((skip_state(request, "folders") or {"o": 0})["o"]),
    )
    rows = [
        encode(wire.folder(mailbox, name, len(_own(view, mailbox, name))))
        for name in names[at : at + size]
    ]
    more = {"k": "folders", "o": at + size} if at + size < len(names) else None
    return page(request, rows, f"users('{mailbox}')/mailFolders", next_state=more)


def folders(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}/mailFolders: the top folders, 10 a page unless $top says more."""
    return _folders(view, request, _mailbox(view, names["user"]), "msgfolderroot")


def child_folders(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET .../mailFolders/{id}/childFolders."""
    mailbox = _mailbox(view, names["user"])
    if names["folder"] == "msgfolderroot":
        return _folders(view, request, mailbox, "msgfolderroot")
    return _folders(view, request, mailbox, _folder(mailbox, names["folder"]))


def folder(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET .../mailFolders/{id or well-known name}."""
    mailbox = _mailbox(view, names["user"])
    name = _folder(mailbox, names["folder"])
    return json_response(wire.folder(mailbox, name, len(_own(view, mailbox, name))))


def _key(view: View, mail: Mail, *, is_immutable: bool) -> str:
    """The immutable id, or the ordinary one that changes when the mail is moved."""
    if is_immutable:
        return mail.key
    token = f"{_folder_of(view, mail)}/{mail.key}".encode()
    return "AAMkM" + base64.urlsafe_b64encode(token).decode().rstrip("=")


def _body(view: View, request: Request, mail: Mail, select: str, expand: str) -> Json:
    is_immutable = 'idtype="immutableid"' in request.prefer
    change_key = f"CQAAABYA{mail.key[5:21]}{view.moved.get(mail.key, (0, ''))[0]}"
    key = _key(view, mail, is_immutable=is_immutable)
    body = wire.mail(mail, key, _folder_of(view, mail), view.index.people, change_key)
    if select:
        wanted = {name.strip() for name in select.split(",")} | {"id", "@odata.etag"}
        body = {name: value for name, value in body.items() if name in wanted}
    else:
        body.pop("internetMessageHeaders")  # comes only when it is selected
    if not view.roles & FULL:
        for name in HIDDEN:
            body.pop(name, None)
        return body
    found = wire.properties(mail, PROPERTY.findall(expand)) if "singleValue" in expand else []
    if found:
        body["singleValueExtendedProperties"] = found
    if re.search(r"(^|,)attachments", expand):
        body["attachments"] = [_attachment(mail, *one) for one in wire.attachments(mail)]
    return body


def delta(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET .../mailFolders/{id}/messages/delta: the folder, then what came, moved in or moved out.

    The token holds the time of the last round and what was selected, as Exchange's does.
    """
    mailbox = _mailbox(view, names["user"])
    name = _folder(mailbox, names["folder"])
    kind = f"{mailbox}/{name}"
    state = skip_state(request, kind)
    if state is None and "$deltatoken" in request.query:
        found = unseal(request.query["$deltatoken"])
        if found is None or found.get("k") != kind:
            raise GraphError(
                400, "SyncStateNotFound", "The sync state is not found.", inner="syncStateNotFound"
            )
        state = {**found, "o": 0, "until": view.now.isoformat(), "now": view.changes}
    if state is None:
        query = request.query
        state = {
            "k": kind, "o": 0, "t": "", "v": 0, "until": view.now.isoformat(), "now": view.changes,
            "s": query.get("$select", ""), "e": query.get("$expand", ""),
            "f": query.get("$filter", ""),
        }  # fmt: skip
    rows = _delta_rows(view, request, mailbox, name, state)
    size = _page_size(view, request, 10)
    at = int(state["o"])
    more = {**state, "o": at + size} if at + size < len(rows) else None
    done = {**{k: state[k] for k in ("k", "s", "e", "f")}, "t": state["until"], "v": state["now"]}
    return page(
        request,
        rows[at : at + size],
        f"users('{mailbox}')/mailFolders('{name}')/messages",
        next_state=more,
        delta=done,
        keep=(),
    )


def _delta_rows(view: View, request: Request, mailbox: str, name: str, state: Json) -> list[bytes]:
    since = datetime.fromisoformat(state["t"]) if state["t"] else None
    until = datetime.fromisoformat(state["until"])
    rows: list[bytes] = []
    for mail in view.index.mails.get(mailbox, []):
        change, _to = view.moved.get(mail.key, (0, ""))
        has_moved = since is not None and change > int(state["v"])
        is_new = mail.at <= until and (since is None or mail.at > since)
        if _folder_of(view, mail) == name:
            if (is_new or has_moved) and mail.at <= view.now and _fits(mail, str(state["f"])):
                rows.append(encode(_body(view, request, mail, state["s"], state["e"])))
        elif has_moved and mail.folder == name:
            rows.append(encode({"id": mail.key, "@removed": {"reason": "deleted"}}))
    return rows


def _page_size(view: View, request: Request, default: int) -> int:
    wanted = re.search(r"odata\.maxpagesize=(\d+)", request.prefer)
    size = int(wanted[1]) if wanted else int(request.query.get("$top", str(default)))
    return max(1, min(size, view.most_rows))


def _fits(mail: Mail, text: str) -> bool:
    """A $filter on the time received and on one extended property."""
    rest = text
    for found in RECEIVED.finditer(text):
        limit = parse_time(found[2])
        kept = {
            "ge": mail.at >= limit,
            "gt": mail.at > limit,
            "lt": mail.at < limit,
            "le": mail.at <= limit,
        }
        rest = rest.replace(found[0], "", 1)
        if not kept[found[1]]:
            return False
    for found in HAS_PROPERTY.finditer(text):
        rest = rest.replace(found[0], "", 1)
        if not _has(mail, found):
            return False
    if rest.replace(" and ", "").strip():
        raise GraphError(
            400,
            "ErrorInvalidUrlQueryFilter",
            "The query filter contains one or more invalid nodes.",
        )
    return True


def _has(mail: Mail, found: re.Match[str]) -> bool:
    values = [entry["value"] for entry in wire.properties(mail, [found[1]])]
    if found[2] is not None:
        return any(value.lower().startswith(found[2].lower()) for value in values)
    if found[3] == "ne":
        return bool(values)
    return any(value.lower() == (found[4] or "").lower() for value in values)


def messages(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}/messages or .../mailFolders/{id}/messages: newest first, 10 a page."""
    mailbox = _mailbox(view, names["user"])
    name = _folder(mailbox, names["folder"]) if "folder" in names else None
    query = request.query
    found = [m for m in reversed(_own(view, mailbox, name)) if _fits(m, query.get("$filter", ""))]
    at, size = int((skip_state(request, "mail") or {"o": 0})["o"]), _page_size(view, request, 10)
    select, expand = query.get("$select", ""), query.get("$expand", "")
    rows = [encode(_body(view, request, m, select, expand)) for m in found[at : at + size]]
    more = {"k": "mail", "o": at + size} if at + size < len(found) else None
    return page(request, rows, f"users('{mailbox}')/messages", next_state=more)


def _mail(view: View, names: Mapping[str, str]) -> Mail:
    for mail in _own(view, _mailbox(view, names["user"])):
        if names["mail"] in (mail.key, _key(view, mail, is_immutable=False)):
            return mail
    raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def message(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}/messages/{id}."""
    query = request.query
    select, expand = query.get("$select", ""), query.get("$expand", "")
    return json_response(_body(view, request, _mail(view, names), select, expand))


@lru_cache(maxsize=64)
def content(mail: Mail, key: str) -> bytes:
    """The bytes of an attachment."""
    if key == "AAMkATaudio" and mail.sound:
        return audio.recording(mail.sound)
    if key == "AAMkATsealed":
        return b"\x76\xe8\x04\x60\xc4\x11\xe3\x86" + mail.key.encode() * 20
    return audio.png(mail.key) if mail.other_file.endswith(".png") else b"%PDF-1.4\n%%EOF\n"


def _attachment(mail: Mail, key: str, name: str, kind: str, _is_sound: bool) -> Json:
    data = content(mail, key)
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "@odata.mediaContentType": kind,
        "id": key,
        "lastModifiedDateTime": wire.seconds(mail.at),
        "name": name,
        "contentType": kind,
        "size": len(data) + 150,  # the size of the attachment with its properties, not of the bytes
        "isInline": False,
        "contentId": None,
        "contentLocation": None,
        "contentBytes": base64.b64encode(data).decode(),
    }


def attachments(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET .../messages/{id}/attachments; $select can leave the bytes out."""
    _full(view)
    mail, select = _mail(view, names), request.query.get("$select", "")
    rows = []
    for one in wire.attachments(mail):
        body = _attachment(mail, *one)
        if select:
            wanted = {n.strip() for n in select.split(",")} | {"id", "@odata.type"}
            body = {n: v for n, v in body.items() if n in wanted}
        rows.append(encode(body))
    return page(request, rows, "attachments")


def _full(view: View) -> None:
    if not view.roles & FULL:
        raise GraphError(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )


def attachment(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET .../attachments/{id} as JSON."""
    _full(view)
    return json_response(_attachment(*_found(view, names)))


def _found(view: View, names: Mapping[str, str]) -> tuple[Mail, str, str, str, bool]:
    mail = _mail(view, names)
    for one in wire.attachments(mail):
        if one[0] == names["attachment"]:
            return (mail, *one)
    raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def attachment_value(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET .../attachments/{id}/$value: the bytes."""
    _full(view)
    mail, key, _name, kind, _is_sound = _found(view, names)
    return Response(headers={"content-type": kind}, body=content(mail, key))


MAIL = ("Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic.All")
USER = "/users/{user}"

ROUTES: tuple[tuple[str, str, Handler, tuple[str, ...]], ...] = (
    ("GET", USER + "/mailFolders", folders, MAIL),
    ("GET", USER + "/mailFolders/{folder}", folder, MAIL),
    ("GET", USER + "/mailFolders/{folder}/childFolders", child_folders, MAIL),
    ("GET", USER + "/mailFolders/{folder}/messages", messages, MAIL),
    ("GET", USER + "/mailFolders/{folder}/messages/delta", delta, MAIL),
    ("GET", USER + "/messages", messages, MAIL),
    ("GET", USER + "/messages/{mail}", message, MAIL),
    ("GET", USER + "/messages/{mail}/attachments", attachments, MAIL),
    ("GET", USER + "/messages/{mail}/attachments/{attachment}", attachment, MAIL),
    ("GET", USER + "/messages/{mail}/attachments/{attachment}/$value", attachment_value, MAIL),
)
