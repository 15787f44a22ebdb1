"""The portal behind a socket: few processes and threads, little memory, and an orderly end."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import anyio.to_thread
import sqlalchemy as sa
import uvicorn

from connector.web.workers import Crew

if TYPE_CHECKING:
    from fastapi import FastAPI

    from connector.ledger import Ledger
    from connector.settings import Web
    from connector.web.site import Site

# Requests that a process works on at once. Python works on one at a time, the database on few: with
# twelve, short pages waited for long ones that came later, and on SQLite the slowest were about a
# fifth slower. More than two: an export or a wait for the database's lock must not stop everybody.
THREADS = 4
CACHE_KB = 8_000  # of each SQLite connection: a page of the portal touches little
GRACE_S = 10  # for answers that are under way when the portal is stopped
WAITING = 512  # connections that the system holds until they are accepted


def spare_memory(ledger: Ledger) -> None:
    """Let each of the portal's many connections to SQLite keep little in memory."""
    if not ledger.is_sqlite:
        return

    @sa.event.listens_for(ledger.engine, "connect")
    def smaller(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")  # type: ignore[attr-defined]

    ledger.engine.dispose()  # those that are open already


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError with the reason in words when that cannot be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        there = socket.create_server(address[:2], family=family, backlog=WAITING)
        # A socket that names its protocol: only then does asyncio send the end of an answer at
        # once. Without, each answer on a kept connection waits 40 ms for the browser's word.
        return socket.socket(there.family, there.type, socket.IPPROTO_TCP, fileno=there.detach())
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        raise OSError(os.strerror(number) if number > 0 else str(error)) from error


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


def settle() -> None:
    """Keep what is there out of the search for garbage: called before the first answer.

    Modules, tables and settings live as long as the process. Looking through them again and again
    stopped all answers for a quarter of a second each time. Of processes that are forked later,
    what nobody touches is in memory once.
    """
    gc.collect()
    gc.freeze()


def serve_together(
    app: FastAPI, there: socket.socket, its: Web, should_stop: Callable[[], bool], *, count: int
) -> None:
    """Answer with so many processes, until it is time to stop; the jobs started here end first."""
    site: Site = app.state.site

    def work(place: int, should_stop: Callable[[], bool]) -> None:
        site.common.take_place(place)
        serve(app, there, its, should_stop)
        app.state.runner.stop()
        site.ledger.close()

    if count == 1:
        work(0, should_stop)
        return
    settle()
    site.ledger.close()  # no connection may be taken along into another process
    Crew(count, work).keep(should_stop)


def serve(app: FastAPI, there: socket.socket, its: Web, should_stop: Callable[[], bool]) -> None:
    """Answer requests on this socket until it is time to stop. The log of requests is the app's."""
    settle()
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
