"""What an Exchange server of the sandbox holds: mailboxes, their folders, posts, and every change.

Filled from the one municipality: the mails that Graph shows too, and Conversation History as the
participants' clients saved it.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from connector.sandbox import ews_history, graph_mail, wire
from connector.sandbox.municipality import Municipality
from connector.sandbox.world import Mail, Staff

TICKS_A_SECOND = 10_000_000
FOLDERS = (  # distinguished name, Danish display name, class, parent
    ("inbox", "Indbakke", "IPF.Note", "msgfolderroot"),
    ("drafts", "Kladder", "IPF.Note", "msgfolderroot"),
    ("sentitems", "Sendt post", "IPF.Note", "msgfolderroot"),
    ("deleteditems", "Slettet post", "IPF.Note", "msgfolderroot"),
    ("outbox", "Udbakke", "IPF.Note", "msgfolderroot"),
    ("junkemail", "Uønsket mail", "IPF.Note", "msgfolderroot"),
    ("archive", "Arkiv", "IPF.Note", "msgfolderroot"),
    ("voicemail", "Telefonbeskeder", "IPF.Note", "inbox"),
    ("conversationhistory", "Samtalehistorik", "IPF.Note", "msgfolderroot"),
    ("calendar", "Kalender", "IPF.Appointment", "msgfolderroot"),
    ("contacts", "Kontakter", "IPF.Contact", "msgfolderroot"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as a mail names it."""

    name: str
    address: str
    routing: str = "SMTP"


@dataclass(frozen=True, slots=True)
class File:
    """An attachment. `size_bytes` is what the server says, which counts its properties too."""

    id: str
    name: str
    content_type: str
    size_bytes: int
    content: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One item as EWS shows it. Times are texts, because servers write odd ones; None is absent."""

    id: str
    item_class: str
    subject: str | None = None
    body: str = ""
    body_type: str = "HTML"
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    received: str | None = None
    sent: str | None = None
    created: str | None = None
    internet_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()  # by Graph's id of the property
    files: tuple[File, ...] = ()
    has_attachments: bool | None = None  # None: tell the truth
    search_key: str = ""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)  # visible from then on
    is_broken: bool = False  # the server cannot convert it


@dataclass(slots=True)
class Folder:
    """A folder: what is in it now by item id, and what changed, oldest first."""

    id: str
    name: str
    item_class: str
    parent: str
    is_search: bool = False
    posts: dict[str, Post] = field(default_factory=dict)
    log: list[tuple[int, str, str, datetime]] = field(default_factory=list)  # number, what, id, at


@dataclass(slots=True)
class Mailbox:
    """One mailbox. `state` is "" when it answers, else the error code that it answers with."""

    address: str
    owner: Staff | None
    folders: dict[str, Folder] = field(default_factory=dict)
    state: str = ""


class Store:
    """All mailboxes. Every change has a number; safe from many threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.mailboxes: dict[str, Mailbox] = {}
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    # -- making ------------------------------------------------------------------------------------

    def add_mailbox(self, address: str, owner: Staff | None = None) -> Mailbox:
        """A mailbox with the usual folders, in Danish."""
        box = Mailbox(address=address.lower(), owner=owner)
        for name, shown, item_class, parent in FOLDERS:
            folder = Folder(
                id=self.folder_id(box, name),
                name=shown,
                item_class=item_class,
                parent=self.folder_id(box, parent),
            )
            box.folders[folder.id] = folder
        finder = Folder(
            id=self.folder_id(box, "finder"),
            name="Telefonbeskeder",
            item_class="IPF.Note.Microsoft.Voicemail",
            parent=self.folder_id(box, "msgfolderroot"),
            is_search=True,
        )
        box.folders[finder.id] = finder
        self.mailboxes[box.address] = box
        return box

    @staticmethod
    def folder_id(box: Mailbox, name: str) -> str:
        """The opaque id of a folder."""
        text = f"{box.address}/{name}".encode()
        return "AAMkF" + base64.urlsafe_b64encode(text).decode().rstrip("=")

    def folder(self, address: str, name: str) -> Folder:
        """A folder by the name that programs know, or by its id."""
        box = self.mailboxes[address.lower()]
        return box.folders.get(name) or box.folders[self.folder_id(box, name)]

    # -- changing ----------------------------------------------------------------------------------

    def put(self, folder: Folder, post: Post, at: datetime | None = None) -> Post:
        """A new item in a folder."""
        with self.lock:
            folder.posts[post.id] = post
            folder.log.append((next(self._numbers), "create", post.id, at or self.clock()))
        return post

    def change(self, folder: Folder, post: Post) -> None:
        """The item has changed; also when somebody only read it."""
        with self.lock:
            folder.posts[post.id] = post
            folder.log.append((next(self._numbers), "update", post.id, self.clock()))

    def read(self, folder: Folder, item: str) -> None:
        """Somebody opened the item."""
        with self.lock:
            folder.log.append((next(self._numbers), "read", item, self.clock()))

    def delete(self, folder: Folder, item: str) -> Post:
        """The item is gone from the folder."""
        with self.lock:
            post = folder.posts.pop(item)
            folder.log.append((next(self._numbers), "delete", item, self.clock()))
            return post

    def move(self, source: Folder, item: str, target: Folder) -> Post:
        """A delete here and a create there, with a new item id."""
        with self.lock:
            post = self.delete(source, item)
            return self.put(target, replace(post, id=f"{post.id}M{next(self._numbers)}"))

    # -- looking -----------------------------------------------------------------------------------

    def posts(self) -> Iterator[tuple[Mailbox, Folder, Post]]:
        """Every item there is."""
        for box in self.mailboxes.values():
            for folder in box.folders.values():
                for post in list(folder.posts.values()):
                    yield box, folder, post

    def find(self, box: Mailbox, item: str) -> tuple[Folder, Post] | None:
        """An item by its id."""
        for folder in box.folders.values():
            post = folder.posts.get(item)
            if post is not None and post.at <= self.clock():
                return folder, post
        return None


def stamp(at: datetime) -> str:
    """A time as Exchange writes it: whole seconds and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def store_of(town: Municipality, clock: Callable[[], datetime] | None = None) -> Store:
    """The mailboxes of a municipality, shared ones too, as an Exchange 2010 would hold them."""
    made = Store(clock or (lambda: town.now))
    for person in (*town.staff, *town.shared):
        made.add_mailbox(person.upn, person)
    for mail in town.mails:
        owner = town.person[mail.mailbox]
        made.put(made.folder(owner.upn, mail.folder), post_of(mail, owner), mail.at)
    for saved in ews_history.copies(town):
        folder = made.folder(saved.owner.upn, "conversationhistory")
        made.put(folder, _post_of_copy(saved), saved.ended)
    return made


def post_of(mail: Mail, owner: Staff) -> Post:
    """A mail of the municipality as EWS shows it."""
    sent = mail.at - timedelta(seconds=2)
    return Post(
        id=mail.key,
        item_class=mail.message_class,
        subject=mail.subject,
        body=mail.body,
        sender=Address(mail.sender_name, mail.sender_mail),
        to=(Address(owner.name.strip(), owner.upn),),
        reply_to=(Address("", mail.reply_to),) if mail.reply_to else (),
        received=stamp(mail.at),
        sent=stamp(sent),
        created=stamp(mail.at),
        internet_id=mail.internet_id,
        headers=mail.headers,
        properties=(*mail.properties, *_from_headers(mail)),
        files=tuple(_files(mail)),
        search_key=_search_key(mail.internet_id),
        at=mail.at,
    )


def _from_headers(mail: Mail) -> Iterator[tuple[str, str]]:
    """Exchange keeps the Content-Class header as a named property too."""
    for name, value in mail.headers:
        if name.lower() == "content-class":
            yield "String {00020386-0000-0000-c000-000000000046} Name content-class", value


def _files(mail: Mail) -> Iterator[File]:
    for key, name, content_type, _is_sound in wire.attachments(mail):
        size = 150 + (mail.sound.seconds * 1000 if mail.sound else 500)

        def content(key: str = key) -> bytes:
            return graph_mail.content(mail, key)

        yield File(f"{mail.key}.{key}", name, content_type, size, content)


def _post_of_copy(saved: ews_history.Saved) -> Post:
    key = f"<{saved.key}@lync.nordvang.example>"
    others = [each for each in saved.members if each is not saved.starter]
    return Post(
        id="AAMkC" + hashlib.blake2b(saved.key.encode(), digest_size=15).hexdigest(),
        item_class="IPM.Note.Microsoft.Conversation",
        subject="Samtale med " + ", ".join(p.name for p in saved.members if p is not saved.owner),
        body=saved.body,
        sender=Address(saved.starter.name, saved.starter.upn),
        to=tuple(Address(each.name, each.upn) for each in others),
        received=stamp(saved.ended),
        sent=stamp(saved.ended),
        created=stamp(saved.ended),
        internet_id=key,
        search_key=_search_key(key),
        at=saved.ended,
    )


def _search_key(text: str) -> str:
    return base64.b64encode(hashlib.blake2b(text.encode(), digest_size=16).digest()).decode()


def latest(folder: Folder, now: datetime) -> tuple[int, str]:
    """(how many items, when the folder last changed as the server stamps it), as seen at `now`."""
    count = sum(post.at <= now for post in folder.posts.values())
    seen = [at for _number, what, _id, at in folder.log if at <= now and what != "delete"]
    if not seen:
        return count, "1601-01-01T00:00:00Z"
    number = max(number for number, _what, _id, at in folder.log if at <= now)
    return count, f"{max(seen):%Y-%m-%dT%H:%M:%S}.{number % TICKS_A_SECOND:07d}Z"


def changes_after(
    folder: Folder, number: int, now: datetime
) -> Sequence[tuple[int, str, str, datetime]]:
    """What happened in the folder after a change, oldest first, as far as it is visible."""
    return [row for row in folder.log if row[0] > number and row[3] <= now]
