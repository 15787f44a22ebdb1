"""What must run in a thread of its own: a browser that an earlier test of the same process opened
has an event loop in the main one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def alone(does: Callable[[], T]) -> T:
    """What this gives, from a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(does).result()
