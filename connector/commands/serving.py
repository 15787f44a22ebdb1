"""`casethread web`: the portal and its API, until it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
import sqlalchemy as sa
import typer
import uvicorn

from connector.commands import INTERRUPTED, Session, tell
from connector.commands.syncing import Stop
from connector.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from fastapi import FastAPI

    from connector.ledger import Ledger
    from connector.settings import Web
    from connector.web.openid import OpenId

THREADS = 12  # requests worked on at once; two cores and one database are busy long before that
CACHE_KB = 8_000  # of each SQLite connection: a page of the portal touches little
GRACE_S = 10  # for answers that are under way when the portal is stopped
WAITING = 512  # connections that the system holds until they are accepted


def web(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on; else web.host.", show_default=False)
    ] = "",
    port: Annotated[
        int,
        typer.Option(
            help="The port; else web.port.", min=0, max=65535, show_default=False, metavar="PORT"
        ),
    ] = 0,
    while_stdin: Annotated[
        bool, typer.Option("--while-stdin", help="Stop when standard input ends.", hidden=True)
    ] = False,
) -> None:
    """Serve the portal and its API until Ctrl-C or SIGTERM.

    It needs [web] in the configuration, and an app registration to sign in with: see
    docs/how-to/portal.md. SIGTERM ends it with 0 once the answers under way are sent.

    \b
    Examples:
      casethread --config /srv/casethread web
      casethread web --port 8081
    """
    from connector import log

    session: Session = ctx.obj
    its = session.settings.web
    openid = sign_in_of(session)
    program = session.program
    log.set_up(session.settings.log, is_service=True, is_debug=session.is_debug)
    spare_memory(program.ledger)  # opens it: what is wrong with it is told before anybody waits
    from connector.web.app import make_app

    app = make_app(program, openid)
    with contextlib.closing(listening(session, host or its.host, port or its.port)) as there:
        stop = Stop(session.text("web.stopping")).listen()
        tell(session.text("web.serving", url=its.url, place=_place(there)))
        serve(app, there, its, _asked_to_stop(stop, while_stdin=while_stdin))
    app.state.runner.stop()
    tell(session.text("web.stopped"))
    if stop.signal == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)


def sign_in_of(session: Session) -> OpenId:
    """How people sign in, by [web]. Raises ConfigError with all that is not set up."""
    its = session.settings.web
    missing = [
        session.text("web.missing", setting=name)
        for name in ("url", "issuer", "client_id")
        if not getattr(its, name)
    ]
    if not its.client_secret:
        missing.append(session.text("web.no_secret"))
    if missing:
        raise ConfigError([*missing, session.text("web.how")])
    from connector.web.openid import OpenId

    return OpenId(
        issuer=its.issuer,
        client_id=its.client_id,
        secret=its.client_secret.reveal(),
        redirect_uri=f"{its.url}/signed-in",
        ca_bundle=str(its.ca_bundle or ""),
        proxy=session.settings.graph.proxy_url(),
    )


def spare_memory(ledger: Ledger) -> None:
    """Let each of the portal's many connections to SQLite keep little in memory."""
    if not ledger.is_sqlite:
        return

    @sa.event.listens_for(ledger.engine, "connect")
    def smaller(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")  # type: ignore[attr-defined]

    ledger.engine.dispose()  # those that are open already


def listening(session: Session, host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises Unavailable when that cannot be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=WAITING)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else str(error)
        place = f"{host}:{port}"
        raise Unavailable(
            session.text("web.not_there", place=place, reason=reason), system="web"
        ) from error


def _place(there: socket.socket) -> str:
    host, port = there.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _asked_to_stop(stop: Stop, *, while_stdin: bool) -> Callable[[], bool]:
    """Ctrl-C, SIGTERM, or the end of the parent that holds our standard input."""
    if not while_stdin:
        return stop
    ended = threading.Event()

    def read() -> None:
        while sys.stdin.readline():
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    return lambda: stop() or ended.is_set()


class Server(uvicorn.Server):
    """Uvicorn, stopped by a question instead of by signal handlers of its own."""

    def __init__(self, config: uvicorn.Config, should_stop: Callable[[], bool]) -> None:
        super().__init__(config)
        self._should_stop = should_stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are taken over already: asked twice, the process ends at once."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As Uvicorn does, with fewer threads."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to end."""
        return await super().on_tick(counter) or self._should_stop()


def serve(app: FastAPI, there: socket.socket, its: Web, should_stop: Callable[[], bool]) -> None:
    """Answer requests on this socket until it is time to stop. The log of requests is the app's."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # its lines would name cases: see connector/web/watch.py
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(its.proxies),
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(config, should_stop).run(sockets=[there])
