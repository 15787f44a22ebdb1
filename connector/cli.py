"""The command line: which commands there are, and what a person is told when one cannot be done.

Exit codes: 0 done, 1 something failed and is listed, 2 wrong use or configuration, 130 and 143
stopped by Ctrl-C and SIGTERM. A command's module is loaded when that command is asked for, because
starting up costs more than a sync in which nothing changed.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from connector.commands import Session, exit_code_of

# Each command and the module of connector/commands that has it as a function.
COMMANDS = {
    "init": "setting_up",
    "check": "setting_up",
    "sync": "syncing",
    "run": "syncing",
    "web": "serving",
    "status": "looking",
    "history": "looking",
    "explain": "looking",
    "search": "looking",
    "link": "deciding",
    "unlink": "deciding",
    "undo": "correcting",
    "private": "correcting",
    "relink": "correcting",
    "retry": "deciding",
    "note": "noting",
    "prune": "deciding",
    "evaluate": "evaluating",
    "demo": "sandboxing",
}
GROUPS = {"articles": "articles", "cases": "cases", "people": "people", "sandbox": "sandboxing"}
# Options of the whole program that may also stand behind the command.
ANYWHERE = ("--config", "--debug")
# typer has its own copy of click in some versions and imports click in others; both derive what
# typer.BadParameter is from this class.
USAGE_ERROR = typer.BadParameter.__mro__[2]


class Commands(TyperGroup):
    """The commands, with the one place where a command's failure becomes words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error becomes its words on standard error and an exit code."""
        session: Session | None = None
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except (KeyboardInterrupt, Exception) as error:
            if isinstance(error, USAGE_ERROR):
                raise
            session = ctx.obj if isinstance(ctx.obj, Session) else Session()
            if session.is_debug and isinstance(error, Exception):
                raise
            raise typer.Exit(exit_code_of(error, session)) from error


def make_app(only: str = "") -> typer.Typer:
    """The program as a Typer application; with `only`, that command or group alone."""
    app = typer.Typer(
        name="casethread",
        cls=Commands,
        help="Read calls, chats and voicemail, find the case each belongs to, journal it once.",
        epilog="Example: casethread init /srv/casethread && cd /srv/casethread && casethread check",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # Rich costs 0.1 s of CPU to load, and help is plain text
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, module in COMMANDS.items():
        if not only or name == only:
            found = importlib.import_module(f"connector.commands.{module}")
            app.command(name)(getattr(found, name))
    for name, module in GROUPS.items():
        if not only or name == only:
            found = importlib.import_module(f"connector.commands.{module}")
            app.add_typer(found.app, name=name)
    return app


def _version(is_asked: bool) -> None:
    if is_asked:
        from connector import __version__

        typer.echo(f"casethread {__version__}")
        raise typer.Exit


def _options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The configuration, or the folder with casethread.toml. "
            "Else $CASETHREAD_CONFIG, else ./casethread.toml.",
            metavar="FILE",
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[  # noqa: ARG001  its callback does it all
        bool,
        typer.Option(
            "--version", help="Show the version and stop.", is_eager=True, callback=_version
        ),
    ] = False,
) -> None:
    session = Session(config=config, is_debug=debug)
    ctx.obj = session
    ctx.call_on_close(session.close)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and end the process with its exit code."""
    gc.disable()  # loading modules makes no garbage worth looking for; see Session.program
    words = to_front(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A Windows console that knows no "ø" must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    make_app(asked_for(words))(args=words, prog_name="casethread")


def asked_for(words: Sequence[str]) -> str:
    """The command or group that these words begin with, or --version; "" when it is neither."""
    rest = iter(words)
    for word in rest:
        if word == "--config":
            next(rest, None)
        elif word == "--version":
            return word
        elif not word.startswith("-"):
            return word if word in COMMANDS or word in GROUPS else ""
    return ""


def to_front(words: Sequence[str]) -> list[str]:
    """The words with the program's own options before the command, wherever they stood."""
    front: list[str] = []
    back: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            back += [word, *rest]
        elif word == "--config":
            front += [word, *[value for value in [next(rest, None)] if value is not None]]
        elif word.startswith("--config=") or word == "--debug":
            front.append(word)
        else:
            back.append(word)
    return [*front, *back]


if __name__ == "__main__":
    main()
