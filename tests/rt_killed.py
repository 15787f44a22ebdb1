"""A process that puts one voicemail into RT and is killed on the way; for test_request_tracker.py.

    python -m tests.rt_killed ORIGIN TOKEN AT WHEN

AT is the request, WHEN "before" it leaves or "after" its answer. SIGKILL: nothing runs afterwards,
no `finally`, no flush. It ends with 0 when there was no such request.
"""

from __future__ import annotations

import os
import signal
import sys

from connector.journaling.connection import Connection
from connector.journals.request_tracker import make_sink
from tests.contracts.sink import entry, open_file
from tests.cutting import Cutter
from tests.test_request_tracker import drafter, words


class Killer(Cutter):
    """Dies instead of raising."""

    def _break(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def main(origin: str, token: str, at: str, when: str) -> None:
    """Put it."""
    killer = Killer(origin, int(at), when, "killed")
    connection = Connection(name="rt", url=origin, secret=token, adapter=killer)
    make_sink(connection, words(), drafter()).put(entry("voicemail"), "CT-1", open_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
