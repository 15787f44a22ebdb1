"""`sandbox serve`, `sandbox scenarios` and `demo`: a municipality that does not exist."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector import screen
from connector.commands import Session
from connector.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from connector.sandbox import Sandbox, Server
    from connector.sandbox.on_premises import OnPremises
    from connector.sandbox.openid import OpenId
    from connector.sandbox.server import Listener

app = typer.Typer(
    help="A municipality in a box: made-up people, cases and calls behind a Graph-shaped server.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
SECRET = "CASETHREAD_CLIENT_SECRET"  # noqa: S105  the name of a variable
WEB_SECRET = "CASETHREAD_WEB_CLIENT_SECRET"  # noqa: S105  the name of a variable
EXCHANGE_SECRET = "CASETHREAD_EXCHANGE_PASSWORD"  # noqa: S105  the name of a variable
SHOW_EVERY_S = 10  # what is newly said gets into Lync's database and exports
LOOPBACK = "127.0.0.1"  # people sign in without a password and over plain http: for here alone
AHEAD = timedelta(days=2)  # of a live sandbox: what is still to be said


class OpenIdClaims(StrEnum):
    """What the sign-in tells of people's rights: app roles, groups, or that there are too many."""

    ROLES = "roles"
    GROUPS = "groups"
    OVERAGE = "overage"


class Site(StrEnum):
    """Which servers the demo's municipality has."""

    CLOUD = "cloud"
    ON_PREMISES = "onprem"


@app.command()
def serve(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="The same seed gives the same municipality.")] = 1,
    users: Annotated[int, typer.Option(help="How many employees.", min=3, max=20_000)] = 420,
    days: Annotated[int, typer.Option(help="Days of talk behind it.", min=1, max=400)] = 14,
    scenario: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A misbehaviour; may be repeated.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 0,
    tls: Annotated[
        bool, typer.Option("--tls/--no-tls", help="msal signs in over TLS only.")
    ] = True,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write each communication's right case.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the register, a cases.csv.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="New messages go on appearing as time passes.")
    ] = False,
    on_premises: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="An Exchange too, and in FOLDER Lync's database and exports."
        ),
    ] = None,
    openid_port: Annotated[
        int, typer.Option(help="The port of the sign-in; 0 takes a free one.", min=0, max=65535)
    ] = 0,
    openid_claims: Annotated[
        OpenIdClaims, typer.Option(help="What the sign-in tells of people's rights.")
    ] = OpenIdClaims.ROLES,
    openid_redirect: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A portal's /signed-in elsewhere; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell where it is as JSON.")] = False,
    while_stdin: Annotated[
        bool, typer.Option("--while-stdin", help="Stop when standard input ends.", hidden=True)
    ] = False,
) -> None:
    """Serve the sandbox until Ctrl-C, and say how to point Casethread at it.

    \b
    Examples:
      casethread sandbox serve --cases journal/cases.csv --truth truth.jsonl
      casethread sandbox serve --users 60 --days 3 --scenario next-link-repeats
      casethread sandbox serve --openid-port 8090 --openid-claims overage
    """
    session: Session = ctx.obj
    asked, of_exchange = _scenarios(session, scenario or [], has_exchange=on_premises is not None)
    made = _sandbox(seed, users, days, asked, live)
    _write_files(made, truth, cases)
    provider = _provider(made, openid_claims.value, openid_redirect or [])
    from connector.commands.syncing import Stop

    stop = Stop("").listen()
    own = _own_servers(made, on_premises, live, of_exchange) if on_premises else None
    with (
        _serve(made, host, port, tls) as server,
        _listen(provider, openid_port) as sign_in,
        own.serving() if own else contextlib.nullcontext("") as exchange,
    ):
        if while_stdin:
            threading.Thread(target=_until_stdin_ends, args=(server,), daemon=True).start()
        told = {} if own is None else {"exchange_url": exchange, **own.told()}
        _tell(session, server, (provider, sign_in), as_json, told)
        shown = time.monotonic()
        while not stop() and not server.stopping.wait(0.2):
            if own is not None and live and time.monotonic() - shown > SHOW_EVERY_S:
                own.show()
                shown = time.monotonic()


def _until_stdin_ends(server: Server) -> None:
    """A parent that dies takes the sandbox with it."""
    while sys.stdin.readline():
        pass
    server.stopping.set()


def _scenarios(
    session: Session, names: list[str], *, has_exchange: bool
) -> tuple[list[str], list[str]]:
    """Those of Microsoft 365 and those of Exchange, which only its own server can play."""
    from connector.sandbox import ALL

    others = [name for name in names if name not in ALL]
    if others and has_exchange:
        from connector.sandbox import ews_scenarios

        unknown = [name for name in others if name not in ews_scenarios.ALL]
    else:
        unknown = others
    if unknown:
        raise ConfigError([session.text("sandbox.unknown", name=name) for name in unknown])
    return [name for name in names if name in ALL], others


def _sandbox(seed: int, users: int, days: int, scenario: list[str], live: bool) -> Sandbox:
    from connector.sandbox import Sandbox, build

    now = datetime.now(UTC)
    if not live:
        return Sandbox(build(seed=seed, users=users, days=days, now=now), scenario=scenario)
    town = build(seed=seed, users=users, days=days + AHEAD.days, now=now + AHEAD)
    return Sandbox(town, scenario=scenario, clock=lambda: datetime.now(UTC))


def _own_servers(made: Sandbox, folder: Path, live: bool, scenario: list[str]) -> OnPremises:
    from connector.sandbox.ews_scenarios import play
    from connector.sandbox.on_premises import OnPremises

    town = made.municipality
    clock = (lambda: datetime.now(UTC)) if live else (lambda: town.now)
    try:
        own = OnPremises(town, folder, clock)
        play(own.exchange, scenario)
        return own
    except OSError as error:
        raise ConfigError([f"{error.filename or folder}: {error.strerror}"]) from error


def _write_files(made: Sandbox, truth: Path | None, cases: Path | None) -> None:
    from connector.sandbox import write_cases_csv, write_truth

    for path, write in ((truth, write_truth), (cases, write_cases_csv)):
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(made.municipality, path)
        except OSError as error:
            raise ConfigError([f"{path}: {error.strerror}"]) from error


def _serve(made: Sandbox, host: str, port: int, tls: bool) -> Server:
    from connector.sandbox import serve as start

    try:
        return start(made, host=host, port=port, tls=tls)
    except OSError as error:
        raise _taken(host, port, error, "--port") from error


def _provider(made: Sandbox, claims: str, redirect_uris: list[str]) -> OpenId:
    from connector.sandbox.openid import for_municipality

    return for_municipality(
        made.municipality,
        until=datetime.now(UTC),
        redirect_uris=tuple(redirect_uris),
        claims=claims,
    )


def _listen(provider: OpenId, port: int) -> Listener:
    from connector.sandbox.server import listen

    try:
        return listen(provider.handle, LOOPBACK, port)
    except OSError as error:
        raise _taken(LOOPBACK, port, error, "--openid-port") from error


def _taken(host: str, port: int, error: OSError, option: str) -> Unavailable:
    return Unavailable(
        f"sandbox: {host}:{port} cannot be listened on ({error.strerror}); choose another {option}",
        system="sandbox",
    )


def _tell(
    session: Session,
    server: Server,
    openid: tuple[OpenId, Listener],
    as_json: bool,
    own: Mapping[str, str],
) -> None:
    provider, sign_in = openid
    issuer = provider.mint(sign_in.origin).issuer
    if as_json:
        from connector.commands.looking import say_json

        say_json(
            {
                "base_url": server.base_url,
                "authority": server.authority,
                "tenant": server.tenant,
                "client_id": server.client_id,
                "client_secret": server.client_secret,
                "ca_bundle": server.ca_file,
                "openid_issuer": issuer,
                "openid_client_id": provider.portal.client_id,
                "openid_client_secret": provider.portal.secret,
                "openid_users": [user.upn for user in provider.users],
                **own,
            }
        )
        return
    screen.say(session.text("sandbox.up", url=server.base_url))
    screen.say(session.text("sandbox.config"))
    screen.say("  [graph]")
    for name, value in (
        ("base_url", server.base_url),
        ("authority", server.authority.rpartition("/")[0]),
        ("tenant", server.tenant),
        ("client_id", server.client_id),
        ("ca_bundle", server.ca_file),
    ):
        if value:
            screen.say(f'  {name} = "{value}"')
    for line in _own_lines(own):
        screen.say(line)
    screen.say("  [web]")
    screen.say(f'  issuer = "{issuer}"')
    screen.say(f'  client_id = "{provider.portal.client_id}"')
    for variable, secret in (
        (SECRET, server.client_secret),
        (WEB_SECRET, provider.portal.secret),
        (EXCHANGE_SECRET, own.get("exchange_password", "")),
    ):
        if secret:
            screen.say(session.text("sandbox.secret", variable=variable, secret=secret))


def _own_lines(own: Mapping[str, str]) -> Iterator[str]:
    """The configuration of the municipality's own servers."""
    if not own:
        return
    yield "  [sources.exchange]"
    yield f'  url = "{own["exchange_url"]}"'
    yield f"  user = '{own['exchange_user']}'"
    yield "  [sources.directory_file]"
    yield f'  path = "{own["people"]}"'
    yield "  [lync]"
    yield f'  call_databases = ["sandbox = {own["lync_database"]}"]'
    yield "  [sources.lync_archive]"
    yield f'  folder = "{own["lync_archive"]}"'


@app.command()
def scenarios(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """List the misbehaviours the sandbox can play, with the public issue each was seen in.

    \b
    Example:
      casethread sandbox scenarios
    """
    from connector.sandbox import ALL

    session: Session = ctx.obj
    rows = [
        {
            "name": each.name,
            "summary": each.summary_da if session.language == "da" else each.summary_en,
            "issue": each.issue,
        }
        for each in ALL.values()
    ]
    if as_json:
        from connector.commands.looking import say_json

        say_json(rows)
        return
    for row in rows:
        for line in (row["name"], f"    {row['summary']}", f"    {row['issue']}"):
            screen.say(line)


def demo(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Stop after one sync.")] = False,
    folder: Annotated[Path, typer.Option(help="Where; an earlier demo there is replaced.")] = Path(
        "demo"
    ),
    site: Annotated[
        Site, typer.Option(help="cloud: Microsoft 365; onprem: Exchange and Lync as in 2012.")
    ] = Site.CLOUD,
    users: Annotated[int, typer.Option(help="How many employees.", min=3, max=3000)] = 420,
    days: Annotated[int, typer.Option(help="Days of talk behind it.", min=1, max=60)] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same municipality.")] = 1,
    intranet: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="Publish articles to a Plone too: what serves one (make demo INTRANET=plone).",
        ),
    ] = "",
) -> None:
    """Set up a made-up municipality, sync it, and show one case; then go on by schedule.

    \b
    Examples:
      casethread demo --once
      casethread demo --folder /tmp/demo --users 60
      casethread demo --site onprem
    """
    from connector import demo as it

    town = it.Town(
        users=users,
        days=days,
        seed=seed,
        is_own_servers=site is Site.ON_PREMISES,
        intranet=intranet,
    )
    it.demo(ctx.obj, folder, town, is_once=once)
