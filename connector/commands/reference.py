"""docs/reference/commands.md, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

HEAD = """\
<!-- Made by scripts/generate-commands from connector/commands/. Do not edit. -->
# Commands

Exit codes: 0 done; 1 something failed and is listed; 2 wrong use or configuration;
130 and 143 stopped by Ctrl-C and by SIGTERM, with what was read kept.

`--config` and `--debug` may stand before or after the command.
"""


def reference_text(app: typer.Typer) -> str:
    """The page: for each command its help, as `--help` shows it on a wide terminal."""
    parts = [HEAD]
    for words, command in commands(app):
        name = " ".join(("casethread", *words))
        context = _context(command, name)
        help_ = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## {name}\n\n```text\n{help_}\n```\n")
    return "\n".join(parts)


def commands(app: typer.Typer) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The program itself and every command that is not hidden, with the words that call it."""
    root = typer.main.get_command(app)
    yield (), root
    yield from _below(root, ())


def _below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield (*words, name), command
        if hasattr(command, "commands"):
            yield from _below(command, (*words, name))


def _context(command: Any, name: str) -> Any:
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": 96}
    return command.context_class(command, info_name=name, **settings)
