"""The Graph calls for the directory, chats, channels and presence; and the table of all calls.

Pure: (view, request) gives a response. Which application permission opens a call is in the table.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from connector.sandbox import audio, graph_calls, graph_mail, wire
from connector.sandbox.protocol import GraphError, Request, Response, encode, json_response, unseal
from connector.sandbox.view import Handler, View, page, parse_time, skip_state
from connector.sandbox.world import Chat, Json, Message, Staff

DEFAULT_ROLES = frozenset(
    {
        "User.Read.All",
        "Chat.Read.All",
        "ChannelMessage.Read.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "CallRecords.Read.All",
        "Presence.Read.All",
        "Mail.Read",
    }
)
BOUND = re.compile(r"^(\w+) (gt|lt|ge|le) ([0-9TZ:.+-]+)$")
WORLD_SIZE = 999


def bounds(text: str, name: str, allowed: frozenset[str]) -> dict[str, datetime]:
    """The bounds of a filter on `name`: {"gt": ..., "lt": ...}; 400 for anything else."""
    found: dict[str, datetime] = {}
    for part in re.split(r"\s+and\s+", text.strip()):
        match = BOUND.match(part.strip())
        if not match or match[1] != name or match[2] not in allowed:
            raise GraphError(400, "BadRequest", "Invalid $filter query.", inner="InvalidFilter")
        found[match[2]] = parse_time(match[3])
    return found


def top(view: View, request: Request, default: int, most: int) -> int:
    """$top, or the default; 400 when it is no number from 1."""
    text = request.query.get("$top", str(default))
    if not text.isdigit() or int(text) < 1:
        raise GraphError(400, "BadRequest", "Invalid value for $top.")
    return min(int(text), most, view.most_rows)


def _chosen(body: Json, request: Request) -> Json:
    names = request.query.get("$select", "")
    if not names:
        return body
    wanted = {name.strip() for name in names.split(",")} | {"id"}
    return {key: value for key, value in body.items() if key in wanted}


def _user_json(view: View, person: Staff) -> Json:
    body = wire.user(person)
    if person.key in view.renamed:
        upn = view.renamed[person.key][1]
        body.update(
            userPrincipalName=upn,
            mail=upn,
            proxyAddresses=[f"SMTP:{upn}", f"smtp:{person.upn}", f"sip:{upn}"],
        )
    return body


def _present(view: View) -> list[Staff]:
    everybody = view.town.staff + view.town.shared
    return [person for person in everybody if person.key not in view.removed]


def users(view: View, request: Request, _names: Mapping[str, str]) -> Response:
    """GET /users: $select, $top up to 999, paging; $filter=accountEnabled eq true."""
    size = top(view, request, 100, WORLD_SIZE)
    asked = request.query.get("$filter", "")
    if asked not in ("", "accountEnabled eq true"):
        raise GraphError(
            400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause."
        )
    found = [p for p in _present(view) if p.is_enabled or not asked]
    at = int((skip_state(request, "users") or {"o": 0})["o"])
    rows = [encode(_chosen(_user_json(view, p), request)) for p in found[at : at + size]]
    more = {"k": "users", "o": at + size} if at + size < len(found) else None
    return page(request, rows, "users", next_state=more)


def user(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}."""
    return json_response(_chosen(_user_json(view, view.staff(names["user"])), request))


def users_delta(view: View, request: Request, _names: Mapping[str, str]) -> Response:
    """GET /users/delta: everybody, then only what changed; 410 for a token it does not know."""
    token = request.query.get("$deltatoken")
    if token is not None and token != "latest":  # noqa: S105  the word of the protocol
        state = unseal(token)
        if state is None or state.get("k") != "users":
            raise GraphError(
                410,
                "resyncRequired",
                "The delta token is not valid any more.",
                inner="syncStateNotFound",
            )
        return _users_changed(view, request, int(state["v"]), str(state["s"]))
    chosen = request.query.get("$select", "")
    state = skip_state(request, "usersdelta") or {"o": 0, "v": view.changes}
    if token == "latest":  # noqa: S105
        return page(request, [], "users", delta={"k": "users", "v": view.changes, "s": chosen})
    at, found, size = int(state["o"]), _present(view), min(100, view.most_rows)
    rows = [encode(_chosen(_user_json(view, p), request)) for p in found[at : at + size]]
    if at + size < len(found):
        more = {"k": "usersdelta", "o": at + size, "v": state["v"]}
        return page(request, rows, "users", next_state=more)
    return page(request, rows, "users", delta={"k": "users", "v": state["v"], "s": chosen})


def _users_changed(view: View, request: Request, since: int, chosen: str) -> Response:
    select = Request(method="GET", target="/?$select=" + chosen)
    rows = [
        encode(_chosen(_user_json(view, view.staff(key)), select))
        for key, (change, _upn) in view.renamed.items()
        if change > since and key not in view.removed
    ]
    rows += [
        encode({"id": key, "@removed": {"reason": "changed"}})
        for key, change in view.removed.items()
        if change > since
    ]
    return page(request, rows, "users", delta={"k": "users", "v": view.changes, "s": chosen})


def _messages(
    view: View, request: Request, kind: str, own: list[Message], context: str
) -> Response:
    """A page of an export: a range of lastModifiedDateTime, oldest change first."""
    state = skip_state(request, kind)
    if state is None:
        asked = (
            bounds(request.query["$filter"], "lastModifiedDateTime", frozenset({"gt", "lt"}))
            if ("$filter" in request.query)
            else {}
        )
        low, high = asked.get("gt"), asked.get("lt")
        state = {
            "k": kind,
            "o": 0,
            "a": low.isoformat() if low else "",
            "b": (min(high, view.now) if high else view.now).isoformat(),
        }
    size, at = top(view, request, 50, 50), int(state["o"])
    low = datetime.fromisoformat(state["a"]) if state["a"] else None
    high = datetime.fromisoformat(state["b"])
    rows = []
    for kept in own:
        message = view.changed.get((kept.thread, kept.key), kept)
        if message.at < high and message.at <= view.now:
            changed = wire.modified_at(message, view.now)
            if changed < high and (low is None or changed > low):
                rows.append((changed, message.thread, message.key, message))
    rows.sort(key=lambda found: found[:3])
    knows = "include-unknown-enum-members" in request.prefer
    shown = [view.message(found[3], knows_events=knows) for found in rows[at : at + size]]
    more = {**state, "o": at + size} if at + size < len(rows) else None
    return page(request, shown, context, next_state=more, keep=("$top",), count=True)


def chat_messages(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}/chats/getAllMessages: one copy for each participant."""
    person = view.staff(names["user"])
    own = view.index.chat_messages.get(person.key, [])
    return _messages(view, request, f"chats/{person.key}", own, "Collection(chatMessage)")


def channel_messages(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /teams/{id}/channels/getAllMessages: all channels, with replies."""
    own = view.index.by_team.get(_team(view, names["team"]), [])
    return _messages(view, request, f"team/{names['team']}", own, "Collection(chatMessage)")


def _team(view: View, key: str) -> str:
    if not any(team.key == key for team in view.town.teams):
        raise GraphError(404, "NotFound", "No team found with the given id.")
    return key


def chat(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET /chats/{id}."""
    return json_response(wire.chat(_chat(view, names["chat"]), view.town.tenant))


def _chat(view: View, key: str) -> Chat:
    found = view.town.chat.get(key)
    if found is None:
        raise GraphError(404, "NotFound", "The chat was not found.")
    return found


def chat_members(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /chats/{id}/members."""
    rows = [encode(m) for m in wire.members(_chat(view, names["chat"]), view.town.tenant)]
    return page(request, rows, "Collection(conversationMember)", count=True)


def message(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /chats/{id}/messages/{id}."""
    found = _message(view, names)
    body = view.message(found, knows_events="include-unknown-enum-members" in request.prefer)
    return Response(headers=json_response({}).headers, body=body)


def _message(view: View, names: Mapping[str, str]) -> Message:
    for found in view.index.by_chat.get(_chat(view, names["chat"]).key, []):
        if found.key == names["message"] and found.at <= view.now:
            return found
    raise GraphError(404, "NotFound", "The message was not found.")


def hosted_content(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET .../hostedContents/{id}/$value: a pasted picture."""
    found = _message(view, names)
    gone = found.deleted_at is not None and found.deleted_at <= view.now
    if names["content"] not in found.images or gone:
        raise GraphError(404, "NotFound", "The hosted content was not found.")
    return Response(headers={"content-type": "image/png"}, body=audio.png(names["content"]))


def teams(view: View, request: Request, _names: Mapping[str, str]) -> Response:
    """GET /teams."""
    return page(request, [encode(wire.team(team)) for team in view.town.teams], "teams", count=True)


def channels(view: View, request: Request, names: Mapping[str, str]) -> Response:
    """GET /teams/{id}/channels."""
    key = _team(view, names["team"])
    found = next(team for team in view.town.teams if team.key == key)
    rows = [encode(wire.channel(*channel)) for channel in found.channels]
    return page(request, rows, f"teams('{key}')/channels", count=True)


STATES = (
    ("Available", "Available"),
    ("Busy", "InACall"),
    ("Busy", "InAMeeting"),
    ("Away", "Away"),
    ("BeRightBack", "BeRightBack"),
    ("DoNotDisturb", "Presenting"),
    ("Offline", "Offline"),
)


def _presence(view: View, key: str) -> Json:
    quarter = int(view.now.timestamp()) // 900
    dice = hashlib.sha256(f"{key}/{quarter}".encode()).digest()
    availability, activity = STATES[dice[0] % len(STATES)]
    return {
        "id": key,
        "availability": availability,
        "activity": activity,
        "statusMessage": None,
        "sequenceNumber": str(quarter * 10),
        "outOfOfficeSettings": {"isOutOfOffice": dice[1] < 8, "message": None},
        "workLocation": None,
    }


def presences(view: View, request: Request, _names: Mapping[str, str]) -> Response:
    """POST /communications/getPresencesByUserId: 650 ids at most; unknown ones are left out."""
    try:
        asked = json.loads(request.body)["ids"]
    except (ValueError, KeyError, TypeError) as error:
        raise GraphError(400, "BadRequest", "The request body is not valid.") from error
    if not isinstance(asked, list) or not 1 <= len(asked) <= 650:
        raise GraphError(400, "BadRequest", "The number of ids must be between 1 and 650.")
    known = [key for key in asked if isinstance(key, str) and key in view.town.person]
    rows = [encode(_presence(view, key)) for key in known if key not in view.removed]
    return page(request, rows, "Collection(microsoft.graph.presence)")


def presence(view: View, _request: Request, names: Mapping[str, str]) -> Response:
    """GET /users/{id}/presence."""
    return json_response(_presence(view, view.staff(names["user"]).key))


CHAT = ("Chat.Read.All", "Chat.ReadWrite.All")
MEMBERS = (*CHAT, "ChatMember.Read.All", "Chat.ReadBasic.All")
PEOPLE = (
    "User.Read.All",
    "User.ReadBasic.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
)
PRESENCE = ("Presence.Read.All", "Presence.ReadWrite.All")
TEAMS = ("Team.ReadBasic.All", "TeamSettings.Read.All", "Group.Read.All")
CHANNELS = ("Channel.ReadBasic.All", "ChannelSettings.Read.All", "Group.Read.All")

Row = tuple[str, str, Handler, tuple[str, ...]]
OWN: tuple[Row, ...] = (
    ("GET", "/users", users, PEOPLE),
    (
        "GET",
        "/users/delta",
        users_delta,
        ("User.Read.All", "Directory.Read.All", "User.ReadWrite.All"),
    ),
    ("GET", "/users/{user}", user, PEOPLE),
    ("GET", "/users/{user}/presence", presence, PRESENCE),
    ("GET", "/users/{user}/chats/getAllMessages", chat_messages, CHAT),
    ("GET", "/chats/{chat}", chat, MEMBERS),
    ("GET", "/chats/{chat}/members", chat_members, MEMBERS),
    ("GET", "/chats/{chat}/messages/{message}", message, CHAT),
    (
        "GET",
        "/chats/{chat}/messages/{message}/hostedContents/{content}/$value",
        hosted_content,
        CHAT,
    ),
    ("GET", "/teams", teams, TEAMS),
    ("GET", "/teams/{team}/channels", channels, CHANNELS),
    (
        "GET",
        "/teams/{team}/channels/getAllMessages",
        channel_messages,
        ("ChannelMessage.Read.All",),
    ),
    ("POST", "/communications/getPresencesByUserId", presences, PRESENCE),
)


def _compiled(row: Row) -> tuple[str, re.Pattern[str], Handler, tuple[str, ...]]:
    method, path, handler, roles = row
    text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return method, re.compile(f"{text}(?:\\(\\))?$"), handler, roles


ROUTES = tuple(_compiled(row) for row in (*OWN, *graph_calls.ROUTES, *graph_mail.ROUTES))
QUOTED = re.compile(r"/(\w+)\('([^']*)'\)")


def route(request: Request) -> tuple[Handler, tuple[str, ...], dict[str, str]] | None:
    """The handler of a request, the permissions that open it, and the names in its path."""
    path = request.path.removeprefix("/v1.0")
    path = QUOTED.sub(r"/\1/\2", path)  # users('id') is users/id
    for method, pattern, handler, roles in ROUTES:
        found = pattern.match(path)
        if found and method == request.method:
            return handler, roles, found.groupdict()
    return None


def answer(view: View, request: Request) -> Response:
    """The answer to a signed-in request. Raises GraphError for every refusal."""
    found = route(request)
    if found is None:
        segment = request.path.rsplit("/", 1)[-1][:60]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
    handler, roles, names = found
    if not view.roles.intersection(roles):
        raise denied(roles)
    return handler(view, request, names)


def denied(roles: tuple[str, ...]) -> GraphError:
    """403 as Graph says it when a permission is missing."""
    if roles[0].startswith("User."):
        return GraphError(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )
    if roles[0].startswith("Mail."):
        return GraphError(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )
    return GraphError(
        403,
        "Forbidden",
        f"Missing role permissions on the request. API requires one of '{', '.join(roles)}'.",
    )


Answerer = Callable[[View, Request], Response]
