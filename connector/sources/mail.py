"""Voicemail and missed-call notices, which reach a mailbox as mails.

Only mails that look like one are opened: of all others neither subject nor text is asked for.
Facts: Microsoft Graph, "message: delta", and Open Specifications MS-OXOUM and MS-OXCMAIL, read
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from connector.errors import CursorExpired, Denied, Gone, Rejected
from connector.http import Answer, Graph
from connector.identity import is_guest
from connector.model import Finding, Item, Page, Person, Problem
from connector.ports import Known
from connector.sources import rights, voicemail
from connector.sources.teams.windows import stamp
from connector.sources.voicemail import Letter, MailPage
from connector.typed import read_json

# Immutable ids survive a move to another folder; an ordinary id would make the mail a new one.
_IMMUTABLE = 'IdType="ImmutableId"'
HEADERS = {"Prefer": f"{_IMMUTABLE}, odata.maxpagesize=100"}
_DELTA_FIELDS = (
    "changeKey,internetMessageId,receivedDateTime,sentDateTime,from,replyTo,hasAttachments"
)
_FIELDS = f"{_DELTA_FIELDS},subject,body,internetMessageHeaders"
_PAGES = 20_000
_SAVE_EVERY = 20  # pages of ordinary mail between two saved cursors
_DEPTH = 12  # folders in folders; Exchange allows more, people do not make them


def _user(mailbox: str) -> str:
    return f"users/{quote(mailbox, safe='@')}"


def folders_request(mailbox: str, parent: str = "") -> str:
    """The folders of a mailbox, or those inside one of them."""
    inside = f"/{quote(parent, safe='')}/childFolders" if parent else ""
    return f"{_user(mailbox)}/mailFolders{inside}?$select=id,displayName,childFolderCount&$top=100"


def folder_request(mailbox: str, name: str) -> str:
    """One folder by its well-known name, which is the same in every language."""
    return f"{_user(mailbox)}/mailFolders/{quote(name, safe='')}?$select=id"


def delta_request(mailbox: str, folder: str, since: datetime) -> str:
    """The first page of a folder's changes. An extended property cannot be filtered on here."""
    return (
        f"{_user(mailbox)}/mailFolders/{quote(folder, safe='')}/messages/delta"
        f"?$select={_DELTA_FIELDS}&$expand={voicemail.EXPAND}"
        f"&$filter={quote(f'receivedDateTime ge {stamp(since)}', safe=':')}"
    )


def letter_request(mailbox: str, key: str) -> str:
    """One mail with its text and headers."""
    path = f"{_user(mailbox)}/messages/{quote(key, safe='')}"
    return f"{path}?$select={_FIELDS}&$expand={voicemail.EXPAND}"


def attachments_path(mailbox: str, key: str) -> str:
    """Where the attachments of a mail are."""
    return f"{_user(mailbox)}/messages/{quote(key, safe='')}/attachments"


class _Folder(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    child_folder_count: int | None = None


class _Folders(msgspec.Struct):
    value: list[_Folder]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


def parse_folders(answer: Answer) -> _Folders:
    """A page of folders."""
    return read_json(answer.body, _Folders)


def _parse_folder(answer: Answer) -> _Folder:
    return read_json(answer.body, _Folder)


class _Cursor(msgspec.Struct, omit_defaults=True):
    """`folders`: the link to go on with in each. `skip`: ids of folders that are not read.
    `inside`: how many folders each held when they were last listed, on the day `listed`."""

    folders: dict[str, str] = msgspec.field(default_factory=dict)
    skip: list[str] | None = None
    inside: dict[str, int] = msgspec.field(default_factory=dict)
    listed: str = ""


class Voicemail:
    """The mailboxes of everybody, and shared `mailboxes` beside them; a part is a mailbox.

    All folders but `folders_excluded` are read, because rules move such mails and they can fail
    the sender checks and land in Junk. A quiet mailbox costs one request for its folders and one
    for each.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        name: str = "mail.voicemail",
        mailboxes: Sequence[str] = (),
        folders_excluded: Sequence[str] = ("drafts", "sentitems", "outbox", "syncissues"),
        initial_days: int = 30,
        since: datetime | None = None,
        max_audio_mb: int = 25,
    ) -> None:
        self.name = name
        self._graph = graph
        self._mailboxes = tuple(mailboxes)
        self._excluded = tuple(word.lower() for word in folders_excluded)
        self._initial = timedelta(days=initial_days)
        self._start = since
        self._max_bytes = max_audio_mb << 20

    def check(self) -> list[Finding]:
        """The folders of one mailbox and one mail's text. The right needed is Mail.Read."""

        def attempt() -> None:
            path = "users?$select=id&$filter=accountEnabled%20eq%20true&$top=1"
            mailbox = next(iter(self._mailboxes), "")
            if not mailbox:
                try:
                    mailbox = self._graph.ask(path, rights.first_id, service="directory")
                except Rejected:
                    path = "users?$select=id&$top=1"
                    mailbox = self._graph.ask(path, rights.first_id, service="directory")
            if mailbox:
                # Mail.ReadBasic.All would list mails too, but not open them.
                path = f"{_user(mailbox)}/messages?$select=id,body&$top=1"
                self._graph.get(path, service="mail", headers=HEADERS, mailbox=mailbox)

        return rights.check(self._graph, self.name, rights.MAIL, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        """Mailboxes of people, closed accounts included: a shared mailbox is one of those."""
        own = [p.id for p in people if p.mail and not p.is_removed and not is_guest(p.upn)]
        return list(dict.fromkeys([*own, *self._mailboxes]))

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Telephone messages that came since the cursor, folder by folder."""
        reading = _Reading(self, self._graph, part, _state(cursor), known)
        try:
            yield from reading.pages()
        except (Denied, Gone, Rejected) as error:
            if rights.concerns_all(error):
                raise
            problem = Problem(source=self.name, part=part, key="", reason=str(error), scope="part")
            yield Page(source=self.name, part=part, items=(problem,))

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of an attachment."""
        mailbox = ref.split("/", 2)[1] if ref.startswith("users/") else ref
        headers = {"Prefer": _IMMUTABLE}
        return self._graph.stream(f"{ref}/$value", "mail", headers, mailbox)

    @property
    def in_flight(self) -> int:
        return self._graph.in_flight("mail")

    def first_day(self, now: datetime) -> datetime:
        """From when a folder is read that has no link yet."""
        return self._start or now - self._initial

    def is_excluded(self, folder_name: str) -> bool:
        """Whether the name that people see is on the list."""
        return folder_name.lower() in self._excluded

    @property
    def excluded(self) -> tuple[str, ...]:
        return self._excluded

    @property
    def max_bytes(self) -> int:
        return self._max_bytes


class _Reading:
    """One pass over one mailbox."""

    def __init__(
        self, source: Voicemail, graph: Graph, mailbox: str, state: _Cursor, known: Known
    ) -> None:
        self._source, self._graph, self._mailbox = source, graph, mailbox
        self._state, self._known = state, known
        self._now = graph.server_now()

    def pages(self) -> Iterator[Page]:
        state = self._state
        folders = self._folders()
        state.folders = {key: state.folders.get(key, "") for key in folders}
        unsaved = 0
        for folder in folders:
            for page in self._folder(folder):
                items = self._items(page.letters) + list(page.problems)
                unsaved += 1
                if items or unsaved >= _SAVE_EVERY:
                    unsaved = 0
                    yield self._page(items)
        yield self._page([])

    def _page(self, items: list[Item | Problem]) -> Page:
        cursor = msgspec.json.encode(self._state).decode()
        return Page(source=self._source.name, part=self._mailbox, cursor=cursor, items=tuple(items))

    # -- folders ----------------------------------------------------------------------------

    def _folders(self) -> list[str]:
        """The ids of the folders to read. What lies deeper is listed again once a day, or sooner
        when a top folder holds more or fewer folders than before."""
        state = self._state
        if state.skip is None:
            state.skip = self._skipped()
        today = self._now.date().isoformat()
        is_new_day, state.listed = state.listed != today, today
        found: dict[str, None] = {}
        for folder in self._list(""):
            if self._wanted(folder):
                found[folder.id] = None
                count = folder.child_folder_count or 0
                if count and (is_new_day or state.inside.get(folder.id) != count):
                    found.update(dict.fromkeys(self._inside(folder.id, 1)))
                state.inside[folder.id] = count
        if not is_new_day:
            found.update(dict.fromkeys(state.folders))
        return list(found)

    def _inside(self, parent: str, depth: int) -> Iterator[str]:
        for folder in self._list(parent):
            if self._wanted(folder):
                yield folder.id
                if folder.child_folder_count and depth < _DEPTH:
                    yield from self._inside(folder.id, depth + 1)

    def _wanted(self, folder: _Folder) -> bool:
        is_skipped = folder.id in (self._state.skip or ())
        return not is_skipped and not self._source.is_excluded(folder.display_name or "")

    def _list(self, parent: str) -> Iterator[_Folder]:
        link, seen = folders_request(self._mailbox, parent), set[str]()
        while link and link not in seen:
            seen.add(link)
            page = self._graph.ask(
                link, parse_folders, service="mail", headers=HEADERS, mailbox=self._mailbox
            )
            yield from page.value
            link = page.next or ""

    def _skipped(self) -> list[str]:
        """The ids behind the well-known names that are excluded; asked once for each mailbox."""
        skipped = []
        for name in self._source.excluded:
            if not name.isalpha():
                continue  # a name that people gave; compared as it is shown
            try:
                path = folder_request(self._mailbox, name)
                found = self._graph.ask(
                    path, _parse_folder, service="mail", headers=HEADERS, mailbox=self._mailbox
                )
            except (Gone, Rejected):
                continue  # this mailbox has none
            skipped.append(found.id)
        return skipped

    # -- mails ------------------------------------------------------------------------------

    def _folder(self, folder: str) -> Iterator[MailPage]:
        """The changes of one folder. A link that has died means a dated full reading of it."""
        # The server's day, known by now from its answers: the link keeps this bound for good, and
        # a local clock that is ahead would leave out all that is older.
        first_day = self._source.first_day(self._graph.server_now())
        fresh = delta_request(self._mailbox, folder, first_day)
        link, seen = self._state.folders.get(folder) or fresh, set[str]()
        while True:
            try:
                page = self._graph.ask(
                    link,
                    self._parse,
                    service="mail",
                    headers=HEADERS,
                    mailbox=self._mailbox,
                )
            except (CursorExpired, Rejected, Gone) as error:
                if link != fresh and not isinstance(error, Gone):
                    link = fresh
                    seen.clear()
                    continue
                self._state.folders.pop(folder, None)
                if not isinstance(error, Gone):
                    yield MailPage(problems=(self._problem("", f"folder not readable: {error}"),))
                return  # a folder that is gone was deleted, or its mailbox was moved
            seen.add(link)
            self._state.folders[folder] = page.next or page.delta or ""
            if page.next in seen or len(seen) >= _PAGES:
                self._state.folders[folder] = ""
                text = "the server's next link leads back to a page already read"
                yield msgspec.structs.replace(page, problems=(self._problem("", text),))
                return
            yield page
            if not page.next:
                return
            link = page.next

    def _parse(self, answer: Answer) -> MailPage:
        return voicemail.parse_page(self._source.name, self._mailbox, answer)

    def _items(self, letters: Sequence[Letter]) -> list[Item | Problem]:
        """The telephone messages among the mails, those the ledger lacks, opened."""
        maybe = [letter for letter in letters if voicemail.is_candidate(letter)]
        pairs = [(voicemail.key(letter), voicemail.version(letter)) for letter in maybe]
        old = self._known(self._mailbox, pairs) if pairs else set()
        found = []
        for letter, pair in zip(maybe, pairs, strict=True):
            item = self._open(letter) if pair not in old else None
            if item is not None:
                found.append(item)
        return found

    def _open(self, letter: Letter) -> Item | Problem | None:
        try:
            return self._item(letter)
        except Gone:
            return None  # deleted since it was listed
        except (Denied, Rejected, CursorExpired) as error:
            if rights.concerns_all(error):
                raise
            return self._problem(voicemail.key(letter), f"mail not readable: {error}")

    def _item(self, letter: Letter) -> Item | None:
        mailbox = self._mailbox
        whole, raw = self._graph.ask(
            letter_request(mailbox, letter.id),
            lambda answer: (voicemail.parse_letter(answer), answer.body),
            service="mail",
            headers=HEADERS,
            mailbox=mailbox,
        )
        path = attachments_path(mailbox, letter.id)
        files: list[voicemail.File] = []
        if letter.has_attachments:
            files = self._graph.ask(
                f"{path}?$select=id,name,contentType,size,isInline",
                voicemail.parse_files,
                service="mail",
                headers=HEADERS,
                mailbox=mailbox,
            )
        return voicemail.item(
            self._source.name, mailbox, letter, whole, files, raw, path, self._source.max_bytes
        )

    def _problem(self, key: str, reason: str) -> Problem:
        return Problem(source=self._source.name, part=self._mailbox, key=key, reason=reason)


def _state(cursor: str | None) -> _Cursor:
    try:
        return read_json(cursor or "{}", _Cursor)
    except msgspec.DecodeError:
        return _Cursor()
