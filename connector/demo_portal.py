"""The demo's portal: a process of its own, and people who sign in at the sandbox."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import Unavailable

if TYPE_CHECKING:
    from connector.commands import Session

HOST = "127.0.0.1"  # the sandbox signs people in without a password: nobody else may reach it
PORT = 8080  # if it is free: a link that stays the same from demo to demo
START_S = 60  # of a cold start on a busy machine


def settings(issuer: str, client_id: str) -> Mapping[str, object]:
    """[web] of the demo, by dotted name. A case worker sees the unit's cases: more to look at."""
    port = free_port(PORT)
    return {
        "web.url": f"http://{HOST}:{port}",
        "web.port": port,
        "web.workers": 1,  # for one person at a time
        "web.issuer": issuer,
        "web.client_id": client_id,
        "web.unit_sees_cases": True,
    }


def free_port(wanted: int) -> int:
    """This port when nobody listens on it, else another."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.create_server((HOST, port)) as one:
            return int(one.getsockname()[1])
    return wanted  # not even a free one: the portal says what is wrong


@contextlib.contextmanager
def portal(there: Session, folder: Path) -> Iterator[None]:
    """`casethread web` on the demo's configuration, until the context ends or this process dies.

    Raises Unavailable when it does not start.
    """
    words = [sys.executable, "-m", "connector.cli", "--config", str(folder), "web", "--while-stdin"]
    with (folder / "portal.log").open("w", encoding="utf-8") as errors:
        child = subprocess.Popen(  # noqa: S603  our own program
            words,
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C at the terminal is for the connector, which ends us
            env={**os.environ, **there.environ},
        )
        try:
            _wait(there, child, folder)
            yield
        finally:
            if child.stdin is not None:
                child.stdin.close()
            child.terminate()
            child.wait(timeout=30)


def _wait(there: Session, child: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_S
    while not _answers(there.settings.web.port):
        if child.poll() is not None or time.monotonic() > until:
            lines = (folder / "portal.log").read_text(encoding="utf-8").strip().splitlines()
            reason = lines[-1] if lines else str(folder / "portal.log")
            raise Unavailable(there.text("demo.no_portal", reason=reason), system="web")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        line.close()
