"""Call records: a list of heads each quarter of an hour, and the whole record for what is new.

A record comes up to 150 minutes after its call, comes again with a higher version, and is gone
after 30 days. The list can only be filtered by the call's start, so each run lists two days again.
Facts: Microsoft Graph, "callRecord: list", "callRecord: get", latency of change notifications,
read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import msgspec

from connector.errors import CursorExpired, Denied, Gone, Rejected
from connector.http import Answer, Graph
from connector.model import Finding, Item, Page, Person, Problem
from connector.ports import Known
from connector.sources import rights
from connector.sources.teams.messages import moment
from connector.sources.teams.records import (
    THREAD,
    Header,
    Participant,
    Record,
    Segment,
    Session,
    record_item,
)
from connector.sources.teams.windows import stamp
from connector.typed import convert, read_json

T = TypeVar("T")
PART = "calls"
HEADERS = {"Prefer": "include-unknown-enum-members"}
_KEPT_DAYS = 30  # Microsoft keeps no record longer
_PAGES = 20_000
_EXPAND_ALL = "?$expand=sessions($expand=segments),participants_v2"
_EXPAND_SESSIONS = "?$expand=sessions($expand=segments)"


def list_request(since: datetime) -> str:
    """The first page of the heads of calls that began at `since` or later."""
    return (
        f"communications/callRecords?$filter={quote(f'startDateTime ge {stamp(since)}', safe=':')}"
    )


def record_request(key: str, expand: str = _EXPAND_ALL) -> str:
    """One whole record."""
    return f"communications/callRecords/{quote(key, safe='')}{expand}"


class _List(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _More(msgspec.Struct):
    value: msgspec.Raw
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class Head(msgspec.Struct, frozen=True):
    """One record as the list gives it, and its bytes."""

    id: str
    version: int
    raw: bytes


class HeadPage(msgspec.Struct, frozen=True):
    """One page of the list: heads, and what could not be read."""

    heads: tuple[Head, ...]
    problems: tuple[Problem, ...] = ()
    next: str = ""


def parse_heads(source: str, answer: Answer) -> HeadPage:
    """The heads on a page. One that cannot be read is a problem in its place."""
    page = read_json(answer.body, _List)
    heads, problems = [], []
    for raw in page.value:
        try:
            header = read_json(raw, Header)
            heads.append(Head(header.id, header.version, bytes(raw)))
        except msgspec.DecodeError as error:
            reason = f"call record not readable: {error}"
            problems.append(
                Problem(source=source, part=PART, key="", reason=reason, raw=bytes(raw))
            )
    return HeadPage(tuple(heads), tuple(problems), page.next or "")


def parse_record(answer: Answer) -> Record:
    """A whole record; dates without T are mended."""
    try:
        return read_json(answer.body, Record)
    except msgspec.ValidationError:
        tree = msgspec.json.decode(answer.body)
        if isinstance(tree, dict):
            _mend_dates(tree, depth=0)
        return convert(tree, Record)


def _mend_dates(node: object, depth: int) -> None:
    if isinstance(node, list):
        for child in node:
            _mend_dates(child, depth)
    elif isinstance(node, dict) and depth < 8:
        for key, child in node.items():
            if key.endswith("DateTime") and isinstance(child, str):
                node[key] = moment(child)[0]
            else:
                _mend_dates(child, depth + 1)


class _Cursor(msgspec.Struct, omit_defaults=True):
    read: datetime | None = None
    deep: str = ""


class CallRecords:
    """Every call of the tenant as Microsoft's own record of it. One part."""

    def __init__(
        self,
        graph: Graph,
        *,
        name: str = "teams.call_records",
        overlap_h: float = 48.0,  # a record is late by hours, and a long call by its own length
        deep_days: int = 7,  # once a day: outages at Microsoft's side took days to clear
        initial_days: int = _KEPT_DAYS,  # the first run takes all there is
        since: datetime | None = None,
    ) -> None:
        self.name = name
        self._graph = graph
        self._overlap = timedelta(hours=overlap_h)
        self._deep = timedelta(days=deep_days)
        self._initial = timedelta(days=min(initial_days, _KEPT_DAYS))
        self._start = since
        self._expand = _EXPAND_ALL

    def check(self) -> list[Finding]:
        """The first page of the last hour. The right needed is CallRecords.Read.All."""

        def attempt() -> None:
            since = self._graph.server_now() - timedelta(hours=1)
            self._graph.get(list_request(since), service="call_records", headers=HEADERS)

        return rights.check(self._graph, self.name, rights.CALL_RECORDS, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        del people  # records are the tenant's, not a person's
        return [PART]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """New records and new versions. What the ledger knows already is not fetched again.

        Only the last page has a cursor: a reading that is cut starts its list again, which costs
        little, because the records themselves are known then.
        """
        del part
        now = self._graph.server_now()
        since, state = self._plan(_state(cursor), now)
        link, seen = list_request(since), set[str]()
        while True:
            try:
                page = self._graph.ask(
                    link,
                    lambda a: parse_heads(self.name, a),
                    service="call_records",
                    headers=HEADERS,
                )
            except (Gone, Rejected, CursorExpired) as error:
                yield self._stop(str(error))
                return
            seen.add(link)
            items = [*page.problems, *self._whole(page.heads, known)]
            is_circle = page.next in seen or len(seen) >= _PAGES
            is_last = not page.next
            end = msgspec.json.encode(state).decode() if is_last else None
            yield Page(source=self.name, part=PART, cursor=end, items=tuple(items))
            if is_last:
                return
            if is_circle:
                yield self._stop("the server's next link leads back to a page already read")
                return
            link = page.next

    def _plan(self, state: _Cursor, now: datetime) -> tuple[datetime, _Cursor]:
        """Where the list begins, and the cursor once it is at its end."""
        today = now.date().isoformat()
        oldest = now - timedelta(days=_KEPT_DAYS)
        if state.read is None or state.read > now + timedelta(minutes=2):
            since = max(self._start or now - self._initial, oldest)
            return since, _Cursor(read=now, deep=today)
        since = state.read - self._overlap
        if state.deep < today:
            since = min(since, now - self._deep)
        return max(since, oldest), _Cursor(read=now, deep=today)

    def _whole(self, heads: Sequence[Head], known: Known) -> list[Item | Problem]:
        """The records that are new, in the list's order, fetched side by side."""
        pairs = [(head.id, str(head.version)) for head in heads]
        old = known(THREAD, pairs) if pairs else set()
        new = [head for head, pair in zip(heads, pairs, strict=True) if pair not in old]
        workers = min(len(new), self._graph.in_flight("call_records"))
        if workers < 2:
            return [self._one(head) for head in new]
        with ThreadPoolExecutor(workers, thread_name_prefix="call-record") as pool:
            return list(pool.map(self._one, new))

    def _one(self, head: Head) -> Item | Problem:
        try:
            return self._record(head)
        except Gone:
            return self._head_alone(head)
        except (Rejected, msgspec.DecodeError) as error:
            reason = f"call record not readable: {error}"
        except Denied as error:
            if rights.concerns_all(error):
                raise
            reason = str(error)
        return Problem(source=self.name, part=PART, key=head.id, reason=reason)

    def _head_alone(self, head: Head) -> Item | Problem:
        """That there was a call, when the record itself is not to be had (not yet, or no more).

        Its version is none that the list gives, so the record is asked for again each time.
        """
        try:
            record = parse_record(Answer(200, head.raw, {}))
        except msgspec.DecodeError as error:
            reason = f"call record gone, and its head is not readable: {error}"
            return Problem(source=self.name, part=PART, key=head.id, reason=reason, raw=head.raw)
        record.version = 0
        item = record_item(self.name, record, head.raw)
        return msgspec.structs.replace(
            item, version=f"{head.version}-head", flags=(*item.flags, "record not there")
        )

    def _record(self, head: Head) -> Item:
        try:
            record, raw = self._ask(record_request(head.id, self._expand))
        except Rejected:
            if self._expand != _EXPAND_ALL:
                raise
            # The documentation shows each expansion alone; participants then cost a request more.
            self._expand = _EXPAND_SESSIONS
            record, raw = self._ask(record_request(head.id, self._expand))
        pages = [raw]
        more_people = record.participants_next
        if record.participants_v2 is None:
            more_people = record_request(head.id, "/participants_v2")
        people = self._rest(more_people, list[Participant], pages)
        record.participants_v2 = [*(record.participants_v2 or ()), *people]
        sessions = self._rest(record.sessions_next, list[Session], pages)
        record.sessions = [*(record.sessions or ()), *sessions]
        for session in record.sessions:
            segments = self._rest(session.segments_next, list[Segment], pages)
            session.segments = [*(session.segments or ()), *segments] or None
        whole = raw if len(pages) == 1 else b'{"pages":[' + b",".join(pages) + b"]}"
        return record_item(self.name, record, whole)

    def _ask(self, path: str) -> tuple[Record, bytes]:
        def parse(answer: Answer) -> tuple[Record, bytes]:
            return parse_record(answer), answer.body

        return self._graph.ask(path, parse, service="call_records", headers=HEADERS)

    def _rest(self, link: str | None, kind: type[list[T]], pages: list[bytes]) -> list[T]:
        """What a nested list holds behind its first page; the bytes are added to `pages`."""

        def parse(answer: Answer) -> tuple[list[T], str | None]:
            page = read_json(answer.body, _More)
            pages.append(answer.body)
            return read_json(page.value, kind), page.next

        found: list[T] = []
        seen: set[str] = set()
        while link and link not in seen and len(seen) < _PAGES:
            seen.add(link)
            rows, link = self._graph.ask(link, parse, service="call_records", headers=HEADERS)
            found += rows
        return found

    def _stop(self, reason: str) -> Page:
        problem = Problem(source=self.name, part=PART, key="", reason=reason, scope="part")
        return Page(source=self.name, part=PART, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """A record has no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        return 1  # one part; the records of a page are fetched side by side inside


def _state(cursor: str | None) -> _Cursor:
    try:
        return read_json(cursor or "{}", _Cursor)
    except msgspec.DecodeError:
        return _Cursor()
