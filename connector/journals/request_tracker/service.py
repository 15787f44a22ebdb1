"""One RT: signing in, and the requests that sink, register and check have in common."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

import msgspec

from connector.errors import Denied, Gone, Rejected, RemoteError, Unavailable
from connector.journaling.connection import Connection
from connector.journaling.remote import Answer, Remote, SignIn
from connector.journaling.token import basic
from connector.journaling.words import Words
from connector.journals.request_tracker import vocabulary, wire

_API = "/REST/2.0"


class Service:
    """RT by its REST 2.0. `web` is the address that people use.

    Every method raises what `Remote` raises: Denied, Unavailable, Throttled, Rejected.
    """

    def __init__(self, connection: Connection, words: Words) -> None:
        vocabulary.require(words)
        self.name = connection.name
        self.words = words
        self.queues = words.list("queues", "names")
        self.number_field = words.text("fields", "case_number")
        self.key_field = words.text("fields", "key")
        self.proof_field = words.text("fields", "proof")
        self.closed = tuple(each.lower() for each in words.list("status", "closed"))
        self.locked = tuple(each.lower() for each in words.list("status", "locked"))
        self.web = connection.url.rstrip("/").removesuffix(_API)
        self.remote = Remote(
            self.web + _API,
            name=connection.name,
            sign_in=_sign_in(connection),
            refuse=self._refuse,
            ca_bundle=connection.ca_bundle,
            timeout_s=(10.0, connection.timeout_s),
            in_flight=connection.in_flight,
            adapter=connection.adapter,
        )

    def tickets(self, number: str) -> list[wire.Ticket]:
        """The tickets of exactly this case number, by their own number; as a rule at most one."""
        if not number.strip():
            return []
        query = wire.cases_query(self.queues, self.number_field, number)
        page = self.page(query)
        return [each for each in page.items if number in (each.values(self.number_field) or ())]

    def is_closed(self, ticket: wire.Ticket) -> bool:
        """Whether its state is among those that mean closed; RT's states know no upper case."""
        return ticket.status.lower() in self.closed

    def is_locked(self, ticket: wire.Ticket) -> bool:
        """Whether its state makes entries wait."""
        return ticket.status.lower() in self.locked

    def page(self, query: str) -> wire.Tickets:
        """The first hundred tickets of a query, by their own number."""
        asked = {"query": query, "per_page": str(wire.PER_PAGE), "orderby": "id"}
        return self.remote.json(
            "GET", "tickets", wire.Tickets, query={**asked, **wire.TICKET_FIELDS}
        )

    def entries(self, tickets: Sequence[int], keys: Sequence[str]) -> list[wire.Transaction]:
        """The comments on these tickets that may hold one of the keys, the oldest first."""
        asked = {
            "query": wire.entries_query(tickets, self.key_field, keys),
            "fields": "ObjectId,Created,CustomFields",
            "per_page": str(wire.PER_PAGE),
        }
        page = self.remote.json("GET", "transactions", wire.Transactions, query=asked)
        return sorted(page.items, key=lambda each: each.number)

    def attachments(self, transaction: int) -> list[wire.Attachment]:
        """The parts of a comment."""
        path = f"transaction/{transaction}/attachments"
        asked = {"fields": "Filename,ContentType,ContentLength", "per_page": str(wire.PER_PAGE)}
        found: list[wire.Attachment] = []
        for number in itertools.count(1):
            query = {**asked, "page": str(number)}
            items = self.remote.json("GET", path, wire.Attachments, query=query).items
            found += items
            if len(items) < wire.PER_PAGE:
                break
        return found

    def content(self, attachment: str | int) -> bytes:
        """The bytes of one part; empty when RT's answer holds none."""
        answer = self.remote.json("GET", f"attachment/{attachment}", wire.Content)
        try:
            return base64.b64decode(answer.content or "")
        except binascii.Error:
            return b""

    def queue(self, name: str) -> wire.QueueFields:
        """The custom fields of a queue. Denied when it is not there or may not be seen."""
        return self.remote.json("GET", f"queue/{quote(name, safe='')}", wire.QueueFields)

    def version(self) -> str:
        """ "5.0.3"."""
        return self.remote.json("GET", "rt", wire.About).version

    def comment(self, ticket: int, value: Mapping[str, object]) -> int:
        """Write a comment; its number, 0 when RT did not tell it. 201 proves nothing: read it back.

        Raises Unclear when the answer is lost, Denied without the right CommentOnTicket,
        Unavailable when RT cannot record it.
        """
        path = f"ticket/{ticket}/comment"
        headers = {"Content-Type": "application/json"}
        answer = self.remote.send("POST", path, body=msgspec.json.encode(value), headers=headers)
        if answer.status == 400:
            # In words of the account's language: "Permission Denied", "Message could not be
            # recorded" (a full disk). Whether it may comment, RT says in a way of its own.
            raise self._not_taken(ticket)
        if answer.status != 201 or answer.is_html:
            raise self._refuse(answer) or self.remote.refusal(answer)
        # The body is not read: with an unknown field in it, it is no UTF-8 (seen in 5.0.3).
        place = urlsplit(answer.headers.get("Location", "")).path.rpartition("/transaction/")[2]
        return int(place) if place.isdigit() else 0

    def is_hidden(self, transaction: int) -> bool:
        """Whether a transaction is there and may not be seen.

        Raises Unavailable or Denied when RT does not say: "no" would let it be written again.
        """
        if not transaction:
            return False
        try:
            self.remote.get(f"transaction/{transaction}")
        except Denied as error:
            if error.status != 403:
                raise
            return True
        except RemoteError as error:
            if error.status not in (404, 500):  # 500 for one that is not there (seen in 5.0.3)
                raise
        return False

    def needs(self, right: str, status: int | None = None) -> Denied:
        """The error for a right that is missing, with what to grant."""
        where = ", ".join(self.queues)
        text = (
            f"{self.name}: the account lacks {right}; grant it to its group on the queue {where} "
            "(Admin, Queues, Group Rights)"
        )
        return Denied(text, system=self.name, status=status)

    def no_comment(self, ticket: int, status: int | None = None) -> RemoteError:
        """The error for a ticket that may not be commented on: its own, or that of all.

        One request. A right that is missing everywhere ends the run; one ticket must not.
        """
        page = self.page(wire.others_query(self.queues, ticket))
        if not any(each.may_comment for each in page.items):
            return self.needs("CommentOnTicket", status)
        text = (
            f"{self.name}: the account may comment on other tickets and not on ticket {ticket}; "
            "grant CommentOnTicket on its queue (Admin, Queues, Group Rights)"
        )
        return Rejected(text, system=self.name, status=status, field="case_number")

    def ticket_url(self, ticket: int, transaction: int) -> str:
        """The address of a comment, for people."""
        return f"{self.web}/Ticket/Display.html?id={ticket}#txn-{transaction}"

    def _not_taken(self, ticket: int) -> RemoteError:
        """Why RT refused a comment that had all its parts."""
        try:
            may = self.remote.json("GET", f"ticket/{ticket}", wire.Links).may_comment
        except (Denied, Gone):
            may = False
        if not may:
            return self.no_comment(ticket, 400)
        text = (
            f"{self.name}: RT could not record a comment on ticket {ticket}; look at its log, and "
            "whether its database or disk is full"
        )
        return Unavailable(text, system=self.name, status=400)

    def _refuse(self, answer: Answer) -> RemoteError | None:
        if answer.status == 401:
            text = (
                f"{self.name}: RT refuses the sign-in; look at the token (Admin, Users, the "
                "account, Auth Tokens), and whether the web server passes the header Authorization "
                "on to RT"
            )
            return Denied(text, system=self.name, status=401)
        return None


def _sign_in(connection: Connection) -> SignIn:
    """By password when a user is named, else by token."""
    if connection.user:
        return basic(connection.user, connection.secret)
    return lambda _renew: {"Authorization": f"token {connection.secret}"}
