"""What the commands share: the session, and an error's words and exit code."""

from __future__ import annotations

import contextlib
import gc
import getpass
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from connector import locale
from connector.errors import Busy, ConfigError, ConnectorError

if TYPE_CHECKING:
    from connector.bootstrap import Program
    from connector.settings import Settings

# So many new objects make the collector look for circles, which the program hardly makes: with
# Python's own 700 that took a tenth of reading call detail.
COLLECT_AFTER = 20_000
DONE, FAILED, WRONG_USE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


@dataclass
class Session:
    """One run of the program: where its configuration is, and what is made of it when needed."""

    config: Path | None = None
    is_debug: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def settings(self) -> Settings:
        """The configuration. Raises ConfigError with all that is wrong."""
        from connector import settings

        return settings.load(self.config, self.environ)

    @cached_property
    def program(self) -> Program:
        """Everything that is made of the configuration. Sets up the log as well."""
        from connector import log
        from connector.bootstrap import Program

        log.set_up(self.settings.log, is_service=False, is_debug=self.is_debug)
        program = Program(settings=self.settings)
        # What was loaded by now lives until the end: the collector need not walk through it.
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
        gc.enable()
        return program

    @property
    def language(self) -> str:
        """Of the configuration once it is read, else of the environment."""
        if "settings" in self.__dict__:
            return self.settings.language
        return locale.preferred(self.environ)

    @property
    def command(self) -> str:
        """How the operator must call the program to get this configuration again."""
        if self.config is None:
            return "casethread"
        path = self.config.parent if self.config.name == "casethread.toml" else self.config
        with contextlib.suppress(ValueError):
            path = path.resolve().relative_to(Path.cwd())
        return "casethread" if path == Path() else f"casethread --config {shlex.quote(str(path))}"

    def text(self, key: str, /, **values: object) -> str:
        """A text of the program in the session's language."""
        return locale.text(key, self.language, **values)

    def close(self) -> None:
        """Give connections back."""
        if "program" in self.__dict__:
            self.program.close()


def operator() -> str:
    """Who gives this command: the operating system's user, for the record of decisions."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a service account without a name
        return "unknown"


def tell(line: str) -> None:
    """One line on standard error; what a foreign system said in it may not command the terminal."""
    from connector.identity import mask_cpr
    from connector.screen import printable

    sys.stderr.write("\n".join(map(printable, mask_cpr(line).split("\n"))) + "\n")


def exit_code_of(error: BaseException, session: Session) -> int:
    """Tell on standard error what went wrong and what to do; give the exit code."""
    if isinstance(error, KeyboardInterrupt):
        tell("\n" + session.text("error.stopped"))
        return INTERRUPTED
    if isinstance(error, ConfigError):
        if len(error.problems) == 1:
            tell(f"{session.text('error.title')}: {error.problems[0]}")
        else:
            tell(session.text("error.config"))
            for problem in error.problems:
                tell(f"  - {problem}")
        return WRONG_USE
    if isinstance(error, Busy):
        tell(f"{session.text('error.title')}: {error}")
        return WRONG_USE
    if isinstance(error, ConnectorError):
        tell(f"{session.text('error.title')}: {error}")
        return FAILED
    return _unexpected(error, session)


def _unexpected(error: BaseException, session: Session) -> int:
    from connector import log

    log.unexpected(error)
    tell(session.text("error.unexpected", reason=f"{type(error).__name__}: {error}"))
    where = log.place(session.settings.log) if "settings" in session.__dict__ else ""
    tell(session.text("error.log", path=where) if where else session.text("error.debug"))
    return FAILED
