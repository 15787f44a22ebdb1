"""Rows about telephone calls: Microsoft's own lines (PSTN) and the tenant's own (Direct Routing).

Facts: Microsoft Graph, "callRecord: getPstnCalls" and "callRecord: getDirectRoutingCalls", read
2026-11-21. How late rows come is said nowhere; three days are read again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

import msgspec

from connector.errors import CursorExpired, Gone, Rejected
from connector.http import Answer, Graph
from connector.model import Call, Direction, Finding, Item, Kind, Leg, Page, Party, Person, Problem
from connector.ports import Known
from connector.sources import rights
from connector.sources.teams.messages import moment
from connector.typed import read_json

_LONGEST_DAYS = 90  # the most that one question may span, and the most there is
_PAGES = 20_000


def rows_request(function: str, first: date, last: date) -> str:
    """The first page of the rows between two dates, as each function takes them."""
    return f"communications/callRecords/{function}(fromDateTime={first},toDateTime={last})"


def spans(first: date, last: date) -> list[tuple[date, date]]:
    """The days from first to last, both included, in pieces that one question may span."""
    pieces = []
    while first <= last:
        end = min(last, first + timedelta(days=_LONGEST_DAYS - 1))
        pieces.append((first, end))
        first = end + timedelta(days=1)
    return pieces


class _Row(msgspec.Struct, rename="camel"):
    """Both kinds of row; dates as text, because some are sentinels."""

    id: str
    start_date_time: str | None = None
    end_date_time: str | None = None
    invite_date_time: str | None = None
    failure_date_time: str | None = None
    duration: int | None = None
    call_type: str | None = None
    caller_number: str | None = None
    callee_number: str | None = None
    user_id: str | None = None
    user_display_name: str | None = None
    user_principal_name: str | None = None
    correlation_id: str | None = None
    successful_call: bool | None = None
    final_sip_code: int | None = None
    final_sip_code_phrase: str | None = None


class _List(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class RowPage(msgspec.Struct, frozen=True):
    """One page of rows as items. Their `@odata.count` is the page's size and says nothing."""

    items: tuple[Item | Problem, ...]
    next: str = ""


ToCall = Callable[[_Row], Call]


def parse_rows(source: str, part: str, to_call: ToCall, answer: Answer) -> RowPage:
    """A page of rows; one that cannot be read is a problem in its place."""
    page = read_json(answer.body, _List)
    items = tuple([_row_item(source, part, to_call, bytes(raw)) for raw in page.value])
    return RowPage(items, page.next or "")


def _row_item(source: str, part: str, to_call: ToCall, raw: bytes) -> Item | Problem:
    try:
        row = read_json(raw, _Row)
        call = to_call(row)
    except ValueError as error:  # msgspec's errors are ValueErrors and hold no content
        return Problem(
            source=source, part=part, key="", reason=f"row not readable: {error}", raw=raw
        )
    return Item(
        source=source,
        thread=part,
        key=row.id,
        version=_version(raw),
        kind=Kind.SIGHTING,
        sent_at=call.started_at,
        modified_at=call.ended_at,
        raw=raw,
        sender=call.caller.person or call.caller.phone,
        sender_name=call.caller.name,
        direction=call.direction,
        parties=call.parties,
        call=call,
        duration_s=call.duration_s,
    )


def _version(raw: bytes) -> str:
    """A row has no version but what it says; the order of its members is not part of that."""
    canonical = msgspec.json.encode(msgspec.json.decode(raw), order="sorted")
    return hashlib.blake2b(canonical, digest_size=8).hexdigest()


def _time(text: str | None) -> datetime | None:
    """A time; None when absent, unreadable, or the sentinel of the year 1."""
    at, _ = moment(text) if text else (None, "")
    return at if at is not None and at.year > 1900 else None


def _ends(row: _Row, began: datetime | None, ended: datetime | None) -> tuple[datetime, datetime]:
    if began is None:
        raise ValueError("no start that can be read")
    if ended is None:
        ended = began + timedelta(seconds=max(0, row.duration or 0))
    return began, max(began, ended)


def _parties(row: _Row, *, is_inbound: bool, is_service: bool) -> tuple[Party, Party]:
    """(caller, callee). A row without a user is a queue's or an attendant's."""
    upn = row.user_principal_name or ""
    own = (row.callee_number if is_inbound else row.caller_number) or ""
    outside = (row.caller_number if is_inbound else row.callee_number) or ""
    role = "attendant" if is_service else ("to" if is_inbound else "from")
    inside = Party(
        person=row.user_id or "",
        name=row.user_display_name or "",
        phone=own.strip(),
        mail=upn if "@" in upn else "",
        role=role,
    )
    other = Party(phone=outside.strip(), role="from" if is_inbound else "to")
    return (other, inside) if is_inbound else (inside, other)


def pstn_call(row: _Row) -> Call:
    """What a PSTN row tells. An incoming call with a duration may have been taken by voicemail."""
    kinds = (row.call_type or "").lower().split("_")
    is_inbound = "in" in kinds
    began, ended = _ends(row, _time(row.start_date_time), _time(row.end_date_time))
    caller, callee = _parties(row, is_inbound=is_inbound, is_service="ucap" in kinds)
    length = row.duration if row.duration is not None else int((ended - began).total_seconds())
    taken: bool | None = False
    if length > 0:
        taken = None if is_inbound else True
    known = is_inbound or "out" in kinds
    return Call(
        started_at=began,
        ended_at=ended,
        direction=_direction(is_inbound) if known else Direction.UNKNOWN,
        is_answered=taken,
        caller=caller,
        callees=(callee,),
        same=(f"pstn:{row.id}",),
    )


# ByotIn, ByotOut, in exports dr_in and dr_out, then what became of it: ByotOutUserForwarding.
_WAY = re.compile(r"(?:byot|dr)_?(in|out)")


def direct_call(row: _Row) -> Call:
    """What a Direct Routing row tells. Its end means something only when the call succeeded."""
    kind = (row.call_type or "").lower()
    way = _WAY.match(kind)
    is_inbound = way is not None and way[1] == "in"
    is_good = row.successful_call is not False
    invited, started = _time(row.invite_date_time), _time(row.start_date_time)
    stopped = _time(row.end_date_time) if is_good else _time(row.failure_date_time)
    began, ended = _ends(row, invited or started, stopped)
    caller, callee = _parties(row, is_inbound=is_inbound, is_service="ucap" in kind)
    taken: bool | None = False
    if is_good:
        taken = None if is_inbound else True
    inside = callee if is_inbound else caller
    phrase = f"{row.final_sip_code or ''} {row.final_sip_code_phrase or ''}".strip()
    leg = Leg(
        role="user" if inside.person else "service",
        started_at=(started or began) if is_good else began,
        ended_at=ended,
        who=inside,
        is_answered=is_good,
        failure="" if is_good else phrase,
    )
    same = (f"dr:{row.correlation_id}",) if row.correlation_id else ()
    return Call(
        started_at=began,
        ended_at=ended,
        direction=_direction(is_inbound) if way else Direction.UNKNOWN,
        is_answered=taken,
        caller=caller,
        callees=(callee,),
        legs=(leg,),
        same=same,
    )


def _direction(is_inbound: bool) -> Direction:
    return Direction.INBOUND if is_inbound else Direction.OUTBOUND


class _Cursor(msgspec.Struct):
    read: datetime


class CallRows:
    """Rows of one function, day by day. One part."""

    def __init__(
        self,
        graph: Graph,
        name: str,
        part: str,
        function: str,
        to_call: ToCall,
        *,
        is_end_exclusive: bool,
        overlap_days: int,
        initial_days: int,
        since: datetime | None,
    ) -> None:
        self.name = name
        self._graph, self._part, self._function = graph, part, function
        self._to_call = to_call
        self._end = timedelta(days=1 if is_end_exclusive else 0)
        self._overlap = timedelta(days=overlap_days)
        self._initial = timedelta(days=min(initial_days, _LONGEST_DAYS - 1))
        self._start = since

    def check(self) -> list[Finding]:
        """Today's rows. The right needed is CallRecord-PstnCalls.Read.All."""

        def attempt() -> None:
            today = self._graph.server_now().date()
            path = rows_request(self._function, today, today + self._end)
            self._graph.get(path, service="call_records")

        return rights.check(self._graph, self.name, rights.CALL_ROWS, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        del people  # rows are the tenant's
        return [self._part]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Rows since the overlap before the last reading; a row that changed is a new version."""
        del part, known  # a row comes whole
        now = self._graph.server_now()
        pieces = spans(self._first_day(cursor, now), now.date())
        for number, (first, last) in enumerate(pieces, 1):
            link, seen = rows_request(self._function, first, last + self._end), set[str]()
            while link:
                try:
                    page = self._graph.ask(link, self._parse, service="call_records")
                except (Gone, Rejected, CursorExpired) as error:
                    yield self._stop(str(error))
                    return
                seen.add(link)
                is_last = number == len(pieces) and not page.next
                end = msgspec.json.encode(_Cursor(now)).decode() if is_last else None
                yield Page(source=self.name, part=self._part, cursor=end, items=page.items)
                if page.next in seen or len(seen) >= _PAGES:
                    yield self._stop("the server's next link leads back to a page already read")
                    return
                link = page.next

    def _first_day(self, cursor: str | None, now: datetime) -> date:
        """Whole days in UTC; never further back than the server has rows."""
        oldest = (now - timedelta(days=_LONGEST_DAYS - 1)).date()
        read: datetime | None
        try:
            read = read_json(cursor, _Cursor).read if cursor else None
        except msgspec.DecodeError:
            read = None
        if read is None or read > now + timedelta(minutes=2):
            return max((self._start or now - self._initial).date(), oldest)
        return max((read - self._overlap).date(), oldest)

    def _parse(self, answer: Answer) -> RowPage:
        return parse_rows(self.name, self._part, self._to_call, answer)

    def _stop(self, reason: str) -> Page:
        problem = Problem(source=self.name, part=self._part, key="", reason=reason, scope="part")
        return Page(source=self.name, part=self._part, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """A row has no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        return 1


def PstnCalls(  # noqa: N802  named like the other sources; it is one of them with its own bounds
    graph: Graph,
    *,
    name: str = "teams.pstn",
    overlap_days: int = 3,  # rows come hours late, some a day
    initial_days: int = 30,
    since: datetime | None = None,
) -> CallRows:
    """Calls over Microsoft's own lines. Both dates of a question are included."""
    return CallRows(
        graph,
        name,
        "pstn",
        "getPstnCalls",
        pstn_call,
        is_end_exclusive=False,
        overlap_days=overlap_days,
        initial_days=initial_days,
        since=since,
    )


def DirectRouting(  # noqa: N802  see PstnCalls
    graph: Graph,
    *,
    name: str = "teams.direct_routing",
    overlap_days: int = 3,
    initial_days: int = 30,
    since: datetime | None = None,
) -> CallRows:
    """Calls over the tenant's own lines. The last date of a question is not included."""
    return CallRows(
        graph,
        name,
        "direct_routing",
        "getDirectRoutingCalls",
        direct_call,
        is_end_exclusive=True,
        overlap_days=overlap_days,
        initial_days=initial_days,
        since=since,
    )
