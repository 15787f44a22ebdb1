"""`init`: a folder to run in. `check`: is everything reachable and allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import FAILED, Session
from connector.errors import ConfigError, ConnectorError
from connector.model import Finding

if TYPE_CHECKING:
    from connector.bootstrap import Program

LEVELS = ("ok", "warning", "error")


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made when missing.")],
    language: Annotated[
        str, typer.Option(help="da or en; else the language of this terminal.", metavar="LANG")
    ] = "",
    tenant: Annotated[str, typer.Option(help="The tenant's id, put in the file.")] = "",
    client_id: Annotated[str, typer.Option(help="The application's id, put in the file.")] = "",
) -> None:
    """Make a folder to run in: casethread.toml with every setting explained, and cases.csv.

    \b
    Examples:
      casethread init /srv/casethread
      casethread init . --language da --tenant 1b5e... --client-id 7f03...
    """
    from connector import locale
    from connector.settings_example import init_dir

    session: Session = ctx.obj
    chosen = language or session.language
    if chosen not in locale.LANGUAGES:
        told = locale.text(
            "config.choice", session.language, value=chosen, choices=", ".join(locale.LANGUAGES)
        )
        raise ConfigError([f"--language: {told}"])
    given = {"graph.tenant": tenant, "graph.client_id": client_id}
    overrides = {name: value for name, value in given.items() if value}
    for file in init_dir(folder, language=chosen, overrides=overrides):
        screen.say(locale.text("init.done", chosen, path=file))
    config = folder / "casethread.toml"
    screen.say(locale.text("init.next", chosen, path=config, variable="CASETHREAD_CLIENT_SECRET"))


def check(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Check the ledger, the register, each source, journal and site, and say what to put right.

    \b
    Example:
      casethread check
    """
    session: Session = ctx.obj
    findings = list(dict.fromkeys(_findings(session, session.program)))
    if as_json:
        from connector.commands.looking import say_json

        say_json(findings)
    else:
        _tell(session, findings)
    if any(each.level == "error" for each in findings):
        raise typer.Exit(FAILED)


def _tell(session: Session, findings: Sequence[Finding]) -> None:
    width = max(len(session.text(f"check.{level}")) for level in LEVELS)
    for each in findings:
        level = session.text(f"check.{each.level}")
        screen.say(f"{level:<{width}}  {each.system}: {each.what}")
        if each.fix:
            screen.say(f"{'':<{width}}    {session.text('check.fix', fix=each.fix)}")
    wrong = sum(each.level == "error" for each in findings)
    screen.say(session.text("check.failed", count=wrong) if wrong else session.text("check.all_ok"))


def _findings(session: Session, program: Program) -> Iterator[Finding]:
    """Of every system in turn; one that cannot even be made does not hide the others."""
    yield from _guarded("ledger", lambda: [_ledger(session, program)])
    yield from _guarded("linking", lambda: [_tables(session, program)])
    yield from _guarded("linking", lambda: _excluded(session, program))
    yield from _guarded("register", lambda: program.register.check())
    for name in program.enabled_sources():
        yield from _guarded(name, lambda name=name: program.source(name).check())  # type: ignore[misc]
    for sink in session.settings.sinks:
        yield from _guarded(sink.name, lambda sink=sink: program.sinks[sink.name].check())  # type: ignore[misc]
    for shown in program.presence_lists:
        yield from _guarded(shown.name, shown.check)
    if session.settings.sites or session.settings.articles.mail_host:
        yield from _article_findings(session)


def _article_findings(session: Session) -> Iterator[Finding]:
    """Of the sites that articles are published to, and of the mail server for reminders."""
    from connector.article_care import mail_access
    from connector.article_sites import make_publisher
    from connector.articles.mail import check_mail

    its = session.settings
    for site in its.sites:
        yield from _guarded(site.name, lambda site=site: make_publisher(site, its).check())  # type: ignore[misc]
    if its.articles.mail_host:
        yield from _guarded("mail", lambda: [check_mail(mail_access(its))])


def _ledger(session: Session, program: Program) -> Finding:
    from connector.ledger.register import count_cases

    with program.ledger.read() as connection:
        cases = count_cases(connection)
    place = session.settings.ledger.database_file or session.settings.ledger.url
    what = session.text("check.ledger", count=cases, place=place)
    return Finding(level="ok", system="ledger", what=what)


def _tables(session: Session, program: Program) -> Finding:
    """The linker made from its tables, as the first communication would have it made."""
    enabled = ", ".join(each.key for each in program.linker.scanner.patterns)
    what = session.text("check.linking", patterns=enabled)
    return Finding(level="ok", system="linking", what=what)


def _excluded(session: Session, program: Program) -> list[Finding]:
    """Names of people to leave out that nobody has: whom they mean is not left out."""
    its = session.settings.linking
    if not its.exclude_users and not its.exclude_groups:
        return []
    from connector.identity import unknown_groups
    from connector.ledger.people import directory

    people = directory(program.ledger)
    upns = {each.upn.casefold() for each in people}
    wrong = [("user", name) for name in its.exclude_users if name not in upns]
    wrong += [("group", name) for name in unknown_groups(people, its.exclude_groups)]
    return [
        Finding(
            level="warning",
            system="linking",
            what=session.text(f"check.no_{sort}", **{sort: name}),
            fix=session.text(f"check.no_{sort}_fix"),
        )
        for sort, name in wrong
    ]


def _guarded(system: str, ask: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return ask()
    except ConfigError as error:
        return [Finding(level="error", system=system, what=each) for each in error.problems]
    except ConnectorError as error:
        return [Finding(level="error", system=system, what=str(error))]
