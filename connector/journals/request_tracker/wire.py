"""RT's REST 2.0 as values: the queries that are asked, and the parts of the answers that are read.

Pure. Every shape here was seen on RT 5.0.3 (Debian 12), 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connector.journaling import names

PER_PAGE = 100  # more is cut to this by RT
TICKET_FIELDS = {
    "fields": "Subject,Status,Queue,Owner,Requestor,Created,Started,Starts,Resolved,LastUpdated,"
    "CustomFields,_hyperlinks",
    "fields[Queue]": "Name",
    "fields[Requestor]": "RealName,EmailAddress",
}
# The date of what did not happen yet.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# RT reads dates in the time zone of the account, whatever the query says of it (seen: a Z is
# ignored). The easternmost zone is 14 hours ahead, the westernmost 12 behind: a date that is 13
# hours too early misses nothing anywhere, and what was not asked for is dropped afterwards.
_ZONES = timedelta(hours=13)


class Named(msgspec.Struct):
    """A custom field with its values, or a queue, or a link; what has no such part is empty."""

    name: str = ""
    values: list[Any] = []
    ref: str = ""


class Queue(msgspec.Struct):
    """A queue, as part of a ticket."""

    name: str = msgspec.field(name="Name", default="")


class Requestor(msgspec.Struct):
    """Somebody who asked for something by this ticket."""

    name: str = msgspec.field(name="RealName", default="")
    mail: str = msgspec.field(name="EmailAddress", default="")


class Ticket(msgspec.Struct, rename="pascal"):
    """A ticket in a list. RT writes "" for custom fields of which none may be seen."""

    id: str | int = msgspec.field(name="id")
    subject: str = ""
    status: str = ""
    queue: Queue | str = ""
    requestor: list[Requestor] | str = ""
    created: datetime = _NEVER
    started: datetime = _NEVER
    starts: datetime = _NEVER
    resolved: datetime = _NEVER
    last_updated: datetime = _NEVER
    custom_fields: list[Named] | str = ""
    hyperlinks: list[Named] | None = msgspec.field(name="_hyperlinks", default=None)

    @property
    def number(self) -> int:
        """RT's own number of the ticket."""
        return int(self.id)

    @property
    def may_comment(self) -> bool:
        """Whether the account may comment; true also where RT does not tell."""
        return self.hyperlinks is None or any(link.ref == "comment" for link in self.hyperlinks)

    def values(self, field: str) -> list[str] | None:
        """The values of a custom field; None when the ticket has no such field for this account."""
        return values(self.custom_fields, field)

    def date_of(self, field: str) -> datetime | None:
        """Created, Started, Starts or Resolved; None when it did not happen, or for ""."""
        at: datetime = getattr(self, field.lower()) if field else _NEVER
        return None if at <= _NEVER else at


class Links(msgspec.Struct):
    """What may be done with a ticket."""

    hyperlinks: list[Named] = msgspec.field(name="_hyperlinks", default_factory=list)

    @property
    def may_comment(self) -> bool:
        """Whether the account may comment on it."""
        return any(link.ref == "comment" for link in self.hyperlinks)


class Transaction(msgspec.Struct, rename="pascal"):
    """An event of a ticket, in a list; a comment is one."""

    id: str | int = msgspec.field(name="id")
    object_id: str | int = 0
    created: datetime = _NEVER
    custom_fields: list[Named] | str = ""

    @property
    def number(self) -> int:
        """RT's own number of the transaction."""
        return int(self.id)

    def first(self, field: str) -> str:
        """The first value of a custom field, "" without."""
        return next(iter(values(self.custom_fields, field) or ()), "")


class Attachment(msgspec.Struct, rename="pascal"):
    """A part of a comment: its text, or a file. The parts that hold parts have no length."""

    id: str | int = msgspec.field(name="id")
    filename: str | None = None
    content_type: str | None = None
    content_length: str | int | None = None

    @property
    def size_bytes(self) -> int:
        """Its length as RT keeps it."""
        return int(self.content_length or 0)


class Content(msgspec.Struct):
    """An attachment by itself; base64 in lines."""

    content: str | None = msgspec.field(name="Content", default=None)


class Tickets(msgspec.Struct):
    """A page of tickets. `total` is None when RT hid some of them."""

    items: list[Ticket]
    total: int | None = None


class Transactions(msgspec.Struct):
    """A page of transactions."""

    items: list[Transaction]


class Attachments(msgspec.Struct):
    """A page of attachments."""

    items: list[Attachment]


class QueueFields(msgspec.Struct):
    """A queue by itself, with the custom fields that the account may see."""

    ticket: list[Named] = msgspec.field(name="TicketCustomFields", default_factory=list)
    entry: list[Named] = msgspec.field(name="TicketTransactionCustomFields", default_factory=list)


class About(msgspec.Struct):
    """What RT tells of itself."""

    version: str = msgspec.field(name="Version", default="")


def values(fields: list[Named] | str, name: str) -> list[str] | None:
    """The values of a custom field; None when there is no such field."""
    if isinstance(fields, str):
        return None
    found = [field for field in fields if field.name == name]
    return [str(value) for value in found[0].values] if found else None


def quoted(text: str) -> str:
    """A text as it stands in a query."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def in_queues(queues: Sequence[str]) -> str:
    """The condition that a ticket lies in one of them."""
    return "(" + " OR ".join(f"Queue = {quoted(queue)}" for queue in queues) + ")"


def cases_query(queues: Sequence[str], field: str, number: str) -> str:
    """The tickets of a case number. RT compares without case: compare again."""
    return f"{in_queues(queues)} AND CF.{{{field}}} = {quoted(number)}"


def numbered_query(queues: Sequence[str], field: str) -> str:
    """The tickets that have a case number."""
    return f"{in_queues(queues)} AND CF.{{{field}}} IS NOT NULL"


def open_query(queues: Sequence[str], field: str, closed: Sequence[str]) -> str:
    """The tickets that RT's lifecycles have done with, in a state that is not listed as closed."""
    others = "".join(f" AND Status != {quoted(status)}" for status in closed)
    return f"{numbered_query(queues, field)} AND Status = '__Inactive__'{others}"


def others_query(queues: Sequence[str], ticket: int) -> str:
    """All tickets but one."""
    return f"{in_queues(queues)} AND id != {ticket}"


def changes_query(queues: Sequence[str], since: datetime | None, after: int) -> str:
    """The tickets with a number above `after` that changed at `since` or later, and some more."""
    query = f"{in_queues(queues)} AND id > {after}"
    if since is None:
        return query
    early = (since.astimezone(UTC) - _ZONES).strftime("%Y-%m-%d %H:%M:%S")
    return f"{query} AND LastUpdated >= '{early}'"


def entries_query(tickets: Sequence[int], field: str, keys: Sequence[str]) -> str:
    """The comments on these tickets that have one of the keys, in the field or in a file's name.

    The field is filled after the comment was written, in a step of its own, and silently not at all
    without the right ModifyCustomField. The transcript's name comes with the comment.
    """
    where = " OR ".join(f"ObjectId = {ticket}" for ticket in tickets)
    which = " OR ".join(
        f"CF.{{{field}}} = {quoted(key)} OR Filename ENDSWITH {quoted(page_ending(key))}"
        for key in keys
    )
    return f"ObjectType = 'RT::Ticket' AND ({where}) AND Type = 'Comment' AND ({which})"


def page_ending(key: str) -> str:
    """How the name of the transcript of this key ends; no other key's ends so."""
    return f"_{names.safe_key(key)}.html"
