"""The calls of `_api` that the sandbox's SharePoint answers, by their paths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connector.sandbox.protocol import Response
from connector.sandbox.systems.sharepoint_store import (
    BAD_QUERY,
    NOT_FOUND,
    OTHER,
    Column,
    FakeFile,
    FakeList,
    Refused,
)

if TYPE_CHECKING:
    from connector.sandbox.systems.sharepoint import FakeSharePoint

_TEXT = r"'((?:[^']|'')*)'"
_LIST = re.compile(rf"web/getlist\({_TEXT}\)(?P<rest>.*)", re.I)
_ITEM = re.compile(r"/items/getbyid\((\d+)\)", re.I)
_FIELD = re.compile(rf"/fields/getbyinternalnameortitle\({_TEXT}\)", re.I)
_FOLDER = re.compile(rf"web/folders/add\({_TEXT}\)", re.I)
_ADD = re.compile(
    rf"web/getfolderbyserverrelativeurl\({_TEXT}\)/files/add\((?P<options>.*)\)", re.I
)
_FILE = re.compile(rf"web/getfilebyserverrelativeurl\({_TEXT}\)(?P<rest>.*)", re.I)
_UPLOAD = re.compile(
    rf"/(?P<what>start|continue|finish)upload\(uploadid=(?:guid)?{_TEXT}"
    r"(?:,fileoffset=(?P<offset>\d+))?\)",
    re.I,
)
_PAGE = 100


def answer_call(
    system: FakeSharePoint, verb: str, rest: str, query: dict[str, str], body: bytes
) -> Response:
    """The answer to one call; `verb` is GET, POST, MERGE or DELETE. Raises Refused."""
    store = system.store
    if match := _LIST.fullmatch(rest):
        return _on_list(system, store.list_at(_plain(match[1])), verb, match["rest"], query, body)
    if match := _FILE.fullmatch(rest):
        return _on_file(store.file(_plain(match[1])), verb, match["rest"], body)
    if (match := _ADD.fullmatch(rest)) and verb == "POST":
        return _add_file(system, _plain(match[1]), match["options"], body)
    if (match := _FOLDER.fullmatch(rest)) and verb == "POST":
        store.add_folder(_plain(match[1]))
        return good({"__metadata": {"type": "SP.Folder"}, "ServerRelativeUrl": _plain(match[1])})
    if rest.lower() == "web/lists" and verb == "POST":
        system.require_manage()
        asked = _members(body, "SP.List")
        return good(_list(store.add_list(asked["Title"], asked["BaseTemplate"])), 201)
    if rest.lower() in ("site", "site/usage") and verb == "GET":
        return good({"Usage": {"Storage": "1048576", "StoragePercentageUsed": system.used}})
    if rest.lower() == "web" and verb == "GET":
        return good({"Title": "Journal", "EffectiveBasePermissions": _rights(system)})
    raise Refused(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException",
                  f"Cannot find resource for the request {rest}.")  # fmt: skip


# -- lists ----------------------------------------------------------------------------------------


def _on_list(
    system: FakeSharePoint,
    where: FakeList,
    verb: str,
    rest: str,
    query: dict[str, str],
    body: bytes,
) -> Response:
    call = (verb, rest.lower())
    if call == ("GET", ""):
        return good({**_list(where), "EffectiveBasePermissions": _rights(system)})
    if call == ("GET", "/items"):
        return _items(system, where, query)
    if call == ("POST", "/items"):
        row = where.add_row(_members(body, where.item_type), system.store.clock())
        return good(_row(where, row), 201)
    if (match := _ITEM.fullmatch(rest)) and verb != "POST":
        return _on_item(system, where, verb, int(match[1]), body)
    if call == ("GET", "/fields"):
        return good({"results": [_column(each) for each in where.columns.values()]})
    if call == ("POST", "/fields/createfieldasxml"):
        system.require_manage()
        asked = json.loads(body)["parameters"]
        made = where.add_column(asked["SchemaXml"], int(asked.get("Options") or 0))
        return good(_column(made), 201)
    if (match := _FIELD.fullmatch(rest)) and verb == "MERGE":
        system.require_manage()
        _change_column(where, where.column(_plain(match[1])), _members(body, "SP.Field"))
        return Response(status=204)
    raise Refused(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException",
                  f"Cannot find resource for the request {rest}.")  # fmt: skip


def _change_column(where: FakeList, column: Column, asked: dict[str, Any]) -> None:
    if asked.get("Indexed") and not column.is_indexed:
        where.index(column)
    if asked.get("EnforceUniqueValues"):
        named = (str(row.get(column.name) or "").casefold() for row in where.rows.values())
        values = [each for each in named if each]
        if not column.is_indexed or len(values) != len(set(values)):
            raise Refused(500, OTHER, "This field cannot enforce unique values.")
        column.is_unique = True


def _on_item(
    system: FakeSharePoint, where: FakeList, verb: str, number: int, body: bytes
) -> Response:
    row = where.rows.get(number)
    if row is None:
        raise Refused(404, "-2147024809, System.ArgumentException", "Item does not exist.")
    if verb == "GET":
        return good(_row(where, row))
    if verb == "DELETE":
        del where.rows[number]
        return Response(status=200)
    values = _members(body, where.item_type)
    where.check(values, but=number)
    row.update(values)
    row["Modified"] = f"{system.store.clock():%Y-%m-%dT%H:%M:%SZ}"
    return Response(status=204)


def _items(system: FakeSharePoint, where: FakeList, query: dict[str, str]) -> Response:
    wanted = [each for each in query.get("$select", "").split(",") if each]
    for name in wanted:
        if name not in ("Id", "ID", "Created", "Modified"):
            where.column(name)
    rows = where.query(query.get("$filter", ""), query.get("$orderby", ""))
    if match := re.search(r"p_ID=(\d+)", query.get("$skiptoken", "")):
        rows = [row for row in rows if row["Id"] > int(match[1])]
    most = int(query.get("$top", _PAGE))
    if most > 5_000:
        raise Refused(*BAD_QUERY, "$top is too large.")
    page = rows[:most]
    value: dict[str, Any] = {"results": [_row(where, row, wanted) for row in page]}
    if len(rows) > len(page):
        more = {**query, "$skiptoken": f"Paged=TRUE&p_ID={page[-1]['Id']}"}
        value["__next"] = (
            f"{system.origin}{system.store.url}/_api/Web/GetList(%27{where.url}%27)/items?"
            f"{urlencode(more, safe='$')}"
        )
    return good(value)


# -- files ----------------------------------------------------------------------------------------


def _add_file(system: FakeSharePoint, folder: str, options: str, body: bytes) -> Response:
    name = re.search(rf"url={_TEXT}", options, re.I)
    if name is None:
        raise Refused(*BAD_QUERY, "The parameter url is missing.")
    overwrite = "overwrite=true" in options.lower()
    return good(_file(system.store.add_file(folder, _plain(name[1]), body, overwrite)))


def _on_file(file: FakeFile, verb: str, rest: str, body: bytes) -> Response:
    if verb == "GET" and not rest:
        return good({**_file(file), "ListItemAllFields": _item_of(file)})
    if verb == "GET" and rest.lower() == "/$value":
        kind = {"content-type": "application/octet-stream"}
        return Response(headers=kind, body=file.content)
    if verb == "POST" and rest.lower() == "/listitemallfields/validateupdatelistitem":
        return good({"ValidateUpdateListItem": {"results": _validate(file, body)}})
    if verb == "POST" and (match := _UPLOAD.fullmatch(rest)):
        return _upload(file, match, body)
    raise Refused(*NOT_FOUND, "Cannot find resource for the request.")


def _validate(file: FakeFile, body: bytes) -> list[dict[str, Any]]:
    """200 whatever happens; what was wrong stands beside each field."""
    answers = []
    for asked in json.loads(body)["formValues"]:
        name, value = asked["FieldName"], asked["FieldValue"]
        problem = ""
        try:
            file.library.check({name: value}, but=file.item)
        except Refused as error:
            problem = str(error)
        answers.append(
            {
                "FieldName": name,
                "FieldValue": value,
                "HasException": bool(problem),
                "ErrorMessage": problem or None,
            }
        )
    if not any(each["HasException"] for each in answers):  # all or nothing
        row = file.library.rows[file.item]
        row.update({each["FieldName"]: each["FieldValue"] for each in answers})
    return answers


def _upload(file: FakeFile, match: re.Match[str], body: bytes) -> Response:
    """Parts are kept aside until the last one: only then does the file hold them."""
    what, session = match["what"].lower(), match[2]
    if what == "start":
        file.upload, file.coming = session, body
        return good({"StartUpload": str(len(body))})
    if file.upload != session or int(match["offset"] or -1) != len(file.coming):
        raise Refused(500, OTHER, "The upload session does not know this part.")
    file.coming += body
    if what == "continue":
        return good({"ContinueUpload": str(len(file.coming))})
    file.content, file.upload, file.coming = file.coming, "", b""
    return good(_file(file))


# -- how things are put ---------------------------------------------------------------------------


def good(value: object, status: int = 200) -> Response:
    """An answer in odata=verbose."""
    kind = {"content-type": "application/json;odata=verbose;charset=utf-8"}
    return Response(status=status, headers=kind, body=json.dumps({"d": value}).encode())


def fault(status: int, code: str, message: str) -> Response:
    """An error in odata=verbose."""
    kind = {"content-type": "application/json;odata=verbose;charset=utf-8"}
    said = {"error": {"code": code, "message": {"lang": "da-DK", "value": message}}}
    return Response(status=status, headers=kind, body=json.dumps(said).encode())


def _plain(text: str) -> str:
    return text.replace("''", "'")


def _members(body: bytes, type_name: str) -> dict[str, Any]:
    """The members of a verbose body, whose type must be named."""
    try:
        value = json.loads(body)
    except ValueError:
        raise Refused(*BAD_QUERY, "The body is not JSON.") from None
    if not isinstance(value, dict) or value.pop("__metadata", {}).get("type") != type_name:
        raise Refused(*BAD_QUERY, "An entry without the expected type name was found.")
    return value


def _rights(system: FakeSharePoint) -> dict[str, Any]:
    low, high = system.rights & 0xFFFFFFFF, system.rights >> 32
    kind = {"type": "SP.BasePermissions"}
    return {"__metadata": kind, "High": str(high), "Low": str(low)}


def _list(where: FakeList) -> dict[str, Any]:
    return {
        "__metadata": {"type": "SP.List"},
        "Id": f"00000000-0000-4000-8000-{abs(hash(where.url)) % 16**12:012x}",
        "Title": where.title,
        "BaseTemplate": where.template,
        "ItemCount": len(where.rows),
        "ListItemEntityTypeFullName": where.item_type,
    }


def _row(where: FakeList, row: dict[str, Any], wanted: list[str] | None = None) -> dict[str, Any]:
    kept = {name: row.get(name) for name in wanted} if wanted else dict(row)
    if "Id" in kept:
        kept["ID"] = row["Id"]
    return {"__metadata": {"type": where.item_type, "etag": '"1"'}, **kept}


def _column(column: Column) -> dict[str, Any]:
    return {
        "__metadata": {"type": f"SP.Field{column.kind}"},
        "InternalName": column.name,
        "StaticName": column.name,
        "Title": column.title,
        "TypeAsString": column.kind,
        "Indexed": column.is_indexed,
        "EnforceUniqueValues": column.is_unique,
        "Required": False,
    }


def _file(file: FakeFile) -> dict[str, Any]:
    return {
        "__metadata": {"type": "SP.File"},
        "Name": file.url.rpartition("/")[2],
        "Length": str(len(file.content)),
        "ServerRelativeUrl": file.url,
        "TimeCreated": f"{file.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _item_of(file: FakeFile) -> dict[str, Any]:
    return _row(file.library, file.library.rows[file.item])
