"""Who and what the made-up municipality has: employees, parties, cases, participants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from wording import Topic
from writing import parts

DOMAIN = "lyngdalkommune.example"
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"})


def address(name: str, domain: str) -> str:
    """The mail address or UPN of a name."""
    return f"{name.lower().translate(_ASCII).replace(' ', '.')}@{domain}"


FIELDS = (
    "number",
    "title",
    "status",
    "opened",
    "closed",
    "caseworker_upn",
    "department",
    "party_name",
    "party_phone",
    "party_email",
    "kle_subject",
    "kle_facet",
    "access",
)


@dataclass(frozen=True)
class Employee:
    name: str
    upn: str
    department: str


@dataclass(frozen=True)
class Party:
    """Who a case is about; a couple has two names and two telephones, `|` between them."""

    name: str
    phone: str
    mail: str

    @property
    def person(self) -> str:
        """The first name of the list."""
        return self.name.split("|")[0]

    @property
    def line(self) -> str:
        """That person's telephone, empty when the register has none."""
        return self.phone.split("|")[0]


@dataclass
class Case:
    """A row of the register, with the topic that phrases about it come from."""

    number: str
    title: str
    status: str
    opened: date
    closed: date | None
    worker: Employee
    party: Party
    access: str
    topic: Topic
    words: dict[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, str]:
        """The fields of CASES.csv."""
        pieces = parts(self.number)
        closed = self.closed.isoformat() if self.closed else ""
        values = [self.number, self.title, self.status, self.opened.isoformat(), closed]
        values += [self.worker.upn, self.worker.department]
        values += [self.party.name, self.party.phone, self.party.mail]
        values += [".".join(pieces[:3]), pieces[3] + pieces[4], self.access]
        return dict(zip(FIELDS, values, strict=True))


def staff(role: str, employee: Employee) -> dict[str, str]:
    """A participant of the organisation."""
    return {"role": role, "upn": employee.upn, "name": employee.name}


def outside(role: str, *, phone: str = "", mail: str = "", name: str = "") -> dict[str, str]:
    """A participant from outside, with the fields that are known."""
    known = {"phone": phone, "mail": mail, "name": name}
    return {"role": role} | {key: value for key, value in known.items() if value}


def mask(phone: str) -> str:
    """+4536421987 -> +4536421***."""
    return phone[:-3] + "***"
