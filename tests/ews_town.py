"""An Exchange server on loopback for the tests, with real exchangelib as its client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.model import Item, Page, Person, Problem
from connector.sandbox import build
from connector.sandbox.ews import PATH
from connector.sandbox.ews import Exchange as Server
from connector.sandbox.ews_store import Address, File, Mailbox, Post, Store, stamp, store_of
from connector.sandbox.municipality import Municipality
from connector.sandbox.server import Listener
from connector.sources.exchange import Access, Client, Exchange
from tests.contracts.source import nothing_known

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Copenhagen")
ANNA, BENT = "anna.hansen@nordvang.example", "bent.olsen@nordvang.example"
PHONE = "+4537000001"
CLASS = "IPM.Note.Microsoft.Voicemail.UM.CA"


def people_of(town: Municipality) -> list[Person]:
    """The directory as the ledger would know it."""
    return [
        Person(id=each.key, upn=each.upn, mail=each.upn, name=each.name, phones=(each.phone,))
        for each in (*town.staff, *town.shared)
    ]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.passed_s = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s - 1000.0)


@dataclass
class Town:
    """A running server, and what reads it."""

    server: Server
    listener: Listener
    clock: Clock
    made: list[Client] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.server.store

    @property
    def url(self) -> str:
        return self.listener.origin + PATH

    def access(self, **changes: Any) -> Access:
        user, password = f"KOMMUNE\\{self.server.user}", self.server.password
        told: dict[str, Any] = {"name": "exchange", "url": self.url, "auth": "basic"}
        return Access(**{**told, "user": user, "password": password, **changes})

    def client(self, token: Any = None, **changes: Any) -> Client:
        made = Client(
            self.access(**changes),
            token=token,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
        )
        self.made.append(made)
        return made

    def source(self, client: Client | None = None, **settings: Any) -> Exchange:
        return Exchange(
            client or self.client(), **{"zone": ZONE, "clock": self.clock.now, **settings}
        )

    def asked(self, operation: str = "") -> int:
        return sum(operation in ("", call.operation) for call in self.server.asked)


@contextmanager
def serving(store: Store | None = None, *, tls: bool = False, **settings: Any) -> Iterator[Town]:
    """A server with these mailboxes; without any, Anna's and Bent's, empty."""
    clock = Clock()
    if store is None:
        store = Store(clock.now)
        for address in (ANNA, BENT):
            store.add_mailbox(address)
    server = Server(store, **settings)
    with server.serve(tls=tls) as listener:
        town = Town(server, listener, clock)
        yield town
        for client in town.made:
            client.close()


def whole_town(users: int = 12, days: int = 9) -> tuple[Municipality, Store]:
    """The municipality, and its mailboxes."""
    town = build(seed=3, users=users, days=days, now=START)
    return town, store_of(town)


def voicemail(number: int = 1, **changes: Any) -> Post:
    """A voicemail as Exchange shows it."""
    at = START - timedelta(days=1, minutes=number)
    told: dict[str, Any] = {
        "id": f"AAMk{number:04d}",
        "item_class": CLASS,
        "subject": "Telefonbesked",
        "body": "<html><body><p>Hej, det er om 27.45.04-P19-12-24</p></body></html>",
        "sender": Address(PHONE, PHONE),
        "received": stamp(at),
        "sent": stamp(at),
        "created": stamp(at),
        "internet_id": f"<{number}@k.example>",
        "search_key": "c2VhcmNo" + f"{number:04d}",
        "properties": (("Integer 0x6801", "20"), ("String 0x6802", PHONE)),
        "files": (sound(f"a{number}"),),
        "at": at,
    }
    return Post(**{**told, **changes})


def sound(key: str, name: str = "audio.mp3", size: int = 900, data: bytes = b"sound") -> File:
    """A recording."""
    return File(key, name, "audio/mpeg", size, lambda: data)


def conversation(number: int, body: str, *, saved: datetime, owner: str = ANNA) -> Post:
    """A copy of a conversation that Anna began with Bent."""
    return Post(
        id=f"AAMkC{number:04d}",
        item_class="IPM.Note.Microsoft.Conversation",
        subject="Samtale",
        body=body,
        sender=Address("Anna Hansen", ANNA),
        to=(Address("Bent Olsen", BENT),),
        received=stamp(saved),
        sent=stamp(saved),
        created=stamp(saved),
        internet_id=f"<c{number}.{owner}>",
        at=saved,
    )


def put(town: Town, *posts: Post, folder: str = "inbox", mailbox: str = ANNA) -> Mailbox:
    """Put items into a folder."""
    for post in posts:
        town.store.put(town.store.folder(mailbox, folder), post)
    return town.store.mailboxes[mailbox]


def read(
    source: Exchange, mailbox: str = ANNA, cursor: str | None = None, known: Any = nothing_known
) -> list[Page]:
    """One pass over a mailbox."""
    return list(source.changes(mailbox, cursor, known))


def found(pages: Sequence[Page]) -> list[Item | Problem]:
    """What the pages hold."""
    return [each for page in pages for each in page.items]


def items(pages: Sequence[Page]) -> list[Item]:
    """The items, of which none could not be read."""
    assert not [each for each in found(pages) if isinstance(each, Problem)]
    return [each for each in found(pages) if isinstance(each, Item)]


def problems(pages: Sequence[Page]) -> list[Problem]:
    """What could not be read."""
    return [each for each in found(pages) if isinstance(each, Problem)]


def known_of(pages: Sequence[Page]) -> Any:
    """A ledger that holds these pages."""
    have = {(i.thread, i.key, i.version) for i in found(pages) if isinstance(i, Item)}

    def known(thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        return {pair for pair in pairs if (thread, *pair) in have}

    return known
