"""A fast Graph-shaped server for the benchmark: plain HTTP on 127.0.0.1, one process, keep-alive.

    python -m bench.server --data FOLDER [--port 0]

It prints one line of JSON with its port and then serves until it is ended. Rows come straight from
the mapped file, so a page costs a look-up and one write; what is measured is the client.

/v1.0/users, /v1.0/users/delta, /v1.0/users/ID/chats/getAllMessages with any window
(`$filter=lastModifiedDateTime gt A and lastModifiedDateTime lt B`), and for the benchmark itself
/stats (what was asked for since the last reset) and
/control?reset=1&delay_ms=150&fresh_users=5&fresh_each=3.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import mmap
import re
import socket
import sys
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, unquote_plus

from bench import data

_WINDOW = re.compile(
    r"lastModifiedDateTime gt (\S+) and lastModifiedDateTime lt (\S+)$", re.IGNORECASE
)
_MESSAGES = re.compile(r"/v1\.0/users/([0-9a-f-]{36})/chats/getallmessages$", re.IGNORECASE)
_TOP = re.compile(r"(?:\$|%24)top=(\d+)")
_TOKEN = re.compile(r"(?:\$|%24)skiptoken=([0-9.]+)")
_PAGE_SIZE = re.compile(r"odata\.maxpagesize=(\d+)")
_HEAD = (
    b"HTTP/1.1 %s\r\nDate: %s\r\n"
    b"Content-Type: application/json;odata.metadata=minimal;odata.streaming=true\r\n"
    b"request-id: 00000000-0000-4000-8000-000000000000\r\nContent-Length: %d\r\n\r\n"
)


class BadRequest(Exception):
    """The request cannot be answered; `status` is the HTTP status."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


class Feeds:
    """The messages of every user, by position and by time. No sockets in here."""

    def __init__(self, source: data.DataSet) -> None:
        self.feeds = source.feeds
        self._by_id = {feed.id: number for number, feed in enumerate(source.feeds)}
        self._times = source.times()
        self._offsets = source.offsets()
        with source.rows.open("rb") as file:
            self._rows = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self._fresh: dict[int, list[tuple[int, bytes]]] = {}

    def number(self, user_id: str) -> int:
        """The position of the user; 404 when there is none."""
        found = self._by_id.get(user_id)
        if found is None:
            raise BadRequest(404, "NotFound", "No such user")
        return found

    def add_fresh(self, users: int, each: int, now_ms: int) -> None:
        """Gives the first users `each` new messages: the last of them an hour before now."""
        for number, feed in enumerate(self.feeds[:users]):
            writer = data.Writer(len(self.feeds) + number, feed.id, feed.name)
            start = now_ms - 3_600_000 - each * 1000
            times = [start + place * 1000 for place in range(1, each + 1)]
            self._fresh[number] = [(moment, writer.row(moment, moment)) for moment in times]

    def window(self, number: int, after_ms: int, before_ms: int) -> tuple[int, int]:
        """Positions [low, high) in the user's feed of rows changed after and before these times."""
        feed, fresh = self.feeds[number], self._fresh.get(number, ())
        end = feed.first + feed.count
        low = bisect_right(self._times, after_ms, feed.first, end) - feed.first
        high = bisect_left(self._times, before_ms, feed.first, end) - feed.first
        # Fresh rows are newer than all others, so that they simply follow them.
        if low == feed.count:
            low += sum(moment <= after_ms for moment, _ in fresh)
        if high == feed.count:
            high += sum(moment < before_ms for moment, _ in fresh)
        return low, max(low, high)

    def rows(self, number: int, low: int, high: int) -> list[bytes | memoryview]:
        """The JSON of rows [low, high), with commas between them, in one or a few pieces."""
        feed = self.feeds[number]
        pieces: list[bytes | memoryview] = []
        kept = min(high, feed.count)
        if low < kept:
            first, last = feed.first + low, feed.first + kept
            pieces.append(self._rows[self._offsets[first] : self._offsets[last] - 1])
        for _, row in self._fresh.get(number, [])[max(0, low - feed.count) : high - feed.count]:
            pieces.extend((b",", row) if pieces else (row,))
        return pieces if high > low else []


class Site:
    """Answers requests and counts them; the port is known once the server listens."""

    def __init__(self, feeds: Feeds) -> None:
        self.feeds = feeds
        self.base = ""
        self.delay_s = 0.0
        self.asked: Counter[str] = Counter()
        self.waiting = 0
        self.most_waiting = 0
        self._windows: dict[str, tuple[int, int]] = {}
        self._date = (0, b"")

    def stats(self) -> dict[str, int]:
        """What was asked for since the last reset."""
        kinds = ("users", "delta", "getAllMessages", "messages", "refused")
        told = {kind: self.asked[kind] for kind in kinds}
        requests = self.asked["users"] + self.asked["delta"] + self.asked["getAllMessages"]
        return {"requests": requests + told["refused"], "in_flight": self.most_waiting, **told}

    def control(self, query: dict[str, list[str]]) -> None:
        """Sets the delay, adds fresh messages, forgets the counts."""
        if "delay_ms" in query:
            self.delay_s = int(query["delay_ms"][0]) / 1000
        if "fresh_users" in query:
            each = int(query.get("fresh_each", ["1"])[0])
            self.feeds.add_fresh(int(query["fresh_users"][0]), each, time.time_ns() // 1_000_000)
        if "reset" in query:
            self.asked.clear()
            self.most_waiting = 0

    def date(self) -> bytes:
        """The `Date` header; written once a second, because it costs more than a page."""
        now = int(time.time())
        if now != self._date[0]:
            self._date = now, formatdate(now, usegmt=True).encode()
        return self._date[1]

    def answer(self, path: str, query: str, headers: str) -> list[bytes | memoryview]:
        """The body of the answer in pieces. Raises BadRequest."""
        found = _MESSAGES.match(path)
        if found:
            return self._messages(found[1].lower(), path, query)
        if path == "/v1.0/users":
            return self._users("users", query, 100)
        if path == "/v1.0/users/delta":
            preferred = _PAGE_SIZE.search(headers)
            return self._users("delta", query, int(preferred[1]) if preferred else 100)
        raise BadRequest(404, "BadRequest", "Resource not found for the segment")

    def _messages(self, user_id: str, path: str, query: str) -> list[bytes | memoryview]:
        self.asked["getAllMessages"] += 1
        number = self.feeds.number(user_id)
        token = _TOKEN.search(query)
        if token:
            low, high, top = (int(part) for part in token[1].split("."))
        else:
            top = _top(query, data.PAGE_ROWS, data.PAGE_ROWS)
            low, high = self.feeds.window(number, *self._parse_window(query))
        until = min(low + top, high)
        self.asked["messages"] += until - low
        link = ""
        if until < high:
            link = (
                f'"@odata.nextLink":"{self.base}{path}?$top={top}&$skiptoken={until}.{high}.{top}",'
            )
        head = (
            f'{{"@odata.context":"{self.base}/v1.0/$metadata#Collection(chatMessage)",'
            f'"@odata.count":{until - low},{link}"value":['
        )
        return [head.encode(), *self.feeds.rows(number, low, until), b"]}"]

    def _parse_window(self, query: str) -> tuple[int, int]:
        """(after, before) in epoch ms; everything when there is no filter."""
        window = self._windows.get(query)
        if window is None:
            wanted = parse_qs(query).get("$filter")
            window = (-1, 1 << 60)
            if wanted:
                found = _WINDOW.match(wanted[0].strip())
                if not found:
                    raise BadRequest(400, "BadRequest", "Invalid $filter query")
                window = (_epoch_ms(found[1]), _epoch_ms(found[2]))
            if len(self._windows) > 10_000:
                self._windows.clear()
            self._windows[query] = window
        return window

    def _users(self, kind: str, query: str, page_size: int) -> list[bytes | memoryview]:
        self.asked[kind] += 1
        wanted = parse_qs(query)
        if "$deltatoken" in wanted:
            low, high = 0, 0
        else:
            low, high = int(wanted.get("$skiptoken", ["0"])[0]), len(self.feeds.feeds)
        until = min(low + _top(query, page_size, 999), high)
        path = f"{self.base}/v1.0/users" + ("/delta" if kind == "delta" else "")
        body: dict[str, object] = {"@odata.context": f"{self.base}/v1.0/$metadata#users"}
        if until < high:
            body["@odata.nextLink"] = f"{path}?$top={until - low}&$skiptoken={until}"
        elif kind == "delta":
            body["@odata.deltaLink"] = f"{path}?$deltatoken={len(self.feeds.feeds)}"
        body["value"] = [_user(feed) for feed in self.feeds.feeds[low:until]]
        return [json.dumps(body, ensure_ascii=False).encode()]


class Connection(asyncio.Protocol):
    """One keep-alive connection; answers in the order of the requests."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport and gives it room for a page."""
        assert isinstance(transport, asyncio.Transport)
        # A whole page in one write: the loop need not come back for the rest.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The client is gone, perhaps killed; what it asked for is dropped."""
        self._transport = None

    def data_received(self, received: bytes) -> None:
        """Answers each whole request in what has come in."""
        self._buffer += received
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._request(head)

    def _request(self, head: bytes) -> None:
        line, _, headers = head.decode("latin-1").partition("\r\n")
        method, target, _ = line.split(" ", 2)
        path, _, query = target.partition("?")
        site = self._site
        if path in ("/stats", "/control"):
            if path == "/control":
                site.control(parse_qs(query))
            self._send(200, [json.dumps(site.stats()).encode()])
        elif site.delay_s:
            site.waiting += 1
            site.most_waiting = max(site.most_waiting, site.waiting)
            loop = asyncio.get_running_loop()
            loop.call_later(site.delay_s, self._late, method, path, query, headers)
        else:
            self._send(*self._reply(method, path, query, headers))

    def _late(self, method: str, path: str, query: str, headers: str) -> None:
        self._site.waiting -= 1
        if self._transport is not None:
            self._send(*self._reply(method, path, query, headers))

    def _reply(
        self, method: str, path: str, query: str, headers: str
    ) -> tuple[int, list[bytes | memoryview]]:
        try:
            if method != "GET":
                raise BadRequest(405, "BadRequest", "Only GET is served here")
            if "Bearer " not in headers:
                raise BadRequest(401, "InvalidAuthenticationToken", "Access token is empty.")
            return 200, self._site.answer(unquote_plus(path), query, headers)
        except BadRequest as error:
            self._site.asked["refused"] += 1
            body = {"error": {"code": error.code, "message": str(error)}}
            return error.status, [json.dumps(body).encode()]

    def _send(self, status: int, body: list[bytes | memoryview]) -> None:
        head = _HEAD % (
            b"200 OK" if status == 200 else b"%d Error" % status,
            self._site.date(),
            sum(len(piece) for piece in body),
        )
        if self._transport is not None:
            self._transport.write(b"".join((head, *body)))


def _top(query: str, default: int, most: int) -> int:
    """`$top` within 1 .. most; `default` when it was not asked for."""
    found = _TOP.search(query)
    return max(1, min(int(found[1]) if found else default, most))


def _epoch_ms(written: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadRequest(400, "BadRequest", "Invalid date in $filter") from error
    if moment.tzinfo is None:
        raise BadRequest(400, "BadRequest", "A date in $filter needs a time zone")
    return round(moment.astimezone(UTC).timestamp() * 1000)


def _user(feed: data.Feed) -> dict[str, object]:
    return {
        "id": feed.id,
        "displayName": feed.name,
        "userPrincipalName": feed.upn,
        "mail": feed.upn,
        "accountEnabled": True,
        "department": feed.unit,
        "officeLocation": "Rådhuset",
        "businessPhones": [],
        "mobilePhone": None,
        "proxyAddresses": [f"SMTP:{feed.upn}"],
        "imAddresses": [feed.upn],
    }


async def serve(site: Site, port: int) -> None:
    """Listens on 127.0.0.1, tells its port as one line of JSON, and serves until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", port, backlog=256)
    chosen = server.sockets[0].getsockname()[1]
    site.base = f"http://127.0.0.1:{chosen}"
    sys.stdout.write(json.dumps({"port": chosen}) + "\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def load(folder: Path) -> Feeds:
    """The feeds of a data set that was made before."""
    meta = json.loads((folder / "meta.json").read_text())
    feeds = tuple(data.Feed(**feed) for feed in meta["feeds"])
    return Feeds(
        data.DataSet(folder, feeds, meta["messages"], meta["with_case"], meta["number_like"])
    )


def main() -> None:
    """Serves a data set until the process is ended."""
    parser = argparse.ArgumentParser(description="Serve a data set of the benchmark.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    try:
        asyncio.run(serve(Site(load(given.data)), given.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
