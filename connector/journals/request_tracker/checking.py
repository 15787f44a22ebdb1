"""What `casethread check` finds out about an RT: version, names, rights, and whether it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connector.errors import Denied, RemoteError
from connector.journals.request_tracker import vocabulary, wire
from connector.journals.request_tracker.service import Service
from connector.model import Finding

_GRANTS = "Admin, Queues, Group Rights"
_LOAD = "load mappings/request_tracker/initialdata with rt-setup-database"


def check_sink(service: Service) -> list[Finding]:
    """One finding for each thing that was tried; errors of RT become findings."""
    return list(_guarded(service, _reachable, _fields, _writes))


def check_register(service: Service) -> list[Finding]:
    """The same without writing."""
    return list(_guarded(service, _reachable, _fields))


def open_findings(service: Service) -> list[Finding]:
    """A warning for states that RT counts as done and the mapping takes for open."""
    query = wire.open_query(service.queues, service.number_field, service.closed)
    states = sorted({ticket.status for ticket in service.page(query).items})
    if not states:
        return []
    what = f"cases in the state {', '.join(states)} are done with in RT and open by the mapping"
    fix = f"name the state under [status] closed in {service.words.name}, if it means closed"
    return [Finding(level="warning", system=service.name, what=what, fix=fix)]


def _guarded(service: Service, *parts: Callable[[Service], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        for part in parts:
            yield from part(service)
    except RemoteError as error:
        fix = "see the message; run casethread check again afterwards"
        yield Finding(level="error", system=service.name, what=str(error), fix=fix)


def _reachable(service: Service) -> Iterator[Finding]:
    version = service.version()
    if version.startswith("5."):
        yield _ok(service, f"RT {version} at {service.web} takes the sign-in")
    else:
        fix = "RT 5 is what was tried; RT 4 needs an extension for REST 2.0"
        yield Finding(level="warning", system=service.name, what=f"it is RT {version}", fix=fix)


def _fields(service: Service) -> Iterator[Finding]:
    """Every queue is seen, and has the fields: an unknown field in a query would find nothing."""
    names = {key: service.words.text("fields", key) for key in vocabulary.COMPULSORY}
    optional = [service.words.text("fields", key) for key in vocabulary.OPTIONAL]
    for queue in service.queues:
        try:
            there = service.queue(queue)
        except Denied as error:
            if error.status != 403:
                raise
            what = f'the queue "{queue}" is not there, or the account may not see it'
            yield _error(service, what, f"grant SeeQueue on it ({_GRANTS}), or change [queues]")
            continue
        ticket = {field.name for field in there.ticket}
        entry = {field.name for field in there.entry}
        missing = sorted({names["case_number"], *filter(None, optional)} - ticket)
        missing_of_entry = sorted({names["key"], names["proof"]} - entry)
        for name in missing:
            yield _no_field(service, queue, name, "tickets")
        for name in missing_of_entry:
            yield _no_field(service, queue, name, "ticket transactions")
        if not missing and not missing_of_entry:
            yield _ok(service, f'the queue "{queue}" has all the fields of the mapping')


def _writes(service: Service) -> Iterator[Finding]:
    """A comment on the ticket for trying out, looked for afterwards in both ways."""
    number = service.words.text("check", "case_number")
    tickets = service.tickets(number) if number else []
    if len(tickets) != 1:
        what = (
            "that comments can be written, read and marked was not tried: there is not one ticket "
            f'with the case number "{number}"'
        )
        fix = f"{_LOAD}, or name another in [check] case_number"
        yield Finding(level="warning", system=service.name, what=what, fix=fix)
        return
    (ticket,) = tickets
    if not ticket.may_comment:
        yield _error(service, "the account may not comment", f"grant CommentOnTicket ({_GRANTS})")
        return
    key = f"check-{ticket.last_updated.strftime('%Y%m%d%H%M%S')}-{ticket.number}"
    written = service.comment(ticket.number, _trial(service, key))
    yield from _kept(service, ticket, key, written)


def _trial(service: Service, key: str) -> dict[str, object]:
    page = {"FileName": f"check{wire.page_ending(key)}", "FileType": "text/html"}
    return {
        "Subject": "casethread check",
        "Content": "casethread check",
        "ContentType": "text/plain",
        "Attachments": [{**page, "FileContent": "PHA+Y2hlY2s8L3A+"}],
        "TxnCustomFields": {service.key_field: key, service.proof_field: key},
    }


def _kept(service: Service, ticket: wire.Ticket, key: str, written: int) -> Iterator[Finding]:
    found = [each for each in service.entries([ticket.number], [key]) if each.number == written]
    if not found and service.is_hidden(written):
        fix = f"grant ShowTicketComments ({_GRANTS}); without it every entry is written again"
        yield _error(service, "comments can be written but not read", fix)
    elif not found:
        fix = "look at RT's log, and whether its database or disk is full"
        yield _error(service, "RT said that a comment was added, and does not have it", fix)
    elif not found[0].first(service.key_field) or not found[0].first(service.proof_field):
        names = f'"{service.key_field}" and "{service.proof_field}"'
        fix = f"grant ModifyCustomField on the custom fields {names}"
        yield _error(service, "RT takes a comment and drops its key without a word", fix)
    else:
        what = f"comments are written, kept and read with their key (on ticket {ticket.number})"
        yield _ok(service, what)


def _no_field(service: Service, queue: str, name: str, kind: str) -> Finding:
    what = f'the queue "{queue}" has no custom field "{name}" for {kind} that the account can see'
    return _error(service, what, f"{_LOAD}, or grant SeeCustomField ({_GRANTS})")


def _ok(service: Service, what: str) -> Finding:
    return Finding(level="ok", system=service.name, what=what)


def _error(service: Service, what: str, fix: str) -> Finding:
    return Finding(level="error", system=service.name, what=what, fix=fix)
