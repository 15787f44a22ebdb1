"""`casethread web` as a process: it starts, tells where it is, answers, and stops."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from fastapi import FastAPI

from connector.ledger import open_ledger
from connector.settings import parse
from connector.web.server import CACHE_KB, THREADS, serve, spare_memory

CONFIG = """
language = "en"
[ledger]
url = "sqlite:///{folder}/ledger.db"
spool = "{folder}/spool"
[graph]
tenant = "00000000-0000-4000-8000-000000000001"
client_id = "00000000-0000-4000-8000-000000000002"
[register]
path = "{folder}/journal"
[sinks.journal]
kind = "folder"
path = "{folder}/journal"
"""
WEB = """
[web]
url = "http://127.0.0.1:{port}"
issuer = "http://127.0.0.1:9/00000000-0000-4000-8000-000000000001/v2.0"
client_id = "portal"
port = {port}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Town:
    """A folder with a configuration, and the portals that were started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "casethread.toml"
        self.config.write_text((CONFIG + WEB).format(folder=folder, port=self.port), "utf-8")
        self.environ = {
            **os.environ,
            "CASETHREAD_CLIENT_SECRET": "x",
            "CASETHREAD_WEB_CLIENT_SECRET": "y",
            "PYTHONUNBUFFERED": "1",
        }
        self.started: list[Portal] = []

    def web(self, *words: str) -> Portal:
        """Start `casethread web` with these words."""
        portal = Portal(self, words)
        self.started.append(portal)
        return portal

    def close(self) -> None:
        """End all that were started."""
        for portal in self.started:
            portal.process.kill()
            portal.process.wait(timeout=10)
            for stream in (portal.process.stdin, portal.process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


class Portal:
    """A process of the portal, and what it has said."""

    def __init__(self, town: Town, words: tuple[str, ...]) -> None:
        command = [sys.executable, "-m", "connector.cli", "--config", str(town.config), "web"]
        self.process = subprocess.Popen(
            [*command, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=town.environ,
            text=True,
            encoding="utf-8",
        )
        self.said = ""
        self._heard = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._heard:
                self.said += line
                self._heard.notify_all()

    def wait_for(self, words: str) -> None:
        """Until it has said this."""
        with self._heard:
            assert self._heard.wait_for(lambda: words in self.said, timeout=40), self.said

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        code = self.process.wait(timeout=40)
        self._reader.join(timeout=10)
        return code


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_start_and_stop(town: Town, number: signal.Signals, code: int) -> None:
    """It tells its address, answers, and ends as service managers expect."""
    portal = town.web()
    portal.wait_for(f"The portal is at {town.url} (it listens on 127.0.0.1:{town.port})")

    assert requests.get(f"{town.url}/healthz", timeout=20).json() == {"status": "alive"}
    assert requests.get(f"{town.url}/readyz", timeout=20).status_code == 200
    page = requests.get(f"{town.url}/cases/27.18.02-P25-14-26", timeout=20)
    assert "Sign in" in page.text or "Log på" in page.text
    portal.process.send_signal(number)

    assert portal.ended() == code
    assert "The portal has stopped." in portal.said
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{town.url}/healthz", timeout=5)


def test_log(town: Town) -> None:
    """The log has requests by route: no case, no question, no address of a page."""
    portal = town.web()
    portal.wait_for("The portal is at")

    requests.get(f"{town.url}/cases/27.18.02-P25-14-26?q=Asta", timeout=20)
    portal.wait_for("route=/cases/{")

    portal.process.terminate()
    assert portal.ended() == 0
    assert "27.18.02" not in portal.said
    assert "Asta" not in portal.said


def test_answers_under_way_are_sent(town: Town) -> None:
    """A request that is half sent when the portal is told to stop still gets its answer."""
    portal = town.web()
    portal.wait_for("The portal is at")
    requests.get(f"{town.url}/healthz", timeout=40)  # until a process takes what comes
    body = b"to=en&back=%2F"
    with socket.create_connection(("127.0.0.1", town.port), timeout=20) as line:
        head = "POST /language HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
        head += "content-type: application/x-www-form-urlencoded\r\n"
        line.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.5)  # until the server has begun with it
        portal.process.terminate()
        portal.wait_for("Stopping when the answers are sent.")
        line.sendall(body[5:])
        answer = line.recv(4096)

    assert answer.startswith(b"HTTP/1.1 303")
    assert portal.ended() == 0


def test_port_taken(town: Town) -> None:
    """A port that another program has is told of, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        portal = town.web("--port", str(port))
        code = portal.ended()

    assert code == 1
    assert f"127.0.0.1:{port} cannot be listened on (Address already in use)" in portal.said
    assert "web.port" in portal.said
    assert "Traceback" not in portal.said


def test_host_that_is_not_here(town: Town) -> None:
    """An address that is not this machine's is told of."""
    portal = town.web("--host", "192.0.2.1")

    assert portal.ended() == 1
    assert "192.0.2.1" in portal.said
    assert "Traceback" not in portal.said


def test_not_set_up(town: Town) -> None:
    """Without [web] each thing that is missing is named, and where it is explained."""
    town.config.write_text(CONFIG.format(folder=town.folder), "utf-8")
    del town.environ["CASETHREAD_WEB_CLIENT_SECRET"]
    portal = town.web()

    assert portal.ended() == 2
    for words in ("web.url", "web.issuer", "web.client_id", "CASETHREAD_WEB_CLIENT_SECRET"):
        assert words in portal.said
    assert "docs/how-to/portal.md" in portal.said
    assert not (town.folder / "ledger.db").exists()


def test_newer_ledger(town: Town) -> None:
    """A ledger that a newer version has taken over is not served."""
    ledger = open_ledger(f"sqlite:///{town.folder}/ledger.db")
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    ledger.close()
    portal = town.web()

    assert portal.ended() == 1
    assert "newer" in portal.said
    assert "Traceback" not in portal.said


def test_ends_with_its_parent(town: Town) -> None:
    """The demo's portal ends when the demo is gone: its standard input closes."""
    portal = town.web("--while-stdin")
    portal.wait_for("The portal is at")
    assert portal.process.stdin is not None

    portal.process.stdin.close()

    assert portal.ended() == 0


def test_little_memory(tmp_path: Path) -> None:
    """Every connection of the portal keeps a small cache, those opened before too."""
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    spare_memory(ledger)

    with ledger.read() as one, ledger.read() as other:
        found = [
            connection.exec_driver_sql("PRAGMA cache_size").scalar() for connection in (one, other)
        ]
    ledger.close()

    assert found == [-CACHE_KB, -CACHE_KB]


def test_few_threads(tmp_path: Path) -> None:
    """However many ask at once, a few requests are worked on at a time; the others wait."""
    app = FastAPI()
    together: list[int] = []
    most: list[int] = []

    @app.get("/")
    def slow() -> str:
        together.append(1)
        most.append(len(together))
        time.sleep(0.2)
        together.pop()
        return "done"

    there = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{there.getsockname()[1]}/"
    its = parse(CONFIG.format(folder=tmp_path), tmp_path, {"CASETHREAD_CLIENT_SECRET": "x"}).web
    over = threading.Event()
    server = threading.Thread(target=serve, args=(app, there, its, over.is_set))
    server.start()
    with ThreadPoolExecutor(3 * THREADS) as crew:
        answers = list(crew.map(lambda _: requests.get(url, timeout=30).status_code, range(40)))
    over.set()
    server.join(timeout=20)
    there.close()

    assert answers == [200] * 40
    assert max(most) == THREADS
