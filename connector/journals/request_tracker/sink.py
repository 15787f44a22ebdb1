"""The sink side of Request Tracker: an entry is a comment on the case's ticket.

Text, transcript and files go in one request, and RT keeps them in one database transaction: an
entry is there with all its files or not at all. What RT says of a write proves nothing (seen: 201
"Comments added" on a full disk, and for a key it did not keep), so every write is read back.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.errors import CaseClosed, CaseLocked, Rejected, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.request_tracker import checking, entries, wire
from connector.journals.request_tracker.entries import Kept
from connector.journals.request_tracker.service import Service
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps


class RequestTrackerJournal:
    """Entries as comments. See docs/systems/request_tracker.md for what is written where."""

    def __init__(self, connection: Connection, words: Words, drafter: Drafter) -> None:
        self.name = connection.name
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            max_file_bytes=words.number("limits", "file_bytes"),
            in_flight=connection.in_flight,
        )
        self._service = Service(connection, words)
        self._words = words
        self._drafter = drafter
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Version, sign-in, names of the mapping, each right; writes on the case for trying out."""
        return checking.check_sink(self._service)

    def find(self, key: str, case_number: str) -> Receipt | None:
        """Three requests when there is an entry: tickets, comments of the key, their parts."""
        tickets = self._service.tickets(case_number)
        kept, _previous = self._look(tickets, key, "")
        return kept.receipt if kept is not None and kept.is_whole else None

    def put(
        self, entry: Entry, key: str, open_file: OpenFile, steps: Steps | None = None
    ) -> Receipt:
        """Five requests. `steps` holds the number of a comment that RT accepted."""
        draft = self._drafter.draft(entry, key, open_file, self.name)
        self._require_size(draft)
        with self._locks.hold(entry.case_number):
            tickets = self._service.tickets(entry.case_number)
            kept, previous = self._look(tickets, key, entry.previous_key)
            if kept is None:
                written = steps.load() if steps is not None else ""
                if written.isdigit() and self._service.is_hidden(int(written)):
                    # It was written, and cannot be seen: not a second time.
                    raise self._service.needs("ShowTicketComments")
                ticket = self._one_open(tickets, entry.case_number)
                kept = self._write(ticket, draft, open_file, previous, steps)
            if not kept.is_whole:
                raise entries.not_whole(self._service, kept)
            if kept.receipt.sha256 != draft.sha256:
                raise other_content(self.name, key)
            return kept.receipt

    def _look(
        self, tickets: Sequence[wire.Ticket], key: str, previous_key: str
    ) -> tuple[Kept | None, str]:
        """The entry of the key, and the address of the earlier version."""
        if not tickets:
            return None, ""
        keys = [each for each in (key, previous_key) if each]
        found = self._service.entries([ticket.number for ticket in tickets], keys)
        earlier = [
            self._service.ticket_url(int(each.object_id), each.number)
            for each in found
            if previous_key and each.first(self._service.key_field) == previous_key
        ]
        return entries.find_entry(self._service, found, key), next(iter(earlier), "")

    def _write(
        self,
        ticket: wire.Ticket,
        draft: Draft,
        open_file: OpenFile,
        previous: str,
        steps: Steps | None,
    ) -> Kept:
        limit = self._words.number("limits", "title")
        value = entries.comment(draft, open_file, self._service, limit, previous)
        written = self._service.comment(ticket.number, value)
        if steps is not None and written:
            steps.save(str(written))
        kept, _previous = self._look([ticket], draft.key, "")
        if kept is not None:
            return kept
        if not written:
            text = f"{self.name}: RT's answer names no comment; it is looked for there"
            raise Unclear(text, system=self.name)
        if self._service.is_hidden(written):
            raise self._service.needs("ShowTicketComments")
        text = (
            f"{self.name}: RT said that comment {written} was added and does not have it; look at "
            "its log, and whether its database or disk is full"
        )
        raise Unavailable(text, system=self.name)

    def _one_open(self, tickets: Sequence[wire.Ticket], number: str) -> wire.Ticket:
        """The ticket of the case, which may be written to."""
        if not tickets:
            where = ", ".join(self._service.queues)
            text = (
                f"{self.name}: there is no case {number} in the queue {where}, or it is hidden "
                "from the service account (ShowTicket, SeeCustomField); link the item elsewhere"
            )
            raise self._wrong_case(text)
        if len(tickets) > 1:
            which = ", ".join(str(ticket.number) for ticket in tickets)
            text = (
                f"{self.name}: case {number} stands on the tickets {which}; leave its number on "
                "one of them, or name fewer queues in mappings/request_tracker.toml"
            )
            raise self._wrong_case(text)
        (ticket,) = tickets
        if self._service.is_locked(ticket):
            text = (
                f"{self.name}: case {number} (ticket {ticket.number}) is {ticket.status}, which "
                "locks it; tried again later"
            )
            raise CaseLocked(text, system=self.name)
        if self._service.is_closed(ticket):
            text = (
                f"{self.name}: case {number} (ticket {ticket.number}) is {ticket.status}; reopen "
                "it or link the item to another case"
            )
            raise CaseClosed(text, system=self.name, field="case_number")
        if not ticket.may_comment:
            raise self._service.no_comment(ticket.number)
        return ticket

    def _wrong_case(self, text: str) -> Rejected:
        return Rejected(text, system=self.name, field="case_number")

    def _require_size(self, draft: Draft) -> None:
        limit = self._words.number("limits", "file_bytes")
        for number, file in enumerate(draft.files, 1):
            if file.size_bytes > limit:
                raise self._too_large(f"file {number} of the entry", file.size_bytes, "file_bytes")
        whole = sum(file.size_bytes for file in draft.files)
        if whole > self._words.number("limits", "entry_bytes"):
            raise self._too_large("all files of the entry together", whole, "entry_bytes")

    def _too_large(self, what: str, size_bytes: int, key: str) -> Rejected:
        text = (
            f"{self.name}: {what}: {size_bytes} bytes, more than {key} "
            f"({self._words.number('limits', key)}) in mappings/request_tracker.toml"
        )
        return Rejected(text, system=self.name, field="files")
