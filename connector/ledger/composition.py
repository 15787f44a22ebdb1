"""Makes the content of an entry out of the ledger's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks, detail_of, unread_edit_at, written_at
from connector.ledger.tables import at, attachment, entry, item, link
from connector.model import (
    About,
    Call,
    Direction,
    Entry,
    EntryFile,
    Evidence,
    Kind,
    Line,
    Party,
)
from connector.typed import decoder

_decode_evidence = decoder(tuple[Evidence, ...]).decode


def compose(batch: Batch, row: Any, items: Sequence[Any], previous: Entry | None) -> Entry:
    """The entry as the ledger knows it now, without version and title.

    `items` are all versions of all its items in order of time; none means that the entry is void.
    """
    if not items:
        return _void(batch, row, previous)
    files, missing = _files(batch, [each.id for each in items])
    evidence, linked_by = _evidence(batch, {each.root_id for each in items})
    if row.kind == "conversation":
        body = _conversation(batch, items, files)
    elif row.kind == Kind.NOTE.value:
        body = _note(batch, row, items)
    else:
        body = _single(batch, items)
    return msgspec.structs.replace(
        body,
        id=row.id,
        kind=row.kind,
        case_number=row.case_number,
        local_day=date.fromisoformat(row.day),
        time_zone=batch.policy.zone.key,
        files=tuple(file for _, file in files),
        evidence=evidence,
        linked_by=linked_by,
        sources=_sources(batch, items),
        missing=tuple(missing),
    )


def _void(batch: Batch, row: Any, previous: Entry | None) -> Entry:
    started = at(row.started_at)
    return Entry(
        id=row.id,
        version=0,
        kind=row.kind,
        case_number=row.case_number,
        started_at=previous.started_at if previous else started,
        ended_at=previous.ended_at if previous else started,
        local_day=date.fromisoformat(row.day),
        time_zone=batch.policy.zone.key,
        direction=previous.direction if previous else Direction.UNKNOWN,
        about=previous.about if previous else None,
        is_void=True,
        void_reason=row.reason or "the link to this case was taken back",
    )


def _conversation(
    batch: Batch, items: Sequence[Any], files: Sequence[tuple[int, EntryFile]]
) -> Entry:
    by_version: dict[int, list[str]] = {}
    for number, file in files:
        by_version.setdefault(number, []).append(file.name)
    lines = [
        _line(list(versions), by_version, batch)
        for _, versions in groupby(items, key=lambda each: each.root_id)
    ]
    people: dict[str, Party] = {}
    for each in items:
        if each.sender:
            name = each.sender_name or batch.policy.names.get(each.sender, "")
            people.setdefault(each.sender, Party(person=each.sender, name=name, role="from"))
    directions = {detail_of(each).direction for each in items}
    return Entry(
        id="",
        version=0,
        kind="",
        case_number="",
        started_at=at(items[0].sent_at),
        ended_at=at(items[-1].sent_at),
        local_day=date.min,
        time_zone="",
        direction=directions.pop() if len(directions) == 1 else Direction.UNKNOWN,
        parties=tuple(people.values()),
        lines=tuple(lines),
    )


def _line(versions: Sequence[Any], files: dict[int, list[str]], batch: Batch) -> Line:
    """One message: its newest words, the words before them, and when it was deleted."""
    current = next((each for each in versions if each.is_current), versions[-1])
    texts = [each for each in versions if not each.is_deleted]
    words = current.text or ""
    if current.is_deleted and texts:
        words = texts[-1].text or ""  # the empty body of a deletion never replaces what was said
    earlier = []
    for each in texts:
        if (each.text or "") != words and (each.text or "") not in earlier:
            earlier.append(each.text or "")
    unread = unread_edit_at(versions)
    names = dict.fromkeys(name for each in versions for name in files.get(each.id, []))
    return Line(
        key=current.key,
        at=at(current.sent_at),
        who=current.sender_name or batch.policy.names.get(current.sender, "") or current.sender,
        text=words,
        edited_at=written_at(texts[-1]) if earlier else unread,
        unread_edit_at=unread,
        deleted_at=at(current.modified_at) if current.is_deleted else None,
        earlier=tuple(earlier),
        attachments=tuple(names),
        sha256=current.sha256.hex(),
    )


def _single(batch: Batch, items: Sequence[Any]) -> Entry:
    current = next((each for each in items if each.is_current), items[-1])
    detail = detail_of(current)
    call: Call | None = detail.call
    started = at(current.sent_at)
    return Entry(
        id="",
        version=0,
        kind="",
        case_number="",
        started_at=started,
        ended_at=call.ended_at if call is not None else started,
        local_day=date.min,
        time_zone="",
        direction=call.direction if call is not None else detail.direction,
        parties=_parties(batch, detail.parties or (call.parties if call else ())),
        call=call if current.kind != Kind.VOICEMAIL.value else None,
        text=(current.text or "") if current.kind == Kind.VOICEMAIL.value else "",
        duration_s=detail.duration_s
        if detail.duration_s is not None or call is None
        else call.duration_s or None,  # a voicemail that does not say how long it is
    )


def _note(batch: Batch, row: Any, items: Sequence[Any]) -> Entry:
    """A note's newest words, and everybody who wrote on it. Earlier words: its earlier versions."""
    current = next((each for each in items if each.is_current), items[-1])
    authors = {
        each.sender: Party(
            name=each.sender_name,
            mail=each.sender if "@" in each.sender else "",
            role="author",
        )
        for each in items
        if not each.is_deleted
    }
    return Entry(
        id="",
        version=0,
        kind="",
        case_number="",
        started_at=at(items[0].sent_at),
        ended_at=at(current.modified_at),
        local_day=date.min,
        time_zone="",
        direction=Direction.INTERNAL,
        parties=tuple(authors.values()),
        text=current.text or "",
        about=_about(batch, row, current.call_id),
    )


def _about(batch: Batch, row: Any, root_id: int) -> About | None:
    """The entry, on the note's case, of what the note is about."""
    its = batch.connection.execute(
        sa.select(item.c.kind, item.c.thread_id, item.c.sent_at).where(item.c.id == root_id)
    ).one()
    day = at(its.sent_at).astimezone(batch.policy.zone).date()
    is_it = entry.c.item_id == root_id
    if its.kind == Kind.MESSAGE.value:
        is_it = sa.and_(entry.c.thread_id == its.thread_id, entry.c.day == day.isoformat())
    found = batch.connection.execute(
        sa.select(entry.c.id, entry.c.kind, entry.c.started_at).where(
            entry.c.case_number == row.case_number, is_it
        )
    ).one_or_none()
    if found is None:
        return None
    return About(entry_id=found.id, kind=found.kind, started_at=at(found.started_at), local_day=day)


def _parties(batch: Batch, parties: Iterable[Party]) -> tuple[Party, ...]:
    """Everybody once, with the name the directory has."""
    named: dict[tuple[str, str, str], Party] = {}
    for each in parties:
        if not (each.person or each.name or each.phone or each.mail):
            continue
        if each.person and not each.name:
            name = batch.policy.names.get(each.person, "")
            each = msgspec.structs.replace(each, name=name)
        named.setdefault((each.person, each.phone, each.mail or each.name), each)
    return tuple(named.values())


def _sources(batch: Batch, items: Sequence[Any]) -> tuple[str, ...]:
    """SHA-256 of everything that was received for this entry; for a call, of every sighting."""
    roots = {each.root_id for each in items if each.kind in ("call", "missed_call")}
    if not roots:
        return tuple(dict.fromkeys(each.sha256.hex() for each in items))
    rows = batch.connection.execute(
        sa.select(item.c.sha256)
        .where(item.c.call_id.in_(roots), item.c.kind == Kind.SIGHTING.value)
        .order_by(item.c.id)
    )
    return tuple(dict.fromkeys(row[0].hex() for row in rows))


def _files(batch: Batch, numbers: Sequence[int]) -> tuple[list[tuple[int, EntryFile]], list[str]]:
    """The files of these versions, each once, and one sentence for each that is missing."""
    files: dict[tuple[str, str], tuple[int, EntryFile]] = {}
    missing: list[str] = []
    for some in chunks(numbers):
        rows = batch.connection.execute(
            sa.select(attachment)
            .where(attachment.c.item_id.in_(some))
            .order_by(attachment.c.item_id, attachment.c.position)
        )
        for row in rows:
            if (row.name, row.ref or row.url) in files:
                continue
            file = EntryFile(
                name=row.name,
                content_type=row.content_type,
                size_bytes=row.size_bytes,
                sha256=row.sha256 or "",
                role=row.role,
                note=row.note,
                url=row.url,
            )
            files[row.name, row.ref or row.url] = (row.item_id, file)
            if row.state in ("missing", "erased"):
                missing.append(f"{row.name}: {row.note or row.state}")
    return list(files.values()), missing


def _evidence(batch: Batch, roots: set[int]) -> tuple[tuple[Evidence, ...], str]:
    """Why the items are on this case: each reason once, and the rules or people behind them."""
    evidence: dict[Evidence, None] = {}
    by: dict[str, None] = {}
    for some in chunks(sorted(roots)):
        rows = batch.connection.execute(
            sa.select(link.c.rule, link.c.actor, link.c.evidence)
            .join(item, item.c.id == link.c.item_id)
            .where(link.c.item_id.in_(some), link.c.superseded_at.is_(None))
            .order_by(item.c.sent_at, item.c.key)
        )
        for row in rows:
            by[row.actor if row.rule == "person" else f"rule {row.rule}"] = None
            for each in _decode_evidence(row.evidence):
                evidence.setdefault(each)
    return tuple(list(evidence)[:20]), ", ".join(by)
