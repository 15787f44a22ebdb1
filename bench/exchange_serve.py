"""The Exchange server of the benchmark, in a process of its own: the sandbox's, with a delay.

    python -m bench.exchange_serve --mailboxes 420 --items 50 --delay-ms 20

It prints one line of JSON with its address and then serves until its input is closed. Half of the
items are voicemails, half copies of conversations of eight lines, each saved by two participants.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.sandbox.ews import PATH, Exchange
from connector.sandbox.ews_store import Address, File, Post, Store, stamp
from connector.sandbox.protocol import Request, Response
from connector.sandbox.server import LOG_LENGTH, listen

PASSWORD = "bench"
LINES = 8


def main() -> int:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mailboxes", type=int, required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--delay-ms", type=int, default=0)
    given = parser.parse_args()
    server = Exchange(filled(given.mailboxes, given.items), password=PASSWORD, auth=("basic",))
    delay_s = given.delay_ms / 1000

    def handle(request: Request) -> Response:
        server.asked.clear()  # kept for tests; here it would only grow
        return replace(server.handle(request), delay_s=delay_s)

    assert LOG_LENGTH
    with listen(handle) as listener:
        sys.stdout.write(json.dumps({"url": listener.origin + PATH}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


def address(number: int) -> str:
    """The mail address of a mailbox."""
    return f"person{number}@bench.example"


def filled(mailboxes: int, items: int) -> Store:
    """Mailboxes with their items, all of the last ten days."""
    now = datetime.now(UTC).replace(microsecond=0)
    store = Store(lambda: datetime.now(UTC))
    for number in range(mailboxes):
        store.add_mailbox(address(number))
    for number in range(mailboxes):
        inbox = store.folder(address(number), "inbox")
        history = store.folder(address(number), "conversationhistory")
        for place in range(items):
            at = now - timedelta(minutes=20 + 280 * place + number)
            if place % 2:
                store.put(inbox, _voicemail(number, place, at), at)
            else:
                store.put(history, _copy(number, place, at, mailboxes), at)
    return store


def _voicemail(number: int, place: int, at: datetime) -> Post:
    phone = f"+4537{500_000 + (number * 53 + place * 7) % 400_000:06d}"
    key = f"AAv{number:05d}{place:05d}"
    return Post(
        id=key,
        item_class="IPM.Note.Microsoft.Voicemail.UM.CA",
        subject=f"Telefonsvarerbesked fra {phone}",
        body="<html><body><p>Hej, det er om min ansøgning; ring gerne tilbage.</p></body></html>",
        sender=Address(phone, phone),
        received=stamp(at),
        sent=stamp(at),
        created=stamp(at),
        internet_id=f"<{key}@bench.example>",
        properties=(("Integer 0x6801", "20"), ("String 0x6802", phone)),
        files=(File(f"{key}.a", "audio.mp3", "audio/mpeg", 20_000, lambda: b"sound"),),
        search_key="c2VhcmNo",
        at=at,
    )


def _copy(number: int, place: int, at: datetime, mailboxes: int) -> Post:
    """A conversation of an even person with the next odd one; both have a copy of it."""
    first = number - number % 2
    second = min(first + 1, mailboxes - 1)
    began = at.replace(second=0) + timedelta(minutes=number % 2 - LINES)
    names = [f"Person {first}", f"Person {second}"]
    words = [
        f"<div><b>{names[line % 2]} [{_clock(began, line)}]:</b></div>"
        f"<div>Linje {line} om sag nummer {place} af {first}</div>"
        for line in range(LINES)
    ]
    key = f"AAc{number:05d}{place:05d}"
    return Post(
        id=key,
        item_class="IPM.Note.Microsoft.Conversation",
        subject="Samtale",
        body=f"<html><body>{''.join(words)}</body></html>",
        sender=Address(names[0], address(first)),
        to=(Address(names[1], address(second)),),
        received=stamp(at),
        sent=stamp(at),
        created=stamp(at),
        internet_id=f"<{key}@bench.example>",
        search_key="c2VhcmNo",
        at=at,
    )


def _clock(began: datetime, line: int) -> str:
    """The copies are written in UTC, which the benchmark's configuration says."""
    return f"{began + timedelta(minutes=line):%H:%M}"


if __name__ == "__main__":
    sys.exit(main())
