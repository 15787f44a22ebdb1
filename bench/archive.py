"""A made-up records system for the benchmark of deliveries, and the sink that talks to it.

    python -m bench.archive [--delay-ms 20]

It prints one line of JSON with its port and then serves until it is ended. As little as HTTP
allows, so that what is measured is the client: POST /cases/CASE/entries/KEY keeps an entry (after
the delay) and answers its number, GET of the same answers it again, GET /log tells for each case
which keys came in which order, and which cases had two at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from connector.errors import Gone
from connector.journaling.remote import Remote
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps

_HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Log(msgspec.Struct):
    """What the system saw: the keys of each case in order of arrival, and who came too early."""

    keys: dict[str, list[str]] = {}
    twice: list[str] = []  # cases to which an entry came while another was being kept
    most: int = 0  # entries that were being kept at once


class Archive:
    """Entries by key, in memory. Used by one thread."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.log = Log()
        self._numbers: dict[str, int] = {}
        self._busy: set[str] = set()

    def begin(self, case: str) -> None:
        """An entry for this case has come."""
        if case in self._busy:
            self.log.twice.append(case)
        self._busy.add(case)
        self.log.most = max(self.log.most, len(self._busy))

    def keep(self, case: str, key: str) -> bytes:
        """It is kept; its number. A known key keeps its first."""
        self._busy.discard(case)
        self.log.keys.setdefault(case, []).append(key)
        return b'{"number":"%d"}' % self._numbers.setdefault(key, len(self._numbers) + 1)

    def read(self, path: str) -> bytes | None:
        """The answer to a GET; None when there is nothing."""
        if path == "/log":
            return msgspec.json.encode(self.log)
        number = self._numbers.get(path.rpartition("/")[2])
        return None if number is None else b'{"number":"%d"}' % number


class Connection(asyncio.Protocol):
    """One client's connection, kept open; a request follows only after the answer to the last."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._read = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, rest = head.lower().partition(b"content-length:")
        if rest and len(body) < int(rest.partition(b"\r\n")[0]):
            return
        self._read = b""
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        if method == "POST":
            self._post(path)
        else:
            self._answer(self._archive.read(path))

    def _post(self, path: str) -> None:
        _, _, case, _, key = path.split("/")
        self._archive.begin(case)
        if self._archive.delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._archive.delay_s, self._keep, case, key)
        else:
            self._keep(case, key)

    def _keep(self, case: str, key: str) -> None:
        self._answer(self._archive.keep(case, key))

    def _answer(self, body: bytes | None) -> None:
        assert self._transport is not None
        status = 404 if body is None else 200
        body = body or b"{}"
        self._transport.write(_HEAD % (status, len(body)) + body)


async def serve(delay_s: float) -> None:
    """Listen on a free port of 127.0.0.1, say which, and answer for ever."""
    archive = Archive(delay_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(archive), "127.0.0.1", 0)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


@contextmanager
def serving(delay_ms: int = 0) -> Iterator[str]:
    """The address of an archive in a process of its own; ended when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.archive", "--delay-ms", str(delay_ms)],
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


class _Number(msgspec.Struct):
    number: str


class ArchiveSink:
    """The smallest sink over HTTP: one POST an entry. What is measured around it is the program."""

    name = "archive"

    def __init__(self, base_url: str, in_flight: int) -> None:
        self.capabilities = Capabilities(takes_files=False, in_flight=in_flight)
        self._remote = Remote(base_url, name=self.name, in_flight=in_flight)

    def check(self) -> list[Finding]:
        """Nothing to find fault with."""
        return []

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of an earlier put, asked of the archive."""
        try:
            told = self._remote.json("GET", _path(case_number, key), _Number)
        except Gone:
            return None
        return _receipt(key, told)

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: OpenFile,  # noqa: ARG002  takes no files
        steps: Steps | None = None,  # noqa: ARG002  one request: nothing to remember on the way
    ) -> Receipt:
        """One POST of the entry's JSON."""
        path = _path(entry.case_number, key)
        return _receipt(key, self._remote.json("POST", path, _Number, value=entry))

    def log(self) -> Log:
        """What the archive saw until now."""
        return self._remote.json("GET", "/log", Log)

    def close(self) -> None:
        """Close the connections."""
        self._remote.close()


def _path(case_number: str, key: str) -> str:
    return f"/cases/{case_number}/entries/{key}"


def _receipt(key: str, told: _Number) -> Receipt:
    return Receipt(key=key, target=told.number, at=datetime.now(UTC))


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.archive", description=__doc__)
    parser.add_argument("--delay-ms", type=int, default=0, help="before an entry is answered")
    given = parser.parse_args()
    asyncio.run(serve(given.delay_ms / 1000))


if __name__ == "__main__":
    main()
