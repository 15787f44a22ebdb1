"""The XML of a fake F2's resources. `at` is the service's root, "http://host/F2Rest"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.sandbox.protocol import Response
from connector.sandbox.systems.f2_records import (
    REL,
    FakeCase,
    FakeDocument,
    FakeMatter,
    coded,
    element,
    link,
    party_item,
    xml,
)


def case_page(case: FakeCase, at: str, has_parties: bool) -> Response:
    """A case with its links."""
    groups = "".join(f"<PartyGroup>{element('Name', name)}</PartyGroup>" for name in case.groups)
    body = [
        element("Id", case.id),
        element("CaseNumber", case.number),
        element("Title", case.title),
        element("CreatedDate", case.created),
        coded("Keyword", case.keyword),
        coded("ProcessInstruction", case.process),
        party_item("Responsible", case.responsible) if case.responsible else "",
        element("Closed", str(case.is_closed).lower()),
        link(f"{at}/c/{case.id}", "self"),
        link(f"{at}/cs/{case.id}", f"{REL}structure"),
        link(f"{at}/factory/case-{case.id}", f"{REL}create-matter"),
        link(f"{at}/cp/{case.id}", f"{REL}parties") if has_parties else "",
        f"<SecurityGroups>{groups}</SecurityGroups>",
    ]
    return xml("Case", body)


def parties_page(case: FakeCase) -> Response:
    """Everybody related to a case, an element of its own name for each sort."""
    items = [
        f"<{party.sort}>"
        + element("Name", party.name)
        + element("PartyNumber", party.number)
        + element("Relation", party.relation)
        + element("EMail", party.mail)
        + element("Phone", party.phone)
        + element("MobilePhone", party.mobile)
        + f"</{party.sort}>"
        for party in case.parties
    ]
    return xml("Parties", ["<Items>", *items, "</Items>"])


def structure_page(case: FakeCase, shown: Sequence[FakeMatter], at: str) -> Response:
    """A case with its akter and their documents, without the texts."""
    matters = "".join(
        "<Matter>"
        + element("Id", matter.id)
        + element("MatterNumber", matter.number)
        + element("Title", matter.values["Title"])
        + element("CreatedDate", matter.created)
        + element("BinnedDate", matter.binned)
        + element("CaseNumber", case.number)
        + '<Deadline xsi:nil="true" />'
        + "<Documents>"
        + "".join(document_element(each, at) for each in matter.documents)
        + "</Documents>"
        + link(f"{at}/m/{matter.id}", "self")
        + "</Matter>"
        for matter in shown
    )
    body = [element("Id", case.id), element("CaseNumber", case.number)]
    return xml("Case", [*body, f"<Matters>{matters}</Matters>"])


def matter_page(
    matter: FakeMatter, case_number: str, at: str, status: int, headers: Mapping[str, str]
) -> Response:
    """An akt with its text."""
    body = [
        element("Id", matter.id),
        element("MatterNumber", matter.number),
        element("Title", matter.values["Title"]),
        element("CreatedDate", matter.created),
        element("CaseNumber", case_number),
        element("Text", matter.values.get("Text", "")),
        element("Type", matter.values["Type"]),
        element("DeliveryType", matter.values.get("DeliveryType", "EMail")),
        link(f"{at}/m/{matter.id}", "self"),
        link(f"f2://open?matter={matter.number}", "alternate"),
        link(f"{at}/factory/matter-{matter.id}", f"{REL}create-document"),
    ]
    return xml("Matter", body, status, headers)


def document_element(document: FakeDocument, at: str) -> str:
    """A document's description; its bytes are another resource."""
    return (
        "<Document>"
        + element("Id", document.id)
        + element("Title", document.title)
        + element("Description", document.description)
        + element("FileType", document.file_type)
        + element("Size", len(document.content))
        + link(f"{at}/d/{document.id}", "self")
        + "</Document>"
    )
