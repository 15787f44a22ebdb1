"""The yardstick: what somebody writes in an afternoon with requests, json and sqlite3.

    python -m bench.reference --base URL --db FILE [--threads 8]

It stores every message whole, keyed by (chat, id), and its cursor in the same transaction as the
page. It keeps one version a message, hashes nothing, links nothing and indexes nothing. Once is
enough: run again, it asks each user for the last 24 hours before the last read.
"""

from __future__ import annotations

import argparse
import json
import queue
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    chat TEXT NOT NULL, id TEXT NOT NULL, etag TEXT NOT NULL, sent_at TEXT NOT NULL,
    sender TEXT, body TEXT, raw TEXT NOT NULL, PRIMARY KEY (chat, id));
CREATE TABLE IF NOT EXISTS cursor (feed TEXT PRIMARY KEY, next TEXT, read REAL);
"""
UPSERT = """
INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (chat, id) DO UPDATE SET etag = excluded.etag, sent_at = excluded.sent_at,
    sender = excluded.sender, body = excluded.body, raw = excluded.raw
WHERE CAST(excluded.etag AS INTEGER) > CAST(message.etag AS INTEGER)
"""
_OVERLAP_S = 24 * 3600
_LAG_S = 300
_FIRST_DAYS_S = 400 * 86_400


def new_session() -> requests.Session:
    """A session that sends the (meaningless) token and looks at no proxy settings."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = "Bearer bench"
    return session


def users(session: requests.Session, base: str) -> list[str]:
    """The ids of all users."""
    ids: list[str] = []
    link = f"{base}/users?$select=id&$top=999"
    while link:
        body = session.get(link, timeout=60).json()
        ids.extend(user["id"] for user in body["value"])
        link = body.get("@odata.nextLink", "")
    return ids


def first_link(base: str, user: str, read: float | None) -> str:
    """Where to begin: the last read less a day, else from the start."""
    now = time.time()
    since = now - _FIRST_DAYS_S if read is None else read - _OVERLAP_S
    window = (
        f"lastModifiedDateTime gt {_iso(since)} and lastModifiedDateTime lt {_iso(now - _LAG_S)}"
    )
    return f"{base}/users/{user}/chats/getAllMessages?$top=50&$filter={window}"


def row(message: dict[str, Any]) -> tuple[Any, ...]:
    """What is stored of a message."""
    sender = ((message.get("from") or {}).get("user") or {}).get("id")
    return (
        message["chatId"],
        message["id"],
        message["etag"],
        message["createdDateTime"],
        sender,
        message["body"]["content"],
        json.dumps(message, ensure_ascii=False),
    )


def store(db: sqlite3.Connection, feed: str, page: dict[str, Any], read: float) -> None:
    """A page and its cursor in one transaction."""
    with db:
        db.executemany(UPSERT, [row(message) for message in page["value"]])
        link = page.get("@odata.nextLink")
        db.execute(
            "INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT (feed) DO UPDATE SET "
            "next = excluded.next, read = coalesce(excluded.read, cursor.read)",
            (feed, link, None if link else read),
        )


def read_feed(db: sqlite3.Connection, session: requests.Session, base: str, user: str) -> None:
    """All pages of one user, from the saved cursor."""
    saved = db.execute("SELECT next, read FROM cursor WHERE feed = ?", (user,)).fetchone()
    link = saved[0] if saved and saved[0] else first_link(base, user, saved[1] if saved else None)
    read = time.time()
    while link:
        answer = session.get(link, timeout=60)
        answer.raise_for_status()
        page = json.loads(answer.content)
        store(db, user, page, read)
        link = page.get("@odata.nextLink")


def run_plain(db: sqlite3.Connection, base: str) -> None:
    """One user after the other."""
    session = new_session()
    for user in users(session, base):
        read_feed(db, session, base, user)


def run_threads(db: sqlite3.Connection, base: str, threads: int) -> None:
    """The same with threads that fetch; this thread alone writes."""
    waiting: queue.SimpleQueue[tuple[str, str, float] | None] = queue.SimpleQueue()
    pages: queue.Queue[tuple[str, dict[str, Any], float] | None] = queue.Queue(maxsize=threads * 4)
    saved = {feed: (link, read) for feed, link, read in db.execute("SELECT * FROM cursor")}
    for user in users(new_session(), base):
        link, read = saved.get(user, (None, None))
        waiting.put((user, link or first_link(base, user, read), time.time()))
    workers = [
        threading.Thread(target=_fetch, args=(waiting, pages), daemon=True) for _ in range(threads)
    ]
    for worker in workers:
        waiting.put(None)
        worker.start()
    running = threads
    while running:
        got = pages.get()
        if got is None:
            running -= 1
        else:
            store(db, *got)


def _fetch(
    waiting: queue.SimpleQueue[tuple[str, str, float] | None],
    pages: queue.Queue[tuple[str, dict[str, Any], float] | None],
) -> None:
    session = new_session()
    while (work := waiting.get()) is not None:
        user, link, read = work
        while link:
            answer = session.get(link, timeout=60)
            answer.raise_for_status()
            page = json.loads(answer.content)
            pages.put((user, page, read))
            link = page.get("@odata.nextLink")
    pages.put(None)


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def main() -> None:
    """Reads everything once."""
    parser = argparse.ArgumentParser(description="The plain script that the program is held to.")
    parser.add_argument("--base", required=True)
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    db = sqlite3.connect(given.db)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(SCHEMA)
    if given.threads > 1:
        run_threads(db, given.base, given.threads)
    else:
        run_plain(db, given.base)
    db.close()


if __name__ == "__main__":
    main()
