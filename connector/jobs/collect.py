"""Reads the parts of a source in parallel and takes their pages with one writer.

Readers only wait for the network; the thread that called `collect` writes. What is fetched and not
yet kept is bounded by permits, so memory stays flat and a kill costs little, however long the feed.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.errors import ConnectorError, CursorExpired, Denied, RemoteError, Unavailable
from connector.ledger.cursors import cursors_of, known_versions
from connector.ledger.people import directory
from connector.ledger.take import Taken, take
from connector.model import Page, Problem
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ledger.policy import Policy
    from connector.ports import Known, Source

log = logging.getLogger(__name__)

PAGE_ITEMS = 50  # what one permit stands for: a full page of chat messages
HIGHEST_IN_FLIGHT = 32
OUT_AFTER = 3  # so many parts unavailable, with none read between: the system is down
WAIT_S = 0.2
# A mailbox that was moved is read by the other from then on, its old mails included.
SAME_MAILS = {"exchange": ("voicemail",), "voicemail": ("exchange",)}
FINISH_S = 15.0  # a request in flight ends in less; a Retry-After may be minutes


@dataclass(slots=True)
class Collected:
    """What one run of a source did."""

    parts: int = 0
    done: int = 0
    taken: Taken = field(default_factory=Taken)
    refused: list[Problem] = field(default_factory=list)
    stopped: ConnectorError | None = None  # why the run ended before all parts were read

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        new = {f"new_{kind}": count for kind, count in sorted(self.taken.new.items())}
        return {
            "parts": self.parts,
            "done": self.done,
            "read": self.taken.read,
            "linked": self.taken.linked,
            "waiting": self.taken.waiting,
            "problems": self.taken.problems,
            **new,
        }


@dataclass(frozen=True, slots=True)
class _Done:
    """A part was read to its end, or could not be."""

    part: str
    error: ConnectorError | BaseException | None = None


class _Readers:
    """Threads that read parts, as many as the latency of the server makes worth while."""

    def __init__(
        self,
        source: Source,
        parts: Sequence[str],
        cursors: dict[str, str],
        known: Known,
        permits: int,
    ) -> None:
        self.out: queue.SimpleQueue[Page | _Done] = queue.SimpleQueue()
        self.count = permits
        self.permits = threading.Semaphore(permits)
        self.stop = threading.Event()
        self._source = source
        self._parts = deque(parts)
        self._cursors = cursors
        self._known = known
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._active = 0
        self._outages = 0
        self.stopped_by: ConnectorError | None = None

    def in_flight(self) -> int:
        """How many readers are at work."""
        return self._active

    def grow(self) -> None:
        """Start readers until as many are at work as are worth while."""
        with self._lock:
            wanted = min(self._source.in_flight, HIGHEST_IN_FLIGHT, len(self._parts) + self._active)
            while self._active < wanted and self._parts and not self.stop.is_set():
                self._active += 1
                reader = threading.Thread(target=self._read_parts, daemon=True, name="reader")
                self._threads.append(reader)
                reader.start()

    def _read_parts(self) -> None:
        while True:
            with self._lock:
                too_many = self._active > max(1, self._source.in_flight)
                if not self._parts or self.stop.is_set() or too_many:
                    self._active -= 1
                    return
                part = self._parts.popleft()
            self._read(part)

    def _read(self, part: str) -> None:
        cursor = self._cursors.get(part)
        try:
            try:
                is_whole = self._pages(self._source.changes(part, cursor, self._known))
            except CursorExpired:
                # Harmless: items are keyed, so a dated full read only finds them again.
                is_whole = self._pages(self._source.changes(part, None, self._known))
        except ConnectorError as error:
            self._note(error)
            self.out.put(_Done(part, error))
        except BaseException as error:  # noqa: BLE001  a reader's bug must reach the writer's thread
            self.out.put(_Done(part, error))
        else:
            self._note(None)
            if is_whole:
                self.out.put(_Done(part))

    def _note(self, error: ConnectorError | None) -> None:
        """Denied, or nothing to be had three times running: the rest would fare no better."""
        with self._lock:
            self._outages = self._outages + 1 if isinstance(error, Unavailable) else 0
            if isinstance(error, Denied) or self._outages >= OUT_AFTER:
                self.stopped_by = self.stopped_by or error
                self.stop.set()

    def _pages(self, pages: Iterator[Page]) -> bool:
        """Hand over the pages, each with a permit; was the part read to its end?"""
        while not self.stop.is_set():
            while not self.permits.acquire(timeout=WAIT_S):
                if self.stop.is_set():
                    return False
            page = None
            try:
                page = next(pages, None)
            finally:
                if page is None:  # nothing came, or an error did: nobody else gives it back
                    self.permits.release()
            if page is None:
                return True
            self.out.put(page)
        return False

    def is_over(self) -> bool:
        """Nobody reads any more, and all they left has been fetched from `out`."""
        with self._lock:
            return self.stop.is_set() and self._active == 0 and self.out.empty()

    def finish(self) -> None:
        """Let every reader end after the request it is in.

        One that waits as a server told it to is left behind: what it still gets is not taken, and
        its cursor stays where it was.
        """
        self.stop.set()
        ends_at = time.monotonic() + FINISH_S
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))


def collect(
    ledger: Ledger,
    source: Source,
    policy: Policy,
    *,
    progress: Progress | None = None,
    batch_items: int = 2000,
    ahead_items: int = 2500,
    should_stop: Callable[[], bool] = lambda: False,
    is_from_start: bool = False,
) -> Collected:
    """Read every part of a source since its cursor, and take all of it into the ledger.

    `batch_items` is how many items a transaction holds at most (about), `ahead_items` how many may
    be fetched and not yet kept. A part that fails keeps its cursor and is told in the result; when
    the system as a whole is down or denies us, the rest is left for the next run.
    `is_from_start` reads without the cursors, from where the source was told to begin.
    Raises Denied when not even the list of parts can be had.
    """
    progress = progress or Silent()
    parts = source.parts(directory(ledger))
    result = Collected(parts=len(parts))
    progress.begin(source.name, len(parts))
    cursors = {} if is_from_start else cursors_of(ledger, source.name)
    known = known_versions(ledger, source.name, *SAME_MAILS.get(source.name, ()))
    readers = _Readers(source, parts, cursors, known, max(2, ahead_items // PAGE_ITEMS))
    writer = _Writer(ledger, policy, readers, result, batch_items)
    try:
        while result.done < result.parts and not readers.is_over():
            readers.grow()
            got = writer.next()
            if should_stop():
                break
            if not isinstance(got, _Done):
                continue
            result.done += 1
            _end_of_part(source, got, result)
            progress.step(source.name, result.done, result.counts())
    finally:
        readers.finish()
        writer.flush_all()
        result.stopped = readers.stopped_by
        progress.end(source.name)
    _keep_refused(ledger, policy, source, result)
    return result


class _Writer:
    """Gathers pages and takes them, many in one transaction."""

    def __init__(
        self,
        ledger: Ledger,
        policy: Policy,
        readers: _Readers,
        result: Collected,
        batch_items: int,
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._readers = readers
        self._result = result
        self._batch_items = batch_items
        self._pages: list[Page] = []
        self._items = 0
        self._held = 0  # permits that the gathered pages hold

    def next(self) -> Page | _Done | None:
        """The next thing a reader has; meanwhile, takes what was gathered when it is time.

        A batch is taken when it is full, or when nothing more comes: readers may be waiting for the
        permits it holds.
        """
        try:
            got = self._readers.out.get(timeout=0.05 if self._pages else WAIT_S)
        except queue.Empty:
            self.flush()
            return None
        if isinstance(got, Page):
            self._gather(got)
            is_full = max(self._items, len(self._pages)) >= self._batch_items
            if is_full or self._held >= self._most_pages():
                self.flush()
        return got

    def _gather(self, page: Page) -> None:
        """Keep the page for the next batch. One that brings only a cursor gives its permit back:

        where nothing is new, hundreds of parts are then one transaction.
        """
        self._pages.append(page)
        self._items += len(page.items) + len(page.people)
        if page.items or page.people or page.presences:
            self._held += 1
        else:
            self._readers.permits.release()

    def _most_pages(self) -> int:
        """Pages to gather: the rest of the permits, so that no reader waits for one meanwhile."""
        free = self._readers.count - self._readers.in_flight()
        return max(1, min(self._batch_items // PAGE_ITEMS, free))

    def flush(self) -> None:
        """Take what was gathered."""
        if not self._pages:
            return
        pages, self._pages, self._items = self._pages, [], 0
        held, self._held = self._held, 0
        taken = take(self._ledger, pages, self._policy)
        total = self._result.taken
        total.read += taken.read
        total.new.update(taken.new)
        total.linked += taken.linked
        total.waiting += taken.waiting
        total.problems += taken.problems
        if held:
            self._readers.permits.release(held)

    def flush_all(self) -> None:
        """Take everything the readers still left, after they ended."""
        while not self._readers.out.empty():
            got = self._readers.out.get()
            if isinstance(got, Page):
                self._gather(got)
        self.flush()


def _end_of_part(source: Source, done: _Done, result: Collected) -> None:
    error = done.error
    if error is None:
        return
    if not isinstance(error, RemoteError):
        raise error
    reason = str(error)
    result.refused.append(
        Problem(source=source.name, part=done.part, key="", reason=reason, scope="part")
    )
    log.warning("part not read", extra={"action": "part_failed", "source": source.name})


def _keep_refused(ledger: Ledger, policy: Policy, source: Source, result: Collected) -> None:
    if not result.refused:
        return
    page = Page(source=source.name, part="", items=tuple(result.refused))
    result.taken.problems += take(ledger, [page], policy).problems
