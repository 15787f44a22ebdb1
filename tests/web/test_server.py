"""The portal's socket."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

from fastapi import FastAPI

from connector.web.server import listening, serve
from connector.web.site import Site
from tests.alone import alone


def test_an_answer_is_sent_at_once() -> None:
    """No answer waits for the browser's word that the one before it came (40 ms on Linux)."""
    with contextlib.closing(listening("127.0.0.1", 0)) as there:
        assert alone(lambda: asyncio.run(_accepted(there))) != 0


def test_what_is_there_from_the_start_is_not_looked_through_for_garbage(site: Site) -> None:
    """A full collection, which stops all answers, passes over what was made before the first."""
    gc.unfreeze()
    try:
        with contextlib.closing(listening("127.0.0.1", 0)) as there:
            alone(lambda: serve(FastAPI(), there, site.web, lambda: True))
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


async def _accepted(there: socket.socket) -> int:
    """TCP_NODELAY of the connection that the server has to somebody who comes."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def come(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        its: socket.socket = writer.get_extra_info("socket")
        found.set_result(its.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(come, sock=there):
        _, writer = await asyncio.open_connection(*there.getsockname())
        option = await found
        writer.close()
        return option
