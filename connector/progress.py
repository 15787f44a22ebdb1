"""How far a job is, told to whoever wants to show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told from the job's own thread."""

    def begin(self, job: str, total: int | None) -> None:
        """A job starts; `total` parts are to be done, None when nobody knows."""

    def step(self, job: str, done: int, counts: dict[str, int]) -> None:
        """`done` parts are done; `counts` so far, such as {"read": 1200, "new": 800}."""

    def end(self, job: str) -> None:
        """The job is over."""


class Silent:
    """Shows nothing."""

    def begin(self, job: str, total: int | None) -> None:
        """Nothing."""

    def step(self, job: str, done: int, counts: dict[str, int]) -> None:
        """Nothing."""

    def end(self, job: str) -> None:
        """Nothing."""
