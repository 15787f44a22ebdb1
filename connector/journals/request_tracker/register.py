"""The register side of Request Tracker: the tickets of some queues are the cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from connector.errors import Rejected, RemoteError
from connector.identity import normalise_phone
from connector.journaling.connection import Connection
from connector.journaling.words import Words
from connector.journals.request_tracker import checking, wire
from connector.journals.request_tracker.service import Service
from connector.mapping import find_zone
from connector.model import Case, CaseParty, Finding

_CURSOR = "%Y-%m-%dT%H:%M:%SZ"


class RequestTrackerRegister:
    """Cases from tickets. A case number is given as it stands on the ticket."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self.can_list = True
        self._service = Service(connection, words)
        self._words = words
        self._zone = find_zone(connection.time_zone)
        self._region = connection.default_region

    def check(self) -> list[Finding]:
        """Reachable, the fields of the mapping, and how many cases there are."""
        findings = checking.check_register(self._service)
        if any(finding.level == "error" for finding in findings):
            return [finding for finding in findings if finding.level != "ok"]
        try:
            count, is_all = self._count()
            findings += checking.open_findings(self._service)
        except RemoteError as error:
            return [
                Finding(level="error", system=self.name, what=str(error), fix="see the message")
            ]
        more = "" if is_all else " or more"
        what = f"{count}{more} cases in {', '.join(self._service.queues)}"
        if count:
            return [*findings, Finding(level="ok", system=self.name, what=what)]
        fix = "grant ShowTicket and SeeCustomField on the queue, or fill in the case numbers"
        return [*findings, Finding(level="warning", system=self.name, what=what, fix=fix)]

    def _count(self) -> tuple[int, bool]:
        """How many of the first hundred tickets with a number are cases, and whether that is all.

        One request: reading every ticket of a large RT takes a quarter of an hour.
        """
        service = self._service
        page = service.page(wire.numbered_query(service.queues, service.number_field))
        count = sum(1 for ticket in page.items if self._number(ticket))
        return count, page.total == len(page.items) or len(page.items) < wire.PER_PAGE

    def lookup(self, number: str) -> Case | None:
        """The case of this number. Raises Rejected when it stands on several tickets."""
        tickets = self._service.tickets(number.strip())
        tickets = [ticket for ticket in tickets if self._number(ticket)]
        if len(tickets) > 1:
            which = ", ".join(str(ticket.number) for ticket in tickets)
            text = (
                f"{self.name}: case {number} stands on the tickets {which}; leave its number on "
                "one of them, or name fewer queues in mappings/request_tracker.toml"
            )
            raise Rejected(text, system=self.name, field="case_number")
        return self._case(tickets[0]) if tickets else None

    def changes(self, cursor: str | None) -> Iterator[tuple[list[Case], str | None]]:
        """Tickets that changed at the cursor's second or later, by their own number.

        RT counts whole seconds, so the cursor is the second of the last change together with the
        tickets that changed in it; a ticket that changes twice in that second is seen once.
        """
        since, known = _read_cursor(cursor)
        latest, at_latest = since, set(known)
        batch: list[Case] = []
        for ticket in self._tickets(since):
            changed = ticket.last_updated.astimezone(UTC)
            if since is not None and changed < since:
                continue
            if changed == since and ticket.number in known:
                continue
            if latest is None or changed > latest:
                latest, at_latest = changed, set()
            if changed == latest:
                at_latest.add(ticket.number)
            if self._number(ticket):
                batch.append(self._case(ticket))
            if len(batch) == wire.PER_PAGE:
                yield batch, None
                batch = []
        if latest is not None and (latest, at_latest) != (since, known):
            yield batch, _write_cursor(latest, at_latest)

    def _tickets(self, since: datetime | None) -> Iterator[wire.Ticket]:
        """By their number, each page from the last: a change meanwhile shifts no page."""
        after = 0
        while True:
            page = self._service.page(wire.changes_query(self._service.queues, since, after))
            yield from page.items
            if not page.items or page.total == len(page.items):
                return
            after = max(ticket.number for ticket in page.items)

    def _number(self, ticket: wire.Ticket) -> str:
        """The case number; "" for a ticket without, and for the one that check writes on."""
        number = self._value(ticket, "case_number")
        return "" if number == self._words.text("check", "case_number") else number

    def _value(self, ticket: wire.Ticket, key: str) -> str:
        found = ticket.values(self._words.text("fields", key)) or []
        return found[0].strip() if found else ""

    def _case(self, ticket: wire.Ticket) -> Case:
        is_open = not self._service.is_closed(ticket)
        queue = ticket.queue.name if isinstance(ticket.queue, wire.Queue) else ""
        department = self._value(ticket, "department")
        if not self._words.text("fields", "department"):
            department = queue
        return Case(
            number=self._number(ticket),
            title=ticket.subject,
            is_open=is_open,
            opened=self._day(ticket, "opened"),
            closed=None if is_open else self._day(ticket, "closed"),
            caseworker=self._value(ticket, "caseworker"),
            department=department,
            parties=tuple(self._parties(ticket)),
            access=self._access(ticket),
            kle_subject=self._value(ticket, "kle_subject"),
            kle_facet=self._value(ticket, "kle_facet"),
            remote_id=str(ticket.number),
        )

    def _day(self, ticket: wire.Ticket, key: str) -> date | None:
        at = ticket.date_of(self._words.text("dates", key))
        return at.astimezone(self._zone).date() if at is not None else None

    def _access(self, ticket: wire.Ticket) -> str:
        """ "restricted" unless the field says that it is not, and for a field that is hidden."""
        field = self._words.text("fields", "confidential")
        if not field:
            return ""
        found = ticket.values(field)
        if found is None:
            return "restricted"
        said = found[0].strip().lower() if found else ""
        return "" if said in self._words.list("confidential", "no") else "restricted"

    def _parties(self, ticket: wire.Ticket) -> Iterator[CaseParty]:
        separator = self._words.text("parties", "separator")
        for value in ticket.values(self._words.text("fields", "parties")) or []:
            name, phone, mail, *_more = [*(part.strip() for part in value.split(separator)), "", ""]
            yield CaseParty(name=name, phone=self._phone(phone), mail=mail)
        if self._words.flag("parties", "requestors") and isinstance(ticket.requestor, list):
            for each in ticket.requestor:
                yield CaseParty(name=each.name, mail=each.mail)

    def _phone(self, written: str) -> str:
        return normalise_phone(written, self._region).e164 if written else ""


def _read_cursor(cursor: str | None) -> tuple[datetime | None, set[int]]:
    """The cursor's parts; from the beginning for one that another kind of register left."""
    at, _, numbers = (cursor or "").partition(" ")
    try:
        since = datetime.strptime(at, _CURSOR).replace(tzinfo=UTC)
        return since, {int(number) for number in numbers.split(",") if number}
    except ValueError:
        return None, set()


def _write_cursor(at: datetime, numbers: set[int]) -> str:
    return f"{at.strftime(_CURSOR)} {','.join(str(number) for number in sorted(numbers))}"
