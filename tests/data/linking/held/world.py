"""The made-up municipality: employees, parties, the register of cases, and the items told in it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from people import DOMAIN, Case, Employee, Party, address
from wording import CLUBS, FIRST, LAST, STREETS, Topic, fill, phrases, topics
from writing import distance_one

FIRST_DAY, LAST_DAY = date(2026, 2, 2), date(2026, 5, 29)
_HOLIDAYS = {date(2026, *day) for day in ((4, 2), (4, 3), (4, 6), (5, 14), (5, 25))}

People = list[dict[str, str]]


class World:
    """Hands out people, numbers and times without repeating them, and keeps what is told."""

    def __init__(self, seed: int, written: Iterable[dict[str, str]], barred: Iterable[str]) -> None:
        self.rng = random.Random(seed)
        self.topics = topics()
        self.phrases = phrases()
        self.cases: list[Case] = []
        self.items: list[dict[str, Any]] = []
        self._decks: dict[str, list[str]] = {}
        written = list(written)
        self.numbers = {row["number"] for row in written}
        # Numbers that texts name although no case has them: nothing near them may come to exist.
        self.barred = set(barred)
        self._sequence = {(n.split("-")[0], n.split("-")[2], n.split("-")[3]) for n in self.numbers}
        self._names = {name for row in written for name in row["party_name"].split("|")}
        self._prefixes = {p[:8] for row in written for p in row["party_phone"].split("|") if p}
        self._upns = {row["caseworker_upn"] for row in written}
        departments = dict.fromkeys(topic.department for topic in self.topics)
        self.employees = {name: [self._employee(name) for _ in range(3)] for name in departments}
        self.switchboard = [self._employee("Omstilling") for _ in range(2)]

    def name(self) -> str:
        """A full name that nobody has yet."""
        while True:
            name = f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"
            if name not in self._names:
                self._names.add(name)
                return name

    def _employee(self, department: str) -> Employee:
        name = self.name()
        upn = address(name, DOMAIN)
        if upn in self._upns:
            raise ValueError(f"two employees with the address {upn}")
        return Employee(name, upn, department)

    def anyone(self, *others: Employee) -> Employee:
        """Some employee who is none of the others."""
        everyone = [person for team in self.employees.values() for person in team]
        return self.rng.choice([person for person in everyone if person not in others])

    def colleague(self, employee: Employee) -> Employee:
        """Somebody else of the same department."""
        team = self.employees[employee.department]
        return self.rng.choice([person for person in team if person != employee])

    def phone(self, prefix: str = "") -> str:
        """E.164 with five first digits of its own, unless a prefix ("+4536421") is given."""
        while not prefix:
            series = self.rng.choice(["20", "22", "30", "36", "42", "51", "61", "75"])
            new = f"+45{series}{self.rng.randrange(1000):03d}"
            if new not in self._prefixes:
                self._prefixes.add(new)
                prefix = new
        return f"{prefix}{self.rng.randrange(100, 1000)}"

    def party(self, *, phone: str = "", mail: bool | None = None) -> Party:
        """A new citizen; about half have a mail address in the register."""
        name = self.name()
        has_mail = self.rng.random() < 0.5 if mail is None else mail
        mailbox = address(name, self.rng.choice(["post.example", "mail.example", "net.example"]))
        mailbox = mailbox if has_mail else ""
        if not phone and self.rng.random() < 0.07:
            return Party(f"{name}|{self.name()}", f"{self.phone()}|{self.phone()}", mailbox)
        return Party(name, phone or self.phone(), mailbox)

    def free(self, number: str) -> bool:
        """True when no case has the number and no text may mean it."""
        head, _, seq, year = number.split("-")
        taken = number in self.numbers or (head, seq, year) in self._sequence
        return not taken and not any(distance_one(number, other) for other in self.barred)

    def number(self, topic: Topic, year: int) -> str:
        """A free number; they count per subject and year, so that no facet is needed."""
        while True:
            seq = self.rng.choice([self.rng.randrange(1, 60), self.rng.randrange(1, 400)])
            head, facet = self.rng.choice(topic.subjects), self.rng.choice(topic.facets)
            number = f"{head}-{facet}-{seq}-{year % 100:02d}"
            if self.free(number):
                return number

    def topic(self, department: str = "", *, but: Topic | None = None) -> Topic:
        """A topic, of a department if one is named."""
        fitting = [t for t in self.topics if t != but and department in ("", t.department)]
        return self.rng.choice(fitting)

    def case(
        self,
        at: datetime,
        *,
        party: Party | None = None,
        topic: Topic | None = None,
        worker: Employee | None = None,
        closed: bool = False,
        number: str = "",
        access: str = "",
        after: str = "",
        opened: date | None = None,
    ) -> Case:
        """A case open at the time, closed well before, or (`after`) continuing another."""
        topic = topic or self.topic(worker.department if worker else "")
        worker = worker or self.rng.choice(self.employees[topic.department])
        party = party or self.party()
        opened = opened or self._opened(at.date(), number, closed=closed)
        number = number or self.number(topic, opened.year)
        end = at.date() - timedelta(days=self.rng.randrange(20, 100)) if closed else None
        words = self._words(party)
        title = topic.title.format(**words) + (f", fortsættelse af {after}" if after else "")
        status = "closed" if closed else "open"
        case = Case(number, title, status, opened, end, worker, party, access, topic, words)
        self.keep(case)
        return case

    def _opened(self, day: date, number: str, *, closed: bool) -> date:
        """A day before the talk; in the first days of its year when the number is given."""
        if number:
            return date(2000 + int(number[-2:]), 1, 5)
        return day - timedelta(days=self.rng.randrange(*((120, 900) if closed else (6, 420))))

    def _words(self, party: Party) -> dict[str, str]:
        """What title and phrases of one case have in common."""
        street = self.rng.choice(STREETS)
        return {
            "vej": street,
            "adr": f"{street} {self.rng.randrange(1, 140)}",
            "initial": "".join(part[0] for part in party.person.split()),
            "forening": self.rng.choice(CLUBS),
        }

    def keep(self, case: Case) -> None:
        """Enters a case into the register."""
        head, _, seq, year = case.number.split("-")
        self.numbers.add(case.number)
        self._sequence.add((head, seq, year))
        self.cases.append(case)

    def moment(self) -> datetime:
        """A working hour of the period, UTC."""
        while True:
            day = FIRST_DAY + timedelta(days=self.rng.randrange((LAST_DAY - FIRST_DAY).days))
            if day.weekday() < 5 and day not in _HOLIDAYS:
                seconds = self.rng.randrange(6 * 3600 + 1800, 14 * 3600)
                midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
                return midnight + timedelta(seconds=seconds)

    def thread(self, kind: str = "") -> str:
        """The id of a new chat thread."""
        return f"19:{kind}{self.rng.getrandbits(64):016x}@thread.v2"

    def template(self, section: str) -> str:
        """The next phrase of a section; none comes again before all have come."""
        deck = self._decks.setdefault(section, [])
        if not deck:
            deck.extend(self.rng.sample(self.phrases[section], len(self.phrases[section])))
        return deck.pop()

    def say(self, section: str, case: Case | None = None, **known: str) -> str:
        """A filled phrase of a section; {s}, {c}, {matter} are about the case."""
        template = self.template(section)
        if case is None:
            return fill(template, self.rng, **known)
        return fill(template, self.rng, **{**self.about(case), **known})

    def about(self, case: Case) -> dict[str, str]:
        """What phrases may say about a case."""
        said = {mark: self.line(case, mark) for mark in "cs"}
        matter = case.topic.title.format(**case.words).split(",")[0]
        matter = matter if matter.split()[0].isupper() else matter[0].lower() + matter[1:]
        party = {"name": case.party.person, "first": case.party.person.split()[0]}
        return {**case.words, **said, **party, "matter": matter, "topic": matter}

    def line(self, case: Case, mark: str) -> str:
        """Something a citizen (c) or staff (s) say, or how the talk goes on (f)."""
        return fill(self.rng.choice(case.topic.lines[mark]), self.rng, **case.words)

    def add(
        self,
        kind: str,
        at: datetime,
        people: People,
        *,
        text: str = "",
        subject: str = "",
        thread: str = "",
        case: Case | None = None,
        link: bool = False,
        rule: str = "none",
        direction: str = "",
    ) -> None:
        """Tells one item with its label; the direction follows from who is outside."""
        if not direction:
            insiders = [bool(person.get("upn")) for person in people]
            direction = "internal" if all(insiders) else "outbound" if insiders[0] else "inbound"
        self.items.append(
            {
                "kind": kind,
                "started": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "direction": direction,
                "participants": people,
                "subject": subject,
                "text": text,
                "thread_id": thread or None,
                "masked": any(person.get("phone", "").endswith("***") for person in people),
                "expected": {"case": case.number if case else None, "link": link, "rule": rule},
            }
        )
