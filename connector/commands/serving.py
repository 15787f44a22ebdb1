"""`casethread web`: the portal and its API, until it is stopped."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from connector.commands import INTERRUPTED, Session, tell
from connector.commands.syncing import Stop
from connector.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from connector.web.openid import OpenId


def web(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on; else web.host.", show_default=False)
    ] = "",
    port: Annotated[
        int | None, typer.Option(help="The port; else web.port.", min=1, max=65535)
    ] = None,
    while_stdin: Annotated[
        bool, typer.Option("--while-stdin", help="Stop when standard input ends.", hidden=True)
    ] = False,
) -> None:
    """Serve the portal and its API until Ctrl-C or SIGTERM.

    docs/how-to/portal.md tells how to set it up: [web] in the configuration, and an application
    to sign in with. SIGTERM ends it with 0 once the answers under way are sent.

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
    from connector.web.common import common_of
    from connector.web.workers import how_many

    count = how_many(its.workers)
    with common_of(count) as common:
        from connector.web import page
        from connector.web.app import make_app  # loads what asks whether it counts together
        from connector.web.server import serve_together, spare_memory

        spare_memory(program.ledger)  # opens it: what is wrong with it is told before anybody waits
        app = make_app(program, openid, common)
        if count > 1:
            page.prepare()  # before it is told that the portal is there
        with contextlib.closing(_listening(session, host or its.host, port or its.port)) as there:
            stop = Stop(session.text("web.stopping")).listen()
            tell(session.text("web.serving", url=its.url, place=_place(there)))
            asked = _asked_to_stop(stop, while_stdin=while_stdin)
            serve_together(app, there, its, asked, count=count)
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


def _listening(session: Session, host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises Unavailable when that cannot be."""
    from connector.web.server import listening

    try:
        return listening(host, port)
    except OSError as error:
        told = session.text("web.not_there", place=f"{host}:{port}", reason=error)
        raise Unavailable(told, system="web") from error


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
