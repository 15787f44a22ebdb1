"""What every source must show. An adapter's test subclasses SourceContract and fills the hooks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec
import pytest

from connector.errors import CursorExpired, Denied, RemoteError, Throttled, Unavailable
from connector.model import Call, Finding, Item, Page, Person, Presence, Problem
from connector.ports import Source

WAIT_S = 7.0  # what a throttling server asks for in these tests


def nothing_known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """A ledger that holds nothing yet."""
    return set()


class SourceContract:
    """Hooks: `make`, `people`, `fail`, `spoil`, `forget_cursors`, `timeouts`, `asked`.

    `has_items` is false for a source of people or states; `gives_anew` is true when each reading
    gives new states; `keeps_cursor` is false when there is nothing to go on from.
    """

    has_items: ClassVar[bool] = True
    gives_anew: ClassVar[bool] = False
    keeps_cursor: ClassVar[bool] = True
    right: ClassVar[str] = ".Read"  # what the fix of a refusal names
    _longest: ClassVar[dict[type, str]] = {}  # found once for each suite

    # -- hooks --------------------------------------------------------------------------------

    def make(self) -> Source:
        """A source over a server in which nothing changes; one part has several pages."""
        raise NotImplementedError

    def people(self) -> list[Person]:
        """The directory of that server."""
        raise NotImplementedError

    def fail(self, how: str) -> None:
        """From now on answer every request so: refused (401), forbidden (403), throttled (429 with
        WAIT_S), down (500), cut (the connection breaks in the answer) or well."""
        raise NotImplementedError

    def spoil(self) -> None:
        """Make one item of the next answers unreadable."""
        raise NotImplementedError

    def forget_cursors(self) -> None:
        """Make the server refuse every cursor it gave out."""
        raise NotImplementedError

    def timeouts(self) -> list[object]:
        """The time-outs of all requests so far."""
        raise NotImplementedError

    def asked(self) -> int:
        """How many requests there were so far."""
        raise NotImplementedError

    # -- what is read ---------------------------------------------------------------------------

    def part(self, source: Source) -> str:
        """The part with the most pages and items."""
        if type(self) not in self._longest:
            parts = source.parts(self.people())
            self._longest[type(self)] = max(parts, key=lambda part: self.size(source, part))
        return self._longest[type(self)]

    def size(self, source: Source, part: str) -> tuple[int, int]:
        pages = self.pages(source, part)
        return len(pages), sum(len(page.items) for page in pages)

    def pages(self, source: Source, part: str, cursor: str | None = None) -> list[Page]:
        return list(source.changes(part, cursor, nothing_known))

    def test_there_is_something(self) -> None:
        """The server of this test has something to read, else the rest proves nothing."""
        source = self.make()
        assert self.size(source, self.part(source)) > (0, 0)
        found = [
            thing for part in source.parts(self.people()) for thing in all_of(self, source, part)
        ]
        assert found

    def test_parts_are_distinct(self) -> None:
        """No part is named twice."""
        parts = self.make().parts(self.people())
        assert len(parts) == len(set(parts)) > 0

    def test_pages_say_whose_they_are(self) -> None:
        """Every page, item and problem carries the source's name and its part."""
        source = self.make()
        part = self.part(source)
        for page in self.pages(source, part):
            assert (page.source, page.part) == (source.name, part)
            assert {item.source for item in page.items} <= {source.name}

    def test_the_same_twice(self) -> None:
        """The same read twice gives the same things."""
        source = self.make()
        part = self.part(source)
        first, second = all_of(self, source, part), all_of(self, source, part)
        if self.gives_anew:
            assert names(first) == names(second)
        else:
            assert first == second

    def test_resuming(self) -> None:
        """Reading again from any page's cursor gives the rest, or more, never fewer."""
        source = self.make()
        part = self.part(source)
        pages = self.pages(source, part)
        cursors = 0
        for number, page in enumerate(pages):
            if page.cursor is None:
                continue
            cursors += 1
            rest = names([thing for later in pages[number + 1 :] for thing in things(later)])
            again = names(all_of(self, source, part, page.cursor))
            assert rest <= again
        assert cursors or not self.keeps_cursor

    def test_the_last_page_has_a_cursor(self) -> None:
        """A reading that came to its end leaves a cursor."""
        source = self.make()
        pages = self.pages(source, self.part(source))
        assert (pages[-1].cursor is not None) == self.keeps_cursor

    def test_going_on_is_cheap(self) -> None:
        """Going on from the last cursor asks no more than the first reading, and for what is known
        it asks nothing a second time."""
        source = self.make()
        part = self.part(source)
        begun = self.asked()
        first = self.pages(source, part)
        cost = self.asked() - begun
        seen = {(i.thread, i.key, i.version) for p in first for i in p.items if isinstance(i, Item)}

        def known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
            return {pair for pair in pairs if (thread, *pair) in seen}

        begun = self.asked()
        list(source.changes(part, first[-1].cursor, known))
        assert self.asked() - begun <= cost

    def test_nonsense_cursor(self) -> None:
        """A cursor that makes no sense means reading from the start, or CursorExpired."""
        source = self.make()
        part = self.part(source)
        whole = names(all_of(self, source, part))
        for cursor in ("", "?", "{}", '{"read": 5}', "[]", '{"read":"2999-01-01T00:00:00Z"}'):
            with contextlib.suppress(CursorExpired):
                assert names(all_of(self, source, part, cursor)) == whole

    # -- the items ------------------------------------------------------------------------------

    def items(self) -> list[Item]:
        source = self.make()
        return [i for i in all_of(self, source, self.part(source)) if isinstance(i, Item)]

    def test_items(self) -> None:
        """An item has a key, a version, a thread and the bytes as they came."""
        items = self.items()
        assert bool(items) == self.has_items
        for item in items:
            assert item.key
            assert item.version
            assert item.thread
            assert isinstance(msgspec.json.decode(item.raw), dict)

    def test_keys(self) -> None:
        """Two things of one thread never share a key and a version with different bytes."""
        seen: dict[tuple[str, str, str], bytes] = {}
        for item in self.items():
            assert seen.setdefault((item.thread, item.key, item.version), item.raw) == item.raw

    def test_times(self) -> None:
        """All times are aware, in UTC, and in order."""
        source = self.make()
        for thing in all_of(self, source, self.part(source)):
            if isinstance(thing, Item):
                times = [thing.sent_at, thing.modified_at, *call_times(thing.call)]
            elif isinstance(thing, Presence):
                times = [thing.observed_at]
            else:
                times = []
            assert all(at.utcoffset() == timedelta(0) for at in times)

    def test_legs(self) -> None:
        """The legs of a call are in the order of time, none ends before it starts."""
        for item in self.items():
            legs = item.call.legs if item.call else ()
            assert [leg.started_at for leg in legs] == sorted(leg.started_at for leg in legs)
            assert all(leg.started_at <= leg.ended_at for leg in legs)

    def test_unreadable_item(self) -> None:
        """An item that cannot be read is a problem in its place, and its neighbours arrive."""
        source = self.make()
        part = self.part(source)
        before = names(all_of(self, source, part))
        self.spoil()
        found = all_of(self, source, part)
        problems = [one for one in found if isinstance(one, Problem)]
        if self.has_items:
            assert [problem.scope for problem in problems] == ["item"]
            assert problems[0].reason
            assert problems[0].part == part
        assert len(before - names(found)) == 1

    # -- faults ---------------------------------------------------------------------------------

    def test_refused(self) -> None:
        """A sign-in that is refused ends the run: nobody's parts can be read."""
        source = self.make()
        part = self.part(source)
        self.fail("refused")
        with pytest.raises(Denied):
            self.pages(source, part)

    def test_forbidden(self) -> None:
        """A part that is forbidden is one problem of scope "part" without a cursor, or Denied."""
        source = self.make()
        part = self.part(source)
        self.fail("forbidden")
        try:
            pages = self.pages(source, part)
        except Denied:
            return
        assert [page.cursor for page in pages] == [None]
        problems = [one for page in pages for one in page.items]
        assert [one.scope for one in problems if isinstance(one, Problem)] == ["part"]

    @pytest.mark.parametrize("how", ["down", "cut"])
    def test_down(self, how: str) -> None:
        """A server that does not answer, or breaks off each answer, is Unavailable."""
        source = self.make()
        part = self.part(source)
        self.fail(how)
        with pytest.raises(Unavailable):
            self.pages(source, part)
        self.fail("well")
        assert all_of(self, source, part)

    def test_throttled(self) -> None:
        """Throttling without end is Throttled, with the wait that the server asked for."""
        source = self.make()
        part = self.part(source)
        self.fail("throttled")
        with pytest.raises(Throttled) as caught:
            self.pages(source, part)
        assert caught.value.wait_s == WAIT_S

    def test_expired_cursor(self) -> None:
        """A cursor that the server forgot means all again, or CursorExpired; never a hole."""
        source = self.make()
        part = self.part(source)
        whole = names(all_of(self, source, part))
        cursors = [page.cursor for page in self.pages(source, part) if page.cursor]
        self.forget_cursors()
        for cursor in cursors[:3]:
            try:
                found = names(all_of(self, source, part, cursor))
            except CursorExpired:
                found = names(all_of(self, source, part))
            assert found <= whole
            if not self.windows_by_time():
                assert found == whole

    def windows_by_time(self) -> bool:
        """Whether the cursor is a time, which no server can forget."""
        return False

    def test_unknown_content(self) -> None:
        """Content that does not exist is one of our errors when it is read."""
        source = self.make()
        self.people()
        with pytest.raises(RemoteError):
            list(source.content("users/nobody/messages/nothing/attachments/none"))

    def test_timeouts(self) -> None:
        """Every request had a time-out."""
        source = self.make()
        self.pages(source, self.part(source))
        source.check()
        times = self.timeouts()
        assert times
        assert None not in times

    def test_in_flight(self) -> None:
        """At least one part is worth reading at once."""
        assert 1 <= self.make().in_flight <= 64

    # -- check ----------------------------------------------------------------------------------

    def test_check(self) -> None:
        """A source that works says so; one that is forbidden says exactly what to grant."""
        source = self.make()
        self.people()
        assert levels(source.check()) == {"ok"}
        self.fail("forbidden")
        errors = [one for one in source.check() if one.level == "error"]
        assert errors
        assert self.right in errors[0].fix
        self.fail("refused")
        assert levels(source.check()) == {"error"}
        self.fail("down")
        assert levels(source.check()) == {"error"}


Thing = Item | Problem | Person | Presence


def things(page: Page) -> list[Thing]:
    """What a page holds of any kind."""
    return [*page.items, *page.people, *page.presences]


def all_of(
    suite: SourceContract, source: Source, part: str, cursor: str | None = None
) -> list[Thing]:
    """Everything one reading gives."""
    return [thing for page in suite.pages(source, part, cursor) for thing in things(page)]


def names(found: Sequence[Thing]) -> set[tuple[str, ...]]:
    """What tells things apart; problems are left out."""
    kept: set[tuple[str, ...]] = set()
    for thing in found:
        if isinstance(thing, Item):
            kept.add((thing.thread, thing.key, thing.version))
        elif isinstance(thing, Person):
            kept.add((thing.id,))
        elif isinstance(thing, Presence):
            kept.add((thing.person,))
    return kept


def levels(findings: Sequence[Finding]) -> set[str]:
    return {finding.level for finding in findings}


def call_times(call: Call | None) -> list[datetime]:
    """Start and end of a call and of its legs."""
    if call is None:
        return []
    found = [call.started_at, call.ended_at]
    for leg in call.legs:
        found += [leg.started_at, leg.ended_at]
    return found
