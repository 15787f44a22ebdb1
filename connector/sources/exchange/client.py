"""What is asked of an Exchange server: folders, changes, items, recordings."""

from __future__ import annotations

import time
import xml.sax
from collections.abc import Callable, Iterator

from exchangelib import errors as ews
from exchangelib.attachments import AttachmentId
from exchangelib.services import GetAttachment
from exchangelib.util import ElementNotFound

from connector.errors import Gone, Rejected
from connector.sources.exchange import asking, wire
from connector.sources.exchange.access import Access
from connector.sources.exchange.library import (
    LINE,
    FindFolder,
    GetFolder,
    GetItem,
    Service,
    SyncFolderItems,
)
from connector.sources.exchange.line import ATTEMPTS, WAITS_S, Line
from connector.sources.exchange.refusals import AWAY, GONE, PASSING, Refusal, told


class Client:
    """One Exchange server. Safe from many threads; each uses a connection of its own."""

    def __init__(
        self,
        access: Access,
        *,
        token: Callable[[bool], str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.line = Line(access, token=token, monotonic=monotonic, sleep=sleep)
        self._access, self._sleep = access, sleep

    @property
    def is_impersonating(self) -> bool:
        """Whether mailboxes are read as their owners."""
        return self._access.access == "impersonation"

    def close(self) -> None:
        """Give the connections back."""
        self.line.close()

    def begin(self) -> None:
        """A new run: the password may have been put right since the last one."""
        self.line.begin()

    def sign_in(self) -> None:
        """Sign in and learn the server's version. Raises Denied or Unavailable."""
        self.begin()
        self.line.patiently(lambda: None)

    def folders(self, mailbox: str) -> list[wire.Folder]:
        """All folders of a mailbox. Raises Refusal, and our errors as `ask` does."""
        found: list[wire.Folder] = []
        offset: int | None = 0
        while offset is not None and offset >= len(found):
            request = asking.folders_request(self._named(mailbox), offset)
            rows, offset = wire.parse_folders(self._only(mailbox, FindFolder, request))
            found += rows
        return found

    def changes(self, mailbox: str, folder: str, state: str) -> wire.Changes:
        """A page of a folder's changes."""
        request = asking.sync_request(folder, state)
        return wire.parse_changes(self._only(mailbox, SyncFolderItems, request))

    def items(self, mailbox: str, ids: list[str]) -> list[wire.Element]:
        """A response message for each id."""
        return self.ask(mailbox, GetItem, asking.items_request(ids))

    def root(self, mailbox: str) -> None:
        """Whether the mailbox can be opened at all."""
        self._only(mailbox, GetFolder, asking.root_request(self._named(mailbox)))

    def _named(self, mailbox: str) -> str:
        """A delegate names the mailbox in the request; who impersonates is already in it."""
        return "" if self.is_impersonating else mailbox

    def _only(self, mailbox: str, service: type[Service], payload: wire.Element) -> wire.Element:
        """The one message of an answer."""
        for attempt in range(ATTEMPTS):
            messages = self.ask(mailbox, service, payload)
            if not messages:
                raise Refusal("no response message")
            code, text = wire.code_of(messages[0])
            if code == "NoError":
                return messages[0]
            if code not in PASSING or attempt == ATTEMPTS - 1:
                raise Refusal(code, text)
            self._sleep(WAITS_S[attempt])
        raise AssertionError("unreachable")

    def ask(
        self, mailbox: str, service: type[Service], payload: wire.Element
    ) -> list[wire.Element]:
        """The response messages to a request, after the waits that the server asked for.

        Raises Refusal when Exchange refuses the request as a whole, Denied when nobody's can be
        read (wrong password, EWS closed, Exchange Online), Throttled or Unavailable.
        """
        answer: list[wire.Element] = self.line.patiently(
            lambda: service(account=self.line.mailbox(mailbox)).ask(payload), mailbox
        )
        return answer

    def stream(self, mailbox: str, attachment: str) -> Iterator[bytes]:
        """The bytes of an attachment. Raises Gone, Denied, Throttled, Unavailable or Rejected."""
        try:
            first = self.line.patiently(lambda: self._begin(mailbox, attachment), mailbox)
            yield from first
        except Refusal as error:
            if error.code in AWAY:
                raise self.line.unavailable(f"{mailbox}: {told(error.code)}") from error
            text = f"{self.line.system}: the attachment is not to be had ({error.code})"
            if error.code in GONE or error.code.startswith("ErrorInvalid"):
                raise Gone(text, system=self.line.system) from error
            raise Rejected(text, system=self.line.system) from error

    def _begin(self, mailbox: str, attachment: str) -> Iterator[bytes]:
        """The stream with its first bytes read, so that a refusal shows before they are given."""
        service = GetAttachment(account=self.line.mailbox(mailbox))
        service.timeout = self._access.timeout_s
        stream = service.stream_file_content(AttachmentId(id=attachment))
        try:
            first = next(stream, b"")
        except (ews.ErrorServerBusy, ews.ErrorTimeoutExpired):
            raise  # a pause, or a line that broke
        except ews.ResponseMessageError as error:
            raise Refusal(type(error).__name__) from error
        except ElementNotFound as error:
            raise Refusal("ErrorItemNotFound") from error  # no bytes, and no reason
        return self._rest(first, stream)

    def _rest(self, first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
        yield first
        try:
            yield from stream
        except (*LINE, xml.sax.SAXException) as error:
            raise self.line.unavailable("the line broke in an attachment") from error
