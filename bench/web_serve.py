"""The portal in processes of its own, as `casethread web` starts it, with a stopwatch round it.

    python -m bench.web_serve --ledger URL --folder DIR --times FILE

prints its address as JSON and serves until its input ends; then the times of all requests are in
FILE, one a line: what each was (the client says so in the header x-bench), its status, and the
milliseconds from its first byte in to its last byte out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench.web_site import settings
from connector import log
from connector.bootstrap import Program
from connector.web.common import common_of
from connector.web.openid import OpenId
from connector.web.workers import how_many

KIND = b"x-bench"


class Stopwatch:
    """The outermost layer of the application, in each of its processes."""

    def __init__(self, app: Any, times: int) -> None:
        self.app, self.state = app, app.state
        self.times = times  # a file that all processes have open to append to

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        began = time.perf_counter()
        status = 0

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            kind = dict(scope["headers"]).get(KIND, b"").decode()
            ms = (time.perf_counter() - began) * 1000
            os.write(self.times, f"{json.dumps([kind, status, ms])}\n".encode())


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.web_serve")
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--times", type=Path, required=True)
    given = parser.parse_args()
    its = settings(given.folder, given.ledger)
    program = Program(settings=its)
    log.set_up(its.log, is_service=True, is_debug=False)
    openid = OpenId(
        issuer=its.web.issuer,
        client_id="portal",
        secret="y",
        redirect_uri=f"{its.web.url}/signed-in",
    )
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    times = os.open(given.times, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND)
    count = how_many(its.web.workers)
    with common_of(count) as common:
        from connector.web import page
        from connector.web.app import make_app
        from connector.web.server import listening, serve_together, spare_memory

        spare_memory(program.ledger)
        watched: Any = Stopwatch(make_app(program, openid, common), times)
        if count > 1:
            page.prepare()
        there = listening("127.0.0.1", 0)
        print(json.dumps({"port": there.getsockname()[1]}), flush=True)
        serve_together(watched, there, its.web, ended.is_set, count=count)
    os.close(times)
    program.close()


if __name__ == "__main__":
    main()
