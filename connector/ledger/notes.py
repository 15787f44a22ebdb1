"""What case workers write down of what was said: notes, each about one communication on a case.

A log of calls tells that somebody rang; what was told of the case must be written down (Danish
Access to Public Administration Files Act, section 13). A note is an item of kind "note" in a thread
of its own, put on its case by its author. It has no case by its words: it goes where that goes
which it is about (links.py), and is journaled as an entry of its own. Every text it had is kept.
Who may see a note is decided with its case (access.py), as of everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks, detail_of, roots_on, select_items, versions_of
from connector.ledger.entries import Owed, day_bounds, owe, token
from connector.ledger.events import event_row, record
from connector.ledger.history import Journaled, journaled
from connector.ledger.items import keep_items
from connector.ledger.links import BY_PERSON, Decided, apply
from connector.ledger.storable import storable
from connector.ledger.tables import at, delivery, entry, item, ms
from connector.model import Decision, Direction, Evidence, Item, Kind, LinkState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SOURCE, THREAD = "portal", "notes"
LONGEST = 20_000  # characters
# An answered call with somebody outside is worth a reminder from so many seconds on. A shorter one
# is a wrong number or "I ring back"; a voicemail and a chat have their own words on the case.
REMINDED_FROM_S = 30
NOTED, EMPTIED = "noted", "emptied"  # actions of events
NOTED_KINDS = (
    Kind.MESSAGE.value,
    Kind.CALL.value,
    Kind.MISSED_CALL.value,
    Kind.VOICEMAIL.value,
)
# Asked at every page of a case, so made once: to put it together takes longer than to run it.
_SOME: Any = sa.bindparam("some", expanding=True)
_NOTES = (
    select_items()
    .where(item.c.call_id.in_(_SOME), item.c.kind == Kind.NOTE.value)
    .order_by(item.c.modified_at, item.c.id)
)
_CALLS_ON_CASE = (
    sa.select(item.c.id)
    .where(
        roots_on(sa.bindparam("case_number")),
        # A missed call may turn out to have been answered: the newest version tells.
        item.c.kind.in_((Kind.CALL.value, Kind.MISSED_CALL.value)),
    )
    .order_by(item.c.sent_at, item.c.id)
)
_CALLS_NOW = sa.select(item.c.root_id, item.c.detail).where(
    versions_of(_SOME), item.c.is_current, item.c.kind == Kind.CALL.value
)
# All but tab and line feed; NUL and half characters are taken out by storable.py.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Refusal(StrEnum):
    """Why a note is not kept."""

    NO_CASE = "no_case"  # what it is about is on no case
    KIND = "kind"  # it is about a note, a sighting or a system event
    TOO_LONG = "too_long"
    EMPTY = "empty"  # no words, and no earlier ones to take back
    CHANGED = "changed"  # somebody wrote on it since it was read
    EXCLUDED = "excluded"  # a setting says that nothing of this author is kept


class NoteRefused(ValueError):
    """The note is not kept; `why` says what is to be told."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class NoteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a note; no text means that it was emptied then."""

    at: datetime
    who: str
    text: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note as it is now. `version` is what `keep_note` wants as `if_version`."""

    item: int
    about: int  # root of what it is about
    text: str  # "" when it was emptied
    author: str  # of the first text
    written_at: datetime
    version: int
    versions: tuple[NoteVersion, ...]  # oldest first, the present one too
    edited_at: datetime | None = None
    edited_by: str = ""
    journaled: tuple[Journaled, ...] = ()


def keep_note(
    batch: Batch,
    root_id: int,
    text: str,
    *,
    actor: str,
    actor_name: str,
    if_version: int | None = None,
) -> int:
    """Keep a text as the note about what `root_id` is the root of; gives the root of the note.

    A message stands for its conversation: there is one note for its thread, day and case. An empty
    text takes the note back; the texts it had stay readable. The text that stands is not kept
    twice. `actor` is who wrote it for the record (user principal name), `actor_name` as shown.
    `if_version` is the version that the author saw, 0 for none; None means whatever stands.

    Raises KeyError when there is no such item, NoteRefused (a ValueError) with the reason.
    """
    words = cleaned(text)
    if len(words) > LONGEST:
        raise NoteRefused(Refusal.TOO_LONG)
    if actor in batch.policy.staff().excluded:
        raise NoteRefused(Refusal.EXCLUDED)
    about = _noted(batch, root_id)
    before = _newest(batch, about.id)
    if if_version is not None and if_version != (int(before.version) if before else 0):
        raise NoteRefused(Refusal.CHANGED)
    if before is None and not words:
        raise NoteRefused(Refusal.EMPTY)
    if before is not None and words == ("" if before.is_deleted else before.text or ""):
        return int(before.root_id)
    made = _item(batch, about, before, words, actor, actor_name)
    new = keep_items(batch, [made])
    if not new:  # another process wrote this version at the same time
        raise NoteRefused(Refusal.CHANGED)
    (kept,) = new
    batch.connection.execute(sa.update(item).where(item.c.id == kept.id).values(call_id=about.id))
    if before is None:
        apply(batch, [_on_case(kept.id, kept.thread_id, made, about, actor)], actor)
    else:
        _owe_version(batch, kept.root_id, kept.thread_id, made, about)
    action = NOTED if words else EMPTIED
    subject = f"item {kept.root_id}"
    row = event_row(batch.now, actor, action, subject, about=about.id, version=made.version)
    record(batch.connection, [row])
    return kept.root_id


def cleaned(text: str) -> str:
    """The text as it is kept: line ends as line feeds, no control characters, no empty margin."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").split("\n")
    return storable("\n".join(_CONTROL.sub("", line).rstrip() for line in lines).strip())


def _noted(batch: Batch, root_id: int) -> Any:
    """What the note is about: for a conversation the message that its note stands at already."""
    row = batch.connection.execute(
        select_items().where(item.c.id == root_id, item.c.root_id == root_id)
    ).one_or_none()
    if row is None:
        raise KeyError(root_id)
    if row.kind not in NOTED_KINDS:
        raise NoteRefused(Refusal.KIND)
    if row.state != LinkState.LINKED.value or not row.case_number:
        raise NoteRefused(Refusal.NO_CASE)
    if row.kind == Kind.MESSAGE.value:
        return _conversation_note(batch, row) or row
    return row


def _conversation_note(batch: Batch, row: Any) -> Any:
    """The message of the same thread, day and case that has a note; None when none has."""
    day = at(row.sent_at).astimezone(batch.policy.zone).date().isoformat()
    start, end = day_bounds(day, batch)
    note = item.alias("note")
    return batch.connection.execute(
        select_items()
        .where(
            item.c.thread_id == row.thread_id,
            item.c.sent_at >= start,
            item.c.sent_at < end,
            item.c.id == item.c.root_id,
            item.c.case_number == row.case_number,
            sa.exists().where(note.c.call_id == item.c.id, note.c.kind == Kind.NOTE.value),
        )
        .order_by(item.c.id != row.id, item.c.id)
        .limit(1)
    ).one_or_none()


def _newest(batch: Batch, about: int) -> Any:
    """The version of the note that stands; None when there is no note."""
    return batch.connection.execute(
        select_items().where(
            item.c.call_id == about, item.c.kind == Kind.NOTE.value, item.c.is_current
        )
    ).one_or_none()


def _item(batch: Batch, about: Any, before: Any, words: str, actor: str, actor_name: str) -> Item:
    """The next version. Its key is made of remote names, so that its entry's is too."""
    now = at(batch.now)
    version = str(int(before.version) + 1 if before else 1)
    of = {"source": about.source, "thread": about.thread_key, "key": about.key}
    made = Item(
        source=SOURCE,
        thread=THREAD,
        key="N" + token(about.source, about.thread_key, about.key),
        version=version,
        kind=Kind.NOTE,
        sent_at=at(before.sent_at) if before else now,
        # A clock that was set back must not make an earlier text the newest.
        modified_at=at(max(batch.now, before.modified_at)) if before else now,
        raw=b"",
        text=words,
        sender=actor,
        sender_name=actor_name,
        direction=Direction.INTERNAL,
        is_deleted=not words,
    )
    made = storable(made)
    told = {"about": of, "actor": made.sender, "name": made.sender_name, "at": now}
    told |= {"version": version, "text": made.text}
    return msgspec.structs.replace(made, raw=msgspec.json.encode(told, order="sorted"))


def _on_case(root: int, thread_id: int, made: Item, about: Any, actor: str) -> Decided:
    """Its author puts it on the case of what it is about."""
    number = about.case_number
    decision = Decision(
        state=LinkState.LINKED,
        case_number=number,
        rule=BY_PERSON,
        confidence=1.0,
        evidence=(Evidence(rule=BY_PERSON, case_number=number, where="person", note=actor),),
    )
    return Decided(
        root_id=root,
        thread_id=thread_id,
        kind=Kind.NOTE,
        sent_at=ms(made.sent_at),
        decision=decision,
    )


def _owe_version(batch: Batch, root: int, thread_id: int, made: Item, about: Any) -> None:
    change = Owed(
        kind=Kind.NOTE,
        thread_id=thread_id,
        root_id=root,
        case_number=about.case_number,
        sent_at=ms(made.sent_at),
        reason=batch.policy.emptied_reason if made.is_deleted else "",
        changed_at=ms(made.modified_at),
    )
    owe(batch, [change])


def notes_of(connection: Connection, roots: Iterable[int]) -> dict[int, Note]:
    """The notes about these roots, by root. An emptied note is there, with its earlier texts.

    A conversation's note stands at one of its messages: ask with all of them.
    """
    rows: dict[int, list[Any]] = {}
    for some in chunks(sorted(set(roots))):
        for row in connection.execute(_NOTES, {"some": some}):
            rows.setdefault(row.call_id, []).append(row)
    places = _journaled(connection, [versions[0].root_id for versions in rows.values()])
    return {about: _note(versions, places) for about, versions in rows.items()}


def _note(rows: Sequence[Any], places: Mapping[int, tuple[Journaled, ...]]) -> Note:
    versions = tuple(
        NoteVersion(at=at(row.modified_at), who=_who(row), text=row.text or "") for row in rows
    )
    is_edited = len(rows) > 1
    current = next((row for row in rows if row.is_current), rows[-1])
    return Note(
        item=current.root_id,
        about=current.call_id,
        text=current.text or "",
        author=_who(rows[0]),
        written_at=at(rows[0].sent_at),
        version=int(current.version),
        versions=versions,
        edited_at=at(current.modified_at) if is_edited else None,
        edited_by=_who(current) if is_edited else "",
        journaled=places.get(current.root_id, ()),
    )


def _who(row: Any) -> str:
    return str(row.sender_name or row.sender)


def _journaled(connection: Connection, notes: Sequence[int]) -> dict[int, tuple[Journaled, ...]]:
    """The newest delivery to each sink of each note's entry on the case it is on now."""
    found: dict[int, dict[str, Journaled]] = {}
    for some in chunks(notes):
        rows = connection.execute(
            sa.select(delivery, entry.c.item_id)
            .join(entry, entry.c.id == delivery.c.entry_id)
            .join(item, sa.and_(item.c.case_number == entry.c.case_number,
                                item.c.id == entry.c.item_id))
            .where(item.c.id.in_(some))
            .order_by(delivery.c.version)
        )  # fmt: skip
        for row in rows:
            found.setdefault(row.item_id, {})[row.sink] = journaled(row)
    return {note: tuple(places.values()) for note, places in found.items()}


def lacks_note(connection: Connection, case_number: str) -> list[int]:
    """Roots of the calls on a case that a note is missing of, oldest first.

    These are answered calls with somebody outside, of REMINDED_FROM_S seconds and more from the
    first ring to the end (how long of it they talked is not known of every call). It reminds; what
    has to be written down is the case worker's judgement.
    """
    rows = connection.execute(_CALLS_ON_CASE, {"case_number": case_number})
    roots = list(rows.scalars())
    wanted = _to_be_noted(connection, roots)
    noted = {root for root, note in notes_of(connection, wanted).items() if note.text}
    return [root for root in roots if root in wanted and root not in noted]


def _to_be_noted(connection: Connection, roots: Sequence[int]) -> set[int]:
    found = set()
    for some in chunks(roots):
        for row in connection.execute(_CALLS_NOW, {"some": some}):
            call = detail_of(row).call
            if (
                call is not None
                and call.direction is not Direction.INTERNAL
                and call.duration_s >= REMINDED_FROM_S
            ):
                found.add(row.root_id)
    return found
