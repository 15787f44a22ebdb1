"""`articles ...`: the article line. Each command is a function of a module named beside it."""

from __future__ import annotations

import importlib
import keyword

import typer

# In the order in which `casethread articles --help` lists them. For a word that Python keeps for
# itself the function has "_" at its end.
COMMANDS = {
    "new": "articles_source",
    "check": "articles_source",
    "import": "articles_source",
    "merge": "articles_source",
    "plan": "articles_line",
    "publish": "articles_line",
    "status": "articles_line",
    "versions": "articles_versions",
    "rollback": "articles_versions",
    "gaps": "articles_loop",
    "links": "articles_care",
    "remind": "articles_care",
}
GROUPS = {"edits": "articles_edits"}


def _make_app() -> typer.Typer:
    app = typer.Typer(
        help="Knowledge articles: from Markdown to the intranet and the citizens' site.",
        epilog="Example: casethread articles plan",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    for name, module in COMMANDS.items():
        found = importlib.import_module(f"connector.commands.{module}")
        function = f"{name}_" if keyword.iskeyword(name) else name
        app.command(name)(getattr(found, function))
    for name, module in GROUPS.items():
        found = importlib.import_module(f"connector.commands.{module}")
        app.add_typer(found.app, name=name)
    return app


app = _make_app()
