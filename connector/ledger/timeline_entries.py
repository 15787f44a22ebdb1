"""Makes the entries of a line of time out of the ledger's rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from connector.identity import same_phone
from connector.ledger import timeline_calls, timeline_rows
from connector.ledger.batch import detail_of
from connector.ledger.tables import at
from connector.ledger.timeline_changes import Wording, marks
from connector.ledger.timeline_links import Standing
from connector.ledger.timeline_rows import Root, Rows
from connector.ledger.timeline_values import (
    CONVERSATION,
    File,
    Mark,
    Message,
    Missing,
    Returned,
    TimelineEntry,
    Told,
)
from connector.model import CaseParty, Direction, Kind, LinkState, Party

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.access import Viewer
    from connector.ledger.batch import Detail

AUDIO = "audio"


class Group(msgspec.Struct, kw_only=True):
    """The roots that make one entry."""

    kind: str
    roots: list[Root]
    day: date
    place: tuple[int, int]  # beginning in milliseconds, and the first root
    row: Any = None  # of what stands alone: the version that counts now


class Maker:
    """Makes the entries of one page."""

    def __init__(
        self,
        connection: Connection,
        zone: ZoneInfo,
        viewer: Viewer | None,
        case_number: str,
        parties: Sequence[CaseParty],
        whole: Sequence[Group],
        state: str = LinkState.LINKED.value,
    ) -> None:
        self._connection = connection
        self._zone = zone
        self._viewer = viewer
        self._case_number = case_number
        self._parties = parties
        self._whole = whole  # all groups of the case: a call back may stand on another page
        self._state = state
        self._here = frozenset(root.id for each in whole for root in each.roots)
        self._names: Mapping[str, str] = {}

    def entries(self, groups: Sequence[Group]) -> Iterator[TimelineEntry]:
        """The entries of these groups, in their order."""
        roots = [root.id for each in groups for root in each.roots]
        rows = timeline_rows.read(self._connection, roots)
        talked = timeline_calls.talked(self._calls_of(groups))
        actors = {row.actor for links in rows.links.values() for row in links}
        people = {each.ours.person for each in talked}
        for versions in rows.versions.values():
            for row in versions:
                people |= timeline_rows.people_in(row)
        self._names = timeline_rows.names_of(self._connection, people | actors)
        returned = timeline_calls.returned(talked, self._named)
        standing = Standing(
            self._connection, self._viewer, self._case_number, groups, rows, self._names
        )
        for each in groups:
            made = (
                self._conversation(each, rows)
                if each.kind == CONVERSATION
                else (self._single(each, rows, returned))
            )
            yield standing.complete(made, each)

    def _calls_of(self, groups: Sequence[Group]) -> list[Any]:
        """All calls of the case, if this page has one that was not answered."""
        unreached = (timeline_calls.MISSED, timeline_calls.VOICEMAIL)
        if not any(each.kind in unreached for each in groups):
            return []
        return [each.row for each in self._whole if each.row is not None]

    def _named(self, party: Party) -> Party:
        """The party with the name that the directory, or the case, has for it."""
        if party.name:
            return party
        name = self._names.get(party.person, "")
        if not name and not party.person:
            name = self._party_name(party)
        return msgspec.structs.replace(party, name=name) if name else party

    def _party_name(self, party: Party) -> str:
        for each in self._parties:
            if party.phone and each.phone and same_phone(party.phone, each.phone) is True:
                return each.name
            if party.mail and party.mail.casefold() == each.mail.casefold():
                return each.name
        return ""

    def _conversation(self, group: Group, rows: Rows) -> TimelineEntry:
        messages = tuple(self._message(root, rows) for root in group.roots)
        writers = dict.fromkeys(each.who for each in messages)
        directions = {detail_of(rows.versions[each.item][-1]).direction for each in messages}
        return TimelineEntry(
            item=messages[0].item,
            items=tuple(each.item for each in messages),
            kind=CONVERSATION,
            state=self._state,
            started_at=messages[0].at,
            ended_at=messages[-1].at,
            day=group.day,
            direction=directions.pop() if len(directions) == 1 else Direction.UNKNOWN,
            who=messages[0].who,
            others=tuple(list(writers)[1:]),
            messages=messages,
            missing=_missing_of_talk(messages),
        )

    def _message(self, root: Root, rows: Rows) -> Message:
        versions = rows.versions[root.id]
        current = _current(versions)
        return Message(
            item=root.id,
            at=at(current.sent_at),
            who=self._named(timeline_rows.sender_of(current)),
            text=_words(versions),
            marks=_marks(versions),
            deleted_at=at(current.modified_at) if current.is_deleted else None,
            is_erased=current.is_erased,
            files=_files(versions, rows),
        )

    def _single(self, group: Group, rows: Rows, returned: Mapping[int, Returned]) -> TimelineEntry:
        root = group.roots[0].id
        versions = rows.versions[root]
        current = _current(versions)
        detail = detail_of(current)
        is_voicemail = current.kind == Kind.VOICEMAIL.value
        call, who, others = detail.call, *self._people(current, detail)
        files = _files(versions, rows)
        is_unreached = timeline_calls.is_unreached(current.kind, detail.direction)
        caller = call.caller.phone if call is not None else ""
        started = at(current.sent_at)
        return TimelineEntry(
            item=root,
            items=(root,),
            kind=current.kind,
            state=self._state,
            started_at=started,
            ended_at=max(started, call.ended_at) if call is not None else started,
            day=group.day,
            direction=detail.direction,
            who=who,
            others=others,
            duration_s=_duration_s(detail),
            subject=current.subject or "",
            call=None
            if is_voicemail or call is None
            else Told(
                is_answered=call.is_answered,
                went_to_voicemail=call.went_to_voicemail,
                legs=timeline_calls.stretches(call, self._named),
                sources=tuple(dict.fromkeys(rows.sources.get(root, ()))),
            ),
            text=_words(versions) if is_voicemail else "",
            marks=_marks(versions) if is_voicemail else (),
            files=files,
            is_erased=current.is_erased,
            call_back=timeline_calls.whole_number(caller) if is_unreached else "",
            returned=returned.get(root),
            related=self._related(current, rows),
            missing=(
                *_gaps(files, is_erased=current.is_erased),
                *_missing_of_single(current, detail, files, rows.sources.get(root, ())),
            ),
        )

    def _people(self, row: Any, detail: Detail) -> tuple[Party, tuple[Party, ...]]:
        """Who it came from, and everybody else in it, each once."""
        call = detail.call
        parties = detail.parties
        who = timeline_rows.sender_of(row)
        if call is not None:
            who = call.caller if _key(call.caller) else who
            parties = (*call.callees, *call.others) or parties
        first = self._named(who)
        others = dict.fromkeys(self._named(party) for party in parties if _key(party) != _key(who))
        return first, tuple(party for party in others if timeline_calls.shown(party))

    def _related(self, row: Any, rows: Rows) -> tuple[int, ...]:
        """A call's voicemails and a voicemail's call, of those on this case."""
        known = rows.voicemails.get(row.root_id, ())
        if row.kind == Kind.VOICEMAIL.value and row.call_id is not None:
            known = (row.call_id,)
        return tuple(each for each in dict.fromkeys(known) if each in self._here)


def _key(party: Party) -> str:
    return party.person or party.phone or party.mail or party.name


def _current(versions: Sequence[Any]) -> Any:
    return next((each for each in versions if each.is_current), versions[-1])


def _words(versions: Sequence[Any]) -> str:
    """What was said last: the empty body of a deletion never replaces it."""
    said = [each for each in versions if not each.is_deleted]
    return (said[-1] if said else versions[-1]).text or ""


def _marks(versions: Sequence[Any]) -> tuple[Mark, ...]:
    return marks(
        [
            Wording(
                at(each.modified_at), each.text or "", each.is_deleted, detail_of(each).edited_at
            )
            for each in versions
        ]
    )


def _duration_s(detail: Detail) -> int | None:
    """A voicemail may not say how long it is; nor may a call that ended as it began."""
    if detail.duration_s is not None and (detail.duration_s or detail.call is None):
        return detail.duration_s
    return (detail.call.duration_s or None) if detail.call is not None else None


def _files(versions: Sequence[Any], rows: Rows) -> tuple[File, ...]:
    """The files of all versions, each once; the newest version that names it counts."""
    found: dict[tuple[str, str], File] = {}
    for version in versions:
        for row in rows.files.get(version.id, ()):
            found[row.name, row.ref or row.url] = _file(row)
    return tuple(found.values())


def _file(row: Any) -> File:
    is_link = row.url.lower().startswith(("https://", "http://"))
    return File(
        item=row.item_id,
        position=row.position,
        name=row.name,
        state=row.state,
        role=row.role,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256 or "",
        note=row.note,
        url=row.url if is_link else "",
    )


def _gaps(files: Sequence[File], *, is_erased: bool) -> Iterator[Missing]:
    """What should be here and is not."""
    if is_erased:
        yield Missing(what="erased")
    for each in files:
        if each.state in ("missing", "erased"):
            yield Missing(what=f"{each.state}_file", name=each.name, note=each.note)
        elif each.state == "waiting":
            yield Missing(what="waiting_file", name=each.name)


def _missing_of_talk(messages: Sequence[Message]) -> tuple[Missing, ...]:
    found = [gap for each in messages for gap in _gaps(each.files, is_erased=each.is_erased)]
    return tuple(dict.fromkeys(found))


def _missing_of_single(
    row: Any, detail: Detail, files: Sequence[File], sources: Sequence[str]
) -> Iterator[Missing]:
    call = detail.call
    if row.kind == Kind.VOICEMAIL.value:
        if not any(each.role == AUDIO for each in files):
            yield Missing(what="audio")
        if not row.text and not row.is_erased:
            yield Missing(what="transcript")
        if _duration_s(detail) is None:
            yield Missing(what="length")
        if call is not None and timeline_calls.is_masked(call.caller.phone):
            yield Missing(what="masked")
    elif call is not None:
        yield from timeline_calls.missing_of_call(call, sources)
    yield from (Missing(what="flag", note=flag) for flag in detail.flags)
