"""What `casethread check` says of Open Zaak and Open Klant.

A right to write is proven by a request that is refused for its content: the rights are looked at
before the fields, so 400 means "you may, but not this" and 403 "you may not". Nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from connector.errors import Denied, RemoteError
from connector.journaling.draft import Drafter
from connector.journaling.words import Words
from connector.journals.openzaak.contacts import API, Contacts, Id
from connector.journals.openzaak.documents import DOCUMENTS, LINKS
from connector.journals.openzaak.service import Invalid, Paged, Service
from connector.journals.openzaak.zaken import ZAKEN, CaseType, DocumentType, Zaak
from connector.model import Finding

_MOST_TRIALS = 5
TYPES = "catalogi/api/v1/informatieobjecttypen"
_READ_GRANT = (
    "give the application zaken.lezen (Zaken) for the case types it shall see, with the highest "
    "confidentiality it shall see; or correct client_id and secret"
)


def register_findings(service: Service, words: Words) -> list[Finding]:
    """Whether cases can be read, and how many."""
    if wrong := _organisations(service, words, "case"):
        return wrong
    organisation = words.text("case", "organisation")
    query = {"bronorganisatie": organisation} if organisation else None
    try:
        page = service.get(f"{ZAKEN}/zaken", Paged[Zaak], query)
        service.get(f"{ZAKEN}/rollen", Paged[object])
    except RemoteError as error:
        return [_error(service, str(error), _fix(error, _READ_GRANT))]
    told = f", Zaken API {service.version}" if service.version else ""
    what = f"{service.remote.origin}{told}: {page.count} cases can be read"
    return [_ok(service, what)]


def sink_findings(
    service: Service, words: Words, drafter: Drafter, contacts: Contacts | None
) -> list[Finding]:
    """Reading, each type, each right to write, and Open Klant when it is connected."""
    try:
        case = _open_case(service)
        if case is not None:
            service.get(case.zaaktype, CaseType)  # an address as the system gives it out
    except RemoteError as error:
        return [_error(service, str(error), _fix(error, _READ_GRANT))]
    told = f", Zaken API {service.version}" if service.version else ""
    found = drafter.findings(service.name)
    found += _organisations(service, words, "case") or _organisations(service, words, "document")
    found += [_ok(service, f"{service.remote.origin}{told}: signed in, cases can be read")]
    try:
        found += _documents(service, words)
    except RemoteError as error:
        grant = "give the application catalogi.lezen (Catalogi) and documenten.lezen (Documenten)"
        found.append(_error(service, str(error), _fix(error, grant)))
    found.append(_linking(service, case))
    if contacts is not None:
        found += _contacts(contacts)
    return found


def _open_case(service: Service) -> Zaak | None:
    """Any open case that can be seen."""
    page = service.get(f"{ZAKEN}/zaken", Paged[Zaak], {"einddatum__isnull": "true"})
    return page.results[0] if page.results else None


def may_write_elsewhere(service: Service, case: Zaak, types: Iterable[str]) -> bool:
    """Whether the application may make documents of these types and put documents on some case.

    Asked after a refusal, to tell a case that is beyond its rights from rights that are gone.
    """
    page = service.get(f"{ZAKEN}/zaken", Paged[Zaak], {"einddatum__isnull": "true"})
    others = {each.zaaktype: each for each in page.results}  # rights are given by type
    return all(
        _is_taken_up(service, DOCUMENTS, _document(url, "openbaar")) for url in types
    ) and any(_is_taken_up(service, LINKS, _link(service, each)) for each in
              [case, *list(others.values())[:_MOST_TRIALS]])  # fmt: skip


def _is_taken_up(service: Service, path: str, value: object) -> bool:
    """Whether a request without content is refused for its content, and not for its sender."""
    try:
        service.post(path, value, Id)
    except Invalid:
        return True
    except Denied:
        return False
    return True


def _document(type_url: str, level: str) -> dict[str, str]:
    return {"informatieobjecttype": type_url, "vertrouwelijkheidaanduiding": level}


def _link(service: Service, case: Zaak) -> dict[str, str]:
    return {"zaak": case.url, "informatieobject": f"{service.remote.base_url}/{DOCUMENTS}/0"}


def _organisations(service: Service, words: Words, section: str) -> list[Finding]:
    """An organisation's number has nine digits; the cases' may be left out."""
    number = words.text(section, "organisation")
    if re.fullmatch(r"[0-9]{9}", number) or (section == "case" and not number):
        return []
    what = f"[{section}] organisation of the mapping is not a number of nine digits (RSIN)"
    return [_error(service, what, "set it to the number of your organisation in Open Zaak")]


def _documents(service: Service, words: Words) -> Iterator[Finding]:
    """Each type of document that the mapping names, and the right to make such documents."""
    service.get(DOCUMENTS, Paged[object], {"identificatie": "casethread-check"})
    types = {each.omschrijving: each.url for each in service.every(TYPES, DocumentType)
             if not each.concept}  # fmt: skip
    for name in sorted(set(words.values["types"].values())):
        if name not in types:
            what = f'there is no document type "{name}", as [types] of the mapping names it'
            fix = "name another; there are " + ", ".join(sorted(types)[:20])
            yield _error(service, what, fix)
            continue
        grant = (
            "give the application documenten.lezen and documenten.aanmaken (Documenten) for the "
            f'type "{name}", up to the confidentiality of the cases'
        )
        value = _document(types[name], words.text("document", "confidentiality") or "openbaar")
        yield _probe(
            service,
            lambda value=value: service.post(DOCUMENTS, value, Id),  # type: ignore[misc]
            f'documents of the type "{name}" can be made',
            grant,
        )


def _linking(service: Service, case: Zaak | None) -> Finding:
    """The right to put documents on cases."""
    if case is None:
        return Finding(
            level="warning",
            system=service.name,
            what="no open case can be seen, so the right to put documents on cases is not proven",
            fix=_READ_GRANT,
        )
    grant = "give the application zaken.bijwerken (Zaken) for the case types it shall write to"
    return _probe(
        service,
        lambda: service.post(LINKS, _link(service, case), Id),
        "documents can be put on cases",
        grant,
    )


def _contacts(contacts: Contacts) -> Iterator[Finding]:
    """Whether the token is good, and whether the actor of call-backs is there."""
    service, words = contacts.service, contacts.words
    grant = "make a token for Casethread in Open Klant and set it as contacts_secret"
    try:
        service.get(f"{API}/klantcontacten", Paged[object], {"pageSize": "1"})
        actor = contacts.actor()
    except RemoteError as error:
        yield _error(service, f"Open Klant: {error}", _fix(error, grant))
        return
    yield _probe(
        service,
        lambda: service.post(f"{API}/maak-klantcontact", {"klantcontact": {}}, Id),
        f"Open Klant at {service.remote.origin}: contacts can be made",
        grant,
    )
    wanted = words.text("callback", "actor")
    if wanted and not actor:
        what = f'Open Klant has no actor "{wanted}", as [callback] of the mapping names it'
        fix = "make the actor in Open Klant, or name another; tasks are left to nobody meanwhile"
        yield Finding(level="warning", system=service.name, what=what, fix=fix)


def _probe(service: Service, ask: Callable[[], object], what: str, grant: str) -> Finding:
    """Ask for something that must be refused for its content."""
    try:
        ask()
    except Invalid:
        return _ok(service, what)
    except RemoteError as error:
        return _error(service, str(error), _fix(error, grant))
    text = "a request without content was taken; this is not the system it should be"
    return _error(service, text, "look at the address of the sink")


def _fix(error: RemoteError, grant: str) -> str:
    if isinstance(error, Denied):
        return grant
    return "see to it that the system answers and has room, and run casethread check again"


def _ok(service: Service, what: str) -> Finding:
    return Finding(level="ok", system=service.name, what=what)


def _error(service: Service, what: str, fix: str) -> Finding:
    return Finding(level="error", system=service.name, what=what, fix=fix)
