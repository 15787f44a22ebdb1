"""The municipality of the data set: its staff, its cases and their parties. All made up."""

import csv
import random
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from spelling import one_off

HERE = Path(__file__).parent
STOCK: dict[str, Any] = tomllib.loads((HERE / "stock.toml").read_text(encoding="utf-8"))
DOMAIN = "tofteby.example"
COLUMNS = [
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
]
STAFF = {
    "anbr": ("Anne Brix", "Borgerservice"),
    "tosk": ("Tom Skytte", "Borgerservice"),
    "jovi": ("Jonas Vind", "Byg og Miljø"),
    "kahe": ("Karla Hede", "Byg og Miljø"),
    "pemo": ("Peder Mose", "Byg og Miljø"),
    "mebj": ("Mette Bjerring", "Ydelser"),
    "rila": ("Rikke Lang", "Ydelser"),
    "ssto": ("Søren Stoft", "Ydelser"),
    "lifr": ("Line Frøslev", "Jobcenter"),
    "hati": ("Hamid Tirani", "Jobcenter"),
    "bike": ("Birgit Kehlet", "Pension"),
    "jaol": ("Janus Olrik", "Pension"),
    "doth": ("Dorte Thorlund", "Visitation"),
    "ulma": ("Ulrik Markvad", "Visitation"),
    "sija": ("Signe Jarlskov", "Familie"),
    "mabo": ("Mads Bonderup", "Familie"),
    "kiry": ("Kirsten Rytoft", "Børn og Skole"),
    "olpe": ("Olga Petrak", "Børn og Skole"),
    "frst": ("Frank Stenild", "Vej og Park"),
    "nino": ("Nina Nørskov", "Vej og Park"),
    "elkj": ("Ellen Kjærbo", "Affald og Vand"),
    "kafy": ("Kasper Fynbo", "Affald og Vand"),
    "tide": ("Tina Dehn", "Handicap og Psykiatri"),
    "bobr": ("Bo Brandbjerg", "Handicap og Psykiatri"),
    "vihu": ("Viggo Husum", "Plan og Ejendom"),
    "gili": ("Gitte Lindved", "Plan og Ejendom"),
    "omst": ("Omstillingen", "Borgerservice"),
    "itsu": ("IT-support", "IT"),
}
CASEWORKERS = [key for key in STAFF if key not in ("omst", "itsu")]


@dataclass(kw_only=True)
class Party:
    """Somebody outside: a name, telephone numbers in E.164 and mail addresses."""

    name: str
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def first(self) -> str:
        return self.name.rsplit(" ", 1)[0]

    @property
    def last(self) -> str:
        return self.name.rsplit(" ", 1)[-1]


@dataclass(kw_only=True)
class Case:
    """One row of the register, with the phrases that belong to its matter."""

    number: str
    title: str
    word: str
    subject: str
    matter: dict[str, Any]
    worker: str
    opened: date
    party: Party
    closed: date | None = None
    access: str = ""

    def row(self) -> dict[str, str]:
        """The case as a line of cases.csv."""
        kle, facet, _, _ = self.number.split("-")
        return {
            "number": self.number,
            "title": self.title,
            "status": "closed" if self.closed else "open",
            "opened": self.opened.isoformat(),
            "closed": self.closed.isoformat() if self.closed else "",
            "caseworker_upn": upn(self.worker),
            "department": STAFF[self.worker][1],
            "party_name": self.party.name,
            "party_phone": "|".join(self.party.phones),
            "party_email": "|".join(self.party.emails),
            "kle_subject": kle,
            "kle_facet": facet,
            "access": self.access,
        }


def upn(key: str) -> str:
    """The sign-in name of one of the staff."""
    return f"{key}@{DOMAIN}"


class Register:
    """All cases; hands out new ones whose number, name and telephone are unlike all others."""

    def __init__(
        self, dice: random.Random, written: list[dict[str, str]], spoken_of: set[str]
    ) -> None:
        self.dice = dice
        self.cases: list[Case] = []
        self.written = written
        self.numbers = {row["number"] for row in written}
        # Numbers that stand in the written items' texts must stay unknown here too.
        self.avoid = set(spoken_of)
        self.names = {n for row in written for n in row["party_name"].split("|")}
        self.fives = {p[3:8] for row in written for p in row["party_phone"].split("|") if p}

    def fresh_five(self) -> str:
        """Five leading digits that no party has yet."""
        while True:
            five = f"{self.dice.choice(['36', '37'])}{self.dice.randint(200, 999)}"
            if five not in self.fives and five != "37100":
                self.fives.add(five)
                return five

    def fresh_phone(self) -> str:
        """A whole number with five leading digits of its own."""
        return f"+45{self.fresh_five()}{self.dice.randint(0, 999):03d}"

    def new_party(self, *, phone: str | None = None) -> Party:
        """A citizen, or now and then a firm, with telephone and often an address."""
        dice = self.dice
        while True:
            name = f"{dice.choice(STOCK['first'])} {dice.choice(STOCK['last'])}"
            if name not in self.names:
                break
        self.names.add(name)
        phones = [phone or self.fresh_phone()]
        if phone is None and dice.random() < 0.12:
            phones.append(self.fresh_phone())
        local = (
            name.lower()
            .replace(" ", ".")
            .translate(str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"}))
        )
        address = f"{dice.choice(STOCK['streets'])} {dice.randint(1, 98)}"
        return Party(name=name, phones=phones, emails=[f"{local}@post.example"], address=address)

    def new_case(
        self,
        before: date,
        *,
        party: Party | None = None,
        subject: str | None = None,
        worker: str | None = None,
        number: str | None = None,
        opened: date | None = None,
    ) -> Case:
        """An open case that was opened at least 20 days before `before`, unless `opened` says."""
        dice = self.dice
        subject = subject or dice.choice(list(STOCK["fields"]))
        matter = STOCK["fields"][subject]
        party = party or self.new_party()
        if opened is None:
            opened = before - timedelta(days=dice.randint(20, 500))
        number = number or self._fresh_number(matter, opened)
        self.numbers.add(number)
        which = dice.randrange(len(matter["titles"]))
        worker = worker or dice.choice([k for k in CASEWORKERS if STAFF[k][1] == matter["dept"]])
        case = Case(
            number=number,
            title=matter["titles"][which].format(navn=party.name, adr=party.address),
            word=matter["titles_words"][which],
            subject=subject,
            matter=matter,
            worker=worker,
            opened=opened,
            party=party,
        )
        self.cases.append(case)
        return case

    def _fresh_number(self, matter: dict[str, Any], opened: date) -> str:
        while True:
            running = self.dice.choice([self.dice.randint(1, 99), self.dice.randint(100, 480)])
            kle, facet = self.dice.choice(matter["kle"]), self.dice.choice(matter["facets"])
            number = f"{kle}-{facet}-{running}-{opened:%y}"
            if self.is_free(number):
                return number

    def is_free(self, number: str) -> bool:
        """Whether no case, and no number without its facet, is equal or one character off."""
        bare = _bare(number)
        return not any(
            one_off(number, n) or one_off(bare, _bare(n)) for n in self.numbers | self.avoid
        )

    def slip(self, number: str, *, running_only: bool = False) -> str:
        """The number with one digit changed, not of its facet; no case has it, nor is near it."""
        while True:
            at = self.dice.choice([i for i, c in enumerate(number) if c.isdigit() and i != 9])
            in_running = 12 < at < len(number) - 3
            if 8 < at < 12 or (running_only and not in_running):
                continue
            wrong = number[:at] + str(self.dice.randint(0, 9)) + number[at + 1 :]
            near = [n for n in self.numbers if one_off(wrong, n) or one_off(_bare(wrong), _bare(n))]
            if wrong != number and near == [number] and not wrong.split("-")[2].startswith("0"):
                self.avoid.add(wrong)
                return wrong

    def rows(self) -> list[dict[str, str]]:
        """All lines of cases.csv, in order of number."""
        rows = self.written + [case.row() for case in self.cases]
        return sorted(rows, key=lambda row: row["number"])


def _bare(number: str) -> str:
    kle, _, running, year = number.split("-")
    return f"{kle}-{running}-{year}"


def read_rows(path: Path) -> list[dict[str, str]]:
    """The lines of a register file. Raises ValueError for other columns than ours."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"{path.name}: the columns must be {COLUMNS}")
        return list(reader)
