"""The technical log: lines for people or JSON, to a file or to standard error.

What is logged is constant text with `action` and ids beside it; never a token, a body, a subject.
Of an error nobody foresaw the log has the types and the places in the program: a library's message
may quote what it was given.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING, TextIO

import msgspec

from connector.errors import ConfigError
from connector.screen import printable

if TYPE_CHECKING:
    from connector.settings import Log

OURS = ("connector", "schedulers", "apscheduler")
MOST_CAUSES = 5
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at the time, so that progress bars can step aside."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)


def places_of(error: BaseException) -> str:
    """The types of an error and its causes, with the lines of the program; no messages."""
    parts: list[str] = []
    each: BaseException | None = error
    while each is not None and len(parts) < MOST_CAUSES:
        lines = "".join(traceback.format_tb(each.__traceback__))
        parts.append(f"{type(each).__module__}.{type(each).__qualname__}\n{lines}")
        each = each.__cause__ or each.__context__
    return "caused by ".join(parts).rstrip()


class Lines(logging.Formatter):
    """2026-11-20T09:15:00Z INFO connector.work: job failed action=job_failed job=chats"""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line; the places of an error follow on lines of their own."""
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ")
        words = "".join(f" {name}={_quoted(value)}" for name, value in extra(record).items())
        line = f"{at} {record.levelname} {record.name}: {record.getMessage()}{words}"
        error = record.exc_info[1] if record.exc_info else None
        return f"{line}\n{places_of(error)}" if error is not None else line


class Json(logging.Formatter):
    """One JSON object a line, for a log system."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """One record as a JSON object."""
        values: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            values["traceback"] = places_of(record.exc_info[1])
        return msgspec.json.encode(values, enc_hook=str).decode()


def extra(record: logging.LogRecord) -> dict[str, object]:
    """What was given beside the text."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _quoted(value: object) -> str:
    text = str(value)
    if text and " " not in text and text.isprintable():
        return text
    # A line end would forge a line; an escape code would command the terminal of who reads it.
    return printable(msgspec.json.encode(text).decode())


def set_up(settings: Log, *, is_service: bool, is_debug: bool = False) -> None:
    """Send the log where the settings say. Called once by a command, never on import.

    At a terminal, a single command without a log file logs nothing below an error: what matters is
    in its own output. Raises ConfigError when the file cannot be written.
    """
    handler: logging.Handler = Stderr()
    if settings.file is not None:
        from logging.handlers import WatchedFileHandler  # logrotate may move the file away

        try:
            settings.file.parent.mkdir(parents=True, exist_ok=True)
            handler = WatchedFileHandler(settings.file, encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                [
                    f"log.file: {settings.file} cannot be written ({error.strerror}); "
                    "choose another file, or give the service account the right to write it"
                ]
            ) from error
    handler.setFormatter(Json() if settings.format == "json" else Lines())
    level = logging.DEBUG if is_debug else logging.getLevelName(settings.level.upper())
    if settings.file is None and not is_service and not is_debug and sys.stderr.isatty():
        level = logging.CRITICAL
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, Stderr | logging.FileHandler):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    # Other people's loggers tell addresses with ids of people in them.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level if name != "apscheduler" else logging.WARNING)


def place(settings: Log) -> str:
    """Where the log is, for people; "" when it goes to standard error."""
    return str(settings.file) if settings.file is not None else ""


def unexpected(error: BaseException) -> None:
    """Log an error that nobody foresaw, with its types and places."""
    logging.getLogger("connector").error(
        "unexpected error", exc_info=error, extra={"action": "unexpected"}
    )
