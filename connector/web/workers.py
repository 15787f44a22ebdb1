"""Several processes that answer at one socket, and the one that keeps them going.

Python works on one thing at a time: in one process, a long page keeps all others waiting. The
processes are forked from one that has loaded everything and answers nobody, and share what they
agree on by connector/web/common.py. One that dies is started again; when the first ends, however it
does, the others end their answers and follow.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Callable

log = logging.getLogger(__name__)
TICK_S = 0.1
AGAIN_S = 1.0  # until a process that died is started again: one that cannot start must not spin
END_S = 40  # for answers and jobs that are under way; then it is killed


def how_many(wanted: int) -> int:
    """How many processes `web.workers` means on this machine."""
    if not hasattr(os, "fork"):  # Windows
        return 1
    return wanted or min(2, len(os.sched_getaffinity(0)))


class Crew:
    """The processes that answer. `work(place, should_stop)` is what each of them does."""

    def __init__(self, count: int, work: Callable[[int, Callable[[], bool]], None]) -> None:
        self._work = work
        self._places: dict[int, int | None] = dict.fromkeys(range(count))  # place -> process
        self._again_at = dict.fromkeys(range(count), 0.0)
        # Ends when this process does, even by force: that is how the others hear of it.
        self._ours, self._life = os.pipe()

    def keep(self, should_stop: Callable[[], bool]) -> None:
        """Start all, and those that die again; once asked to stop, wait until all have ended."""
        try:
            while not should_stop():
                self._reap()
                for place, pid in self._places.items():
                    if pid is None and time.monotonic() >= self._again_at[place]:
                        self._places[place] = self._forked(place)
                time.sleep(TICK_S)
        finally:
            os.close(self._life)
            self._wait()
            os.close(self._ours)

    def _reap(self) -> None:
        """Note which have ended."""
        for place, pid in self._places.items():
            if pid is None or os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
            self._places[place] = None
            self._again_at[place] = time.monotonic() + AGAIN_S
            log.error("a process of the portal died", extra={"action": "worker_died", "pid": pid})

    def _wait(self) -> None:
        until = time.monotonic() + END_S
        for place, pid in self._places.items():
            if pid is None:
                continue
            while os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > until:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(TICK_S / 2)
            self._places[place] = None

    def _forked(self, place: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            os.close(self._life)
            self._work(place, self._end_of_us())
            code = 0
        except BaseException as error:
            log.critical("unexpected error", exc_info=error, extra={"action": "unexpected"})
        finally:
            os._exit(code)  # what the first process has open is not ours to close

    def _end_of_us(self) -> Callable[[], bool]:
        """Asked in a process of the crew: whether it is to end."""
        asked: list[int] = []
        # A terminal sends Ctrl-C to all; the first decides. SIGTERM ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
        return lambda: bool(asked) or bool(select.select([self._ours], [], [], 0)[0])
