"""Archived messages of LcsLog, whose tables Microsoft does not document.

What is known comes from published scripts, so the tables are looked at first, and a database that
is not as known is refused with the list of what is missing; the export to files always works.
Source: queries published for Lync 2010 and 2013, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.model import Item, Kind, Party, Problem
from connector.sources.lync.database import Database
from connector.sources.lync.files import direction_of, same_party
from connector.sources.lync.rtf import rtf_text
from connector.sources.lync.schema import Schema
from connector.sources.lync.values import Who, key_text, moment, words
from connector.sources.text import plain

TABLES = (
    *("Messages", "ConferenceMessages", "ConferenceMessageRecipientList"),
    *("Users", "ContentTypes"),
)
_NEEDED = {
    "Messages": ("MessageIdTime", "FromId", "ToId", "Body"),
    "ConferenceMessages": ("MessageId", "Date", "FromId", "Body"),
    "ConferenceMessageRecipientList": ("MessageId", "UserId"),
    "Users": ("UserId", "UserUri"),
}
ROWS = 200  # bodies are long: at most a few megabytes


class LogRow(NamedTuple):
    """One archived message: of two people, or of a conference (then it has a number)."""

    time: object
    number: object
    session_time: object
    session_seq: object
    sender: object
    recipient: object
    kind: object
    body: object
    toast: object


def lacking(schema: Schema) -> list[str]:
    """What must be there and is not, as TABLE.COLUMN."""
    return [
        f"{table}.{name}"
        for table, names in _NEEDED.items()
        for name in names
        if not schema.has(table, name)
    ]


def refusal(missing: Sequence[str]) -> str:
    """Why the archive is not read from the database, and what works instead."""
    return (
        f"the archiving database lacks {', '.join(missing)}, or this login may not see it; nothing "
        "is read from it. Use Export-CsArchivingData and sources.lync_archive.folder, or grant "
        "SELECT"
    )


def pages(
    database: Database, schema: Schema, table: str, first: datetime
) -> Iterator[tuple[list[LogRow], object]]:
    """Rows of a table from a time on, in its order, each once; with the time they came to."""
    after: object = database.bound(first)
    seen: set[LogRow] = set()  # rows of the very time that the last page ended with
    size = ROWS
    while True:
        rows = [LogRow._make(row) for row in database.rows(_query(schema, table, after, size))]
        new = [row for row in rows if row not in seen]
        if new:
            after = new[-1].time
            seen = {row for row in rows if row.time == after}
            yield new, after
        if len(rows) < size:
            return
        # A page full of one single time: only a larger one can get behind it.
        size = size * 2 if not new else ROWS + len(seen)


def _query(schema: Schema, table: str, after: object, size: int) -> sa.Select[Any]:
    is_conference = table == "ConferenceMessages"
    main, users, others, kinds = (
        _aliased(schema, each, name)
        for each, name in ((table, "m"), ("Users", "f"), ("Users", "t"), ("ContentTypes", "c"))
    )
    time = main["date" if is_conference else "messageidtime"]
    joined: Any = time.table.outerjoin(users["userid"].table, users["userid"] == main["fromid"])
    if not is_conference:
        joined = joined.outerjoin(others["userid"].table, others["userid"] == main["toid"])
    kind = None
    if "contenttypeid" in kinds and "contenttypeid" in main:
        kind = kinds.get("contenttype")
        joined = joined.outerjoin(
            kinds["contenttypeid"].table, kinds["contenttypeid"] == main["contenttypeid"]
        )
    columns = (
        time,
        main["messageid"] if is_conference else main.get("messageidseq"),
        main.get("sessionidtime"),
        main.get("sessionidseq"),
        users["useruri"],
        None if is_conference else others["useruri"],
        kind,
        main["body"],
        main.get("toast"),
    )
    asked = [
        sa.null().label(f"n{n}") if c is None else c.label(f"n{n}") for n, c in _count(columns)
    ]
    order = [time, *(each for each in columns[1:4] if each is not None)]
    return sa.select(*asked).select_from(joined).where(time >= after).order_by(*order).limit(size)


def _count(columns: Iterable[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(columns))


def _aliased(schema: Schema, table: str, name: str) -> dict[str, Any]:
    """The columns of a table by name in lower case; empty when there is no such table."""
    there = schema.tables.get(table.lower(), {})
    made = sa.table(table, *(sa.column(each) for each in there.values())).alias(name)
    return {column.name.lower(): column for column in made.c}


def recipients(
    database: Database, schema: Schema, numbers: Sequence[object]
) -> dict[object, list[str]]:
    """Who got each message of a conference: the list has a row for each of them."""
    found: dict[object, list[str]] = {}
    listed = _aliased(schema, "ConferenceMessageRecipientList", "r")
    users = _aliased(schema, "Users", "u")
    joined = listed["userid"].table.outerjoin(
        users["userid"].table, users["userid"] == listed["userid"]
    )
    for start in range(0, len(numbers), 500):
        some = list(numbers[start : start + 500])
        wanted = sa.select(listed["messageid"].label("n0"), users["useruri"].label("n1"))
        rows = database.rows(
            wanted.select_from(joined).where(listed["messageid"].in_(some)).order_by("n0", "n1")
        )
        for number, uri in rows:
            found.setdefault(number, []).append(words(uri))
    return found


def message_item(
    source: str, part: str, row: LogRow, told: Sequence[str], database: Database, who: Who
) -> Item | Problem:
    """A row as an item; `told` are the addresses of a conference's recipients."""
    number = key_text(row.time, row.number if row.number is not None else "-")
    try:
        at = moment(row.time, database.zone)
        if at is None:
            raise ValueError("no time")
        text, flags = _words_of(row)
    except (ValueError, OverflowError) as error:
        reason = f"message {number} of {database.name} is not readable: {error}"
        return Problem(source=source, part=part, key=number, reason=reason)
    parties = _parties(row, told, who)
    body = hashlib.blake2b(words(row.body).encode("utf-8", "replace"), digest_size=8).hexdigest()
    # Without a number of its own a message is told by its time, its people and its words.
    key = number if row.number is not None else f"{number}/{words(row.sender)}/{body}"
    sender = parties[0]
    return Item(
        source=source,
        thread=f"{database.name}/{_thread(row, parties)}",
        key=key,
        version=body,
        kind=Kind.MESSAGE,
        sent_at=at,
        modified_at=at,
        raw=_raw(row, told),
        text=text,
        sender=sender.person or sender.mail or sender.phone,
        sender_name=sender.name,
        direction=direction_of(parties),
        parties=parties,
        flags=flags,
    )


def _words_of(row: LogRow) -> tuple[str, tuple[str, ...]]:
    """The readable words; the type that is stated is not always right."""
    body = row.body.decode("utf-8", "replace") if isinstance(row.body, bytes) else words(row.body)
    kind = words(row.kind).lower()
    flags = ("the first words of an invitation",) if row.toast else ()
    if "rtf" in kind or body.lstrip().startswith("{\\rtf"):
        return rtf_text(body), flags
    return plain(body, is_html="html" in kind or body.lstrip().lower().startswith("<")).text, flags


def _parties(row: LogRow, told: Sequence[str], who: Who) -> tuple[Party, ...]:
    found = [msgspec.structs.replace(who.party(row.sender), role="from")]
    for uri in (words(row.recipient), *told):
        party = msgspec.structs.replace(who.party(uri), role="to")
        if uri and not any(same_party(party, known) for known in found):
            found.append(party)
    return tuple(found)


def _thread(row: LogRow, parties: Sequence[Party]) -> str:
    if row.session_time is not None:
        return key_text(row.session_time, row.session_seq if row.session_seq is not None else 1)
    return ", ".join(sorted(party.mail or party.phone or party.person for party in parties))


def _raw(row: LogRow, told: Sequence[str]) -> bytes:
    found = {
        name: value if isinstance(value, int | float | datetime) else words(value)
        for name, value in zip(LogRow._fields, row, strict=True)
        if value is not None
    }
    return msgspec.json.encode({**found, "recipients": list(told)} if told else found)
