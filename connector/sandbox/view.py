"""What the Graph calls look at: the municipality at one moment, with what happened to it since."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connector.sandbox import wire
from connector.sandbox.municipality import Municipality
from connector.sandbox.protocol import (
    GraphError,
    Request,
    Response,
    encode,
    json_response,
    link,
    seal,
    unseal,
)
from connector.sandbox.world import CaseFile, Json, Mail, Message, PhoneCall, Staff

__all__ = ["CaseFile", "Handler", "Index", "View", "page", "parse_time", "skip_state"]

MOST_KEPT = 60_000  # messages whose JSON is kept; a municipality of 3,000 users for a fortnight


@dataclass(slots=True)
class Index:
    """The municipality by the keys that requests ask with. Built once."""

    town: Municipality
    people: dict[str, Staff] = field(default_factory=dict)
    chat_messages: dict[str, list[Message]] = field(default_factory=dict)  # by user
    by_chat: dict[str, list[Message]] = field(default_factory=dict)
    by_team: dict[str, list[Message]] = field(default_factory=dict)
    calls: dict[str, PhoneCall] = field(default_factory=dict)
    mails: dict[str, list[Mail]] = field(default_factory=dict)  # by mailbox
    kept: dict[tuple[str, str, str], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in self.town.staff + self.town.shared:
            self.people[person.key] = person
            self.people[person.upn.lower()] = person
        for message in self.town.messages:
            self.by_chat.setdefault(message.thread, []).append(message)
            for member in self.town.chat[message.thread].members:
                self.chat_messages.setdefault(member.key, []).append(message)
        for message in self.town.channel_messages:
            self.by_team.setdefault(message.team, []).append(message)
        self.calls = {call.key: call for call in self.town.calls}
        for mail in self.town.mails:
            self.mails.setdefault(mail.mailbox, []).append(mail)


@dataclass(slots=True)
class View:
    """The state that one request sees. `now` is the server's clock."""

    index: Index
    now: datetime
    roles: frozenset[str]
    renamed: dict[str, tuple[int, str]] = field(default_factory=dict)  # user: (change, new UPN)
    removed: dict[str, int] = field(default_factory=dict)  # user: change
    moved: dict[str, tuple[int, str]] = field(default_factory=dict)  # mail: (change, folder)
    versions: dict[str, int] = field(default_factory=dict)  # call record: version
    hidden_calls: set[str] = field(default_factory=set)
    bare_calls: set[str] = field(default_factory=set)  # records without sessions and participants
    changed: dict[tuple[str, str], Message] = field(default_factory=dict)
    most_rows: int = 1000  # a page never holds more
    nested_page: int = 60
    participant_page: int = 130

    @property
    def town(self) -> Municipality:
        """The municipality."""
        return self.index.town

    @property
    def changes(self) -> int:
        """How many changes of the directory and of folders there were."""
        return len(self.renamed) + len(self.removed) + len(self.moved)

    def staff(self, key: str) -> Staff:
        """Somebody by directory id or user principal name."""
        found = self.index.people.get(key) or self.index.people.get(key.lower())
        if found is None or found.key in self.removed:
            text = (
                f"Resource '{key}' does not exist or one of its queried references is not present."
            )
            raise GraphError(404, "Request_ResourceNotFound", text)
        return found

    def message(self, it: Message, *, knows_events: bool) -> bytes:
        """A message's JSON as it is now; kept, because each is served once a participant."""
        state = f"{wire.modified_at(it, self.now).timestamp()}{knows_events}"
        key = (it.thread, it.key, state)
        raw = self.index.kept.get(key)
        if raw is None:
            chat = self.town.chat.get(it.thread)
            body = wire.message(it, chat, self.index.people, self.now)
            if it.event and not knows_events:
                body["messageType"] = "unknownFutureValue"
            raw = encode(body)
            if len(self.index.kept) < MOST_KEPT:
                self.index.kept[key] = raw
        return raw


Handler = Callable[[View, Request, Mapping[str, str]], Response]

TIME = re.compile(
    r"^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$"
)


def parse_time(text: str) -> datetime:
    """A time or a date of a filter, as aware UTC; 400 when it is neither."""
    found = TIME.match(text.strip().strip("'"))
    if not found:
        raise GraphError(400, "BadRequest", "Invalid date and time literal in the request.")
    day, clock, fraction, zone = found.groups()
    micro = ((fraction or ".0")[1:] + "000000")[:6]
    whole = f"{day}T{clock or '00:00'}{':00' if clock is None or len(clock) == 5 else ''}.{micro}"
    offset = zone if zone and zone != "Z" else "+00:00"
    try:
        return datetime.fromisoformat(whole + offset).astimezone(UTC)
    except ValueError as error:
        raise GraphError(400, "BadRequest", "Invalid date and time literal.") from error


def skip_state(request: Request, kind: str) -> Json | None:
    """What this request's $skiptoken holds; None on a first page; 400 for a token not ours."""
    token = request.query.get("$skiptoken")
    if token is None:
        return None
    state = unseal(token)
    if state is None or state.get("k") != kind:
        raise GraphError(400, "BadRequest", "Skip token is null or invalid.")
    return state


def page(
    request: Request,
    rows: Sequence[bytes],
    context: str,
    *,
    next_state: Json | None = None,
    delta: Json | None = None,
    keep: Sequence[str] = ("$top", "$select", "$expand", "$filter"),
    count: bool = False,
) -> Response:
    """One page: rows as bytes, and a next link (or delta link) that holds its state."""
    head: Json = {"@odata.context": f"{request.origin}/v1.0/$metadata#{context}"}
    if count:
        head["@odata.count"] = len(rows)
    path = request.target.split("?", 1)[0]
    kept = {name: value for name, value in request.query.items() if name in keep}
    if next_state is not None:
        head["@odata.nextLink"] = link(
            request.origin, path, {**kept, "$skiptoken": seal(next_state)}
        )
    elif delta is not None:
        head["@odata.deltaLink"] = link(request.origin, path, {"$deltatoken": seal(delta)})
    body = encode(head)[:-1] + b',"value":[' + b",".join(rows) + b"]}"
    answer = json_response({})
    return Response(status=200, headers=answer.headers, body=body)


def month_ago(now: datetime) -> datetime:
    """The oldest call record that is still there."""
    return now - timedelta(days=30)
