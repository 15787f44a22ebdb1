"""Which of the claimed deliveries may go next: several at once, never two of one case."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from connector.ledger.deliveries import Delivery

R = TypeVar("R")


class Lanes:
    """Claimed deliveries, one lane for each case, in the order of their claims."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Delivery]] = {}
        self._free: deque[str] = deque()  # cases with something to send and nothing on its way
        self._busy: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        """How many wait for their turn."""
        return self._count

    def add(self, claimed: Sequence[Delivery]) -> None:
        """Let these wait behind what is there."""
        for each in claimed:
            case = each.entry.case_number
            lane = self._waiting.get(case)
            if lane is None:
                lane = self._waiting[case] = deque()
                if case not in self._busy:
                    self._free.append(case)
            lane.append(each)
            self._count += 1

    def take(self) -> Delivery | None:
        """The next whose case is free; its case is then busy until `done`."""
        if not self._free:
            return None
        case = self._free.popleft()
        lane = self._waiting[case]
        each = lane.popleft()
        if not lane:
            del self._waiting[case]
        self._busy.add(case)
        self._count -= 1
        return each

    def done(self, each: Delivery) -> None:
        """Its case is free again."""
        case = each.entry.case_number
        self._busy.discard(case)
        if case in self._waiting:
            self._free.append(case)

    def put_back(self, each: Delivery) -> None:
        """It goes first of its case, once more."""
        case = each.entry.case_number
        if case not in self._waiting:
            self._waiting[case] = deque()
        self._waiting[case].appendleft(each)
        self._count += 1
        self.done(each)

    def drop(self, case: str | None = None) -> list[Delivery]:
        """Those that wait, of one case or of all, and they wait here no longer."""
        cases = list(self._waiting) if case is None else [case]
        dropped = [each for name in cases for each in self._waiting.pop(name, ())]
        self._free = deque(name for name in self._free if name in self._waiting)
        self._count -= len(dropped)
        return dropped


class Crew(Generic[R]):
    """Does up to `size` things at once, each giving a result; with one, in the caller's thread.

    Plain threads and queues: an executor's futures cost a tenth of a quick put (measured with
    bench/delivery.py).
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: list[threading.Thread] = []
        self._work: SimpleQueue[Callable[[], R] | None] = SimpleQueue()
        self._finished: SimpleQueue[R | BaseException] = SimpleQueue()
        self.active = 0

    def start(self, work: Callable[[], R]) -> None:
        """Begin this; its result comes out of `wait`."""
        self.active += 1
        if self._size == 1:
            self._finished.put(work())
            return
        if len(self._threads) < min(self.active, self._size):
            thread = threading.Thread(target=self._serve, name=f"deliver {len(self._threads)}")
            thread.start()
            self._threads.append(thread)
        self._work.put(work)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                self._finished.put(work())
            except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
                self._finished.put(error)

    def wait(self) -> R:
        """The next result, or what went wrong."""
        result = self._finished.get()
        self.active -= 1
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        """Wait for what is under way; `finished` gives it."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def finished(self) -> list[R]:
        """After the end: the results that nobody waited for."""
        results = []
        while not self._finished.empty():
            result = self._finished.get()
            if not isinstance(result, BaseException):
                results.append(result)
        return results
