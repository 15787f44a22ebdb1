"""What a terminal shows: progress bars, tables, and plain lines where there is no terminal.

Rich is loaded only for a terminal: a job of cron should not pay for colours nobody sees.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from connector import locale
from connector.identity import mask_cpr

if TYPE_CHECKING:
    from rich.progress import TaskID

SHOWN = {"read": "progress.read", "done": "progress.done", "kept": "progress.kept"}
DID = {  # what a run counted, in the order and words a person is told
    "read": "progress.read",
    "linked": "summary.linked",
    "waiting": "summary.waiting",
    "kept": "progress.kept",
    "items": "progress.erased",
    "failed": "summary.failed",
    "problems": "summary.problems",
}
DID_BY = {
    "deliver": {"done": "progress.done", **DID},
    "prune": {
        "items": "progress.erased",
        "files": "progress.files",
        "signals": "progress.signals",
        "runs": "progress.forgotten",
    },
    "articles": {
        name: f"article.did.{name}"
        for name in ("created", "changed", "links", "withdrawn", "edited", "blocked", "locked")
    },
    "article_links": {
        name: f"article.links.{name}" for name in ("visited", "broken", "failing", "moved", "left")
    },
    "article_reminders": {name: f"article.remind.{name}" for name in ("sent", "kept", "told")},
}
LABELS = {
    "attachments": "job.attachments",
    "prune": "job.prune",
    "relink": "job.relink",
    "articles": "job.articles",
    "article_links": "job.article_links",
    "article_reminders": "job.article_reminders",
}


# What a terminal obeys (C0, DEL, C1 such as the one-byte CSI), what ends a line, and what turns the
# order of the letters round. Others write chats and choose their own display names.
_COMMANDS = re.compile(
    "[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]"
)


def printable(text: str) -> str:
    """The text with what would command the terminal written out as JSON does, U+001B and all.

    In JSON that is the same string to a reader. A tab stays; a line end does not, so that no text
    can pass for a line of ours.
    """
    return _COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def say(line: str = "") -> None:
    """One line on standard output, with CPR numbers masked and nothing a terminal would obey."""
    sys.stdout.write(printable(mask_cpr(line)) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings: Rich's table at a terminal, columns with spaces elsewhere."""
    safe = [[printable(mask_cpr(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        made = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in safe:
            made.add_row(*(Text(cell) for cell in row))
        Console().print(made)
        return
    widths = [max(map(len, column)) for column in zip(columns, *safe, strict=True)]
    for cells in (list(columns), *safe):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def did(job: str, counts: Mapping[str, int], language: str) -> str:
    """What a run did, in words; "done" counts parts of a source, but entries of a delivery."""
    kind = "articles" if job.startswith("articles ") else job  # of one site: of the same sort
    return ", ".join(
        locale.text(key, language, count=counts[name])
        for name, key in DID_BY.get(kind, DID).items()
        if counts.get(name)
    )


def label(job: str, language: str) -> str:
    """What a person calls this job."""
    kind, _, name = job.partition(" ")
    if kind == "deliver":
        key = "sync.delivering" if name else "job.deliver"
        return locale.text(key, language, sink=name)
    if kind == "articles" and name:
        return locale.text("article.publishing", language, site=name)
    if job.startswith("register"):
        return locale.text("source.register", language)
    if job in LABELS:
        return locale.text(LABELS[job], language)
    key = f"source.{job}"
    return locale.text(key, language) if key in locale.texts(language) else job


def progress(language: str) -> Bars | Lines:
    """Bars when standard error is a terminal, a line for each finished job elsewhere."""
    return Bars(language) if sys.stderr.isatty() else Lines(language)


def _counted(counts: dict[str, int], language: str) -> str:
    return ", ".join(
        locale.text(key, language, count=counts[name])
        for name, key in SHOWN.items()
        if counts.get(name) and not (name == "done" and "read" in counts)
    )


class Lines:
    """One line on standard error for each job that did something."""

    def __init__(self, language: str, write: Callable[[str], object] | None = None) -> None:
        self._language = language
        self._write = write or sys.stderr.write
        self._last: dict[str, str] = {}

    def begin(self, job: str, total: int | None) -> None:  # noqa: ARG002  part of the protocol
        """Remember that it began."""
        self._last[job] = ""

    def step(self, job: str, done: int, counts: dict[str, int]) -> None:  # noqa: ARG002
        """Remember how far it is."""
        self._last[job] = _counted(counts, self._language)

    def end(self, job: str) -> None:
        """Tell what it did."""
        words = self._last.pop(job, "")
        if words:
            self._write(f"{label(job, self._language)}: {words}\n")

    def close(self) -> None:
        """Nothing is left to draw."""


class Bars:
    """A bar a job, on standard error."""

    def __init__(self, language: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._language = language
        self._tasks: dict[str, TaskID] = {}
        self._bar = Bar(
            TextColumn("{task.description:<28}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=Console(stderr=True),
        )

    def begin(self, job: str, total: int | None) -> None:
        """Show an empty bar, or one that only moves when nobody knows how much there is."""
        if not self._tasks:
            self._bar.start()
        shown = label(job, self._language)
        self._tasks[job] = self._bar.add_task(shown, total=total, words="")

    def step(self, job: str, done: int, counts: dict[str, int]) -> None:
        """Move it."""
        words = _counted(counts, self._language)
        self._bar.update(self._tasks[job], completed=done, words=words)

    def end(self, job: str) -> None:
        """Leave it as it is; a job of unknown length is now done."""
        task = self._tasks[job]
        shown = next(each for each in self._bar.tasks if each.id == task)
        if shown.total is None:
            self._bar.update(task, total=max(1, int(shown.completed)), completed=shown.completed)
        self._bar.stop_task(task)

    def close(self) -> None:
        """Stop drawing."""
        self._bar.stop()
