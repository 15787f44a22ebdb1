"""What a fake F2 holds, and how F2-REST puts it: XML, error bodies, and what a create refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import msgspec

from connector.sandbox.protocol import Request, Response
from connector.sandbox.systems.base import plain

REL = "http://cbrain.com/casefile/rel/"
SCHEMA = "http://cbrain.com/casefile/schema/"
XML = "application/vnd.cbrain.casefile+xml"
WARNING = b"PK fictional Word document: the file held a virus"
MATTER_FIELDS = frozenset(
    {
        "Title", "Type", "Text", "CprNumber", "AccessLevel", "Deadline", "Archived", "Status",
        "Responsible", "Sender", "Receivers", "CcReceivers", "BccReceivers", "InvolvedParties",
        "ExternalAccessCode", "LetterDate", "ReceivedDate", "SentDate", "ReminderDate",
        "PreviousCaseNumber", "SecurityGroups", "DeliveryType", "KeywordCodes",
    }
)  # fmt: skip
_DATES = ("Deadline", "LetterDate", "ReceivedDate", "SentDate", "ReminderDate")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_CHOICES = {
    "Type": {"Internal", "Inbound", "Outbound"},
    "AccessLevel": {"Involved", "Unit", "All"},
    "Status": {"InProgress", "Closed"},
    "DeliveryType": {
        "None", "EMail", "OutputManager", "DigitalMail", "M4Mail", "DigitalMailV3",
    },
}  # fmt: skip


@dataclass(kw_only=True)
class FakeParty:
    """A party of a case: `sort` is User, Organization or External."""

    name: str
    sort: str = "External"
    mail: str = ""
    phone: str = ""
    mobile: str = ""
    relation: str = ""
    number: int = 0


@dataclass(kw_only=True)
class FakeCase:
    """A case. `number` as F2 shows it, "2026 - 1170"."""

    id: int
    number: str
    title: str = ""
    is_closed: bool = False
    is_locked: bool = False
    is_hidden: bool = False  # not found
    is_forbidden: bool = False  # 403 to whoever asks
    is_read_only: bool = False
    responsible: FakeParty | None = None
    groups: list[str] = field(default_factory=list)
    parties: list[FakeParty] = field(default_factory=list)
    keyword: str = ""
    process: str = ""
    created: str = "2026-11-02T09:15:00.293"


@dataclass(kw_only=True)
class FakeDocument:
    """A document of an akt."""

    id: int
    title: str
    description: str
    file_type: str
    content: bytes


@dataclass(kw_only=True)
class FakeMatter:
    """An akt."""

    id: int
    number: int
    case_id: int
    values: dict[str, object]
    created: str
    binned: str = ""
    documents: list[FakeDocument] = field(default_factory=list)


@dataclass(kw_only=True)
class OneTimeAddress:
    """What a one-time address creates, and the address of what it created."""

    target: str
    made: str = ""


class F2Error(Exception):
    """A refusal with F2's error body."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status, self.reason = status, reason


def matter_values(request: Request) -> dict[str, object]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise F2Error(400, "This sandbox reads JSON.")
    values = msgspec.json.decode(request.body, type=dict[str, object])
    # The documentation does not say what F2 does with others; ours shows a wrong name at once.
    if unknown := values.keys() - MATTER_FIELDS:
        raise F2Error(400, f"Unknown: {', '.join(sorted(unknown))}.")
    title = values.get("Title")
    if not isinstance(title, str) or not 0 < len(title) <= 255:
        raise F2Error(400, "Title is required, 255 characters at most.", "DossierBadTitle")
    if "Type" not in values:
        raise F2Error(400, "Type is required.")
    for name, known in _CHOICES.items():
        if name in values and values[name] not in known:
            raise F2Error(400, f"{name} has another set of values.")
    for name in _DATES:
        if name in values and not _DATE.fullmatch(str(values[name])):
            raise F2Error(400, f"{name} is local time without a zone.")
    return values


def error_xml(request: Request, error: F2Error) -> Response:
    if "json" in request.headers.get("accept", ""):
        return plain(error.status, {"Message": str(error), "ReasonCode": error.reason})
    reason = element("ReasonCode", error.reason) if error.reason else ""
    return xml("Error", [element("Message", str(error)), reason], error.status)


def xml(
    root: str, body: list[str], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    spaces = f'xmlns="{SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {spaces}>{"".join(body)}</{root}>'
    return Response(
        status=status, headers={"content-type": XML, **(headers or {})}, body=text.encode()
    )


def element(name: str, value: object) -> str:
    # A carriage return in XML text is read as a line feed unless it is written as a reference.
    text = escape(str(value), {"\r": "&#13;"})
    return f"<{name}>{text}</{name}>" if text else f"<{name} />"


def link(href: str, rel: str) -> str:
    return f"<Link href={quoteattr(href)} rel={quoteattr(rel)} />"


def coded(name: str, code: str) -> str:
    return f"<{name}>{element('Title', code)}{element('Code', code)}</{name}>" if code else ""


def party_item(name: str, party: FakeParty) -> str:
    sort = "User" if party.sort == "User" else "Unit"
    inner = (
        element("Name", party.name)
        + element("EMail", party.mail)
        + element("Type", sort)
        + element("PartyNumber", party.number)
    )
    return f"<{name}>{inner}</{name}>"
