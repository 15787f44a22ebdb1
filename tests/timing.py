"""How much work something is, whatever else the machine does meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_s(does: Callable[[], object]) -> float:
    """Seconds of processor time of this thread alone.

    Without the collector: in a process that holds thousands of tests one round of it takes longer
    than what is measured.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        begun = time.thread_time()
        does()
        return time.thread_time() - begun
    finally:
        if was_on:
            gc.enable()
