"""What the core asks of a foreign system, as protocols with their promises in words.

An adapter is one file (or package) named like its `kind`. Adapters do not import the ledger or each
other. Every protocol has one contract suite in tests/contracts/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from connector.article import ArticlePage, LivePage, Signal
from connector.model import Capabilities, Case, Entry, Finding, Page, Person, Presence, Receipt

Known = Callable[[str, Sequence[tuple[str, str]]], set[tuple[str, str]]]
"""known(thread, [(key, version), ...]) -> those the ledger already holds for this source.

Lets a source skip the dear second request for what is kept already. Safe to call from any thread.
"""

OpenFile = Callable[[str], BinaryIO]
"""open_file(sha256) -> the bytes of an attachment, from the spool."""


class Steps(Protocol):
    """What a sink must remember of one delivery on its way, such as an address that is used once.

    It outlives a crash of ours: what was saved is there when the same key is put again.
    """

    def load(self) -> str:
        """What was saved last for this key; "" at first."""

    def save(self, text: str) -> None:
        """Keep `text` for this key. Durable when it returns; no content of the entry in it."""


class NoSteps:
    """For a sink that needs to remember nothing, and for tests: kept as long as the object."""

    def __init__(self) -> None:
        self.text = ""

    def load(self) -> str:
        """What was saved last."""
        return self.text

    def save(self, text: str) -> None:
        """Keep it in memory."""
        self.text = text


class Source(Protocol):
    """Something that communications are read from. All methods may be called from many threads."""

    name: str  # unique in the configuration: "teams.chats"

    def check(self) -> list[Finding]:
        """Is it reachable, which permission is missing and how to grant it, which is too much."""

    def parts(self, people: Sequence[Person]) -> list[str]:
        """The independent parts (a mailbox, a user's chats), each with a cursor of its own.

        Parts are read in parallel; one part is read by one thread at a time. `people` is the
        directory as the ledger knows it. May ask the remote system.
        """

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """Pages of changes of one part since `cursor`, None meaning from the configured start.

        A page's cursor is safe to keep once its items are kept; reading again from any page's
        cursor yields the rest (or more), never fewer. An item that cannot be read is a `Problem`
        in its place. A part that is refused (403, 404) is one `Problem` of scope "part", no error.
        Raises Throttled or Unavailable when this part must wait for the next run, Denied when
        nobody's parts can be read, CursorExpired when the whole cursor is useless.
        """

    def content(self, ref: str) -> Iterator[bytes]:
        """The bytes of an attachment, in chunks. Raises Gone when it no longer exists."""

    @property
    def in_flight(self) -> int:
        """How many parts are worth reading at once just now (latency times the rate budget)."""


class CaseRegister(Protocol):
    """Where the cases are."""

    name: str
    can_list: bool

    def check(self) -> list[Finding]:
        """Is it readable, how many cases, which columns or rights are missing."""

    def lookup(self, number: str) -> Case | None:
        """The case of exactly this canonical number, or None. A number is a proposal until now."""

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """Batches of cases that are new or changed since `cursor`, each with the cursor to keep.

        The last batch of a full listing carries the cursor; others None. Nothing is yielded when
        nothing changed. A case that disappeared from the register is not reported. A register that
        cannot list (`can_list` is false) yields nothing, and is asked by `lookup` alone.
        """


class Sink(Protocol):
    """Where entries are journaled."""

    name: str
    capabilities: Capabilities

    def check(self) -> list[Finding]:
        """Is it reachable and writable, which right is missing."""

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of an earlier `put` of this key on this case, read back from the system."""

    def put(
        self, entry: Entry, key: str, open_file: OpenFile, steps: Steps | None = None
    ) -> Receipt:
        """Write the entry under the key. The key is stored there, so that `find` sees it.

        A second put of a known key writes nothing and returns the first receipt; one that was cut
        short goes on where it stopped (`steps` holds what cannot be read back). Called from several
        threads, never twice at once for one case. Raises Rejected (with the field) or CaseClosed
        for this entry alone, CaseLocked when its case is locked for now, Unclear when the answer
        was lost, Unavailable or Denied when the system as a whole cannot take it now.
        """


class Published(Protocol):
    """What a showing of presences changed."""

    @property
    def made(self) -> int:
        """New rows."""

    @property
    def changed(self) -> int:
        """Rows that tell something else now."""

    @property
    def removed(self) -> int:
        """Rows of people who are gone."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why rows were refused."""


class PresenceList(Protocol):
    """Where the present state of everybody is shown, and never a history."""

    name: str

    def check(self) -> list[Finding]:
        """Is it reachable and writable."""

    def publish(self, presences: Sequence[Presence], people: Sequence[Person]) -> Published:
        """Let it hold these presences and nothing else. Errors as for a sink."""


Address = Callable[[str], str | None]
"""address(article id) -> the live address of another article on this site; None: not there yet."""


class Publisher(Protocol):
    """Where knowledge articles are shown. One writer at a time for one site."""

    name: str
    audience: str
    """Whom this site is for: citizen shows citizens' sections alone, staff everything for staff."""

    def check(self) -> list[Finding]:
        """Is it reachable and writable, is our add-on there, which right is missing."""

    def pages(self) -> Iterator[LivePage]:
        """Every page of ours, told by the article id that the site keeps with it, withdrawn too.

        Cheap: `version` and `digest` are filled where one listing gives them, `html` is not.
        """

    def read(self, live: LivePage) -> LivePage:
        """The page as it is now, with `fingerprint` and `html`. Raises Gone when it is not there.

        The fingerprint is of what readers see (title, summary, text, files), not of the markup
        that the site adds; reading twice gives the same one, and so does `put` that changed
        nothing.
        """

    @property
    def at_once(self) -> int:
        """How many new pages `make` takes now; 1 where each is better made by its own `put`."""

    def make(self, pages: Sequence[ArticlePage], address: Address) -> Mapping[str, str]:
        """Make new pages in one step; gives the addresses of those that were made, by their ids.

        Only a shorter way to what `put` does: each is put afterwards, made or not, and that says
        what became of it. Pages made together have their links to each other. A page of an article
        that is on the site already is not made; nor is one that the site refuses, and why is told
        by its `put`. Raises as `put` when the site does not answer: of what was under way all is
        there or nothing, and a later `put` of each finds it.
        """

    def put(
        self, page: ArticlePage, before: LivePage | None, open_file: OpenFile, address: Address
    ) -> LivePage:
        """Make the page, or change it, so that it shows `page`; what it returns is read back.

        `before` is the page as it was when this was planned. Safe to repeat: a page that a run
        which was cut short has made is found by its id, never made twice. Files come first, the
        page's text last, so that nobody sees half of it. Raises PageEdited when somebody changed
        the page since `before` (or deleted it), also while its files came; PageLocked when an
        editor holds it, Rejected when the site does not take it (an address taken by a page that
        is not ours: field "id"), else as a sink. Before `effective` it stands there as a draft
        that no reader reaches, from `expires` on as withdrawn: a later put of the same page shows
        it when it is time. A link to an article without an address is plain text until a later
        put finds its address.
        """

    def withdraw(self, before: LivePage) -> LivePage:
        """Take the page from its readers; its address and its history stay. Errors as `put`."""

    def finish(self) -> None:
        """Bring up to date what the site shows of all pages: start page, search, list of changes.

        Called at the end of a run, also of one that changed nothing; writes nothing that is right
        already. A site that does this by itself does nothing. Errors as a sink.
        """

    def signals(self, since: str) -> Iterator[tuple[list[Signal], str]]:
        """Views, votes and searches since the cursor ("" at first), each batch with its cursor.

        A site that counts nothing yields nothing.
        """
