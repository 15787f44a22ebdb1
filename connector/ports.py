"""What the core asks of a foreign system, as protocols with their promises in words.

An adapter is one file (or package) named like its `kind`. Adapters do not import the ledger or each
other. Every protocol has one contract suite in tests/contracts/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Protocol

from connector.model import Capabilities, Case, Entry, Finding, Page, Person, Receipt

Known = Callable[[str, Sequence[tuple[str, str]]], set[tuple[str, str]]]
"""known(thread, [(key, version), ...]) -> those the ledger already holds for this source.

Lets a source skip the dear second request for what is kept already. Safe to call from any thread.
"""

OpenFile = Callable[[str], BinaryIO]
"""open_file(sha256) -> the bytes of an attachment, from the spool."""


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

    def check(self) -> list[Finding]:
        """Is it readable, how many cases, which columns or rights are missing."""

    def lookup(self, number: str) -> Case | None:
        """The case of exactly this canonical number, or None. A number is a proposal until now."""

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """Batches of cases that are new or changed since `cursor`, each with the cursor to keep.

        The last batch of a full listing carries the cursor; others None. Nothing is yielded when
        nothing changed. A case that disappeared from the register is not reported.
        """


class Sink(Protocol):
    """Where entries are journaled."""

    name: str
    capabilities: Capabilities

    def check(self) -> list[Finding]:
        """Is it reachable and writable, which right is missing."""

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of an earlier `put` of this key on this case, read back from the system."""

    def put(self, entry: Entry, key: str, open_file: OpenFile) -> Receipt:
        """Write the entry under the key. The key is stored there, so that `find` sees it.

        A second put of a known key writes nothing and returns the first receipt. Raises Rejected
        (with the field) or CaseClosed for this entry alone, Unclear when the answer was lost,
        Unavailable or Denied when the system as a whole cannot take it now.
        """
