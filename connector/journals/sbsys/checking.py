"""What a case row says of access and state, and `casethread check` for SBSYS."""

from __future__ import annotations

from collections.abc import Callable

from connector.errors import (
    CaseLocked,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.journaling.words import Words
from connector.journals.sbsys import wire
from connector.journals.sbsys.service import Service
from connector.journals.sbsys.wire import CaseRow
from connector.model import Finding

NO_NUMBER = "casethread-probe"  # no case has this number
NO_CASE = 0  # and none this id


def is_open(case: CaseRow, words: Words) -> bool:
    """Whether a case takes entries. A state that is not known counts as closed."""
    state = case.status.state if case.status is not None else None
    return state is not None and str(state) in words.list("states", "open")


def is_restricted(case: CaseRow) -> bool:
    """Whether only some may see the case; so it is taken when SBSYS does not say."""
    return case.is_protected is not False or bool(case.security_set)


def check_sink(service: Service, words: Words, user: str) -> list[Finding]:
    """Reading, as for the register, and each right to write."""
    findings = check_reading(service, words, user)
    if any(finding.level == "error" for finding in findings):
        return findings
    if not words.flag("check", "try_writing"):
        what = "the rights to write are not tried ([check] try_writing is false)"
        return [*findings, Finding(level="warning", system=service.name, what=what)]
    return [*findings, *try_writing(service, user)]


def check_register(service: Service, words: Words, user: str) -> list[Finding]:
    """Reading, and whether caseworkers can be known as directory users."""
    findings = check_reading(service, words, user)
    if not words.text("register", "caseworker_upn"):
        what = "caseworkers are not matched with the directory, only by a LogonId with an @"
        fix = (
            'set [register] caseworker_upn in mappings/sbsys.toml, for example "{logon}@kommune.dk"'
        )
        if not any(finding.level == "error" for finding in findings):
            findings.append(Finding(level="warning", system=service.name, what=what, fix=fix))
    return findings


def check_reading(service: Service, words: Words, user: str) -> list[Finding]:
    """The sign-in, and whether the search by number leaves out what it must and finds what is."""
    try:
        me = service.me()
        logon = me.logon or me.user_name or user
        signed_in = Finding(
            level="ok", system=service.name, what=f'signed in to SBSYS as "{logon}"'
        )
        return [signed_in, *_check_search(service, words)]
    except RemoteError as error:
        return [Finding(level="error", system=service.name, what=str(error), fix=_fix(error, user))]


def _check_search(service: Service, words: Words) -> list[Finding]:
    found = service.search(wire.search_body(NO_NUMBER, 1, 0))
    if found.results or found.total:
        what = "the case search does not heed Nummer: it gives cases for a number that none has"
        fix = (
            "ask the supplier for a version of the SBSYS Web API whose sag/search takes Nummer; "
            "until then entries are linked with no certainty, and none is written"
        )
        return [Finding(level="error", system=service.name, what=what, fix=fix)]
    number = words.text("check", "case_number") or _any_number(service)
    if not number:
        what = "the case search leaves out other numbers; there is no case to prove that it finds"
        fix = "set [check] case_number in mappings/sbsys.toml to a case that the account may see"
        return [Finding(level="warning", system=service.name, what=what, fix=fix)]
    case = service.the_case(number)
    if case is None:
        what = f"the case search does not find case {number} by its Nummer"
        fix = (
            "look whether the account may see it; else ask the supplier about Nummer in sag/search"
        )
        return [Finding(level="error", system=service.name, what=what, fix=fix)]
    service.case(case.id)
    service.notes(case.id)
    service.documents(case.id)
    what = f"case {number} is found by its number; its notes and documents can be read"
    return [Finding(level="ok", system=service.name, what=what)]


def _any_number(service: Service) -> str:
    """The number of some case, to search for; "" when the account sees none this way."""
    try:
        rows = service.search({"Limit": 20}).results
    except (Rejected, Gone):
        return ""
    # One that is open to all: a protected case may be shown and yet not be opened.
    rows.sort(key=is_restricted)
    return (rows[0].number or "").strip() if rows else ""


def try_writing(service: Service, user: str) -> list[Finding]:
    """A note and a document on a case that does not exist: what refuses them tells of the right."""
    fields: dict[str, object] = {"SagID": NO_CASE, "DokumentNavn": "", "Beskrivelse": ""}

    def note() -> None:
        service.create_note(wire.note_body(NO_CASE, "", "", ""))

    def document() -> None:
        service.journalise(fields, "casethread.txt", "text/plain", b"casethread")

    return [
        _tried(service, user, "journal notes", note),
        _tried(service, user, "documents", document),
    ]


def _tried(service: Service, user: str, what: str, write: Callable[[], None]) -> Finding:
    """What SBSYS says to a write on no case: refused for the case is allowed to the account."""
    try:
        write()
    except (Rejected, Gone, CaseLocked, Unclear) as error:
        # 404 may mean the case or the call itself, 5xx anything.
        if isinstance(error, Rejected | CaseLocked) and error.status != 404:
            told = f"no right to write {what} is missing, as far as a trial on no case can tell"
            return Finding(level="ok", system=service.name, what=told)
        told = (
            f"the right to write {what} is not proven: the trial was answered HTTP {error.status}"
        )
        fix = (
            "the first entry will show it; set [check] try_writing to false to leave the trial out"
        )
        return Finding(level="warning", system=service.name, what=told, fix=fix)
    except RemoteError as error:
        return Finding(level="error", system=service.name, what=str(error), fix=_fix(error, user))
    told = f"SBSYS took a trial of {what} on no case (SagID {NO_CASE}); look what became of it"
    fix = "set [check] try_writing to false in mappings/sbsys.toml"
    return Finding(level="warning", system=service.name, what=told, fix=fix)


def _fix(error: RemoteError, user: str) -> str:
    if isinstance(error, Denied):
        if error.status == 403:
            return (
                f'give the SBSYS user "{user}" the rights to search and read cases, to make '
                "journal notes and to journalise documents, in every unit whose cases it serves"
            )
        return (
            "set user, secret, client_id and client_secret anew; ask SBSIP for the client's grant"
        )
    if isinstance(error, Throttled):
        return "wait; if it lasts, lower in_flight of this sink"
    if isinstance(error, Gone):
        return "look at url: it must end before /api, and the account must see the case"
    if isinstance(error, Unavailable):
        return "look at url and token_url, and whether SBSYS has room and is running"
    return "look at the message, and ask the administrator of SBSYS"
