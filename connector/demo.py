"""`casethread demo`: a made-up municipality in a process of its own, and a real sync against it.

Nothing is pretended: the connector signs in with msal over TLS, reads through HTTPS, and journals
into a folder; people sign in to the portal through OpenID Connect. Each demo starts afresh, because
the sandbox counts its days back from now.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from connector import demo_intranet, demo_portal, screen
from connector.bootstrap import SOURCES
from connector.commands import FAILED, Session, tell
from connector.commands.syncing import Stop, work
from connector.errors import ConfigError, Unavailable
from connector.typed import read_json

if TYPE_CHECKING:
    from connector.model import Person
    from connector.work import JobResult

MARK = ".casethread-demo"  # says that a folder is the demo's to replace
SECRET = "CASETHREAD_CLIENT_SECRET"  # noqa: S105  the name of a variable
WEB_SECRET = "CASETHREAD_WEB_CLIENT_SECRET"  # noqa: S105  the name of a variable
EXCHANGE_SECRET = "CASETHREAD_EXCHANGE_PASSWORD"  # noqa: S105  the name of a variable
# Shorter than any real schedule, so that somebody who looks on sees something happen.
SCHEDULES = {
    "sources.chats.schedule": "every 20 s",
    "sources.call_records.schedule": "every 20 s",
    "sources.voicemail.schedule": "every 20 s",
    "sources.presence.schedule": "every 30 s",
}
RATE = 0  # no limit: Microsoft's is not the sandbox's
QUIET_MIN = 0  # a conversation is journaled at once, not an hour after its last message


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sandbox is, as `sandbox serve --json` tells."""

    base_url: str
    authority: str
    tenant: str
    client_id: str
    client_secret: str
    ca_bundle: str
    openid_issuer: str
    openid_client_id: str
    openid_client_secret: str
    openid_users: tuple[str, ...]  # user principal names of those who may sign in
    exchange_url: str = ""  # "" where there is no server of one's own
    exchange_user: str = ""
    exchange_password: str = ""
    people: str = ""
    lync_database: str = ""
    lync_archive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """How large the municipality is."""

    users: int
    days: int
    seed: int
    is_own_servers: bool = False  # Exchange and Lync instead of Microsoft 365
    intranet: str = ""  # the command that serves a Plone; "" for none


def demo(session: Session, folder: Path, town: Town, *, is_once: bool) -> None:
    """Set up `folder`, sync it once against the sandbox and show one case; then go on by schedule.

    Raises ConfigError for a folder that holds anything else, Unavailable when the sandbox does not
    start. Ends the command with exit code 1 when something failed.
    """
    folder = folder.resolve()
    screen.say(session.text("demo.folder", path=folder))
    fresh_folder(session, folder)
    screen.say(session.text("demo.town", users=town.users, days=town.days))
    stop = Stop(session.text("sync.stopping")).listen()
    with sandbox(session, town, folder) as address:
        intranet = demo_intranet.prepare(folder) if town.intranet else None
        there = _configured(session, folder, address, intranet)
        try:
            good = _sync_once(there, stop)
            number = "" if stop() else _show_case(there, address.openid_users)
            if stop():
                pass  # nothing is started any more
            elif intranet is None:
                _live(there, stop, folder, number, is_once=is_once)
            else:
                people = _people(there, address.openid_users)
                with demo_intranet.plone(there, town.intranet, intranet, people):
                    good &= demo_intranet.publish(there, stop)
                    where = demo_intranet.places(there, intranet, people)
                    _live(there, stop, folder, number, where, is_once=is_once)
        finally:
            there.close()
    import typer

    if stop():
        raise typer.Exit(stop.exit_code)
    if not good:
        raise typer.Exit(FAILED)


def fresh_folder(session: Session, folder: Path) -> None:
    """An empty folder that bears the demo's mark. Raises ConfigError when it holds other things."""
    try:
        if folder.is_dir() and any(folder.iterdir()):
            if not (folder / MARK).is_file():
                raise ConfigError([session.text("demo.foreign", path=folder)])
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as error:
        raise ConfigError([f"{error.filename or folder}: {error.strerror}"]) from error


@contextlib.contextmanager
def sandbox(session: Session, town: Town, folder: Path) -> Iterator[Address]:
    """The sandbox in a process of its own, so that it and the connector do not share one GIL.

    It ends when the context does, and by itself when this process dies: its standard input closes.
    """
    words = [sys.executable, "-m", "connector.cli", "sandbox", "serve", "--json", "--live"]
    words += ["--users", str(town.users), "--days", str(town.days), "--seed", str(town.seed)]
    words += ["--cases", str(folder / "journal" / "cases.csv"), "--while-stdin"]
    if town.is_own_servers:
        words += ["--on-premises", str(folder / "servers")]
    with (folder / "sandbox.log").open("w", encoding="utf-8") as errors:
        child = subprocess.Popen(  # noqa: S603  our own program
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C at the terminal is for the connector, which ends us
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            yield _address(session, child, folder)
        finally:
            if child.stdin is not None:
                child.stdin.close()
            child.terminate()
            child.wait(timeout=10)
            if child.stdout is not None:
                child.stdout.close()


def _address(session: Session, child: subprocess.Popen[bytes], folder: Path) -> Address:
    told = b""
    if child.stdout is not None:
        for line in child.stdout:
            told += line
            if line.strip() == b"}":
                break
    try:
        return read_json(told, Address)
    except msgspec.DecodeError as error:
        reason = f"{folder / 'sandbox.log'}"
        with contextlib.suppress(OSError):
            lines = (folder / "sandbox.log").read_text(encoding="utf-8").strip().splitlines()
            reason = lines[-1] if lines else reason
        raise Unavailable(
            session.text("demo.no_sandbox", reason=reason), system="sandbox"
        ) from error


def _configured(
    session: Session, folder: Path, address: Address, intranet: demo_intranet.Intranet | None
) -> Session:
    """A session on the demo's own configuration, as an operator would have written it."""
    from connector.settings_example import init_dir

    init_dir(
        folder,
        language=session.language,
        overrides={
            "organisation": "Nordvang Kommune",
            "register.schedule": "every 1 min",
            "journal.quiet_min": QUIET_MIN,
            "log.file": "casethread.log",
            **(_own_servers(address) if address.exchange_url else _cloud(folder, address)),
            **demo_portal.settings(address.openid_issuer, address.openid_client_id),
            **(demo_intranet.settings(intranet) if intranet is not None else {}),
        },
    )
    secrets = {
        SECRET: address.client_secret,
        WEB_SECRET: address.openid_client_secret,
        EXCHANGE_SECRET: address.exchange_password,
        **({demo_intranet.SECRET: intranet.password} if intranet is not None else {}),
    }
    environ = {**session.environ, **secrets}
    return Session(config=folder / "casethread.toml", is_debug=session.is_debug, environ=environ)


def _cloud(folder: Path, address: Address) -> dict[str, object]:
    """What is read through Microsoft Graph."""
    return {
        "graph.base_url": address.base_url,
        "graph.authority": address.authority.rpartition("/")[0],
        "graph.tenant": address.tenant,
        "graph.client_id": address.client_id,
        "graph.ca_bundle": str(_kept(folder, address.ca_bundle)),
        "graph.rates.call_records": RATE,
        **SCHEDULES,
    }


def _own_servers(address: Address) -> dict[str, object]:
    """What is read from Exchange and Lync, and nothing of Microsoft 365."""
    on = ("directory_file", "exchange", "lync_cdr", "lync_archive")
    return {
        **{f"sources.{name}.enabled": name in on for name in SOURCES},
        **{f"sources.{name}.schedule": "every 20 s" for name in on},
        "sources.directory_file.path": address.people,
        "sources.exchange.url": address.exchange_url,
        "sources.exchange.user": address.exchange_user,
        "lync.call_databases": [f"sandbox = {address.lync_database}"],
        "sources.lync_archive.folder": address.lync_archive,
    }


def _kept(folder: Path, ca_bundle: str) -> Path:
    """The sandbox's certificate in the demo's folder: it outlives the sandbox, as its configuration
    does, so that every command still works on what the demo left."""
    return Path(shutil.copy(ca_bundle, folder / "sandbox-ca.pem"))


def _sync_once(there: Session, stop: Stop) -> bool:
    from connector.commands.summary import tell_summary
    from connector.work import sync_jobs

    started = time.monotonic()
    results = work(there, there.program, sync_jobs(there.program), stop)
    screen.say()
    tell_summary(there, results, time.monotonic() - started)
    return all(each.is_good for each in results)


def _show_case(there: Session, people: tuple[str, ...]) -> str:
    """The history of the case with the most kinds of communication, and its number.

    It is one of somebody's who may sign in, if they have any: it is to be opened in the portal.
    """
    from connector.commands.looking import show_history
    from connector.ledger import views

    with there.program.ledger.read() as connection:
        number = views.richest_case(connection, people) or views.richest_case(connection)
    if number:
        screen.say()
        screen.say(there.text("demo.case"))
        show_history(there, number)
    return number


def _whose(there: Session, number: str) -> str:
    """The name of the caseworker whose case that is; "" when the directory does not have them."""
    from connector.ledger.people import everybody
    from connector.ledger.register import case_numbered

    with there.program.ledger.read() as connection:
        case = case_numbered(connection, number)
        upn = case.caseworker.casefold() if case is not None else ""
        found = (each.name for each in everybody(connection) if each.upn.casefold() == upn)
        return next(found, "") if upn else ""


def _people(there: Session, upns: tuple[str, ...]) -> list[Person]:
    """Those who may sign in, as the directory has them."""
    from connector.ledger.people import everybody

    wanted = {upn.casefold() for upn in upns}
    with there.program.ledger.read() as connection:
        return [each for each in everybody(connection) if each.upn.casefold() in wanted]


def _live(
    there: Session,
    stop: Stop,
    folder: Path,
    number: str,
    where: Sequence[str] = (),
    *,
    is_once: bool,
) -> None:
    """Go on by schedule beside the portal, unless once was enough; `where` is to be said too."""
    if is_once or stop():
        return
    with demo_portal.portal(there, folder):
        screen.say()
        screen.say(there.text("demo.portal", url=there.settings.web.url))
        screen.say(there.text("demo.sign_in"))
        if name := _whose(there, number):
            address = f"{there.settings.web.url}/cases/{quote(number)}"
            screen.say(there.text("demo.whose", name=name, url=address))
        for line in where:
            screen.say(line)
        _go_on(there, stop)


def _go_on(there: Session, stop: Stop) -> None:
    from schedulers import embedded

    def told(result: JobResult) -> None:
        line = _news(there, result)
        if line:
            screen.say(line)

    sys.stdout.flush()  # into a pipe or a file the link would else come when the demo ends
    tell(there.text("demo.going_on"))
    embedded.run(there.program, stop, told=told)


def _news(there: Session, result: JobResult) -> str:
    """What a job brought, in one line; "" when it brought nothing."""
    if result.job in ("register", "attachments") and result.is_good:
        return ""
    new = sum(count for name, count in result.counts.items() if name.startswith("new_"))
    words = screen.did(result.job, result.counts, there.language)
    if not result.is_good:
        words = "; ".join([*result.problems[:2]]) or words
    elif result.job != "deliver" and not new:
        return ""
    name = screen.label(result.job, there.language)
    return there.text("run.sync", job=name, words=words) if words else ""
